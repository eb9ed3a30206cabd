//! A list that comes in numbered pages: whether it needs another one, and whether it is whole. Pure, and nothing that a page says
//! of its list is believed without counting.

use std::collections::HashSet;

use sha2::{Digest as _, Sha256};

/// The most pages that are read of one list. At 20 rows a page that is a hundred thousand.
const MOST_PAGES: u64 = 5_000;

/// One page, read: what it says of the list, and its rows.
#[derive(Debug)]
pub(super) struct Sheet<T> {
    /// Which page it is, counted from 1.
    pub(super) number: u64,
    /// Rows of the whole list, as the page says.
    pub(super) total: Option<u64>,
    /// Pages of the whole list, as the page says.
    pub(super) pages: Option<u64>,
    /// The rows, each with what tells it from all others. Ids alone do not: nobody says that they are unique.
    pub(super) rows: Vec<(String, T)>,
}

/// A list as far as it has been read.
#[derive(Debug)]
pub(super) struct Listing<T> {
    seen: HashSet<[u8; 32]>,
    rows: Vec<T>,
    total: Option<u64>,
    pages: Option<u64>,
    read: u64,
    cut_short: bool,
}

impl<T> Listing<T> {
    /// A list of which nothing has been read.
    pub(super) fn new() -> Self {
        Self { seen: HashSet::new(), rows: Vec::new(), total: None, pages: None, read: 0, cut_short: false }
    }

    /// Takes a page in, and says whether the next one is wanted. Pages come in order. Reading ends at the last page by the list's
    /// own count of pages, else of rows; and at one that brings nothing new, as a server sends that ignores the number. A page
    /// that is not full ends nothing: a server may send fewer rows than were asked for, and say nothing of that.
    pub(super) fn take(&mut self, sheet: Sheet<T>) -> bool {
        self.total = self.total.max(sheet.total);
        self.pages = self.pages.max(sheet.pages);
        self.read = sheet.number;
        let before = self.rows.len();
        for (identity, row) in sheet.rows {
            if self.seen.insert(Sha256::digest(identity).into()) {
                self.rows.push(row);
            }
        }
        let more = match (self.pages, self.total) {
            (Some(pages), _) => sheet.number < pages,
            (None, Some(total)) => self.count() < total,
            (None, None) => true,
        };
        if !more || self.rows.len() == before {
            return false;
        }
        self.cut_short = sheet.number >= MOST_PAGES;
        !self.cut_short
    }

    /// Whether nothing but its pages says where it ends, and there were some: no further page is then an end like an empty one.
    pub(super) fn ends_anywhere(&self) -> bool {
        self.read > 0 && self.pages.is_none() && self.total.is_none()
    }

    /// Different rows so far.
    pub(super) fn count(&self) -> u64 {
        self.rows.len() as u64
    }

    /// Why the list is known not to be whole, going on from its name. More rows than the total are no fault: some were found
    /// while it was read.
    pub(super) fn shortfall(&self) -> Option<String> {
        let count = self.count();
        if self.cut_short {
            return Some(format!("goes on after {MOST_PAGES} pages, which is as far as scangate reads"));
        }
        match (self.total, self.pages) {
            (Some(total), _) if count < total => Some(format!("brought {count} of its {total} rows")),
            (None, Some(pages)) if self.read < pages => {
                Some(format!("brought nothing new on page {} of {pages}", self.read))
            }
            _ => None,
        }
    }

    /// The rows, in the order in which they came.
    pub(super) fn into_rows(self) -> Vec<T> {
        self.rows
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use proptest::prelude::*;

    use super::*;

    fn sheet(number: u64, total: Option<u64>, pages: Option<u64>, rows: Range<u64>) -> Sheet<u64> {
        Sheet { number, total, pages, rows: rows.map(|row| (row.to_string(), row)).collect() }
    }

    /// The rows of a page of 50, of a list of this many.
    fn rows(number: u64, of: u64) -> Range<u64> {
        ((number - 1) * 50).min(of)..(number * 50).min(of)
    }

    /// Reads a list from a server that is a function of the page number: pages asked for, rows, and what is wrong.
    fn read(server: impl Fn(u64) -> Sheet<u64>) -> (u64, u64, Option<String>) {
        let mut listing = Listing::new();
        let mut number = 1;
        while listing.take(server(number)) {
            number += 1;
        }
        (number, listing.count(), listing.shortfall())
    }

    #[test]
    fn a_list_is_read_to_its_end_whichever_count_it_gives() {
        for of in [0_u64, 1, 49, 50, 51, 100, 120] {
            let pages = of.div_ceil(50);
            let expected = (pages.max(1), of, None);
            assert_eq!(read(|number| sheet(number, Some(of), Some(pages), rows(number, of))), expected, "{of}");
            assert_eq!(read(|number| sheet(number, Some(of), None, rows(number, of))), expected, "{of}");
            assert_eq!(read(|number| sheet(number, None, Some(pages), rows(number, of))), expected, "{of}");
            // Without any count only a page with nothing new shows that the one before was the last.
            let asked = pages + 1;
            assert_eq!(read(|number| sheet(number, None, None, rows(number, of))), (asked, of, None), "{of}");
        }
    }

    #[test]
    fn a_server_that_repeats_a_page_is_not_asked_for_ever_and_its_list_is_short() {
        let (asked, count, shortfall) = read(|number| sheet(number, Some(120), Some(3), 0..50));
        assert_eq!((asked, count), (2, 50));
        assert_eq!(shortfall.as_deref(), Some("brought 50 of its 120 rows"));
        let (_, _, shortfall) = read(|number| sheet(number, None, Some(3), 0..50));
        assert_eq!(shortfall.as_deref(), Some("brought nothing new on page 2 of 3"));
        assert_eq!(read(|number| sheet(number, None, None, 0..50)), (2, 50, None), "it counts nothing to be held to");
    }

    #[test]
    fn a_total_that_is_smaller_on_a_later_page_excuses_nothing() {
        let shrinking = |number| sheet(number, Some(if number == 1 { 120 } else { 60 }), None, rows(number, 60));
        assert_eq!(read(shrinking), (3, 60, Some("brought 60 of its 120 rows".to_owned())));
    }

    #[test]
    fn a_list_without_end_is_cut_and_said_to_be() {
        let (asked, _, shortfall) = read(|number| sheet(number, None, Some(u64::MAX), number * 50..number * 50 + 1));
        assert_eq!(asked, MOST_PAGES);
        assert!(shortfall.unwrap().contains("as far as scangate reads"));
    }

    proptest! {
        #[test]
        fn reading_always_ends_and_no_row_that_was_counted_is_missing_in_silence(
            pages in prop::collection::vec(
                (prop::option::of(0_u64..60), prop::option::of(0_u64..8), prop::collection::vec(0_u64..40, 0..12)), 1..8)
        ) {
            let server = |number: u64| {
                let index = usize::try_from(number - 1).unwrap() % pages.len();
                let (total, count, rows) = &pages[index];
                let rows = rows.iter().map(|row| (row.to_string(), *row)).collect();
                Sheet { number, total: *total, pages: *count, rows }
            };
            let (asked, count, shortfall) = read(server);
            // Each page but the last brings something new, and there are only 40 different rows.
            prop_assert!(asked <= 41);
            if shortfall.is_none() {
                prop_assert!((1..=asked).all(|number| server(number).total.is_none_or(|total| count >= total)));
            }
        }
    }
}
