//! Fields of JSON objects whose names and types no document fixes: the first of several names in any spelling, and scalars of any
//! type. What is none of that stays visible as a [`Value`], since a field that is not understood must not be taken for an absent one.

use std::collections::HashMap;

use serde_json::{Map, Value};

pub(super) use super::tolerant::scalar as text;

/// The fields of an object by their [`plain`] names, and behind them those of an object around it, which it inherits.
pub(super) struct Fields<'a> {
    own: HashMap<String, &'a Value>,
    outer: Option<&'a Self>,
}

impl<'a> Fields<'a> {
    /// The fields of an object that stands alone.
    pub(super) fn of(object: &'a Map<String, Value>) -> Self {
        Self::with(object, None)
    }

    /// The fields of an object in a group, which has those that the object lacks.
    pub(super) fn within(object: &'a Map<String, Value>, outer: &'a Self) -> Self {
        Self::with(object, Some(outer))
    }

    fn with(object: &'a Map<String, Value>, outer: Option<&'a Self>) -> Self {
        let present = object.iter().filter(|(_, value)| !value.is_null());
        Self { own: present.map(|(name, value)| (plain(name), value)).collect(), outer }
    }

    /// The first of `names`, all in [`plain`] spelling, that is there and not null. A name of the object itself comes before any of
    /// the object around it.
    pub(super) fn get(&self, names: &[&str]) -> Option<&'a Value> {
        self.own(names).or_else(|| self.outer?.get(names))
    }

    /// As [`Fields::get`], in the object itself.
    pub(super) fn own(&self, names: &[&str]) -> Option<&'a Value> {
        names.iter().find_map(|name| self.own.get(*name).copied())
    }

    /// All of `names` that are there, in their order, the object's own first.
    pub(super) fn all(&self, names: &[&str]) -> Vec<&'a Value> {
        let mut values: Vec<&Value> = names.iter().filter_map(|name| self.own.get(*name).copied()).collect();
        values.extend(self.outer.iter().flat_map(|outer| outer.all(names)));
        values
    }

    /// The first of `names` that is a scalar, as text.
    pub(super) fn text(&self, names: &[&str]) -> Option<String> {
        self.all(names).into_iter().find_map(text)
    }
}

/// A name as it is compared: `cweId`, `cwe_id` and `CWE-ID` are one.
pub(super) fn plain(name: &str) -> String {
    let letters = name.chars().filter(|letter| !matches!(letter, '_' | '-') && !letter.is_whitespace());
    letters.flat_map(char::to_lowercase).collect()
}

/// The texts of a scalar or of a list of scalars.
pub(super) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(text).collect(),
        other => text(other).into_iter().collect(),
    }
}

/// A finite number, or a text that spells one.
pub(super) fn number(value: &Value) -> Option<f64> {
    text(value)?.parse().ok().filter(|number: &f64| number.is_finite())
}

/// A whole number that is not negative, or a text of digits.
pub(super) fn count(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) if text.trim().bytes().all(|byte| byte.is_ascii_digit()) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A truth value, spelt as one, as a text or as 1 or 0.
pub(super) fn truth(value: &Value) -> Option<bool> {
    match text(value)?.to_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// Whether a value says nothing: null, false, zero, or an empty text, list or object. PHP writes any of them for none.
pub(super) fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        scalar => text(scalar).is_none() || truth(scalar) == Some(false),
    }
}

/// The word for a value's type with its article, without the value.
pub(super) fn a_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "a null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// As [`a_kind`], without the article.
pub(super) fn kind(value: &Value) -> &'static str {
    a_kind(value).split_once(' ').map_or("", |(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: &Value) -> &Map<String, Value> {
        value.as_object().unwrap()
    }

    #[test]
    fn a_field_is_found_in_any_spelling_and_by_the_first_of_its_names() {
        for name in ["cweId", "cwe_id", "CWE-ID", "CweID"] {
            let row = json!({ name: 79, "cwe": null });
            assert_eq!(Fields::of(object(&row)).text(&["cwe", "cweid"]).as_deref(), Some("79"), "{name}");
        }
    }

    #[test]
    fn a_member_has_its_groups_fields_under_whatever_name_it_does_not_have_its_own() {
        let (group, member) = (json!({ "url": "/group", "risk": "High" }), json!({ "uri": "/member" }));
        let group = Fields::of(object(&group));
        let fields = Fields::within(object(&member), &group);
        assert_eq!(fields.text(&["url", "uri"]).as_deref(), Some("/member"));
        assert_eq!(fields.text(&["severity", "risk"]).as_deref(), Some("High"));
        assert_eq!(fields.own(&["risk"]), None);
    }

    #[test]
    fn a_count_is_a_whole_number_or_its_digits_and_nothing_else() {
        for (value, expected) in [(json!(3), Some(3)), (json!(" 12 "), Some(12)), (json!("0"), Some(0))] {
            assert_eq!(count(&value), expected, "{value}");
        }
        for value in
            [json!(-1), json!(1.5), json!("1.0"), json!("-1"), json!(""), json!("many"), json!(true), json!([1])]
        {
            assert_eq!(count(&value), None, "{value}");
        }
    }

    #[test]
    fn truth_has_three_spellings_and_doubt_is_neither() {
        for (value, expected) in [(json!(true), true), (json!("FALSE"), false), (json!(1), true), (json!("0"), false)] {
            assert_eq!(truth(&value), Some(expected), "{value}");
        }
        for value in [json!("yes"), json!(2), json!(null), json!([]), json!({})] {
            assert_eq!(truth(&value), None, "{value}");
        }
    }

    #[test]
    fn what_php_writes_for_none_is_blank() {
        for value in [json!(null), json!(false), json!(0), json!(""), json!(" "), json!([]), json!({})] {
            assert!(is_blank(&value), "{value}");
        }
        for value in [json!(true), json!("no"), json!(2), json!([0]), json!({"a": null})] {
            assert!(!is_blank(&value), "{value}");
        }
    }
}
