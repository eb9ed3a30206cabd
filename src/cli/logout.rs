//! `scangate logout`: removes logins that are kept.

use super::Context;
use super::flags::{Selection, SettingsFlags};
use crate::credentials::store::{Removed, Store};
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
    let places = login_places(&layers)?;
    let (mut was_there, mut failed) = (false, Vec::new());
    for store in places.stores {
        match remove(store, places.of_all, context).await {
            Ok(removed) => was_there |= removed,
            // Several logins in one file fail alike.
            Err(error) if failed.iter().any(|other: &Error| other.to_string() == error.to_string()) => {}
            Err(error) => failed.push(error),
        }
    }
    let Some(last) = failed.pop() else {
        if !was_there {
            context.printer.event(&Event::Note("there was no login to remove".to_owned()));
        }
        return Ok(Class::Passed.exit_code());
    };
    for error in failed {
        context.printer.problem(&error.to_problem());
    }
    Err(last)
}

/// Removes one login, and says so. Whether there was one.
async fn remove(store: Result<Store, settings::Error>, of_all: bool, context: &Context) -> Result<bool, Error> {
    let store = store?;
    // Nothing is made, not even a lock, where nobody ever logged in.
    if !store.is_there() {
        return Ok(false);
    }
    let file = store.shown();
    let text = match store.lock(&context.clock, &context.redactor).await?.remove(of_all)? {
        Removed::Nothing => return Ok(false),
        Removed::Login => format!("removed the login to {} from {file}", store.platform().about().name),
        Removed::Unknown => format!("removed {file}, which was not understood"),
    };
    context.printer.event(&Event::Note(text));
    Ok(true)
}
