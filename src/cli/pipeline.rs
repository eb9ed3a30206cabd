//! What `scan` and `demo` have in common: run the pipeline, write the reports, show the table.

use super::output::{self, Stream};
use super::{Context, signals};
use crate::clock::Clock;
use crate::gate::Conclusion;
use crate::http::Random;
use crate::report::table::Style;
use crate::report::{self, Format, Options};
use crate::scan::observer::{Event, Observer};
use crate::scan::{self, Finished, Surroundings, reports};
use crate::settings::{self, Destination, Layers, ReportSettings, RunSettings, ScanSettings};

/// The most columns that a table takes: beyond them the eye loses the row.
const WIDEST: usize = 160;

/// Runs the flow to its end and returns how it ended. Everything that was asked for is written by then.
pub(super) async fn run(settings: &ScanSettings, clock: &Clock, is_sandbox: bool, context: &Context) -> Conclusion {
    let random = Random::system();
    let surroundings = surroundings(clock, &random, is_sandbox, context);
    let mut finished = scan::run(settings, &surroundings, signals::interrupted()).await;
    reports::write(&mut finished, &settings.run, context.printer.as_ref(), &mut output::documents());
    let endings = finished.results.iter().filter_map(|result| result.ending.problem());
    for problem in endings.chain(&finished.problems) {
        context.printer.problem(problem);
    }
    // Where nothing came of the run, the lines above have said it all, but for an exit code that they do not lead to.
    if finished.results.iter().any(|result| result.ending.is_complete() || !result.findings.is_empty()) {
        show(&finished, &settings.run, context);
    } else if finished.conclusion.softened {
        context.printer.event(&Event::Warning(report::headline(&finished.report())));
    }
    finished.conclusion
}

/// Ends a run whose settings cannot be used, and returns its exit code. The reports are written nonetheless, where it is known
/// which: those of an earlier run must not be taken for its own.
pub(super) fn refuse(error: settings::Error, layers: &Layers<'_>, is_sandbox: bool, context: &Context) -> u8 {
    let random = Random::system();
    let mut finished = scan::refused(&error.into(), &surroundings(&context.clock, &random, is_sandbox, context));
    if let Ok(report) = ReportSettings::resolve(layers) {
        let settings = RunSettings::only(report);
        reports::write(&mut finished, &settings, &Nobody, &mut output::documents());
    }
    finished.problems.iter().for_each(|problem| context.printer.problem(problem));
    finished.conclusion.exit_code
}

/// Is not told which reports were written: there is nothing in them but the error, which is one line on the terminal.
struct Nobody;

impl Observer for Nobody {
    fn event(&self, _event: &Event<'_>) {}
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

/// Shows the table.
fn show(finished: &Finished, settings: &RunSettings, context: &Context) {
    let stream = stream(settings);
    let columns = context.environment.terminal().columns.filter(|_| stream == Stream::Output);
    let fallback = Style::default();
    let style = Style {
        colour: context.printer.is_coloured(stream),
        columns: columns.map_or(fallback.columns, |columns| usize::from(columns).min(WIDEST)),
        ..fallback
    };
    let mut table = Vec::new();
    // Writing into memory does not fail.
    report::write(Format::Table, &finished.report(), &Options { table: style, ..Options::default() }, &mut table)
        .unwrap_or_default();
    context.printer.gap();
    context.printer.show(&String::from_utf8_lossy(&table), stream);
}

/// Where what people are shown goes: to standard output, unless a report went there, which must then be alone on it.
pub(super) fn stream(settings: &RunSettings) -> Stream {
    let is_taken = settings.report.reports.iter().any(|target| target.destination == Destination::StandardOutput);
    if is_taken { Stream::Error } else { Stream::Output }
}
