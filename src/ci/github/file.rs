//! Files of the runner, to which a step appends: outputs and summary. What is in them already is somebody else's and stays.

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use crate::error::Error;

/// One of the runner's files.
pub(super) struct RunnerFile<'a> {
    /// The variable that names it, for people.
    pub(super) variable: &'static str,
    /// Where it is.
    pub(super) path: &'a Path,
}

impl RunnerFile<'_> {
    /// How many bytes it holds; a missing file holds none.
    pub(super) fn length(&self) -> u64 {
        self.path.metadata().map_or(0, |metadata| metadata.len())
    }

    /// Appends a text, on a line of its own, in one write.
    ///
    /// # Errors
    /// [`Error::Delivery`] with the variable's name and the reason.
    pub(super) fn append(&self, text: &str) -> Result<(), Error> {
        self.try_append(text).map_err(|cause| self.failed(cause))
    }

    /// The error of a file that was not written.
    pub(super) fn failed(&self, cause: String) -> Error {
        Error::Delivery { path: self.variable.to_owned(), cause }
    }

    fn try_append(&self, text: &str) -> Result<(), String> {
        // A pipe would block the run, and a device swallow the text.
        if self.path.metadata().is_ok_and(|place| !place.is_file()) {
            return Err("something that is no file is in its place".to_owned());
        }
        let opened = fs_err::OpenOptions::new().read(true).append(true).create(true).open(self.path);
        let mut file = opened.map_err(|error| error.to_string())?;
        let mut last = [b'\n'];
        // An empty file has no last byte, and needs no line end before the text.
        if file.seek(SeekFrom::End(-1)).is_ok() {
            file.read_exact(&mut last).map_err(|error| error.to_string())?;
        }
        let gap = if last == [b'\n'] { "" } else { "\n" };
        file.write_all(format!("{gap}{text}").as_bytes()).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append_to(path: &Path) -> Result<(), Error> {
        RunnerFile { variable: "GITHUB_OUTPUT", path }.append("ours\n")
    }

    #[test]
    fn what_is_there_stays_and_ours_begins_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("output");
        for (before, after) in [("", "ours\n"), ("theirs\n", "theirs\nours\n"), ("theirs", "theirs\nours\n")] {
            fs_err::write(&path, before).unwrap();
            append_to(&path).unwrap();
            assert_eq!(fs_err::read_to_string(&path).unwrap(), after);
        }
    }

    #[test]
    fn a_file_that_the_runner_did_not_make_is_made() {
        let folder = tempfile::tempdir().unwrap();
        append_to(&folder.path().join("output")).unwrap();
        assert_eq!(fs_err::read_to_string(folder.path().join("output")).unwrap(), "ours\n");
    }

    #[test]
    fn what_cannot_be_written_names_the_variable() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().to_owned(), folder.path().join("none/output")] {
            let error = append_to(&path).unwrap_err().to_string();
            assert!(error.starts_with("cannot write GITHUB_OUTPUT: "), "{error}");
        }
    }
}
