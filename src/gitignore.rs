//! Rules in the syntax of `.gitignore` (gitignore(5)), matched as git matches them.

use gix_ignore::glob::Pattern;
use gix_ignore::glob::pattern::{self, Case};
use gix_ignore::glob::wildmatch::Mode;

/// The rules of one file or list. All paths are relative to the folder that the rules are for, with `/`, and in bytes, as git
/// has them.
#[derive(Debug)]
pub struct Rules {
    /// In the order in which they were written: the last that matches decides.
    rules: Vec<Rule>,
    case: Case,
}

/// One rule. Of a rule with a slash git compares the text before the first wildcard by itself, and takes what follows for a pattern
/// of its own (`match_pathname` in its dir.c). The library does not, which makes a difference where `**` follows: it then stands at
/// the beginning, and so for any number of folders.
#[derive(Debug)]
struct Rule {
    /// The text that a path begins with, where it was taken off the pattern.
    literal: Vec<u8>,
    pattern: Pattern,
}

impl Rule {
    fn new(mut pattern: Pattern) -> Self {
        let is_of_names = pattern.mode.contains(pattern::Mode::NO_SUB_DIR);
        let is_of_paths = !is_of_names || pattern.mode.contains(pattern::Mode::ABSOLUTE);
        let cut = pattern.first_wildcard_pos.filter(|_| is_of_paths).and_then(|at| pattern.text.split_at_checked(at));
        let literal = match cut {
            Some((literal, rest)) if !literal.is_empty() && !literal.ends_with(b"/") && rest.starts_with(b"**") => {
                let literal = literal.to_vec();
                (pattern.text, pattern.first_wildcard_pos) = (rest.into(), Some(0));
                literal
            }
            _ => Vec::new(),
        };
        Self { literal, pattern }
    }

    fn matches(&self, path: &[u8], is_directory: bool, case: Case) -> bool {
        let mode = Mode::NO_MATCH_SLASH_LITERAL;
        if self.literal.is_empty() {
            let base_name = path.iter().rposition(|byte| *byte == b'/').map(|slash| slash + 1);
            return self.pattern.matches_repo_relative_path(path.into(), base_name, Some(is_directory), case, mode);
        }
        let Some((begin, rest)) = path.split_at_checked(self.literal.len()) else { return false };
        let (is_it, mode) = match case {
            Case::Sensitive => (begin == self.literal, mode),
            Case::Fold => (begin.eq_ignore_ascii_case(&self.literal), mode | Mode::IGNORE_CASE),
        };
        let may_be_it = is_directory || !self.pattern.mode.contains(pattern::Mode::MUST_BE_DIR);
        is_it && may_be_it && self.pattern.matches(rest.into(), mode)
    }
}

/// What a rule says of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is left out.
    Ignore,
    /// A rule that begins with `!` takes it back in.
    Keep,
}

impl Rules {
    /// Reads rules, one a line. A line that makes no pattern, or one that can match nothing, is passed over.
    pub fn parse(text: &[u8]) -> Self {
        // Git ends the last line as well, so that a carriage return is no part of it. To git, `$` has no meaning.
        let text = [text, b"\n"].concat();
        let rules = gix_ignore::parse(&text, false).map(|(pattern, _line, _kind)| Rule::new(pattern)).collect();
        Self { rules, case: Case::Sensitive }
    }

    /// The same rules, for names in any case of ASCII letters.
    #[must_use]
    pub fn in_any_case(self) -> Self {
        Self { case: Case::Fold, ..self }
    }

    /// What the rules say of the path itself, whatever they say of the folders it is in; `None` if no rule matches.
    pub fn of(&self, path: &[u8], is_directory: bool) -> Option<Verdict> {
        let decides = self.rules.iter().rev().find(|rule| rule.matches(path, is_directory, self.case))?;
        Some(if decides.pattern.is_negative() { Verdict::Keep } else { Verdict::Ignore })
    }

    /// Whether a file is left out. The rules are asked for the file and then for the folders it is in, from the inside out, and
    /// the first answer counts: unlike for git, which does not enter a folder that is left out, a file in one can be kept.
    pub fn leave_out(&self, file: &str) -> bool {
        let mut folders = file.rmatch_indices('/').filter_map(|(slash, _)| file.get(..slash));
        let verdict =
            self.of(file.as_bytes(), false).or_else(|| folders.find_map(|folder| self.of(folder.as_bytes(), true)));
        verdict == Some(Verdict::Ignore)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_rule_that_matches_decides() {
        let rules = Rules::parse(b"*.log\n!keep.log\n/keep.log\n");
        assert_eq!(rules.of(b"a/b.log", false), Some(Verdict::Ignore));
        assert_eq!(rules.of(b"a/keep.log", false), Some(Verdict::Keep));
        assert_eq!(rules.of(b"keep.log", false), Some(Verdict::Ignore));
        assert_eq!(rules.of(b"a", true), None);
    }

    #[test]
    fn a_file_can_be_kept_in_a_folder_that_is_left_out() {
        let rules = Rules::parse(b"vendor/\n!ours.js\n");
        assert!(rules.leave_out("a/vendor/b/c.js"));
        assert!(!rules.leave_out("a/vendor/b/ours.js"));
        assert!(!rules.leave_out("a/vendor"));
    }

    #[test]
    fn stars_behind_a_letter_stand_for_folders_too_as_they_do_in_git() {
        // `git check-ignore -v` says the same of each.
        let says = |rule: &str, path: &str| Rules::parse(rule.as_bytes()).of(path.as_bytes(), false).is_some();
        for (rule, path) in
            [(".**/*", ".gitignore"), (".**/*", ".a/b"), ("a**/b", "ab"), ("a**/b", "ax/y/b"), ("/a**", "ab")]
        {
            assert!(says(rule, path), "{rule} {path}");
        }
        for (rule, path) in [(".**/*", "f"), ("a**/b", "b"), ("a**/b", "A/b"), ("a**/b/", "ab"), ("/a**", "b/a")] {
            assert!(!says(rule, path), "{rule} {path}");
        }
        assert!(Rules::parse(b"a**/b\n").in_any_case().of(b"Ax/B", false).is_some());
    }

    #[test]
    fn case_counts_unless_it_is_said_not_to() {
        assert!(!Rules::parse(b"*.key\n").leave_out("a/Server.KEY"));
        assert!(Rules::parse(b"*.key\n").in_any_case().leave_out("a/Server.KEY"));
    }
}
