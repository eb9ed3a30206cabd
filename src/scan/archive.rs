//! The source tree as a zip archive.

use crate::error::Class;

/// The source tree could not be archived.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    message: String,
}

impl Error {
    /// How a run ends that has nothing worse.
    pub fn class(&self) -> Class {
        Class::Usage
    }

    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        None
    }
}
