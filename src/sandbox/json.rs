//! JSON as it is written, for answers of several hundred fields. `serde_json`'s macro of the same name puts all that is done for a
//! field into each place where one is written, 170 bytes a field; here functions do it.

use serde::Serialize;
use serde_json::{Map, Value};

/// As [`serde_json::json`]: an object, an array, `null`, or anything that can be serialised.
macro_rules! json {
    (@object [$($done:tt)*]) => {
        $crate::sandbox::json::object(&mut [$($done)*])
    };
    (@object [$($done:tt)*] $name:tt: null $(, $($rest:tt)*)?) => {
        $crate::sandbox::json::json!(@object [$($done)* ($name, serde_json::Value::Null),] $($($rest)*)?)
    };
    (@object [$($done:tt)*] $name:tt: {$($inner:tt)*} $(, $($rest:tt)*)?) => {
        $crate::sandbox::json::json!(
            @object [$($done)* ($name, $crate::sandbox::json::json!({$($inner)*})),] $($($rest)*)?
        )
    };
    (@object [$($done:tt)*] $name:tt: [$($inner:tt)*] $(, $($rest:tt)*)?) => {
        $crate::sandbox::json::json!(
            @object [$($done)* ($name, $crate::sandbox::json::json!([$($inner)*])),] $($($rest)*)?
        )
    };
    (@object [$($done:tt)*] $name:tt: $value:expr $(, $($rest:tt)*)?) => {
        $crate::sandbox::json::json!(@object [$($done)* ($name, $crate::sandbox::json::value(&$value)),] $($($rest)*)?)
    };
    ({$($fields:tt)*}) => {
        $crate::sandbox::json::json!(@object [] $($fields)*)
    };
    ([$({$($item:tt)*}),* $(,)?]) => {
        $crate::sandbox::json::array(&mut [$($crate::sandbox::json::json!({$($item)*})),*])
    };
    ($value:expr) => {
        $crate::sandbox::json::value(&$value)
    };
}

pub(in crate::sandbox) use json;

/// An object of these fields, which are taken out.
pub(in crate::sandbox) fn object(fields: &mut [(&str, Value)]) -> Value {
    let mut object = Map::new();
    for (name, value) in fields {
        object.insert((*name).to_owned(), value.take());
    }
    Value::Object(object)
}

/// An array of these items, which are taken out.
pub(in crate::sandbox) fn array(items: &mut [Value]) -> Value {
    Value::Array(items.iter_mut().map(Value::take).collect())
}

/// A plain value, or a list of them: nothing whose serialisation can fail.
pub(in crate::sandbox) fn value<T: Serialize + ?Sized>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_what_serde_json_makes_of_the_same() {
        let (name, none, list) = ("computed", None::<u8>, vec![1, 2]);
        let ours = json!({
            "a": null, "b": { "c": [{ "d": 1 }, {}], "e": [], "f": list.len() }, name: [name, name], "g": none, "h": list, "i": 1.5,
        });
        let theirs = serde_json::json!({
            "a": null, "b": { "c": [{ "d": 1 }, {}], "e": [], "f": list.len() }, name: [name, name], "g": none, "h": list, "i": 1.5,
        });
        assert_eq!(ours, theirs);
        assert_eq!(json!([]), serde_json::json!([]));
        assert_eq!(json!("text"), serde_json::json!("text"));
    }
}
