//! References to container images.

use crate::finding::is_unprintable;

/// The longest image reference that the vendor's client accepts (contract 2.5).
const LONGEST_IMAGE: usize = 512;

/// Whether this can be a reference to an image: at most 512 characters, no white space, not starting with `-`. That is the
/// vendor's own rule (contract 2.5); what it means is the platform's to say.
pub(super) fn is_image_reference(text: &str) -> bool {
    let is_hostile = |character: char| character.is_whitespace() || is_unprintable(character);
    !text.is_empty() && text.chars().count() <= LONGEST_IMAGE && !text.starts_with('-') && !text.contains(is_hostile)
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
}
