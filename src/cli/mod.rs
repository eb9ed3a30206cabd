//! The command line: one file a command, and the one place that prints.

mod demo;
mod example;
mod flags;
mod logging;
mod neutral;
pub mod output;
mod panic;
mod pipeline;
mod progress;
mod sandbox;
mod scan;
pub mod signals;

use std::ffi::OsString;
use std::sync::Arc;

use clap::Parser as _;
pub use panic::report_in_one_line;

use crate::clock::Clock;
use crate::error::Error;
use crate::http::Redactor;
use crate::scan::observer::{Event, Observer as _};
use crate::settings::{Environment, Flags, Layers, LogSettings, known_secrets};
use output::Printer;

/// Runs a scan on a security platform, reports the findings, and fails the build above a threshold.
#[derive(clap::Parser)]
#[command(
    name = "scangate",
    version,
    after_help = "Every flag of scan is also a variable: SCANGATE_FAIL_ON for --fail-on.\n\
                  Exit codes: 0 passed, 1 findings, 2 usage, 3 credentials, 4 unavailable, 5 timeout, 6 scan failed or incomplete, \
                  7 protocol, 8 report not written, 70 bug, 130 and 143 interrupted."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Scan, wait, report, and judge
    Scan(Box<scan::Arguments>),
    /// Try it all with no account: a scan against the sandbox in the same process
    Demo(Box<demo::Arguments>),
    /// Serve the sandbox on this machine, for trying a pipeline or another client
    Sandbox(sandbox::Arguments),
}

impl Command {
    fn flags(&self) -> Option<&Flags> {
        match self {
            Self::Scan(arguments) => Some(&arguments.flags.given),
            Self::Demo(arguments) => Some(&arguments.flags.given),
            Self::Sandbox(_) => None,
        }
    }
}

/// One call of the program, parsed and ready to run.
pub struct Invocation {
    command: Command,
    context: Context,
}

/// What every command gets.
pub(crate) struct Context {
    /// The environment the process was started with.
    pub(crate) environment: Environment,
    /// Prints.
    pub(crate) printer: Arc<Printer>,
    /// Knows the secrets of the run.
    pub(crate) redactor: Redactor,
    /// The time.
    pub(crate) clock: Clock,
    /// The arguments after the program's name, redacted, for the reports.
    pub(crate) arguments: Vec<String>,
}

impl Invocation {
    /// Parses the arguments, the program's name first.
    ///
    /// # Errors
    /// The exit code, after help or version (0) or what is wrong with the arguments (2) has been printed.
    pub fn parse(
        arguments: impl IntoIterator<Item = OsString>,
        environment: Environment,
        redactor: Redactor,
    ) -> Result<Self, u8> {
        known_secrets(&environment).for_each(|secret| redactor.learn(&secret));
        let arguments: Vec<OsString> = arguments.into_iter().collect();
        let given: Vec<String> = arguments.iter().skip(1).map(|text| text.to_string_lossy().into_owned()).collect();
        let command = match Arguments::try_parse_from(arguments) {
            Ok(arguments) => arguments.command,
            Err(error) => return Err(explain(&error, &redactor)),
        };
        let none = Flags::default();
        let flags = command.flags().unwrap_or(&none);
        flags.secret().iter().for_each(|secret| redactor.learn(secret));
        let layers = Layers::new(flags, &environment);
        let clock = Clock::system();
        let settings = LogSettings::resolve(&layers);
        let printer =
            Printer::new(*settings.as_ref().unwrap_or(&LogSettings::default()), redactor.clone(), clock.clone());
        if let Err(error) = settings {
            return Err(fail(&printer, &error.into()));
        }
        let printer = Arc::new(printer);
        for warning in layers.unknown_variables() {
            printer.event(&Event::Warning(warning));
        }
        logging::start(&printer);
        let arguments = given.iter().map(|argument| redactor.clean(argument)).collect();
        Ok(Self { command, context: Context { environment, printer, redactor, clock, arguments } })
    }

    /// Runs the command and returns the exit code, after an error has been printed.
    pub async fn run(self) -> u8 {
        let context = &self.context;
        let ended = match self.command {
            Command::Scan(arguments) => scan::run(*arguments, context).await,
            Command::Demo(arguments) => demo::run(*arguments, context).await,
            Command::Sandbox(arguments) => sandbox::run(arguments, context).await,
        };
        ended.unwrap_or_else(|error| fail(&context.printer, &error))
    }
}

fn fail(printer: &Printer, error: &Error) -> u8 {
    printer.problem(&error.to_problem());
    error.class().exit_code()
}

/// Prints what the parser has to say. Help and version are documents; an error may show hostile text from the command line, which
/// a job often builds from branch names.
fn explain(error: &clap::Error, redactor: &Redactor) -> u8 {
    if error.use_stderr() {
        for line in error.render().to_string().lines() {
            output::to_stderr(&neutral::line(&redactor.clean(line)));
        }
        return 2;
    }
    // A closed pipe is no failure: whoever asked for help has seen enough.
    error.print().unwrap_or_default();
    0
}
