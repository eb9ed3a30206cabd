//! Reading values, with errors that name where a value came from, the value, and the way out.

use std::time::Duration;

use url::Url;

use super::{Error, Sourced, duration};
use crate::finding::is_unprintable;
use crate::http::is_loopback;

/// The longest value that an error shows, in characters.
const SHOWN: usize = 60;

/// A hostile text in one short line: control characters and bidirectional marks become visible, and of a long text only the
/// length is said. A part of it is never shown: it may be a part of a secret, which no redactor would know.
pub(crate) fn shown(text: &str) -> String {
    match text.chars().count() {
        0..=SHOWN => escaped(text),
        length => format!("({length} characters)"),
    }
}

/// A hostile text in one line, whole.
pub(crate) fn escaped(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unprintable(character) {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

/// The one of `words` that was probably meant, if any is near enough: a slip for every three letters.
pub(crate) fn nearest<'w>(given: &str, words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let given = given.to_lowercase();
    words
        .map(|word| (strsim::osa_distance(&given, &word.to_lowercase()), word))
        .filter(|(distance, word)| *distance <= (word.chars().count() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// Values by the words that name them, for [`Sourced::one_of`].
pub(super) fn words<T: Copy>(
    values: impl IntoIterator<Item = T>,
    word: fn(T) -> &'static str,
) -> Vec<(&'static str, T)> {
    values.into_iter().map(|value| (word(value), value)).collect()
}

impl Sourced<'_> {
    /// The error of a value that is not `what` (with its article).
    pub(super) fn is_not(&self, what: &str, way_out: &str) -> Error {
        Error::new(format!("`{}` from {} is not {what}: {way_out}", shown(self.text), self.origin))
    }

    /// A part of the value, from the same place.
    pub(super) fn part<'p>(&self, text: &'p str) -> Sourced<'p> {
        Sourced { text, origin: self.origin.clone() }
    }

    /// One of several words; anything else is an error that lists them.
    pub(super) fn one_of<T: Copy>(&self, what: &str, words: &[(&'static str, T)]) -> Result<T, Error> {
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == self.text) {
            return Ok(*value);
        }
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let way_out = match names.as_slice() {
            [only] => format!("use {only}"),
            names => format!("use one of {}", names.join(", ")),
        };
        let error = self.is_not(what, &way_out);
        Err(match nearest(self.text, names.into_iter()) {
            Some(meant) => error.with_hint(format!("did you mean `{meant}`?")),
            None => error,
        })
    }

    /// A duration of at least `shortest`.
    pub(super) fn duration(&self, shortest: Duration) -> Result<Duration, Error> {
        let duration = duration::parse(self.text)
            .ok_or_else(|| self.is_not("a duration", "use whole numbers with units, such as 30s, 5m or 1h30m"))?;
        if duration < shortest {
            return Err(Error::new(format!("{} from {} is too short", shown(self.text), self.origin)));
        }
        Ok(duration)
    }

    /// A text of one line. Ids, branches and the like come from events that anybody can cause.
    pub(super) fn line(&self) -> Result<String, Error> {
        if self.text.chars().any(is_unprintable) {
            return Err(self.is_not("a single line of printable text", "take the control characters out"));
        }
        Ok(self.text.to_owned())
    }

    /// The address of a server: https, or http to this machine or where `insecure` allows it.
    pub(super) fn server(&self, insecure: bool) -> Result<Url, Error> {
        if self.text.contains('@') {
            // The value may hold a password, so it is not shown.
            return Err(Error::new(format!("the address from {} must not hold credentials or `@`", self.origin)));
        }
        let way_out = "use an address such as https://scanner.example";
        let url = Url::parse(self.text).map_err(|_the_parser_names_no_place| self.is_not("a web address", way_out))?;
        if !matches!(url.scheme(), "https" | "http") || url.query().is_some() || url.fragment().is_some() {
            return Err(self.is_not("the base of a web address", way_out));
        }
        if url.scheme() == "http" && !insecure && !is_loopback(&url) {
            return Err(Error::new(format!(
                "{} from {} would send credentials in the clear",
                shown(self.text),
                self.origin
            ))
            .with_hint("use https, or allow it with --insecure-http"));
        }
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Origin;

    fn sourced(text: &str) -> Sourced<'_> {
        Sourced { text, origin: Origin::Flag("fail-on") }
    }

    #[test]
    fn hostile_text_is_shown_short_and_without_control_characters() {
        assert_eq!(shown("a\u{1b}[31m\n\u{202e}b"), "a\\u{1b}[31m\\n\\u{202e}b");
        assert_eq!(shown(&"x".repeat(60)), "x".repeat(60));
        assert_eq!(shown(&"x".repeat(61)), "(61 characters)");
        assert_eq!(shown("größe"), "größe");
    }

    #[test]
    fn a_slip_is_understood_and_another_word_is_not() {
        let words = ["critical", "high", "low"];
        assert_eq!(nearest("hgih", words.into_iter()), Some("high"));
        assert_eq!(nearest("HIGH", words.into_iter()), Some("high"));
        assert_eq!(nearest("severe", words.into_iter()), None);
    }

    #[test]
    fn addresses_with_credentials_are_refused_and_not_shown() {
        let error = sourced("https://user:hunter22@host.example").server(false).unwrap_err();
        assert!(!error.to_string().contains("hunter22"));
    }

    #[test]
    fn plain_http_is_for_this_machine_only_unless_allowed() {
        for (text, insecure, allowed) in [
            ("http://127.0.0.1:80", false, true),
            ("http://localhost", false, true),
            ("http://[::1]:8080", false, true),
            ("http://host.example", false, false),
            ("http://host.example", true, true),
            ("http://localhost.host.example", false, false),
            ("https://host.example", false, true),
            ("ftp://host.example", true, false),
            ("https://host.example/?a=b", false, false),
            ("host.example", false, false),
        ] {
            assert_eq!(sourced(text).server(insecure).is_ok(), allowed, "{text}");
        }
    }
}
