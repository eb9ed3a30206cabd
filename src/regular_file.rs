//! Small files whose place others may have filled: read within bounds, and only if they are files.

use std::fs::Metadata;
use std::io::{self, Read};
use std::path::Path;

use secrecy::zeroize::Zeroizing;

/// Reads a file to its end. A link is followed, since systems that hand out secrets as files make such links.
///
/// # Errors
/// It is no regular file, it has more than `most` bytes, or what the system says; in words without the path.
pub(crate) fn read(path: &Path, most: u64) -> Result<Zeroizing<Vec<u8>>, String> {
    // Asked before it is opened: a pipe would be waited for.
    if !path.metadata().map_err(|error| reason(&error))?.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let mut file = fs_err::File::open(path).map_err(|error| reason(&error))?;
    read_within(&mut file, most)
}

/// Reads what is left of a source.
///
/// # Errors
/// It is more than `most` bytes, or what the system says; in words without a path.
pub(crate) fn read_within(source: &mut dyn Read, most: u64) -> Result<Zeroizing<Vec<u8>>, String> {
    let mut bytes = Zeroizing::new(Vec::new());
    source.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| reason(&error))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > most) {
        return Err(format!("it is longer than {} MiB", most >> 20));
    }
    Ok(bytes)
}

/// The system's words without the path, which the message has.
pub(crate) fn reason(error: &io::Error) -> String {
    io::Error::from(error.kind()).to_string()
}

/// The bits of a file's mode; none where files have no mode.
#[cfg(unix)]
pub(crate) fn mode(metadata: &Metadata) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777
}

/// The bits of a file's mode; none where files have no mode.
#[cfg(not(unix))]
pub(crate) fn mode(_metadata: &Metadata) -> u32 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_much_as_is_permitted_is_read_and_one_byte_more_is_not() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs_err::write(file.path(), vec![b' '; 1 << 20]).unwrap();
        assert_eq!(read(file.path(), 1 << 20).unwrap().len(), 1 << 20);
        fs_err::write(file.path(), vec![b' '; (1 << 20) + 1]).unwrap();
        assert_eq!(read(file.path(), 1 << 20).unwrap_err(), "it is longer than 1 MiB");
    }

    #[test]
    fn a_folder_is_no_file_and_of_a_missing_one_the_path_is_not_said() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path(), 1).unwrap_err(), "it is not a regular file");
        let error = read(&folder.path().join("absent"), 1).unwrap_err();
        assert!(!error.is_empty() && !error.contains("absent"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_eq!(read(&pipe, 1).unwrap_err(), "it is not a regular file");
    }
}
