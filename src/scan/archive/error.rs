//! Why a source tree could not be archived.

use std::io;
use std::path::PathBuf;

use crate::error::Class;
use crate::scan::git;

/// The source tree could not be archived. A file that cannot be read ends the run: an archive without it would be scanned, and
/// perhaps pass, as if it were whole.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `--dir` does not exist, is not a directory, or cannot be entered.
    #[error("cannot archive the directory {}: {cause}", .path.display())]
    Directory {
        /// The path as the user gave it.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// The repository around `--dir` cannot be read.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// A directory or file below `--dir` cannot be read. The cause names it.
    #[error("cannot archive the tree: {0}")]
    Unreadable(String),
    /// `.scangateignore` cannot be used.
    #[error("cannot use .scangateignore: {0}")]
    IgnoreFile(String),
    /// Nothing was left to archive.
    #[error("no file was archived from {}", .path.display())]
    Empty {
        /// The directory.
        path: PathBuf,
        /// Whether only tracked files were looked at.
        tracked_only: bool,
    },
    /// The archive could not be written into the folder for temporary files.
    #[error("cannot write the archive: {0}")]
    Write(String),
    /// The archive could not be written where `--archive-only` asks for it.
    #[error("cannot write the archive {}: {cause}", .path.display())]
    Save {
        /// The path as the user gave it.
        path: PathBuf,
        /// What happened.
        cause: String,
    },
    /// The archive is larger than any platform takes.
    #[error("the archive is larger than {} bytes, the most that can be uploaded", .limit)]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// `--archive` names something that is no zip archive with files in it.
    #[error("cannot send the archive {}: {cause}", .path.display())]
    NotAnArchive {
        /// The path as the user gave it.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
}

impl Error {
    /// How a run ends that has nothing worse.
    pub fn class(&self) -> Class {
        Class::Usage
    }

    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Directory { .. } => "check the path given as --dir",
            Self::Git(error) => error.hint(),
            Self::Unreadable(_) => "make it readable, or name it in .scangateignore",
            Self::IgnoreFile(_) => "correct the file; it has the syntax of .gitignore",
            Self::Empty { tracked_only: true, .. } => {
                "git tracks no file there that .scangateignore leaves in; check --dir, or add --untracked"
            }
            Self::Empty { tracked_only: false, .. } => "check --dir, .gitignore and .scangateignore",
            Self::Write(_) => "check that the folder for temporary files can be written and has room",
            Self::Save { .. } => "check that the folder exists, can be written and has room",
            Self::TooLarge { .. } => {
                "leave large files out with .scangateignore, or scan a part of the tree with --dir"
            }
            Self::NotAnArchive { .. } => "give --archive a zip file, such as `git archive --format=zip` makes",
        };
        Some(hint.to_owned())
    }

    pub(super) fn write(cause: &dyn std::fmt::Display) -> Self {
        Self::Write(cause.to_string())
    }
}

/// Errors of reading: `fs_err` has put the path into their text.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error.to_string())
    }
}
