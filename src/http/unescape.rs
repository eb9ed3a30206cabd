//! Undoes the escapes of text in text, and knows where in the escaped text everything stood.

use std::ops::Range;

/// What an escape stands for, and how many bytes the escape has.
type Escape = (Option<Meaning>, usize);

#[derive(Clone, Copy)]
enum Meaning {
    Byte(u8),
    Character(char),
}

/// Whether an escape begins with this byte.
fn begins_escape(byte: u8) -> bool {
    matches!(byte, b'%' | b'\\' | b'&' | b'\r' | b'\n')
}

/// The escape at the beginning of `text`, if one is there:
///
/// * `%2F` (RFC 3986 section 2.1);
/// * `\"`, `\/`, `\u002f`, `\x2f` and their like: JSON (RFC 8259 section 7), and the debug output of most languages;
/// * `&amp;`, `&#47;`, `&#x2F;`: HTML and XML;
/// * a line end, which stands for nothing: base64 is put into lines (RFC 2045 section 6.8), and words are printed in two pieces.
fn escape(text: &[u8]) -> Option<Escape> {
    match *text.first()? {
        b'%' => Some((Some(Meaning::Byte(u8::try_from(hexadecimal(text.get(1..3)?)?).ok()?)), 3)),
        b'\\' => backslash(text),
        b'&' => entity(text),
        b'\r' | b'\n' => Some((None, 1)),
        _ => None,
    }
}

/// A text without its escapes.
pub(super) struct Unescaped {
    pub(super) text: Vec<u8>,
    replaced: Vec<Replaced>,
}

/// One escape: what it stands for in the text without it, and its end in the text with it.
struct Replaced {
    place: Range<usize>,
    end: usize,
}

impl Unescaped {
    /// Undoes all escapes once, whatever their kind; `None` if the text has none.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        // Without a branch, most texts are seen to have none many bytes at a time.
        if !text.iter().fold(false, |found, byte| found | begins_escape(*byte)) {
            return None;
        }
        let mut unescaped = Self { text: Vec::new(), replaced: Vec::new() };
        let (mut copied, mut at) = (0, 0);
        while let Some(skipped) = text.get(at..)?.iter().position(|byte| begins_escape(*byte)) {
            at += skipped;
            let Some((meaning, length)) = escape(text.get(at..)?) else {
                at += 1;
                continue;
            };
            unescaped.text.extend_from_slice(text.get(copied..at)?);
            let start = unescaped.text.len();
            match meaning {
                Some(Meaning::Byte(byte)) => unescaped.text.push(byte),
                Some(Meaning::Character(character)) => {
                    unescaped.text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                None => {}
            }
            at += length;
            copied = at;
            unescaped.replaced.push(Replaced { place: start..unescaped.text.len(), end: at });
        }
        unescaped.text.extend_from_slice(text.get(copied..)?);
        (!unescaped.replaced.is_empty()).then_some(unescaped)
    }

    /// Where in the escaped text this part of the other stands.
    pub(super) fn source(&self, part: &Range<usize>) -> Range<usize> {
        let before = |count: usize| count.checked_sub(1).and_then(|last| self.replaced.get(last));
        let start = match before(self.replaced.partition_point(|one| one.place.end <= part.start)) {
            Some(one) => one.end + (part.start - one.place.end),
            None => part.start,
        };
        let end = match before(self.replaced.partition_point(|one| one.place.start < part.end)) {
            Some(one) => one.end + part.end.saturating_sub(one.place.end),
            None => part.end,
        };
        // Of nothing, among escapes that stand for nothing, the end would come first.
        start..end.max(start)
    }
}

fn backslash(text: &[u8]) -> Option<Escape> {
    let plain = |byte| Some((Some(Meaning::Byte(byte)), 2));
    match *text.get(1)? {
        b'b' => plain(8),
        b't' => plain(b'\t'),
        b'n' => plain(b'\n'),
        b'f' => plain(12),
        b'r' => plain(b'\r'),
        b'x' => Some((Some(Meaning::Byte(u8::try_from(hexadecimal(text.get(2..4)?)?).ok()?)), 4)),
        b'u' if text.get(2) == Some(&b'{') => {
            let length = text.get(3..)?.iter().take(7).position(|byte| *byte == b'}')?;
            Some((Some(character(hexadecimal(text.get(3..3 + length)?)?)?), length + 4))
        }
        b'u' => utf_16(text),
        other if other.is_ascii_punctuation() => plain(other),
        _ => None,
    }
}

/// `\u00e9`, or two of them for a character beyond the first 65,536.
fn utf_16(text: &[u8]) -> Option<Escape> {
    let unit = |at: usize| hexadecimal(text.get(at..at + 4)?);
    let high = unit(2)?;
    if !(0xd800..0xdc00).contains(&high) {
        return Some((Some(character(high)?), 6));
    }
    let low = unit(8).filter(|low| text.get(6..8) == Some(b"\\u") && (0xdc00..0xe000).contains(low))?;
    Some((Some(character(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))?), 12))
}

/// A character by its number, or one of the five that XML and HTML name alike.
fn entity(text: &[u8]) -> Option<Escape> {
    const LONGEST: usize = 12;
    let length = text.iter().take(LONGEST).position(|byte| *byte == b';')?;
    let name = text.get(1..length)?;
    let meaning = match name {
        b"amp" => Meaning::Byte(b'&'),
        b"lt" => Meaning::Byte(b'<'),
        b"gt" => Meaning::Byte(b'>'),
        b"quot" => Meaning::Byte(b'"'),
        b"apos" => Meaning::Byte(b'\''),
        [b'#', b'x' | b'X', digits @ ..] => character(hexadecimal(digits)?)?,
        [b'#', digits @ ..] => character(str::from_utf8(digits).ok()?.parse().ok()?)?,
        _ => return None,
    };
    Some((Some(meaning), length + 1))
}

fn character(number: u32) -> Option<Meaning> {
    char::from_u32(number).map(Meaning::Character)
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u32::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unescaped(text: &str) -> Option<String> {
        Unescaped::of(text.as_bytes()).map(|found| String::from_utf8_lossy(&found.text).into_owned())
    }

    #[test]
    fn each_kind_of_escape_is_undone_once() {
        for (text, meaning) in [
            ("a%2Fb%2fc%C3%A9%25", "a/b/cé%"),
            (r#"a\"b\/c\\d\u00e9\n"#, "a\"b/c\\dé\n"),
            (r"\ud83d\ude00 \x41 \u{1f600} \'", "😀 A 😀 '"),
            ("&amp;&lt;&gt;&quot;&apos;&#39;&#x2F;&#X2f;&#233;", "&<>\"''//é"),
            ("one\r\ntwo\nthree", "onetwothree"),
            (r"%2541 &amp;lt; \\u0041", r"%41 &lt; \u0041"),
        ] {
            assert_eq!(unescaped(text).as_deref(), Some(meaning), "{text}");
        }
    }

    #[test]
    fn what_is_no_escape_stays() {
        for text in [
            "100% of %zz, %2",
            r"C:\Windows \u12 \ud83d \u{110000} \u{1234567} \",
            "a & b; &nbsp; &#xd800; &# &#; &#x; &amp",
            "one line",
        ] {
            assert_eq!(unescaped(text), None, "{text}");
        }
    }

    #[test]
    fn a_part_is_found_again_with_the_whole_of_its_escapes() {
        let text = b"x%41/%42y%43";
        let found = Unescaped::of(text).unwrap();
        assert_eq!(found.text, b"xA/ByC");
        for (part, source) in [(0..1, 0..1), (1..2, 1..4), (1..4, 1..8), (3..6, 5..12), (4..5, 8..9), (0..6, 0..12)] {
            assert_eq!(found.source(&part), source, "{part:?}");
        }
        let found = Unescaped::of(b"ab\ncd\n").unwrap();
        for (part, source) in [(0..2, 0..2), (2..4, 3..5), (1..3, 1..4)] {
            assert_eq!(found.source(&part), source, "{part:?}");
        }
        assert_eq!(Unescaped::of(b"\n").unwrap().source(&(0..0)), 1..1);
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "[%&#;x\\\\ua-d0-9{}é\n]{0,60}") {
            if let Some(found) = Unescaped::of(text.as_bytes()) {
                let source = found.source(&(0..found.text.len()));
                prop_assert!(source.start <= source.end && source.end <= text.len());
            }
        }
    }
}
