//! From settings, credential and source tree to what a platform is asked.

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
    let branch_of_git = || head.branch.clone().filter(|_| !settings.is_foreign);
    let request = entry.request(credential);
    Request {
        branch: request.branch.or_else(|| settings.branch.clone()).or_else(branch_of_git),
        commit: settings.commit.clone().or_else(|| head.commit.clone()),
        directory: prepared.tree.directory.clone(),
        ..request
    }
}
