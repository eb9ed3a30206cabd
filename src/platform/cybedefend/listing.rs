//! Pages in, decision out: whether a list needs another page, whether it belongs to the scan, and whether it is whole. Pure, and
//! it trusts nothing that a page says of itself.

use std::collections::HashSet;

/// The most pages that are read of one list. At the 10 rows that a server which ignores the page size would send, that is a
/// hundred thousand findings.
const MOST_PAGES: u64 = 10_000;

/// One page, read: what it says of the list, and its rows.
#[derive(Debug)]
pub(super) struct Sheet<T> {
    /// Which page was asked for, counted from 1.
    pub(super) number: u64,
    /// Rows of the whole list, as the page says.
    pub(super) total: Option<u64>,
    /// Pages of the whole list, as the page says.
    pub(super) total_pages: Option<u64>,
    /// The scan whose results these are, as the page says.
    pub(super) scan: Option<String>,
    /// The rows, each with what tells it from the others; `None` for a row that nothing identifies.
    pub(super) rows: Vec<Option<(Box<str>, T)>>,
}

/// What to do after a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Read the next page.
    Next,
    /// There is nothing more to read.
    End,
    /// The list shows the results of another scan.
    Foreign,
}

/// A list as far as it has been read.
#[derive(Debug)]
pub(super) struct Listing<T> {
    scan: String,
    seen: HashSet<Box<str>>,
    rows: Vec<T>,
    nameless: u64,
    total: Option<u64>,
    total_pages: Option<u64>,
    length_changed: bool,
    /// Whether the last page read was the last one by the list's own count of pages, and not an empty one that should have rows.
    at_last_page: bool,
    cut_short: bool,
    other_scan: Option<String>,
}

impl<T> Listing<T> {
    /// An unread list, of which `scan` is expected.
    pub(super) fn new(scan: &str) -> Self {
        Self {
            scan: scan.to_owned(),
            seen: HashSet::new(),
            rows: Vec::new(),
            nameless: 0,
            total: None,
            total_pages: None,
            length_changed: false,
            at_last_page: false,
            cut_short: false,
            other_scan: None,
        }
    }

    /// Takes a page in. Pages must come in order. It ends at the last page by the list's own count, at a page that brings
    /// nothing new (an empty one, or one repeated by a server that ignores the page number), and at our own bound.
    pub(super) fn take(&mut self, sheet: Sheet<T>) -> Step {
        if let Some(other) = sheet.scan.filter(|scan| !scan.eq_ignore_ascii_case(&self.scan)) {
            self.other_scan = Some(other);
            return Step::Foreign;
        }
        self.length_changed |= match (self.total, sheet.total) {
            (Some(before), Some(now)) => before != now,
            _ => self.total_pages.is_some_and(|before| sheet.total_pages.is_some_and(|now| before != now)),
        };
        self.total = self.total.max(sheet.total);
        self.total_pages = sheet.total_pages;
        let mut fresh = false;
        for row in sheet.rows {
            let Some((key, value)) = row else {
                self.nameless += 1;
                continue;
            };
            if self.seen.insert(key) {
                self.rows.push(value);
                fresh = true;
            }
        }
        self.at_last_page = match self.total_pages {
            Some(0) => self.rows.is_empty(),
            Some(pages) => sheet.number == pages && (fresh || pages == 1),
            None => false,
        };
        let more = match self.total_pages {
            Some(pages) => sheet.number < pages,
            None => self.total.is_none_or(|total| self.count() < total),
        };
        if !fresh || !more {
            return Step::End;
        }
        if sheet.number >= MOST_PAGES {
            self.cut_short = true;
            return Step::End;
        }
        Step::Next
    }

    /// The last page that may be asked for ahead of time, given that page `next` is wanted.
    pub(super) fn last_page(&self, next: u64) -> u64 {
        self.total_pages.unwrap_or(next).clamp(next, MOST_PAGES.max(next))
    }

    /// Different rows so far.
    pub(super) fn count(&self) -> u64 {
        self.rows.len() as u64
    }

    /// Rows of the whole list, by the largest count that a page gave.
    pub(super) fn total(&self) -> Option<u64> {
        self.total
    }

    /// The other scan, where the list turned out to be of one.
    pub(super) fn other_scan(&self) -> Option<&str> {
        self.other_scan.as_deref()
    }

    /// Why the list is known not to be whole, as the end of a sentence that begins with the list's name. More rows than the total
    /// are no fault: some were found while it was read.
    pub(super) fn shortfall(&self) -> Option<String> {
        let count = self.count();
        if let Some(other) = &self.other_scan {
            return Some(format!("shows the results of scan {other} and not of this one"));
        }
        if self.cut_short {
            return Some(format!("goes on after {MOST_PAGES} pages, which is as far as scangate reads"));
        }
        match self.total {
            None if self.at_last_page && !self.length_changed && self.nameless == 0 => None,
            None => Some("does not say how many rows it has".to_owned()),
            Some(_) if self.length_changed => Some("changed its length while it was read".to_owned()),
            Some(total) if count < total => {
                let unnamed = match self.nameless {
                    0 => String::new(),
                    nameless => format!(", and {nameless} without id or name"),
                };
                Some(format!("brought {count} of its {total} rows{unnamed}"))
            }
            Some(_) => None,
        }
    }

    /// The rows. Those of another scan are left out: they are not what was found in this one.
    pub(super) fn into_rows(self) -> Vec<T> {
        match self.other_scan {
            Some(_) => Vec::new(),
            None => self.rows,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sheet(number: u64, total: u64, pages: u64, ids: impl IntoIterator<Item = u64>) -> Sheet<u64> {
        let rows = ids.into_iter().map(|id| Some((id.to_string().into(), id))).collect();
        Sheet { number, total: Some(total), total_pages: Some(pages), scan: None, rows }
    }

    /// Reads a list from a server that is a function of the page number.
    fn read(server: impl Fn(u64) -> Sheet<u64>) -> (Listing<u64>, u64) {
        let mut listing = Listing::new("ours");
        let mut number = 1;
        while listing.take(server(number)) == Step::Next {
            number += 1;
        }
        (listing, number)
    }

    #[test]
    fn a_list_is_read_to_its_last_page() {
        let (listing, pages) = read(|page| sheet(page, 250, 3, (page - 1) * 100..(page * 100).min(250)));
        assert_eq!((pages, listing.count(), listing.shortfall()), (3, 250, None));
    }

    #[test]
    fn an_empty_list_is_whole() {
        let (listing, pages) = read(|page| sheet(page, 0, 0, []));
        assert_eq!((pages, listing.count(), listing.shortfall()), (1, 0, None));
    }

    #[test]
    fn a_server_that_repeats_its_first_page_is_not_asked_for_ever() {
        let (listing, pages) = read(|page| sheet(page, 500, 5, 0..100));
        assert_eq!(pages, 2);
        assert_eq!(listing.shortfall().unwrap(), "brought 100 of its 500 rows");
    }

    #[test]
    fn an_empty_page_before_the_last_leaves_the_list_short() {
        let (listing, pages) = read(|page| sheet(page, 300, 3, if page == 1 { 0..100 } else { 0..0 }));
        assert_eq!(pages, 2);
        assert!(listing.shortfall().is_some());
    }

    #[test]
    fn too_few_pages_by_the_lists_own_count_leave_it_short() {
        let (listing, _) = read(|page| sheet(page, 300, 1, 0..100));
        assert_eq!(listing.shortfall().unwrap(), "brought 100 of its 300 rows");
    }

    #[test]
    fn more_rows_than_the_total_are_no_fault() {
        let (listing, _) = read(|page| sheet(page, 100, 2, (page - 1) * 100..page * 100));
        assert_eq!((listing.count(), listing.shortfall()), (200, None));
    }

    #[test]
    fn a_list_that_grows_while_it_is_read_is_not_whole() {
        let (listing, _) = read(|page| sheet(page, 200 + page, 2, (page - 1) * 101..page * 101));
        assert_eq!(listing.count(), 202);
        assert_eq!(listing.shortfall().unwrap(), "changed its length while it was read");
    }

    #[test]
    fn rows_that_nothing_identifies_are_counted_as_missing() {
        let mut page = sheet(1, 3, 1, [1, 2]);
        page.rows.push(None);
        let mut listing = Listing::new("ours");
        assert_eq!(listing.take(page), Step::End);
        assert_eq!(listing.shortfall().unwrap(), "brought 2 of its 3 rows, and 1 without id or name");
    }

    #[test]
    fn a_list_without_totals_is_read_until_nothing_new_comes_and_never_called_whole() {
        let (listing, pages) =
            read(|page| Sheet { total: None, total_pages: None, ..sheet(page, 0, 0, page..page + 2) });
        assert_eq!(pages, MOST_PAGES);
        assert!(listing.shortfall().is_some());
        let (listing, pages) = read(|page| Sheet { total_pages: None, ..sheet(page, 4, 0, page * 2..page * 2 + 2) });
        assert_eq!((pages, listing.shortfall()), (2, None));
    }

    #[test]
    fn without_a_total_a_list_is_whole_if_its_own_count_of_pages_was_read() {
        let whole = |pages: u64, server: fn(u64) -> std::ops::Range<u64>| {
            let (listing, asked) = read(|page| Sheet { total: None, ..sheet(page, 0, pages, server(page)) });
            (asked, listing.shortfall().is_none())
        };
        let full = |page: u64| (page - 1) * 100..page * 100;
        assert_eq!(whole(3, full), (3, true));
        assert_eq!(whole(1, |_| 0..0), (1, true));
        assert_eq!(whole(0, |_| 0..0), (1, true));
        assert_eq!(whole(0, full), (1, false));
        assert_eq!(whole(3, |_| 0..100), (2, false));
        assert_eq!(whole(3, |page| if page == 3 { 0..0 } else { (page - 1) * 100..page * 100 }), (3, false));
        let (growing, _) = read(|page| Sheet { total: None, ..sheet(page, 0, 1 + page.min(2), full(page)) });
        assert!(growing.shortfall().is_some());
        let mut nameless = Listing::new("ours");
        nameless.take(Sheet { total: None, rows: vec![None], ..sheet(1, 0, 1, []) });
        assert!(nameless.shortfall().is_some());
    }

    #[test]
    fn another_scans_list_is_recognised_on_any_page_and_its_rows_are_not_ours() {
        let (listing, pages) = read(|page| {
            let scan = if page == 2 { "theirs" } else { "OURS" };
            Sheet { scan: Some(scan.to_owned()), ..sheet(page, 300, 3, (page - 1) * 100..page * 100) }
        });
        assert_eq!((pages, listing.other_scan()), (2, Some("theirs")));
        assert!(listing.shortfall().unwrap().contains("theirs"));
        assert!(listing.into_rows().is_empty());
    }

    #[test]
    fn pages_are_asked_for_ahead_only_as_far_as_the_list_says() {
        let mut listing = Listing::new("ours");
        assert_eq!(listing.last_page(1), 1);
        listing.take(sheet(1, 450, 5, 0..100));
        assert_eq!(listing.last_page(2), 5);
        assert_eq!(listing.last_page(6), 6);
        listing.take(sheet(2, 450, u64::MAX, 100..200));
        assert_eq!(listing.last_page(3), MOST_PAGES);
    }

    proptest! {
        #[test]
        fn reading_always_ends_and_only_a_whole_list_is_called_whole(
            pages in prop::collection::vec((prop::option::of(0u64..60), prop::option::of(0u64..8), prop::collection::vec(prop::option::of(0u64..40), 0..12)), 1..8)
        ) {
            let server = |number: u64| {
                let index = usize::try_from(number - 1).unwrap() % pages.len();
                let (total, total_pages, ids) = &pages[index];
                let rows = ids.iter().map(|id| id.map(|id| (id.to_string().into(), id))).collect();
                Sheet { number, total: *total, total_pages: *total_pages, scan: None, rows }
            };
            let (listing, asked) = read(server);
            // Each page but the last brings something new, and there are only 40 different rows.
            prop_assert!(asked <= 41);
            let totals: Vec<u64> = (1..=asked).filter_map(|number| server(number).total).collect();
            if listing.shortfall().is_none() {
                prop_assert!(totals.iter().all(|&total| listing.count() >= total));
                // Without any total, the list's own count of pages has to end where reading did.
                let last = server(asked).total_pages;
                prop_assert!(!totals.is_empty() || last == Some(asked) || (asked == 1 && last == Some(0)));
            }
            let distinct: HashSet<_> = listing.into_rows().into_iter().collect();
            prop_assert!(distinct.len() <= 40);
        }
    }
}
