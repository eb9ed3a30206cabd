//! `cybedefend-ignore` comments and ignore files (contract section 3.2).

use super::rule::{Family, Hit};
use super::text::Text;
use crate::gitignore::Rules;

const TOKEN: &str = "cybedefend-ignore";

/// The files that may hold ignore patterns; the first that is in the archive is read.
pub const IGNORE_FILES: [&str; 3] = [".cybeignore", ".cybedefend", ".cybedefend/ignore"];

/// Drops the hits that a comment on their line, or on the line above it, suppresses. Pipelines have no such comments.
pub(super) fn drop_suppressed(text: &Text<'_>, hits: &mut Vec<Hit>) {
    if !text.content.contains(TOKEN) {
        return;
    }
    hits.retain(|hit| {
        let number = hit.line as usize;
        let suppressed = [number, number.saturating_sub(1)].iter().any(|line| names(text.line(*line), hit.rule.id));
        hit.rule.family == Family::Cicd || !suppressed
    });
}

/// Whether the line holds the token for this rule: with no list it is for every rule.
fn names(line: &str, rule: &str) -> bool {
    let Some((_, rest)) = line.split_once(TOKEN) else { return false };
    let Some(list) = rest.trim_start().strip_prefix('[') else { return true };
    let Some((list, _)) = list.split_once(']') else { return false };
    list.split(',').any(|id| id.trim().eq_ignore_ascii_case(rule))
}

/// The patterns of an ignore file, in gitignore's syntax. Lines that make no pattern are passed over.
pub struct IgnoreFile(Rules);

impl IgnoreFile {
    /// Reads the file's text.
    pub fn parse(text: &str) -> Self {
        Self(Rules::parse(text.as_bytes()))
    }

    /// Whether findings of this family in this file are dropped. Dependencies and images are never ignored this way.
    pub fn covers(&self, family: Family, path: &str) -> bool {
        !matches!(family, Family::Sca | Family::Container) && self.0.leave_out(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_with_a_list_is_only_for_the_rules_it_names() {
        assert!(names("x # cybedefend-ignore: reviewed", "abc"));
        assert!(names("// cybedefend-ignore [def, ABC]: reviewed", "abc"));
        assert!(!names("// cybedefend-ignore[def]", "abc"));
        assert!(!names("nothing here", "abc"));
    }

    #[test]
    fn an_ignore_file_covers_folders_and_never_dependencies() {
        let file = IgnoreFile::parse("# generated\nvendor/\n*.min.js\n!keep.min.js\n");
        assert!(file.covers(Family::Sast, "vendor/a/b.py"));
        assert!(file.covers(Family::Secret, "web/x.min.js"));
        assert!(!file.covers(Family::Sast, "web/keep.min.js"));
        assert!(!file.covers(Family::Sca, "vendor/package.json"));
    }
}
