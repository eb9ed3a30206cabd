//! The walk through a tree that git does not know, or for what it does not track there.

use std::path::Path;

use ignore::WalkBuilder;

use super::Error;

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

/// Walks through everything below `root` that no `.gitignore` excludes, dot-files included. Symbolic links are named, not
/// followed. Only rules that lie in the tree count: neither the user's own ignore rules nor those of folders above say what is
/// scanned.
///
/// In a git work tree the rules between its root and `root` and those in `.git/info/exclude` count as well, and repositories
/// inside it are passed over. Elsewhere a folder of several repositories is one tree.
pub(super) fn walk(root: &Path, in_work_tree: bool) -> Result<Walked, Error> {
    let mut builder = WalkBuilder::new(root);
    builder
        .follow_links(false)
        .hidden(false)
        .ignore(false)
        .git_global(false)
        .git_exclude(in_work_tree)
        .parents(in_work_tree)
        .require_git(in_work_tree)
        .filter_entry(|entry| entry.file_name() != ".git");
    let mut walked = Walked::default();
    let mut repository = None;
    for entry in builder.build() {
        let entry = entry.map_err(|error| Error::Unreadable(error.to_string()))?;
        let path = entry.path();
        if repository.as_ref().is_some_and(|repository| path.starts_with(repository)) {
            continue;
        }
        let Ok(below) = path.strip_prefix(root) else { continue };
        let is_directory = entry.file_type().is_some_and(|kind| kind.is_dir());
        if is_directory {
            if in_work_tree && entry.depth() > 0 && path.join(".git").exists() {
                walked.repositories.push(below.to_string_lossy().into_owned());
                repository = Some(path.to_owned());
            }
            continue;
        }
        match below.to_str() {
            Some(name) => walked.names.push(Box::from(name)),
            None => walked.not_utf8.push(below.to_string_lossy().into_owned()),
        }
    }
    Ok(walked)
}
