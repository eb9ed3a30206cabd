//! YAML as far as a settings file needs it: texts, lists and maps, each with the line it stands on.
//!
//! Scalars stay the texts that they are: `on`, `0123` and `1e3` are read by whoever knows what they are to be. Anchors, aliases
//! and tags are refused, so that a small file stays small.

use std::borrow::Cow;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};
use serde_json::{Number, Value};

use super::value::{escaped, shown};
use crate::sorting::collected;

/// How deep lists and maps may lie in each other. Settings need four levels; JSON in an option may need some more.
const DEEPEST: usize = 16;

/// A part of a document.
pub(super) struct Node {
    /// The line it begins on; the first is 1.
    pub(super) line: usize,
    /// What it is.
    pub(super) content: Content,
}

/// What a part of a document is.
pub(super) enum Content {
    /// A scalar.
    Text {
        /// The text, without quotes.
        text: String,
        /// Whether it stood there without quotes.
        is_plain: bool,
    },
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the document; no name stands twice.
    Map(Vec<(Name, Node)>),
}

/// The name of a field.
pub(super) struct Name {
    /// Its line.
    pub(super) line: usize,
    /// The name.
    pub(super) text: String,
}

/// Why a document cannot be read.
pub(super) struct Fault {
    /// Where.
    pub(super) line: usize,
    /// What is wrong, in one line.
    pub(super) message: String,
}

impl Node {
    /// The text of a scalar without the white space around it; `None` for lists, maps and whatever means that there is nothing.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Text { text, is_plain } => Some(text.trim()).filter(|text| !is_null(text, *is_plain)),
            Content::List(_) | Content::Map(_) => None,
        }
    }

    /// Whether there is nothing: no text, or YAML's null.
    pub(super) fn is_absent(&self) -> bool {
        matches!(self.content, Content::Text { .. }) && self.text().is_none()
    }

    /// The same as JSON. A scalar without quotes is a number, `true`, `false` or `null` where JSON says so, else a text.
    pub(super) fn to_json(&self) -> Value {
        match &self.content {
            Content::Text { text, is_plain: true } => match text.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                text if is_null(text, true) => Value::Null,
                text => text.parse::<Number>().map_or_else(|_no_number| text.into(), Value::Number),
            },
            Content::Text { text, is_plain: false } => text.as_str().into(),
            Content::List(nodes) => nodes.iter().map(Self::to_json).collect(),
            Content::Map(fields) => {
                Value::Object(collected(fields.iter().map(|(name, node)| (name.text.clone(), node.to_json()))))
            }
        }
    }
}

/// The spellings of YAML's core schema (YAML 1.2.2 section 10.3.2), and a text without any character.
fn is_null(text: &str, is_plain: bool) -> bool {
    text.is_empty() || is_plain && matches!(text, "~" | "null" | "Null" | "NULL")
}

/// Reads the one document of a text; `None` where it holds nothing but comments.
///
/// # Errors
/// What is not YAML, stands twice, is referred to from elsewhere, or lies too deep.
pub(super) fn parse(text: &str) -> Result<Option<Node>, Fault> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut events = Events(Parser::new_from_str(text));
    let mut document = None;
    loop {
        match events.next()? {
            (Event::StreamEnd, _) => return Ok(document),
            (Event::DocumentStart(_), span) if document.is_some() => {
                return Err(Fault::at(&span, "a second document begins, and only one can be heeded"));
            }
            (Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing, _) => {}
            (event, span) => document = Some(events.node(event, &span, 0)?),
        }
    }
}

impl Fault {
    fn at(span: &Span, message: impl Into<String>) -> Self {
        Self { line: span.start.line().max(1), message: message.into() }
    }
}

struct Events<'t>(Parser<'t, StrInput<'t>>);

impl<'t> Events<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Span), Fault> {
        match self.0.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => {
                let message = format!("this is not YAML: {}", escaped(error.info()));
                Err(Fault { line: error.marker().line().max(1), message })
            }
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    /// The part that begins with `event`, which lies `depth` levels down.
    fn node(&mut self, event: Event<'t>, span: &Span, depth: usize) -> Result<Node, Fault> {
        if depth > DEEPEST {
            return Err(Fault::at(span, format!("lists and maps lie more than {DEEPEST} levels deep")));
        }
        let content = match event {
            Event::Scalar(text, style, anchor, tag) => {
                refuse_decoration(span, anchor, tag.as_ref())?;
                Content::Text { text: text.into_owned(), is_plain: style == ScalarStyle::Plain }
            }
            Event::SequenceStart(anchor, tag) => {
                refuse_decoration(span, anchor, tag.as_ref())?;
                Content::List(self.list(depth)?)
            }
            Event::MappingStart(anchor, tag) => {
                refuse_decoration(span, anchor, tag.as_ref())?;
                Content::Map(self.map(depth)?)
            }
            Event::Alias(_) => return Err(Fault::at(span, "anchors and aliases are not read: write the value out")),
            _ => return Err(Fault::at(span, "a value is missing")),
        };
        Ok(Node { line: span.start.line().max(1), content })
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Fault> {
        let mut nodes = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(nodes),
                (event, span) => nodes.push(self.node(event, &span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Vec<(Name, Node)>, Fault> {
        let mut fields: Vec<(Name, Node)> = Vec::new();
        let mut names = std::collections::BTreeMap::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(fields);
            }
            let name = self.node(event, &span, depth + 1)?;
            let Content::Text { text, .. } = name.content else {
                return Err(Fault::at(&span, "a list or a map stands where a name is expected"));
            };
            if let Some(first) = names.insert(text.clone(), name.line) {
                let message = format!("`{}` stands here again, and first in line {first}", shown(&text));
                return Err(Fault { line: name.line, message });
            }
            let (event, span) = self.next()?;
            fields.push((Name { line: name.line, text }, self.node(event, &span, depth + 1)?));
        }
    }
}

fn refuse_decoration(span: &Span, anchor: usize, tag: Option<&Cow<'_, Tag>>) -> Result<(), Fault> {
    match (anchor, tag) {
        (0, None) => Ok(()),
        (0, Some(_)) => Err(Fault::at(span, "tags such as `!name` are not read: take it out")),
        _ => Err(Fault::at(span, "anchors and aliases are not read: write the value out")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Result<Option<Node>, String> {
        parse(text).map_err(|fault| format!("{}: {}", fault.line, fault.message))
    }

    fn fault(text: &str) -> String {
        read(text).err().unwrap()
    }

    fn field<'n>(node: &'n Node, name: &str) -> &'n Node {
        let Content::Map(fields) = &node.content else { panic!("no map") };
        &fields.iter().find(|(own, _)| own.text == name).unwrap().1
    }

    #[test]
    fn scalars_are_the_texts_that_they_are_and_have_their_lines() {
        let root = read("# a comment\non: on\nid: 0123\n\nports: \"1-10\"\nempty:\nlist: [a, 1e3]\n").unwrap().unwrap();
        for (name, text, line) in
            [("on", Some("on"), 2), ("id", Some("0123"), 3), ("ports", Some("1-10"), 5), ("empty", None, 6)]
        {
            let node = field(&root, name);
            assert_eq!((node.text(), node.line), (text, line), "{name}");
        }
        let Content::List(items) = &field(&root, "list").content else { panic!("no list") };
        assert_eq!(items.iter().map(Node::text).collect::<Vec<_>>(), [Some("a"), Some("1e3")]);
    }

    #[test]
    fn a_text_without_anything_in_it_is_no_document() {
        for nothing in ["", "# only a comment\n", "---\n", "\u{feff}"] {
            assert!(read(nothing).unwrap().is_none_or(|node| node.is_absent()), "{nothing:?}");
        }
    }

    #[test]
    fn what_is_quoted_is_a_text_in_json_too() {
        let root = read("a: 3\nb: '3'\nc: {d: [true, null, ~, x, 1.5, 0123]}\n").unwrap().unwrap();
        assert_eq!(root.to_json(), json!({ "a": 3, "b": "3", "c": { "d": [true, null, null, "x", 1.5, "0123"] } }));
    }

    #[test]
    fn what_is_not_understood_is_an_error_that_names_the_line() {
        assert_eq!(fault("a: 1\nb: 2\na: 3\n"), "3: `a` stands here again, and first in line 1");
        assert_eq!(fault("a: &x 1\nb: *x\n"), "1: anchors and aliases are not read: write the value out");
        assert_eq!(fault("a: !!str 1\n"), "1: tags such as `!name` are not read: take it out");
        assert_eq!(fault("a: 1\n---\nb: 2\n"), "2: a second document begins, and only one can be heeded");
        assert!(fault("a: 1\n b: 2\n").starts_with("2: this is not YAML: "));
        assert!(fault("a: 1\n\tb: 2\n").contains("this is not YAML: "));
        assert!(fault("? [a]\n: 1\n").contains("where a name is expected"));
    }

    #[test]
    fn depth_has_an_end_and_a_bomb_does_not_go_off() {
        let deep = |levels| format!("a: {}1{}", "[".repeat(levels), "]".repeat(levels));
        assert!(fault(&deep(40)).contains("levels deep") && fault(&deep(10_000)).starts_with("1: "));
        let indented: String = (0..200).flat_map(|level| [" ".repeat(level), "a:\n".to_owned()]).collect();
        assert!(fault(&indented).contains("levels deep"));
        let bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n";
        assert!(fault(bomb).starts_with("1: anchors"));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic_or_shows_a_control_character(text in "[-a:?&*!|>%@`'\"{}\\[\\],# \n\t\u{1b}\u{202e}0]{0,80}") {
            if let Err(fault) = parse(&text) {
                prop_assert!(!fault.message.chars().any(crate::finding::is_unprintable), "{:?}", fault.message);
            }
        }
    }
}
