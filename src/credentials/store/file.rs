//! The files of stored logins: for their owner alone, and never half written.

use std::fs::DirBuilder;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use secrecy::zeroize::Zeroizing;
use tempfile::Builder;

/// The most that is read of a file: 1 MiB, far beyond any number of logins.
const LARGEST: u64 = 1024 * 1024;

/// What the folder may be at most, and what it is made with.
const FOLDER_MODE: u32 = 0o700;

/// What a file may be at most, and what it is made with.
const FILE_MODE: u32 = 0o600;

/// How many files that were moved aside are kept apart.
const MOST_ASIDE: u32 = 20;

/// Reads a file, if there is one. A link is followed, since systems that hand out secrets as files make such links; what others
/// may read is closed to them.
pub(super) fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
    if is_absent(path)? {
        return Ok(None);
    }
    // Asked before it is opened: a pipe would be waited for.
    if !path.metadata().map_err(|error| reason(&error))?.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    close_to_others(path, FILE_MODE);
    path.parent().into_iter().for_each(|folder| close_to_others(folder, FOLDER_MODE));
    let mut bytes = Zeroizing::new(Vec::new());
    let file = fs_err::File::open(path).map_err(|error| reason(&error))?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| reason(&error))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LARGEST) {
        return Err("it is longer than 1 MiB".to_owned());
    }
    Ok(Some(bytes))
}

/// Makes the folder, and closes it to others. A link in its place is refused: the secrets would lie wherever it leads, which may
/// be a repository of settings that is shared.
pub(super) fn make_folder(folder: &Path) -> Result<(), String> {
    if is_absent(folder)? {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, FOLDER_MODE);
        return builder.create(folder).map_err(|error| format!("its folder cannot be made: {}", reason(&error)));
    }
    let metadata = fs_err::symlink_metadata(folder).map_err(|error| reason(&error))?;
    if metadata.is_symlink() {
        return Err("its folder is a link, and logins are not written where one leads".to_owned());
    }
    close_to_others(folder, FOLDER_MODE);
    Ok(())
}

/// Writes a file by way of a temporary one beside it, which takes its place once it is on the disk. A link in that place is
/// replaced, and what it leads to is left alone.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let written = || -> io::Result<()> {
        // The file is made for its owner alone.
        let mut file = Builder::new().prefix(".credentials-").tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    written().map_err(|error| format!("it cannot be written: {}", reason(&error)))?;
    // Not every file system can do this for a folder, and the file itself is written.
    fs_err::File::open(folder).and_then(|folder| folder.file().sync_all()).unwrap_or_default();
    Ok(())
}

/// Gives a file another name, under which no other is lost, and returns it.
pub(super) fn move_aside(path: &Path) -> Result<PathBuf, String> {
    let free = asides(path).find(|name| is_absent(name) == Ok(true));
    let free = free.ok_or_else(|| "too many files were moved aside".to_owned())?;
    fs_err::rename(path, &free).map_err(|error| reason(&error))?;
    Ok(free)
}

/// Removes a file, and those of its name that were moved aside. Returns whether there was one.
pub(super) fn remove(path: &Path) -> Result<bool, String> {
    let mut removed = false;
    for path in [path.to_owned()].into_iter().chain(asides(path)) {
        match fs_err::remove_file(path) {
            Ok(()) => removed = true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(format!("it cannot be removed: {}", reason(&error))),
        }
    }
    Ok(removed)
}

/// The names of files that were moved aside.
fn asides(path: &Path) -> impl Iterator<Item = PathBuf> {
    (1..MOST_ASIDE).map(|number| match number {
        1 => path.with_extension("json.corrupt"),
        number => path.with_extension(format!("json.corrupt-{number}")),
    })
}

/// Whether nothing of that name is there, not even a link that leads nowhere.
pub(super) fn is_absent(path: &Path) -> Result<bool, String> {
    match fs_err::symlink_metadata(path) {
        Ok(_) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(reason(&error)),
    }
}

/// The system's words without the path, which the message has.
pub(super) fn reason(error: &io::Error) -> String {
    io::Error::from(error.kind()).to_string()
}

/// Takes away what others may do with a file or folder. What a link leads to is somebody else's affair.
#[cfg(unix)]
fn close_to_others(path: &Path, mode: u32) {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    let Ok(metadata) = fs_err::symlink_metadata(path) else { return };
    let found = metadata.permissions().mode() & 0o777;
    if metadata.is_symlink() || found & !mode == 0 {
        return;
    }
    let shown = path.display();
    match fs_err::set_permissions(path, Permissions::from_mode(found & mode)) {
        Ok(()) => tracing::warn!(
            "{shown} was open to other users with mode {found:o}, and is now {:o}; if others use this machine, replace the \
             credentials in it",
            found & mode
        ),
        Err(error) => {
            tracing::warn!(
                "{shown} is open to other users with mode {found:o}, which cannot be changed: {}",
                reason(&error)
            );
        }
    }
}

#[cfg(not(unix))]
fn close_to_others(_path: &Path, _mode: u32) {}
