//! Trees of git repositories in every state, made by git itself.

use std::os::unix::fs::PermissionsExt as _;

use fs_err::os::unix::fs::symlink;
use scangate::error::Class;
use scangate::scan::archive::{self, Error, Options};
use scangate::scan::git::{Head, WorkTree};

use super::{Tree, names, options, run, select, spawn, write};

#[test]
fn a_tracked_folder_that_became_a_link_is_not_followed() {
    let outside = Tree::new();
    outside.write("a.txt", "outside");
    let tree = Tree::with_git();
    tree.write("folder/a.txt", "inside");
    tree.write("b.txt", "x");
    tree.commit_all();
    fs_err::remove_dir_all(tree.path().join("folder")).unwrap();
    symlink(outside.path(), tree.path().join("folder")).unwrap();
    let selection = select(tree.path());
    assert_eq!(names(&selection), ["b.txt"]);
    assert_eq!(selection.notes, ["left out of the archive: 1 tracked by git, but not on disk (folder/a.txt)"]);
}

#[test]
fn a_part_of_the_tree_knows_its_place_in_the_repository() {
    let tree = Tree::with_git();
    tree.write("services/api/main.go", "x");
    tree.write("services/api-tests/main.go", "x");
    tree.write("README.md", "x");
    tree.commit_all();
    let selection = select(&tree.path().join("services/api"));
    assert_eq!(names(&selection), ["main.go"]);
    assert_eq!(selection.prefix, "services/api");
    assert_eq!(select(tree.path()).prefix, "");
}

#[test]
fn ignore_rules_above_the_directory_hold_for_untracked_files() {
    let tree = Tree::with_git();
    tree.write(".gitignore", "*.log\n/part/out/\n");
    tree.write("part/a.py", "x");
    tree.commit_all();
    tree.write("part/trace.log", "x");
    tree.write("part/out/b.js", "x");
    let part = tree.path().join("part");
    let selection = archive::select(&Options { untracked: true, ..options(&part) }).unwrap();
    assert_eq!(names(&selection), ["a.py"]);
}

#[test]
fn a_bare_repository_committed_to_another_is_not_taken_for_one() {
    let tree = Tree::with_git();
    tree.write("inner/HEAD", "ref: refs/heads/main\n");
    tree.write("inner/objects/keep", "");
    tree.write("inner/refs/keep", "");
    tree.commit_all();
    tree.write("inner/untracked", "x");
    let selection = select(&tree.path().join("inner"));
    assert_eq!(names(&selection), ["HEAD", "objects/keep", "refs/keep"]);
    assert_eq!(selection.prefix, "inner");
}

#[test]
fn deleted_conflicting_and_foreign_entries_of_the_index_are_handled() {
    let module = Tree::with_git();
    module.write("module.c", "x");
    module.commit_all();
    let tree = Tree::with_git();
    tree.write("a.txt", "base\n");
    tree.write("gone.txt", "x");
    tree.commit_all();
    tree.git(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        module.path().to_str().unwrap(),
        "sub",
    ]);
    tree.commit_all();
    tree.git(&["switch", "--quiet", "--create", "side"]);
    tree.write("a.txt", "side\n");
    tree.commit_all();
    tree.git(&["switch", "--quiet", "main"]);
    tree.write("a.txt", "main\n");
    tree.commit_all();
    let merge = spawn(tree.path(), "git", &["merge", "--quiet", "side"]);
    assert!(!merge.status.success(), "the merge was to end in a conflict");
    assert_eq!(tree.git(&["ls-files", "--unmerged"]).lines().count(), 3);
    fs_err::remove_file(tree.path().join("gone.txt")).unwrap();
    for untracked in [false, true] {
        let selection = archive::select(&Options { untracked, ..options(tree.path()) }).unwrap();
        assert_eq!(names(&selection), [".gitmodules", "a.txt"]);
        assert_eq!(
            selection.notes,
            [
                "left out of the archive: 1 tracked by git, but not on disk (gone.txt)",
                "left out of the archive: 1 submodules or other repositories, to be scanned by themselves (sub)",
            ]
        );
    }
    assert_eq!(names(&select(&tree.path().join("sub"))), ["module.c"]);
}

#[test]
fn a_sparse_checkout_says_what_is_not_there() {
    let tree = Tree::with_git();
    tree.write("in/a.txt", "x");
    tree.write("out/b.txt", "x");
    tree.write("top.txt", "x");
    tree.commit_all();
    tree.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "in"]);
    let selection = select(tree.path());
    assert_eq!(names(&selection), ["in/a.txt", "top.txt"]);
    assert_eq!(selection.left_out, 1);
    assert!(selection.notes[0].starts_with("left out of the archive: 1 tracked by git, but not on disk (out/"));
}

#[test]
fn branch_and_commit_are_read_in_every_state_of_a_repository() {
    let tree = Tree::with_git();
    let head = || WorkTree::discover(tree.path()).unwrap().unwrap().head().unwrap();
    let on = |branch: Option<&str>, commit: Option<&str>| Head {
        branch: branch.map(str::to_owned),
        commit: commit.map(str::to_owned),
        is_unnamable: false,
    };
    assert_eq!(head(), on(Some("main"), None));
    tree.write("a.txt", "x");
    let commit = tree.commit_all();
    assert_eq!(head(), on(Some("main"), Some(&commit)));
    tree.git(&["switch", "--quiet", "--create", "feature/x"]);
    tree.git(&["pack-refs", "--all"]);
    assert_eq!(head(), on(Some("feature/x"), Some(&commit)));
    tree.git(&["switch", "--quiet", "--detach"]);
    assert_eq!(head(), on(None, Some(&commit)));
}

#[test]
fn a_linked_work_tree_has_its_own_head_and_index() {
    let tree = Tree::with_git();
    tree.write("a.txt", "x");
    let commit = tree.commit_all();
    let folder = Tree::new();
    let linked = folder.path().join("linked");
    tree.git(&["worktree", "add", "--quiet", "-b", "other", linked.to_str().unwrap()]);
    fs_err::write(linked.join("b.txt"), "x").unwrap();
    run(&linked, "git", &["add", "b.txt"]);
    let selection = select(&linked);
    assert_eq!(names(&selection), ["a.txt", "b.txt"]);
    let head = selection.work_tree.unwrap().head().unwrap();
    assert_eq!((head.branch.as_deref(), head.commit), (Some("other"), Some(commit)));
    // In a container that mounts the linked work tree alone, its `.git` file leads nowhere. A walk instead would send files
    // that git does not track.
    fs_err::remove_dir_all(tree.path()).unwrap();
    let error = archive::select(&options(&linked)).unwrap_err();
    assert!(matches!(error, Error::Git(_)), "{error}");
    assert!(error.to_string().contains(".git"), "{error}");
    assert_eq!(error.class(), Class::Usage);
}

#[test]
fn a_repository_with_sha256_ids_is_read() {
    let tree = Tree::new();
    tree.git(&["init", "--quiet", "--object-format=sha256"]);
    tree.write("a.txt", "x");
    let commit = tree.commit_all();
    tree.write("b.txt", "x");
    let selection = select(tree.path());
    assert_eq!(names(&selection), ["a.txt"]);
    assert_eq!(selection.work_tree.unwrap().head().unwrap().commit, Some(commit));
}

#[test]
fn a_damaged_index_is_an_error_and_not_an_empty_one() {
    let tree = Tree::with_git();
    tree.write("a.txt", "x");
    tree.commit_all();
    let index = tree.path().join(".git/index");
    let mut bytes = fs_err::read(&index).unwrap();
    bytes[20] ^= 1;
    fs_err::write(&index, bytes).unwrap();
    let error = archive::select(&options(tree.path())).unwrap_err();
    assert!(error.to_string().starts_with("cannot read the git repository at"), "{error}");
}

#[test]
fn nothing_that_a_repository_configures_is_run() {
    let tree = Tree::with_git();
    tree.write("a.txt", "x");
    tree.commit_all();
    let trap = tree.write("trap.sh", "#!/bin/sh\ntouch \"$(dirname \"$0\")/sprung\"\ncat\n");
    fs_err::set_permissions(&trap, std::fs::Permissions::from_mode(0o755)).unwrap();
    let command = trap.to_str().unwrap();
    let hooks = ["post-index-change", "fsmonitor-watchman", "pre-commit", "post-checkout"];
    for hook in hooks {
        fs_err::create_dir_all(tree.path().join(".git/hooks")).unwrap();
        fs_err::copy(&trap, tree.path().join(".git/hooks").join(hook)).unwrap();
    }
    let keys =
        ["core.fsmonitor", "core.sshCommand", "core.pager", "filter.x.clean", "filter.x.process", "diff.x.textconv"];
    for key in keys.into_iter().chain(["alias.status", "credential.helper", "core.gitProxy"]) {
        tree.git(&["config", key, command]);
    }
    tree.write(".gitattributes", "* filter=x diff=x\n");
    let selection = archive::select(&Options { untracked: true, ..options(tree.path()) }).unwrap();
    selection.work_tree.as_ref().unwrap().head().unwrap();
    write(&selection);
    assert!(names(&selection).contains(&"a.txt"));
    for sprung in ["sprung", ".git/hooks/sprung"] {
        assert!(!tree.path().join(sprung).exists());
    }
    // The trap works: git itself springs it.
    tree.git(&["status"]);
    assert!(tree.path().join("sprung").exists());
}
