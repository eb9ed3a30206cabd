//! Jenkins: branch, commit and repository of a build, by the variables of the plugins branch-api (`BRANCH_NAME`, `CHANGE_…`; its
//! `BranchNameContributor`) and git (`GIT_…`; its `GitSCM`), and by what the clone says where those leave something open.

use super::names::{branch, commit, number, web_address};
use super::{Base, Context};
use crate::scan::git::WorkTree;
use crate::settings::Environment;

/// What the clone says of the build of a change request.
#[derive(Default)]
struct Checkout {
    /// The commit that is checked out.
    commit: Option<String>,
    /// The parents of the commit that is built.
    parents: Vec<String>,
    /// The change request's head as it was fetched.
    head: Option<String>,
    /// The tip of the target as it was fetched.
    target: Option<String>,
}

/// What is known of the build. The clone is asked of a change request alone.
pub(super) fn context(environment: &Environment, work_tree: impl FnOnce() -> Option<WorkTree>) -> Context {
    let is_change = environment.get("CHANGE_ID").is_some();
    let work_tree = is_change.then(work_tree).flatten();
    of(environment, &work_tree.map(|work_tree| checkout(environment, &work_tree)).unwrap_or_default())
}

fn checkout(environment: &Environment, work_tree: &WorkTree) -> Checkout {
    let commit = work_tree.head().ok().and_then(|head| head.commit);
    let parents = built(environment, commit.as_deref()).and_then(|built| work_tree.parents_of_own(&built));
    // The branch sources fetch the head into a remote-tracking branch that is called as Jenkins calls it, such as `PR-7`.
    let tip = |variable| {
        let name = environment.get(variable).and_then(branch)?;
        work_tree.tip(&format!("refs/remotes/origin/{name}"))
    };
    Checkout { commit, parents: parents.unwrap_or_default(), head: tip("BRANCH_NAME"), target: tip("CHANGE_TARGET") }
}

/// The commit that is built: the plugin's word, which a scripted pipeline does not export, else what is checked out.
fn built(environment: &Environment, checked_out: Option<&str>) -> Option<String> {
    environment.get("GIT_COMMIT").and_then(commit).or_else(|| checked_out.map(str::to_owned))
}

fn of(environment: &Environment, checkout: &Checkout) -> Context {
    let known = Context {
        commit: built(environment, checkout.commit.as_deref()),
        repository_url: environment.get("GIT_URL").and_then(web_address),
        ..Context::default()
    };
    let Some(id) = environment.get("CHANGE_ID") else {
        return Context { branch: branch_of_build(environment), ..known };
    };
    let is_fork = environment.get("CHANGE_FORK").is_some();
    let own_name = environment.get("CHANGE_BRANCH").and_then(branch);
    let instead = number(id).map(|number| format!("pull/{number}/head"));
    let warning = own_name.is_none().then(|| {
        let called = instead.as_deref().unwrap_or("nothing");
        format!("the branch of the change request has no name that a branch may have; it is called {called}")
    });
    let (head, not_told) = head_of_change(known.commit, checkout);
    // Of a merge of the head with its target, the target is the other side. What Jenkins has fetched beside it may be older.
    let is_merge =
        matches!(checkout.parents.as_slice(), [_, _]) && head != built(environment, checkout.commit.as_deref());
    let merged = checkout.parents.iter().find(|parent| is_merge && head.as_ref() != Some(parent));
    let base = Base {
        branch: environment.get("CHANGE_TARGET").and_then(branch),
        commits: merged.into_iter().chain(&checkout.target).cloned().collect(),
    };
    Context {
        branch: own_name.filter(|_| !is_fork).or(instead),
        commit: head,
        base: Some(base),
        warning: warning.or(not_told),
        ..known
    }
}

/// The head of the change request. Jenkins can build it as it is or merged with its target, and no variable says which; the git
/// plugin merges the target into the head (`MergeWithGitSCMExtension`), other tools the other way round. So the parent counts that
/// has been fetched as the head, and not its place. A head that is itself a merge is not mistaken for one of Jenkins.
fn head_of_change(built: Option<String>, checkout: &Checkout) -> (Option<String>, Option<String>) {
    let Checkout { parents, head, .. } = checkout;
    let is_plain = parents.len() < 2 || *head == built;
    match head {
        Some(head) if parents.contains(head) && !is_plain => (Some(head.clone()), None),
        _ if is_plain => (built, None),
        _ => {
            let warning = "Jenkins has checked out a merge, and the clone does not tell which side is the change request's \
                           head; the commit is that of the merge, unless --commit says otherwise";
            (built, Some(warning.to_owned()))
        }
    }
}

/// The branch of a build that is for no change request. A multibranch job calls a tag a branch as well.
fn branch_of_build(environment: &Environment) -> Option<String> {
    if environment.get("TAG_NAME").is_some() {
        return None;
    }
    if let Some(name) = environment.get("BRANCH_NAME") {
        return branch(name);
    }
    // The git plugin names what it has built as it has found it: usually as a remote-tracking branch, and `detached` where a
    // commit was asked for.
    let name = environment.get("GIT_BRANCH")?;
    let is_branch =
        !matches!(name, "detached" | "HEAD") && !name.starts_with("refs/tags/") && !name.starts_with("tags/");
    let prefixes = ["refs/heads/", "refs/remotes/origin/", "remotes/origin/", "origin/"];
    let short = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    branch(short).filter(|_| is_branch)
}

#[cfg(test)]
mod tests {
    use super::super::recorded::{self, BASE, HEAD, MERGE};
    use super::*;

    /// The target's tip as it was fetched.
    const TARGET: &str = "dddddddddddddddddddddddddddddddddddddddd";

    fn fetched(parents: &[&str], head: Option<&str>) -> Checkout {
        let parents = parents.iter().map(|&parent| parent.to_owned()).collect();
        Checkout { parents, head: head.map(str::to_owned), ..Checkout::default() }
    }

    fn of_recorded(name: &str, more: &[(&str, &str)], checkout: &Checkout) -> Context {
        of(&recorded::environment(name, more), checkout)
    }

    fn named(context: &Context) -> (Option<&str>, Option<&str>) {
        (context.branch.as_deref(), context.commit.as_deref())
    }

    fn without_change(name: &str, more: &[(&str, &str)]) -> Context {
        let environment = recorded::environment(name, more);
        context(&environment, || panic!("the clone is not to be asked"))
    }

    #[test]
    fn a_branch_of_a_multibranch_job_is_itself_and_a_tag_is_none() {
        let context = without_change("jenkins_branch", &[]);
        assert_eq!(named(&context), (Some("release/1.x"), Some(HEAD)));
        assert_eq!(context.repository_url.as_deref(), Some("https://git.example/acme/shop"));
        let tag = without_change("jenkins_branch", &[("BRANCH_NAME", "v1.2.3"), ("TAG_NAME", "v1.2.3")]);
        assert_eq!(named(&tag), (None, Some(HEAD)));
    }

    #[test]
    fn a_job_of_another_kind_is_what_the_git_plugin_says_without_the_remote() {
        assert_eq!(named(&without_change("jenkins_freestyle", &[])), (Some("main"), Some(HEAD)));
        let branch = |name| without_change("jenkins_freestyle", &[("GIT_BRANCH", name)]).branch;
        for name in ["origin/feature/a", "refs/remotes/origin/feature/a", "refs/heads/feature/a", "feature/a"] {
            assert_eq!(branch(name).as_deref(), Some("feature/a"), "{name}");
        }
        for name in ["detached", "HEAD", "refs/tags/v1", "tags/v1", "origin/", "origin/--x", "a\nb", ""] {
            assert_eq!(branch(name), None, "{name:?}");
        }
    }

    #[test]
    fn a_pull_request_that_is_built_as_it_is_is_the_commit_that_is_built() {
        for checkout in [
            Checkout::default(),
            fetched(&[BASE], Some(HEAD)),
            fetched(&[BASE], Some(MERGE)),
            // The head is itself a merge, of the base into the pull request.
            fetched(&[MERGE, BASE], Some(HEAD)),
        ] {
            let context = of_recorded("jenkins_pull_request_head", &[], &checkout);
            assert_eq!(named(&context), (Some("feature/basket"), Some(HEAD)));
            assert_eq!(context.base, Some(Base { branch: Some("main".to_owned()), commits: Vec::new() }));
            assert_eq!(context.warning, None);
        }
    }

    #[test]
    fn of_a_merge_the_parent_counts_that_was_fetched_as_the_head_on_whichever_side() {
        for parents in [[HEAD, BASE], [BASE, HEAD]] {
            let context = of_recorded("jenkins_pull_request_merge", &[], &fetched(&parents, Some(HEAD)));
            assert_eq!(named(&context), (Some("feature/basket"), Some(HEAD)));
            assert_eq!(context.warning, None);
            assert_eq!(context.base.unwrap().commits, [BASE]);
        }
    }

    #[test]
    fn the_base_is_what_was_merged_or_what_was_fetched_and_no_side_of_a_merge_that_anybody_has_pushed() {
        let commits = |name, parents: &[&str], head| {
            let checkout = Checkout { target: Some(TARGET.to_owned()), ..fetched(parents, head) };
            of_recorded(name, &[], &checkout).base.unwrap().commits
        };
        assert_eq!(commits("jenkins_pull_request_merge", &[HEAD, BASE], Some(HEAD)), [BASE, TARGET]);
        assert_eq!(commits("jenkins_pull_request_merge", &[HEAD, BASE], None), [TARGET]);
        assert_eq!(commits("jenkins_pull_request_merge", &[HEAD, BASE, TARGET], Some(HEAD)), [TARGET]);
        assert_eq!(commits("jenkins_pull_request_head", &[MERGE, BASE], Some(HEAD)), [TARGET]);
        assert_eq!(commits("jenkins_pull_request_head", &[BASE], Some(HEAD)), [TARGET]);
    }

    #[test]
    fn a_merge_of_which_no_side_is_known_is_itself_and_says_so() {
        for head in [None, Some("cccccccccccccccccccccccccccccccccccccccc")] {
            let context = of_recorded("jenkins_pull_request_merge", &[], &fetched(&[HEAD, BASE], head));
            assert_eq!(context.commit.as_deref(), Some(MERGE));
            assert!(context.warning.unwrap().starts_with("Jenkins has checked out a merge"));
        }
    }

    #[test]
    fn a_scripted_pipeline_that_exports_no_commit_is_what_is_checked_out() {
        let checkout = Checkout { commit: Some(HEAD.to_owned()), ..Checkout::default() };
        let context = of_recorded("jenkins_pull_request_head", &[("GIT_COMMIT", "")], &checkout);
        assert_eq!(context.commit.as_deref(), Some(HEAD));
    }

    #[test]
    fn a_fork_has_no_name_of_its_own_even_if_it_calls_itself_main() {
        let context = of_recorded("jenkins_fork", &[], &Checkout::default());
        assert_eq!(named(&context), (Some("pull/7/head"), Some(HEAD)));
        let older = [("CHANGE_FORK", ""), ("CHANGE_BRANCH", "")];
        assert_eq!(of_recorded("jenkins_fork", &older, &Checkout::default()).branch.as_deref(), Some("pull/7/head"));
    }

    #[test]
    fn hostile_values_are_refused_or_stay_the_text_that_they_are() {
        for name in ["--upload-pack=x", "a\nb", "\u{1b}[2Ja", "\u{202e}niam", "a b", ".."] {
            let context = of_recorded("jenkins_pull_request_head", &[("CHANGE_BRANCH", name)], &Checkout::default());
            assert_eq!(context.branch.as_deref(), Some("pull/7/head"), "{name:?}");
            assert!(context.warning.unwrap().ends_with("it is called pull/7/head"));
            assert_eq!(without_change("jenkins_branch", &[("BRANCH_NAME", name)]).branch, None, "{name:?}");
        }
        let context = of_recorded("jenkins_pull_request_head", &[("CHANGE_BRANCH", "$(id)")], &Checkout::default());
        assert_eq!(context.branch.as_deref(), Some("$(id)"));
        let hostile = [("CHANGE_ID", "7/../../main"), ("GIT_COMMIT", "--exec=x")];
        assert_eq!(named(&of_recorded("jenkins_fork", &hostile, &Checkout::default())), (None, None));
        let url = |address| without_change("jenkins_branch", &[("GIT_URL", address)]).repository_url;
        assert_eq!(url("git@git.example:acme/shop.git"), None);
        assert_eq!(
            url("https://mona:s3cret@git.example/acme/shop.git").as_deref(),
            Some("https://git.example/acme/shop")
        );
    }
}
