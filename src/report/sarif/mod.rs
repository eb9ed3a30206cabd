//! SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format"), within the limits of GitHub code scanning.
//!
//! ```text
//! Report ─► plan: which runs, results and rules, and what is cut ─► document: one object at a time ─► bytes
//! ```
//! The objects are those of `serde_sarif`, which no other module names. Results and rules are made while they are written: 25,000
//! results held at once would cost 150 MB. Facts about GitHub: <https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support>.

mod budget;
mod document;
mod location;
mod plan;
mod result;
mod rule;
mod taxonomy;

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use super::{Report, Written, json_layout};
use plan::{Limits, Plan};

/// `--sarif-suppressed`: what becomes of findings that the platform's users have closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Suppressed {
    /// They are left out: GitHub would show them as open alerts.
    #[default]
    Omit,
    /// They are written with `suppressions`.
    Include,
}

impl FromStr for Suppressed {
    type Err = NotSuppressed;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "omit" => Ok(Self::Omit),
            "include" => Ok(Self::Include),
            _ => Err(NotSuppressed),
        }
    }
}

impl fmt::Display for Suppressed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Omit => "omit",
            Self::Include => "include",
        })
    }
}

/// A setting that is neither of the two.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither omit nor include")]
pub struct NotSuppressed;

/// Writes one SARIF log.
pub(super) fn write(report: &Report<'_>, suppressed: Suppressed, out: &mut dyn Write) -> io::Result<Written> {
    let plan = Plan::new(report, suppressed, &Limits::GITHUB)?;
    // Runs and their results are two lists deep.
    json_layout::write(&document::Log::of(&plan, report), 2, out)?;
    Ok(Written { cut: plan.cut })
}
