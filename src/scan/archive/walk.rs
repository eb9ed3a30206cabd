//! The walk through a tree that git does not know, or for what it does not track there.

use std::io::ErrorKind;
use std::iter::successors;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::Error;
use super::rules::IGNORE_FILE_MAX;
use crate::gitignore::{Rules, Verdict};
use crate::scan::git::WorkTree;

/// What a walk met. All names are relative to where it began, with `/`.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// Everything but directories, in no order.
    pub(super) names: Vec<Box<str>>,
    /// Repositories inside the work tree, which the walk passed over.
    pub(super) repositories: Vec<String>,
    /// Files whose names are not UTF-8, as near as they can be shown.
    pub(super) not_utf8: Vec<String>,
}

/// A folder to walk through.
struct Folder {
    /// As seen from the top of the tree.
    path: PathBuf,
    /// What holds in the folder that it is in.
    scope: Option<Rc<Scope>>,
}

/// The rules of one `.gitignore`, and those that count where it has none that matches.
struct Scope {
    rules: Rules,
    /// How many bytes of a path, as seen from the top of the tree, lead to the folder that the rules are for.
    base: usize,
    above: Option<Rc<Self>>,
}

/// Walks through everything below `root` that no `.gitignore` excludes, dot-files included. Symbolic links are named, not
/// followed. Only rules that lie in the tree count: neither the user's own ignore rules nor those of folders above say what is
/// scanned.
///
/// In a git work tree the rules between its root and `root` and those in `.git/info/exclude` count as well, and repositories
/// inside it are passed over. Elsewhere a folder of several repositories is one tree.
pub(super) fn walk(root: &Path, work_tree: Option<&WorkTree>) -> Result<Walked, Error> {
    let top = work_tree.map_or(root, WorkTree::root);
    let start = root.strip_prefix(top).unwrap_or(Path::new(""));
    let mut pending = vec![Folder { path: start.to_owned(), scope: above(work_tree, start)? }];
    let mut walked = Walked::default();
    while let Some(Folder { path: folder, scope }) = pending.pop() {
        let directory = top.join(&folder);
        if work_tree.is_some() && folder != start && directory.join(".git").exists() {
            walked.repositories.push(below(start, &folder).to_string_lossy().into_owned());
            continue;
        }
        let scope = Scope::enter(scope, &directory.join(".gitignore"), &folder)?;
        for entry in fs_err::read_dir(&directory)? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            let is_directory = entry.file_type()?.is_dir();
            if entry.file_name() == ".git" || is_ignored(scope.as_deref(), &path, is_directory) {
                continue;
            }
            if is_directory {
                pending.push(Folder { path, scope: scope.clone() });
                continue;
            }
            let name = below(start, &path);
            match name.to_str() {
                Some(name) => walked.names.push(Box::from(name)),
                None => walked.not_utf8.push(name.to_string_lossy().into_owned()),
            }
        }
    }
    Ok(walked)
}

/// What holds in the folder `start` of a work tree before its own `.gitignore`.
fn above(work_tree: Option<&WorkTree>, start: &Path) -> Result<Option<Rc<Scope>>, Error> {
    let Some(work_tree) = work_tree else { return Ok(None) };
    // Unlike a `.gitignore`, this file comes with no commit, and git follows a link there.
    let exclude = work_tree.exclude_file();
    let exclude = exclude.canonicalize().unwrap_or(exclude);
    let mut scope = Scope::enter(None, &exclude, Path::new(""))?;
    let mut folders: Vec<_> = start.ancestors().skip(1).collect();
    folders.reverse();
    for folder in folders {
        scope = Scope::enter(scope, &work_tree.root().join(folder).join(".gitignore"), folder)?;
    }
    Ok(scope)
}

impl Scope {
    /// What holds in `folder` where it holds the rules of `file`.
    fn enter(above: Option<Rc<Self>>, file: &Path, folder: &Path) -> Result<Option<Rc<Self>>, Error> {
        let found = match fs_err::symlink_metadata(file) {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(above),
            Err(error) => return Err(error.into()),
        };
        // Git takes no rules through a link, which could lead out of the tree, and what is no file may never end.
        if !found.is_file() {
            return Ok(above);
        }
        if found.len() > IGNORE_FILE_MAX {
            return Err(Error::Unreadable(format!("{} is larger than 1 MiB", file.display())));
        }
        let rules = Rules::parse(&fs_err::read(file)?);
        let length = folder.as_os_str().len();
        Ok(Some(Rc::new(Self { rules, base: if length == 0 { 0 } else { length + 1 }, above })))
    }
}

/// Whether the innermost rule that matches leaves the path out.
fn is_ignored(scope: Option<&Scope>, path: &Path, is_directory: bool) -> bool {
    let path = path.as_os_str().as_bytes();
    let verdict = successors(scope, |scope| scope.above.as_deref())
        .find_map(|scope| scope.rules.of(path.get(scope.base..)?, is_directory));
    verdict == Some(Verdict::Ignore)
}

/// The path as seen from where the walk began.
fn below<'a>(start: &Path, path: &'a Path) -> &'a Path {
    path.strip_prefix(start).unwrap_or(path)
}
