//! The deprecated files of settings of CybeDefend's own client: `~/.cybedefend/config.yml` and `config.yaml`.
//!
//! That client also looks into the working directory and into `/etc`; here the user's own folder alone counts, and no pull request
//! can edit it. The names are those of the vendor's variables, `region` for `CYBEDEFEND_REGION`, in either case. What else the file
//! holds is for the vendor's client.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use super::document::{Document, Reader};
use super::keys::{self, Key};
use super::layers::{Layers, Origin};
use super::value::shown;
use super::yaml::{self, Content};
use super::{Environment, Error, files};
use crate::credentials::{Form, Secret, Source};
use crate::platform::{About, PlatformId};
use crate::regular_file;

/// Whose client it is.
const PLATFORM: PlatformId = PlatformId::CybeDefend;

/// The files, below the user's own folder: the name of the vendor's documentation, and that of its client's help.
const FILES: [&str; 2] = [".cybedefend/config.yml", ".cybedefend/config.yaml"];

/// The fields that hold a secret; the key is one that the platform does not take any more.
const SECRETS: [&str; 2] = ["pat", "api_key"];

/// What is known of such a file beside what it says.
#[derive(Clone)]
pub(super) struct VendorFile {
    /// For whom its settings are.
    pub(super) platform: PlatformId,
    /// Its path, for people.
    shown: String,
    /// Where its settings should stand, for people.
    own_file: String,
    /// Its permissions, where there are any.
    mode: u32,
    /// The names of fields that are none of ours, for people.
    ignored: Vec<String>,
}

/// Where such files may lie.
pub(super) fn paths(environment: &Environment) -> Vec<PathBuf> {
    files::own_home(environment).into_iter().flat_map(|home| FILES.map(|file| Path::new(home).join(file))).collect()
}

/// Reads what such a file says to us.
///
/// # Errors
/// As for [`Reader::read`], but for names that are not known.
pub(super) fn read(reader: &Reader<'_>, content: &str, metadata: Option<&Metadata>) -> Result<Document, Error> {
    let (texts, ignored) = reader.read_known(content, key)?;
    let vendor_file = VendorFile {
        platform: PLATFORM,
        shown: reader.file.to_string(),
        own_file: reader.own_file.clone(),
        mode: metadata.map_or(0, regular_file::mode),
        ignored: ignored.iter().map(|name| shown(name)).collect(),
    };
    Ok(Document {
        is_trusted: reader.untrusted.is_none(),
        texts,
        vendor_file: Some(vendor_file),
        ..Document::default()
    })
}

/// The setting behind a field: `auth-url` for `auth_endpoint`, since the variable is `CYBEDEFEND_AUTH_ENDPOINT`.
fn key(field: &str) -> Option<&'static Key> {
    if field.eq_ignore_ascii_case("pat") {
        return Some(&keys::PAT);
    }
    let variable = format!("CYBEDEFEND_{}", field.to_ascii_uppercase());
    let (name, _) = PLATFORM.about().variables.iter().find(|(_, own)| *own == variable)?;
    keys::ALL.iter().copied().find(|key| key.name == *name)
}

/// The secrets in such files, so that a redactor can learn them before anything is said, be it about another file. What is wrong
/// with a file is said by whoever reads it for its settings.
pub fn secrets_in_files(environment: &Environment) -> Vec<Secret> {
    let documents = paths(environment).into_iter().filter_map(|path| {
        let content = files::content(&path, "").ok()?;
        yaml::parse(&content).ok()?
    });
    let fields = documents.flat_map(|node| match node.content {
        Content::Map(fields) => fields,
        _ => Vec::new(),
    });
    let secrets = fields.filter(|(name, _)| SECRETS.iter().any(|secret| name.text.eq_ignore_ascii_case(secret)));
    secrets.filter_map(|(_, node)| node.text().and_then(Secret::new)).collect()
}

/// Refuses two such files: nobody can tell which of them is meant, and a part of each could be a mixture of two regions.
pub(super) fn refuse_two(layers: &Layers<'_>, about: &About) -> Result<(), Error> {
    let holding = of_platform(layers, about).filter(|(document, _)| !document.texts.is_empty());
    let mut given = holding.map(|(_, file)| file);
    match (given.next(), given.next()) {
        (Some(first), Some(second)) => {
            let message = format!("both {} and {} hold settings for {}", first.shown, second.shown, about.name);
            Err(Error::new(message).with_hint("remove one of them, or move the settings of both where they belong now"))
        }
        _ => Ok(()),
    }
}

fn of_platform<'a>(layers: &Layers<'a>, about: &About) -> impl Iterator<Item = (&'a Document, &'a VendorFile)> {
    let files = layers.documents().iter().filter_map(|document| Some((document, document.vendor_file.as_ref()?)));
    files.filter(move |(_, file)| file.platform.as_str() == about.id)
}

/// What people should know of such a file, where something in it is heeded or its secret can be read by others.
pub(super) fn warnings(layers: &Layers<'_>, about: &'static About, credential: Option<&Form<Source>>) -> Vec<String> {
    let layers = &layers.with_variables_of(about);
    let mut warnings = Vec::new();
    for (document, file) in of_platform(layers, about) {
        for field in &file.ignored {
            tracing::debug!(field, file = file.shown, "the field is none of ours and is passed over");
        }
        let is_chosen = |origin: &Origin| {
            credential.is_some_and(|form| form.parts().any(|source| source.origin == origin.to_string()))
        };
        let is_heeded = |key: &'static Key, origin: &Origin| match key.name {
            name if name == keys::PAT.name => is_chosen(origin),
            _ => layers.value(key).is_some_and(|sourced| sourced.origin == *origin),
        };
        let first = |key: &'static Key| Some((key, &document.texts.get(key.name)?.first()?.origin));
        let heeded = keys::ALL.iter().copied().filter_map(first).filter(|(key, origin)| is_heeded(key, origin));
        let heeded: Vec<&Key> = heeded.map(|(key, _)| key).collect();
        if !heeded.is_empty() {
            warnings.push(deprecation(file, &heeded, about));
        }
        if document.texts.contains_key(keys::PAT.name) && file.mode & 0o077 != 0 {
            let (name, mode) = (&file.shown, file.mode);
            warnings
                .push(format!("{name} holds a token and others may read it (mode {mode:04o}): run chmod 600 {name}"));
        }
    }
    warnings
}

/// Names what is heeded, and where it belongs now.
fn deprecation(file: &VendorFile, heeded: &[&Key], about: &About) -> String {
    let (secret, others): (Vec<&Key>, Vec<&Key>) = heeded.iter().partition(|key| key.name == keys::PAT.name);
    let others: Vec<String> = others.iter().map(|key| format!("`{}`", key.file_name())).collect();
    let mut ways = Vec::new();
    if !others.is_empty() {
        ways.push(format!("write {} into {}", others.join(", "), file.own_file));
    }
    if !secret.is_empty() {
        let variables = about.credentials.usual();
        ways.push(format!("give the token in {variables} or to `scangate login --platform {} --pat -`", about.id));
    }
    format!("settings in {} are deprecated: {}", file.shown, ways.join(", and "))
}
