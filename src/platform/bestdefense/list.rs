//! The list of alerts: where it is, and how groups become single findings (contract 6.5). Nothing of it is documented.

use serde_json::{Map, Value, json};

use super::places::{DEEPEST, INSTANCES, LIST, MEMBERS, may_lead};
use super::summary::is_tally;
use crate::finding::Severity;
use crate::platform::fields::{Fields, count, plain};
use crate::platform::words;
use crate::sorting::collected;

/// How deep groups in groups are followed.
const DEEPEST_GROUP: usize = 4;

/// How many findings an entry says that it stands for.
const COUNT: [&str; 4] = ["count", "instancecount", "total", "occurrencescount"];

/// The names of a finding's severity, the most telling first.
pub(super) const SEVERITY: [&str; 7] =
    ["severity", "risk", "risklevel", "riskdesc", "riskcode", "level", "criticality"];

/// The list, as the rows of one or of several lists by severity or weakness.
pub(super) struct List<'a> {
    parts: Vec<(Map<String, Value>, &'a [Value])>,
}

impl<'a> List<'a> {
    /// All rows.
    pub(super) fn rows(&self) -> Vec<&'a Value> {
        self.parts.iter().flat_map(|(_, rows)| rows.iter()).collect()
    }

    /// Hands the findings of those rows that are `fresh`, by their order in [`List::rows`], to `take`.
    pub(super) fn expand(&self, fresh: &[bool], take: &mut dyn FnMut(Item<'_, '_>)) {
        let mut fresh = fresh.iter();
        for (shared, rows) in &self.parts {
            let shared = Fields::of(shared);
            for row in *rows {
                if fresh.next() != Some(&true) {
                    continue;
                }
                match row {
                    Value::Object(row) => expand(&Fields::within(row, &shared), 0, take),
                    _ => take(Item::Unreadable),
                }
            }
        }
    }
}

/// What a row, or a part of it, stands for.
pub(super) enum Item<'f, 'a> {
    /// A finding.
    Finding(&'f Fields<'a>),
    /// As many findings more as a group counts and does not hold.
    Unlisted(Option<Severity>, u64),
    /// A row that is no object.
    Unreadable,
}

/// Finds the list in what an answer is about: at one of its names, else as the answer itself, else as lists by severity or weakness
/// under any name. An empty one only counts where there is no other.
pub(super) fn find(payload: &Value) -> Option<List<'_>> {
    let mut found = Vec::new();
    if let Some(object) = payload.as_object() {
        named(object, 1, &mut found);
    }
    found.extend(as_list(payload));
    if let Some(object) = payload.as_object() {
        keyed(object, 1, &mut found);
    }
    let best = found.iter().position(|list| !list.rows().is_empty()).unwrap_or_default();
    (!found.is_empty()).then(|| found.swap_remove(best))
}

fn named<'a>(object: &'a Map<String, Value>, depth: usize, found: &mut Vec<List<'a>>) {
    let fields = Fields::of(object);
    for value in LIST.iter().filter_map(|name| fields.own(&[name])) {
        match (as_list(value), value) {
            (Some(list), _) => found.push(list),
            // A list is often wrapped up with what is said of its pages.
            (None, Value::Object(inner)) if depth < DEEPEST => named(inner, depth + 1, found),
            _ => {}
        }
    }
}

fn keyed<'a>(object: &'a Map<String, Value>, depth: usize, found: &mut Vec<List<'a>>) {
    for (_, value) in object.iter().filter(|(name, _)| may_lead(name)) {
        if is_keyed(value) {
            found.extend(as_list(value));
        } else if let Value::Object(inner) = value
            && depth < DEEPEST
        {
            keyed(inner, depth + 1, found);
        }
    }
}

/// A list of objects, or lists of them by severity or weakness, which their rows inherit.
fn as_list(value: &Value) -> Option<List<'_>> {
    match value {
        Value::Array(rows) => {
            let is_list = rows.is_empty() || (rows.iter().any(Value::is_object) && !is_tally(value));
            is_list.then(|| List { parts: vec![(Map::new(), rows.as_slice())] })
        }
        Value::Object(lists) if is_keyed(value) => {
            let shared = |name: &str| {
                let field = if severity_of(name).is_some() { "severity" } else { "cwe" };
                collected([(field.to_owned(), json!(name))])
            };
            let parts = lists.iter().filter_map(|(name, rows)| Some((shared(name), rows.as_array()?.as_slice())));
            Some(List { parts: parts.collect() })
        }
        _ => None,
    }
}

/// Whether this is an object of lists by severity, or by weakness such as `CWE-79`.
pub(super) fn is_keyed(value: &Value) -> bool {
    let is_weakness = |name: &str| {
        let compared = plain(name);
        let digits = compared.strip_prefix("cwe").unwrap_or(&compared);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_part = |(name, rows): (&String, &Value)| {
        let rows = rows.as_array();
        (severity_of(name).is_some() || is_weakness(name)) && rows.is_some_and(|rows| rows.iter().all(Value::is_object))
    };
    value.as_object().is_some_and(|lists| !lists.is_empty() && lists.iter().all(is_part))
}

/// One row: a finding, or a group that is expanded into its members, which inherit what they lack.
fn expand(fields: &Fields<'_>, depth: usize, take: &mut dyn FnMut(Item<'_, '_>)) {
    let list = |names: &[&str]| {
        let lists = names.iter().filter_map(|name| fields.own(&[name])?.as_array());
        lists.max_by_key(|items| items.len())
    };
    let (members, instances) = (list(&MEMBERS), list(&INSTANCES));
    let counted = fields.own(&COUNT).and_then(count);
    let items = match (members, instances) {
        _ if depth >= DEEPEST_GROUP => None,
        (Some(members), _) if !members.is_empty() => Some(members),
        (_, Some(instances)) if !instances.is_empty() => Some(instances),
        // A heading without findings is none, and how many it counts is said below.
        (Some(members), None) => Some(members),
        _ => None,
    };
    let mut taken = 0;
    match items {
        None => {
            taken += 1;
            take(Item::Finding(fields));
        }
        Some(items) => {
            for item in items {
                taken += 1;
                match item {
                    Value::Object(member) => expand(&Fields::within(member, fields), depth + 1, take),
                    // A place may be written as nothing but its address.
                    Value::String(address) => {
                        let member = collected([("url".to_owned(), json!(address))]);
                        take(Item::Finding(&Fields::within(&member, fields)));
                    }
                    _ => take(Item::Unreadable),
                }
            }
        }
    }
    let unlisted = counted.unwrap_or_default().saturating_sub(taken);
    if unlisted > 0 {
        take(Item::Unlisted(severity(fields), unlisted));
    }
}

/// The severity of a finding by the first of its words that rates it.
pub(super) fn severity(fields: &Fields<'_>) -> Option<Severity> {
    fields.all(&SEVERITY).into_iter().find_map(|value| match value {
        Value::Object(inner) => {
            Fields::of(inner).all(&["name", "label", "level", "value"]).into_iter().find_map(word_of)
        }
        scalar => word_of(scalar),
    })
}

fn word_of(value: &Value) -> Option<Severity> {
    severity_of(&crate::platform::fields::text(value)?)
}

/// A severity by the vendor's words, their usual short forms and the digits of other scanners; `High (Medium)` is a severity with a
/// confidence behind it (contract 6.4).
pub(super) fn severity_of(word: &str) -> Option<Severity> {
    let word = word.split('(').next().unwrap_or_default().trim().to_lowercase();
    let usual = match word.as_str() {
        "crit" | "4" => "critical",
        "3" => "high",
        "med" | "2" => "medium",
        "1" => "low",
        "information" | "0" => "informational",
        other => other,
    };
    words::severity(Some(usual), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a list stands for: `severity title place` of each finding, and what is counted without being listed.
    fn read(payload: &Value) -> Option<Vec<String>> {
        let list = find(payload)?;
        let mut read = Vec::new();
        let fresh = vec![true; list.rows().len()];
        list.expand(&fresh, &mut |item| {
            read.push(match item {
                Item::Finding(fields) => {
                    let word = |names: &[&str]| fields.text(names).unwrap_or_default();
                    let severity = severity(fields).map(Severity::as_str).unwrap_or_default();
                    format!("{severity} {} {}", word(&["name", "alert"]), word(&["url", "uri"])).trim().to_owned()
                }
                Item::Unlisted(severity, count) => format!("{count} x {severity:?}"),
                Item::Unreadable => "unreadable".to_owned(),
            });
        });
        Some(read)
    }

    #[test]
    fn the_list_is_found_in_every_shape_that_the_contract_names() {
        let rows = json!([{ "name": "a", "severity": "High" }]);
        let expected = Some(vec!["high a".to_owned()]);
        for name in ["alerts", "findings", "items", "groups", "alertGroups", "alert_groups", "results"] {
            assert_eq!(read(&json!({ name: rows })), expected, "{name}");
        }
        for payload in [
            rows.clone(),
            json!({ "alerts": { "items": rows, "total": 1 } }),
            json!({ "alerts": { "High": [{ "name": "a" }], "low": [] } }),
            json!({ "bySeverity": { "high": [{ "name": "a" }] } }),
            json!({ "high": [{ "name": "a" }] }),
            json!({ "alerts": [], "findings": rows }),
        ] {
            assert_eq!(read(&payload), expected, "{payload}");
        }
        let by_weakness = json!({ "alerts": { "CWE-79": [{ "name": "a", "risk": "High" }], "89": [] } });
        assert_eq!(read(&by_weakness), expected);
    }

    #[test]
    fn what_lists_nothing_is_no_list_and_an_empty_list_is_one() {
        assert_eq!(read(&json!({ "alerts": [] })), Some(Vec::new()));
        assert_eq!(read(&json!([])), Some(Vec::new()));
        for payload in [
            json!({}),
            json!({ "alerts": null }),
            json!({ "alerts": ["a", "b"] }),
            json!({ "alerts": "none" }),
            json!({ "alerts": {} }),
            json!({ "results": [{ "severity": "High", "count": 3 }] }),
            json!({ "rows": [{ "name": "a" }] }),
        ] {
            assert_eq!(read(&payload), None, "{payload}");
        }
    }

    #[test]
    fn groups_are_expanded_and_their_members_inherit_what_they_lack() {
        let group = json!({ "alerts": [
            { "alert": "XSS", "riskdesc": "High (Medium)", "instances": [{ "uri": "/a" }, { "uri": "/b", "risk": "Low" }] },
            { "name": "Medium", "severity": "medium", "findings": [{ "name": "c", "instances": ["/c", "/d"] }] },
        ]});
        assert_eq!(read(&group).unwrap(), ["high XSS /a", "low XSS /b", "medium c /c", "medium c /d"]);
    }

    #[test]
    fn a_heading_without_findings_is_none_and_a_finding_without_places_is_one() {
        let lists = json!({ "alerts": [
            { "name": "Low", "severity": "Low", "alerts": [] },
            { "name": "x", "severity": "High", "instances": [] },
        ]});
        assert_eq!(read(&lists).unwrap(), ["high x"]);
    }

    #[test]
    fn what_a_group_counts_and_does_not_hold_is_not_lost() {
        let lists = json!({ "alerts": [
            { "name": "x", "severity": "High", "count": "5", "instances": [{ "uri": "/a" }] },
            { "name": "Low", "severity": "Low", "count": 2, "findings": [] },
            { "name": "y", "severity": "Medium", "count": 3 },
            7,
        ]});
        let expected = ["high x /a", "4 x Some(High)", "2 x Some(Low)", "medium y", "2 x Some(Medium)", "unreadable"];
        assert_eq!(read(&lists).unwrap(), expected);
    }

    #[test]
    fn groups_in_groups_are_not_followed_without_end() {
        let mut row = json!({ "name": "leaf", "severity": "High" });
        for _ in 0..60 {
            row = json!({ "alerts": [row] });
        }
        assert_eq!(read(&row).unwrap().len(), 1);
    }

    #[test]
    fn severities_are_the_vendors_words_short_forms_digits_and_words_with_a_confidence() {
        for (word, severity) in [
            ("Critical", Severity::Critical),
            ("crit", Severity::Critical),
            ("4", Severity::Critical),
            ("HIGH", Severity::High),
            ("High (Medium)", Severity::High),
            ("3", Severity::High),
            ("moderate", Severity::Medium),
            ("med", Severity::Medium),
            ("2", Severity::Medium),
            ("low", Severity::Low),
            ("1", Severity::Low),
            ("Informational (High)", Severity::Info),
            ("information", Severity::Info),
            ("none", Severity::Info),
            ("0", Severity::Info),
        ] {
            assert_eq!(severity_of(word), Some(severity), "{word}");
        }
        for word in ["", "(High)", "5", "7.5", "severe", "unknown", "P1"] {
            assert_eq!(severity_of(word), None, "{word}");
        }
        let first = |row: Value| severity(&Fields::of(row.as_object().unwrap()));
        assert_eq!(first(json!({ "severity": "P1", "riskCode": "3" })), Some(Severity::High));
        assert_eq!(first(json!({ "severity": { "name": "Low", "value": 4 } })), Some(Severity::Low));
        assert_eq!(first(json!({ "level": [] })), None);
    }
}
