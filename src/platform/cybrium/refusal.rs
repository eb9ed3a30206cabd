//! What a refused request means (contract sections 1.4, 1.5 and 5).

use super::Cybrium;
use crate::error::Class;
use crate::http;
use crate::platform::Error;

/// What was asked for when the platform refused.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked<'a> {
    /// The list of scans.
    Scans,
    /// A scan of a target.
    Start(&'a str),
    /// A scan out of a SARIF file.
    Upload,
    /// The state of this scan.
    Scan(&'a str),
    /// The findings of this scan.
    Findings(&'a str),
}

impl Asked<'_> {
    pub(super) fn words(self) -> String {
        match self {
            Self::Scans => "to list the scans".to_owned(),
            Self::Start(target) => format!("to scan target `{target}`"),
            Self::Upload => "to take the SARIF file".to_owned(),
            Self::Scan(scan) => format!("to show scan {scan}"),
            Self::Findings(scan) => format!("to list the findings of scan {scan}"),
        }
    }

    /// The setting that says where the call lies.
    fn path(self) -> &'static str {
        match self {
            Self::Scans | Self::Start(_) => "scans",
            Self::Upload => "upload",
            Self::Scan(_) => "scan",
            Self::Findings(_) => "findings",
        }
    }

    /// Whether it makes a scan.
    fn creates(self) -> bool {
        matches!(self, Self::Start(_) | Self::Upload)
    }
}

impl Cybrium {
    /// A refusal in the user's terms, as far as it is known to have one meaning.
    pub(super) fn explain(&self, error: http::Error, asked: Asked<'_>) -> Error {
        let words = asked.words();
        let class = error.class();
        let (class, message, hint) = match error.status() {
            Some(401) => (Class::Auth, format!("Cybrium refused {words}: {}", self.keys_in_words()), self.new_key()),
            Some(status @ (402 | 403)) => (
                Class::Auth,
                format!("Cybrium refused {words} with {status}"),
                "check the role of the key's user, the key's scopes (scan:upload and findings:write to upload) and the workspace's \
                 plan, which has to be Pro or Enterprise; a key that it does not know may be answered so as well"
                    .to_owned(),
            ),
            Some(404) if matches!(asked, Asked::Scan(_)) => (
                Class::Usage,
                format!("Cybrium knows no {} at {}", words.trim_start_matches("to show "), self.endpoints.base()),
                "check the id: scans of another tenant look the same; if it is right, say with --path scan= where scans are"
                    .to_owned(),
            ),
            Some(status @ (404 | 405)) => (
                Class::Usage,
                format!("Cybrium has no call {words} at this path (it answered {status})"),
                format!(
                    "its paths are not documented: look them up at /api/docs/ on the tenant's API, and set --api-url, or --path {}=",
                    asked.path()
                ),
            ),
            Some(413) => (
                Class::Usage,
                format!("Cybrium refused {words}: it is too large"),
                "split it, or leave out of it what the scanner need not report".to_owned(),
            ),
            Some(300..=399) if asked.creates() => (
                class,
                format!("Cybrium answered the request {words} with a redirect, which is not followed"),
                format!(
                    "a redirected POST loses its body, and Cybrium's framework redirects a path without its last slash: check --api-url, \
                     and --path {}= if it is set",
                    asked.path()
                ),
            ),
            status if asked.creates() && error.may_have_arrived() && !matches!(status, Some(200..300)) => {
                let (message, hint) = Error::may_have_begun(&error, "Cybrium", &words, "scans");
                (class, message, hint)
            }
            _ => return Error::Http(error),
        };
        Error::Refused { class, message, hint, source: Some(error) }
    }

    fn keys_in_words(&self) -> String {
        match self.keys {
            1 => format!("the key from {} is not accepted", self.origin),
            _ => format!("neither the key from {} nor the one before it is accepted", self.origin),
        }
    }

    fn new_key(&self) -> String {
        format!(
            "the key was revoked, it has expired, or its rotation was finished: create or rotate one in Settings > API Keys, and store \
             its secret for {}; where the API wants another word before the key, --auth-scheme says it",
            self.origin
        )
    }
}
