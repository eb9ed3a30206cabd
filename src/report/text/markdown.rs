//! Markdown of a platform, kept readable and made inert: no HTML, no image, no link.
//!
//! Lists, emphasis and code survive. The dangerous part is telling code from text exactly as the renderer does, since inside
//! code nothing may be escaped and outside everything must be. So code blocks are fenced anew, by a fence longer than any run of
//! backticks in them, and code spans count only where they open and close on one line.

/// Makes a platform's Markdown inert.
pub(in crate::report) fn inert_markdown(text: &str) -> String {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    let mut inert = Vec::new();
    let mut closing: Option<String> = None;
    for line in super::block(text).lines() {
        match &closing {
            Some(mark)
                if line
                    .trim_end()
                    .strip_prefix(mark.as_str())
                    .is_some_and(|rest| rest.trim_matches('`').is_empty()) =>
            {
                inert.push(fence.clone());
                closing = None;
            }
            Some(_) => inert.push(line.to_owned()),
            None => match opening_fence(line) {
                Some(mark) => {
                    inert.push(fence.clone());
                    closing = Some(mark);
                }
                None => inert.push(inert_line(line)),
            },
        }
    }
    if closing.is_some() {
        inert.push(fence);
    }
    inert.join("\n")
}

/// Plain text, shown by Markdown as it is: every character that could mean something there is escaped.
pub(in crate::report) fn escape_markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in super::line(text).chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            character
                if character.is_ascii_punctuation() && !matches!(character, ',' | ';' | '\'' | '"' | '?' | '%') =>
            {
                escaped.extend(['\\', character]);
            }
            character => escaped.push(character),
        }
    }
    escaped
}

/// A fence counts only at the very start of a line. Further in it may belong to a list item, which ends the block where the item
/// ends.
fn opening_fence(line: &str) -> Option<String> {
    let mark: String = line.chars().take_while(|&character| character == '`').collect();
    let info = line.strip_prefix(mark.as_str()).unwrap_or_default();
    (mark.len() >= 3 && !info.contains('`')).then_some(mark)
}

/// A line outside of any code block.
fn inert_line(line: &str) -> String {
    let mut inert = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        let (before, ticked) = rest.split_at(at);
        escape_text(before, &mut inert);
        let ticks = ticked.len() - ticked.trim_start_matches('`').len();
        let (mark, after) = ticked.split_at(ticks);
        match code_span(mark, after) {
            // In a table a `|` ends the cell, and with it the code span.
            Some((code, beyond)) if !code.contains('|') => {
                inert.extend([mark, code, mark]);
                rest = beyond;
            }
            _ => {
                inert.push_str(&"\\`".repeat(ticks));
                rest = after;
            }
        }
    }
    escape_text(rest, &mut inert);
    inert
}

/// The code up to the run of backticks that is as long as `mark`, and what follows that run.
fn code_span<'a>(mark: &str, text: &'a str) -> Option<(&'a str, &'a str)> {
    let mut start = 0;
    while let Some(offset) = text.get(start..)?.find('`') {
        let at = start + offset;
        let run = text.get(at..)?;
        let length = run.len() - run.trim_start_matches('`').len();
        if length == mark.len() {
            return Some((text.get(..at)?, text.get(at + length..)?));
        }
        start = at + length;
    }
    None
}

/// Text outside of code: what opens HTML, a link, an image or a bare address is escaped. A backslash is doubled, lest it take
/// an escape of ours away.
fn escape_text(text: &str, inert: &mut String) {
    for (at, character) in text.char_indices() {
        match character {
            '<' => inert.push_str("&lt;"),
            '[' | ']' | '\\' | '~' => inert.extend(['\\', character]),
            ':' if text.get(at..).is_some_and(|rest| rest.starts_with("://")) => inert.push_str(":\\"),
            // GitHub's renderer makes a link of it, and a backtick behind it is then part of the address and opens no code.
            '.' if ends_with_www(inert) => inert.push_str("\\."),
            character => inert.push(character),
        }
    }
}

/// Whether the text ends in what, before a dot, begins an address without a scheme.
pub(in crate::report) fn ends_with_www(text: &str) -> bool {
    text.len().checked_sub(3).and_then(|start| text.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case("www"))
}

fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_emphasis_and_code_survive() {
        let text = "**Why**\n\n- use `a < b`\n- or *this*\n\n```js\nif (a < b) { [x](y) }\n```\nend";
        assert_eq!(
            inert_markdown(text),
            "**Why**\n\n- use `a < b`\n- or *this*\n\n````\nif (a < b) { [x](y) }\n````\nend"
        );
    }

    #[test]
    fn html_links_images_and_bare_addresses_are_text() {
        assert_eq!(inert_markdown("<img src=x>"), "&lt;img src=x>");
        assert_eq!(inert_markdown("![a](https://evil.example/p.png)"), "!\\[a\\](https:\\//evil.example/p.png)");
        assert_eq!(inert_markdown("[a]: https://evil.example"), "\\[a\\]: https:\\//evil.example");
        assert_eq!(inert_markdown("\\[a](b)"), "\\\\\\[a\\](b)");
    }

    #[test]
    fn a_backtick_without_its_twin_on_the_line_hides_nothing() {
        assert_eq!(inert_markdown("a ` b\n<i> ` c"), "a \\` b\n&lt;i> \\` c");
        assert_eq!(inert_markdown("| `x | <img> ` |"), "| \\`x | &lt;img> \\` |");
        assert_eq!(inert_markdown("`` a ` <b> ``"), "`` a ` <b> ``");
    }

    #[test]
    fn a_bare_address_is_no_link_that_swallows_a_backtick() {
        assert_eq!(inert_markdown("www.e.x``<b>``"), "www\\.e.x``<b>``");
        assert_eq!(inert_markdown("WWW.e.x"), "WWW\\.e.x");
    }

    #[test]
    fn a_fence_that_is_open_at_the_end_is_closed_and_none_in_it_can_close_it_early() {
        assert_eq!(inert_markdown("```\n<b>"), "````\n<b>\n````");
        assert_eq!(inert_markdown("````\n```\n<b>\n````"), "`````\n```\n<b>\n`````");
        // In a list item the renderer may end the block earlier than we could see.
        assert_eq!(inert_markdown("- ```\nx\n<b>"), "- \\`\\`\\`\nx\n&lt;b>");
        assert_eq!(inert_markdown("~~~\n<b>\n~~~"), "\\~\\~\\~\n&lt;b>\n\\~\\~\\~");
    }

    #[test]
    fn escaped_text_means_nothing_to_markdown() {
        assert_eq!(
            escape_markdown("a_b*c* [x](y) <b> #1 | `c`"),
            "a\\_b\\*c\\* \\[x\\]\\(y\\) &lt;b\\> \\#1 \\| \\`c\\`"
        );
    }
}
