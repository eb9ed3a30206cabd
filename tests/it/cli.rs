//! The command line as its users meet it: help, version, refusals, the form of what is said.

use scangate::platform::PlatformId;
use serde_json::Value;

use crate::harness::Scangate;

#[test]
fn the_version_is_a_document_on_standard_output() {
    let ended = Scangate::new(["--version"]).run();
    ended.assert_exit_code(0);
    assert_eq!(ended.stdout(), format!("scangate {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(ended.stderr(), "");
}

#[test]
fn every_command_has_help_within_a_terminals_width() {
    for command in ["scan", "demo", "sandbox", "config", "schema"] {
        let ended = Scangate::new([command, "--help"]).run();
        ended.assert_exit_code(0);
        assert!(ended.stdout().contains("Usage: scangate"), "{command}");
        assert!(ended.stdout().lines().all(|line| line.chars().count() <= 100), "{command}");
    }
}

#[test]
fn a_reader_of_the_help_that_goes_away_is_no_failure() {
    let program = env!("CARGO_BIN_EXE_scangate");
    let script = format!("{{ '{program}' scan --help; echo \"exit code $?\" >&2; }} | :");
    let output = std::process::Command::new("/bin/sh").args(["-c", &script]).output();
    let stderr = output.map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
    assert_eq!(stderr.ok().as_deref(), Some("exit code 0\n"));
}

#[test]
fn no_command_an_unknown_one_and_an_unknown_flag_are_usage_errors() {
    for arguments in [&[][..], &["scna"], &["scan", "--fail-onn", "high"], &["scan", "extra"], &["scan", "-v", "-q"]] {
        Scangate::new(arguments).run().assert_exit_code(2);
    }
    Scangate::new(["scna"]).run().assert_stderr_has("scan");
}

#[test]
fn an_error_is_one_line_and_then_the_way_out() {
    let ended = Scangate::new(["scan", "--platform", "cybedefnd"]).run();
    ended.assert_exit_code(2);
    let known = PlatformId::ALL.map(PlatformId::as_str).join(", ");
    assert_eq!(
        ended.stderr(),
        format!(
            "error: `cybedefnd` from --platform is not a platform: use one of {known}\n  hint: did you mean `cybedefend`?\n"
        )
    );
    assert_eq!(ended.stdout(), "");
}

#[test]
fn a_json_log_holds_one_object_a_line_errors_included() {
    let ended =
        Scangate::new(["scan", "--log-format", "json", "--platform", "nonsense"]).env("SCANGATE_MXA", "1").run();
    ended.assert_exit_code(2);
    let lines: Vec<Value> = ended.stderr().lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert_eq!(lines.len(), ended.stderr().lines().count());
    let levels: Vec<&Value> = lines.iter().map(|line| &line["level"]).collect();
    assert_eq!(levels, ["warning", "error"]);
    assert!(lines.iter().all(|line| line["time"].is_string() && line["message"].is_string()));
    assert_eq!(lines.last().map(|line| &line["class"]), Some(&Value::from("usage")));
}

#[test]
fn colour_is_only_for_those_who_asked() {
    let escape = '\u{1b}';
    assert!(!Scangate::new(["scan"]).run().stderr().contains(escape));
    assert!(Scangate::new(["scan", "--color", "always"]).run().stderr().contains(escape));
}

#[test]
fn verbose_says_what_is_decided_on_the_way() {
    let run = |flag: &[&str]| {
        let arguments = ["scan", "--platform", "cybedefend"].into_iter().chain(flag.iter().copied());
        Scangate::new(arguments).env("CYBEDEFEND_PAT_FILE", "no/such/token").run()
    };
    run(&["-v"]).assert_stderr_has("debug: reads the credential origin=CYBEDEFEND_PAT_FILE");
    assert!(!run(&[]).stderr().contains("debug:"));
}

#[test]
fn quiet_leaves_warnings_and_errors() {
    let ended = Scangate::new(["scan", "-q"]).env("SCANGATE_FIAL_ON", "low").run();
    ended
        .assert_exit_code(2)
        .assert_stderr_has("did you mean SCANGATE_FAIL_ON?")
        .assert_stderr_has("no platform is given");
}

#[test]
fn hostile_text_in_an_argument_has_no_effect_on_terminal_or_runner() {
    let hostile = "x\u{1b}[31m\n::error::y\r##[add-mask]z\u{202e}";
    let calls = [
        vec!["scan", "--fail-on", hostile],
        vec!["scan", "--report", hostile],
        vec!["scan", hostile],
        vec![hostile],
        vec!["scan", "--platform", "cybedefend", "--branch", hostile],
    ];
    for arguments in calls {
        let ended = Scangate::new(&arguments).run();
        ended.assert_exit_code(2);
        let stderr = ended.stderr();
        assert!(!stderr.contains(['\u{1b}', '\r', '\u{202e}']) && !stderr.contains("##["), "{stderr}");
        assert!(!stderr.lines().any(|line| line.trim_start().starts_with("::")), "{stderr}");
    }
}

#[test]
fn a_demo_refuses_whatever_leads_to_a_real_platform() {
    let refused = ["--api-url", "--auth-url", "--token-file", "--token-command", "--pat", "--upload"];
    for flag in refused {
        for arguments in [vec!["demo", flag, "pat_secret"], vec!["demo", flag]] {
            let ended = Scangate::new(arguments).run();
            ended.assert_exit_code(2).assert_no_trace_of("pat_secret");
            ended.assert_stderr_has(&format!("a demo talks to its own sandbox only and takes no {flag}"));
        }
    }
}

#[test]
fn a_demo_has_no_flag_of_an_account() {
    for flag in ["--project-id=1", "--region=eu", "--ca-cert=x", "--insecure-http"] {
        Scangate::new(["demo", flag]).run().assert_exit_code(2).assert_stderr_has("unexpected argument");
    }
}

#[test]
fn an_archive_that_cannot_be_written_or_read_is_named_as_the_user_named_it() {
    let ended = Scangate::new(["scan", "--archive-only", "no/such/a.zip"]).file("a.py", "").run();
    ended.assert_exit_code(2).assert_stderr_has("error: cannot write the archive no/such/a.zip: ");
    assert!(!ended.stderr().contains("scangate-"), "{}", ended.stderr());

    let ended = Scangate::new(["scan", "--platform", "cybedefend", "--archive", "a.zip"])
        .env("CYBEDEFEND_PAT", "pat_of_nobody_00000000")
        .file("a.zip", "no zip")
        .run();
    ended.assert_exit_code(2).assert_stderr_has("error: cannot send the archive a.zip: it is no zip file");
}
