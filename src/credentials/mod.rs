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
        }
    }

    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::None { hint, .. } | Self::Store { hint, .. } => Some(hint.clone()),
            Self::Unreadable { .. } => None,
            Self::MadeForAnother { .. } => {
                Some("log in there with `scangate login`, or give a credential for it in a variable".to_owned())
            }
        }
    }
}
