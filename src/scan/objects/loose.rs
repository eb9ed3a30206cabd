//! Objects as files of their own: those that were made in this clone, and what a small fetch brought.

use std::io::{self, ErrorKind};
use std::path::Path;

use gix_hash::ObjectId;

use super::{Kind, LARGEST, Object, corrupt, inflate};

/// The longest head: a kind, a space, the digits of a length, a NUL.
const LONGEST_HEAD: u64 = 32;

/// The object of an id whose file lies below `objects`.
pub(super) fn find(objects: &Path, id: &ObjectId) -> io::Result<Option<Object>> {
    let id = id.to_string();
    let Some((folder, name)) = id.split_at_checked(2) else { return Ok(None) };
    let path = objects.join(folder).join(name);
    match fs_err::metadata(&path) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(error),
        // A pipe in its place would be waited for without end.
        Ok(found) if !found.is_file() => return Err(corrupt("an object is not a regular file")),
        Ok(_) => {}
    }
    let bytes = inflate(fs_err::File::open(path)?, LARGEST + LONGEST_HEAD)?;
    let parsed = || {
        let end = bytes.iter().position(|byte| *byte == 0)?;
        let (head, content) = (bytes.get(..end)?, bytes.get(end + 1..)?);
        let space = head.iter().position(|byte| *byte == b' ')?;
        let length: usize = str::from_utf8(head.get(space + 1..)?).ok()?.parse().ok()?;
        (length == content.len()).then_some((head.get(..space)?, content))
    };
    let (kind, content) = parsed().ok_or_else(|| corrupt("an object has a head that is none"))?;
    Ok(Some(Object { kind: Kind::parse(kind)?, content: content.to_vec() }))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use tempfile::TempDir;

    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";

    fn id() -> ObjectId {
        ObjectId::from_hex(ID.as_bytes()).unwrap()
    }

    fn with_file(bytes: &[u8]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs_err::create_dir(folder.path().join("01")).unwrap();
        fs_err::write(folder.path().join("01").join(ID.strip_prefix("01").unwrap()), bytes).unwrap();
        folder
    }

    fn found_in(content: &[u8]) -> io::Result<Option<Object>> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        find(with_file(&encoder.finish().unwrap()).path(), &id())
    }

    #[test]
    fn an_object_has_a_kind_and_as_many_bytes_as_it_says() {
        let object = found_in(b"blob 3\0a\0b").unwrap().unwrap();
        assert_eq!((object.kind, object.content.as_slice()), (Kind::Blob, b"a\0b".as_slice()));
        for content in
            [b"".as_slice(), b"blob 3", b"blob 4\0abc", b"blob 2\0abc", b"blob\0", b"stick 0\0", b"blob -1\0"]
        {
            assert!(found_in(content).is_err(), "{content:?}");
        }
    }

    #[test]
    fn what_is_not_there_is_none_and_what_is_no_object_is_an_error() {
        assert!(find(tempfile::tempdir().unwrap().path(), &id()).unwrap().is_none());
        assert!(find(with_file(b"not compressed").path(), &id()).is_err());
        let folder = tempfile::tempdir().unwrap();
        fs_err::create_dir_all(folder.path().join("01").join(ID.strip_prefix("01").unwrap())).unwrap();
        assert!(find(folder.path(), &id()).is_err());
    }

    #[test]
    fn an_object_that_unpacks_without_end_is_read_to_its_bound() {
        let length = usize::try_from(LARGEST).unwrap() + 64;
        let mut content = format!("blob {length}\0").into_bytes();
        content.resize(content.len() + length, b'a');
        assert!(found_in(&content).err().unwrap().to_string().contains("larger"));
    }
}
