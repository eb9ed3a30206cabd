//! What the pipeline says while it runs, to whoever listens.

use crate::finding::ScanReference;
use crate::platform::ScanState;

/// Something that happened.
pub enum Event<'a> {
    /// The platform gave the scan an id.
    Started(&'a ScanReference),
    /// The scan is in another state than at the last look.
    State(&'a ScanState),
    /// The findings were read: how many.
    Found(usize),
    /// Something that people should look at.
    Warning(String),
}

/// Who listens.
pub trait Observer {
    /// Is called for everything that happens, in order.
    fn event(&self, event: &Event<'_>);
}
