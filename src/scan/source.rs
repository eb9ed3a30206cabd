//! What is kept of the source lines that findings point at: hashes for fingerprints and reports, never text.
//!
//! Paths come from a platform and are hostile, and so are the files: only regular files that really lie in the tree are read,
//! one at a time, and no large or binary one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::line_hash;
use crate::finding::{FileLocation, Finding, Location, RepositoryPath, SourceLine};
use crate::regular_file;
use crate::sorting::collected;

/// The largest file that is read, in bytes. Nobody writes longer ones by hand.
const MAX_BYTES: u64 = 4 << 20;

/// How far a NUL byte is looked for, in bytes: git's own test for a binary file.
const BINARY_PROBE: usize = 8000;

/// Reads the line of every finding that names one, and puts its hashes into the finding's location. `root` is the root of the
/// repository, to which the paths of findings are relative. Each file is read once. It blocks.
///
/// A file or line that is not there, or must not be read, leaves its findings as they are: a platform may know the tree better
/// than we do, and a finding without a hash still counts.
pub fn attach(findings: &mut [Finding], root: &Path) {
    let Ok(root) = root.canonicalize() else { return };
    let mut by_file: BTreeMap<RepositoryPath, Vec<(u32, &mut FileLocation)>> = BTreeMap::new();
    for finding in findings {
        if let Location::File(location) = &mut finding.location
            && let Some(line) = location.start_line
        {
            by_file.entry(location.path.clone()).or_default().push((line.get(), location));
        }
    }
    for (path, locations) in by_file {
        let Some(text) = read(&root, &path) else { continue };
        let sources = hash(&text, &collected(locations.iter().map(|(line, _)| *line)));
        for (line, location) in locations {
            location.source = sources.get(&line).cloned();
        }
    }
}

/// The file's text. `None` where it is missing, outside the tree, in `.git`, not a regular file, too large, or binary.
fn read(root: &Path, path: &RepositoryPath) -> Option<String> {
    // Links are followed first, so that what is checked is what is read.
    let file = root.join(path.as_str()).canonicalize().ok()?;
    let inside = file.strip_prefix(root).ok()?;
    if inside.components().any(|part| part.as_os_str().eq_ignore_ascii_case(".git")) {
        return None;
    }
    let bytes = regular_file::read(&file, MAX_BYTES).ok()?;
    if bytes.iter().take(BINARY_PROBE).any(|byte| *byte == 0) {
        return None;
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The hashes of the wanted lines, counted from 1.
fn hash(text: &str, wanted: &BTreeSet<u32>) -> BTreeMap<u32, SourceLine> {
    let mut line_hashes = line_hash::of_lines(text, wanted);
    let lines = (1..).zip(line_hash::lines(text));
    collected(lines.filter_map(|(number, line)| {
        let primary_location_line_hash = line_hashes.remove(&number)?;
        Some((number, SourceLine { content: content(line.text), primary_location_line_hash }))
    }))
}

/// SHA-256 of a line without its white space, the first 64 bits.
fn content(line: &str) -> u64 {
    let dense: String = line.split_whitespace().collect();
    Sha256::digest(dense).iter().take(8).fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::sync::Arc;

    use super::*;
    use crate::finding::{Fingerprint, Kind, Rule, State};

    fn finding(path: &str, line: u32) -> Finding {
        Finding {
            id: "1".into(),
            fingerprint: Fingerprint::default(),
            kind: Kind::Sast,
            severity: None,
            score: None,
            rule: Arc::new(Rule::default()),
            state: State::Open,
            location: Location::File(FileLocation {
                path: RepositoryPath::parse(path).unwrap(),
                start_line: NonZeroU32::new(line),
                end_line: None,
                source: None,
            }),
            message: String::new(),
            remediation: None,
            link: None,
        }
    }

    fn sources<const N: usize>(root: &Path, places: [(&str, u32); N]) -> [Option<SourceLine>; N] {
        let mut findings = places.map(|(path, line)| finding(path, line));
        attach(&mut findings, root);
        findings.map(|finding| match finding.location {
            Location::File(file) => file.source,
            other => panic!("{other}"),
        })
    }

    #[test]
    fn a_line_gets_its_hashes_and_keeps_the_first_when_it_is_re_indented() {
        let root = tempfile::tempdir().unwrap();
        fs_err::write(root.path().join("a.py"), " a\nb\n  \t\tc\n d").unwrap();
        fs_err::write(root.path().join("b.py"), "new line\n\nb").unwrap();
        let [second, third, moved] = sources(root.path(), [("a.py", 2), ("a.py", 3), ("b.py", 3)]).map(Option::unwrap);
        assert_eq!(&*second.primary_location_line_hash, "54703d4cd895b18:1");
        assert_eq!(&*third.primary_location_line_hash, "180aee12dab6264:1");
        // printf b | sha256sum
        assert_eq!(second.content, 0x3e23_e816_0039_594a);
        assert_eq!(moved.content, second.content);
    }

    #[test]
    fn what_is_not_there_or_must_not_be_read_has_no_hashes() {
        let outside = tempfile::tempdir().unwrap();
        let root = tempfile::tempdir().unwrap();
        fs_err::write(outside.path().join("secret"), "x\n").unwrap();
        fs_err::create_dir(root.path().join(".git")).unwrap();
        fs_err::write(root.path().join(".git/config"), "x\n").unwrap();
        fs_err::write(root.path().join("short"), "x").unwrap();
        fs_err::write(root.path().join("binary"), "x\0y\n").unwrap();
        fs_err::write(root.path().join("large"), vec![b'\n'; (4 << 20) + 1]).unwrap();
        let link = |target: &Path, name: &str| fs_err::os::unix::fs::symlink(target, root.path().join(name)).unwrap();
        link(&outside.path().join("secret"), "link");
        link(outside.path(), "folder");
        link(Path::new("loop"), "loop");
        link(Path::new(".git/config"), "settings");
        let places = [
            ("missing", 1),
            (".git/config", 1),
            ("short", 2),
            ("short", 0),
            ("binary", 1),
            ("large", 1),
            ("link", 1),
            ("folder/secret", 1),
            ("loop", 1),
            ("settings", 1),
        ];
        assert_eq!(sources(root.path(), places), [const { None }; 10]);
        assert!(sources(root.path(), [("short", 1)])[0].is_some());
    }

    #[test]
    fn a_link_inside_the_tree_is_read() {
        let root = tempfile::tempdir().unwrap();
        fs_err::write(root.path().join("a"), "x\n").unwrap();
        fs_err::os::unix::fs::symlink("a", root.path().join("b")).unwrap();
        let [direct, linked] = sources(root.path(), [("a", 1), ("b", 1)]);
        assert!(direct.is_some());
        assert_eq!(direct, linked);
    }
}
