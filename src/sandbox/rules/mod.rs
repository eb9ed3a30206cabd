//! The sandbox's small rule set: pure functions from a file's name and text to hits.
//!
//! It exists so that a trial run names the user's own files and lines in every family. It is a toy: it matches words on lines,
//! knows a few dozen rules and a short list of advisories, and misses nearly everything that a real scanner finds.
//! `docs/sandbox.md` lists every rule; a test keeps that list whole.

mod cicd;
mod iac;
pub mod image;
mod rule;
mod sast;
pub mod sca;
mod secret;
mod suppression;
mod text;

pub use rule::{Family, Hit, Level, Rule};
pub use suppression::{IGNORE_FILES, IgnoreFile};

use crate::sorting;
use text::Text;

/// Every rule that names lines, in the order of their families.
pub fn all_rules() -> impl Iterator<Item = &'static Rule> {
    sast::rules().chain(iac::rules()).chain(secret::rules()).chain(cicd::rules())
}

/// What the rules find in one text file, in the order of the lines. Dependencies are [`sca::scan_manifest`]'s.
pub fn scan_file(path: &str, content: &str) -> Vec<Hit> {
    let text = Text::new(path, content);
    let mut hits = sast::scan(&text);
    hits.extend(iac::scan(&text));
    hits.extend(cicd::scan(&text));
    hits.extend(secret::scan(&text));
    sorting::sort_by_key(&mut hits, |hit| hit.line);
    suppression::drop_suppressed(&text, &mut hits);
    hits
}

/// The language of a file as the platform spells it; `None` for files that are not source code.
pub fn language(path: &str) -> Option<&'static str> {
    Some(match Text::new(path, "").extension() {
        "py" => "Python",
        "js" | "jsx" | "mjs" | "cjs" => "JavaScript",
        "ts" | "tsx" => "TypeScript",
        "java" => "Java",
        "kt" => "Kotlin",
        "go" => "Go",
        "php" => "PHP",
        "rb" => "Ruby",
        "rs" => "Rust",
        "c" | "h" => "C",
        "cc" | "cpp" | "hpp" => "C++",
        "cs" => "C#",
        "tf" => "Terraform",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suppressed_line_is_not_reported_but_the_next_one_is() {
        let source = "import os\n# cybedefend-ignore: fixed argument\nos.system(a)\n\nos.system(b)\n";
        let hits = scan_file("run.py", source);
        assert_eq!(hits.iter().map(|hit| hit.line).collect::<Vec<_>>(), [5]);
    }

    #[test]
    fn ids_are_uuids_and_no_two_rules_share_one() {
        let mut ids: Vec<_> = all_rules().map(|rule| rule.id).collect();
        assert!(ids.len() > 40);
        assert!(ids.iter().all(|id| id.len() == 36 && id.matches('-').count() == 4), "{ids:?}");
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all_rules().count());
    }

    #[test]
    fn every_rule_is_in_the_documentation() {
        let page = include_str!("../../../docs/sandbox.md");
        for rule in all_rules() {
            assert!(
                page.contains(rule.id) && page.contains(rule.name),
                "docs/sandbox.md lacks {} {}",
                rule.id,
                rule.name
            );
        }
        for advisory in sca::ADVISORIES {
            assert!(
                page.contains(advisory.cve) && page.contains(advisory.package),
                "docs/sandbox.md lacks {}",
                advisory.cve
            );
        }
    }
}
