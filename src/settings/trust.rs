//! Which files a pull request can edit. Where a file lies decides, and not who named it (DESIGN section 4).

use std::path::{Component, Path, PathBuf};

use super::document::Document;
use super::layers::Layers;
use super::{Environment, Error, keys};

/// The variables in which CI systems name the folder that holds the checked-out repository: GitHub's, GitLab's, Jenkins'.
const WORKSPACES: [&str; 3] = ["GITHUB_WORKSPACE", "CI_PROJECT_DIR", "WORKSPACE"];

/// The folders whose content a pull request can edit: what is scanned, the repository around it, and the CI's workspace.
#[derive(Clone)]
pub(super) struct Ground {
    working_directory: PathBuf,
    roots: Vec<PathBuf>,
}

impl Ground {
    /// That of a run with these flags and variables.
    pub(super) fn of(layers: &Layers<'_>) -> Self {
        let environment: &Environment = layers.environment();
        let working_directory = environment.working_directory().to_owned();
        let around = repository_around(&working_directory);
        let workspaces = WORKSPACES.into_iter().filter_map(|name| environment.get(name)).map(PathBuf::from);
        let ground = Self { working_directory, roots: around.into_iter().chain(workspaces).collect() };
        match layers.value(&keys::DIR) {
            Some(directory) => ground.with(directory.text),
            None => ground,
        }
    }

    /// The same with what is scanned.
    #[must_use]
    pub(super) fn with(mut self, directory: &str) -> Self {
        let directory = self.working_directory.join(directory);
        self.roots.extend(repository_around(&directory));
        self.roots.push(directory);
        self
    }

    /// The same with the working directory, where what is found by itself is found by whoever put it there.
    #[must_use]
    pub(super) fn with_working_directory(self) -> Self {
        self.with(".")
    }

    /// A path as it is meant from the working directory.
    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        self.working_directory.join(path)
    }

    /// Whether a file lies there, by its own place or by that of what it links to. One whose place cannot be told does.
    pub(super) fn holds(&self, file: &Path) -> bool {
        let mut places = vec![std::path::absolute(file).ok(), resolve(file)];
        places.push(file.parent().and_then(resolve).zip(file.file_name()).map(|(parent, name)| parent.join(name)));
        let Some(places) = places.into_iter().collect::<Option<Vec<PathBuf>>>() else { return true };
        self.roots.iter().any(|root| {
            let (plain, real) = (std::path::absolute(root).ok(), resolve(root));
            let is_below = |root: &Option<PathBuf>| {
                root.as_ref().is_none_or(|root| places.iter().any(|place| place.starts_with(root)))
            };
            is_below(&plain) || is_below(&real)
        })
    }

    /// Whether a path, as it is meant from the working directory, stays there and out of git's own folder.
    pub(super) fn keeps(&self, path: &str) -> bool {
        let Some(place) = resolve(&self.resolve(path)) else { return false };
        let is_gits = |component: Component<'_>| component.as_os_str().eq_ignore_ascii_case(".git");
        let mut roots = self.roots.iter().filter_map(|root| resolve(root));
        roots.any(|root| place.strip_prefix(&root).is_ok_and(|below| !below.components().any(is_gits)))
    }
}

/// Refuses what files of the user's own choose where they lie in the folder that is scanned. Only now is it known which that is: the
/// working directory is scanned where nothing else is named, and is no such folder for whoever scans something else from there.
///
/// # Errors
/// The setting.
pub(super) fn refuse_own_files_in(directory: &str, layers: &Layers<'_>) -> Result<(), Error> {
    let ground = Ground::of(layers).with(directory);
    let mut own = layers.documents().iter().filter(|document| document.is_trusted && ground.holds(&document.path));
    match own.find_map(Document::choice) {
        None => Ok(()),
        Some(origin) => Err(Error::new(format!("{origin} lies in what is scanned, where a pull request can edit it"))
            .with_hint("set HOME to a folder outside of it, or scan another folder with --dir")),
    }
}

/// The repository that a folder lies in. Whatever has the name of git's folder makes one: this is for caution, not for reading.
fn repository_around(folder: &Path) -> Option<PathBuf> {
    let folder = resolve(folder)?;
    folder.ancestors().find(|ancestor| ancestor.join(".git").exists()).map(Path::to_owned)
}

/// Where a file or folder lies that may not be there yet: links are followed as far as it exists.
pub(crate) fn resolve(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    let existing = absolute.ancestors().find(|ancestor| ancestor.exists())?;
    let rest = absolute.strip_prefix(existing).ok()?;
    // Beyond what exists, `..` could lead anywhere once somebody makes a link there.
    let is_plain = rest.components().all(|component| matches!(component, Component::Normal(_)));
    is_plain.then(|| existing.canonicalize().ok().map(|existing| existing.join(rest)))?
}

#[cfg(test)]
mod tests {
    use fs_err::os::unix::fs::symlink;
    use tempfile::TempDir;

    use super::*;
    use crate::settings::Flags;

    /// A folder with a repository `tree`, a folder `other` beside it, and a link from each to the other.
    fn folders() -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["tree/.git", "tree/src", "other"] {
            fs_err::create_dir_all(at(name)).unwrap();
        }
        for file in ["tree/a.yml", "tree/src/b.yml", "other/c.yml"] {
            fs_err::write(at(file), "").unwrap();
        }
        symlink(at("other"), at("tree/out")).unwrap();
        symlink(at("tree"), at("other/in")).unwrap();
        symlink(at("other/c.yml"), at("tree/c.yml")).unwrap();
        symlink(at("tree/a.yml"), at("other/a.yml")).unwrap();
        folder
    }

    fn ground(folder: &TempDir, directory: &str, variables: &[(&str, &str)]) -> Ground {
        let environment = Environment::from_pairs(variables.iter().copied());
        let environment = environment.in_directory(folder.path().join(directory));
        Ground::of(&Layers::new(&Flags::default(), &environment))
    }

    #[test]
    fn a_file_in_the_repository_or_a_link_from_or_to_it_can_be_edited_there() {
        let folder = folders();
        let ground = ground(&folder, "tree/src", &[]);
        for inside in ["tree/a.yml", "tree/src/b.yml", "tree/c.yml", "tree/out/c.yml", "other/a.yml", "other/in/a.yml"]
        {
            assert!(ground.holds(&folder.path().join(inside)), "{inside}");
        }
        assert!(!ground.holds(&folder.path().join("other/c.yml")));
    }

    #[test]
    fn the_workspace_of_a_ci_and_what_is_scanned_are_such_ground_wherever_the_run_is() {
        let folder = folders();
        let file = folder.path().join("tree/a.yml");
        assert!(!ground(&folder, "other", &[]).holds(&file));
        let tree = folder.path().join("tree").display().to_string();
        for name in ["GITHUB_WORKSPACE", "CI_PROJECT_DIR", "WORKSPACE", "SCANGATE_DIR"] {
            assert!(ground(&folder, "other", &[(name, &tree)]).holds(&file), "{name}");
        }
        assert!(ground(&folder, "other", &[("SCANGATE_DIR", "../tree/src")]).holds(&file));
        assert!(ground(&folder, "other", &[]).with_working_directory().holds(&folder.path().join("other/c.yml")));
    }

    #[test]
    fn a_path_that_leaves_the_workspace_is_not_kept_by_whatever_way() {
        let folder = folders();
        let ground = ground(&folder, "tree", &[]);
        for inside in ["a.yml", "src", ".", "new/report.sarif", "src/../a.yml"] {
            assert!(ground.keeps(inside), "{inside}");
        }
        for outside in ["..", "../other", "out", "out/c.yml", "c.yml", "/etc/passwd", "new/../../other", ".git/config"]
        {
            assert!(!ground.keeps(outside), "{outside}");
        }
    }
}
