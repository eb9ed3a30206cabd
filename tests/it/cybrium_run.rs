//! Whole runs against the sandbox's Cybrium, on a clock that moves only when the client waits.
#![expect(clippy::unwrap_used, reason = "a helper of a test may fail as loudly as the test")]

use std::time::Duration;

use scangate::clock::Clock;
use scangate::error::Class;
use scangate::finding::{Kind, Location, Severity, State};
use scangate::sandbox::{Dialect, Server};
use serde_json::json;

use crate::harness::Scangate;
use crate::pipeline::{self, Ended};
use crate::served::{Served, in_process};

/// Which keys a run has.
#[derive(Clone, Copy)]
enum With {
    Key,
    WrongKey,
    WrongKeyAndPrevious,
    PreviousKey,
}

/// An emulated platform and its time.
struct Platform {
    server: Server,
    clock: Clock,
}

impl Platform {
    async fn start(faults: &[&str]) -> Self {
        let (server, clock) = in_process(faults, |options| options.dialects = vec![Dialect::Cybrium]).await;
        Self { server, clock }
    }

    async fn run(&self, with: With, flags: &[(&str, &str)]) -> Ended {
        let access = self.server.cybrium().unwrap();
        let (key, previous) = (access.key.expose(), access.previous_key.expose());
        let environment = match with {
            With::Key => vec![("CYBRIUM_API_KEY", key)],
            With::WrongKey => vec![("CYBRIUM_API_KEY", "cbr_live_not_a_key_at_all")],
            With::WrongKeyAndPrevious => {
                vec![("CYBRIUM_API_KEY", "cbr_live_not_a_key_at_all"), ("CYBRIUM_API_KEY_PREVIOUS", previous)]
            }
            With::PreviousKey => vec![("CYBRIUM_API_KEY", previous)],
        };
        let flags = [&[("platform", "cybrium")], flags].concat();
        pipeline::run(&self.clock, tempfile::tempdir().unwrap(), &flags, &environment).await
    }

    /// Scans the target that has findings.
    async fn scan(&self, with: With, flags: &[(&str, &str)]) -> Ended {
        self.scan_target("sandbox-app", with, flags).await
    }

    async fn scan_target(&self, target: &str, with: With, flags: &[(&str, &str)]) -> Ended {
        let access = self.server.cybrium().unwrap();
        let always = [("target", target), ("api-url", access.api_url.as_str())];
        self.run(with, &[&always, flags].concat()).await
    }

    /// Uploads a SARIF file with one result for each severity score.
    async fn upload(&self, scores: &[f64], flags: &[(&str, &str)]) -> Ended {
        let rules = scores
            .iter()
            .map(|score| json!({ "id": format!("R{score}"), "properties": { "security-severity": score } }));
        let results = scores.iter().map(|score| {
            json!({ "ruleId": format!("R{score}"), "level": "error", "message": { "text": "It is weak." }, "locations": [{ "physicalLocation": {
                "artifactLocation": { "uri": "app/users.py" }, "region": { "startLine": 3 } } }] })
        });
        let driver = json!({ "name": "t", "rules": rules.collect::<Vec<_>>() });
        let log = json!({ "version": "2.1.0", "runs": [{ "tool": { "driver": driver }, "results": results.collect::<Vec<_>>() }] });
        let file = tempfile::NamedTempFile::with_suffix(".sarif").unwrap();
        fs_err::write(file.path(), log.to_string()).unwrap();
        let path = file.path().display().to_string();
        let access = self.server.cybrium().unwrap();
        self.run(With::Key, &[&[("sarif", path.as_str()), ("api-url", access.upload_url.as_str())], flags].concat())
            .await
    }
}

async fn scan(faults: &[&str], flags: &[(&str, &str)]) -> Ended {
    Platform::start(faults).await.scan(With::Key, flags).await
}

fn problem_words(ended: &Ended) -> String {
    let problem = ended.problem();
    format!("{}\n{}\n{}", problem.message, problem.hint.clone().unwrap_or_default(), problem.detail.join("\n"))
}

#[tokio::test]
async fn a_target_with_weaknesses_fails_the_gate_and_closed_findings_do_not() {
    let ended = scan(&[], &[]).await;
    ended.assert_class(Class::Findings);
    assert!(ended.result().ending.is_complete());
    let package = ended.findings().iter().find(|finding| finding.kind == Kind::Sca).unwrap();
    assert_eq!(package.location.to_string(), "event-stream@3.3.6 (package-lock.json)");
    assert!(ended.findings().iter().any(|finding| finding.state == State::Dismissed));
    assert_eq!(ended.sarif()["runs"][0]["automationDetails"]["id"], "scangate/cybrium/sandbox-app/");
    // Critical and high ones are open, a medium one is closed.
    scan(&[], &[("fail-on", "none"), ("max", "sast.medium=0")]).await.assert_class(Class::Passed);
}

#[tokio::test]
async fn a_target_without_weaknesses_passes() {
    let platform = Platform::start(&[]).await;
    platform.scan_target("clean-app", With::Key, &[]).await.assert_class(Class::Passed);
    let ended = platform.scan_target("nobody-knows", With::Key, &[]).await;
    ended.assert_class(Class::Usage);
    assert!(problem_words(&ended).contains("does not exist"), "{}", problem_words(&ended));
}

#[tokio::test]
async fn an_uploaded_sarif_file_is_gated_on_what_the_platform_made_of_it() {
    let platform = Platform::start(&[]).await;
    let ended = platform.upload(&[9.5, 5.0, 3.0], &[]).await;
    ended.assert_class(Class::Findings);
    assert!(ended.result().ending.is_complete());
    let severities: Vec<_> = ended.findings().iter().map(|finding| finding.severity).collect();
    assert_eq!(severities, [Some(Severity::Critical), Some(Severity::Medium), Some(Severity::Low)]);
    assert!(matches!(&ended.findings()[0].location, Location::File(file) if file.path.as_str() == "app/users.py"));
    platform.upload(&[5.0, 3.0], &[]).await.assert_class(Class::Passed);
    platform.upload(&[], &[]).await.assert_class(Class::Passed);
}

#[tokio::test]
async fn keys_are_tried_in_order_and_a_refusal_names_its_causes() {
    let platform = Platform::start(&[]).await;
    let ended = platform.scan(With::WrongKey, &[]).await;
    ended.assert_class(Class::Auth);
    for words in ["revoked", "expired", "rotation was finished"] {
        assert!(problem_words(&ended).contains(words), "{}", problem_words(&ended));
    }
    let ended = platform.scan(With::WrongKeyAndPrevious, &[]).await;
    ended.assert_class(Class::Findings);
    assert!(ended.has_note("the one before it was used"));
}

#[tokio::test]
async fn a_key_that_dies_during_the_scan_ends_the_run_as_auth() {
    for (fault, with) in [("revoke", With::Key), ("finish-rotation", With::PreviousKey)] {
        let ended = Platform::start(&[fault]).await.scan(with, &[]).await;
        ended.assert_class(Class::Auth);
        assert!(problem_words(&ended).contains("rotation was finished"), "{fault}: {}", problem_words(&ended));
        assert!(ended.result().scan.is_some(), "the scan is known, and goes on");
    }
}

#[tokio::test]
async fn another_scheme_is_a_setting() {
    scan(&["scheme=Token"], &[]).await.assert_class(Class::Auth);
    scan(&["scheme=Token"], &[("auth-scheme", "Token")]).await.assert_class(Class::Findings);
}

#[tokio::test]
async fn every_shape_in_which_the_platform_may_answer_is_read() {
    let usual: Vec<_> = scan(&["many=120"], &[]).await.findings().iter().map(|finding| finding.fingerprint).collect();
    assert!(usual.len() > 120, "three pages");
    for fault in ["relative-next", "bare-array", "integer-ids", "upper-case", "late-detail=20"] {
        let ended = scan(&["many=120", fault], &[]).await;
        ended.assert_class(Class::Findings);
        assert!(ended.result().ending.is_complete(), "{fault}");
        let fingerprints: Vec<_> = ended.findings().iter().map(|finding| finding.fingerprint).collect();
        assert_eq!(fingerprints, usual, "{fault}");
    }
}

#[tokio::test]
async fn a_list_that_leads_elsewhere_or_in_circles_never_passes() {
    let off = [("fail-on", "none")];
    let ended = scan(&["many=120", "foreign-next"], &off).await;
    ended.assert_class(Class::Protocol);
    let ended = scan(&["many=120", "repeated-next"], &off).await;
    ended.assert_class(Class::Incomplete);
}

#[tokio::test]
async fn an_unknown_state_lasts_to_the_deadline_and_the_user_can_say_what_it_means() {
    let ended = scan(&["unknown-state"], &[("timeout", "30m")]).await;
    ended.assert_class(Class::Timeout);
    assert!(ended.took <= Duration::from_mins(30), "{:?}", ended.took);
    let word = problem_words(&ended).split('`').nth(1).unwrap().to_owned();
    scan(&["unknown-state"], &[("state", &format!("{word}=done"))]).await.assert_class(Class::Findings);
}

#[tokio::test]
async fn a_failed_scan_and_a_refused_call_have_their_classes() {
    scan(&["failed-scan"], &[]).await.assert_class(Class::ScanFailed);
    scan(&[], &[("path", "scans=/v1/nothing/")]).await.assert_class(Class::Usage);
    let ended = scan(&["hostile-text"], &[]).await;
    ended.assert_class(Class::Findings);
    assert!(!ended.file("report.out").contains('\u{1b}'));
}

#[tokio::test]
async fn a_ten_minute_scan_takes_few_requests() {
    let ended = scan(&[], &[]).await;
    assert!(ended.result().requests <= 27, "{}", ended.result().requests);
    assert!(ended.took < Duration::from_mins(12), "{:?}", ended.took);
}

#[test]
fn a_key_that_is_refused_during_a_rotation_is_told_without_being_asked() {
    let served = Served::of("cybrium", 100, &[]);
    let key = served.variable("CYBRIUM_API_KEY").to_owned();
    let call = served.told(Scangate::new(["api", "--platform", "cybrium", "GET", "/scans/"]));
    let call = call.env("CYBRIUM_API_KEY", "cbr_live_not_a_key_at_all").env("CYBRIUM_API_KEY_PREVIOUS", key);
    let ended = call.run();
    ended.assert_exit_code(0).assert_stderr_has("warning: key 1 of the platform was refused with 401");
}
