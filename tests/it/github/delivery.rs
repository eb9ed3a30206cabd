//! Outputs and summary: there in every class of ending, and saying the same as the exit code.

use scangate::ci::github::outputs;
use serde_json::Value;

use super::runner::{Runner, outcome};
use crate::harness::{Ended, Scangate};
use crate::served::Served;

const PAT: &str = "CYBEDEFEND_PAT";

/// Fails unless outputs, outcome file and exit code say the same.
#[track_caller]
fn assert_all_say(runner: &Runner, ended: &Ended, exit_code: i32, class: &str) {
    ended.assert_exit_code(exit_code);
    let outputs = runner.outputs();
    assert_eq!(outputs["class"], class, "{}", ended.stderr());
    assert_eq!(outputs["exit-code"], exit_code.to_string());
    let outcome = outcome(ended);
    assert_eq!((&outcome["class"], &outcome["exit_code"]), (&class.into(), &exit_code.into()), "{outcome:#}");
}

#[test]
fn all_outputs_are_read_back_and_agree_with_the_outcome_file() {
    let (served, runner) = (Served::with_faults(&["many=30"]), Runner::new());
    let reports = ["--report", "sarif=a.sarif", "--report", "sarif=b.sarif", "--report", "markdown=c.md"];
    let ended = runner.step(served.scan(&reports), "push").run();
    assert_all_say(&runner, &ended, 1, "findings");

    let (outputs, outcome) = (runner.outputs(), outcome(&ended));
    assert_eq!(outputs.len(), outputs::ALL.len());
    let number = |name: &str| Value::from(outputs[name].parse::<u64>().unwrap());
    assert_eq!(number("findings"), outcome["counts"]["open"]);
    assert_eq!(number("closed"), outcome["counts"]["closed"]);
    assert_eq!(number("unrated"), outcome["counts"]["unrated"]);
    for severity in ["critical", "high", "medium", "low", "info"] {
        assert_eq!(number(severity), outcome["counts"]["by_severity"][severity]);
    }
    assert_eq!(number("requests"), outcome["requests"]);
    assert_eq!(serde_json::from_str::<Value>(&outputs["kinds"]).unwrap(), outcome["counts"]["by_kind"]);
    assert_eq!(Value::from(outputs["scan-id"].as_str()), outcome["platforms"][0]["scan_id"]);
    assert_eq!((outputs["softened"].as_str(), outputs["retryable"].as_str()), ("false", "false"));
    assert_eq!((outputs["platforms"].as_str(), outputs["sarif"].as_str()), ("cybedefend", "a.sarif,b.sarif"));
    assert_eq!(outputs["outcome"], "scangate-outcome.json");
    let reports: Value = serde_json::from_str(&outputs["reports"]).unwrap();
    assert_eq!(reports[2], serde_json::json!({ "format": "markdown", "path": "c.md" }));
    assert!(ended.file("work/c.md").starts_with("## failed: "));
}

#[test]
fn a_run_without_a_verdict_has_all_outputs_and_no_sarif_to_upload() {
    let (served, runner) = (Served::with_faults(&[]), Runner::new());
    let ended = runner.step(served.scan(&[]).env(PAT, "pat_this_is_not_the_right_one"), "push").run();
    assert_all_say(&runner, &ended, 3, "auth");
    let outputs = runner.outputs();
    assert_eq!(outputs.len(), outputs::ALL.len());
    assert_eq!((outputs["sarif"].as_str(), outputs["findings"].as_str()), ("", "0"));
    assert!(runner.read("summary").starts_with("## no verdict: 0 open findings so far (auth, exit 3)\n"));
}

#[test]
fn a_call_that_cannot_even_start_says_so_in_the_outputs_and_the_summary() {
    let calls = [
        (vec!["scan", "--platform", "cybedefend", "--fail-on", "hgih"], "hgih"),
        (vec!["scan", "--no-such-flag"], "--no-such-flag"),
        (vec!["scan", "--log-format", "xml"], "xml"),
        (vec!["scna"], "scna"),
        (vec!["demo", "--pat", "x"], "a demo talks to its own sandbox only"),
    ];
    for (arguments, message) in calls {
        let runner = Runner::new();
        let ended = runner.step(Scangate::new(arguments), "push").run();
        ended.assert_exit_code(2).assert_stderr_has(message);
        let outputs = runner.outputs();
        assert_eq!((outputs["class"].as_str(), outputs["exit-code"].as_str()), ("usage", "2"));
        assert!(runner.read("summary").starts_with("## no verdict (usage, exit 2)\n"), "{}", runner.read("summary"));
    }
}

#[test]
fn help_and_lists_tell_the_runner_nothing() {
    let served = Served::with_faults(&[]);
    for arguments in [["--list-files", "-q"], ["--help", "-q"]] {
        let runner = Runner::new();
        let ended = runner.step(served.scan(&arguments), "push").run();
        ended.assert_exit_code(0).assert_no_trace_of(served.variable(PAT));
        assert_eq!((runner.read("output"), runner.read("summary")), (String::new(), String::new()));
        assert!(!ended.stdout().contains("::"), "{}", ended.stdout());
    }
}

#[test]
fn the_demo_and_the_command_input_work_as_in_the_action() {
    let action = |command: &str| {
        let runner = Runner::new();
        let no_arguments: [&str; 0] = [];
        let call = Scangate::new(no_arguments).env("SCANGATE_ACTION", "1").env("INPUT_COMMAND", command);
        let ended = runner.step(call, "push").run();
        (runner, ended)
    };
    let (runner, ended) = action("demo");
    assert_all_say(&runner, &ended, 1, "findings");
    assert!(runner.read("summary").contains("sandbox, which is no scanner to rely on"));
    // Without a command it is a scan, which has no platform here.
    for (command, message) in
        [("", "no platform is given"), ("wait", "is not there yet"), ("rm -rf", "use one of scan, demo")]
    {
        let (runner, ended) = action(command);
        ended.assert_exit_code(2).assert_stderr_has(message);
        assert_eq!(runner.outputs()["class"], "usage");
    }
}

#[test]
fn a_summary_that_is_there_stays_and_ours_stands_behind_it() {
    let (served, runner) = (Served::with_faults(&[]), Runner::new());
    fs_err::write(runner.path("summary"), "# theirs\n\n| a |").unwrap();
    fs_err::write(runner.path("output"), "theirs=1").unwrap();
    runner.step(served.scan(&["--fail-on", "none"]), "push").run().assert_exit_code(0);
    let summary = runner.read("summary");
    assert!(summary.starts_with("# theirs\n\n| a |\n\n## passed: "), "{summary}");
    assert!(runner.read("output").starts_with("theirs=1\nclass<<ghadelimiter_"));
}

#[test]
fn a_summary_without_room_or_place_is_a_delivery_failure_that_all_others_know_of() {
    let served = Served::with_faults(&[]);
    let full = "x".repeat((1 << 20) - 100);
    for place in [Some(full.as_str()), None] {
        let runner = Runner::new();
        if let Some(content) = place {
            fs_err::write(runner.path("summary"), content).unwrap();
        } else {
            fs_err::remove_file(runner.path("summary")).unwrap();
            fs_err::create_dir(runner.path("summary")).unwrap();
        }
        let ended = runner.step(served.scan(&["--fail-on", "none"]), "push").run();
        assert_all_say(&runner, &ended, 8, "delivery");
        ended.assert_stderr_has("cannot write GITHUB_STEP_SUMMARY");
        assert!(place.is_none_or(|content| runner.read("summary") == content));
        // Findings weigh more.
        let ended = runner.step(served.scan(&[]), "push").run();
        assert_all_say(&runner, &ended, 1, "findings");
    }
}

#[test]
fn outputs_that_cannot_be_written_are_known_to_outcome_and_summary() {
    let (served, runner) = (Served::with_faults(&[]), Runner::new());
    let scan = runner.step(served.scan(&["--fail-on", "none"]), "push").env("GITHUB_OUTPUT", "no/such/output");
    let ended = scan.run();
    ended.assert_exit_code(8).assert_stderr_has("cannot write GITHUB_OUTPUT");
    assert_eq!(outcome(&ended)["class"], "delivery");
    assert!(runner.read("summary").starts_with("## failed: the gate passes"), "{}", runner.read("summary"));
}

#[test]
fn an_outcome_file_that_cannot_be_written_is_known_to_outputs_and_summary() {
    let (served, runner) = (Served::with_faults(&[]), Runner::new());
    let scan = served.scan(&["--fail-on", "none", "--outcome", "no/such/outcome.json"]);
    runner.step(scan, "push").run().assert_exit_code(8);
    let outputs = runner.outputs();
    assert_eq!((outputs["class"].as_str(), outputs["outcome"].as_str()), ("delivery", ""));
    assert!(runner.read("summary").starts_with("## failed: the gate passes"));
}

#[test]
fn a_runner_without_these_files_is_told_by_the_streams_alone() {
    let served = Served::with_faults(&[]);
    let ended = served.scan(&["--fail-on", "none"]).env("GITHUB_ACTIONS", "true").run();
    ended.assert_exit_code(0);
    assert!(ended.stdout().contains("::group::passed: "));
}
