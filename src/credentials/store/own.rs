//! Our own file of logins: one entry a platform.
//!
//! ```json
//! {
//!   "version": 1,
//!   "logins": {
//!     "cybrium": { "token": "…", "api_url": "https://cybrium.example/v1" },
//!     "cyberorigen": { "username": "…", "password": "…" },
//!     "bestdefense": { "token": "…" }
//!   }
//! }
//! ```
//! An entry holds `token`, `api_key`, or `username` and `password`, and `api_url` where the login is for another host than the
//! platform's own.

use serde_json::{Map, Value};
use url::Url;

use super::{Hosts, StoredLogin};
use crate::credentials::{Form, Secret};

const VERSION: &str = "version";
const LOGINS: &str = "logins";
const TOKEN: &str = "token";
const API_KEY: &str = "api_key";
const USERNAME: &str = "username";
const PASSWORD: &str = "password";
const API_URL: &str = "api_url";

/// The version of the format that this reads and writes.
const CURRENT: u64 = 1;

/// Every field of an entry that is known. All others are left as they are.
const FIELDS: [&str; 5] = [TOKEN, API_KEY, USERNAME, PASSWORD, API_URL];

/// Reads the entry of a platform, if there is one.
pub(super) fn read(document: &Map<String, Value>, platform: &str) -> Result<Option<StoredLogin>, String> {
    let Some(entry) = logins(document)?.and_then(|logins| logins.get(platform)) else { return Ok(None) };
    let text = |field: &str| entry.get(field).and_then(Value::as_str);
    let secret = |field: &str| text(field).and_then(Secret::new);
    let form = match (secret(TOKEN), secret(API_KEY), secret(USERNAME).zip(secret(PASSWORD))) {
        (Some(secret), None, None) => Form::Token { secret, previous: None },
        (None, Some(key), None) => Form::ApiKey(key),
        (None, None, Some((username, password))) => Form::Login { username, password, mfa_code: None },
        _ => return Err(format!("its entry for {platform} is no login")),
    };
    let api_url = text(API_URL).map(Url::parse).transpose();
    let api_url = api_url.map_err(|_cause| format!("`{API_URL}` in its entry for {platform} is no web address"))?;
    Ok(Some(StoredLogin { form, expires: None, hosts: Hosts { api_url, ..Hosts::default() } }))
}

/// Puts a login into the file's document.
pub(super) fn write(login: &StoredLogin, platform: &str, document: &mut Map<String, Value>) -> Result<(), String> {
    let is_there = logins(document)?.is_some();
    document.insert(VERSION.to_owned(), CURRENT.into());
    if !is_there {
        document.insert(LOGINS.to_owned(), Value::Object(Map::new()));
    }
    let Some(logins) = document.get_mut(LOGINS).and_then(Value::as_object_mut) else {
        return Err(format!("its `{LOGINS}` are no JSON object"));
    };
    let mut entry = match logins.remove(platform) {
        Some(Value::Object(entry)) => entry,
        _ => Map::new(),
    };
    entry.retain(|field, _| !FIELDS.contains(&field.as_str()));
    let mut put = |field: &str, text: &str| drop(entry.insert(field.to_owned(), text.into()));
    match &login.form {
        Form::Token { secret, .. } | Form::Tokens { access: secret, .. } => put(TOKEN, secret.expose()),
        Form::ApiKey(key) => put(API_KEY, key.expose()),
        Form::Login { username, password, .. } => {
            put(USERNAME, username.expose());
            put(PASSWORD, password.expose());
        }
    }
    if let Some(url) = &login.hosts.api_url {
        put(API_URL, url.as_str());
    }
    logins.insert(platform.to_owned(), Value::Object(entry));
    Ok(())
}

/// Removes the entry of a platform. Returns whether there was one.
pub(super) fn remove(platform: &str, document: &mut Map<String, Value>) -> bool {
    document.get_mut(LOGINS).and_then(Value::as_object_mut).and_then(|logins| logins.remove(platform)).is_some()
}

/// Whether nothing is left that anybody could miss.
pub(super) fn is_empty(document: &Map<String, Value>) -> bool {
    let is_nothing = |value: &Value| value.as_object().is_some_and(Map::is_empty);
    document.iter().all(|(name, value)| name == VERSION || (name == LOGINS && is_nothing(value)))
}

/// Whether logins can be found in it and removed one by one.
pub(super) fn is_understood(document: &Map<String, Value>) -> bool {
    logins(document).is_ok()
}

/// Whether a version of the program wrote it that knows more than this one.
pub(super) fn is_newer(document: &Map<String, Value>) -> bool {
    document.get(VERSION).and_then(Value::as_u64).is_some_and(|version| version > CURRENT)
}

fn logins(document: &Map<String, Value>) -> Result<Option<&Map<String, Value>>, String> {
    match document.get(VERSION).and_then(Value::as_u64) {
        Some(CURRENT) => {}
        None if document.is_empty() => return Ok(None),
        _ => return Err(format!("its `{VERSION}` is not {CURRENT}")),
    }
    match document.get(LOGINS) {
        None => Ok(None),
        Some(Value::Object(logins)) => Ok(Some(logins)),
        Some(_) => Err(format!("its `{LOGINS}` are no JSON object")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(value: Value) -> Map<String, Value> {
        let Value::Object(document) = value else { panic!("no object") };
        document
    }

    fn login(form: Form<Secret>, api_url: Option<&str>) -> StoredLogin {
        let api_url = api_url.map(|url| Url::parse(url).unwrap());
        StoredLogin { form, expires: None, hosts: Hosts { api_url, ..Hosts::default() } }
    }

    fn secret(text: &str) -> Secret {
        Secret::new(text).unwrap()
    }

    #[test]
    fn every_form_is_read_as_it_was_written_and_others_stay() {
        let mut file = document(json!({ "version": 1, "logins": { "other": { "new": 1 } }, "note": true }));
        let token = login(Form::Token { secret: secret("key"), previous: None }, Some("https://cybrium.example/v1"));
        let person = Form::Login { username: secret("me"), password: secret("a b"), mfa_code: None };
        write(&token, "cybrium", &mut file).unwrap();
        write(&login(person, None), "cyberorigen", &mut file).unwrap();
        write(&login(Form::ApiKey(secret("own")), None), "third", &mut file).unwrap();
        let expected = json!({ "version": 1, "note": true, "logins": {
            "other": { "new": 1 },
            "cybrium": { "token": "key", "api_url": "https://cybrium.example/v1" },
            "cyberorigen": { "username": "me", "password": "a b" },
            "third": { "api_key": "own" }
        } });
        assert_eq!(Value::Object(file.clone()), expected);
        let read = |platform| read(&file, platform).unwrap().unwrap();
        assert!(matches!(read("cybrium").form, Form::Token { secret, previous: None } if secret.expose() == "key"));
        assert_eq!(read("cybrium").hosts, token.hosts);
        assert!(matches!(read("cyberorigen").form, Form::Login { password, .. } if password.expose() == "a b"));
        assert!(matches!(read("third").form, Form::ApiKey(key) if key.expose() == "own"));
    }

    #[test]
    fn nothing_of_an_older_login_stays_but_what_is_not_known() {
        let mut file = document(json!({ "version": 1, "logins": { "cyberorigen": {
            "username": "me", "password": "a b", "api_url": "https://own.example", "new": 1
        } } }));
        write(&login(Form::ApiKey(secret("own")), None), "cyberorigen", &mut file).unwrap();
        assert_eq!(file["logins"], json!({ "cyberorigen": { "api_key": "own", "new": 1 } }));
    }

    #[test]
    fn a_file_is_empty_when_its_last_login_is_removed_and_nobody_misses_anything() {
        let mut file = document(json!({ "version": 1, "logins": { "a": {}, "b": {} } }));
        assert!(remove("a", &mut file) && !is_empty(&file));
        assert!(!remove("a", &mut file) && remove("b", &mut file) && is_empty(&file));
        assert!(!is_empty(&document(json!({ "version": 1, "logins": {}, "note": true }))));
        assert!(!is_empty(&document(json!({ "version": 1, "logins": [] }))));
    }

    #[test]
    fn what_is_no_login_is_an_error_that_shows_nothing_of_it() {
        let entries = [
            json!({}),
            json!({ "token": "" }),
            json!({ "username": "hidden" }),
            json!({ "token": "hidden", "api_key": "hidden" }),
            json!({ "token": ["hidden"] }),
            json!({ "token": "hidden", "api_url": "hidden" }),
            json!("hidden"),
        ];
        for entry in entries {
            let error =
                read(&document(json!({ "version": 1, "logins": { "cybrium": entry } })), "cybrium").err().unwrap();
            assert!(error.contains("cybrium") && !error.contains("hidden"), "{error}");
        }
        let files = [json!({ "logins": {} }), json!({ "version": "1" }), json!({ "version": 1, "logins": [] })];
        for file in files.map(document) {
            assert!(read(&file, "cybrium").is_err());
        }
        assert!(read(&document(json!({})), "cybrium").unwrap().is_none());
        assert!(read(&document(json!({ "version": 1, "logins": {} })), "cybrium").unwrap().is_none());
    }
}
