//! Properties of the decoders over answers that nobody has thought of: none panics, and none turns a fault into a pass.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::endpoints::Endpoints;
use super::family::Family;
use super::listing::{Listing, Sheet};
use super::mapping::{Mapper, Row};
use super::status;
use super::wire::{ClientApps, ContainerRow, Page, ScanStarted, ScanStatus, WrappedRow};
use crate::finding::{Finding, Severity};
use crate::http::Redactor;
use crate::platform::record::Record;
use crate::platform::{Region, ScanState, arbitrary};

/// Names that mean something to some decoder, and one that means nothing.
const NAMES: [&str; 24] = [
    "id",
    "base",
    "currentSeverity",
    "currentState",
    "vulnerability",
    "vulnerabilities",
    "total",
    "totalPages",
    "scanProjectInfo",
    "scanId",
    "path",
    "vulnerableStartLine",
    "name",
    "cwe",
    "library",
    "metadata",
    "package",
    "vuln",
    "cvssScore",
    "state",
    "progress",
    "cli",
    "url",
    "other",
];

/// Words that mean something to some decoder, or look as if they did.
const WORDS: [&str; 14] = [
    "critical",
    "LOW",
    " high ",
    "none",
    "to_verify",
    "ignored",
    "completed",
    "COMPLETED_DEGRADED",
    "failed",
    "complete",
    "0",
    "1e309",
    "../x",
    "",
];

/// Any JSON, with names and words that are likely to reach somewhere.
fn document() -> impl Strategy<Value = Value> {
    arbitrary::document(&NAMES, &WORDS)
}

/// A page's findings as far as its list is whole, or nothing where the page or the list is at fault.
fn read<R: Row + Record + Default>(family: Family, page: &Value) -> Option<Vec<Finding>> {
    let endpoints = Endpoints::resolve(Some(Region::Us), None, None).unwrap();
    let mut mapper = Mapper::new(&endpoints, "p-1", "");
    // Through text, as an answer comes.
    let page: Page<R> = serde_json::from_str(&page.to_string()).ok()?;
    let rows = page.vulnerabilities.0.into_iter().map(|row| row?.into_finding(family, &mut mapper)).collect();
    let scan = page.scan_project_info.and_then(|info| info.scan_id.take());
    let mut listing = Listing::new("scan-1");
    listing.take(Sheet { number: 1, total: page.total.count(), total_pages: page.total_pages.count(), scan, rows });
    listing.shortfall().is_none().then(|| listing.into_rows())
}

fn open(findings: &[Finding], severity: Severity) -> usize {
    findings.iter().filter(|finding| finding.state.is_open() && finding.severity == Some(severity)).count()
}

/// A page of three critical findings, each with an id, in the family's own shape.
fn page_of(family: Family) -> Value {
    let row = |number: u64| {
        let id = format!("v-{number}");
        let common = json!({ "id": id, "currentState": "to_verify", "currentSeverity": "critical", "branch": "main" });
        match family {
            Family::Container => {
                let mut row = common;
                row["package"] = json!({ "name": "zlib1g", "version": "1" });
                row["vuln"] = json!({ "title": "overflow", "target": "app:v1", "cweIds": ["CWE-190"] });
                row
            }
            Family::Sca => json!({
                "base": common, "library": { "packageName": "cookie", "packageVersion": "1", "fileName": "package.json" },
                "metadata": { "cve": "CVE-2024-1", "aliases": [{ "alias": "x" }], "packages": [{ "fixed": "2" }] }, "cvssScore": 9.8,
            }),
            _ => {
                let mut base = common;
                base["path"] = json!("a.py");
                base["vulnerableStartLine"] = json!(number + 1);
                base["vulnerability"] = json!({ "id": "r", "name": "n", "cwe": ["CWE-89"], "severity": "CRITICAL" });
                json!({ "base": base, "dataFlowItems": [], "autofixRecords": [] })
            }
        }
    };
    json!({
        "projectId": "p-1", "page": 1, "limit": 100, "total": 3, "totalPages": 1, "vulnerabilities": [row(0), row(1), row(2)],
        "scanProjectInfo": { "scanId": "scan-1", "state": "completed" },
    })
}

fn read_family(family: Family, page: &Value) -> Option<Vec<Finding>> {
    match family {
        Family::Container => read::<ContainerRow>(family, page),
        _ => read::<WrappedRow>(family, page),
    }
}

/// The JSON pointers of everything below the root.
fn places(value: &Value, here: &str, found: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, child)| (format!("{here}/{name}"), child)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, child)| (format!("{here}/{index}"), child)).collect()
        }
        _ => Vec::new(),
    };
    for (place, child) in children {
        places(child, &place, found);
        found.push(place);
    }
}

/// Puts `replacement` where `place` points to, or takes the field or item out.
fn spoil(page: &mut Value, place: &str, replacement: Option<Value>) {
    if let Some(replacement) = replacement {
        *page.pointer_mut(place).unwrap() = replacement;
        return;
    }
    let (parent, name) = place.rsplit_once('/').unwrap();
    match page.pointer_mut(parent).unwrap() {
        Value::Object(fields) => drop(fields.remove(name)),
        Value::Array(items) => drop(items.remove(name.parse().unwrap())),
        _ => unreachable!("only objects and arrays have children"),
    }
}

proptest! {
    #[test]
    fn no_answer_makes_a_decoder_panic_and_only_documented_words_end_a_scan_well(answer in document()) {
        let text = answer.to_string();
        if let Ok(status) = serde_json::from_str::<ScanStatus>(&text) {
            prop_assert!(answer.is_object());
            let word = status.state.get().unwrap_or_default().to_ascii_lowercase();
            let state = status::state(&status, &Redactor::default());
            prop_assert_eq!(matches!(state, Ok(ScanState::Done)), word == "completed");
            prop_assert_eq!(matches!(state, Ok(ScanState::Degraded(_))), word == "completed_degraded");
            prop_assert_eq!(status::has_findings(&status), ["completed", "completed_degraded"].contains(&word.as_str()));
        }
        drop(serde_json::from_str::<ClientApps>(&text));
        drop(serde_json::from_str::<ScanStarted>(&text));
        for family in Family::ALL {
            drop(read_family(family, &answer));
        }
    }

    #[test]
    fn an_answer_that_lists_nothing_is_never_an_empty_list(answer in document()) {
        let inner = answer.as_array().and_then(|pages| pages.first()).unwrap_or(&answer);
        if inner.get("vulnerabilities").is_none() {
            for family in Family::ALL {
                prop_assert!(read_family(family, &answer).is_none());
            }
        }
    }

    /// Whatever else rows hold, a list that is called whole shows what they say to be critical and do not say to be closed.
    #[test]
    fn no_critical_row_is_lost_from_a_whole_list(
        rows in prop::collection::vec(document(), 1..4),
        mut critical in document().prop_filter("is an object", Value::is_object),
        closed in 0_usize..2,
        at in any::<prop::sample::Index>(),
    ) {
        let state = ["to_verify", "snoozed"][closed];
        for family in Family::ALL {
            let inner = if family == Family::Container {
                // A wrapper's own words would weigh more.
                critical.as_object_mut().unwrap().remove("base");
                &mut critical
            } else {
                critical["base"] = json!({ "path": critical["path"].clone() });
                &mut critical["base"]
            };
            inner["currentSeverity"] = json!("Critical");
            inner["currentState"] = json!(state);
            let mut rows = rows.clone();
            rows.insert(at.index(rows.len()), critical.clone());
            let total = rows.len();
            let page = json!({ "total": total, "totalPages": 1, "vulnerabilities": rows });
            if let Some(findings) = read_family(family, &page) {
                prop_assert!(open(&findings, Severity::Critical) > 0, "{page}");
            }
        }
    }

    /// One field that is not as documented makes the list at fault, or touches the row that it stands in, and never another.
    #[test]
    fn one_spoilt_field_never_hides_another_row(
        family in prop::sample::select(Family::ALL.as_slice()),
        at in any::<prop::sample::Index>(),
        replacement in prop::option::of(document()),
    ) {
        let mut page = page_of(family);
        let mut all = Vec::new();
        places(&page, "", &mut all);
        let place = &all[at.index(all.len())];
        spoil(&mut page, place, replacement);
        if let Some(findings) = read_family(family, &page) {
            prop_assert!(open(&findings, Severity::Critical) >= 2, "{place}: {page}");
        }
    }
}

#[test]
fn the_sample_pages_are_whole() {
    for family in Family::ALL {
        assert_eq!(open(&read_family(family, &page_of(family)).unwrap(), Severity::Critical), 3, "{family}");
    }
}
