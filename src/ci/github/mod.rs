//! GitHub Actions: what it says of the run, and what it is told.
//!
//! ```text
//! variables, event file ─► context ─► branch, commit, repository
//! secrets ─► masks                                  ┐
//! Report  ─► report::annotations ─► commands        ├─► standard output
//!            report::table, in a group              ┘
//!            report::markdown ─► GITHUB_STEP_SUMMARY
//!            outputs ──────────► GITHUB_OUTPUT
//! ```
//! The runner reads both streams of the process for commands. Only this module writes any, and everything else that is printed
//! has lost its effect before.

mod command;
mod context;
mod event;
mod file;
pub mod outputs;

use std::path::{Path, PathBuf};

use self::event::Event;
use self::file::RunnerFile;
pub use self::outputs::Ended;
use super::{Base, Context, Host};
use crate::credentials::Secret;
use crate::error::{Error, Problem};
use crate::gate::Conclusion;
use crate::http::Redactor;
use crate::report::annotations::{self, Annotation, Level};
use crate::report::{self, Format, Options, Report, markdown};
use crate::scan::git::WorkTree;
use crate::settings::Environment;

/// What the runner takes of a step's summary, in bytes; it drops a larger one whole
/// (actions/runner, `CreateStepSummaryCommand`).
const LARGEST_SUMMARY: usize = 1 << 20;

/// How many findings the summary lists. More belong into a report.
const SUMMARY_FINDINGS: usize = 50;

/// The runner around the process.
#[derive(Clone)]
pub struct GitHub {
    summary: Option<PathBuf>,
    outputs: Option<PathBuf>,
    redactor: Redactor,
}

/// What is known of a run on GitHub. The event file is read where the event needs it; where it cannot be used, git says what is
/// scanned, and a warning says why.
pub(super) fn context(environment: &Environment, work_tree: impl FnOnce() -> Option<WorkTree>) -> Context {
    let known = || {
        if !context::needs_payload(environment) {
            let known = context::of(environment, &Event::default(), None)?;
            let commit = known.commit.clone();
            let head = super::head_in(environment, "GITHUB_WORKSPACE", work_tree().as_ref());
            return Ok(known.checked_out(commit.as_deref().as_slice(), head));
        }
        let path = environment.get("GITHUB_EVENT_PATH").ok_or("GITHUB_EVENT_PATH is not set")?;
        let event = event::read(Path::new(path))?;
        let work_tree = work_tree();
        let checked_out = work_tree.as_ref().and_then(|work_tree| work_tree.head().ok()?.commit);
        let known = context::of(environment, &event, checked_out.as_deref())?;
        Ok(context::with_merged_base(known, environment, |commit| work_tree.as_ref()?.parents(commit)))
    };
    known().unwrap_or_else(|reason: String| Context {
        // That it is to be merged into something is known.
        base: Some(Base::default()),
        warning: Some(format!("the event file cannot be used, so branch and commit are those of git: {reason}")),
        ..context::without_payload(environment)
    })
}

impl GitHub {
    /// The runner, where the process runs on one.
    pub fn of(environment: &Environment, redactor: &Redactor) -> Option<Self> {
        let file = |variable| environment.get(variable).map(PathBuf::from);
        (Host::of(environment) == Host::GitHub).then(|| Self {
            summary: file("GITHUB_STEP_SUMMARY"),
            outputs: file("GITHUB_OUTPUT"),
            redactor: redactor.clone(),
        })
    }

    /// Masks these secrets, and each that is learned from now on, before it is used.
    pub fn mask(&self, secrets: impl Iterator<Item = Secret>) {
        self.redactor.on_learn(|secret| command::emit(&command::masks(secret)));
        secrets.for_each(|secret| command::emit(&command::masks(&secret)));
    }

    /// A text that people may open in the log, under its title. The text must have lost its effect on the runner already.
    pub fn group(&self, title: &str, text: &str) -> String {
        let title = self.redactor.clean(title);
        format!("{}{text}{}", command::line("group", &[], &title), command::line("endgroup", &[], ""))
    }

    /// Shows the worst findings, and what kept the run from a verdict, beside the code and on the run's page.
    pub fn annotate(&self, report: &Report<'_>) {
        let annotations = annotations::of(report);
        let commands: String = annotations.iter().map(|annotation| self.command(annotation)).collect();
        command::emit(&commands);
    }

    /// Appends the run's summary to the job's.
    ///
    /// # Errors
    /// [`Error::Delivery`] where it cannot be written, or where others have left no room for it.
    pub fn write_summary(&self, report: &Report<'_>) -> Result<(), Error> {
        self.append_summary(|bytes| {
            let limits = markdown::Limits { bytes, findings: SUMMARY_FINDINGS };
            let mut text = Vec::new();
            let options = Options { markdown: limits, ..Options::default() };
            report::write(Format::Markdown, report, &options, &mut text).map_err(|error| error.to_string())?;
            Ok(String::from_utf8_lossy(&text).into_owned())
        })
    }

    /// Sets the outputs of the step.
    ///
    /// # Errors
    /// [`Error::Delivery`] where they cannot be written.
    pub fn write_outputs(&self, ended: &Ended<'_>) -> Result<(), Error> {
        self.append_outputs(outputs::of_run(ended))
    }

    /// Says how a call ended of which there is no report: in the outputs, the summary and an annotation. What cannot be written
    /// then is not reported: the call has failed already, and says why.
    pub fn fail(&self, problem: &Problem) {
        let Problem { class, retryable, .. } = *problem;
        let conclusion = Conclusion { class, exit_code: class.exit_code(), softened: false, retryable };
        self.append_outputs(outputs::of_failure(conclusion)).unwrap_or_default();
        let problem = &self.clean(problem);
        command::emit(&command::annotation(&annotations::of_problem(problem, Level::Error)));
        self.append_summary(|bytes| Ok(markdown::of_problem(problem, bytes))).unwrap_or_default();
    }

    /// The problem without secrets. Escaped, they would not be found any more.
    fn clean(&self, problem: &Problem) -> Problem {
        Problem {
            message: self.redactor.clean(&problem.message),
            hint: problem.hint.as_deref().map(|hint| self.redactor.clean(hint)),
            detail: problem.detail.iter().map(|detail| self.redactor.clean(detail)).collect(),
            ..problem.clone()
        }
    }

    fn command(&self, annotation: &Annotation) -> String {
        let clean = |text: &str| self.redactor.clean(text);
        command::annotation(&Annotation {
            file: annotation.file.as_deref().map(clean),
            title: clean(&annotation.title),
            message: clean(&annotation.message),
            ..annotation.clone()
        })
    }

    fn append_summary(&self, text: impl FnOnce(usize) -> Result<String, String>) -> Result<(), Error> {
        let Some(path) = &self.summary else { return Ok(()) };
        let file = RunnerFile { variable: "GITHUB_STEP_SUMMARY", path };
        let taken = usize::try_from(file.length()).unwrap_or(usize::MAX);
        // Two bytes for what parts it from the text before: an empty line ends whatever paragraph or table that ends with.
        let room = LARGEST_SUMMARY.saturating_sub(taken).saturating_sub(2);
        if room < markdown::SMALLEST {
            return Err(file.failed(format!("it holds {taken} bytes already, and GitHub takes {LARGEST_SUMMARY}")));
        }
        let gap = if taken == 0 { "" } else { "\n" };
        file.append(&format!("{gap}{}", self.redactor.clean(&text(room).map_err(|cause| file.failed(cause))?)))
    }

    fn append_outputs(&self, mut values: Vec<(&'static str, String)>) -> Result<(), Error> {
        let Some(path) = &self.outputs else { return Ok(()) };
        let file = RunnerFile { variable: "GITHUB_OUTPUT", path };
        for (_, value) in &mut values {
            *value = self.redactor.clean(value);
        }
        let text = outputs::delimiter().and_then(|delimiter| outputs::file(&values, &delimiter));
        file.append(&text.map_err(|cause| file.failed(cause))?)
    }
}
