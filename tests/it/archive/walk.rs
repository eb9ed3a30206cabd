//! The walk that heeds ignore rules, against git's own.

use std::path::Path;

use fs_err::os::unix::fs::symlink;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select as one_of;
use scangate::scan::archive::{self, Error, Options};

use super::{Tree, names, options, run, select};

/// What the walk finds in a work tree where git tracks nothing.
fn untracked(directory: &Path) -> Vec<String> {
    let selected = archive::select(&Options { untracked: true, ..options(directory) });
    if let Err(Error::Empty { .. }) = selected {
        return Vec::new();
    }
    names(&selected.unwrap()).into_iter().map(str::to_owned).collect()
}

/// What git finds there.
fn untracked_to_git(directory: &Path) -> Vec<String> {
    let listed = run(directory, "git", &["ls-files", "-z", "--others", "--exclude-standard"]);
    let mut names: Vec<_> = listed.split_terminator('\0').map(str::to_owned).collect();
    names.sort_unstable();
    names
}

/// A folder as seen from the top, empty or with `/` at its end.
fn folder() -> impl Strategy<Value = String> {
    vec(one_of(&["a/", "b/", "ab/", "A b/", "ä/"][..]), 0..4).prop_map(|parts| parts.concat())
}

/// The name of a file. None is that of a folder.
fn file() -> impl Strategy<Value = String> {
    (folder(), one_of(&["f", "g.c", "ab.c", ".h", "b.a", "#x", "!y", "a\\b", "[a]", "s "][..]))
        .prop_map(|(folder, name)| format!("{folder}{name}"))
}

/// A line of ignore rules: often one that fits a path, and sometimes nonsense.
fn rule() -> impl Strategy<Value = String> {
    let sensible = [
        "a",
        "a/",
        "/a",
        "b/",
        "*.c",
        "!*.c",
        "/*",
        "!a/",
        "!b",
        "a/b",
        "**/b",
        "a/**",
        "!a/**",
        "a/**/b",
        "**",
        "*",
        "!f",
        "?",
        "[ab]",
        "!ab.c",
        "/a/*",
        "!/a/b/",
        "f",
        ".*",
        "a?",
        "*b*",
        "\\#x",
        "\\!y",
        "#x",
        "[!a]*",
        "[[:alpha:]].c",
        "A*",
        "ä",
        "s\\ ",
    ];
    let pieces = [
        "a", "b", "c", ".", "/", "*", "**", "?", "[ab]", "[!a]", "[^b]", "[a-c]", "[", "]", "\\", "!", "#", " ", "ä",
        "{a,b}", "\t", "\r",
    ];
    prop_oneof![
        3 => one_of(sensible.map(str::to_owned).to_vec()),
        1 => vec(one_of(pieces.to_vec()), 1..6).prop_map(|pieces| pieces.concat()),
    ]
}

fn rules() -> impl Strategy<Value = String> {
    vec(rule(), 1..6).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn the_walk_finds_what_git_calls_untracked(
        files in btree_set(file(), 1..16),
        ignore_files in btree_map(folder(), rules(), 0..4),
        exclude in rules(),
    ) {
        let tree = Tree::with_git();
        for name in &files {
            tree.write(name, "x");
        }
        for (folder, rules) in &ignore_files {
            tree.write(&format!("{folder}.gitignore"), rules);
        }
        tree.write(".git/info/exclude", exclude);
        let expected = untracked_to_git(tree.path());
        prop_assert_eq!(&untracked(tree.path()), &expected);
        // From a folder inside, which git would not look into if it were left out as a whole.
        if expected.iter().any(|name| name.starts_with("a/")) {
            let folder = tree.path().join("a");
            prop_assert_eq!(untracked(&folder), untracked_to_git(&folder));
        }
    }
}

#[test]
fn a_rule_deeper_down_wins_and_no_rule_reaches_into_a_folder_that_is_left_out() {
    let tree = Tree::new();
    tree.write(".gitignore", "*.log\nout/\n!out/keep.txt\n");
    tree.write("logs/.gitignore", "!kept.log\n/top.log\n");
    for name in ["a.log", "logs/kept.log", "logs/deep/kept.log", "logs/b.log", "out/keep.txt", "out/.gitignore"] {
        tree.write(name, "!*\n");
    }
    assert_eq!(names(&select(tree.path())), [".gitignore", "logs/.gitignore", "logs/deep/kept.log", "logs/kept.log"]);
}

#[test]
fn rules_are_taken_from_regular_files_only() {
    let outside = Tree::new();
    let rules = outside.write("rules", "*.py\n");
    let tree = Tree::new();
    symlink(&rules, tree.path().join(".gitignore")).unwrap();
    tree.write("a.py", "x");
    fs_err::create_dir(tree.path().join("pipe")).unwrap();
    run(&tree.path().join("pipe"), "mkfifo", &[".gitignore"]);
    tree.write("pipe/b.py", "x");
    tree.write("folder/.gitignore/c.py", "x");
    assert_eq!(names(&select(tree.path())), ["a.py", "folder/.gitignore/c.py", "pipe/b.py"]);
}

#[test]
fn rules_too_large_to_be_true_end_the_run() {
    let tree = Tree::new();
    tree.write("sub/.gitignore", "a\n".repeat((1 << 19) + 1));
    let error = archive::select(&options(tree.path())).unwrap_err().to_string();
    assert!(error.starts_with("cannot archive the tree: ") && error.ends_with("sub/.gitignore is larger than 1 MiB"));
}

#[test]
fn a_linked_work_tree_has_the_excluded_names_of_its_repository() {
    let tree = Tree::with_git();
    tree.write("a.txt", "x");
    tree.commit_all();
    tree.write(".git/info/exclude", "excluded.py\n");
    let folder = Tree::new();
    let linked = folder.path().join("linked");
    tree.git(&["worktree", "add", "--quiet", "-b", "other", linked.to_str().unwrap()]);
    fs_err::write(linked.join("excluded.py"), "x").unwrap();
    fs_err::write(linked.join("new.py"), "x").unwrap();
    assert_eq!(untracked(&linked), ["a.txt", "new.py"]);
}
