//! What holds for all platforms: files of settings, settings, and the CI around the process.

use std::path::Path;

use super::check::Checks;
use crate::ci::{self, Host};
use crate::cli::{Context, scan};
use crate::error::Error;
use crate::regular_file;
use crate::settings::{self, Files, ScanSettings};

/// The bits of a mode by which others than the owner can change a file, and can read one.
pub(super) const WRITABLE: u32 = 0o022;
pub(super) const READABLE: u32 = 0o077;

/// Each file of settings that was read; `None` where one could not be.
pub(super) fn files(files: Result<Files, settings::Error>, checks: &mut Checks) -> Option<Files> {
    const CHECK: &str = "files";
    let files = match files {
        Ok(files) => files,
        Err(error) => {
            checks.fail(CHECK, Error::from(error).to_problem());
            checks.skip(&["settings", "ci", "certificates"], "a file of settings cannot be read");
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

/// What the settings say; `None` where they cannot be understood.
pub(super) fn settings(settings: Result<ScanSettings, settings::Error>, checks: &mut Checks) -> Option<ScanSettings> {
    const CHECK: &str = "settings";
    match settings {
        Ok(settings) => {
            let names: Vec<&str> = settings.entries.iter().map(|entry| entry.name.as_str()).collect();
            checks.pass(CHECK, format!("they are understood, for {}", names.join(", ")));
            for warning in &settings.warnings {
                checks.warn(CHECK, warning, "");
            }
            Some(settings)
        }
        Err(error) => {
            checks.fail(CHECK, Error::from(error).to_problem());
            checks.skip(&["ci", "certificates"], "the settings cannot be understood");
            None
        }
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
    if found.withheld.is_some() {
        let next = "docs/ci-security.md says which runs get secrets";
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
