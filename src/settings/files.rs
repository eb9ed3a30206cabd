//! The files of settings: the run's, and the user's own (DESIGN section 4).

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::document::{Document, Reader};
use super::layers::{Flags, Layers};
use super::trust::Ground;
use super::value::escaped;
use super::{Environment, Error, keys, vendor_file};

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
    /// What people should know of files that are not read.
    warnings: Vec<String>,
}

impl Files {
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
        let read = |path: &Path, shown: String, ground: &Ground, depth| {
            let document = parse(&content(path, &shown)?, path, &shown, ground, depth, &own_name)?;
            Ok::<_, Error>(Document { path: path.to_owned(), ..document })
        };
        let mut documents = Vec::new();
        let mut warnings = Vec::new();
        if let Some(sourced) = layers.value(&keys::CONFIG) {
            let path = ground.resolve(sourced.text);
            documents.push(read(&path, escaped(sourced.text), &ground.clone().with_working_directory(), depth)?);
        } else {
            let path = ground.resolve(USUAL);
            if is_there(&path) {
                documents.push(read(&path, USUAL.to_owned(), &ground.clone().with_working_directory(), depth)?);
            }
            if is_there(&ground.resolve(UNUSUAL)) {
                warnings.push(format!("{UNUSUAL} is not read: the file of settings is called {USUAL}"));
            }
        }
        if let Some(path) = own.filter(|path| is_there(path)) {
            documents.push(read(&path, name(&path), &ground, depth_of_own)?);
        }
        for path in vendor_file::paths(environment).into_iter().filter(|path| is_there(path)) {
            let shown = name(&path);
            let content = content(&path, &shown)?;
            let untrusted = ground.holds(&path).then_some(&ground);
            let reader = Reader { file: shown.into(), depth: depth_of_own, untrusted, own_file: own_name.clone() };
            let document = vendor_file::read(&reader, &content, path.metadata().ok().as_ref())?;
            documents.push(Document { path, ..document });
        }
        Ok(Self { documents, warnings })
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

fn parse(
    content: &str,
    path: &Path,
    shown: &str,
    ground: &Ground,
    depth: u8,
    own_name: &str,
) -> Result<Document, Error> {
    let reader = |untrusted| Reader { file: shown.into(), depth, untrusted, own_file: own_name.to_owned() };
    if ground.holds(path) {
        return reader(Some(ground)).read(content);
    }
    let document = reader(None).read(content)?;
    // The file may name what is scanned, and lie there.
    match document.texts.get(keys::DIR.name).and_then(|texts| texts.first()) {
        Some(directory) => {
            let ground = ground.clone().with(&directory.text);
            if ground.holds(path) { reader(Some(&ground)).read(content) } else { Ok(document) }
        }
        None => Ok(document),
    }
}

/// The content of a file that is one and not too long.
pub(super) fn content(path: &Path, shown: &str) -> Result<String, Error> {
    let refused = |cause: &str| {
        Error::new(format!("the settings cannot be read from {shown}: {cause}"))
            .with_hint("check the path, and that the file can be read")
    };
    let read = || -> io::Result<Result<Vec<u8>, &'static str>> {
        // Asked before it is opened: a pipe would be waited for.
        if !path.metadata()?.is_file() {
            return Ok(Err("it is not a regular file"));
        }
        let mut bytes = Vec::new();
        fs_err::File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
        let is_too_long = u64::try_from(bytes.len()).is_ok_and(|length| length > LARGEST);
        Ok(if is_too_long { Err("it is longer than 1 MiB") } else { Ok(bytes) })
    };
    let bytes = read().map_err(|error| refused(&reason(&error)))?.map_err(refused)?;
    String::from_utf8(bytes).map_err(|_bytes_of_a_file| refused("it is not UTF-8"))
}

/// The system's words without the path, which the message has.
fn reason(error: &io::Error) -> String {
    io::Error::from(error.kind()).to_string()
}
