//! Gets the subject of a scan ready before any platform is asked: selects and archives the source tree, where there is one.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use tempfile::NamedTempFile;

use super::archive::{self, Options, Selection, Summary};
use super::git::{Head, WorkTree};
use super::observer::{Event, Observer};
use crate::blocking;
use crate::error::{Error, Problem};
use crate::finding::fingerprint::image_repository;
use crate::platform::Subject;
use crate::report::counted;
use crate::settings::{self, ScanSettings};

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
    /// What tells this subject from others of the same project, for the default category: the directory, the target, or the image's
    /// name without its tag, since a rebuilt image is the same subject.
    pub(super) fn place(&self) -> &str {
        match &self.subject {
            Subject::Image(reference) => image_repository(reference),
            Subject::Target(target) => target,
            Subject::Archive { .. } | Subject::Sarif { .. } => &self.tree.directory,
        }
    }

    /// A subject that needs nothing made of it.
    fn as_it_is(subject: Subject, tree: Tree) -> Self {
        Self { subject, tree, notes: Vec::new(), left_out: 0, _archive: None }
    }
}

/// The source tree around the subject.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    /// The folder that paths of findings are relative to; absent for a ready archive, whose files may lie nowhere, and for
    /// what the platform reaches by itself.
    pub(super) root: Option<PathBuf>,
    /// `--dir` as seen from that folder, with `/`; empty where they are the same.
    pub(super) directory: String,
    /// The branch and commit that are checked out.
    pub(super) head: Head,
}

/// Selects the files of `--dir`, for a look or for the archive, less those that this run writes itself. The ignore rules are those
/// that are given, else those of the tree.
pub fn select(
    directory: &Path,
    untracked: bool,
    own_files: &[PathBuf],
    ignore_rules: Option<&str>,
) -> Result<Selection, archive::Error> {
    let of_tree = if ignore_rules.is_none() { archive::ignore_rules(directory)? } else { String::new() };
    archive::select(&Options { directory, untracked, ignore_rules: ignore_rules.unwrap_or(&of_tree), own_files })
}

/// Looks at what would be scanned before anything is made of it, and says what it is.
///
/// # Errors
/// What a run would end with that cannot find or read it.
pub fn look(subject: &settings::Subject) -> Result<String, Error> {
    Ok(match subject {
        settings::Subject::Directory { path, .. } => format!("the folder {}", archive::enter(path)?.display()),
        settings::Subject::Archive(path) => {
            format!("the archive {}, {}", path.display(), counted(archive::ready(path)?.entries, "file"))
        }
        settings::Subject::Image(reference) => format!("the image {reference}"),
        settings::Subject::Target(target) => format!("the target {target}"),
        settings::Subject::Sarif(path) => {
            format!("the SARIF file {}, {}", path.display(), counted(sarif_length(path)?, "byte"))
        }
    })
}

/// What was prepared in a run, so that entries that scan the same share it: a tree is archived once.
#[derive(Default)]
pub(super) struct Shelf(Vec<(settings::Subject, Result<Rc<Prepared>, Problem>)>);

impl Shelf {
    /// The subject of an entry, or why there is none.
    pub(super) async fn prepare(
        &mut self,
        subject: &settings::Subject,
        settings: &ScanSettings,
        observer: &dyn Observer,
    ) -> Result<Rc<Prepared>, Problem> {
        if let Some((_, known)) = self.0.iter().find(|(known, _)| known == subject) {
            return known.clone();
        }
        let fresh = prepare(subject, settings, observer).await.map(Rc::new).map_err(|error| error.to_problem());
        self.0.push((subject.clone(), fresh.clone()));
        fresh
    }
}

/// Makes the subject of an entry. What blocks is done off the runtime's thread, so that a signal is heard.
async fn prepare(
    subject: &settings::Subject,
    settings: &ScanSettings,
    observer: &dyn Observer,
) -> Result<Prepared, Error> {
    match subject {
        settings::Subject::Directory { path, untracked } => {
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
        settings::Subject::Archive(path) => {
            let (path, checked) = (path.clone(), path.clone());
            let summary = off_thread(move || archive::ready(&checked)).await?;
            observer.event(&Event::Archived { files: summary.entries, bytes: summary.bytes });
            Ok(Prepared::as_it_is(Subject::Archive { path, length: summary.bytes }, Tree::default()))
        }
        // The platform fetches the image. What is checked out here says nothing of it.
        settings::Subject::Image(reference) => {
            Ok(Prepared::as_it_is(Subject::Image(reference.clone()), Tree::default()))
        }
        // A target is deployed from the repository that is checked out, as far as anybody can tell, but its findings lie in no file.
        settings::Subject::Target(target) => {
            let tree = Tree { root: None, directory: String::new(), ..discover(settings).await? };
            Ok(Prepared::as_it_is(Subject::Target(target.clone()), tree))
        }
        settings::Subject::Sarif(path) => {
            let (path, checked) = (path.clone(), path.clone());
            let length = off_thread(move || sarif_length(&checked)).await?;
            Ok(Prepared::as_it_is(Subject::Sarif { path, length }, discover(settings).await?))
        }
    }
}

/// The repository around the run, where there is one.
async fn discover(settings: &ScanSettings) -> Result<Tree, Error> {
    let directory = settings.directory.clone();
    off_thread(move || {
        let Some(work_tree) = WorkTree::discover(&directory)? else { return Ok(Tree::default()) };
        let head = work_tree.head()?;
        // Paths in the SARIF of other scanners are those of the repository, whatever folder the scanner ran in.
        Ok::<_, archive::Error>(Tree { root: Some(work_tree.root().to_owned()), directory: String::new(), head })
    })
    .await
}

/// The length in bytes of a file that can be uploaded.
fn sarif_length(path: &Path) -> Result<u64, settings::Error> {
    let refused = |cause: &str| {
        settings::Error::new(format!(
            "cannot use the SARIF file {}: {cause}",
            settings::value::escaped(&path.to_string_lossy())
        ))
        .with_hint("check the path given as --sarif, and that the scanner before this one wrote it")
    };
    let metadata = std::fs::metadata(path).map_err(|cause| refused(&cause.to_string()))?;
    match metadata.len() {
        _ if !metadata.is_file() => Err(refused("not a regular file")),
        0 => Err(refused("it is empty")),
        length => Ok(length),
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
    let ignore_rules = settings.ignore_rules.clone();
    let (selection, summary) = off_thread(move || {
        let selection = select(&directory, untracked, &own_files, ignore_rules.as_deref())?;
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
    match blocking::start(work).await {
        Ok(done) => done.map_err(Into::into),
        Err(panicked) => Err(Error::Internal(panicked.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sarif_file_is_a_regular_file_with_something_in_it_or_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        fs_err::write(file("good.sarif"), "{}").unwrap();
        fs_err::write(file("empty.sarif"), "").unwrap();
        assert_eq!(sarif_length(&file("good.sarif")).ok(), Some(2));
        for (name, cause) in [("empty.sarif", "it is empty"), ("missing.sarif", "No such file"), ("", "not a regular")]
        {
            let error = sarif_length(&file(name)).unwrap_err().to_string();
            assert!(error.contains(cause) && (name.is_empty() || error.contains(name)), "{error}");
        }
    }
}
