//! A list whose pages are linked: whether another page follows, and whether the list is whole. Pure, and nothing that a page says of
//! its list is believed without counting.

use std::collections::HashSet;

use sha2::{Digest as _, Sha256};

use super::page::Page;
use crate::platform::tolerant::Fields;

/// The most pages that are read of one list. At the framework's usual 50 or 100 rows that is some hundred thousand.
const MOST_PAGES: u64 = 5_000;

/// So many empty pages in a row are gone past: a server that filters what it has cut into pages leaves some without a row.
const MOST_EMPTY_PAGES: u64 = 3;

/// A list as far as it has been read.
#[derive(Debug, Default)]
pub(super) struct Listing {
    addresses: HashSet<String>,
    seen: HashSet<[u8; 32]>,
    rows: Vec<Fields>,
    total: Option<u64>,
    pages: Option<u64>,
    read: u64,
    /// Pages without a row since the last one that had any.
    empty: u64,
    broken_off: Option<String>,
}

impl Listing {
    /// A list whose first page has this address.
    pub(super) fn from(address: &str) -> Self {
        Self { addresses: HashSet::from([address.to_owned()]), ..Self::default() }
    }

    /// Takes a page in. What is the same in all fields is one row: nobody says that ids are unique.
    pub(super) fn take(&mut self, page: Page) {
        self.read += 1;
        self.total = self.total.max(page.total);
        self.pages = self.pages.max(page.pages);
        let before = self.rows.len();
        self.empty = if page.rows.is_empty() { self.empty + 1 } else { 0 };
        for row in page.rows {
            if self.seen.insert(Sha256::digest(row.identity()).into()) {
                self.rows.push(row);
            }
        }
        if page.next.is_none() && page.has_more {
            self.broken_off = Some(format!("says on page {} that there is more, and not where", self.read));
        } else if page.next.is_some() && self.rows.len() == before && !(1..=MOST_EMPTY_PAGES).contains(&self.empty) {
            let what = if self.empty > 0 { "is empty" } else { "brings nothing new" };
            self.broken_off = Some(format!("goes on after page {}, which {what}", self.read));
        }
    }

    /// Whether the page at this address, which the last one links to, is to be read.
    pub(super) fn follows(&mut self, address: &str) -> bool {
        if self.broken_off.is_none() {
            if self.read >= MOST_PAGES {
                self.broken_off = Some(format!("goes on after {MOST_PAGES} pages, which is as far as scangate reads"));
            } else if !self.addresses.insert(address.to_owned()) {
                self.broken_off = Some(format!("links from page {} back to one that was read before", self.read));
            }
        }
        self.broken_off.is_none()
    }

    /// Whether a page has been taken in.
    pub(super) fn has_begun(&self) -> bool {
        self.read > 0
    }

    /// Ends it before its end, for a reason that goes on from its name.
    pub(super) fn break_off(&mut self, how: &str) {
        self.broken_off = Some(how.to_owned());
    }

    /// Different rows so far.
    pub(super) fn count(&self) -> u64 {
        self.rows.len() as u64
    }

    /// Why the list is known not to be whole, going on from its name. More rows than the total are no fault: some were found while
    /// it was read.
    pub(super) fn shortfall(&self) -> Option<String> {
        let count = self.count();
        match (self.total, self.pages) {
            (Some(total), _) if count < total => Some(format!("brought {count} of its {total} rows")),
            _ if self.broken_off.is_some() => self.broken_off.clone(),
            (_, Some(pages)) if self.read < pages => Some(format!("ended after {} of its {pages} pages", self.read)),
            _ => None,
        }
    }

    /// The rows, in the order in which they came.
    pub(super) fn into_rows(self) -> Vec<Fields> {
        self.rows
    }

    /// The rows so far.
    pub(super) fn rows(&self) -> &[Fields] {
        &self.rows
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use serde_json::json;

    use super::*;

    fn page(rows: Range<u64>, next: Option<&str>) -> Page {
        let rows = rows.map(|row| serde_json::from_value(json!({ "id": row })).unwrap()).collect();
        Page { rows, next: next.map(str::to_owned), ..Page::default() }
    }

    /// Reads a list from a server that is a function of the address: pages read, rows, and what is wrong.
    fn read(server: impl Fn(&str) -> Page) -> (u64, u64, Option<String>) {
        let mut listing = Listing::from("1");
        let mut address = "1".to_owned();
        loop {
            let page = server(&address);
            let next = page.next.clone();
            listing.take(page);
            match next.filter(|next| listing.follows(next)) {
                Some(next) => address = next,
                None => return (listing.read, listing.count(), listing.shortfall()),
            }
        }
    }

    #[test]
    fn a_list_is_read_along_its_links_to_the_end() {
        let three = |address: &str| match address {
            "1" => page(0..50, Some("2")),
            "2" => page(50..100, Some("3")),
            _ => page(100..120, None),
        };
        assert_eq!(read(three), (3, 120, None));
        assert_eq!(read(|_| page(0..0, None)), (1, 0, None));
    }

    #[test]
    fn a_link_back_is_not_followed_and_the_list_is_not_whole() {
        let (read_pages, count, shortfall) = read(|address| match address {
            "1" => page(0..50, Some("2")),
            _ => page(50..100, Some("1")),
        });
        assert_eq!((read_pages, count), (2, 100));
        assert_eq!(shortfall.as_deref(), Some("links from page 2 back to one that was read before"));
    }

    #[test]
    fn links_that_are_new_each_time_lead_nowhere_when_their_pages_are_not() {
        let same = |address: &str| page(0..50, Some(&format!("{address}1")));
        assert_eq!(read(same), (2, 50, Some("goes on after page 2, which brings nothing new".to_owned())));
        let empty = |address: &str| page(0..0, Some(&format!("{address}1")));
        assert_eq!(read(empty), (4, 0, Some("goes on after page 4, which is empty".to_owned())));
        let with_a_gap = |address: &str| match address {
            "1" => page(0..50, Some("2")),
            "2" => page(0..0, Some("3")),
            _ => page(50..60, None),
        };
        assert_eq!(read(with_a_gap), (3, 60, None));
        let endless = |address: &str| {
            let number: u64 = address.parse().unwrap();
            page(number..number + 1, Some(&(number + 1).to_string()))
        };
        let (read_pages, _, shortfall) = read(endless);
        assert_eq!(read_pages, MOST_PAGES);
        assert!(shortfall.unwrap().contains("as far as scangate reads"));
    }

    #[test]
    fn counts_are_held_against_the_rows() {
        let of = |total, pages, has_more| {
            let page = Page { total, pages, has_more, ..page(0..50, None) };
            let mut listing = Listing::from("1");
            listing.take(page);
            listing.shortfall()
        };
        assert_eq!(of(Some(50), Some(1), false), None);
        assert_eq!(of(Some(49), None, false), None);
        assert_eq!(of(Some(51), None, false).as_deref(), Some("brought 50 of its 51 rows"));
        assert_eq!(of(None, Some(2), false).as_deref(), Some("ended after 1 of its 2 pages"));
        assert_eq!(of(None, None, true).as_deref(), Some("says on page 1 that there is more, and not where"));
    }
}
