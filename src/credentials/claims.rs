//! What a token says of itself, for people to read. Nothing is decided by it, since no signature is checked.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value;

use super::Secret;
use crate::json;

/// The claims that name somebody, the one that says most to people first (OpenID Connect Core section 5.1, RFC 7519 section 4.1.2).
const NAMES: [&str; 5] = ["email", "preferred_username", "username", "name", "sub"];

/// What a token says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// For whom it is.
    pub account: Option<String>,
    /// When it ends.
    pub ends: Option<Timestamp>,
}

impl Claims {
    /// Reads them from a JSON Web Token (RFC 7519 section 3). A token of another kind says nothing.
    pub fn of(token: &Secret) -> Self {
        let payload = token.expose().split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
        let Some(claims) = payload.and_then(|payload| json::from_bytes::<Value>(&payload).ok()) else {
            return Self::default();
        };
        let account = NAMES.iter().find_map(|name| claims.get(name)?.as_str().filter(|text| !text.is_empty()));
        let ends = claims.get("exp").and_then(Value::as_i64).and_then(|ends| Timestamp::from_second(ends).ok());
        Self { account: account.map(str::to_owned), ends }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(payload: &str) -> Claims {
        Claims::of(&Secret::new(&format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload))).unwrap())
    }

    #[test]
    fn a_token_says_for_whom_it_is_and_when_it_ends() {
        let read = claims(r#"{"sub":"u-1","email":"me@host.example","exp":1767225600}"#);
        assert_eq!(read.account.as_deref(), Some("me@host.example"));
        assert_eq!(read.ends, Some("2026-01-01T00:00:00Z".parse().unwrap()));
        assert_eq!(claims(r#"{"sub":"u-1","email":""}"#).account.as_deref(), Some("u-1"));
    }

    #[test]
    fn a_token_of_another_kind_says_nothing() {
        for payload in ["", "[]", "{", r#"{"sub":1,"exp":"soon"}"#, r#"{"exp":1e300}"#] {
            assert_eq!(claims(payload), Claims::default(), "{payload}");
        }
        for token in ["pat_0123456789", "a.b.c", "..", "a.%.c"] {
            assert_eq!(Claims::of(&Secret::new(token).unwrap()), Claims::default(), "{token}");
        }
    }
}
