//! `scangate scan`.

use std::path::PathBuf;

use super::Context;
use super::flags::{Selection, SettingsFlags};
use crate::error::Error;
use crate::scan::observer::{Event, Observer as _};
use crate::settings::keys::Key;
use crate::settings::{Layers, ScanSettings};

/// Arguments of `scangate scan`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) flags: SettingsFlags<All>,

    /// List the files that would be uploaded, and stop
    #[arg(long, help_heading = "What is scanned", conflicts_with = "archive_only")]
    list_files: bool,

    /// Write the archive that would be uploaded, and stop
    #[arg(long, value_name = "PATH", help_heading = "What is scanned")]
    archive_only: Option<PathBuf>,
}

/// Every setting there is.
pub(super) struct All;

impl Selection for All {
    fn includes(_key: &Key) -> bool {
        true
    }
}

/// Runs the command and returns the exit code of a run that came to its end.
pub(super) async fn run(arguments: Arguments, context: &Context) -> Result<u8, Error> {
    let layers = Layers::new(&arguments.flags.given, &context.environment);
    let settings = ScanSettings::resolve(&layers)?;
    for warning in &settings.warnings {
        context.printer.event(&Event::Warning(warning.clone()));
    }
    for entry in &settings.entries {
        entry.read_credential(&context.clock, &context.redactor).await?;
    }
    Err(Error::Internal("the pipeline is not part of this build".to_owned()))
}
