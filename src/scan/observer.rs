//! What the pipeline says while it runs, to whoever listens.

use std::path::Path;

use crate::finding::ScanReference;
use crate::platform::ScanState;

/// Something that happened. Its texts are as they came: the listener redacts them and takes their effect on terminals away.
pub enum Event<'a> {
    /// The platform is asked to take the credential.
    SigningIn {
        /// The platform's name for people.
        platform: &'a str,
        /// Where the credential was found: `CYBEDEFEND_PAT`.
        credential_origin: &'a str,
    },
    /// The source tree was archived.
    Archived {
        /// How many files it holds.
        files: u64,
        /// How long it is, in bytes.
        bytes: u64,
    },
    /// The platform gave the scan an id.
    Started(&'a ScanReference),
    /// The scan is in another state than at the last look.
    State(&'a ScanState),
    /// The findings were read: how many.
    Found(usize),
    /// A report was written.
    Wrote(&'a Path),
    /// Something that people should know.
    Note(String),
    /// Something that people should look at.
    Warning(String),
    /// Something that happened to one of several entries.
    Of {
        /// The entry's name.
        entry: &'a str,
        /// What happened.
        event: &'a Self,
    },
}

/// Who listens.
pub trait Observer {
    /// Is called for everything that happens, in order.
    fn event(&self, event: &Event<'_>);
}

/// Says of everything that happens to one of several entries which one it is.
pub(super) struct OfEntry<'a> {
    /// Who listens.
    pub(super) observer: &'a dyn Observer,
    /// The entry's name; none where it has no other beside it.
    pub(super) entry: Option<&'a str>,
}

impl Observer for OfEntry<'_> {
    fn event(&self, event: &Event<'_>) {
        match self.entry {
            Some(entry) => self.observer.event(&Event::Of { entry, event }),
            None => self.observer.event(event),
        }
    }
}

/// Nobody listens.
#[derive(Clone, Copy, Debug)]
pub struct Silence;

impl Observer for Silence {
    fn event(&self, _event: &Event<'_>) {}
}
