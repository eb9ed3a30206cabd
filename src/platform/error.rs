//! An answer that a platform's contract does not allow, or a refusal that the platform explains.

use crate::error::Class;
use crate::http;

/// What went wrong at a platform.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A request brought no answer.
    #[error(transparent)]
    Http(#[from] http::Error),
    /// A setting that this platform needs is missing or malformed.
    #[error("{message}")]
    Setting {
        /// What is wrong.
        message: String,
        /// The way out.
        hint: String,
    },
    /// The platform refused, and what it said is known to mean this.
    #[error("{message}")]
    Refused {
        /// How a run ends that has nothing worse.
        class: Class,
        /// What happened, in the user's terms.
        message: String,
        /// The way out.
        hint: String,
        /// The refusal itself.
        #[source]
        source: Option<http::Error>,
    },
    /// An answer that the contract does not allow.
    #[error("{message}")]
    Protocol {
        /// What was expected and what came.
        message: String,
    },
}

impl Error {
    /// A credential or subject that this platform does not take. The settings refuse them, so it is a bug to get here.
    pub(super) fn not_taken(platform: &'static str, what: &str) -> Self {
        Self::Setting {
            message: format!("{platform} takes no {what} of this kind"),
            hint: "this is a bug in scangate; please report it".to_owned(),
        }
    }

    /// The failure of a request for a scan of `what` whose answer was lost. A scan that shows since then is not taken for the one
    /// that was asked for: it may be another user's, of fewer checks, and a pass of that would be none.
    pub(super) fn lost_start(error: http::Error, platform: &'static str, what: &str) -> Self {
        Self::Refused {
            class: match error.class() {
                class @ (Class::Timeout | Class::Protocol) => class,
                _ => Class::Unavailable,
            },
            message: format!(
                "the answer to the request for a scan of {what} was lost, so a scan may have been started; it was not asked for again"
            ),
            hint: format!("look at its scans in {platform} before you run this again: each one may cost quota"),
            source: Some(error),
        }
    }

    /// What to say where a request may have made a scan though no answer says so ([`http::Error::may_have_arrived`]), and what to do.
    /// `asked` goes on from "the request", and `scans` are what the platform calls them.
    pub(super) fn may_have_begun(error: &http::Error, platform: &str, asked: &str, scans: &str) -> (String, String) {
        let message = match error.status() {
            None => format!("the answer to the request {asked} was lost, and a scan may have begun"),
            Some(status) => format!("{platform} answered the request {asked} with {status}, and a scan may have begun"),
        };
        let hint = format!(
            "the request is not sent again by itself, since that could make a second scan; look at the {scans} in {platform} first"
        );
        (message, hint)
    }

    /// How a run ends that has nothing worse.
    pub fn class(&self) -> Class {
        match self {
            Self::Http(error) => error.class(),
            Self::Setting { .. } => Class::Usage,
            Self::Refused { class, .. } => *class,
            Self::Protocol { .. } => Class::Protocol,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Http(error) => error.hint(),
            Self::Setting { hint, .. } | Self::Refused { hint, .. } => Some(hint.clone()),
            Self::Protocol { .. } => Some(
                "keep what the platform answers with --save-raw, and look in docs/platforms.md for settings that change how it is read"
                    .to_owned(),
            ),
        }
    }

    /// Facts behind the message.
    pub fn detail(&self) -> Vec<String> {
        match self {
            Self::Http(error) => error.detail(),
            Self::Refused { source: Some(error), .. } => {
                // The refusal's own line stands behind the one that says what it means.
                [error.to_string()].into_iter().chain(error.detail()).collect()
            }
            Self::Refused { source: None, .. } | Self::Setting { .. } | Self::Protocol { .. } => Vec::new(),
        }
    }

    /// Whether the same request may succeed later with nothing changed.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Http(error) => error.is_retryable(),
            Self::Refused { class, .. } => *class == Class::Unavailable,
            Self::Setting { .. } | Self::Protocol { .. } => false,
        }
    }

    /// The HTTP status behind it, where an answer came.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Http(error) => error.status(),
            Self::Refused { source, .. } => source.as_ref().and_then(http::Error::status),
            Self::Setting { .. } | Self::Protocol { .. } => None,
        }
    }
}
