//! CyberOrigen's dialect: login, scans of hosts, findings and controls, as in `contracts/cyberorigen.md`.
//!
//! A request goes through [`edge`], then through [`limit`], which counts it, and behind [`login`] reaches a handler.

mod access;
mod catalogue;
mod controls;
mod fault;
mod findings;
mod limit;
mod login;
mod options;
mod paging;
mod refusal;
mod scans;
mod target;

use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use jiff::Timestamp;

use super::access::Access;
use super::call::{guard, handler, layer, unread};
use super::core::Core;
use super::edge::{self, Edge};
use super::fault::Place;
use super::listener::{Bound, Emulation};
use crate::credentials::Secret;
pub use access::CyberOrigenAccess;
pub use fault::CyberOrigenFault;
use limit::Budgets;
use login::Sessions;
pub use options::CyberOrigenOptions;
use refusal::Refusal;
use scans::Scan;

/// What every path of the API but health begins with.
const PREFIX: &str = "/api/v1";

/// The emulated platform.
struct Emulator {
    core: Arc<Core>,
    /// Its own origin, for redirects.
    origin: String,
    username: String,
    password: Secret,
    mfa_code: String,
    api_key: Secret,
    sessions: Mutex<Sessions>,
    scans: Mutex<Vec<Scan>>,
    budgets: Mutex<Budgets>,
    /// Whether the password was taken away.
    revoked: AtomicBool,
}

impl Emulator {
    fn new(core: Arc<Core>, origin: String, options: CyberOrigenOptions) -> io::Result<Self> {
        let entropy = &core.entropy;
        // With characters that a form must encode, so that a client that does not is found out.
        let password = options.password.or_else(|| Secret::new(&format!("{}+%{}", entropy.word(12), entropy.word(4))));
        let api_key = options.api_key.or_else(|| Secret::new(&format!("co_{}", entropy.word(32))));
        let missing = || io::Error::other("no credential could be made");
        Ok(Self {
            origin,
            username: "ci@sandbox.example".to_owned(),
            password: password.ok_or_else(missing)?,
            mfa_code: entropy.digits(6),
            api_key: api_key.ok_or_else(missing)?,
            sessions: Mutex::default(),
            scans: Mutex::default(),
            budgets: Mutex::new(Budgets::new(&core.faults)),
            revoked: AtomicBool::new(false),
            core,
        })
    }

    /// What validation says about a field.
    fn invalid(&self, field: &str, message: &str) -> Refusal {
        Refusal::invalid(field, message, self.core.faults.has(CyberOrigenFault::ArrayDetail))
    }
}

/// A moment as the API writes it: RFC 3339 in whole seconds.
fn written(moment: Timestamp) -> String {
    format!("{moment:.0}")
}

/// The platform, ready to be served.
pub(super) fn emulate(core: Arc<Core>, api: Bound, options: CyberOrigenOptions) -> io::Result<Emulation> {
    let emulator = Arc::new(Emulator::new(core, api.url(), options)?);
    let has_mfa = emulator.core.faults.has(CyberOrigenFault::Mfa);
    let access = Access::CyberOrigen(CyberOrigenAccess {
        api_url: format!("{}{PREFIX}", api.url()),
        username: emulator.username.clone(),
        password: emulator.password.clone(),
        mfa_code: has_mfa.then(|| emulator.mfa_code.clone()),
        api_key: emulator.api_key.clone(),
    });
    let router = router(&emulator, api.port());
    Ok(Emulation { origins: vec![(api, router)], access })
}

fn router(emulator: &Arc<Emulator>, port: u16) -> Router {
    let protected = Router::new()
        .route("/scans", get(handler(emulator, scans::list)).post(handler(emulator, scans::start)))
        .route("/scans/{scan}", get(handler(emulator, scans::show)).delete(handler(emulator, scans::cancel)))
        .route("/scans/{scan}/findings", get(handler(emulator, findings::list)))
        .route("/controls", get(handler(emulator, controls::list)))
        .route_layer(guard(emulator, login::authorise));
    let open = Router::new()
        .route("/auth/token", post(handler(emulator, login::token)))
        .route("/auth/refresh", post(handler(emulator, login::refresh)));
    let edge = Arc::new(Edge { core: Arc::clone(&emulator.core), port, place_of, refuse: refusal::refuse });
    Router::new()
        .route("/api/health", get(handler(emulator, controls::health)))
        .nest(PREFIX, open.merge(protected))
        .fallback(unread(emulator, no_such_route))
        .method_not_allowed_fallback(unread(emulator, not_allowed))
        .layer(layer(emulator, limit::count))
        .layer(layer(&edge, edge::pass))
}

/// A method that a route does not have.
fn not_allowed(_emulator: &Emulator, _method: &Method, _uri: &Uri) -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "Method Not Allowed")
}

/// A path with a stray slash is sent on to the one without, as the framework does; anything else is unknown.
fn no_such_route(emulator: &Emulator, _method: &Method, uri: &Uri) -> Response {
    match uri.path().strip_suffix('/') {
        Some(path) if path.starts_with("/api/") => {
            let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
            let target = format!("{}{path}{query}", emulator.origin);
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, target)]).into_response()
        }
        _ => refusal::refuse(StatusCode::NOT_FOUND),
    }
}

/// Which part of the platform a request is for; `None` for parts that no fault knows.
fn place_of(method: &Method, path: &str) -> Option<Place> {
    let mut parts = path.strip_prefix(PREFIX)?.split('/').skip(1);
    let parts = [parts.next(), parts.next(), parts.next()].map(Option::unwrap_or_default);
    match parts {
        ["auth", ..] => Some(Place::Token),
        ["controls", ..] => Some(Place::Policy),
        ["scans", _, "findings"] => Some(Place::Results),
        ["scans", ..] if *method == Method::POST => Some(Place::Start),
        ["scans", ..] if *method == Method::DELETE => Some(Place::Cancel),
        ["scans", ..] => Some(Place::Status),
        _ => None,
    }
}
