//! `POST /oidc/token`: a PAT, the code of a browser login or a refresh token for an access token, with Logto's refusals (contract
//! sections 1.3 and 1.4).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::fault::CybeDefendFault;
use super::options::TOKEN_LIFETIME;
use super::refusal::oidc as refuse;
use super::{Emulator, authorization, token};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const PERSONAL_ACCESS_TOKEN: &str = "urn:logto:token-type:personal_access_token";
/// What the vendor's documentation shows as `expires_in`, though the token lives 600 s.
const DOCUMENTED_LIFETIME: u64 = 3600;

/// The fields of the form, each at most once.
struct Form(Vec<(String, String)>);

impl Form {
    /// Reads the form; the error is the description for the refusal.
    fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Self, String> {
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if content_type.split(';').next().map(str::trim) != Some("application/x-www-form-urlencoded") {
            return Err("only application/x-www-form-urlencoded content-type POST bodies are supported".to_owned());
        }
        let fields: Vec<_> = url::form_urlencoded::parse(body).into_owned().collect();
        for (index, (name, _)) in fields.iter().enumerate() {
            if fields.iter().skip(index + 1).any(|(other, _)| other == name) {
                return Err(format!("'{name}' parameter must not be provided twice"));
            }
        }
        Ok(Self(fields))
    }

    /// A field's value; empty is absent.
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(field, value)| field == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }
}

/// The handler. A public client sends no `Authorization` header.
pub(super) async fn token(State(emulator): State<Arc<Emulator>>, headers: HeaderMap, body: Bytes) -> Response {
    if headers.contains_key(header::AUTHORIZATION) {
        return refuse("invalid_request", "client authentication is not allowed for a public client");
    }
    match Form::parse(&headers, &body) {
        Err(description) => refuse("invalid_request", &description),
        Ok(form) => answer(&emulator, &form),
    }
}

fn answer(emulator: &Emulator, form: &Form) -> Response {
    let grant = match form.get("grant_type") {
        Some(EXCHANGE) => exchange,
        Some("authorization_code") => code,
        Some("refresh_token") => refresh,
        Some(_) => return refuse("unsupported_grant_type", "unsupported grant_type requested"),
        None => return refuse("invalid_request", "missing required parameter(s) 'grant_type'"),
    };
    let ids = &emulator.client_ids;
    match form.get("client_id") {
        None => return refuse("invalid_request", "no client authentication mechanism provided"),
        Some(id) if *id == *ids.cli => {}
        Some(id) if *id == *ids.vscode || *id == *ids.intellij => {
            return refuse("unauthorized_client", "token_exchange_not_allowed");
        }
        Some(id) => return refuse("invalid_client", &format!("invalid client {id}")),
    }
    if form.get("resource").is_some_and(|resource| resource != emulator.resource()) {
        return refuse("invalid_target", "resource indicator is missing, or unknown");
    }
    grant(emulator, form).unwrap_or_else(|refusal| refusal)
}

/// A field that the grant cannot do without.
#[expect(clippy::result_large_err, reason = "the error is the answer")]
fn needed<'f>(form: &'f Form, name: &str) -> Result<&'f str, Response> {
    form.get(name).ok_or_else(|| refuse("invalid_request", &format!("missing required parameter(s) '{name}'")))
}

#[expect(clippy::result_large_err, reason = "the error is the answer")]
fn exchange(emulator: &Emulator, form: &Form) -> Result<Response, Response> {
    if needed(form, "subject_token_type")? != PERSONAL_ACCESS_TOKEN {
        return Err(refuse("invalid_request", "unsupported subject_token_type"));
    }
    let subject = needed(form, "subject_token")?;
    if subject != emulator.pat.expose() || emulator.pat_revoked.load(Ordering::SeqCst) {
        return Err(refuse("invalid_grant", "subject token not found"));
    }
    Ok(granted(emulator, &token::issue(emulator, form.get("resource"), None), None))
}

#[expect(clippy::result_large_err, reason = "the error is the answer")]
fn code(emulator: &Emulator, form: &Form) -> Result<Response, Response> {
    let [code, redirect_uri, verifier] = ["code", "redirect_uri", "code_verifier"].map(|name| needed(form, name));
    let tokens = authorization::exchange_code(emulator, code?, verifier?, redirect_uri?);
    let tokens = tokens.ok_or_else(|| refuse("invalid_grant", "grant request is invalid"))?;
    Ok(granted(emulator, &tokens.access_token, tokens.refresh_token.as_deref()))
}

#[expect(clippy::result_large_err, reason = "the error is the answer")]
fn refresh(emulator: &Emulator, form: &Form) -> Result<Response, Response> {
    let tokens = authorization::refresh(emulator, needed(form, "refresh_token")?);
    let tokens = tokens.ok_or_else(|| refuse("invalid_grant", "grant request is invalid"))?;
    Ok(granted(emulator, &tokens.access_token, tokens.refresh_token.as_deref()))
}

fn granted(emulator: &Emulator, access_token: &str, refresh_token: Option<&str>) -> Response {
    let expires_in = if emulator.core.faults.has(CybeDefendFault::ExpiresInLie) {
        DOCUMENTED_LIFETIME
    } else {
        TOKEN_LIFETIME.as_secs()
    };
    let mut body =
        json!({ "access_token": access_token, "token_type": "Bearer", "expires_in": expires_in, "scope": "" });
    if let Some(refresh_token) = refresh_token {
        body["refresh_token"] = json!(refresh_token);
        body["scope"] = json!("openid offline_access");
    }
    ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}
