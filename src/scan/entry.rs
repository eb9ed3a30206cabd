//! One platform's part of a run, from signing in to its findings.

use std::cell::RefCell;
use std::time::Duration;

use super::observer::{Event, Observer};
use super::wait::{self, Ended, Schedule};
use crate::Error;
use crate::clock::Clock;
use crate::error::{Class, Problem};
use crate::finding::{Ending, ScanResult};
use crate::http::{Client, Random};
use crate::platform::{Platform, Request, Subject};

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
}

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
    let policy = platform.policy(&scan).await;
    let mut missing = collected.missing;
    {
        let mut result = result.borrow_mut();
        result.findings = collected.findings;
        result.notes.extend(collected.notes);
        result.policy = policy?;
    }
    if let Ended::Degraded(reason) = ended {
        missing.insert(0, format!("the scan ended degraded: {reason}"));
    }
    Ok(completeness(missing))
}

/// The ending of an entry whose findings were read: complete, unless something is known to be missing.
fn completeness(missing: Vec<String>) -> Ending {
    let mut missing = missing.into_iter();
    let Some(message) = missing.next() else { return Ending::Complete };
    Ending::Short(Problem {
        class: Class::Incomplete,
        message,
        hint: Some("run it again; if it stays so, look at the scan in the platform's web application".to_owned()),
        detail: missing.collect(),
        retryable: true,
    })
}
