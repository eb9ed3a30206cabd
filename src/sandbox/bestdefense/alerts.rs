//! Alerts and their counts, in the three shapes that the contract thinks likely (contract section 6).

use axum::Json;
use serde_json::{Map, Value};

use super::Emulator;
use super::catalogue::{WEAKNESSES, Weakness};
use super::envelope::{Refusal, envelope};
use super::fault::{BestDefenseFault, Permission};
use super::reports::Intensity;
use crate::sandbox::attacks;
use crate::sandbox::call::Call;
use crate::sandbox::core::lock;
use crate::sandbox::fault::Kind;
use crate::sandbox::invented;
use crate::sandbox::json::json;
use crate::sorting::collected;

/// The severities in the vendor's words, the worst first, each with its number.
const SEVERITIES: [(&str, u8); 5] = [("Critical", 4), ("High", 3), ("Medium", 2), ("Low", 1), ("Informational", 0)];

/// One alert of a report.
pub(super) struct Alert {
    name: String,
    severity: &'static str,
    confidence: &'static str,
    cwe: u32,
    owasp: &'static str,
    url: String,
    method: &'static str,
    parameter: Option<&'static str>,
    evidence: String,
    description: String,
    solution: &'static str,
    is_accepted: bool,
}

impl Alert {
    fn new(weakness: &Weakness, host: &str) -> Self {
        Self {
            name: weakness.name.to_owned(),
            severity: weakness.severity,
            confidence: weakness.confidence,
            cwe: weakness.cwe,
            owasp: weakness.owasp,
            url: format!("https://{host}{}", weakness.path),
            method: weakness.method,
            parameter: weakness.parameter,
            evidence: weakness.evidence.to_owned(),
            description: format!("{} at {}. The sandbox made this up.", weakness.name, weakness.path),
            solution: weakness.solution,
            is_accepted: weakness.is_accepted,
        }
    }

    /// An alert that only a fault asks for.
    fn extra(url: String, severity: &'static str, texts: [&str; 3]) -> Self {
        let [name, description, evidence] = texts.map(ToOwned::to_owned);
        Self {
            name,
            severity,
            confidence: "Low",
            cwe: 1000,
            owasp: "A05:2021",
            url,
            method: "GET",
            parameter: None,
            evidence,
            description,
            solution: "Nothing needs to be done.",
            is_accepted: false,
        }
    }

    /// Shape A: flat, in camel case.
    fn flat(&self, id: usize) -> Value {
        json!({
            "id": id, "name": self.name, "severity": self.severity, "confidence": self.confidence, "cweId": self.cwe,
            "owasp": [self.owasp], "url": self.url, "method": self.method, "parameter": self.parameter,
            "evidence": self.evidence, "description": self.description, "solution": self.solution,
            "references": [format!("https://cwe.mitre.org/data/definitions/{}.html", self.cwe)],
            "isAccepted": self.is_accepted,
        })
    }

    /// Shape B: as ZAP writes it, with numbers as texts and one instance in each group.
    fn grouped(&self) -> Value {
        let code = SEVERITIES.iter().find(|(word, _)| *word == self.severity).map_or(0, |(_, code)| *code);
        json!({
            "pluginid": (40_000 + self.cwe).to_string(), "alertRef": (40_000 + self.cwe).to_string(), "alert": self.name,
            "riskcode": code.to_string(), "confidence": "2", "riskdesc": format!("{} ({})", self.severity, self.confidence),
            "desc": format!("<p>{}</p>", self.description), "solution": format!("<p>{}</p>", self.solution),
            "reference": format!("<p>https://cwe.mitre.org/data/definitions/{}.html</p>", self.cwe),
            "cweid": self.cwe.to_string(), "count": "1",
            "instances": [{
                "uri": self.url, "method": self.method, "param": self.parameter.unwrap_or_default(), "attack": "",
                "evidence": self.evidence, "otherinfo": "",
            }],
        })
    }
}

/// What a scan of a host finds. A host whose name begins with `clean.` has no weaknesses.
pub(super) fn of(emulator: &Emulator, host: &str, intensity: Intensity) -> Vec<Alert> {
    let is_wanted = |weakness: &&Weakness| intensity != Intensity::Quick || weakness.is_quick;
    let known: &[Weakness] = if host.starts_with("clean.") { &[] } else { &WEAKNESSES };
    let mut alerts: Vec<_> = known.iter().filter(is_wanted).map(|weakness| Alert::new(weakness, host)).collect();
    let faults = &emulator.core.faults;
    alerts.extend((0..faults.many()).map(|number| {
        let severity = invented::severity(number, ["Critical", "High", "Medium", "Low"]);
        let name = format!("Invented alert {number}");
        let texts = [name.as_str(), "The sandbox made this up because `many` asked for it.", ""];
        Alert::extra(format!("https://{host}/invented/{number}"), severity, texts)
    }));
    if faults.has(Kind::HostileText) {
        alerts.extend(attacks::ALL.map(|attack| {
            let url = format!("javascript:alert(1)//{}", attack.title);
            Alert::extra(url, "High", [attack.title, attack.text, attack.evidence])
        }));
    }
    alerts
}

/// `GET /api/report/vortex/{report}/alerts`, by the number of the security report.
pub(super) fn list(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    let number = call.part("report");
    emulator.permit(Permission::ViewReports)?;
    let reports = lock(&emulator.reports);
    let report = reports.iter().find(|report| report.number.to_string() == number && report.has_results(emulator));
    let alerts = &report.ok_or_else(|| Refusal::not_found("Security report"))?.alerts;
    let faults = &emulator.core.faults;
    let counts = SEVERITIES.map(|(word, _)| {
        // Accepted risks are not counted: they have left what has to be done.
        let count = alerts.iter().filter(|alert| alert.severity == word && !alert.is_accepted).count();
        (word, if word == "High" { count + faults.claimed() } else { count })
    });
    Ok(envelope(&if faults.has(BestDefenseFault::ShapeB) {
        let counts: Map<_, _> = collected(counts.map(|(word, count)| (word.to_owned(), json!(count.to_string()))));
        json!({ "risks": counts, "alerts": alerts.iter().map(Alert::grouped).collect::<Vec<_>>() })
    } else {
        let counts: Map<_, _> = collected(counts.map(|(word, count)| (word.to_ascii_lowercase(), json!(count))));
        let flat: Vec<_> = (9001..).zip(alerts).map(|(id, alert)| alert.flat(id)).collect();
        if faults.has(BestDefenseFault::ShapeC) {
            json!({ "riskSummary": counts })
        } else {
            json!({ "riskSummary": counts, "alerts": flat })
        }
    }))
}
