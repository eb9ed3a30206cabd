//! Keeps secrets out of every text that leaves the process.

use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use secrecy::zeroize::Zeroizing;

use super::unescape::Unescaped;
use crate::credentials::Secret;
use crate::sorting;

/// The length, in characters, under which a secret is kept out by its type alone: taking it out of texts would tear ordinary words.
const SHORTEST: usize = 8;

/// What stands where a secret was.
const MASK: &str = "***";

/// What stands where a text was cut.
const ELLIPSIS: &[u8] = "…".as_bytes();

/// How often escapes are undone one after the other: JSON in a string of JSON, or a percent-encoded URL in HTML.
const DEEPEST: u8 = 2;

/// Knows every secret of the run, the derived tokens included, and takes them out of texts. Cheap to clone; all clones share
/// what they know.
#[derive(Clone, Default)]
pub struct Redactor(Arc<RwLock<Known>>);

type Hook = Box<dyn Fn(&Secret) + Send + Sync>;

#[derive(Default)]
struct Known {
    /// What was learned.
    secrets: Vec<Secret>,
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
        // One secret may be a form of another: a proxy's password is learned as it stands in an address, and as it is.
        if holds(&known.secrets, secret) {
            return;
        }
        known.secrets.push(secret.clone());
        if let Some(hook) = &known.hook {
            hook(secret);
        }
        for form in forms(secret.expose()) {
            // What looks like an escape in the secret itself is undone with the others.
            let mut undone = form.clone();
            for _ in 0..DEEPEST {
                let Some(next) = unescaped(&undone) else { break };
                undone = next;
                known.add(undone.clone());
            }
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

    /// The text without any known secret: plain, in base64 or in hexadecimal; each of them also percent-encoded, escaped as in
    /// JSON, HTML or XML, broken by a line end, and cut short by the end of the text or an ellipsis. Where secrets overlap, all
    /// that belongs to any of them goes.
    pub fn clean(&self, text: &str) -> String {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut cleaned = String::new();
        let mut kept = 0;
        for secret in known.occurrences(text.as_bytes()) {
            cleaned.push_str(text.get(kept..secret.start).unwrap_or_default());
            cleaned.push_str(MASK);
            kept = secret.end;
        }
        cleaned.push_str(text.get(kept..).unwrap_or_default());
        cleaned
    }
}

impl Known {
    fn add(&mut self, form: Secret) {
        if form.expose().len() >= SHORTEST && !holds(&self.forms, &form) {
            self.beginnings.insert(form.expose().as_bytes());
            self.forms.push(form);
        }
    }

    /// Where secrets stand in the text: in order, and joined where they overlap.
    fn occurrences(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        if !self.forms.is_empty() {
            self.search(text, DEEPEST, &mut found);
        }
        sorting::sort_by_key(&mut found, |place| place.start);
        found.dedup_by(|next, last| {
            let overlaps = next.start < last.end;
            if overlaps {
                last.end = last.end.max(next.end);
            }
            overlaps
        });
        found
    }

    /// Finds what stands there as it is, and what stands there once escapes are undone.
    fn search(&self, text: &[u8], depth: u8, found: &mut Vec<Range<usize>>) {
        for start in self.beginnings.candidates(text) {
            let Some(rest) = text.get(start..) else { continue };
            let longest = self.forms.iter().filter_map(|form| length_in(rest, form.expose().as_bytes())).max();
            found.extend(longest.map(|length| start..start + length));
        }
        let Some(depth) = depth.checked_sub(1) else { return };
        let Some(unescaped) = Unescaped::of(text) else { return };
        let mut inside = Vec::new();
        self.search(&unescaped.text, depth, &mut inside);
        found.extend(inside.iter().map(|place| unescaped.source(place)));
    }
}

fn holds(known: &[Secret], secret: &Secret) -> bool {
    known.iter().any(|known| known.expose() == secret.expose())
}

/// How much of `text` is the form, from the beginning: all of it, or at least [`SHORTEST`] bytes up to where the text was cut.
fn length_in(text: &[u8], form: &[u8]) -> Option<usize> {
    let length = text.iter().zip(form).take_while(|(one, other)| one == other).count();
    let is_whole = length == form.len();
    let is_cut =
        || length >= SHORTEST && text.get(length..).is_some_and(|rest| rest.is_empty() || rest.starts_with(ELLIPSIS));
    (is_whole || is_cut()).then_some(length)
}

/// A set of hashes of the first [`SHORTEST`] bytes of every form. Findings are many and secrets are few: one look a byte tells
/// nearly always that no secret begins there, and the table itself gives none away.
struct Beginnings(Box<[u64]>);

impl Default for Beginnings {
    fn default() -> Self {
        Self(vec![0; 1 << (Self::BITS - 6)].into())
    }
}

impl Beginnings {
    /// The length of a hash.
    const BITS: u32 = 16;

    /// The word of the table, and the bit in it.
    fn slot(window: [u8; SHORTEST]) -> (usize, u64) {
        // Fibonacci hashing: the upper bits of the product are the hash.
        let hash = u64::from_le_bytes(window).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - Self::BITS);
        (usize::try_from(hash >> 6).unwrap_or_default(), 1 << (hash & 63))
    }

    fn insert(&mut self, form: &[u8]) {
        let Some((index, bit)) = form.first_chunk().map(|window| Self::slot(*window)) else { return };
        if let Some(word) = self.0.get_mut(index) {
            *word |= bit;
        }
    }

    fn candidates(&self, text: &[u8]) -> impl Iterator<Item = usize> {
        text.windows(SHORTEST).enumerate().filter_map(|(start, window)| {
            let (index, bit) = Self::slot(*window.first_chunk()?);
            (self.0.get(index)? & bit != 0).then_some(start)
        })
    }
}

/// The secret itself, and what servers, libraries and we ourselves make of it beyond escapes.
fn forms(secret: &str) -> impl Iterator<Item = Secret> {
    let bytes = secret.as_bytes();
    let mut forms = vec![
        secret.to_owned(),
        // A form of application/x-www-form-urlencoded, its other escapes undone.
        secret.replace(' ', "+"),
        // A rule that has no id gets one made of its title.
        secret.to_lowercase(),
        slug(secret),
        STANDARD.encode(bytes),
        STANDARD_NO_PAD.encode(bytes),
        URL_SAFE.encode(bytes),
        URL_SAFE_NO_PAD.encode(bytes),
        hexadecimal(bytes, |byte| format!("{byte:02x}")),
        hexadecimal(bytes, |byte| format!("{byte:02X}")),
    ];
    forms.extend(
        (0..3).flat_map(|before| {
            [in_base64(bytes, before, &STANDARD_NO_PAD), in_base64(bytes, before, &URL_SAFE_NO_PAD)]
        }),
    );
    forms.into_iter().map(Zeroizing::new).filter_map(|form| Secret::new(&form))
}

/// The form without its escapes, where it has any and is text without them.
fn unescaped(form: &Secret) -> Option<Secret> {
    let text = Zeroizing::new(String::from_utf8(Unescaped::of(form.expose().as_bytes())?.text).ok()?);
    Secret::new(&text)
}

/// Its words in small letters, joined by hyphens.
fn slug(secret: &str) -> String {
    let words = secret.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

fn hexadecimal(bytes: &[u8], digits: fn(&u8) -> String) -> String {
    bytes.iter().map(digits).collect()
}

/// What is always the same of the secret's base64, wherever in the encoded bytes it stands: `before` is the number of bytes before
/// it, modulo 3. Digits that it shares with its neighbours, at most 4 bits of it at either end, are not among it.
fn in_base64(bytes: &[u8], before: usize, engine: &impl base64::Engine) -> String {
    let padded = Zeroizing::new([vec![0; before].as_slice(), bytes].concat());
    let encoded = Zeroizing::new(engine.encode(&*padded));
    let (start, end) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
    encoded.get(start..end).unwrap_or_default().to_owned()
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
    fn escapes_may_be_mixed_nested_and_of_every_character() {
        let secret = "p@ss/wörd\"<\u{1f600}>&";
        let all = |escape: fn(char) -> String| secret.chars().map(escape).collect::<String>();
        let utf_16 = |character: char| {
            character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04X}")).collect::<Vec<_>>().concat()
        };
        let percent = hexadecimal(secret.as_bytes(), |byte| format!("%{byte:02x}"));
        let html = "p@ss/wörd&quot;&lt;\u{1f600}&gt;&amp;";
        let json_in_json = serde_json::json!(serde_json::json!({ "e": secret }).to_string()).to_string();
        for echoed in [
            &all(utf_16),
            &all(|character| format!("&#{};", u32::from(character))),
            &all(|character| format!("&#x{:x};", u32::from(character))),
            &all(|character| format!("\\u{{{:x}}}", u32::from(character))),
            &percent,
            &percent.replace('%', "%25"),
            &html.to_owned(),
            &html.replace('&', "&amp;"),
            &html.replace('&', "\\u0026"),
            &"p%40ss/w%c3%b6rd\"%3C\u{1f600}>&".to_owned(),
        ] {
            assert_eq!(redactor(&[secret]).clean(&format!("<{echoed}>")), "<***>", "{echoed}");
        }
        assert_eq!(redactor(&[secret]).clean(&json_in_json), r#""{\"e\":\"***\"}""#);
    }

    #[test]
    fn base64_is_known_wherever_in_the_encoded_bytes_the_secret_stands() {
        let secret = "pat?>~/é0123";
        for before in ["", "x", "xy", "user:", "the user:"] {
            for after in ["", ".", "..", "\n more"] {
                for engine in [STANDARD, URL_SAFE] {
                    let echoed = engine.encode(format!("{before}{secret}{after}"));
                    let cleaned = redactor(&[secret]).clean(&echoed);
                    let left: String = cleaned.replace("***", "");
                    let around = engine.encode(before).len() + engine.encode(after).len();
                    assert!(cleaned.contains("***") && left.len() <= around + 4, "{echoed} {cleaned}");
                }
            }
        }
    }

    #[test]
    fn hexadecimal_and_what_becomes_of_a_title_are_known() {
        let redactor = redactor(&["Pat_12345678/Kl"]);
        for echoed in
            ["5061745f31323334353637382f4b6c", "5061745F31323334353637382F4B6C", "pat_12345678/kl", "pat-12345678-kl"]
        {
            assert_eq!(redactor.clean(&format!("<{echoed}>")), "<***>", "{echoed}");
        }
    }

    #[test]
    fn no_half_of_a_secret_is_left_where_a_text_was_cut_or_broken() {
        let redactor = redactor(&["pat_12345678", "größe-9876"]);
        assert_eq!(redactor.clean("a pat_12345"), "a ***");
        assert_eq!(redactor.clean("a pat_12345… b"), "a ***… b");
        assert_eq!(redactor.clean("a pat_1234"), "a ***");
        assert_eq!(redactor.clean("a pat_123"), "a pat_123");
        assert_eq!(redactor.clean("a pat_12345, b"), "a pat_12345, b");
        assert_eq!(redactor.clean("a pat_1\r\n2345678\nb"), "a ***\nb");
        assert_eq!(redactor.clean("größe-9"), "***");
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
    fn a_secret_that_is_a_form_of_another_is_known_in_its_own_forms_too() {
        let redactor = redactor(&["pass%2Fword%253F", "pass/word%3F"]);
        for echoed in ["cGFzcy93b3JkJTNG", "706173732f776f7264253346", "pass%252Fword%25253F", "pass/word?"] {
            assert_eq!(redactor.clean(&format!("<{echoed}>")), "<***>", "{echoed}");
        }
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
