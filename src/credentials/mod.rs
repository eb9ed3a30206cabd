//! What a secret is, and where it is looked for (DESIGN section 5).

pub mod browser;
mod claims;
mod command;
mod form;
mod secret;
mod source;
pub mod store;

pub use claims::Claims;
pub use command::CommandLine;
pub use form::{Accepted, Form};
pub use secret::Secret;
pub use source::{Credential, Source, SourceKind};

use crate::error::Class;

/// A credential that is missing or cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No source holds one.
    #[error("no credentials for {platform}")]
    None {
        /// The platform's name.
        platform: &'static str,
        /// Where one could be put.
        hint: String,
    },
    /// A named source cannot be read, or what it holds is no credential.
    #[error("{origin}: {cause}")]
    Unreadable {
        /// The flag or variable that names the source.
        origin: String,
        /// What is wrong with it; never any part of what it holds.
        cause: String,
        /// What to do next.
        hint: &'static str,
    },
    /// The run's deadline passed before a named source came to its end.
    #[error("{origin}: the deadline passed before the credential was read")]
    Late {
        /// The flag or variable that names the source.
        origin: String,
    },
    /// A store of logins cannot be read or written, or holds what is no login.
    #[error("{file}: {cause}")]
    Store {
        /// The file or folder.
        file: String,
        /// What is wrong with it; never any part of what it holds.
        cause: String,
        /// The way out.
        hint: String,
    },
    /// The stored login is for other hosts than those that the settings choose.
    #[error("the login in {file} is for {made_for}, and {asked}")]
    MadeForAnother {
        /// The file.
        file: String,
        /// The hosts that it was made for.
        made_for: String,
        /// What the settings choose, as a clause.
        asked: String,
    },
}

impl Error {
    /// How a run ends that has nothing worse.
    pub fn class(&self) -> Class {
        match self {
            Self::None { .. } | Self::MadeForAnother { .. } => Class::NoCredentials,
            Self::Unreadable { .. } | Self::Store { .. } => Class::Auth,
            Self::Late { .. } => Class::Timeout,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::None { hint, .. } | Self::Store { hint, .. } => Some(hint.clone()),
            Self::Unreadable { hint, .. } => Some((*hint).to_owned()),
            Self::Late { .. } => Some(
                "check that it comes to an end, as a pipe does when its writer closes it, or allow more time with --timeout"
                    .to_owned(),
            ),
            Self::MadeForAnother { .. } => {
                Some("log in there with `scangate login`, or give a credential for it in a variable".to_owned())
            }
        }
    }
}
