//! The risk summary: how many findings of each severity there are, which is what the vendor's own gate goes by (contract 6.2).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::list::{is_keyed, severity_of};
use super::places::{DEEPEST, LIST, SUMMARY, may_lead};
use crate::finding::Severity;
use crate::platform::fields::{Fields, a_kind, count, plain};
use crate::platform::text::{bounded, one_line};

/// The counts, and what people should know of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    /// How many findings of each severity. A severity that is not there has none, since at least one is.
    pub(super) counts: BTreeMap<Severity, u64>,
    /// How many findings under a level that is no severity.
    pub(super) unrated: u64,
    /// How many in all, where it says so.
    pub(super) total: Option<u64>,
    /// What people should know.
    pub(super) notes: Vec<String>,
}

/// What a value is, taken for a summary.
enum Reading {
    Counts(Summary),
    /// It has no counts by severity.
    Other,
    /// It has severities, and something under them that is no count.
    Malformed(String),
}

/// How likely a place is that of the summary: what is named so, what begins with the documented `r`, what speaks of risk or
/// severity, the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Named,
    Documented,
    Related,
    Other,
}

struct Candidate {
    rank: Rank,
    path: String,
    summary: Summary,
}

/// Finds the summary in what an answer is about. The error says what is there and cannot be understood.
pub(super) fn find(payload: &Value) -> Result<Option<Summary>, String> {
    let mut candidates = Vec::new();
    let Value::Object(object) = payload else { return Ok(None) };
    for (name, value) in object.iter().filter(|(name, _)| SUMMARY.contains(&plain(name).as_str())) {
        let path = format!("data.{name}");
        let before = candidates.len();
        match read(value, true) {
            Reading::Counts(summary) => candidates.push(Candidate { rank: Rank::Named, path, summary }),
            Reading::Malformed(how) => return Err(format!("counts that cannot be understood: {path} has {how}")),
            // An empty one counts nothing, and PHP writes it as a list; lists by severity are alerts and no counts.
            Reading::Other if is_empty(value) || is_keyed(value) => {}
            Reading::Other => {
                if let Value::Object(inner) = value {
                    search(inner, &path, Some(Rank::Named), 2, &mut candidates);
                }
                if candidates.len() == before {
                    return Err(format!("counts that cannot be understood: {path} is {} without them", a_kind(value)));
                }
            }
        }
    }
    search(object, "data", None, 1, &mut candidates);
    if candidates.is_empty()
        && let Reading::Counts(summary) = read(payload, false)
    {
        candidates.push(Candidate { rank: Rank::Other, path: "data".to_owned(), summary });
    }
    let Some(best) = candidates.iter().map(|candidate| candidate.rank).min() else { return Ok(None) };
    candidates.retain(|candidate| candidate.rank == best);
    Ok(worst_of(candidates))
}

/// Collects all counts of at least one of the four severities that matter, down to the depth of the contract.
fn search(object: &Map<String, Value>, path: &str, rank: Option<Rank>, depth: usize, found: &mut Vec<Candidate>) {
    for (name, value) in object.iter().filter(|(name, _)| may_lead(name)) {
        let compared = plain(name);
        if depth == 1 && SUMMARY.contains(&compared.as_str()) {
            continue;
        }
        let own = match () {
            () if depth == 1 && compared.starts_with('r') => Rank::Documented,
            () if compared.contains("risk") || compared.contains("severit") => Rank::Related,
            () => Rank::Other,
        };
        let rank = rank.map_or(own, |outer| outer.min(own));
        let path = format!("{path}.{name}");
        // A list of alerts may have counts of its own, of occurrences.
        let is_list = value.is_array() && LIST.contains(&compared.as_str()) && !is_tally(value);
        if !is_list && let Reading::Counts(summary) = read(value, false) {
            found.push(Candidate { rank, path, summary });
        } else if let Value::Object(inner) = value
            && depth < DEEPEST
        {
            search(inner, &path, Some(rank), depth + 1, found);
        }
    }
}

/// The worse of several summaries for each severity, with a note where they differ.
fn worst_of(candidates: Vec<Candidate>) -> Option<Summary> {
    let differ = candidates.windows(2).any(|pair| match pair {
        [a, b] => (&a.summary.counts, a.summary.unrated) != (&b.summary.counts, b.summary.unrated),
        _ => false,
    });
    let paths: Vec<String> = candidates.iter().map(|candidate| candidate.path.clone()).collect();
    let mut summaries = candidates.into_iter().map(|candidate| candidate.summary);
    let mut worst = summaries.next()?;
    for other in summaries {
        for (severity, count) in other.counts {
            let known = worst.counts.entry(severity).or_default();
            *known = count.max(*known);
        }
        worst.unrated = worst.unrated.max(other.unrated);
        worst.total = worst.total.max(other.total);
        worst.notes.extend(other.notes);
    }
    if differ {
        worst.notes.push(format!(
            "BestDefense counts the findings more than once and differently ({}); the higher count of each severity holds",
            paths.join(", ")
        ));
    }
    Some(worst)
}

/// Reads counts by severity from an object or a list of levels. Where nothing but the severities says what it is, one of them has to
/// be worse than informational: logs have an `info` too.
fn read(value: &Value, is_named: bool) -> Reading {
    match value {
        Value::Object(object) => read_object(object, is_named),
        Value::Array(rows) if is_tally(value) => read_rows(rows),
        _ => Reading::Other,
    }
}

fn read_object(object: &Map<String, Value>, is_named: bool) -> Reading {
    let mut summary = Summary::default();
    let (mut levels, mut others) = (Vec::new(), Vec::new());
    let mut is_counts = false;
    let mut malformed = None;
    for (name, value) in object {
        let compared = plain(name);
        let severity =
            severity_of(&compared).filter(|_| compared.chars().all(char::is_alphabetic) && compared != "none");
        let counted = count(value).or_else(|| count(Fields::of(value.as_object()?).get(&["count", "total", "value"])?));
        match (severity, counted) {
            (Some(severity), Some(counted)) => {
                is_counts |= is_named || severity > Severity::Info;
                let known = summary.counts.entry(severity).or_default();
                *known = counted.max(*known);
            }
            // Findings by severity are a list and no counts.
            (Some(_), None) if value.is_array() => return Reading::Other,
            (Some(severity), None) => {
                malformed = Some(format!("a {} that is {} and no count", severity, a_kind(value)));
            }
            (None, Some(counted)) => match compared.as_str() {
                "total" | "all" | "sum" | "count" => summary.total = summary.total.max(Some(counted)),
                "unknown" | "unrated" | "undefined" | "other" => {
                    summary.unrated = summary.unrated.saturating_add(counted);
                }
                _ if is_level(name) => {
                    summary.unrated = summary.unrated.saturating_add(counted);
                    levels.extend((counted > 0).then_some(name.as_str()));
                }
                _ => others.push(name.as_str()),
            },
            (None, None) => {}
        }
    }
    if let Some(how) = malformed {
        return Reading::Malformed(how);
    }
    if !is_counts {
        return Reading::Other;
    }
    for (names, meaning) in [(levels, "they count as unrated"), (others, "they do not count")] {
        if !names.is_empty() {
            summary.notes.push(format!(
                "BestDefense's risk summary has numbers that stand for no severity scangate knows, and {meaning}: {}",
                bounded(&one_line(&names.join(", ")), 200)
            ));
        }
    }
    Reading::Counts(summary)
}

/// Words beside the severities for what is no level of them: what was looked at, how long it took, and what became of findings.
const NO_LEVELS: [&str; 45] = [
    "code",
    "status",
    "page",
    "limit",
    "size",
    "score",
    "grade",
    "percent",
    "percentage",
    "progress",
    "rank",
    "index",
    "id",
    "version",
    "year",
    "duration",
    "time",
    "seconds",
    "minutes",
    "timestamp",
    "pages",
    "urls",
    "requests",
    "endpoints",
    "hosts",
    "sites",
    "checks",
    "tests",
    "passed",
    "alerts",
    "findings",
    "issues",
    "vulnerabilities",
    "instances",
    "occurrences",
    "unique",
    "new",
    "open",
    "fixed",
    "resolved",
    "closed",
    "accepted",
    "ignored",
    "suppressed",
    "confirmed",
];

/// Whether a name among those of severities can be that of another level: one word, and none that means something else.
fn is_level(name: &str) -> bool {
    let mut letters = name.chars();
    let is_word = letters.next().is_some_and(char::is_alphabetic)
        && (letters.clone().all(char::is_lowercase) || letters.all(char::is_uppercase));
    is_word && !NO_LEVELS.contains(&name.to_lowercase().as_str())
}

/// Labels of a level in a list of them.
const LABELS: [&str; 5] = ["severity", "risk", "level", "name", "label"];
const COUNTS: [&str; 3] = ["count", "total", "value"];

/// Whether this is a list of levels with a count each, and not one of findings: a row has nothing to say but its level and numbers.
pub(super) fn is_tally(value: &Value) -> bool {
    let is_level = |row: &Value| {
        let Some(object) = row.as_object() else { return false };
        let fields = Fields::of(object);
        let labels: Vec<String> = LABELS.iter().filter_map(|label| fields.text(&[label])).collect();
        let is_bare = object.values().all(|value| !value.is_array() && !value.is_object());
        is_bare && object.len() <= 4 && !labels.is_empty() && fields.get(&COUNTS).is_some()
    };
    // Rows of titles and occurrences look alike; at least one level has to be a severity, and all labels of its row have to.
    let is_rated = |row: &Value| {
        let Some(object) = row.as_object() else { return false };
        let fields = Fields::of(object);
        LABELS.iter().filter_map(|label| fields.text(&[label])).all(|label| severity_of(&label).is_some())
    };
    let Some(rows) = value.as_array() else { return false };
    !rows.is_empty() && rows.iter().all(is_level) && rows.iter().any(is_rated)
}

fn read_rows(rows: &[Value]) -> Reading {
    let mut summary = Summary::default();
    for fields in rows.iter().filter_map(Value::as_object).map(Fields::of) {
        let label = fields.text(&LABELS).unwrap_or_default();
        let Some(counted) = fields.get(&COUNTS).and_then(count) else {
            return Reading::Malformed("a level whose count is no count".to_owned());
        };
        match severity_of(&label) {
            Some(severity) => {
                let known = summary.counts.entry(severity).or_default();
                *known = known.saturating_add(counted);
            }
            None if matches!(plain(&label).as_str(), "total" | "all" | "sum") => summary.total = Some(counted),
            None => summary.unrated = summary.unrated.saturating_add(counted),
        }
    }
    Reading::Counts(summary)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The counts from critical to informational, and those without a severity.
    fn counts(payload: &Value) -> Option<[u64; 6]> {
        let summary = find(payload).unwrap()?;
        let of = |severity| summary.counts.get(&severity).copied().unwrap_or_default();
        let [critical, high, medium, low, info] = Severity::WORST_FIRST.map(of);
        Some([critical, high, medium, low, info, summary.unrated])
    }

    #[test]
    fn the_summary_is_found_in_every_shape_that_the_contract_names() {
        let whole = [1, 2, 4, 7, 3, 0];
        let flat = json!({ "critical": 1, "high": 2, "medium": 4, "low": 7, "informational": 3 });
        for (payload, expected) in [
            (json!({ "riskSummary": flat }), whole),
            (json!({ "risk_summary": flat }), whole),
            (
                json!({ "risks": { "Critical": "1", "High": "2", "Medium": "4", "Low": "7", "Informational": "3" } }),
                whole,
            ),
            (json!({ "riskCounts": { "CRITICAL": 1, "HIGH": 2, "MODERATE": 4, "LOW": 7, "INFO": 3 } }), whole),
            (json!({ "riskLevels": { "crit": 1, "high": 2, "med": 4, "low": 7, "information": 3 } }), whole),
            (json!({ "report": { "summary": flat } }), whole),
            (json!({ "results": flat }), whole),
            (json!({ "results": { "alerts": [], "counts": flat } }), whole),
            (json!({ "statistics": { "by": { "severity": flat } } }), whole),
            (json!({ "riskSummary": { "critical": 0, "high": 3 } }), [0, 3, 0, 0, 0, 0]),
            (json!({ "riskSummary": { "high": { "count": 3 }, "low": { "total": "2" } } }), [0, 3, 0, 2, 0, 0]),
            (
                json!({ "riskSummary": [{ "severity": "High", "count": 3 }, { "severity": "Low", "count": "2" }] }),
                [0, 3, 0, 2, 0, 0],
            ),
            (json!({ "byLevel": [{ "level": 4, "total": 1 }, { "level": 3, "total": 2 }] }), [1, 2, 0, 0, 0, 0]),
            (
                json!({ "results": [{ "name": "high", "value": 1 }, { "name": "Unknown", "value": 5 }] }),
                [0, 1, 0, 0, 0, 5],
            ),
            (json!({ "riskSummary": { "informational": 3 } }), [0, 0, 0, 0, 3, 0]),
            (json!({ "high": 1, "low": 0 }), [0, 1, 0, 0, 0, 0]),
            (json!({ "riskSummary": { "critical": 0, "severe": 4, "PANIC": 1 } }), [0, 0, 0, 0, 0, 5]),
            (
                json!({ "riskSummary": { "low": 1, "score": 7, "riskScore": 8, "pages": 9, "p1": 2 } }),
                [0, 0, 0, 1, 0, 0],
            ),
        ] {
            assert_eq!(counts(&payload), Some(expected), "{payload}");
        }
    }

    #[test]
    fn what_counts_no_severity_is_no_summary() {
        for payload in [
            json!({}),
            json!(null),
            json!([]),
            json!({ "riskSummary": null }),
            json!({ "riskSummary": {} }),
            json!({ "riskSummary": [] }),
            json!({ "confidenceSummary": { "high": 1, "medium": 2, "low": 3 } }),
            json!({ "report": { "byConfidence": { "high": 1 } } }),
            json!({ "log": { "info": 4, "error": 1 } }),
            json!({ "a": { "b": { "c": { "d": { "high": 1 } } } } }),
            json!({ "totals": { "high": -1 } }),
            json!({ "totals": { "high": 1.5 } }),
            json!({ "totals": { "high": "many", "low": 1 } }),
            json!({ "alerts": [{ "name": "SQL injection", "severity": "High", "count": 3 }] }),
            json!({ "risks": { "High": [{ "name": "x" }], "Low": [] } }),
        ] {
            assert_eq!(counts(&payload), None, "{payload}");
        }
    }

    #[test]
    fn a_named_summary_that_is_not_understood_is_an_error_and_never_nothing() {
        for summary in [
            json!({ "high": -1 }),
            json!({ "high": 1.5, "low": 0 }),
            json!({ "high": "many" }),
            json!({ "high": null, "low": 0 }),
            json!({ "high": true }),
            json!("high"),
            json!(3),
            json!({ "a": 1 }),
            json!([{ "title": "x" }]),
            json!([{ "severity": "High", "count": -3 }]),
        ] {
            assert!(find(&json!({ "riskSummary": summary, "alerts": [] })).is_err(), "{summary}");
        }
    }

    #[test]
    fn likelier_places_go_first_and_of_equal_ones_the_worse_holds_with_a_note() {
        let both = json!({ "riskSummary": { "high": 1 }, "severityTotals": { "high": 9 } });
        assert_eq!(counts(&both), Some([0, 1, 0, 0, 0, 0]));
        let documented = json!({ "severityTotals": { "high": 9 }, "ratings": { "high": 2 }, "x": { "high": 5 } });
        assert_eq!(counts(&documented), Some([0, 2, 0, 0, 0, 0]));
        let equal = json!({ "riskSummary": { "high": 1, "low": 5 }, "risks": { "high": 3, "low": 2 } });
        let summary = find(&equal).unwrap().unwrap();
        assert_eq!(summary.counts, BTreeMap::from([(Severity::High, 3), (Severity::Low, 5)]));
        assert!(summary.notes[0].contains("data.riskSummary, data.risks"), "{:?}", summary.notes);
    }

    #[test]
    fn a_total_is_kept_and_other_numbers_are_said_not_to_count() {
        let summary = find(&json!({ "riskSummary": { "high": 0, "total": 5, "score": 85 } })).unwrap().unwrap();
        assert_eq!(summary.total, Some(5));
        assert!(summary.notes[0].ends_with(": score"), "{:?}", summary.notes);
    }
}
