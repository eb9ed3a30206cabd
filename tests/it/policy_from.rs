//! What a pull request could loosen in the repository is that of its base commit: the program in clones that git has made, in the
//! environments of each CI, against the sandbox.
#![expect(clippy::unwrap_used, reason = "a clone that git cannot make has failed the test")]

mod clone;
mod version;

use scangate::settings::keys;
use serde_json::Value;

use self::clone::Change;
use crate::harness::{Ended, Scangate};
use crate::served::Served;

/// The settings file.
const FILE: &str = "scangate.yml";
/// The ignore file.
const IGNORE: &str = ".scangateignore";

/// What the reports say of the run as a whole.
fn notes(ended: &Ended) -> Vec<String> {
    let outcome: Value = serde_json::from_str(&ended.file("work/scangate-outcome.json")).unwrap();
    serde_json::from_value(outcome["run"]["notes"].clone()).unwrap()
}

/// The notes without the commits in them.
fn plain_notes(ended: &Ended, change: &Change) -> Vec<String> {
    let short = |commit: &str| commit.chars().take(12).collect::<String>();
    let base = short(&change.base);
    notes(ended).iter().map(|note| note.replace(&base, "BASE")).collect()
}

fn files_left_out(ended: &Ended) -> u64 {
    let outcome: Value = serde_json::from_str(&ended.file("work/scangate-outcome.json")).unwrap();
    outcome["files_left_out"].as_u64().unwrap()
}

/// A scan of a pull request on GitHub whose merge with the base is checked out this deep.
fn scanned(change: &Change, served: &Served, depth: Option<u32>, arguments: &[&str]) -> Ended {
    change.on_github(change.check_out(served.scan(arguments), "refs/pull/7/merge", depth)).run()
}

#[test]
fn a_pull_request_that_loosens_the_gate_is_gated_by_its_base() {
    let served = Served::with_faults(&[]);
    let change = Change::new(
        &[(FILE, "fail_on: low\nmax:\n  sast.medium: 3\n")],
        &[(FILE, Some("fail_on: none\nmax:\n  sast.medium: 3\n  '*.*': 99\nunrated: ignore\n"))],
    );
    for depth in [None, Some(2), Some(3)] {
        let ended = scanned(&change, &served, depth, &["--report", "markdown=summary.md"]);
        ended.assert_exit_code(1);
        let expected = [
            "`fail_on` takes effect after merge: `low` at the base commit BASE, `none` in scangate.yml",
            "`max` takes effect after merge: nothing at the base commit BASE, `*.*=99` in scangate.yml",
            "`unrated` takes effect after merge: nothing at the base commit BASE, `ignore` in scangate.yml",
        ];
        assert_eq!(plain_notes(&ended, &change), expected);
        ended.assert_stderr_has("note: `fail_on` takes effect after merge");
        assert!(ended.stdout().contains("takes effect after merge"), "{}", ended.stdout());
        assert!(ended.file("work/summary.md").contains("takes effect after merge"));
    }
}

#[test]
fn a_pull_request_that_tightens_the_gate_is_gated_by_its_base_as_well() {
    let served = Served::with_faults(&[]);
    let change = Change::new(&[(FILE, "fail_on: none\n")], &[(FILE, Some("fail_on: info\n"))]);
    let ended = scanned(&change, &served, Some(2), &[]);
    let note = "`fail_on` takes effect after merge: `none` at the base commit BASE, `info` in scangate.yml";
    assert_eq!(plain_notes(ended.assert_exit_code(0), &change), [note]);
}

#[test]
fn the_same_settings_at_the_base_and_in_the_head_are_no_news() {
    let served = Served::with_faults(&[]);
    let file = "fail_on: none\nmax: [sca.high=5, iac.*=1]\n";
    let change = Change::new(&[(FILE, file), (IGNORE, "*.md\n")], &[(FILE, Some(file)), ("b.py", Some(""))]);
    let ended = scanned(&change, &served, Some(2), &[]);
    assert_eq!(notes(ended.assert_exit_code(0)), [""; 0]);
    assert!(!ended.stderr().contains("warning"), "{}", ended.stderr());
}

#[test]
fn what_does_not_gate_is_that_of_the_head() {
    let served = Served::with_faults(&[]);
    let file = "fail_on: none\noutcome: scangate-outcome.json\nreport: [sarif=base.sarif]\n";
    let change = Change::new(&[(FILE, file)], &[(FILE, Some(&file.replace("base.sarif", "head.sarif")))]);
    let ended = scanned(&change, &served, Some(2), &[]);
    ended.assert_exit_code(0);
    assert!(ended.has("work/head.sarif") && !ended.has("work/base.sarif"));
    assert_eq!(notes(&ended), [""; 0]);
}

#[test]
fn a_file_that_the_pull_request_adds_or_removes_changes_nothing_before_the_merge() {
    let served = Served::with_faults(&[]);
    let added = Change::new(&[], &[(FILE, Some("fail_on: none\n"))]);
    let ended = scanned(&added, &served, Some(2), &[]);
    let note = "`fail_on` takes effect after merge: nothing at the base commit BASE, `none` in scangate.yml";
    assert_eq!(plain_notes(ended.assert_exit_code(1), &added), [note]);

    let removed = Change::new(&[(FILE, "max: ['*.*=0']\nfail_on: none\n")], &[(FILE, None), ("b.py", Some(""))]);
    let ended = scanned(&removed, &served, Some(2), &[]);
    ended.assert_exit_code(1);
    let expected = [
        "`fail_on` takes effect after merge: `none` at the base commit BASE, nothing in scangate.yml",
        "`max` takes effect after merge: `*.*=0` at the base commit BASE, nothing in scangate.yml",
    ];
    assert_eq!(plain_notes(&ended, &removed), expected);
}

#[test]
fn ignore_rules_that_the_pull_request_adds_drop_no_file_of_it() {
    let served = Served::with_faults(&[]);
    let change = Change::new(
        &[(IGNORE, "# ours\n*.md\n"), ("README.md", "")],
        &[(IGNORE, Some("# theirs\n*.py\n\u{1b}]0;injected\u{7}\n"))],
    );
    let ended = scanned(&change, &served, Some(2), &["--fail-on", "low"]);
    ended.assert_exit_code(1);
    assert_eq!(files_left_out(&ended), 1);
    let note = ".scangateignore takes effect after merge: it has `*.md` at the base commit BASE, `*.py`, \
                `\\u{1b}]0;injected\\u{7}` here";
    assert_eq!(plain_notes(&ended, &change), [note]);
    assert!(!ended.stderr().contains('\u{1b}'));

    let listed = |arguments: &[&str]| {
        let scan = served.scan(&[["--list-files"].as_slice(), arguments].concat());
        change.on_github(change.check_out(scan, "refs/pull/7/merge", Some(2))).run().assert_exit_code(0).stdout()
    };
    assert_eq!(listed(&[]), ".scangateignore\napp.py\n");
    assert_eq!(listed(&["--policy-from", "head"]), ".scangateignore\nREADME.md\n");
}

#[test]
fn ignore_rules_that_the_pull_request_removes_still_hold() {
    let served = Served::with_faults(&[]);
    let change = Change::new(&[(IGNORE, "*.md\n"), ("README.md", "")], &[(IGNORE, None)]);
    let ended = scanned(&change, &served, Some(2), &["--fail-on", "none"]);
    assert_eq!(files_left_out(ended.assert_exit_code(0)), 1);
    let note = ".scangateignore takes effect after merge: it has `*.md` at the base commit BASE, nothing here";
    assert_eq!(plain_notes(&ended, &change), [note]);
}

#[test]
fn a_shallow_clone_without_the_base_is_said_or_refused_as_the_setting_says() {
    let served = Served::with_faults(&[]);
    let change = Change::new(&[(FILE, "fail_on: low\n")], &[(FILE, Some("fail_on: none\n"))]);
    let ended = scanned(&change, &served, Some(1), &["--report", "markdown=summary.md"]);
    ended.assert_exit_code(0).assert_stderr_has("warning: the base commit ");
    let [note] = <[String; 1]>::try_from(notes(&ended)).unwrap();
    assert!(note.contains("is not in the clone") && note.contains("those of the head"), "{note}");
    assert!(note.contains("fetch-depth: 2"), "{note}");
    assert!(ended.file("work/summary.md").contains("is not in the clone"));

    let ended = scanned(&change, &served, Some(1), &["--policy-from", "base"]);
    ended.assert_exit_code(2).assert_stderr_has("--policy-from base asks for").assert_stderr_has("fetch-depth: 2");
    let outcome: Value = serde_json::from_str(&ended.file("work/scangate-outcome.json")).unwrap();
    assert_eq!(outcome["class"], "usage");
    scanned(&change, &served, Some(2), &["--policy-from", "base"]).assert_exit_code(1);
}

#[test]
fn whoever_asks_for_the_head_gets_it_and_is_told() {
    let served = Served::with_faults(&[]);
    let change = Change::new(&[(FILE, "fail_on: low\n")], &[(FILE, Some("fail_on: none\n"))]);
    for depth in [Some(1), Some(2)] {
        let ended = scanned(&change, &served, depth, &["--policy-from", "head"]);
        let said = "gate settings and ignore rules in the repository are those of the pull request's head, by --policy-from head";
        assert_eq!(notes(ended.assert_exit_code(0)), [said]);
        ended.assert_stderr_has("note: gate settings");
    }
}

#[test]
fn the_pull_request_cannot_choose_the_head_by_itself() {
    let served = Served::with_faults(&[]);
    let change = Change::new(&[], &[(FILE, Some("policy_from: head\nfail_on: none\n"))]);
    scanned(&change, &served, Some(2), &[])
        .assert_exit_code(2)
        .assert_stderr_has("`policy_from` cannot be set in a file that a pull request can edit");
    assert!(keys::ALL.iter().any(|key| key.name == "policy-from" && key.trusted_only));
}

#[test]
fn a_flag_weighs_more_than_either_and_is_no_news() {
    let served = Served::with_faults(&[]);
    let change = Change::new(&[(FILE, "fail_on: low\n")], &[(FILE, Some("fail_on: info\n"))]);
    let ended = scanned(&change, &served, Some(2), &["--fail-on", "none"]);
    assert_eq!(notes(ended.assert_exit_code(0)), [""; 0]);
}

#[test]
fn a_trusted_file_counts_as_it_is() {
    let served = Served::with_faults(&[]);
    let change = Change::new(&[(FILE, "fail_on: low\n")], &[(FILE, Some("fail_on: info\n"))]);
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own.yml");
    fs_err::write(&own, "fail_on: none\n").unwrap();
    let ended = scanned(&change, &served, Some(2), &["--config", own.to_str().unwrap()]);
    assert_eq!(notes(ended.assert_exit_code(0)), [""; 0]);
}

#[test]
fn what_is_no_pull_request_is_as_it_is_checked_out() {
    let served = Served::with_faults(&[]);
    let change = Change::new(&[(FILE, "fail_on: low\n")], &[(FILE, Some("fail_on: none\n"))]);
    for policy in ["auto", "base", "head"] {
        let scan = change.check_out(served.scan(&["--policy-from", policy]), "refs/pull/7/merge", Some(2));
        let ended = scan.env("GITHUB_ACTIONS", "true").env("GITHUB_EVENT_NAME", "push").run();
        assert_eq!(notes(ended.assert_exit_code(0)), [""; 0], "{policy}");
        let scan = change.check_out(served.scan(&["--policy-from", policy]), "refs/pull/7/merge", Some(2));
        assert_eq!(notes(scan.run().assert_exit_code(0)), [""; 0], "{policy}");
    }
}

#[test]
fn the_settings_are_shown_as_a_scan_takes_them() {
    let served = Served::with_faults(&[]);
    let change = Change::new(&[(FILE, "fail_on: low\n")], &[(FILE, Some("fail_on: none\noutcome: o.json\n"))]);
    let show = served.told(Scangate::new(["config", "show", "--platform", "cybedefend"]));
    let ended = change.on_github(change.check_out(show, "refs/pull/7/merge", Some(2))).run();
    ended.assert_exit_code(0).assert_stderr_has("note: `fail_on` takes effect after merge");
    let shown = ended.stdout();
    let line = |name: &str| shown.lines().find(|line| line.split_whitespace().next() == Some(name)).unwrap().to_owned();
    let base: String = change.base.chars().take(12).collect();
    assert!(
        line("fail-on").contains("low") && line("fail-on").contains(&format!("scangate.yml at {base}:1")),
        "{shown}"
    );
    assert!(line("outcome").contains("scangate.yml:2"), "{shown}");
}

#[test]
fn a_pull_request_gives_its_scan_no_shorter_time_than_its_base_does() {
    let served = Served::with_faults(&[]);
    let change = Change::new(&[(FILE, "fail_on: low\ntimeout: 20m\n")], &[(FILE, Some("fail_on: low\ntimeout: 1s\n"))]);
    let ended = scanned(&change, &served, Some(2), &["--on", "timeout=warn"]);
    let note = "`timeout` takes effect after merge: `20m` at the base commit BASE, `1s` in scangate.yml";
    assert_eq!(plain_notes(ended.assert_exit_code(1), &change), [note]);
}

#[test]
fn what_a_pull_request_chooses_to_have_scanned_is_said_in_one_note() {
    let served = Served::with_faults(&[]);
    let note = |names: &str| {
        format!("what is scanned is chosen by the head's scangate.yml: {names}; what the workflow sets weighs more")
    };
    let change = Change::new(
        &[("src/a.py", ""), (FILE, "dir: .\nproject_id: x\n")],
        &[(FILE, Some("dir: src\nproject_id: x\nuntracked: true\n"))],
    );
    let ended = scanned(&change, &served, Some(2), &["--report", "markdown=summary.md"]);
    assert_eq!(notes(&ended), [note("`dir`, `untracked`")]);
    assert!(ended.file("work/summary.md").contains("what is scanned is chosen by"));
    assert_eq!(notes(&scanned(&change, &served, Some(2), &["--dir", ".", "--untracked"])), [""; 0]);
    let unknown = scanned(&change, &served, Some(1), &[]);
    assert_eq!(notes(&unknown).last(), Some(&note("`project_id`, `dir`, `untracked`")));

    let entries = "platforms:\n- platform: cybedefend\n  project_id: ";
    let change = Change::new(&[(FILE, &format!("{entries}x\n"))], &[(FILE, Some(&format!("{entries}y\n")))]);
    assert_eq!(notes(&scanned(&change, &served, Some(2), &[])), [note("`platforms`")]);
}
