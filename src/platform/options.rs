//! `--option KEY=JSON`: fields of the user's own in the body that creates a scan (DESIGN section 3).

use serde_json::Value;

use super::Error;
use crate::sorting::collected;

/// Puts `options` into `body`, in their order: objects merge deeply, everything else replaces what was there.
///
/// `owned` are the dotted paths of fields that other settings decide, each with its setting, such as `("scan_type", "--scan-type")`.
///
/// # Errors
/// [`Error::Setting`] for an option that would set an owned field, or anything inside of one.
pub fn merge(body: &mut Value, options: &[(String, Value)], owned: &[(&str, &str)]) -> Result<(), Error> {
    for (path, value) in options {
        // The innermost key comes first, since the object around it is built last.
        let nested =
            path.rsplit('.').fold(value.clone(), |value, key| Value::Object(collected([(key.to_owned(), value)])));
        if let Some((field, setting)) = owned.iter().find(|(field, _)| reaches(&nested, field)) {
            return Err(Error::Setting {
                message: format!("--option {path} would set {field}, which {setting} decides"),
                hint: format!("take it out and use {setting}"),
            });
        }
        merge_value(body, nested);
    }
    Ok(())
}

/// Whether merging `value` would change the field: it leads to it, or replaces something around it.
fn reaches(value: &Value, field: &str) -> bool {
    let mut value = value;
    for key in field.split('.') {
        match value {
            Value::Object(fields) => match fields.get(key) {
                Some(inner) => value = inner,
                None => return false,
            },
            _ => return true,
        }
    }
    true
}

fn merge_value(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge_value(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OWNED: [(&str, &str); 2] = [("target", "--target"), ("options.security.type", "--scan-type")];

    fn merged(options: &[(&str, Value)]) -> Result<Value, String> {
        let mut body = json!({ "target": "a", "options": { "security": { "type": "web", "deep": [1] } } });
        let options: Vec<_> = options.iter().map(|(path, value)| ((*path).to_owned(), value.clone())).collect();
        merge(&mut body, &options, &OWNED).map_err(|error| error.to_string())?;
        Ok(body)
    }

    #[test]
    fn objects_merge_deeply_and_all_else_replaces() {
        let options = [
            ("options.security.deep", json!([2])),
            ("options", json!({ "security": { "fast": true } })),
            ("name", json!("n")),
        ];
        let expected = json!({
            "target": "a", "name": "n", "options": { "security": { "type": "web", "deep": [2], "fast": true } }
        });
        assert_eq!(merged(&options), Ok(expected));
    }

    #[test]
    fn what_comes_later_wins() {
        let options = [("name", json!({ "a": 1 })), ("name.a", json!(2)), ("name.b", json!(3))];
        assert_eq!(merged(&options).unwrap()["name"], json!({ "a": 2, "b": 3 }));
        let options = [("name.a", json!(2)), ("name", json!(null))];
        assert_eq!(merged(&options).unwrap()["name"], json!(null));
    }

    #[test]
    fn a_field_that_another_setting_decides_is_refused_however_it_is_reached() {
        for (path, value) in [
            ("target", json!("b")),
            ("target.host", json!("b")),
            ("options", json!({ "security": { "type": "api" } })),
            ("options.security.type", json!("api")),
            ("options.security", json!(null)),
            ("options", json!([])),
        ] {
            let error = merged(&[(path, value)]).unwrap_err();
            assert!(error.starts_with(&format!("--option {path} would set ")), "{error}");
        }
    }
}
