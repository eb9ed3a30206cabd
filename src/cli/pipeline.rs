//! What `scan` and `demo` have in common: run the pipeline, write the reports, show the table, tell the CI.

use super::output::{self, Stream};
use super::{Context, signals};
use crate::ci::github::{Ended, GitHub};
use crate::clock::Clock;
use crate::error::Error;
use crate::gate::Conclusion;
use crate::http::Random;
use crate::report::outcome::ReportFile;
use crate::report::table::Style;
use crate::report::{self, Format, Options};
use crate::scan::observer::{Event, Observer as _, Silence};
use crate::scan::{self, Finished, Surroundings, reports};
use crate::settings::{Destination, Layers, ReportSettings, ScanSettings};

/// The most columns that a table takes: beyond them the eye loses the row.
const WIDEST: usize = 160;

/// Runs the flow to its end and returns how it ended. Everything that was asked for is written by then, and what could not be
/// written is part of how it ended.
pub(super) async fn run(settings: &ScanSettings, clock: &Clock, is_sandbox: bool, context: &Context) -> Conclusion {
    let random = Random::system();
    let surroundings = surroundings(clock, &random, is_sandbox, context);
    let finished = scan::run(settings, &surroundings, signals::interrupted()).await;
    let mut delivery =
        Delivery { finished, settings: &settings.run.report, context, files: Vec::new(), has_outcome: false };
    delivery.deliver();
    delivery.finished.conclusion
}

/// Leaves the reports of a run that a setting kept from beginning, where the settings of the reports themselves can be read:
/// a later step that looks for the outcome finds it. The error is returned for the caller to show, and is all that is said.
pub(super) fn end_before_it_began(error: Error, layers: &Layers<'_>, is_sandbox: bool, context: &Context) -> Error {
    if let Ok(settings) = ReportSettings::resolve(layers) {
        let random = Random::system();
        let surroundings = surroundings(&context.clock, &random, is_sandbox, context);
        let mut finished = Finished::before_it_began(error.to_problem(), &surroundings);
        let files = reports::write(&mut finished, &settings, &Silence, &mut output::documents());
        // The run has failed already, and its error is what the user has to see.
        reports::write_outcome(&finished, &files, &settings).unwrap_or_default();
    }
    error
}

fn surroundings<'a>(clock: &'a Clock, random: &'a Random, is_sandbox: bool, context: &'a Context) -> Surroundings<'a> {
    Surroundings {
        clock,
        random,
        redactor: &context.redactor,
        observer: context.printer.as_ref(),
        arguments: context.arguments.clone(),
        is_sandbox,
    }
}

/// A finished run on its way to all who want to know of it.
struct Delivery<'a> {
    finished: Finished,
    settings: &'a ReportSettings,
    context: &'a Context,
    files: Vec<ReportFile>,
    has_outcome: bool,
}

impl Delivery<'_> {
    /// What cannot be delivered makes the end of the run worse, and keeps nothing else from being delivered.
    fn deliver(&mut self) {
        let observer = self.context.printer.as_ref();
        self.files = reports::write(&mut self.finished, self.settings, observer, &mut output::documents());
        let results = &self.finished.results;
        for (result, problem) in results.iter().filter_map(|result| Some((result, result.ending.problem()?))) {
            let entry = (results.len() > 1).then_some(result.entry.as_str());
            self.context.printer.problem_of(entry, problem);
        }
        for problem in &self.finished.problems {
            self.context.printer.problem(problem);
        }
        if self.attempt(Self::write_outcome) {
            self.context.printer.event(&Event::Wrote(&self.settings.outcome));
        }
        self.show();
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
        self.finished.add_problem(problem);
        false
    }

    fn write_outcome(&mut self) -> Result<(), Error> {
        self.has_outcome = false;
        reports::write_outcome(&self.finished, &self.files, self.settings)?;
        self.has_outcome = true;
        Ok(())
    }

    fn ended(&self) -> Ended<'_> {
        let outcome = self.settings.outcome.as_path();
        Ended { report: self.finished.report(), files: &self.files, outcome: self.has_outcome.then_some(outcome) }
    }

    /// Shows the table. Where nothing came of the run, the lines before it have said it all, but for an exit code that they do not
    /// lead to.
    fn show(&self) {
        let (context, report) = (self.context, self.finished.report());
        let is_worth_it =
            report.results.iter().any(|result| result.ending.is_complete() || !result.findings.is_empty());
        if !is_worth_it {
            if report.conclusion.softened {
                context.printer.event(&Event::Warning(report::headline(&report)));
            }
            return;
        }
        let stream = stream(self.settings);
        let options = Options { table: self.style(stream), ..Options::default() };
        let mut table = Vec::new();
        // Writing into memory does not fail.
        report::write(Format::Table, &report, &options, &mut table).unwrap_or_default();
        let table = String::from_utf8_lossy(&table);
        let shown = match &context.github {
            Some(github) => github.group(&report::headline(&report), &context.redactor.clean(&table)),
            None => table.into_owned(),
        };
        context.printer.gap();
        context.printer.show(&shown, stream);
    }

    fn style(&self, stream: Stream) -> Style {
        let columns = self.context.environment.terminal().columns.filter(|_| stream == Stream::Output);
        let fallback = Style::default();
        Style {
            colour: self.context.printer.is_coloured(stream),
            columns: columns.map_or(fallback.columns, |columns| usize::from(columns).min(WIDEST)),
            ..fallback
        }
    }
}

/// Where what people are shown goes: to standard output, unless a report went there, which must then be alone on it.
pub(super) fn stream(settings: &ReportSettings) -> Stream {
    let is_taken = settings.reports.iter().any(|target| target.destination == Destination::StandardOutput);
    if is_taken { Stream::Error } else { Stream::Output }
}
