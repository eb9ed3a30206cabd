//! Writes the reports of a finished run, and behind them the outcome file. What cannot be written becomes a problem of the run
//! and never keeps the other reports from being written.

use std::io::Write;

use super::Finished;
use super::delivery::write_atomically;
use super::observer::{Event, Observer};
use crate::error::Error;
use crate::report::outcome::{self, ReportFile};
use crate::report::{self, Options, Written};
use crate::settings::{Destination, ReportSettings, ReportTarget};

/// Writes the reports that were asked for, and says what came of each; `documents` is where a report to standard output goes.
pub fn write(
    finished: &mut Finished,
    settings: &ReportSettings,
    observer: &dyn Observer,
    documents: &mut dyn Write,
) -> Vec<ReportFile> {
    let options = Options { suppressed: settings.suppressed, ..Options::default() };
    let mut files = Vec::new();
    for target in &settings.reports {
        let written = write_one(finished, target, &options, documents);
        let is_written = written.is_ok();
        let cut = match written {
            Ok(Written { cut }) => cut,
            Err(error) => {
                finished.add_problem(error.to_problem());
                Vec::new()
            }
        };
        let path = match &target.destination {
            Destination::File(path) => {
                if is_written {
                    observer.event(&Event::Wrote(path));
                }
                path.display().to_string()
            }
            Destination::StandardOutput => "-".to_owned(),
        };
        for sentence in &cut {
            observer.event(&Event::Warning(format!("{path}: {sentence}")));
        }
        files.push(ReportFile { format: target.format, path, written: is_written, cut });
    }
    files
}

/// Writes the outcome file, over an earlier one of the same run.
///
/// # Errors
/// As for [`write_atomically`].
pub fn write_outcome(finished: &Finished, files: &[ReportFile], settings: &ReportSettings) -> Result<(), Error> {
    write_atomically(&settings.outcome, |out| outcome::write(&finished.report(), files, out))
}

fn write_one(
    finished: &Finished,
    target: &ReportTarget,
    options: &Options,
    documents: &mut dyn Write,
) -> Result<Written, Error> {
    let mut written = Written::default();
    let mut write = |out: &mut dyn Write| {
        written = report::write(target.format, &finished.report(), options, out)?;
        Ok(())
    };
    match &target.destination {
        Destination::File(path) => write_atomically(path, write)?,
        Destination::StandardOutput => write(documents)
            .map_err(|error: std::io::Error| Error::Delivery { path: "-".to_owned(), cause: error.to_string() })?,
    }
    Ok(written)
}
