//! What only time brings: the flow in this process, on a clock that moves when the client waits for it.

use std::time::Duration;

use scangate::clock::Clock;
use scangate::credentials::{Credential, Form, Secret};
use scangate::http::{Client, Options, Random, Redactor};
use scangate::platform::cybedefend::CybeDefend;
use scangate::platform::{Collected, Platform as _, Request, Subject};
use scangate::scan::observer::{Event, Observer};
use scangate::scan::wait::{self, Ended, Schedule};
use serde_json::{Value, json};
use url::Url;

use super::platform::{Platform, Seen, Variant};
use super::{HTML, empty, fault, with};

struct Nobody;

impl Observer for Nobody {
    fn event(&self, _: &Event<'_>) {}
}

/// A flow that came to its end, and how long it waited on its clock.
struct Flow {
    outcome: Result<(Ended, Collected), scangate::Error>,
    waited: Duration,
    variant: Variant,
    seen: Seen,
}

/// Signs in, starts a scan, waits for its end and reads the findings. `None` where there is no Python.
async fn flow(switches: Value) -> Option<Flow> {
    let mut platform = Platform::start()?;
    let variant = platform.open(&switches);
    let clock = Clock::simulated("2026-11-22T10:00:00Z".parse().unwrap());
    let outcome = run(&variant, &clock).await;
    let seen = platform.close(&variant);
    assert_eq!(seen.complaints, [""; 0], "{switches}");
    Some(Flow { outcome, waited: clock.monotonic(), variant, seen })
}

async fn run(variant: &Variant, clock: &Clock) -> Result<(Ended, Collected), scangate::Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("source.zip");
    // The end record of a zip archive without entries.
    let archive = [b"PK\x05\x06".as_slice(), &[0; 18]].concat();
    fs_err::write(&path, &archive).unwrap();
    let deadline = Duration::from_hours(1);
    let client = Client::new(&Options::default(), clock.clone(), deadline, Redactor::default())?;
    let form = Form::Token { secret: Secret::new(&variant.pat).unwrap(), previous: None };
    let request = Request {
        api_url: Some(Url::parse(&variant.api).unwrap()),
        auth_url: Some(Url::parse(&variant.auth).unwrap()),
        project_id: Some(variant.project.clone()),
        branch: Some(variant.branch.clone()),
        ..Request::new(Credential::new(form, "CYBEDEFEND_PAT"))
    };
    let platform = CybeDefend::sign_in(client, request).await?;
    let subject = Subject::Archive { path, length: archive.len() as u64 };
    let scan = platform.start(&subject, &mut |_| {}).await?;
    let timing = (CybeDefend::ABOUT.timing)(None);
    let random = Random::seeded(7);
    let waits = Schedule { first: timing.first_poll, longest: timing.longest_poll }.waits(&random);
    let ended = wait::until_ended(async || platform.check(&scan).await, waits, clock, deadline, &Nobody).await?;
    Ok((ended, platform.findings(&scan).await?))
}

/// The rows that the variant holds open on the scanned branch.
fn expected(variant: &Variant) -> usize {
    usize::try_from(variant.expected.values().flat_map(|cells| cells.values()).sum::<u64>()).unwrap()
}

/// Fails unless everything was found, and nothing is said to be missing.
#[track_caller]
fn assert_whole(flow: Flow) -> Seen {
    let (ended, collected) = flow.outcome.unwrap();
    assert_eq!((ended, collected.missing), (Ended::Well, Vec::<String>::new()));
    assert_eq!(collected.findings.len(), expected(&flow.variant));
    flow.seen
}

#[tokio::test]
async fn a_scan_that_queues_runs_and_is_called_by_unknown_words_is_waited_for() {
    let states = ["queued", "QUEUED", "pending", "running", "running", "Running", "analysing", "completed"];
    let Some(flow) = flow(json!({ "unknown_polls": 3, "states": states })).await else { return };
    assert!(flow.waited > Duration::from_mins(1), "{:?}", flow.waited);
    assert_whole(flow);
}

#[tokio::test]
async fn a_scan_that_is_never_known_is_an_error_after_its_grace() {
    let Some(flow) = flow(json!({ "unknown_polls": 1000 })).await else { return };
    let error = flow.outcome.map(drop).unwrap_err();
    assert_eq!(error.class(), scangate::error::Class::Usage);
    assert!((30..120).contains(&flow.waited.as_secs()), "{:?}", flow.waited);
}

#[tokio::test]
async fn a_scan_that_never_ends_is_a_timeout_and_its_tokens_are_renewed_every_ten_minutes_at_most() {
    let Some(flow) = flow(json!({ "states": ["running"], "expires_in": 3600 })).await else { return };
    assert_eq!(flow.outcome.map(drop).unwrap_err().class(), scangate::error::Class::Timeout);
    assert!((6..12).contains(&flow.seen.tokens), "{} tokens in an hour", flow.seen.tokens);
}

#[tokio::test]
async fn findings_that_arrive_after_the_scans_end_are_waited_for_where_the_scan_counted_them() {
    let Some(flow) = flow(json!({ "detected": true, "late_rows": 6 })).await else { return };
    assert!(flow.waited < Duration::from_mins(1), "{:?}", flow.waited);
    assert_whole(flow);
}

#[tokio::test]
async fn lists_that_still_show_the_scan_before_are_waited_for() {
    let Some(flow) = flow(json!({ "late_scan_info": 3 })).await else { return };
    assert_whole(flow);
}

#[tokio::test]
async fn lists_that_stay_with_another_scan_are_incomplete_and_their_rows_not_ours() {
    let Some(flow) = flow(json!({ "scan_info": "other" })).await else { return };
    let (_, collected) = flow.outcome.unwrap();
    assert!(collected.findings.is_empty());
    assert_eq!(collected.missing.len(), 6, "{:?}", collected.missing);
}

#[tokio::test]
async fn a_server_that_wants_to_be_left_alone_is() {
    let body = json!({ "statusCode": 429, "message": "ThrottlerException: Too Many Requests" });
    let limited = |after: u32, wait: &str| json!({ "at": "api", "after": after, "times": 1, "status": 429, "headers": { "Retry-After": wait }, "body": body });
    let faults = [limited(1, "40"), limited(3, "Sun, 22 Nov 2026 10:02:30 GMT"), limited(6, "30")];
    let Some(flow) = flow(json!({ "faults": faults })).await else { return };
    assert!(flow.waited >= Duration::from_secs(150), "{:?}", flow.waited);
    let seen = assert_whole(flow);
    assert_eq!(seen.requests.iter().filter(|request| request.status == 429).count(), 3);
}

#[tokio::test]
async fn a_clean_project_is_whole_however_late_its_lists_follow_the_scan() {
    let Some(flow) = flow(with(empty(), &json!({ "late_scan_info": 4, "detected": 0 }))).await else { return };
    assert_whole(flow);
}

/// A fault that stands in for one answer of a place, after `after` good ones, and is over at once.
fn once(at: &str, after: u32, status: u16) -> Value {
    let fields =
        json!({ "status": status, "body": HTML, "after": after, "times": 1, "headers": { "Retry-After": "0" } });
    fault(at, &fields)
}

#[tokio::test]
async fn trouble_that_ends_changes_nothing() {
    for switches in [
        json!({ "connection": "drop" }),
        once("client-apps", 0, 500),
        once("token", 0, 503),
        once("start", 0, 429),
        once("start", 0, 503),
        once("upload", 0, 500),
        once("scan", 0, 502),
        once("scan", 0, 401),
        once("sast", 0, 429),
        once("sast", 1, 401),
        once("container", 0, 503),
        fault("sast", &json!({ "after": 1, "times": 1, "cut": true })),
        fault("scan", &json!({ "times": 1, "cut": true })),
    ] {
        let Some(flow) = flow(switches).await else { return };
        assert_whole(flow);
    }
}
