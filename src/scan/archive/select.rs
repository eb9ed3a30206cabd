//! Which files of a tree are archived.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::Error;
use super::left_out::{LeftOut, Reason};
use super::{rules, walk};
use crate::gitignore::Rules;
use crate::scan::git::WorkTree;
use crate::sorting::{self, collected};

/// What to archive.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// `--dir`.
    pub directory: &'a Path,
    /// `--untracked`: in a git work tree, also the files that git neither tracks nor ignores, less
    /// [`SECRET_FILES`](super::SECRET_FILES).
    pub untracked: bool,
    /// The text of the `.scangateignore` that applies, empty for none. It comes from the base commit in a pull request, else
    /// from the tree ([`ignore_rules`](super::ignore_rules)).
    pub ignore_rules: &'a str,
    /// Files that this run writes: reports, the outcome file, the archive. They are left out unless git tracks them: a setting
    /// that names a source file as a report must not keep it from being scanned.
    pub own_files: &'a [PathBuf],
}

/// The files to archive, and what was left out.
#[derive(Debug)]
pub struct Selection {
    /// `--dir`, absolute and without symbolic links.
    pub directory: PathBuf,
    /// The git work tree around it. Without one, a walk chose the files.
    pub work_tree: Option<WorkTree>,
    /// `--dir` as seen from the root of the work tree, with `/`; empty where they are the same or there is no work tree. What a
    /// platform calls `a.py` is `<prefix>/a.py` in the repository.
    pub prefix: String,
    /// At least one, sorted by the bytes of their names.
    pub files: Vec<SelectedFile>,
    /// What was left out, in sentences for people.
    pub notes: Vec<String>,
    /// How many files, links and inner repositories were left out.
    pub left_out: u64,
}

/// One file of the archive.
#[derive(Debug, PartialEq, Eq)]
pub struct SelectedFile {
    /// Its name in the archive: relative to `--dir`, with `/`.
    pub name: Box<str>,
    /// The archived file whose bytes it has, where it is a symbolic link.
    pub(super) link_to: Option<Box<str>>,
    /// Its length in bytes when it was selected.
    pub size: u64,
    /// Whether anybody may execute it.
    pub(super) executable: bool,
}

impl Selection {
    /// The length of all files together, in bytes, before compression.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// Where the bytes of `file` are.
    pub(super) fn path(&self, file: &SelectedFile) -> PathBuf {
        self.directory.join(file.link_to.as_deref().unwrap_or(&file.name))
    }
}

/// Finds the files to archive: in a git work tree the tracked ones and, if asked, the untracked ones; elsewhere those of a walk
/// that heeds `.gitignore`. Nothing is opened but `.git` and the ignore files.
pub fn select(options: &Options<'_>) -> Result<Selection, Error> {
    let directory = enter(options.directory)?;
    let work_tree = WorkTree::discover(&directory)?;
    let prefix = match &work_tree {
        None => String::new(),
        Some(tree) => tree.prefix(&directory).ok_or_else(|| Error::Directory {
            path: options.directory.to_owned(),
            cause: "its path in the repository is not UTF-8".to_owned(),
        })?,
    };
    let mut selector = Selector {
        directory: &directory,
        rules: rules::parse(options.ignore_rules)?,
        left_out: LeftOut::default(),
        files: Vec::new(),
        links: Vec::new(),
        parents: Parents { directory: &directory, last: String::new(), real: true },
    };
    for name in selector.candidates(options, work_tree.as_ref(), &prefix)? {
        selector.examine(name)?;
    }
    selector.resolve_links();
    let Selector { left_out, files, .. } = selector;
    if files.is_empty() {
        let tracked_only = work_tree.is_some() && !options.untracked;
        return Err(Error::Empty { path: options.directory.to_owned(), tracked_only });
    }
    Ok(Selection { work_tree, prefix, files, notes: left_out.notes(), left_out: left_out.count(), directory })
}

/// `--dir` without symbolic links, once it is sure to be a directory.
///
/// # Errors
/// [`Error::Directory`] where it is none.
pub fn enter(directory: &Path) -> Result<PathBuf, Error> {
    let refused = |cause: String| Error::Directory { path: directory.to_owned(), cause };
    let found = directory.canonicalize().map_err(|error| {
        refused(if error.kind() == io::ErrorKind::NotFound {
            "it does not exist".to_owned()
        } else {
            error.to_string()
        })
    })?;
    if found.is_dir() { Ok(found) } else { Err(refused("it is not a directory".to_owned())) }
}

struct Selector<'a> {
    directory: &'a Path,
    rules: Rules,
    left_out: LeftOut,
    files: Vec<SelectedFile>,
    links: Vec<Box<str>>,
    parents: Parents<'a>,
}

impl Selector<'_> {
    /// The names to look at, each once, sorted.
    fn candidates(
        &mut self,
        options: &Options<'_>,
        work_tree: Option<&WorkTree>,
        prefix: &str,
    ) -> Result<Vec<Box<str>>, Error> {
        let own = own_names(self.directory, options.own_files);
        let Some(work_tree) = work_tree else {
            let walked = walk::walk(self.directory, None)?;
            self.leave_out(Reason::NotUtf8, walked.not_utf8);
            let mut names = walked.names;
            names.retain(|name| !own.contains(name));
            sorting::sort(&mut names);
            return Ok(names);
        };
        let tracked = work_tree.tracked(prefix)?;
        let mut names = tracked.names;
        let mut repositories = tracked.submodules;
        let mut not_utf8 = tracked.not_utf8;
        self.leave_out(Reason::Absent, tracked.sparse_directories);
        if options.untracked {
            let secrets = rules::secret_files();
            let walked = walk::walk(self.directory, Some(work_tree))?;
            repositories.extend(walked.repositories);
            not_utf8.extend(walked.not_utf8);
            let mut untracked = walked.names;
            untracked.retain(|name| names.binary_search(name).is_err() && !own.contains(name));
            sorting::sort(&mut untracked);
            for name in untracked {
                if secrets.leave_out(&name) {
                    self.left_out.add(Reason::Secret, &name);
                } else {
                    names.push(name);
                }
            }
            sorting::sort(&mut names);
        }
        self.leave_out(Reason::Repository, repositories);
        self.leave_out(Reason::NotUtf8, not_utf8);
        Ok(names)
    }

    /// Each name counts once, though the index and the walk may both have met it.
    fn leave_out(&mut self, reason: Reason, names: Vec<String>) {
        for name in collected::<_, BTreeSet<_>>(names) {
            self.left_out.add(reason, &name);
        }
    }

    /// Decides what becomes of one name, by what is on disk and not by what the index or the walk says of it.
    fn examine(&mut self, name: Box<str>) -> Result<(), Error> {
        if !is_inside(&name) {
            self.left_out.add(Reason::Unsafe, &name);
            return Ok(());
        }
        if self.rules.leave_out(&name) {
            self.left_out.add(Reason::Ignored, &name);
            return Ok(());
        }
        if !self.parents.are_directories(&name) {
            self.left_out.add(Reason::Absent, &name);
            return Ok(());
        }
        let found = match fs_err::symlink_metadata(self.directory.join(&*name)) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.left_out.add(Reason::Absent, &name);
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let kind = found.file_type();
        if kind.is_file() {
            let executable = found.permissions().mode() & 0o111 != 0;
            self.files.push(SelectedFile { name, link_to: None, size: found.len(), executable });
        } else if kind.is_symlink() {
            self.links.push(name);
        } else if kind.is_dir() {
            // What git tracks as a file is a folder now.
            self.left_out.add(Reason::Absent, &name);
        } else {
            self.left_out.add(Reason::Special, &name);
        }
        Ok(())
    }

    /// Archives a symbolic link as the file that it leads to, if that file is archived itself. Nothing else may be reached
    /// through a link: not a file outside, not `.git/config` with its token, not an ignored `.env`.
    fn resolve_links(&mut self) {
        let mut resolved = Vec::new();
        for name in std::mem::take(&mut self.links) {
            let target = self.directory.join(&*name).canonicalize().ok();
            let target = target.as_ref().and_then(|path| path.strip_prefix(self.directory).ok()?.to_str());
            let file = target.and_then(|target| {
                let index = self.files.binary_search_by(|file| (*file.name).cmp(target)).ok()?;
                self.files.get(index)
            });
            match file {
                Some(file) => resolved.push(SelectedFile {
                    name,
                    link_to: Some(file.name.clone()),
                    size: file.size,
                    executable: file.executable,
                }),
                None => self.left_out.add(Reason::Link, &name),
            }
        }
        self.files.extend(resolved);
        sorting::sort_by(&mut self.files, |a, b| a.name.cmp(&b.name));
    }
}

/// Whether a name leads to a file below the directory and out of `.git`. Git refuses to check out any other, but an index that
/// somebody else wrote may hold one.
fn is_inside(name: &str) -> bool {
    name.split('/').all(|part| !matches!(part, "" | "." | "..") && !part.eq_ignore_ascii_case(".git"))
        && !name.contains('\0')
}

/// The names of those files that lie below `directory`.
fn own_names(directory: &Path, files: &[PathBuf]) -> BTreeSet<Box<str>> {
    let name = |file: &PathBuf| {
        let parent = match file.parent()? {
            parent if parent.as_os_str().is_empty() => Path::new("."),
            parent => parent,
        };
        let path = parent.canonicalize().ok()?.join(file.file_name()?);
        Some(path.strip_prefix(directory).ok()?.to_str()?.into())
    };
    collected(files.iter().filter_map(name))
}

/// Tells whether the folders on the way to a file are real. The names come sorted, so that most have the parent of the name
/// before.
struct Parents<'a> {
    directory: &'a Path,
    last: String,
    real: bool,
}

impl Parents<'_> {
    /// Whether no folder between the directory and the file is a symbolic link. One that replaced a tracked folder may lead out
    /// of the tree; to git, the files behind it are deleted.
    fn are_directories(&mut self, name: &str) -> bool {
        let parent = name.rsplit_once('/').map_or("", |(parent, _)| parent);
        if parent != self.last {
            let mut path = self.directory.to_owned();
            self.real = parent.split('/').filter(|part| !part.is_empty()).all(|part| {
                path.push(part);
                path.symlink_metadata().is_ok_and(|found| found.is_dir())
            });
            parent.clone_into(&mut self.last);
        }
        self.real
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_a_hostile_index_is_refused() {
        for name in ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/.git/config", ".GIT/config", "a\0b"] {
            assert!(!is_inside(name), "{name:?}");
        }
        for name in ["a", ".github/workflows/ci.yml", ".gitignore", "a/b c/d\\e", "…"] {
            assert!(is_inside(name), "{name:?}");
        }
    }
}
