//! Error bodies as Django REST Framework writes them (contract section 5).

use crate::sandbox::json::json;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

/// A request that is not answered, and why.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    body: Value,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, detail: &str) -> Self {
        Self { status, body: json!({ "detail": detail }) }
    }

    /// 400: what is wrong with a field.
    pub(super) fn invalid(field: &str, message: &str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, body: json!({ field: [message] }) }
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not found.")
    }

    /// 401: no key, or one that is unknown, revoked or rotated away.
    pub(super) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Invalid API key.")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer realm=\"api\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// What the platform says in the place of a handler.
pub(super) fn refuse(status: StatusCode) -> Response {
    refusal(status).into_response()
}

/// What it says, as a handler's or a guard's refusal.
pub(super) fn refusal(status: StatusCode) -> Refusal {
    let detail = match status {
        StatusCode::UNAUTHORIZED => return Refusal::unauthorized(),
        StatusCode::FORBIDDEN => "You do not have permission to perform this action.",
        StatusCode::NOT_FOUND => "Not found.",
        StatusCode::TOO_MANY_REQUESTS => "Request was throttled.",
        _ => "A server error occurred.",
    };
    Refusal::new(status, detail)
}
