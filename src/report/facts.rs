//! The objects that the `json` report and the outcome file share.

use jiff::Timestamp;
use serde::Serialize;

use super::{Report, RunFacts, text};
use crate::error::Problem;
use crate::finding::{Controls, Fingerprint, PolicyDecision, ScanResult, Unlisted};
use crate::gate::{Counts, Reason};

/// So many findings a reason names; its count says how many there are.
const FINDINGS_OF_A_REASON: usize = 100;

/// What was run.
#[derive(Serialize)]
pub(super) struct Run<'a> {
    started: Timestamp,
    ended: Timestamp,
    duration_seconds: f64,
    commit: Option<&'a str>,
    branch: Option<&'a str>,
    repository_url: Option<String>,
    /// Whether the findings come from the sandbox.
    sandbox: bool,
    /// The version of this program.
    version: &'static str,
    notes: &'a [String],
}

impl<'a> Run<'a> {
    pub(super) fn of(facts: &'a RunFacts) -> Self {
        Self {
            started: facts.started,
            ended: facts.ended,
            duration_seconds: facts.ended.duration_since(facts.started).as_secs_f64(),
            commit: facts.commit.as_deref(),
            branch: facts.branch.as_deref(),
            repository_url: facts.repository_url.as_deref().and_then(text::https_link),
            sandbox: facts.is_sandbox,
            version: env!("CARGO_PKG_VERSION"),
            notes: &facts.notes,
        }
    }
}

/// One entry, without its findings.
#[derive(Serialize)]
pub(super) struct Platform<'a> {
    name: &'a str,
    product: &'a str,
    category: &'a str,
    /// `complete`, `started`, or the class of what went wrong.
    ending: &'static str,
    scan_id: Option<&'a str>,
    scan_url: Option<String>,
    counts: Counts,
    unlisted: &'a [Unlisted],
    controls: Option<&'a Controls>,
    policy: Option<&'a PolicyDecision>,
    files_left_out: u64,
    requests: u64,
    notes: &'a [String],
    problem: Option<&'a Problem>,
}

impl<'a> Platform<'a> {
    pub(super) fn of(result: &'a ScanResult) -> Self {
        Self {
            name: &result.entry,
            product: result.platform,
            category: &result.category,
            ending: result.ending.as_str(),
            scan_id: result.scan.as_ref().map(|scan| scan.id.as_str()),
            scan_url: result.scan.as_ref().and_then(|scan| scan.url.as_deref()).and_then(text::https_link),
            counts: Counts::of(std::slice::from_ref(result)),
            unlisted: &result.unlisted,
            controls: result.controls.as_ref(),
            policy: result.policy.as_ref(),
            files_left_out: result.files_left_out,
            requests: result.requests,
            notes: &result.notes,
            problem: result.ending.problem(),
        }
    }
}

/// One thing that speaks against a pass.
#[derive(Serialize)]
pub(super) struct GateReason<'a> {
    /// The rule and the numbers, for people.
    summary: String,
    #[serde(flatten)]
    reason: &'a Reason,
    /// Fingerprints of the findings that tripped it, worst first.
    findings: Vec<Fingerprint>,
}

/// All reasons of the verdict.
pub(super) fn reasons<'a>(report: &Report<'a>) -> Vec<GateReason<'a>> {
    let results = report.results;
    let reasons = report.verdict.reasons.iter().map(|reason| {
        let found = reason.findings.iter().filter_map(|at| results.get(at.result)?.findings.get(at.finding));
        GateReason {
            summary: text::line(&reason.broken.to_string()),
            reason,
            findings: found.map(|finding| finding.fingerprint).take(FINDINGS_OF_A_REASON).collect(),
        }
    });
    reasons.collect()
}
