//! One platform's part of a run, from signing in to its findings and its own verdict.

use std::cell::RefCell;
use std::time::Duration;

use super::observer::{Event, Observer};
use super::wait::{self, Ended, Schedule};
use crate::Error;
use crate::clock::Clock;
use crate::error::{Class, Problem};
use crate::finding::{Ending, PolicyViolation, ScanReference, ScanResult};
use crate::http::{Client, Random};
use crate::platform::{Patience, Platform, PolicyAnswer, Request, Subject};
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
    /// `--poll-interval`, where it was given.
    pub(super) poll_interval: Option<Duration>,
    /// `--vendor-policy`: whether the platform's own verdict is asked for.
    pub(super) vendor_policy: bool,
}

/// The waits between two looks at the platform's own verdict, which comes within seconds of the scan's end where it comes.
const POLICY_WAITS: Schedule = Schedule { first: Duration::from_secs(2), longest: Duration::from_secs(15) };

/// Runs the flow of one entry. What is known so far is in `result` at any moment, so that an interrupted run loses nothing.
pub(super) async fn run<P: Platform>(
    request: Request,
    subject: &Subject,
    context: &Context<'_>,
    result: &RefCell<ScanResult>,
) -> Result<Ending, Error> {
    let Context { clock, observer, .. } = *context;
    observer.event(&Event::SigningIn { platform: P::ABOUT.name, credential_origin: &request.credential_origin });
    let platform = P::sign_in(context.client.clone(), request).await?;
    let scan = platform
        .start(subject, &mut |scan| {
            observer.event(&Event::Started(scan));
            result.borrow_mut().scan = Some(scan.clone());
        })
        .await?;

    let schedule =
        Schedule { first: context.poll_interval.unwrap_or(P::ABOUT.first_poll), longest: P::ABOUT.longest_poll };
    let waits = schedule.waits(context.random);
    let check = async || platform.check(&scan).await;
    let ended = wait::until_ended(check, waits, clock, context.polling_deadline, observer).await?;

    let collected = platform.findings(&scan).await?;
    observer.event(&Event::Found(collected.findings.len()));
    {
        let mut result = result.borrow_mut();
        result.findings = collected.findings;
        result.notes.extend(collected.notes);
    }
    let mut missing = collected.missing;
    if let Ended::Degraded(reason) = ended {
        missing.insert(0, format!("the scan ended degraded: {reason}"));
    }
    let policy = match policy(&platform, &scan, context).await {
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

/// Asks for the platform's own verdict, unless it is not to gate.
async fn policy<P: Platform>(platform: &P, scan: &ScanReference, context: &Context<'_>) -> Result<PolicyAnswer, Error> {
    if !context.vendor_policy {
        return Ok(PolicyAnswer::default());
    }
    context.observer.event(&Event::Note(format!("waiting for the verdict of {}'s own policy", P::ABOUT.name)));
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
