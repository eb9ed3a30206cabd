//! Access tokens: how they are made, how long they live, and the check of each call (contract sections 1.3 and 1.5).

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::json;

use super::Emulator;
use super::options::TOKEN_LIFETIME;
use super::refusal::Refusal;
use crate::sandbox::bearer::bearer;
use crate::sandbox::core::after;

/// The access tokens that are known.
#[derive(Default)]
pub(super) struct Tokens {
    issued: HashMap<String, Issued>,
}

struct Issued {
    expires: Timestamp,
    audience: Option<String>,
    /// The browser login that it belongs to.
    login: Option<String>,
}

impl Tokens {
    /// Ends every token at once.
    pub(super) fn end_all(&mut self) {
        self.issued.clear();
    }

    /// Ends the tokens of one browser login.
    pub(super) fn end_login(&mut self, login: &str) {
        self.issued.retain(|_, issued| issued.login.as_deref() != Some(login));
    }

    fn is_good(&self, token: &str, audience: &str, now: Timestamp) -> bool {
        let issued = self.issued.get(token);
        issued.is_some_and(|issued| issued.expires > now && issued.audience.as_deref() == Some(audience))
    }
}

/// Makes a token for an audience, of a browser login or of a personal access token. Without an audience it is opaque, and no API
/// takes it.
pub(super) fn issue(emulator: &Emulator, audience: Option<&str>, login: Option<&str>) -> String {
    let now = emulator.now();
    let expires = after(now, TOKEN_LIFETIME);
    let token = match audience {
        None => emulator.core.entropy.word(32),
        Some(audience) => {
            let header = json!({ "alg": "RS256", "typ": "at+jwt", "kid": "sandbox" });
            let payload = json!({
                "iss": format!("{}/oidc", emulator.origins.auth), "aud": audience, "sub": "sandbox-user",
                "client_id": emulator.client_ids.cli, "jti": emulator.core.entropy.word(21),
                "iat": now.as_second(), "exp": expires.as_second(), "scope": "",
            });
            let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
            // Clients must not verify the signature, and the API looks tokens up, so random bytes serve.
            let signature = [emulator.core.entropy.bytes(), emulator.core.entropy.bytes()].concat();
            format!(
                "{}.{}.{}",
                encode(header.to_string().as_bytes()),
                encode(payload.to_string().as_bytes()),
                encode(&signature)
            )
        }
    };
    let mut tokens = emulator.tokens();
    tokens.issued.retain(|_, issued| issued.expires > now);
    let owned = |text: &str| text.to_owned();
    tokens.issued.insert(token.clone(), Issued { expires, audience: audience.map(owned), login: login.map(owned) });
    token
}

/// Lets only calls with a good token through. API keys are gone for good, whatever else the call carries.
pub(super) async fn authorise(State(emulator): State<Arc<Emulator>>, request: Request, next: Next) -> Response {
    if request.headers().contains_key("x-api-key") {
        let message = "API keys are no longer supported; use a personal access token";
        return Refusal::gateway(StatusCode::GONE, message).into_response();
    }
    let Some(token) = bearer(request.headers()) else { return Refusal::unauthorized().into_response() };
    {
        let now = emulator.now();
        let mut tokens = emulator.tokens();
        if emulator.core.tokens_die() {
            tokens.end_all();
        }
        if !tokens.is_good(token, emulator.resource(), now) {
            return Refusal::unauthorized().into_response();
        }
        emulator.core.count_call();
    }
    next.run(request).await
}
