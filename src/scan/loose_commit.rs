//! Commits as files of their own: those that were made in this clone and not fetched, such as a merge that a CI has made of two
//! commits before it built the result. Git's "Git Internals - Git Objects" describes the form.

use std::io::Read as _;
use std::path::Path;

use flate2::read::ZlibDecoder;
use gix_hash::ObjectId;

/// The most that is read of a commit, in bytes: its parents stand before everything that has no bound.
const LONGEST_HEAD: u64 = 64 << 10;

/// The parents of a commit whose object is a file below `objects`, first parent first.
pub(super) fn parents(objects: &Path, commit: &str) -> Option<Vec<String>> {
    let id = ObjectId::from_hex(commit.as_bytes()).ok()?.to_string();
    let (folder, name) = id.split_at_checked(2)?;
    let path = objects.join(folder).join(name);
    // A pipe in its place would be waited for without end.
    if !path.metadata().ok()?.is_file() {
        return None;
    }
    let mut content = Vec::new();
    ZlibDecoder::new(fs_err::File::open(path).ok()?).take(LONGEST_HEAD).read_to_end(&mut content).ok()?;
    let content = String::from_utf8_lossy(&content);
    let (head, rest) = content.split_once('\0')?;
    head.strip_prefix("commit ")?;
    let mut lines = rest.lines();
    lines.next()?.strip_prefix("tree ")?;
    let parents = lines.map_while(|line| line.strip_prefix("parent "));
    parents.map(|parent| ObjectId::from_hex(parent.as_bytes()).ok().map(|id| id.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use tempfile::TempDir;

    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";
    const OTHER: &str = "89abcdef0123456789abcdef0123456789abcdef";

    fn with_object(content: &[u8]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs_err::create_dir(folder.path().join("01")).unwrap();
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        fs_err::write(folder.path().join("01").join(ID.strip_prefix("01").unwrap()), encoder.finish().unwrap())
            .unwrap();
        folder
    }

    fn parents_in(content: &str) -> Option<Vec<String>> {
        parents(with_object(content.as_bytes()).path(), ID)
    }

    #[test]
    fn a_commit_has_the_parents_that_it_names_before_its_author() {
        let commit = |parents: &str| format!("commit 99\0tree {ID}\n{parents}author A <a> 0 +0000\n\nparent {ID}\n");
        assert_eq!(parents_in(&commit("")), Some(Vec::new()));
        assert_eq!(
            parents_in(&commit(&format!("parent {OTHER}\nparent {ID}\n"))),
            Some(vec![OTHER.to_owned(), ID.to_owned()])
        );
    }

    #[test]
    fn what_is_no_commit_has_none() {
        for content in ["", "commit 0", "blob 3\0abc", "commit 3\0abc", &format!("commit 3\0tree {ID}\nparent --x\n")] {
            assert_eq!(parents_in(content), None, "{content:?}");
        }
        let folder = tempfile::tempdir().unwrap();
        fs_err::create_dir(folder.path().join("01")).unwrap();
        fs_err::write(folder.path().join("01").join(ID.strip_prefix("01").unwrap()), "not compressed").unwrap();
        assert_eq!(parents(folder.path(), ID), None);
    }

    #[test]
    fn a_name_that_is_no_id_is_no_path_either() {
        let folder = with_object(b"");
        for name in ["", "0", "../../etc/passwd", "--x", OTHER] {
            assert_eq!(parents(folder.path(), name), None, "{name}");
        }
    }

    #[test]
    fn a_commit_that_unpacks_without_end_is_read_to_its_bound() {
        let mut content = format!("commit 9\0tree {ID}\nparent {OTHER}\nauthor ").into_bytes();
        content.resize(8 << 20, b'a');
        assert_eq!(parents(with_object(&content).path(), ID), Some(vec![OTHER.to_owned()]));
    }
}
