//! Slowing down before a server has to say 429.

use std::time::Duration;

use super::rate_limit::RateLimit;

/// As long as more requests than these are left in the server's window, nothing is held back: a run needs about this many to end
/// well, for a renewed token and the pages of findings (`contracts/cyberorigen.md` section 3).
const RESERVE: u32 = 10;

/// The earliest moment for the next request to one origin, on `Clock::monotonic`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Pace {
    next: Duration,
}

impl Pace {
    /// Spreads the last requests of a window over what is left of it; none left means waiting for the next window.
    pub(super) fn after(limit: &RateLimit, now: Duration) -> Self {
        let gap = match (limit.remaining, limit.resets_in) {
            (Some(remaining), Some(resets_in)) if remaining <= RESERVE => resets_in / (remaining + 1),
            _ => Duration::ZERO,
        };
        Self { next: now.saturating_add(gap) }
    }

    /// How long a request at `now` has to wait, if the run ends in `left`. A pace that the deadline leaves no room for is not
    /// kept: the request goes out at once, and if it is one too many, the server's own 429 ends the run and says so.
    pub(super) fn wait(self, now: Duration, left: Duration) -> Duration {
        Some(self.next.saturating_sub(now)).filter(|wait| *wait < left).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn wait(remaining: Option<u32>, resets_in: Option<Duration>) -> Duration {
        let limit = RateLimit { retry_after: None, remaining, resets_in };
        Pace::after(&limit, seconds(100)).wait(seconds(100), seconds(7200))
    }

    #[test]
    fn a_full_window_holds_nothing_back() {
        assert_eq!(wait(Some(11), Some(seconds(3600))), Duration::ZERO);
    }

    #[test]
    fn the_last_requests_are_spread_over_what_is_left_of_the_window() {
        assert_eq!(wait(Some(10), Some(seconds(1100))), seconds(100));
        assert_eq!(wait(Some(1), Some(seconds(60))), seconds(30));
    }

    #[test]
    fn an_empty_window_is_waited_out() {
        assert_eq!(wait(Some(0), Some(seconds(45))), seconds(45));
    }

    #[test]
    fn a_server_that_names_no_limit_is_not_waited_for() {
        assert_eq!(wait(None, Some(seconds(60))), Duration::ZERO);
        assert_eq!(wait(Some(0), None), Duration::ZERO);
    }

    #[test]
    fn time_that_has_passed_counts() {
        let limit = RateLimit { retry_after: None, remaining: Some(0), resets_in: Some(seconds(45)) };
        let pace = Pace::after(&limit, seconds(100));
        assert_eq!(pace.wait(seconds(130), seconds(7200)), seconds(15));
        assert_eq!(pace.wait(seconds(500), seconds(7200)), Duration::ZERO);
    }

    #[test]
    fn a_pace_beyond_the_deadline_is_left_to_the_server() {
        let limit = RateLimit { retry_after: None, remaining: Some(0), resets_in: Some(seconds(45)) };
        assert_eq!(Pace::after(&limit, seconds(0)).wait(seconds(0), seconds(45)), Duration::ZERO);
    }
}
