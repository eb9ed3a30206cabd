//! Error bodies in the shapes of contract section 7.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Json, body::Body};
use serde_json::Value;

use super::{Emulator, written};
use crate::sandbox::json::json;

/// A request that is not answered, and why. A handler returns it; [`write_body`] adds the time and the path.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    shape: Shape,
    message: Value,
}

#[derive(Clone, Copy, Debug)]
enum Shape {
    /// A: what validation says.
    Dto,
    /// B: what the gateway says.
    Gateway,
    /// C: two fields.
    Minimal,
}

impl Refusal {
    /// 400 with the list of what is wrong, as the API's validation writes it.
    pub(super) fn invalid(messages: &[String]) -> Self {
        let message = match messages {
            [single] => json!(single),
            several => json!(several),
        };
        Self { status: StatusCode::BAD_REQUEST, shape: Shape::Dto, message }
    }

    /// 401: no token, or one that is unknown, ended or for another audience.
    pub(super) fn unauthorized() -> Self {
        Self::gateway(StatusCode::UNAUTHORIZED, "Unauthorized")
    }

    /// 403 of the gateway: the account may not see the project.
    pub(super) fn forbidden() -> Self {
        Self::gateway(StatusCode::FORBIDDEN, "Forbidden resource")
    }

    /// 403 in the two-field form: the family is not in the plan.
    pub(super) fn not_in_plan() -> Self {
        let message = json!("Your current plan does not include this feature");
        Self { status: StatusCode::FORBIDDEN, shape: Shape::Minimal, message }
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::gateway(StatusCode::NOT_FOUND, &format!("{what} not found"))
    }

    pub(super) fn gateway(status: StatusCode, message: &str) -> Self {
        Self { status, shape: Shape::Gateway, message: json!(message) }
    }

    fn body(&self, method: &Method, uri: &Uri, now: &str) -> Value {
        let (message, status) = (&self.message, self.status.as_u16());
        match self.shape {
            Shape::Dto => json!({
                "timestamp": now, "service": "cybedefend-sandbox", "method": method.as_str(), "message": message, "code": status,
            }),
            Shape::Gateway => json!({ "message": message, "statusCode": status, "timestamp": now, "path": uri.path() }),
            Shape::Minimal => json!({ "statusCode": status, "message": message }),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Gives a refusal its body.
pub(super) async fn write_body(emulator: Arc<Emulator>, request: Request, next: Next) -> Response {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let mut response = next.run(request).await;
    let Some(refusal) = response.extensions_mut().remove::<Refusal>() else { return response };
    let body = Json(refusal.body(&method, &uri, &written(emulator.now()))).into_response();
    let (parts, body) = body.into_parts();
    for (name, value) in &parts.headers {
        response.headers_mut().insert(name, value.clone());
    }
    *response.body_mut() = body;
    response
}

/// Any path or method that has no route. The API says 404 in both cases.
pub(super) fn no_such_route(_emulator: &Emulator, method: &Method, uri: &Uri) -> Refusal {
    Refusal::gateway(StatusCode::NOT_FOUND, &format!("Cannot {method} {}", uri.path()))
}

/// D: an error of the identity provider, with every field that it may have.
pub(super) fn oidc(error: &str, description: &str) -> Response {
    let body = json!({
        "code": format!("oidc.{error}"), "message": "The request was refused.", "error": error, "error_description": description,
    });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

/// E: an error of the object storage, in XML.
pub(super) fn storage(status: StatusCode, code: &str, message: &str) -> Response {
    let body =
        format!("<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{message}</Message></Error>");
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let xml = HeaderValue::from_static("application/xml; charset=UTF-8");
    response.headers_mut().insert(header::CONTENT_TYPE, xml);
    response
}
