//! What is not in the archive although it lies in the tree, and why. It is always said.

use std::collections::BTreeMap;

/// Why something is not in the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    /// `.scangateignore` names it.
    Ignored,
    /// It is untracked, and named as files with secrets are.
    Secret,
    /// A symbolic link out of the tree, to a directory, to nothing, or to a file that is itself not archived.
    Link,
    /// A FIFO, a socket or a device. Reading one may never end.
    Special,
    /// Tracked, and deleted or not checked out.
    Absent,
    /// Zip names are UTF-8 here, and a changed name would make findings point at no file.
    NotUtf8,
    /// A name in the index with which git itself would not check a file out.
    Unsafe,
    /// A submodule, or another repository inside this one.
    Repository,
}

impl Reason {
    fn describe(self) -> &'static str {
        match self {
            Self::Ignored => "named by .scangateignore",
            Self::Secret => "untracked, with the name of a file that holds secrets",
            Self::Link => "symbolic links that lead to no archived file",
            Self::Special => "FIFOs, sockets or devices",
            Self::Absent => "tracked by git, but not on disk",
            Self::NotUtf8 => "names that are not UTF-8",
            Self::Unsafe => "names in the git index that are no path inside the tree",
            Self::Repository => "submodules or other repositories, to be scanned by themselves",
        }
    }
}

/// How many names a sentence gives as examples.
const EXAMPLES: usize = 3;

/// Everything that was left out.
#[derive(Debug, Default)]
pub(super) struct LeftOut(BTreeMap<Reason, Group>);

#[derive(Debug, Default)]
struct Group {
    count: u64,
    examples: Vec<String>,
}

impl LeftOut {
    /// Notes that `name` is left out.
    pub(super) fn add(&mut self, reason: Reason, name: &str) {
        let group = self.0.entry(reason).or_default();
        group.count += 1;
        if group.examples.len() < EXAMPLES {
            // A name may hold line feeds and terminal escapes.
            group.examples.push(name.escape_debug().collect());
        }
    }

    /// How many files, links and repositories.
    pub(super) fn count(&self) -> u64 {
        self.0.values().map(|group| group.count).sum()
    }

    /// One sentence a reason.
    pub(super) fn notes(&self) -> Vec<String> {
        self.0.iter().map(|(reason, group)| group.describe(*reason)).collect()
    }
}

impl Group {
    fn describe(&self, reason: Reason) -> String {
        let more = if self.count > EXAMPLES as u64 { ", and more" } else { "" };
        format!("left out of the archive: {} {} ({}{more})", self.count, reason.describe(), self.examples.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_counts_all_and_names_three_without_control_characters() {
        let mut left_out = LeftOut::default();
        for name in ["a\n::error::", "b", "c", "d"] {
            left_out.add(Reason::Special, name);
        }
        left_out.add(Reason::Ignored, "e");
        assert_eq!(left_out.count(), 5);
        assert_eq!(
            left_out.notes(),
            [
                "left out of the archive: 1 named by .scangateignore (e)",
                "left out of the archive: 4 FIFOs, sockets or devices (a\\n::error::, b, c, and more)",
            ]
        );
    }
}
