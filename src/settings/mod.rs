//! One snapshot of the environment; layers merged; each value remembers where it came from (DESIGN section 4).

/// A setting that is missing, malformed or at odds with another.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    message: String,
    hint: Option<String>,
}

impl Error {
    /// An error in one line, lower case.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    /// Adds the way out.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}
