//! `scangate logout`: removes logins that are kept.

use super::Context;
use super::flags::{Selection, SettingsFlags};
use crate::error::{Class, Error};
use crate::scan::observer::{Event, Observer as _};
use crate::settings::keys::Key;
use crate::settings::{self, Files, Layers, login_places};

/// Arguments of `scangate logout`.
#[derive(clap::Args)]
#[command(
    after_help = "Without --platform, the logins of all platforms are removed. Tokens and keys stay good until they are revoked on the platform's own \
                  page: none of the platforms documents a call for that."
)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) flags: SettingsFlags<OfALogout>,
}

/// Whose logins, and how it is told.
pub(super) struct OfALogout;

impl Selection for OfALogout {
    fn includes(key: &Key) -> bool {
        matches!(key.name, "platform" | "config" | "log-format" | "verbose" | "quiet" | "color" | "no-progress")
    }

    fn help(key: &'static Key) -> &'static str {
        match key.name {
            "platform" => "Whose login is removed [default: those of all platforms]; repeatable",
            _ => key.help,
        }
    }
}

/// Runs the command.
pub(super) async fn run(
    arguments: &Arguments,
    files: Result<Files, settings::Error>,
    context: &Context,
) -> Result<u8, Error> {
    let files = files?;
    let layers = Layers::new(&arguments.flags.given, &context.environment).with_files(&files);
    let mut removed = false;
    for store in login_places(&layers)? {
        // Nothing is made, not even a lock, where nobody ever logged in.
        if store.is_there() && store.lock(&context.clock, &context.redactor).await?.remove()? {
            let name = store.platform().about().name;
            context.printer.event(&Event::Note(format!("removed the login to {name} from {}", store.shown())));
            removed = true;
        }
    }
    if !removed {
        context.printer.event(&Event::Note("there was no login to remove".to_owned()));
    }
    Ok(Class::Passed.exit_code())
}
