//! Puts a finished file in its place: whole or not at all.

use std::fs::{Metadata, Permissions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use super::outside;
use crate::error::Error;

/// Permissions of a file that others may read, as far as the umask allows, and of one that only its owner may.
const READABLE: u32 = 0o666;
const PRIVATE: u32 = 0o600;

/// Writes a file under a temporary name beside its place and renames it, so that nobody ever reads half of it and a symlink at
/// that place is replaced, not followed. Nor is one followed that leads a folder of the workspace out of it.
///
/// The file is readable by whom the umask allows, since a later step of the pipeline often runs as somebody else; and where the
/// process is root in a folder that is not root's, as in a container on GitHub, it is given to the folder's owner.
///
/// # Errors
/// [`Error::Delivery`] with the path and the reason: the folder is not there or a link leads it out of the workspace, the place is
/// taken by what is no file, the disk is full.
pub fn write_atomically(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
    try_write(path, write).map_err(|cause| Error::Delivery { path: path.display().to_string(), cause })
}

fn try_write(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), String> {
    let (temporary, owner) = reserve(path, READABLE)?;
    let mut writer = BufWriter::new(temporary);
    write(&mut writer).map_err(|error| reason(&error))?;
    let temporary = writer.into_inner().map_err(|error| reason(error.error()))?;
    finish(temporary, &owner, path)
}

/// A file for its owner only, whose place has been tried before there is anything to write. Until then it has a temporary name, and
/// dropped it is gone.
pub struct PrivateFile {
    path: PathBuf,
    temporary: NamedTempFile,
    owner: Metadata,
}

impl PrivateFile {
    /// Makes the file under a temporary name.
    ///
    /// # Errors
    /// As for [`write_atomically`].
    pub fn reserve(path: PathBuf) -> Result<Self, Error> {
        match reserve(&path, PRIVATE) {
            Ok((temporary, owner)) => Ok(Self { path, temporary, owner }),
            Err(cause) => Err(Error::Delivery { path: path.display().to_string(), cause }),
        }
    }

    /// Writes the content and puts the file in its place, as [`write_atomically`] does.
    ///
    /// # Errors
    /// As for [`write_atomically`].
    pub fn write(mut self, content: &[u8]) -> Result<(), Error> {
        let written = self.temporary.write_all(content).map_err(|error| reason(&error));
        written
            .and_then(|()| finish(self.temporary, &self.owner, &self.path))
            .map_err(|cause| Error::Delivery { path: self.path.display().to_string(), cause })
    }
}

/// Makes a temporary file beside its place, and says whose folder that is.
fn reserve(path: &Path, mode: u32) -> Result<(NamedTempFile, Metadata), String> {
    let folder = folder_of(path)?;
    let Ok(owner) = folder.metadata() else {
        return Err(format!("the folder {} does not exist", folder.display()));
    };
    // A rename would put the report in the place of a device such as /dev/null.
    if path.symlink_metadata().is_ok_and(|place| !place.is_file() && !place.is_symlink()) {
        return Err("something that is no file is in its place".to_owned());
    }
    let temporary = temporary_file(folder, mode).map_err(|error| reason(&error))?;
    Ok((temporary, owner))
}

/// The folder that a file is to be written to.
///
/// # Errors
/// There is none, or a link in the workspace leads it out of that.
pub(super) fn folder_of(path: &Path) -> Result<&Path, String> {
    let folder = match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => return Err("that is no place for a file".to_owned()),
    };
    if outside::is_led_out(folder, Path::new(".")) { Err(outside::LED_OUT.to_owned()) } else { Ok(folder) }
}

fn finish(temporary: NamedTempFile, owner: &Metadata, path: &Path) -> Result<(), String> {
    give_to(&temporary, owner);
    temporary.persist(path).map_err(|error| reason(&error.error))?;
    Ok(())
}

/// The operating system's words without the temporary name, which would tell nobody anything. The tempfile crate writes it
/// behind them and gives them in no other way.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at path \"") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

#[cfg(unix)]
fn temporary_file(folder: &Path, mode: u32) -> io::Result<NamedTempFile> {
    use std::os::unix::fs::PermissionsExt as _;

    Builder::new().prefix(".scangate-").permissions(Permissions::from_mode(mode)).tempfile_in(folder)
}

#[cfg(not(unix))]
fn temporary_file(folder: &Path, _mode: u32) -> io::Result<NamedTempFile> {
    Builder::new().prefix(".scangate-").tempfile_in(folder)
}

/// Gives the file to the owner of its folder, if that is another and the process may. A report that stays root's is still a
/// report, so a refusal is no failure.
#[cfg(unix)]
fn give_to(file: &NamedTempFile, folder: &Metadata) {
    use std::os::unix::fs::{MetadataExt as _, fchown};

    let is_ours = file.as_file().metadata().is_ok_and(|own| own.uid() == folder.uid() && own.gid() == folder.gid());
    let is_root = file.as_file().metadata().is_ok_and(|own| own.uid() == 0);
    if is_root
        && !is_ours
        && let Err(error) = fchown(file.as_file(), Some(folder.uid()), Some(folder.gid()))
    {
        tracing::debug!(%error, "the report stays with root");
    }
}

#[cfg(not(unix))]
fn give_to(_file: &NamedTempFile, _folder: &Metadata) {}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs_err::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn write_text(path: &Path, text: &str) -> Result<(), Error> {
        write_atomically(path, |writer| writer.write_all(text.as_bytes()))
    }

    #[test]
    fn a_file_is_written_over_an_older_one_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sarif");
        write_text(&path, "old and longer").unwrap();
        write_text(&path, "new").unwrap();
        assert_eq!(fs_err::read_to_string(&path).unwrap(), "new");
        assert_eq!(names(folder.path()), ["a.sarif"]);
    }

    #[test]
    fn others_may_read_it_as_any_other_new_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sarif");
        write_text(&path, "").unwrap();
        fs_err::write(folder.path().join("plain"), "").unwrap();
        let mode = |name: &str| fs_err::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode("a.sarif"), mode("plain"));
    }

    #[test]
    fn a_private_file_is_for_its_owner_and_not_there_before_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("answer.json");
        drop(PrivateFile::reserve(path.clone()).unwrap());
        assert!(names(folder.path()).is_empty());
        PrivateFile::reserve(path.clone()).unwrap().write(b"content").unwrap();
        assert_eq!(fs_err::read_to_string(&path).unwrap(), "content");
        assert_eq!(fs_err::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(PrivateFile::reserve(folder.path().join("no/answer")).is_err());
    }

    #[test]
    fn root_gives_it_to_the_owner_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        // Only root can hand the folder to somebody else; for anybody else file and folder have one owner anyway.
        let is_root = std::os::unix::fs::chown(folder.path(), Some(1001), Some(1001)).is_ok();
        let path = folder.path().join("a.sarif");
        write_text(&path, "").unwrap();
        let (file, parent) = (fs_err::metadata(&path).unwrap(), fs_err::metadata(folder.path()).unwrap());
        assert_eq!((file.uid(), file.gid()), (parent.uid(), parent.gid()));
        assert_eq!(is_root, file.uid() == 1001);
    }

    #[test]
    fn a_symlink_is_replaced_and_what_it_points_to_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("precious"), folder.path().join("a.sarif"));
        fs_err::write(&target, "precious").unwrap();
        symlink(&target, &link).unwrap();
        write_text(&link, "report").unwrap();
        assert_eq!(fs_err::read_to_string(&target).unwrap(), "precious");
        assert_eq!(fs_err::read_to_string(&link).unwrap(), "report");
        assert!(fs_err::symlink_metadata(&link).unwrap().is_file());
    }

    #[test]
    fn a_writer_that_fails_leaves_the_older_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sarif");
        write_text(&path, "old").unwrap();
        let error = write_atomically(&path, |writer| {
            writer.write_all(b"half")?;
            Err(io::Error::other("the finding has no end"))
        });
        assert!(error.unwrap_err().to_string().ends_with("a.sarif: the finding has no end"));
        assert_eq!(fs_err::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(folder.path()), ["a.sarif"]);
    }

    #[test]
    fn a_place_that_takes_no_file_is_an_error_that_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let message = |path: &Path| write_text(path, "").unwrap_err().to_string();
        assert!(!message(Path::new("/proc/a.sarif")).contains(".scangate-"));
        assert!(message(&folder.path().join("no/a.sarif")).ends_with("no does not exist"));
        assert!(message(folder.path()).ends_with("something that is no file is in its place"));
        assert!(message(Path::new("/")).ends_with("that is no place for a file"));
        assert!(message(Path::new("/dev/null")).ends_with("something that is no file is in its place"));
        assert!(fs_err::metadata("/dev/null").is_ok_and(|null| !null.is_file()));
    }
}
