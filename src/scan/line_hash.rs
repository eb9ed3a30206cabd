//! The lines of a file as GitHub counts and hashes them: `primaryLocationLineHash`, by which code scanning knows an alert again
//! when its line has moved.
//!
//! A line's hash covers the 100 UTF-16 code units from its start on, across the lines that follow, without spaces and tabs and
//! with every line end as LF. After the last line come one unit of 65535 and zeros. The hash is a polynomial in 37 modulo 2^64
//! (github/codeql-action, `src/fingerprints.ts`, which computes it where a SARIF file has none).

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How many code units a hash covers.
const WINDOW: usize = 100;

const BASE: u64 = 37;

/// Stands for the end of the file.
const END: u16 = u16::MAX;

/// The hashes of the lines in `wanted`, counted from 1: lower-case hexadecimal, a colon, and how often the same hash has come
/// up so far, this time included. Lines that are not there have none.
pub(super) fn of_lines(text: &str, wanted: &BTreeSet<u32>) -> BTreeMap<u32, Box<str>> {
    let mut units = Vec::with_capacity(text.len());
    let mut starts = Vec::new();
    for line in lines(text) {
        starts.push(units.len());
        units.extend(line.text.encode_utf16().filter(|unit| ![u16::from(b' '), u16::from(b'\t')].contains(unit)));
        units.push(if line.is_ended { u16::from(b'\n') } else { END });
    }
    let mut seen: HashMap<u64, u32> = HashMap::new();
    let mut hashes = BTreeMap::new();
    for (number, start) in (1..).zip(starts) {
        let window = units.iter().skip(start).copied().chain(std::iter::repeat(0)).take(WINDOW);
        let hash = window.fold(0_u64, |hash, unit| hash.wrapping_mul(BASE).wrapping_add(unit.into()));
        let occurrence = seen.entry(hash).or_default();
        *occurrence += 1;
        if wanted.contains(&number) {
            hashes.insert(number, format!("{hash:x}:{occurrence}").into());
        }
    }
    hashes
}

/// A line of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// The line without its end.
    pub(super) text: &'a str,
    /// Whether a line end follows. The last line has none, and is empty if the text ends with one.
    pub(super) is_ended: bool,
}

/// The lines of a text: LF, CR and CRLF each end one. There is always a last line.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(line) = text.split(['\n', '\r']).next().filter(|line| line.len() < text.len()) else {
            rest = None;
            return Some(Line { text, is_ended: false });
        };
        let after = text.strip_prefix(line)?;
        rest = after.strip_prefix("\r\n").or_else(|| after.strip_prefix(['\n', '\r']));
        Some(Line { text: line, is_ended: true })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<String> {
        of_lines(text, &(1..=50).collect()).into_values().map(String::from).collect()
    }

    /// The values that GitHub's own implementation gives.
    #[test]
    fn published_vectors_come_out() {
        assert_eq!(all(""), ["c129715d7a2bc9a3:1"]);
        let hashes = ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"];
        assert_eq!(all(" a\nb\n  \t\tc\n d"), hashes);
    }

    #[test]
    fn line_ends_and_indentation_do_not_change_a_hash() {
        let unix = all("if x:\n    y()\nz\n");
        assert_eq!(all("if x:\r\n\ty()\r\nz\r\n"), unix);
        assert_eq!(all("if x:\ry()\rz\r"), unix);
        assert_eq!(unix.len(), 4);
    }

    #[test]
    fn equal_lines_are_told_apart_by_their_order() {
        let line = format!("{}\n", "x".repeat(120));
        let hashes = all(&line.repeat(3));
        let (first, count) = hashes[0].split_once(':').unwrap();
        assert_eq!(count, "1");
        assert_eq!(hashes[1..3], [format!("{first}:2"), format!("{first}:3")]);
    }

    #[test]
    fn only_wanted_lines_that_exist_are_given_and_all_are_counted() {
        let line = format!("{}\n", "x".repeat(120));
        let hashes = of_lines(&line.repeat(2), &BTreeSet::from([2, 9]));
        assert_eq!(hashes.len(), 1);
        assert!(hashes[&2].ends_with(":2"));
    }

    #[test]
    fn characters_beyond_the_basic_plane_count_as_two_units() {
        // 98 units and a surrogate pair fill the window: the last letter does not count.
        let text = |last: char| format!("{}\u{1f600}{last}\n", "a".repeat(98));
        assert_eq!(all(&text('b'))[0], all(&text('c'))[0]);
        let shorter = |last: char| format!("{}\u{1f600}{last}\n", "a".repeat(97));
        assert_ne!(all(&shorter('b'))[0], all(&shorter('c'))[0]);
    }

    #[test]
    fn a_carriage_return_apart_from_its_line_feed_ends_a_line_of_its_own() {
        let texts: Vec<&str> = lines("a\r \nb\r\n\n").map(|line| line.text).collect();
        assert_eq!(texts, ["a", " ", "b", "", ""]);
    }
}
