//! Which commit is the base on each CI, in which forms a clone holds it, and what its version of a file may be.

use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err::os::unix::fs::symlink;
use serde_json::json;

use super::clone::Change;
use super::{FILE, IGNORE, notes, plain_notes, scanned};
use crate::git::{commit_all, git};
use crate::harness::Ended;
use crate::served::Served;

/// A pull request that would pass by its own settings, and does not by those of its base.
fn loosening() -> Change {
    Change::new(&[(FILE, "fail_on: low\n")], &[(FILE, Some("fail_on: none\n"))])
}

#[track_caller]
fn assert_gated_by_base(ended: &Ended, change: &Change) {
    let note = "`fail_on` takes effect after merge: `low` at the base commit BASE, `none` in scangate.yml";
    assert_eq!(plain_notes(ended.assert_exit_code(1), change), [note]);
}

#[test]
fn on_github_a_checked_out_head_is_judged_by_the_base_of_the_event() {
    let served = Served::with_faults(&[]);
    let change = loosening();
    for (depth, has_base) in [(Some(1), false), (Some(2), true), (None, true)] {
        let scan = change.check_out(served.scan(&[]), "refs/pull/7/head", depth);
        let ended = change.on_github(scan).run();
        if has_base {
            assert_gated_by_base(&ended, &change);
        } else {
            ended.assert_exit_code(0).assert_stderr_has("is not in the clone");
        }
    }
}

#[test]
fn on_github_a_head_that_is_a_merge_by_its_author_chooses_no_base() {
    let served = Served::with_faults(&[]);
    // Both sides of the author's merge say what the author likes.
    let change = Change::with(&[], &[(FILE, "fail_on: low\n")], |folder| {
        fs_err::write(folder.join(FILE), "fail_on: none\n").unwrap();
        commit_all(folder);
        git(folder, &["switch", "--quiet", "--create", "side"]);
        fs_err::write(folder.join("b.py"), "").unwrap();
        commit_all(folder);
        git(folder, &["switch", "--quiet", "feature"]);
        git(folder, &["merge", "--quiet", "--no-ff", "--no-edit", "side"]);
    });
    let scan = change.check_out(served.scan(&[]), "refs/pull/7/head", None);
    assert_gated_by_base(&change.on_github(scan).run(), &change);
}

#[test]
fn on_github_the_base_that_was_merged_counts_before_the_older_one_of_the_event() {
    let served = Served::with_faults(&[]);
    let mut change = loosening();
    let older = git(change.origin(), &["rev-parse", "main~1"]);
    let merged = std::mem::replace(&mut change.base, older);
    let scan = change.on_github(change.check_out(served.scan(&[]), "refs/pull/7/merge", None));
    change.base = merged;
    assert_gated_by_base(&scan.run(), &change);
}

#[test]
fn on_github_a_merge_group_is_judged_by_what_it_is_merged_onto() {
    let served = Served::with_faults(&[]);
    let change = loosening();
    let event = json!({ "merge_group": {
        "head_sha": change.merge, "head_ref": "refs/heads/gh-readonly-queue/main/pr-7",
        "base_sha": change.base, "base_ref": "refs/heads/main",
    }});
    let scan = change.check_out(served.scan(&[]), "refs/pull/7/merge", Some(2));
    let ended = change.with_event(scan, "merge_group", &event).env("GITHUB_SHA", &change.merge).run();
    assert_gated_by_base(&ended, &change);
}

#[test]
fn on_github_an_event_that_cannot_be_read_is_a_pull_request_of_unknown_base() {
    let served = Served::with_faults(&[]);
    let change = loosening();
    let run = |policy: &str| {
        let scan = change.check_out(served.scan(&["--policy-from", policy]), "refs/pull/7/merge", Some(2));
        change.with_event(scan, "pull_request", &json!("nothing")).env("GITHUB_SHA", &change.merge).run()
    };
    run("auto").assert_exit_code(0).assert_stderr_has("which commit is the base of the pull request is not known");
    run("base").assert_exit_code(2).assert_stderr_has("which commit is the base of the pull request is not known");
}

#[test]
fn on_github_a_base_that_is_checked_out_is_no_pull_request() {
    let served = Served::with_faults(&[]);
    let change = Change::new(&[(FILE, "fail_on: none\n")], &[(FILE, Some("fail_on: low\n"))]);
    let scan = change.check_out(served.scan(&[]), "refs/heads/main", Some(1));
    let side = |sha: &str| json!({ "ref": "main", "sha": sha, "repo": { "id": 1 } });
    let event = json!({ "pull_request": { "number": 7, "head": side(&change.head), "base": side(&change.base) } });
    let ended = change.with_event(scan, "pull_request_target", &event).env("GITHUB_SHA", &change.base).run();
    assert_eq!(notes(ended.assert_exit_code(0)), [""; 0]);
}

#[test]
fn on_gitlab_a_merge_request_is_judged_by_its_target() {
    let served = Served::with_faults(&[]);
    let change = loosening();
    for (recorded, reference) in [
        ("gitlab_merge_request", "refs/pull/7/head"),
        ("gitlab_merged_result", "refs/pull/7/merge"),
        ("gitlab_merge_train", "refs/pull/7/merge"),
        ("gitlab_fork", "refs/pull/7/head"),
        ("gitlab_external_pull_request", "refs/pull/7/head"),
    ] {
        let run = |depth| change.on(recorded, change.check_out(served.scan(&[]), reference, Some(depth)), "").run();
        assert_gated_by_base(&run(20), &change);
        run(1).assert_exit_code(0).assert_stderr_has("is not in the clone");
    }
    let scan = change.check_out(served.scan(&[]), "refs/pull/7/merge", Some(2));
    let ended = change.on("gitlab_merged_result", scan, "CI_MERGE_REQUEST_DIFF_BASE_SHA").run();
    assert_gated_by_base(&ended, &change);
}

#[test]
fn on_jenkins_a_pull_request_is_judged_by_what_was_merged_or_fetched() {
    let served = Served::with_faults(&[]);
    let change = loosening();
    // As it is: with the target's branch beside it, and without.
    for has_target in [true, false] {
        let scan = change.check_out(served.scan(&[]), "refs/pull/7/head", None);
        if has_target {
            git(&scan.directory(), &["update-ref", "refs/remotes/origin/main", &change.base]);
        }
        let ended = change.on("jenkins_pull_request_head", scan, "").run();
        if has_target {
            assert_gated_by_base(&ended, &change);
        } else {
            ended.assert_exit_code(0).assert_stderr_has("which commit is the base of the pull request is not known");
        }
    }
    // Merged in the clone, on top of the head, as the git plugin does it.
    let scan = change.check_out(served.scan(&[]), "refs/pull/7/merge", None);
    let folder = scan.directory();
    git(&folder, &["checkout", "--quiet", "--detach", &change.head]);
    git(&folder, &["update-ref", "refs/remotes/origin/PR-7", &change.head]);
    let built = git(&folder, &["commit-tree", "HEAD^{tree}", "-p", &change.head, "-p", &change.base, "-m", "merge"]);
    git(&folder, &["checkout", "--quiet", "--detach", &built]);
    let ended = change.on("jenkins_pull_request_merge", scan, "GIT_COMMIT").env("GIT_COMMIT", &built).run();
    assert_gated_by_base(&ended, &change);
}

/// The files of the packs of a clone.
fn packs(folder: &Path) -> Vec<PathBuf> {
    fs_err::read_dir(folder.join(".git/objects/pack")).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn packed_and_loose_borrowed_and_linked_objects_are_all_read() {
    let served = Served::with_faults(&[]);
    // Long files that differ little become differences in a pack.
    let long = |threshold: &str| format!("{}fail_on: {threshold}\n", "# a line that is the same in both\n".repeat(200));
    let change = Change::new(&[(FILE, &long("low"))], &[(FILE, Some(&long("none")))]);
    let check_out = || change.check_out(served.scan(&[]), "refs/pull/7/merge", None);

    for by_offset in ["true", "false"] {
        let packed = check_out();
        let folder = packed.directory();
        git(&folder, &["-c", &format!("repack.useDeltaBaseOffset={by_offset}"), "repack", "-adfq", "--depth=50"]);
        assert!(git(&folder, &["count-objects", "-v"]).contains("count: 0\n"));
        let index =
            packs(&folder).into_iter().find(|path| path.extension().is_some_and(|extension| extension == "idx"));
        let held = git(&folder, &["verify-pack", "-v", index.unwrap().to_str().unwrap()]);
        assert!(held.contains("chain length = 1: "), "no object is a difference:\n{held}");
        assert_gated_by_base(&change.on_github(packed).run(), &change);
    }

    let loose = check_out();
    let folder = loose.directory();
    let outside = tempfile::tempdir().unwrap();
    let moved = packs(&folder).into_iter().map(|path| {
        let moved = outside.path().join(path.file_name().unwrap());
        fs_err::rename(&path, &moved).unwrap();
        moved
    });
    for path in
        moved.collect::<Vec<_>>().iter().filter(|path| path.extension().is_some_and(|extension| extension == "pack"))
    {
        let pack = fs_err::File::open(path).unwrap().into_file();
        let unpacked = Command::new("git").args(["unpack-objects", "-q"]).current_dir(&folder).stdin(pack).status();
        assert!(unpacked.unwrap().success());
    }
    assert!(git(&folder, &["count-objects", "-v"]).contains("packs: 0"));
    assert_gated_by_base(&change.on_github(loose).run(), &change);

    let borrowed = served.scan(&[]);
    fs_err::remove_file(borrowed.directory().join("app.py")).unwrap();
    let origin = change.origin().to_str().unwrap();
    git(&borrowed.directory(), &["clone", "--quiet", "--shared", "--no-checkout", origin, "."]);
    git(&borrowed.directory(), &["checkout", "--quiet", "--force", "--detach", &change.merge]);
    assert!(git(&borrowed.directory(), &["count-objects", "-v"]).contains("count: 0\n"));
    assert_gated_by_base(&change.on_github(borrowed).run(), &change);

    let linked = served.scan(&[]);
    fs_err::remove_dir_all(linked.directory()).unwrap();
    let folder = linked.directory().display().to_string();
    git(change.origin(), &["worktree", "add", "--quiet", "--detach", &folder, &change.merge]);
    assert_gated_by_base(&change.on_github(linked).run(), &change);
}

#[test]
fn a_repository_of_sha_256_is_read_as_well() {
    let served = Served::with_faults(&[]);
    let change = Change::with(&["--object-format=sha256"], &[(FILE, "fail_on: low\n")], |folder| {
        fs_err::write(folder.join(FILE), "fail_on: none\n").unwrap();
    });
    assert_eq!(change.base.len(), 64);
    assert_gated_by_base(&scanned(&change, &served, Some(2), &[]), &change);
}

#[test]
fn a_partial_clone_that_lacks_the_file_is_as_a_shallow_one() {
    let served = Served::with_faults(&[]);
    let change = loosening();
    git(change.origin(), &["config", "uploadpack.allowFilter", "true"]);
    let run = |policy: &str| {
        let scan = served.scan(&["--policy-from", policy]);
        fs_err::remove_file(scan.directory().join("app.py")).unwrap();
        let origin = format!("file://{}", change.origin().display());
        git(&scan.directory(), &["clone", "--quiet", "--no-checkout", "--filter=blob:none", &origin, "."]);
        git(&scan.directory(), &["fetch", "--quiet", "origin", "refs/pull/7/merge"]);
        git(&scan.directory(), &["checkout", "--quiet", "--detach", "FETCH_HEAD"]);
        change.on_github(scan).run()
    };
    run("auto").assert_exit_code(0).assert_stderr_has("is not in the clone");
    run("base").assert_exit_code(2).assert_stderr_has("is not in the clone");
}

#[test]
fn a_corrupt_object_is_an_error_and_never_the_heads_version() {
    let served = Served::with_faults(&[]);
    let change = loosening();
    let scan = change.check_out(served.scan(&[]), "refs/pull/7/merge", Some(2));
    let folder = scan.directory();
    let of = |name: &str| {
        let (first, rest) = name.split_at(2);
        folder.join(".git/objects").join(first).join(rest)
    };
    // The base's blob is overlaid with another, loose one of the same name.
    let blob = git(&folder, &["rev-parse", &format!("{}:{FILE}", change.base)]);
    fs_err::write(folder.join("other"), "fail_on: none\n\n").unwrap();
    let other = git(&folder, &["hash-object", "-w", "other"]);
    fs_err::remove_file(folder.join("other")).unwrap();
    fs_err::create_dir_all(of(&blob).parent().unwrap()).unwrap();
    if of(&blob).exists() {
        fs_err::remove_file(of(&blob)).unwrap();
    }
    fs_err::copy(of(&other), of(&blob)).unwrap();
    change.on_github(scan).run().assert_exit_code(2).assert_stderr_has("it is not what its id says");
}

#[test]
fn a_base_that_cannot_be_used_leaves_the_defaults_so_that_its_mending_can_be_merged() {
    let served = Served::with_faults(&[]);
    for broken in ["fail_on: [", "fail_on: hgih\n", "fail_on: {a: b}\n", "- a\n", "max: [nonsense]\n"] {
        let change = Change::new(&[(FILE, broken)], &[(FILE, Some("fail_on: none\n"))]);
        let ended = scanned(&change, &served, Some(2), &["--policy-from", "base"]);
        ended
            .assert_exit_code(1)
            .assert_stderr_has("warning: the gate settings of the base commit cannot be used, and the defaults hold: ");
        assert!(
            notes(&ended).iter().any(|note| note.contains("the defaults hold: ") && note.contains("scangate.yml at ")),
            "{broken}"
        );
    }
    let change = Change::new(&[(FILE, &"#\n".repeat(600_000))], &[(FILE, Some("fail_on: none\n"))]);
    scanned(&change, &served, Some(2), &[]).assert_exit_code(1).assert_stderr_has("it is longer than 1 MiB");
    let change = Change::new(&[("scangate.yml/a", "")], &[("scangate.yml/a", None), ("b.py", Some(""))]);
    scanned(&change, &served, Some(2), &[]).assert_exit_code(1).assert_stderr_has("it is not a regular file");

    let change = Change::new(&[(IGNORE, "*.{py,js}\n")], &[(IGNORE, Some("*.py\n"))]);
    let ended = scanned(&change, &served, Some(2), &["--fail-on", "low"]);
    ended
        .assert_exit_code(1)
        .assert_stderr_has(".scangateignore of the base commit")
        .assert_stderr_has("leaves out nothing");
}

#[test]
fn what_is_wrong_elsewhere_in_the_bases_version_does_not_matter() {
    let served = Served::with_faults(&[]);
    let base = "fail_on: low\napi_url: https://old.example\nnonsense: 1\n";
    let change = Change::new(&[(FILE, base)], &[(FILE, Some("fail_on: none\n"))]);
    assert_gated_by_base(&scanned(&change, &served, Some(2), &[]), &change);
}

#[test]
fn a_head_that_would_be_an_error_after_the_merge_is_one_before_it() {
    let served = Served::with_faults(&[]);
    let change = Change::new(&[(FILE, "fail_on: low\n")], &[(FILE, Some("fail_on: hgih\n"))]);
    scanned(&change, &served, Some(2), &[]).assert_exit_code(2).assert_stderr_has("`hgih` from `fail_on`");
    let change = Change::new(&[(IGNORE, "*.md\n")], &[(IGNORE, Some("*.{a,b}\n"))]);
    scanned(&change, &served, Some(2), &[]).assert_exit_code(2).assert_stderr_has("cannot use .scangateignore");
}

#[test]
fn a_link_at_the_base_is_refused_and_one_in_the_head_leads_nowhere_else() {
    let served = Served::with_faults(&[]);
    let change = Change::with(&[], &[("strict.yml", "fail_on: low\n"), ("loose.yml", "fail_on: none\n")], |folder| {
        symlink("loose.yml", folder.join(FILE)).unwrap();
    });
    // The head's link is read as what it leads to, and the base has no file of that name.
    scanned(&change, &served, Some(2), &[]).assert_exit_code(1);

    let change = Change::with(&[], &[], |folder| {
        git(folder, &["switch", "--quiet", "main"]);
        symlink("loose.yml", folder.join(FILE)).unwrap();
        fs_err::write(folder.join("loose.yml"), "fail_on: none\n").unwrap();
        commit_all(folder);
        git(folder, &["switch", "--quiet", "--force-create", "feature"]);
        fs_err::remove_file(folder.join(FILE)).unwrap();
        fs_err::write(folder.join(FILE), "fail_on: none\n").unwrap();
    });
    let mut linked = change;
    linked.base = git(linked.origin(), &["rev-parse", "feature~1"]);
    let run = |arguments: &[&str]| {
        linked.on_github(linked.check_out(served.scan(arguments), "refs/pull/7/head", Some(2))).run()
    };
    run(&[])
        .assert_exit_code(2)
        .assert_stderr_has("is a symbolic link at the base commit")
        .assert_stderr_has("--policy-from head");
    run(&["--policy-from", "head"]).assert_exit_code(0);
}

#[test]
fn files_are_found_at_the_base_by_their_place_in_the_repository() {
    let served = Served::with_faults(&[]);
    let base = [
        ("ci/gate.yml", "fail_on: low\n"),
        ("part/app.py", "value = eval(input())\n"),
        ("part/.scangateignore", "*.md\n"),
    ];
    let change = Change::new(
        &[base.as_slice(), &[("part/README.md", ""), ("loose/gate.yml", "fail_on: none\n")]].concat(),
        &[("ci/gate.yml", Some("fail_on: none\n")), ("part/.scangateignore", Some("*.py\n"))],
    );
    let arguments = ["--dir", "part", "--config", "part/../ci/gate.yml"];
    let ended = scanned(&change, &served, Some(2), &arguments);
    let [gate, ignore] = <[String; 2]>::try_from(plain_notes(ended.assert_exit_code(1), &change)).unwrap();
    assert_eq!(
        gate,
        "`fail_on` takes effect after merge: `low` at the base commit BASE, `none` in part/../ci/gate.yml"
    );
    assert!(ignore.starts_with(".scangateignore takes effect after merge: it has `*.md` at"), "{ignore}");

    // A folder that the head has made a link to another one is still the folder of that name.
    let change = Change::with(&[], &[base.as_slice(), &[("loose/gate.yml", "fail_on: none\n")]].concat(), |folder| {
        fs_err::remove_dir_all(folder.join("ci")).unwrap();
        symlink("loose", folder.join("ci")).unwrap();
    });
    scanned(&change, &served, Some(2), &["--config", "ci/gate.yml"]).assert_exit_code(1);
}
