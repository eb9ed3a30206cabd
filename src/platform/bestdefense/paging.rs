//! Pages of lists. None is documented (contract 10, row 6), so what an answer says of further ones is looked for under every usual
//! name, and followed as far as it brings anything new. What cannot be followed makes the list short, and is never kept quiet.

use std::collections::HashSet;

use serde_json::Value;
use url::Url;

use super::envelope::Envelope;
use crate::platform::fields::Fields;
use crate::platform::page_marks::{self, Marks};

/// The most pages that are read of one list.
const MOST_PAGES: u64 = 1_000;

/// Where to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The same address with `?page=N`.
    Page(u64),
    /// A link, not yet known to stay on the platform's origin.
    Link(String),
}

/// What an answer says of the pages around it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Position {
    /// The platform says that there is another page, and where.
    next: Option<Next>,
    /// How many rows the whole list has.
    total: Option<u64>,
    /// The page has as many rows as a page can have, and nothing says whether it is the last.
    may_go_on: bool,
}

/// A list as far as it has been read.
#[derive(Debug, Default)]
pub(super) struct Pager {
    seen: HashSet<String>,
    rows: u64,
    pages: u64,
    starts_at_zero: bool,
    position: Position,
    /// Whether the last page brought nothing new.
    is_stuck: bool,
    /// Whether the last page had any rows at all.
    had_rows: bool,
}

impl Pager {
    /// Takes a page in, and says of each row whether it is new. Rows that are alike on one page are all new; a page that repeats an
    /// earlier one brings none.
    pub(super) fn take(&mut self, answer: &Envelope, rows: &[&Value]) -> Vec<bool> {
        self.pages += 1;
        let keys: Vec<String> = rows.iter().map(|row| key(row)).collect();
        let fresh: Vec<bool> = keys.iter().map(|key| !self.seen.contains(key)).collect();
        self.seen.extend(keys);
        let count = fresh.iter().filter(|is_fresh| **is_fresh).count() as u64;
        self.rows += count;
        self.is_stuck = self.pages > 1 && count == 0;
        self.had_rows = !rows.is_empty();
        let total = self.position.total;
        self.position = self.read(answer, rows.len() as u64);
        self.position.total = self.position.total.max(total);
        fresh
    }

    /// Whether no page has been taken in.
    pub(super) fn is_unread(&self) -> bool {
        self.pages == 0
    }

    fn read(&mut self, answer: &Envelope, rows: u64) -> Position {
        let objects = [answer.payload(), answer.root()].into_iter().filter_map(Value::as_object);
        let said = Marks::of(objects);
        if self.pages == 1 {
            self.starts_at_zero = said.number == Some(0);
        }
        let number = said.number.unwrap_or(self.pages);
        let is_before_last =
            said.pages.is_some_and(|last| number.saturating_add(u64::from(self.starts_at_zero)) < last);
        let next = match said.next {
            Some(page_marks::Next::Page(page)) => Some(Next::Page(page)),
            Some(page_marks::Next::Link(link)) => Some(Next::Link(link)),
            Some(page_marks::Next::Somewhere) => Some(Next::Page(number.saturating_add(1))),
            None => is_before_last.then(|| Next::Page(number.saturating_add(1))),
        };
        let says_nothing = said.total.is_none() && said.pages.is_none() && !said.speaks_of_more && next.is_none();
        let may_go_on = says_nothing && said.size.is_some_and(|size| size > 0 && rows >= size);
        Position { next, total: said.total, may_go_on }
    }

    /// Where to go on, if there may be more than the `found` items that the rows made: a row may be a group of them, and the total
    /// be that of either.
    pub(super) fn next(&self, found: u64) -> Option<Next> {
        if self.is_stuck || self.pages >= MOST_PAGES {
            return None;
        }
        let following = Next::Page(self.pages + u64::from(!self.starts_at_zero));
        let is_expected = self.position.may_go_on || self.lacks(found);
        self.position.next.clone().or_else(|| is_expected.then_some(following))
    }

    /// Why the list is known not to be whole, as the end of a sentence that begins with the list's name.
    pub(super) fn shortfall(&self, found: u64) -> Option<String> {
        let rows = self.rows;
        match self.position.total {
            Some(total) if self.lacks(found) => return Some(format!("brought {rows} of its {total} rows")),
            _ => {}
        }
        let repeats = self.is_stuck && self.had_rows && self.position.may_go_on;
        if self.position.next.is_some() || repeats {
            return Some(format!("goes on after page {}, and asking for more brought nothing new", self.pages));
        }
        None
    }

    fn lacks(&self, found: u64) -> bool {
        self.position.total.is_some_and(|total| self.rows.max(found) < total)
    }
}

/// The address of a page. A link may be relative to `list`.
pub(super) fn page_of(list: &Url, number: u64) -> Url {
    let mut url = list.clone();
    url.query_pairs_mut().append_pair("page", &number.to_string());
    url
}

/// What tells a row from others: its id, or all of it.
fn key(row: &Value) -> String {
    let id = row.as_object().and_then(|row| Fields::of(row).text(&["id", "uuid", "alertid", "findingid"]));
    id.unwrap_or_else(|| row.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Reads a list from a server that is a function of the page's number; brings rows, pages and whether it is short.
    fn read(server: impl Fn(u64) -> Value) -> (u64, u64, bool) {
        let mut pager = Pager::default();
        let mut number = 1;
        loop {
            let answer = Envelope::open(server(number)).unwrap();
            let rows: Vec<&Value> = answer.payload()["rows"].as_array().unwrap().iter().collect();
            pager.take(&answer, &rows);
            match pager.next(0) {
                Some(Next::Page(next)) => number = next,
                Some(Next::Link(link)) => number = link.rsplit('=').next().unwrap().parse().unwrap(),
                None => return (pager.rows, pager.pages, pager.shortfall(0).is_some()),
            }
        }
    }

    fn rows(range: std::ops::Range<u64>) -> Value {
        range.map(|id| json!({ "id": id })).collect()
    }

    fn ten(page: u64) -> Value {
        rows(page.saturating_sub(1) * 10..(page * 10).min(25))
    }

    #[test]
    fn a_list_that_says_nothing_of_pages_is_one_page() {
        assert_eq!(read(|_| json!({ "data": { "rows": rows(0..3) } })), (3, 1, false));
    }

    #[test]
    fn pages_are_followed_by_whatever_sign_there_is() {
        let ask = |page: u64| format!("/list?page={page}");
        let signs: [&dyn Fn(u64) -> Value; 8] = [
            &|page| json!({ "data": { "rows": ten(page), "total": 25 } }),
            &|page| json!({ "data": { "rows": ten(page), "pagination": { "page": page, "total_pages": "3" } } }),
            &|page| json!({ "data": { "rows": ten(page), "hasMore": page < 3 } }),
            &|page| json!({ "data": { "rows": ten(page) }, "meta": { "currentPage": page, "lastPage": 3 } }),
            &|page| json!({ "data": { "rows": ten(page), "nextPage": (page < 3).then_some(page + 1) } }),
            &|page| json!({ "data": { "rows": ten(page), "next": (page < 3).then(|| ask(page + 1)) } }),
            &|page| json!({ "rows": ten(page), "total": "25", "next": { "href": (page < 3).then(|| ask(page + 1)) } }),
            &|page| json!({ "data": { "rows": ten(page), "paging": { "next": page < 3 } } }),
        ];
        for (number, server) in signs.iter().enumerate() {
            assert_eq!(read(server), (25, 3, false), "{number}");
        }
    }

    #[test]
    fn pages_may_be_counted_from_nought() {
        let server = |page: u64| {
            let rows = if page == 1 { rows(0..10) } else { rows(page * 10 - 10..(page * 10).min(25)) };
            // The first is asked for without a number, which the server takes for its page 0.
            json!({ "data": { "rows": rows, "page": page - 1, "pages": 3 } })
        };
        let mut pager = Pager::default();
        let answer = Envelope::open(server(1)).unwrap();
        pager.take(&answer, &[]);
        assert_eq!(pager.next(0), Some(Next::Page(1)));
    }

    #[test]
    fn a_full_page_of_a_list_that_says_no_more_is_asked_about() {
        assert_eq!(read(|page| json!({ "data": { "rows": ten(page), "limit": 10 } })), (25, 3, false));
        let whole =
            |page: u64| json!({ "data": { "rows": if page < 3 { ten(page) } else { json!([]) }, "limit": 10 } });
        assert_eq!(read(whole), (20, 3, false));
        // A server that ignores the number cannot be told from a list that ends there.
        assert_eq!(read(|_| json!({ "data": { "rows": ten(1), "limit": 10 } })), (10, 2, true));
    }

    #[test]
    fn a_list_that_lies_about_its_pages_is_left_and_called_short() {
        let lies: [&dyn Fn(u64) -> Value; 5] = [
            &|_| json!({ "data": { "rows": rows(0..10), "total": 25 } }),
            &|_| json!({ "data": { "rows": rows(0..10), "hasMore": true } }),
            &|_| json!({ "data": { "rows": rows(0..10), "next": "/list?page=1" } }),
            &|page| json!({ "data": { "rows": if page == 1 { rows(0..10) } else { json!([]) }, "total": 25 } }),
            &|page| json!({ "data": { "rows": rows(0..10), "page": page, "pages": 9 } }),
        ];
        for (number, server) in lies.iter().enumerate() {
            assert_eq!(read(server), (10, 2, true), "{number}");
        }
    }

    #[test]
    fn a_list_without_end_is_left_and_called_short() {
        let (_, pages, is_short) = read(|page| json!({ "data": { "rows": [{ "id": page }], "hasMore": true } }));
        assert_eq!((pages, is_short), (MOST_PAGES, true));
    }

    #[test]
    fn a_total_may_be_that_of_groups_or_of_their_members() {
        let mut pager = Pager::default();
        let answer = Envelope::open(json!({ "data": { "rows": [{ "id": 1 }], "total": 5 } })).unwrap();
        pager.take(&answer, &[&json!({ "id": 1 })]);
        assert_eq!((pager.next(5), pager.shortfall(5)), (None, None));
        assert!(pager.next(4).is_some() && pager.shortfall(4).is_some());
    }

    #[test]
    fn rows_that_are_alike_on_one_page_are_all_kept() {
        let mut pager = Pager::default();
        let answer = Envelope::open(json!({ "data": {} })).unwrap();
        let row = json!({ "name": "x" });
        assert_eq!(pager.take(&answer, &[&row, &row]), [true, true]);
        assert_eq!(pager.take(&answer, &[&row, &json!({ "name": "y" })]), [false, true]);
    }
}
