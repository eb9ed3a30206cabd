//! Alerts as findings, by the table of names under which their fields may come (contract 6.5). No field of an alert is documented.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use url::Url;

use super::list::severity;
use super::prose::{addresses, plain_line, plain_text};
use crate::finding::{Finding, Fingerprint, Kind, Location, Rule, State};
use crate::platform::fields::{Fields, is_blank, number, text, texts, truth};
use crate::platform::state_word;
use crate::platform::text::{bounded, one_line, sentences, slug};
use crate::platform::words::{self, finding_state, is_cve, weakness_numbers};

const ID: [&str; 4] = ["id", "uuid", "alertid", "findingid"];
/// `type` and the like name a rule only where nothing else does: it may be `web` for all of them.
const RULE: [&str; 5] = ["alertref", "pluginid", "ruleid", "templateid", "slug"];
const TITLE: [&str; 5] = ["name", "title", "alert", "alertname", "summary"];
const DESCRIPTION: [&str; 4] = ["description", "desc", "details", "detail"];
const SOLUTION: [&str; 6] = ["solution", "remediation", "recommendation", "fix", "guidance", "mitigation"];
const REFERENCES: [&str; 3] = ["references", "reference", "links"];
const CWE: [&str; 3] = ["cwe", "cweid", "cwes"];
const OWASP: [&str; 4] = ["owasp", "owaspcategory", "owasptop10", "tags"];
const CVE: [&str; 2] = ["cve", "cves"];
const CVSS: [&str; 2] = ["cvss", "cvssscore"];
const PLACE: [&str; 8] = ["url", "uri", "endpoint", "location", "affectedurl", "target", "asset", "nodename"];
const METHOD: [&str; 2] = ["method", "httpmethod"];
const PARAMETER: [&str; 2] = ["param", "parameter"];
const ACCEPTED: [&str; 4] = ["accepted", "isaccepted", "acceptedrisk", "riskaccepted"];
const STATE: [&str; 2] = ["status", "state"];

/// What words for the state of a finding mean. Only an accepted risk is known to close one (contract 6.3).
const STATES: [(&str, State); 7] = [
    ("open", State::Open),
    ("new", State::Open),
    ("active", State::Open),
    ("confirmed", State::Confirmed),
    ("accepted", State::Dismissed),
    ("accepted_risk", State::Dismissed),
    ("risk_accepted", State::Dismissed),
];

/// Turns the alerts of one report into findings. Rules are shared: a long list has few of them.
pub(super) struct Mapper<'a> {
    /// The site, for findings that say no place.
    site: &'a str,
    /// When an accepted risk has to be still accepted.
    now: Timestamp,
    rules: HashMap<String, Arc<Rule>>,
}

impl<'a> Mapper<'a> {
    /// A mapper for a report on `site`.
    pub(super) fn new(site: &'a str, now: Timestamp) -> Self {
        Self { site, now, rules: HashMap::new() }
    }

    /// An alert as a finding. What has no field that is known is one too, unrated: a row of the list stands for something.
    pub(super) fn finding(&mut self, fields: &Fields<'_>) -> Finding {
        let title = fields.text(&TITLE).map(|title| plain_line(&title, 200)).filter(|title| !title.is_empty());
        let description = fields.text(&DESCRIPTION).map(|text| plain_text(&text)).unwrap_or_default();
        let solution = fields.text(&SOLUTION).map(|text| plain_text(&text)).filter(|text| !text.is_empty());
        let weaknesses = weaknesses(fields);
        let cve = cves(fields);
        let id = rule_id(fields, title.as_deref(), &weaknesses, &cve);
        let title = title.unwrap_or_else(|| id.clone());
        let rule = self.rules.entry(id).or_insert_with_key(|id| {
            Arc::new(Rule {
                id: id.clone(),
                name: title.clone(),
                description: description.clone(),
                help: solution.clone(),
                cwe: weaknesses,
                owasp: owasp(fields),
                cve,
                references: references(fields),
            })
        });
        // The first alert of a rule describes it; another with other advice keeps its own.
        let remediation = solution.filter(|solution| rule.help.as_ref() != Some(solution)).map(Into::into);
        let score = score(fields);
        Finding {
            id: fields.text(&ID).unwrap_or_default().into(),
            fingerprint: Fingerprint::default(),
            kind: Kind::Dast,
            severity: severity(fields).or_else(|| words::severity(None, score)),
            score,
            rule: Arc::clone(rule),
            state: self.state(fields),
            location: self.location(fields),
            message: if description.is_empty() { title } else { sentences(&description) },
            remediation,
            link: None,
        }
    }

    fn location(&self, fields: &Fields<'_>) -> Location {
        let method = fields.text(&METHOD).filter(|method| is_method(method)).map(|method| method.to_ascii_uppercase());
        let parameter = fields.text(&PARAMETER).map(|name| plain_parameter(&name)).filter(|name| !name.is_empty());
        let place = fields.all(&PLACE).into_iter().find_map(|value| match value {
            Value::Object(inner) => Fields::of(inner).text(&PLACE),
            scalar => text(scalar),
        });
        let Some(place) = place.map(|place| bounded(&one_line(&place), 2_000)).filter(|place| !place.is_empty()) else {
            return match self.site {
                "" => Location::Unmapped { place: "the whole site".to_owned() },
                site => Location::Host { host: site.to_owned(), port: None, service: None },
            };
        };
        match host(&place) {
            Some((host, port)) if method.is_none() && parameter.is_none() => {
                Location::Host { host, port, service: None }
            }
            _ => Location::Url { url: place, method, parameter },
        }
    }

    /// Open, unless the platform's users have accepted the risk and nothing speaks against it.
    fn state(&self, fields: &Fields<'_>) -> State {
        let word = fields.text(&STATE);
        let by_word = finding_state(word.as_deref().map(one_line).as_deref(), &STATES);
        let marks: Vec<Option<bool>> = fields.all(&ACCEPTED).into_iter().map(|mark| self.is_accepted(mark)).collect();
        let is_denied = marks.contains(&Some(false));
        match by_word {
            State::Dismissed if is_denied => State::Unknown(word.map(|word| one_line(&word)).unwrap_or_default()),
            State::Open if marks.contains(&Some(true)) && !is_denied => State::Dismissed,
            by_word => by_word,
        }
    }

    /// Whether a mark says that the risk is accepted: yes, no, or nothing. An acceptance with an end lapses then, and the finding
    /// comes back (contract 6.3).
    fn is_accepted(&self, mark: &Value) -> Option<bool> {
        let Value::Object(acceptance) = mark else { return truth(mark) };
        let acceptance = Fields::of(acceptance);
        let says_no = acceptance
            .all(&["accepted", "isaccepted", "active", "isactive"])
            .into_iter()
            .any(|mark| truth(mark) == Some(false));
        let is_other = acceptance.text(&STATE).is_some_and(|word| {
            !["accepted", "accepted_risk", "risk_accepted", "active"].contains(&state_word(&word).as_str())
        });
        let ends = acceptance.all(&["expiresat", "expirationdate", "expiration", "expires", "expireson", "validuntil"]);
        let has_lapsed = ends.into_iter().filter(|end| !is_blank(end)).any(|end| !self.is_to_come(end));
        if says_no || is_other || has_lapsed {
            return Some(false);
        }
        let says_yes = acceptance.all(&["reason", "accepted", "isaccepted", "acceptedat", "acceptedby", "id"]);
        says_yes.into_iter().any(|value| !is_blank(value)).then_some(true)
    }

    /// Whether a moment or a day is still to come. One that cannot be read is not known to be.
    fn is_to_come(&self, moment: &Value) -> bool {
        let Some(written) = text(moment) else { return false };
        match written.parse::<Timestamp>() {
            Ok(moment) => moment > self.now,
            // A day lasts to its end.
            Err(_) => written
                .parse::<jiff::civil::Date>()
                .is_ok_and(|day| day >= jiff::tz::TimeZone::UTC.to_datetime(self.now).date()),
        }
    }
}

/// A stable id of the rule: the platform's own, a CVE, the weakness with the title, else the title. `-1` and `0` mean none.
fn rule_id(fields: &Fields<'_>, title: Option<&str>, weaknesses: &[u32], cves: &[String]) -> String {
    let own = fields.all(&RULE).into_iter().filter_map(text).map(|id| bounded(&one_line(&id), 100));
    let mut own = own.filter(|id| !matches!(id.as_str(), "-1" | "0"));
    let title = title.map(slug).filter(|slug| !slug.is_empty());
    match (own.next(), cves, weaknesses.first(), title) {
        (Some(id), ..) => id,
        (None, [cve], ..) => cve.clone(),
        (None, _, Some(weakness), Some(title)) => format!("cwe-{weakness}-{title}"),
        (None, _, Some(weakness), None) => format!("cwe-{weakness}"),
        (None, _, None, Some(title)) => title,
        (None, _, None, None) => match fields.text(&["type"]).map(|kind| slug(&kind)).filter(|kind| !kind.is_empty()) {
            Some(kind) => kind,
            None => "alert-without-rule".to_owned(),
        },
    }
}

/// 79, "79", "CWE-79", an object with one of them, or a list of any; 0 and less mean none.
fn weaknesses(fields: &Fields<'_>) -> Vec<u32> {
    let mut names = Vec::new();
    for value in fields.all(&CWE) {
        collect_names(value, &["id", "cweid", "cwe", "name"], &mut names);
    }
    let positive = names.iter().filter(|name| !name.starts_with('-')).map(String::as_str);
    weakness_numbers(positive).into_iter().filter(|number| *number > 0).collect()
}

fn collect_names(value: &Value, of_object: &[&str], names: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_names(item, of_object, names)),
        Value::Object(object) => names.extend(Fields::of(object).text(of_object)),
        scalar => names.extend(text(scalar)),
    }
}

/// CVE identifiers, in capitals and each once.
fn cves(fields: &Fields<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for value in fields.all(&CVE) {
        collect_names(value, &["id", "cve", "name"], &mut names);
    }
    let mut cves: Vec<String> = Vec::new();
    for name in names.iter().flat_map(|name| name.split([',', ' ', ';'])).filter(|name| is_cve(name)) {
        let name = bounded(&one_line(&name.to_ascii_uppercase()), 40);
        if !cves.contains(&name) {
            cves.push(name);
        }
    }
    cves
}

/// OWASP Top Ten categories as `A03:2021`, from texts such as that, or from tags such as `OWASP_2021_A03`.
fn owasp(fields: &Fields<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for value in fields.all(&OWASP) {
        match value {
            Value::Object(tags) => names.extend(tags.keys().cloned()),
            other => collect_names(other, &["id", "category", "name", "tag"], &mut names),
        }
    }
    let mut categories: Vec<String> = names.iter().filter_map(|name| owasp_category(name)).collect();
    categories.dedup();
    categories
}

fn owasp_category(name: &str) -> Option<String> {
    let upper = name.to_ascii_uppercase();
    let parts: Vec<&str> = upper.split(|letter: char| !letter.is_ascii_alphanumeric()).collect();
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = |part: &str| {
        let digits = part.strip_prefix('A').filter(|digits| digits.len() <= 2 && is_digits(digits))?;
        digits.parse::<u8>().ok().filter(|number| (1..=10).contains(number))
    };
    let category = parts.iter().find_map(|part| number(part))?;
    let year = parts.iter().find(|part| part.len() == 4 && part.starts_with("20") && is_digits(part))?;
    Some(format!("A{category:02}:{year}"))
}

fn references(fields: &Fields<'_>) -> Vec<String> {
    let mut pages: Vec<String> = Vec::new();
    for value in fields.all(&REFERENCES) {
        let mut written = texts(value);
        if let Value::Array(items) = value {
            let objects = items.iter().filter_map(Value::as_object).map(Fields::of);
            written.extend(objects.filter_map(|object| object.text(&["url", "href", "link"])));
        }
        for page in written.iter().flat_map(|text| addresses(text)) {
            if !pages.contains(&page) && pages.len() < 20 {
                pages.push(page);
            }
        }
    }
    pages
}

fn score(fields: &Fields<'_>) -> Option<f64> {
    let scores = fields.all(&CVSS).into_iter().filter_map(|value| match value {
        Value::Object(inner) => Fields::of(inner).all(&["score", "basescore"]).into_iter().find_map(number),
        scalar => number(scalar),
    });
    scores.into_iter().find(|score| (0.0..=10.0).contains(score))
}

fn is_method(word: &str) -> bool {
    (1..=16).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn plain_parameter(name: &str) -> String {
    bounded(&one_line(name), 200)
}

/// The host and port of a place that is nothing else: `example.com`, `10.0.0.1:8443`.
fn host(place: &str) -> Option<(String, Option<u16>)> {
    let is_bare = !place.contains(['/', '?', '#', '@', ' ']) && (place.contains('.') || place.contains(':'));
    // In small letters: debug builds of the parser stop at capitals beside another script.
    let url = Url::parse(&format!("https://{}", place.to_lowercase())).ok().filter(|_| is_bare)?;
    Some((url.host_str()?.to_owned(), url.port()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::finding::Severity;

    fn finding(row: &Value) -> Finding {
        let now = "2026-11-22T10:00:00Z".parse().unwrap();
        Mapper::new("site.example", now).finding(&Fields::of(row.as_object().unwrap()))
    }

    #[test]
    fn an_alert_in_camel_case_is_read_whole() {
        let finding = finding(&json!({
            "id": 9001, "name": "SQL Injection", "severity": "Critical", "confidence": "High", "cweId": 89,
            "owasp": ["A03:2021"], "url": "https://example.com/search?q=1", "method": "GET", "parameter": "q",
            "evidence": "You have an error in your SQL syntax", "description": "Input reaches the query.", "solution": "Bind it.",
            "references": ["https://cwe.mitre.org/data/definitions/89.html"], "isAccepted": false,
        }));
        assert_eq!((&*finding.id, finding.severity, finding.kind), ("9001", Some(Severity::Critical), Kind::Dast));
        assert_eq!(finding.location.to_string(), "GET https://example.com/search?q=1 (q)");
        assert_eq!((finding.message.as_str(), &finding.state), ("Input reaches the query.", &State::Open));
        let rule = Rule {
            id: "cwe-89-sql-injection".to_owned(),
            name: "SQL Injection".to_owned(),
            description: "Input reaches the query.".to_owned(),
            help: Some("Bind it.".to_owned()),
            cwe: vec![89],
            owasp: vec!["A03:2021".to_owned()],
            cve: Vec::new(),
            references: vec!["https://cwe.mitre.org/data/definitions/89.html".to_owned()],
        };
        assert_eq!(*finding.rule, rule);
        assert!(
            !format!("{finding:?}").contains("error in your SQL"),
            "evidence is the site's own data and is in no report"
        );
    }

    #[test]
    fn an_alert_in_the_manner_of_zap_is_read_whole() {
        let group = json!({
            "pluginid": "40012", "alertRef": "40012", "alert": "Cross Site Scripting (Reflected)", "riskcode": "3",
            "riskdesc": "High (Medium)", "desc": "<p>Scripts <b>run</b>.</p>", "solution": "<p>Encode.</p>",
            "reference": "<p>https://owasp.org/xss</p><p>https://owasp.org/csp</p>", "cweid": "79", "wascid": "8",
            "tags": { "OWASP_2021_A03": "https://owasp.org", "WSTG-INPV-01": "" },
        });
        let instance = json!({ "uri": "https://example.com/s?q=x", "method": "get", "param": "q", "attack": "<x>" });
        let group = Fields::of(group.as_object().unwrap());
        let fields = Fields::within(instance.as_object().unwrap(), &group);
        let finding = Mapper::new("", Timestamp::UNIX_EPOCH).finding(&fields);
        assert_eq!(finding.severity, Some(Severity::High));
        assert_eq!(finding.location.to_string(), "GET https://example.com/s?q=x (q)");
        assert_eq!((finding.rule.id.as_str(), finding.message.as_str()), ("40012", "Scripts run."));
        assert_eq!(finding.rule.references, ["https://owasp.org/xss", "https://owasp.org/csp"]);
        assert_eq!(
            (finding.rule.cwe.as_slice(), finding.rule.owasp.as_slice()),
            (&[79][..], &["A03:2021".to_owned()][..])
        );
    }

    #[test]
    fn a_rule_is_named_by_what_is_stable_and_never_by_a_row() {
        let id = |row: Value| finding(&row).rule.id.clone();
        assert_eq!(id(json!({ "pluginId": 40012, "name": "x" })), "40012");
        assert_eq!(
            id(json!({ "id": 7, "pluginid": "-1", "name": "Open Redirect!", "cwe": "CWE-601" })),
            "cwe-601-open-redirect"
        );
        assert_eq!(id(json!({ "name": "Old library", "cve": "cve-2021-44228", "cwe": 502 })), "CVE-2021-44228");
        assert_eq!(id(json!({ "id": 7, "title": "Open Redirect", "type": "web" })), "open-redirect");
        assert_eq!(id(json!({ "id": 7, "cwe": [79] })), "cwe-79");
        assert_eq!(id(json!({ "id": 7, "type": "Mixed Content" })), "mixed-content");
        assert_eq!(id(json!({ "id": 7 })), "alert-without-rule");
    }

    #[test]
    fn weaknesses_and_vulnerabilities_are_read_in_any_shape() {
        for cwe in [
            json!(79),
            json!("79"),
            json!("CWE-79"),
            json!([79]),
            json!([{ "id": "CWE-79", "name": "XSS" }]),
            json!({ "id": 79 }),
        ] {
            assert_eq!(finding(&json!({ "cweId": cwe })).rule.cwe, [79], "{cwe}");
        }
        for none in [json!(-1), json!("-1"), json!(0), json!("0"), json!(null), json!("")] {
            assert_eq!(finding(&json!({ "cwe": none })).rule.cwe, [0; 0], "{none}");
        }
        let both = finding(&json!({ "cves": ["CVE-2021-1", "cve-2021-1", "x"], "cve": "CVE-2020-2" }));
        assert_eq!(both.rule.cve, ["CVE-2020-2", "CVE-2021-1"]);
    }

    #[test]
    fn a_place_is_an_address_a_host_or_the_site() {
        let place = |row: Value| finding(&row).location;
        let host = |host: &str, port| Location::Host { host: host.to_owned(), port, service: None };
        assert_eq!(place(json!({ "asset": "db.example:8443" })), host("db.example", Some(8443)));
        assert_eq!(place(json!({ "target": "10.0.0.1" })), host("10.0.0.1", None));
        assert_eq!(place(json!({})), host("site.example", None));
        assert_eq!(place(json!({ "location": { "url": "https://a.example/x" } })).to_string(), "https://a.example/x");
        assert_eq!(
            place(json!({ "endpoint": "/users/{id}", "httpMethod": "delete" })).to_string(),
            "DELETE /users/{id}"
        );
        assert_eq!(
            place(json!({ "url": "https://a.example/\u{1b}x", "method": "GET /../" })).to_string(),
            "https://a.example/ x"
        );
    }

    #[test]
    fn a_word_decides_the_severity_then_a_score_and_else_nobody() {
        let severity = |row: Value| finding(&row).severity;
        assert_eq!(severity(json!({ "risk": "Low", "cvss": 9.8 })), Some(Severity::Low));
        assert_eq!(severity(json!({ "severity": "unknown", "cvssScore": "9.8" })), Some(Severity::Critical));
        assert_eq!(severity(json!({ "cvss": { "score": 5.0, "vector": "CVSS:3.1" } })), Some(Severity::Medium));
        assert_eq!(severity(json!({ "severity": "P1" })), None);
    }

    #[test]
    fn only_an_accepted_risk_that_has_not_lapsed_closes_a_finding_and_doubt_keeps_it_open() {
        for accepted in [
            json!({ "accepted": true }),
            json!({ "is_accepted": "true" }),
            json!({ "riskAccepted": 1 }),
            json!({ "acceptedRisk": { "reason": "internal", "expiresAt": null } }),
            json!({ "acceptedRisk": { "reason": "internal", "expirationDate": "2026-11-22" } }),
            json!({ "acceptedRisk": { "reason": "internal", "expires_at": "2027-01-01T00:00:00Z" } }),
            json!({ "status": "Accepted Risk" }),
            json!({ "state": "risk_accepted", "isAccepted": true }),
            json!({ "status": "accepted", "accepted": true }),
        ] {
            assert_eq!(finding(&accepted).state, State::Dismissed, "{accepted}");
        }
        for open in [
            json!({}),
            json!({ "isAccepted": false }),
            json!({ "isAccepted": "perhaps" }),
            json!({ "acceptedRisk": {} }),
            json!({ "acceptedRisk": [] }),
            json!({ "acceptedRisk": null }),
            json!({ "acceptedRisk": { "reason": "internal", "expiresAt": "2026-11-21T00:00:00Z" } }),
            json!({ "acceptedRisk": { "reason": "internal", "expirationDate": "2026-11-21" } }),
            json!({ "acceptedRisk": { "reason": "internal", "expiresAt": "soon" } }),
            json!({ "acceptedRisk": { "reason": "internal", "active": false } }),
            json!({ "acceptedRisk": { "reason": "internal", "status": "rejected" } }),
            json!({ "isAccepted": false, "status": "accepted" }),
            json!({ "status": "fixed" }),
            json!({ "state": "resolved" }),
            json!({ "status": "reopened", "accepted": true }),
        ] {
            assert!(finding(&open).state.is_open(), "{open}");
        }
    }

    #[test]
    fn findings_of_one_rule_share_it_and_keep_their_own_advice() {
        let mut mapper = Mapper::new("", Timestamp::UNIX_EPOCH);
        let mut read = |row: Value| mapper.finding(&Fields::of(row.as_object().unwrap()));
        let first = read(json!({ "ruleId": "r", "name": "a", "solution": "Do this." }));
        let again = read(json!({ "ruleId": "r", "name": "b", "solution": "Do that." }));
        assert!(Arc::ptr_eq(&first.rule, &again.rule));
        assert_eq!((first.remediation, again.remediation.as_deref()), (None, Some("Do that.")));
    }
}
