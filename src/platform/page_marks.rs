//! What an answer says of the pages of the list in it, for platforms that document nothing of them: looked for under every usual
//! name in any spelling, beside the list and in the objects that speak of pages.

use serde_json::{Map, Value};

use super::fields::{Fields, count, is_blank, plain, text};

/// The objects beside a list, and in each other, that may speak of its pages.
const PLACES: [&str; 8] = ["pagination", "meta", "metadata", "paging", "pageinfo", "page", "pager", "links"];

/// How deep they lie in each other.
const DEEPEST: u8 = 3;

const NEXT: [&str; 5] = ["next", "nextpage", "nextpageurl", "nexturl", "nextlink"];
const HAS_MORE: [&str; 6] = ["hasmore", "hasnext", "hasnextpage", "truncated", "istruncated", "moreresults"];
const NUMBER: [&str; 2] = ["page", "currentpage"];
const PAGES: [&str; 5] = ["pages", "totalpages", "lastpage", "pagecount", "numpages"];
const TOTAL: [&str; 6] = ["total", "totalcount", "totalitems", "totalresults", "totalrecords", "totalelements"];
const SIZE: [&str; 3] = ["limit", "perpage", "pagesize"];

/// What the next page is to be asked for with.
const TOKENS: [&str; 6] =
    ["nextcursor", "nextpagetoken", "nexttoken", "nextoffset", "continuationtoken", "continuation"];

/// As [`TOKENS`], but it may be that of this page: where something says that there is no more, it is.
const CURSOR: &str = "cursor";

/// Where the next page of a list is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It has this number.
    Page(u64),
    /// A link, not yet known to stay on the platform's origin.
    Link(String),
    /// There is one, and nothing says where.
    Somewhere,
}

/// What an answer says of the pages around it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// Where the next page is, if it says that there is one.
    pub(super) next: Option<Next>,
    /// Whether it says at all that there is more or not.
    pub(super) speaks_of_more: bool,
    /// The most rows that it says the whole list has.
    pub(super) total: Option<u64>,
    /// The most pages that it says the whole list has.
    pub(super) pages: Option<u64>,
    /// The number of this page.
    pub(super) number: Option<u64>,
    /// How many rows a page may have.
    pub(super) size: Option<u64>,
}

impl Marks {
    /// Reads what these objects, and those in them that speak of pages, say.
    pub(super) fn of<'a>(objects: impl IntoIterator<Item = &'a Map<String, Value>>) -> Self {
        let mut places = Vec::new();
        for object in objects {
            collect(object, DEEPEST, &mut places);
        }
        let all = |names: &[&str]| -> Vec<&Value> { places.iter().flat_map(|place| place.all(names)).collect() };
        let most = |names: &[&str]| all(names).into_iter().filter_map(count).max();
        let first = |names: &[&str]| all(names).into_iter().find_map(count);
        let has_more = all(&HAS_MORE);
        let more = has_more.iter().any(|value| !is_nothing(value));
        let cursors = if has_more.is_empty() { all(&[CURSOR]) } else { Vec::new() };
        let goes_on = more || all(&TOKENS).into_iter().chain(cursors).any(|value| !is_nothing(value));
        let named = all(&NEXT).into_iter().filter_map(next_of).chain(all(&["links"]).into_iter().filter_map(related));
        let mut named: Vec<Next> = named.collect();
        let link = named.iter().position(|next| matches!(next, Next::Link(_))).unwrap_or_default();
        let next = (!named.is_empty()).then(|| named.swap_remove(link));
        Self {
            next: next.or_else(|| goes_on.then_some(Next::Somewhere)),
            speaks_of_more: !has_more.is_empty(),
            total: most(&TOTAL),
            pages: most(&PAGES),
            number: first(&NUMBER),
            size: first(&SIZE),
        }
    }
}

/// The objects that speak of pages, the innermost first.
fn collect<'a>(object: &'a Map<String, Value>, depth: u8, places: &mut Vec<Fields<'a>>) {
    if let Some(depth) = depth.checked_sub(1) {
        let inner = object.iter().filter(|(name, _)| PLACES.contains(&plain(name).as_str()));
        for object in inner.filter_map(|(_, value)| value.as_object()) {
            collect(object, depth, places);
        }
    }
    places.push(Fields::of(object));
}

fn next_of(value: &Value) -> Option<Next> {
    match value {
        value if is_nothing(value) => None,
        Value::Object(link) if link.values().all(is_nothing) => None,
        Value::Object(link) => Some(Fields::of(link).text(&["href", "url"]).map_or(Next::Somewhere, Next::Link)),
        value => match (count(value), text(value)) {
            (Some(page), _) => Some(Next::Page(page)),
            (None, Some(link)) if value.is_string() && !link.starts_with('-') => Some(Next::Link(link)),
            _ => Some(Next::Somewhere),
        },
    }
}

/// The next page among links that say what they lead to.
fn related(links: &Value) -> Option<Next> {
    let links = links.as_array()?.iter().filter_map(Value::as_object);
    let is_next = |link: &Fields<'_>| link.text(&["rel"]).is_some_and(|rel| rel.eq_ignore_ascii_case("next"));
    links.map(Fields::of).find(is_next).map(|link| link.text(&["href", "url"]).map_or(Next::Somewhere, Next::Link))
}

fn is_nothing(value: &Value) -> bool {
    is_blank(value) || text(value).is_some_and(|text| matches!(text.to_lowercase().as_str(), "no" | "none" | "null"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn marks(answer: &Value) -> Marks {
        Marks::of(answer.as_object())
    }

    #[test]
    fn a_next_page_is_seen_by_every_sign_and_at_every_place() {
        let link = |link: &str| Some(Next::Link(link.to_owned()));
        for (answer, next) in [
            (json!({ "next": "?page=2" }), link("?page=2")),
            (json!({ "nextPage": 2 }), Some(Next::Page(2))),
            (json!({ "next": true }), Some(Next::Somewhere)),
            (json!({ "next": { "page": 2 } }), Some(Next::Somewhere)),
            (json!({ "next": ["?page=2"] }), Some(Next::Somewhere)),
            (json!({ "next_page": 2, "links": { "next": "?page=2" } }), link("?page=2")),
            (json!({ "meta": { "next": "?page=2" } }), link("?page=2")),
            (json!({ "meta": { "pagination": { "links": { "next": "?page=2" } } } }), link("?page=2")),
            (json!({ "_links": { "next": { "href": "?page=2" } } }), link("?page=2")),
            (
                json!({ "links": [{ "rel": "prev", "href": "?" }, { "rel": "next", "href": "?page=2" }] }),
                link("?page=2"),
            ),
            (json!({ "links": [{ "rel": "next" }] }), Some(Next::Somewhere)),
        ] {
            assert_eq!(marks(&answer).next, next, "{answer}");
        }
        for answer in [
            json!({ "pagination": { "has_next": true } }),
            json!({ "page_info": { "hasNextPage": "true" } }),
            json!({ "truncated": true }),
            json!({ "has_more": 1 }),
            json!({ "nextPageToken": "abc" }),
            json!({ "cursor": "abc" }),
            json!({ "has_more": false, "next_cursor": "abc" }),
        ] {
            assert_eq!(marks(&answer).next, Some(Next::Somewhere), "{answer}");
        }
        for answer in [
            json!({ "has_more": "false", "has_next": 0, "truncated": "no", "next_cursor": "" }),
            json!({ "next": null, "next_page": 0, "next_offset": 0 }),
            json!({ "next": { "href": null }, "links": [{ "rel": "prev", "href": "?" }], "_links": {} }),
            json!({ "has_more": false, "cursor": "abc" }),
            json!({ "next": "none" }),
            json!({}),
        ] {
            assert_eq!(marks(&answer).next, None, "{answer}");
        }
    }

    #[test]
    fn totals_are_the_most_that_is_said() {
        for name in ["total", "total_count", "totalCount", "total_items", "totalResults", "totalElements"] {
            assert_eq!(marks(&json!({ "meta": { name: "120" }, "total": 3 })).total, Some(120), "{name}");
        }
        for name in ["pages", "last_page", "totalPages", "page_count", "num_pages"] {
            assert_eq!(marks(&json!({ "page": { name: 3 } })).pages, Some(3), "{name}");
        }
        assert_eq!(marks(&json!({ "total": "many", "pages": [1] })), Marks::default());
    }
}
