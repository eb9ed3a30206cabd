//! How a platform is spoken to and what it is asked, where its wire format leaves something open: `--auth-scheme`, `--path`,
//! `--state`, `--option`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::layers::{Layers, Sourced};
use super::value::{shown, words};
use super::{Error, keys};
use crate::json;
use crate::platform::{About, StateWord, state_word};

/// The word before the credential in `Authorization`: a token of RFC 9110 section 5.6.2, of which letters, digits and hyphens are
/// enough.
pub(super) fn auth_scheme(layers: &Layers<'_>) -> Result<Option<String>, Error> {
    let Some(sourced) = layers.value(&keys::AUTH_SCHEME) else { return Ok(None) };
    if sourced.text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Ok(Some(sourced.text.to_owned()));
    }
    Err(sourced.is_not("a scheme of the Authorization header", "use a word such as Bearer, Api-Key or Token"))
}

/// Path templates by name.
pub(super) fn paths(layers: &Layers<'_>, about: &About) -> Result<BTreeMap<String, String>, Error> {
    let names = words(about.paths.iter().copied(), |name| name);
    let mut paths = BTreeMap::new();
    for sourced in layers.list(&keys::PATH) {
        let (name, template) = pair(&sourced, "a path", "use NAME=TEMPLATE, such as scan=/v1/scans/{id}/")?;
        let name = sourced.part(name).one_of("the name of a path", &names)?;
        if !is_path(template) {
            let way_out =
                "use one that begins with one `/` and stays below it, in printable ASCII, at most with a query";
            return Err(sourced.part(template).is_not("a path", way_out));
        }
        paths.insert(name.to_owned(), template.to_owned());
    }
    Ok(paths)
}

/// Whether a template can only lead to a path on the platform's own origin. It may have a query, where lists are often filtered.
fn is_path(template: &str) -> bool {
    let lower = template.to_ascii_lowercase();
    template.starts_with('/')
        && template.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#' | b'@'))
        && template.bytes().filter(|byte| *byte == b'?').count() <= 1
        && !["//", "..", "%2e", "%2f", "%5c"].iter().any(|part| lower.contains(part))
}

/// What the platform's words for states mean, by the words as they are compared.
pub(super) fn states(layers: &Layers<'_>) -> Result<BTreeMap<String, StateWord>, Error> {
    let mut states = BTreeMap::new();
    for sourced in layers.list(&keys::STATE) {
        let (word, class) = pair(&sourced, "a state", "use WORD=CLASS, such as paused=running")?;
        let class = sourced.part(class).one_of("a class of states", &StateWord::ALL)?;
        states.insert(state_word(&sourced.part(word).line()?), class);
    }
    Ok(states)
}

/// Fields of the request for a scan, in the order in which they are merged.
pub(super) fn options(layers: &Layers<'_>) -> Result<Vec<(String, Value)>, Error> {
    let mut options = Vec::new();
    for sourced in layers.list(&keys::OPTION) {
        let (key, json) = pair(&sourced, "an option", "use KEY=JSON, such as depth=3 or note='\"text\"'")?;
        let key = sourced.part(key).line()?;
        if key.split('.').any(str::is_empty) {
            return Err(sourced.part(&key).is_not("the path of a field", "use names with dots between them"));
        }
        // The parser's words tell where the value breaks off, and show nothing of it.
        let value = json::from_bytes(json.as_bytes()).map_err(|cause| {
            Error::new(format!("the value of `{}` from {} is not JSON: {cause}", shown(&key), sourced.origin))
                .with_hint("a text needs its quotes, and the shell quotes around them: 'note=\"text\"'")
        })?;
        options.push((key, value));
    }
    Ok(options)
}

/// The two sides of `=`, neither of them empty.
fn pair<'a>(sourced: &Sourced<'a>, what: &str, way_out: &str) -> Result<(&'a str, &'a str), Error> {
    let pair = sourced.text.split_once('=').map(|(key, value)| (key.trim(), value.trim()));
    pair.filter(|(key, value)| !key.is_empty() && !value.is_empty()).ok_or_else(|| sourced.is_not(what, way_out))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::settings::samples::WORKSPACE;
    use crate::settings::{Environment, Flags};

    fn with<T>(pairs: &[(&str, &str)], read: impl FnOnce(&Layers<'_>) -> Result<T, Error>) -> Result<T, String> {
        let environment = Environment::from_pairs(pairs.iter().copied());
        read(&Layers::new(&Flags::default(), &environment)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_scheme_is_a_word() {
        assert_eq!(with(&[("SCANGATE_AUTH_SCHEME", "Api-Key")], auth_scheme), Ok(Some("Api-Key".to_owned())));
        for wrong in ["Bearer x", "Bearer:", "Bearer\r\nX: y", "größe"] {
            assert!(with(&[("SCANGATE_AUTH_SCHEME", wrong)], auth_scheme).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_path_has_a_known_name_and_cannot_leave_the_origin() {
        let read = |text| with(&[("SCANGATE_PATH", text)], |layers| paths(layers, &WORKSPACE));
        let expected = BTreeMap::from([("scan".to_owned(), "/api/scans/{id}/".to_owned())]);
        assert_eq!(read("scan = /api/scans/{id}/"), Ok(expected));
        let filtered = BTreeMap::from([("scans".to_owned(), "/api/findings/?scan={id}".to_owned())]);
        assert_eq!(read("scans=/api/findings/?scan={id}"), Ok(filtered));
        assert!(read("scna=/a").unwrap_err().contains("use one of scans, scan"));
        let wrong =
            ["scan", "scan=", "scan=a/b", "scan=//host.example/", "scan=/a/../b", "scan=/a/%2E%2e/b", "scan=/a\\b"];
        for wrong in
            wrong.into_iter().chain(["scan=/a?b=c?d", "scan=/a#b", "scan=/@host.example", "scan=/a b", "scan=/ä"])
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn words_for_states_are_read_as_they_are_compared() {
        let read = |text| with(&[("SCANGATE_STATE", text)], states);
        let expected = [("wrapping_up", StateWord::Running), ("ok", StateWord::Done)];
        assert_eq!(
            read("Wrapping Up=running\nOK=done"),
            Ok(expected.map(|(word, state)| (word.to_owned(), state)).into())
        );
        assert!(read("ok=passed").unwrap_err().contains("use one of queued, running, done, failed, stopped"));
        for wrong in ["ok", "=done", "ok=", "a\u{7}b=done"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn options_keep_the_order_in_which_they_were_given_and_the_later_one_of_a_key() {
        let read = |text| with(&[("SCANGATE_OPTION", text)], options);
        let expected = vec![("b.c".to_owned(), json!({ "x": "1=2" })), ("a".to_owned(), json!(2))];
        assert_eq!(read("a=1\nb.c={\"x\": \"1=2\"}\na=2"), Ok(expected));
    }

    #[test]
    fn what_is_no_json_is_an_error_that_names_the_key_and_not_the_value() {
        let read = |text| with(&[("SCANGATE_OPTION", text)], options).unwrap_err();
        let error = read("note=plain text");
        assert_eq!(error, "the value of `note` from SCANGATE_OPTION is not JSON: expected value at line 1 column 1");
        for wrong in ["note", "=1", "a..b=1", ".a=1", "a.=1", "a=1 2"] {
            assert!(!read(wrong).is_empty(), "{wrong}");
        }
    }
}
