//! From settings, credential and source tree to what a platform is asked.

use super::git::Head;
use super::prepare::Prepared;
use crate::credentials::Credential;
use crate::platform::Request;
use crate::settings::{EntrySettings, ScanSettings};

/// What an entry asks of its platform.
pub(super) fn request(
    entry: &EntrySettings,
    settings: &ScanSettings,
    credential: Credential,
    prepared: &Prepared,
) -> Request {
    let head = &prepared.tree.head;
    let request = entry.request(credential);
    Request {
        branch: request.branch.or_else(|| branch(settings, head)),
        commit: settings.commit.clone().or_else(|| head.commit.clone()),
        directory: prepared.tree.directory.clone(),
        ..request
    }
}

/// The branch that the run is about, by its settings, else by git.
pub(super) fn branch(settings: &ScanSettings, head: &Head) -> Option<String> {
    settings.branch.clone().or_else(|| head.branch.clone().filter(|_| !settings.is_foreign))
}
