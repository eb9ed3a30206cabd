//! `scangate scan` as a user runs it: the program as a process, against `scangate sandbox` as another.
#![expect(clippy::unwrap_used, reason = "a run that left no readable report has failed the test")]

use std::process::Stdio;

use scangate::report::Format;
use serde_json::Value;

use crate::harness::{Ended, Scangate};
use crate::served::Served;

const PAT: &str = "CYBEDEFEND_PAT";

/// The outcome file that a run left.
fn outcome(ended: &Ended) -> Value {
    serde_json::from_str(&ended.file("work/scangate-outcome.json")).unwrap()
}

/// Runs a scan that must not come to a verdict: one line says why, the exit code and the class agree, the reports are there,
/// and no credential is anywhere although everything is said.
#[track_caller]
fn assert_ends(served: &Served, scan: Scangate, exit_code: i32, class: &str, message: &str) -> Ended {
    let ended = scan.run();
    ended.assert_exit_code(exit_code).assert_nothing_left_behind().assert_no_trace_of(served.variable(PAT));
    let outcome = outcome(&ended);
    assert_eq!(outcome["class"], class, "{outcome:#}");
    assert_eq!(outcome["exit_code"], exit_code);
    let said = ended.stderr();
    let error = said.lines().find(|line| line.starts_with("error: ")).unwrap_or(&said);
    assert!(error.contains(message), "no `{message}` in:\n{said}");
    let sarif: Value = serde_json::from_str(&ended.file("work/scangate.sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["invocations"][0]["executionSuccessful"], false);
    ended
}

#[test]
fn a_tree_with_a_finding_fails_and_leaves_the_reports() {
    let served = Served::with_faults(&[]);
    let ended = served.scan(&["-vv"]).run();
    ended.assert_exit_code(1).assert_nothing_left_behind().assert_no_trace_of(served.variable(PAT));
    assert_eq!(outcome(&ended)["class"], "findings");
    let sarif: Value = serde_json::from_str(&ended.file("work/scangate.sarif")).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "app.py");
    assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startLine"], 1);
    assert_eq!(sarif["runs"][0]["automationDetails"]["id"], "scangate/cybedefend/");
}

#[test]
fn a_threshold_above_the_findings_passes() {
    let ended = Served::with_faults(&[]).scan(&["--fail-on", "none"]).run();
    ended.assert_exit_code(0);
    assert_eq!(outcome(&ended)["class"], "passed");
}

#[test]
fn a_report_to_standard_output_is_alone_on_it() {
    let ended = Served::with_faults(&[]).scan(&["--report", "json=-"]).run();
    ended.assert_exit_code(1).assert_stderr_has("app.py:1");
    let report: Value = serde_json::from_str(&ended.stdout()).unwrap();
    assert!(report.is_object());
}

#[test]
fn a_wrong_token_is_refused_and_not_shown() {
    let served = Served::with_faults(&[]);
    let wrong = "pat_this_is_not_the_right_one";
    let ended =
        assert_ends(&served, served.scan(&["-vv"]).env(PAT, wrong), 3, "auth", "the personal access token was refused");
    ended.assert_no_trace_of(wrong);
}

#[test]
fn a_token_that_is_revoked_in_the_middle_of_the_poll_ends_the_run() {
    // Slow enough for a look at the scan while it runs.
    let served = Served::at_speed(20, &["revoke"]);
    let revoked = "the personal access token was refused, though this run had used it before";
    assert_ends(&served, served.scan(&["-vv"]), 3, "auth", revoked);
}

#[test]
fn another_project_is_not_found() {
    let served = Served::with_faults(&[]);
    let other = "00000000-0000-4000-8000-000000000000";
    assert_ends(&served, served.scan(&["-vv", "--project-id", other]), 2, "usage", other);
}

#[test]
fn a_plan_without_any_family_is_told_from_missing_access() {
    let served = Served::with_faults(&["plan-403"]);
    assert_ends(&served, served.scan(&["-vv"]), 3, "auth", "refused every list").assert_stderr_has("plan");
    let served = Served::with_faults(&["no-access-403"]);
    assert_ends(&served, served.scan(&["-vv"]), 3, "auth", "access");
}

#[test]
fn a_folder_that_does_not_exist_is_named() {
    let served = Served::with_faults(&[]);
    assert_ends(&served, served.scan(&["-vv", "--dir", "no/such/folder"]), 2, "usage", "no/such/folder");
}

#[test]
fn a_file_in_place_of_a_folder_is_named() {
    let served = Served::with_faults(&[]);
    assert_ends(&served, served.scan(&["-vv", "--dir", "app.py"]), 2, "usage", "app.py: it is not a directory");
}

#[test]
fn the_archive_never_holds_itself() {
    let served = Served::with_faults(&[]);
    let scan = served.scan(&["-vv", "--dir", "empty"]);
    let empty = scan.directory().join("empty");
    fs_err::create_dir(&empty).unwrap();
    assert_ends(&served, scan.env("TMPDIR", empty), 2, "usage", "no file was archived from empty");
}

#[test]
fn a_dead_host_is_named() {
    let served = Served::with_faults(&[]);
    // The port was free a moment ago, and nobody listens on it now.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    let scan = served.scan(&["-vv", "--timeout", "3s", "--api-url", &url, "--auth-url", &url]);
    let ended = scan.run();
    ended.assert_no_trace_of(served.variable(PAT)).assert_nothing_left_behind();
    assert!([4, 5].contains(&ended.exit_code()), "{}", ended.stderr());
    assert!(ended.stderr().contains(&format!("127.0.0.1:{port}")), "{}", ended.stderr());
}

#[test]
fn a_report_that_cannot_be_written_keeps_the_others_and_the_verdict() {
    let served = Served::with_faults(&[]);
    let ended = served.scan(&["--report", "sarif=no/such/a.sarif", "--report", "json=b.json"]).run();
    // Findings weigh more than a report that is not there; the outcome names both.
    ended.assert_exit_code(1).assert_stderr_has("no/such/a.sarif");
    assert!(ended.file("work/b.json").contains("app.py"));
    assert_eq!(outcome(&ended)["problems"][0]["class"], "delivery");

    let ended = served.scan(&["--fail-on", "none", "--report", "sarif=no/such/a.sarif"]).run();
    ended.assert_exit_code(8);
}

#[test]
fn a_value_that_is_none_ends_before_anything_is_asked_and_leaves_the_outcome() {
    let served = Served::with_faults(&[]);
    let stale = served.scan(&["--fail-on", "hgih", "-vv"]).file("scangate-outcome.json", "of an earlier run");
    let ended = assert_ends(&served, stale, 2, "usage", "`hgih` from --fail-on");
    ended.assert_stderr_has("did you mean `high`?");
    assert_eq!(outcome(&ended)["requests"], 0);
}

#[test]
fn a_setting_of_the_reports_that_is_wrong_leaves_none() {
    let served = Served::with_faults(&[]);
    let ended = served.scan(&["--report", "srif=a"]).run();
    ended.assert_exit_code(2).assert_stderr_has("did you mean `sarif`?");
    assert!(!ended.has("work/scangate-outcome.json"));
}

#[test]
fn a_credential_in_the_wrong_place_is_in_no_report_about_it() {
    let served = Served::with_faults(&[]);
    let pat = served.variable(PAT);
    assert_ends(&served, served.scan(&["-vv", "--fail-on", pat]), 2, "usage", "from --fail-on holds a credential");
    let in_address = served.scan(&["-vv", "--api-url", "https://me:open-sesame@127.0.0.1/"]);
    let ended = assert_ends(&served, in_address, 2, "usage", "the address from --api-url must not hold credentials");
    ended.assert_no_trace_of("open-sesame");
}

#[test]
fn hostile_text_has_no_effect_on_a_terminal_or_a_runner() {
    let ended = Served::with_faults(&["hostile-text"]).scan(&["--report", "table=table.txt"]).run();
    let (stdout, stderr, table) = (ended.stdout(), ended.stderr(), ended.file("work/table.txt"));
    for text in [&stdout, &stderr, &table] {
        assert!(!text.contains("##["), "{text}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with("::")), "{text}");
        let is_hostile = |char: char| scangate::finding::is_unprintable(char) && char != '\n';
        assert!(!text.chars().any(is_hostile), "{text:?}");
    }
    assert!(table.contains("open findings"));
}

#[test]
#[cfg(unix)]
fn a_signal_during_the_wait_ends_the_run_with_its_reports_and_without_its_archive() {
    let served = Served::with_faults(&["stuck-queued"]);
    for (signal, exit_code) in [("TERM", 143), ("INT", 130)] {
        let ended = served.scan(&["-vv"]).start(Stdio::piped()).wait_for("started scan").signal(signal).end();
        ended.assert_exit_code(exit_code).assert_nothing_left_behind().assert_no_trace_of(served.variable(PAT));
        ended.assert_stderr_has(&format!("error: interrupted by SIG{signal}"));
        let outcome = outcome(&ended);
        assert_eq!((&outcome["class"], &outcome["exit_code"]), (&"interrupted".into(), &exit_code.into()));
        assert!(outcome["platforms"][0]["scan_id"].is_string(), "{outcome:#}");
        assert!(outcome["requests"].as_u64() >= Some(3), "{outcome:#}");
        let sarif: Value = serde_json::from_str(&ended.file("work/scangate.sarif")).unwrap();
        assert_eq!(sarif["runs"][0]["invocations"][0]["executionSuccessful"], false);
    }
}

#[test]
fn a_scan_that_does_not_end_in_time_is_a_timeout() {
    let served = Served::with_faults(&["stuck-queued"]);
    let ended = assert_ends(&served, served.scan(&["-vv", "--timeout", "1s"]), 5, "timeout", "it was queued after");
    assert_eq!(outcome(&ended)["retryable"], true);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let served = Served::with_faults(&[]);
    let running = served.scan(&["--report", "sarif=-"]).start(Stdio::piped());
    let ended = running.close_stdout().end();
    ended.assert_exit_code(1).assert_nothing_left_behind();
    assert_eq!(outcome(&ended)["class"], "findings");
}

#[test]
fn a_class_that_only_warns_keeps_its_name_exits_0_and_is_never_called_passed() {
    let served = Served::with_faults(&[]);
    let wrong = served.scan(&["-vv", "--on", "auth=warn"]).env(PAT, "pat_this_is_not_the_right_one");
    let findings = served.scan(&["-vv", "--on", "findings=warn"]);
    let unwritten = ["--on", "findings=warn", "--on", "delivery=warn", "--report", "sarif=no/such/a.sarif"];
    for (scan, class) in [(wrong, "auth"), (findings, "findings"), (served.scan(&unwritten), "findings")] {
        let ended = scan.run();
        ended.assert_exit_code(0);
        let outcome = outcome(&ended);
        assert_eq!(outcome["class"], class);
        assert_eq!((&outcome["exit_code"], &outcome["softened"]), (&0.into(), &true.into()));
        let said = ended.stdout() + &ended.stderr();
        assert!(said.contains(&format!("not passed: {class}, which --on {class}=warn turns into a warning")), "{said}");
        assert!(!said.replace("not passed", "").contains("passe"), "{said}");
    }
}

#[test]
fn what_stands_beside_a_softened_class_fails_the_run_and_claims_no_pass() {
    let served = Served::with_faults(&[]);
    let ended = served.scan(&["--on", "findings=warn", "--report", "sarif=no/such/a.sarif"]).run();
    ended.assert_exit_code(8);
    assert!(
        ended.stdout().starts_with("failed: a report is missing; 1 open finding (delivery, exit 8)"),
        "{}",
        ended.stdout()
    );
}

#[test]
fn every_format_goes_to_standard_output() {
    let served = Served::with_faults(&[]);
    for format in Format::ALL {
        let ended = served.scan(&["--report", &format!("{format}=-"), "--quiet"]).run();
        ended.assert_exit_code(1);
        assert!(ended.stdout().contains("app.py"), "{format}: {}", ended.stdout());
        assert_eq!(outcome(&ended)["reports"][0]["path"], "-");
    }
}

#[test]
fn the_category_is_the_users_where_there_is_one() {
    let served = Served::with_faults(&[]);
    let category = |arguments: &[&str]| {
        let ended = served.scan(arguments).run();
        let sarif: Value = serde_json::from_str(&ended.file("work/scangate.sarif")).unwrap();
        sarif["runs"][0]["automationDetails"]["id"].as_str().unwrap().to_owned()
    };
    assert_eq!(category(&["--category", "my/own"]), "my/own/");
    assert_eq!(category(&[]), "scangate/cybedefend/");
}
