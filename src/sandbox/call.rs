//! A request as handlers see it, and the few types that axum gets to know: one handler, and one layer. What differs between routes
//! is behind a pointer, so that axum's machinery is compiled once and not for each of them.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest as _, FromRequestParts as _, RawPathParams, Request, State};
use axum::http::{HeaderMap, Method, Uri, header};
use axum::middleware::{FromFnLayer, Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures_util::future::{BoxFuture, FutureExt as _, ready};

/// A request that was read whole.
pub(super) struct Call {
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    parts: Option<RawPathParams>,
}

impl Call {
    /// Reads a request; the error is what is to be answered where it cannot be read.
    async fn read(request: Request) -> Result<Self, Response> {
        let (mut head, body) = request.into_parts();
        let parts = RawPathParams::from_request_parts(&mut head, &()).await.ok();
        let (uri, headers) = (head.uri.clone(), head.headers.clone());
        let body = Bytes::from_request(Request::from_parts(head, body), &()).await;
        Ok(Self { uri, headers, body: body.map_err(IntoResponse::into_response)?, parts })
    }

    /// The part of the path that stands where the route says `{name}`, decoded.
    pub(super) fn part(&self, name: &str) -> &str {
        let mut parts = self.parts.iter().flatten();
        parts.find(|(known, _)| *known == name).map_or("", |(_, part)| part)
    }

    /// The query as it was sent.
    pub(super) fn query(&self) -> Option<&str> {
        self.uri.query()
    }

    /// What the body is said to be, without parameters.
    pub(super) fn media_type(&self) -> Option<&str> {
        self.content_type().split(';').next().map(str::trim)
    }

    /// What the body is said to be; empty where nothing readable is said.
    pub(super) fn content_type(&self) -> &str {
        self.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// What answers a route.
#[derive(Clone)]
pub(super) struct Handler(Arc<dyn Fn(Request) -> BoxFuture<'static, Response> + Send + Sync>);

impl axum::handler::Handler<(), ()> for Handler {
    type Future = BoxFuture<'static, Response>;

    fn call(self, request: Request, (): ()) -> Self::Future {
        (self.0)(request)
    }
}

/// A handler that answers with `answer` once the request is read.
pub(super) fn handler<E, A>(emulator: &Arc<E>, answer: fn(&E, &Call) -> A) -> Handler
where
    E: Send + Sync + 'static,
    A: IntoResponse + 'static,
{
    let emulator = Arc::clone(emulator);
    once_read(Arc::new(move |call| answer(&emulator, call).into_response()))
}

fn once_read(answer: Arc<dyn Fn(&Call) -> Response + Send + Sync>) -> Handler {
    Handler(Arc::new(move |request| {
        let answer = Arc::clone(&answer);
        async move { Call::read(request).await.map_or_else(|refused| refused, |call| answer(&call)) }.boxed()
    }))
}

/// A handler that says what is wrong with a method or a path, and leaves the body unread.
pub(super) fn unread<E, A>(emulator: &Arc<E>, answer: fn(&E, &Method, &Uri) -> A) -> Handler
where
    E: Send + Sync + 'static,
    A: IntoResponse + 'static,
{
    let emulator = Arc::clone(emulator);
    Handler(Arc::new(move |request| ready(answer(&emulator, request.method(), request.uri()).into_response()).boxed()))
}

/// A handler that reads the body by itself.
pub(super) fn streaming<E, F>(emulator: &Arc<E>, answer: fn(Arc<E>, Request) -> F) -> Handler
where
    E: Send + Sync + 'static,
    F: Future<Output = Response> + Send + 'static,
{
    let emulator = Arc::clone(emulator);
    Handler(Arc::new(move |request| answer(Arc::clone(&emulator), request).boxed()))
}

/// What a request goes through on its way to a handler, and the answer on its way back.
type Pass = Arc<dyn Fn(Request, Next) -> BoxFuture<'static, Response> + Send + Sync>;
type PassFn = fn(State<Pass>, Request, Next) -> BoxFuture<'static, Response>;
pub(super) type Layer = FromFnLayer<PassFn, Pass, (State<Pass>, Request)>;

/// A layer that does `pass`.
pub(super) fn layer<E, F>(state: &Arc<E>, pass: fn(Arc<E>, Request, Next) -> F) -> Layer
where
    E: Send + Sync + 'static,
    F: Future<Output = Response> + Send + 'static,
{
    let state = Arc::clone(state);
    layer_of(Arc::new(move |request, next| pass(Arc::clone(&state), request, next).boxed()))
}

/// A layer that lets only those requests through in whose head `check` finds nothing wrong.
pub(super) fn guard<E, R>(emulator: &Arc<E>, check: fn(&E, &HeaderMap) -> Result<(), R>) -> Layer
where
    E: Send + Sync + 'static,
    R: IntoResponse + 'static,
{
    let emulator = Arc::clone(emulator);
    layer_of(Arc::new(move |request, next| match check(&emulator, request.headers()) {
        Ok(()) => next.run(request).boxed(),
        Err(refusal) => ready(refusal.into_response()).boxed(),
    }))
}

fn layer_of(pass: Pass) -> Layer {
    from_fn_with_state(pass, |State(pass), request, next| pass(request, next))
}
