//! Repositories, made by git itself.
#![expect(clippy::unwrap_used, reason = "a repository that git cannot make has failed the test")]

use std::path::Path;
use std::process::Command;

/// Runs git in a folder, without this machine's settings, and gives what it printed.
#[track_caller]
pub(crate) fn git(directory: &Path, arguments: &[&str]) -> String {
    let identity = ["-c", "user.name=tester", "-c", "user.email=tester"];
    let mut command = Command::new("git");
    command.args(identity).args(arguments).current_dir(directory);
    let settings = [("HOME", directory), ("GIT_CONFIG_GLOBAL", Path::new("/dev/null"))];
    let output = command.envs(settings).env("GIT_CONFIG_NOSYSTEM", "1").output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Commits all files of a folder and gives the commit.
pub(crate) fn commit_all(directory: &Path) -> String {
    git(directory, &["add", "--all", "--force"]);
    git(directory, &["commit", "--quiet", "--allow-empty", "--message", "all"]);
    git(directory, &["rev-parse", "HEAD"])
}
