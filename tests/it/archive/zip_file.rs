//! The archive as a file: what other readers find in it, and what becomes of it.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;

use fs_err::os::unix::fs::symlink;
use scangate::scan::archive::{self, Error};

use super::{Tree, contents, names, run, select, write};

#[test]
fn the_same_tree_gives_the_same_bytes() {
    let files = [("b/x.txt", "x".repeat(5000)), ("a.txt", "a".to_owned()), ("b.txt", String::new())];
    let digests = [false, true].map(|reversed| {
        let tree = Tree::new();
        let mut files = files.to_vec();
        if reversed {
            files.reverse();
        }
        for (name, text) in files {
            let path = tree.write(name, text);
            let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(if reversed { 1 } else { 1_000_000_000 });
            fs_err::File::open(&path).unwrap().into_file().set_modified(old).unwrap();
            let mode = if reversed { 0o600 } else { 0o664 };
            fs_err::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        write(&select(tree.path())).1.digest
    });
    assert_eq!(digests[0], digests[1]);
    assert_eq!(digests[0].len(), 64);
}

#[test]
fn another_reader_finds_every_file_with_its_bytes() {
    let tree = Tree::new();
    // Beyond what one worker takes at once, what does not shrink, and what goes straight into the archive.
    let mut noise = 0x9e37_79b9_u32;
    let mut random = |length: usize| -> Vec<u8> {
        let next = || {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            noise.to_be_bytes()[0]
        };
        std::iter::repeat_with(next).take(length).collect()
    };
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for number in 0..600 {
        files.insert(format!("many/{number}.txt"), format!("{number}\n").repeat(number).into_bytes());
    }
    files.insert("large.bin".to_owned(), random(5 << 20));
    files.insert("middle.bin".to_owned(), random(3 << 20));
    files.insert("empty".to_owned(), Vec::new());
    files.insert("naïve/プログラム 1.py".to_owned(), b"print()\n".to_vec());
    for (name, bytes) in &files {
        tree.write(name, bytes);
    }
    let selection = select(tree.path());
    let (file, summary) = write(&selection);
    assert_eq!(contents(file.path()), files);
    assert_eq!(summary.entries, files.len() as u64);
    assert_eq!(summary.bytes, file.path().metadata().unwrap().len());
    assert_eq!(selection.bytes(), files.values().map(|bytes| bytes.len() as u64).sum::<u64>());
    let archive = file.path().to_str().unwrap();
    assert!(run(tree.path(), "unzip", &["-t", "-q", archive]).starts_with("No errors detected"));
    assert_eq!(run(tree.path(), "unzip", &["-Z1", archive]).lines().collect::<Vec<_>>(), names(&selection));
    assert_eq!(run(tree.path(), "sha256sum", &[archive]).split_once(' ').unwrap().0, summary.digest);
    assert_eq!(archive::ready(file.path()).unwrap(), summary);
}

#[test]
fn more_entries_than_the_first_zip_format_counts_are_read_back() {
    let tree = Tree::new();
    let many = 65_600;
    for number in 0..many {
        tree.write(&format!("{}/{number}", number / 1000), "");
    }
    let (file, summary) = write(&select(tree.path()));
    assert_eq!(summary.entries, many);
    let listing = run(tree.path(), "unzip", &["-Z1", file.path().to_str().unwrap()]);
    assert_eq!(listing.lines().count() as u64, many);
}

#[test]
fn an_executable_stays_one_and_all_other_modes_are_alike() {
    let tree = Tree::new();
    let script = tree.write("run.sh", "x");
    fs_err::set_permissions(script, std::fs::Permissions::from_mode(0o700)).unwrap();
    let private = tree.write("private.txt", "x");
    fs_err::set_permissions(private, std::fs::Permissions::from_mode(0o600)).unwrap();
    let (file, _) = write(&select(tree.path()));
    let mut archive = zip::ZipArchive::new(fs_err::File::open(file.path()).unwrap()).unwrap();
    let mut mode = |name: &str| archive.by_name(name).unwrap().unix_mode().unwrap();
    assert_eq!((mode("private.txt"), mode("run.sh")), (0o100_644, 0o100_755));
}

#[test]
fn the_temporary_archive_is_private_and_deleted() {
    let folder = Tree::new();
    let file = archive::temporary(Some(folder.path())).unwrap();
    let path = file.path().to_owned();
    assert_eq!(path.parent(), Some(folder.path()));
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    drop(file);
    assert!(!path.exists());
}

#[test]
fn a_saved_archive_replaces_a_link_instead_of_following_it() {
    let tree = Tree::new();
    tree.write("a.txt", "x");
    let victim = tree.write("victim", "untouched");
    let path = tree.path().join("out.zip");
    let selection = select(tree.path());
    symlink(&victim, &path).unwrap();
    let summary = archive::save(&selection, &path).unwrap();
    assert_eq!(archive::ready(&path).unwrap(), summary);
    assert!(path.symlink_metadata().unwrap().is_file());
    assert_eq!(fs_err::read(victim).unwrap(), b"untouched");
    let error = archive::save(&selection, &tree.path().join("missing/out.zip")).unwrap_err();
    assert!(error.to_string().starts_with("cannot write the archive"), "{error}");
}

#[test]
fn a_file_that_vanishes_before_it_is_read_ends_the_archive() {
    let tree = Tree::new();
    tree.write("a.txt", "x");
    let gone = tree.write("gone.txt", "x");
    let selection = select(tree.path());
    fs_err::remove_file(gone).unwrap();
    let file = archive::temporary(None).unwrap();
    let error = archive::write(&selection, file.as_file()).unwrap_err();
    assert!(matches!(error, Error::Unreadable(_)) && error.to_string().contains("gone.txt"), "{error}");
}

#[test]
fn a_file_that_changes_its_length_harms_no_other() {
    let tree = Tree::new();
    let grows = tree.write("a-grows.log", "0123456789");
    let shrinks = tree.write("b-shrinks.log", "0123456789");
    tree.write("c.txt", "whole");
    let selection = select(tree.path());
    fs_err::write(grows, "0123456789 and more").unwrap();
    fs_err::write(shrinks, "01").unwrap();
    let (file, _) = write(&selection);
    let contents = contents(file.path());
    assert_eq!(contents["a-grows.log"], b"0123456789");
    assert_eq!(contents["b-shrinks.log"], b"01");
    assert_eq!(contents["c.txt"], b"whole");
}

#[test]
fn what_is_no_archive_is_refused() {
    let tree = Tree::new();
    let text = tree.write("text.zip", "not a zip");
    let hollow = tree.path().join("hollow.zip");
    let mut writer = zip::ZipWriter::new(fs_err::File::create(&hollow).unwrap());
    writer.add_directory("folder/", zip::write::SimpleFileOptions::DEFAULT).unwrap();
    writer.finish().unwrap();
    for path in [text, hollow, tree.path().to_owned(), tree.path().join("missing.zip")] {
        let error = archive::ready(&path).unwrap_err();
        assert!(matches!(error, Error::NotAnArchive { .. }), "{error}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
}
