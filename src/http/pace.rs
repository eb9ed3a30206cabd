//! Slowing down before a server has to say 429.

use std::time::Duration;

use super::rate_limit::RateLimit;

/// Requests of a server's window that polls leave alone: a run needs about this many to end well, for a renewed token and the
/// pages of findings (`contracts/cyberorigen.md` section 3).
const RESERVE: u32 = 10;

/// What one origin has said of its limit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Pace(Option<Window>);

#[derive(Clone, Copy, Debug, PartialEq)]
struct Window {
    /// When the server said so, on `Clock::monotonic`.
    told_at: Duration,
    remaining: u32,
    resets_in: Duration,
}

impl Pace {
    /// Takes in what an answer at `now` says. One that says nothing, as from a server in between, changes nothing.
    pub(super) fn learn(&mut self, limit: &RateLimit, now: Duration) {
        if let (Some(remaining), Some(resets_in)) = (limit.remaining, limit.resets_in) {
            self.0 = Some(Window { told_at: now, remaining, resets_in });
        }
    }

    /// How long a request at `now` has to wait, if the run ends in `left`. Polls are spread over what is left of the window, less
    /// the reserve; everything else goes out as long as anything is left. A wait that the deadline leaves no room for is not
    /// made: the request goes out at once, and if it is one too many, the server's own 429 ends the run and says so.
    pub(super) fn wait(self, poll: bool, now: Duration, left: Duration) -> Duration {
        let Some(window) = self.0 else { return Duration::ZERO };
        let since = now.saturating_sub(window.told_at);
        if since >= window.resets_in {
            return Duration::ZERO;
        }
        let gap = match window.remaining {
            0 => window.resets_in,
            _ if poll => window.poll_gap(left.saturating_add(since)),
            _ => Duration::ZERO,
        };
        Some(gap.saturating_sub(since)).filter(|wait| *wait < left).unwrap_or_default()
    }
}

impl Window {
    /// The time between two polls. Where that would go beyond the end of the run, which comes in `left`, no new window will help:
    /// polls then take half of what remains, and leave the rest for the end.
    fn poll_gap(self, left: Duration) -> Duration {
        let gap = self.resets_in / self.remaining.saturating_sub(RESERVE).max(1);
        if gap < left { gap } else { left / (self.remaining / 2).saturating_add(2) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn told(remaining: Option<u32>, resets_in: Option<u64>) -> Pace {
        let mut pace = Pace::default();
        let resets_in = resets_in.map(Duration::from_secs);
        pace.learn(&RateLimit { retry_after: None, remaining, resets_in }, seconds(100));
        pace
    }

    fn poll(remaining: u32, resets_in: u64, left: u64) -> Duration {
        told(Some(remaining), Some(resets_in)).wait(true, seconds(100), seconds(left))
    }

    fn page(remaining: u32, resets_in: u64, left: u64) -> Duration {
        told(Some(remaining), Some(resets_in)).wait(false, seconds(100), seconds(left))
    }

    #[test]
    fn polls_are_spread_over_the_window_and_keep_off_the_reserve() {
        assert_eq!(poll(99, 3560, 7200), seconds(40));
        assert_eq!(poll(12, 600, 7200), seconds(300));
        for kept in [11, 10, 5, 1, 0] {
            assert_eq!(poll(kept, 600, 7200), seconds(600), "{kept}");
        }
    }

    #[test]
    fn everything_else_may_use_the_reserve_up() {
        for remaining in [99, 10, 1] {
            assert_eq!(page(remaining, 600, 7200), Duration::ZERO, "{remaining}");
        }
        assert_eq!(page(0, 45, 7200), seconds(45), "an empty window is waited out");
    }

    #[test]
    fn polls_use_half_of_what_is_left_where_the_run_ends_before_the_window() {
        assert_eq!(poll(10, 3000, 1400), seconds(200));
        assert_eq!(poll(1, 3000, 1000), seconds(500));
        assert_eq!(poll(90, 3600, 1800), seconds(45), "a pace that fits is kept");
    }

    #[test]
    fn a_server_that_names_no_limit_is_not_waited_for() {
        assert_eq!(told(None, Some(60)).wait(true, seconds(100), seconds(7200)), Duration::ZERO);
        assert_eq!(told(Some(0), None).wait(true, seconds(100), seconds(7200)), Duration::ZERO);
    }

    #[test]
    fn an_answer_that_says_nothing_of_limits_changes_nothing() {
        let mut pace = told(Some(0), Some(60));
        pace.learn(&RateLimit::default(), seconds(101));
        assert_eq!(pace, told(Some(0), Some(60)));
    }

    #[test]
    fn time_that_has_passed_counts_and_a_window_that_has_ended_says_nothing() {
        let pace = told(Some(0), Some(45));
        for (now, wait) in [(130, 15), (145, 0), (500, 0)] {
            assert_eq!(pace.wait(true, seconds(now), seconds(7200)), seconds(wait), "{now}");
        }
    }

    #[test]
    fn an_empty_window_beyond_the_deadline_is_left_to_the_server() {
        for left in [45, 10] {
            assert_eq!((poll(0, 45, left), page(0, 45, left)), (Duration::ZERO, Duration::ZERO));
        }
    }
}
