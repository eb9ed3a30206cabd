//! The files of settings: the run's, and the user's own (DESIGN section 4).

use std::path::{Path, PathBuf};

use super::document::{Document, Reader};
use super::layers::{Flags, Layers};
use super::trust::Ground;
use super::value::escaped;
use super::{Environment, Error, keys, vendor_file};
use crate::regular_file;

/// The run's file, in the working directory.
const USUAL: &str = "scangate.yml";

/// What it is easily called by mistake.
const UNUSUAL: &str = "scangate.yaml";

/// The most that is read of a file: 1 MiB.
const LARGEST: u64 = 1024 * 1024;

/// How far down the layer of the run's file lies, and that of the user's own below it.
const DEPTHS: [u8; 2] = [4, 5];

/// What the files of a run say. Texts in it may be hostile, so it has no `Debug`.
#[derive(Clone, Default)]
pub struct Files {
    /// The one that weighs most first.
    pub(super) documents: Vec<Document>,
    /// Those of them that a pull request can edit.
    pub(super) open: Vec<Open>,
    /// What people should know of files that are not read.
    warnings: Vec<String>,
}

/// A file that a pull request can edit, or has perhaps taken away.
#[derive(Clone)]
pub(super) struct Open {
    /// Which of the documents is its content, and says where it lies or would.
    pub(super) document: usize,
    /// How far down its layer lies.
    pub(super) depth: u8,
    /// The ground on which it lies.
    pub(super) ground: Ground,
    /// Where what it may not say can stand, for people.
    pub(super) own_file: String,
}

impl Files {
    /// The files that were read, the one that weighs most first: its name for people, its path, and whether it is trusted with hosts
    /// and credentials.
    pub fn places(&self) -> impl Iterator<Item = (&str, &Path, bool)> {
        let there = self.documents.iter().filter(|document| is_there(&document.path));
        there.map(|document| (&*document.shown, document.path.as_path(), document.is_trusted))
    }

    /// What people should know of files that are not read, in sentences.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Reads the file of `--config`, else `scangate.yml` in the working directory where there is one, and the user's own, at last
    /// those of a vendor's client. In the action's container the user's own are left alone: steps before it share its HOME.
    ///
    /// # Errors
    /// A file that cannot be read, and what a file says wrongly or may not say; with file, line and key.
    pub fn read(flags: &Flags, environment: &Environment) -> Result<Self, Error> {
        let layers = Layers::new(flags, environment);
        let ground = Ground::of(&layers);
        let [depth, depth_of_own] = DEPTHS;
        let own = own_file(environment);
        let own_name = own.as_deref().map_or_else(|| "a file of your own outside of it".to_owned(), name);
        let mut files = Self::default();
        let around = ground.clone().with_working_directory();
        if let Some(sourced) = layers.value(&keys::CONFIG) {
            let (path, shown) = (ground.resolve(sourced.text), escaped(sourced.text));
            files.add(&content(&path, &shown)?, path, shown, around, depth, &own_name)?;
        } else {
            // One that is not there may have been: it says nothing, and its layer is there for what the base commit has.
            let path = ground.resolve(USUAL);
            let content = if is_there(&path) { content(&path, USUAL)? } else { String::new() };
            files.add(&content, path, USUAL.to_owned(), around, depth, &own_name)?;
            if is_there(&ground.resolve(UNUSUAL)) {
                files.warnings.push(format!("{UNUSUAL} is not read: the file of settings is called {USUAL}"));
            }
        }
        if let Some(path) = own.filter(|path| is_there(path)) {
            let shown = name(&path);
            files.add(&content(&path, &shown)?, path, shown, ground.clone(), depth_of_own, &own_name)?;
        }
        for path in vendor_file::paths(environment).into_iter().filter(|path| is_there(path)) {
            let shown = name(&path);
            let content = content(&path, &shown)?;
            let untrusted = ground.holds(&path).then_some(&ground);
            let file = shown.as_str().into();
            let reader = Reader { file, depth: depth_of_own, untrusted, own_file: own_name.clone() };
            let document = vendor_file::read(&reader, &content, path.metadata().ok().as_ref())?;
            files.documents.push(Document { shown, path, ..document });
        }
        Ok(files)
    }

    fn add(
        &mut self,
        content: &str,
        path: PathBuf,
        shown: String,
        ground: Ground,
        depth: u8,
        own_file: &str,
    ) -> Result<(), Error> {
        let (read, ground) = parse(content, &path, &shown, ground, depth, own_file)?;
        if let Some(ground) = ground {
            let (document, own_file) = (self.documents.len(), own_file.to_owned());
            self.open.push(Open { document, depth, ground, own_file });
        }
        self.documents.push(Document { shown, path, ..read });
        Ok(())
    }
}

/// The user's own file.
fn own_file(environment: &Environment) -> Option<PathBuf> {
    own_folder(environment).map(|folder| folder.join("config.yml"))
}

/// The folder of the user's own files, by the XDG Base Directory Specification: a relative folder in the variable is no folder.
/// There is none in the action's container.
pub(super) fn own_folder(environment: &Environment) -> Option<PathBuf> {
    let home = own_home(environment).map(|home| Path::new(home).join(".config"));
    let configured = environment.get("XDG_CONFIG_HOME").map(PathBuf::from);
    let configured = configured.filter(|folder| folder.is_absolute() && !is_in_the_action(environment));
    configured.or(home).map(|folder| folder.join("scangate"))
}

/// The user's own folder. There is none in the action's container.
pub(super) fn own_home(environment: &Environment) -> Option<&str> {
    environment.get("HOME").filter(|home| Path::new(home).is_absolute() && !is_in_the_action(environment))
}

fn is_in_the_action(environment: &Environment) -> bool {
    environment.get("SCANGATE_ACTION") == Some("1")
}

fn name(path: &Path) -> String {
    escaped(&path.to_string_lossy())
}

/// Whether there is something of that name, be it a link that leads nowhere: that is said, and not passed over.
fn is_there(path: &Path) -> bool {
    fs_err::symlink_metadata(path).is_ok()
}

/// What a file says, and the ground on which it lies, if a pull request can edit it.
fn parse(
    content: &str,
    path: &Path,
    shown: &str,
    ground: Ground,
    depth: u8,
    own_name: &str,
) -> Result<(Document, Option<Ground>), Error> {
    let read = |untrusted| Reader { file: shown.into(), depth, untrusted, own_file: own_name.to_owned() }.read(content);
    if ground.holds(path) {
        return Ok((read(Some(&ground))?, Some(ground)));
    }
    let document = read(None)?;
    // The file may name what is scanned, and lie there.
    let directory = document.texts.get(keys::DIR.name).and_then(|texts| texts.first());
    match directory.map(|directory| ground.with(&directory.text)).filter(|ground| ground.holds(path)) {
        Some(ground) => Ok((read(Some(&ground))?, Some(ground))),
        None => Ok((document, None)),
    }
}

/// The content of a file that is one and not too long.
pub(super) fn content(path: &Path, shown: &str) -> Result<String, Error> {
    let refused = |cause: &str| {
        Error::new(format!("the settings cannot be read from {shown}: {cause}"))
            .with_hint("check the path, and that the file can be read")
    };
    let bytes = regular_file::read(path, LARGEST).map_err(|cause| refused(&cause))?;
    str::from_utf8(&bytes).map(str::to_owned).map_err(|_bytes_of_a_file| refused("it is not UTF-8"))
}
