//! A secret as a type of its own.

use secrecy::{ExposeSecret as _, SecretString};

/// A token, key or password. It has no `Debug` and no `Display`, so nothing prints it by accident, and it is zeroed when dropped.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes a secret from a flag, a file, the environment or an answer. Surrounding white space, such as the newline at the end
    /// of a file, is not part of it. `None` if nothing is left.
    pub fn new(text: &str) -> Option<Self> {
        let trimmed = text.trim();
        (!trimmed.is_empty()).then(|| Self(SecretString::from(trimmed)))
    }

    /// The text, for the one moment in which it is put into a request or a redactor.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}
