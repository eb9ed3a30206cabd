//! What git knows of the scanned tree: its root, its branch and commit, and which files it tracks.
//!
//! The files under `.git` are read with a library, and git itself is never started: a repository's settings name programs to
//! run (hooks, `core.fsmonitor`, filters), and the scanned repository is not trusted. None of those settings is looked at, so it
//! makes no difference who owns the repository either.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use gix_hash::Kind as HashKind;
use gix_index::entry::Mode;

pub use super::objects::history::Entry;
use super::objects::{Objects, history};
use crate::finding::is_unprintable;

/// The longest name of a branch, in bytes: what the platforms take, and what GitHub allows.
const LONGEST_BRANCH: usize = 255;

/// A checked-out repository: the main work tree, a linked one, or a submodule.
#[derive(Clone, Debug)]
pub struct WorkTree {
    root: PathBuf,
    /// Where this work tree's `HEAD` and index are.
    git_dir: PathBuf,
    /// Where the refs and settings are that all work trees of the repository share.
    common_dir: PathBuf,
}

/// What is checked out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The branch, such as `main` or `feature/x`; absent where `HEAD` is detached.
    pub branch: Option<String>,
    /// The commit's id in lower-case hexadecimal; absent before the first commit.
    pub commit: Option<String>,
    /// Whether the branch is absent because of its name, which is none that a branch may have, or does not all show.
    pub is_unnamable: bool,
}

/// What the index lists below a directory. All names are relative to that directory, with `/`.
#[derive(Debug, Default)]
pub struct Tracked {
    /// Files and symbolic links, sorted by their bytes. A file with a merge conflict is here once.
    pub names: Vec<Box<str>>,
    /// Submodules: their files belong to repositories of their own.
    pub submodules: Vec<String>,
    /// Directories of which a sparse index knows that nothing is checked out.
    pub sparse_directories: Vec<String>,
    /// Files whose names are not UTF-8, as near as they can be shown.
    pub not_utf8: Vec<String>,
}

/// A repository that is there and cannot be read. Going on as if it were absent would archive files that git leaves alone.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directory itself cannot be read.
    #[error(transparent)]
    Directory(#[from] std::io::Error),
    /// A `.git` file that leads nowhere.
    #[error("no git repository can be reached through {}", .0.display())]
    Unreachable(PathBuf),
    /// Anything else under `.git`.
    #[error("cannot read the git repository at {}: {cause}", .path.display())]
    Unreadable {
        /// The file or folder at fault.
        path: PathBuf,
        /// The library's words.
        cause: String,
    },
}

impl Error {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Directory(_) => "check the path given as --dir",
            Self::Unreachable(_) => {
                "make the repository available that the file names (a linked work tree needs its main one), or send an archive with --archive"
            }
            Self::Unreadable { .. } => "check the repository with `git fsck`, or send an archive with --archive",
        }
    }
}

impl WorkTree {
    /// Looks for a work tree at `directory` and above, on the same file system. `None` where there is none; a bare repository
    /// is none.
    pub fn discover(directory: &Path) -> Result<Option<Self>, Error> {
        let directory = fs_err::canonicalize(directory)?;
        // Only `.git` counts: a bare repository can be committed to another one, and must not be taken for it.
        let options = gix_discover::upwards::Options { dot_git_only: true, ..Default::default() };
        let found = match gix_discover::upwards_opts(&directory, options) {
            Ok((found, _trust)) => Some(found),
            Err(error) if error.downcast_any_ref::<gix_discover::upwards::Error>().is_some() => None,
            Err(error) => return Err(unreadable(&directory, &error)),
        };
        let found = found.and_then(|path| match path.into_repository_and_work_tree_directories() {
            (git_dir, Some(root)) => Some((git_dir, root)),
            (_, None) => None,
        });
        let root = match &found {
            Some((_, root)) => Some(fs_err::canonicalize(root)?),
            None => None,
        };
        // A `.git` file between the directory and what was found was passed over because what it names is not there. Git stops
        // at it, too.
        let passed_over = directory.ancestors().take_while(|ancestor| Some(*ancestor) != root.as_deref());
        if let Some(file) = passed_over.map(|ancestor| ancestor.join(".git")).find(|path| path.is_file()) {
            return Err(Error::Unreachable(file));
        }
        let (Some((git_dir, _)), Some(root)) = (found, root) else { return Ok(None) };
        let common_dir = match gix_discover::path::from_plain_file(&git_dir.join("commondir")) {
            Some(path) => git_dir.join(path.map_err(|error| unreadable(&git_dir, &error))?),
            None => git_dir.clone(),
        };
        Ok(Some(Self { root, git_dir, common_dir }))
    }

    /// The top of the work tree, without symbolic links.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether it belongs to another repository, in which it lies.
    pub fn is_submodule(&self) -> bool {
        self.git_dir == self.common_dir && self.root.join(".git").is_file()
    }

    /// Where ignore rules are that no commit holds. It need not exist.
    pub fn exclude_file(&self) -> PathBuf {
        self.common_dir.join("info/exclude")
    }

    /// `directory` as seen from the root, with `/`; empty for the root itself. `None` where it is not below the root, or its
    /// name is not UTF-8.
    pub fn prefix(&self, directory: &Path) -> Option<String> {
        let below = fs_err::canonicalize(directory).ok()?;
        below.strip_prefix(&self.root).ok()?.to_str().map(str::to_owned)
    }

    /// The branch and commit that are checked out. Loose and packed refs are read; a repository that keeps its refs in a
    /// reftable has neither.
    pub fn head(&self) -> Result<Head, Error> {
        let refs = self.refs();
        let mut head = Head::default();
        let mut reference = refs.try_find("HEAD").map_err(|error| unreadable(&self.git_dir, &error))?;
        // Git follows five symbolic refs as well, and calls more a loop.
        for _ in 0..5 {
            let Some(found) = reference else { break };
            match found.target {
                gix_ref::Target::Object(id) => {
                    head.commit = Some(id.to_string());
                    break;
                }
                gix_ref::Target::Symbolic(name) => {
                    let short = name.category_and_short_name();
                    if let (None, Some((gix_ref::Category::LocalBranch, short))) = (&head.branch, short) {
                        head.branch = branch(&short.to_string());
                        head.is_unnamable = head.branch.is_none();
                    }
                    reference = refs.try_find(name.as_ref()).map_err(|error| unreadable(&self.git_dir, &error))?;
                }
            }
        }
        Ok(head)
    }

    /// The commit that a ref names by itself, such as `refs/remotes/origin/main`. `None` where there is no such ref, where it names
    /// another one, and where it cannot be read.
    pub fn tip(&self, reference: &str) -> Option<String> {
        match self.refs().try_find(reference).ok()??.target {
            gix_ref::Target::Object(id) => Some(id.to_string()),
            gix_ref::Target::Symbolic(_) => None,
        }
    }

    /// The parents of a commit, first parent first. `None` of a commit that is not in the clone or cannot be read.
    pub fn parents(&self, commit: &str) -> Option<Vec<String>> {
        history::parents(&self.objects(), commit)
    }

    /// The parents of a commit that was made in this clone, first parent first. `None` of a commit that was fetched in a pack,
    /// that is not there, or that cannot be read.
    pub fn parents_of_own(&self, commit: &str) -> Option<Vec<String>> {
        history::parents_of_own(&self.objects(), commit)
    }

    /// What there is at `path`, relative to the root, in the tree of a commit. Nothing that is checked out is looked at.
    ///
    /// # Errors
    /// Objects that cannot be read. That the clone does not hold them is [`Entry::NotInClone`].
    pub fn entry_at(&self, commit: &str, path: &Path) -> Result<Entry, Error> {
        let objects = self.common_dir.join("objects");
        history::entry(&self.objects(), commit, path).map_err(|error| unreadable(&objects, &error))
    }

    fn objects(&self) -> Objects {
        Objects::of(&self.common_dir)
    }

    /// The files that the index lists below `directory`, a path as from [`WorkTree::prefix`]. A repository without an index
    /// tracks nothing.
    pub fn tracked(&self, directory: &str) -> Result<Tracked, Error> {
        let path = self.git_dir.join("index");
        let options = gix_index::decode::Options { thread_limit: Some(1), ..Default::default() };
        let index = gix_index::File::at_or_default(&path, self.hash_kind(), false, options)
            .map_err(|error| unreadable(&path, &error))?;
        let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        let mut tracked = Tracked::default();
        let mut names = BTreeSet::new();
        for entry in index.entries() {
            let Some(name) = entry.path(&index).strip_prefix(prefix.as_bytes()) else { continue };
            let Ok(name) = str::from_utf8(name) else {
                tracked.not_utf8.push(String::from_utf8_lossy(name).into_owned());
                continue;
            };
            match entry.mode {
                Mode::COMMIT => tracked.submodules.push(name.to_owned()),
                Mode::DIR => tracked.sparse_directories.push(name.to_owned()),
                _ => {
                    names.insert(Box::from(name));
                }
            }
        }
        tracked.names = names.into_iter().collect();
        Ok(tracked)
    }

    fn refs(&self) -> gix_ref::file::Store {
        gix_ref::file::Store::for_linked_worktree(self.git_dir.clone(), self.common_dir.clone(), self.hash_kind())
    }

    /// Which object ids the repository uses: the one setting that reading the index depends on
    /// (git's "hash-function-transition", `extensions.objectFormat`).
    fn hash_kind(&self) -> HashKind {
        let settings = fs_err::read(self.common_dir.join("config")).unwrap_or_default();
        let sha256 =
            String::from_utf8_lossy(&settings).lines().filter_map(|line| line.split_once('=')).any(|(key, value)| {
                key.trim().eq_ignore_ascii_case("objectformat") && value.trim().eq_ignore_ascii_case("sha256")
            });
        if sha256 { HashKind::Sha256 } else { HashKind::Sha1 }
    }
}

/// The name, where it is one that a branch may have (git-check-ref-format), and whose characters all show.
pub fn branch(name: &str) -> Option<String> {
    let is_forbidden = |character: char| {
        is_unprintable(character)
            || character.is_whitespace()
            || matches!(character, '~' | '^' | ':' | '?' | '*' | '[' | '\\')
    };
    let is_part = |part: &str| {
        let has_suffix = part.rsplit_once('.').is_some_and(|(_, suffix)| suffix == "lock");
        !part.is_empty() && !part.starts_with('.') && !has_suffix
    };
    let is_name = name.len() <= LONGEST_BRANCH
        && !name.contains(is_forbidden)
        && !name.contains("..")
        && !name.contains("@{")
        && !name.starts_with('-')
        && !name.ends_with('.')
        && name.split('/').all(is_part);
    is_name.then(|| name.to_owned())
}

fn unreadable(path: &Path, cause: &dyn std::fmt::Display) -> Error {
    Error::Unreadable { path: path.to_owned(), cause: cause.to_string() }
}
