//! `GET /oidc/auth`: the browser login (contract section 1.4), with what Logto's library does about codes and refresh tokens:
//! a code is good once and for a minute, a refresh token is replaced at each use, and whoever uses one of either a second time
//! ends the login that it belongs to.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use url::Url;
use url::form_urlencoded::Serializer;

use super::query::pairs;
use super::{Emulator, token};
use crate::sandbox::core::after;

/// The one redirect address that is registered for the command line's client; it is compared letter by letter.
const REDIRECT_URI: &str = "http://localhost:9877/callback";
/// How long a code is good.
const CODE_LIFETIME: Duration = Duration::from_mins(1);
/// How long a refresh token is good.
const REFRESH_LIFETIME: Duration = Duration::from_hours(14 * 24);

/// The logins that came about in a browser.
#[derive(Default)]
pub(super) struct Logins {
    codes: HashMap<String, Code>,
    refresh_tokens: HashMap<String, RefreshToken>,
}

struct Code {
    login: String,
    challenge: String,
    audience: Option<String>,
    offline: bool,
    expires: Timestamp,
    used: bool,
}

#[derive(Clone)]
struct RefreshToken {
    login: String,
    audience: Option<String>,
    expires: Timestamp,
    used: bool,
}

/// What a code or a refresh token is exchanged for.
pub(super) struct Granted {
    pub(super) access_token: String,
    pub(super) refresh_token: Option<String>,
}

/// A request for a login that can be granted.
struct Asked {
    redirect: Url,
    state: Option<String>,
    challenge: String,
    audience: Option<String>,
    offline: bool,
}

/// Asks the person at the browser, who is logged in already, for consent. With `decision` in the query they have given it or not.
pub(super) async fn authorize(State(emulator): State<Arc<Emulator>>, RawQuery(raw): RawQuery) -> Response {
    let query = pairs(raw.as_deref());
    let get = |name: &str| query.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value);
    // An unknown client or address gets no redirect: it would carry the answer to a stranger (RFC 6749 section 4.1.2.1).
    let known = get("client_id").is_some_and(|id| *id == emulator.client_ids.cli);
    let redirect = get("redirect_uri").filter(|uri| *uri == REDIRECT_URI).and_then(|uri| Url::parse(uri).ok());
    let Some(mut redirect) = redirect.filter(|_| known) else {
        return (StatusCode::BAD_REQUEST, Html("<!DOCTYPE html><p>invalid client_id or redirect_uri")).into_response();
    };
    let state = get("state").cloned();
    match ask(&emulator, redirect.clone(), state.clone(), &get) {
        Err((error, description)) => {
            send_back(&mut redirect, state.as_deref(), &[("error", error), ("error_description", description)])
        }
        Ok(asked) => match get("decision").map(String::as_str) {
            Some("allow") => asked.allow(&emulator),
            Some(_) => {
                let refused = [("error", "access_denied"), ("error_description", "End-User aborted interaction")];
                send_back(&mut redirect, state.as_deref(), &refused)
            }
            None => {
                let link = |decision: &str| {
                    Serializer::new(String::new()).extend_pairs(&query).append_pair("decision", decision).finish()
                };
                Html(format!(
                    "<!DOCTYPE html><title>Sandbox</title><h1>scangate's sandbox</h1><p>The command line asks to be logged in as \
                     sandbox-user.</p><p><a id=\"allow\" href=\"?{}\">Allow</a> <a id=\"deny\" href=\"?{}\">Deny</a></p>",
                    link("allow").replace('&', "&amp;"),
                    link("deny").replace('&', "&amp;")
                ))
                .into_response()
            }
        },
    }
}

fn ask<'q>(
    emulator: &Emulator,
    redirect: Url,
    state: Option<String>,
    get: &impl Fn(&str) -> Option<&'q String>,
) -> Result<Asked, (&'static str, &'static str)> {
    if get("response_type").is_none_or(|kind| kind != "code") {
        return Err(("unsupported_response_type", "only response_type code is supported"));
    }
    if get("code_challenge_method").is_none_or(|method| method != "S256") {
        return Err(("invalid_request", "not supported value of code_challenge_method"));
    }
    let Some(challenge) = get("code_challenge").filter(|challenge| challenge.len() == 43) else {
        return Err(("invalid_request", "code_challenge must be a string with a length of 43 characters"));
    };
    let audience = get("resource").cloned();
    if audience.as_deref().is_some_and(|audience| audience != emulator.resource()) {
        return Err(("invalid_target", "resource indicator is missing, or unknown"));
    }
    let words: Vec<&str> = get("scope").map(|scope| scope.split(' ').collect()).unwrap_or_default();
    if !words.contains(&"openid") {
        return Err(("invalid_scope", "openid scope must be requested"));
    }
    // Without consent there is no refresh token, whatever the scope says.
    let offline = words.contains(&"offline_access") && get("prompt").is_some_and(|prompt| prompt == "consent");
    Ok(Asked { redirect, state, challenge: challenge.clone(), audience, offline })
}

impl Asked {
    fn allow(mut self, emulator: &Emulator) -> Response {
        let code = emulator.core.entropy.word(32);
        let login = emulator.core.entropy.word(21);
        let expires = after(emulator.now(), CODE_LIFETIME);
        let granted = Code {
            login,
            challenge: self.challenge,
            audience: self.audience,
            offline: self.offline,
            expires,
            used: false,
        };
        emulator.logins().codes.insert(code.clone(), granted);
        let issuer = format!("{}/oidc", emulator.origins.auth);
        send_back(&mut self.redirect, self.state.as_deref(), &[("code", &code), ("iss", &issuer)])
    }
}

fn send_back(redirect: &mut Url, state: Option<&str>, answer: &[(&str, &str)]) -> Response {
    redirect.query_pairs_mut().extend_pairs(answer).extend_pairs(state.map(|state| ("state", state)));
    (StatusCode::SEE_OTHER, [(header::LOCATION, redirect.to_string())]).into_response()
}

/// Trades a code for tokens, by a form with these fields; `None` is what Logto calls an invalid grant.
pub(super) fn exchange_code(emulator: &Emulator, code: &str, verifier: &str, redirect_uri: &str) -> Option<Granted> {
    let now = emulator.now();
    let mut logins = emulator.logins();
    let known = logins.codes.get_mut(code)?;
    if known.used {
        let login = known.login.clone();
        logins.end(&login, emulator);
        return None;
    }
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    if known.expires <= now || known.challenge != challenge || redirect_uri != REDIRECT_URI {
        return None;
    }
    known.used = true;
    let (login, audience, offline) = (known.login.clone(), known.audience.clone(), known.offline);
    let expires = after(now, REFRESH_LIFETIME);
    Some(logins.grant(emulator, RefreshToken { login, audience, expires, used: false }, offline))
}

/// Trades a refresh token for another one and an access token; `None` is what Logto calls an invalid grant.
pub(super) fn refresh(emulator: &Emulator, refresh_token: &str) -> Option<Granted> {
    let mut logins = emulator.logins();
    let known = logins.refresh_tokens.get_mut(refresh_token)?;
    if known.used {
        let login = known.login.clone();
        logins.end(&login, emulator);
        return None;
    }
    if known.expires <= emulator.now() {
        return None;
    }
    known.used = true;
    // The next one ends when the first one would have: using a login does not make it longer.
    let next = RefreshToken { used: false, ..known.clone() };
    Some(logins.grant(emulator, next, true))
}

impl Logins {
    fn grant(&mut self, emulator: &Emulator, next: RefreshToken, offline: bool) -> Granted {
        let access_token = token::issue(emulator, next.audience.as_deref(), Some(&next.login));
        let refresh_token = offline.then(|| emulator.core.entropy.word(32));
        if let Some(refresh_token) = &refresh_token {
            self.refresh_tokens.insert(refresh_token.clone(), next);
        }
        Granted { access_token, refresh_token }
    }

    /// Ends a login: no token of it is good any more.
    fn end(&mut self, login: &str, emulator: &Emulator) {
        self.codes.retain(|_, code| code.login != login);
        self.refresh_tokens.retain(|_, token| token.login != login);
        emulator.tokens().end_login(login);
    }
}
