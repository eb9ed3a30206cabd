//! Layers of settings, merged by precedence: flag, action input, `SCANGATE_*`, the platform's own variables, the run's file, the
//! user's own file (DESIGN section 4).
//!
//! Where several platforms run, a value of one of them says for which it is: `NAME=VALUE`, `SCANGATE_<NAME>_<FLAG>`, or its entry
//! in a file.

use std::collections::BTreeMap;
use std::fmt;

use super::document::{Document, Place, Text, Texts};
use super::keys::{Key, Kind, Owner, in_variables};
use super::named::Named;
use super::{Environment, Files, keys, known_secrets, value};
use crate::credentials::Secret;
use crate::platform::{About, PlatformId};

/// Where a value came from, as people know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag, by its name.
    Flag(&'static str),
    /// An input of the action, by its name.
    Input(&'static str),
    /// A variable.
    Variable(String),
    /// A file.
    File(Place),
}

impl Origin {
    /// How far down its layer lies: a flag is 0.
    pub(super) fn depth(&self) -> u8 {
        match self {
            Self::Flag(_) => 0,
            Self::Input(_) => 1,
            Self::Variable(name) if name.starts_with("SCANGATE_") => 2,
            Self::Variable(_) => 3,
            Self::File(place) => place.depth,
        }
    }

    /// Whether a pull request can edit it.
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::File(place) if place.is_open)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(formatter, "--{name}"),
            Self::Input(name) => write!(formatter, "input {name}"),
            Self::Variable(name) => formatter.write_str(name),
            Self::File(place) => place.fmt(formatter),
        }
    }
}

/// A value that remembers where it came from. It may be a secret or hostile, so it has no `Debug` and is shown escaped only.
#[derive(Clone)]
pub struct Sourced<'a> {
    /// The text as it was given.
    pub text: &'a str,
    /// Where it was given.
    pub origin: Origin,
}

/// What stood on the command line, by the name of the key. It may hold a secret, so it has no `Debug`.
#[derive(Clone, Default)]
pub struct Flags(BTreeMap<&'static str, Vec<String>>);

impl Flags {
    /// Adds the values of one flag.
    pub fn insert(&mut self, key: &'static Key, values: Vec<String>) {
        self.0.insert(key.name, values);
    }

    /// What the values of `--pat` may hold, for the redactor: with several platforms the secret stands behind `NAME=`. A `-` is
    /// none: it stands for standard input.
    pub fn secrets(&self) -> impl Iterator<Item = Secret> {
        let values = self.0.get(keys::PAT.name).into_iter().flatten().map(String::as_str);
        let parts = values.flat_map(|value| [Some(value), value.split_once('=').map(|(_, secret)| secret)]);
        parts.flatten().filter(|text| *text != "-").filter_map(Secret::new)
    }
}

/// All layers of one run.
#[derive(Clone, Copy)]
pub struct Layers<'a> {
    flags: &'a Flags,
    environment: &'a Environment,
    files: Option<&'a Files>,
    /// The platform whose own variables are heeded too.
    platform: Option<&'static About>,
    /// The entry whose settings are asked for, and whether the run has no other.
    entry: Option<(&'a Named, bool)>,
}

/// The values of one layer.
pub(super) struct Layer<'a> {
    /// The values; at least one.
    pub(super) values: Vec<Sourced<'a>>,
    /// For whom they are.
    pub(super) binding: Binding,
}

/// For whom a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binding {
    /// For whatever runs.
    Run,
    /// For the entry of a name.
    Name,
    /// For a platform, whatever the entry is called.
    Platform,
}

impl<'a> Layers<'a> {
    /// The layers of a run without files. Action inputs are read only where the action's image says so: elsewhere an `INPUT_*` may
    /// be anything.
    pub fn new(flags: &'a Flags, environment: &'a Environment) -> Self {
        Self { flags, environment, files: None, platform: None, entry: None }
    }

    /// The same layers with files of settings below them.
    #[must_use]
    pub fn with_files(self, files: &'a Files) -> Self {
        Self { files: Some(files), ..self }
    }

    /// The same layers with the platform's own variables below ours. Nobody else's are looked at: in a job with several platforms
    /// each has its own.
    #[must_use]
    pub fn with_variables_of(self, platform: &'static About) -> Self {
        Self { platform: Some(platform), ..self }
    }

    /// The same layers as they are for an entry; `is_alone` says that the run has no other.
    #[must_use]
    pub(super) fn of_entry(self, entry: &'a Named, is_alone: bool) -> Self {
        Self { entry: Some((entry, is_alone)), ..self }
    }

    /// The entry that they are for.
    pub(super) fn entry(&self) -> Option<&'a Named> {
        self.entry.map(|(entry, _)| entry)
    }

    /// Whether they are for an entry that has others beside it.
    pub(super) fn is_one_of_several(&self) -> bool {
        self.entry.is_some_and(|(_, is_alone)| !is_alone)
    }

    /// The files, the one that weighs most first.
    pub(super) fn documents(&self) -> &'a [Document] {
        self.files.map_or(&[], |files| files.documents.as_slice())
    }

    /// The environment behind the layers.
    pub fn environment(&self) -> &'a Environment {
        self.environment
    }

    /// The value of the highest layer that has one.
    pub fn value(&self, key: &'static Key) -> Option<Sourced<'a>> {
        self.layers(key).next().and_then(|layer| layer.values.into_iter().next())
    }

    /// The value that files have for it.
    pub(super) fn in_files(&self, key: &'static Key) -> Option<Sourced<'a>> {
        let mut values = self.layers(key).flat_map(|layer| layer.values);
        values.find(|sourced| matches!(sourced.origin, Origin::File(_)))
    }

    /// The values of a list where no file is looked at.
    pub(super) fn above_files(&self, key: &'static Key) -> Vec<Sourced<'a>> {
        Self { files: None, ..*self }.list(key)
    }

    /// The values of a setting that do not say by their place for which platform they are; `by_line` where variables hold one a
    /// line.
    pub(super) fn unbound(&self, key: &'static Key, by_line: bool) -> Vec<Sourced<'a>> {
        let mut values = self.flag(key);
        if !key.command_line_only {
            values.extend(self.input(key, by_line));
            values.extend(self.variable(key, &key.variable(), by_line));
        }
        let documents = self.documents().iter().filter(|document| document.vendor_file.is_none());
        values.extend(documents.flat_map(|document| of_texts(&document.texts, key)));
        values
    }

    /// The values of a list: those of the highest layer, or of all layers merged by the text before `=`, with
    /// the one that weighs most at the end.
    pub fn list(&self, key: &'static Key) -> Vec<Sourced<'a>> {
        if key.kind != Kind::Map {
            return self.layers(key).next().map(|layer| layer.values).unwrap_or_default();
        }
        let mut layers: Vec<_> = self.layers(key).map(|layer| layer.values).collect();
        layers.reverse();
        let name = |text: &'a str| text.split_once('=').map_or(text, |(name, _)| name.trim());
        let mut merged: Vec<Sourced<'a>> = Vec::new();
        for sourced in layers.into_iter().flatten() {
            merged.retain(|earlier| name(earlier.text) != name(sourced.text));
            merged.push(sourced);
        }
        merged
    }

    /// A switch; off unless some layer says otherwise.
    pub fn switch(&self, key: &'static Key) -> Result<bool, super::Error> {
        self.value(key).map_or(Ok(false), |sourced| sourced.one_of("a switch", &[("true", true), ("false", false)]))
    }

    /// Refuses a credential in a setting that takes none: it would be sent to places, and shown in parts that no redactor knows.
    ///
    /// # Errors
    /// The setting, and not what it holds.
    pub(super) fn refuse_misplaced_secrets(&self) -> Result<(), super::Error> {
        let in_files = self.documents().iter().filter_map(|document| document.texts.get(keys::PAT.name)).flatten();
        let in_files = in_files.filter_map(|text| Secret::new(&text.text));
        let known = known_secrets(self.environment).chain(self.flags.secrets());
        let secrets: Vec<Secret> = known.chain(in_files).collect();
        // A shorter text stands in others by chance.
        let long = || secrets.iter().map(Secret::expose).filter(|secret| secret.len() >= 8);
        let mut others = self.settings().filter(|(name, _)| !keys::CREDENTIAL.iter().any(|key| key.name == *name));
        match others.find(|(_, sourced)| long().any(|secret| sourced.text.contains(secret))) {
            None => Ok(()),
            Some((_, sourced)) => {
                Err(super::Error::new(format!("the value from {} holds a credential", sourced.origin))
                    .with_hint("take it out; a credential belongs in the platform's own variable or in --token-file"))
            }
        }
    }

    /// Every value of every layer, with the name of its key, whoever it is for.
    fn settings(&self) -> impl Iterator<Item = (&'static str, Sourced<'a>)> {
        let vendors = PlatformId::ALL.into_iter().flat_map(|platform| platform.about().variables.iter().copied());
        let environment = self.environment;
        let vendors = vendors.filter_map(move |(name, variable)| {
            let origin = Origin::Variable(variable.to_owned());
            Some((name, Sourced { text: environment.get(variable)?, origin }))
        });
        let layers = *self;
        let named = self.environment.names().filter_map(move |variable| {
            let tail = |key: &&&Key| {
                let tail = variable.strip_suffix(&in_variables(key.name)).and_then(|head| head.strip_suffix('_'));
                key.owner == Owner::Platform && tail.is_some_and(|head| head.starts_with("SCANGATE_"))
            };
            let key = keys::ALL.iter().find(tail)?;
            Some((
                key.name,
                Sourced { text: environment.get(variable)?, origin: Origin::Variable(variable.to_owned()) },
            ))
        });
        let unbound = keys::ALL
            .iter()
            .flat_map(move |key| layers.unbound(key, false).into_iter().map(|sourced| (key.name, sourced)));
        let vendor_files = self.documents().iter().filter(|document| document.vendor_file.is_some());
        let entries = self.documents().iter().flat_map(|document| &document.entries).map(|entry| &entry.texts);
        let bound = vendor_files.map(|document| &document.texts).chain(entries).flatten();
        let bound = bound.flat_map(|(name, texts)| texts.iter().map(|text| (*name, text.sourced())));
        unbound.chain(vendors).chain(named).chain(bound)
    }

    /// The layers that hold this key, highest first.
    pub(super) fn layers(&self, key: &'static Key) -> impl Iterator<Item = Layer<'a>> + use<'a> {
        let name = self.entry().filter(|_| key.owner == Owner::Platform).map(|entry| entry.name.as_str());
        let must_say = self.must_say(key);
        let mut layers = vec![self.shared(key, self.flag(key))];
        if !key.command_line_only {
            layers.push(self.shared(key, self.input(key, must_say)));
            if let Some(name) = name {
                let values = self.variable(key, &key.variable_of(name), false);
                layers.push(Layer { values, binding: Binding::Name });
            }
            layers.push(self.shared(key, self.variable(key, &key.variable(), must_say)));
            for vendors in self.platform.into_iter().flat_map(|platform| platform.variables_of(key.name)) {
                let values = self.variable(key, vendors, false);
                layers.push(Layer { values, binding: Binding::Platform });
            }
        }
        for document in self.documents() {
            if let Some(vendor_file) = &document.vendor_file {
                if self.platform.is_some_and(|about| about.id == vendor_file.platform.as_str()) {
                    layers.push(Layer { values: of_texts(&document.texts, key), binding: Binding::Platform });
                }
                continue;
            }
            if let Some(entry) = name.and_then(|name| document.entry(name)) {
                layers.push(Layer { values: of_texts(&entry.texts, key), binding: Binding::Platform });
            }
            if !must_say {
                layers.push(Layer { values: of_texts(&document.texts, key), binding: Binding::Run });
            }
        }
        layers.into_iter().filter(|layer| !layer.values.is_empty())
    }

    /// Whether a value has to say for which platform it is.
    fn must_say(&self, key: &Key) -> bool {
        key.owner == Owner::Platform && self.is_one_of_several()
    }

    /// A layer whose values are for all entries, or say for which they are; that they do was seen when the run began.
    fn shared(&self, key: &Key, values: Vec<Sourced<'a>>) -> Layer<'a> {
        if !self.must_say(key) {
            return Layer { values, binding: Binding::Run };
        }
        let of_entry = values.into_iter().filter_map(|sourced| {
            let (name, text) = sourced.text.split_once('=')?;
            let is_its_own = self.entry().is_some_and(|entry| entry.name == name.trim());
            (is_its_own && !text.trim().is_empty()).then_some(Sourced { text: text.trim(), ..sourced })
        });
        Layer { values: of_entry.collect(), binding: Binding::Name }
    }

    fn flag(&self, key: &Key) -> Vec<Sourced<'a>> {
        let Some((name, values)) = self.flags.0.get_key_value(key.name) else { return Vec::new() };
        let given = values.iter().map(String::as_str).filter(|text| !text.is_empty());
        given.map(|text| Sourced { text, origin: Origin::Flag(name) }).collect()
    }

    fn input(&self, key: &'static Key, by_line: bool) -> Vec<Sourced<'a>> {
        if self.environment.get("SCANGATE_ACTION") != Some("1") {
            return Vec::new();
        }
        self.texts(key, &key.input_variable(), &Origin::Input(key.name), by_line)
    }

    fn variable(&self, key: &Key, name: &str, by_line: bool) -> Vec<Sourced<'a>> {
        self.texts(key, name, &Origin::Variable(name.to_owned()), by_line)
    }

    fn texts(&self, key: &Key, variable: &str, origin: &Origin, by_line: bool) -> Vec<Sourced<'a>> {
        let Some(text) = self.environment.get(variable) else { return Vec::new() };
        let sourced = |text| Sourced { text, origin: origin.clone() };
        if by_line || matches!(key.kind, Kind::List | Kind::Map) {
            text.lines().map(str::trim).filter(|line| !line.is_empty()).map(sourced).collect()
        } else {
            vec![sourced(text)]
        }
    }

    /// Variables that begin as ours do and are none of ours, with what was probably meant. One of them may be the gate's
    /// threshold with a slip in its name, and would go unheeded.
    pub fn unknown_variables(&self) -> Vec<String> {
        let keys = || keys::ALL.iter().filter(|key| !key.command_line_only);
        let of_entry = |name: &String| {
            let own = keys().filter(|key| key.owner == Owner::Platform).map(|key| key.variable_of(name));
            own.chain([own_token(name)]).collect::<Vec<_>>()
        };
        let names = self.known_names();
        let known: Vec<String> = keys().map(|key| key.variable()).chain(names.iter().flat_map(of_entry)).collect();
        let others = ["SCANGATE_ACTION", "SCANGATE_TOKEN"];
        let is_known = |name: &str| known.iter().any(|own| own == name) || others.contains(&name);
        let names = self.environment.names().filter(|name| name.starts_with("SCANGATE_") && !is_known(name));
        names
            .map(|name| {
                let meant = if name.ends_with("_PAT") {
                    Some("CYBEDEFEND_PAT or SCANGATE_TOKEN")
                } else {
                    value::nearest(name, known.iter().map(String::as_str))
                };
                let suggestion = meant.map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
                format!("{} is not a setting and has no effect{suggestion}", value::shown(name))
            })
            .collect()
    }

    /// The names that entries of this run or of another with the same variables may have.
    fn known_names(&self) -> Vec<String> {
        let given = self.above_files(&keys::PLATFORM_NAME);
        let given = given.iter().filter_map(|word| Some(word.text.split_once('=')?.0.trim().to_owned()));
        let of_files = self.documents().iter().flat_map(|document| &document.entries).map(|entry| entry.name.clone());
        PlatformId::ALL.into_iter().map(|platform| platform.as_str().to_owned()).chain(of_files).chain(given).collect()
    }
}

/// The variable for the token or key of one entry: `SCANGATE_SHOP_TOKEN`.
pub(super) fn own_token(entry: &str) -> String {
    format!("SCANGATE_{}_TOKEN", in_variables(entry))
}

fn of_texts<'a>(texts: &'a Texts, key: &Key) -> Vec<Sourced<'a>> {
    texts.get(key.name).into_iter().flatten().map(Text::sourced).collect()
}
