//! Which CI the process runs in.

use crate::settings::Environment;

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
}
