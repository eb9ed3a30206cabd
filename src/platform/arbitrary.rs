//! JSON that nobody has thought of, for properties of the platforms' decoders.

use proptest::prelude::*;
use serde_json::{Map, Value};

fn scalar(words: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0_u64..5).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(words).prop_map(Value::from),
    ]
}

/// Any JSON, with `names` of fields and `words` that are likely to reach somewhere in a decoder.
pub(super) fn document(names: &'static [&'static str], words: &'static [&'static str]) -> impl Strategy<Value = Value> {
    scalar(words).prop_recursive(5, 48, 6, move |inner| {
        let name = prop_oneof![5 => prop::sample::select(names).prop_map(str::to_owned), 1 => any::<String>()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}
