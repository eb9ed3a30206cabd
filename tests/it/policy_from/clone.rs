//! Pull requests in repositories that git has made, and their clones as each CI leaves them.

use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use crate::git::{commit_all, git};
use crate::harness::Scangate;

/// Source in which the sandbox finds something.
const SOURCE: &str = "value = eval(input())\n";

/// A pull request from `feature` into `main`.
pub(super) struct Change {
    /// The repository at the code host.
    origin: TempDir,
    /// The tip of `main`.
    pub(super) base: String,
    /// The tip of `feature`.
    pub(super) head: String,
    /// The merge that the code host has made of both.
    pub(super) merge: String,
}

fn put(directory: &Path, name: &str, text: &str) {
    let path = directory.join(name);
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(path, text).unwrap();
}

impl Change {
    /// One whose base has these files beside its source, and whose head changes or removes these.
    pub(super) fn new(base: &[(&str, &str)], head: &[(&str, Option<&str>)]) -> Self {
        Self::with(&[], base, |directory| {
            for (name, text) in head {
                match text {
                    Some(text) => put(directory, name, text),
                    None => fs_err::remove_file(directory.join(name)).unwrap(),
                }
            }
        })
    }

    /// One in a repository that was made with more flags, whose head is what `change` makes of the base.
    pub(super) fn with(flags: &[&str], base: &[(&str, &str)], change: impl FnOnce(&Path)) -> Self {
        let origin = tempfile::tempdir().unwrap();
        let folder = origin.path();
        git(folder, &[&["init", "--quiet", "--initial-branch=main"], flags].concat());
        put(folder, "app.py", SOURCE);
        commit_all(folder);
        for (name, text) in base {
            put(folder, name, text);
        }
        let base = commit_all(folder);
        git(folder, &["switch", "--quiet", "--create", "feature"]);
        change(folder);
        let head = commit_all(folder);
        git(folder, &["switch", "--quiet", "main"]);
        git(folder, &["merge", "--quiet", "--no-ff", "--no-edit", "feature"]);
        let merge = git(folder, &["rev-parse", "HEAD"]);
        git(folder, &["update-ref", "refs/pull/7/merge", &merge]);
        git(folder, &["update-ref", "refs/pull/7/head", &head]);
        git(folder, &["reset", "--quiet", "--hard", &base]);
        Self { origin, base, head, merge }
    }

    /// The repository at the code host.
    pub(super) fn origin(&self) -> &Path {
        self.origin.path()
    }

    /// Clones a ref this deep into the working directory of a call.
    pub(super) fn check_out(&self, call: Scangate, reference: &str, depth: Option<u32>) -> Scangate {
        let folder = call.directory();
        let depth = depth.map(|depth| format!("--depth={depth}"));
        let origin = format!("file://{}", self.origin().display());
        let object_format = git(self.origin(), &["rev-parse", "--show-object-format"]);
        git(&folder, &["init", "--quiet", "--initial-branch=main", &format!("--object-format={object_format}")]);
        let fetch: Vec<&str> = ["fetch", "--quiet", "--no-tags"]
            .into_iter()
            .chain(depth.as_deref())
            .chain([origin.as_str(), reference])
            .collect();
        git(&folder, &fetch);
        git(&folder, &["checkout", "--quiet", "--force", "--detach", "FETCH_HEAD"]);
        call
    }

    /// Puts a call into a run of GitHub for the pull request.
    pub(super) fn on_github(&self, call: Scangate) -> Scangate {
        let side = |name: &str, sha: &str| json!({ "ref": name, "sha": sha, "repo": { "id": 1 } });
        let event = json!({ "pull_request": {
            "number": 7, "head": side("feature", &self.head), "base": side("main", &self.base)
        }});
        self.with_event(call, "pull_request", &event).env("GITHUB_SHA", &self.merge)
    }

    /// Puts a call into a run of GitHub for an event.
    pub(super) fn with_event(&self, call: Scangate, name: &str, event: &serde_json::Value) -> Scangate {
        let path = self.origin().join(".git").join(format!("{name}.json"));
        fs_err::write(&path, event.to_string()).unwrap();
        let call = call.env("GITHUB_ACTIONS", "true").env("GITHUB_EVENT_NAME", name).env("GITHUB_EVENT_PATH", path);
        call.env("GITHUB_REPOSITORY", "acme/shop").env("GITHUB_SERVER_URL", "https://github.com")
    }

    /// Puts a call into a recorded environment of `tests/data/ci`, whose commits are those of this pull request. A variable that
    /// `without` names is not set.
    pub(super) fn on(&self, recorded: &str, call: Scangate, without: &str) -> Scangate {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/ci");
        let text = fs_err::read_to_string(folder.join(recorded).with_extension("env")).unwrap();
        let text = text
            .replace("89abcdef0123456789abcdef0123456789abcdef", &self.head)
            .replace("fedcba9876543210fedcba9876543210fedcba98", &self.merge)
            .replace("0123456789abcdef0123456789abcdef01234567", &self.base);
        let variables = text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split_once('=').unwrap());
        let variables = variables.filter(|(name, _)| *name != without);
        variables.fold(call, |call, (name, value)| call.env(name, value))
    }
}
