//! What an entry scans: `--dir`, `--archive`, `--image`, `--target`, `--sarif`.

use std::path::{Path, PathBuf};

use super::keys::Key;
use super::layers::{Layers, Sourced};
use super::{Error, keys};
use crate::platform::{About, SubjectKind};
use crate::sorting;

/// What is scanned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// `--dir`.
    Directory {
        /// The folder; a relative path is relative to the working directory.
        path: PathBuf,
        /// `--untracked`: also what git does not track.
        untracked: bool,
    },
    /// `--archive`: a ready zip.
    Archive(PathBuf),
    /// `--image`: the reference of a container image, in one line; what else it must be is the platform's affair.
    Image(String),
    /// `--target`: what the platform reaches by itself, in one line; what else it must be is the platform's affair.
    Target(String),
    /// `--sarif`: the SARIF file of another scanner.
    Sarif(PathBuf),
}

impl Subject {
    /// What a platform is to scan. Of the settings for subjects that it can scan, that of the highest layer is taken; in one layer
    /// they exclude each other.
    pub(super) fn resolve(layers: &Layers<'_>, about: &About) -> Result<Self, Error> {
        match given(layers, about.subjects)? {
            Some(subject) => Ok(subject),
            None if about.subjects.contains(&SubjectKind::Tree) => Self::a_directory(layers, "."),
            None => Err(missing(about)),
        }
    }

    /// The source tree or image to look at, whatever the platform: for listing what would be uploaded.
    ///
    /// # Errors
    /// Two that exclude each other, or a value that cannot be read.
    pub fn of_an_upload(layers: &Layers<'_>) -> Result<Self, Error> {
        match given(layers, &[SubjectKind::Tree, SubjectKind::Image])? {
            Some(subject) => Ok(subject),
            None => Self::a_directory(layers, "."),
        }
    }

    /// The folder that is archived, if that is what is scanned.
    pub fn directory(&self) -> Option<&Path> {
        match self {
            Self::Directory { path, .. } => Some(path),
            _ => None,
        }
    }

    fn a_directory(layers: &Layers<'_>, path: &str) -> Result<Self, Error> {
        Ok(Self::Directory { path: path.into(), untracked: layers.switch(&keys::UNTRACKED)? })
    }
}

/// The folder of the run: `--dir`, else the working directory. The repository is looked for there, whatever is scanned.
pub(super) fn directory(layers: &Layers<'_>) -> PathBuf {
    layers.value(&keys::DIR).map_or(".", |sourced| sourced.text).into()
}

/// The settings that name a subject of a kind.
fn keys_of(kind: SubjectKind) -> Vec<&'static Key> {
    match kind {
        SubjectKind::Tree => vec![&keys::DIR, &keys::ARCHIVE],
        SubjectKind::Image => vec![&keys::IMAGE],
        SubjectKind::Target(_) => vec![&keys::TARGET],
        SubjectKind::Sarif => vec![&keys::SARIF],
    }
}

fn given(layers: &Layers<'_>, kinds: &[SubjectKind]) -> Result<Option<Subject>, Error> {
    let keys = kinds.iter().flat_map(|kind| keys_of(*kind));
    let mut given: Vec<_> = keys.filter_map(|key| layers.value(key).map(|sourced| (key.name, sourced))).collect();
    // Of several platforms, one may scan something of its own where the others scan the tree of the run.
    let of_run = |name: &str| layers.is_one_of_several() && ["dir", "archive"].contains(&name);
    let weight = |name: &str, sourced: &Sourced<'_>| (of_run(name), sourced.origin.depth());
    sorting::sort_by_key(&mut given, |(name, sourced)| weight(name, sourced));
    if let [(one, first), (other, second), ..] = given.as_slice()
        && weight(one, first) == weight(other, second)
    {
        let message = format!("{} and {} exclude each other", first.origin, second.origin);
        return Err(Error::new(message).with_hint("give the one that is to be scanned"));
    }
    let Some((name, sourced)) = given.first() else { return Ok(None) };
    let subject = match *name {
        "archive" => Subject::Archive(sourced.text.into()),
        "image" => Subject::Image(sourced.line()?),
        "target" => Subject::Target(sourced.line()?),
        "sarif" => Subject::Sarif(sourced.text.into()),
        _ => Subject::a_directory(layers, sourced.text)?,
    };
    Ok(Some(subject))
}

fn missing(about: &About) -> Error {
    let ways: Vec<String> =
        about.subjects.iter().map(|kind| format!("{} with --{}", kind.words(), kind.setting())).collect();
    let flags: Vec<String> = about.subjects.iter().map(|kind| format!("--{}", kind.setting())).collect();
    Error::new(format!("{} needs {}, and it is not given", about.name, flags.join(" or ")))
        .with_hint(format!("give {}", ways.join(", or ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::samples::{SITE, WORKSPACE};
    use crate::settings::{Environment, Flags};

    fn resolve(about: &About, pairs: &[(&str, &str)]) -> Result<Subject, String> {
        let environment = Environment::from_pairs(pairs.iter().copied());
        Subject::resolve(&Layers::new(&Flags::default(), &environment), about).map_err(|error| error.to_string())
    }

    #[test]
    fn a_platform_that_scans_no_tree_needs_to_be_told_what_to_scan() {
        assert_eq!(resolve(&SITE, &[]), Err("Site needs --target, and it is not given".to_owned()));
        assert_eq!(
            resolve(&WORKSPACE, &[]),
            Err("Workspace needs --target or --sarif, and it is not given".to_owned())
        );
        let hint = missing(&WORKSPACE).hint();
        assert_eq!(hint.as_deref(), Some("give the name of a target with --target, or a SARIF file with --sarif"));
    }

    #[test]
    fn a_target_is_one_line_and_has_nothing_to_do_with_the_folder() {
        let target = ("SCANGATE_TARGET", "host.example");
        let expected = Ok(Subject::Target("host.example".to_owned()));
        assert_eq!(resolve(&SITE, &[target, ("SCANGATE_DIR", "src")]), expected);
        assert!(resolve(&SITE, &[("SCANGATE_TARGET", "a\nb")]).is_err());
    }

    #[test]
    fn a_target_and_a_sarif_file_exclude_each_other() {
        let both = [("SCANGATE_TARGET", "shop"), ("SCANGATE_SARIF", "out.sarif")];
        assert_eq!(resolve(&WORKSPACE, &both), Err("SCANGATE_TARGET and SCANGATE_SARIF exclude each other".to_owned()));
        assert_eq!(resolve(&WORKSPACE, &both[1..]), Ok(Subject::Sarif("out.sarif".into())));
    }
}
