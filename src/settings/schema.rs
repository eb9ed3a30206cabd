//! The JSON schema of a file of settings, made from the table of settings (`scangate schema`).
//!
//! It is of draft-07, which the YAML servers of editors know best. Whatever it refuses is refused in a file by the settings too;
//! what only a whole run can tell, such as a setting that the chosen platform has no use for, it lets through.

use super::keys::{self, Key, Kind, Owner};
use crate::error::Class;
use crate::finding::{self, Severity};
use crate::platform::{PlatformId, StateWord};
use crate::report::Format;

/// Scalars are the texts that they are, so a number is one too.
const SCALAR: &str = r#"{"type":["string","number","boolean","null"]}"#;

/// What counts as absent.
const BLANK: &str = r#"{"anyOf":[{"type":"null"},{"type":"string","pattern":"^\\s*$"}]}"#;

/// Longest unit first, as the settings read it.
const DURATION: &str = "([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?";

/// The schema, one setting a line.
pub fn schema() -> String {
    let in_files = || keys::ALL.iter().filter(|key| key.is_in_files());
    let of_run: Vec<String> = in_files().map(|key| format!("    {}", property(key))).collect();
    let of_entry: Vec<String> = in_files()
        .filter(|key| key.owner == Owner::Platform)
        .map(|key| format!("          \"{0}\": {{\"$ref\":\"#/properties/{0}\"}}", key.file_name()))
        .collect();
    let platforms = PlatformId::ALL.map(PlatformId::as_str);
    format!(
        r#"{{
  "$schema": "http://json-schema.org/draft-07/schema#",
  "title": "scangate.yml",
  "description": "Settings of a run of scangate: docs/settings.md",
  "type": ["object", "null"],
  "additionalProperties": false,
  "properties": {{
{},
    "platforms": {{
      "description": "The platforms of the run, each with its settings",
      "anyOf": [{BLANK}, {{"type": "array", "items": {{
        "type": "object",
        "required": ["platform"],
        "additionalProperties": false,
        "properties": {{
          "platform": {{"description":"Where to scan","anyOf":[{},{}]}},
          "name": {{"description":"What the entry is called in variables and reports [default: its platform]","anyOf":[{{"type":["number","boolean","null"]}},{}]}},
{}
        }}
      }}}}]
    }}
  }}
}}
"#,
        of_run.join(",\n"),
        enumeration(&platforms),
        pattern(&alternatives(&platforms)),
        pattern("([A-Za-z0-9][A-Za-z0-9._-]{0,39})?"),
        of_entry.join(",\n"),
    )
}

/// A setting with its schema. What only a trusted file may hold says so.
fn property(key: &Key) -> String {
    let trusted = if key.trusted_only { ". Not in a file that a pull request can edit" } else { "" };
    let default = key.usual().filter(|usual| !usual.contains(' ')).map(|usual| format!(r#""default":"{usual}","#));
    format!(
        r#""{}": {{"title":"--{}","description":"{}{trusted}",{}{}}}"#,
        key.file_name(),
        key.name,
        key.help,
        default.unwrap_or_default(),
        of_kind(key)
    )
}

/// The part of a setting's schema that is about its value.
fn of_kind(key: &Key) -> String {
    let item = item(key);
    match key.kind {
        Kind::Switch => any(&[r#"{"type":"boolean"}"#, &choice(&["true", "false"])]),
        Kind::Count => {
            any(&[r#"{"type":"boolean"}"#, r#"{"enum":[0,1,2]}"#, &choice(&["0", "1", "2", "true", "false"])])
        }
        Kind::Value => value(key).trim_start_matches('{').trim_end_matches('}').to_owned(),
        Kind::List => any(&[
            if key.value_name == "NAME" { &item } else { SCALAR },
            &format!(r#"{{"type":"array","items":{item}}}"#),
        ]),
        Kind::Map => any(&[SCALAR, &format!(r#"{{"type":"array","items":{SCALAR}}}"#), &map(key)]),
    }
}

/// A single value, by what stands for it in the help: words in lower case are themselves.
fn value(key: &Key) -> String {
    let severities = Severity::WORST_FIRST.map(Severity::as_str);
    match key.value_name {
        "DURATION" => text(DURATION),
        // A part of a commit's id can look like a number.
        "SHA" => any_of(&[r#"{"type":["number","null"]}"#, &pattern("([0-9A-Fa-f]{7,64})?")]),
        "SEVERITY" => choice(&[&severities[..], &["none"]].concat()),
        "fail|SEVERITY|ignore" => choice(&[&severities[..], &["fail", "ignore"]].concat()),
        "eu|us" => any_of(&[&enumeration(&["eu", "us"]), r#"{"type":"null"}"#, &pattern("([Ee][Uu]|[Uu][Ss])?")]),
        words if words.contains('|') => choice(&words.split('|').collect::<Vec<_>>()),
        _ => SCALAR.to_owned(),
    }
}

/// An item of a list.
fn item(key: &Key) -> String {
    match key.value_name {
        "FORMAT=PATH" => {
            let formats = alternatives(&Format::ALL.map(Format::as_str));
            text(&format!(r"({formats}\\s*=\\s*\\S[\\s\\S]*)?"))
        }
        "NAME" => any_of(&[&enumeration(&PlatformId::ALL.map(PlatformId::as_str)), SCALAR]),
        _ => SCALAR.to_owned(),
    }
}

/// A map, whose fields are checked where their names come from a list. A field without a value is none.
fn map(key: &Key) -> String {
    let fields = |name: &str, value: &str| {
        format!(
            r#"{{"type":"object","patternProperties":{{"^\\s*{name}\\s*$":{value}}},"additionalProperties":{BLANK}}}"#
        )
    };
    let others = |value: &str| format!(r#"{{"type":"object","additionalProperties":{value}}}"#);
    match key.value_name {
        "KIND.SEVERITY=N" => {
            let kinds = finding::Kind::ALL.map(finding::Kind::as_str).join("|");
            let severities = Severity::WORST_FIRST.map(Severity::as_str).join("|");
            let count = any_of(&[r#"{"type":"integer","minimum":0}"#, &text("[0-9]*")]);
            fields(&format!(r"(\\*|{kinds})\\.(\\*|{severities})"), &count)
        }
        "CLASS=fail|warn" => {
            let classes = Class::IN_ORDER.into_iter().filter(|class| class.can_be_softened()).map(Class::as_str);
            fields(&alternatives(&classes.collect::<Vec<_>>()), &choice(&["fail", "warn"]))
        }
        "WORD=CLASS" => others(&choice(&StateWord::ALL.map(|(word, _)| word))),
        "NAME=TEMPLATE" => others(SCALAR),
        _ => r#"{"type":"object"}"#.to_owned(),
    }
}

/// One of these words, or nothing.
fn choice(words: &[&str]) -> String {
    any_of(&[&enumeration(words), r#"{"type":"null"}"#, &pattern(&format!("{}?", alternatives(words)))])
}

fn enumeration(words: &[&str]) -> String {
    format!(r#"{{"enum":["{}"]}}"#, words.join(r#"",""#))
}

fn alternatives(words: &[&str]) -> String {
    format!("({})", words.join("|"))
}

/// A text that matches, or nothing. The settings take white space around a value away.
fn text(expression: &str) -> String {
    any_of(&[r#"{"type":"null"}"#, &pattern(expression)])
}

fn pattern(expression: &str) -> String {
    format!(r#"{{"type":"string","pattern":"^\\s*{expression}\\s*$"}}"#)
}

fn any_of(schemas: &[&str]) -> String {
    format!("{{{}}}", any(schemas))
}

fn any(schemas: &[&str]) -> String {
    format!(r#""anyOf":[{}]"#, schemas.join(","))
}
