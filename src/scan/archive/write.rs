//! The selected files as a zip archive.
//!
//! The same tree gives the same bytes: names are sorted, every entry carries the same time and one of two modes, and the
//! compression does not depend on how the work was shared out. Workers compress pieces of the list into small archives in
//! memory; the calling thread merges those in the order of the list, which copies the compressed bytes as they are.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Cursor, Read as _, Seek, Write};
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvError, SyncSender, sync_channel};
use std::thread;

use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipArchive, ZipWriter};

use super::select::{SelectedFile, Selection};
use super::{Error, MAX_BYTES};

/// Deflate's level. Of the levels whose archives are no larger than those of the vendor's own client, the fastest
/// (`docs/benchmarks.md`).
const LEVEL: i64 = 5;

/// What a worker takes at once, in bytes before compression: enough to be worth a small archive, little enough to keep many
/// in memory.
const PIECE_BYTES: u64 = 1 << 20;

/// The most files that a worker takes at once.
const PIECE_FILES: usize = 256;

/// Files from this length on are compressed straight into the archive, so that no worker holds them in memory.
const LARGE_FILE: u64 = 4 << 20;

/// More workers than this wait for the one thread that writes.
const MAX_WORKERS: usize = 4;

/// What was written, or found ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Files in the archive.
    pub entries: u64,
    /// The archive's length in bytes.
    pub bytes: u64,
    /// The archive's SHA-256 in lower-case hexadecimal: what tells two subjects of a scan apart.
    pub digest: String,
}

/// Writes the archive into `destination`, an empty file that is open for reading and writing. It blocks, and uses up to
/// four threads besides the calling one. On an error what was written is worthless.
///
/// A file is taken at the length it had when it was selected; one that shrinks meanwhile is archived as far as it goes. Neither
/// can harm the entries after it.
pub fn write(selection: &Selection, destination: &File) -> Result<Summary, Error> {
    write_within(MAX_BYTES, selection, destination)
}

fn write_within(limit: u64, selection: &Selection, destination: &File) -> Result<Summary, Error> {
    let workers = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MAX_WORKERS);
    let window = 2 * workers;
    let (jobs, queue) = sync_channel(window);
    let queue = Mutex::new(queue);
    let mut writer =
        Writer { archive: ZipWriter::new(BufWriter::with_capacity(1 << 20, destination)), selection, room: limit };
    thread::scope(|scope| {
        // Moved in, so that the workers find the queue closed when this ends, however it ends.
        let jobs = jobs;
        for _ in 0..workers {
            scope.spawn(|| work(selection, &queue));
        }
        let mut pending = VecDeque::with_capacity(window);
        let mut files = selection.files.as_slice();
        while let Some((piece, rest)) = cut(files) {
            files = rest;
            if pending.len() == window {
                writer.append(pending.pop_front())?;
            }
            pending.push_back(match piece {
                Piece::Large(file) => Pending::Large(file),
                Piece::Small(files) => {
                    let (done, result) = sync_channel(1);
                    // The queue has room for as many jobs as can be pending, and its other end outlives this scope.
                    jobs.send(Job { files, done }).map_err(|error| Error::write(&error))?;
                    Pending::Small(result)
                }
            });
        }
        while !pending.is_empty() {
            writer.append(pending.pop_front())?;
        }
        Ok::<_, Error>(())
    })?;
    let file = writer.archive.finish().map_err(|error| Error::write(&error))?;
    file.into_inner().map_err(|error| Error::write(&error))?;
    let entries = u64::try_from(selection.files.len()).unwrap_or(u64::MAX);
    let summary = summarise(destination, entries).map_err(|error| Error::write(&error))?;
    if summary.bytes > limit { Err(Error::TooLarge { limit }) } else { Ok(summary) }
}

/// Reads the archive again, for its length and digest.
pub(super) fn summarise(mut archive: &File, entries: u64) -> std::io::Result<Summary> {
    archive.rewind()?;
    let mut digest = Sha256::new();
    let mut reader = BufReader::with_capacity(COPY_BYTES, archive);
    let mut bytes = 0;
    loop {
        let part = reader.fill_buf()?;
        if part.is_empty() {
            break;
        }
        digest.update(part);
        let length = part.len();
        bytes += length as u64;
        reader.consume(length);
    }
    archive.rewind()?;
    let digest = digest.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        text.extend([byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or_default()));
        text
    });
    Ok(Summary { entries, bytes, digest })
}

/// A part of the list that is compressed in one go.
enum Piece<'a> {
    Small(&'a [SelectedFile]),
    Large(&'a SelectedFile),
}

/// Cuts the next piece off the list. `None` at its end.
fn cut(files: &[SelectedFile]) -> Option<(Piece<'_>, &[SelectedFile])> {
    let (first, rest) = files.split_first()?;
    if first.size >= LARGE_FILE {
        return Some((Piece::Large(first), rest));
    }
    let mut bytes = first.size;
    let more = rest.iter().take(PIECE_FILES - 1).take_while(|file| {
        bytes = bytes.saturating_add(file.size);
        bytes <= PIECE_BYTES
    });
    let (piece, rest) = files.split_at(1 + more.count());
    Some((Piece::Small(piece), rest))
}

/// A piece for a worker, and where it puts the archive of it.
struct Job<'a> {
    files: &'a [SelectedFile],
    done: SyncSender<Result<Vec<u8>, Error>>,
}

/// A piece whose turn to be written has not come yet.
enum Pending<'a> {
    Small(Receiver<Result<Vec<u8>, Error>>),
    Large(&'a SelectedFile),
}

/// Takes jobs until the queue is closed.
fn work(selection: &Selection, queue: &Mutex<Receiver<Job<'_>>>) {
    let next = || queue.lock().ok()?.recv().ok();
    while let Some(job) = next() {
        // Nobody waits for the result any more once another piece has failed.
        if job.done.send(compress(selection, job.files)).is_err() {
            return;
        }
    }
}

/// The files as an archive of their own.
fn compress(selection: &Selection, files: &[SelectedFile]) -> Result<Vec<u8>, Error> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for file in files {
        add(&mut archive, selection, file)?;
    }
    Ok(archive.finish().map_err(|error| Error::write(&error))?.into_inner())
}

struct Writer<'a> {
    archive: ZipWriter<BufWriter<&'a File>>,
    selection: &'a Selection,
    /// Bytes that are left below the limit.
    room: u64,
}

impl Writer<'_> {
    /// Writes a piece, waiting for its worker if need be.
    fn append(&mut self, piece: Option<Pending<'_>>) -> Result<(), Error> {
        match piece {
            None => Ok(()),
            Some(Pending::Large(file)) => add(&mut self.archive, self.selection, file),
            Some(Pending::Small(result)) => {
                // A worker that panicked has dropped its end; the scope passes the panic on.
                let bytes = result.recv().map_err(|RecvError| Error::write(&"a worker ended early"))??;
                // A small archive is as long as what it adds: data, and its part of the central directory.
                let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                let limit = self.room;
                self.room = self.room.checked_sub(length).ok_or(Error::TooLarge { limit })?;
                let piece = ZipArchive::new(Cursor::new(bytes)).map_err(|error| Error::write(&error))?;
                self.archive.merge_archive(piece).map_err(|error| Error::write(&error))
            }
        }
    }
}

/// Compresses one file into an archive.
fn add<W: Write + Seek>(archive: &mut ZipWriter<W>, selection: &Selection, file: &SelectedFile) -> Result<(), Error> {
    let mut source = fs_err::File::open(selection.path(file))?.take(file.size);
    let options = SimpleFileOptions::DEFAULT
        .compression_method(if file.size == 0 { CompressionMethod::Stored } else { CompressionMethod::Deflated })
        .compression_level((file.size > 0).then_some(LEVEL))
        .last_modified_time(DateTime::DEFAULT)
        .system(System::Unix)
        .unix_permissions(if file.executable { 0o755 } else { 0o644 })
        // Four GiB and more need 64-bit fields, for which room is kept in the header.
        .large_file(file.size >= u64::from(u32::MAX));
    archive.start_file(&*file.name, options).map_err(|error| Error::write(&error))?;
    let mut buffer = Vec::with_capacity(COPY_BYTES);
    loop {
        buffer.clear();
        let read = source.by_ref().take(COPY_BYTES as u64).read_to_end(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        archive.write_all(&buffer).map_err(|error| Error::write(&error))?;
    }
}

/// How much of a file is in memory at a time.
const COPY_BYTES: usize = 128 << 10;

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn file(size: u64) -> SelectedFile {
        SelectedFile { name: size.to_string().into(), link_to: None, size, executable: false }
    }

    fn lengths(files: &[SelectedFile]) -> Vec<usize> {
        let mut rest = files;
        let pieces = std::iter::from_fn(|| {
            let (piece, after) = cut(rest)?;
            rest = after;
            Some(match piece {
                Piece::Small(files) => files.len(),
                Piece::Large(_) => 0,
            })
        });
        pieces.collect()
    }

    #[test]
    fn pieces_are_bounded_in_bytes_and_files_and_large_files_stand_alone() {
        let half = PIECE_BYTES / 2;
        let sizes = [half, half, 1, LARGE_FILE, 1, LARGE_FILE - 1, 1];
        assert_eq!(lengths(&sizes.map(file)), [2, 1, 0, 1, 1, 1]);
        let many: Vec<_> = std::iter::repeat_with(|| file(0)).take(PIECE_FILES + 1).collect();
        assert_eq!(lengths(&many), [PIECE_FILES, 1]);
        assert!(lengths(&[]).is_empty());
    }

    #[test]
    fn an_archive_over_the_limit_is_an_error_and_one_at_the_limit_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let files = vec![SelectedFile { name: "a".into(), link_to: None, size: 1, executable: false }];
        fs_err::write(folder.path().join("a"), "x").unwrap();
        let selection = Selection {
            directory: PathBuf::from(folder.path()),
            work_tree: None,
            prefix: String::new(),
            files,
            notes: Vec::new(),
            left_out: 0,
        };
        let length = write(&selection, &tempfile::tempfile().unwrap()).unwrap().bytes;
        let within = |limit| write_within(limit, &selection, &tempfile::tempfile().unwrap());
        assert!(within(length).is_ok());
        assert!(matches!(within(length - 1), Err(Error::TooLarge { limit }) if limit == length - 1));
    }
}
