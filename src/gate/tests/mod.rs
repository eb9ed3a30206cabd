//! The gate as a whole: what it promises for every input.

mod conclusion;
mod properties;
mod verdict;

use std::sync::Arc;

use crate::error::{Class, Problem};
use crate::finding::{Ending, Finding, Fingerprint, Kind, Location, Rule, ScanResult, Severity, State};

fn finding(kind: Kind, severity: Option<Severity>) -> Finding {
    Finding {
        id: "row".into(),
        fingerprint: Fingerprint::default(),
        kind,
        severity,
        score: None,
        rule: Arc::new(Rule::default()),
        state: State::Open,
        location: Location::Unmapped { place: String::new() },
        message: String::new(),
        remediation: None,
        link: None,
    }
}

fn entry(findings: Vec<Finding>) -> ScanResult {
    ScanResult {
        entry: "entry".to_owned(),
        platform: "Platform",
        documentation: "https://platform.example",
        category: "scangate/entry/".to_owned(),
        scan: None,
        findings,
        unlisted: Vec::new(),
        controls: None,
        policy: None,
        ending: Ending::Complete,
        notes: Vec::new(),
        files_left_out: 0,
        requests: 0,
    }
}

fn short(class: Class) -> ScanResult {
    ScanResult { ending: Ending::Short(problem(class)), ..entry(Vec::new()) }
}

fn problem(class: Class) -> Problem {
    Problem { class, message: "what happened".to_owned(), hint: None, detail: Vec::new(), retryable: false }
}
