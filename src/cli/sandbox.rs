//! `scangate sandbox`.

use std::fmt::Display;
use std::io;

use clap::builder::PossibleValuesParser;

use super::output::Stream;
use super::{Context, signals};
use crate::clock::Clock;
use crate::error::{Class, Error};
use crate::sandbox::{CybeDefendOptions, Dialect, Fault, Policy, SandboxOptions, Served, serve};
use crate::scan::observer::{Event, Observer as _};
use crate::settings;

/// Arguments of `scangate sandbox`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// A platform that it emulates; repeatable, and `all` is each that there is
    #[arg(long = "platform", value_name = "NAME", default_value = "all", value_parser = platforms())]
    platforms: Vec<String>,

    /// The port on 127.0.0.1, and of further platforms the ports behind it; 0 are free ones, which are shown
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,

    /// How many times as fast as a real platform its time runs
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    speed: u32,

    /// What CybeDefend's policy says of a critical finding; `off` is a project without any
    #[arg(long, value_name = "off|warn|block", default_value = "warn", value_parser = ["off", "warn", "block"], hide_possible_values = true)]
    policy: String,

    /// A fault that it plays, such as failed-scan, slow=2000 or cybedefend:html@status; repeatable
    #[arg(long = "fault", value_name = "[PLATFORM:]NAME[=VALUE][@PLACE]")]
    faults: Vec<String>,
}

fn platforms() -> PossibleValuesParser {
    PossibleValuesParser::new(Dialect::ALL.map(Dialect::as_str).into_iter().chain(["all"]))
}

/// Reads a fault, which one of the emulated platforms must be able to play.
fn fault(text: &str, dialects: &[Dialect]) -> Result<Fault, settings::Error> {
    let refuse = |reason: &dyn Display| {
        settings::Error::new(format!("--fault {text}: {reason}")).with_hint("docs/sandbox.md lists the faults")
    };
    let fault: Fault = text.parse().map_err(|error| refuse(&error))?;
    if dialects.iter().any(|dialect| fault.is_for(*dialect)) {
        return Ok(fault);
    }
    Err(refuse(&"no platform that is emulated plays it"))
}

/// Serves until a signal comes or nobody has asked for an hour.
pub(super) async fn run(arguments: Arguments, context: &Context) -> Result<u8, Error> {
    let is_wanted =
        |dialect: &Dialect| arguments.platforms.iter().any(|name| name == "all" || name == dialect.as_str());
    let dialects: Vec<_> = Dialect::ALL.into_iter().filter(is_wanted).collect();
    let faults = arguments.faults.iter().map(|text| fault(text, &dialects)).collect::<Result<_, _>>()?;
    let policy = match arguments.policy.as_str() {
        "off" => None,
        "block" => Some(Policy::default()),
        _ => Some(Policy::warning()),
    };
    let platform = if let [only] = dialects.as_slice() { only.as_str() } else { "NAME" };
    let options = SandboxOptions {
        dialects,
        port: arguments.port,
        clock: Clock::faster(arguments.speed),
        faults,
        cybedefend: CybeDefendOptions { policy, ..CybeDefendOptions::default() },
        ..SandboxOptions::default()
    };
    let failed = |error: io::Error| settings::Error::new(format!("the sandbox cannot listen: {error}"));
    let Served { mut server, announcement } = serve(options).await.map_err(failed)?;

    let lines = announcement.environment().join("\n") + "\n";
    context.printer.event(&Event::Note(announcement.note.to_owned()));
    context
        .printer
        .document(&lines, Stream::Output)
        .map_err(|error| failed(error).with_hint("check standard output"))?;
    let next = format!(
        "serving until Ctrl-C or an hour without a request; in another terminal, set the variables above and run \
         `scangate scan --platform {platform}`"
    );
    context.printer.event(&Event::Note(next));
    tokio::select! {
        () = server.ended() => {}
        _ = signals::interrupted() => {}
    }
    server.shutdown().await;
    Ok(Class::Passed.exit_code())
}
