//! `scangate scan`.

use std::io;
use std::path::PathBuf;

use super::flags::{Selection, SettingsFlags};
use super::{Context, pipeline};
use crate::error::{Class, Error};
use crate::scan::observer::{Event, Observer as _};
use crate::scan::{self, archive};
use crate::settings::keys::Key;
use crate::settings::{self, Layers, ReportSettings, ScanSettings, Source};

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
    if arguments.list_files || arguments.archive_only.is_some() {
        return look(&arguments, &layers, context);
    }
    let settings = match ScanSettings::resolve(&layers) {
        Ok(settings) => settings,
        Err(error) => return Ok(pipeline::refuse(error, &layers, false, context)),
    };
    for warning in &settings.warnings {
        context.printer.event(&Event::Warning(warning.clone()));
    }
    let conclusion = pipeline::run(&settings, &context.clock, false, context).await;
    Ok(conclusion.exit_code)
}

/// `--list-files` and `--archive-only`: says or writes what would be uploaded. No platform is needed for that, and none is asked.
fn look(arguments: &Arguments, layers: &Layers<'_>, context: &Context) -> Result<u8, Error> {
    let report = ReportSettings::resolve(layers)?;
    let Source::Directory { path, untracked } = Source::resolve(layers)? else {
        let message = "--archive is uploaded as it is, so there is nothing to list or to archive";
        return Err(settings::Error::new(message).with_hint("give a folder with --dir").into());
    };
    let own_files: Vec<PathBuf> = report.files().chain(arguments.archive_only.clone()).collect();
    let selection = scan::select(&path, untracked, &own_files)?;
    for note in &selection.notes {
        context.printer.event(&Event::Note(note.clone()));
    }
    if let Some(path) = &arguments.archive_only {
        let summary = archive::save(&selection, path)?;
        context.printer.event(&Event::Archived { files: summary.entries, bytes: summary.bytes });
        context.printer.event(&Event::Wrote(path));
        return Ok(Class::Passed.exit_code());
    }
    let failed = |cause: io::Error| Error::Delivery { path: "the list".to_owned(), cause: cause.to_string() };
    selection.files.iter().try_for_each(|file| context.printer.line(&file.name)).map_err(failed)?;
    Ok(Class::Passed.exit_code())
}
