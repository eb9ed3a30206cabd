//! Durations as people write them: `30s`, `5m`, `1h30m`.

use std::time::Duration;

/// The units, longest first, with their length in milliseconds.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Reads whole numbers, each with its unit, longest unit first and none twice. A bare number is refused, since nobody can tell
/// whether it means seconds or minutes. `None` for everything else, and for what is longer than 2^64 milliseconds.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let mut units = UNITS.iter();
    let mut rest = text;
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (digits, after) = split_where(rest, |character| !character.is_ascii_digit());
        let (unit, after) = split_where(after, |character| character.is_ascii_digit());
        let (_, milliseconds) = units.find(|(name, _)| *name == unit)?;
        let number: u64 = digits.parse().ok()?;
        total = total.checked_add(number.checked_mul(*milliseconds)?)?;
        rest = after;
    }
    (!text.is_empty()).then(|| Duration::from_millis(total))
}

/// The duration as [`parse`] reads it.
pub(super) fn text(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (unit, milliseconds) in UNITS {
        let number = rest / milliseconds;
        if number > 0 {
            text.push_str(&number.to_string());
            text.push_str(unit);
            rest %= milliseconds;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

fn split_where(text: &str, ends: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(ends).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_with_units_add_up() {
        for (text, seconds) in [("30s", 30), ("5m", 300), ("1h30m", 5400), ("1d", 86_400), ("0s", 0), ("90m", 5400)] {
            assert_eq!(parse(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(parse("1s500ms"), Some(Duration::from_millis(1500)));
    }

    #[test]
    fn anything_else_is_refused() {
        let wrong = [
            "",
            "5",
            "m",
            "5 m",
            " 5m",
            "-5m",
            "+5m",
            "1.5h",
            "5M",
            "5min",
            "30m1h",
            "1m1m",
            "5m3",
            "١m",
            "99999999999999999999s",
        ];
        for text in wrong.into_iter().chain(["18446744073709551615d"]) {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            let _ = parse(&text);
        }

        #[test]
        fn hours_and_minutes_are_read_back(hours in 0_u64..10_000, minutes in 0_u64..60) {
            prop_assert_eq!(parse(&format!("{hours}h{minutes}m")), Some(Duration::from_secs(hours * 3600 + minutes * 60)));
        }
    }
}
