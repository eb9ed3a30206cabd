//! The files of stored logins: for their owner alone, and never half written.

use std::fs::DirBuilder;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use secrecy::zeroize::Zeroizing;
use tempfile::Builder;

use crate::regular_file::{self, reason};

/// The most that is read of a file: 1 MiB, far beyond any number of logins.
const LARGEST: u64 = 1024 * 1024;

/// What the folder may be at most, and what it is made with.
const FOLDER_MODE: u32 = 0o700;

/// What a file may be at most, and what it is made with.
const FILE_MODE: u32 = 0o600;

/// How many files that were moved aside are kept apart.
const MOST_ASIDE: u32 = 20;

/// Reads a file, if there is one.
pub(super) fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
    if is_absent(path)? { Ok(None) } else { regular_file::read(path, LARGEST).map(Some) }
}

/// Makes the folder, if there is none. A link in its place is refused: the secrets would lie wherever it leads, which may
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

/// Whether there is a file of that name, or one that was moved aside.
pub(super) fn is_any_there(path: &Path) -> bool {
    [path.to_owned()].into_iter().chain(asides(path)).any(|path| is_absent(&path) != Ok(true))
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

/// Takes away what others may do with a file and its folder, and returns what was done and what could not be, in sentences.
pub(super) fn close_to_others(path: &Path) -> Vec<String> {
    let folder = path.parent().map(|folder| (folder, FOLDER_MODE));
    folder.into_iter().chain([(path, FILE_MODE)]).filter_map(|(place, mode)| close(place, mode)).collect()
}

/// What a link leads to is somebody else's affair.
#[cfg(unix)]
fn close(path: &Path, mode: u32) -> Option<String> {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    let metadata = fs_err::symlink_metadata(path).ok()?;
    let found = metadata.permissions().mode() & 0o777;
    if metadata.is_symlink() || found & !mode == 0 {
        return None;
    }
    let (shown, left) = (path.display(), found & mode);
    Some(match fs_err::set_permissions(path, Permissions::from_mode(left)) {
        Ok(()) => format!(
            "{shown} was open to other users with mode {found:o}, and is now {left:o}; if others use this machine, replace the \
             credentials in it"
        ),
        Err(error) => {
            format!("{shown} is open to other users with mode {found:o}, which cannot be changed: {}", reason(&error))
        }
    })
}

#[cfg(not(unix))]
fn close(_path: &Path, _mode: u32) -> Option<String> {
    None
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    use fs_err::os::unix::fs::symlink;
    use tempfile::TempDir;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs_err::symlink_metadata(path).unwrap().permissions().mode() & 0o777
    }

    /// A folder below a new one that is not there yet, and a file in it.
    fn place() -> (TempDir, PathBuf, PathBuf) {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("above/folder");
        let path = folder.join("credentials.json");
        (outer, folder, path)
    }

    #[test]
    fn folder_and_file_are_made_for_their_owner_alone() {
        let (outer, folder, path) = place();
        make_folder(&folder).unwrap();
        write(&path, b"one").unwrap();
        assert_eq!((mode(&outer.path().join("above")), mode(&folder), mode(&path)), (0o700, 0o700, 0o600));
        write(&path, b"two").unwrap();
        assert_eq!(read(&path).unwrap().unwrap().as_slice(), b"two");
        assert_eq!(fs_err::read_dir(&folder).unwrap().count(), 1);
    }

    #[test]
    fn what_is_open_to_others_is_closed_and_said_once() {
        let (_outer, folder, path) = place();
        assert!(close_to_others(&path).is_empty());
        make_folder(&folder).unwrap();
        write(&path, b"one").unwrap();
        for (of_folder, of_file, said) in [(0o755, 0o644, 2), (0o770, 0o600, 1), (0o700, 0o666, 1), (0o500, 0o400, 0)] {
            fs_err::set_permissions(&path, Permissions::from_mode(of_file)).unwrap();
            fs_err::set_permissions(&folder, Permissions::from_mode(of_folder)).unwrap();
            assert_eq!(close_to_others(&path).len(), said);
            assert_eq!((mode(&folder), mode(&path)), (of_folder & 0o700, of_file & 0o600));
            assert!(close_to_others(&path).is_empty());
        }
    }

    #[test]
    fn a_link_is_read_through_and_replaced_when_it_is_written() {
        let (outer, folder, path) = place();
        make_folder(&folder).unwrap();
        let target = outer.path().join("target");
        fs_err::write(&target, "theirs").unwrap();
        fs_err::set_permissions(&target, Permissions::from_mode(0o644)).unwrap();
        symlink(&target, &path).unwrap();
        assert_eq!(read(&path).unwrap().unwrap().as_slice(), b"theirs");
        assert!(close_to_others(&path).is_empty());
        write(&path, b"ours").unwrap();
        assert_eq!((fs_err::read_to_string(&target).unwrap().as_str(), mode(&target)), ("theirs", 0o644));
        assert!(fs_err::symlink_metadata(&path).unwrap().is_file());
    }

    #[test]
    fn a_folder_that_is_a_link_takes_no_login() {
        let (outer, folder, _path) = place();
        let shared = outer.path().join("shared");
        fs_err::create_dir_all(&shared).unwrap();
        fs_err::create_dir_all(folder.parent().unwrap()).unwrap();
        symlink(&shared, &folder).unwrap();
        assert!(make_folder(&folder).unwrap_err().contains("is a link"));
    }

    #[test]
    fn what_is_no_file_or_too_long_is_not_read_and_a_missing_one_is_no_error() {
        let (_outer, folder, path) = place();
        assert!(read(&path).unwrap().is_none());
        make_folder(&folder).unwrap();
        assert!(read(&path).unwrap().is_none());
        assert!(read(&folder).unwrap_err().contains("not a regular file"));
        symlink(folder.join("nowhere"), &path).unwrap();
        assert!(read(&path).is_err());
        fs_err::remove_file(&path).unwrap();
        fs_err::write(&path, vec![b' '; 1024 * 1024 + 1]).unwrap();
        assert!(read(&path).unwrap_err().contains("1 MiB"));
    }

    #[test]
    fn what_is_moved_aside_is_never_lost_to_another_and_goes_when_the_file_is_removed() {
        let (_outer, folder, path) = place();
        make_folder(&folder).unwrap();
        for text in ["one", "two"] {
            fs_err::write(&path, text).unwrap();
            let aside = move_aside(&path).unwrap();
            assert_eq!(fs_err::read_to_string(aside).unwrap(), text);
        }
        assert_eq!(fs_err::read_dir(&folder).unwrap().count(), 2);
        assert!(is_any_there(&path) && remove(&path).unwrap());
        assert!(!is_any_there(&path) && !remove(&path).unwrap());
        assert_eq!(fs_err::read_dir(&folder).unwrap().count(), 0);
    }
}
