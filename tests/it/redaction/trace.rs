//! Looks for secrets in what a run left, in every form that people and programs know how to undo. It goes the other way round than
//! the redactor: it decodes what there is, and does not compute what there might be.

use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use base64::{Engine as _, alphabet};

/// Digits, and at the end a few bits of somebody else's byte.
const LENIENT: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, NO_PAD.with_decode_allow_trailing_bits(true));

/// A kind of escape, and how it is undone.
type Escape = (&'static str, fn(&str) -> String);

/// The first of the secrets that is in `text`, and the form in which it is there.
pub(super) fn find(text: &[u8], secrets: &[String]) -> Option<String> {
    let text = String::from_utf8_lossy(text).into_owned();
    let escaped: [Escape; 4] = [
        ("percent-encoded", percent),
        ("escaped", backslash),
        ("in HTML", html),
        ("over two lines", |text| text.replace(['\r', '\n'], "")),
    ];
    let mut views = vec![("plain".to_owned(), text.clone())];
    for (name, undo) in &escaped {
        let once = undo(&text);
        for (second, undo) in &escaped {
            views.push((format!("{name} and {second}"), undo(&once)));
        }
        views.push(((*name).to_owned(), once));
    }
    views.iter().find_map(|(name, view)| {
        let lower = view.to_lowercase();
        let encoded = format!("{}\n{}", base64(view), hexadecimal(view));
        secrets.iter().find_map(|secret| {
            let place = if view.contains(secret) {
                around(view, secret)
            } else if lower.contains(&secret.to_lowercase()) {
                around(&lower, &secret.to_lowercase())
            } else if encoded.contains(secret) {
                "in base64 or hexadecimal".to_owned()
            } else {
                return None;
            };
            Some(format!("`{secret}`, {name}: {place}"))
        })
    })
}

fn around(text: &str, secret: &str) -> String {
    let (before, after) = text.split_once(secret).unwrap_or_default();
    let start = before.chars().count().saturating_sub(80);
    format!("{}[HERE]{}", before.chars().skip(start).collect::<String>(), after.chars().take(80).collect::<String>())
}

/// Replaces what `read` understands at the beginning of a rest: the bytes that it means and the length that it has.
fn undone(text: &str, read: impl Fn(&[u8]) -> Option<(Vec<u8>, usize)>) -> String {
    let (mut bytes, mut at) = (Vec::new(), 0);
    while let Some(rest) = text.as_bytes().get(at..).filter(|rest| !rest.is_empty()) {
        let (meaning, length) = read(rest).unwrap_or_else(|| (vec![rest[0]], 1));
        bytes.extend(meaning);
        at += length;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    u32::from_str_radix(str::from_utf8(digits).ok()?, radix).ok()
}

fn percent(text: &str) -> String {
    undone(text, |rest| {
        let digits = rest.strip_prefix(b"%")?.get(..2)?;
        Some((vec![u8::try_from(number(digits, 16)?).ok()?], 3))
    })
}

fn backslash(text: &str) -> String {
    undone(text, |rest| {
        let escape = rest.strip_prefix(b"\\")?;
        match escape.first()? {
            b'u' => {
                let unit = u16::try_from(number(escape.get(1..5)?, 16)?).ok()?;
                Some((String::from_utf16_lossy(&[unit]).into_bytes(), 6))
            }
            b'x' => Some((vec![u8::try_from(number(escape.get(1..3)?, 16)?).ok()?], 4)),
            other if other.is_ascii_punctuation() => Some((vec![*other], 2)),
            _ => None,
        }
    })
}

fn html(text: &str) -> String {
    const NAMED: [(&str, &str); 5] = [("amp", "&"), ("lt", "<"), ("gt", ">"), ("quot", "\""), ("apos", "'")];
    undone(text, |rest| {
        let entity = rest.strip_prefix(b"&")?;
        let end = entity.iter().take(10).position(|byte| *byte == b';')?;
        let name = str::from_utf8(&entity[..end]).ok()?;
        let character = if let Some((_, meaning)) = NAMED.iter().find(|(known, _)| *known == name) {
            (*meaning).to_owned()
        } else {
            let digits = name.strip_prefix('#')?;
            let (digits, radix) = digits.strip_prefix(['x', 'X']).map_or((digits, 10), |digits| (digits, 16));
            char::from_u32(number(digits.as_bytes(), radix)?)?.to_string()
        };
        Some((character.into_bytes(), end + 2))
    })
}

/// What the runs of base64 digits mean, wherever in them the encoding began.
fn base64(text: &str) -> String {
    let digit = |character: char| character.is_ascii_alphanumeric() || "+/-_".contains(character);
    let runs = text.split(|character| !digit(character)).filter(|run| run.len() >= 11);
    let decoded = runs.flat_map(|run| {
        let run = run.replace('-', "+").replace('_', "/");
        (0..4).map(move |start| {
            let digits = &run.as_bytes()[start..];
            // One digit more than whole groups is less than a byte.
            let whole = &digits[..digits.len() - usize::from(digits.len() % 4 == 1)];
            String::from_utf8_lossy(&LENIENT.decode(whole).unwrap_or_default()).into_owned()
        })
    });
    decoded.collect::<Vec<_>>().join("\n")
}

fn hexadecimal(text: &str) -> String {
    let runs = text.split(|character: char| !character.is_ascii_hexdigit()).filter(|run| run.len() >= 16);
    let decoded = runs.flat_map(|run| {
        (0..2).map(|start| {
            let pairs = run.as_bytes()[start..].chunks_exact(2);
            let bytes: Vec<u8> = pairs.filter_map(|pair| u8::try_from(number(pair, 16)?).ok()).collect();
            String::from_utf8_lossy(&bytes).into_owned()
        })
    });
    decoded.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_form_that_is_echoed_is_found() {
    let secret = super::echo::marked("found");
    for (number, form) in super::echo::forms(&secret).iter().enumerate() {
        let found = find(format!("before {form} after").as_bytes(), std::slice::from_ref(&secret));
        assert!(found.is_some(), "form {number}: {form}");
    }
    assert_eq!(find(b"nothing of it: m4rk-other", std::slice::from_ref(&secret)), None);
}
