//! Reports: one file a format, each a pure function of a [`Report`] to bytes (DESIGN section 11).

use jiff::Timestamp;

use crate::error::Problem;
use crate::finding::ScanResult;
use crate::gate::{Conclusion, Verdict};

/// Everything that a report may say.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The run around the results.
    pub run: &'a RunFacts,
    /// What each entry brought.
    pub results: &'a [ScanResult],
    /// What the gate says, and why.
    pub verdict: &'a Verdict,
    /// How the run as a whole ended.
    pub conclusion: &'a Conclusion,
    /// What went wrong outside of any entry.
    pub problems: &'a [Problem],
}

/// The run around the results.
#[derive(Clone, Debug)]
pub struct RunFacts {
    /// When it began.
    pub started: Timestamp,
    /// When the reports were written.
    pub ended: Timestamp,
    /// The commit that was scanned, where known.
    pub commit: Option<String>,
    /// The branch that was scanned, where known.
    pub branch: Option<String>,
    /// The repository's web address, where known; https.
    pub repository_url: Option<String>,
    /// The arguments after the program's name, redacted.
    pub arguments: Vec<String>,
    /// Whether the findings come from the sandbox, which is no scanner to rely on.
    pub is_sandbox: bool,
}
