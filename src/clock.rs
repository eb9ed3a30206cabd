//! Time as a value that is handed in, so that no test and no demo waits for real.
//!
//! Everything that reads the time or sleeps takes a [`Clock`]. The simulated clock serves the clients and the sandbox of one
//! process together: a client that "sleeps" five seconds moves the clock, and the emulated scan is five seconds further on.
//!
//! It is the clock of a discrete-event simulation. It moves only when everybody waits for it, and then to the end of the shortest
//! wait: what takes real time, such as an exchange over a socket, takes none of its, however slow the machine is. Without that, one
//! client would sleep through a whole scan, and the deadline of another would pass, while the answer to that one is on its way.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

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
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    elapsed: Duration,
    /// How many hold the clock.
    held: usize,
    /// When each wait ends, with its number.
    waits: Vec<(Duration, u64)>,
    next_wait: u64,
}

/// Keeps a simulated clock where it is, until this is dropped: see [`Clock::hold`].
#[must_use = "the clock is held for as long as this lives"]
pub struct Hold(Option<Arc<Simulated>>);

/// A wait on a simulated clock, which is over or given up when this is dropped.
struct Wait<'a> {
    simulated: &'a Simulated,
    until: Duration,
    number: u64,
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

    /// A clock that stands at `start` and moves only through [`Clock::sleep`], [`Clock::pass`] and [`Clock::advance`].
    pub fn simulated(start: Timestamp) -> Self {
        let (state, changed) = (Mutex::default(), Notify::new());
        Self(Source::Simulated(Arc::new(Simulated { start, state, changed })))
    }

    /// Whether waiting on this clock takes no real time.
    pub fn is_simulated(&self) -> bool {
        matches!(self.0, Source::Simulated(_))
    }

    /// The same clock at the machine's own pace; a simulated one as it is.
    #[must_use]
    pub fn unhurried(&self) -> Self {
        match &self.0 {
            Source::System { .. } => Self::system(),
            Source::Simulated(simulated) => Self(Source::Simulated(Arc::clone(simulated))),
        }
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

    /// Waits until `duration` has passed on this clock. A simulated one first lets all shorter waits end, and whoever holds it let
    /// go.
    pub async fn sleep(&self, duration: Duration) {
        match &self.0 {
            Source::System { speed } => real_sleep(duration / *speed).await,
            Source::Simulated(simulated) => simulated.sleep(duration).await,
        }
    }

    /// Lets `duration` pass for somebody who is holding the clock meanwhile, such as a server for its client. Nothing is waited for
    /// on a simulated clock.
    pub async fn pass(&self, duration: Duration) {
        match &self.0 {
            Source::System { .. } => self.sleep(duration).await,
            Source::Simulated(_) => self.advance(duration),
        }
    }

    /// Holds a simulated clock during something that takes real time. Whoever holds it must not sleep on it before letting go. The
    /// machine's time cannot be held, and this does nothing to it.
    pub fn hold(&self) -> Hold {
        let Source::Simulated(simulated) = &self.0 else { return Hold(None) };
        simulated.state().held += 1;
        Hold(Some(Arc::clone(simulated)))
    }

    /// Moves a simulated clock forward; the machine's time cannot be moved, and this does nothing to it.
    pub fn advance(&self, duration: Duration) {
        if let Source::Simulated(simulated) = &self.0 {
            let mut state = simulated.state();
            state.elapsed = state.elapsed.saturating_add(duration);
        }
    }
}

impl Simulated {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn elapsed(&self) -> Duration {
        self.state().elapsed
    }

    async fn sleep(&self, duration: Duration) {
        let wait = self.wait(duration);
        // Other tasks get their turn first: they may be about to hold the clock, or to wait for less long.
        tokio::task::yield_now().await;
        loop {
            // Made before the look, so that no change between the two is missed.
            let changed = self.changed.notified();
            if wait.is_over() {
                return;
            }
            changed.await;
        }
    }

    fn wait(&self, duration: Duration) -> Wait<'_> {
        let mut state = self.state();
        let (until, number) = (state.elapsed.saturating_add(duration), state.next_wait);
        state.next_wait += 1;
        state.waits.push((until, number));
        Wait { simulated: self, until, number }
    }
}

impl Wait<'_> {
    /// Whether the wait has come to its end, to which it moves the clock if it may.
    fn is_over(&self) -> bool {
        let mut state = self.simulated.state();
        let is_next = state.held == 0 && state.waits.iter().all(|(until, _)| *until >= self.until);
        if is_next {
            state.elapsed = state.elapsed.max(self.until);
        }
        is_next
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.simulated.state().waits.retain(|(_, number)| *number != self.number);
        self.simulated.changed.notify_waiters();
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(simulated) = &self.0 {
            simulated.state().held -= 1;
            simulated.changed.notify_waiters();
        }
    }
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

    /// Waits again and again, with a turn for others after each, and gives when the waits ended, in seconds.
    async fn poll(clock: &Clock, seconds: u64, times: usize) -> Vec<u64> {
        let mut ends = Vec::new();
        for _ in 0..times {
            clock.sleep(Duration::from_secs(seconds)).await;
            ends.push(clock.monotonic().as_secs());
            let hold = clock.hold();
            tokio::task::yield_now().await;
            drop(hold);
        }
        ends
    }

    #[tokio::test]
    async fn a_long_wait_does_not_make_short_ones_late() {
        let clock = Clock::simulated(Timestamp::UNIX_EPOCH);
        let (long, short) = tokio::join!(poll(&clock, 60, 2), poll(&clock, 25, 4));
        assert_eq!((long, short), (vec![60, 120], vec![25, 50, 75, 100]));
    }

    #[tokio::test]
    async fn nobody_sleeps_on_a_clock_that_is_held() {
        let clock = Clock::simulated(Timestamp::UNIX_EPOCH);
        let holder = async {
            let hold = clock.hold();
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            // A server lets time pass for the client that waits for it.
            clock.pass(Duration::from_secs(1)).await;
            let held_at = clock.monotonic();
            drop(hold);
            held_at
        };
        let ((), held_at) = tokio::join!(clock.sleep(Duration::from_mins(45)), holder);
        assert_eq!((held_at, clock.monotonic()), (Duration::from_secs(1), Duration::from_mins(45)));
    }

    #[tokio::test]
    async fn a_wait_that_was_given_up_is_in_nobodys_way() {
        let clock = Clock::simulated(Timestamp::UNIX_EPOCH);
        let hold = clock.hold();
        tokio::select! {
            biased;
            () = clock.sleep(Duration::from_secs(1)) => unreachable!("the clock is held"),
            () = tokio::task::yield_now() => {}
        }
        drop(hold);
        clock.sleep(Duration::from_secs(5)).await;
        assert_eq!(clock.monotonic(), Duration::from_secs(5));
    }

    #[test]
    fn a_faster_clock_runs_ahead_of_the_machine() {
        let (slow, fast) = (Clock::system(), Clock::faster(1000));
        assert!(fast.monotonic() >= slow.monotonic());
        assert!(fast.now() >= slow.now());
    }
}
