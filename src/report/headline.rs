//! The first line of every report for people: the verdict, and never more than is known.

use super::Report;
use super::text::{counted, shorten, terminal};
use crate::error::Class;
use crate::finding::ScanResult;

/// So many entries are named; what is beyond is counted.
const MOST_NAMES: usize = 4;
/// The longest name, in UTF-16 code units.
const LONGEST_NAME: usize = 40;

/// The verdict in one line: `passed`, `failed`, `started` or `no verdict`, with the class where that says more, and the exit
/// code. It is made of our own words and of numbers; where there are several entries also of their names, fit for a terminal.
pub fn headline(report: &Report<'_>) -> String {
    with_names(report, terminal)
}

/// The same with each name made harmless by `escape`.
pub(super) fn with_names(report: &Report<'_>, escape: impl Fn(&str) -> String) -> String {
    let conclusion = report.conclusion;
    let names = |entries: &[&ScanResult]| {
        let shown = entries.iter().take(MOST_NAMES).map(|entry| escape(&shorten(terminal(&entry.entry), LONGEST_NAME)));
        let more = entries.len().checked_sub(MOST_NAMES).filter(|more| *more > 0).map(|more| format!("{more} more"));
        enumerated(&shown.chain(more).collect::<Vec<_>>())
    };
    let entries: Vec<&ScanResult> = report.results.iter().collect();
    let are_several = entries.len() > 1;
    let short: Vec<&ScanResult> = entries.iter().copied().filter(|entry| !entry.ending.is_complete()).collect();

    let counts = &report.verdict.counts;
    let mut open = counted(counts.open, "open finding");
    if are_several {
        open = format!("{open} of {}", names(&entries));
    }
    if counts.unlisted > 0 {
        open = format!("{open} ({} of them not listed)", counts.unlisted);
    }
    let lacking = match short.as_slice() {
        [] => String::new(),
        [only] if are_several => format!("; {} is not complete", names(&[only])),
        several if are_several => format!("; {} are not complete", names(several)),
        _ => String::new(),
    };
    if conclusion.softened {
        let class = conclusion.class;
        return format!(
            "not passed: {class}, which --on {class}=warn turns into a warning; {open}{lacking} (exit {})",
            conclusion.exit_code
        );
    }
    let said = match conclusion.class {
        Class::Passed => return format!("passed: {open}, none over a limit (exit {})", conclusion.exit_code),
        Class::Started => {
            let exit_code = conclusion.exit_code;
            return format!("started: no verdict, since nobody waited for the scan{lacking} (exit {exit_code})");
        }
        Class::Findings => format!("failed: {open}, {}", counted(report.verdict.reasons.len() as u64, "reason")),
        Class::Delivery if !report.verdict.passes() => format!("failed: a report is missing; {open}"),
        Class::Delivery => format!("failed: the gate passes with {open}, but a report is missing"),
        _ => format!("no verdict: {open} so far"),
    };
    format!("{said}{lacking} ({}, exit {})", conclusion.class, conclusion.exit_code)
}

/// `a`, `a and b`, `a, b and c`.
fn enumerated(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
