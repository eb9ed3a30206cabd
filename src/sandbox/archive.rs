//! Reads an uploaded archive and runs the rules over it. Nothing is ever written to disk from it.

use std::io::{Read, Seek};

use zip::ZipArchive;

use super::cybedefend::UploadLimits;
use super::rules::sca::{self, PackageHit};
use super::rules::{self, Hit, IGNORE_FILES, IgnoreFile};

/// Files beyond this are not looked at: generated code and data.
const LARGEST_FILE: u64 = 1 << 20;
/// How much of a file must be free of zero bytes for it to be text.
const TEXT_PROBE: usize = 8192;

/// What the rules found.
#[derive(Default)]
pub(super) struct Analysis {
    pub(super) hits: Vec<Hit>,
    pub(super) packages: Vec<PackageHit>,
    /// The languages of the files, each once.
    pub(super) languages: Vec<&'static str>,
    /// Files in the archive.
    pub(super) files: usize,
}

/// Reads the archive and runs every rule.
///
/// The error is the sentence for the scan's `errorMessage`: a broken archive, one with names that leave the tree, or one that is
/// larger than the limits allow.
pub(super) fn analyse(archive: impl Read + Seek, limits: UploadLimits) -> Result<Analysis, String> {
    let mut archive = ZipArchive::new(archive).map_err(|error| format!("The archive cannot be read: {error}"))?;
    if archive.len() > limits.entries {
        return Err(format!("The archive has {} entries, more than {}", archive.len(), limits.entries));
    }
    let mut analysis = Analysis::default();
    let mut unpacked = 0_u64;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| format!("Entry {index} cannot be read: {error}"))?;
        // The directory's sizes are summed before anything is unpacked, and what is unpacked is bounded by them.
        unpacked = unpacked.saturating_add(entry.size());
        if unpacked > limits.unpacked_bytes {
            return Err(format!("The archive unpacks to more than {} bytes", limits.unpacked_bytes));
        }
        if entry.is_dir() {
            continue;
        }
        let name = entry.name().map_err(|error| format!("Entry {index} has no readable name: {error}"))?.into_owned();
        if !is_relative(&name) {
            return Err(format!("Entry {index} has a name that is not relative to the archive's root"));
        }
        analysis.files += 1;
        if entry.size() > LARGEST_FILE {
            continue;
        }
        let mut content = Vec::new();
        let read = entry.by_ref().take(LARGEST_FILE + 1).read_to_end(&mut content);
        read.map_err(|error| format!("Entry {index} cannot be unpacked: {error}"))?;
        if content.len() as u64 != entry.size() {
            return Err(format!("Entry {index} is not as large as the archive says"));
        }
        if let Some(content) = as_text(content) {
            analysis.read(&name, &content);
        }
    }
    analysis.drop_ignored(&mut archive);
    Ok(analysis)
}

impl Analysis {
    fn read(&mut self, name: &str, content: &str) {
        if let Some(language) = rules::language(name)
            && !self.languages.contains(&language)
        {
            self.languages.push(language);
        }
        self.hits.extend(rules::scan_file(name, content));
        if sca::is_manifest(name) {
            self.packages.extend(sca::scan_manifest(name, content));
        }
    }

    /// Applies the first ignore file that the archive has.
    fn drop_ignored(&mut self, archive: &mut ZipArchive<impl Read + Seek>) {
        for name in IGNORE_FILES {
            let Ok(entry) = archive.by_name(name) else { continue };
            let mut text = String::new();
            if entry.take(LARGEST_FILE).read_to_string(&mut text).is_ok() {
                let patterns = IgnoreFile::parse(&text);
                self.hits.retain(|hit| !patterns.covers(hit.rule.family, &hit.path));
            }
            return;
        }
    }
}

/// The names of contract section 3.2: with `/`, relative, no leading `./`.
fn is_relative(name: &str) -> bool {
    !name.contains(['\\', '\0']) && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// The content as text; `None` for what looks binary. Bytes that are no UTF-8 are replaced.
fn as_text(content: Vec<u8>) -> Option<String> {
    if content.iter().take(TEXT_PROBE).any(|byte| *byte == 0) {
        return None;
    }
    Some(String::from_utf8(content).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn archive(files: &[(&str, &[u8])]) -> Cursor<Vec<u8>> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap()
    }

    #[test]
    fn the_rules_see_every_text_file_and_no_binary() {
        let analysis = analyse(
            archive(&[
                ("app/run.py", b"eval(x)\n"),
                ("app/data.py", b"eval(x)\0"),
                ("big.py", &b"eval(x)\n".repeat(200_000)),
                ("requirements.txt", b"PyYAML==5.3\n"),
            ]),
            UploadLimits::default(),
        )
        .unwrap();
        assert_eq!(analysis.hits.iter().map(|hit| hit.path.as_str()).collect::<Vec<_>>(), ["app/run.py"]);
        assert_eq!((analysis.packages.len(), analysis.files), (1, 4));
        assert_eq!(analysis.languages, ["Python"]);
    }

    #[test]
    fn the_first_ignore_file_decides() {
        let files: &[(&str, &[u8])] = &[
            (".cybedefend", b"*.py\n"),
            (".cybeignore", b"vendor/\n"),
            ("vendor/run.py", b"eval(x)\n"),
            ("own/run.py", b"eval(x)\n"),
        ];
        let analysis = analyse(archive(files), UploadLimits::default()).unwrap();
        assert_eq!(analysis.hits.iter().map(|hit| hit.path.as_str()).collect::<Vec<_>>(), ["own/run.py"]);
    }

    #[test]
    fn archives_that_break_the_rules_are_refused_with_a_reason() {
        let reason = |archive, limits| analyse(archive, limits).err().unwrap();
        let defaults = UploadLimits::default();
        let bomb = archive(&[("zeros", &vec![0; 1 << 20])]);
        assert!(reason(bomb, UploadLimits { unpacked_bytes: 1000, ..defaults }).contains("more than 1000 bytes"));
        let crowd = archive(&[("a", b""), ("b", b"")]);
        assert!(reason(crowd, UploadLimits { entries: 1, ..defaults }).contains("2 entries"));
        assert!(reason(Cursor::new(b"not a zip".to_vec()), defaults).contains("cannot be read"));
        for name in ["../up", "/root", "a/../b", "./a", "a\\b"] {
            assert!(reason(archive(&[(name, b"")]), defaults).contains("not relative"), "{name}");
        }
    }
}
