//! The command line: one file a command, and the one place that prints.

mod action;
mod api;
mod auth;
mod browser;
mod config;
mod demo;
mod doctor;
mod emulated;
mod example;
mod flags;
mod logging;
mod login;
mod logout;
mod neutral;
pub mod output;
mod panic;
mod pipeline;
mod progress;
mod sandbox;
mod scan;
mod schema;
pub mod signals;
mod status_line;

use std::ffi::OsString;
use std::sync::Arc;

use clap::Parser as _;
use clap::error::ContextValue;
pub use panic::report_in_one_line;

use crate::ci::github::GitHub;
use crate::clock::Clock;
use crate::error::{Class, Error};
use crate::http::Redactor;
use crate::scan::observer::{Event, Observer as _};
use crate::settings::{self, Environment, Files, Flags, Layers, LogSettings, known_secrets, secrets_in_files};
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
    /// Call a platform's API once, signed in as a scan is
    Api(Box<api::Arguments>),
    /// Say which settings a scan would have, and where each comes from
    Config(config::Arguments),
    /// Print the JSON schema of scangate.yml, for editors
    Schema,
    /// Check all that a scan needs, and start none
    Doctor(Box<doctor::Arguments>),
    /// Log in to a platform, and keep the login for later runs
    Login(Box<login::Arguments>),
    /// Remove logins that are kept
    Logout(Box<logout::Arguments>),
    /// Say which credentials a run would use
    Auth(auth::Arguments),
    /// Serve the sandbox on this machine, for trying a pipeline or another client
    Sandbox(sandbox::Arguments),
}

impl Command {
    fn flags(&self) -> Option<&Flags> {
        match self {
            Self::Scan(arguments) => Some(&arguments.flags.given),
            Self::Demo(arguments) => Some(&arguments.flags.given),
            Self::Api(arguments) => Some(&arguments.flags.given),
            Self::Config(arguments) => Some(arguments.flags()),
            Self::Doctor(arguments) => Some(&arguments.flags.given),
            Self::Login(arguments) => Some(&arguments.flags.given),
            Self::Logout(arguments) => Some(&arguments.flags.given),
            Self::Auth(arguments) => Some(arguments.flags()),
            Self::Schema | Self::Sandbox(_) => None,
        }
    }

    /// Whether files of settings are for it. A demo is the same wherever it runs.
    fn reads_files(&self) -> bool {
        !matches!(self, Self::Demo(_) | Self::Schema | Self::Sandbox(_))
    }

    /// Whether it is a gate in a pipeline, whose end the CI is told. The others print what a person or a script asked for.
    fn is_gate(&self) -> bool {
        match self {
            Self::Scan(arguments) => !arguments.writes_document(),
            Self::Demo(_) => true,
            Self::Api(_)
            | Self::Config(_)
            | Self::Doctor(_)
            | Self::Schema
            | Self::Sandbox(_)
            | Self::Login(_)
            | Self::Logout(_)
            | Self::Auth(_) => false,
        }
    }

    /// Whether it has secrets and, on GitHub, leaves standard output to commands: so that the runner can be told to mask them. What
    /// `doctor` prints there may be kept in a file, in which such a command would be the secret itself.
    fn masks(&self) -> bool {
        self.is_gate() || matches!(self, Self::Api(_) | Self::Login(_))
    }
}

/// One call of the program, parsed and ready to run.
pub struct Invocation {
    command: Command,
    /// What the files of settings say, or what is wrong with one.
    files: Result<Files, settings::Error>,
    context: Context,
}

/// What every command gets.
pub(crate) struct Context {
    /// The environment the process was started with.
    pub(crate) environment: Environment,
    /// Prints.
    pub(crate) printer: Arc<Printer>,
    /// The runner of GitHub Actions, where this is a gate on it.
    pub(crate) github: Option<GitHub>,
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
        let github = GitHub::of(&environment, &redactor);
        let none = Flags::default();
        let arguments = action::arguments(arguments.into_iter().collect(), &environment);
        let arguments = arguments.map_err(|error| {
            let (printer, _) = printer(&Layers::new(&none, &environment), &redactor);
            fail(&printer, github.as_ref(), &error.into())
        })?;
        let given: Vec<String> = arguments.iter().skip(1).map(|text| text.to_string_lossy().into_owned()).collect();
        let command = match Arguments::try_parse_from(arguments) {
            Ok(arguments) => arguments.command,
            Err(error) => {
                for secret in secrets_in_files(&environment) {
                    redactor.learn(&secret);
                }
                return Err(explain(&error, github.as_ref(), &redactor));
            }
        };
        let flags = command.flags().unwrap_or(&none);
        let in_files = if command.reads_files() { secrets_in_files(&environment) } else { Vec::new() };
        flags.secrets().chain(in_files.iter().cloned()).for_each(|secret| redactor.learn(&secret));
        if let Some(github) = github.as_ref().filter(|_| command.masks()) {
            github.mask(known_secrets(&environment).chain(flags.secrets()).chain(in_files));
        }
        let github = github.filter(|_| command.is_gate());
        let files = if command.reads_files() { Files::read(flags, &environment) } else { Ok(Files::default()) };
        let none = Files::default();
        let layers = Layers::new(flags, &environment).with_files(files.as_ref().unwrap_or(&none));
        let (printer, settings) = printer(&layers, &redactor);
        if let Err(error) = settings {
            return Err(fail(&printer, github.as_ref(), &error.into()));
        }
        let printer = Arc::new(printer);
        let of_files = files.iter().flat_map(Files::warnings).cloned();
        for warning in layers.unknown_variables().into_iter().chain(of_files) {
            printer.event(&Event::Warning(warning));
        }
        logging::start(&printer);
        let arguments = given.iter().map(|argument| redactor.clean(argument)).collect();
        let clock = Clock::system();
        Ok(Self { command, files, context: Context { environment, printer, github, redactor, clock, arguments } })
    }

    /// Runs the command and returns the exit code, after an error has been printed.
    pub async fn run(self) -> u8 {
        let context = &self.context;
        let ended = match self.command {
            Command::Scan(arguments) => scan::run(*arguments, self.files, context).await,
            Command::Demo(arguments) => demo::run(*arguments, context).await,
            Command::Api(arguments) => api::run(*arguments, self.files, context).await,
            Command::Config(arguments) => config::run(arguments, self.files, context),
            Command::Schema => schema::run(context),
            Command::Doctor(arguments) => doctor::run(*arguments, self.files, context).await,
            Command::Login(arguments) => login::run(*arguments, self.files, context).await,
            Command::Logout(arguments) => logout::run(&arguments, self.files, context).await,
            Command::Auth(arguments) => auth::run(&arguments, self.files, context),
            Command::Sandbox(arguments) => sandbox::run(arguments, context).await,
        };
        ended.unwrap_or_else(|error| fail(&context.printer, context.github.as_ref(), &error))
    }
}

/// Tells the CI of a process that panicked, and returns its exit code. The panic has been printed.
pub fn end_panicked(redactor: &Redactor) -> u8 {
    if let Some(github) = GitHub::of(&Environment::current(), redactor) {
        github.fail(&Error::Internal("a panic, which the log shows".to_owned()).to_problem());
    }
    Class::Internal.exit_code()
}

/// A printer in the form that the settings ask for, or in the usual one where they cannot be read.
fn printer(layers: &Layers<'_>, redactor: &Redactor) -> (Printer, Result<(), settings::Error>) {
    let (settings, read) = match LogSettings::resolve(layers) {
        Ok(settings) => (settings, Ok(())),
        Err(error) => (LogSettings::default(), Err(error)),
    };
    (Printer::new(settings, redactor.clone(), Clock::system()), read)
}

/// Says to people and to the CI why there was nothing to run.
fn fail(printer: &Printer, github: Option<&GitHub>, error: &Error) -> u8 {
    let problem = error.to_problem();
    printer.problem(&problem);
    if let Some(github) = github {
        github.fail(&problem);
    }
    problem.class.exit_code()
}

/// The parser's words. What they quote of the arguments is kept from ending their first line, which alone the CI is told.
fn shown(error: &clap::Error, redactor: &Redactor) -> String {
    let quoted = error.context().filter_map(|(_, value)| match value {
        ContextValue::String(text) if text.contains(['\n', '\r']) => Some(text),
        _ => None,
    });
    let text = error.render().to_string();
    quoted.fold(text, |text, quoted| text.replace(quoted, &neutral::line(&redactor.clean(quoted))))
}

/// Prints what the parser has to say. Help and version are documents; an error may show hostile text from the command line, which
/// a job often builds from branch names.
fn explain(error: &clap::Error, github: Option<&GitHub>, redactor: &Redactor) -> u8 {
    if error.use_stderr() {
        let text = shown(error, redactor);
        for line in text.lines() {
            output::to_stderr(&neutral::line(&redactor.clean(line)));
        }
        if let Some(github) = github {
            let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
            let hint = "`scangate --help` lists what there is";
            github.fail(&Error::from(settings::Error::new(message).with_hint(hint)).to_problem());
        }
        return Class::Usage.exit_code();
    }
    // A closed pipe is no failure: whoever asked for help has seen enough.
    error.print().unwrap_or_default();
    0
}
