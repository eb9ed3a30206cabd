//! GitLab CI: branch, commit and repository of a pipeline, as a pure function of its variables
//! (docs.gitlab.com, "Predefined CI/CD variables reference").

use super::names::{branch, commit, number, web_address};
use super::{Base, Context, Withheld};
use crate::scan::git::WorkTree;
use crate::settings::Environment;

/// What is known of the pipeline.
///
/// * Of a branch, a schedule, a trigger: `CI_COMMIT_BRANCH` and `CI_COMMIT_SHA`. A tag is no branch.
/// * Of a merge request: its head. In a merged results pipeline and in a merge train `CI_COMMIT_SHA` is a merge that GitLab has
///   made, and the head is `CI_MERGE_REQUEST_SOURCE_BRANCH_SHA`; in all others that variable is empty and the commit is the head.
/// * Of a pull request on GitHub whose pipelines GitLab runs: its head, by variables of the same tails
///   (`CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_SHA`).
///
/// Where a job has checked out something else, that is what it is about ([`Context::checked_out`]).
pub(super) fn context(environment: &Environment, work_tree: impl FnOnce() -> Option<WorkTree>) -> Context {
    let known = of(environment);
    let built = environment.get("CI_COMMIT_SHA").and_then(commit);
    let head = known.commit.clone();
    let commits: Vec<&str> = [&built, &head].into_iter().filter_map(Option::as_deref).collect();
    known.checked_out(&commits, super::head_in(environment, "CI_PROJECT_DIR", work_tree().as_ref()))
}

fn of(environment: &Environment) -> Context {
    let id = |name: &str| environment.get(name).and_then(commit);
    let known = Context {
        commit: id("CI_COMMIT_SHA"),
        repository_url: environment.get("CI_PROJECT_URL").and_then(web_address),
        default_branch: environment.get("CI_DEFAULT_BRANCH").and_then(branch),
        ..Context::default()
    };
    // What is marked as protected in the project's settings is absent there, and looks as if nobody had set it.
    let is_unprotected = environment.get("CI_COMMIT_REF_PROTECTED") == Some("false");
    let withheld = is_unprotected.then_some(Withheld::GitLabUnprotected);
    let (iid, variables, is_fork) = if let Some(iid) = environment.get("CI_MERGE_REQUEST_IID") {
        (iid, "CI_MERGE_REQUEST", is_from_fork(environment))
    } else if let Some(iid) = environment.get("CI_EXTERNAL_PULL_REQUEST_IID") {
        let repository = |side| environment.get(&format!("CI_EXTERNAL_PULL_REQUEST_{side}_REPOSITORY"));
        let source = repository("SOURCE");
        (iid, "CI_EXTERNAL_PULL_REQUEST", source.is_none() || source != repository("TARGET"))
    } else {
        let branch = environment.get("CI_COMMIT_BRANCH").and_then(branch);
        return Context { branch, withheld, ..known };
    };

    let variable = |tail: &str| format!("{variables}_{tail}");
    let name = |tail| environment.get(&variable(tail)).and_then(branch);
    let own_name = name("SOURCE_BRANCH_NAME");
    let instead = number(iid).map(|iid| match variables {
        "CI_MERGE_REQUEST" => format!("merge-requests/{iid}"),
        _ => format!("pull/{iid}/head"),
    });
    let warning = own_name.is_none().then(|| {
        let called = instead.as_deref().unwrap_or("nothing");
        format!("the source branch of the merge request has no name that a branch may have; it is called {called}")
    });
    Context {
        branch: own_name.filter(|_| !is_fork).or(instead),
        commit: id(&variable("SOURCE_BRANCH_SHA")).or(known.commit),
        base: Some(Base {
            branch: name("TARGET_BRANCH_NAME"),
            // Only a pipeline for a merge is told the target's tip. The other is where the merge request left it.
            commits: ["TARGET_BRANCH_SHA", "DIFF_BASE_SHA"]
                .into_iter()
                .filter_map(|tail| id(&variable(tail)))
                .collect(),
        }),
        is_foreign: is_fork,
        withheld: if is_fork { Some(Withheld::GitLabFork) } else { withheld },
        warning,
        ..known
    }
}

/// Whether the merge request comes from another project than the one it is for, or from one that is no more. A pipeline for a fork
/// runs in the fork's own project, unless a member of the parent project starts it there.
fn is_from_fork(environment: &Environment) -> bool {
    let source = environment.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID");
    let is_source = |name| environment.get(name).is_none_or(|project| Some(project) == source);
    source.is_none() || !is_source("CI_PROJECT_ID") || !is_source("CI_MERGE_REQUEST_PROJECT_ID")
}

#[cfg(test)]
mod tests {
    use super::super::recorded::{self, BASE, HEAD, MERGE};
    use super::*;

    fn of(name: &str, more: &[(&str, &str)]) -> Context {
        super::of(&recorded::environment(name, more))
    }

    fn named(context: &Context) -> (Option<&str>, Option<&str>) {
        (context.branch.as_deref(), context.commit.as_deref())
    }

    #[test]
    fn a_branch_is_itself_and_a_tag_is_a_commit_and_no_branch() {
        let context = of("gitlab_branch", &[]);
        assert_eq!(named(&context), (Some("release/1.x"), Some(HEAD)));
        assert_eq!((context.base, context.default_branch.as_deref()), (None, Some("main")));
        assert_eq!(context.repository_url.as_deref(), Some("https://gitlab.example/acme/shop"));
        assert_eq!(named(&of("gitlab_tag", &[])), (None, Some(HEAD)));
    }

    #[test]
    fn a_merge_request_is_its_head_whatever_gitlab_has_merged_it_with() {
        for (name, built) in
            [("gitlab_merge_request", HEAD), ("gitlab_merged_result", MERGE), ("gitlab_merge_train", MERGE)]
        {
            assert_eq!(recorded::environment(name, &[]).get("CI_COMMIT_SHA"), Some(built), "{name}");
            let context = of(name, &[]);
            assert_eq!(named(&context), (Some("feature/basket"), Some(HEAD)), "{name}");
            let base = context.base.unwrap();
            assert_eq!((base.branch.as_deref(), context.warning), (Some("main"), None), "{name}");
            assert!(base.commits.iter().all(|commit| commit == BASE) && !base.commits.is_empty(), "{name}");
        }
    }

    #[test]
    fn of_the_base_the_tip_comes_before_where_the_merge_request_left_it() {
        let commits =
            |tip| of("gitlab_merge_request", &[("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", tip)]).base.unwrap().commits;
        assert_eq!(commits(MERGE), [MERGE, BASE]);
        assert_eq!(commits(""), [BASE]);
        assert_eq!(commits("--upload-pack=x"), [BASE]);
        assert_eq!(of("gitlab_branch", &[]).base, None);
    }

    #[test]
    fn a_fork_has_no_name_of_its_own_wherever_its_pipeline_runs() {
        let parent = of("gitlab_fork", &[]);
        assert_eq!(named(&parent), (Some("merge-requests/7"), Some(HEAD)));
        assert_eq!(parent.withheld, Some(Withheld::GitLabFork));
        let in_the_fork = of("gitlab_fork", &[("CI_PROJECT_ID", "43")]);
        assert_eq!(in_the_fork.branch.as_deref(), Some("merge-requests/7"));
        let deleted = of("gitlab_fork", &[("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "")]);
        assert_eq!(deleted.branch.as_deref(), Some("merge-requests/7"));
    }

    #[test]
    fn a_pull_request_of_another_host_is_its_head_and_that_of_a_fork_its_number() {
        let own = of("gitlab_external_pull_request", &[("CI_COMMIT_SHA", MERGE)]);
        assert_eq!(named(&own), (Some("feature/basket"), Some(HEAD)));
        assert_eq!(own.base, Some(Base { branch: Some("main".to_owned()), commits: vec![BASE.to_owned()] }));
        for repository in ["mallory/shop", ""] {
            let source = ("CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY", repository);
            let fork = of("gitlab_external_pull_request", &[source]);
            assert_eq!(named(&fork), (Some("pull/7/head"), Some(HEAD)));
            assert_eq!((fork.withheld, fork.base), (Some(Withheld::GitLabFork), own.base.clone()));
        }
    }

    #[test]
    fn what_may_lack_protected_variables_is_known_by_its_ref() {
        let withheld = |name, is_protected| of(name, &[("CI_COMMIT_REF_PROTECTED", is_protected)]).withheld;
        assert_eq!(withheld("gitlab_branch", "true"), None);
        assert_eq!(withheld("gitlab_branch", ""), None);
        assert_eq!(withheld("gitlab_branch", "false"), Some(Withheld::GitLabUnprotected));
        assert_eq!(withheld("gitlab_merge_request", "false"), Some(Withheld::GitLabUnprotected));
        assert_eq!(withheld("gitlab_fork", "false"), Some(Withheld::GitLabFork));
    }

    #[test]
    fn hostile_values_are_refused_or_stay_the_text_that_they_are() {
        let source = "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME";
        for name in ["--upload-pack=x", "a\nb", "\u{1b}[2Ja", "\u{202e}niam", "a b", "..", "section_start:1:a\r"] {
            let context = of("gitlab_merge_request", &[(source, name)]);
            assert_eq!(context.branch.as_deref(), Some("merge-requests/7"), "{name:?}");
            assert!(context.warning.unwrap().ends_with("it is called merge-requests/7"));
            assert_eq!(of("gitlab_branch", &[("CI_COMMIT_BRANCH", name)]).branch, None, "{name:?}");
        }
        for name in ["$(id)", "`id`;&&'\"<b>", "größe"] {
            assert_eq!(of("gitlab_merge_request", &[(source, name)]).branch.as_deref(), Some(name));
        }
        let context = of("gitlab_fork", &[("CI_MERGE_REQUEST_IID", "7/../../main"), ("CI_COMMIT_SHA", "--exec=x")]);
        assert_eq!(named(&context), (None, None));
        let url = |address| of("gitlab_branch", &[("CI_PROJECT_URL", address)]).repository_url;
        assert_eq!(url("http://gitlab.example/acme/shop"), None);
        assert_eq!(
            url("https://gitlab-ci-token:s3cret@gitlab.example/acme/shop").as_deref(),
            Some("https://gitlab.example/acme/shop")
        );
    }
}
