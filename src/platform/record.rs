//! Answers whose fields are documented: structs that say where the value under each name goes, and one decoder that fills any of them
//! as the answer streams.
//!
//! A derived decoder is code of its own for every struct, and again for every source of JSON; this one is compiled once for each
//! source. What no struct names is skipped undecoded. A name that is there twice has no one value, so that is an error.

use std::fmt;

use serde::de::{
    Deserialize as _, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::lenient::{List, Number, Text};

/// A struct that is filled from an object, field by field. What the object lacks stays as it is.
pub(super) trait Record {
    /// The name without which an object is not what it seems to be.
    fn required(&self) -> Option<&'static str> {
        None
    }

    /// Where the value under this name goes; `None` for a name that means nothing here.
    fn slot(&mut self, name: &str) -> Option<Slot<'_>>;
}

/// Declares structs that are a [`Record`] and can be decoded, with the name of each field in JSON behind its type:
/// `records! { #[derive(Default)] struct Library { package_name: Text = "packageName" } }`. They need a default.
macro_rules! records {
    ($(
        $(#[$about:meta])*
        $visibility:vis struct $record:ident {
            $($(#[$field_about:meta])* $field_visibility:vis $field:ident: $value:ty = $name:literal),* $(,)?
        }
    )+) => {$(
        $(#[$about])*
        $visibility struct $record {
            $($(#[$field_about])* $field_visibility $field: $value,)*
        }

        impl $crate::platform::record::Record for $record {
            fn slot(&mut self, name: &str) -> Option<$crate::platform::record::Slot<'_>> {
                match name {
                    $($name => Some((&mut self.$field).into()),)*
                    _ => None,
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $record {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut record = Self::default();
                $crate::platform::record::fill(&mut record, deserializer)?;
                Ok(record)
            }
        }
    )+};
}
pub(super) use records;

/// Where the value of a field goes, and so what it may be.
pub(super) enum Slot<'a> {
    /// A [`Text`].
    Text(&'a mut Text),
    /// A [`Number`].
    Number(&'a mut Number),
    /// A [`List`] of texts.
    Texts(&'a mut List<Text>),
    /// A [`List`] of which only the length counts.
    Items(&'a mut List<IgnoredAny>),
    /// An object or null.
    Object(&'a mut dyn Holder),
    /// A list of objects, of which some may be null; null is an empty one.
    Objects(&'a mut dyn Holder),
}

/// What holds records.
pub(super) trait Holder {
    /// Takes in a record that has yet to be filled, and hands it out for that.
    fn hold(&mut self) -> &mut dyn Record;

    /// Takes in a null.
    fn hold_none(&mut self);
}

impl<R: Record + Default> Holder for Option<R> {
    fn hold(&mut self) -> &mut dyn Record {
        self.insert(R::default())
    }

    fn hold_none(&mut self) {
        *self = None;
    }
}

impl<R: Record + Default> Holder for List<Option<R>> {
    fn hold(&mut self) -> &mut dyn Record {
        self.0.push_mut(None).insert(R::default())
    }

    fn hold_none(&mut self) {
        self.0.push(None);
    }
}

impl<R: Record> Record for Box<R> {
    fn required(&self) -> Option<&'static str> {
        (**self).required()
    }

    fn slot(&mut self, name: &str) -> Option<Slot<'_>> {
        (**self).slot(name)
    }
}

impl<'a> From<&'a mut Text> for Slot<'a> {
    fn from(text: &'a mut Text) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a mut Number> for Slot<'a> {
    fn from(number: &'a mut Number) -> Self {
        Self::Number(number)
    }
}

impl<'a> From<&'a mut List<Text>> for Slot<'a> {
    fn from(texts: &'a mut List<Text>) -> Self {
        Self::Texts(texts)
    }
}

impl<'a> From<&'a mut List<IgnoredAny>> for Slot<'a> {
    fn from(items: &'a mut List<IgnoredAny>) -> Self {
        Self::Items(items)
    }
}

impl<'a, R: Record + Default> From<&'a mut Option<R>> for Slot<'a> {
    fn from(object: &'a mut Option<R>) -> Self {
        Self::Object(object)
    }
}

impl<'a, R: Record + Default> From<&'a mut List<Option<R>>> for Slot<'a> {
    fn from(objects: &'a mut List<Option<R>>) -> Self {
        Self::Objects(objects)
    }
}

/// Fills a record from what is written as an object, and from nothing else.
///
/// # Errors
/// The decoder's own, which know their place in the text: a value of another shape under a name that means something, such a name
/// twice, or the lack of the one that is required.
pub(super) fn fill<'de, D: Deserializer<'de>>(record: &mut dyn Record, deserializer: D) -> Result<(), D::Error> {
    Fill(record).deserialize(deserializer)
}

/// As [`fill`], from an object that has been begun.
pub(super) fn fill_from_map<'de, A: MapAccess<'de>>(record: &mut dyn Record, mut map: A) -> Result<(), A::Error> {
    let mut seen: Vec<String> = Vec::new();
    while let Some(name) = map.next_key::<String>()? {
        let Some(slot) = record.slot(&name) else {
            map.next_value::<IgnoredAny>()?;
            continue;
        };
        if seen.contains(&name) {
            return Err(A::Error::custom(format_args!("duplicate field `{name}`")));
        }
        map.next_value_seed(slot)?;
        seen.push(name);
    }
    match record.required().filter(|required| !seen.iter().any(|name| name == required)) {
        Some(required) => Err(A::Error::missing_field(required)),
        None => Ok(()),
    }
}

/// Fills a record from an object.
pub(super) struct Fill<'a>(pub(super) &'a mut dyn Record);

impl<'de> DeserializeSeed<'de> for Fill<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fill<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        fill_from_map(self.0, map)
    }
}

impl<'de> DeserializeSeed<'de> for Slot<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self {
            Self::Text(text) => *text = Text::deserialize(deserializer)?,
            Self::Number(number) => *number = Number::deserialize(deserializer)?,
            Self::Texts(texts) => *texts = List::deserialize(deserializer)?,
            Self::Items(items) => *items = List::deserialize(deserializer)?,
            Self::Object(holder) => FillOne(holder).deserialize(deserializer)?,
            Self::Objects(holder) => deserializer.deserialize_any(FillAll(holder))?,
        }
        Ok(())
    }
}

/// Fills one more record of a holder, from an object or null.
struct FillOne<'a>(&'a mut dyn Holder);

impl<'de> DeserializeSeed<'de> for FillOne<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for FillOne<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object or null")
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.0.hold_none();
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        fill(self.0.hold(), deserializer)
    }
}

/// Fills a holder with the records of a list.
struct FillAll<'a>(&'a mut dyn Holder);

impl<'de> Visitor<'de> for FillAll<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list or null")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut objects: A) -> Result<(), A::Error> {
        while objects.next_element_seed(FillOne(&mut *self.0))?.is_some() {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    records! {
        #[derive(Debug, Default, PartialEq)]
        struct Answer {
            state: Text = "state",
            score: Number = "finalScore",
            words: List<Text> = "words",
            items: List<IgnoredAny> = "items",
            inner: Option<Box<Self>> = "inner",
            rows: List<Option<Row>> = "rows",
        }

        #[derive(Debug, Default, PartialEq)]
        struct Row {
            id: Text = "id",
        }
    }

    fn answer(json: &str) -> Result<Answer, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn every_named_field_is_read_and_all_else_is_skipped() {
        let read = answer(
            r#"{"state":" done ","finalScore":"9.1","words":["a",null],"items":[{},1],"inner":{"state":7},
                "rows":[{"id":"a","code":{"id":[]}},null,{}],"State":"other","new":[{"state":{}}]}"#,
        )
        .unwrap();
        assert_eq!((read.state.get(), read.score.get()), (Some("done"), Some(9.1)));
        assert_eq!((read.words.0.len(), read.items.0.len()), (2, 2));
        assert_eq!(read.inner.unwrap().state.get(), Some("7"));
        let ids: Vec<_> = read.rows.0.iter().map(|row| row.as_ref().map(|row| row.id.get())).collect();
        assert_eq!(ids, [Some(Some("a")), None, Some(None)]);
    }

    #[test]
    fn null_and_absence_are_alike() {
        let nulls = r#"{"state":null,"finalScore":null,"words":null,"items":null,"inner":null,"rows":null}"#;
        assert_eq!(answer(nulls).unwrap(), Answer::default());
        assert_eq!(answer("{}").unwrap(), Answer::default());
    }

    #[test]
    fn an_object_is_never_read_from_an_array() {
        for array in [r#"["done"]"#, "[]", r#"{"inner":["done"]}"#, r#"{"inner":[]}"#, r#"{"rows":[["a"]]}"#] {
            assert!(answer(array).is_err(), "{array}");
        }
        for other in ["null", "\"done\"", r#"{"inner":"done"}"#, r#"{"rows":["a"]}"#, r#"{"rows":{"id":"a"}}"#] {
            assert!(answer(other).is_err(), "{other}");
        }
    }

    #[test]
    fn a_name_that_means_something_has_one_value() {
        for twice in [r#"{"state":"failed","state":"done"}"#, r#"{"rows":[{"id":"a","id":null}]}"#] {
            assert!(answer(twice).unwrap_err().to_string().starts_with("duplicate field"), "{twice}");
        }
        assert!(answer(r#"{"new":1,"new":2}"#).is_ok());
    }

    #[test]
    fn an_error_is_raised_where_the_value_stands() {
        let error = answer("{\"rows\":[\n{\"id\":\n{}}]}").unwrap_err();
        assert_eq!((error.line(), error.to_string().contains("expected a text")), (3, true));
    }
}
