//! What one platform brought: its findings, its own verdict, and how its part of the run ended.

use serde::Serialize;

use super::{Controls, Finding, Link, Severity, Unlisted};
use crate::error::Problem;
use crate::sorting;

/// The part of one platform entry in a run. Everything right of *findings* starts from a list of these.
#[derive(Clone, Debug)]
pub struct ScanResult {
    /// The entry's unique name; by default the platform's.
    pub entry: String,
    /// The platform's name for people, such as `CybeDefend`.
    pub platform: &'static str,
    /// The platform's public documentation, for the SARIF driver.
    pub documentation: &'static str,
    /// `--category`: what tells this entry's SARIF run from the others', ending in `/`.
    pub category: String,
    /// The scan, once the platform gave it an id.
    pub scan: Option<ScanReference>,
    /// What was found, in the order of [`ScanResult::sort`].
    pub findings: Vec<Finding>,
    /// What the platform counts beyond the findings that it lists. It gates like they do.
    pub unlisted: Vec<Unlisted>,
    /// Compliance controls, where frameworks were asked for. They never gate.
    pub controls: Option<Controls>,
    /// The platform's own policy, where it has one and it was asked.
    pub policy: Option<PolicyDecision>,
    /// Whether the findings are all there are.
    pub ending: Ending,
    /// What was left out or changed on the way, in sentences for people: files not archived, unknown words passed on.
    pub notes: Vec<String>,
    /// Files left out of the archive.
    pub files_left_out: u64,
    /// HTTP requests sent, retries included.
    pub requests: u64,
}

impl ScanResult {
    /// The findings that its platform's users have not closed.
    pub fn open(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.state.is_open())
    }

    /// Sorts the findings worst first, then by kind, place, rule and fingerprint, so that two runs over the same findings write
    /// the same bytes. Unrated findings stand between medium and low, where the default of `--unrated` puts them.
    pub fn sort(&mut self) {
        fn place(finding: &Finding) -> impl Ord {
            let location = &finding.location;
            let severity = std::cmp::Reverse(finding.rank());
            (severity, finding.kind, location.file(), location.line(), &finding.rule.id, finding.fingerprint)
        }
        sorting::sort_by(&mut self.findings, |one, other| place(one).cmp(&place(other)));
    }
}

impl Finding {
    /// The place of its severity in the order of the reports, worst highest.
    pub fn rank(&self) -> u8 {
        Severity::rank(self.severity)
    }
}

/// A scan at its platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScanReference {
    /// The platform's id.
    pub id: String,
    /// The scan's or project's page in the platform's web application.
    pub url: Option<Link>,
}

/// How one platform's part ended.
#[derive(Clone, Debug)]
pub enum Ending {
    /// All findings are there and belong to this scan.
    Complete,
    /// The scan was started and nobody waited for it (`--no-wait`).
    Started,
    /// It ended early or brought less than it should. The findings that did come still count.
    Short(Problem),
}

impl Ending {
    /// Why it is short, if it is.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Short(problem) => Some(problem),
            Self::Complete | Self::Started => None,
        }
    }

    /// `complete`, `started`, or the class of what went wrong.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Started => "started",
            Self::Short(problem) => problem.class.as_str(),
        }
    }

    /// Whether the findings are all there are.
    pub fn is_complete(&self) -> bool {
        matches!(self, Self::Complete)
    }
}

/// What the platform's own policy says of a scan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyDecision {
    /// The rules it found broken.
    pub violations: Vec<PolicyViolation>,
}

/// One broken rule of the platform's policy. Its texts are as the platform wrote them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyViolation {
    /// The rule's title.
    pub rule: String,
    /// The platform's word for what the rule does, such as `BLOCK` or `WARN`; empty where it gives none.
    pub action: String,
    /// Whether the platform's users have accepted the violation.
    pub acknowledged: bool,
    /// Whether it blocks, which is what the gate asks: not a mere warning, and not acknowledged.
    pub blocks: bool,
    /// How many findings broke it, by the platform's count.
    pub affected: u64,
}
