//! Whole runs against the sandbox's BestDefense, on a clock that moves only when the client waits.
#![expect(clippy::unwrap_used, reason = "a helper of a test may fail as loudly as the test")]

use std::time::Duration;

use scangate::error::Class;
use scangate::finding::{Kind, Location, State};
use scangate::sandbox::Dialect;

use crate::harness::Scangate;
use crate::pipeline::{self, Ended};
use crate::served::in_process;

const SHOP: &str = "shop.example.com";
const CLEAN: &str = "clean.example.com";

async fn scan(faults: &[&str], target: &str, flags: &[(&str, &str)]) -> Ended {
    let (server, clock) = in_process(faults, |options| options.dialects = vec![Dialect::BestDefense]).await;
    let access = server.bestdefense().unwrap();
    let always = [("platform", "bestdefense"), ("api-url", access.api_url.as_str()), ("target", target)];
    let environment = [("BD_API_TOKEN", access.token.expose())];
    let ended = pipeline::run(&clock, tempfile::tempdir().unwrap(), &[&always, flags].concat(), &environment).await;
    assert!(!ended.file("outcome.json").contains(access.token.expose()));
    ended
}

fn problem_words(ended: &Ended) -> String {
    let problem = ended.problem();
    format!("{}\n{}\n{}", problem.message, problem.hint.clone().unwrap_or_default(), problem.detail.join("\n"))
}

#[tokio::test]
async fn a_site_with_weaknesses_fails_and_its_findings_are_addresses() {
    let ended = scan(&[], SHOP, &[]).await;
    ended.assert_class(Class::Findings);
    assert!(ended.result().ending.is_complete() && ended.result().unlisted.is_empty());
    assert!(ended.findings().iter().all(|finding| finding.kind == Kind::Dast));
    assert!(ended.findings().iter().any(|finding| matches!(finding.location, Location::Url { .. })));
    assert_eq!(ended.sarif()["runs"][0]["automationDetails"]["id"], "scangate/bestdefense/shop.example.com/");
}

#[tokio::test]
async fn a_site_without_weaknesses_passes() {
    scan(&[], CLEAN, &[("fail-on", "info")]).await.assert_class(Class::Passed);
}

#[tokio::test]
async fn every_shape_of_the_alerts_gates_alike() {
    let counts = |ended: &Ended| {
        let outcome: serde_json::Value = serde_json::from_str(&ended.file("outcome.json")).unwrap();
        outcome["counts"]["by_severity"].clone()
    };
    let flat = scan(&[], SHOP, &[("intensity", "thorough")]).await;
    assert!(flat.findings().iter().any(|finding| finding.state == State::Dismissed), "one is an accepted risk");
    for fault in ["shape-c", "integer-id", "text-booleans", "late-security=3"] {
        let ended = scan(&[fault], SHOP, &[("intensity", "thorough")]).await;
        ended.assert_class(Class::Findings);
        assert_eq!(counts(&ended), counts(&flat), "{fault}");
    }
    // In the manner of ZAP nothing says that a risk was accepted, so the list is one finding worse than the counts.
    let grouped = scan(&["shape-b"], SHOP, &[("intensity", "thorough")]).await;
    assert_eq!(grouped.findings().len(), flat.findings().len());
    grouped.assert_class(Class::Findings);
}

#[tokio::test]
async fn counts_without_a_list_fail_the_build() {
    let ended = scan(&["shape-c"], SHOP, &[]).await;
    ended.assert_class(Class::Findings);
    assert!(ended.findings().is_empty() && !ended.result().unlisted.is_empty());
}

#[tokio::test]
async fn what_goes_wrong_is_never_a_pass() {
    for (fault, class, words) in [
        ("failed-scan", Class::ScanFailed, "failed"),
        ("stuck-queued", Class::Timeout, "did not end in time"),
        ("unknown-state", Class::Timeout, "did not end in time"),
        ("late-security=99", Class::Incomplete, "no security report"),
        ("no-id", Class::Protocol, "no usable id"),
        ("success-false", Class::Usage, "could not be processed"),
        ("permission-403", Class::Auth, "create reports"),
        ("permission-403=view-reports", Class::Auth, "view reports"),
        ("permission-403=view-sites", Class::Auth, "view sites"),
        ("ambiguous-site", Class::Usage, "more than one site"),
        ("dpop", Class::Auth, "DPoP"),
        ("revoke", Class::Auth, "1 to 90 days"),
    ] {
        let ended = scan(&[fault], CLEAN_OR_TWIN[usize::from(fault == "ambiguous-site")], &[]).await;
        assert_eq!(ended.class(), class, "{fault}: {}", problem_words(&ended));
        assert!(problem_words(&ended).contains(words), "{fault}: {}", problem_words(&ended));
    }
}

/// Only the shop has a twin.
const CLEAN_OR_TWIN: [&str; 2] = [CLEAN, SHOP];

#[tokio::test]
async fn an_unverified_site_is_refused_with_the_way_to_verify_it() {
    let ended = scan(&[], "pending.example.com", &[]).await;
    ended.assert_class(Class::Usage);
    assert!(problem_words(&ended).contains("_bestdefense"), "{}", problem_words(&ended));
}

#[tokio::test]
async fn an_ai_scan_has_four_hours_and_any_other_one() {
    for (scan_type, hours) in [("ai", 4), ("analog", 1)] {
        let ended = scan(&["stuck-queued"], CLEAN, &[("scan-type", scan_type)]).await;
        ended.assert_class(Class::Timeout);
        let deadline = Duration::from_hours(hours);
        assert!(ended.took <= deadline && ended.took > deadline.mul_f64(0.97), "{scan_type}: {:?}", ended.took);
    }
}

#[test]
fn the_demo_runs_against_an_emulated_bestdefense() {
    let ended = Scangate::new(["demo", "--platform", "bestdefense"]).run();
    ended.assert_exit_code(1).assert_nothing_left_behind();
    assert!(ended.stdout().contains("shop.example.com"), "{}", ended.stdout());
    Scangate::new(["demo", "--platform", "bestdefense", "--fail-on", "none"]).run().assert_exit_code(0);
    let refused = Scangate::new(["demo", "--platform", "bestdefense", "--dir", "src"]).run();
    refused.assert_exit_code(2).assert_stderr_has("scans no source tree");
}
