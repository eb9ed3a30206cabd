//! The envelope of nearly every answer (contract section 2).

use crate::sandbox::json::json;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

/// An answer that holds what was asked for.
pub(super) fn envelope(data: &Value) -> Json<Value> {
    Json(json!({ "success": true, "message": "", "data": data, "error": null }))
}

/// A request that is not answered, and why.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
    challenge: &'static str,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), challenge: "Bearer" }
    }

    /// 404: unknown, or another organisation's, which looks the same.
    pub(super) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("{what} not found"))
    }

    /// 401 with another challenge than the usual one.
    pub(super) fn unauthorized(challenge: &'static str) -> Self {
        Self { challenge, ..Self::new(StatusCode::UNAUTHORIZED, "Invalid or expired API token") }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({ "success": false, "message": self.message, "data": null, "error": self.message });
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(self.challenge));
        }
        response
    }
}

/// What the platform says in the place of a handler. 200 is a failure that only the envelope tells.
pub(super) fn refuse(status: StatusCode) -> Response {
    let message = match status {
        StatusCode::UNAUTHORIZED => return Refusal::unauthorized("Bearer").into_response(),
        StatusCode::FORBIDDEN => "Your organization does not have permission to do this",
        StatusCode::NOT_FOUND => "Not found",
        StatusCode::TOO_MANY_REQUESTS => "Too many requests",
        StatusCode::OK => "The request could not be processed",
        _ => "An unexpected error occurred",
    };
    Refusal::new(status, message).into_response()
}
