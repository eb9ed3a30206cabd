//! One snapshot of the environment; layers merged; each value remembers where it came from (DESIGN section 4).
//!
//! ```text
//! keys (one table) ─► Flags ───────┐
//!                     Environment ─┼► Layers ─► ScanSettings, DemoSettings, ApiSettings, LogSettings
//!                     Files ───────┘
//! ```
//! Layers hold texts; what comes out of them is typed and checked, and nothing behind it looks at flags or variables again.

mod api;
mod connection;
mod credential;
mod demo;
mod dialect;
mod document;
mod duration;
mod entry;
mod environment;
mod files;
mod gate;
pub mod keys;
mod layers;
mod log;
mod login;
mod named;
mod network;
mod report;
#[cfg(test)]
mod samples;
mod scan;
mod schema;
mod shown;
mod stores;
mod subject;
mod token_command;
mod trust;
pub(crate) mod value;
mod vendor_file;
mod yaml;

pub use api::ApiSettings;
pub use connection::{ConnectionSettings, stored as stored_credential};
pub use credential::known_secrets;
pub use demo::DemoSettings;
pub use document::Place;
pub use entry::EntrySettings;
pub use environment::{Environment, Terminal};
pub use files::Files;
pub use layers::{Flags, Layers, Origin, Sourced};
pub use log::{LogFormat, LogSettings, Verbosity};
pub use login::{Account, Accounts, LoginSettings, has_browser_login, places as login_places};
pub use report::{Destination, ReportSettings, ReportTarget};
pub use scan::{OnInterrupt, RunSettings, ScanSettings};
pub use schema::schema;
pub use shown::{Given, Shown, ShownEntry, ShownSettings};
pub use subject::Subject;
pub use token_command::browser_command;
pub(crate) use trust::resolve;
pub use vendor_file::secrets_in_files;

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
