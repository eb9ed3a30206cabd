//! CyberOrigen's findings in our model (contract 4).

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use super::target::split_port;
use super::wire::FindingRow;
use crate::finding::{FileLocation, Finding, Fingerprint, Kind, Location, RepositoryPath, Rule, Severity, State};
use crate::platform::text::{bounded, one_line, sentences, slug};
use crate::platform::words::{finding_state, is_cve, severity, weakness_numbers};
use crate::sorting;

/// The kind of a finding of which nothing says that it is one of a web address or of a file.
pub(super) const USUAL_KIND: Kind = Kind::Network;

/// The rule of findings that have neither a name nor a number.
const NO_RULE: &str = "cyberorigen-without-rule";

/// The four states of the vendor's web application, and the words for an accepted risk that the contract infers (contract 4.4).
const STATES: [(&str, State); 8] = [
    ("open", State::Open),
    ("in_progress", State::Open),
    ("resolved", State::Fixed),
    ("false_positive", State::Dismissed),
    ("accepted", State::Dismissed),
    ("accepted_risk", State::Dismissed),
    ("risk_accepted", State::Dismissed),
    ("ignored", State::Dismissed),
];

/// Turns the rows of one scan into findings. Rules are shared: a scan of a network finds the same on many hosts.
pub(super) struct Mapper<'a> {
    directory: &'a str,
    target: &'a str,
    rules: HashMap<String, Arc<Rule>>,
}

impl<'a> Mapper<'a> {
    /// A mapper for a scan of `target`, which is where findings are that name no place. Paths get `directory` as prefix.
    pub(super) fn new(directory: &'a str, target: &'a str) -> Self {
        Self { directory, target, rules: HashMap::new() }
    }

    /// The finding of a row.
    pub(super) fn finding(&mut self, row: FindingRow) -> Finding {
        let location = self.location(&row);
        let severity = rating(&row);
        let mut cve: Vec<String> = row.cves.iter().flat_map(|text| cve_names(text)).collect();
        // In any order, several of them are the same rule.
        sorting::sort(&mut cve);
        cve.dedup();
        let cwe = weakness_numbers(row.cwes.iter().map(String::as_str));
        let title = row.title.as_deref().map(|title| bounded(&one_line(title), 200)).filter(|title| !title.is_empty());
        let id = rule_id(&cve, &cwe, title.as_deref());
        let description = row.description.unwrap_or_default();
        let title = title.unwrap_or_else(|| match description.as_str() {
            "" => id.clone(),
            description => sentences(description),
        });
        let message = if description.is_empty() { title.clone() } else { sentences(&description) };
        let remediation = row.remediation.as_deref().map(one_line);
        let rule = self.rules.entry(id).or_insert_with_key(|id| {
            let help = remediation.clone();
            Arc::new(Rule { id: id.clone(), name: title, description, help, cwe, cve, ..Rule::default() })
        });
        Finding {
            fingerprint: Fingerprint::default(),
            kind: kind(&location),
            severity,
            score: row.score.filter(|score| (0.0..=10.0).contains(score)),
            state: finding_state(row.state.as_deref(), &STATES),
            location,
            message,
            remediation: remediation.filter(|advice| rule.help.as_ref() != Some(advice)).map(Into::into),
            link: None,
            id: row.id.unwrap_or_default().into(),
            rule: Arc::clone(rule),
        }
    }

    /// The most telling place that the row names: a file, else a web address, else a service on a host.
    fn location(&self, row: &FindingRow) -> Location {
        if let Some(path) = row.file.as_deref().and_then(RepositoryPath::parse) {
            let start_line = row.line.and_then(|line| u32::try_from(line).ok()).and_then(NonZeroU32::new);
            return Location::File(FileLocation {
                path: path.below(self.directory),
                start_line,
                end_line: None,
                source: None,
            });
        }
        let asset = row.asset.as_deref();
        if let Some(url) = row.url.as_deref().or_else(|| asset.filter(|asset| is_web_address(asset))) {
            return Location::Url { url: url.to_owned(), method: None, parameter: None };
        }
        let asset = asset.unwrap_or(self.target);
        let port = row.port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0);
        let (host, port) = match port {
            Some(port) => (asset, Some(port)),
            None => split_port(asset).map_or((asset, None), |(host, port)| (host, Some(port))),
        };
        let service = row.service.clone().or_else(|| row.protocol.clone());
        Location::Host { host: host.to_owned(), port, service }
    }
}

/// The effective severity, or `None` where neither a word nor a score rates the row.
fn rating(row: &FindingRow) -> Option<Severity> {
    severity(row.severity.as_deref(), row.score)
}

/// What is the same in every scan: the CVE id, else the weakness class with the title, else the title.
fn rule_id(cve: &[String], cwe: &[u32], title: Option<&str>) -> String {
    let slug = title.map(slug).unwrap_or_default();
    match (cve.first(), cwe.first(), slug.as_str()) {
        (Some(cve), _, _) => cve.clone(),
        (None, Some(cwe), "") => format!("CWE-{cwe}"),
        (None, Some(cwe), slug) => format!("CWE-{cwe}-{slug}"),
        (None, None, "") => NO_RULE.to_owned(),
        (None, None, slug) => slug.to_owned(),
    }
}

/// The names of vulnerabilities in a text, of which there may be several, in capitals.
fn cve_names(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|character: char| character.is_whitespace() || matches!(character, ',' | ';'));
    words.filter(|word| is_cve(word)).map(str::to_ascii_uppercase)
}

fn is_web_address(text: &str) -> bool {
    ["https://", "http://"]
        .iter()
        .any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}

fn kind(location: &Location) -> Kind {
    match location {
        Location::File(_) => Kind::Sast,
        Location::Url { .. } => Kind::Dast,
        _ => USUAL_KIND,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn finding(row: &Value) -> Finding {
        Mapper::new("", "example.com").finding(serde_json::from_str(&row.to_string()).unwrap())
    }

    fn host(host: &str, port: Option<u16>, service: Option<&str>) -> Location {
        Location::Host { host: host.to_owned(), port, service: service.map(str::to_owned) }
    }

    fn whole() -> Value {
        json!({
            "id": "vuln_abc123", "scan_id": "scan_abc123", "title": "Outdated OpenSSL", "description": "It is old. Very old. So old.",
            "severity": "high", "cvss_score": 8.1, "cve_id": "CVE-2024-1234", "cwe_id": "CWE-327", "asset": "192.0.2.10",
            "port": 443, "protocol": "tcp", "service": "https", "status": "open", "remediation": "Upgrade\nit.",
            "evidence": "secret-evidence", "first_seen": "2025-12-20T10:00:00Z", "last_seen": "2025-12-21T10:45:00Z",
            "frameworks": ["soc2"]
        })
    }

    #[test]
    fn a_row_with_every_field_becomes_a_finding() {
        let finding = finding(&whole());
        assert_eq!(&*finding.id, "vuln_abc123");
        assert_eq!((finding.kind, finding.severity, finding.score), (Kind::Network, Some(Severity::High), Some(8.1)));
        assert_eq!((finding.rule.id.as_str(), finding.rule.name.as_str()), ("CVE-2024-1234", "Outdated OpenSSL"));
        assert_eq!(
            (finding.rule.cwe.as_slice(), finding.rule.help.as_deref()),
            ([327].as_slice(), Some("Upgrade it."))
        );
        assert_eq!(finding.location, host("192.0.2.10", Some(443), Some("https")));
        assert_eq!(finding.message, "It is old. Very old.");
        assert_eq!((finding.state, finding.link, finding.remediation), (State::Open, None, None));
    }

    #[test]
    fn evidence_is_in_no_part_of_a_finding() {
        assert!(!format!("{:?}", finding(&whole())).contains("secret-evidence"));
    }

    #[test]
    fn every_name_that_a_field_may_have_is_read() {
        let name = |row: Value| finding(&row).rule.name.clone();
        for field in ["title", "name", "summary"] {
            assert_eq!(name(json!({ field: "T" })), "T", "{field}");
        }
        for field in ["severity", "risk"] {
            assert_eq!(finding(&json!({ field: "High" })).severity, Some(Severity::High), "{field}");
        }
        for field in ["cvss_score", "cvss", "score"] {
            for score in [json!(9.1), json!("9.1")] {
                let finding = finding(&json!({ field: score }));
                assert_eq!((finding.severity, finding.score), (Some(Severity::Critical), Some(9.1)), "{field}");
            }
        }
        for (field, value) in [
            ("cve_id", json!("CVE-2024-1")),
            ("cve", json!("cve-2024-1")),
            ("cves", json!(["CVE-2024-1"])),
            ("cves", json!("CVE-2024-2, CVE-2024-1")),
        ] {
            assert_eq!(finding(&json!({ field: value, "title": "T" })).rule.id, "CVE-2024-1", "{field}");
        }
        for (field, value) in [("cwe_id", json!("CWE-79")), ("cwe", json!(79)), ("cwes", json!(["79"]))] {
            assert_eq!(finding(&json!({ field: value, "title": "T" })).rule.id, "CWE-79-t", "{field}");
        }
        for field in ["asset", "host", "hostname", "ip", "target", "affected_asset"] {
            assert_eq!(finding(&json!({ field: "192.0.2.1" })).location, host("192.0.2.1", None, None), "{field}");
        }
        for field in ["remediation", "recommendation", "solution"] {
            assert_eq!(finding(&json!({ field: "Do it" })).rule.help.as_deref(), Some("Do it"), "{field}");
        }
        for field in ["status", "state"] {
            assert_eq!(finding(&json!({ field: "resolved" })).state, State::Fixed, "{field}");
        }
    }

    #[test]
    fn severities_are_read_in_any_spelling_and_a_missing_one_by_the_score() {
        use Severity::{Critical, High, Info, Low, Medium};
        for (row, expected) in [
            (json!({ "severity": "CRITICAL" }), Some(Critical)),
            (json!({ "severity": "Medium", "cvss_score": 9.8 }), Some(Medium)),
            (json!({ "severity": "informational" }), Some(Info)),
            (json!({ "severity": "none" }), Some(Info)),
            (json!({ "cvss_score": 9.0 }), Some(Critical)),
            (json!({ "cvss_score": 8.9 }), Some(High)),
            (json!({ "cvss_score": 4.0 }), Some(Medium)),
            (json!({ "cvss_score": 0.1 }), Some(Low)),
            (json!({ "cvss_score": 0.0 }), Some(Info)),
            (json!({ "severity": null, "cvss_score": "CVSS:3.1/AV:N" }), None),
            (json!({ "severity": "severe" }), None),
            (json!({ "cvss_score": 11 }), None),
            (json!({}), None),
        ] {
            assert_eq!(finding(&row).severity, expected, "{row}");
        }
    }

    #[test]
    fn only_the_words_of_the_contract_close_a_finding() {
        let state = |word: &str| finding(&json!({ "status": word })).state;
        for open in ["open", "Open", "In Progress", "in-progress", "IN_PROGRESS", "", "snoozed", "closed?"] {
            assert!(state(open).is_open(), "{open}");
        }
        for closed in
            ["resolved", "False Positive", "false-positive", "accepted", "Accepted Risk", "risk_accepted", "ignored"]
        {
            assert!(!state(closed).is_open(), "{closed}");
        }
    }

    #[test]
    fn a_place_is_as_telling_as_the_row_allows() {
        let location = |row: Value| finding(&row).location;
        let url = |url: &str| Location::Url { url: url.to_owned(), method: None, parameter: None };
        assert_eq!(
            location(json!({ "asset": "example.com", "url": "https://example.com/a" })),
            url("https://example.com/a")
        );
        assert_eq!(location(json!({ "asset": "HTTPS://example.com/a" })), url("HTTPS://example.com/a"));
        assert_eq!(location(json!({ "asset": "example.com:8443" })), host("example.com", Some(8443), None));
        assert_eq!(location(json!({ "asset": "2001:db8::1", "port": "22" })), host("2001:db8::1", Some(22), None));
        assert_eq!(location(json!({ "asset": "a", "port": 0, "protocol": "udp" })), host("a", None, Some("udp")));
        assert_eq!(location(json!({ "asset": "a", "port": 70000 })), host("a", None, None));
        assert_eq!(location(json!({})), host("example.com", None, None));
        assert_eq!(finding(&json!({ "url": "https://example.com/" })).kind, Kind::Dast);
    }

    #[test]
    fn a_file_is_a_path_in_the_repository_or_none() {
        let file = |file: &str| {
            let row = json!({ "file": file, "line": 12, "asset": "a" });
            Mapper::new("services/api", "t").finding(serde_json::from_str(&row.to_string()).unwrap())
        };
        let in_file = file("src/app.py");
        assert_eq!((in_file.kind, in_file.location.to_string().as_str()), (Kind::Sast, "services/api/src/app.py:12"));
        assert_eq!(file("/etc/passwd").location, host("a", None, None));
    }

    #[test]
    fn the_rule_is_the_same_in_every_scan_and_never_made_of_a_row_id() {
        let rule = |row: Value| finding(&row).rule.id.clone();
        assert_eq!(rule(json!({ "title": "Weak  TLS!", "cwe_id": "CWE-326", "id": "1" })), "CWE-326-weak-tls");
        assert_eq!(rule(json!({ "title": "Open port", "id": "2" })), "open-port");
        assert_eq!(rule(json!({ "cwe_id": "CWE-326", "id": "3" })), "CWE-326");
        assert_eq!(rule(json!({ "id": "4" })), NO_RULE);
        assert_eq!(rule(json!({ "cves": ["CVE-2", "CVE-1"] })), rule(json!({ "cves": ["CVE-1", "CVE-2"] })));
    }

    #[test]
    fn findings_of_one_rule_share_it_and_keep_advice_of_their_own() {
        let mut mapper = Mapper::new("", "t");
        let mut finding = |advice: &str| {
            let row = json!({ "title": "Weak TLS", "remediation": advice });
            mapper.finding(serde_json::from_str(&row.to_string()).unwrap())
        };
        let (first, again, other) = (finding("Upgrade"), finding("Upgrade"), finding("Switch it off"));
        assert!(Arc::ptr_eq(&first.rule, &again.rule) && Arc::ptr_eq(&first.rule, &other.rule));
        assert_eq!((again.remediation, other.remediation.as_deref()), (None, Some("Switch it off")));
    }
}
