//! Blanking what a JSON document holds that may be a secret, known to this run or not.

use serde_json::Value;
use url::Url;

use super::redact::Redactor;
use crate::sorting::collected;

/// What stands where a value was.
const BLANK: &str = "***";

/// Words in the names of fields that hold secrets. Case, `_` and `-` do not matter: `accessToken`, `mfa_code`, `X-API-Key`.
const SECRETS: [&str; 14] = [
    "token",
    "password",
    "passwd",
    "passphrase",
    "secret",
    "apikey",
    "privatekey",
    "authorization",
    "cookie",
    "credential",
    "signature",
    "jwt",
    "mfacode",
    "otp",
];

/// Words in the names of fields that hold source code, in which a finding of kind `secret` shows what it found
/// (`contracts/cybedefend.md` section 5.4, `contracts/cybrium.md` section 4.3).
const CODE: [&str; 10] = [
    "snippet",
    "matched",
    "codecontext",
    "codelines",
    "sourcecode",
    "linecontent",
    "vulnerablecode",
    "evidence",
    "dataflow",
    "contextualexplanation",
];

/// Blanks the strings under names that speak of secrets, everything but numbers under names that speak of code, the values in the
/// queries of URLs, and every secret that the redactor knows.
pub(super) fn blank(value: &mut Value, redactor: &Redactor) {
    match value {
        Value::String(text) => *text = redactor.clean(&without_query(text)),
        Value::Array(items) => items.iter_mut().for_each(|item| blank(item, redactor)),
        Value::Object(fields) => {
            *fields = collected(std::mem::take(fields).into_iter().map(|(name, mut value)| {
                blank_field(&name, &mut value, redactor);
                (redactor.clean(&name), value)
            }));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn blank_field(name: &str, value: &mut Value, redactor: &Redactor) {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|each| each.to_ascii_lowercase()).collect();
    let speaks_of = |words: &[&str]| words.iter().any(|word| plain.contains(word));
    if speaks_of(&CODE) || matches!(plain.as_str(), "match" | "code" if value.is_array() || value.is_object()) {
        blank_strings(value, true);
    } else if speaks_of(&SECRETS) || plain == "match" {
        blank_strings(value, false);
    }
    blank(value, redactor);
}

/// Blanks a string and the strings of a list; `deeply`, also those of objects.
fn blank_strings(value: &mut Value, deeply: bool) {
    match value {
        Value::String(text) if !text.is_empty() => BLANK.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(|item| blank_strings(item, deeply)),
        Value::Object(fields) if deeply => fields.values_mut().for_each(|item| blank_strings(item, deeply)),
        _ => {}
    }
}

/// A URL or path without what its query says, where that is more than the number of a page, and without its user.
fn without_query(text: &str) -> String {
    let mut text = text.to_owned();
    if !text.starts_with("http://") && !text.starts_with("https://") {
        if !text.starts_with('/') {
            return text;
        }
    } else if let Ok(mut url) = Url::parse(&text)
        && (url.password().is_some() || !url.username().is_empty())
    {
        // It fails for URLs without a host only, and these two schemes have one.
        if url.set_username(BLANK).is_ok() && url.set_password(None).is_ok() {
            text = url.into();
        }
    }
    let Some((before, query)) = text.split_once('?') else { return text };
    let pairs: Vec<String> = query.split('&').map(without_value).collect();
    format!("{before}?{}", pairs.join("&"))
}

fn without_value(pair: &str) -> String {
    match pair.split_once('=') {
        Some((_, value)) if value.len() <= 6 && value.bytes().all(|byte| byte.is_ascii_digit()) => pair.to_owned(),
        Some((name, _)) => format!("{name}={BLANK}"),
        None => BLANK.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::credentials::Secret;

    fn blanked(mut value: Value) -> Value {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("key-0123456789").unwrap());
        blank(&mut value, &redactor);
        value
    }

    #[test]
    fn strings_under_names_that_speak_of_secrets_are_blanked_and_counts_are_kept() {
        assert_eq!(
            blanked(json!({
                "access_token": "a", "X-API-Key": "b", "password": "", "clientSecrets": ["c", 1],
                "secretCount": 4, "secret": {"vulnerabilities": [{"path": "a/b", "token": "d"}]}
            })),
            json!({
                "access_token": "***", "X-API-Key": "***", "password": "", "clientSecrets": ["***", 1],
                "secretCount": 4, "secret": {"vulnerabilities": [{"path": "a/b", "token": "***"}]}
            })
        );
    }

    #[test]
    fn code_is_blanked_down_to_its_leaves_and_error_codes_are_kept() {
        assert_eq!(
            blanked(json!({
                "codeSnippets": [{"lines": {"3": "AKIA"}, "start": 3}], "snippet": "x", "match": "y",
                "error_code": "E7", "code": "E8", "line": 3
            })),
            json!({
                "codeSnippets": [{"lines": {"3": "***"}, "start": 3}], "snippet": "***", "match": "***",
                "error_code": "E7", "code": "E8", "line": 3
            })
        );
    }

    #[test]
    fn what_explains_a_finding_from_its_code_is_blanked_and_the_places_are_kept() {
        assert_eq!(
            blanked(json!({
                "contextualExplanation": "the key AKIA is set here",
                "dataFlowItems": [{"nameHighlight": "AKIA", "line": 3}]
            })),
            json!({ "contextualExplanation": "***", "dataFlowItems": [{"nameHighlight": "***", "line": 3}] })
        );
    }

    #[test]
    fn urls_lose_their_users_and_what_their_queries_say() {
        for (url, shown) in [
            ("https://s3.example/o.zip?X-Amz-Signature=abc&n=1", "https://s3.example/o.zip?X-Amz-Signature=***&n=1"),
            ("/list?cursor=ab12&page=2", "/list?cursor=***&page=2"),
            ("https://x-access-token:ghs_1@git.example/r", "https://***@git.example/r"),
            ("is this a=b?", "is this a=b?"),
        ] {
            assert_eq!(blanked(json!([url])), json!([shown]));
        }
    }

    #[test]
    fn known_secrets_go_wherever_they_stand() {
        assert_eq!(blanked(json!({"see key-0123456789": ["a key-0123456789 b"]})), json!({"see ***": ["a *** b"]}));
    }
}
