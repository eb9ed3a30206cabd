//! What `scan` and `demo` have in common: run the pipeline, write the reports, show the table, tell the CI.

use std::io;

use super::{Context, output, signals};
use crate::ci::github::{Ended, GitHub};
use crate::clock::Clock;
use crate::error::Error;
use crate::gate::Conclusion;
use crate::http::Random;
use crate::report::outcome::ReportFile;
use crate::report::{self, Format, Options, table};
use crate::scan::observer::{Event, Observer as _};
use crate::scan::{self, Finished, Surroundings, reports};
use crate::settings::{Destination, RunSettings, ScanSettings, Verbosity};

/// Runs the flow to its end and returns how it ended. Everything that was asked for is written by then, and what could not be
/// written is part of how it ended.
pub(super) async fn run(settings: &ScanSettings, clock: &Clock, is_sandbox: bool, context: &Context) -> Conclusion {
    let surroundings = Surroundings {
        clock,
        random: &Random::system(),
        redactor: &context.redactor,
        observer: context.printer.as_ref(),
        arguments: context.arguments.clone(),
        is_sandbox,
    };
    let finished = scan::run(settings, &surroundings, signals::interrupted()).await;
    let mut delivery = Delivery { finished, settings: &settings.run, context, files: Vec::new(), has_outcome: false };
    delivery.deliver();
    delivery.finished.conclusion
}

/// A finished run on its way to all who want to know of it.
struct Delivery<'a> {
    finished: Finished,
    settings: &'a RunSettings,
    context: &'a Context,
    files: Vec<ReportFile>,
    has_outcome: bool,
}

impl Delivery<'_> {
    /// What cannot be delivered makes the end of the run worse, and keeps nothing else from being delivered.
    fn deliver(&mut self) {
        let observer = self.context.printer.as_ref();
        self.files = reports::write(&mut self.finished, self.settings, observer, &mut output::documents());
        let endings = self.finished.results.iter().filter_map(|result| result.ending.problem());
        for problem in endings.chain(&self.finished.problems) {
            self.context.printer.problem(problem);
        }
        self.attempt(Self::show);
        if self.attempt(Self::write_outcome) {
            self.context.printer.event(&Event::Wrote(&self.settings.report.outcome));
        }
        if let Some(github) = &self.context.github {
            self.tell(github);
        }
    }

    fn tell(&mut self, github: &GitHub) {
        let has_outputs = self.attempt(|run| github.write_outputs(&run.ended()));
        let has_summary = self.attempt(|run| github.write_summary(&run.finished.report()));
        if !has_outputs || !has_summary {
            // What was written before has to know of it. Of two values of an output the runner takes the later one.
            self.attempt(Self::write_outcome);
            github.write_outputs(&self.ended()).unwrap_or_default();
        }
        github.annotate(&self.finished.report());
    }

    /// Does one thing, and takes note of its failure. Says whether it was done.
    fn attempt(&mut self, deliver: impl FnOnce(&mut Self) -> Result<(), Error>) -> bool {
        let Err(error) = deliver(self) else { return true };
        let problem = error.to_problem();
        self.context.printer.problem(&problem);
        self.finished.add_problem(problem, self.settings);
        false
    }

    fn write_outcome(&mut self) -> Result<(), Error> {
        self.has_outcome = false;
        reports::write_outcome(&self.finished, &self.files, self.settings)?;
        self.has_outcome = true;
        Ok(())
    }

    fn ended(&self) -> Ended<'_> {
        let outcome = self.settings.report.outcome.as_path();
        Ended { report: self.finished.report(), files: &self.files, outcome: self.has_outcome.then_some(outcome) }
    }

    /// Shows the table: on standard output, unless a report went there, which must then be alone on it. Where nothing came of the
    /// run, the lines before it have said it all.
    fn show(&mut self) -> Result<(), Error> {
        let context = self.context;
        let is_worth_it =
            self.finished.results.iter().any(|result| result.ending.is_complete() || !result.findings.is_empty());
        if !is_worth_it || context.printer.verbosity() == Verbosity::Quiet {
            return Ok(());
        }
        let failed = |cause: io::Error| Error::Delivery { path: "the terminal".to_owned(), cause: cause.to_string() };
        let options = Options {
            table: table::Style { colour: context.printer.is_coloured(), ..table::Style::default() },
            ..Options::default()
        };
        let report = self.finished.report();
        let mut table = Vec::new();
        report::write(Format::Table, &report, &options, &mut table).map_err(failed)?;
        let table = String::from_utf8_lossy(&table);
        let shown = match &context.github {
            Some(github) => github.group(&report::headline(&report), &context.redactor.clean(&table)),
            None => table.into_owned(),
        };
        context.printer.document(&shown, is_stdout_taken(self.settings)).map_err(failed)
    }
}

/// Whether a report goes to standard output.
pub(super) fn is_stdout_taken(settings: &RunSettings) -> bool {
    settings.report.reports.iter().any(|target| target.destination == Destination::StandardOutput)
}
