//! `scangate demo`.

use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};

use super::Context;
use super::flags::{Selection, SettingsFlags};
use crate::error::Error;
use crate::settings::keys::Key;
use crate::settings::{self, DemoSettings, Layers};

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

/// Runs the command and returns the exit code of a run that came to its end.
pub(super) fn run(arguments: &Arguments, context: &Context) -> Result<u8, Error> {
    if let Some(name) = arguments.refused.0 {
        let message = format!("a demo talks to its own sandbox only and takes no --{name}");
        return Err(settings::Error::new(message).with_hint("use `scangate scan` for a real platform").into());
    }
    let layers = Layers::new(&arguments.flags.given, &context.environment);
    let _settings = DemoSettings::resolve(&layers)?;
    Err(Error::Internal("the sandbox is not part of this build".to_owned()))
}
