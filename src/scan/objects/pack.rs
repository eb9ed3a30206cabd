//! Objects in packs, which is how a fetch brings them (gitformat-pack: index version 2, pack version 2).

use std::io::{self, ErrorKind, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use fs_err::File;
use gix_hash::ObjectId;

use super::{Kind, LARGEST, Object, corrupt, delta, inflate};

/// What an index of version 2 begins with.
const MAGIC: [u8; 8] = [0xff, b't', b'O', b'c', 0, 0, 0, 2];
/// Where the table is that says how many ids begin with at most a byte.
const FANOUT: u64 = 8;
/// Where the sorted ids are.
const IDS: u64 = FANOUT + 4 * 256;

/// How many differences may lie on each other: what git itself makes at most.
const DEEPEST: usize = 4096;
/// The most that the differences of one object may take together, in bytes.
const LARGEST_CHAIN: u64 = 64 << 20;
/// The longest head of an entry: two numbers of seven bits a byte, or one and an id of SHA-256.
const LONGEST_HEAD: usize = 48;

/// The object of an id in the packs of a folder.
pub(super) fn find(folder: &Path, id: &ObjectId) -> io::Result<Option<Object>> {
    let files = match fs_err::read_dir(folder) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        files => files?,
    };
    for file in files {
        let path = file?.path();
        let is_index = path.extension().is_some_and(|extension| extension == "idx");
        if is_index && path.is_file() {
            let pack = Pack { index: File::open(&path)?, path: path.with_extension("pack") };
            if let Some(offset) = pack.offset(id)? {
                return pack.read(offset, id).map(Some);
            }
        }
    }
    Ok(None)
}

struct Pack {
    index: File,
    path: PathBuf,
}

/// What the head of an entry says.
struct Head {
    kind: EntryKind,
    /// Its length, unpacked.
    length: u64,
    /// How many bytes the head has.
    size: u64,
}

enum EntryKind {
    Whole(Kind),
    /// The difference to what lies so many bytes before it.
    Before(u64),
    /// The difference to another object of the pack.
    Of(ObjectId),
}

impl Pack {
    /// Where in the pack an object lies.
    fn offset(&self, id: &ObjectId) -> io::Result<Option<u64>> {
        let mut magic = [0; 8];
        self.index.file().read_exact_at(&mut magic, 0)?;
        if magic != MAGIC {
            // Version 1, which git has not written since 2007.
            return Ok(None);
        }
        let bytes = id.as_bytes();
        let width = bytes.len() as u64;
        let first = u64::from(bytes.first().copied().unwrap_or_default());
        let count = u64::from(self.number(FANOUT + 4 * 255)?);
        let mut low = if first == 0 { 0 } else { u64::from(self.number(FANOUT + 4 * (first - 1))?) };
        let mut high = u64::from(self.number(FANOUT + 4 * first)?);
        if low > high || high > count {
            return Err(corrupt("the index of a pack is not sorted"));
        }
        let mut other = vec![0; bytes.len()];
        while low < high {
            let middle = low.midpoint(high);
            self.index.file().read_exact_at(&mut other, IDS + width * middle)?;
            match other.as_slice().cmp(bytes) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return self.offset_at(IDS + (width + 4) * count, middle, count).map(Some),
            }
        }
        Ok(None)
    }

    /// The offset of the object at a place among `count`, where `table` is where their offsets begin. Those beyond 2 GiB stand in
    /// a table of their own behind it.
    fn offset_at(&self, table: u64, place: u64, count: u64) -> io::Result<u64> {
        let short = self.number(table + 4 * place)?;
        if short & 0x8000_0000 == 0 {
            return Ok(u64::from(short));
        }
        let mut long = [0; 8];
        let place = u64::from(short & 0x7fff_ffff);
        self.index.file().read_exact_at(&mut long, table + 4 * count + 8 * place)?;
        Ok(u64::from_be_bytes(long))
    }

    fn number(&self, at: u64) -> io::Result<u32> {
        let mut bytes = [0; 4];
        self.index.file().read_exact_at(&mut bytes, at)?;
        Ok(u32::from_be_bytes(bytes))
    }

    /// The object that begins there. The differences are kept until their base is found, and laid on it one after the other.
    fn read(&self, mut offset: u64, id: &ObjectId) -> io::Result<Object> {
        let mut deltas: Vec<Vec<u8>> = Vec::new();
        let mut room = LARGEST_CHAIN;
        loop {
            let mut file = File::open(&self.path)?;
            let head = head_at(&file, offset, id)?;
            if head.length > LARGEST || deltas.len() >= DEEPEST {
                return Err(corrupt("it is larger than is read"));
            }
            room = room.checked_sub(head.length).ok_or_else(|| corrupt("it is larger than is read"))?;
            file.seek(SeekFrom::Start(offset.saturating_add(head.size)))?;
            let mut content = inflate(file, head.length)?;
            if content.len() as u64 != head.length {
                return Err(corrupt("an entry of a pack is cut off"));
            }
            let nowhere = || corrupt("the base of a difference is not in the pack");
            match head.kind {
                EntryKind::Whole(kind) => {
                    while let Some(delta) = deltas.pop() {
                        content = delta::apply(&content, &delta)?;
                    }
                    return Ok(Object { kind, content });
                }
                EntryKind::Before(distance) => {
                    offset = offset.checked_sub(distance).filter(|_| distance > 0).ok_or_else(nowhere)?;
                }
                EntryKind::Of(base) => offset = self.offset(&base)?.ok_or_else(nowhere)?,
            }
            deltas.push(content);
        }
    }
}

/// Reads the head of the entry that begins at `offset`, in a pack whose ids are like `id`.
fn head_at(file: &File, offset: u64, id: &ObjectId) -> io::Result<Head> {
    let mut bytes = [0; LONGEST_HEAD];
    // Behind the last entry is the pack's own hash, and less than this may be left.
    let read = file.file().read_at(&mut bytes, offset)?;
    let cut_off = || corrupt("an entry of a pack is cut off");
    head(bytes.get(..read).unwrap_or_default(), id.as_bytes().len()).ok_or_else(cut_off)
}

fn head(bytes: &[u8], width: usize) -> Option<Head> {
    let mut rest = bytes.iter().copied();
    let first = rest.next()?;
    let (mut length, mut shift, mut byte) = (u64::from(first & 0xf), 4, first);
    while byte & 0x80 != 0 {
        byte = rest.next().filter(|_| shift < 60)?;
        length |= u64::from(byte & 0x7f) << shift;
        shift += 7;
    }
    let kind = match first >> 4 & 7 {
        1 => EntryKind::Whole(Kind::Commit),
        2 => EntryKind::Whole(Kind::Tree),
        3 => EntryKind::Whole(Kind::Blob),
        4 => EntryKind::Whole(Kind::Tag),
        6 => {
            let mut byte = rest.next()?;
            let mut distance = u64::from(byte & 0x7f);
            while byte & 0x80 != 0 {
                byte = rest.next().filter(|_| distance < 1 << 50)?;
                distance = (distance + 1) << 7 | u64::from(byte & 0x7f);
            }
            EntryKind::Before(distance)
        }
        7 => {
            let id: Vec<u8> = rest.by_ref().take(width).collect();
            EntryKind::Of(ObjectId::try_from(id.as_slice()).ok()?)
        }
        _ => return None,
    };
    Some(Head { kind, length, size: (bytes.len() - rest.len()) as u64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_an_entry_says_what_it_is_and_how_long() {
        let said = |bytes: &[u8]| {
            let head = head(bytes, 20)?;
            let kind = match head.kind {
                EntryKind::Whole(kind) => kind.as_str().to_owned(),
                EntryKind::Before(distance) => distance.to_string(),
                EntryKind::Of(id) => id.to_string(),
            };
            Some((kind, head.length, head.size))
        };
        assert_eq!(said(&[0x35, 0x78]), Some(("blob".to_owned(), 5, 1)));
        assert_eq!(said(&[0x95, 0x01]), Some(("commit".to_owned(), 21, 2)));
        assert_eq!(said(&[0x63, 0x05]), Some(("5".to_owned(), 3, 2)));
        // gitformat-pack: one is added for every byte that follows.
        assert_eq!(said(&[0x63, 0x80, 0x00]), Some(("128".to_owned(), 3, 3)));
        let by_id = [[0x73].as_slice(), &[0xab; 20]].concat();
        assert_eq!(said(&by_id), Some(("ab".repeat(20), 3, 21)));
        for cut_off in [[].as_slice(), &[0x95], &[0x63], &[0x63, 0x80], &[0x73, 1], &[0x05], &[0x55], &[0xff; 48]] {
            assert_eq!(said(cut_off), None, "{cut_off:?}");
        }
    }
}
