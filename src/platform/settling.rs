//! The wait for findings to settle after a scan's end (DESIGN section 8): looks that are five seconds apart, for two minutes at most,
//! and none for which the run has no time left.

use std::time::Duration;

use crate::http::Client;

/// The wait between two looks at a list that is not yet what it should be.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// How long findings may take to settle.
const LONGEST_SETTLING: Duration = Duration::from_mins(2);

/// Findings that settle.
pub(super) struct Settling<'a> {
    client: &'a Client,
    /// When they are waited for no longer, on [`crate::clock::Clock::monotonic`].
    until: Duration,
}

impl<'a> Settling<'a> {
    /// Begins the wait.
    pub(super) fn new(client: &'a Client) -> Self {
        Self { client, until: client.clock().monotonic().saturating_add(LONGEST_SETTLING) }
    }

    /// Lets time pass before another look. False where none is to follow, and then no time has passed.
    pub(super) async fn look_again(&self) -> bool {
        self.client.clock().monotonic() < self.until && look_again(self.client).await
    }
}

/// Lets time pass before another look at what may be different then. False when the run has none left for it.
pub(super) async fn look_again(client: &Client) -> bool {
    let has_time = client.remaining() > LOOK_AGAIN;
    if has_time {
        client.clock().sleep(LOOK_AGAIN).await;
    }
    has_time
}
