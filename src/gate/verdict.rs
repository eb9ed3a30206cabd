//! The verdict and its reasons.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::limits::{GateSettings, Source, Unrated};
use crate::error::Class;
use crate::finding::{Ending, Finding, Kind, ScanResult, Severity, Unlisted};

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
    /// The listed findings that tripped it, worst first; empty where no finding did.
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
        /// Who counts how many of them without listing them.
        unlisted: Vec<Share>,
    },
    /// Findings without a severity, under `--unrated fail`.
    Unrated {
        /// How many there are.
        count: u64,
        /// Who counts how many of them without listing them.
        unlisted: Vec<Share>,
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

/// So many of a reason's findings are one platform's and known by their number alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Share {
    /// The entry.
    pub entry: String,
    /// Its platform.
    pub platform: &'static str,
    /// How many there are.
    pub count: u64,
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
    /// Open findings, whatever their rating, and whether they are listed or only counted.
    pub open: u64,
    /// How many of the open findings a platform counts and does not list.
    pub unlisted: u64,
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
            Self::Limit { kind, severity, count, allowed, setting, unlisted } => {
                let unlisted = Parenthesis { count: *count, unlisted };
                let findings = findings(*count);
                write!(formatter, "{count} {severity} {kind} {findings}{unlisted}, {allowed} allowed by {setting}")
            }
            Self::Unrated { count, unlisted } => {
                let unlisted = Parenthesis { count: *count, unlisted };
                let findings = findings(*count);
                write!(formatter, "{count} {findings} without a severity{unlisted}, 0 allowed by --unrated fail")
            }
            Self::Policy { entry, title, count } => {
                write!(formatter, "{entry}: the platform's policy blocks: {title} ({count} {})", findings(*count))
            }
            Self::NoVerdict { entry, class, message } if entry.is_empty() => write!(formatter, "{class}: {message}"),
            Self::NoVerdict { entry, class, message } => write!(formatter, "{entry}: {class}: {message}"),
        }
    }
}

/// What is said of the unlisted among `count` findings: ` that BestDefense counts and does not list` where it is all of them, else
/// ` (3 of them BestDefense counts and does not list)`.
struct Parenthesis<'a> {
    count: u64,
    unlisted: &'a [Share],
}

impl fmt::Display for Parenthesis<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.unlisted {
            [] => Ok(()),
            [only] if only.count == self.count => write!(formatter, " that {} counts and does not list", only.who()),
            shares => {
                let share = |share: &Share| format!("{} of them {} counts and does not list", share.count, share.who());
                write!(formatter, " ({})", shares.iter().map(share).collect::<Vec<_>>().join(", "))
            }
        }
    }
}

impl Share {
    /// The platform's name, and the entry's where that says more.
    fn who(&self) -> String {
        let Self { entry, platform, .. } = self;
        if entry.eq_ignore_ascii_case(platform) { (*platform).to_owned() } else { format!("{platform} ({entry})") }
    }
}

impl Counts {
    /// Counts the findings of `results`, and what their platforms count beyond them. A number too large to hold stays the largest.
    pub fn of(results: &[ScanResult]) -> Self {
        let by_severity = Severity::WORST_FIRST.map(|severity| (severity, 0)).into();
        let mut counts = Self { by_severity, ..Self::default() };
        for finding in results.iter().flat_map(|result| &result.findings) {
            if !finding.state.is_open() {
                counts.closed += 1;
                continue;
            }
            counts.add(finding.kind, finding.severity, 1);
        }
        for unlisted in results.iter().flat_map(|result| &result.unlisted) {
            counts.unlisted = counts.unlisted.saturating_add(unlisted.count);
            counts.add(unlisted.kind, unlisted.severity, unlisted.count);
        }
        counts
    }

    fn add(&mut self, kind: Kind, severity: Option<Severity>, more: u64) {
        if more == 0 {
            return;
        }
        let of_severity = match severity {
            Some(severity) => self.by_severity.entry(severity).or_default(),
            None => &mut self.unrated,
        };
        for count in [of_severity, self.by_kind.entry(kind).or_default(), &mut self.open] {
            *count = count.saturating_add(more);
        }
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
    let mut cells: BTreeMap<(Reverse<Severity>, Kind), Cell> = BTreeMap::new();
    let mut unrated = Cell::default();
    for (reference, finding) in numbered(results).filter(|(_, finding)| finding.state.is_open()) {
        match (finding.severity, settings.unrated) {
            (Some(severity), _) | (None, Unrated::As(severity)) => {
                cells.entry((Reverse(severity), finding.kind)).or_default().findings.push(reference);
            }
            (None, Unrated::Fail) => unrated.findings.push(reference),
            (None, Unrated::Ignore) => {}
        }
    }
    for (result, unlisted) in results.iter().flat_map(|result| result.unlisted.iter().map(move |own| (result, own))) {
        match (unlisted.severity, settings.unrated) {
            (Some(severity), _) | (None, Unrated::As(severity)) => {
                cells.entry((Reverse(severity), unlisted.kind)).or_default().add(result, *unlisted);
            }
            (None, Unrated::Fail) => unrated.add(result, *unlisted),
            (None, Unrated::Ignore) => {}
        }
    }

    let mut reasons = Vec::new();
    for ((Reverse(severity), kind), cell) in cells {
        let count = cell.count();
        match settings.limits.of(kind, severity) {
            Some((allowed, setting)) if count > allowed => {
                let remedy = cell.remedy(count - allowed);
                let Cell { findings, unlisted } = cell;
                reasons.push(Reason {
                    broken: Broken::Limit { kind, severity, count, allowed, setting, unlisted },
                    findings,
                    remedy,
                });
            }
            _ => {}
        }
    }
    let count = unrated.count();
    if count > 0 {
        let remedy = format!("{}, have the platform rate them, or set --unrated to a severity", unrated.remedy(count));
        let Cell { findings, unlisted } = unrated;
        reasons.push(Reason { broken: Broken::Unrated { count, unlisted }, findings, remedy });
    }
    reasons.extend(results.iter().flat_map(|result| policy_reasons(result, settings)));
    reasons.extend(results.iter().filter_map(no_verdict));
    if results.is_empty() {
        let message = "no platform was asked".to_owned();
        reasons.push(missing("", Class::Incomplete, message, "name a platform".to_owned()));
    }
    Verdict { reasons, counts: Counts::of(results) }
}

/// What counts against one limit.
#[derive(Default)]
struct Cell {
    findings: Vec<FindingReference>,
    /// One share an entry, in the order of the entries.
    unlisted: Vec<Share>,
}

impl Cell {
    fn add(&mut self, result: &ScanResult, unlisted: Unlisted) {
        match self.unlisted.last_mut() {
            _ if unlisted.count == 0 => {}
            Some(last) if last.entry == result.entry => last.count = last.count.saturating_add(unlisted.count),
            _ => {
                let (entry, platform) = (result.entry.clone(), result.platform);
                self.unlisted.push(Share { entry, platform, count: unlisted.count });
            }
        }
    }

    fn count(&self) -> u64 {
        self.unlisted.iter().fold(self.findings.len() as u64, |count, share| count.saturating_add(share.count))
    }

    /// What to do about `over` of them.
    fn remedy(&self, over: u64) -> String {
        let remedy = fix_or_close(over, self.count());
        if self.unlisted.is_empty() { remedy } else { format!("{remedy}, where those are seen that it does not list") }
    }
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
