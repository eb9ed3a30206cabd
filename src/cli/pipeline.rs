//! What `scan` and `demo` have in common: run the pipeline, write the reports, show the table.

use super::output::{self, Stream};
use super::{Context, signals};
use crate::clock::Clock;
use crate::gate::Conclusion;
use crate::http::Random;
use crate::report::table::Style;
use crate::report::{self, Format, Options};
use crate::scan::{self, Finished, Surroundings, reports};
use crate::settings::{Destination, RunSettings, ScanSettings};

/// The most columns that a table takes: beyond them the eye loses the row.
const WIDEST: usize = 160;

/// Runs the flow to its end and returns how it ended. Everything that was asked for is written by then.
pub(super) async fn run(settings: &ScanSettings, clock: &Clock, is_sandbox: bool, context: &Context) -> Conclusion {
    let surroundings = Surroundings {
        clock,
        random: &Random::system(),
        redactor: &context.redactor,
        observer: context.printer.as_ref(),
        arguments: context.arguments.clone(),
        is_sandbox,
    };
    let mut finished = scan::run(settings, &surroundings, signals::interrupted()).await;
    reports::write(&mut finished, &settings.run, context.printer.as_ref(), &mut output::documents());
    let endings = finished.results.iter().filter_map(|result| result.ending.problem());
    for problem in endings.chain(&finished.problems) {
        context.printer.problem(problem);
    }
    // Where nothing came of the run, the lines above have said it all.
    if finished.results.iter().any(|result| result.ending.is_complete() || !result.findings.is_empty()) {
        show(&finished, &settings.run, context);
    }
    finished.conclusion
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
