//! Waiting for a scan to end: growing intervals with jitter, one deadline, unknown states named and never passed.

use crate::error::Class;

/// The wait for the scan's end was in vain.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    message: String,
    class: Class,
}

impl Error {
    /// How a run ends that has nothing worse.
    pub fn class(&self) -> Class {
        self.class
    }

    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        None
    }
}
