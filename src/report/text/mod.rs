//! Hostile text made harmless, for each place where it may end up. Every function is total and has no state.

mod markdown;

use std::borrow::Cow;
use std::fmt::Write as _;

use url::Url;

pub(super) use markdown::{ends_with_www, escape_markdown, inert_markdown};

use crate::finding::is_unprintable;

/// What stands where a character was that must not be written: visible, so that nobody takes the rest for the whole.
const REPLACEMENT: char = '\u{fffd}';

/// Text on one line: every run of white space is one space, and nothing is left that moves the cursor or turns the direction of
/// reading.
pub(super) fn line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().map(visible));
    }
    line
}

/// Text that may have several lines, each ended by `\n`.
pub(super) fn block(text: &str) -> String {
    let unix = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n");
    let visible: String = unix.chars().map(|char| if char == '\n' { char } else { visible(char) }).collect();
    visible.trim().to_owned()
}

/// A line that a terminal shows as it is, and in which a GitHub runner, which reads both output streams, finds no command.
///
/// The runner takes `::name::` at the start of a line and `##[name]` anywhere in it (actions/runner, `ActionCommand.cs`). Where
/// a line starts is up to whoever wraps the text, so each word is kept from starting with two colons.
pub(super) fn terminal(text: &str) -> String {
    let line = line(text).replace("##[", "## [");
    let words: Vec<Cow<'_, str>> = line
        .split(' ')
        .map(|word| {
            let rest = word.trim_start_matches(':');
            match word.len() - rest.len() {
                0 | 1 => Cow::Borrowed(word),
                colons => Cow::Owned(format!("{}:{rest}", ": ".repeat(colons - 1))),
            }
        })
        .collect();
    words.join(" ")
}

/// At most `limit` UTF-16 code units, which is how the readers of our reports count; what is cut ends in an ellipsis.
pub(super) fn shorten(text: String, limit: usize) -> String {
    if text.encode_utf16().count() <= limit {
        return text;
    }
    let mut room = limit.saturating_sub(1);
    let fitting = text.chars().take_while(|char| match room.checked_sub(char.len_utf16()) {
        Some(left) => {
            room = left;
            true
        }
        None => false,
    });
    let mut short: String = fitting.collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

/// The address, where it is one that may become a link: https, with a host and without user name or password.
pub(crate) fn https_link(address: &str) -> Option<String> {
    let url = Url::parse(address.trim()).ok()?;
    let is_plain = url.username().is_empty() && url.password().is_none() && url.host().is_some();
    (url.scheme() == "https" && is_plain).then(|| url.into())
}

/// A relative path as a URI reference (RFC 3986): everything but unreserved characters and `/` is percent-encoded.
pub(super) fn percent_encode_path(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            byte => write!(encoded, "%{byte:02X}").unwrap_or_default(),
        }
    }
    encoded
}

/// JSON text in which characters that a terminal or an editor acts upon are written as `\u` escapes. They can only stand in
/// strings, and `serde_json` escapes none above U+001F.
pub(crate) fn escape_json(json: &str) -> Cow<'_, str> {
    let is_hidden = |char: char| char != '\n' && is_hidden(char);
    if json.is_ascii() || !json.contains(is_hidden) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 16);
    for char in json.chars() {
        if is_hidden(char) {
            let mut units = [0; 2];
            for unit in char.encode_utf16(&mut units) {
                write!(escaped, "\\u{unit:04x}").unwrap_or_default();
            }
        } else {
            escaped.push(char);
        }
    }
    Cow::Owned(escaped)
}

/// `1 finding`, `2 findings`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}

fn is_hidden(character: char) -> bool {
    is_unprintable(character) || matches!(character, '\u{2028}' | '\u{2029}')
}

fn visible(character: char) -> char {
    match character {
        '\t' => ' ',
        character if is_hidden(character) => REPLACEMENT,
        character => character,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Text made of the pieces that mean something somewhere.
    fn any_hostile_text() -> impl Strategy<Value = String> {
        let pieces = [
            "::", ":", "##[", "#", "[", "]", "(", "`", "```", "\n", "\r", " ", "<b>", "|", "\\", "\u{1b}", "\u{202e}",
            "x",
        ];
        proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn no_text_gives_a_runner_a_command_or_moves_a_cursor(text in any_hostile_text()) {
            let shown = terminal(&text);
            prop_assert!(!shown.contains("##["), "{}", shown);
            prop_assert!(!shown.split(' ').any(|word| word.starts_with("::")), "{}", shown);
            prop_assert!(!shown.contains(is_unprintable), "{}", shown);
        }

        #[test]
        fn no_markdown_keeps_html_or_a_link_outside_of_code(text in any_hostile_text()) {
            let inert = inert_markdown(&text.replace('`', ""));
            prop_assert!(!inert.contains('<'), "{}", inert);
            // An even number of backslashes before it would leave the bracket its meaning.
            let is_live = |before: &str| before.chars().rev().take_while(|&char| char == '\\').count() % 2 == 0;
            for (at, _) in inert.match_indices(['[', ']']) {
                prop_assert!(!is_live(inert.split_at(at).0), "{}", inert);
            }
        }

        #[test]
        fn every_code_block_that_is_opened_is_closed(text in any_hostile_text()) {
            let inert = inert_markdown(&text);
            let fence = "`".repeat(inert.split(|char| char != '`').map(str::len).max().unwrap_or_default());
            let fences = inert.lines().filter(|line| fence.len() >= 3 && *line == fence).count();
            prop_assert_eq!(fences % 2, 0, "{}", inert);
        }
    }

    #[test]
    fn a_line_holds_no_line_break_no_escape_and_no_direction_mark() {
        assert_eq!(line("  a\r\n\tb\u{2028}c  "), "a b c");
        assert_eq!(line("\u{1b}[31mred\u{9b}0m"), "\u{fffd}[31mred\u{fffd}0m");
        assert_eq!(line("a\u{202e}b"), "a\u{fffd}b");
        assert_eq!(line("\u{7}"), "\u{fffd}");
    }

    #[test]
    fn a_block_keeps_its_lines() {
        assert_eq!(block("a\r\nb\rc\u{2029}d\n\n"), "a\nb\nc\nd");
        assert_eq!(block("a\u{0}\u{2066}b"), "a\u{fffd}\u{fffd}b");
    }

    #[test]
    fn a_terminal_line_holds_no_command_of_the_runner() {
        for hostile in
            ["::error::x", "  ::add-mask::x", "a\n::set-output name=a::b", "x ##[error]y", "##[command]", "####[x]"]
        {
            let shown = terminal(hostile);
            assert!(!shown.contains("##["), "{shown}");
            assert!(!shown.split(' ').any(|word| word.starts_with("::")), "{shown}");
        }
        assert_eq!(terminal("std::vec is fine"), "std::vec is fine");
    }

    #[test]
    fn a_word_of_many_colons_starts_with_no_pair() {
        assert!(
            !terminal("::::warning::").split(' ').any(|word| word.starts_with("::")),
            "{}",
            terminal("::::warning::")
        );
    }

    #[test]
    fn shortening_counts_utf16_units_and_never_splits_a_character() {
        assert_eq!(shorten("abc".to_owned(), 3), "abc");
        assert_eq!(shorten("abcd".to_owned(), 3), "ab…");
        assert_eq!(shorten("😀😀😀".to_owned(), 4), "😀…");
        assert_eq!(shorten("ab cdef".to_owned(), 4), "ab…");
    }

    #[test]
    fn only_plain_https_addresses_become_links() {
        assert_eq!(https_link("https://example.com/a b").as_deref(), Some("https://example.com/a%20b"));
        for address in [
            "http://example.com",
            "javascript:alert(1)",
            "https://user:pass@example.com",
            "//example.com",
            "",
            "https://",
        ] {
            assert_eq!(https_link(address), None, "{address}");
        }
    }

    #[test]
    fn a_path_is_encoded_down_to_unreserved_characters() {
        assert_eq!(percent_encode_path("src/a b/ü#[1]%.py"), "src/a%20b/%C3%BC%23%5B1%5D%25.py");
    }

    #[test]
    fn json_is_escaped_without_loss() {
        let hostile = "a\u{9b}\u{202e}b\u{2028}ü";
        let json = serde_json::to_string(hostile).unwrap();
        let escaped = escape_json(&json);
        assert_eq!(escaped, "\"a\\u009b\\u202eb\\u2028ü\"");
        assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), hostile);
    }
}
