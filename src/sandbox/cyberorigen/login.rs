//! Login, refresh, and the check of each call (contract sections 1.2 to 1.5).

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value;

use super::Emulator;
use super::fault::CyberOrigenFault;
use super::options::TOKEN_LIFETIME;
use super::refusal::Refusal;
use crate::sandbox::bearer::bearer;
use crate::sandbox::call::Call;
use crate::sandbox::core::{after, lock};
use crate::sandbox::fault::Kind;
use crate::sandbox::json::json;
use crate::sandbox::query;

/// So many refused logins lock the account for so long.
const ATTEMPTS: u32 = 5;
const LOCKED: Duration = Duration::from_mins(15);

/// The sessions of the account, and what was tried to get one.
#[derive(Default)]
pub(super) struct Sessions {
    /// When each token ends.
    tokens: HashMap<String, Timestamp>,
    refused: u32,
    locked_until: Option<Timestamp>,
    code_used: bool,
    key_revoked: bool,
}

impl Sessions {
    /// Ends every token, and the key for good.
    pub(super) fn end_all(&mut self) {
        self.tokens.clear();
        self.key_revoked = true;
    }

    fn is_good(&self, token: &str, now: Timestamp) -> bool {
        self.tokens.get(token).is_some_and(|end| *end > now)
    }

    /// Counts a refused login; the fifth locks the account.
    fn refuse(&mut self, now: Timestamp, detail: &str) -> Refusal {
        self.refused += 1;
        if self.refused >= ATTEMPTS {
            self.refused = 0;
            self.locked_until = Some(after(now, LOCKED));
        }
        Refusal::unauthorized(detail)
    }
}

/// `POST /auth/token`, with a form.
pub(super) fn token(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    let is_form = call.media_type() == Some("application/x-www-form-urlencoded");
    let form = std::str::from_utf8(&call.body).ok().filter(|_| is_form).unwrap_or_default();
    let field = |name: &str| query::value(Some(form), name);
    let required = |name: &str| field(name).ok_or_else(|| emulator.invalid(name, "Field required"));
    let (username, password) = (required("username")?, required("password")?);

    let now = emulator.core.now();
    let mut sessions = lock(&emulator.sessions);
    if sessions.locked_until.is_some_and(|until| until > now) {
        let detail = "Account locked after too many failed logins. Try again in 15 minutes.";
        return Err(Refusal::new(StatusCode::FORBIDDEN, "ACCOUNT_LOCKED", detail));
    }
    let known = username.eq_ignore_ascii_case(&emulator.username) && password == emulator.password.expose();
    if !known || emulator.revoked.load(Ordering::SeqCst) {
        return Err(sessions.refuse(now, "Incorrect email or password"));
    }
    if emulator.core.faults.has(CyberOrigenFault::Mfa) {
        match field("mfa_code") {
            None => return Err(Refusal::new(StatusCode::UNAUTHORIZED, "MFA_REQUIRED", "MFA code required")),
            Some(code) if code != emulator.mfa_code || sessions.code_used => {
                return Err(sessions.refuse(now, "Invalid MFA code"));
            }
            Some(_) => sessions.code_used = true,
        }
    }
    sessions.refused = 0;
    Ok(issue(emulator, &mut sessions, now))
}

/// `POST /auth/refresh`: a token that has not ended makes another one.
pub(super) fn refresh(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    let now = emulator.core.now();
    let mut sessions = lock(&emulator.sessions);
    let is_good = bearer(&call.headers).is_some_and(|token| sessions.is_good(token, now));
    if !is_good || emulator.core.faults.has(CyberOrigenFault::RefreshRefused) {
        return Err(Refusal::unauthorized("Could not validate credentials"));
    }
    Ok(issue(emulator, &mut sessions, now))
}

/// Makes a token that looks like those of the platform; no client can check its signature.
fn issue(emulator: &Emulator, sessions: &mut Sessions, now: Timestamp) -> Json<Value> {
    let lifetime = emulator.core.faults.find(|kind| match kind {
        Kind::CyberOrigen(CyberOrigenFault::TokenLifetime(seconds)) => Some(Duration::from_secs(u64::from(*seconds))),
        _ => None,
    });
    let lifetime = lifetime.unwrap_or(TOKEN_LIFETIME);
    let end = after(now, lifetime);
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({ "sub": emulator.username, "exp": end.as_second(), "jti": emulator.core.entropy.word(16) });
    let signature = URL_SAFE_NO_PAD.encode(emulator.core.entropy.bytes());
    let token = format!("{}.{}.{signature}", encode(&json!({ "alg": "HS256", "typ": "JWT" })), encode(&claims));
    sessions.tokens.retain(|_, end| *end > now);
    sessions.tokens.insert(token.clone(), end);
    Json(json!({ "access_token": token, "token_type": "bearer", "expires_in": lifetime.as_secs() }))
}

/// Lets a call through that has a good token or the key. With both nobody can say whose call it is.
pub(super) fn authorise(emulator: &Emulator, headers: &HeaderMap) -> Result<(), Refusal> {
    let mut sessions = lock(&emulator.sessions);
    if emulator.core.tokens_die() {
        sessions.end_all();
    }
    let is_good = match (headers.get(header::AUTHORIZATION), headers.get("x-api-key")) {
        (Some(_), Some(_)) => return Err(Refusal::unauthorized("Send either a bearer token or an API key, not both")),
        (None, None) => return Err(Refusal::unauthorized("Not authenticated")),
        (Some(_), None) => bearer(headers).is_some_and(|token| sessions.is_good(token, emulator.core.now())),
        (None, Some(key)) => !sessions.key_revoked && key.as_bytes() == emulator.api_key.expose().as_bytes(),
    };
    if !is_good {
        return Err(Refusal::unauthorized("Could not validate credentials"));
    }
    emulator.core.count_call();
    if emulator.core.faults.has(Kind::NoAccess) {
        return Err(Refusal::new(StatusCode::FORBIDDEN, "FORBIDDEN", "Not enough permissions"));
    }
    Ok(())
}
