//! A file of settings: from YAML to the texts that the layers hold, each with the place where it stands.
//!
//! The names are those of the flags with `_` for `-`. What belongs to one platform stands in its entry of `platforms`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::Error;
use super::keys::{self, Key, Kind, Owner};
use super::layers::Origin;
use super::named::checked_name;
use super::trust::Ground;
use super::value::{nearest, shown};
use super::vendor_file::VendorFile;
use super::yaml::{self, Content, Name, Node};

/// The list of entries.
const PLATFORMS: &str = "platforms";

/// The name of an entry.
const NAME: &str = "name";

/// The place of a value in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, for people.
    file: Arc<str>,
    line: usize,
    key: String,
    /// How far down the file's layer lies.
    pub(super) depth: u8,
    /// Whether a pull request can edit the file.
    pub(super) is_open: bool,
}

impl Place {
    /// The file for people, the line, and the name that the setting has there.
    pub fn parts(&self) -> (&str, usize, &str) {
        (&self.file, self.line, &self.key)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` in {}:{}", self.key, self.file, self.line)
    }
}

/// A text of a file. It may be hostile or a secret in the wrong place, so it has no `Debug`.
#[derive(Clone)]
pub(super) struct Text {
    /// The text, without white space around it, never empty.
    pub(super) text: String,
    /// Where it stands.
    pub(super) origin: Origin,
}

/// The texts of a file or an entry, by the name of the key.
pub(super) type Texts = BTreeMap<&'static str, Vec<Text>>;

/// An entry of `platforms`.
#[derive(Clone)]
pub(super) struct Entry {
    /// Its name; without one, the platform's.
    pub(super) name: String,
    /// The word for its platform.
    pub(super) platform: Text,
    /// Its settings.
    pub(super) texts: Texts,
}

/// What a file says.
#[derive(Clone, Default)]
pub(super) struct Document {
    /// Its name for people.
    pub(super) shown: String,
    /// Where it lies.
    pub(super) path: PathBuf,
    /// Whether only people who may choose hosts and credentials can edit it.
    pub(super) is_trusted: bool,
    /// What it says of the run.
    pub(super) texts: Texts,
    /// The platforms, if it says which there are.
    pub(super) entries: Vec<Entry>,
    /// Where it is a file of a vendor's own client: for whose settings it is, and what else is known of it.
    pub(super) vendor_file: Option<VendorFile>,
}

impl Document {
    /// Something that it says and that no pull request may choose: a setting that is closed to it, or the platform.
    pub(super) fn choice(&self) -> Option<&Origin> {
        let is_closed = |name: &&str| {
            *name == keys::PLATFORM_NAME.name || keys::ALL.iter().any(|key| key.name == *name && key.trusted_only)
        };
        let of_run = self.texts.iter().filter(|(name, _)| is_closed(name)).flat_map(|(_, texts)| texts);
        of_run.chain(self.entries.iter().map(|entry| &entry.platform)).map(|text| &text.origin).next()
    }

    /// The entry of a name.
    pub(super) fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }
}

/// The file that is read.
pub(super) struct Reader<'g> {
    /// Its path, for people.
    pub(super) file: Arc<str>,
    /// How far down its layer lies.
    pub(super) depth: u8,
    /// The ground on which it lies, if a pull request can edit it.
    pub(super) untrusted: Option<&'g Ground>,
    /// Where what it may not say can stand, for people.
    pub(super) own_file: String,
}

impl Reader<'_> {
    /// Reads the file's content.
    ///
    /// # Errors
    /// What is not YAML, not known, at the wrong place, or not to be said in this file; with file, line and key.
    pub(super) fn read(&self, content: &str) -> Result<Document, Error> {
        let mut document = Document { is_trusted: self.untrusted.is_none(), ..Document::default() };
        let fields = self.fields(content)?;
        for (name, node) in &fields {
            if name.text == PLATFORMS {
                document.entries = self.entries(node)?;
            } else {
                let key = self.key(name, |_| true)?;
                document.texts.insert(key.name, self.values(key, name, node, None)?);
            }
        }
        let has_platform = document.texts.get(keys::PLATFORM_NAME.name).is_some_and(|texts| !texts.is_empty());
        match fields.iter().find(|(name, _)| name.text == PLATFORMS) {
            Some((name, _)) if has_platform && !document.entries.is_empty() => {
                Err(self.at(name.line, "`platform` and `platforms` exclude each other"))
            }
            _ => Ok(document),
        }
    }

    /// Reads of another version of the file what is taken from there ([`Key::is_from_base`]), and nothing else: the rest of that
    /// version is not heeded, whatever is wrong with it.
    ///
    /// # Errors
    /// What is not YAML, and what such a setting may not be; with file, line and key.
    pub(super) fn read_from_base(&self, content: &str) -> Result<Texts, Error> {
        let known = |name: &str| keys::ALL.iter().copied().find(|key| key.is_from_base() && key.file_name() == name);
        self.read_known(content, known).map(|(texts, _others)| texts)
    }

    /// What stands at the top level.
    fn fields(&self, content: &str) -> Result<Vec<(Name, Node)>, Error> {
        let root = yaml::parse(content).map_err(|fault| self.at(fault.line, &fault.message))?;
        match root.filter(|root| !root.is_absent()) {
            None => Ok(Vec::new()),
            Some(Node { content: Content::Map(fields), .. }) => Ok(fields),
            Some(root) => Err(self.at(root.line, "settings are written as `name: value`")),
        }
    }

    /// Reads the fields of a file of others that are `known`, and the names of those that are not.
    ///
    /// # Errors
    /// As for [`Reader::read`], but for names that are not known.
    pub(super) fn read_known(
        &self,
        content: &str,
        known: fn(&str) -> Option<&'static Key>,
    ) -> Result<(Texts, Vec<String>), Error> {
        let (mut texts, mut others) = (Texts::new(), Vec::new());
        for (name, node) in &self.fields(content)? {
            match known(&name.text) {
                Some(key) => {
                    let values = self.values(key, name, node, None)?;
                    if !values.is_empty() && texts.insert(key.name, values).is_some() {
                        return Err(self.at(name.line, &format!("`{}` stands here again", name.text)));
                    }
                }
                None => others.push(name.text.clone()),
            }
        }
        Ok((texts, others))
    }

    fn at(&self, line: usize, message: &str) -> Error {
        Error::new(format!("{}:{line}: {message}", self.file))
    }

    fn entries(&self, node: &Node) -> Result<Vec<Entry>, Error> {
        match &node.content {
            Content::List(nodes) => nodes.iter().map(|node| self.entry(node)).collect(),
            Content::Text { .. } if node.is_absent() => Ok(Vec::new()),
            _ => Err(self.at(node.line, "`platforms` is a list: each entry begins with `- platform: NAME`")),
        }
    }

    fn entry(&self, node: &Node) -> Result<Entry, Error> {
        let Content::Map(fields) = &node.content else {
            return Err(self.at(node.line, "an entry of `platforms` begins with `- platform: NAME`"));
        };
        let field = |wanted: &str| fields.iter().find(|(name, _)| name.text == wanted);
        let platform = field(keys::PLATFORM_NAME.name).and_then(|(name, node)| Some((name, node.text()?)));
        let Some((name, word)) = platform else {
            return Err(self.at(node.line, "an entry of `platforms` needs `platform`"));
        };
        let platform = Text { text: word.to_owned(), origin: self.origin(name, name.line) };
        let name = match field(NAME).map(|(_, node)| node).filter(|node| !node.is_absent()) {
            Some(node) => {
                let text = node.text().ok_or_else(|| self.at(node.line, "`name` takes one value"))?;
                checked_name(text).map_err(|error| self.at(node.line, &error))?
            }
            None => platform.text.clone(),
        };
        let mut texts = Texts::new();
        for (field, node) in
            fields.iter().filter(|(field, _)| field.text != NAME && field.text != keys::PLATFORM_NAME.name)
        {
            let key = self.key(field, |key| key.owner == Owner::Platform)?;
            texts.insert(key.name, self.values(key, field, node, Some(&name))?);
        }
        Ok(Entry { name, platform, texts })
    }

    fn origin(&self, name: &Name, line: usize) -> Origin {
        Origin::File(Place {
            file: Arc::clone(&self.file),
            line,
            key: name.text.clone(),
            depth: self.depth,
            is_open: self.untrusted.is_some(),
        })
    }

    /// The setting of a name, if it can stand there.
    fn key(&self, name: &Name, fits: impl Fn(&Key) -> bool) -> Result<&'static Key, Error> {
        let Some(key) = keys::ALL.iter().copied().find(|key| key.file_name() == name.text) else {
            let known: Vec<String> =
                keys::ALL.iter().filter(|key| key.is_in_files() && fits(key)).map(|key| key.file_name()).collect();
            let others = [PLATFORMS, NAME].into_iter();
            let meant = nearest(&name.text, known.iter().map(String::as_str).chain(others));
            let error = self.at(name.line, &format!("`{}` is not a setting", shown(&name.text)));
            return Err(match meant {
                Some(meant) => error.with_hint(format!("did you mean `{meant}`?")),
                None => error.with_hint("docs/settings.md lists them all"),
            });
        };
        if !key.is_in_files() {
            let error = self.at(name.line, &format!("`{}` cannot stand in a file", name.text));
            return Err(error.with_hint(format!("give it as --{}", key.name)));
        }
        if !fits(key) {
            let message = format!("`{}` holds for the whole run and not for one platform", name.text);
            return Err(self.at(name.line, &message).with_hint("put it at the top level of the file"));
        }
        Ok(key)
    }

    fn values(&self, key: &'static Key, name: &Name, node: &Node, entry: Option<&str>) -> Result<Vec<Text>, Error> {
        let texts = self.texts(key, name, node)?;
        if let (Some(ground), Some(first)) = (self.untrusted, texts.first()) {
            if key.trusted_only {
                return Err(self.closed(key, name, entry));
            }
            let paths = texts.iter().map(|text| match key.kind {
                Kind::List => text.text.split_once('=').map_or("", |(_, path)| path.trim()),
                _ => first.text.as_str(),
            });
            if let Some(path) = paths.filter(|path| key.names_path() && *path != "-").find(|path| !ground.keeps(path)) {
                let message = format!("`{}` leads out of the workspace: {}", name.text, shown(path));
                return Err(self.at(name.line, &message).with_hint(self.way_out(key, entry)));
            }
        }
        Ok(texts)
    }

    fn closed(&self, key: &Key, name: &Name, entry: Option<&str>) -> Error {
        let message = format!("`{}` cannot be set in a file that a pull request can edit", name.text);
        self.at(name.line, &message).with_hint(self.way_out(key, entry))
    }

    /// Where a setting can stand that this file may not hold.
    fn way_out(&self, key: &Key, entry: Option<&str>) -> String {
        if key.command_line_only {
            return format!("give it as --{}", key.name);
        }
        let variable = entry.map_or_else(|| key.variable(), |entry| key.variable_of(entry));
        format!("give it as --{} or in {variable}, or put it into {}", key.name, self.own_file)
    }

    fn texts(&self, key: &Key, name: &Name, node: &Node) -> Result<Vec<Text>, Error> {
        if node.is_absent() {
            return Ok(Vec::new());
        }
        let text = |text: &str, line| Text { text: text.trim().to_owned(), origin: self.origin(name, line) };
        let what = match (key.kind, &node.content) {
            (Kind::Value | Kind::Switch | Kind::Count, Content::Text { .. }) => {
                return Ok(node.text().map(|value| text(value, node.line)).into_iter().collect());
            }
            (Kind::List | Kind::Map, Content::Text { text: lines, .. }) => {
                return Ok(lines
                    .lines()
                    .filter(|line| !line.trim().is_empty())
                    .map(|line| text(line, node.line))
                    .collect());
            }
            (Kind::List | Kind::Map, Content::List(nodes)) => {
                let is_text = |node: &&Node| matches!(node.content, Content::Text { .. });
                match nodes.iter().find(|node| !is_text(node)) {
                    Some(wrong) => return Err(self.at(wrong.line, &format!("`{}` is a list of texts", name.text))),
                    None => {
                        return Ok(nodes.iter().filter_map(|node| Some(text(node.text()?, node.line))).collect());
                    }
                }
            }
            (Kind::Map, Content::Map(fields)) => {
                return fields.iter().filter_map(|field| self.pair(key, name, field).transpose()).collect();
            }
            (Kind::Value | Kind::Switch | Kind::Count, _) => "takes one value",
            (Kind::List, Content::Map(_)) => "is a list of texts",
        };
        Err(self.at(node.line, &format!("`{}` {what}", name.text)))
    }

    /// A field of a map, as the `KEY=VALUE` of the other layers.
    fn pair(&self, key: &Key, name: &Name, (field, node): &(Name, Node)) -> Result<Option<Text>, Error> {
        if field.text.contains('=') {
            return Err(self.at(field.line, &format!("`{}` has a `=` in the name of a field", name.text)));
        }
        let value = if key.name == keys::OPTION.name {
            node.to_json().to_string()
        } else {
            match (&node.content, node.text()) {
                (Content::Text { .. }, Some(value)) => value.to_owned(),
                (Content::Text { .. }, None) => return Ok(None),
                _ => {
                    let message = format!("`{}` takes one value for `{}`", name.text, shown(&field.text));
                    return Err(self.at(node.line, &message));
                }
            }
        };
        Ok(Some(Text { text: format!("{}={value}", field.text.trim()), origin: self.origin(name, field.line) }))
    }
}
