//! Rules in the syntax of `.gitignore` (gitignore(5)), matched as git matches them.

use gix_ignore::glob::Pattern;
use gix_ignore::glob::pattern::Case;
use gix_ignore::glob::wildmatch::Mode;

/// The rules of one file or list. All paths are relative to the folder that the rules are for, with `/`, and in bytes, as git
/// has them.
#[derive(Debug)]
pub struct Rules {
    /// In the order in which they were written: the last that matches decides.
    patterns: Vec<Pattern>,
    case: Case,
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
        let patterns = gix_ignore::parse(&text, false).map(|(pattern, _line, _kind)| pattern).collect();
        Self { patterns, case: Case::Sensitive }
    }

    /// The same rules, for names in any case of ASCII letters.
    #[must_use]
    pub fn in_any_case(self) -> Self {
        Self { case: Case::Fold, ..self }
    }

    /// What the rules say of the path itself, whatever they say of the folders it is in; `None` if no rule matches.
    pub fn of(&self, path: &[u8], is_directory: bool) -> Option<Verdict> {
        let base_name = path.iter().rposition(|byte| *byte == b'/').map(|slash| slash + 1);
        let decides = self.patterns.iter().rev().find(|pattern| {
            let mode = Mode::NO_MATCH_SLASH_LITERAL;
            pattern.matches_repo_relative_path(path.into(), base_name, Some(is_directory), self.case, mode)
        })?;
        Some(if decides.is_negative() { Verdict::Keep } else { Verdict::Ignore })
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
    fn case_counts_unless_it_is_said_not_to() {
        assert!(!Rules::parse(b"*.key\n").leave_out("a/Server.KEY"));
        assert!(Rules::parse(b"*.key\n").in_any_case().leave_out("a/Server.KEY"));
    }
}
