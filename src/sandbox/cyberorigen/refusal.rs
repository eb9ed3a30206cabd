//! Error bodies: `detail`, `error_code` and `field`, or the framework's own list (contract section 5.1).

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
    pub(super) fn new(status: StatusCode, code: &str, detail: &str) -> Self {
        Self { status, body: json!({ "detail": detail, "error_code": code }) }
    }

    /// 422: what is wrong with a field, in the vendor's form or, if `as_array`, in the framework's.
    pub(super) fn invalid(field: &str, message: &str, as_array: bool) -> Self {
        let body = if as_array {
            json!({ "detail": [{ "type": "value_error", "loc": ["body", field], "msg": message, "input": null }] })
        } else {
            json!({ "detail": message, "error_code": "VALIDATION_ERROR", "field": field })
        };
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, body }
    }

    /// 401: no credential, or one that is not accepted.
    pub(super) fn unauthorized(detail: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "AUTHENTICATION_FAILED", detail)
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", &format!("{what} not found"))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let challenged = self.status == StatusCode::UNAUTHORIZED;
        let mut response = (self.status, Json(self.body)).into_response();
        if challenged {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// What the platform says in the place of a handler.
pub(super) fn refuse(status: StatusCode) -> Response {
    let (code, detail) = match status {
        StatusCode::UNAUTHORIZED => return Refusal::unauthorized("Could not validate credentials").into_response(),
        StatusCode::FORBIDDEN => ("FORBIDDEN", "Not enough permissions"),
        StatusCode::NOT_FOUND => ("NOT_FOUND", "Not Found"),
        StatusCode::TOO_MANY_REQUESTS => ("RATE_LIMIT_EXCEEDED", "Rate limit exceeded"),
        _ => ("INTERNAL_ERROR", "Internal server error"),
    };
    Refusal::new(status, code, detail).into_response()
}
