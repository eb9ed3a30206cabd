//! Text of a platform in a page of Markdown that GitHub renders, so that it is read and does nothing.
//!
//! Escaping takes Markdown's and HTML's meaning away. GitHub then looks through what is left, after Markdown: it makes links of
//! bare addresses, and of `@name` and `#1` whoever and whatever they name. An invisible character inside keeps it from that.

use super::super::text::{ends_with_www, escape_markdown, https_link, line, shorten};

/// Unicode's word joiner: it shows nothing and is part of no name, number or address.
const WORD_JOINER: char = '\u{2060}';

/// A text of at most `limit` UTF-16 code units, fit for a paragraph or a cell of a table.
pub(super) fn plain(text: &str, limit: usize) -> String {
    escape_markdown(&unlinked(&shorten(line(text), limit)))
}

/// A place or a name of at most `limit` UTF-16 code units in a cell of a table, as code where it can be: in code GitHub links
/// nothing, and what is copied from it is what was written.
pub(super) fn code(text: &str, limit: usize) -> String {
    let text = shorten(line(text), limit);
    // A bar ends a cell even in code, and what a backslash before it does there differs between renderers.
    if text.is_empty() || text.contains(['`', '|', '\\']) {
        return escape_markdown(&unlinked(&text));
    }
    format!("`{text}`")
}

/// `text`, which must be escaped already, as a link to an address of the platform, where that is one that may become a link.
pub(super) fn linked(text: &str, address: Option<&str>) -> String {
    match address.and_then(https_link) {
        // What would end the destination or the cell.
        Some(url) => {
            let url = url.replace('|', "%7C").replace('\\', "%5C").replace('<', "%3C").replace('>', "%3E");
            format!("[{text}](<{url}>)")
        }
        None => text.to_owned(),
    }
}

/// Breaks what GitHub would make a link of: `@name`, `#1`, `scheme://`, `www.`.
fn unlinked(text: &str) -> String {
    let mut unlinked = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '.' && ends_with_www(&unlinked) {
            unlinked.push(WORD_JOINER);
        }
        unlinked.push(character);
        let next = characters.peek().copied().unwrap_or_default();
        if character == '@' || (character == '#' && next.is_ascii_digit()) || (character == ':' && next == '/') {
            unlinked.push(WORD_JOINER);
        }
    }
    unlinked
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_is_left_that_github_would_link() {
        assert_eq!(plain("@mona", 99), "\\@\u{2060}mona");
        assert_eq!(plain("a@b.example", 99), "a\\@\u{2060}b\\.example");
        assert_eq!(plain("fixes #12, # no", 99), "fixes \\#\u{2060}12, \\# no");
        assert_eq!(plain("https://evil.example", 99), "https\\:\u{2060}\\/\\/evil\\.example");
        assert_eq!(plain("WWW.evil.example", 99), "WWW\u{2060}\\.evil\\.example");
    }

    #[test]
    fn a_place_is_code_unless_it_could_leave_it() {
        assert_eq!(code("src/a.py:12", 99), "`src/a.py:12`");
        assert_eq!(code("<img> @mona", 99), "`<img> @mona`");
        assert_eq!(code("", 99), "");
        for hostile in ["a`<b>", "a|<b>", "a\\|<b>"] {
            let cell = code(hostile, 99);
            assert!(cell.contains("&lt;b") && !cell.starts_with('`'), "{cell}");
        }
    }

    #[test]
    fn only_a_plain_https_address_becomes_a_link_and_none_leaves_it() {
        assert_eq!(linked("t", Some("https://eu.example/a_(b)?c=d|e")), "[t](<https://eu.example/a_(b)?c=d%7Ce>)");
        for address in [None, Some("javascript:alert(1)"), Some("http://eu.example"), Some("https://u:p@eu.example")] {
            assert_eq!(linked("t", address), "t");
        }
    }

    proptest! {
        #[test]
        fn no_text_ends_a_cell_or_a_line_or_opens_html(text in "[|\\\\`<>&@#:/w.a1\n\r\u{2028}\u{202e}]{0,40}") {
            for cell in [plain(&text, 30), code(&text, 30)] {
                prop_assert!(!cell.contains(['\n', '\r', '\u{2028}', '\u{202e}']), "{}", cell);
                let is_code = cell.starts_with('`');
                prop_assert!(is_code || !cell.contains('<'), "{}", cell);
                let is_live = |at: usize| cell.get(..at).unwrap().chars().rev().take_while(|&char| char == '\\').count() % 2 == 0;
                prop_assert!(!cell.match_indices('|').any(|(at, _)| is_live(at)), "{}", cell);
            }
        }
    }
}
