//! Ids, tokens and signatures from one random key.
//!
//! The machine's random source is asked once, when the sandbox starts, so that no request can fail for want of it.

use std::fmt::Write as _;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};

/// A key and how often it was used.
pub(super) struct Entropy {
    key: [u8; 32],
    used: AtomicU64,
}

impl Entropy {
    pub(super) fn new() -> io::Result<Self> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        Ok(Self { key, used: AtomicU64::new(0) })
    }

    /// Bytes that nobody can guess, other ones each time.
    pub(super) fn bytes(&self) -> [u8; 32] {
        let used = self.used.fetch_add(1, Ordering::Relaxed);
        Sha256::new().chain_update(self.key).chain_update(used.to_be_bytes()).finalize().into()
    }

    /// A random UUID (RFC 9562, version 4).
    pub(super) fn uuid(&self) -> String {
        uuid_of(self.bytes(), 4)
    }

    /// Random lower-case letters and digits, at most 32 of them.
    pub(super) fn word(&self, length: usize) -> String {
        const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        let letter = |byte: &u8| ALPHABET.get(usize::from(*byte) % ALPHABET.len()).copied().map(char::from);
        self.bytes().iter().take(length).filter_map(letter).collect()
    }

    /// Random decimal digits, at most 32 of them.
    pub(super) fn digits(&self, length: usize) -> String {
        self.bytes().iter().take(length).map(|byte| char::from(b'0' + byte % 10)).collect()
    }

    /// A keyed digest in hexadecimal digits. The key stands on both sides, so that nothing can be added to the text.
    pub(super) fn sign(&self, text: &str) -> String {
        hex(&Sha256::new().chain_update(self.key).chain_update(text).chain_update(self.key).finalize())
    }
}

/// The UUID that these parts always have (RFC 9562, version 8: bits of a digest).
pub(super) fn uuid_from(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    uuid_of(digest.finalize().into(), 8)
}

fn uuid_of(digest: [u8; 32], version: u8) -> String {
    let [mut bytes, _] = split(digest);
    if let Some(byte) = bytes.get_mut(6) {
        *byte = (*byte & 0x0f) | (version << 4);
    }
    if let Some(byte) = bytes.get_mut(8) {
        *byte = (*byte & 0x3f) | 0x80;
    }
    let digits = hex(&bytes);
    let mut groups = Vec::new();
    let mut rest = digits.as_str();
    for length in [8, 4, 4, 4, 12] {
        let (group, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
        groups.push(group);
        rest = behind;
    }
    groups.join("-")
}

fn split(digest: [u8; 32]) -> [[u8; 16]; 2] {
    let mut halves = [[0; 16]; 2];
    for (half, bytes) in halves.iter_mut().zip(digest.chunks_exact(16)) {
        half.copy_from_slice(bytes);
    }
    halves
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a String cannot fail.
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_from_parts_are_stable_and_parts_do_not_run_together() {
        assert_eq!(uuid_from(&["a", "b"]), uuid_from(&["a", "b"]));
        assert_ne!(uuid_from(&["a", "b"]), uuid_from(&["ab", ""]));
        let id = uuid_from(&["a"]);
        assert_eq!((id.len(), id.matches('-').count()), (36, 4));
        assert_eq!(id.get(14..15), Some("8"));
    }

    #[test]
    fn random_ids_and_words_differ_and_signatures_do_not() {
        let entropy = Entropy::new().unwrap();
        assert_ne!(entropy.uuid(), entropy.uuid());
        assert_eq!(entropy.word(21).len(), 21);
        assert_eq!(entropy.sign("text"), entropy.sign("text"));
        assert_ne!(entropy.sign("text"), entropy.sign("other"));
    }
}
