//! What to do after a failed attempt: renew the token, go where the server points, wait, or give up.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use url::Url;

use super::call::{Call, Replay};
use super::fault::Fault;
use super::origin::same_origin;
use super::random::Random;

/// Ceilings of the waits: 1, 2, 4, 8, 16 and then 30 s. Uniform waits under them are what keeps many jobs that failed together from
/// coming back together.
const FIRST_CEILING: Duration = Duration::from_secs(1);
const HIGHEST_CEILING: Duration = Duration::from_secs(30);

/// Attempts at one call. Their waits come to about 45 s on average, which outlasts a restart or a failover of a server, and lets a
/// platform that is down be called down within two minutes.
const ATTEMPTS: u32 = 8;

/// Redirects followed for one call.
const REDIRECTS: u32 = 5;

/// The state of one call between its attempts.
pub(super) struct Retry {
    ceilings: ExponentialBackoff,
    retries: u32,
    redirects: u32,
    renewals: u32,
    unsent: bool,
}

/// What comes after a failed attempt.
#[derive(Debug)]
pub(super) enum Step {
    /// Send it again with a new token.
    Renew,
    /// Send it there instead.
    Follow(Url),
    /// Send it again after this long.
    Wait(Duration),
    /// Give up.
    Fail(Fault),
}

impl Retry {
    pub(super) fn new(call: &Call) -> Self {
        let waits = call.attempts.unwrap_or(ATTEMPTS).saturating_sub(1);
        let ceilings = ExponentialBuilder::new()
            .with_min_delay(FIRST_CEILING)
            .with_max_delay(HIGHEST_CEILING)
            .with_max_times(usize::try_from(waits).unwrap_or(usize::MAX));
        Self { ceilings: ceilings.build(), retries: 0, redirects: 0, renewals: 0, unsent: true }
    }

    /// Attempts beyond the first that a failure brought about.
    pub(super) fn retries(&self) -> u32 {
        self.retries
    }

    /// Whether nothing of any attempt can have reached the server.
    pub(super) fn is_unsent(&self) -> bool {
        self.unsent
    }

    /// How often the token was replaced.
    pub(super) fn renewals(&self) -> u32 {
        self.renewals
    }

    /// Decides. `renewals` says up to how many replaced tokens a refused one may be replaced again, `left` what remains until the
    /// deadline.
    pub(super) fn after(&mut self, fault: Fault, call: &Call, renewals: u32, left: Duration, random: &Random) -> Step {
        self.unsent &= fault.is_unsent();
        match &fault {
            // A refused credential means that nothing was done, so even what must not be repeated blindly goes out again.
            Fault::Refused(refusal)
                if refusal.status == 401 && self.renewals < renewals && call.replay != Replay::Never =>
            {
                self.renewals += 1;
                self.retries += 1;
                Step::Renew
            }
            Fault::Redirected { target: Some(target), .. }
                if call.method.is_read() && same_origin(&call.url, target) && self.redirects < REDIRECTS =>
            {
                self.redirects += 1;
                Step::Follow(target.clone())
            }
            _ if fault.may_be_repeated(call.replay) => self.wait_or_fail(fault, left, random),
            _ => Step::Fail(fault),
        }
    }

    fn wait_or_fail(&mut self, fault: Fault, left: Duration, random: &Random) -> Step {
        let Some(ceiling) = self.ceilings.next() else { return Step::Fail(fault) };
        let wait = fault.told_wait().unwrap_or_else(|| random.up_to(ceiling));
        if wait >= left {
            return Step::Fail(Fault::PastDeadline { cause: Box::new(fault), wait, left });
        }
        self.retries += 1;
        Step::Wait(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fault::Refusal;
    use super::*;
    use crate::error::Class;

    const HOUR: Duration = Duration::from_hours(1);

    fn call() -> Call {
        Call::get(Url::parse("https://api.example/list").unwrap())
    }

    fn refused(status: u16, wait: Option<Duration>) -> Fault {
        Fault::Refused(Box::new(Refusal {
            status,
            words: None,
            request_id: None,
            schemes: Vec::new(),
            wait,
            until: None,
            reply: None,
        }))
    }

    fn after(retry: &mut Retry, fault: Fault, call: &Call, left: Duration) -> Step {
        retry.after(fault, call, 1, left, &Random::seeded(1))
    }

    #[test]
    fn waits_grow_under_their_ceilings_and_then_end() {
        let mut retry = Retry::new(&call());
        let ceilings: Vec<u64> = retry.ceilings.by_ref().map(|ceiling| ceiling.as_secs()).collect();
        assert_eq!(ceilings, [1, 2, 4, 8, 16, 30, 30]);
    }

    #[test]
    fn every_wait_is_between_zero_and_its_ceiling() {
        for seed in 0..50 {
            let mut retry = Retry::new(&call());
            for ceiling in [1, 2, 4, 8, 16, 30, 30] {
                let step = retry.after(refused(500, None), &call(), 0, HOUR, &Random::seeded(seed));
                assert!(matches!(step, Step::Wait(wait) if wait <= Duration::from_secs(ceiling)), "{step:?}");
            }
            assert!(matches!(after(&mut retry, refused(500, None), &call(), HOUR), Step::Fail(Fault::Refused(_))));
            assert_eq!(retry.retries(), ATTEMPTS - 1);
        }
    }

    #[test]
    fn the_number_of_attempts_can_be_limited() {
        let single = call().attempts(1);
        assert!(matches!(after(&mut Retry::new(&single), refused(503, None), &single, HOUR), Step::Fail(_)));
    }

    #[test]
    fn a_told_wait_overrides_the_ceiling() {
        let wait = Duration::from_secs(500);
        let step = after(&mut Retry::new(&call()), refused(429, Some(wait)), &call(), HOUR);
        assert!(matches!(step, Step::Wait(told) if told == wait));
    }

    #[test]
    fn a_wait_that_would_pass_the_deadline_ends_the_call_and_says_so() {
        let fault = refused(429, Some(Duration::from_mins(2)));
        let Step::Fail(fault) = after(&mut Retry::new(&call()), fault, &call(), Duration::from_secs(30)) else {
            panic!("it has to fail")
        };
        assert_eq!(
            fault.to_string(),
            "answered 429, and the next try in 120.0 s would come after the run's deadline in 30.0 s"
        );
        assert_eq!((fault.class(), fault.status()), (Class::Timeout, Some(429)));
    }

    #[test]
    fn a_token_is_renewed_once() {
        let mut retry = Retry::new(&call());
        assert!(matches!(after(&mut retry, refused(401, None), &call(), HOUR), Step::Renew));
        assert!(matches!(after(&mut retry, refused(401, None), &call(), HOUR), Step::Fail(Fault::Refused(_))));
    }

    #[test]
    fn a_call_that_is_never_repeated_is_not_repeated_with_a_new_token_either() {
        let login = Call::post_form(call().url, Vec::new(), Replay::Never);
        assert!(matches!(after(&mut Retry::new(&login), refused(401, None), &login, HOUR), Step::Fail(_)));
    }

    #[test]
    fn redirects_are_followed_within_the_origin_five_times_and_for_reads_only() {
        let here = || Fault::Redirected { status: 302, target: Url::parse("https://api.example/other").ok() };
        let mut retry = Retry::new(&call());
        for _ in 0..REDIRECTS {
            assert!(matches!(after(&mut retry, here(), &call(), HOUR), Step::Follow(url) if url.path() == "/other"));
        }
        assert!(matches!(after(&mut retry, here(), &call(), HOUR), Step::Fail(_)));

        let post = Call::post_form(call().url, Vec::new(), Replay::Safe);
        assert!(matches!(after(&mut Retry::new(&post), here(), &post, HOUR), Step::Fail(_)));
        let elsewhere = Fault::Redirected { status: 302, target: Url::parse("https://evil.example/list?token=x").ok() };
        let Step::Fail(fault) = after(&mut Retry::new(&call()), elsewhere, &call(), HOUR) else {
            panic!("it has to fail")
        };
        assert_eq!(fault.to_string(), "answered 302, a redirect to https://evil.example/list that is not followed");
    }
}
