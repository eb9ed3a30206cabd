//! From a row of the findings list to our model (contract sections 4.3 to 4.5; DESIGN section 7). The record is not documented: each
//! field is looked for under every name that the vendor's own scanners and clients have for it.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize as _;
use serde_json::Value;

use super::kind::{Clues, kind_of};
use super::scan_answer::id_in;
use super::{matched, place};
use crate::finding::{Finding, Fingerprint, Kind, Link, Rule, State, WebOrigin};
use crate::platform::fields::{self, number};
use crate::platform::text::{bounded, one_line, sentences, slug};
use crate::platform::tolerant::{Fields, scalar};
use crate::platform::words::{self, finding_state, is_cve, weakness_numbers};

/// The names of the scan that a row belongs to.
const SCANS: [&str; 4] = ["scan", "scan_id", "scan_job", "scan_job_id"];

/// What closes a finding (contract section 4.5). Every other word counts as open.
const STATES: [(&str, State); 13] = [
    ("new", State::Open),
    ("open", State::Open),
    ("confirmed", State::Confirmed),
    ("fixed", State::Fixed),
    ("resolved", State::Fixed),
    ("closed", State::Fixed),
    ("false_positive", State::Dismissed),
    ("accepted_risk", State::Dismissed),
    ("risk_accepted", State::Dismissed),
    ("suppressed", State::Dismissed),
    ("ignored", State::Dismissed),
    ("dismissed", State::Dismissed),
    ("active", State::Open),
];

/// Turns the rows of one list into findings. Rules are shared: a list of a hundred thousand rows has few of them. Rows of one rule
/// need not have one title, and each shows its own.
pub(super) struct Mapper<'a> {
    directory: &'a str,
    web: Option<&'a WebOrigin>,
    rules: HashMap<String, Arc<Rule>>,
}

/// A row with what is inside of its two objects.
pub(super) struct Row {
    /// The row's own fields.
    pub(super) own: Fields,
    /// Those of `evidence`.
    pub(super) evidence: Fields,
    /// Those of `location`.
    pub(super) location: Fields,
}

/// Which scan a row says that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Belonging {
    /// The one that was asked for.
    Asked,
    /// Another one.
    Another,
    /// It does not say.
    Unsaid,
}

impl Row {
    /// A row, of which `evidence` and `location` need not be objects.
    pub(super) fn new(own: Fields) -> Self {
        let inside = |name: &str| own.value(name).and_then(|value| Fields::deserialize(value).ok()).unwrap_or_default();
        let (evidence, location) = (inside("evidence"), inside("location"));
        Self { own, evidence, location }
    }

    /// The first text that the row has under `names`, else its evidence, for what is only shown or matched.
    pub(super) fn shown(&self, names: &[&str]) -> Option<String> {
        self.own.words(names).or_else(|| self.evidence.words(names))
    }

    /// Which scan it belongs to. A scan is named by its id, by an object that has it, or by an address that ends in it.
    pub(super) fn belonging(&self, scan: &str) -> Belonging {
        let named = SCANS.iter().filter_map(|name| self.own.value(name)).filter_map(|value| {
            let id = id_in(value).or_else(|| value.get("id").and_then(id_in))?;
            id.trim_end_matches('/').rsplit('/').next().map(str::to_owned)
        });
        let named: Vec<String> = named.collect();
        if named.iter().any(|id| id.eq_ignore_ascii_case(scan)) {
            Belonging::Asked
        } else if named.is_empty() {
            Belonging::Unsaid
        } else {
            Belonging::Another
        }
    }
}

impl<'a> Mapper<'a> {
    /// A mapper that puts `directory` before paths, and makes links to `web`.
    pub(super) fn new(directory: &'a str, web: Option<&'a WebOrigin>) -> Self {
        Self { directory, web, rules: HashMap::new() }
    }

    /// The finding of a row.
    ///
    /// # Errors
    /// Names the field by which the gate goes and that holds something of which no severity can be read.
    pub(super) fn finding(&mut self, row: &Row) -> Result<Finding, String> {
        let word = severity(row)?;
        let score = score(row, word.as_deref())?;
        let state = ["status", "state", "triage_status"].iter().find_map(|name| state(&row.own, name));
        let state = state.or_else(|| self::state(&row.evidence, "triage_status"));
        let weaknesses = weakness_numbers(row.own.texts(&["cwe", "cwes", "cwe_id"]).iter().map(String::as_str));
        let cve: Vec<String> = row.own.texts(&["cve", "cve_id", "cves"]).into_iter().filter(|id| is_cve(id)).collect();
        let own_rule = rule_id(row);
        let location = place::of(row, self.directory);
        let clues = Clues { row, location: &location, rule: own_rule.as_deref().unwrap_or_default(), cwe: &weaknesses };
        let kind = kind_of(&clues);
        // What a secret finding found may be repeated in every text of its row.
        let matched = if kind == Kind::Secret { matched::values(row) } else { Vec::new() };
        let words = |names: &[&str]| row.own.words(names).map(|text| matched::without(&text, &matched));
        let title = words(&["title", "name", "message"]).map(|title| bounded(&one_line(&title), 200));
        let id = own_rule.unwrap_or_else(|| stand_in(&cve, &weaknesses, title.as_deref()));
        let text = words(&["description", "message"]);
        let name = title.clone().or_else(|| text.as_deref().map(sentences)).unwrap_or_else(|| id.clone());
        let mut message = message(row, text.as_deref().unwrap_or(&name));
        let first = self.rules.get(&format!("{kind}\n{id}"));
        if first.is_some_and(|first| first.name != name) && !message.starts_with(&name) {
            message = format!("{name}: {message}");
        }
        let rule = self.rules.entry(format!("{kind}\n{id}\n{name}")).or_insert_with(|| {
            Arc::new(Rule {
                id: id.clone(),
                name,
                cwe: weaknesses,
                owasp: row.own.texts(&["owasp"]),
                cve,
                references: row.own.texts(&["references", "reference"]),
                ..Rule::default()
            })
        });
        let rule = Arc::clone(rule);
        self.rules.entry(format!("{kind}\n{id}")).or_insert_with(|| Arc::clone(&rule));
        let row_id = ["id", "uuid", "finding_id"].iter().find_map(|name| scalar(row.own.value(name)?));
        Ok(Finding {
            id: row_id.unwrap_or_default().into(),
            fingerprint: Fingerprint::default(),
            kind,
            severity: words::severity(word.as_deref(), score),
            score,
            rule,
            state: finding_state(state.as_deref(), &STATES),
            location,
            message,
            remediation: words(&["recommendation", "remediation", "fix"]).map(Into::into),
            link: self.link(row),
        })
    }

    fn link(&self, row: &Row) -> Option<Link> {
        let address = row.own.words(&["dashboard_url", "html_url", "permalink"])?;
        self.web?.link(&address)
    }
}

/// The word or number for the severity. Of an object it is its name, and an object without one is no rating.
fn severity(row: &Row) -> Result<Option<String>, String> {
    match row.own.value("severity") {
        Some(Value::Object(level)) => {
            let word = fields::Fields::of(level).text(&["name", "level", "value", "label"]);
            // The number of a level is no CVSS score.
            Ok(word.filter(|word| word.parse::<f64>().is_err()))
        }
        _ => row.own.text(&["severity"]),
    }
}

/// The word for the state under this name, of an object its name. What is none stays open.
fn state(fields: &Fields, name: &str) -> Option<String> {
    match fields.value(name)? {
        Value::Object(state) => {
            let word = fields::Fields::of(state).text(&["name", "value", "code"]);
            Some(word.unwrap_or_else(|| "without a name".to_owned()))
        }
        Value::Array(_) => Some("a list".to_owned()),
        word => scalar(word),
    }
}

/// The CVSS score: under a name of its own, or where a number stands for the severity, as the vendor's own plug-in reads it (contract
/// section 4.4). One that cannot be read is an error where the severity hangs on it.
fn score(row: &Row, severity: Option<&str>) -> Result<Option<f64>, String> {
    const NAMES: [&str; 4] = ["cvss_score", "cvss", "security_severity", "security-severity"];
    let rated = words::severity(severity, None).is_some();
    let mut named = None;
    for (name, value) in NAMES.iter().filter_map(|name| Some((name, row.own.value(name)?))) {
        match score_in(value) {
            Some(score) => named = named.or(Some(score)),
            None if !rated && named.is_none() && !fields::is_blank(value) && !value.is_string() => {
                return Err(format!("`{name}` is no text or number"));
            }
            None => {}
        }
    }
    let named = named.or_else(|| NAMES.iter().find_map(|name| score_in(row.evidence.value(name)?)));
    let score = named.or_else(|| severity.and_then(|word| word.parse().ok()));
    Ok(score.filter(|score| (0.0..=10.0).contains(score)))
}

/// A score, that of an object, or the worst of a list.
fn score_in(value: &Value) -> Option<f64> {
    match value {
        Value::Array(scores) => scores.iter().filter_map(score_in).max_by(f64::total_cmp),
        Value::Object(score) => fields::Fields::of(score).all(&["score", "basescore"]).into_iter().find_map(number),
        value => number(value),
    }
}

/// The platform's id for the rule. `rule` may be an object that has it.
fn rule_id(row: &Row) -> Option<String> {
    let inside =
        || row.own.value("rule").and_then(|rule| rule.get("id").or_else(|| rule.get("rule_id")).and_then(id_in));
    ["rule_id", "ruleId", "rule", "check_id"]
        .iter()
        .find_map(|name| row.own.text(&[name]).ok().flatten())
        .or_else(inside)
}

/// What stands in for the id of a rule that has none: what is the same in every scan.
fn stand_in(cve: &[String], cwe: &[u32], title: Option<&str>) -> String {
    let slug = title.map(slug).filter(|slug| !slug.is_empty());
    match (cve, cwe, slug) {
        ([cve, ..], _, _) => cve.to_ascii_uppercase(),
        ([], [cwe, ..], Some(slug)) => format!("cwe-{cwe}-{slug}"),
        ([], [cwe, ..], None) => format!("cwe-{cwe}"),
        ([], [], Some(slug)) => slug,
        ([], [], None) => "cybrium-without-rule".to_owned(),
    }
}

/// What is wrong, in two sentences. That a weak package is never reached is told and does not gate (contract section 4.5).
fn message(row: &Row, text: &str) -> String {
    let reachability = row.shown(&["reachability"]).filter(|word| !word.eq_ignore_ascii_case("unknown"));
    match reachability {
        Some(word) => format!("{} (reachability: {})", sentences(text), sentences(&word)),
        None => sentences(text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::finding::{Location, Severity};

    fn finding(row: Value) -> Result<Finding, String> {
        let web = WebOrigin::parse("https://app.cybrium.ai");
        Mapper::new("", web.as_ref()).finding(&Row::new(serde_json::from_value(row).unwrap()))
    }

    /// The record of the contract's section 4.3.
    fn record() -> Value {
        json!({
            "id": "3f2c", "scan": "9a1b", "rule_id": "CBR-PY-SQLI-STRING-CONCAT", "title": "Concatenated SQL",
            "description": "SQL is built from input. It reaches the database. More is said here.", "severity": "high",
            "status": "open", "file": "app/users.py", "line": 42, "column": 17, "end_line": 43, "end_column": 85,
            "snippet": "cursor.execute(q)", "cwe": ["CWE-89"], "cve": null, "recommendation": "Bind parameters.",
            "fix_recipe": "CWE-89-PARAMETERIZE", "reachability": "unreachable", "fingerprint": "0123456789abcdef",
            "evidence": {},
        })
    }

    fn with(changes: &Value) -> Finding {
        let mut row = record();
        for (name, value) in changes.as_object().unwrap() {
            row[name] = value.clone();
        }
        finding(row).unwrap()
    }

    #[test]
    fn the_record_of_the_contract_becomes_a_finding() {
        let finding = finding(record()).unwrap();
        assert_eq!((finding.id.as_ref(), finding.kind, finding.severity), ("3f2c", Kind::Sast, Some(Severity::High)));
        assert_eq!(
            (finding.rule.id.as_str(), finding.rule.name.as_str()),
            ("CBR-PY-SQLI-STRING-CONCAT", "Concatenated SQL")
        );
        assert_eq!((finding.rule.cwe.as_slice(), finding.rule.cve.len()), (&[89][..], 0));
        assert_eq!(finding.location.to_string(), "app/users.py:42");
        assert_eq!(finding.message, "SQL is built from input. It reaches the database. (reachability: unreachable)");
        assert_eq!(finding.remediation.as_deref(), Some("Bind parameters."));
        assert_eq!((finding.state, finding.link), (State::Open, None));
    }

    #[test]
    fn severities_are_read_in_any_case_and_what_is_none_is_unrated() {
        let severity = |value: Value| with(&json!({ "severity": value })).severity;
        for (word, expected) in [
            ("CRITICAL", Severity::Critical),
            ("High", Severity::High),
            ("moderate", Severity::Medium),
            ("low", Severity::Low),
            ("Informational", Severity::Info),
            ("none", Severity::Info),
        ] {
            assert_eq!(severity(json!(word)), Some(expected), "{word}");
        }
        for unrated in [json!(null), json!(""), json!("unknown"), json!("severe"), json!("P1"), json!(true), json!(11)]
        {
            assert_eq!(severity(unrated.clone()), None, "{unrated}");
        }
        for (score, expected) in [
            (9.0, Severity::Critical),
            (7.5, Severity::High),
            (4.0, Severity::Medium),
            (0.1, Severity::Low),
            (0.0, Severity::Info),
        ] {
            assert_eq!(severity(json!(score)), Some(expected), "{score}");
            assert_eq!(with(&json!({ "severity": null, "cvss_score": score })).severity, Some(expected), "{score}");
            let inside = with(&json!({ "severity": "", "evidence": { "cvss": score.to_string() } }));
            assert_eq!((inside.severity, inside.score), (Some(expected), Some(score)));
        }
        assert_eq!(with(&json!({ "severity": "low", "cvss": 9.8 })).severity, Some(Severity::Low), "a word decides");
        let mut row = record();
        row.as_object_mut().unwrap().remove("severity");
        assert_eq!(finding(row).unwrap().severity, None);
    }

    #[test]
    fn a_field_by_which_the_gate_goes_is_never_taken_for_absent() {
        for change in [
            json!({ "severity": ["critical"] }),
            json!({ "severity": null, "cvss": { "vector": "AV:N" } }),
            json!({ "severity": "severe", "cvss": [{}] }),
        ] {
            let mut row = record();
            for (name, value) in change.as_object().unwrap() {
                row[name] = value.clone();
            }
            let error = finding(row).unwrap_err();
            assert!(error.contains("is no text or number"), "{error}");
        }
    }

    #[test]
    fn an_object_in_place_of_a_word_or_number_is_read_as_far_as_it_has_one() {
        for cvss in
            [json!({ "score": 9.9, "vector": "AV:N" }), json!({ "baseScore": "9.9" }), json!([3.1, { "score": 9.9 }])]
        {
            let scored = with(&json!({ "severity": null, "cvss": cvss }));
            assert_eq!((scored.severity, scored.score), (Some(Severity::Critical), Some(9.9)), "{cvss}");
        }
        assert_eq!(with(&json!({ "cvss": { "vector": "AV:N" } })).score, None, "the word decides");
        for (severity, expected) in [
            (json!({ "name": "Critical" }), Some(Severity::Critical)),
            (json!({ "id": 7, "level": "low" }), Some(Severity::Low)),
            (json!({ "level": 3 }), None),
            (json!({ "word": "critical" }), None),
        ] {
            assert_eq!(with(&json!({ "severity": severity })).severity, expected, "{severity}");
        }
        for open in [json!({ "name": "open" }), json!({ "closed": true }), json!({}), json!(["fixed"])] {
            assert!(with(&json!({ "status": open })).state.is_open(), "{open}");
        }
        assert_eq!(with(&json!({ "status": { "value": "fixed" } })).state, State::Fixed);
        assert_eq!(with(&json!({ "id": { "oid": 7 }, "uuid": "u-1" })).id.as_ref(), "u-1");
    }

    #[test]
    fn rows_of_one_rule_show_their_own_titles() {
        let mut mapper = Mapper::new("", None);
        let mut finding = |title: &str, description: &str| {
            let row =
                json!({ "rule_id": "R", "title": title, "description": description, "severity": "low", "file": "a" });
            mapper.finding(&Row::new(serde_json::from_value(row).unwrap())).unwrap()
        };
        let (one, two, like_two) = (finding("One", "It is."), finding("Two", "It is."), finding("Two", "Two of them."));
        assert_eq!((one.rule.name.as_str(), one.message.as_str()), ("One", "It is."));
        assert_eq!((two.rule.name.as_str(), two.message.as_str()), ("Two", "Two: It is."));
        assert_eq!((two.rule.id.as_str(), like_two.message.as_str()), ("R", "Two of them."));
        assert!(Arc::ptr_eq(&two.rule, &like_two.rule));
    }

    #[test]
    fn what_a_secret_finding_found_is_in_none_of_its_texts() {
        for evidence in [
            json!({ "snippet": "k = \"AKIAIOSFODNN7EXAMPLE\"" }),
            json!({ "snippet": "export KEY=AKIAIOSFODNN7EXAMPLE;" }),
            json!({ "evidence": { "match": "AKIAIOSFODNN7EXAMPLE" } }),
            json!({ "evidence": "key: 'AKIAIOSFODNN7EXAMPLE'" }),
        ] {
            let mut row = json!({ "type": "secret", "severity": "high", "file": "a.py", "line": 1,
                "title": "Key AKIAIOSFODNN7EXAMPLE in source", "description": "AKIAIOSFODNN… is a key.",
                "recommendation": "Revoke AKIAIOSFODNN7EXAMPLE." });
            row.as_object_mut().unwrap().extend(evidence.as_object().unwrap().clone());
            let found = finding(row).unwrap();
            assert!(!format!("{found:?}").to_uppercase().contains("AKIA"), "{found:?}");
            assert_eq!(found.rule.name, "Key *** in source");
        }
    }

    #[test]
    fn only_the_contracts_words_close_a_finding() {
        for closed in [
            "false_positive",
            "accepted_risk",
            "Risk-Accepted",
            "fixed",
            "RESOLVED",
            "suppressed",
            "ignored",
            "dismissed",
            "closed",
        ] {
            for name in ["status", "state", "triage_status"] {
                let finding = with(&json!({ "status": null, name: closed }));
                assert!(!finding.state.is_open(), "{name} {closed}");
            }
            let inside = with(&json!({ "status": null, "evidence": { "triage_status": closed } }));
            assert!(!inside.state.is_open(), "{closed}");
        }
        for open in
            [json!(null), json!("new"), json!("open"), json!("confirmed"), json!("snoozed"), json!(true), json!(0)]
        {
            assert!(with(&json!({ "status": open })).state.is_open(), "{open}");
        }
        assert!(with(&json!({ "status": "open", "triage_status": "fixed" })).state.is_open(), "the first one decides");
        assert_eq!(with(&json!({ "status": "Snoozed" })).state, State::Unknown("Snoozed".to_owned()));
    }

    #[test]
    fn a_rule_has_any_of_its_names_and_never_a_row_id() {
        let rule = |changes: Value| {
            let mut row = json!({ "id": "row-1", "severity": "high", "file": "a.py", "line": 1 });
            row.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            finding(row).unwrap().rule.id.clone()
        };
        for name in ["rule_id", "ruleId", "rule", "check_id"] {
            assert_eq!(rule(json!({ name: "CBR-1", "cve": "CVE-2024-1" })), "CBR-1", "{name}");
        }
        assert_eq!(rule(json!({ "rule": { "id": "CBR-2", "name": "n" } })), "CBR-2");
        assert_eq!(rule(json!({ "cves": ["no", "cve-2024-1234"], "cwe": 89, "title": "T" })), "CVE-2024-1234");
        assert_eq!(rule(json!({ "cwe_id": 89, "name": "SQL Injection: `id`" })), "cwe-89-sql-injection-id");
        assert_eq!(rule(json!({ "cwes": "CWE-79" })), "cwe-79");
        assert_eq!(rule(json!({ "message": "Debug Mode" })), "debug-mode");
        assert_eq!(rule(json!({})), "cybrium-without-rule");
    }

    #[test]
    fn texts_are_found_under_every_name_and_links_only_lead_to_the_vendor() {
        for (change, name) in [
            (json!({ "title": null, "name": "N" }), "N"),
            (json!({ "title": "", "message": "M" }), "M"),
            (json!({ "title": "a\n\u{1b}[2Jb" }), "a [2Jb"),
        ] {
            assert_eq!(with(&change).rule.name, name);
        }
        for name in ["remediation", "fix"] {
            assert_eq!(with(&json!({ "recommendation": null, name: "Do it." })).remediation.as_deref(), Some("Do it."));
        }
        let link = |address: &str| with(&json!({ "dashboard_url": address })).link.map(|link| link.to_string());
        assert_eq!(
            link("https://app.cybrium.ai/findings/3f2c").as_deref(),
            Some("https://app.cybrium.ai/findings/3f2c")
        );
        for foreign in ["https://evil.example/", "http://app.cybrium.ai/", "javascript:alert(1)"] {
            assert_eq!(link(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn a_row_says_which_scan_it_belongs_to_in_many_ways() {
        let belonging = |scan: Value| Row::new(serde_json::from_value(scan).unwrap()).belonging("9a1b");
        for own in [
            json!({ "scan": "9A1B" }),
            json!({ "scan_id": "9a1b", "scan": 17 }),
            json!({ "scan": { "id": "9a1b" } }),
            json!({ "scan_job": "https://api.cybrium.io/v1/scans/9a1b/" }),
        ] {
            assert_eq!(belonging(own.clone()), Belonging::Asked, "{own}");
        }
        for other in [json!({ "scan": 17 }), json!({ "scan_job_id": "9a1c" })] {
            assert_eq!(belonging(other.clone()), Belonging::Another, "{other}");
        }
        for unsaid in [json!({}), json!({ "scan": null }), json!({ "scan": ["9a1b"] })] {
            assert_eq!(belonging(unsaid.clone()), Belonging::Unsaid, "{unsaid}");
        }
    }

    #[test]
    fn findings_of_one_rule_share_it() {
        let mut mapper = Mapper::new("", None);
        let mut finding = || mapper.finding(&Row::new(serde_json::from_value(record()).unwrap())).unwrap();
        let (first, second) = (finding(), finding());
        assert!(Arc::ptr_eq(&first.rule, &second.rule));
        assert!(matches!(first.location, Location::File(_)));
    }
}
