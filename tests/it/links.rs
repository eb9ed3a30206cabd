//! Links that a pull request planted: nothing is written where they lead.
#![expect(clippy::unwrap_used, reason = "a folder that cannot be made has failed the test")]

use std::path::Path;

use fs_err::os::unix::fs::symlink;

use crate::harness::{Ended, Scangate};
use crate::served::Served;

const LED_OUT: &str = "a link leads its folder out of the workspace";

/// Plants the link `reports` in the working directory, which leads to the home folder.
fn planted(call: Scangate) -> Scangate {
    symlink(call.directory().join("../home"), call.directory().join("reports")).unwrap();
    call
}

#[track_caller]
fn assert_written_nowhere(ended: &Ended, folder: &Path) {
    ended.assert_stderr_has(LED_OUT);
    assert_eq!(fs_err::read_dir(folder).unwrap().count(), 0, "{} is not empty", folder.display());
}

#[test]
fn neither_report_nor_outcome_follows_a_link_out_of_the_workspace_and_the_other_reports_are_there() {
    let reports = ["--report", "sarif=reports/a.sarif", "--report", "json=a.json", "--outcome", "reports/outcome.json"];
    let demo = planted(Scangate::new(["demo", "--fail-on", "none"].iter().chain(&reports)));
    let home = demo.directory().join("../home");
    let ended = demo.run();
    ended.assert_exit_code(8).assert_stderr_has("reports/a.sarif").assert_stderr_has("reports/outcome.json");
    assert_written_nowhere(&ended, &home);
    assert!(ended.file("work/a.json").contains("findings"));
}

#[test]
fn the_archive_does_not_follow_one() {
    let scan = Scangate::new(["scan", "--archive-only", "reports/a.zip"]).file("app.py", "");
    let scan = planted(scan);
    let home = scan.directory().join("../home");
    assert_written_nowhere(&scan.run(), &home);
}

#[test]
fn the_answer_of_a_call_does_not_follow_one() {
    let served = Served::with_faults(&[]);
    let call = planted(served.api(&["GET", "/project/x", "--output", "reports/answer.json"]));
    let home = call.directory().join("../home");
    let ended = call.run();
    ended.assert_exit_code(8);
    assert_written_nowhere(&ended, &home);
}

#[test]
fn raw_copies_do_not_follow_one() {
    let served = Served::of("bestdefense", 1000, &[]);
    let scan = ["scan", "--platform", "bestdefense", "--target", "clean.example.com", "--save-raw", "reports/raw"];
    let scan = planted(served.told(Scangate::new(scan)));
    let home = scan.directory().join("../home");
    let ended = scan.run();
    ended.assert_exit_code(2);
    assert_written_nowhere(&ended, &home);
}

#[test]
fn a_link_within_the_workspace_is_followed() {
    let demo = Scangate::new(["demo", "--fail-on", "none", "--report", "sarif=reports/a.sarif"]);
    let demo = demo.file("kept/.keep", "");
    symlink("kept", demo.directory().join("reports")).unwrap();
    let ended = demo.run();
    ended.assert_exit_code(0);
    assert!(ended.file("work/kept/a.sarif").contains("runs"));
}
