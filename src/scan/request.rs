//! From settings, credential and source tree to what a platform is asked.

use super::prepare::Prepared;
use crate::credentials::Credential;
use crate::platform::{Request, Subject};
use crate::settings::{EntrySettings, ScanSettings};

/// What an entry asks of its platform.
pub(super) fn request(
    entry: &EntrySettings,
    settings: &ScanSettings,
    credential: Credential,
    prepared: &Prepared,
) -> Request {
    let (image, target) = match &prepared.subject {
        Subject::Image(image) => (Some(image.clone()), None),
        Subject::Target(target) => (None, Some(target.clone())),
        Subject::Archive { .. } | Subject::Sarif { .. } => (None, None),
    };
    let head = &prepared.tree.head;
    let Request { credential, region, api_url, auth_url, .. } = Request::at(credential, entry.hosts());
    let EntrySettings {
        auth_scheme,
        paths,
        states,
        branch,
        project_id,
        scan_type,
        frameworks,
        ports,
        intensity,
        authorized,
        options,
        ..
    } = entry.clone();
    Request {
        credential,
        region,
        api_url,
        auth_url,
        auth_scheme,
        paths,
        states,
        project_id,
        branch: branch.or_else(|| settings.branch.clone()).or_else(|| head.branch.clone()),
        commit: settings.commit.clone().or_else(|| head.commit.clone()),
        directory: prepared.tree.directory.clone(),
        image,
        target,
        sarif: matches!(prepared.subject, Subject::Sarif { .. }),
        scan_type,
        frameworks,
        ports,
        intensity,
        authorized,
        options,
    }
}
