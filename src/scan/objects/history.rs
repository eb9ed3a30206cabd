//! What commits hold: their parents, and files of their trees.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path};

use gix_hash::ObjectId;

use super::{Kind, Objects, corrupt};

/// What there is at a path in a commit's tree.
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
pub enum Entry {
    /// The clone does not hold the commit, or not all that the path leads through: it is shallow or partial.
    NotInClone,
    /// Nothing.
    Absent,
    /// A file, with its content.
    File(Vec<u8>),
    /// A symbolic link, or one on the way.
    Link,
    /// A folder or a submodule.
    Other,
}

/// The parents of a commit, first parent first. `None` where it is not there or is no commit.
pub(in crate::scan) fn parents(objects: &Objects, commit: &str) -> Option<Vec<String>> {
    let object = objects.find(&id(commit)?).ok()??;
    (object.kind == Kind::Commit).then(|| parents_in(&object.content))?
}

/// The same of a commit that was made in this clone; `None` of one that was fetched in a pack.
pub(in crate::scan) fn parents_of_own(objects: &Objects, commit: &str) -> Option<Vec<String>> {
    let object = objects.find_loose(&id(commit)?).ok()??;
    (object.kind == Kind::Commit).then(|| parents_in(&object.content))?
}

/// What there is at `path` in the tree of a commit. The path is relative to the repository's root.
///
/// # Errors
/// Objects that cannot be read, or are not what they should be.
pub(in crate::scan) fn entry(objects: &Objects, commit: &str, path: &Path) -> io::Result<Entry> {
    let Some(id) = id(commit) else { return Ok(Entry::NotInClone) };
    let Some(object) = objects.find(&id)? else { return Ok(Entry::NotInClone) };
    let tree = Some(object.content).filter(|_| object.kind == Kind::Commit).and_then(|content| tree_in(&content));
    let mut next = tree.ok_or_else(|| corrupt("the base is no commit"))?;
    let mut components = path.components().peekable();
    while let Some(Component::Normal(name)) = components.next() {
        let Some(object) = objects.find(&next)? else { return Ok(Entry::NotInClone) };
        if object.kind != Kind::Tree {
            return Err(corrupt("a folder is no tree"));
        }
        let Some((mode, id)) = child(&object.content, name, next.as_bytes().len())? else { return Ok(Entry::Absent) };
        match (mode, components.peek()) {
            (b"120000", _) => return Ok(Entry::Link),
            (b"40000", Some(_)) => next = id,
            (b"100644" | b"100755" | b"100664", None) => {
                let Some(object) = objects.find(&id)? else { return Ok(Entry::NotInClone) };
                return Ok(Entry::File(object.content));
            }
            // Below a file or a submodule there is nothing.
            (_, Some(_)) => return Ok(Entry::Absent),
            (_, None) => return Ok(Entry::Other),
        }
    }
    Ok(Entry::Other)
}

fn id(text: &str) -> Option<ObjectId> {
    ObjectId::from_hex(text.as_bytes()).ok()
}

/// What a commit says before its author, line by line.
fn head(content: &[u8]) -> impl Iterator<Item = &str> {
    content.split(|byte| *byte == b'\n').map_while(|line| str::from_utf8(line).ok())
}

fn tree_in(content: &[u8]) -> Option<ObjectId> {
    id(head(content).next()?.strip_prefix("tree ")?)
}

fn parents_in(content: &[u8]) -> Option<Vec<String>> {
    tree_in(content)?;
    let parents = head(content).skip(1).map_while(|line| line.strip_prefix("parent "));
    parents.map(|parent| id(parent).map(|id| id.to_string())).collect()
}

/// The mode and id of an entry of a tree, whose ids have `width` bytes.
fn child<'t>(tree: &'t [u8], name: &OsStr, width: usize) -> io::Result<Option<(&'t [u8], ObjectId)>> {
    let mut rest = tree;
    while !rest.is_empty() {
        let cut_off = || corrupt("a tree has an entry that is none");
        let (first, after) = first(rest, width).ok_or_else(cut_off)?;
        if first.name == name.as_bytes() {
            return Ok(Some((first.mode, first.id)));
        }
        rest = after;
    }
    Ok(None)
}

/// An entry of a tree.
struct Child<'t> {
    mode: &'t [u8],
    name: &'t [u8],
    id: ObjectId,
}

/// The first entry of a tree, and what is behind it.
fn first(tree: &[u8], width: usize) -> Option<(Child<'_>, &[u8])> {
    let end = tree.iter().position(|byte| *byte == 0)?;
    let (head, rest) = (tree.get(..end)?, tree.get(end + 1..)?);
    let space = head.iter().position(|byte| *byte == b' ')?;
    let (id, after) = rest.split_at_checked(width)?;
    let (mode, name, id) = (head.get(..space)?, head.get(space + 1..)?, ObjectId::try_from(id).ok()?);
    Some((Child { mode, name, id }, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";
    const OTHER: &str = "89abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn a_commit_has_the_parents_that_it_names_before_its_author() {
        let commit = |parents: &str| format!("tree {ID}\n{parents}author A <a> 0 +0000\n\nparent {ID}\n").into_bytes();
        assert_eq!(parents_in(&commit("")), Some(Vec::new()));
        let two = commit(&format!("parent {OTHER}\nparent {ID}\n"));
        assert_eq!(parents_in(&two), Some(vec![OTHER.to_owned(), ID.to_owned()]));
        for none in ["", "abc", &format!("tree {ID}\nparent --x\n"), "tree --x\n"] {
            assert_eq!(parents_in(none.as_bytes()), None, "{none:?}");
        }
    }

    #[test]
    fn an_entry_of_a_tree_is_found_by_its_whole_name() {
        let entry = |mode: &str, name: &str, byte: u8| [format!("{mode} {name}\0").as_bytes(), &[byte; 20]].concat();
        let tree = [entry("100644", "a", 1), entry("40000", "a b", 2), entry("120000", "ab", b' ')].concat();
        let mode = |name: &str| child(&tree, OsStr::new(name), 20).unwrap().map(|(mode, _)| mode);
        assert_eq!(mode("a"), Some(b"100644".as_slice()));
        assert_eq!(mode("a b"), Some(b"40000".as_slice()));
        assert_eq!(mode("ab"), Some(b"120000".as_slice()));
        for absent in ["", "b", "A", "a b "] {
            assert_eq!(mode(absent), None, "{absent:?}");
        }
    }

    #[test]
    fn a_tree_that_is_cut_off_is_none() {
        for tree in [b"100644".as_slice(), b"100644 a", b"100644 a\x00123", b"\x00 a", b"100644\x00 a"] {
            assert!(child(tree, OsStr::new("b"), 20).is_err(), "{tree:?}");
        }
    }
}
