//! JSON values as platforms really send them: a number where a string is documented, `null` for an absent list, one value in
//! place of a list of one.
//!
//! Only the scalar's type is forgiven. An object where a scalar belongs stays an error, since a field that is not understood
//! must not be taken for an absent one.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer as _, MapAccess, SeqAccess, Visitor};

/// A text, or a number or truth value written as one. `null`, and nothing but white space, are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text(Option<String>);

impl Text {
    /// The text without surrounding white space, never empty.
    pub(super) fn get(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The text, owned.
    pub(super) fn take(self) -> Option<String> {
        self.0
    }

    /// This text, or where it is absent the other.
    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0.or(other.0))
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        let trimmed = text.trim();
        Self((!trimmed.is_empty()).then(|| trimmed.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl Visitor<'_> for TextVisitor {
            type Value = Text;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a text, a number or null")
            }

            fn visit_unit<E: Error>(self) -> Result<Text, E> {
                Ok(Text(None))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text::from(text))
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Text, E> {
                Ok(Text(Some(value.to_string())))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Text, E> {
                Ok(Text(Some(value.to_string())))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Text, E> {
                Ok(Text(Some(value.to_string())))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Text, E> {
                Ok(Text(Some(value.to_string())))
            }
        }

        deserializer.deserialize_any(TextVisitor)
    }
}

/// A number, or a text that spells one. Everything else that is a scalar is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Number(Option<f64>);

impl Number {
    /// The number, always finite.
    pub(super) fn get(self) -> Option<f64> {
        self.0
    }

    /// This number, or where it is absent the other.
    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0.or(other.0))
    }

    /// The number as a count; a fraction is dropped, and a negative number is no count.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to lie between 0 and 2^53")]
    pub(super) fn count(self) -> Option<u64> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        self.0.filter(|number| (0.0..=EXACT).contains(number)).map(|number| number as u64)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?;
        Ok(Self(text.get().and_then(|text| text.parse().ok()).filter(|number: &f64| number.is_finite())))
    }
}

/// What is written as an object. A struct that derives its decoder takes an array too, whose items it reads by position: such an
/// answer is not what it seems to be, and must not pass for it.
#[derive(Debug)]
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

/// A list; `null` is an empty one, and a lone text or object a list of one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
            type Value = List<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list or null")
            }

            fn visit_unit<E: Error>(self) -> Result<List<T>, E> {
                Ok(List(Vec::new()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<List<T>, A::Error> {
                let mut list = Vec::new();
                while let Some(element) = elements.next_element()? {
                    list.push(element);
                }
                Ok(List(list))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<List<T>, E> {
                T::deserialize(text.into_deserializer()).map(|element| List(vec![element]))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<List<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(|element| List(vec![element]))
            }
        }

        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_of_any_type_are_read_as_text_and_objects_are_not() {
        let cases = [("\" a \"", Some("a")), ("\"\"", None), ("null", None), ("7", Some("7")), ("1.5", Some("1.5"))];
        for (json, text) in cases {
            assert_eq!(serde_json::from_str::<Text>(json).unwrap().get(), text, "{json}");
        }
        assert!(serde_json::from_str::<Text>("{\"a\":1}").is_err());
        assert!(serde_json::from_str::<Text>("[1]").is_err());
    }

    #[test]
    fn numbers_may_be_texts_and_counts_are_never_negative() {
        let number = |json: &str| serde_json::from_str::<Number>(json).unwrap();
        assert_eq!(number("\"42\"").count(), Some(42));
        assert_eq!(number("41.9").count(), Some(41));
        assert_eq!(number("-1").count(), None);
        assert_eq!(number("1e300").count(), None);
        for absent in ["null", "\"many\"", "\"NaN\"", "\"inf\""] {
            assert_eq!(number(absent).get(), None, "{absent}");
        }
    }

    #[test]
    fn an_object_is_never_read_from_an_array() {
        #[derive(Debug, Default, serde::Deserialize)]
        #[serde(default)]
        struct Answer {
            state: Text,
        }
        let answer = |json: &str| serde_json::from_str::<Object<Answer>>(json).map(|object| object.0);
        assert_eq!(answer(r#"{"state":"done"}"#).unwrap().state.get(), Some("done"));
        for array in [r#"["done"]"#, "[]", "null", "\"done\""] {
            assert!(answer(array).is_err(), "{array}");
        }
    }

    #[test]
    fn a_list_may_be_null_or_a_lone_value_but_never_missing() {
        #[derive(serde::Deserialize)]
        struct Holder {
            list: List<Text>,
        }
        let list = |json: &str| serde_json::from_str::<Holder>(json).map(|holder| holder.list.0.len());
        assert_eq!(list("{\"list\":[\"a\",null]}").unwrap(), 2);
        assert_eq!(list("{\"list\":null}").unwrap(), 0);
        assert_eq!(list("{\"list\":\"a\"}").unwrap(), 1);
        assert!(list("{}").is_err());
    }
}
