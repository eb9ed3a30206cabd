//! What every request goes through before it reaches a handler: the `Host` check, the idle time, and the faults.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, SystemTime};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse as _, Response};
use futures_util::{StreamExt as _, stream};

use super::bestdefense::BestDefenseFault;
use super::core::{Core, after};
use super::fault::{Kind, Place, is_due};
use super::host;

/// The largest answer that a fault looks at: a page of 100 findings is well below it.
const LARGEST_ANSWER: usize = 64 << 20;
/// What the answers with an HTTP date or a reset time ask a client to wait.
const LIMIT_WINDOW: Duration = Duration::from_secs(7);

const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// An origin at its port. What differs between dialects is data: which part a request is for, and what a refusal looks like.
pub(super) struct Edge {
    pub(super) core: Arc<Core>,
    pub(super) port: u16,
    /// The part of the platform that a request is for; `None` for parts that no fault knows.
    pub(super) place_of: fn(&Method, &str) -> Option<Place>,
    /// A refusal with this status, in the platform's own shape.
    pub(super) refuse: fn(StatusCode) -> Response,
}

/// The middleware. Every answer carries the clock's time as its `Date`, since that is the time tokens and limits are counted in.
pub(super) async fn pass(edge: Arc<Edge>, request: Request, next: Next) -> Response {
    let mut response = answer(&edge, request, next).await;
    if let Ok(date) = HeaderValue::from_str(&httpdate::fmt_http_date(SystemTime::from(edge.core.now()))) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

async fn answer(edge: &Edge, request: Request, next: Next) -> Response {
    if !host::is_own(request.headers(), edge.port) {
        return (StatusCode::MISDIRECTED_REQUEST, "this is not the sandbox's host name\n").into_response();
    }
    let life = &edge.core.life;
    if life.left().is_zero() {
        life.end();
        return (StatusCode::SERVICE_UNAVAILABLE, "the sandbox has ended after its idle time\n").into_response();
    }
    life.touch();
    let method = request.method().clone();
    let place = (edge.place_of)(&method, request.uri().path());
    if let Some(refused) = strike_before(edge, place, &method) {
        return refused;
    }
    let response = next.run(request).await;
    strike_after(&edge.core, place, &method, response).await
}

/// Where a fault strikes that is confined to no place: refusals anywhere behind the login, lies in the findings.
fn is_usual_place(kind: &Kind, place: Place, method: &Method) -> bool {
    let behind_login = place.is_behind_login();
    match kind {
        Kind::TooManyRequests(_)
        | Kind::TooManyRequestsDate
        | Kind::TooManyRequestsReset
        | Kind::Refused(..)
        | Kind::Unavailable(_)
        | Kind::BestDefense(BestDefenseFault::SuccessFalse(_)) => behind_login,
        // A 500 to the start of a scan would end every careful client: it cannot know whether a scan was started.
        Kind::ServerError(_) | Kind::Reset(_) => behind_login && *method == Method::GET,
        Kind::Slow(_) => true,
        Kind::CutJson | Kind::Html | Kind::RedirectForeign(_) => place == Place::Results,
        _ => false,
    }
}

/// Every fault that may strike here, with its count of uses.
fn striking<'a>(core: &'a Core, place: Place, method: &'a Method) -> impl Iterator<Item = (&'a Kind, &'a AtomicU32)> {
    core.faults.iter().filter_map(move |(fault, used)| {
        let here = fault.place.map_or_else(|| is_usual_place(&fault.kind, place, method), |confined| confined == place);
        here.then_some((&fault.kind, used))
    })
}

/// Faults that answer in the platform's place.
fn strike_before(edge: &Edge, place: Option<Place>, method: &Method) -> Option<Response> {
    for (kind, used) in striking(&edge.core, place?, method) {
        let too_many = |headers: &[(HeaderName, String)]| {
            let mut response = (edge.refuse)(StatusCode::TOO_MANY_REQUESTS);
            for (name, value) in headers {
                if let Ok(value) = HeaderValue::from_str(value) {
                    response.headers_mut().insert(name, value);
                }
            }
            response
        };
        let until = after(edge.core.now(), LIMIT_WINDOW);
        let response = match kind {
            Kind::TooManyRequests(times) if is_due(used, *times) => too_many(&[(header::RETRY_AFTER, "1".to_owned())]),
            Kind::TooManyRequestsDate if is_due(used, 1) => {
                too_many(&[(header::RETRY_AFTER, httpdate::fmt_http_date(SystemTime::from(until)))])
            }
            Kind::TooManyRequestsReset if is_due(used, 1) => {
                too_many(&[(REMAINING, "0".to_owned()), (RESET, until.as_second().to_string())])
            }
            Kind::Refused(status, times) if is_due(used, *times) => {
                (edge.refuse)(StatusCode::from_u16(*status).unwrap_or(StatusCode::FORBIDDEN))
            }
            Kind::BestDefense(BestDefenseFault::SuccessFalse(times)) if is_due(used, *times) => {
                (edge.refuse)(StatusCode::OK)
            }
            Kind::ServerError(times) if is_due(used, *times) => (edge.refuse)(StatusCode::INTERNAL_SERVER_ERROR),
            Kind::Unavailable(times) if is_due(used, *times) => {
                (StatusCode::SERVICE_UNAVAILABLE, Html("<html><body>503 Service Unavailable</body></html>"))
                    .into_response()
            }
            Kind::Html => {
                Html("<!DOCTYPE html><html><body>Please log in to the network first</body></html>").into_response()
            }
            Kind::RedirectForeign(target) => (StatusCode::FOUND, [(header::LOCATION, target.clone())]).into_response(),
            _ => continue,
        };
        return Some(response);
    }
    None
}

/// Faults that spoil the platform's answer.
async fn strike_after(core: &Core, place: Option<Place>, method: &Method, mut response: Response) -> Response {
    let Some(place) = place else { return response };
    for (kind, used) in striking(core, place, method) {
        match kind {
            Kind::Slow(milliseconds) => core.clock.pass(Duration::from_millis(u64::from(*milliseconds))).await,
            Kind::Reset(times) if is_due(used, *times) => response = broken_off(response).await,
            Kind::CutJson => response = cut_short(response).await,
            _ => {}
        }
    }
    response
}

async fn collect(body: Body) -> Bytes {
    to_bytes(body, LARGEST_ANSWER).await.unwrap_or_default()
}

/// Announces the whole answer, sends the first half, and closes the connection.
async fn broken_off(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let whole = collect(body).await;
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
    Response::from_parts(parts, break_off(whole.slice(..whole.len() / 2)))
}

/// A body that ends in an error after its first part, which closes the connection.
fn break_off(first: Bytes) -> Body {
    let rest = stream::once(async {
        // Gives the server a turn in which it sends what it has, head and first part.
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    Body::from_stream(stream::iter([Ok(first)]).chain(rest))
}

/// A body whose first part is an error: the connection is closed before anything of the answer was sent.
pub(super) fn fail_at_once() -> Body {
    Body::from_stream(stream::iter([Err::<Bytes, _>(io::Error::from(io::ErrorKind::ConnectionReset))]))
}

/// Sends two thirds of the answer as if they were all of it.
async fn cut_short(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let whole = collect(body).await;
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(whole.slice(..whole.len() * 2 / 3)))
}
