//! Branch, commit and repository of a run on GitHub, as pure functions of the environment and the event.

use url::Url;

use super::event::{Event, PullRequest};
use crate::ci::names::{branch, commit};
use crate::ci::{Base, Context, Withheld};
use crate::settings::Environment;

/// The events whose runs Dependabot starts without the secrets of Actions (docs.github.com, "Troubleshooting Dependabot on GitHub
/// Actions"). It makes no difference who starts such a run again.
const OF_DEPENDABOT: [&str; 7] = [
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "push",
    "create",
    "deployment",
    "deployment_status",
];

/// Whether the event is one whose payload has to be read: for all others the variables say everything.
pub(super) fn needs_payload(environment: &Environment) -> bool {
    let event = event_name(environment);
    event.starts_with("pull_request") || event == "merge_group"
}

/// What is known of the run.
///
/// * `pull_request*`: the pull request's head, although GitHub checks out its merge with the base by default. For
///   `pull_request_target`, which is for the default branch (before December 2025, for the base), it is that where `checked_out`
///   says so: a verdict on it must not be filed under the pull request.
/// * `merge_group`: its head.
/// * All others, such as `push`, `schedule` and `workflow_dispatch`: `GITHUB_REF` and `GITHUB_SHA`, if that is what is checked out
///   ([`Context::checked_out`]). A tag is no branch.
///
/// # Errors
/// Why the payload cannot be used.
pub(super) fn of(environment: &Environment, event: &Event, checked_out: Option<&str>) -> Result<Context, String> {
    let known = without_payload(environment);
    match event_name(environment) {
        name if name.starts_with("pull_request") => {
            let pull_request = event.pull_request.as_ref().ok_or("it holds no pull request")?;
            let base = environment.get("GITHUB_SHA").and_then(commit);
            if name == "pull_request_target" && base.is_some() && checked_out == base.as_deref() {
                // Of the default branch since December 2025, and on servers before that of the pull request's own base.
                let name = branch_of_run(environment).or_else(|| branch(&pull_request.base.branch));
                return Ok(Context { branch: name, commit: base, ..known });
            }
            pull_request_context(environment, pull_request, known)
        }
        "merge_group" => {
            let group = event.merge_group.as_ref().ok_or("it holds no merge group")?;
            let head = commit(&group.head_sha).ok_or("its head_sha is no commit")?;
            let base =
                Base { branch: branch_of_ref(&group.base_ref), commits: commit(&group.base_sha).into_iter().collect() };
            Ok(Context { branch: branch_of_ref(&group.head_ref), commit: Some(head), base: Some(base), ..known })
        }
        name => Ok(Context {
            branch: branch_of_run(environment),
            commit: environment.get("GITHUB_SHA").and_then(commit),
            // Others run for what anybody has done, such as `workflow_run` and `issue_comment`, and may check out a fork's branch.
            is_foreign: !matches!(name, "push" | "schedule" | "workflow_dispatch"),
            ..known
        }),
    }
}

/// What the variables alone say of a run whose payload is needed and cannot be used: neither branch nor commit, which are then
/// git's.
pub(super) fn without_payload(environment: &Environment) -> Context {
    let is_dependabot = environment.get("GITHUB_ACTOR") == Some("dependabot[bot]");
    let is_without_secrets = is_dependabot && OF_DEPENDABOT.contains(&event_name(environment));
    Context {
        repository_url: repository_url(environment),
        withheld: is_without_secrets.then_some(Withheld::Dependabot),
        ..Context::default()
    }
}

fn pull_request_context(
    environment: &Environment,
    pull_request: &PullRequest,
    known: Context,
) -> Result<Context, String> {
    let head = commit(&pull_request.head.sha).ok_or("its head's sha is no commit")?;
    let is_fork = pull_request.is_from_fork();
    let own_name = branch(&pull_request.head.branch);
    let warning = own_name.is_none().then(|| {
        let number = pull_request.number;
        format!("the head of pull request {number} has a name that no branch may have; it is called pull/{number}/head")
    });
    let name = own_name.filter(|_| !is_fork).unwrap_or_else(|| format!("pull/{}/head", pull_request.number));
    // `pull_request_target` runs for a fork with all secrets, which is what it is there for.
    let is_without_secrets = is_fork && event_name(environment) != "pull_request_target";
    let withheld = known.withheld.or(is_without_secrets.then_some(Withheld::GitHubFork));
    let base = Base {
        branch: branch(&pull_request.base.branch),
        commits: commit(&pull_request.base.sha).into_iter().collect(),
    };
    Ok(Context { branch: Some(name), commit: Some(head), base: Some(base), withheld, warning, ..known })
}

/// The same with the base as it was merged with the head, where `parents` knows that commit. For the events of pull requests
/// `GITHUB_SHA` is a merge that GitHub has made, base first; the event's own base may be older, and a shallow clone holds what
/// was merged. A merge whose other side is not the event's head is not taken for GitHub's.
pub(super) fn with_merged_base(
    mut context: Context,
    environment: &Environment,
    parents: impl FnOnce(&str) -> Option<Vec<String>>,
) -> Context {
    let is_merged =
        event_name(environment) != "pull_request_target" && event_name(environment).starts_with("pull_request");
    let merge = environment.get("GITHUB_SHA").and_then(commit).filter(|_| is_merged);
    if let (Some(base), Some(parents)) = (context.base.as_mut(), merge.and_then(|merge| parents(&merge)))
        && let [onto, head] = parents.as_slice()
        && context.commit.as_ref() == Some(head)
    {
        base.commits.insert(0, onto.clone());
    }
    context
}

fn event_name(environment: &Environment) -> &str {
    environment.get("GITHUB_EVENT_NAME").unwrap_or_default()
}

/// The repository's page, on github.com or a GitHub Enterprise Server.
fn repository_url(environment: &Environment) -> Option<String> {
    let server = Url::parse(environment.get("GITHUB_SERVER_URL")?).ok()?;
    let is_plain = server.username().is_empty() && server.password().is_none() && server.host().is_some();
    let is_base = server.query().is_none() && server.fragment().is_none();
    let repository = environment.get("GITHUB_REPOSITORY")?;
    let (owner, name) = repository.split_once('/')?;
    let is_word = |word: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        !matches!(word, "" | "." | "..") && word.bytes().all(is_plain)
    };
    let is_repository = is_word(owner) && is_word(name);
    (server.scheme() == "https" && is_plain && is_base && is_repository)
        .then(|| format!("{}/{repository}", server.as_str().trim_end_matches('/')))
}

/// The branch that the run is for.
fn branch_of_run(environment: &Environment) -> Option<String> {
    environment.get("GITHUB_REF").and_then(branch_of_ref)
}

fn branch_of_ref(name: &str) -> Option<String> {
    name.strip_prefix("refs/heads/").and_then(branch)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "89abcdef0123456789abcdef0123456789abcdef";
    const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

    fn run(event: &str, more: &[(&str, &str)]) -> Environment {
        let always = [
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", event),
            ("GITHUB_SHA", SHA),
            ("GITHUB_REPOSITORY", "acme/shop"),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_ACTOR", "mona"),
        ];
        Environment::from_pairs(always.iter().chain(more).copied())
    }

    fn pull_request(branch: &str, head_repository: Option<u64>) -> Event {
        let repository = |id: u64| serde_json::json!({ "id": id });
        let payload = serde_json::json!({ "pull_request": {
            "number": 7,
            "head": { "ref": branch, "sha": HEAD, "repo": head_repository.map(repository) },
            "base": { "ref": "main", "sha": SHA, "repo": repository(1) },
        }});
        serde_json::from_value(payload).unwrap()
    }

    fn names(environment: &Environment, event: &Event, checked_out: Option<&str>) -> (Option<String>, Option<String>) {
        let context = of(environment, event, checked_out).unwrap();
        (context.branch, context.commit)
    }

    fn named(branch: &str, commit: &str) -> (Option<String>, Option<String>) {
        (Some(branch.to_owned()), Some(commit.to_owned()))
    }

    #[test]
    fn a_pull_request_is_its_head_and_that_of_a_fork_has_no_name_of_its_own() {
        let run = run("pull_request", &[("GITHUB_REF", "refs/pull/7/merge")]);
        assert_eq!(names(&run, &pull_request("feature", Some(1)), Some(SHA)), named("feature", HEAD));
        assert_eq!(names(&run, &pull_request("main", Some(2)), None), named("pull/7/head", HEAD));
        assert_eq!(names(&run, &pull_request("main", None), None), named("pull/7/head", HEAD));
    }

    #[test]
    fn a_base_that_is_checked_out_is_not_called_the_pull_request() {
        let run = run("pull_request_target", &[]);
        let event = pull_request("feature", Some(2));
        assert_eq!(names(&run, &event, Some(SHA)), named("main", SHA));
        let of_default = self::run("pull_request_target", &[("GITHUB_REF", "refs/heads/default")]);
        assert_eq!(names(&of_default, &event, Some(SHA)), named("default", SHA));
        assert_eq!(names(&run, &event, Some(HEAD)), named("pull/7/head", HEAD));
        assert_eq!(names(&run, &event, None), named("pull/7/head", HEAD));
    }

    #[test]
    fn a_push_a_schedule_and_a_call_by_hand_are_what_the_variables_say() {
        for event in ["push", "schedule", "workflow_dispatch", "repository_dispatch", ""] {
            let run = run(event, &[("GITHUB_REF", "refs/heads/release/1.x")]);
            assert!(!needs_payload(&run));
            assert_eq!(names(&run, &Event::default(), None), named("release/1.x", SHA));
        }
    }

    #[test]
    fn a_tag_is_a_commit_and_no_branch() {
        let run = run("push", &[("GITHUB_REF", "refs/tags/v1.2.3"), ("GITHUB_REF_NAME", "v1.2.3")]);
        assert_eq!(names(&run, &Event::default(), None), (None, Some(SHA.to_owned())));
    }

    #[test]
    fn a_merge_group_is_its_head() {
        let run = run("merge_group", &[]);
        let group = serde_json::json!({ "merge_group": { "head_sha": HEAD, "head_ref": "refs/heads/gh-readonly-queue/main/pr-7" } });
        let event: Event = serde_json::from_value(group).unwrap();
        assert_eq!(names(&run, &event, None), named("gh-readonly-queue/main/pr-7", HEAD));
        assert!(of(&run, &Event::default(), None).is_err());
    }

    #[test]
    fn the_base_of_a_merge_group_is_what_it_is_to_be_merged_onto() {
        let group = |base: &str| {
            let head_ref = "refs/heads/gh-readonly-queue/main/pr-7";
            let group = serde_json::json!({ "merge_group": {
                "head_sha": HEAD, "head_ref": head_ref, "base_sha": base, "base_ref": "refs/heads/main"
            }});
            of(&run("merge_group", &[]), &serde_json::from_value(group).unwrap(), None).unwrap().base.unwrap()
        };
        assert_eq!(group(SHA), Base { branch: Some("main".to_owned()), commits: vec![SHA.to_owned()] });
        assert_eq!(group("main").commits, Vec::<String>::new());
    }

    #[test]
    fn the_base_is_what_github_has_merged_with_the_head_and_else_that_of_the_event() {
        const TIP: &str = "dddddddddddddddddddddddddddddddddddddddd";
        let commits = |event: &str, parents: &[&str]| {
            let run = run(event, &[]);
            let known = of(&run, &pull_request("feature", Some(1)), None).unwrap();
            let parents: Vec<String> = parents.iter().map(|&parent| parent.to_owned()).collect();
            with_merged_base(known, &run, |_merge| Some(parents)).base.unwrap().commits
        };
        assert_eq!(commits("pull_request", &[TIP, HEAD]), [TIP, SHA]);
        for parents in [[HEAD, TIP].as_slice(), &[TIP, TIP], &[TIP], &[], &[TIP, HEAD, TIP]] {
            assert_eq!(commits("pull_request", parents), [SHA], "{parents:?}");
        }
        assert_eq!(commits("pull_request_target", &[TIP, HEAD]), [SHA]);
    }

    #[test]
    fn only_runs_that_get_no_secrets_are_said_to_get_none() {
        let withheld = |event: &str, actor: &str, head_repository| {
            let run = run(event, &[("GITHUB_ACTOR", actor)]);
            of(&run, &pull_request("feature", Some(head_repository)), None).unwrap().withheld
        };
        assert_eq!(withheld("pull_request", "mona", 1), None);
        assert_eq!(withheld("pull_request", "mona", 2), Some(Withheld::GitHubFork));
        assert_eq!(withheld("pull_request_review", "mona", 2), Some(Withheld::GitHubFork));
        assert_eq!(withheld("pull_request_target", "mona", 2), None);
        assert_eq!(withheld("pull_request", "dependabot[bot]", 1), Some(Withheld::Dependabot));
        assert_eq!(withheld("pull_request_target", "dependabot[bot]", 1), None);
        assert_eq!(withheld("push", "dependabot[bot]", 1), Some(Withheld::Dependabot));
        assert_eq!(withheld("schedule", "dependabot[bot]", 1), None);
        assert_eq!(withheld("pull_request", "renovate[bot]", 1), None);
    }

    #[test]
    fn a_server_of_ones_own_is_the_repositorys_address_if_it_is_https() {
        let url = |server: &str, repository: &str| {
            repository_url(&run("push", &[("GITHUB_SERVER_URL", server), ("GITHUB_REPOSITORY", repository)]))
        };
        assert_eq!(url("https://github.com", "acme/shop").as_deref(), Some("https://github.com/acme/shop"));
        assert_eq!(
            url("https://git.acme.example:8443/", "a/b.c").as_deref(),
            Some("https://git.acme.example:8443/a/b.c")
        );
        for (server, repository) in [
            ("http://git.acme.example", "acme/shop"),
            ("https://mona:secret@github.com", "acme/shop"),
            ("https://github.com?x", "acme/shop"),
            ("javascript:alert(1)", "acme/shop"),
            ("https://github.com", "acme"),
            ("https://github.com", "acme/../shop"),
            ("https://github.com", "acme/.."),
            ("https://github.com", "acme/shop?x#y"),
        ] {
            assert_eq!(url(server, repository), None, "{server} {repository}");
        }
    }

    #[test]
    fn a_hostile_name_of_a_branch_gives_way_to_the_number_and_says_so() {
        let run = run("pull_request", &[]);
        for name in ["a\n::error::b", "a b", "\u{202e}niam", "-o", "a..b", "a//b", ".a", "a.lock", "a/", "", "HEAD@{1}"]
        {
            let context = of(&run, &pull_request(name, Some(1)), None).unwrap();
            assert_eq!(context.branch.as_deref(), Some("pull/7/head"), "{name:?}");
            assert!(context.warning.unwrap().contains("pull request 7"));
        }
        for name in ["feature/a-b_c.d", "$(id)", "`id`;&&'\"<b>", "größe", "##[error]a".trim_start_matches("##[")] {
            assert_eq!(of(&run, &pull_request(name, Some(1)), None).unwrap().branch.as_deref(), Some(name));
        }
    }

    #[test]
    fn a_payload_without_a_commit_is_refused() {
        let run = run("pull_request", &[]);
        let mut event = pull_request("feature", Some(1));
        for sha in ["", "main", "../../etc/passwd", "0123"] {
            event.pull_request.as_mut().unwrap().head.sha = sha.to_owned();
            assert!(of(&run, &event, None).is_err(), "{sha}");
        }
        assert!(of(&run, &Event::default(), None).is_err());
    }
}
