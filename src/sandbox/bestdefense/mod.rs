//! BestDefense's dialect: sites, reports and alerts, as in `contracts/bestdefense.md`.
//!
//! A request goes through [`edge`] and the check of its token, and reaches a handler.

mod access;
mod alerts;
mod catalogue;
mod envelope;
mod fault;
mod reports;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::Value;

use super::access::Access;
use super::bearer::bearer;
use super::call::{Call, guard, handler, layer, unread};
use super::core::Core;
use super::edge::{self, Edge};
use super::fault::{Kind, Place};
use super::listener::{Bound, Emulation};
use crate::credentials::Secret;
use crate::sandbox::json::json;
pub use access::{BestDefenseAccess, Site};
use envelope::{Refusal, refuse};
pub use fault::{BestDefenseFault, Permission};
use reports::Report;

/// The organisation's sites: one with findings, one without, and one that nobody may scan yet.
const SITES: [(&str, bool); 3] =
    [("shop.example.com", true), ("clean.example.com", true), ("pending.example.com", false)];

/// The emulated platform.
struct Emulator {
    core: Arc<Core>,
    token: Secret,
    sites: Vec<Site>,
    reports: Mutex<Vec<Report>>,
    /// Whether the token was taken away.
    revoked: AtomicBool,
}

impl Emulator {
    fn new(core: Arc<Core>) -> io::Result<Self> {
        let token = Secret::new(&format!("bd_{}", core.entropy.word(32)));
        let twin = core.faults.has(BestDefenseFault::AmbiguousSite).then_some(("shop.example.com", true));
        let site = |(hostname, is_verified)| Site { id: core.entropy.uuid(), hostname, is_verified };
        Ok(Self {
            token: token.ok_or_else(|| io::Error::other("no token could be made"))?,
            sites: SITES.into_iter().chain(twin).map(site).collect(),
            reports: Mutex::default(),
            revoked: AtomicBool::new(false),
            core,
        })
    }

    /// Refuses what the organisation lacks the permission for.
    fn permit(&self, permission: Permission) -> Result<(), Refusal> {
        let lacking = self.core.faults.has(BestDefenseFault::Permission(permission));
        if lacking || self.core.faults.has(Kind::NoAccess) {
            let message = format!("Your organization does not have the permission to {}", permission.as_words());
            return Err(Refusal::new(StatusCode::FORBIDDEN, message));
        }
        Ok(())
    }
}

/// The platform, ready to be served.
pub(super) fn emulate(core: Arc<Core>, api: Bound) -> io::Result<Emulation> {
    let emulator = Arc::new(Emulator::new(core)?);
    let access = Access::BestDefense(BestDefenseAccess {
        api_url: api.url(),
        token: emulator.token.clone(),
        sites: emulator.sites.clone(),
    });
    let router = router(&emulator, api.port());
    Ok(Emulation { origins: vec![(api, router)], access })
}

fn router(emulator: &Arc<Emulator>, port: u16) -> Router {
    let edge = Arc::new(Edge { core: Arc::clone(&emulator.core), port, place_of, refuse });
    Router::new()
        .route("/api/sites", get(handler(emulator, sites)))
        .route("/api/report/create/for-target/{site}", post(handler(emulator, reports::create)))
        .route("/api/report/{report}/progress", get(handler(emulator, reports::progress)))
        .route("/api/report/{report}/overview", get(handler(emulator, reports::overview)))
        .route("/api/report/vortex/{report}/alerts", get(handler(emulator, alerts::list)))
        .route_layer(guard(emulator, authorise))
        .route("/login", get(handler(emulator, log_in)))
        .fallback(unread(emulator, no_such_route))
        .method_not_allowed_fallback(unread(emulator, not_allowed))
        .layer(layer(&edge, edge::pass))
}

/// `GET /api/sites`: all of them, verified or not.
fn sites(emulator: &Emulator, _call: &Call) -> Result<Json<Value>, Refusal> {
    emulator.permit(Permission::ViewSites)?;
    let sites: Vec<_> = emulator.sites.iter().map(|site| json!({ "id": site.id, "hostname": site.hostname })).collect();
    Ok(envelope::envelope(&json!({ "sites": sites })))
}

/// The user interface's way in.
fn log_in(_emulator: &Emulator, _call: &Call) -> Html<&'static str> {
    Html("<!DOCTYPE html><html><body>Log in to the sandbox</body></html>")
}

/// A method that a route does not have.
fn not_allowed(_emulator: &Emulator, _method: &Method, _uri: &Uri) -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed")
}

/// The user interface lives on the same host: whoever leaves the API is asked to log in.
fn no_such_route(_emulator: &Emulator, _method: &Method, uri: &Uri) -> Response {
    if uri.path().starts_with("/api/") {
        refuse(StatusCode::NOT_FOUND)
    } else {
        (StatusCode::FOUND, [(header::LOCATION, "/login")]).into_response()
    }
}

/// Lets only calls with the organisation's token through.
fn authorise(emulator: &Emulator, headers: &HeaderMap) -> Result<(), Refusal> {
    if emulator.core.faults.has(BestDefenseFault::Dpop) {
        return Err(Refusal::unauthorized("DPoP algs=\"ES256\""));
    }
    if emulator.core.tokens_die() {
        emulator.revoked.store(true, Ordering::SeqCst);
    }
    let is_good = bearer(headers) == Some(emulator.token.expose());
    if !is_good || emulator.revoked.load(Ordering::SeqCst) {
        return Err(Refusal::unauthorized("Bearer"));
    }
    emulator.core.count_call();
    Ok(())
}

/// Which part of the platform a request is for; `None` for parts that no fault knows.
fn place_of(_method: &Method, path: &str) -> Option<Place> {
    match path.strip_prefix("/api/")?.split('/').collect::<Vec<_>>()[..] {
        ["sites", ..] => Some(Place::Project),
        ["report", "create", ..] => Some(Place::Start),
        ["report", _, "progress"] => Some(Place::Status),
        ["report", ..] => Some(Place::Results),
        _ => None,
    }
}
