//! The source tree as a zip archive.
//!
//! [`select()`] says which files, [`write()`] packs them, [`temporary`] is where; [`ready`] takes an archive that the user made.
//! The form is what CybeDefend's contract asks for (section 3.2): deflate, file entries only, names relative to `--dir` with
//! `/`, in UTF-8, `.git` left out, dot-files and lock files in.
//!
//! Everything here blocks.

mod error;
mod left_out;
mod rules;
mod select;
mod walk;
mod write;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::NamedTempFile;
use zip::ZipArchive;
use zip::result::ZipError;

use super::delivery;

pub use error::Error;
pub use rules::{IGNORE_FILE, SECRET_FILES, check as check_ignore_rules, ignore_rules};
pub use select::{Options, SelectedFile, Selection, enter, select};
pub use write::{Summary, write};

/// The largest archive that can be uploaded, in bytes: 5 GiB, what the header of CybeDefend's signed upload allows
/// (contract section 3.2).
pub const MAX_BYTES: u64 = 5 << 30;

/// An empty file for an archive, readable by its owner alone and deleted when the value is dropped. `directory` is the
/// runner's folder for temporary files (`RUNNER_TEMP`); without one it is the system's.
pub fn temporary(directory: Option<&Path>) -> Result<NamedTempFile, Error> {
    let directory = directory.map_or_else(tempfile::env::temp_dir, Path::to_owned);
    let mut builder = tempfile::Builder::new();
    builder.prefix("scangate-").suffix(".zip").permissions(Permissions::from_mode(0o600));
    let refused =
        |error| Error::Write(format!("cannot create a file in {}: {}", directory.display(), delivery::reason(&error)));
    builder.tempfile_in(&directory).map_err(refused)
}

/// Writes the archive to `path`, as `--archive-only` asks. It appears there whole or not at all, and replaces what was there,
/// a symbolic link included. A folder that a link leads out of the workspace is refused.
pub fn save(selection: &Selection, path: &Path) -> Result<Summary, Error> {
    let saved = || {
        let file = temporary(Some(delivery::folder_of(path).map_err(Error::Write)?))?;
        let summary = write(selection, file.as_file())?;
        file.persist(path).map_err(|error| Error::Write(delivery::reason(&error.error)))?;
        Ok(summary)
    };
    saved().map_err(|error| match error {
        Error::Write(cause) => Error::Save { path: path.to_owned(), cause },
        error => error,
    })
}

/// Checks an archive that the user gives with `--archive`: a zip file with at least one file in it, and small enough. It is
/// sent as it is.
pub fn ready(path: &Path) -> Result<Summary, Error> {
    let refused = |cause: String| Error::NotAnArchive { path: path.to_owned(), cause };
    let found = path.metadata().map_err(|error| refused(error.to_string()))?;
    if !found.is_file() {
        return Err(refused("it is not a file".to_owned()));
    }
    if found.len() > MAX_BYTES {
        return Err(Error::TooLarge { limit: MAX_BYTES });
    }
    let file = fs_err::File::open(path).map_err(|error| refused(error.to_string()))?.into_file();
    let archive = ZipArchive::new(std::io::BufReader::new(&file)).map_err(|error| match error {
        ZipError::Io(error) => refused(error.to_string()),
        error => refused(format!("it is no zip file that can be read ({error})")),
    })?;
    let files = archive.file_names_raw().filter(|name| !name.ends_with(b"/")).count();
    if files == 0 {
        return Err(refused("there is no file in it".to_owned()));
    }
    write::summarise(&file, u64::try_from(files).unwrap_or(u64::MAX)).map_err(|error| refused(error.to_string()))
}
