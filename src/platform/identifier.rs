//! Ids that go into the path of a URL.

/// The longest id. CybeDefend's client accepts no longer one (`contracts/cybedefend.md` section 2.5), and no platform shows any.
const LONGEST: usize = 128;

/// Whether this can be an id: `[A-Za-z0-9][A-Za-z0-9._-]{0,127}`. Such an id cannot change the path into which it is put.
pub(super) fn is_identifier(text: &str) -> bool {
    text.len() <= LONGEST
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.chars().all(|character| character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

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
