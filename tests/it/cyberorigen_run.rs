//! Whole runs against the sandbox's CyberOrigen, on a clock that moves only when the client waits.
#![expect(clippy::unwrap_used, reason = "a helper of a test may fail as loudly as the test")]

mod budget;

use std::time::Duration;

use scangate::clock::Clock;
use scangate::error::Class;
use scangate::finding::{Kind, Severity, State};
use scangate::sandbox::{Dialect, Server};

use crate::pipeline::{self, Ended};
use crate::served::in_process;

/// How a platform is signed in to.
#[derive(Clone, Copy)]
enum By {
    Login,
    Key,
    WrongPassword,
}

/// An emulated platform and its time.
struct Platform {
    server: Server,
    clock: Clock,
}

impl Platform {
    async fn start(faults: &[&str]) -> Self {
        let (server, clock) = in_process(faults, |options| options.dialects = vec![Dialect::CyberOrigen]).await;
        Self { server, clock }
    }

    async fn scan(&self, by: By, flags: &[(&str, &str)]) -> Ended {
        let access = self.server.cyberorigen().unwrap();
        let url = [("api-url", access.api_url.as_str())];
        let always = [("platform", "cyberorigen"), ("target", "shop.example.com"), ("authorized", "true")];
        let login =
            [("CYBERORIGEN_USERNAME", access.username.as_str()), ("CYBERORIGEN_PASSWORD", access.password.expose())];
        let code = access.mfa_code.as_deref().map(|code| ("CYBERORIGEN_MFA_CODE", code));
        let environment = match by {
            By::Login => login.into_iter().chain(code).collect(),
            By::Key => vec![("CYBERORIGEN_API_KEY", access.api_key.expose())],
            By::WrongPassword => vec![login[0], ("CYBERORIGEN_PASSWORD", "not the password")],
        };
        let flags = [&always[..], &url, flags].concat();
        pipeline::run(&self.clock, tempfile::tempdir().unwrap(), &flags, &environment).await
    }
}

async fn scan(faults: &[&str], by: By, flags: &[(&str, &str)]) -> Ended {
    Platform::start(faults).await.scan(by, flags).await
}

fn problem_words(ended: &Ended) -> String {
    let problem = ended.problem();
    format!("{}\n{}\n{}", problem.message, problem.hint.clone().unwrap_or_default(), problem.detail.join("\n"))
}

#[tokio::test]
async fn a_login_brings_findings_on_hosts_that_gate() {
    let ended = scan(&[], By::Login, &[]).await;
    ended.assert_class(Class::Findings);
    assert!(ended.result().ending.is_complete());
    assert!(
        ended
            .findings()
            .iter()
            .any(|finding| finding.kind == Kind::Network && finding.severity == Some(Severity::Critical))
    );
    assert!(ended.findings().iter().any(|finding| finding.state == State::Dismissed));
    assert_eq!(ended.sarif()["runs"][0]["automationDetails"]["id"], "scangate/cyberorigen/shop.example.com/");
}

#[tokio::test]
async fn a_target_without_weaknesses_passes_with_a_key() {
    scan(&[], By::Key, &[("target", "clean.example.com")]).await.assert_class(Class::Passed);
}

#[tokio::test]
async fn a_scan_for_frameworks_brings_a_summary_of_controls() {
    let ended = scan(&[], By::Key, &[("framework", "soc2\niso27001"), ("scan-type", "compliance")]).await;
    let controls = ended.result().controls.as_ref().unwrap();
    assert!(controls.total > 0 && controls.frameworks.contains_key("SOC 2"), "{controls:?}");
    assert!(ended.has_note("iso27001"));
}

#[tokio::test]
async fn a_second_factor_is_given_once_and_outlasts_the_scan_by_refresh() {
    let ended = scan(&["mfa", "token-lifetime=1800"], By::Login, &[]).await;
    assert!(ended.result().ending.is_complete());
}

#[tokio::test]
async fn a_token_that_ends_every_moment_is_refreshed_without_another_login() {
    let ended = scan(&["token-lifetime=120", "mfa"], By::Login, &[("scan-type", "quick")]).await;
    assert!(ended.result().ending.is_complete());
}

#[tokio::test]
async fn where_refreshing_is_refused_one_more_login_is_all_there_is() {
    let ended = scan(&["refresh-401", "token-lifetime=2400"], By::Login, &[]).await;
    assert!(ended.result().ending.is_complete());
    let ended = scan(&["refresh-401", "token-lifetime=600"], By::Login, &[]).await;
    ended.assert_class(Class::Auth);
    assert!(problem_words(&ended).contains("2 logins"), "{}", problem_words(&ended));
    let ended = scan(&["refresh-401", "token-lifetime=600", "mfa"], By::Login, &[]).await;
    ended.assert_class(Class::Auth);
}

#[tokio::test]
async fn a_token_that_dies_in_the_middle_brings_one_more_login() {
    let ended = scan(&["expire-token=5"], By::Login, &[]).await;
    assert!(ended.result().ending.is_complete());
}

#[tokio::test]
async fn a_wrong_password_is_sent_once() {
    let ended = scan(&[], By::WrongPassword, &[]).await;
    ended.assert_class(Class::Auth);
    assert_eq!(ended.result().requests, 1);
    assert!(problem_words(&ended).contains("the login was refused"), "{}", problem_words(&ended));
}

#[tokio::test]
async fn a_missing_statement_ends_the_run_before_any_request() {
    let ended = scan(&[], By::Key, &[("authorized", "false")]).await;
    ended.assert_class(Class::Usage);
    assert_eq!(ended.result().requests, 0);
}

#[tokio::test]
async fn a_limit_that_ends_soon_is_waited_for_and_one_that_outlasts_the_run_ends_it_at_once() {
    let ended = scan(&["429-reset"], By::Login, &[]).await;
    assert!(ended.result().ending.is_complete());

    let ended = scan(&["daily-limit=6"], By::Login, &[]).await;
    ended.assert_class(Class::Timeout);
    assert!(ended.took < Duration::from_mins(90), "it ended after {:?}", ended.took);
    assert!(problem_words(&ended).contains("deadline"), "{}", problem_words(&ended));

    let ended = scan(&["daily-limit=0"], By::Key, &[]).await;
    ended.assert_class(Class::Timeout);
    assert!(ended.took < Duration::from_secs(5), "it ended after {:?}", ended.took);
}

#[tokio::test]
async fn a_scan_that_never_starts_or_ends_in_an_unknown_state_is_a_timeout_and_a_failed_one_has_failed() {
    scan(&["stuck-queued"], By::Login, &[]).await.assert_class(Class::Timeout);
    let ended = scan(&["unknown-state"], By::Login, &[]).await;
    ended.assert_class(Class::Timeout);
    assert!(problem_words(&ended).contains("archived"), "{}", problem_words(&ended));
    let ended = scan(&["failed-scan"], By::Login, &[]).await;
    ended.assert_class(Class::ScanFailed);
    assert!(problem_words(&ended).contains("could not reach"), "{}", problem_words(&ended));
}

#[tokio::test]
async fn a_spent_quota_is_no_failure_that_passes() {
    for (fault, class) in [("quota=402", Class::Auth), ("quota=403", Class::Auth), ("quota=409", Class::Usage)] {
        let ended = scan(&[fault], By::Key, &[]).await;
        ended.assert_class(class);
        assert_eq!(ended.result().requests, 1);
        assert!(problem_words(&ended).contains("Monthly scan limit"), "{}", problem_words(&ended));
    }
    let ended = scan(&["quota=429"], By::Key, &[("timeout", "10m")]).await;
    assert!(matches!(ended.class(), Class::Timeout | Class::Unavailable));
    assert!(ended.result().requests < 10);
}

#[tokio::test]
async fn every_way_of_paging_and_of_writing_words_brings_the_same_findings() {
    let usual = scan(&["many=120"], By::Login, &[]).await;
    let names = |ended: &Ended| -> Vec<String> {
        assert!(ended.result().ending.is_complete(), "{:?}", ended.result().ending);
        ended.findings().iter().map(|finding| format!("{} {:?}", finding.fingerprint, finding.severity)).collect()
    };
    for fault in ["clamp-50", "no-pages", "no-totals", "bare-list", "bare-pages", "display-words"] {
        let other = scan(&["many=120", fault], By::Login, &[]).await;
        assert_eq!(names(&other), names(&usual), "{fault}");
    }
    let both = scan(&["many=120", "clamp-50", "no-pages"], By::Login, &[]).await;
    assert_eq!(names(&both), names(&usual));
}

#[tokio::test]
async fn a_page_shorter_than_asked_for_in_a_list_that_states_no_size_is_no_silent_end() {
    for shape in ["no-totals", "bare-pages"] {
        let ended = scan(&["many=120", "clamp-50", shape], By::Login, &[("fail-on", "none")]).await;
        let is_whole = ended.findings().len() == 130;
        assert_eq!(ended.result().ending.is_complete(), is_whole, "{shape}");
        ended.assert_class(if is_whole { Class::Passed } else { Class::Incomplete });
    }
}

#[tokio::test]
async fn what_is_counted_and_not_listed_gates_and_is_incomplete() {
    let clean = ("target", "clean.example.com");
    let ended = scan(&["counts-lie"], By::Login, &[clean]).await;
    ended.assert_class(Class::Findings);
    assert!(!ended.result().ending.is_complete());
    assert!(ended.result().unlisted.iter().any(|part| part.severity == Some(Severity::Critical)));

    scan(&["page-lies"], By::Login, &[clean]).await.assert_class(Class::Incomplete);
}

#[tokio::test]
async fn redirects_pages_of_html_and_cut_answers_are_no_verdict() {
    scan(&["redirect-foreign"], By::Key, &[]).await.assert_class(Class::Protocol);
    scan(&["html"], By::Key, &[]).await.assert_class(Class::Protocol);
    scan(&["cut-json"], By::Key, &[]).await.assert_class(Class::Protocol);
}

#[tokio::test]
async fn passing_failures_are_passed_over_and_only_a_scan_is_never_asked_for_twice() {
    for fault in ["429=2", "429-date", "503=2", "500=2@status", "500=2@results", "reset=2@status", "reset=2@results"] {
        let ended = scan(&[fault], By::Key, &[]).await;
        assert!(ended.result().ending.is_complete(), "{fault}: {:?}", ended.result().ending);
    }
    for fault in ["500=1@start", "reset=1@start"] {
        let ended = scan(&[fault], By::Key, &[]).await;
        ended.assert_class(Class::Unavailable);
        assert_eq!(ended.result().requests, 1, "{fault}");
        assert!(problem_words(&ended).contains("may have been started"), "{fault}");
    }
}

#[tokio::test]
async fn what_a_platform_says_is_no_command_and_no_markup_in_a_report() {
    let ended = scan(&["hostile-text"], By::Key, &[]).await;
    ended.assert_class(Class::Findings);
    let sarif = ended.file("report.out");
    assert!(!sarif.contains('\u{1b}') && !sarif.contains('\u{202e}'), "the report holds what a terminal obeys");
}
