//! A file's text with its lines, and where a word occurs in it.

use super::rule::{Hit, Rule};

/// Lines of context that a snippet shows on each side.
const CONTEXT: usize = 2;
/// Characters of a line that a snippet keeps: a minified file is one line.
const SNIPPET_WIDTH: usize = 240;
/// Bytes on each side of a word that a rule may look at, so that a minified file is not read once for each word in it.
const REACH: usize = 1024;

/// A text file of the archive.
pub(super) struct Text<'a> {
    /// The name in the archive.
    pub(super) path: &'a str,
    /// The whole content.
    pub(super) content: &'a str,
    lines: Vec<&'a str>,
    starts: Vec<usize>,
}

/// A place where a word occurs.
#[derive(Clone, Copy)]
pub(super) struct Match<'a> {
    /// The line's number, from 1.
    pub(super) number: usize,
    /// The whole line.
    pub(super) line: &'a str,
    /// What stands before the word on its line.
    pub(super) before: &'a str,
    /// What stands behind the word on its line.
    pub(super) after: &'a str,
}

impl<'a> Text<'a> {
    pub(super) fn new(path: &'a str, content: &'a str) -> Self {
        let mut starts = Vec::new();
        let mut lines = Vec::new();
        let mut start = 0;
        for line in content.split_inclusive('\n') {
            starts.push(start);
            start += line.len();
            lines.push(line.trim_end_matches(['\n', '\r']));
        }
        Self { path, content, lines, starts }
    }

    /// The file's name without its folders.
    pub(super) fn file_name(&self) -> &'a str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }

    /// The part of the name behind the last dot, or nothing.
    pub(super) fn extension(&self) -> &'a str {
        self.file_name().rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// The lines with their numbers, from 1.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &'a str)> {
        self.lines.iter().enumerate().map(|(index, line)| (index + 1, *line))
    }

    /// A line by its number, from 1; nothing for a number outside the file.
    pub(super) fn line(&self, number: usize) -> &'a str {
        number.checked_sub(1).and_then(|index| self.lines.get(index)).copied().unwrap_or_default()
    }

    /// Every place where `word` occurs. Most words are in no file at all, and `contains` is by far the fastest way to say so.
    pub(super) fn matches(&self, word: &'static str) -> impl Iterator<Item = Match<'a>> {
        let content = if self.content.contains(word) { self.content } else { "" };
        content.match_indices(word).filter_map(move |(offset, _)| {
            let number = self.starts.partition_point(|start| *start <= offset);
            let start = *self.starts.get(number.checked_sub(1)?)?;
            let line = self.line(number);
            let before = line.get(..offset - start)?;
            let after = line.get(before.len() + word.len()..)?;
            let before = before.get(before.ceil_char_boundary(before.len().saturating_sub(REACH))..)?;
            let after = after.get(..after.floor_char_boundary(REACH))?;
            Some(Match { number, line, before, after })
        })
    }

    /// A hit of `rule` on the line `number`.
    pub(super) fn hit(&self, rule: &'static Rule, number: usize) -> Hit {
        let first = number.saturating_sub(CONTEXT).max(1);
        let snippet = (first..=number + CONTEXT).take_while(|line| *line <= self.lines.len());
        Hit {
            rule,
            path: self.path.to_owned(),
            line: as_line(number),
            snippet_start: as_line(first),
            snippet: snippet.map(|line| self.line(line).chars().take(SNIPPET_WIDTH).collect()).collect(),
            text: self.line(number).trim().to_owned(),
        }
    }
}

fn as_line(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Whether a name cannot go on to the left of the match: `eval(` is a call, the end of `literal_eval(` is not.
pub(super) fn starts_a_name(before: &str) -> bool {
    !before.ends_with(|character: char| character.is_alphanumeric() || matches!(character, '_' | '$' | '.'))
}

/// Whether the line is a comment in one of the languages that the rules know.
pub(super) fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    ["#", "//", "*", "/*", "--", "<!--"].iter().any(|mark| line.starts_with(mark))
}

/// Whether the text begins with a string that is closed by `end` and nothing else: no outside value can be in it.
pub(super) fn is_only_a_literal(after: &str, end: char) -> bool {
    let mut characters = after.trim_start().chars();
    let Some(quote) = characters.next().filter(|quote| matches!(quote, '"' | '\'')) else { return false };
    let rest = characters.as_str();
    rest.split_once(quote).is_some_and(|(_, rest)| rest.trim_start().starts_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_knows_its_line_and_what_stands_around_it() {
        let text = Text::new("a.py", "one\r\ntwo eval(x)\n");
        let found: Vec<_> = text.matches("eval(").collect();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].number, found[0].line), (2, "two eval(x)"));
        assert_eq!((found[0].before, found[0].after), ("two ", "x)"));
    }

    #[test]
    fn a_literal_argument_is_told_from_a_variable() {
        assert!(is_only_a_literal("'1 + 1')", ')'));
        assert!(!is_only_a_literal("'1 +' + x)", ')'));
        assert!(!is_only_a_literal("x)", ')'));
    }
}
