//! Platforms' words for the state of a scan, the state of a finding and its severity, as far as several platforms read them alike.

use std::collections::BTreeMap;

use super::{StateWord, state_word};
use crate::finding::{Severity, State};

/// What a platform's word for the state of a scan means: what the user says of it with `--state`, else what the platform's own
/// table says. Words of both are as [`state_word`] makes them. `None` for a word in neither.
pub(super) fn scan_state(
    word: &str,
    own: &BTreeMap<String, StateWord>,
    table: &[(&str, StateWord)],
) -> Option<StateWord> {
    let word = state_word(word);
    own.get(&word).copied().or_else(|| table.iter().find(|(known, _)| *known == word).map(|(_, state)| *state))
}

/// What a platform's word for the state of a finding means by its table, whose words are as [`state_word`] makes them. No word at
/// all is a new finding, and a word that is not in the table counts as open too.
pub(super) fn finding_state(word: Option<&str>, table: &[(&str, State)]) -> State {
    let Some(word) = word else { return State::Open };
    let compared = state_word(word);
    match table.iter().find(|(known, _)| *known == compared) {
        Some((_, state)) => state.clone(),
        None => State::Unknown(word.to_owned()),
    }
}

/// How severe a finding is: its word decides, and where that is missing or no rating, its CVSS score by the bands (DESIGN section
/// 7). `none` is a rating here, the least.
pub(super) fn severity(word: Option<&str>, score: Option<f64>) -> Option<Severity> {
    let rating = word.and_then(|word| match state_word(word).as_str() {
        "none" => Some(Severity::Info),
        word => Severity::from_word(word),
    });
    rating.or_else(|| score.and_then(Severity::from_cvss))
}

/// 89 for `CWE-89`, without repetitions.
pub(super) fn weakness_numbers<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<u32> {
    let mut numbers = Vec::new();
    for name in names {
        let digits = name.trim_start_matches(|character: char| !character.is_ascii_digit());
        let digits = digits.split(|character: char| !character.is_ascii_digit()).next().unwrap_or_default();
        if let Ok(number) = digits.parse()
            && !numbers.contains(&number)
        {
            numbers.push(number);
        }
    }
    numbers
}

/// Whether this is the name of a vulnerability in the CVE list.
pub(super) fn is_cve(id: &str) -> bool {
    id.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("CVE-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_user_says_of_a_state_goes_before_the_table() {
        let table = [("pending", StateWord::Queued), ("in_progress", StateWord::Running)];
        let own =
            BTreeMap::from([("pending".to_owned(), StateWord::Failed), ("wrapping_up".to_owned(), StateWord::Running)]);
        assert_eq!(scan_state("In Progress", &own, &table), Some(StateWord::Running));
        assert_eq!(scan_state("PENDING", &own, &table), Some(StateWord::Failed));
        assert_eq!(scan_state("wrapping-up", &own, &table), Some(StateWord::Running));
        assert_eq!(scan_state("paused", &own, &table), None);
    }

    #[test]
    fn only_words_of_the_table_close_a_finding() {
        let table = [("open", State::Open), ("false_positive", State::Dismissed)];
        assert_eq!(finding_state(Some("False Positive"), &table), State::Dismissed);
        assert_eq!(finding_state(None, &table), State::Open);
        assert_eq!(finding_state(Some("Snoozed"), &table), State::Unknown("Snoozed".to_owned()));
    }

    #[test]
    fn a_word_decides_the_severity_and_a_score_only_where_no_word_rates() {
        assert_eq!(severity(Some("LOW"), Some(9.8)), Some(Severity::Low));
        assert_eq!(severity(Some("Informational"), Some(9.8)), Some(Severity::Info));
        assert_eq!(severity(Some("none"), None), Some(Severity::Info));
        for no_rating in [None, Some("unknown"), Some("severe"), Some("")] {
            assert_eq!(severity(no_rating, Some(9.8)), Some(Severity::Critical), "{no_rating:?}");
            assert_eq!(severity(no_rating, Some(0.0)), Some(Severity::Info), "{no_rating:?}");
            assert_eq!(severity(no_rating, Some(42.0)), None, "{no_rating:?}");
            assert_eq!(severity(no_rating, None), None, "{no_rating:?}");
        }
    }

    #[test]
    fn weaknesses_are_numbers_however_they_are_written() {
        let names = ["CWE-89", "cwe-79", "22", "CWE-89", "none", "CWE-99999999999"];
        assert_eq!(weakness_numbers(names), [89, 79, 22]);
    }
}
