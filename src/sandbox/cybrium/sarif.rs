//! Findings out of an uploaded SARIF file (contract sections 2.2, 7.3 and 7.4).

use std::collections::HashSet;

use serde_json::Value;

use super::finding::{Finding, severity_of};
use crate::json;

/// Reads every result of every run. Results of the same rule, file and line are one finding, the first.
///
/// The error says what is wrong with the file.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Finding>, String> {
    let log: Value = json::from_bytes(bytes).map_err(|error| format!("The file is not JSON: {error}"))?;
    if log.get("version").and_then(Value::as_str) != Some("2.1.0") {
        return Err("Only SARIF 2.1.0 is supported.".to_owned());
    }
    let runs = log.get("runs").and_then(Value::as_array).ok_or("The file has no runs.")?;
    let mut seen = HashSet::new();
    let results = runs.iter().flat_map(|run| {
        let results = run.get("results").and_then(Value::as_array).into_iter().flatten();
        results.map(move |result| finding(run, result))
    });
    Ok(results.filter(|finding| seen.insert(finding.id())).collect())
}

fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer).and_then(Value::as_str).map(ToOwned::to_owned)
}

fn finding(run: &Value, result: &Value) -> Finding {
    let rules = run.pointer("/tool/driver/rules").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let id = text(result, "/ruleId").or_else(|| text(result, "/rule/id"));
    let index = ["/ruleIndex", "/rule/index"].iter().find_map(|pointer| result.pointer(pointer)?.as_u64());
    let by_index = index.and_then(|index| rules.get(usize::try_from(index).ok()?));
    let rule = by_index.or_else(|| rules.iter().find(|rule| text(rule, "/id").is_some() && text(rule, "/id") == id));
    let of_rule = |pointer: &str| rule.and_then(|rule| text(rule, pointer));
    let place = "/locations/0/physicalLocation";
    let message = text(result, "/message/text").unwrap_or_default();
    Finding {
        rule: id.or_else(|| of_rule("/id")).unwrap_or_default(),
        title: of_rule("/shortDescription/text").unwrap_or_else(|| message.clone()),
        severity: severity(rule, result),
        status: if is_suppressed(result) { "suppressed" } else { "open" },
        file: text(result, &format!("{place}/artifactLocation/uri")).unwrap_or_default(),
        line: result.pointer(&format!("{place}/region/startLine")).and_then(Value::as_u64),
        snippet: text(result, &format!("{place}/region/snippet/text")).unwrap_or_default(),
        cwe: rule.map(cwe).unwrap_or_default(),
        recommendation: of_rule("/help/text").unwrap_or_default(),
        package: text(result, "/properties/packageCoordinate"),
        description: message,
    }
}

/// The rule's score decides; without one the level does, from which a critical finding cannot be told.
fn severity(rule: Option<&Value>, result: &Value) -> &'static str {
    let score = rule.and_then(|rule| rule.pointer("/properties/security-severity"));
    let score = score.and_then(|score| score.as_f64().or_else(|| score.as_str()?.parse().ok()));
    let level = text(result, "/level")
        .or_else(|| rule.and_then(|rule| text(rule, "/defaultConfiguration/level")))
        .unwrap_or_else(|| "warning".to_owned());
    score.map_or_else(
        || match level.as_str() {
            "error" => "high",
            "warning" => "medium",
            "note" => "low",
            _ => "info",
        },
        severity_of,
    )
}

fn is_suppressed(result: &Value) -> bool {
    let suppressions = result.get("suppressions").and_then(Value::as_array);
    suppressions.is_some_and(|all| all.iter().any(|one| text(one, "/status").is_none_or(|status| status == "accepted")))
}

/// CWE numbers, from the vendor's own property or from tags such as `external/cwe/cwe-89`.
fn cwe(rule: &Value) -> Vec<String> {
    let own = rule.pointer("/properties/cwe").and_then(Value::as_array).into_iter().flatten();
    let tags = rule.pointer("/properties/tags").and_then(Value::as_array).into_iter().flatten();
    let words = own.chain(tags).filter_map(Value::as_str);
    let named = words.filter_map(|word| word.rsplit('/').next()).map(str::to_ascii_uppercase);
    named.filter(|word| word.starts_with("CWE-")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scores_come_before_levels_and_equal_results_are_one() {
        let at = |rule: &str, line: u64| {
            json!({
                "ruleId": rule, "level": "error", "message": { "text": "m" },
                "locations": [{ "physicalLocation": {
                    "artifactLocation": { "uri": "a.py" }, "region": { "startLine": line },
                } }],
            })
        };
        let log = json!({ "version": "2.1.0", "runs": [{
            "tool": { "driver": { "rules": [
                { "id": "N", "properties": { "security-severity": 9.5, "cwe": ["CWE-89"] } },
                { "id": "T", "properties": { "security-severity": "3.0", "tags": ["external/cwe/cwe-079"] } },
            ] } },
            "results": [at("N", 1), at("N", 1), at("N", 2), at("T", 1), at("unknown", 1), { "message": { "text": "bare" } }],
        }] });
        let found = read(log.to_string().as_bytes()).unwrap();
        let severities: Vec<_> = found.iter().map(|finding| finding.severity).collect();
        assert_eq!(severities, ["critical", "critical", "low", "high", "medium"]);
        assert_eq!(
            (found[0].cwe.as_slice(), found[2].cwe.as_slice()),
            (&["CWE-89".to_owned()][..], &["CWE-079".to_owned()][..])
        );
        assert_eq!((found[4].title.as_str(), found[4].line), ("bare", None));
        assert!(read(b"{}").is_err() && read(b"[").is_err() && read(br#"{"version":"2.1.0"}"#).is_err());
    }
}
