//! What `scan` and `demo` have in common: run the pipeline, write the reports, show the table.

use std::io;

use super::{Context, output, signals};
use crate::clock::Clock;
use crate::error::Error;
use crate::gate::Conclusion;
use crate::http::Random;
use crate::report::{self, Format, Options, table};
use crate::scan::observer::Silence;
use crate::scan::{self, Finished, Surroundings, reports};
use crate::settings::{Destination, Layers, ReportSettings, RunSettings, ScanSettings, Verbosity};

/// Runs the flow to its end and returns how it ended. Everything that was asked for is written by then.
pub(super) async fn run(
    settings: &ScanSettings,
    clock: &Clock,
    is_sandbox: bool,
    context: &Context,
) -> Result<Conclusion, Error> {
    let random = Random::system();
    let surroundings = surroundings(clock, &random, is_sandbox, context);
    let mut finished = scan::run(settings, &surroundings, signals::interrupted()).await;
    reports::write(&mut finished, &settings.run.report, context.printer.as_ref(), &mut output::documents());
    let endings = finished.results.iter().filter_map(|result| result.ending.problem());
    for problem in endings.chain(&finished.problems) {
        context.printer.problem(problem);
    }
    // Where nothing came of the run, the lines above have said it all.
    if finished.results.iter().any(|result| result.ending.is_complete() || !result.findings.is_empty()) {
        show(&finished, &settings.run, context)?;
    }
    Ok(finished.conclusion)
}

/// Leaves the reports of a run that a setting kept from beginning, where the settings of the reports themselves can be read:
/// a later step that looks for the outcome finds it. The error is returned for the caller to show, and is all that is said.
pub(super) fn end_before_it_began(error: Error, layers: &Layers<'_>, is_sandbox: bool, context: &Context) -> Error {
    if let Ok(settings) = ReportSettings::resolve(layers) {
        let random = Random::system();
        let surroundings = surroundings(&context.clock, &random, is_sandbox, context);
        let mut finished = Finished::before_it_began(error.to_problem(), &surroundings);
        reports::write(&mut finished, &settings, &Silence, &mut output::documents());
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

/// Shows the table: on standard output, unless a report went there, which must then be alone on it.
fn show(finished: &Finished, settings: &RunSettings, context: &Context) -> Result<(), Error> {
    if context.printer.verbosity() == Verbosity::Quiet {
        return Ok(());
    }
    let failed = |cause: io::Error| Error::Delivery { path: "the terminal".to_owned(), cause: cause.to_string() };
    let options = Options {
        table: table::Style { colour: context.printer.is_coloured(), ..table::Style::default() },
        ..Options::default()
    };
    let mut table = Vec::new();
    report::write(Format::Table, &finished.report(), &options, &mut table).map_err(failed)?;
    context.printer.document(&String::from_utf8_lossy(&table), is_stdout_taken(settings)).map_err(failed)
}

/// Whether a report goes to standard output.
pub(super) fn is_stdout_taken(settings: &RunSettings) -> bool {
    settings.report.reports.iter().any(|target| target.destination == Destination::StandardOutput)
}
