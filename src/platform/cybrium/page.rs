//! A page of a list, in every shape that the contract names (section 4.2): the framework's object with `results` and `next`, a bare
//! array, or an object with `items`, `findings` or `data`.

use std::fmt;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::http::ListHeaders;
use crate::platform::fields::{is_blank, text, truth};
use crate::platform::page_marks::{Marks, Next};
use crate::platform::tolerant::Fields;

/// The names that a list may have, of which the first that holds one counts.
const LISTS: [&str; 4] = ["results", "items", "findings", "data"];

/// Words by which an envelope says that the request failed.
const FAILURES: [&str; 4] = ["error", "fail", "failed", "failure"];

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
    /// The whole answer, less its rows, where it says that it failed.
    pub(super) refusal: Option<Value>,
}

impl Page {
    fn of(mut answer: Fields) -> Result<Self, String> {
        let is_list = |name: &&&str| answer.value(name).is_some_and(Value::is_array);
        let Some(name) = LISTS.iter().find(is_list) else {
            if is_refusal(&answer, true) {
                return Ok(Self { refusal: Some(answer.into()), ..Self::default() });
            }
            return Err(format!("no list under {}", LISTS.map(|name| format!("`{name}`")).join(", ")));
        };
        let rows = match answer.take(name) {
            Some(Value::Array(rows)) => rows,
            _ => Vec::new(),
        };
        if is_refusal(&answer, rows.is_empty()) {
            return Ok(Self { refusal: Some(answer.into()), ..Self::default() });
        }
        let other =
            LISTS.iter().find(|name| answer.value(name).is_some_and(|value| value.is_array() && !is_blank(value)));
        if let Some(other) = other {
            return Err(format!("a list under `{name}` and another one under `{other}`"));
        }
        let rows: Result<Vec<Fields>, _> = rows.into_iter().map(Fields::deserialize).collect();
        let marks = Marks::of([answer.map()]);
        let (next, has_more) = match marks.next {
            Some(Next::Link(link)) => (Some(link), false),
            other => (None, other.is_some()),
        };
        Ok(Self {
            rows: rows.map_err(|cause| format!("a row of `{name}` is none: {cause}"))?,
            next,
            total: answer.count(&["count", "total", "total_count"])?.max(marks.total),
            pages: marks.pages,
            has_more,
            refusal: None,
        })
    }

    /// Adds what the headers of the answer say.
    #[must_use]
    pub(super) fn with(self, headers: ListHeaders) -> Self {
        Self { next: self.next.or(headers.next), total: self.total.max(headers.total), ..self }
    }
}

/// Whether an answer says that it failed; where it has no row, any explanation says so.
fn is_refusal(answer: &Fields, is_empty: bool) -> bool {
    let says = |name| answer.value(name).is_some_and(|value| !is_blank(value));
    let denies = |name| answer.value(name).and_then(truth) == Some(false);
    let failed = answer.value("status").and_then(text).map(|word| word.to_lowercase());
    says("error")
        || says("errors")
        || denies("success")
        || denies("ok")
        || failed.is_some_and(|word| FAILURES.contains(&word.as_str()))
        || (is_empty && answer.value("detail").is_some_and(|detail| text(detail).is_some()))
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
            r#"{"results":[null]}"#,
            r#"{"results":[[1]]}"#,
            r#"["a"]"#,
            r#"{"results":[],"findings":[{"severity":"high"}]}"#,
            r#"{"results":[{"severity":"low"}],"data":[{"severity":"high"}]}"#,
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
        for json in [
            r#"{"items":[],"has_more":true}"#,
            r#"{"items":[],"next_cursor":"abc"}"#,
            r#"{"data":[],"next_page":2}"#,
            r#"{"results":[{"severity":"critical"}],"next":{"page":2}}"#,
            r#"{"data":[],"pagination":{"has_next":true}}"#,
        ] {
            assert!(page(json).unwrap().has_more, "{json}");
        }
        assert!(!page(r#"{"items":[],"has_more":false,"next_cursor":""}"#).unwrap().has_more);
        assert_eq!(page(r#"{"data":[],"total_pages":"3","total":"120"}"#).unwrap().pages, Some(3));
        assert_eq!(page(r#"{"data":[],"count":3,"meta":{"total":120}}"#).unwrap().total, Some(120));
        let headers = || ListHeaders { next: Some("?page=2".to_owned()), total: Some(120) };
        let bare = page("[]").unwrap().with(headers());
        assert_eq!((bare.next.as_deref(), bare.total), (Some("?page=2"), Some(120)));
        assert_eq!(page(r#"{"data":[],"next":"?p=b"}"#).unwrap().with(headers()).next.as_deref(), Some("?p=b"));
    }

    #[test]
    fn a_list_that_says_it_failed_is_none() {
        for json in [
            r#"{"success":false,"data":[],"error":"boom"}"#,
            r#"{"results":[],"error":"boom"}"#,
            r#"{"data":[{"id":1}],"errors":["boom"]}"#,
            r#"{"results":[],"detail":"boom"}"#,
            r#"{"results":[],"status":"error","message":"boom"}"#,
            r#"{"detail":"boom","error":{"code":7}}"#,
        ] {
            assert!(page(json).unwrap().refusal.is_some(), "{json}");
        }
        for json in [
            r#"{"success":true,"data":[],"error":null,"errors":[],"detail":""}"#,
            r#"{"results":[{"id":1}],"detail":"one finding","status":"success"}"#,
            r#"{"results":[],"findings":[]}"#,
        ] {
            assert_eq!(page(json).unwrap().refusal, None, "{json}");
        }
    }
}
