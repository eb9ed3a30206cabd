//! The program in a job of GitLab, in a build of Jenkins, and where there is only git: what it says is scanned, and what the
//! platform is told. The environments are those of `tests/data/ci`.
#![expect(clippy::unwrap_used, reason = "a run that left nothing readable has failed the test")]

use std::path::Path;

use scangate::settings::keys;
use serde_json::{Value, json};

use crate::git::{commit_all, git};
use crate::harness::{Ended, Scangate};
use crate::served::Served;

/// The commits in the recorded environments.
const HEAD: &str = "89abcdef0123456789abcdef0123456789abcdef";

/// Puts a call into a recorded environment.
fn inside(recorded: &str, call: Scangate) -> Scangate {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/ci");
    let text = fs_err::read_to_string(folder.join(recorded).with_extension("env")).unwrap();
    let variables = text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split_once('=').unwrap());
    variables.fold(call, |call, (name, value)| call.env(name, value))
}

/// A scan that ends at once, for want of a credential, and yet says what it would have been about.
fn unsigned(recorded: &str) -> Scangate {
    inside(recorded, Scangate::new(["scan", "--platform", "cybedefend"]).file("app.py", ""))
}

#[track_caller]
fn assert_about(ended: &Ended, branch: impl Into<Value>, commit: &str) {
    let outcome: Value = serde_json::from_str(&ended.file("work/scangate-outcome.json")).unwrap();
    let run = &outcome["run"];
    assert_eq!((&run["branch"], &run["commit"]), (&branch.into(), &commit.into()), "{}", ended.stderr());
}

/// The branches that a sandbox was told.
fn told(served: &Served) -> Value {
    let path = format!("/project/{}/branches", served.variable("CYBEDEFEND_PROJECT_ID"));
    let ended = served.api(&["GET", &path]).run();
    serde_json::from_str::<Value>(&ended.assert_exit_code(0).stdout()).unwrap()["branches"].take()
}

/// The clone of a change request as the git plugin of Jenkins leaves it: head and target as remote-tracking branches, and the
/// target merged into the head. Gives head and merge.
fn built_merged(directory: &Path) -> (String, String) {
    git(directory, &["init", "--quiet", "--initial-branch=main"]);
    let start = commit_all(directory);
    fs_err::write(directory.join("b.py"), "").unwrap();
    let target = commit_all(directory);
    git(directory, &["checkout", "--quiet", "--detach", &start]);
    fs_err::write(directory.join("c.py"), "").unwrap();
    let head = commit_all(directory);
    git(directory, &["update-ref", "refs/remotes/origin/main", &target]);
    git(directory, &["update-ref", "refs/remotes/origin/PR-7", &head]);
    git(directory, &["branch", "--quiet", "--delete", "--force", "main"]);
    git(directory, &["merge", "--quiet", "--no-edit", &target]);
    let merge = git(directory, &["rev-parse", "HEAD"]);
    assert_eq!(git(directory, &["rev-parse", "HEAD^1"]), head);
    (head, merge)
}

#[test]
fn every_recorded_environment_says_what_is_scanned() {
    for (recorded, branch) in [
        ("gitlab_branch", Some("release/1.x")),
        ("gitlab_tag", None),
        ("gitlab_merge_request", Some("feature/basket")),
        ("gitlab_merged_result", Some("feature/basket")),
        ("gitlab_merge_train", Some("feature/basket")),
        ("gitlab_fork", Some("merge-requests/7")),
        ("gitlab_external_pull_request", Some("feature/basket")),
        ("jenkins_branch", Some("release/1.x")),
        ("jenkins_pull_request_head", Some("feature/basket")),
        ("jenkins_fork", Some("pull/7/head")),
        ("jenkins_freestyle", Some("main")),
    ] {
        let ended = unsigned(recorded).run();
        ended.assert_exit_code(3);
        assert_about(&ended, branch.map_or(Value::Null, Value::from), HEAD);
        assert!(!ended.stderr().contains("warning"), "{recorded}: {}", ended.stderr());
    }
}

#[test]
fn the_repository_is_its_web_address_and_no_secret_of_the_clone_is_kept() {
    for (recorded, address) in
        [("gitlab_branch", "https://gitlab.example/acme/shop"), ("jenkins_branch", "https://git.example/acme/shop")]
    {
        let ended = unsigned(recorded).run();
        let sarif: Value = serde_json::from_str(&ended.file("work/scangate.sarif")).unwrap();
        let provenance = &sarif["runs"][0]["versionControlProvenance"][0];
        assert_eq!((&provenance["repositoryUri"], &provenance["revisionId"]), (&json!(address), &json!(HEAD)));
        ended.assert_no_trace_of("recorded-job-token").assert_no_trace_of("recorded-clone-password");
    }
}

#[test]
fn a_merge_request_of_gitlab_is_told_to_the_platform_by_its_source_branch() {
    let served = Served::with_faults(&[]);
    let ended = inside("gitlab_merged_result", served.scan(&["--fail-on", "none"])).run();
    assert_about(ended.assert_exit_code(0), "feature/basket", HEAD);
    assert_eq!(told(&served), json!(["feature/basket"]));
}

#[test]
fn a_fork_that_calls_its_branch_main_is_told_to_the_platform_by_its_number() {
    let served = Served::with_faults(&[]);
    inside("gitlab_fork", served.scan(&["--fail-on", "none"])).run().assert_exit_code(0);
    inside("jenkins_fork", served.scan(&["--fail-on", "none"])).run().assert_exit_code(0);
    assert_eq!(told(&served), json!(["merge-requests/7", "pull/7/head"]));
}

#[test]
fn on_gitlab_what_is_checked_out_in_place_of_the_pipelines_commit_is_what_git_says() {
    for recorded in ["gitlab_branch", "gitlab_merge_request"] {
        let scan = unsigned(recorded);
        git(&scan.directory(), &["init", "--quiet", "--initial-branch=other"]);
        let commit = commit_all(&scan.directory());
        let ended = scan.env("SCANGATE_ON", "no-credentials=warn").run();
        assert_about(&ended, "other", &commit);
        ended.assert_stderr_has("what is checked out is not the commit that the run is for");
    }
    for (recorded, branch) in [("gitlab_branch", "release/1.x"), ("gitlab_merged_result", "feature/basket")] {
        let scan = unsigned(recorded);
        git(&scan.directory(), &["init", "--quiet", "--initial-branch=other"]);
        let commit = commit_all(&scan.directory());
        let ended = scan.env("CI_COMMIT_SHA", &commit).run();
        let head = if recorded == "gitlab_branch" { commit.as_str() } else { HEAD };
        assert_about(&ended, branch, head);
        assert!(!ended.stderr().contains("what is checked out"), "{}", ended.stderr());
    }
}

#[test]
fn a_pull_request_that_jenkins_has_merged_is_its_head() {
    let served = Served::with_faults(&[]);
    let scan = inside("jenkins_pull_request_merge", served.scan(&["--fail-on", "none"]));
    let (head, merge) = built_merged(&scan.directory());
    let ended = scan.env("GIT_COMMIT", &merge).run();
    assert_about(ended.assert_exit_code(0), "feature/basket", &head);
    assert_eq!(told(&served), json!(["feature/basket"]));
}

#[test]
fn a_scripted_pipeline_that_exports_no_commit_is_what_git_has_checked_out() {
    let scan = unsigned("jenkins_pull_request_merge").env("GIT_COMMIT", "");
    let (head, _) = built_merged(&scan.directory());
    assert_about(&scan.run(), "feature/basket", &head);
}

#[test]
fn a_merge_by_jenkins_whose_head_nobody_fetched_is_itself_and_says_so() {
    let scan = unsigned("jenkins_pull_request_merge");
    let (_, merge) = built_merged(&scan.directory());
    git(&scan.directory(), &["update-ref", "-d", "refs/remotes/origin/PR-7"]);
    let ended = scan.env("GIT_COMMIT", &merge).run();
    assert_about(&ended, "feature/basket", &merge);
    ended.assert_stderr_has("the clone does not tell which side is the change request's head");
}

#[test]
fn where_there_is_only_git_its_branch_is_told_and_a_detached_head_is_none() {
    let served = Served::with_faults(&[]);
    let in_clone = |prepare: &dyn Fn(&Path)| {
        let scan = served.scan(&["--fail-on", "none"]);
        git(&scan.directory(), &["init", "--quiet", "--initial-branch=trunk"]);
        let commit = commit_all(&scan.directory());
        prepare(&scan.directory());
        let ended = scan.run();
        ended.assert_exit_code(0);
        (ended, commit)
    };
    let (ended, commit) = in_clone(&|_| ());
    assert_about(&ended, "trunk", &commit);
    let (ended, commit) = in_clone(&|directory| drop(git(directory, &["checkout", "--quiet", "--detach"])));
    assert_about(&ended, Value::Null, &commit);
    assert_eq!(told(&served), json!(["trunk"]));
}

#[test]
fn flags_weigh_more_than_the_ci_and_the_ci_more_than_git() {
    for (recorded, commit) in [("gitlab_merge_request", "a"), ("jenkins_pull_request_head", "b")] {
        let commit = commit.repeat(40);
        let scan = unsigned(recorded).env("SCANGATE_BRANCH", "ours").env("SCANGATE_COMMIT", &commit);
        assert_about(&scan.run(), "ours", &commit);
        let scan = unsigned(recorded);
        git(&scan.directory(), &["init", "--quiet", "--initial-branch=trunk"]);
        let merge = commit_all(&scan.directory());
        let scan = scan.env("CI_COMMIT_SHA", merge).env("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", HEAD);
        assert_about(&scan.run(), "feature/basket", HEAD);
    }
}

#[test]
fn a_hostile_branch_gives_way_to_the_number_and_reaches_no_output() {
    let name = "x\u{1b}[2J\nsection_start:0:injected --upload-pack=injected";
    for (recorded, variable, instead) in [
        ("gitlab_merge_request", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "merge-requests/7"),
        ("jenkins_pull_request_head", "CHANGE_BRANCH", "pull/7/head"),
    ] {
        let ended = unsigned(recorded).env(variable, name).run();
        assert_about(&ended, instead, HEAD);
        ended.assert_stderr_has(&format!("it is called {instead}")).assert_no_trace_of("injected");
    }
}

#[test]
fn a_pipeline_of_gitlab_without_a_credential_says_what_may_keep_it_away() {
    let without = |recorded| unsigned(recorded).run();
    without("gitlab_merge_request").assert_exit_code(3).assert_stderr_has("it is marked as protected");
    without("gitlab_fork").assert_exit_code(3).assert_stderr_has("the merge request of a fork no protected variables");
    let usual = without("gitlab_branch");
    usual.assert_exit_code(3).assert_stderr_has("personal-access-tokens");
    assert!(!usual.stderr().contains("protected"), "{}", usual.stderr());
}

#[test]
fn the_jobs_in_the_documentation_set_only_variables_that_are_read() {
    let known: Vec<String> = keys::ALL.iter().map(|key| key.variable()).collect();
    for document in ["docs/gitlab.md", "docs/jenkins.md"] {
        let text = fs_err::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(document)).unwrap();
        let words = text.split(|character: char| !character.is_ascii_uppercase() && character != '_');
        let ours: Vec<&str> = words.filter(|word| word.starts_with("SCANGATE_")).collect();
        assert!(ours.len() >= 3, "{document} has lost its job");
        assert!(ours.iter().all(|name| known.iter().any(|known| known == name)), "{document}: {ours:?}");
    }
}

#[test]
fn the_reports_of_the_documented_job_are_written_however_the_pipeline_ends() {
    let reports = "sarif=scangate.sarif\nmarkdown=scangate.md\n";
    let served = Served::with_faults(&[]);
    let scan = inside("gitlab_merge_request", served.scan(&[])).env("SCANGATE_REPORT", reports);
    let found = scan.env("SCANGATE_FAIL_ON", "high").run();
    let unsigned = unsigned("gitlab_merge_request").env("SCANGATE_REPORT", reports).run();
    for ended in [found.assert_exit_code(1), unsigned.assert_exit_code(3)] {
        assert!(
            ["scangate.sarif", "scangate.md", "scangate-outcome.json"]
                .iter()
                .all(|name| ended.has(&format!("work/{name}")))
        );
    }
}
