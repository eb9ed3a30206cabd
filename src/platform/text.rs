//! A platform's prose, cut to what fits a message: plain sentences, one line, a bounded length.

use crate::finding::is_unprintable;

/// The longest message, in characters.
const LONGEST_MESSAGE: usize = 400;

/// The first two sentences of a Markdown text, in one line, without bold marks.
pub(super) fn sentences(markdown: &str) -> String {
    let text = one_line(&markdown.replace("**", ""));
    let mut ends =
        text.match_indices(['.', '!', '?']).map(|(at, mark)| at + mark.len()).filter(|&end| is_end(&text, end));
    let end = ends.nth(1).unwrap_or(text.len());
    bounded(text.get(..end).unwrap_or(&text), LONGEST_MESSAGE)
}

/// Whether a sentence ends here: white space follows, and then no small letter, as it would after `e.g.`.
fn is_end(text: &str, end: usize) -> bool {
    let rest = text.get(end..).unwrap_or_default();
    rest.starts_with(' ') && !rest.trim_start().starts_with(char::is_lowercase)
}

/// The text in one line, with single spaces and nothing that a terminal obeys.
pub(super) fn one_line(text: &str) -> String {
    let words = text.split(|character: char| character.is_whitespace() || is_unprintable(character));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// An id that the platform sent, fit to be shown.
pub(super) fn shown_id(id: &str) -> String {
    bounded(&one_line(id), 80)
}

/// At most `longest` characters, an ellipsis included.
pub(super) fn bounded(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let kept: String = text.chars().take(longest.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A title as an identifier: lower case, words joined by hyphens. It stands in for a rule id that is missing.
pub(super) fn slug(title: &str) -> String {
    let words = title.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty());
    bounded(&words.map(str::to_lowercase).collect::<Vec<_>>().join("-"), 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_two_sentences_without_bold_marks() {
        let text = "**SQL** is built\nfrom input, e.g. a form. An attacker reads version 1.2 of it. More follows.";
        assert_eq!(sentences(text), "SQL is built from input, e.g. a form. An attacker reads version 1.2 of it.");
        assert_eq!(sentences("No end"), "No end");
        assert_eq!(sentences(&"é".repeat(900)).chars().count(), LONGEST_MESSAGE);
    }

    #[test]
    fn what_a_terminal_obeys_is_taken_out() {
        assert_eq!(one_line("a\u{1b}[2Jb\r\n\u{202e} c"), "a [2Jb c");
    }

    #[test]
    fn a_slug_is_the_same_for_the_same_words() {
        assert_eq!(slug("SQL Injection: `id` (GET)"), "sql-injection-id-get");
        assert_eq!(slug("SQL  injection - id, get"), "sql-injection-id-get");
        assert_eq!(slug("!?"), "");
    }
}
