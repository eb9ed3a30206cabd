//! A lock between processes, beside the file that it is for.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

use crate::clock::Clock;
use crate::regular_file::reason;

/// How long another process is waited for. It may be renewing a token over a slow network.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// The time between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// A lock that is held until this is dropped, or the process ends in whatever way. The file itself is empty and stays: a process
/// that waits for it would otherwise hold the lock of a file that no third one can find.
pub(super) struct Lock(File);

impl Lock {
    /// Waits for the lock, and takes it.
    pub(super) async fn acquire(path: &Path, clock: &Clock) -> Result<Self, String> {
        let file = open(path).map_err(|cause| format!("its lock {} cannot be used: {cause}", path.display()))?;
        let until = clock.monotonic().saturating_add(LONGEST_WAIT);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                Err(TryLockError::WouldBlock) if clock.monotonic() < until => clock.sleep(PAUSE).await,
                Err(TryLockError::WouldBlock) => {
                    return Err(format!(
                        "another process has held its lock {} for {} s",
                        path.display(),
                        LONGEST_WAIT.as_secs()
                    ));
                }
                Err(TryLockError::Error(error)) => {
                    return Err(format!("its lock {} cannot be taken: {}", path.display(), reason(&error)));
                }
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file would do the same, unless a program that was started in the meantime still has it.
        self.0.unlock().unwrap_or_default();
    }
}

fn open(path: &Path) -> Result<File, String> {
    if fs_err::symlink_metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err("it is not a regular file".to_owned());
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| reason(&error))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[tokio::test]
    async fn a_lock_that_is_held_is_waited_for_and_given_up_after_a_minute() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let clock = Clock::simulated(Timestamp::UNIX_EPOCH);
        let held = Lock::acquire(&path, &clock).await.unwrap();
        let error = Lock::acquire(&path, &clock).await.err().unwrap();
        assert!(error.contains("for 60 s"), "{error}");
        assert!((60..70).contains(&clock.monotonic().as_secs()));
        drop(held);
        assert!(Lock::acquire(&path, &clock).await.is_ok());
        assert_eq!(fs_err::metadata(&path).unwrap().len(), 0);
    }

    #[tokio::test]
    async fn a_place_that_takes_no_lock_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().to_owned(), folder.path().join("no/lock")] {
            assert!(Lock::acquire(&path, &Clock::system()).await.is_err());
        }
    }
}
