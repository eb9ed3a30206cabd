//! Keeps secrets out of every text that leaves the process.

use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use secrecy::zeroize::Zeroizing;

use crate::credentials::Secret;

/// The length, in characters, under which a secret is kept out by its type alone: taking it out of texts would tear ordinary words.
const SHORTEST: usize = 8;

/// What stands where a secret was.
const MASK: &str = "***";

/// Knows every secret of the run, the derived tokens included, and takes them out of texts. Cheap to clone; all clones share
/// what they know.
#[derive(Clone, Default)]
pub struct Redactor(Arc<RwLock<Known>>);

type Hook = Box<dyn Fn(&Secret) + Send + Sync>;

#[derive(Default)]
struct Known {
    /// Every form in which a secret may turn up.
    forms: Vec<Secret>,
    /// Where a form may begin.
    beginnings: Beginnings,
    hook: Option<Hook>,
}

impl Redactor {
    /// Learns a secret. Values under 8 characters are kept out by their type alone: taking them out would tear ordinary text.
    pub fn learn(&self, secret: &Secret) {
        if secret.expose().chars().count() < SHORTEST {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.has(secret) {
            return;
        }
        if let Some(hook) = &known.hook {
            hook(secret);
        }
        for form in forms(secret.expose()) {
            known.add(form);
        }
    }

    /// Has `hook` told of every secret that is learned from now on, before it is used: so that a CI system masks it too. The hook
    /// must not call the redactor.
    pub fn on_learn(&self, hook: impl Fn(&Secret) + Send + Sync + 'static) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).hook = Some(Box::new(hook));
    }

    /// As [`Redactor::clean`], of bytes that need not be text: what is no text in them stays as it is.
    pub fn clean_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut cleaned = Vec::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            cleaned.extend_from_slice(self.clean(chunk.valid()).as_bytes());
            cleaned.extend_from_slice(chunk.invalid());
        }
        cleaned
    }

    /// The text without any known secret, be it plain, in base64, percent-encoded or escaped as JSON. Where secrets overlap, all
    /// that belongs to any of them goes.
    pub fn clean(&self, text: &str) -> String {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut cleaned = String::new();
        let mut kept = 0;
        for secret in known.occurrences(text) {
            cleaned.push_str(text.get(kept..secret.start).unwrap_or_default());
            cleaned.push_str(MASK);
            kept = secret.end;
        }
        cleaned.push_str(text.get(kept..).unwrap_or_default());
        cleaned
    }
}

impl Known {
    fn has(&self, form: &Secret) -> bool {
        self.forms.iter().any(|known| known.expose() == form.expose())
    }

    fn add(&mut self, form: Secret) {
        if !self.has(&form) {
            self.beginnings.insert(form.expose().as_bytes());
            self.forms.push(form);
        }
    }

    /// Where secrets stand in the text: in order, and joined where they overlap.
    fn occurrences(&self, text: &str) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        for start in self.beginnings.candidates(text.as_bytes()) {
            let Some(rest) = text.get(start..) else { continue };
            let longest =
                self.forms.iter().map(Secret::expose).filter(|form| rest.starts_with(form)).map(str::len).max();
            let Some(length) = longest else { continue };
            let end = start + length;
            match found.last_mut() {
                Some(last) if start < last.end => last.end = last.end.max(end),
                _ => found.push(start..end),
            }
        }
        found
    }
}

/// A set of hashes of the first [`SHORTEST`] bytes of every form. Findings are many and secrets are few: one look a byte tells
/// nearly always that no secret begins there, and the table itself gives none away.
struct Beginnings(Box<[bool; Self::SLOTS]>);

impl Default for Beginnings {
    fn default() -> Self {
        Self(Box::new([false; Self::SLOTS]))
    }
}

impl Beginnings {
    const SLOTS: usize = 4096;

    fn slot(window: [u8; SHORTEST]) -> usize {
        // Fibonacci hashing: the upper 12 bits of the product choose one of the 4,096 slots.
        usize::try_from(u64::from_le_bytes(window).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52).unwrap_or_default()
    }

    fn insert(&mut self, form: &[u8]) {
        if let Some(slot) = form.first_chunk().and_then(|window| self.0.get_mut(Self::slot(*window))) {
            *slot = true;
        }
    }

    fn candidates(&self, text: &[u8]) -> impl Iterator<Item = usize> {
        text.windows(SHORTEST).enumerate().filter_map(|(start, window)| {
            let slot = Self::slot(*window.first_chunk()?);
            self.0.get(slot)?.then_some(start)
        })
    }
}

/// The secret itself, and the encodings in which servers and libraries echo it.
fn forms(secret: &str) -> impl Iterator<Item = Secret> {
    let bytes = secret.as_bytes();
    let json = json_escaped(secret);
    [
        secret.to_owned(),
        STANDARD.encode(bytes),
        STANDARD_NO_PAD.encode(bytes),
        URL_SAFE.encode(bytes),
        URL_SAFE_NO_PAD.encode(bytes),
        percent_encoded(bytes, |byte| format!("%{byte:02X}")),
        percent_encoded(bytes, |byte| format!("%{byte:02x}")),
        url::form_urlencoded::byte_serialize(bytes).collect(),
        json.replace('/', "\\/"),
        json,
    ]
    .map(Zeroizing::new)
    .into_iter()
    .filter_map(|form| Secret::new(&form))
}

/// Percent-encoding of all but RFC 3986's unreserved characters. Libraries differ in the case of the digits.
fn percent_encoded(bytes: &[u8], encode: impl Fn(u8) -> String) -> String {
    let mut encoded = String::new();
    for byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(*byte)),
            _ => encoded.push_str(&encode(*byte)),
        }
    }
    encoded
}

/// The text as it stands between the quotes of a JSON string.
fn json_escaped(text: &str) -> String {
    let quoted = Zeroizing::new(serde_json::Value::from(text).to_string());
    quoted.trim_start_matches('"').strip_suffix('"').unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use proptest::prelude::*;

    use super::*;

    fn redactor(secrets: &[&str]) -> Redactor {
        let redactor = Redactor::default();
        for secret in secrets {
            redactor.learn(&Secret::new(secret).unwrap());
        }
        redactor
    }

    #[test]
    fn a_secret_is_taken_out_wherever_it_stands() {
        let redactor = redactor(&["pat_12345678"]);
        assert_eq!(redactor.clean("pat_12345678"), "***");
        assert_eq!(redactor.clean("é pat_12345678, pat_12345678pat_12345678é"), "é ***, ******é");
        assert_eq!(redactor.clean("pat_1234567 stays"), "pat_1234567 stays");
    }

    #[test]
    fn a_secret_is_known_in_the_encodings_in_which_it_is_echoed() {
        let redactor = redactor(&["p@ss/wörd \"+\" ?>~"]);
        for echoed in [
            "cEBzcy93w7ZyZCAiKyIgPz5+",
            "cEBzcy93w7ZyZCAiKyIgPz5-",
            "p%40ss%2Fw%C3%B6rd%20%22%2B%22%20%3F%3E~",
            "p%40ss%2fw%c3%b6rd%20%22%2b%22%20%3f%3e~",
            "p%40ss%2Fw%C3%B6rd+%22%2B%22+%3F%3E%7E",
            r#"p@ss/wörd \"+\" ?>~"#,
            r#"p@ss\/wörd \"+\" ?>~"#,
        ] {
            assert_eq!(redactor.clean(&format!("<{echoed}>")), "<***>", "{echoed}");
        }
    }

    #[test]
    fn padded_and_unpadded_base64_leave_no_trace() {
        let redactor = redactor(&["0123456789"]);
        assert_eq!(redactor.clean("MDEyMzQ1Njc4OQ== MDEyMzQ1Njc4OQ"), "*** ***");
    }

    #[test]
    fn overlapping_secrets_leave_no_remainder() {
        let redactor = redactor(&["abcdefgh", "abcdefgh-longer", "longer-than-that"]);
        assert_eq!(redactor.clean("x abcdefgh-longer-than-that y"), "x *** y");
    }

    #[test]
    fn short_values_and_ordinary_text_stay() {
        let redactor = redactor(&["short"]);
        assert_eq!(redactor.clean("a short text"), "a short text");
        assert_eq!(redactor.clean(""), "");
    }

    #[test]
    fn a_secret_among_bytes_that_are_no_text_is_taken_out_and_the_others_stay() {
        let redactor = redactor(&["pat_12345678", "größe-9876"]);
        let bytes = [b"\xff\xc3pat_12345678\x80".as_slice(), "größe-9876".as_bytes(), b"\x00\xf0"].concat();
        assert_eq!(redactor.clean_bytes(&bytes), b"\xff\xc3***\x80***\x00\xf0");
        assert_eq!(redactor.clean_bytes(b"\xfe text"), b"\xfe text");
    }

    #[test]
    fn the_hook_is_told_of_each_secret_once() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let redactor = redactor(&["learned-before"]);
        let sink = Arc::clone(&told);
        redactor.on_learn(move |secret| sink.lock().unwrap().push(secret.expose().to_owned()));
        for secret in ["derived-token", "short", "derived-token", "learned-before", "second-token"] {
            redactor.learn(&Secret::new(secret).unwrap());
        }
        assert_eq!(*told.lock().unwrap(), ["derived-token", "second-token"]);
    }

    #[test]
    fn clones_share_what_they_know() {
        let redactor = Redactor::default();
        let clone = redactor.clone();
        redactor.learn(&Secret::new("a-token-of-length").unwrap());
        assert_eq!(clone.clean("a-token-of-length"), "***");
    }

    proptest! {
        #[test]
        fn no_secret_is_left_in_any_text(
            secrets in prop::collection::vec("[ab]{8,12}", 1..4),
            text in "[abé]{0,80}",
        ) {
            let borrowed: Vec<&str> = secrets.iter().map(String::as_str).collect();
            let cleaned = redactor(&borrowed).clean(&text);
            for secret in &secrets {
                prop_assert!(!cleaned.contains(secret.as_str()));
            }
        }

        #[test]
        fn text_without_a_secret_is_unchanged(text in "\\PC{0,80}") {
            prop_assert_eq!(redactor(&["0123456789abcdef"]).clean(&text), text);
        }
    }
}
