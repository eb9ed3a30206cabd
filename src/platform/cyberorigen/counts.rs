//! The scan's own counts against the findings that its list brought (contract 4.1). What is counted and not listed gates all the
//! same, and makes the result incomplete.

use super::rows::USUAL_KIND;
use super::wire::Scan;
use crate::finding::{Finding, Severity, Unlisted};

/// The severities of [`Scan::counts`], in their order.
const COUNTED: [Severity; 4] = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];

/// How many findings the scan counts: its total, or what its counts by severity come to where that is more.
pub(super) fn counted(scan: &Scan) -> u64 {
    let sum = scan.counts.iter().flatten().fold(0_u64, |sum, count| sum.saturating_add(*count));
    scan.found.unwrap_or_default().max(sum)
}

/// What the scan counts beyond these findings. Closed ones are among its counts as far as anybody knows, since they were found.
pub(super) fn beyond(scan: &Scan, findings: &[Finding]) -> Vec<Unlisted> {
    let by_severity =
        COUNTED.into_iter().zip(scan.counts).filter_map(|(severity, count)| Some((Some(severity), count?)));
    let mut unlisted = Unlisted::beyond(USUAL_KIND, by_severity, findings);
    // Where the list holds as many as were found, an unrated row is one that the scan counts under some severity. Unrated rows
    // gate by `--unrated`, so they stand for the lesser ones alone.
    if scan.found.is_some_and(|found| findings.len() as u64 >= found) {
        let mut unrated = findings.iter().filter(|finding| finding.severity.is_none()).count() as u64;
        for part in unlisted.iter_mut().filter(|part| part.severity < Some(Severity::High)) {
            let same = part.count.min(unrated);
            part.count -= same;
            unrated -= same;
        }
        unlisted.retain(|part| part.count > 0);
    }
    let named = unlisted.iter().fold(findings.len() as u64, |sum, part| sum.saturating_add(part.count));
    let rest = scan.found.unwrap_or_default().saturating_sub(named);
    if rest > 0 {
        unlisted.push(Unlisted { kind: USUAL_KIND, severity: None, count: rest });
    }
    unlisted
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::rows::Mapper;
    use super::*;

    fn scan(json: &Value) -> Scan {
        serde_json::from_str(&json.to_string()).unwrap()
    }

    fn left(scan_json: &Value, severities: &[&str]) -> Vec<String> {
        let mut mapper = Mapper::new("", "t");
        let rows = severities.iter().map(|word| json!({ "title": "T", "severity": word }).to_string());
        let findings: Vec<Finding> = rows.map(|row| mapper.finding(serde_json::from_str(&row).unwrap())).collect();
        beyond(&scan(scan_json), &findings).iter().map(Unlisted::what).collect()
    }

    #[test]
    fn a_list_that_holds_all_that_is_counted_leaves_nothing() {
        let counts = json!({ "vulnerabilities_found": 3, "critical_count": 1, "high_count": 1, "medium_count": 0, "low_count": 0 });
        assert_eq!(left(&counts, &["critical", "high", "info"]), [""; 0]);
        assert_eq!(
            left(&counts, &["critical", "high", "info", "low", "low"]),
            [""; 0],
            "more than counted is no fault"
        );
        assert_eq!(left(&json!({}), &[]), [""; 0], "no scan need have counts");
    }

    #[test]
    fn what_is_missing_is_named_by_its_severity_and_counted_once() {
        let counts = json!({ "vulnerabilities_found": 4, "critical_count": 1, "high_count": 2, "medium_count": 1, "low_count": 0 });
        assert_eq!(left(&counts, &["high", "medium"]), ["1 critical network finding", "1 high network finding"]);
    }

    #[test]
    fn a_total_alone_leaves_findings_without_a_severity() {
        assert_eq!(left(&json!({ "vulnerabilities_found": "5" }), &["low"]), ["4 network findings without a severity"]);
        let counts = json!({ "vulnerabilities_found": 5, "high_count": 1 });
        assert_eq!(left(&counts, &["low"]), ["1 high network finding", "3 network findings without a severity"]);
    }

    #[test]
    fn a_severity_that_the_list_names_otherwise_is_missing_as_the_scan_names_it() {
        let counts = json!({ "vulnerabilities_found": 1, "high_count": 1 });
        assert_eq!(left(&counts, &["low"]), ["1 high network finding"]);
    }

    #[test]
    fn an_unrated_row_of_a_whole_list_stands_for_one_that_is_counted_as_medium_or_low() {
        let counts =
            |found| json!({ "vulnerabilities_found": found, "high_count": 1, "medium_count": 1, "low_count": 1 });
        assert_eq!(left(&counts(3), &["high", "unknown", ""]), [""; 0]);
        assert_eq!(left(&counts(3), &["low", "medium", "unknown"]), ["1 high network finding"]);
        assert_eq!(left(&counts(4), &["high", "low", "unknown"]), ["1 medium network finding"]);
        assert_eq!(
            left(&json!({ "medium_count": 1 }), &["unknown"]),
            ["1 medium network finding"],
            "no total, no word"
        );
    }

    #[test]
    fn the_larger_of_both_counts_is_what_the_list_is_waited_for() {
        assert_eq!(counted(&scan(&json!({ "vulnerabilities_found": 5, "high_count": 1 }))), 5);
        assert_eq!(counted(&scan(&json!({ "vulnerabilities_found": 1, "high_count": 2, "low_count": 2 }))), 4);
        assert_eq!(counted(&scan(&json!({ "high_count": -2 }))), 0);
    }
}
