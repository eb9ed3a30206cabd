//! Findings about hosts (contract section 4).

use axum::Json;
use serde_json::Value;

use super::catalogue::{Depth, WEAKNESSES, Weakness};
use super::fault::CyberOrigenFault;
use super::paging::{Page, page};
use super::refusal::Refusal;
use super::scans::{Order, Scan, ScanType};
use super::{Emulator, written};
use crate::sandbox::attacks;
use crate::sandbox::call::Call;
use crate::sandbox::core::lock;
use crate::sandbox::entropy::uuid_from;
use crate::sandbox::fault::Kind;
use crate::sandbox::invented;
use crate::sandbox::json::json;

/// The severities, the worst first.
pub(super) const SEVERITIES: [&str; 5] = ["critical", "high", "medium", "low", "info"];

/// A weakness of one host.
pub(super) struct Finding {
    id: String,
    asset: String,
    pub(super) severity: &'static str,
    state: &'static str,
    title: String,
    description: String,
    evidence: String,
    cvss: Option<f64>,
    cve: Option<&'static str>,
    cwe: Option<&'static str>,
    service: Option<(u16, &'static str)>,
    remediation: &'static str,
    frameworks: &'static [&'static str],
}

impl Finding {
    fn new(weakness: &Weakness, host: &str) -> Self {
        let place = weakness.service.map_or_else(|| host.to_owned(), |(port, _)| format!("{host}:{port}"));
        Self {
            id: id(host, weakness.slug),
            asset: host.to_owned(),
            severity: weakness.severity,
            state: weakness.state,
            title: weakness.title.to_owned(),
            description: format!("{} on {place}. The sandbox made this up.", weakness.title),
            evidence: format!("seen at {place}"),
            cvss: weakness.cvss,
            cve: weakness.cve,
            cwe: weakness.cwe,
            service: weakness.service,
            remediation: weakness.remediation,
            frameworks: weakness.frameworks,
        }
    }

    /// A finding that only a fault asks for; `key` tells it from others.
    fn extra(host: &str, key: &str, severity: &'static str, texts: [&str; 3]) -> Self {
        let [title, description, evidence] = texts.map(ToOwned::to_owned);
        Self {
            id: id(host, key),
            asset: host.to_owned(),
            severity,
            state: "open",
            title,
            description,
            evidence,
            cvss: None,
            cve: None,
            cwe: None,
            service: None,
            remediation: "Nothing needs to be done.",
            frameworks: &[],
        }
    }

    fn shown(&self, emulator: &Emulator, scan: &Scan) -> Value {
        let display = emulator.core.faults.has(CyberOrigenFault::DisplayWords);
        let word = |word: &str| if display { as_displayed(word) } else { word.to_owned() };
        json!({
            "id": self.id, "scan_id": scan.id, "title": self.title, "description": self.description,
            "severity": word(self.severity), "cvss_score": self.cvss, "cve_id": self.cve, "cwe_id": self.cwe,
            "asset": self.asset, "port": self.service.map(|(port, _)| port),
            "protocol": self.service.map(|_| "tcp"), "service": self.service.map(|(_, service)| service),
            "status": word(self.state), "remediation": self.remediation, "evidence": self.evidence,
            "first_seen": written(scan.end), "last_seen": written(scan.end), "frameworks": self.frameworks,
        })
    }
}

/// `false_positive` as `False Positive`.
fn as_displayed(word: &str) -> String {
    let capitalised = word.split('_').map(|part| {
        let mut letters = part.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    });
    capitalised.collect::<Vec<_>>().join(" ")
}

/// The same in every scan of the host.
fn id(host: &str, key: &str) -> String {
    let digits: String = uuid_from(&[host, key]).split('-').collect();
    format!("vuln_{digits}")
}

/// What a scan will find. Hosts whose name begins with `clean.` have no weaknesses.
pub(super) fn of(emulator: &Emulator, order: &Order) -> Vec<Finding> {
    let is_wanted = |weakness: &Weakness| match order.scan_type {
        ScanType::Full => true,
        ScanType::Quick => weakness.depth == Depth::Quick,
        ScanType::Compliance => weakness
            .frameworks
            .iter()
            .any(|framework| order.frameworks.is_empty() || order.frameworks.iter().any(|wanted| wanted == framework)),
    };
    let in_ports = |weakness: &Weakness| match (&order.ports, weakness.service) {
        (Some(ranges), Some((port, _))) => ranges.iter().any(|(first, last)| (*first..=*last).contains(&port)),
        _ => true,
    };
    let hosts = order.hosts.iter().filter(|host| !host.starts_with("clean."));
    let mut findings: Vec<_> = hosts
        .flat_map(|host| {
            let found = WEAKNESSES.iter().filter(|weakness| is_wanted(weakness) && in_ports(weakness));
            found.map(|weakness| Finding::new(weakness, host))
        })
        .collect();
    let Some(host) = order.hosts.first() else { return findings };
    let faults = &emulator.core.faults;
    findings.extend((0..faults.many()).map(|number| {
        let severity = invented::severity(number, ["critical", "high", "medium", "low"]);
        let title = format!("Invented finding {number}");
        let texts = [title.as_str(), "The sandbox made this up because `many` asked for it.", ""];
        Finding::extra(host, &format!("invented {number}"), severity, texts)
    }));
    if faults.has(Kind::HostileText) {
        findings.extend((0_u32..).zip(attacks::ALL).map(|(number, attack)| {
            let texts = [attack.title, attack.text, attack.evidence];
            let mut finding = Finding::extra(host, &format!("hostile {number}"), "high", texts);
            if number == 0 {
                attack.title.clone_into(&mut finding.asset);
            }
            finding
        }));
    }
    findings
}

/// `GET /scans/{scan}/findings`: nothing before the scan is over.
pub(super) fn list(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    let id = call.part("scan");
    let wanted = Page::read(emulator, call.query())?;
    let scans = lock(&emulator.scans);
    let scan = scans.iter().find(|scan| scan.id == id).ok_or_else(|| Refusal::not_found("Scan"))?;
    let found: &[Finding] = if scan.has_results(emulator) { &scan.findings } else { &[] };
    let rows: Vec<_> = found.iter().map(|finding| finding.shown(emulator, scan)).collect();
    if emulator.core.faults.has(CyberOrigenFault::BareList) {
        return Ok(Json(json!(rows)));
    }
    Ok(Json(page(emulator, wanted, &rows, rows.len() + emulator.core.faults.claimed())))
}
