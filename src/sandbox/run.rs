//! How far a scan is: a matter of the clock alone.

use jiff::Timestamp;

/// How far a scan is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Phase {
    /// It has not begun.
    Queued,
    /// The part that is done, from 0 to 1.
    Running(f64),
    /// It is over, well or badly.
    Ended,
}

impl Phase {
    /// The phase at `now` of a scan that runs from `start` to `end`.
    pub(super) fn at(now: Timestamp, start: Timestamp, end: Timestamp) -> Self {
        if now >= end {
            Self::Ended
        } else if now >= start {
            Self::Running(now.duration_since(start).as_secs_f64() / end.duration_since(start).as_secs_f64())
        } else {
            Self::Queued
        }
    }
}
