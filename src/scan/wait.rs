//! Waiting for a scan to end: growing intervals with jitter, one deadline, unknown states named and never passed.
//!
//! The intervals grow by 1.3 from the platform's first wait to its longest. For a scan of ten minutes that makes about 18 looks,
//! where a fixed five seconds makes 120, and the end is seen about 25 s late at most on average, which is under 5 % of it. The
//! jitter, up to a fifth of an interval, keeps the jobs of one push from asking in step.

use std::time::Duration;

use super::observer::{Event, Observer};
use crate::clock::Clock;
use crate::error::Class;
use crate::http::Random;
use crate::platform::{self, ScanState};

/// How much longer each interval is than the one before it.
const GROWTH: f64 = 1.3;

/// The part of an interval that is left to chance.
const JITTER: f64 = 0.2;

/// A scan that was just created may not be readable yet (references: fcli waits for it, the vendors' own clients fail).
const NOT_FOUND_GRACE: Duration = Duration::from_secs(30);

/// Looks in a row that may fail for a passing reason, each after the HTTP layer's own retries.
const TOLERATED_FAILURES: u32 = 5;

/// The wait for the scan's end was in vain.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The platform says that the scan failed.
    #[error("the scan failed at the platform: {0}")]
    Failed(String),
    /// Somebody cancelled the scan, or another took its place.
    #[error("the scan was stopped at the platform: {0}")]
    Stopped(String),
    /// The deadline passed.
    #[error("the scan did not end in time: it was {last} after {}", display_duration(*.waited))]
    Deadline {
        /// The last state seen.
        last: String,
        /// How long the wait had lasted.
        waited: Duration,
    },
}

impl Error {
    /// How a run ends that has nothing worse.
    pub fn class(&self) -> Class {
        match self {
            Self::Failed(_) | Self::Stopped(_) => Class::ScanFailed,
            Self::Deadline { .. } => Class::Timeout,
        }
    }

    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Failed(_) | Self::Stopped(_) => "look at the scan in the platform's web application".to_owned(),
            Self::Deadline { .. } => "the scan goes on at the platform; raise --timeout, or run again later".to_owned(),
        })
    }
}

/// The waits between two looks at a scan.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// The first wait, before the first look.
    pub first: Duration,
    /// No wait is longer.
    pub longest: Duration,
}

impl Schedule {
    /// The waits. Chance only shortens them.
    pub fn waits(self, random: &Random) -> impl Iterator<Item = Duration> {
        let mut ceiling = self.first.min(self.longest);
        std::iter::repeat_with(move || {
            let wait = ceiling.saturating_sub(random.up_to(ceiling.mul_f64(JITTER)));
            ceiling = ceiling.mul_f64(GROWTH).min(self.longest);
            wait
        })
    }
}

/// How a scan ended that did not fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All of it ran.
    Well,
    /// A part of it failed, with the platform's reason: what it found is not all there is.
    Degraded(String),
}

/// Looks at the scan again and again with `check`, until it has ended or `deadline` (on [`Clock::monotonic`]) has come. The last
/// look is at the deadline itself.
pub async fn until_ended(
    mut check: impl AsyncFnMut() -> Result<ScanState, platform::Error>,
    mut waits: impl Iterator<Item = Duration>,
    clock: &Clock,
    deadline: Duration,
    observer: &dyn Observer,
) -> Result<Ended, crate::Error> {
    let started = clock.monotonic();
    let mut last = ScanState::Queued;
    let mut failures = 0;
    let mut is_first_look = true;
    loop {
        let left = deadline.saturating_sub(clock.monotonic());
        if left.is_zero() {
            let waited = clock.monotonic().saturating_sub(started);
            return Err(Error::Deadline { last: describe(&last), waited }.into());
        }
        clock.sleep(waits.next().unwrap_or(left).min(left)).await;

        let looked = check().await;
        // A rate limit may put the first look past the grace.
        let is_new = std::mem::take(&mut is_first_look) || clock.monotonic().saturating_sub(started) < NOT_FOUND_GRACE;
        let state = match looked {
            Ok(ScanState::Vanished(_)) if is_new => continue,
            Ok(state) => state,
            Err(error) if is_new && error.status() == Some(404) => continue,
            Err(error) if failures < TOLERATED_FAILURES && is_passing(&error) => {
                failures += 1;
                observer.event(&Event::Warning(format!("{error}; looking again")));
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        failures = 0;
        if state != last {
            observer.event(&Event::State(&state));
        }
        match state {
            ScanState::Done => return Ok(Ended::Well),
            ScanState::Degraded(reason) => return Ok(Ended::Degraded(reason)),
            ScanState::Failed(reason) => return Err(Error::Failed(reason).into()),
            ScanState::Stopped(reason) | ScanState::Vanished(reason) => return Err(Error::Stopped(reason).into()),
            ScanState::Queued | ScanState::Running { .. } | ScanState::Unknown(_) => last = state,
        }
    }
}

fn is_passing(error: &platform::Error) -> bool {
    matches!(error, platform::Error::Http(error) if error.class() == Class::Unavailable && error.is_retryable())
}

fn describe(state: &ScanState) -> String {
    match state {
        ScanState::Queued => "queued".to_owned(),
        ScanState::Running { percent: Some(percent), .. } => format!("running ({percent:.0} %)"),
        ScanState::Running { percent: None, .. } => "running".to_owned(),
        ScanState::Unknown(word) => format!("in a state that scangate does not know (`{word}`)"),
        ScanState::Done
        | ScanState::Degraded(_)
        | ScanState::Failed(_)
        | ScanState::Stopped(_)
        | ScanState::Vanished(_) => "ended".to_owned(),
    }
}

/// A duration for people: `15 ms`, `45 s`, `12 min 5 s`, `1 h 30 min`.
pub fn display_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0) => format!("{} ms", duration.as_millis()),
        (0, 0, _) if seconds < 10 => format!("{:.1} s", duration.as_secs_f64()),
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use jiff::Timestamp;

    use super::*;

    const SCHEDULE: Schedule = Schedule { first: Duration::from_secs(5), longest: Duration::from_mins(1) };

    #[derive(Default)]
    struct Recorder(RefCell<Vec<String>>);

    impl Observer for Recorder {
        fn event(&self, event: &Event<'_>) {
            let text = match event {
                Event::State(state) => describe(state),
                Event::Warning(text) => text.clone(),
                _ => return,
            };
            self.0.borrow_mut().push(text);
        }
    }

    /// A scan that ends after `length`, watched with a simulated clock: how often it was looked at, and how late its end was seen.
    async fn watch(length: Duration, seed: u64) -> (u32, Duration) {
        let clock = Clock::simulated(Timestamp::UNIX_EPOCH);
        let mut looks = 0;
        let check = async || {
            looks += 1;
            Ok(if clock.monotonic() >= length {
                ScanState::Done
            } else {
                ScanState::Running { percent: None, step: None }
            })
        };
        let deadline = Duration::from_hours(1);
        let ended =
            until_ended(check, SCHEDULE.waits(&Random::seeded(seed)), &clock, deadline, &Recorder::default()).await;
        assert_eq!(ended.unwrap(), Ended::Well);
        (looks, clock.monotonic().saturating_sub(length))
    }

    #[tokio::test]
    async fn a_ten_minute_scan_takes_at_most_25_looks_and_its_end_is_seen_within_5_percent_on_average() {
        let mut late = Vec::new();
        for step in 0..600 {
            let length = Duration::from_secs(570 + step / 10);
            let (looks, lateness) = watch(length, step).await;
            assert!(looks <= 25, "{looks} looks");
            assert!(lateness <= SCHEDULE.longest, "{lateness:?} late");
            late.push(lateness.as_secs_f64() / length.as_secs_f64());
        }
        let average = late.iter().sum::<f64>() / 600.0;
        assert!(average <= 0.05, "{average}");
    }

    async fn wait_for(states: Vec<Result<ScanState, platform::Error>>) -> (Result<Ended, crate::Error>, Vec<String>) {
        let clock = Clock::simulated(Timestamp::UNIX_EPOCH);
        let recorder = Recorder::default();
        let mut states = states.into_iter();
        let running = || Ok(ScanState::Running { percent: Some(99.6), step: None });
        let check = async || states.next().unwrap_or_else(running);
        let ended =
            until_ended(check, SCHEDULE.waits(&Random::seeded(1)), &clock, Duration::from_mins(10), &recorder).await;
        (ended, recorder.0.into_inner())
    }

    #[tokio::test]
    async fn an_unknown_state_is_named_once_and_never_ends_the_wait() {
        let unknown = || Ok(ScanState::Unknown("paused".to_owned()));
        let (ended, said) = wait_for(vec![unknown(), unknown(), unknown(), Ok(ScanState::Done)]).await;
        assert_eq!(ended.unwrap(), Ended::Well);
        assert_eq!(said, ["in a state that scangate does not know (`paused`)", "ended"]);
    }

    #[tokio::test]
    async fn the_deadline_ends_the_wait_and_names_the_last_state() {
        let (ended, _) = wait_for(Vec::new()).await;
        let error = ended.unwrap_err();
        assert_eq!(error.class(), Class::Timeout);
        assert_eq!(error.to_string(), "the scan did not end in time: it was running (100 %) after 10 min");
    }

    #[tokio::test]
    async fn a_failed_or_stopped_scan_is_no_pass() {
        for state in [ScanState::Failed("out of memory".to_owned()), ScanState::Stopped("by a user".to_owned())] {
            let (ended, _) = wait_for(vec![Ok(ScanState::Queued), Ok(state)]).await;
            assert_eq!(ended.unwrap_err().class(), Class::ScanFailed);
        }
    }

    #[tokio::test]
    async fn a_scan_that_vanishes_is_looked_for_while_it_is_new_and_has_been_stopped_after_that() {
        let vanished = || Ok(ScanState::Vanished("deleted".to_owned()));
        let (ended, said) = wait_for(vec![vanished(), vanished(), Ok(ScanState::Done)]).await;
        assert_eq!((ended.unwrap(), said), (Ended::Well, vec!["ended".to_owned()]));
        let (ended, _) = wait_for(std::iter::repeat_with(vanished).take(20).collect()).await;
        assert_eq!(ended.unwrap_err().class(), Class::ScanFailed);
    }

    #[tokio::test]
    async fn a_degraded_scan_ends_with_its_reason() {
        let (ended, _) = wait_for(vec![Ok(ScanState::Degraded("iac failed".to_owned()))]).await;
        assert_eq!(ended.unwrap(), Ended::Degraded("iac failed".to_owned()));
    }

    #[tokio::test]
    async fn an_error_that_does_not_pass_ends_the_wait_at_once() {
        let refused = platform::Error::Protocol { message: "not a scan".to_owned() };
        let (ended, _) = wait_for(vec![Err(refused)]).await;
        assert_eq!(ended.unwrap_err().class(), Class::Protocol);
    }

    #[test]
    fn durations_are_written_for_people() {
        let cases = [
            (0, "0 ms"),
            (2, "2.0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (125, "2 min 5 s"),
            (3600, "1 h"),
            (5400, "1 h 30 min"),
        ];
        for (seconds, text) in cases {
            assert_eq!(display_duration(Duration::from_secs(seconds)), text);
        }
    }
}
