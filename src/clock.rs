//! Time as a value that is handed in, so that no test and no demo waits for real.
//!
//! Everything that reads the time or sleeps takes a [`Clock`]. The simulated clock serves the client and the sandbox of one
//! process together: a client that "sleeps" five seconds moves the clock, and the emulated scan is five seconds further on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// A source of time: the machine's, or one that only moves when somebody waits for it.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System { speed: u32 },
    Simulated(Arc<Simulated>),
}

struct Simulated {
    start: Timestamp,
    elapsed_nanos: AtomicU64,
}

impl Clock {
    /// The machine's own time.
    pub fn system() -> Self {
        Self(Source::System { speed: 1 })
    }

    /// The machine's time, running `speed` times as fast from the first reading on: what `scangate sandbox --speed` serves.
    pub fn faster(speed: u32) -> Self {
        Self(Source::System { speed: speed.max(1) })
    }

    /// A clock that stands at `start` and moves only through [`Clock::sleep`] and [`Clock::advance`].
    pub fn simulated(start: Timestamp) -> Self {
        Self(Source::Simulated(Arc::new(Simulated { start, elapsed_nanos: AtomicU64::new(0) })))
    }

    /// Whether waiting on this clock takes no real time.
    pub fn is_simulated(&self) -> bool {
        matches!(self.0, Source::Simulated(_))
    }

    /// Time since an arbitrary fixed moment. It never goes back, whatever happens to the wall clock.
    pub fn monotonic(&self) -> Duration {
        match &self.0 {
            Source::System { speed } => real_elapsed().saturating_mul(*speed),
            Source::Simulated(simulated) => simulated.elapsed(),
        }
    }

    /// The wall clock, in UTC.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System { speed: 1 } => real_now(),
            Source::System { .. } => after(real_now(), self.monotonic().saturating_sub(real_elapsed())),
            Source::Simulated(simulated) => after(simulated.start, simulated.elapsed()),
        }
    }

    /// Waits until `duration` has passed on this clock.
    pub async fn sleep(&self, duration: Duration) {
        match &self.0 {
            Source::System { speed } => real_sleep(duration / *speed).await,
            Source::Simulated(simulated) => {
                let until = simulated.elapsed().saturating_add(duration);
                // Other tasks get their turn first: an answer already on its way must not find the clock moved.
                tokio::task::yield_now().await;
                simulated.elapsed_nanos.fetch_max(nanos(until), Ordering::SeqCst);
            }
        }
    }

    /// Moves a simulated clock forward; the machine's time cannot be moved, and this does nothing to it.
    pub fn advance(&self, duration: Duration) {
        if let Source::Simulated(simulated) = &self.0 {
            simulated.elapsed_nanos.fetch_add(nanos(duration), Ordering::SeqCst);
        }
    }
}

impl Simulated {
    fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.elapsed_nanos.load(Ordering::SeqCst))
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn after(start: Timestamp, elapsed: Duration) -> Timestamp {
    SignedDuration::try_from(elapsed).ok().and_then(|elapsed| start.checked_add(elapsed).ok()).unwrap_or(Timestamp::MAX)
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's monotonic time")]
fn real_elapsed() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's wall clock")]
fn real_now() -> Timestamp {
    Timestamp::now()
}

#[expect(clippy::disallowed_methods, reason = "the one place that waits for real")]
async fn real_sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sleeping_on_a_simulated_clock_moves_it_and_takes_no_time() {
        let clock = Clock::simulated(Timestamp::UNIX_EPOCH);
        clock.sleep(Duration::from_hours(1)).await;
        assert_eq!(clock.monotonic(), Duration::from_hours(1));
        assert_eq!(clock.now(), Timestamp::from_second(3600).unwrap());
    }

    #[tokio::test]
    async fn two_sleepers_wait_side_by_side() {
        let clock = Clock::simulated(Timestamp::UNIX_EPOCH);
        tokio::join!(clock.sleep(Duration::from_secs(5)), clock.sleep(Duration::from_secs(3)));
        assert_eq!(clock.monotonic(), Duration::from_secs(5));
    }

    #[test]
    fn a_faster_clock_runs_ahead_of_the_machine() {
        let (slow, fast) = (Clock::system(), Clock::faster(1000));
        assert!(fast.monotonic() >= slow.monotonic());
        assert!(fast.now() >= slow.now());
    }
}
