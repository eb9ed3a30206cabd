//! What every dialect gets from the sandbox: time, randomness, its faults, and the idle time that all of them share.

use std::io;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use super::dialect::Dialect;
use super::entropy::Entropy;
use super::fault::{Fault, Faults};
use crate::clock::Clock;

/// The sandbox's life: it ends some time after the last request to any of its dialects. That is the time of whoever tries it out,
/// however fast the emulated one runs.
pub(super) struct Life {
    clock: Clock,
    idle: Duration,
    /// When the last request came, in milliseconds of the clock's monotonic time.
    last_request: AtomicU64,
    stop: watch::Sender<bool>,
}

impl Life {
    pub(super) fn new(clock: &Clock, idle: Duration, stop: watch::Sender<bool>) -> Self {
        let life = Self { clock: clock.unhurried(), idle, last_request: AtomicU64::new(0), stop };
        life.touch();
        life
    }

    /// How long the sandbox may still wait for a request; zero when the idle time is over.
    pub(super) fn left(&self) -> Duration {
        let last = Duration::from_millis(self.last_request.load(Ordering::SeqCst));
        (last + self.idle).saturating_sub(self.clock.monotonic())
    }

    /// A request has come.
    pub(super) fn touch(&self) {
        let now = u64::try_from(self.clock.monotonic().as_millis()).unwrap_or(u64::MAX);
        self.last_request.store(now, Ordering::SeqCst);
    }

    /// Ends the sandbox.
    pub(super) fn end(&self) {
        self.stop.send_replace(true);
    }

    /// Ends the sandbox when its idle time is over; returns when it has ended, for whatever reason.
    pub(super) async fn end_when_idle(&self) {
        let mut stopped = self.stop.subscribe();
        loop {
            let left = self.left();
            if left.is_zero() {
                return self.end();
            }
            tokio::select! {
                () = self.clock.sleep(left) => {}
                _ = stopped.wait_for(|stop| *stop) => return,
            }
        }
    }
}

/// One dialect's share of the sandbox. Faults are counted for each dialect by itself.
pub(super) struct Core {
    pub(super) clock: Clock,
    pub(super) entropy: Entropy,
    pub(super) faults: Faults,
    pub(super) life: Arc<Life>,
    /// Calls that had a good credential.
    calls: AtomicU32,
}

impl Core {
    pub(super) fn new(dialect: Dialect, faults: &[Fault], clock: &Clock, life: &Arc<Life>) -> io::Result<Self> {
        Ok(Self {
            clock: clock.clone(),
            entropy: Entropy::new()?,
            faults: Faults::new(dialect, faults),
            life: Arc::clone(life),
            calls: AtomicU32::new(0),
        })
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whether the fault `expire-token` ends every token now, before this call is looked at. It says so once.
    pub(super) fn tokens_die(&self) -> bool {
        let die = self.faults.expiry() == Some(self.calls.load(Ordering::SeqCst));
        if die {
            // The count goes on, so that the token after this one lives.
            self.count_call();
        }
        die
    }

    /// A call had a good credential.
    pub(super) fn count_call(&self) {
        self.calls.fetch_add(1, Ordering::SeqCst);
    }
}

/// The one thread that panics with a lock held does not make the state worse than it is.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A moment some time after another, held at the last moment that can be written.
pub(super) fn after(moment: Timestamp, duration: Duration) -> Timestamp {
    SignedDuration::try_from(duration)
        .ok()
        .and_then(|duration| moment.checked_add(duration).ok())
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_idle_hour_is_a_real_one_however_fast_the_emulated_time_runs() {
        let (stop, _) = watch::channel(false);
        let life = Life::new(&Clock::faster(u32::MAX), Duration::from_hours(1), stop);
        assert!(life.left() > Duration::from_mins(30));
    }

    #[test]
    fn on_a_simulated_clock_the_idle_time_is_the_clocks() {
        let (clock, (stop, _)) = (Clock::simulated(Timestamp::UNIX_EPOCH), watch::channel(false));
        let life = Life::new(&clock, Duration::from_hours(1), stop);
        clock.advance(Duration::from_mins(59));
        assert_eq!(life.left(), Duration::from_mins(1));
    }
}
