//! Why a request brought no answer.

use crate::error::Class;

/// A request that did not bring an answer.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    message: String,
    class: Class,
    status: Option<u16>,
    server_message: Option<String>,
}

impl Error {
    /// The HTTP status, where an answer came.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// The server's own words, redacted, in one line.
    pub fn server_message(&self) -> Option<&str> {
        self.server_message.as_deref()
    }

    /// How a run ends that has nothing worse.
    pub fn class(&self) -> Class {
        self.class
    }

    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        None
    }

    /// Method, URL without its query, request id, retries, time spent.
    pub fn detail(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        false
    }
}
