//! CybeDefend's own way of writing prose.

use crate::platform::text::one_line;

/// CybeDefend joins the sentences of `howToPrevent` with `., ` (contract 5.4).
pub(super) fn advice(how_to_prevent: &str) -> String {
    one_line(&how_to_prevent.replace("**", "")).replace("., ", ". ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_advice_becomes_sentences() {
        assert_eq!(advice("Use parameters., Check input., Log"), "Use parameters. Check input. Log");
    }
}
