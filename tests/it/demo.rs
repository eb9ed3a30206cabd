//! `scangate demo`: the README's first command.

use serde_json::Value;

use crate::harness::Scangate;

#[test]
fn the_demo_fails_on_its_example_and_its_last_line_says_why() {
    let ended = Scangate::new(["demo"]).run();
    ended.assert_exit_code(1).assert_nothing_left_behind();
    let said = ended.stdout();
    let last = said.lines().last().unwrap();
    assert!(last.contains("exit code 1 (findings)"), "{last}");
    ended.assert_stderr_has("an emulated platform");
}

#[test]
fn the_demo_finds_something_of_every_family_in_the_users_own_files_and_lines() {
    let ended = Scangate::new(["demo"]).run();
    let outcome: Value = serde_json::from_str(&ended.file("work/scangate-outcome.json")).unwrap();
    for kind in ["sast", "sca", "iac", "secret", "cicd"] {
        assert!(outcome["counts"]["by_kind"][kind].as_u64() > Some(0), "{kind}: {outcome:#}");
    }
    assert!(ended.file("work/scangate.sarif").contains("shop/app.py"));
}

#[test]
fn the_demo_of_cybrium_finds_something_in_files_and_packages_and_scans_no_folder() {
    let ended = Scangate::new(["demo", "--platform", "cybrium"]).run();
    ended.assert_exit_code(1).assert_nothing_left_behind();
    assert!(
        ended.stdout().contains("app/users.py:42") && ended.stdout().contains("event-stream"),
        "{}",
        ended.stdout()
    );
    let ended = Scangate::new(["demo", "--platform", "cybrium", "--dir", "."]).run();
    ended.assert_exit_code(2).assert_stderr_has("--dir");
}

#[test]
fn the_demo_of_cyberorigen_finds_something_on_hosts_and_scans_no_folder() {
    let ended = Scangate::new(["demo", "--platform", "cyberorigen"]).run();
    ended.assert_exit_code(1).assert_nothing_left_behind();
    let outcome: Value = serde_json::from_str(&ended.file("work/scangate-outcome.json")).unwrap();
    assert!(outcome["counts"]["by_kind"]["network"].as_u64() > Some(0), "{outcome:#}");
    assert!(ended.stdout().contains("shop.example.com"), "{}", ended.stdout());
    let ended = Scangate::new(["demo", "--platform", "cyberorigen", "--dir", "."]).run();
    ended.assert_exit_code(2).assert_stderr_has("CyberOrigen scans no source tree");
}

#[test]
fn the_demo_passes_when_nothing_is_forbidden() {
    let ended = Scangate::new(["demo", "--fail-on", "none"]).run();
    ended.assert_exit_code(0);
    assert!(ended.stdout().lines().last().unwrap().contains("exit code 0 (passed)"));
}

#[test]
fn the_demo_scans_a_folder_of_the_users() {
    let ended = Scangate::new(["demo", "--dir", "web"]).file("web/page.js", "eval(location.hash)\n").run();
    ended.assert_exit_code(1);
    assert!(ended.stdout().contains("page.js:1"), "{}", ended.stdout());
}

#[test]
fn the_demo_uses_nothing_of_an_account_or_a_proxy() {
    let secret = "pat_of_a_real_account_0000";
    let demo =
        Scangate::new(["demo", "-vv"]).env("CYBEDEFEND_PAT", secret).env("CYBEDEFEND_API_URL", "https://host.invalid");
    let ended = demo.env("HTTPS_PROXY", "http://proxy.invalid:1").env("HTTP_PROXY", "http://proxy.invalid:1").run();
    ended.assert_exit_code(1).assert_no_trace_of(secret);
}

#[test]
fn an_empty_folder_is_no_pass() {
    let demo = Scangate::new(["demo", "--dir", "empty"]);
    fs_err::create_dir(demo.directory().join("empty")).unwrap();
    let ended = demo.run();
    ended.assert_exit_code(2);
    ended.assert_stderr_has("error: no file");
}

#[test]
fn a_demo_without_a_folder_for_its_example_is_no_bug() {
    let ended = Scangate::new(["demo"]).env("TMPDIR", "/no/such/folder").run();
    ended
        .assert_exit_code(2)
        .assert_stderr_has("/no/such/folder: No such file or directory")
        .assert_stderr_has("TMPDIR");
}

#[test]
fn what_is_said_counts_one_as_one() {
    let ended = Scangate::new(["demo", "--dir", "web"]).file("web/page.js", "eval(location.hash)\n").run();
    ended.assert_stderr_has("archived 1 file, ").assert_stderr_has("read 1 finding\n");
}

#[test]
fn quiet_means_no_result_either() {
    let ended = Scangate::new(["demo", "--quiet"]).run();
    ended.assert_exit_code(1);
    assert_eq!((ended.stdout(), ended.stderr()), (String::new(), String::new()));
}

#[test]
#[cfg(target_os = "linux")]
fn a_result_that_cannot_be_shown_changes_nothing_about_the_verdict() {
    let full = fs_err::File::options().write(true).open("/dev/full").unwrap();
    let ended = Scangate::new(["demo"]).run_into(full.into_parts().0);
    ended.assert_exit_code(1).assert_stderr_has("warning: the result cannot be shown");
    assert!(ended.file("work/scangate-outcome.json").contains("\"exit_code\": 1"));
}

#[test]
fn a_log_in_json_stays_json_where_a_report_has_standard_output() {
    let ended = Scangate::new(["demo", "--log-format", "json", "--report", "sarif=-"]).run();
    for line in ended.stderr().lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok_and(|line| line.is_object()), "{line}");
    }
}
