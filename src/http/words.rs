//! A server's own words about a refusal, as one harmless line.

use serde_json::{Map, Value};

use super::redact::Redactor;
use crate::finding::is_unprintable;
use crate::json;

/// The longest line of foreign words that is shown, in characters.
const LONGEST: usize = 300;

/// Fields that name a problem in a word or two, then fields that explain it, in the order in which they are looked for. They are
/// those of the platforms (`contracts/`), of OAuth (RFC 6749 section 5.2) and of problem details (RFC 9457).
const NAMES: [&str; 4] = ["error", "error_code", "code", "title"];
const EXPLANATIONS: [&str; 6] = ["error_description", "message", "detail", "description", "msg", "errors"];

/// Fields that name the place of a problem: that of `FastAPI` as a list, and CyberOrigen's word.
const PLACES: [&str; 2] = ["loc", "field"];

/// How deep an error document is looked into.
const DEEPEST: u8 = 4;

/// What an error's body says, uncleaned: the words of a JSON document, else those of markup, else the text itself. `None` where it
/// says nothing to people.
pub(super) fn of_body(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let words = match json::from_bytes::<Value>(text.as_bytes()) {
        Ok(document) => of_value(&document, DEEPEST),
        Err(_) if is_markup(body) => of_markup(&text),
        Err(_) => Some(text.into_owned()),
    };
    words.filter(|words| !words.trim().is_empty())
}

/// What a JSON document says that is an error though its status is none, such as an envelope with `success: false`: as one
/// redacted line of at most some hundred characters. `None` where it says nothing to people.
pub fn words_of(document: &Value, redactor: &Redactor) -> Option<String> {
    let words = of_value(document, DEEPEST).map(|words| one_line(&words, |line| redactor.clean(line)));
    words.filter(|words| !words.is_empty())
}

/// Whether a body is HTML or XML, by its first character.
pub(super) fn is_markup(body: &[u8]) -> bool {
    body.trim_ascii_start().strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start().starts_with(b"<")
}

/// One line of at most [`LONGEST`] characters without terminal escapes, control characters and the marks that reorder or hide
/// text. `redact` sees it before it is cut, so that no half of a secret is left at the end.
pub(super) fn one_line(text: &str, redact: impl FnOnce(&str) -> String) -> String {
    let visible: String = text
        .chars()
        .map(|each| if each.is_whitespace() { ' ' } else { each })
        .filter(|each| !is_hidden(*each))
        .collect();
    let line = redact(&visible.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "));
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => line.get(..end).map(|start| format!("{start}…")).unwrap_or_default(),
        None => line,
    }
}

/// What cannot be seen: controls, marks of direction, and the invisible characters with which a word can be split.
fn is_hidden(character: char) -> bool {
    is_unprintable(character)
        || matches!(character,
            '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{e0000}'..='\u{e0fff}')
}

fn of_value(value: &Value, depth: u8) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
        Value::Array(items) => joined(items.iter().filter_map(|item| of_value(item, depth)), "; "),
        Value::Object(fields) => of_object(fields, depth),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// The problem's name and its explanation; where there is neither, each field with what is wrong with it, which is how a
/// validation error is told (`contracts/cybrium.md` section 5).
fn of_object(fields: &Map<String, Value>, depth: u8) -> Option<String> {
    let first = |names: &[&str]| names.iter().find_map(|name| of_value(fields.get(*name)?, depth));
    let place = PLACES.iter().find_map(|name| place(fields.get(*name)?));
    let explained = first(&EXPLANATIONS).map(|words| match place {
        Some(place) => format!("{place}: {words}"),
        None => words,
    });
    match (first(&NAMES), explained) {
        (Some(name), Some(explanation)) if name != explanation => Some(format!("{name}: {explanation}")),
        (Some(words), _) | (None, Some(words)) => Some(words),
        (None, None) => {
            let told =
                |(field, value): (&String, &Value)| of_value(value, depth).map(|words| format!("{field}: {words}"));
            joined(fields.iter().filter(|(_, value)| value.is_array() || value.is_object()).filter_map(told), "; ")
        }
    }
}

fn joined(parts: impl Iterator<Item = String>, separator: &str) -> Option<String> {
    let parts: Vec<String> = parts.collect();
    (!parts.is_empty()).then(|| parts.join(separator))
}

/// `body.target` of `["body", "target"]`.
fn place(value: &Value) -> Option<String> {
    let step = |step: &Value| match step {
        Value::String(name) => Some(name.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    match value {
        Value::Array(steps) => joined(steps.iter().filter_map(step), "."),
        Value::String(name) if !name.trim().is_empty() => Some(name.clone()),
        _ => None,
    }
}

/// What markup says: the message of an object store's XML error; of an HTML page, that it is one, and its title.
fn of_markup(text: &str) -> Option<String> {
    let element = |open: &str, close: &str| Some(text.split_once(open)?.1.split_once(close)?.0.to_owned());
    if let Some(message) = element("<Message>", "</Message>") {
        return Some(message);
    }
    let is_html = text.split('<').take(5).any(|tag| {
        let tag = tag.to_ascii_lowercase();
        tag.starts_with("html") || tag.starts_with("!doctype html")
    });
    is_html.then(|| match element("<title>", "</title>").filter(|title| !title.trim().is_empty()) {
        Some(title) => format!("an HTML page: {title}"),
        None => "an HTML page".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &str) -> Option<String> {
        of_body(body.as_bytes())
    }

    #[test]
    fn the_shapes_of_the_platforms_are_understood() {
        for (body, words) in [
            (r#"{"timestamp":"t","service":"scan","message":"bad input","code":400}"#, "bad input"),
            (r#"{"statusCode":403,"message":"Forbidden","error":"Forbidden"}"#, "Forbidden"),
            (
                r#"{"message":["page must be positive","limit is too large"],"error":"Bad Request"}"#,
                "Bad Request: page must be positive; limit is too large",
            ),
            (
                r#"{"error":"invalid_grant","error_description":"subject token not found"}"#,
                "invalid_grant: subject token not found",
            ),
            (
                r#"{"code":"oidc.invalid_client","error_description":"invalid client x"}"#,
                "oidc.invalid_client: invalid client x",
            ),
            (r#"{"error":{"code":"E7","message":"no such site"},"success":false}"#, "E7: no such site"),
            (r#"{"detail":"Not found."}"#, "Not found."),
            (
                r#"{"detail":"bad address","error_code":"VALIDATION_ERROR","field":"email"}"#,
                "VALIDATION_ERROR: email: bad address",
            ),
            (r#"{"detail":[{"loc":["body"],"msg":"field required","type":"missing"}]}"#, "body: field required"),
            (
                r#"{"detail":[{"loc":["body","ports",0],"msg":"not a port"},{"loc":[],"msg":"no"}]}"#,
                "body.ports.0: not a port; no",
            ),
            (r#"{"detail":{"target":["unknown"]}}"#, "target: unknown"),
            (
                r#"{"target":{"host":["unknown"]},"non_field_errors":["no"]}"#,
                "non_field_errors: no; target: host: unknown",
            ),
            (r#"{"success":false,"message":"no such site","data":{},"error":null}"#, "no such site"),
            (r#"{"success":false,"message":"","error":"no such site"}"#, "no such site"),
            (r#"{"success":false,"message":"","error":["one","two"]}"#, "one; two"),
            (r#"{"success":false,"message":"invalid","error":{"url":["bad"]}}"#, "url: bad: invalid"),
            (r#"{"target":["This field is required."],"status":7}"#, "target: This field is required."),
            (r#""too many""#, "too many"),
            ("plain words", "plain words"),
            (
                "<?xml version='1.0'?><Error><Code>SignatureDoesNotMatch</Code><Message>The signature is wrong</Message></Error>",
                "The signature is wrong",
            ),
            ("\u{feff} <html><head><title>502 Bad Gateway</title></head></html>", "an HTML page: 502 Bad Gateway"),
            ("<!DOCTYPE html>\n<html lang=\"en\"><body>x</body></html>", "an HTML page"),
        ] {
            assert_eq!(of(body).as_deref(), Some(words), "{body}");
        }
    }

    #[test]
    fn a_body_without_words_says_nothing() {
        for body in ["", "  ", "{}", "[]", "null", "7", "<a><b>x</b></a>", r#"{"statusCode":500}"#] {
            assert_eq!(of(body), None, "{body}");
        }
    }

    #[test]
    fn a_deep_document_is_not_followed_down() {
        let deep = format!("{}\"words\"{}", r#"{"error":"#.repeat(60), "}".repeat(60));
        assert_eq!(of(&deep), None);
    }

    #[test]
    fn foreign_words_become_one_line_without_escapes_and_hidden_marks() {
        let hostile = "a\u{1b}[31m\n::error::b\u{202e}c\u{200b}d\te\u{e0041}\u{0}";
        assert_eq!(one_line(hostile, str::to_owned), "a[31m ::error::bcd e");
    }

    #[test]
    fn long_words_are_cut_after_they_are_redacted() {
        let line = one_line(&"é".repeat(500), str::to_owned);
        assert_eq!(line.chars().count(), LONGEST + 1);
        let straddling = format!("{}{}", "x".repeat(LONGEST - 4), "secret-value");
        assert!(!one_line(&straddling, |text| text.replace("secret-value", "***")).contains("secr"));
    }

    #[test]
    fn a_secret_with_hidden_marks_in_it_is_still_seen_by_the_redactor() {
        assert_eq!(one_line("my sec\u{200b}ret", |text| text.replace("secret", "***")), "my ***");
    }
}
