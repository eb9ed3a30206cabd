//! Where in the alerts' answer its two parts are looked for, in one table, and what is said when neither is found (contract 6.2,
//! 6.5, 10). Only that there is a `data`, and in it something that begins with `r`, is documented.

use serde_json::Value;

use crate::platform::fields::{a_kind, kind, plain};
use crate::platform::text::{bounded, one_line};

/// Names of the risk summary under `data`, the likeliest first.
pub(super) const SUMMARY: [&str; 4] = ["risksummary", "risks", "riskcounts", "risklevels"];

/// Names of the list of alerts under `data`, the likeliest first.
pub(super) const LIST: [&str; 6] = ["alerts", "findings", "items", "groups", "alertgroups", "results"];

/// Lists in a group that hold findings: one without any is a heading, and no finding.
pub(super) const MEMBERS: [&str; 3] = ["alerts", "findings", "items"];

/// Lists in a finding that hold its places: one without any is a finding all the same.
pub(super) const INSTANCES: [&str; 5] = ["instances", "occurrences", "locations", "urls", "affected"];

/// How deep under `data` an object of counts, or lists by severity, may lie.
pub(super) const DEEPEST: usize = 3;

/// The confidence of findings has the same levels as their risk, and is none (contract 6.2).
pub(super) const NEVER: &str = "confidence";

/// The most keys that a description names.
const MOST_KEYS: usize = 40;

/// What was looked for, and what the answer has instead: its keys and their types, and no value.
pub(super) fn description(root: &Value) -> String {
    let mut keys = Vec::new();
    describe(root, "", 0, &mut keys);
    let rest = keys.len().saturating_sub(MOST_KEYS);
    keys.truncate(MOST_KEYS);
    let mut shown = if keys.is_empty() { a_kind(root).to_owned() } else { keys.join(", ") };
    if rest > 0 {
        shown = format!("{shown} and {rest} more");
    }
    format!(
        "neither a risk summary nor a list of alerts that scangate recognises; looked for the summary at data.riskSummary, data.risks, \
         data.riskCounts, data.riskLevels, in data.report and data.results, and for any other counts of critical, high, medium or low \
         down to {DEEPEST} levels, and for the list at data.{}; the answer has {shown}",
        ["alerts", "findings", "items", "groups", "alertGroups", "results"].join(", data.")
    )
}

fn describe(value: &Value, path: &str, depth: usize, keys: &mut Vec<String>) {
    let Value::Object(object) = value else { return };
    for (name, value) in object {
        let name = bounded(&one_line(name), 40);
        let path = if path.is_empty() { name } else { format!("{path}.{name}") };
        let what = match value {
            Value::Array(items) => match items.first() {
                Some(first) => format!("list of {}, the first {}", items.len(), a_kind(first)),
                None => "empty list".to_owned(),
            },
            other => kind(other).to_owned(),
        };
        keys.push(format!("{path} ({what})"));
        if depth < DEEPEST {
            describe(value, &path, depth + 1, keys);
        }
    }
}

/// Whether a key can be on the way to what is looked for.
pub(super) fn may_lead(name: &str) -> bool {
    !plain(name).contains(NEVER)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_description_has_keys_and_types_and_no_value() {
        let answer = json!({ "success": true, "data": { "secret\u{1b}": "hunter2", "rows": [{ "a": 1 }], "n": 7, "o": { "p": null } } });
        let text = description(&answer);
        assert!(text.contains("data.riskSummary") && text.contains("data.alertGroups"), "{text}");
        for shown in
            ["data.secret (text)", "data.rows (list of 1, the first an object)", "data.n (number)", "data.o.p (null)"]
        {
            assert!(text.contains(shown), "{shown}: {text}");
        }
        assert!(!text.contains("hunter2") && !text.contains('\u{1b}'), "{text}");
        assert!(description(&json!([1, 2])).ends_with("the answer has a list"));
    }

    #[test]
    fn a_description_is_bounded() {
        let many: serde_json::Map<String, Value> =
            (0..5_000).map(|number| (format!("{number}{}", "k".repeat(500)), json!(1))).collect();
        let text = description(&json!({ "data": many }));
        assert!(text.contains("and 4961 more") && text.chars().count() < 4_000, "{}", text.chars().count());
    }
}
