//! Objects whose field names are not documented: of several names that a field may have, the first one that holds something.
//!
//! What a gate goes by is read strictly: a value of another shape under one of its names is an error, since a field that is not
//! understood must not be taken for an absent one. What is only shown to people is read as far as it can be.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

/// An object, field by field.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// The text, or number or truth value as text, under the first of `names` that holds one. It has no white space around it and
    /// is never empty; null and empty texts are absent.
    ///
    /// # Errors
    /// Names the field that holds an object or a list.
    pub(super) fn text(&self, names: &[&str]) -> Result<Option<String>, String> {
        for (name, value) in self.under(names) {
            match scalar(value) {
                Some(text) => return Ok(Some(text)),
                None if value.is_object() || value.is_array() => {
                    return Err(format!("`{name}` is no text or number"));
                }
                None => {}
            }
        }
        Ok(None)
    }

    /// The number, or text that spells one, under the first of `names` that holds one; always finite. Other texts are absent.
    ///
    /// # Errors
    /// As [`Fields::text`].
    pub(super) fn number(&self, names: &[&str]) -> Result<Option<f64>, String> {
        for name in names {
            let number =
                self.text(&[name])?.and_then(|text| text.parse().ok()).filter(|number: &f64| number.is_finite());
            if number.is_some() {
                return Ok(number);
            }
        }
        Ok(None)
    }

    /// The number under the first of `names` that holds one, as a count: a fraction is dropped, and a negative number is none.
    ///
    /// # Errors
    /// As [`Fields::text`].
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to lie between 0 and 2^53")]
    pub(super) fn count(&self, names: &[&str]) -> Result<Option<u64>, String> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let number = self.number(names)?.filter(|number| (0.0..=EXACT).contains(number));
        Ok(number.map(|number| number as u64))
    }

    /// What is only shown to people under the first of `names` that holds any of it: a text or number, or those in a list or an
    /// object, joined by `; `.
    pub(super) fn words(&self, names: &[&str]) -> Option<String> {
        let found = self.under(names).map(|(_, value)| texts(value)).find(|texts| !texts.is_empty());
        found.map(|texts| texts.join("; "))
    }

    /// The texts and numbers of all lists under `names`, of which a lone one is a list of one.
    pub(super) fn texts(&self, names: &[&str]) -> Vec<String> {
        self.under(names).flat_map(|(_, value)| texts(value)).collect()
    }

    /// The value under this name, if it is there and not null.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// Whether there is a field of this name, be it null.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// All of it.
    pub(super) fn map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Takes the value under this name out of the object.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    /// The whole object as one text, the same for the same fields in any order.
    pub(super) fn identity(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }

    fn under<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = (&'a str, &'a Value)> {
        names.iter().filter_map(|name| Some((*name, self.0.get(*name)?)))
    }
}

impl From<Fields> for Value {
    fn from(fields: Fields) -> Self {
        Self::Object(fields.0)
    }
}

/// A text, number or truth value as text, without the white space around it and never empty.
pub(super) fn scalar(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
    };
    (!text.is_empty()).then_some(text)
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(scalar).collect(),
        Value::Object(fields) => fields.values().filter_map(scalar).collect(),
        value => scalar(value).into_iter().collect(),
    }
}

/// A field that is there twice has no one value, so that is an error.
impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;

        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Map::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if fields.contains_key(&name) {
                        return Err(A::Error::custom("a field is there twice"));
                    }
                    fields.insert(name, value);
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(FieldsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(json: &str) -> Fields {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_first_name_that_holds_something_counts() {
        let row = fields(r#"{"title":" ","name":null,"summary":"S","label":"L","id":7,"open":true}"#);
        assert_eq!(row.text(&["title", "name", "summary", "label"]), Ok(Some("S".to_owned())));
        assert_eq!(row.text(&["label", "summary"]), Ok(Some("L".to_owned())));
        assert_eq!(row.text(&["id"]), Ok(Some("7".to_owned())));
        assert_eq!(row.text(&["open"]), Ok(Some("true".to_owned())));
        assert_eq!(row.text(&["title", "missing"]), Ok(None));
    }

    #[test]
    fn a_value_of_another_shape_is_an_error_and_not_an_absent_one() {
        let row = fields(r#"{"severity":{"word":"low"},"risk":"high","list":["a"]}"#);
        assert_eq!(row.text(&["severity", "risk"]), Err("`severity` is no text or number".to_owned()));
        assert!(row.number(&["list"]).is_err());
        assert_eq!(row.text(&["risk", "severity"]), Ok(Some("high".to_owned())));
    }

    #[test]
    fn numbers_may_be_texts_and_counts_are_never_negative() {
        let row = fields(r#"{"a":"8.1","b":"many","c":3,"d":-1,"e":1e300,"f":"NaN","g":2.9}"#);
        assert_eq!(row.number(&["b", "a"]), Ok(Some(8.1)));
        assert_eq!((row.count(&["c"]), row.count(&["g"])), (Ok(Some(3)), Ok(Some(2))));
        for none in ["b", "d", "e", "f", "missing"] {
            assert_eq!(row.count(&[none]), Ok(None), "{none}");
        }
    }

    #[test]
    fn what_is_only_shown_is_read_in_any_shape() {
        let row = fields(r#"{"error":{"code":"E1","message":"no route"},"cves":["CVE-1",null,{}],"cve":"CVE-2"}"#);
        assert_eq!(row.words(&["missing", "error"]).as_deref(), Some("E1; no route"));
        assert_eq!(row.texts(&["cve", "cves", "missing"]), ["CVE-2", "CVE-1"]);
        assert_eq!(row.words(&["missing"]), None);
    }

    #[test]
    fn only_an_object_with_one_value_for_each_field_is_read() {
        for other in ["[]", "[1]", "null", "\"a\"", r#"{"severity":"critical","severity":"low"}"#] {
            assert!(serde_json::from_str::<Fields>(other).is_err(), "{other}");
        }
        assert_eq!(fields(r#"{"a":1,"b":2}"#).identity(), fields(r#"{"b":2,"a":1}"#).identity());
    }
}
