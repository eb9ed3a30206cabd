//! Whether a folder that is written to lies outside of what is scanned, and whether it lies where it is said to.

use std::path::{Component, Path, PathBuf};

use super::git::WorkTree;
use crate::settings::{self, resolve, value::escaped};

/// Refuses a folder inside of the scanned tree or the repository around it: what the platforms answered would be uploaded with the
/// next scan, or committed.
pub(super) fn check(folder: &Path, flag: &str, directory: &Path) -> Result<(), settings::Error> {
    let resolved = resolve(folder).ok_or_else(|| refused(folder, flag, "it cannot be told where it lies"))?;
    // What is not there is not uploaded, and says so itself.
    if workspace(directory).is_some_and(|root| resolved.starts_with(root)) {
        return Err(refused(folder, flag, "it lies in what is scanned"));
    }
    Ok(())
}

/// Refuses a folder that a link leads out of the workspace, of which [`is_led_out`] tells.
pub(super) fn check_links(folder: &Path, flag: &str) -> Result<(), settings::Error> {
    if is_led_out(folder, Path::new(".")) { Err(refused(folder, flag, LED_OUT)) } else { Ok(()) }
}

fn refused(folder: &Path, flag: &str, cause: &str) -> settings::Error {
    let name = escaped(&folder.to_string_lossy());
    settings::Error::new(format!("--{flag} {name} cannot be used: {cause}"))
        .with_hint("name a folder outside of what is scanned, such as one in the folder for temporary files")
}

/// What is said of such a folder.
pub(super) const LED_OUT: &str = "a link leads its folder out of the workspace";

/// Whether a folder is written as one of the workspace, which is the repository around the working directory or else that itself,
/// and lies elsewhere. A pull request can bring such a link, and would choose where on the machine a file is replaced. Links outside
/// of the workspace, and one that leads to it, are the machine's own.
pub(super) fn is_led_out(folder: &Path, working_directory: &Path) -> bool {
    let Some(root) = workspace(working_directory) else { return false };
    let Ok(absolute) = std::path::absolute(folder) else { return true };
    let mut written = PathBuf::new();
    for component in absolute.components() {
        if component == Component::ParentDir {
            written.pop();
        } else {
            written.push(component);
        }
    }
    let is_inside = |place: &Path| place.canonicalize().is_ok_and(|place| place.starts_with(&root));
    written.ancestors().any(is_inside) && resolve(folder).is_none_or(|place| !place.starts_with(&root))
}

/// The root of the repository around a folder, or the folder, without links.
fn workspace(folder: &Path) -> Option<PathBuf> {
    let work_tree = WorkTree::discover(folder).ok().flatten();
    work_tree.as_ref().map_or(folder, WorkTree::root).canonicalize().ok()
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

    #[test]
    fn a_link_in_the_workspace_that_leads_out_of_it_is_told_from_all_others() {
        let (tree, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (tree, other) = (tree.path(), other.path());
        for folder in [tree.join("src"), tree.join("real"), other.join("victim/deep")] {
            fs_err::create_dir_all(folder).unwrap();
        }
        let link = |target: &Path, place: &Path| fs_err::os::unix::fs::symlink(target, place).unwrap();
        link(&other.join("victim/deep"), &tree.join("reports"));
        link(&tree.join("real"), &tree.join("within"));
        link(tree, &other.join("workspace"));
        link(&other.join("victim"), &other.join("elsewhere"));
        let own = other.join("workspace");
        for led_out in ["reports", "reports/..", "reports/new", "src/../reports"] {
            for root in [tree, &own] {
                assert!(is_led_out(&root.join(led_out), tree), "{} {led_out}", root.display());
                assert!(is_led_out(&root.join(led_out), &own), "{} {led_out}", root.display());
            }
        }
        let inside = ["", "src", "within", "within/new", "src/.."].map(|name| tree.join(name));
        let by_link = ["workspace", "workspace/src", "workspace/within"].map(|name| other.join(name));
        let outside = ["", "victim", "elsewhere", "elsewhere/deep", "new"].map(|name| other.join(name));
        let climbing = tree.join("..").join(other.file_name().unwrap());
        for place in inside.iter().chain(&by_link).chain(&outside).chain([&climbing]) {
            assert!(!is_led_out(place, tree), "{}", place.display());
        }
    }

    #[test]
    fn of_a_folder_in_a_repository_the_workspace_is_the_repository() {
        let (root, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for folder in [".git/objects", ".git/refs", "src", "reports"] {
            fs_err::create_dir_all(root.path().join(folder)).unwrap();
        }
        fs_err::write(root.path().join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
        let source = root.path().join("src");
        fs_err::os::unix::fs::symlink(other.path(), root.path().join("planted")).unwrap();
        fs_err::os::unix::fs::symlink("../reports", source.join("reports")).unwrap();
        assert!(is_led_out(&source.join("../planted"), &source));
        assert!(!is_led_out(&source.join("reports"), &source));
    }
}
