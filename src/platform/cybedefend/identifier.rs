//! Ids that go into the path of a URL, and references to container images.

use crate::finding::is_unprintable;

/// The longest id that the vendor's client accepts (contract 2.5).
const LONGEST: usize = 128;

/// The longest image reference that the vendor's client accepts (contract 2.5).
const LONGEST_IMAGE: usize = 512;

/// Whether this can be a reference to an image: at most 512 characters, no white space, not starting with `-`. That is the
/// vendor's own rule (contract 2.5); what it means is the platform's to say.
pub(super) fn is_image_reference(text: &str) -> bool {
    let is_hostile = |character: char| character.is_whitespace() || is_unprintable(character);
    !text.is_empty() && text.chars().count() <= LONGEST_IMAGE && !text.starts_with('-') && !text.contains(is_hostile)
}

/// Whether this can be an id: `[A-Za-z0-9][A-Za-z0-9._-]{0,127}`, the vendor's own rule (contract 2.5). Such an id cannot change
/// the path into which it is put.
pub(super) fn is_identifier(text: &str) -> bool {
    text.len() <= LONGEST
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.chars().all(|character| character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_reference_is_one_word_that_cannot_be_taken_for_a_flag() {
        for good in ["node:18-alpine", "registry.example:5000/a/b@sha256:00ff", "a", &"x".repeat(512)] {
            assert!(is_image_reference(good), "{good}");
        }
        for bad in ["", "-v", "a b", "a\tb", "a\n", "a\u{1b}", "a\u{202e}b", &"x".repeat(513)] {
            assert!(!is_image_reference(bad), "{bad:?}");
        }
    }

    #[test]
    fn only_what_cannot_change_a_path_is_an_identifier() {
        for good in ["0b7f2a70-54c1-4a0c-9d52-4f9f6a3c1d10", "a", "A.b_c-d", "a..b", &"x".repeat(128)] {
            assert!(is_identifier(good), "{good}");
        }
        for bad in ["", ".", "..", "-a", "a/b", "a%2fb", "a b", "a?b", "é", "a\n", &"x".repeat(129)] {
            assert!(!is_identifier(bad), "{bad}");
        }
    }
}
