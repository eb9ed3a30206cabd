//! Which CI the process runs in, what it knows of the run, and what it is told about the end.

pub mod github;

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
    /// The branch under which the scan is filed. For a pull request from a fork it is `pull/<n>/head`: the fork's own name could
    /// be that of a branch of ours.
    pub branch: Option<String>,
    /// The commit, in lower-case hexadecimal digits.
    pub commit: Option<String>,
    /// The repository's web address; https.
    pub repository_url: Option<String>,
    /// Why the CI gives this run no secrets, where it is known to give none.
    pub withheld: Option<Withheld>,
    /// What people should know of it, in one sentence.
    pub warning: Option<String>,
}

/// Why a run gets no secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// It is for a pull request from a fork.
    Fork,
    /// It was started by Dependabot, which has secrets of its own.
    Dependabot,
}

impl Withheld {
    /// What to do about it; `variable` is the one that holds the credential elsewhere.
    pub fn advice(self, variable: &str) -> String {
        match self {
            Self::Fork => "GitHub gives no secrets to the pull request of a fork; scan it where there are some, as \
                           docs/ci-security.md describes, or let such runs go on with `--on no-credentials=warn`"
                .to_owned(),
            Self::Dependabot => format!(
                "GitHub gives runs of bots such as Dependabot no secrets but Dependabot's own; add {variable} to those, or let \
                 such runs go on with `--on no-credentials=warn`; docs/ci-security.md says more"
            ),
        }
    }
}

impl Context {
    /// What the CI around the process knows. `checked_out` is asked, where it matters, for the commit that git has checked out.
    pub fn of(environment: &Environment, checked_out: impl FnOnce() -> Option<String>) -> Self {
        match Host::of(environment) {
            Host::GitHub => github::context(environment, checked_out),
            Host::GitLab | Host::Jenkins | Host::None => Self::default(),
        }
    }

    /// Fills in what no setting says.
    pub fn complete(self, settings: &mut ScanSettings) {
        let Self { branch, commit, repository_url, withheld, warning } = self;
        settings.branch = settings.branch.take().or(branch);
        settings.commit = settings.commit.take().or(commit);
        settings.repository_url = repository_url;
        settings.warnings.extend(warning);
        for entry in &mut settings.entries {
            let variable = entry.platform.about().credential_variables.first().copied().unwrap_or("SCANGATE_TOKEN");
            entry.credential_advice = withheld.map(|withheld| withheld.advice(variable));
        }
    }
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
    fn outside_of_a_ci_nothing_is_known() {
        let environment = Environment::from_pairs([("GITHUB_SHA", "0123456789abcdef0123456789abcdef01234567")]);
        assert_eq!(Context::of(&environment, || None), Context::default());
    }
}
