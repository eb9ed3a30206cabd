//! Archives of real trees: what is in them, what is not, and that it is said.
#![expect(clippy::unwrap_used, reason = "helpers outside #[test] functions end the test that calls them")]

mod repository;
mod selection;
mod walk;
mod zip_file;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use scangate::scan::archive::{self, Options, Selection, Summary};
use tempfile::TempDir;

/// A folder that is deleted at the end of its test.
struct Tree(TempDir);

impl Tree {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With a repository whose branch is `main`.
    fn with_git() -> Self {
        let tree = Self::new();
        tree.git(&["init", "--quiet", "--initial-branch=main"]);
        tree
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(&path, text).unwrap();
        path
    }

    fn git(&self, arguments: &[&str]) -> String {
        run(self.path(), "git", arguments)
    }

    fn commit_all(&self) -> String {
        self.git(&["add", "--all", "--force"]);
        self.git(&["commit", "--quiet", "--message", "all"]);
        self.git(&["rev-parse", "HEAD"])
    }
}

/// Runs a program, which has to succeed, and gives what it printed.
fn run(directory: &Path, program: &str, arguments: &[&str]) -> String {
    let output = spawn(directory, program, arguments);
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Runs a program without this machine's settings.
fn spawn(directory: &Path, program: &str, arguments: &[&str]) -> Output {
    let identity = ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"];
    Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", directory)
        .env("LANG", "C.UTF-8")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .envs(identity.map(|name| (name, "tester")))
        .output()
        .unwrap()
}

fn options(directory: &Path) -> Options<'_> {
    Options { directory, untracked: false, ignore_rules: "", own_files: &[] }
}

fn select(directory: &Path) -> Selection {
    archive::select(&options(directory)).unwrap()
}

fn names(selection: &Selection) -> Vec<&str> {
    selection.files.iter().map(|file| &*file.name).collect()
}

fn write(selection: &Selection) -> (tempfile::NamedTempFile, Summary) {
    let file = archive::temporary(None).unwrap();
    let summary = archive::write(selection, file.as_file()).unwrap();
    (file, summary)
}

/// What a reader finds in the archive.
fn contents(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(fs_err::File::open(path).unwrap()).unwrap();
    (0..archive.len())
        .map(|index| {
            let mut file = archive.by_index(index).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            (file.name().unwrap().into_owned(), bytes)
        })
        .collect()
}
