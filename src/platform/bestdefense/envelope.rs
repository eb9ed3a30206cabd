//! The envelope of most answers, `{success, message, data, error}`, and how an answer with a status of 2xx says no (contract 2).

use serde_json::Value;

use crate::error::Class;
use crate::platform::fields::{Fields, a_kind, is_blank, text, truth};

/// An answer that does not say no.
#[derive(Debug)]
pub(super) struct Envelope(Value);

/// Why an answer with a status of 2xx is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It says no.
    No {
        /// How a run ends over it.
        class: Class,
        /// The platform's own words, uncleaned.
        words: Option<String>,
    },
    /// It is no envelope.
    Malformed(String),
}

impl Envelope {
    /// Opens an answer. `success` may be absent: not every answer has all four keys (contract 2.1). An `error` that says something
    /// beside `success: true` contradicts it, and what is in doubt is no.
    pub(super) fn open(root: Value) -> Result<Self, Refusal> {
        let Value::Object(object) = &root else {
            return match root {
                // Some answers have no envelope at all; what they hold is still to be found.
                Value::Array(_) => Ok(Self(root)),
                other => Err(Refusal::Malformed(format!("{} where an object is documented", a_kind(&other)))),
            };
        };
        let success = match object.get("success") {
            None | Some(Value::Null) => true,
            Some(success) => match truth(success) {
                Some(success) => success,
                None => return Err(Refusal::Malformed(format!("a `success` that is {}", a_kind(success)))),
            },
        };
        let has_error = object.get("error").is_some_and(|error| !is_blank(error));
        if success && !has_error {
            return Ok(Self(root));
        }
        Err(Refusal::No { class: class(&root), words: words(&root) })
    }

    /// The whole answer.
    pub(super) fn root(&self) -> &Value {
        &self.0
    }

    /// What the answer is about: `data`, or all of it where there is no `data`.
    pub(super) fn payload(&self) -> &Value {
        self.0.get("data").unwrap_or(&self.0)
    }
}

/// The class of the status that a refusal repeats in its body, if it does; else it is a request refused as wrong.
fn class(root: &Value) -> Class {
    let places = [root.pointer("/error/code"), root.pointer("/error/status"), root.get("code"), root.get("status")];
    let codes = places.into_iter().flatten().filter_map(Value::as_u64);
    match codes.into_iter().find(|code| (400..600).contains(code)) {
        Some(401..=403) => Class::Auth,
        Some(408 | 425 | 429 | 500..) => Class::Unavailable,
        _ => Class::Usage,
    }
}

/// What a refusal says, in the order of contract 8: `error` may be a text, a list, an object with a message or one of fields with
/// what is wrong with each.
fn words(root: &Value) -> Option<String> {
    const EXPLANATIONS: [&str; 3] = ["message", "detail", "title"];
    let fields = Fields::of(root.as_object()?);
    let error = fields.get(&["error"]).filter(|error| !is_blank(error));
    let said = match error {
        Some(Value::Object(error)) => Fields::of(error).text(&EXPLANATIONS).or_else(|| {
            let told = error.iter().filter_map(|(name, value)| Some(format!("{name}: {}", sentence(value)?)));
            Some(told.collect::<Vec<_>>().join("; "))
        }),
        Some(error) => sentence(error),
        None => None,
    };
    // A number or truth value explains nothing; the message beside it may.
    let explains = |said: &String| said.chars().any(char::is_alphabetic) && !matches!(said.as_str(), "true" | "false");
    said.filter(explains).or_else(|| fields.text(&EXPLANATIONS))
}

fn sentence(value: &Value) -> Option<String> {
    match value {
        Value::Array(items) => {
            let words: Vec<String> = items.iter().filter_map(sentence).collect();
            Some(words.join("; ")).filter(|words| !words.is_empty())
        }
        Value::Object(fields) => Fields::of(fields).text(&["message", "detail"]),
        scalar => text(scalar),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn no(root: Value) -> Option<(Class, String)> {
        match Envelope::open(root) {
            Err(Refusal::No { class, words }) => Some((class, words.unwrap_or_default())),
            Ok(_) | Err(Refusal::Malformed(_)) => None,
        }
    }

    #[test]
    fn an_answer_needs_none_of_the_four_keys_and_data_may_be_anything() {
        for root in [
            json!({ "success": true, "message": "", "data": { "a": 1 }, "error": null }),
            json!({ "success": true, "data": { "a": 1 }, "error": [] }),
            json!({ "data": { "a": 1 }, "error": "" }),
            json!({ "a": 1 }),
            json!({ "success": "true", "a": 1 }),
        ] {
            assert_eq!(Envelope::open(root.clone()).unwrap().payload()["a"], 1, "{root}");
        }
        assert!(Envelope::open(json!({ "success": true, "data": null })).unwrap().payload().is_null());
        assert_eq!(Envelope::open(json!([1])).unwrap().payload(), &json!([1]));
    }

    #[test]
    fn a_false_success_or_an_error_beside_a_true_one_is_a_refusal_in_whatever_shape() {
        for (root, words) in [
            (json!({ "success": false, "message": "no such site", "data": null }), "no such site"),
            (json!({ "success": false, "message": "x", "error": "plan too small" }), "plan too small"),
            (json!({ "success": false, "error": { "code": 7, "message": "not verified" } }), "not verified"),
            (json!({ "success": false, "error": { "detail": "quota" } }), "quota"),
            (
                json!({ "success": false, "error": { "vortexType": ["is unknown", "is old"] } }),
                "vortexType: is unknown; is old",
            ),
            (json!({ "success": false, "error": ["one", "two"] }), "one; two"),
            (json!({ "success": false, "error": true, "message": "told here" }), "told here"),
            (json!({ "success": false, "title": "Bad Request", "detail": "no body" }), "no body"),
            (json!({ "success": 0, "data": { "id": 1 } }), ""),
            (json!({ "success": true, "error": "half of it failed", "data": {} }), "half of it failed"),
            (json!({ "error": { "message": "gone" } }), "gone"),
        ] {
            assert_eq!(no(root.clone()), Some((Class::Usage, words.to_owned())), "{root}");
        }
    }

    #[test]
    fn a_status_in_the_body_decides_the_class() {
        for (code, expected) in
            [(401, Class::Auth), (403, Class::Auth), (429, Class::Unavailable), (500, Class::Unavailable)]
        {
            assert_eq!(no(json!({ "success": false, "code": code, "message": "m" })).unwrap().0, expected);
            assert_eq!(no(json!({ "success": false, "error": { "code": code } })).unwrap().0, expected);
        }
        assert_eq!(no(json!({ "success": false, "status": 200 })).unwrap().0, Class::Usage);
    }

    #[test]
    fn what_is_no_envelope_is_malformed() {
        for root in [json!(null), json!("text"), json!(7), json!({ "success": "maybe" }), json!({ "success": [] })] {
            assert!(matches!(Envelope::open(root.clone()), Err(Refusal::Malformed(_))), "{root}");
        }
    }
}
