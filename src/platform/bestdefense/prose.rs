//! Alerts' texts, which may be HTML (contract 6.5), as plain text of a bounded length.

use crate::platform::text::{bounded, one_line};

/// The longest text that is kept, in characters: rules explain themselves, and no report needs more.
const LONGEST: usize = 4_000;

/// What ends a line where markup does.
const BLOCKS: [&str; 8] = ["p", "br", "li", "ul", "ol", "div", "tr", "pre"];

/// The characters that writers of HTML escape.
const ENTITIES: [(&str, &str); 7] =
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&apos;", "'"), ("&nbsp;", " "), ("&amp;", "&")];

/// The text without tags and with its paragraphs as lines of their own, none of them empty.
pub(super) fn plain_text(html: &str) -> String {
    let lines = unescaped(&without_tags(html));
    let lines: Vec<String> = lines.lines().map(one_line).filter(|line| !line.is_empty()).collect();
    bounded(&lines.join("\n"), LONGEST)
}

/// The text without tags, in one line of at most `longest` characters.
pub(super) fn plain_line(html: &str, longest: usize) -> String {
    bounded(&one_line(&unescaped(&without_tags(html))), longest)
}

/// Takes out what looks like a tag, which is not every `<`: code and comparisons have them too.
fn without_tags(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        let is_tag = after.starts_with(|first: char| first.is_ascii_alphabetic() || matches!(first, '/' | '!'));
        let Some((tag, behind)) = after.split_once('>').filter(|_| is_tag) else {
            text.push('<');
            rest = after;
            continue;
        };
        let name = tag.trim_start_matches('/').split(|letter: char| !letter.is_ascii_alphanumeric()).next();
        if name.is_some_and(|name| BLOCKS.contains(&name.to_ascii_lowercase().as_str())) {
            text.push('\n');
        }
        rest = behind;
    }
    text + rest
}

fn unescaped(text: &str) -> String {
    ENTITIES.iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}

/// The web pages in a text: what begins with `http://` or `https://`, up to white space, a quote or the bracket of a tag.
pub(super) fn addresses(text: &str) -> Vec<String> {
    let unescaped = unescaped(text);
    let words = unescaped.split(|letter: char| letter.is_whitespace() || matches!(letter, '<' | '>' | '"' | '\''));
    let words = words.map(|word| word.trim_start_matches('(').trim_end_matches(['.', ',', ';', ')']));
    let is_address = |word: &&str| word.starts_with("https://") || word.starts_with("http://");
    words.filter(is_address).filter(|word| word.len() <= 2_000).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_go_paragraphs_become_lines_and_what_is_no_tag_stays() {
        assert_eq!(plain_text("<p>One <b>bold</b> word.</p><p>Two</p>"), "One bold word.\nTwo");
        assert_eq!(
            plain_text("if a < b and c > d, use &lt;x&gt; &amp;amp; <1>"),
            "if a < b and c > d, use <x> &amp; <1>"
        );
        assert_eq!(plain_text("a<br/>b\u{1b}[31m\u{202e}<!-- hidden -->c"), "a\nb [31m c");
        assert_eq!(plain_text("no end <p"), "no end <p");
        assert_eq!(plain_line("<p>One</p>\n<p>Two</p>", 80), "One Two");
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(plain_text(&"x".repeat(100_000)).chars().count(), LONGEST);
        assert_eq!(plain_line(&"x".repeat(100_000), 9).chars().count(), 9);
    }

    #[test]
    fn pages_are_found_in_markup_and_between_words() {
        let text = "<p>https://owasp.org/a?x=1&amp;y=2</p>see (https://b.example/), javascript:alert(1) <a href=\"http://c.example\">";
        assert_eq!(addresses(text), ["https://owasp.org/a?x=1&y=2", "https://b.example/", "http://c.example"]);
    }
}
