//! What holds for all platforms: files of settings, settings, and the CI around the process.

use std::path::Path;

use super::check::Checks;
use crate::ci::policy::Policy;
use crate::ci::{self, Host};
use crate::cli::{Context, scan};
use crate::credentials::store::Store;
use crate::error::Error;
use crate::regular_file;
use crate::scan::delivery::PrivateFile;
use crate::settings::{self, ConnectionSettings, Files, ScanSettings};

/// The bits of a mode by which others than the owner can change a file, and can read one.
pub(super) const WRITABLE: u32 = 0o022;
pub(super) const READABLE: u32 = 0o077;

const SETTINGS: &str = "settings";

/// Each file of settings that was read; `None` where one could not be.
pub(super) fn files(files: Result<Files, settings::Error>, checks: &mut Checks) -> Option<Files> {
    const CHECK: &str = "files";
    let files = match files {
        Ok(files) => files,
        Err(error) => {
            checks.fail(CHECK, Error::from(error).to_problem());
            checks.skip(&["settings", "ci", "subject", "reports", "certificates"], "a file of settings cannot be read");
            return None;
        }
    };
    files.warnings().iter().for_each(|warning| checks.warn(CHECK, warning, ""));
    if files.places().next().is_none() {
        checks.pass(CHECK, "no file of settings is there: flags and variables say it all");
    }
    for (shown, path, is_trusted) in files.places() {
        if !is_trusted {
            let what = "is read; a pull request can edit it, so it chooses no host, credential or command";
            checks.pass(CHECK, format!("{shown} {what}"));
        } else if let Some(mode) = open_to_others(path, WRITABLE) {
            let message =
                format!("{shown} is trusted with hosts and credentials, and others can write it (mode {mode:03o})");
            checks.warn(CHECK, message, "take the right from them, with chmod go-w");
        } else {
            checks.pass(CHECK, format!("{shown} is read, and trusted with hosts and credentials"));
        }
    }
    Some(files)
}

/// The settings, or the policy behind them; `None` where a scan could not use them.
pub(super) fn settings<T>(settings: Result<T, Error>, checks: &mut Checks) -> Option<T> {
    if let Err(error) = &settings {
        checks.fail(SETTINGS, error.to_problem());
        checks.skip(&["ci", "subject", "reports", "certificates"], "the settings cannot be used");
    }
    settings.ok()
}

/// What is to be said of settings that a scan could use.
pub(super) fn understood(settings: &ScanSettings, policy: &mut Policy<'_>, checks: &mut Checks) {
    let names: Vec<&str> = settings.entries.iter().map(|entry| entry.name.as_str()).collect();
    checks.pass(SETTINGS, format!("they are understood, for {}", names.join(", ")));
    let folder = settings.entries.iter().find_map(|entry| entry.subject.directory());
    if let Some(Err(error)) = folder.map(|path| policy.ignore_rules(path)) {
        checks.fail(SETTINGS, error.to_problem());
    }
    settings.warnings.iter().chain(&policy.warnings).for_each(|warning| checks.warn(SETTINGS, warning, ""));
    policy.notes.iter().for_each(|note| checks.pass(SETTINGS, note));
}

/// What is to be scanned: once, where several platforms scan the same.
pub(super) fn subjects(settings: &ScanSettings, checks: &mut Checks) {
    let subjects: Vec<_> = settings.entries.iter().map(|entry| &entry.subject).collect();
    for (at, subject) in subjects.iter().enumerate() {
        if !subjects.iter().take(at).any(|earlier| earlier == subject) {
            match crate::scan::look(subject) {
                Ok(found) => checks.pass("subject", found),
                Err(error) => checks.fail("subject", error.to_problem()),
            }
        }
    }
}

/// Whether everything that a scan leaves behind could be written. Nothing is left behind for it.
pub(super) fn reports(settings: &ScanSettings, checks: &mut Checks) {
    const CHECK: &str = "reports";
    let mut failed: Vec<Error> = crate::scan::check_raw_copies(settings).err().map(Error::from).into_iter().collect();
    let files: Vec<_> = settings.run.report.files().collect();
    failed.extend(files.iter().filter_map(|file| PrivateFile::reserve(file.clone()).err()));
    if failed.is_empty() {
        let names: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
        checks.pass(CHECK, format!("can be written: {}", names.join(", ")));
    }
    for error in failed {
        checks.fail(CHECK, error.to_problem());
    }
}

/// What the CI says of the run, which is filled into the settings as a scan would.
pub(super) fn ci(settings: &mut ScanSettings, context: &Context, checks: &mut Checks) {
    const CHECK: &str = "ci";
    let host = match Host::of(&context.environment) {
        Host::GitHub => "GitHub Actions",
        Host::GitLab => "GitLab CI",
        Host::Jenkins => "Jenkins",
        Host::None => "none that is known",
    };
    let work_tree = scan::work_tree(settings);
    let found = ci::Context::of(&context.environment, || work_tree.clone());
    let facts = [
        ("branch", &found.branch),
        ("commit", &found.commit),
        ("to be merged into", &found.base.as_ref().and_then(|base| base.branch.clone())),
    ];
    let facts = facts.into_iter().filter_map(|(what, fact)| Some(format!(", {what} {}", fact.as_ref()?)));
    checks.pass(CHECK, format!("{host}{}", facts.collect::<String>()));
    let needs_one = |ConnectionSettings { credential, store, .. }: &ConnectionSettings| {
        credential.is_none() && !store.as_ref().is_some_and(Store::is_there)
    };
    if found.withheld.is_some() && settings.entries.iter().any(|entry| needs_one(&entry.connection)) {
        let next = match Host::of(&context.environment) {
            Host::GitLab => "docs/gitlab.md says which pipelines get protected variables",
            _ => "docs/ci-security.md says which runs get secrets",
        };
        checks.warn(CHECK, "the CI gives this run no secrets, or fewer than others", next);
    }
    if let Some(warning) = &found.warning {
        checks.warn(CHECK, warning, "");
    }
    found.complete(settings, work_tree.as_ref());
}

/// The mode of a file or folder that gives others than its owner one of these rights.
pub(super) fn open_to_others(path: &Path, rights: u32) -> Option<u32> {
    path.metadata().ok().map(|metadata| regular_file::mode(&metadata)).filter(|mode| mode & rights != 0)
}
