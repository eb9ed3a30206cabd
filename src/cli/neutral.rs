//! Takes the effect out of hostile text before it reaches a terminal or the log of a CI runner.

use crate::settings::value;

/// One line that is only read: control characters (terminal escapes and line ends among them) and bidirectional marks become
/// visible, and what GitHub's runner would take for a workflow command is broken by a backslash.
///
/// The runner looks for `::name` at the start of a line, white space before it ignored, and for `##[name]` anywhere in it.
pub(super) fn line(text: &str) -> String {
    let line = value::escaped(text).replace("##[", "##\\[");
    if line.trim_start().starts_with("::") { line.replacen("::", "\\::", 1) } else { line }
}

/// A text of several lines that is only read, on a terminal: what is neither printable nor the end of a line or a tab becomes
/// visible, and it ends with its last line.
pub(super) fn document(text: &str) -> String {
    let mut document = String::with_capacity(text.len() + 1);
    for part in text.split_inclusive(['\n', '\t']) {
        let end = part.chars().last().filter(|end| matches!(end, '\n' | '\t'));
        document.push_str(&value::escaped(part.trim_end_matches(['\n', '\t'])));
        document.extend(end);
    }
    if !document.is_empty() && !document.ends_with('\n') {
        document.push('\n');
    }
    document
}

/// A line of JSON. Its text is escaped already, but for what the runner finds anywhere in a line.
pub(super) fn json(text: &str) -> String {
    text.replace("##[", "#\\u0023[")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn terminal_escapes_and_line_ends_become_visible() {
        assert_eq!(line("a\u{1b}]0;title\u{7}b\r\n::error::c"), "a\\u{1b}]0;title\\u{7}b\\r\\n::error::c");
    }

    #[test]
    fn a_document_keeps_its_lines_and_nothing_else_that_has_an_effect() {
        assert_eq!(document("a\tb\n\n\u{1b}[2J\u{202e}c\r\n"), "a\tb\n\n\\u{1b}[2J\\u{202e}c\\r\n");
        assert_eq!((document("{}"), document("")), ("{}\n".to_owned(), String::new()));
    }

    #[test]
    fn workflow_commands_of_both_syntaxes_are_broken() {
        assert_eq!(line("::set-output name=a::b"), "\\::set-output name=a::b");
        assert_eq!(line("  ::error::x"), "  \\::error::x");
        assert_eq!(line("text ##[add-mask]x"), "text ##\\[add-mask]x");
        assert_eq!(line("std::fmt"), "std::fmt");
    }

    #[test]
    fn json_keeps_its_meaning() {
        let document = serde_json::json!({ "message": "a ##[group]b" });
        let neutral = json(&document.to_string());
        assert!(!neutral.contains("##["));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&neutral).unwrap(), document);
    }

    proptest! {
        #[test]
        fn no_text_gets_through_with_its_effect(text in "[ #:\\[a\\n\\r\u{1b}\u{85}\u{202e}]{0,40}") {
            let line = line(&text);
            prop_assert!(!line.chars().any(crate::finding::is_unprintable));
            prop_assert!(!line.trim_start().starts_with("::"));
            prop_assert!(!line.contains("##["));
        }
    }
}
