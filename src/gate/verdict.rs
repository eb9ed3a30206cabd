//! The verdict and its reasons.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::limits::{GateSettings, Source, Unrated};
use crate::error::Class;
use crate::finding::{Ending, Finding, Kind, ScanResult, Severity};

/// What the gate says, and why.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// Everything that speaks against a pass, worst first. Empty is a pass.
    pub reasons: Vec<Reason>,
    /// What was counted.
    pub counts: Counts,
}

/// One thing that speaks against a pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The rule that tripped.
    #[serde(flatten)]
    pub broken: Broken,
    /// The findings that tripped it, worst first; empty where no finding did.
    #[serde(skip)]
    pub findings: Vec<FindingReference>,
    /// What would make it pass.
    pub remedy: String,
}

/// The rule that tripped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "rule", rename_all = "kebab-case")]
pub enum Broken {
    /// More open findings of a kind and severity than are allowed.
    Limit {
        /// The kind of the cell.
        kind: Kind,
        /// The severity of the cell.
        severity: Severity,
        /// How many there are.
        count: u64,
        /// How many are allowed.
        allowed: u64,
        /// The setting that says so.
        setting: Source,
    },
    /// Findings without a severity, under `--unrated fail`.
    Unrated {
        /// How many there are.
        count: u64,
    },
    /// A blocking rule of the platform's own policy.
    Policy {
        /// The entry whose platform says so.
        entry: String,
        /// The rule's title at the platform.
        title: String,
        /// How many findings broke it, by the platform's count.
        count: u64,
    },
    /// An entry without a complete result.
    NoVerdict {
        /// The entry.
        entry: String,
        /// How it ended.
        class: Class,
        /// What happened.
        message: String,
    },
}

/// A finding, as its entry's and its own place in the list that was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FindingReference {
    /// Index into the results.
    pub result: usize,
    /// Index into that result's findings.
    pub finding: usize,
}

/// How many findings there are, of all entries together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Open findings, whatever their rating.
    pub open: u64,
    /// Findings that the platform's users have closed.
    pub closed: u64,
    /// Open findings without a severity.
    pub unrated: u64,
    /// Open, rated findings by severity; every severity is there.
    pub by_severity: BTreeMap<Severity, u64>,
    /// Open findings by kind; only kinds that occur.
    pub by_kind: BTreeMap<Kind, u64>,
}

/// The rule and the numbers, in one line. Titles and messages are as the platform wrote them.
impl fmt::Display for Broken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let findings = |count: u64| if count == 1 { "finding" } else { "findings" };
        match self {
            Self::Limit { kind, severity, count, allowed, setting } => {
                write!(formatter, "{count} {severity} {kind} {}, {allowed} allowed by {setting}", findings(*count))
            }
            Self::Unrated { count } => {
                write!(formatter, "{count} {} without a severity, 0 allowed by --unrated fail", findings(*count))
            }
            Self::Policy { entry, title, count } => {
                write!(formatter, "{entry}: the platform's policy blocks: {title} ({count} {})", findings(*count))
            }
            Self::NoVerdict { entry, class, message } if entry.is_empty() => write!(formatter, "{class}: {message}"),
            Self::NoVerdict { entry, class, message } => write!(formatter, "{entry}: {class}: {message}"),
        }
    }
}

impl Counts {
    /// Counts the findings of `results`.
    pub fn of(results: &[ScanResult]) -> Self {
        let by_severity = Severity::WORST_FIRST.map(|severity| (severity, 0)).into();
        let mut counts = Self { by_severity, ..Self::default() };
        for finding in results.iter().flat_map(|result| &result.findings) {
            if !finding.state.is_open() {
                counts.closed += 1;
                continue;
            }
            counts.open += 1;
            *counts.by_kind.entry(finding.kind).or_default() += 1;
            match finding.severity {
                Some(severity) => *counts.by_severity.entry(severity).or_default() += 1,
                None => counts.unrated += 1,
            }
        }
        counts
    }
}

impl Verdict {
    /// Whether nothing speaks against a pass.
    pub fn passes(&self) -> bool {
        self.reasons.is_empty()
    }

    /// Whether findings or a policy, rather than missing data, speak against it.
    pub fn is_tripped(&self) -> bool {
        self.reasons.iter().any(|reason| !matches!(reason.broken, Broken::NoVerdict { .. }))
    }
}

/// Judges what the platforms brought. Total: there is a verdict for every input, and none for nothing is a pass.
pub fn judge(results: &[ScanResult], settings: &GateSettings) -> Verdict {
    let mut cells: BTreeMap<(Reverse<Severity>, Kind), Vec<FindingReference>> = BTreeMap::new();
    let mut unrated = Vec::new();
    for (reference, finding) in numbered(results).filter(|(_, finding)| finding.state.is_open()) {
        match (finding.severity, settings.unrated) {
            (Some(severity), _) | (None, Unrated::As(severity)) => {
                cells.entry((Reverse(severity), finding.kind)).or_default().push(reference);
            }
            (None, Unrated::Fail) => unrated.push(reference),
            (None, Unrated::Ignore) => {}
        }
    }

    let mut reasons = Vec::new();
    for ((Reverse(severity), kind), findings) in cells {
        let count = findings.len() as u64;
        match settings.limits.of(kind, severity) {
            Some((allowed, setting)) if count > allowed => {
                let remedy = fix_or_close(count - allowed, count);
                reasons.push(Reason {
                    broken: Broken::Limit { kind, severity, count, allowed, setting },
                    findings,
                    remedy,
                });
            }
            _ => {}
        }
    }
    if !unrated.is_empty() {
        let count = unrated.len() as u64;
        let remedy =
            format!("{}, have the platform rate them, or set --unrated to a severity", fix_or_close(count, count));
        reasons.push(Reason { broken: Broken::Unrated { count }, findings: unrated, remedy });
    }
    reasons.extend(results.iter().flat_map(|result| policy_reasons(result, settings)));
    reasons.extend(results.iter().filter_map(no_verdict));
    if results.is_empty() {
        let message = "no platform was asked".to_owned();
        reasons.push(missing("", Class::Incomplete, message, "name a platform".to_owned()));
    }
    Verdict { reasons, counts: Counts::of(results) }
}

fn numbered(results: &[ScanResult]) -> impl Iterator<Item = (FindingReference, &Finding)> {
    results.iter().enumerate().flat_map(|(result, entry)| {
        entry.findings.iter().enumerate().map(move |(finding, value)| (FindingReference { result, finding }, value))
    })
}

/// What to do about `over` findings of `count`.
fn fix_or_close(over: u64, count: u64) -> String {
    match (over, count) {
        (_, 1) => "fix it, or close it at the platform".to_owned(),
        (over, count) if over == count => "fix them, or close them at the platform".to_owned(),
        (1, _) => "fix one of them, or close one at the platform".to_owned(),
        (over, _) => format!("fix {over} of them, or close {over} at the platform"),
    }
}

fn policy_reasons(result: &ScanResult, settings: &GateSettings) -> Vec<Reason> {
    let Some(policy) = result.policy.as_ref().filter(|_| settings.vendor_policy) else { return Vec::new() };
    let blocking = policy.violations.iter().filter(|violation| violation.blocks);
    blocking
        .map(|violation| Reason {
            broken: Broken::Policy {
                entry: result.entry.clone(),
                title: violation.rule.clone(),
                count: violation.affected,
            },
            findings: Vec::new(),
            remedy: "fix the findings that the policy names, or acknowledge the violation at the platform".to_owned(),
        })
        .collect()
}

fn no_verdict(result: &ScanResult) -> Option<Reason> {
    match &result.ending {
        Ending::Complete => None,
        Ending::Started => {
            let message = "the scan was started, and nobody waited for it".to_owned();
            Some(missing(&result.entry, Class::Started, message, "run `scangate wait` for it".to_owned()))
        }
        Ending::Short(problem) => {
            let remedy = problem.hint.clone().unwrap_or_else(|| "run it again".to_owned());
            Some(missing(&result.entry, problem.class, problem.message.clone(), remedy))
        }
    }
}

fn missing(entry: &str, class: Class, message: String, remedy: String) -> Reason {
    Reason { broken: Broken::NoVerdict { entry: entry.to_owned(), class, message }, findings: Vec::new(), remedy }
}
