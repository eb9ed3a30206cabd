//! Reports: one file a format, each a pure function of a [`Report`] to bytes (DESIGN section 11).
//!
//! ```text
//! Report ─► shown (what may leave) ─► text (escaped for the format) ─► sarif │ json │ markdown │ table ─► bytes
//!                                                                      outcome, last of all ─┘
//! ```
//! Nothing here opens a file, reads a clock or knows a platform. Whatever a format has to leave out to stay within the limits
//! of its readers is said in [`Written`], and in the report itself where the format has a place for it.

pub mod annotations;
pub mod markdown;
pub mod outcome;
pub mod table;

mod facts;
mod headline;
mod json;
mod json_layout;
mod sarif;
mod shown;
mod text;

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use jiff::Timestamp;
use serde::Serialize;

pub use headline::headline;
pub use sarif::Suppressed;
pub(crate) use text::{counted, escape_json, https_link};

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
    /// What people should know of the run as a whole, in sentences.
    pub notes: Vec<String>,
}

impl Report<'_> {
    /// Whether at least one entry brought everything there is. Where none did, the SARIF file says that the run was not
    /// successful, and is not for upload.
    pub fn has_complete_result(&self) -> bool {
        self.results.iter().any(|result| result.ending.is_complete())
    }
}

/// The format of a report, by the names of `--report FORMAT=PATH`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// SARIF 2.1.0, within the limits of GitHub code scanning.
    Sarif,
    /// The model of this program, versioned, one finding a line.
    Json,
    /// For people, where Markdown is rendered: GitHub's job summary, a comment, a wiki.
    Markdown,
    /// For people at a terminal.
    Table,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 4] = [Self::Sarif, Self::Json, Self::Markdown, Self::Table];

    /// The name used in settings and in the outcome file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sarif => "sarif",
            Self::Json => "json",
            Self::Markdown => "markdown",
            Self::Table => "table",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl Serialize for Format {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = NotAFormat;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|format| format.as_str() == word).ok_or(NotAFormat)
    }
}

/// A setting that is none of the formats.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one of sarif, json, markdown, table")]
pub struct NotAFormat;

/// What can be chosen about a report.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// `--sarif-suppressed`.
    pub suppressed: Suppressed,
    /// How much Markdown there may be.
    pub markdown: markdown::Limits,
    /// The look of the table.
    pub table: table::Style,
}

/// What came of writing a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// What is not in the report although it was found, or will not be shown by its readers, in sentences for people.
    pub cut: Vec<String>,
}

/// Writes `report` to `out` as `format`.
pub fn write(format: Format, report: &Report<'_>, options: &Options, out: &mut dyn Write) -> io::Result<Written> {
    match format {
        Format::Sarif => sarif::write(report, options.suppressed, out),
        Format::Json => json::write(report, out),
        Format::Markdown => markdown::write(report, options.markdown, out),
        Format::Table => table::write(report, options.table, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_read_by_its_own_name_only() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        assert_eq!("SARIF".parse::<Format>(), Err(NotAFormat));
        assert_eq!("".parse::<Format>(), Err(NotAFormat));
    }
}
