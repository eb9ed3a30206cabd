//! `scangate demo`.

use std::path::Path;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};

use super::emulated;
use super::example::Example;
use super::flags::{Selection, SettingsFlags};
use super::{Context, pipeline};
use crate::clock::Clock;
use crate::error::{Class, Error};
use crate::gate::Conclusion;
use crate::http;
use crate::platform::PlatformId;
use crate::sandbox::{SandboxOptions, Server};
use crate::scan::delivery::reason;
use crate::scan::observer::{Event, Observer as _};
use crate::scan::wait::display_duration;
use crate::settings::keys::Key;
use crate::settings::{self, DemoSettings, Layers, OnInterrupt, ScanSettings};

/// Arguments of `scangate demo`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) flags: SettingsFlags<InDemo>,
    #[command(flatten)]
    refused: Refused,
}

/// The settings that need no account.
pub(super) struct InDemo;

impl Selection for InDemo {
    fn includes(key: &Key) -> bool {
        key.in_demo
    }
}

/// Flags that would take a demo to a real platform, or a real credential into a demo. They are known here only so that they can
/// be refused with a reason; the value is not even looked at.
struct Refused(Option<&'static str>);

impl Refused {
    const FLAGS: [&'static str; 6] = ["api-url", "auth-url", "token-file", "token-command", "pat", "upload"];

    fn check(&self) -> Result<(), settings::Error> {
        let Some(name) = self.0 else { return Ok(()) };
        let message = format!("a demo talks to its own sandbox only and takes no --{name}");
        Err(settings::Error::new(message).with_hint("use `scangate scan` for a real platform"))
    }
}

impl clap::Args for Refused {
    fn augment_args(command: Command) -> Command {
        let hidden = |name| Arg::new(name).long(name).hide(true).num_args(0..=1).action(ArgAction::Append);
        command.args(Self::FLAGS.map(hidden))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Refused {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(Self::FLAGS.into_iter().find(|name| matches.contains_id(name))))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// What a demo says before anything else.
const INTRODUCTION: &str =
    "this is a demo: a real client, an emulated platform with a toy rule set, and simulated waiting";

/// Runs the command and returns the exit code of a run that came to its end.
///
/// The client is the one that talks to real platforms; only the platform is the sandbox. Both share a simulated clock, so that
/// the waits of a real scan take no time.
pub(super) async fn run(arguments: Arguments, context: &Context) -> Result<u8, Error> {
    let layers = Layers::new(&arguments.flags.given, &context.environment);
    let demo = arguments.refused.check().and_then(|()| DemoSettings::resolve(&layers));
    let demo = demo.map_err(|error| pipeline::end_before_it_began(error.into(), &layers, true, context))?;
    emulated::check_directory(&demo.platforms, demo.directory.as_ref())
        .map_err(|error| pipeline::end_before_it_began(error, &layers, true, context))?;
    let folder = context.environment.temporary_folder();
    let example = Example::unpack(&folder).map_err(|error| {
        let message = format!("the demo's example cannot be written to {}: {}", folder.display(), reason(&error));
        settings::Error::new(message).with_hint("set TMPDIR to a folder that can be written and has room")
    })?;
    let clock = Clock::simulated(context.clock.now());
    let options = SandboxOptions {
        clock: clock.clone(),
        dialects: demo.platforms.iter().copied().map(emulated::dialect).collect(),
        ..SandboxOptions::default()
    };
    let server = Server::start(options)
        .await
        .map_err(|error| settings::Error::new(format!("the demo's sandbox cannot listen on 127.0.0.1: {error}")))?;
    let settings = scan_settings(demo, example.path(), &server, context)?;

    context.printer.event(&Event::Note(INTRODUCTION.to_owned()));
    let (simulated, real) = (Stopwatch::start(&clock), Stopwatch::start(&context.clock));
    let conclusion = pipeline::run(&settings, &clock, true, context).await;
    let last = format!("\n{}\n", explain(conclusion, simulated.elapsed(), real.elapsed()));
    server.shutdown().await;
    context.printer.show(&last, pipeline::stream(&settings.run.report));
    Ok(conclusion.exit_code)
}

/// The settings of a scan that has the sandbox for its platform.
fn scan_settings(
    demo: DemoSettings,
    example: &Path,
    server: &Server,
    context: &Context,
) -> Result<ScanSettings, Error> {
    let directory = demo.directory.unwrap_or_else(|| example.to_owned());
    let entry = |platform: &PlatformId| emulated::entry(*platform, server, directory.clone());
    let entries = demo.platforms.iter().map(entry).collect::<Result<_, _>>()?;
    Ok(ScanSettings {
        entries,
        directory,
        branch: None,
        commit: None,
        is_foreign: false,
        repository_url: None,
        run: demo.run,
        poll_interval: None,
        on_interrupt: OnInterrupt::Leave,
        save_raw: None,
        http: http::Options::default(),
        temporary_folder: context.environment.temporary_folder(),
        warnings: Vec::new(),
        ignore_rules: None,
        notes: Vec::new(),
    })
}

/// How much time passes on a clock.
struct Stopwatch<'a> {
    clock: &'a Clock,
    begun: Duration,
}

impl<'a> Stopwatch<'a> {
    fn start(clock: &'a Clock) -> Self {
        Self { clock, begun: clock.monotonic() }
    }

    fn elapsed(&self) -> Duration {
        self.clock.monotonic().saturating_sub(self.begun)
    }
}

/// The last line of a demo: how long it took, its exit code, and why.
fn explain(conclusion: Conclusion, simulated: Duration, real: Duration) -> String {
    let why = match conclusion.class {
        Class::Passed => "nothing was found that the gate forbids",
        Class::Findings => "the gate says no; try --fail-on none",
        _ if conclusion.softened => "the run did not succeed, and --on made that a warning",
        _ => "there is no verdict; the error above says why",
    };
    format!(
        "exit code {} ({}): {why}; {} of waiting took {}",
        conclusion.exit_code,
        conclusion.class,
        display_duration(simulated),
        display_duration(real)
    )
}
