//! Signed upload URLs, in the form of Google Cloud Storage (contract section 3.1).

use std::time::Duration;

use jiff::Timestamp;
use url::form_urlencoded;

use super::Emulator;
use super::fault::CybeDefendFault;
use crate::sandbox::core::after;

/// How long an upload URL is valid.
const LIFETIME: Duration = Duration::from_mins(15);
const SIGNATURE: &str = "X-Goog-Signature";
const BUCKET: &str = "sandbox-uploads";

/// Why a URL is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Invalid {
    Signature,
    Expired,
}

/// The path of the object that a scan reads.
pub(super) fn object_path(emulator: &Emulator, scan: &str) -> String {
    format!("/{BUCKET}/{}/{scan}.zip", emulator.project_id)
}

/// The scan whose object a path names.
pub(super) fn scan_of<'a>(emulator: &Emulator, path: &'a str) -> Option<&'a str> {
    let scan = path.rsplit('/').next()?.strip_suffix(".zip")?;
    (object_path(emulator, scan) == path).then_some(scan)
}

/// A URL that allows one `PUT` of a scan's archive for a quarter of an hour.
pub(super) fn upload_url(emulator: &Emulator, scan: &str) -> String {
    let path = object_path(emulator, scan);
    let now = emulator.now();
    let date = format!("{now:.0}").replace(['-', ':'], "");
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("X-Goog-Algorithm", "GOOG4-RSA-SHA256")
        .append_pair("X-Goog-Credential", "sandbox@example.iam.gserviceaccount.com/auto/storage/goog4_request")
        .append_pair("X-Goog-Date", &date)
        .append_pair("X-Goog-Expires", &LIFETIME.as_secs().to_string())
        .append_pair("X-Goog-SignedHeaders", "content-type;host")
        .finish();
    let signature = emulator.core.entropy.sign(&text_to_sign(&path, &query));
    format!("{}{path}?{query}&{SIGNATURE}={signature}", emulator.origins.storage)
}

/// Checks the signature first: the date of a URL that was changed says nothing.
pub(super) fn check(emulator: &Emulator, path: &str, query: &str) -> Result<(), Invalid> {
    let (signed, signature) = query.rsplit_once('&').ok_or(Invalid::Signature)?;
    let signature =
        signature.strip_prefix(SIGNATURE).and_then(|rest| rest.strip_prefix('=')).ok_or(Invalid::Signature)?;
    if signature != emulator.core.entropy.sign(&text_to_sign(path, signed)) {
        return Err(Invalid::Signature);
    }
    let expires = expiry(signed).ok_or(Invalid::Signature)?;
    if expires <= emulator.now() || emulator.core.faults.has(CybeDefendFault::UploadExpired) {
        return Err(Invalid::Expired);
    }
    Ok(())
}

fn text_to_sign(path: &str, query: &str) -> String {
    format!("PUT\n{path}\n{query}")
}

fn expiry(query: &str) -> Option<Timestamp> {
    let value = |name: &str| {
        form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    let start = value("X-Goog-Date")?.parse().ok()?;
    Some(after(start, Duration::from_secs(value("X-Goog-Expires")?.parse().ok()?)))
}
