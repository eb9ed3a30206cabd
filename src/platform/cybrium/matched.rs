//! What a finding of kind `secret` found, and texts without it: titles and descriptions may repeat it, and no report may (DESIGN
//! section 7).

use serde_json::Value;

use super::rows::Row;

/// The names that the found text, or the code around it, may have. `evidence` may be that text itself.
const NAMES: [&str; 10] = [
    "match",
    "matched",
    "matched_text",
    "matched_value",
    "secret",
    "secret_value",
    "value",
    "snippet",
    "code",
    "evidence",
];

/// The shortest part of code that is taken for a secret, in characters, and the length from which nothing more has to speak for it.
const SHORTEST: usize = 8;
const LONG: usize = 20;

/// What stands where it was.
const MASK: &str = "***";

/// The parts of the found text and the code around it that may be the secret, the longest first.
pub(super) fn values(row: &Row) -> Vec<String> {
    let mut values = Vec::new();
    for fields in [&row.own, &row.evidence] {
        for text in NAMES.iter().filter_map(|name| fields.value(name)) {
            collect(text, &mut values);
        }
    }
    crate::sorting::sort_by_key(&mut values, |value: &String| std::cmp::Reverse(value.len()));
    values
}

fn collect(value: &Value, values: &mut Vec<String>) {
    match value {
        Value::String(text) => values.extend(parts(text).map(str::to_owned)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, values)),
        _ => {}
    }
}

/// A lone word, what stands between quotes, and words that are long and look like no name.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let is_quote = |letter: char| matches!(letter, '"' | '\'' | '`');
    let is_between = move |letter: char| {
        letter.is_whitespace()
            || is_quote(letter)
            || matches!(letter, '=' | ':' | ',' | ';' | '(' | ')' | '[' | ']' | '{' | '}' | '<' | '>')
    };
    let is_alone = !text.trim().contains(is_between);
    let quoted = text.split(is_quote).skip(1).step_by(2).filter(|part| part.trim().len() >= SHORTEST);
    let looks_secret = move |word: &&str| {
        word.len() >= LONG
            || (word.len() >= SHORTEST && (is_alone || word.contains(|letter: char| letter.is_ascii_digit())))
    };
    quoted.chain(text.split(is_between).filter(looks_secret))
}

/// The text without these values, and without the beginning of a long one, which may have been cut.
pub(super) fn without(text: &str, values: &[String]) -> String {
    values.iter().fold(text.to_owned(), |text, value| {
        let head = value.get(..SHORTEST).filter(|_| value.len() >= LONG && !value.contains(' ')).unwrap_or(value);
        let mut cleaned = String::new();
        let mut rest = text.as_str();
        while let Some((before, _)) = rest.split_once(head) {
            let found = rest.get(before.len()..).unwrap_or_default();
            let alike = found.chars().zip(value.chars()).take_while(|(one, other)| one == other);
            let length: usize = alike.map(|(letter, _)| letter.len_utf8()).sum();
            cleaned.push_str(before);
            cleaned.push_str(MASK);
            rest = found.get(length..).unwrap_or_default();
        }
        cleaned + rest
    })
}
