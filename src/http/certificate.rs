//! Who issued a certificate, and until when it is good: the two facts of it (X.509, RFC 5280 section 4.1) that people can act on.
//!
//! Whether it is to be trusted has been decided by then, by rustls. This reads as far as those facts lie, and nothing of what
//! they mean depends on it.

use jiff::Timestamp;

/// The tags of DER (X.690) on the way.
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTC_TIME: u8 = 0x17;

/// `2.5.4.3` and `2.5.4.10`: the common name and the organisation.
const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
const ORGANISATION: [u8; 3] = [0x55, 0x04, 0x0a];

/// What is read of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The common name of its issuer, else the issuer's organisation; uncleaned.
    pub issuer: String,
    /// The end of its life.
    pub expires: Timestamp,
}

impl Certificate {
    /// Reads a certificate in DER. `None` where it is built otherwise.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let (certificate, _) = expect(der, SEQUENCE)?;
        let (fields, _) = expect(certificate, SEQUENCE)?;
        let (tag, _, behind_version) = element(fields)?;
        let fields = if tag == VERSION { behind_version } else { fields };
        let (_, _, behind_serial) = element(fields)?;
        let (_, _, behind_algorithm) = element(behind_serial)?;
        let (issuer, behind_issuer) = expect(behind_algorithm, SEQUENCE)?;
        let (validity, _) = expect(behind_issuer, SEQUENCE)?;
        let (_, _, behind_begin) = element(validity)?;
        let (tag, end, _) = element(behind_begin)?;
        let issuer = attribute(issuer, COMMON_NAME).or_else(|| attribute(issuer, ORGANISATION))?;
        Some(Self { issuer, expires: time(tag, end)? })
    }
}

/// The first element: its tag, its content, and what stands behind it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        let add = |length: usize, digit: &u8| length.checked_mul(256)?.checked_add(usize::from(*digit));
        (digits.iter().try_fold(0, add)?, rest)
    };
    let (content, behind) = rest.split_at_checked(length)?;
    Some((*tag, content, behind))
}

/// The first element, if it has this tag: its content, and what stands behind it.
fn expect(bytes: &[u8], expected: u8) -> Option<(&[u8], &[u8])> {
    element(bytes).filter(|(tag, ..)| *tag == expected).map(|(_, content, behind)| (content, behind))
}

/// The first attribute of this type in a name, which is a sequence of sets of pairs.
fn attribute(mut name: &[u8], wanted: [u8; 3]) -> Option<String> {
    while let Some((_, mut set, behind)) = element(name) {
        while let Some((pair, others)) = expect(set, SEQUENCE) {
            let (kind, value) = expect(pair, OBJECT_IDENTIFIER)?;
            if kind == wanted {
                return element(value).map(|(_, text, _)| String::from_utf8_lossy(text).into_owned());
            }
            set = others;
        }
        name = behind;
    }
    None
}

/// `YYMMDDHHMMSSZ`, of the years 1950 to 2049, or `YYYYMMDDHHMMSSZ` (RFC 5280 section 4.1.2.5).
fn time(tag: u8, text: &[u8]) -> Option<Timestamp> {
    let digits = str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let century = match digits.get(..2)? {
        _ if tag != UTC_TIME => "",
        year if year >= "50" => "19",
        _ => "20",
    };
    let (day, time) = digits.split_at_checked(digits.len().checked_sub(6)?)?;
    format!("{century}{day}T{time}Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuer_and_end_of_a_real_certificate_are_read() {
        let der = include_bytes!("../../tests/data/tls/server.der");
        let certificate = Certificate::read(der).unwrap();
        assert_eq!(certificate.issuer, "scangate test authority");
        assert!(certificate.expires > "2100-01-01T00:00:00Z".parse().unwrap(), "{certificate:?}");
    }

    #[test]
    fn no_part_of_a_certificate_is_one_and_none_makes_it_fail() {
        let der = include_bytes!("../../tests/data/tls/server.der");
        for end in 0..der.len() {
            assert_eq!(Certificate::read(&der[..end]), None, "{end}");
            let mut twisted = der.to_vec();
            twisted[end] ^= 0xff;
            drop(Certificate::read(&twisted));
        }
    }

    #[test]
    fn both_forms_of_a_time_are_read() {
        let read = |tag, text: &str| time(tag, text.as_bytes()).map(|time| time.to_string());
        assert_eq!(read(UTC_TIME, "491231235959Z").as_deref(), Some("2049-12-31T23:59:59Z"));
        assert_eq!(read(UTC_TIME, "500101000000Z").as_deref(), Some("1950-01-01T00:00:00Z"));
        assert_eq!(read(0x18, "20500101000000Z").as_deref(), Some("2050-01-01T00:00:00Z"));
        for wrong in ["", "Z", "491331235959Z", "4912312359Z", "491231235959+0100", "é"] {
            assert_eq!(read(UTC_TIME, wrong), None, "{wrong}");
        }
    }
}
