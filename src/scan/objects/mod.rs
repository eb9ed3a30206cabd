//! The objects of a git repository by their ids: as files of their own, and in packs.
//!
//! ```text
//! id ─► loose │ pack ─► inflate, within bounds ─► delta ─► hash ─► Object ─► history: commits, trees, files
//! ```
//! Git's "Git Internals - Git Objects", gitformat-pack and gitrepository-layout describe the forms. They are read here because
//! a handful of objects does not need a database: the library for that maps whole packs, has no bound on what it unpacks, and
//! would add a good part of a megabyte to the program. Every object is held to its id, so that nothing that lies in the clone
//! by mistake or on purpose can stand in for what a commit's id stands for.

mod delta;
pub(super) mod history;
mod loose;
mod pack;

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use flate2::read::ZlibDecoder;
use gix_hash::ObjectId;

/// The largest object that is read, in bytes: a tree of 200,000 files in one folder.
const LARGEST: u64 = 16 << 20;

/// The most that is read of a list of other folders with objects, in bytes.
const LONGEST_ALTERNATES: u64 = 64 << 10;

/// How many other folders with objects are looked at.
const MOST_ALTERNATES: usize = 16;

/// What an object is.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
enum Kind {
    Commit,
    Tree,
    Blob,
    Tag,
}

impl Kind {
    /// By the word for it, which is part of what the id is made of.
    fn as_str(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tree => "tree",
            Self::Blob => "blob",
            Self::Tag => "tag",
        }
    }

    fn parse(word: &[u8]) -> io::Result<Self> {
        let kinds = [Self::Commit, Self::Tree, Self::Blob, Self::Tag];
        let kind = kinds.into_iter().find(|kind| kind.as_str().as_bytes() == word);
        kind.ok_or_else(|| corrupt("it is of a kind that git does not have"))
    }
}

/// An object that is what its id says.
struct Object {
    kind: Kind,
    content: Vec<u8>,
}

/// The objects of a repository.
pub(super) struct Objects {
    /// Its own folder first, then those that it borrows from.
    folders: Vec<PathBuf>,
}

impl Objects {
    /// Those of the repository whose shared part is `common_dir`. A clone may borrow objects of another one on the same machine;
    /// those are looked at as well, and no further ones that the other borrows in turn.
    pub(super) fn of(common_dir: &Path) -> Self {
        let own = common_dir.join("objects");
        let mut list = String::new();
        let listed = fs_err::File::open(own.join("info/alternates"))
            .and_then(|file| file.take(LONGEST_ALTERNATES).read_to_string(&mut list));
        let lines = listed.map_or("", |_length| list.as_str()).lines().filter(|line| !line.is_empty());
        let others: Vec<PathBuf> =
            lines.filter(|line| !line.starts_with('#')).take(MOST_ALTERNATES).map(|line| own.join(line)).collect();
        Self { folders: [vec![own], others].concat() }
    }

    /// The object of an id. `None` where the clone does not hold it.
    ///
    /// # Errors
    /// What cannot be read, is larger than any file that is asked for here, or is not what its id says.
    fn find(&self, id: &ObjectId) -> io::Result<Option<Object>> {
        for folder in &self.folders {
            let found = match loose::find(folder, id)? {
                Some(object) => Some(object),
                None => pack::find(&folder.join("pack"), id)?,
            };
            if let Some(object) = found {
                return verified(object, id).map(Some);
            }
        }
        Ok(None)
    }

    /// The object of an id, if it was made in this clone and not fetched in a pack.
    fn find_loose(&self, id: &ObjectId) -> io::Result<Option<Object>> {
        let Some(own) = self.folders.first() else { return Ok(None) };
        loose::find(own, id)?.map(|object| verified(object, id)).transpose()
    }
}

fn verified(object: Object, id: &ObjectId) -> io::Result<Object> {
    let mut hasher = gix_hash::hasher(id.kind());
    hasher.update(format!("{} {}\0", object.kind.as_str(), object.content.len()).as_bytes());
    hasher.update(&object.content);
    let is_it = hasher.try_finalize().is_ok_and(|found| found == *id);
    if is_it { Ok(object) } else { Err(corrupt("it is not what its id says")) }
}

/// Unpacks what begins where the file is read next. More than `limit` bytes are an error.
fn inflate(file: fs_err::File, limit: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    ZlibDecoder::new(file).take(limit.saturating_add(1)).read_to_end(&mut content)?;
    if content.len() as u64 > limit { Err(corrupt("it is larger than is read")) } else { Ok(content) }
}

fn corrupt(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The id that git gives to an object of this kind and content.
    fn id(kind: Kind, content: &[u8]) -> ObjectId {
        let mut hasher = gix_hash::hasher(gix_hash::Kind::Sha1);
        hasher.update(format!("{} {}\0", kind.as_str(), content.len()).as_bytes());
        hasher.update(content);
        hasher.try_finalize().unwrap()
    }

    #[test]
    fn an_object_is_held_to_its_id() {
        // printf hello | git hash-object --stdin
        let hello = ObjectId::from_hex(b"b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0").unwrap();
        assert_eq!(id(Kind::Blob, b"hello"), hello);
        let object = |kind, content: &[u8]| Object { kind, content: content.to_vec() };
        assert!(verified(object(Kind::Blob, b"hello"), &hello).is_ok());
        assert!(verified(object(Kind::Blob, b"hellO"), &hello).is_err());
        assert!(verified(object(Kind::Tree, b"hello"), &hello).is_err());
    }
}
