//! Layers of settings, merged by precedence: flag, action input, `SCANGATE_*`, the platform's own variables (DESIGN section 4).

use std::collections::BTreeMap;
use std::fmt;

use super::keys::{Key, Kind};
use super::{Environment, keys, known_secrets, value};
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
}

impl Origin {
    /// How far down its layer lies: a flag is 0.
    pub(super) fn depth(&self) -> u8 {
        match self {
            Self::Flag(_) => 0,
            Self::Input(_) => 1,
            Self::Variable(name) if name.starts_with("SCANGATE_") => 2,
            Self::Variable(_) => 3,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(formatter, "--{name}"),
            Self::Input(name) => write!(formatter, "input {name}"),
            Self::Variable(name) => formatter.write_str(name),
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

    /// The value of `--pat`, for the redactor. A `-` is none: it stands for standard input.
    pub fn secret(&self) -> Option<Secret> {
        self.0.get(keys::PAT.name)?.iter().find(|text| *text != "-").and_then(|text| Secret::new(text))
    }
}

/// All layers of one run.
#[derive(Clone, Copy)]
pub struct Layers<'a> {
    flags: &'a Flags,
    environment: &'a Environment,
    /// The platform whose own variables are heeded too.
    platform: Option<&'static About>,
}

impl<'a> Layers<'a> {
    /// The layers of a run. Action inputs are read only where the action's image says so: elsewhere an `INPUT_*` may be anything.
    pub fn new(flags: &'a Flags, environment: &'a Environment) -> Self {
        Self { flags, environment, platform: None }
    }

    /// The same layers with the platform's own variables at the bottom. Nobody else's are looked at: in a job with several platforms
    /// each has its own.
    #[must_use]
    pub fn with_variables_of(self, platform: &'static About) -> Self {
        Self { platform: Some(platform), ..self }
    }

    /// The environment behind the layers.
    pub fn environment(&self) -> &'a Environment {
        self.environment
    }

    /// The value of the highest layer that has one.
    pub fn value(&self, key: &'static Key) -> Option<Sourced<'a>> {
        self.layers(key).next().and_then(|layer| layer.into_iter().next())
    }

    /// The values of a list: those of the highest layer, or of all layers merged by the text before `=`, with
    /// the one that weighs most at the end.
    pub fn list(&self, key: &'static Key) -> Vec<Sourced<'a>> {
        if key.kind != Kind::Map {
            return self.layers(key).next().unwrap_or_default();
        }
        let mut layers: Vec<_> = self.layers(key).collect();
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
        let secrets: Vec<Secret> = known_secrets(self.environment).chain(self.flags.secret()).collect();
        // A shorter text stands in others by chance.
        let long = || secrets.iter().map(Secret::expose).filter(|secret| secret.len() >= 8);
        let places = [keys::PAT.name, keys::TOKEN_FILE.name, keys::TOKEN_COMMAND.name];
        let platforms = PlatformId::ALL.map(|platform| self.with_variables_of(platform.about()));
        for key in keys::ALL.iter().filter(|key| !places.contains(&key.name)) {
            let mut values = platforms.iter().flat_map(|layers| layers.list(key));
            if let Some(sourced) = values.find(|sourced| long().any(|secret| sourced.text.contains(secret))) {
                return Err(super::Error::new(format!("the value from {} holds a credential", sourced.origin))
                    .with_hint("take it out; a credential belongs in the platform's own variable or in --token-file"));
            }
        }
        Ok(())
    }

    /// The layers that hold this key, highest first; each has at least one value.
    fn layers(&self, key: &'static Key) -> impl Iterator<Item = Vec<Sourced<'a>>> + use<'a> {
        let mut layers = Vec::new();
        if let Some(values) = self.flags.0.get(key.name) {
            let given = values.iter().map(String::as_str).filter(|text| !text.is_empty());
            layers.push(given.map(|text| Sourced { text, origin: Origin::Flag(key.name) }).collect());
        }
        if !key.command_line_only {
            if self.environment.get("SCANGATE_ACTION") == Some("1") {
                layers.push(self.variable(key, &key.input_variable(), &Origin::Input(key.name)));
            }
            let vendors = self.platform.into_iter().flat_map(|platform| platform.variables_of(key.name));
            for name in std::iter::once(key.variable()).chain(vendors.map(str::to_owned)) {
                layers.push(self.variable(key, &name, &Origin::Variable(name.clone())));
            }
        }
        layers.into_iter().filter(|layer: &Vec<Sourced<'a>>| !layer.is_empty())
    }

    fn variable(&self, key: &Key, name: &str, origin: &Origin) -> Vec<Sourced<'a>> {
        let Some(text) = self.environment.get(name) else { return Vec::new() };
        let sourced = |text| Sourced { text, origin: origin.clone() };
        match key.kind {
            Kind::List | Kind::Map => {
                text.lines().map(str::trim).filter(|line| !line.is_empty()).map(sourced).collect()
            }
            Kind::Value | Kind::Switch | Kind::Count => vec![sourced(text)],
        }
    }

    /// Variables that begin as ours do and are none of ours, with what was probably meant. One of them may be the gate's
    /// threshold with a slip in its name, and would go unheeded.
    pub fn unknown_variables(&self) -> Vec<String> {
        let known: Vec<String> =
            keys::ALL.iter().filter(|key| !key.command_line_only).map(|key| key.variable()).collect();
        let others = ["SCANGATE_ACTION", "SCANGATE_TOKEN"];
        let is_known = |name: &str| known.iter().any(|own| own == name) || others.contains(&name);
        let names = self.environment.names().filter(|name| name.starts_with("SCANGATE_") && !is_known(name));
        names
            .map(|name| {
                let meant = value::nearest(name, known.iter().map(String::as_str));
                let suggestion = meant.map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
                format!("{} is not a setting and has no effect{suggestion}", value::shown(name))
            })
            .collect()
    }
}
