//! Where in a JSON text an error is: `rows[1].line`.
//!
//! `serde_json` knows a line and a column, which no one finds in an answer that was not kept. The path is read off the text up to
//! there, and only then: a deserializer that keeps one would be compiled for every type that is read, and run for every field.

use std::fmt::Write as _;

use bytes::Bytes;

/// More of a name is not kept.
const LONGEST_NAME: usize = 80;

/// The path to the value at which `error` was raised in the text of these chunks; `None` for the text as a whole.
pub(super) fn of(error: &serde_json::Error, chunks: &[Bytes]) -> Option<String> {
    let mut position = (1, 0);
    let mut path = Path::default();
    for byte in chunks.iter().flatten() {
        position = if *byte == b'\n' { (position.0 + 1, 0) } else { (position.0, position.1 + 1) };
        // The last byte that was read ends the value or follows it, and must not lead away from it.
        if position == (error.line(), error.column()) && !error.is_eof() {
            break;
        }
        path.follow(*byte);
    }
    if error.to_string().starts_with("missing field") {
        // Known at the end of the object, and said of it and not of its last field.
        path.steps.pop();
    }
    Some(path.shown()).filter(|path| !path.is_empty())
}

#[derive(Default)]
struct Path {
    steps: Vec<Step>,
    /// The string that the text is in.
    string: Option<Str>,
}

enum Step {
    /// Into an object: the name of the field, once it was read.
    Field(Option<String>),
    /// Into an array: the number of the item.
    Item(usize),
}

#[derive(Default)]
struct Str {
    is_escaped: bool,
    /// The bytes so far, where it is the name of a field.
    name: Option<Vec<u8>>,
}

impl Path {
    fn follow(&mut self, byte: u8) {
        if let Some(string) = &mut self.string {
            match byte {
                b'"' if !string.is_escaped => {
                    if let (Some(name), Some(Step::Field(field))) = (&string.name, self.steps.last_mut()) {
                        *field = Some(String::from_utf8_lossy(name).into_owned());
                    }
                    self.string = None;
                    return;
                }
                byte => string.is_escaped = byte == b'\\' && !string.is_escaped,
            }
            if let Some(name) = string.name.as_mut().filter(|name| name.len() < LONGEST_NAME) {
                name.push(byte);
            }
            return;
        }
        match (byte, self.steps.last_mut()) {
            (b'"', top) => {
                let name = matches!(top, Some(Step::Field(None))).then(Vec::new);
                self.string = Some(Str { is_escaped: false, name });
            }
            (b'{', _) => self.steps.push(Step::Field(None)),
            (b'[', _) => self.steps.push(Step::Item(0)),
            (b'}' | b']', _) => drop(self.steps.pop()),
            (b',', Some(Step::Field(field))) => *field = None,
            (b',', Some(Step::Item(number))) => *number += 1,
            _ => {}
        }
    }

    fn shown(&self) -> String {
        let mut shown = String::new();
        for step in &self.steps {
            // Writing to a text cannot fail.
            match step {
                Step::Field(Some(name)) if shown.is_empty() => shown.push_str(name),
                Step::Field(Some(name)) => write!(shown, ".{name}").unwrap_or_default(),
                Step::Item(number) => write!(shown, "[{number}]").unwrap_or_default(),
                Step::Field(None) => {}
            }
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only what is wrong is looked at")]
    struct Answer {
        rows: Vec<Row>,
        more: Option<Box<Self>>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only what is wrong is looked at")]
    struct Row {
        line: u32,
        text: Option<String>,
    }

    /// The path, with the text cut into chunks of three bytes.
    fn path(text: &str) -> Option<String> {
        let error = serde_json::from_reader::<_, Answer>(text.as_bytes()).unwrap_err();
        let chunks: Vec<_> = text.as_bytes().chunks(3).map(Bytes::copy_from_slice).collect();
        of(&error, &chunks)
    }

    #[test]
    fn the_value_that_is_wrong_is_named() {
        let cases = [
            (r#"{"rows":[{"line":1},{"line":"a"}]}"#, "rows[1].line"),
            (r#"{"rows":[{"line":1},{"text":[1],"line":2}]}"#, "rows[1].text"),
            (r#"{"rows":[{"line":-5}]}"#, "rows[0].line"),
            (r#"{"rows":[{"line":1,"text":7}]}"#, "rows[0].text"),
            ("{\"more\":{\n\"rows\":[]},\n\"rows\": [ {\"line\" : true } ] }", "rows[0].line"),
            (r#"{"rows":[],"more":{"rows":[7]}}"#, "more.rows[0]"),
            (r#"{"rows":[1,2]}"#, "rows[0]"),
            (r#"{"a\"{[":"}]\\","rows":{}}"#, "rows"),
            (r#"{"rows":[],"more":{"rows":nothing}}"#, "more.rows"),
            (r#"{"rows":[{"line":1}"#, "rows[0]"),
        ];
        for (text, expected) in cases {
            assert_eq!(path(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_field_that_is_missing_is_missing_in_its_object() {
        assert_eq!(path(r#"{"rows":[{"line":1},{"text":"a"}]}"#).as_deref(), Some("rows[1]"));
        assert_eq!(path(r#"{"rows":[{}]}"#).as_deref(), Some("rows[0]"));
        assert_eq!(path(r#"{"more":null}"#), None);
    }

    #[test]
    fn a_text_that_is_wrong_as_a_whole_has_no_path() {
        for text in ["", "7", "{", "\"rows\"", "{\"rows\":[]} {}"] {
            assert_eq!(path(text), None, "{text}");
        }
    }

    #[test]
    fn a_name_without_end_is_cut() {
        let text = format!(r#"{{"{}":x}}"#, "a".repeat(1000));
        assert_eq!(path(&text).map(|path| path.len()), Some(LONGEST_NAME));
    }
}
