//! Which files are archived, and that the others are said.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixListener;

use fs_err::os::unix::fs::symlink;
use scangate::error::Class;
use scangate::scan::archive::{self, Error, Options};

use super::{Tree, contents, names, options, run, select, write};

#[test]
fn a_work_tree_gives_exactly_its_tracked_files_whatever_ignore_rules_say() {
    let tree = Tree::with_git();
    tree.write(".gitignore", "vendor/\n*.log\n");
    tree.write("vendor/library.js", "x");
    tree.write("src/app.py", "x");
    tree.write(".github/workflows/ci.yml", "x");
    tree.write("package-lock.json", "{}");
    tree.write(".env", "KEY=committed");
    tree.commit_all();
    tree.write("untracked.py", "x");
    tree.write("trace.log", "x");
    let selection = select(tree.path());
    let tracked =
        [".env", ".github/workflows/ci.yml", ".gitignore", "package-lock.json", "src/app.py", "vendor/library.js"];
    assert_eq!(names(&selection), tracked);
    assert_eq!((selection.left_out, selection.notes.len()), (0, 0));
}

#[test]
fn untracked_files_are_added_on_request_less_ignored_and_secret_ones() {
    let tree = Tree::with_git();
    tree.write(".gitignore", "*.log\n");
    tree.write("a.py", "x");
    tree.commit_all();
    tree.write("new.py", "x");
    tree.write(".hidden", "x");
    tree.write("trace.log", "x");
    tree.write("config/.env.local", "KEY=secret");
    tree.write("deploy.PEM", "secret");
    tree.write(".git/info/exclude", "excluded.py\n");
    tree.write("excluded.py", "x");
    tree.write("other/.git/HEAD", "ref: refs/heads/main\n");
    tree.write("other/code.py", "x");
    let selection = archive::select(&Options { untracked: true, ..options(tree.path()) }).unwrap();
    assert_eq!(names(&selection), [".gitignore", ".hidden", "a.py", "new.py"]);
    assert_eq!(
        selection.notes,
        [
            "left out of the archive: 2 untracked, with the name of a file that holds secrets (config/.env.local, deploy.PEM)",
            "left out of the archive: 1 submodules or other repositories, to be scanned by themselves (other)",
        ]
    );
    assert_eq!(selection.left_out, 3);
}

#[test]
fn elsewhere_a_walk_heeds_gitignore_and_keeps_dot_files() {
    let tree = Tree::new();
    tree.write(".gitignore", "/build/\n");
    tree.write("build/out.js", "x");
    tree.write(".eslintrc", "x");
    tree.write(".ignore", "a.py\n");
    tree.write("a.py", "x");
    tree.write("sub/.gitignore", "*.tmp\n!keep.tmp\n");
    tree.write("sub/a.tmp", "x");
    tree.write("sub/keep.tmp", "x");
    tree.write("b.tmp", "x");
    tree.write("project/.git/config", "token");
    tree.write("project/main.c", "x");
    let selection = select(tree.path());
    let walked =
        [".eslintrc", ".gitignore", ".ignore", "a.py", "b.tmp", "project/main.c", "sub/.gitignore", "sub/keep.tmp"];
    assert_eq!(names(&selection), walked);
    assert!(selection.work_tree.is_none());
}

#[test]
fn the_ignore_file_leaves_files_out_and_they_are_counted() {
    let tree = Tree::with_git();
    tree.write(".scangateignore", "tests/\n*.min.js\n");
    tree.write("tests/a.py", "x");
    tree.write("web/a.min.js", "x");
    tree.write("web/a.js", "x");
    tree.commit_all();
    let rules = archive::ignore_rules(tree.path()).unwrap();
    let selection = archive::select(&Options { ignore_rules: &rules, ..options(tree.path()) }).unwrap();
    assert_eq!(names(&selection), [".scangateignore", "web/a.js"]);
    assert_eq!(selection.notes, ["left out of the archive: 2 named by .scangateignore (tests/a.py, web/a.min.js)"]);
    assert_eq!(selection.left_out, 2);
    // The rules that apply are the caller's: without them the file by itself does nothing.
    assert_eq!(select(tree.path()).files.len(), 4);
}

#[test]
fn an_ignore_file_that_is_a_link_is_refused() {
    let tree = Tree::new();
    tree.write("rules", "*\n");
    symlink("rules", tree.path().join(".scangateignore")).unwrap();
    let error = archive::ignore_rules(tree.path()).unwrap_err();
    assert_eq!(error.to_string(), "cannot use .scangateignore: it is not a regular file");
}

#[test]
fn links_give_only_the_content_of_files_that_are_archived_anyway() {
    let outside = Tree::new();
    outside.write("secret", "outside");
    let tree = Tree::with_git();
    tree.write("real.txt", "inside");
    tree.write("folder/a.txt", "a");
    let link = |target: &str, name: &str| symlink(target, tree.path().join(name)).unwrap();
    link("real.txt", "inside");
    link("../real.txt", "folder/up");
    link(outside.path().join("secret").to_str().unwrap(), "outside");
    link("loop-a", "loop-b");
    link("loop-b", "loop-a");
    link("folder", "directory");
    link(".git/config", "settings");
    link(".env", "environment");
    link("nothing", "dangling");
    tree.commit_all();
    tree.write(".env", "TOKEN=untracked");
    let selection = select(tree.path());
    assert_eq!(names(&selection), ["folder/a.txt", "folder/up", "inside", "real.txt"]);
    assert_eq!(selection.left_out, 7);
    assert_eq!(
        selection.notes,
        [
            "left out of the archive: 7 symbolic links that lead to no archived file (dangling, directory, environment, and more)"
        ]
    );
    let (file, _) = write(&selection);
    let contents = contents(file.path());
    assert_eq!(contents["inside"], b"inside");
    assert_eq!(contents["folder/up"], b"inside");
}

#[test]
fn what_is_no_file_is_left_out_without_being_opened() {
    let tree = Tree::new();
    tree.write("a.txt", "x");
    run(tree.path(), "mkfifo", &["pipe"]);
    let _socket = UnixListener::bind(tree.path().join("socket")).unwrap();
    let selection = select(tree.path());
    assert_eq!(names(&selection), ["a.txt"]);
    assert_eq!(selection.notes, ["left out of the archive: 2 FIFOs, sockets or devices (pipe, socket)"]);
}

#[test]
fn a_name_that_is_not_utf8_is_left_out_and_said() {
    for tree in [Tree::new(), Tree::with_git()] {
        tree.write("a.txt", "x");
        fs_err::write(tree.path().join(OsStr::from_bytes(b"bad\xff.py")), "x").unwrap();
        if tree.path().join(".git").exists() {
            tree.commit_all();
        }
        let selection = archive::select(&Options { untracked: true, ..options(tree.path()) }).unwrap();
        assert_eq!(names(&selection), ["a.txt"]);
        assert_eq!(selection.left_out, 1);
        assert_eq!(selection.notes, ["left out of the archive: 1 names that are not UTF-8 (bad\u{fffd}.py)"]);
    }
}

#[test]
fn own_files_are_left_out_unless_git_tracks_them() {
    let tree = Tree::with_git();
    let source = tree.write("app.py", "x");
    tree.commit_all();
    let report = tree.write("out/scangate.sarif", "{}");
    tree.write("other.sarif", "{}");
    let own_files = [source, report];
    let options = Options { untracked: true, own_files: &own_files, ..options(tree.path()) };
    assert_eq!(names(&archive::select(&options).unwrap()), ["app.py", "other.sarif"]);
}

#[test]
fn a_selection_without_files_is_an_error() {
    let empty = Tree::new();
    let error = archive::select(&options(empty.path())).unwrap_err();
    assert!(error.to_string().starts_with("no file was archived from"), "{error}");
    assert_eq!((error.class(), error.hint().is_some()), (Class::Usage, true));
    let untracked = Tree::with_git();
    untracked.write("a.txt", "x");
    let error = archive::select(&options(untracked.path())).unwrap_err();
    assert!(error.hint().unwrap().contains("--untracked"));
    let everything = Options { ignore_rules: "*", untracked: true, ..options(untracked.path()) };
    assert!(matches!(archive::select(&everything), Err(Error::Empty { .. })));
}

#[test]
fn a_directory_that_cannot_be_entered_is_named() {
    let tree = Tree::new();
    let file = tree.write("file", "x");
    for (path, cause) in [(tree.path().join("missing"), "it does not exist"), (file, "it is not a directory")] {
        let error = archive::select(&options(&path)).unwrap_err().to_string();
        assert!(error.contains(path.to_str().unwrap()) && error.contains(cause), "{error}");
    }
}
