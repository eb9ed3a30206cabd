//! What a token server answers, and how long its token is used.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::credentials::Secret;

/// A token that is exchanged is renewed this long before its end, so that it outlives the request it is put on; or a fifth of its
/// life before, where it lives for less than five minutes.
pub(super) const MARGIN: Duration = Duration::from_mins(1);

/// A token that only a living token can renew is renewed this long before its end at the latest, or in the middle of its life,
/// where that is shorter than ten minutes (`contracts/cyberorigen.md` section 1.3).
const REFRESH_MARGIN: Duration = Duration::from_mins(5);

/// A token answer (RFC 6749 section 5.1), of which only what is needed is looked at.
#[derive(Deserialize)]
pub(super) struct TokenAnswer {
    access_token: Option<Wiped>,
    refresh_token: Option<Wiped>,
    expires_in: Option<Value>,
}

impl TokenAnswer {
    /// The token, if it has the characters of one: those of RFC 6750 section 2.1, not quite so strictly. What no header can carry
    /// is no token.
    pub(super) fn token(&self) -> Option<Secret> {
        let token = secret(self.access_token.as_ref());
        token.filter(|token| token.expose().bytes().all(|byte| byte.is_ascii_graphic()))
    }

    /// What the next token can be got with. It is only ever sent back in a form, which carries any characters.
    pub(super) fn refresh_token(&self) -> Option<Secret> {
        secret(self.refresh_token.as_ref())
    }

    /// How long the token is taken to live. Servers leave `expires_in` out, send it as text, or overstate it
    /// (`contracts/cybedefend.md` section 0.4).
    pub(super) fn life(&self, longest: Duration) -> Duration {
        let seconds = match &self.expires_in {
            Some(Value::Number(number)) => number.as_f64(),
            Some(Value::String(text)) => text.trim().parse().ok(),
            _ => None,
        };
        let told =
            seconds.filter(|seconds| *seconds > 0.0).and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        told.map_or(longest, |told| told.min(longest))
    }
}

fn secret(text: Option<&Wiped>) -> Option<Secret> {
    text.and_then(|text| Secret::new(text.0.expose_secret()))
}

/// How long before its end a token is renewed.
pub(super) fn margin(life: Duration, refreshed: bool) -> Duration {
    let fifth = life / 5;
    if refreshed { fifth.max(REFRESH_MARGIN.min(life / 2)) } else { fifth.min(MARGIN) }
}

/// A string that is zeroed when dropped.
struct Wiped(SecretString);

impl<'de> Deserialize<'de> for Wiped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(SecretString::from(text)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn life(expires_in: Option<&Value>, longest: Duration) -> Duration {
        TokenAnswer { access_token: None, refresh_token: None, expires_in: expires_in.cloned() }.life(longest)
    }

    #[test]
    fn a_token_lives_as_long_as_it_says_but_never_longer_than_is_believed() {
        let longest = Duration::from_mins(10);
        for (told, seconds) in [
            (json!(30), 30.0),
            (json!(3600), 600.0),
            (json!("120"), 120.0),
            (json!(12.5), 12.5),
            (json!(0), 600.0),
            (json!(-1), 600.0),
            (json!("soon"), 600.0),
            (json!("NaN"), 600.0),
            (json!(1e300), 600.0),
            (json!(null), 600.0),
            (json!([30]), 600.0),
        ] {
            assert_eq!(life(Some(&told), longest), Duration::from_secs_f64(seconds), "{told}");
        }
        assert_eq!(life(None, longest), longest);
    }

    #[test]
    fn a_token_that_is_refreshed_is_renewed_early_and_one_that_is_exchanged_late() {
        for (life, refreshed, exchanged) in
            [(3600, 720, 60), (1800, 360, 60), (1200, 300, 60), (600, 300, 60), (300, 150, 60), (10, 5, 2), (0, 0, 0)]
        {
            let life = Duration::from_secs(life);
            assert_eq!(margin(life, true), Duration::from_secs(refreshed), "{life:?}");
            assert_eq!(margin(life, false), Duration::from_secs(exchanged), "{life:?}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_makes_a_token_outlive_what_is_believed(seconds in any::<f64>(), text in any::<String>()) {
            let longest = Duration::from_mins(10);
            for told in [json!(seconds), json!(text), json!(seconds.to_string()), json!({ "in": text })] {
                prop_assert!(life(Some(&told), longest) <= longest);
                drop(serde_json::from_value::<TokenAnswer>(json!({ "access_token": told.clone(), "expires_in": told })));
            }
        }
    }
}
