//! The first line of every report for people: the verdict, and never more than is known.

use super::{Report, text::counted};
use crate::error::Class;

/// The verdict in one line: `passed`, `failed`, `started` or `no verdict`, with the class where that says more, and the exit
/// code. It is made of our own words and of numbers.
pub fn headline(report: &Report<'_>) -> String {
    let conclusion = report.conclusion;
    let open = counted(report.verdict.counts.open, "open finding");
    if conclusion.softened {
        let class = conclusion.class;
        return format!(
            "not passed: {class}, which --on {class}=warn turns into a warning; {open} (exit {})",
            conclusion.exit_code
        );
    }
    let said = match conclusion.class {
        Class::Passed => return format!("passed: {open}, none over a limit (exit {})", conclusion.exit_code),
        Class::Started => {
            return format!("started: no verdict, since nobody waited for the scan (exit {})", conclusion.exit_code);
        }
        Class::Findings => format!("failed: {open}, {}", counted(report.verdict.reasons.len() as u64, "reason")),
        Class::Delivery if !report.verdict.passes() => format!("failed: a report is missing; {open}"),
        Class::Delivery => format!("failed: the gate passes with {open}, but a report is missing"),
        _ => format!("no verdict: {open} so far"),
    };
    format!("{said} ({}, exit {})", conclusion.class, conclusion.exit_code)
}
