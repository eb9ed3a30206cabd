//! Whether a folder lies outside of what is scanned.

use std::path::Path;

use super::git::WorkTree;
use crate::settings::{self, resolve, value::escaped};

/// Refuses a folder inside of the scanned tree or the repository around it: what the platforms answered would be uploaded with the
/// next scan, or committed.
pub(super) fn check(folder: &Path, flag: &str, directory: &Path) -> Result<(), settings::Error> {
    let name = escaped(&folder.to_string_lossy());
    let refused = |cause: &str| {
        settings::Error::new(format!("--{flag} {name} cannot be used: {cause}"))
            .with_hint("name a folder outside of what is scanned, such as one in the folder for temporary files")
    };
    let work_tree = WorkTree::discover(directory).ok().flatten();
    let root = work_tree.as_ref().map_or(directory, WorkTree::root);
    let root = root.canonicalize().map_err(|cause| refused(&cause.to_string()))?;
    let resolved = resolve(folder).ok_or_else(|| refused("it cannot be told where it lies"))?;
    if resolved.starts_with(&root) {
        return Err(refused("it lies in what is scanned"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_outside(folder: &Path, directory: &Path) -> bool {
        check(folder, "save-raw", directory).is_ok()
    }

    #[test]
    fn a_folder_is_outside_unless_it_lies_in_the_tree_by_whatever_way() {
        let (tree, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (tree, other) = (tree.path(), other.path());
        fs_err::os::unix::fs::symlink(tree, other.join("link")).unwrap();
        assert!(is_outside(other, tree) && is_outside(&other.join("new/raw"), tree));
        for inside in [tree.to_owned(), tree.join("raw"), tree.join("a/b/c"), other.join("link/raw")] {
            assert!(!is_outside(&inside, tree), "{}", inside.display());
        }
        assert!(!is_outside(&other.join("new/../raw"), tree));
    }

    #[test]
    fn the_repository_around_a_folder_is_scanned_ground_too() {
        let root = tempfile::tempdir().unwrap();
        for folder in [".git/objects", ".git/refs", "src"] {
            fs_err::create_dir_all(root.path().join(folder)).unwrap();
        }
        fs_err::write(root.path().join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
        assert!(!is_outside(&root.path().join("raw"), &root.path().join("src")));
    }
}
