//! Which platforms a run has, by the names of their entries, and whether settings say for which of them they are.

use std::collections::BTreeMap;

use super::Error;
use super::document::{Entry, Text};
use super::keys::{self, Key, Kind, Owner, in_variables};
use super::layers::{Layers, Origin, Sourced};
use super::value::{nearest, shown, words};
use crate::platform::PlatformId;

/// The longest name, in characters.
const LONGEST: usize = 40;

/// An entry of the run, before anything else is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// Its unique name.
    pub(super) name: String,
    /// Its platform.
    pub(super) platform: PlatformId,
    /// Where its platform was chosen.
    pub(super) chosen: Origin,
    /// Whether that is a place that no pull request can edit.
    pub(super) is_vouched: bool,
}

impl Named {
    /// The entry in which a platform is alone with its own name.
    pub(super) fn usual(platform: PlatformId) -> Self {
        let chosen = Origin::Flag(keys::PLATFORM_NAME.name);
        Self { name: platform.as_str().to_owned(), platform, chosen, is_vouched: true }
    }
}

/// A name that can stand in categories, variables and paths of files.
///
/// # Errors
/// What is wrong with it, in one line.
pub(super) fn checked_name(text: &str) -> Result<String, String> {
    let is_first = |character: char| character.is_ascii_alphanumeric();
    let is_in = |character: char| is_first(character) || matches!(character, '.' | '_' | '-');
    if text.starts_with(is_first) && text.chars().all(is_in) && text.len() <= LONGEST {
        return Ok(text.to_owned());
    }
    Err(format!(
        "`{}` is not a name for a platform of the run: use a letter or digit and behind it letters, digits, `.`, `_` and `-`, at most \
         {LONGEST}",
        shown(text)
    ))
}

/// The entries of the run: those of `--platform`, else those of the file that weighs most; none where nothing names any.
///
/// # Errors
/// A word that names no platform, a name that is none or stands twice, and two platforms that claim one name.
pub(super) fn entries(layers: &Layers<'_>) -> Result<Vec<Named>, Error> {
    let given = layers.above_files(&keys::PLATFORM_NAME);
    let entries: Vec<Named> = if given.is_empty() {
        in_files(layers)?
    } else {
        given.iter().map(|word| named(word, layers, true)).collect::<Result<_, _>>()?
    };
    refuse_same_names(&entries)?;
    for entry in &entries {
        refuse_another_platform(entry, layers)?;
    }
    Ok(entries)
}

fn in_files(layers: &Layers<'_>) -> Result<Vec<Named>, Error> {
    for document in layers.documents() {
        let words = document.texts.get(keys::PLATFORM_NAME.name).map_or(&[][..], Vec::as_slice);
        let words = words.iter().map(|text| named(&text.sourced(), layers, document.is_trusted));
        let entries = document.entries.iter().map(|entry| {
            let platform = platform(&entry.platform.sourced())?;
            let (name, chosen) = (entry.name.clone(), entry.platform.origin.clone());
            Ok(Named { name, platform, chosen, is_vouched: document.is_trusted })
        });
        let found = words.chain(entries).collect::<Result<Vec<_>, Error>>()?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

/// What one word of `--platform` means: `NAME=PLATFORM`, the name of an entry in a file, or a platform with its own name.
fn named(word: &Sourced<'_>, layers: &Layers<'_>, is_vouched: bool) -> Result<Named, Error> {
    if let Some((name, of)) = word.text.split_once('=') {
        let name = checked_name(name.trim()).map_err(Error::new)?;
        return Ok(Named { name, platform: platform(&word.part(of.trim()))?, chosen: word.origin.clone(), is_vouched });
    }
    let own = words(PlatformId::ALL, PlatformId::as_str).into_iter().find(|(own, _)| *own == word.text);
    if let Some((name, platform)) = own {
        return Ok(Named { name: name.to_owned(), platform, chosen: word.origin.clone(), is_vouched });
    }
    let found = layers.documents().iter().find_map(|document| Some((document, document.entry(word.text)?)));
    match found {
        Some((document, Entry { name, platform: of, .. })) => Ok(Named {
            name: name.clone(),
            platform: platform(&of.sourced())?,
            chosen: of.origin.clone(),
            is_vouched: document.is_trusted,
        }),
        None => Err(unknown(word, layers)),
    }
}

fn platform(sourced: &Sourced<'_>) -> Result<PlatformId, Error> {
    sourced.one_of("a platform", &words(PlatformId::ALL, PlatformId::as_str))
}

fn unknown(word: &Sourced<'_>, layers: &Layers<'_>) -> Error {
    let platforms = PlatformId::ALL.map(PlatformId::as_str);
    let entries = layers.documents().iter().flat_map(|document| &document.entries).map(|entry| entry.name.as_str());
    let mut known: Vec<&str> = platforms.into_iter().chain(entries).collect();
    known.dedup();
    let error = word.is_not("a platform", &format!("use one of {}", known.join(", ")));
    match nearest(word.text, known.into_iter()) {
        Some(meant) => error.with_hint(format!("did you mean `{meant}`?")),
        None => error,
    }
}

/// Refuses names that are one in variables: handles, categories and outputs are told apart by them.
fn refuse_same_names(entries: &[Named]) -> Result<(), Error> {
    let mut names = BTreeMap::new();
    for entry in entries {
        if let Some(other) = names.insert(in_variables(&entry.name), &entry.name) {
            let message = if *other == entry.name {
                format!("two platforms of the run have the name {other}")
            } else {
                format!("{other} and {} are one name in variables", entry.name)
            };
            return Err(Error::new(message).with_hint("give each a name of its own, such as --platform NAME=PLATFORM"));
        }
    }
    Ok(())
}

/// Refuses a name under which somebody else expects another platform: its variables may hold what is for that one.
fn refuse_another_platform(entry: &Named, layers: &Layers<'_>) -> Result<(), Error> {
    let another = |name: &str| {
        let message = format!("{} is for {}, and the name {name} is taken", entry.chosen, entry.platform);
        Err(Error::new(message).with_hint("give it another name"))
    };
    let is_its_own = |platform: PlatformId| platform == entry.platform;
    for platform in PlatformId::ALL.into_iter().filter(|platform| !is_its_own(*platform)) {
        if in_variables(platform.as_str()) == in_variables(&entry.name) {
            return another(platform.as_str());
        }
    }
    for other in layers.documents().iter().filter_map(|document| document.entry(&entry.name)) {
        if other.platform.text != entry.platform.as_str() {
            let message =
                format!("{} and {} choose different platforms for {}", entry.chosen, other.platform.origin, entry.name);
            return Err(Error::new(message).with_hint("give one of them another name"));
        }
    }
    Ok(())
}

/// Refuses settings of which nobody can tell for which platform they are, or which of two values is meant.
///
/// # Errors
/// The setting and how it is written; nothing of a credential.
pub(super) fn refuse_unbound(layers: &Layers<'_>, entries: &[Named]) -> Result<(), Error> {
    let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    for key in keys::ALL.iter().copied().filter(|key| key.owner == Owner::Platform) {
        let mut seen: Vec<(String, &str)> = Vec::new();
        for sourced in layers.unbound(key, names.len() > 1) {
            let place = sourced.origin.to_string();
            let name = match names.as_slice() {
                [_] => "",
                names => bound(key, &sourced, names)?,
            };
            let is_one = matches!(key.kind, Kind::Value | Kind::Switch);
            if is_one && seen.contains(&(place.clone(), name)) {
                let of = if name.is_empty() { String::new() } else { format!(" for {name}") };
                return Err(Error::new(format!("{place} is given twice{of}")).with_hint("give the one that is meant"));
            }
            seen.push((place, name));
        }
    }
    Ok(())
}

/// The platform of the run that a value says it is for.
fn bound<'n>(key: &'static Key, sourced: &Sourced<'_>, names: &[&'n str]) -> Result<&'n str, Error> {
    let list = names.join(", ");
    let example = names.first().copied().unwrap_or("NAME");
    let way_out = match sourced.origin {
        Origin::Flag(_) => format!("write --{} {example}=VALUE", key.name),
        Origin::Input(_) => format!("write {example}=VALUE, one platform a line"),
        Origin::Variable(_) => {
            format!("set {}, or write {example}=VALUE, one platform a line", key.variable_of(example))
        }
        Origin::File(_) => "put it into an entry of `platforms`".to_owned(),
    };
    let says = match sourced.origin {
        Origin::File(_) => None,
        _ => sourced.text.split_once('=').map(|(name, _)| name.trim()),
    };
    if let Some(name) = says.and_then(|says| names.iter().find(|name| **name == says)) {
        return Ok(name);
    }
    // What stands before a `=` may be a part of a credential.
    match says.filter(|_| !keys::CREDENTIAL.iter().any(|credential| credential.name == key.name)) {
        Some(says) => {
            let error = sourced.part(says).is_not("a platform of the run", &format!("use one of {list}"));
            Err(match nearest(says, names.iter().copied()) {
                Some(meant) => error.with_hint(format!("did you mean `{meant}`?")),
                None => error.with_hint(way_out),
            })
        }
        None => {
            Err(Error::new(format!("{} is for one platform, and the run has {list}", sourced.origin))
                .with_hint(way_out))
        }
    }
}

impl Text {
    /// The same as layers hand it out.
    pub(super) fn sourced(&self) -> Sourced<'_> {
        Sourced { text: &self.text, origin: self.origin.clone() }
    }
}
