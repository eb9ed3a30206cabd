//! Which CI the process runs in, what it knows of the run, and what it is told about the end.

pub mod github;
mod gitlab;
mod jenkins;
mod names;
pub mod policy;
#[cfg(test)]
mod recorded;

use std::path::Path;

use crate::scan::git::{Head, WorkTree};
use crate::settings::{Environment, ScanSettings};

/// The CI around the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// GitHub Actions, whose runner reads both output streams for workflow commands.
    GitHub,
    /// GitLab CI.
    GitLab,
    /// Jenkins.
    Jenkins,
    /// None that we know.
    None,
}

impl Host {
    /// Tells it from the variables that each sets for its jobs.
    ///
    /// Where several are set, one CI runs inside another, or a variable of one is an address in the settings of the other. GitHub
    /// comes first: its runner obeys what is printed, so its rules hold wherever it listens. Jenkins comes last: `JENKINS_URL` is
    /// also what its command line client is told by, and a job elsewhere may well start something on a Jenkins.
    pub fn of(environment: &Environment) -> Self {
        if environment.is_true("GITHUB_ACTIONS") {
            Self::GitHub
        } else if environment.is_true("GITLAB_CI") {
            Self::GitLab
        } else if environment.get("JENKINS_URL").is_some() {
            Self::Jenkins
        } else {
            Self::None
        }
    }
}

/// What the CI knows of the run. Where it knows nothing, git says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The branch under which the scan is filed. For a pull request from a fork it is `pull/<n>/head`, and `merge-requests/<iid>`
    /// on GitLab: the fork's own name could be that of a branch of ours.
    pub branch: Option<String>,
    /// The commit, in lower-case hexadecimal digits.
    pub commit: Option<String>,
    /// What a pull request is to be merged into; absent for everything else.
    pub base: Option<Base>,
    /// The branch that others are merged into, where the CI says it.
    pub default_branch: Option<String>,
    /// The repository's web address; https, without user name and password.
    pub repository_url: Option<String>,
    /// Why the CI gives this run no secrets, where it is known to give none.
    pub withheld: Option<Withheld>,
    /// What people should know of it, in one sentence.
    pub warning: Option<String>,
    /// Whether what is checked out may be a fork's, so that its branch there says nothing of ours.
    pub is_foreign: bool,
}

/// What a pull request is to be merged into, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Base {
    /// The target branch.
    pub branch: Option<String>,
    /// Commits of it, the latest first: its tip when the run began, then older ones. The clone need not hold them.
    pub commits: Vec<String>,
}

/// Why a run gets no secrets, or may get fewer than another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// It is for a pull request from a fork, on GitHub.
    GitHubFork,
    /// It was started by Dependabot, which has secrets of its own.
    Dependabot,
    /// It is for a merge request from a fork, on GitLab.
    GitLabFork,
    /// It is for a ref that is not protected on GitLab, which keeps protected variables from it.
    GitLabUnprotected,
}

impl Withheld {
    /// What to do about it; `variables` hold the credential elsewhere.
    pub fn advice(self, variables: &str) -> String {
        match self {
            Self::GitHubFork => "GitHub gives no secrets to the pull request of a fork; scan it where there are some, as \
                           docs/ci-security.md describes, or let such runs go on with `--on no-credentials=warn`"
                .to_owned(),
            Self::Dependabot => format!(
                "GitHub gives runs of bots such as Dependabot no secrets but Dependabot's own; add {variables} to those, or let \
                 such runs go on with `--on no-credentials=warn`; docs/ci-security.md says more"
            ),
            Self::GitLabFork => "GitLab gives the merge request of a fork no protected variables, and none at all of this project \
                                 where the pipeline runs in the fork's; scan it after a look, as docs/gitlab.md describes, or \
                                 let such runs go on with `--on no-credentials=warn`"
                .to_owned(),
            Self::GitLabUnprotected => format!(
                "set {variables} as a CI/CD variable; if it is one already, it is marked as protected, and GitLab keeps it from \
                 this pipeline, whose branch or tag is not protected; docs/gitlab.md says what to do"
            ),
        }
    }
}

impl Context {
    /// What the CI around the process knows. Where that leaves something open, `work_tree` is asked for what git has checked out.
    pub fn of(environment: &Environment, work_tree: impl FnOnce() -> Option<WorkTree>) -> Self {
        match Host::of(environment) {
            Host::GitHub => github::context(environment, work_tree),
            Host::GitLab => gitlab::context(environment, work_tree),
            Host::Jenkins => jenkins::context(environment, work_tree),
            Host::None => Self::default(),
        }
    }

    /// The same where something else is checked out than `commits`, those that the run is for: a verdict on that must not be filed under
    /// them, so branch and commit are git's.
    fn checked_out(self, commits: &[&str], head: Option<Head>) -> Self {
        let is_other = |head: &Head| head.commit.as_deref().is_some_and(|commit| !commits.contains(&commit));
        match head.filter(|head| !commits.is_empty() && is_other(head)) {
            None => self,
            Some(Head { branch, commit, .. }) => {
                let warning = "what is checked out is not the commit that the run is for, so branch and commit are those of git; \
                               check out the run's own, or give --branch and --commit";
                let branch = branch.filter(|_| !self.is_foreign);
                Self { branch, commit, warning: Some(warning.to_owned()), ..self }
            }
        }
    }

    /// Fills in what no setting says. `work_tree` is the one around what is scanned, which says of the branch what is left open then.
    pub fn complete(self, settings: &mut ScanSettings, work_tree: Option<&WorkTree>) {
        let Self { branch, commit, repository_url, withheld, warning, is_foreign, base: _, default_branch: _ } = self;
        // Nothing is left to warn of where both are given.
        let warning = warning.filter(|_| settings.branch.is_none() || settings.commit.is_none());
        settings.is_foreign = is_foreign;
        settings.branch = settings.branch.take().or(branch);
        settings.commit = settings.commit.take().or(commit);
        settings.repository_url = repository_url;
        settings.warnings.extend(warning);
        let is_unnamable = || work_tree.is_some_and(|tree| tree.head().is_ok_and(|head| head.is_unnamable));
        if settings.branch.is_none() && is_unnamable() {
            let text = "the branch that is checked out has no name that a branch may have, so none is told; give one with --branch";
            settings.warnings.push(text.to_owned());
        }
        for entry in &mut settings.entries {
            let variables = entry.connection.platform.about().credentials.usual();
            entry.connection.credential_advice = withheld.map(|withheld| withheld.advice(&variables));
        }
    }
}

/// Whether the process runs in a job of a CI, known or not: most set `CI`, and not all to `true`.
pub fn is_job(environment: &Environment) -> bool {
    Host::of(environment) != Host::None || environment.get("CI").is_some_and(|value| !matches!(value, "false" | "0"))
}

/// What is checked out in the CI's workspace, which the variable names. A repository around that is none of the run's, and of a
/// submodule the commit is chosen by the repository that holds it.
fn head_in(environment: &Environment, workspace: &str, work_tree: Option<&WorkTree>) -> Option<Head> {
    let workspace = environment.get(workspace).and_then(|workspace| Path::new(workspace).canonicalize().ok());
    let is_within = |tree: &&WorkTree| workspace.is_none_or(|workspace| tree.root().starts_with(workspace));
    work_tree.filter(is_within).filter(|tree| !tree.is_submodule())?.head().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_is_known_by_its_own_variable() {
        let host = |name: &str, value: &str| Host::of(&Environment::from_pairs([(name, value)]));
        assert_eq!(host("GITHUB_ACTIONS", "true"), Host::GitHub);
        assert_eq!(host("GITLAB_CI", "true"), Host::GitLab);
        assert_eq!(host("JENKINS_URL", "https://ci.example/"), Host::Jenkins);
        assert_eq!(host("GITHUB_ACTIONS", "false"), Host::None);
        assert_eq!(host("CI", "true"), Host::None);
    }

    #[test]
    fn a_job_is_one_in_whatever_word_its_ci_says_so() {
        let is_job = |value: &str| is_job(&Environment::from_pairs([("CI", value)]));
        assert!(["true", "1", "woodpecker", "True"].into_iter().all(is_job));
        assert!(!["", "false", "0"].into_iter().any(is_job));
        assert!(super::is_job(&Environment::from_pairs([("JENKINS_URL", "https://ci.example/")])));
    }

    #[test]
    fn of_several_hosts_the_one_counts_that_listens_closest() {
        let all = [("GITHUB_ACTIONS", "true"), ("GITLAB_CI", "true"), ("JENKINS_URL", "https://ci.example/")];
        let host = |variables: &[(&str, &str)]| Host::of(&Environment::from_pairs(variables.iter().copied()));
        assert_eq!(host(&all), Host::GitHub);
        assert_eq!(host(&all[1..]), Host::GitLab);
        assert_eq!(host(&all[2..]), Host::Jenkins);
    }

    #[test]
    fn outside_of_a_ci_nothing_is_known() {
        let environment = Environment::from_pairs([("GITHUB_SHA", "0123456789abcdef0123456789abcdef01234567")]);
        assert_eq!(Context::of(&environment, || None), Context::default());
    }
}
