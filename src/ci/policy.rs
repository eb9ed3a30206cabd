//! What in a pull request could loosen the gate is taken from the commit that it is to be merged into (DESIGN section 4).
//!
//! ```text
//! settings file, .scangateignore ─► their place in the repository ─► the base commit's version ─► what counts
//!                                                                    the head's ─► "takes effect after merge"
//! ```
//! `Policy::read` is the one way to a file's version that counts, whatever the file is.

use std::path::{Component, Path, PathBuf};

use super::{Base, Context};
use crate::error::Error;
use crate::scan::archive;
use crate::scan::git::{Entry, WorkTree};
use crate::settings::{self, Environment, Files, Flags, Layers, PolicyFrom};

/// The largest file that is taken from a commit, in bytes: as of those that are checked out.
const LARGEST: usize = 1 << 20;

/// How many digits of a commit's id people are shown.
const SHORT: usize = 12;

/// Whose policy counts.
pub struct Policy<'e> {
    environment: &'e Environment,
    from: PolicyFrom,
    /// The base's commits as far as the CI says them by itself; `None` where what is checked out counts.
    base: Option<Vec<String>>,
    /// What people should look at, in sentences.
    pub warnings: Vec<String>,
    /// What people should know, in sentences.
    pub notes: Vec<String>,
}

/// A file as it is at the base.
enum Version {
    /// There is no repository around its place.
    NoRepository,
    /// What is checked out is what counts.
    CheckedOut,
    /// The clone does not hold the base.
    NotInClone,
    /// What it is at a commit, by a short id.
    At(String, Entry),
}

impl<'e> Policy<'e> {
    /// That of the run: of a pull request the base's, as `--policy-from` says, and of everything else that of what is checked out.
    ///
    /// # Errors
    /// A value of `--policy-from` that is none.
    pub fn of(layers: &Layers<'_>, environment: &'e Environment) -> Result<Self, Error> {
        let from = PolicyFrom::resolve(layers)?;
        let mut policy = Self { environment, from, base: None, warnings: Vec::new(), notes: Vec::new() };
        match Context::of(environment, || None).base {
            None => {}
            Some(_) if from == PolicyFrom::Head => policy.notes.push(
                "gate settings and ignore rules in the repository are those of the pull request's head, by --policy-from head"
                    .to_owned(),
            ),
            Some(Base { commits, .. }) => policy.base = Some(commits),
        }
        Ok(policy)
    }

    /// Takes what could loosen the gate in files of settings that the pull request can edit from the base.
    ///
    /// # Errors
    /// A base that `--policy-from base` asks for and the clone lacks, a repository that cannot be read, and a link in the base
    /// where a file should be. A gate setting of the head that would be an error after the merge is one now.
    pub fn settings(&mut self, files: &mut Files, flags: &Flags) -> Result<(), Error> {
        if self.base.is_none() {
            return Ok(());
        }
        settings::check_gate(&Layers::new(flags, self.environment).with_files(files))?;
        for path in files.open() {
            let (commit, entry) = match self.read(&path)? {
                Version::At(commit, entry) => (commit, entry),
                Version::CheckedOut => continue,
                Version::NoRepository if !path.exists() => continue,
                Version::NoRepository | Version::NotInClone => {
                    self.miss()?;
                    self.notes.extend(files.chosen(&path, flags, self.environment));
                    continue;
                }
            };
            let content = match &entry {
                Entry::Link => return Err(linked(&path, &commit)),
                entry => text(entry),
            };
            let taken = files.take_from_base(&path, content, &commit, (flags, self.environment));
            self.notes.extend(taken.differences);
            self.warnings.extend(taken.fault.map(|fault| {
                format!("the gate settings of the base commit cannot be used, and the defaults hold: {fault}")
            }));
        }
        Ok(())
    }

    /// The rules of the `.scangateignore` in `directory` that count. `None` where they are those of the tree.
    ///
    /// # Errors
    /// As of [`Policy::settings`]. Rules of the base that cannot be used leave out nothing, which is said.
    pub fn ignore_rules(&mut self, directory: &Path) -> Result<Option<String>, Error> {
        if self.base.is_none() {
            return Ok(None);
        }
        let head = archive::ignore_rules(directory)?;
        archive::check_ignore_rules(&head)?;
        let (commit, entry) = match self.read(&directory.join(archive::IGNORE_FILE))? {
            Version::At(commit, entry) => (commit, entry),
            Version::CheckedOut => return Ok(None),
            Version::NoRepository if head.is_empty() => return Ok(None),
            Version::NoRepository | Version::NotInClone => {
                self.miss()?;
                return Ok(None);
            }
        };
        let checked = |text: &str| archive::check_ignore_rules(text).map_err(|error| error.to_string());
        let found = text(&entry).map(Option::unwrap_or_default).map_err(str::to_owned);
        let rules = match found.and_then(|text| checked(text).map(|()| text)) {
            Ok(text) => text,
            Err(fault) => {
                let file = archive::IGNORE_FILE;
                self.warnings.push(format!(
                    "{file} of the base commit {commit} cannot be used, and leaves out nothing: {fault}"
                ));
                ""
            }
        };
        if let Some((base, head)) = settings::difference(&lines(rules), &lines(&head)) {
            self.notes.push(format!(
                "{} takes effect after merge: it has {base} at the base commit {commit}, {head} here",
                archive::IGNORE_FILE
            ));
        }
        Ok(Some(rules.to_owned()))
    }

    /// The version of a file that counts. Of repositories in each other the outermost that holds the base is the one that the
    /// pull request is for: an inner one is what a pull request may have brought along.
    fn read(&self, path: &Path) -> Result<Version, Error> {
        let plain = normal(path);
        let real = path.canonicalize().ok();
        let folders = [plain.as_deref(), real.as_deref()].map(|place| place.and_then(Path::parent));
        let mut trees = Vec::new();
        for folder in folders.into_iter().flatten() {
            if trees.is_empty() {
                trees = trees_around(folder)?;
            }
        }
        if trees.is_empty() {
            return Ok(Version::NoRepository);
        }
        for tree in trees.iter().rev() {
            let by_name = plain.as_deref().and_then(|plain| below(tree.root(), plain));
            let Some(name) = by_name.or_else(|| real.as_ref()?.strip_prefix(tree.root()).ok()) else { continue };
            // A clone knows more of the base than the variables do: what was merged with the head, and what was fetched.
            let Some(base) = Context::of(self.environment, || Some(tree.clone())).base else {
                return Ok(Version::CheckedOut);
            };
            for commit in base.commits {
                match tree.entry_at(&commit, name).map_err(archive::Error::from)? {
                    Entry::NotInClone => {}
                    entry => return Ok(Version::At(commit.chars().take(SHORT).collect(), entry)),
                }
            }
        }
        Ok(Version::NotInClone)
    }

    /// The clone lacks the base.
    fn miss(&mut self) -> Result<(), Error> {
        let why = match self.base.iter().flatten().next() {
            Some(commit) => {
                let short: String = commit.chars().take(SHORT).collect();
                format!("the base commit {short} of the pull request is not in the clone")
            }
            None => "which commit is the base of the pull request is not known".to_owned(),
        };
        let way_out = "check out with fetch-depth: 2 or more (actions/checkout), a larger GIT_DEPTH (GitLab), or the target \
                       branch fetched as well (Jenkins)";
        if self.from == PolicyFrom::Base {
            let message = format!("{why}, and --policy-from base asks for its gate settings and ignore rules");
            let hint = format!("{way_out}; or take the head's with --policy-from head");
            return Err(settings::Error::new(message).with_hint(hint).into());
        }
        if self.warnings.iter().all(|warning| !warning.contains(way_out)) {
            let what = "gate settings and ignore rules in the repository are those of the head, which can loosen them";
            self.warnings.push(format!("{why}, so {what}; {way_out}"));
        }
        Ok(())
    }
}

/// The text of a file, if there is one.
fn text(entry: &Entry) -> Result<Option<&str>, &'static str> {
    match entry {
        Entry::Absent | Entry::NotInClone => Ok(None),
        Entry::File(content) if content.len() > LARGEST => Err("it is longer than 1 MiB"),
        Entry::File(content) => str::from_utf8(content).map(Some).map_err(|_bytes_of_a_file| "it is not UTF-8"),
        Entry::Link => Err("it is a symbolic link"),
        Entry::Other => Err("it is not a regular file"),
    }
}

/// A link's own text leads wherever the head has put something.
fn linked(path: &Path, commit: &str) -> Error {
    let path = settings::value::escaped(&path.to_string_lossy());
    settings::Error::new(format!(
        "the gate settings of {path} cannot be read: it is a symbolic link at the base commit {commit}"
    ))
    .with_hint("put the file in place of the link; --policy-from head lets the change through that does so")
    .into()
}

/// The rules of an ignore file.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

/// A path from the root of the file system without `.` and `..`, by its names alone: where links of the head lead makes no difference.
fn normal(path: &Path) -> Option<PathBuf> {
    let mut normal = PathBuf::new();
    for component in std::path::absolute(path).ok()?.components() {
        match component {
            Component::ParentDir => {
                normal.pop();
            }
            component => normal.push(component),
        }
    }
    Some(normal)
}

/// The name of `path` below `root`. Of folders on the way that are the root, be it through a link, the first counts.
fn below<'p>(root: &Path, path: &'p Path) -> Option<&'p Path> {
    let is_root = |folder: &&Path| folder.canonicalize().is_ok_and(|folder| folder == root);
    path.strip_prefix(path.ancestors().skip(1).filter(is_root).last()?).ok()
}

/// The work trees around a folder, the innermost first.
fn trees_around(folder: &Path) -> Result<Vec<WorkTree>, Error> {
    let mut trees = Vec::new();
    let mut next = folder.canonicalize().ok();
    while let Some(folder) = next {
        let tree = match WorkTree::discover(&folder) {
            Ok(Some(tree)) => tree,
            Ok(None) => break,
            // What is around the repository that was found already is nobody's affair.
            Err(_) if !trees.is_empty() => break,
            Err(error) => return Err(archive::Error::from(error).into()),
        };
        next = tree.root().parent().map(Path::to_owned);
        trees.push(tree);
    }
    Ok(trees)
}

#[cfg(test)]
mod tests {
    use fs_err::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn the_name_of_a_file_in_the_repository_is_what_it_is_called_and_not_where_links_lead() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap().join("root");
        fs_err::create_dir_all(root.join("real")).unwrap();
        fs_err::write(root.join("real/a.yml"), "").unwrap();
        symlink("real", root.join("linked")).unwrap();
        symlink(".", root.join("self")).unwrap();
        symlink(&root, root.with_file_name("beside")).unwrap();
        let name = |path: &str| {
            let plain = normal(&root.join(path)).unwrap();
            below(&root, &plain).map(|name| name.display().to_string())
        };
        for (path, expected) in [
            ("a.yml", "a.yml"),
            ("./real/../a.yml", "a.yml"),
            ("linked/a.yml", "linked/a.yml"),
            ("linked/../a.yml", "a.yml"),
            ("self/self/a.yml", "self/self/a.yml"),
            ("../beside/real/a.yml", "real/a.yml"),
            ("gone/a.yml", "gone/a.yml"),
        ] {
            assert_eq!(name(path).as_deref(), Some(expected), "{path}");
        }
        assert_eq!(name("../a.yml"), None);
        assert_eq!(name("../../../../../../../../../../a.yml"), None);
    }

    #[test]
    fn rules_are_compared_without_remarks_and_empty_lines() {
        assert_eq!(lines("# a\n\n  b \r\n!c\n\t\n"), ["  b", "!c"]);
    }
}
