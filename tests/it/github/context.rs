//! What is scanned, by the variables and the event file of the runner.

use serde_json::Value;

use super::runner::{Runner, outcome, payload};
use crate::harness::{Ended, Scangate};
use crate::served::Served;

/// The commits in the payloads.
const HEAD: &str = "89abcdef0123456789abcdef0123456789abcdef";
const BASE: &str = "0123456789abcdef0123456789abcdef01234567";

/// A scan that ends at once, for want of a credential, and yet says what it would have been about.
fn scan(event: &str, payload_name: &str) -> Scangate {
    let scan = Scangate::new(["scan", "--platform", "cybedefend"]).file("app.py", "");
    let scan = Runner::new().step(scan, event).env("GITHUB_SHA", BASE);
    scan.env("GITHUB_EVENT_PATH", payload(payload_name)).env("GITHUB_REF", "refs/pull/7/merge")
}

fn about(ended: &Ended) -> Value {
    outcome(ended)["run"].clone()
}

#[track_caller]
fn assert_about(ended: &Ended, branch: impl Into<Value>, commit: &str) {
    let run = about(ended);
    assert_eq!((&run["branch"], &run["commit"]), (&branch.into(), &commit.into()), "{}", ended.stderr());
    assert_eq!(run["repository_url"], "https://github.com/acme/shop");
}

#[test]
fn a_pull_request_is_its_head_and_not_the_merge_that_github_checks_out() {
    assert_about(&scan("pull_request", "pull_request.json").run(), "feature/basket", HEAD);
}

#[test]
fn a_fork_has_no_name_of_its_own_even_if_it_calls_itself_main() {
    for name in ["pull_request_fork.json", "pull_request_deleted_fork.json"] {
        assert_about(&scan("pull_request", name).run(), "pull/7/head", HEAD);
        assert_about(&scan("pull_request_target", name).run(), "pull/7/head", HEAD);
    }
}

#[test]
fn a_merge_group_is_its_head() {
    let branch = format!("gh-readonly-queue/main/pr-7-{BASE}");
    assert_about(&scan("merge_group", "merge_group.json").run(), branch, HEAD);
}

#[test]
fn other_events_are_what_the_variables_say_and_a_tag_is_no_branch() {
    for event in ["push", "schedule", "workflow_dispatch"] {
        let ended = scan(event, "none.json").env("GITHUB_REF", "refs/heads/release/1.x").run();
        assert_about(&ended, "release/1.x", BASE);
        assert!(!ended.stderr().contains("warning"), "{}", ended.stderr());
    }
    assert_about(&scan("push", "push_tag.json").env("GITHUB_REF", "refs/tags/v1.2.3").run(), Value::Null, BASE);
}

#[test]
fn a_server_of_ones_own_is_the_repositorys_address_and_plain_http_is_none() {
    let url = |server: &str| {
        let scan = scan("pull_request", "pull_request_enterprise.json").env("GITHUB_SERVER_URL", server);
        about(&scan.run())["repository_url"].clone()
    };
    assert_eq!(url("https://git.acme.example"), "https://git.acme.example/acme/shop");
    assert_eq!(url("http://git.acme.example"), Value::Null);
}

#[test]
fn flags_and_variables_weigh_more_than_the_event() {
    let ended = scan("pull_request", "pull_request.json").env("SCANGATE_BRANCH", "ours").run();
    assert_about(&ended, "ours", HEAD);
    let commit = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    let ended = scan("pull_request", "pull_request.json").env("SCANGATE_COMMIT", commit).run();
    assert_about(&ended, "feature/basket", commit);
}

#[test]
fn a_pull_request_does_not_say_itself_which_branch_or_commit_it_is() {
    for line in ["branch: main", "commit: 0123456789abcdef0123456789abcdef01234567"] {
        let ended = scan("pull_request", "pull_request_fork.json").file("scangate.yml", format!("{line}\n")).run();
        ended.assert_exit_code(2).assert_stderr_has("cannot be set in a file that a pull request can edit");
    }
}

#[test]
fn a_hostile_branch_gives_way_to_the_pull_requests_number() {
    let ended = scan("pull_request", "pull_request_hostile.json").run();
    assert_about(&ended, "pull/7/head", HEAD);
    ended.assert_stderr_has("the head of pull request 7 has a name that no branch may have");
    for text in [ended.stdout(), ended.stderr(), ended.file("work/scangate.sarif")] {
        assert!(!text.contains("injected") && !text.contains("$(id)"), "{text}");
    }
}

#[test]
fn a_run_that_gets_no_secrets_says_why_and_what_to_do() {
    let fork = scan("pull_request", "pull_request_fork.json").run();
    fork.assert_exit_code(3).assert_stderr_has("pull request of a fork").assert_stderr_has("docs/ci-security.md");
    assert_eq!(outcome(&fork)["class"], "no-credentials");

    let bot = scan("pull_request", "pull_request_dependabot.json").env("GITHUB_ACTOR", "dependabot[bot]").run();
    bot.assert_exit_code(3).assert_stderr_has("Dependabot").assert_stderr_has("add CYBEDEFEND_PAT to those");
    assert_about(&bot, "dependabot/npm_and_yarn/lodash-4.17.21", HEAD);

    let own = scan("pull_request", "pull_request.json").run();
    own.assert_exit_code(3).assert_stderr_has("personal-access-tokens");
    assert!(!own.stderr().contains("fork"), "{}", own.stderr());
}

#[test]
fn runs_without_secrets_may_be_let_through_and_are_never_called_passed() {
    let runner = Runner::new();
    let scan = scan("pull_request", "pull_request_fork.json").env("SCANGATE_ON", "no-credentials=warn");
    let ended = runner.step(scan, "pull_request").run();
    ended.assert_exit_code(0);
    let outputs = runner.outputs();
    assert_eq!((outputs["class"].as_str(), outputs["softened"].as_str()), ("no-credentials", "true"));
    assert!(runner.read("summary").starts_with("## no verdict"), "{}", runner.read("summary"));
}

/// A work tree on the branch `trunk`, made by hand.
fn with_git(scan: Scangate, commit: &str) -> Scangate {
    let scan = scan.file(".git/HEAD", "ref: refs/heads/trunk\n").file(".git/refs/heads/trunk", format!("{commit}\n"));
    scan.file(".git/objects/info/packs", "").file(".git/config", "[core]\n\trepositoryformatversion = 0\n")
}

#[test]
fn an_event_file_that_is_of_no_use_is_said_once_and_git_is_asked() {
    let served = Served::with_faults(&[]);
    let commit = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    let useless = ["", "{", "[]", "null", "{}", r#"{"pull_request": {"number": -1}}"#];
    let files = useless.map(|content| Some(content.to_owned())).into_iter();
    for content in files.chain([None, Some("[".repeat(1 << 20)), Some("\u{1b}[2J::error::hostile".to_owned())]) {
        let runner = Runner::new();
        if let Some(content) = content {
            fs_err::write(runner.path("event.json"), content).unwrap();
        }
        let scan = with_git(served.scan(&["--untracked", "--fail-on", "none"]), commit).env("GITHUB_SHA", BASE);
        let ended = runner.step(scan, "pull_request").env("GITHUB_EVENT_PATH", runner.path("event.json")).run();
        ended.assert_exit_code(0);
        assert_about(&ended, "trunk", commit);
        let said = ended.stderr();
        assert_eq!(said.matches("the event file cannot be used").count(), 1, "{said}");
        assert!(!said.contains("hostile"), "{said}");
    }
}

#[test]
fn what_ci_says_weighs_more_than_git_and_a_base_that_is_checked_out_is_called_so() {
    let served = Served::with_faults(&[]);
    let scan = |event: &str, checked_out: &str| {
        let scan = with_git(served.scan(&["--untracked", "--fail-on", "none"]), checked_out).env("GITHUB_SHA", BASE);
        let scan = Runner::new().step(scan, event).env("GITHUB_EVENT_PATH", payload("pull_request_fork.json"));
        scan.run()
    };
    assert_about(&scan("pull_request", BASE), "pull/7/head", HEAD);
    assert_about(&scan("pull_request_target", BASE), "main", BASE);
    // Since December 2025 the run is for the default branch, whatever the pull request is to be merged into.
    let target = with_git(served.scan(&["--untracked", "--fail-on", "none"]), BASE).env("GITHUB_SHA", BASE);
    let target = Runner::new().step(target, "pull_request_target").env("GITHUB_REF", "refs/heads/default");
    let target = target.env("GITHUB_EVENT_PATH", payload("pull_request_fork.json"));
    assert_about(&target.run(), "default", BASE);
    assert_about(&scan("pull_request_target", HEAD), "pull/7/head", HEAD);
}

/// What git has checked out in place of what the run is for.
const OTHER: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// A call in a run for `main` at [`BASE`].
fn of_main(scan: Scangate, event: &str) -> Scangate {
    let scan = Runner::new().step(scan, event).env("GITHUB_SHA", BASE).env("GITHUB_REF", "refs/heads/main");
    scan.env("GITHUB_OUTPUT", "").env("GITHUB_STEP_SUMMARY", "")
}

#[test]
fn what_is_checked_out_in_place_of_the_runs_commit_is_what_git_says() {
    let served = Served::with_faults(&[]);
    let scan = |arguments: &[&str]| served.scan(&[&["--untracked", "--fail-on", "none"], arguments].concat());
    let said = "what is checked out is not the commit that the run is for";
    for event in ["push", "schedule", "workflow_dispatch"] {
        let as_usual = of_main(with_git(scan(&[]), BASE), event).run();
        assert_about(&as_usual, "main", BASE);
        assert!(!as_usual.stderr().contains(said), "{}", as_usual.stderr());
        let other = of_main(with_git(scan(&[]), OTHER), event).run();
        assert_about(other.assert_exit_code(0), "trunk", OTHER);
        assert_eq!(other.stderr().matches(said).count(), 1, "{}", other.stderr());
    }
    let detached = with_git(scan(&[]), OTHER).file(".git/HEAD", format!("{OTHER}\n"));
    assert_about(&of_main(detached, "push").run(), Value::Null, OTHER);
    let told = of_main(with_git(scan(&["--branch", "ours", "--commit", OTHER]), OTHER), "push").run();
    assert_about(&told, "ours", OTHER);
    assert!(!told.stderr().contains(said), "{}", told.stderr());
}

#[test]
fn a_run_that_others_can_start_takes_no_branch_from_what_it_has_checked_out() {
    let served = Served::with_faults(&[]);
    for event in ["workflow_run", "issue_comment"] {
        let scan = with_git(served.scan(&["--untracked", "--fail-on", "none"]), OTHER);
        let ended = of_main(scan, event).run();
        assert_about(ended.assert_exit_code(0), Value::Null, OTHER);
        let path = format!("/project/{}/branches", served.variable("CYBEDEFEND_PROJECT_ID"));
        let branches = served.api(&["GET", &path]).run().assert_exit_code(0).stdout();
        assert!(!branches.contains("trunk") && !branches.contains("main"), "{branches}");
    }
}

#[test]
fn a_repository_around_the_workspace_and_a_submodule_in_it_are_not_what_was_checked_out() {
    let served = Served::with_faults(&[]);
    let scan = with_git(served.scan(&["--untracked", "--fail-on", "none"]), OTHER).file("workspace/app.py", "");
    let workspace = scan.directory().join("workspace");
    let around = of_main(scan, "push").env("GITHUB_WORKSPACE", workspace).env("SCANGATE_DIR", "workspace").run();
    assert_about(around.assert_exit_code(0), "main", BASE);
    let scan = with_git(served.scan(&["--untracked", "--fail-on", "none", "--dir", "part"]), BASE);
    let scan = scan.file("part/app.py", "").file("part/.git", "gitdir: ../.git/modules/part\n");
    let inner = |name: &str| format!(".git/modules/part/{name}");
    let scan = scan.file(&inner("HEAD"), format!("{OTHER}\n")).file(&inner("objects/info/packs"), "");
    let scan = scan.file(&inner("refs/heads/x"), format!("{OTHER}\n")).file(&inner("config"), "");
    assert_about(of_main(scan, "push").run().assert_exit_code(0), "main", BASE);
}

#[test]
fn a_branch_that_does_not_show_its_name_is_told_by_nobody() {
    let served = Served::with_faults(&[]);
    let runner = Runner::new();
    let scan = with_git(served.scan(&["--untracked", "--fail-on", "none"]), BASE).env("GITHUB_SHA", BASE);
    let scan = scan.file(".git/HEAD", "ref: refs/heads/\u{202e}niam\n").env("GITHUB_REF", "refs/heads/\u{202e}niam");
    let ended = runner.step(scan.file(".git/refs/heads/\u{202e}niam", format!("{BASE}\n")), "push").run();
    assert_about(ended.assert_exit_code(0), Value::Null, BASE);
    let said = ended.stderr();
    assert_eq!(said.matches("has no name that a branch may have, so none is told").count(), 1, "{said}");
    let path = format!("/project/{}/branches", served.variable("CYBEDEFEND_PROJECT_ID"));
    let branches = served.api(&["GET", &path]).run().assert_exit_code(0).stdout();
    assert!(!branches.contains("niam"), "{branches}");
}

#[test]
fn sarif_names_the_repository_the_commit_and_the_branch() {
    let ended = scan("pull_request", "pull_request.json").run();
    let sarif: Value = serde_json::from_str(&ended.file("work/scangate.sarif")).unwrap();
    let provenance = &sarif["runs"][0]["versionControlProvenance"][0];
    assert_eq!(provenance["repositoryUri"], "https://github.com/acme/shop");
    assert_eq!((&provenance["revisionId"], &provenance["branch"]), (&HEAD.into(), &"feature/basket".into()));
}

#[test]
fn outside_of_github_its_variables_mean_nothing() {
    let ended = scan("pull_request", "pull_request_fork.json").env("GITHUB_ACTIONS", "").run();
    assert_eq!(about(&ended)["branch"], Value::Null);
    assert!(!ended.stderr().contains("fork"), "{}", ended.stderr());
}
