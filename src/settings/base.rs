//! What a file could loosen that a pull request can edit, taken from the version of the base commit (DESIGN section 4).
//!
//! Which settings these are is said of each in [`keys`] ([`Key::is_from_base`]). All others are those of the file as it lies there.

use std::path::{Path, PathBuf};

use super::document::{Document, Reader, Text, Texts};
use super::files::{Files, Open};
use super::keys::{self, Key, Kind};
use super::layers::{Flags, Layers};
use super::{Environment, Error, gate, value};

/// How many values of one setting, or rules of one file, are shown on each side of a difference.
const SHOWN: usize = 10;

/// What came of taking settings from a base commit.
pub struct Taken {
    /// Where the head differs, a sentence for each setting, and one for all that choose what is scanned.
    pub differences: Vec<String>,
    /// Why the base's version cannot be used, in one line. The defaults hold then.
    pub fault: Option<String>,
}

impl Files {
    /// Where the files lie that a pull request can edit, or would lie if it has not taken them away.
    pub fn open(&self) -> Vec<PathBuf> {
        self.open.iter().filter_map(|open| Some(self.documents.get(open.document)?.path.clone())).collect()
    }

    /// What the file at `path` chooses of what is scanned, in a sentence, where its version at the base is not known.
    pub fn chosen(&self, path: &Path, flags: &Flags, environment: &Environment) -> Option<String> {
        let document = self.documents.iter().find(|document| document.path == path)?;
        chosen(document, &Document::default(), &Layers::new(flags, environment))
    }

    /// Takes from the base's version of the file at `path` what could loosen the gate; what the file itself says of that is
    /// not heeded any more. `content` is absent where the base has no such file, and `Err` where it cannot be used, which the
    /// text says. `flags` and `environment` are those of the run.
    ///
    /// A base that cannot be used leaves the defaults, as if it had no file. It would end every run on its own branch, so nobody
    /// gains by it, and the pull request that mends it can be merged.
    pub fn take_from_base(
        &mut self,
        path: &Path,
        content: Result<Option<&str>, &str>,
        commit: &str,
        (flags, environment): (&Flags, &Environment),
    ) -> Taken {
        let mut taken = Taken { differences: Vec::new(), fault: None };
        let is_at_path = |open: &&Open| self.documents.get(open.document).is_some_and(|file| file.path == path);
        let Some(open) = self.open.iter().find(is_at_path) else { return taken };
        let Some(document) = self.documents.get_mut(open.document) else { return taken };
        let base_file = format!("{} at {commit}", document.shown);
        let read = match content {
            Ok(content) => read(open, content.unwrap_or_default(), &base_file),
            Err(fault) => Err(Error::new(format!("{base_file}: {fault}"))),
        };
        let base = read.unwrap_or_else(|error| {
            taken.fault = Some(error.to_string());
            Texts::new()
        });
        let layers = Layers::new(flags, environment);
        let whole = content.ok().flatten().and_then(|content| reader(open, &base_file).read(content).ok());
        let chosen = chosen(document, &whole.unwrap_or_default(), &layers);
        for key in keys::ALL.iter().filter(|key| key.is_from_base()) {
            let (head, base) = (texts_of(&document.texts, key), texts_of(&base, key));
            // What a higher layer says holds before the merge and after it.
            let is_overruled = key.kind != Kind::Map && !layers.above_files(key).is_empty();
            if let Some((base, head)) = difference(&base, &head).filter(|_| !is_overruled) {
                taken.differences.push(format!(
                    "`{}` takes effect after merge: {base} at the base commit {commit}, {head} in {}",
                    key.file_name(),
                    document.shown
                ));
            }
        }
        document.texts.retain(|name, _| !keys::ALL.iter().any(|key| key.is_from_base() && key.name == *name));
        document.texts.extend(base);
        taken.differences.extend(chosen);
        taken
    }
}

/// What the head's version of a file has chosen of what is scanned and how, where the base's has not, in a sentence for whoever
/// reviews it. These settings are the head's: a change that moves the source must be able to say where it is.
fn chosen(head: &Document, base: &Document, layers: &Layers<'_>) -> Option<String> {
    let (of_head, of_base) = (choices(head), choices(base));
    let mut names: Vec<&str> = Vec::new();
    let alone = |own: &(String, String), other: &[(String, String)]| !other.contains(own);
    let differing = of_head.iter().filter(|choice| alone(choice, &of_base));
    for (name, _) in differing.chain(of_base.iter().filter(|choice| alone(choice, &of_head))) {
        let is_overruled = keys::ALL.iter().any(|key| key.file_name() == *name && !layers.above_files(key).is_empty());
        if !is_overruled && !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    (!names.is_empty()).then(|| {
        let names = names.join("`, `");
        format!("what is scanned is chosen by the head's {}: `{names}`; what the workflow sets weighs more", head.shown)
    })
}

/// What a file chooses of what is scanned and how: the name that it has there, and what is said.
fn choices(document: &Document) -> Vec<(String, String)> {
    let mut choices = Vec::new();
    for key in keys::ALL.iter().filter(|key| key.chooses_scan()) {
        choices.extend(texts_of(&document.texts, key).into_iter().map(|text| (key.file_name(), text.to_owned())));
        for entry in &document.entries {
            let said = |text| ("platforms".to_owned(), format!("{} {} {text}", entry.name, key.name));
            choices.extend(texts_of(&entry.texts, key).into_iter().map(said));
        }
    }
    let entries = document.entries.iter();
    choices.extend(entries.map(|entry| ("platforms".to_owned(), format!("{} {}", entry.name, entry.platform.text))));
    choices
}

fn reader<'o>(open: &'o Open, file: &str) -> Reader<'o> {
    Reader { file: file.into(), depth: open.depth, untrusted: Some(&open.ground), own_file: open.own_file.clone() }
}

/// What can be taken from the base's version, if all of it is understood.
fn read(open: &Open, content: &str, file: &str) -> Result<Texts, Error> {
    let texts = reader(open, file).read_from_base(content)?;
    let mut alone = Files::default();
    alone.documents.push(Document { texts, ..Document::default() });
    gate::check_gate(&Layers::new(&Flags::default(), &Environment::default()).with_files(&alone))?;
    Ok(alone.documents.into_iter().flat_map(|document| document.texts).collect())
}

fn texts_of<'a>(texts: &'a Texts, key: &Key) -> Vec<&'a str> {
    texts.get(key.name).into_iter().flatten().map(|Text { text, .. }| text.as_str()).collect()
}

/// What stands on one side alone, for people: the base's, then the head's. `None` where there is no difference.
pub(crate) fn difference(base: &[&str], head: &[&str]) -> Option<(String, String)> {
    if base == head {
        return None;
    }
    let only = |own: &[&str], other: &[&str]| {
        let only: Vec<&str> = own.iter().copied().filter(|text| !other.contains(text)).collect();
        listed(&only)
    };
    match (only(base, head), only(head, base)) {
        (None, None) => Some(("another order".to_owned(), "this order".to_owned())),
        (base, head) => Some((base.unwrap_or_else(nothing), head.unwrap_or_else(nothing))),
    }
}

fn nothing() -> String {
    "nothing".to_owned()
}

/// Hostile texts in one short line.
fn listed(texts: &[&str]) -> Option<String> {
    let shown: Vec<String> = texts.iter().take(SHOWN).map(|text| format!("`{}`", value::shown(text))).collect();
    let more = texts.len().saturating_sub(SHOWN);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    (!shown.is_empty()).then(|| format!("{}{more}", shown.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::keys::Owner;

    #[test]
    fn a_difference_is_what_stands_on_one_side_alone() {
        let said = |base: &[&str], head: &[&str]| difference(base, head).map(|(base, head)| format!("{base} | {head}"));
        assert_eq!(said(&["a", "b"], &["a", "b"]), None);
        assert_eq!(said(&["high"], &["low"]).as_deref(), Some("`high` | `low`"));
        assert_eq!(said(&["a", "b", "c"], &["c", "d"]).as_deref(), Some("`a`, `b` | `d`"));
        assert_eq!(said(&["a"], &[]).as_deref(), Some("`a` | nothing"));
        assert_eq!(said(&[], &["a", "b"]).as_deref(), Some("nothing | `a`, `b`"));
        assert_eq!(said(&["*", "!a"], &["!a", "*"]).as_deref(), Some("another order | this order"));
    }

    #[test]
    fn a_difference_is_short_and_harmless_whatever_stands_there() {
        let (long, hostile) = ("x".repeat(100), "a\u{1b}[2J\u{202e}b");
        let (_, head) = difference(&[], &[&long, hostile]).unwrap();
        assert_eq!(head, "`(100 characters)`, `a\\u{1b}[2J\\u{202e}b`");
        let many: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
        let (base, _) = difference(&many.iter().map(String::as_str).collect::<Vec<_>>(), &[]).unwrap();
        assert!(base.ends_with("`9` and 990 more"), "{base}");
    }

    #[test]
    fn what_is_taken_from_the_base_is_a_setting_of_the_run_and_stands_in_files() {
        let taken: Vec<&Key> = keys::ALL.iter().copied().filter(|key| key.is_from_base()).collect();
        assert_eq!(
            taken.iter().map(|key| key.name).collect::<Vec<_>>(),
            ["fail-on", "max", "unrated", "timeout", "poll-interval"]
        );
        assert!(taken.iter().all(|key| key.owner == Owner::Run && key.is_in_files() && !key.trusted_only));
        // Of the gate's settings these are all that a file can have which a pull request can edit.
        let gate = keys::ALL.iter().filter(|key| key.heading == "Gate" && !key.trusted_only);
        assert!(gate.copied().all(Key::is_from_base));
    }
}
