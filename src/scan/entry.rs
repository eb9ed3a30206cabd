//! One platform's part of a run, from signing in to its findings and its own verdict.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use super::driver::{Driver, SignIn};
use super::interruption::{self, Listener, heard};
use super::observer::{Event, Observer};
use super::wait::{self, Ended, Schedule};
use crate::Error;
use crate::clock::Clock;
use crate::error::{Class, Problem};
use crate::finding::{Ending, PolicyViolation, ScanReference, ScanResult};
use crate::http::{Client, Random};
use crate::platform::{About, Patience, PolicyAnswer, Request, Subject};
use crate::report::counted;

/// What an entry needs beside its request.
pub(super) struct Context<'a> {
    /// The run's client.
    pub(super) client: &'a Client,
    /// Time.
    pub(super) clock: &'a Clock,
    /// Chance, for the jitter.
    pub(super) random: &'a Random,
    /// Who is told what happens.
    pub(super) observer: &'a dyn Observer,
    /// When polling ends, on [`Clock::monotonic`]: before the run's deadline, to leave time for findings and reports.
    pub(super) polling_deadline: Duration,
    /// The waits between two looks at the scan.
    pub(super) schedule: Schedule,
    /// `--poll-interval`, where it was given.
    pub(super) poll_interval: Option<Duration>,
    /// `--vendor-policy`: whether the platform's own verdict is asked for.
    pub(super) vendor_policy: bool,
    /// Hears of a signal where scans are to be cancelled then; else nothing, and the entry is dropped.
    pub(super) interrupted: Listener,
}

/// The waits between two looks at the platform's own verdict, which comes within seconds of the scan's end where it comes.
const POLICY_WAITS: Schedule = Schedule { first: Duration::from_secs(2), longest: Duration::from_secs(15) };

/// Runs the flow of one entry. What is known so far is in `result` at any moment, so that an interrupted run loses nothing.
pub(super) async fn run(
    sign_in: SignIn,
    about: &About,
    request: Request,
    subject: &Subject,
    context: &Context<'_>,
    result: &RefCell<ScanResult>,
) -> Result<Ending, Error> {
    let credential_origin = request.credential.origin.clone();
    context.observer.event(&Event::SigningIn { platform: about.name, credential_origin: &credential_origin });
    let platform = tokio::select! {
        platform = sign_in(context.client.clone(), request) => platform?,
        signal = heard(&context.interrupted) => return Err(Error::Interrupted(signal)),
    };
    until_interrupted(platform.as_ref(), subject, context, result).await
}

/// Runs the flow of one entry that has signed in. Where a signal comes, it cancels the scan.
async fn until_interrupted(
    platform: &dyn Driver,
    subject: &Subject,
    context: &Context<'_>,
    result: &RefCell<ScanResult>,
) -> Result<Ending, Error> {
    let has_ended = Cell::new(false);
    tokio::select! {
        ended = follow(platform, subject, context, result, &has_ended) => ended,
        signal = heard(&context.interrupted) => {
            let scan = result.borrow().scan.clone();
            Ok(interruption::cancel(platform, scan.as_ref(), has_ended.get(), signal, context.clock).await)
        }
    }
}

/// The flow itself. `has_ended` is set as soon as the platform is known to have ended the scan.
async fn follow(
    platform: &dyn Driver,
    subject: &Subject,
    context: &Context<'_>,
    result: &RefCell<ScanResult>,
    has_ended: &Cell<bool>,
) -> Result<Ending, Error> {
    let Context { clock, observer, .. } = *context;
    let scan = platform
        .start(subject, &mut |scan| {
            observer.event(&Event::Started(scan));
            result.borrow_mut().scan = Some(scan.clone());
        })
        .await?;

    let waits = context.schedule.waits(context.random);
    let check = async || {
        let state = platform.check(&scan).await?;
        has_ended.set(state.is_terminal());
        Ok(state)
    };
    let ended = wait::until_ended(check, waits, clock, context.polling_deadline, observer).await?;

    let collected = platform.findings(&scan).await?;
    observer.event(&Event::Found(collected.findings.len()));
    {
        let mut result = result.borrow_mut();
        result.findings = collected.findings;
        result.unlisted = collected.unlisted;
        result.controls = collected.controls;
        result.notes.extend(collected.notes);
    }
    if let Some(error) = collected.cut_short {
        return Err(error.into());
    }
    let mut missing = collected.missing;
    if let Ended::Degraded(reason) = ended {
        missing.insert(0, format!("the scan ended degraded: {reason}"));
    }
    let policy = match policy(platform, &scan, context).await {
        Ok(policy) => policy,
        // What is missing stays said, unless the failure weighs more.
        Err(error) if !missing.is_empty() && error.class() > Class::Incomplete => {
            PolicyAnswer { missing: vec![error.to_string()], ..PolicyAnswer::default() }
        }
        Err(error) => return Err(error),
    };
    let mut result = result.borrow_mut();
    let violations = policy.decision.iter().flat_map(|decision| &decision.violations);
    result.notes.extend(policy.notes);
    result.notes.extend(violations.filter_map(tolerated));
    result.policy = policy.decision;
    Ok(completeness(missing, policy.missing))
}

/// Asks for the platform's own verdict, where it has one and that is to gate.
async fn policy(platform: &dyn Driver, scan: &ScanReference, context: &Context<'_>) -> Result<PolicyAnswer, Error> {
    let about = platform.about();
    if !about.has_policy || !context.vendor_policy {
        return Ok(PolicyAnswer::default());
    }
    context.observer.event(&Event::Note(format!("waiting for the verdict of {}'s own policy", about.name)));
    let schedule = Schedule { first: context.poll_interval.unwrap_or(POLICY_WAITS.first), ..POLICY_WAITS };
    let patience = Patience { waits: &mut schedule.waits(context.random), until: context.polling_deadline };
    Ok(platform.policy(scan, patience).await?)
}

/// What people should know of a violation that does not gate.
fn tolerated(violation: &PolicyViolation) -> Option<String> {
    let PolicyViolation { rule, acknowledged, blocks, affected, .. } = violation;
    let how = if *acknowledged { "policy is broken, which was acknowledged there" } else { "policy warns" };
    (!blocks).then(|| format!("the platform's {how}: {rule} ({})", counted(*affected, "finding")))
}

/// The ending of an entry whose findings were read: complete, unless something is known to be missing of them or of the policy's
/// verdict.
fn completeness(findings: Vec<String>, policy: Vec<String>) -> Ending {
    let hint = match (findings.is_empty(), policy.is_empty()) {
        (true, true) => return Ending::Complete,
        (true, false) => "run it again; if it stays so, leave the platform's policy out with --vendor-policy off",
        (false, _) => "run it again; if it stays so, look at the scan in the platform's web application",
    };
    let mut missing = findings.into_iter().chain(policy);
    Ending::Short(Problem {
        class: Class::Incomplete,
        message: missing.next().unwrap_or_default(),
        hint: Some(hint.to_owned()),
        detail: missing.collect(),
        retryable: true,
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::clock::Clock;
    use crate::credentials::Accepted;
    use crate::error::Signal;
    use crate::http::{Options, Redactor};
    use crate::platform::{self, Cancelled, Collected, Platform, ScanState, SubjectKind, Timing};
    use crate::scan::interruption::Teller;
    use crate::scan::observer::Silence;
    use crate::scan::part;

    /// A platform on which a signal comes at the first look at the scan, or, where that ends it, while findings are read.
    struct Fake<const CAN_CANCEL: bool> {
        state: ScanState,
        teller: Teller,
        cancels: Cell<u32>,
        /// What there is to find before the signal.
        found: Cell<Option<Collected>>,
    }

    impl<const CAN_CANCEL: bool> Platform for Fake<CAN_CANCEL> {
        const ABOUT: About = About {
            id: "fake",
            name: "Fake",
            documentation: "https://fake.example",
            credentials: Accepted::FirstOf(&[]),
            credential_advice: |_| String::new(),
            hosts: |_| &[],
            trial_path: "",
            subjects: &[SubjectKind::Target("anything")],
            settings: &[],
            variables: &[],
            paths: &[],
            token_paths: &[],
            timing: |_| Timing::USUAL,
            supports_cancel: CAN_CANCEL,
            has_policy: false,
        };

        async fn connect(_client: Client, _request: &Request) -> Result<platform::Connection, platform::Error> {
            Err(platform::Error::Protocol { message: "nobody signs in here".to_owned() })
        }

        async fn inspect(
            _connection: platform::Connection,
            _request: Request,
        ) -> Result<platform::Inspection, platform::Error> {
            Err(platform::Error::Protocol { message: "nobody looks here".to_owned() })
        }

        async fn sign_in(client: Client, request: Request) -> Result<Self, platform::Error> {
            Err(Self::connect(client, &request).await.err().unwrap())
        }

        async fn start(
            &self,
            _subject: &Subject,
            created: &mut dyn FnMut(&ScanReference),
        ) -> Result<ScanReference, platform::Error> {
            let scan = ScanReference { id: "scan-1".to_owned(), url: None };
            created(&scan);
            Ok(scan)
        }

        async fn check(&self, _scan: &ScanReference) -> Result<ScanState, platform::Error> {
            if !self.state.is_terminal() {
                self.teller.send_replace(Some(Signal::Terminate));
            }
            Ok(self.state.clone())
        }

        async fn findings(&self, _scan: &ScanReference) -> Result<Collected, platform::Error> {
            if let Some(found) = self.found.take() {
                return Ok(found);
            }
            self.teller.send_replace(Some(Signal::Terminate));
            std::future::pending().await
        }

        async fn policy(
            &self,
            _scan: &ScanReference,
            _patience: Patience<'_>,
        ) -> Result<PolicyAnswer, platform::Error> {
            Ok(PolicyAnswer::default())
        }

        async fn cancel(&self, _scan: &ScanReference) -> Result<Cancelled, platform::Error> {
            self.cancels.set(self.cancels.get() + 1);
            Ok(Cancelled::Accepted)
        }
    }

    /// Follows a scan until it ends or the signal comes.
    async fn run<const CAN_CANCEL: bool>(fake: &Fake<CAN_CANCEL>) -> (Result<Ending, Error>, ScanResult) {
        let clock = Clock::simulated(Timestamp::UNIX_EPOCH);
        let deadline = Duration::from_hours(1);
        let client = Client::new(&Options::default(), clock.clone(), deadline, Redactor::default()).unwrap();
        let random = Random::seeded(1);
        let context = Context {
            client: &client,
            clock: &clock,
            random: &random,
            observer: &Silence,
            polling_deadline: deadline,
            schedule: POLICY_WAITS,
            poll_interval: None,
            vendor_policy: true,
            interrupted: fake.teller.subscribe(),
        };
        let result = RefCell::new(part::nothing_yet("fake", &Fake::<CAN_CANCEL>::ABOUT));
        let subject = Subject::Target("host.example".to_owned());
        let ended = until_interrupted(fake, &subject, &context, &result).await;
        (ended, result.into_inner())
    }

    fn fake<const CAN_CANCEL: bool>(state: ScanState, found: Option<Collected>) -> Fake<CAN_CANCEL> {
        Fake { state, teller: Teller::default(), cancels: Cell::new(0), found: Cell::new(found) }
    }

    /// Follows a scan that is in this state until the signal comes: what people are told, and how often the scan was cancelled.
    async fn interrupt<const CAN_CANCEL: bool>(state: ScanState) -> (String, u32) {
        let fake = fake::<CAN_CANCEL>(state, None);
        let ended = run(&fake).await.0.unwrap();
        let problem = ended.problem().unwrap();
        assert_eq!(problem.class, Class::Interrupted(Signal::Terminate));
        (problem.hint.clone().unwrap(), fake.cancels.get())
    }

    #[tokio::test]
    async fn what_was_found_before_the_lists_broke_off_is_kept_beside_the_error() {
        let broken = platform::Error::Protocol { message: "page 2 is no list".to_owned() };
        let notes = vec!["page 1 was read".to_owned()];
        let found = Collected { notes, cut_short: Some(broken), ..Collected::default() };
        let (ended, result) = run(&fake::<true>(ScanState::Done, Some(found))).await;
        assert_eq!((ended.unwrap_err().class(), result.notes.len()), (Class::Protocol, 1));
    }

    #[tokio::test]
    async fn a_signal_cancels_a_scan_that_runs() {
        for state in [ScanState::Queued, ScanState::Running { percent: None, step: None }] {
            assert_eq!(interrupt::<true>(state).await, ("the scan was cancelled at the platform".to_owned(), 1));
        }
    }

    #[tokio::test]
    async fn a_scan_that_has_ended_is_never_cancelled_since_that_may_delete_it() {
        let ended = interrupt::<true>(ScanState::Done).await;
        assert_eq!(ended, ("the scan had already ended at the platform".to_owned(), 0));
    }

    #[tokio::test]
    async fn where_no_cancel_is_documented_none_is_tried_and_people_are_told() {
        let (told, cancels) = interrupt::<false>(ScanState::Queued).await;
        assert_eq!(told, "the scan goes on at the platform: Fake documents no way to cancel one");
        assert_eq!(cancels, 0);
    }
}
