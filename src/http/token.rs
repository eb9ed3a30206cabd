//! Short-lived tokens: got by a grant, renewed before they end, and dropped when the server refuses them.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use tokio::sync::Mutex;

use super::{Authorizer, Call, Client, Error, Grant, Replay};
use crate::credentials::Secret;
use crate::error::Class;

/// A token is renewed this long before its end, so that it outlives the request it is put on; or a fifth of its life before, where
/// it lives for less than five minutes.
const MARGIN: Duration = Duration::from_mins(1);

/// Puts tokens on requests.
pub(super) enum Signer {
    /// One token for the whole run.
    Fixed(Secret),
    /// Tokens of a grant. The lock is held while one is got, so that calls side by side get one between them.
    Renewing { grant: Box<Grant>, current: Mutex<Option<Token>> },
}

/// What one request is signed with.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) secret: Secret,
    /// On `Clock::monotonic`.
    renew_at: Duration,
}

impl Signer {
    pub(super) fn new(authorizer: Authorizer) -> Self {
        match authorizer {
            Authorizer::Bearer(secret) => Self::Fixed(secret),
            Authorizer::Grant(grant) => Self::Renewing { grant: Box::new(grant), current: Mutex::new(None) },
        }
    }

    /// Whether another token can be had when one is refused.
    pub(super) fn is_renewable(&self) -> bool {
        matches!(self, Self::Renewing { .. })
    }

    /// A token that is good for the next request.
    pub(super) async fn token(&self, client: &Client) -> Result<Token, Error> {
        let (grant, current) = match self {
            Self::Fixed(secret) => return Ok(Token { secret: secret.clone(), renew_at: Duration::MAX }),
            Self::Renewing { grant, current } => (grant, current),
        };
        let mut current = current.lock().await;
        if let Some(token) = current.as_ref().filter(|token| client.clock().monotonic() < token.renew_at) {
            return Ok(token.clone());
        }
        let has_worked = current.is_some();
        let token = exchange(grant, client, has_worked).await?;
        *current = Some(token.clone());
        Ok(token)
    }

    /// Lets nobody use a token again that was refused, unless another call has renewed it already.
    pub(super) async fn discard(&self, refused: &Token) {
        if let Self::Renewing { current, .. } = self {
            let mut current = current.lock().await;
            if let Some(token) = current.as_mut().filter(|token| token.secret.expose() == refused.secret.expose()) {
                token.renew_at = Duration::ZERO;
            }
        }
    }
}

/// Gets a token; `has_worked` says whether the grant has brought one before, which makes a refusal another story.
async fn exchange(grant: &Grant, client: &Client, has_worked: bool) -> Result<Token, Error> {
    let asked = client.clock().monotonic();
    let call = Call::post_form(grant.token_url.clone(), grant.form.clone(), Replay::Safe);
    // Boxed, because the call that waits for the token is itself a call.
    let answer = Box::pin(client.json::<Answer>(call)).await.map_err(|error| match error.status() {
        // RFC 6749 section 5.2 refuses a grant with 400, servers before it with 401 or 403.
        Some(400 | 401 | 403) => {
            let since =
                if has_worked { ", though this run had used it before: it was revoked, or has expired" } else { "" };
            error.meaning(Class::Auth, &format!("{}{since}", grant.refusal), &grant.remedy)
        }
        _ => error,
    })?;
    let token = answer.access_token.and_then(|token| Secret::new(token.0.expose_secret()));
    // Characters as RFC 6750 section 2.1 has them, not quite so strictly: what no header can carry is no token.
    let Some(secret) = token.filter(|token| token.expose().bytes().all(|byte| byte.is_ascii_graphic())) else {
        return Err(Error::protocol(&grant.token_url, "answered without an access token", &grant.remedy));
    };
    client.redactor().learn(&secret);
    let life = life(answer.expires_in.as_ref(), grant.longest_life);
    Ok(Token { secret, renew_at: asked.saturating_add(life.saturating_sub(MARGIN.min(life / 5))) })
}

/// A token answer (RFC 6749 section 5.1), of which only what is needed is looked at.
#[derive(Deserialize)]
struct Answer {
    access_token: Option<Wiped>,
    expires_in: Option<Value>,
}

/// A string that is zeroed when dropped.
struct Wiped(SecretString);

impl<'de> Deserialize<'de> for Wiped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(SecretString::from(text)))
    }
}

/// How long a token is taken to live. Servers leave `expires_in` out, send it as text, or overstate it
/// (`contracts/cybedefend.md` section 0.4).
fn life(expires_in: Option<&Value>, longest: Duration) -> Duration {
    let seconds = match expires_in {
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        _ => None,
    };
    let told = seconds.filter(|seconds| *seconds > 0.0).and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    told.map_or(longest, |told| told.min(longest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

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

    proptest! {
        #[test]
        fn no_answer_makes_a_token_outlive_what_is_believed(seconds in any::<f64>(), text in any::<String>()) {
            let longest = Duration::from_mins(10);
            for told in [json!(seconds), json!(text), json!(seconds.to_string()), json!({ "in": text })] {
                prop_assert!(life(Some(&told), longest) <= longest);
                drop(serde_json::from_value::<Answer>(json!({ "access_token": told.clone(), "expires_in": told })));
            }
        }
    }
}
