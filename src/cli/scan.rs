//! `scangate scan`.

use std::io;
use std::path::{Path, PathBuf};

use super::flags::{Selection, SettingsFlags};
use super::{Context, pipeline};
use crate::ci;
use crate::error::{Class, Error};
use crate::scan::{self, archive};

use crate::scan::git::WorkTree;
use crate::scan::observer::{Event, Observer as _};
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

impl Arguments {
    /// Whether standard output is for a document that somebody will read as one.
    pub(super) fn writes_document(&self) -> bool {
        self.list_files
    }
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
    let mut settings = ScanSettings::resolve(&layers)?;
    let checked_out = || checked_out(&settings.source);
    ci::Context::of(&context.environment, checked_out).complete(&mut settings);
    for warning in &settings.warnings {
        context.printer.event(&Event::Warning(warning.clone()));
    }
    let conclusion = pipeline::run(&settings, &context.clock, false, context).await;
    Ok(conclusion.exit_code)
}

/// The commit that git has checked out where the source is. What is wrong with the work tree is said when it is archived.
fn checked_out(source: &Source) -> Option<String> {
    let Source::Directory { path, .. } = source else { return None };
    WorkTree::discover(path).ok()??.head().ok()?.commit
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
        return write_archive(&selection, path, context);
    }
    let failed = |cause: io::Error| Error::Delivery { path: "the list".to_owned(), cause: cause.to_string() };
    selection.files.iter().try_for_each(|file| context.printer.line(&file.name)).map_err(failed)?;
    Ok(Class::Passed.exit_code())
}

/// Writes the archive beside its place and renames it. It stays private to its owner: it holds the whole source.
fn write_archive(selection: &archive::Selection, path: &Path, context: &Context) -> Result<u8, Error> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = archive::temporary(Some(folder))?;
    let summary = archive::write(selection, file.as_file())?;
    file.persist(path).map_err(|error| archive::Error::Write(error.to_string()))?;
    context.printer.event(&Event::Archived { files: summary.entries, bytes: summary.bytes });
    context.printer.event(&Event::Wrote(path));
    Ok(Class::Passed.exit_code())
}
