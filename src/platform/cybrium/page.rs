//! A page of a list, in every shape that the contract names (section 4.2): the framework's object with `results` and `next`, a bare
//! array, or an object with `items`, `findings` or `data`.

use std::fmt;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::platform::tolerant::Fields;

/// The names that a list may have, of which the first that holds one counts.
const LISTS: [&str; 4] = ["results", "items", "findings", "data"];

/// What says that there is more, where nothing says where.
const MORE: [&str; 6] = ["has_more", "has_next", "next_page", "next_cursor", "next_page_token", "next_offset"];

/// One page.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Page {
    /// The rows.
    pub(super) rows: Vec<Fields>,
    /// The address of the next page, as it is written.
    pub(super) next: Option<String>,
    /// Rows of the whole list, as the page says.
    pub(super) total: Option<u64>,
    /// Pages of the whole list, as the page says.
    pub(super) pages: Option<u64>,
    /// Whether it says that there is more without saying where.
    pub(super) has_more: bool,
}

impl Page {
    fn of(mut answer: Fields) -> Result<Self, String> {
        let is_list = |name: &&&str| answer.value(name).is_some_and(Value::is_array);
        let Some(name) = LISTS.iter().find(is_list) else {
            return Err(format!("no list under {}", LISTS.map(|name| format!("`{name}`")).join(", ")));
        };
        let rows = match answer.take(name) {
            Some(Value::Array(rows)) => rows,
            _ => Vec::new(),
        };
        let rows: Result<Vec<Fields>, _> = rows.into_iter().map(Fields::deserialize).collect();
        Ok(Self {
            rows: rows.map_err(|cause| format!("a row of `{name}` is none: {cause}"))?,
            next: next(&answer)?,
            total: answer.count(&["count", "total", "total_count"])?,
            pages: answer.count(&["total_pages", "num_pages"])?,
            has_more: MORE.iter().filter_map(|name| answer.value(name)).any(|value| !is_nothing(value)),
        })
    }
}

/// The link to the next page: `next`, or `next` in `links`.
fn next(answer: &Fields) -> Result<Option<String>, String> {
    let in_links = answer.value("links").and_then(|links| links.get("next"));
    match answer.value("next").or(in_links) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(link)) => Ok(Some(link.trim().to_owned()).filter(|link| !link.is_empty())),
        Some(_) => Err("`next` is no link".to_owned()),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

impl<'de> Deserialize<'de> for Page {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PageVisitor;

        impl<'de> Visitor<'de> for PageVisitor {
            type Value = Page;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list, or an object with one")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, rows: A) -> Result<Page, A::Error> {
                let rows = Vec::deserialize(SeqAccessDeserializer::new(rows))?;
                Ok(Page { rows, ..Page::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Page, A::Error> {
                Page::of(Fields::deserialize(MapAccessDeserializer::new(map))?).map_err(A::Error::custom)
            }
        }

        deserializer.deserialize_any(PageVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(json: &str) -> Result<Page, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_list_is_found_in_every_shape_of_the_contract() {
        for json in [
            r#"{"count":2,"next":null,"previous":null,"results":[{"id":1},{"id":2}]}"#,
            r#"[{"id":1},{"id":2}]"#,
            r#"{"items":[{"id":1},{"id":2}]}"#,
            r#"{"findings":[{"id":1},{"id":2}],"total":2}"#,
            r#"{"data":[{"id":1},{"id":2}],"next":""}"#,
            r#"{"findings":2,"data":{},"results":[{"id":1},{"id":2}]}"#,
        ] {
            let page = page(json).unwrap();
            assert_eq!((page.rows.len(), page.next, page.has_more), (2, None, false), "{json}");
        }
        assert_eq!(page("[]").unwrap(), Page::default());
    }

    #[test]
    fn what_holds_no_list_is_no_empty_list() {
        for json in [
            "{}",
            "null",
            "\"results\"",
            r#"{"results":null}"#,
            r#"{"results":{}}"#,
            r#"{"detail":"Not found."}"#,
            r#"{"results":[null]}"#,
            r#"{"results":[[1]]}"#,
            r#"["a"]"#,
            r#"{"results":[{"severity":"critical"}],"next":{"page":2}}"#,
            r#"{"results":[],"next":2}"#,
            r#"{"results":[],"count":{"value":3}}"#,
        ] {
            assert!(page(json).is_err(), "{json}");
        }
    }

    #[test]
    fn every_sign_of_another_page_is_seen() {
        let next = |json: &str| page(json).unwrap().next;
        assert_eq!(next(r#"{"results":[],"next":"/v1/findings/?page=2"}"#).as_deref(), Some("/v1/findings/?page=2"));
        assert_eq!(next(r#"{"results":[],"links":{"next":"?page=2"}}"#).as_deref(), Some("?page=2"));
        for json in
            [r#"{"items":[],"has_more":true}"#, r#"{"items":[],"next_cursor":"abc"}"#, r#"{"data":[],"next_page":2}"#]
        {
            assert!(page(json).unwrap().has_more, "{json}");
        }
        assert!(!page(r#"{"items":[],"has_more":false,"next_cursor":""}"#).unwrap().has_more);
        assert_eq!(page(r#"{"data":[],"total_pages":"3","total":"120"}"#).unwrap().pages, Some(3));
    }
}
