//! The outcome file: how the run ended, for the steps that come after it. Written last, in every class of ending (DESIGN
//! section 9; docs/reports.md describes it).

use std::io::{self, Write};

use serde::Serialize;

use super::facts::{GateReason, Platform, Run, reasons};
use super::{Format, Report, json_layout};
use crate::error::Problem;
use crate::gate::{Conclusion, Counts};

/// Changes with every change that a reader could trip over.
const SCHEMA: &str = "scangate/outcome/v1";

/// A report that was written, or should have been.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportFile {
    /// Its format.
    pub format: Format,
    /// Its path as the user gave it; `-` is standard output.
    pub path: String,
    /// Whether it is there, whole.
    pub written: bool,
    /// [`super::Written::cut`].
    pub cut: Vec<String>,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    #[serde(flatten)]
    conclusion: &'a Conclusion,
    run: Run<'a>,
    counts: &'a Counts,
    reasons: Vec<GateReason<'a>>,
    problems: &'a [Problem],
    platforms: Vec<Platform<'a>>,
    files_left_out: u64,
    requests: u64,
    reports: &'a [ReportFile],
}

/// Writes the outcome of `report`, whose files are `reports`.
pub fn write(report: &Report<'_>, reports: &[ReportFile], out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        schema: SCHEMA,
        conclusion: report.conclusion,
        run: Run::of(report.run),
        counts: &report.verdict.counts,
        reasons: reasons(report),
        problems: report.problems,
        platforms: report.results.iter().map(Platform::of).collect(),
        files_left_out: report.results.iter().map(|result| result.files_left_out).fold(0, u64::saturating_add),
        requests: report.results.iter().map(|result| result.requests).fold(0, u64::saturating_add),
        reports,
    };
    json_layout::write_indented(&document, out)
}
