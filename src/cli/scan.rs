//! `scangate scan`.

use std::io;
use std::path::PathBuf;

use super::flags::{Selection, SettingsFlags};
use super::{Context, pipeline};
use crate::ci;
use crate::ci::policy::Policy;
use crate::error::{Class, Error};
use crate::scan::git::WorkTree;
use crate::scan::observer::{Event, Observer as _};
use crate::scan::{self, archive};
use crate::settings::keys::Key;
use crate::settings::{self, EntrySettings, Files, Flags, Layers, ReportSettings, ScanSettings, Subject};

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
pub(super) async fn run(
    arguments: Arguments,
    files: Result<Files, settings::Error>,
    context: &Context,
) -> Result<u8, Error> {
    let layers = Layers::new(&arguments.flags.given, &context.environment);
    let ended = |error: Error, layers: &Layers<'_>| pipeline::end_before_it_began(error, layers, false, context);
    let mut files = files.map_err(|error| ended(error.into(), &layers))?;
    let policy = policy(&mut files, &arguments.flags.given, context);
    let layers = layers.with_files(&files);
    let mut policy = policy.map_err(|error| ended(error, &layers))?;
    if arguments.list_files || arguments.archive_only.is_some() {
        return look(&arguments, &layers, policy, context);
    }
    let mut settings = ScanSettings::resolve(&layers).map_err(|error| ended(error.into(), &layers))?;
    if let Some(path) = settings.entries.iter().find_map(|entry| entry.subject.directory()) {
        settings.ignore_rules = policy.ignore_rules(path).map_err(|error| ended(error, &layers))?;
    }
    let work_tree = work_tree(&settings);
    ci::Context::of(&context.environment, || work_tree.clone()).complete(&mut settings, work_tree.as_ref());
    for warning in &settings.warnings {
        context.printer.event(&Event::Warning(warning.clone()));
    }
    say(&policy, context);
    settings.notes = [policy.warnings, policy.notes].concat();
    let conclusion = pipeline::run(&settings, &context.clock, false, context).await;
    Ok(conclusion.exit_code)
}

/// Takes from the base of a pull request what it could loosen in files of settings.
pub(super) fn policy<'c>(files: &mut Files, flags: &Flags, context: &'c Context) -> Result<Policy<'c>, Error> {
    let mut policy = Policy::of(&Layers::new(flags, &context.environment).with_files(files), &context.environment)?;
    policy.settings(files, flags)?;
    Ok(policy)
}

/// Says what came of that.
pub(super) fn say(policy: &Policy<'_>, context: &Context) {
    for warning in &policy.warnings {
        context.printer.event(&Event::Warning(warning.clone()));
    }
    for note in &policy.notes {
        context.printer.event(&Event::Note(note.clone()));
    }
}

/// The work tree around what is scanned, where the run belongs to a repository. What is wrong with it is said when it is prepared.
pub(super) fn work_tree(settings: &ScanSettings) -> Option<WorkTree> {
    let belongs = |entry: &EntrySettings| !matches!(entry.subject, Subject::Archive(_) | Subject::Image(_));
    if !settings.entries.iter().any(belongs) {
        return None;
    }
    WorkTree::discover(&settings.directory).ok()?
}

/// `--list-files` and `--archive-only`: says or writes what would be uploaded. No platform is needed for that, and none is asked.
fn look(arguments: &Arguments, layers: &Layers<'_>, mut policy: Policy<'_>, context: &Context) -> Result<u8, Error> {
    let report = ReportSettings::resolve(layers)?;
    let (path, untracked) = match Subject::of_an_upload(layers)? {
        Subject::Directory { path, untracked } => (path, untracked),
        Subject::Archive(_) => return Err(nothing_to_show("--archive is uploaded as it is")),
        Subject::Image(_) => return Err(nothing_to_show("of an --image nothing is uploaded")),
        Subject::Target(_) | Subject::Sarif(_) => return Err(nothing_to_show("no source tree is uploaded")),
    };
    let own_files: Vec<PathBuf> = report.files().chain(arguments.archive_only.clone()).collect();
    let ignore_rules = policy.ignore_rules(&path)?;
    say(&policy, context);
    let selection = scan::select(&path, untracked, &own_files, ignore_rules.as_deref())?;
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

fn nothing_to_show(why: &str) -> Error {
    let message = format!("{why}, so there is nothing to list or to archive");
    settings::Error::new(message).with_hint("give a folder with --dir").into()
}
