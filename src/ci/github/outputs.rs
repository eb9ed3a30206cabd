//! Step outputs: one table of their names, and the form in which the runner takes them.
//!
//! Names are an interface that changes only in a major version.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;
use serde_json::json;

use crate::finding::{ScanReference, ScanResult, Severity};
use crate::gate::{Conclusion, Counts};
use crate::report::outcome::ReportFile;
use crate::report::{Format, Report, https_link};
use crate::settings::value;

/// The longest value, in characters; what is longer, and can only come from a platform, is left empty.
const LONGEST: usize = 4096;

/// One output of the step.
pub struct Output {
    /// Its name, as in `steps.<id>.outputs.<name>`.
    pub name: &'static str,
    /// What it holds, for `action.yml` and the documentation.
    pub description: &'static str,
    value: Value,
}

enum Value {
    /// Known in every class of ending, also where nothing could be run.
    Ending(fn(&Conclusion) -> String),
    /// Known once there was a run.
    Run(fn(&Ended<'_>) -> String),
}

/// A run at its end.
#[derive(Clone, Copy)]
pub struct Ended<'a> {
    /// Everything that a report may say.
    pub report: Report<'a>,
    /// The reports that were written, or should have been.
    pub files: &'a [ReportFile],
    /// The outcome file, where it was written.
    pub outcome: Option<&'a Path>,
}

/// All outputs, in the order in which they are written.
pub static ALL: [Output; 24] = [
    ending("class", "how the run ended (docs/exit-codes.md)", |end| end.class.to_string()),
    ending("exit-code", "the exit code of the process", |end| end.exit_code.to_string()),
    ending("softened", "true where --on turned a failure into a warning", |end| end.softened.to_string()),
    ending("retryable", "true where the same run may succeed later", |end| end.retryable.to_string()),
    run("platforms", "the platforms that were asked, separated by commas", |run| {
        join(run.report.results.iter().map(|result| result.entry.clone()))
    }),
    run("endings", "how each platform's part ended and what is open of it, as a JSON list", |run| {
        json!(run.report.results.iter().map(Part::of).collect::<Vec<_>>()).to_string()
    }),
    run("scan-id", "the scan's id at the platform", |run| join(scans(run).map(|scan| scan.id.clone()))),
    run("scan-url", "the scan's page in the platform's web application", |run| {
        join(scans(run).filter_map(|scan| scan.url.as_deref().and_then(https_link)))
    }),
    run("findings", "how many findings are open", |run| run.report.verdict.counts.open.to_string()),
    run("critical", "how many of them are critical", |run| rated(run, Severity::Critical)),
    run("high", "how many of them are high", |run| rated(run, Severity::High)),
    run("medium", "how many of them are medium", |run| rated(run, Severity::Medium)),
    run("low", "how many of them are low", |run| rated(run, Severity::Low)),
    run("info", "how many of them are info", |run| rated(run, Severity::Info)),
    run("unrated", "how many of them have no severity", |run| run.report.verdict.counts.unrated.to_string()),
    run("unlisted", "how many of them a platform counts and does not list", |run| {
        run.report.verdict.counts.unlisted.to_string()
    }),
    run("kinds", "how many of them there are of each kind, as a JSON object", |run| {
        json!(run.report.verdict.counts.by_kind).to_string()
    }),
    run("closed", "how many findings are closed at the platform", |run| run.report.verdict.counts.closed.to_string()),
    run("files-left-out", "how many files were left out of the archive", |run| {
        run.report.results.iter().map(|result| result.files_left_out).fold(0, u64::saturating_add).to_string()
    }),
    run("requests", "how many HTTP requests were sent", |run| {
        run.report.results.iter().map(|result| result.requests).fold(0, u64::saturating_add).to_string()
    }),
    run("duration-seconds", "how long the run took", |run| {
        let facts = run.report.run;
        facts.ended.duration_since(facts.started).as_secs().to_string()
    }),
    run("sarif", "the SARIF file, for upload; empty where no platform brought a complete result", |run| {
        let sarif = run.files.iter().filter(|file| file.format == Format::Sarif && file.written);
        join(sarif.filter(|_| run.report.has_complete_result()).map(|file| file.path.clone()))
    }),
    run("reports", "every report that was written, as a JSON list of objects with format and path", |run| {
        let written = run.files.iter().filter(|file| file.written);
        let reports: Vec<_> = written.map(|file| json!({ "format": file.format, "path": file.path })).collect();
        json!(reports).to_string()
    }),
    run("outcome", "the outcome file", |run| run.outcome.map(|path| path.display().to_string()).unwrap_or_default()),
];

/// One platform's part of a run. Nothing in it is a text of a platform.
#[derive(Serialize)]
struct Part<'a> {
    name: &'a str,
    /// `complete`, `started`, or the class of what went wrong.
    ending: &'static str,
    findings: u64,
}

impl<'a> Part<'a> {
    fn of(result: &'a ScanResult) -> Self {
        let findings = Counts::of(std::slice::from_ref(result)).open;
        Self { name: &result.entry, ending: result.ending.as_str(), findings }
    }
}

const fn ending(name: &'static str, description: &'static str, value: fn(&Conclusion) -> String) -> Output {
    Output { name, description, value: Value::Ending(value) }
}

const fn run(name: &'static str, description: &'static str, value: fn(&Ended<'_>) -> String) -> Output {
    Output { name, description, value: Value::Run(value) }
}

/// All outputs of a run, each with its value.
pub(super) fn of_run(ended: &Ended<'_>) -> Vec<(&'static str, String)> {
    let value = |output: &Output| match output.value {
        Value::Ending(value) => value(ended.report.conclusion),
        Value::Run(value) => value(ended),
    };
    ALL.iter().map(|output| (output.name, value(output))).collect()
}

/// The outputs of a call of which nothing but its end is known.
pub(super) fn of_failure(conclusion: Conclusion) -> Vec<(&'static str, String)> {
    let known = ALL.iter().filter_map(|output| match output.value {
        Value::Ending(value) => Some((output.name, value(&conclusion))),
        Value::Run(_) => None,
    });
    known.collect()
}

/// The outputs as the runner reads them: `name<<DELIMITER`, the value, the delimiter. Each value is made one line.
///
/// # Errors
/// The output whose value holds the delimiter: it could end early and set others.
pub(super) fn file(outputs: &[(&'static str, String)], delimiter: &str) -> Result<String, String> {
    let mut file = String::new();
    for (name, value) in outputs {
        let value = one_line(value);
        if value.contains(delimiter) {
            return Err(format!("the value of {name} holds the delimiter of the outputs"));
        }
        writeln!(file, "{name}<<{delimiter}\n{value}\n{delimiter}").unwrap_or_default();
    }
    Ok(file)
}

/// A delimiter that nobody can guess, in the toolkit's form.
///
/// # Errors
/// The operating system gives no random bytes.
pub(super) fn delimiter() -> Result<String, String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| error.to_string())?;
    Ok(random.iter().fold("ghadelimiter_".to_owned(), |mut delimiter, byte| {
        write!(delimiter, "{byte:02x}").unwrap_or_default();
        delimiter
    }))
}

fn one_line(value: &str) -> String {
    let line = value::escaped(value);
    if line.chars().nth(LONGEST).is_some() { String::new() } else { line }
}

fn join(values: impl Iterator<Item = String>) -> String {
    values.collect::<Vec<_>>().join(",")
}

fn scans<'a>(ended: &Ended<'a>) -> impl Iterator<Item = &'a ScanReference> + use<'a> {
    ended.report.results.iter().filter_map(|result| result.scan.as_ref())
}

fn rated(ended: &Ended<'_>, severity: Severity) -> String {
    ended.report.verdict.counts.by_severity.get(&severity).copied().unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_in_the_runners_form() {
        let names: BTreeSet<&str> = ALL.iter().map(|output| output.name).collect();
        assert_eq!(names.len(), ALL.len());
        let is_plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        assert!(names.iter().all(|name| is_plain(name)));
        assert!(ALL.iter().all(|output| !output.description.is_empty()));
    }

    #[test]
    fn a_value_stands_between_two_delimiters_on_one_line() {
        let outputs = [("class", "passed".to_owned()), ("scan-id", "a\r\nclass=x\u{1b}".to_owned())];
        let written = file(&outputs, "DELIMITER").unwrap();
        assert_eq!(
            written,
            "class<<DELIMITER\npassed\nDELIMITER\nscan-id<<DELIMITER\na\\r\\nclass=x\\u{1b}\nDELIMITER\n"
        );
    }

    #[test]
    fn a_value_with_the_delimiter_is_refused() {
        assert!(file(&[("scan-id", "x DELIMITER y".to_owned())], "DELIMITER").unwrap_err().contains("scan-id"));
    }

    #[test]
    fn a_value_beyond_all_measure_is_left_empty() {
        let written = file(&[("scan-id", "x".repeat(LONGEST + 1))], "D").unwrap();
        assert_eq!(written, "scan-id<<D\n\nD\n");
    }

    #[test]
    fn no_two_delimiters_are_the_same() {
        assert_ne!(delimiter().unwrap(), delimiter().unwrap());
        assert_eq!(delimiter().unwrap().len(), "ghadelimiter_".len() + 32);
    }
}
