//! Gets the subject of a scan ready before any platform is asked: selects and archives the source tree, where there is one.

use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::archive::{self, Options, Selection, Summary};
use super::git::{Head, WorkTree};
use super::observer::{Event, Observer};
use crate::error::Error;
use crate::finding::fingerprint::image_repository;
use crate::platform::Subject;
use crate::settings::{ScanSettings, Source};

/// What is scanned, and what the tree it comes from knows of itself.
pub(super) struct Prepared {
    /// What the platforms get.
    pub(super) subject: Subject,
    /// Where it comes from.
    pub(super) tree: Tree,
    /// What was left out, in sentences for people.
    pub(super) notes: Vec<String>,
    /// How many files were left out.
    pub(super) left_out: u64,
    /// Keeps the archive on disk until the run is over.
    _archive: Option<NamedTempFile>,
}

impl Prepared {
    /// What tells this subject from others of the same project, for the default category: the directory, or the image's name without
    /// its tag, since a rebuilt image is the same subject.
    pub(super) fn place(&self) -> &str {
        match &self.subject {
            Subject::Image(reference) => image_repository(reference),
            Subject::Archive { .. } => &self.tree.directory,
        }
    }

    /// The image, where one is scanned.
    pub(super) fn image(&self) -> Option<String> {
        match &self.subject {
            Subject::Image(reference) => Some(reference.clone()),
            Subject::Archive { .. } => None,
        }
    }
}

/// The source tree around the subject.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    /// The folder that paths of findings are relative to; absent for a ready archive, whose files may lie nowhere, and an image.
    pub(super) root: Option<PathBuf>,
    /// `--dir` as seen from that folder, with `/`; empty where they are the same.
    pub(super) directory: String,
    /// The branch and commit that are checked out.
    pub(super) head: Head,
}

/// Selects the files of `--dir`, for a look or for the archive, less those that this run writes itself.
pub fn select(directory: &Path, untracked: bool, own_files: &[PathBuf]) -> Result<Selection, archive::Error> {
    let ignore_rules = archive::ignore_rules(directory)?;
    archive::select(&Options { directory, untracked, ignore_rules: &ignore_rules, own_files })
}

/// Makes the subject of the run. What blocks is done off the runtime's thread, so that a signal is heard.
pub(super) async fn prepare(settings: &ScanSettings, observer: &dyn Observer) -> Result<Prepared, Error> {
    match &settings.source {
        Source::Directory { path, untracked } => {
            let (selection, archive, summary) = archive_directory(settings, path, *untracked).await?;
            observer.event(&Event::Archived { files: summary.entries, bytes: summary.bytes });
            let root = selection.work_tree.as_ref().map_or(selection.directory.as_path(), WorkTree::root);
            let head = selection.work_tree.as_ref().map(WorkTree::head).transpose().map_err(archive::Error::from)?;
            Ok(Prepared {
                subject: Subject::Archive { path: archive.path().to_owned(), length: summary.bytes },
                tree: Tree { root: Some(root.to_owned()), directory: selection.prefix, head: head.unwrap_or_default() },
                notes: selection.notes,
                left_out: selection.left_out,
                _archive: Some(archive),
            })
        }
        Source::Archive(path) => {
            let (path, checked) = (path.clone(), path.clone());
            let summary = off_thread(move || archive::ready(&checked)).await?;
            observer.event(&Event::Archived { files: summary.entries, bytes: summary.bytes });
            Ok(Prepared {
                subject: Subject::Archive { path, length: summary.bytes },
                tree: Tree::default(),
                notes: Vec::new(),
                left_out: 0,
                _archive: None,
            })
        }
        // The platform fetches the image. What is checked out here says nothing of it.
        Source::Image(reference) => Ok(Prepared {
            subject: Subject::Image(reference.clone()),
            tree: Tree::default(),
            notes: Vec::new(),
            left_out: 0,
            _archive: None,
        }),
    }
}

/// The temporary file belongs to this future, not to the thread that fills it: when a signal drops the future, the file goes.
async fn archive_directory(
    settings: &ScanSettings,
    directory: &Path,
    untracked: bool,
) -> Result<(Selection, NamedTempFile, Summary), Error> {
    let file = archive::temporary(Some(&settings.temporary_folder))?;
    let destination = file.reopen().map_err(|error| archive::Error::Write(error.to_string()))?;
    let directory = directory.to_owned();
    // The folder for temporary files may lie in the tree.
    let own_files: Vec<PathBuf> = settings.run.report.files().chain([file.path().to_owned()]).collect();
    let (selection, summary) = off_thread(move || {
        let selection = select(&directory, untracked, &own_files)?;
        let summary = archive::write(&selection, &destination)?;
        Ok::<_, archive::Error>((selection, summary))
    })
    .await?;
    Ok((selection, file, summary))
}

async fn off_thread<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, Error>
where
    T: Send + 'static,
    E: Into<Error> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(Into::into),
        Err(panicked) => Err(Error::Internal(panicked.to_string())),
    }
}
