//! `--field KEY=VALUE`: a JSON object made of typed values, by the rules of `gh api --field`.

use serde_json::{Map, Value};

use crate::settings::{self, value};

/// One field as it was typed.
pub(super) struct Field {
    key: String,
    text: String,
}

/// Where a value goes.
enum Step<'a> {
    /// Into the field of this name.
    Name(&'a str),
    /// To the end of a list.
    Append,
}

impl Field {
    /// Splits `KEY=VALUE`; the value may be empty, and hold further `=`.
    pub(super) fn parse(text: &str) -> Result<Self, settings::Error> {
        match text.split_once('=') {
            Some((key, text)) if !key.is_empty() => Ok(Self { key: key.to_owned(), text: text.to_owned() }),
            _ => {
                let error = settings::Error::new("a --field has no key, or no `=`");
                Err(error.with_hint("use KEY=VALUE, such as name=shop or depth=3"))
            }
        }
    }

    /// The field as a parameter of a query: the texts themselves.
    pub(super) fn into_parameter(self) -> (String, String) {
        (self.key, self.text)
    }

    /// All fields as one object.
    ///
    /// # Errors
    /// A key that cannot be read, or one that would be two things at once.
    pub(super) fn object(fields: Vec<Self>) -> Result<Value, settings::Error> {
        let mut object = Value::Object(Map::new());
        for Self { key, text } in fields {
            let steps = steps(&key).ok_or_else(|| {
                let error = settings::Error::new(format!("`{}` of a --field is no key", value::shown(&key)));
                error.with_hint("use name, name[inner] or name[]")
            })?;
            put(&mut object, &steps, typed(&text)).ok_or_else(|| {
                let error =
                    settings::Error::new(format!("--field {} is given twice, or as two kinds", value::shown(&key)));
                error.with_hint("a field has one value; write a list as name[]=VALUE, one for each")
            })?;
        }
        Ok(object)
    }
}

/// `a[b][]` as its steps; brackets are the only characters with a meaning.
fn steps(key: &str) -> Option<Vec<Step<'_>>> {
    let Some((name, mut rest)) = key.split_once('[') else { return Some(vec![Step::Name(key)]) };
    let mut steps = vec![Step::Name(Some(name).filter(|name| !name.is_empty())?)];
    loop {
        let (inner, after) = rest.split_once(']')?;
        let is_last = after.is_empty();
        match inner {
            "" if is_last => steps.push(Step::Append),
            "" => return None,
            inner if inner.contains('[') => return None,
            inner => steps.push(Step::Name(inner)),
        }
        if is_last {
            return Some(steps);
        }
        rest = after.strip_prefix('[')?;
    }
}

/// Puts a value where the steps lead, through objects and lists that are made on the way. `None` where something else is there.
fn put(into: &mut Value, steps: &[Step<'_>], value: Value) -> Option<()> {
    let Some((step, rest)) = steps.split_first() else {
        // A place that was just made is null; one that was given so is taken.
        return into.is_null().then(|| *into = value);
    };
    match step {
        Step::Name(name) => {
            if into.is_null() {
                *into = Value::Object(Map::new());
            }
            let fields = into.as_object_mut()?;
            if rest.is_empty() && fields.contains_key(*name) {
                return None;
            }
            put(fields.entry(*name).or_insert(Value::Null), rest, value)
        }
        Step::Append => {
            if into.is_null() {
                *into = Value::Array(Vec::new());
            }
            into.as_array_mut()?.push(value);
            Some(())
        }
    }
}

/// `true`, `false`, `null` and whole numbers as such, all else as text. A number that would be written in another way afterwards,
/// such as 007, is a text.
fn typed(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "null" => Value::Null,
        text => match text.parse::<i64>() {
            Ok(number) if number.to_string() == text => number.into(),
            _ => text.into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(fields: &[&str]) -> Result<Value, String> {
        let fields: Result<Vec<Field>, _> = fields.iter().map(|text| Field::parse(text)).collect();
        fields.and_then(Field::object).map_err(|error| error.to_string())
    }

    #[test]
    fn values_have_the_types_that_they_look_like() {
        let fields = [
            "a=true",
            "b=false",
            "c=null",
            "d=-12",
            "e=007",
            "f=1.5",
            "g=",
            "h=x=y",
            "i=99999999999999999999",
            "j=True",
        ];
        let expected = json!({
            "a": true, "b": false, "c": null, "d": -12, "e": "007", "f": "1.5", "g": "", "h": "x=y",
            "i": "99999999999999999999", "j": "True",
        });
        assert_eq!(object(&fields), Ok(expected));
    }

    #[test]
    fn brackets_make_objects_and_lists_and_dots_are_a_part_of_a_name() {
        let fields = ["a[b][c]=1", "a[b][d]=x", "list[]=1", "list[]=two", "a[l][]=null", "e.f=g"];
        let expected = json!({ "a": { "b": { "c": 1, "d": "x" }, "l": [null] }, "list": [1, "two"], "e.f": "g" });
        assert_eq!(object(&fields), Ok(expected));
    }

    #[test]
    fn what_would_be_two_things_at_once_is_refused() {
        for fields in [
            ["a=1", "a=2"],
            ["a=1", "a[b]=2"],
            ["a[b]=1", "a=2"],
            ["a[]=1", "a[b]=2"],
            ["a[b]=1", "a[]=2"],
            ["a=null", "a=1"],
        ] {
            assert!(object(&fields).unwrap_err().contains("twice, or as two kinds"), "{fields:?}");
        }
    }

    #[test]
    fn a_key_that_cannot_be_read_is_refused() {
        for wrong in ["a[b=1", "[a]=1", "a[]b=1", "a[b]c=1", "a[][b]=1", "a[[b]]=1", "a[b[c]]=1", "=1", "a"] {
            assert!(object(&[wrong]).is_err(), "{wrong}");
        }
    }
}
