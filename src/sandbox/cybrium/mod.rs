//! Cybrium's dialect: scans of named targets, uploads of SARIF files and findings, as in `contracts/cybrium.md`.
//!
//! The vendor has one host for scans, below `/v1`, and one for uploads, below `/api`. Here one origin has both. A request goes through
//! [`edge`] and the check of its key, and reaches a handler.

mod access;
mod catalogue;
mod fault;
mod finding;
mod keys;
mod multipart;
mod paging;
mod refusal;
mod sarif;
mod scans;

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use jiff::Timestamp;

use super::access::Access;
use super::call::{guard, handler, layer, unread};
use super::core::{Core, after};
use super::edge::{self, Edge};
use super::fault::{Kind, Place};
use super::listener::{Bound, Emulation};
use crate::credentials::Secret;
pub use access::CybriumAccess;
pub use fault::CybriumFault;
use keys::Keys;
use refusal::{Refusal, refuse};
use scans::Scan;

/// The workspace's targets: one with findings, and one without.
const TARGETS: [&str; 2] = ["sandbox-app", "clean-app"];
/// The largest SARIF file.
const LARGEST_UPLOAD: usize = 64 << 20;

/// The emulated platform.
struct Emulator {
    core: Arc<Core>,
    /// Its own origin, for the links between pages.
    origin: String,
    key: Secret,
    previous_key: Secret,
    keys: Mutex<Keys>,
    scans: Mutex<Vec<Scan>>,
}

impl Emulator {
    fn new(core: Arc<Core>, origin: String) -> io::Result<Self> {
        let key = || {
            let key = Secret::new(&format!("cbr_live_{}", core.entropy.word(32)));
            key.ok_or_else(|| io::Error::other("no key could be made"))
        };
        let late = core.faults.find(|kind| match kind {
            Kind::Cybrium(CybriumFault::NewKeyLate(seconds)) => Some(Duration::from_secs(u64::from(*seconds))),
            _ => None,
        });
        let now = core.now();
        Ok(Self {
            origin,
            key: key()?,
            previous_key: key()?,
            keys: Mutex::new(Keys::new(now, after(now, late.unwrap_or_default()))),
            scans: Mutex::default(),
            core,
        })
    }
}

/// A moment as the API writes it: RFC 3339 with microseconds.
fn written(moment: Timestamp) -> String {
    format!("{moment:.6}")
}

/// The platform, ready to be served.
pub(super) fn emulate(core: Arc<Core>, api: Bound) -> io::Result<Emulation> {
    let emulator = Arc::new(Emulator::new(core, api.url())?);
    let access = Access::Cybrium(CybriumAccess {
        api_url: format!("{}/v1", api.url()),
        upload_url: format!("{}/api", api.url()),
        key: emulator.key.clone(),
        previous_key: emulator.previous_key.clone(),
        targets: TARGETS.to_vec(),
    });
    let router = router(&emulator, api.port());
    Ok(Emulation { origins: vec![(api, router)], access })
}

fn router(emulator: &Arc<Emulator>, port: u16) -> Router {
    let edge = Arc::new(Edge { core: Arc::clone(&emulator.core), port, place_of, refuse });
    let on_both_surfaces = |router: Router, prefix: &str| {
        router
            .route(
                &format!("{prefix}/scans/"),
                get(handler(emulator, scans::list)).post(handler(emulator, scans::start)),
            )
            .route(&format!("{prefix}/scans/{{scan}}/"), get(handler(emulator, scans::show)))
            .route(&format!("{prefix}/scans/{{scan}}/findings/"), get(handler(emulator, scans::findings)))
            .route(&format!("{prefix}/findings/"), get(handler(emulator, scans::all_findings)))
    };
    ["/v1", "/api"]
        .into_iter()
        .fold(Router::new(), on_both_surfaces)
        .route("/api/scans/upload-sarif/", post(handler(emulator, scans::upload)))
        .route("/api/scans/findings/", get(handler(emulator, scans::all_findings)))
        .route_layer(guard(emulator, keys::authorise))
        .fallback(unread(emulator, no_such_route))
        .method_not_allowed_fallback(unread(emulator, not_allowed))
        .layer(DefaultBodyLimit::max(LARGEST_UPLOAD))
        .layer(layer(&edge, edge::pass))
}

/// A method that a route does not have.
fn not_allowed(_emulator: &Emulator, method: &Method, _uri: &Uri) -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, &format!("Method \"{method}\" not allowed."))
}

/// A path without its slash is sent on to the one with it, as Django does, even where that loses the body. With the fault `slash-500`
/// it refuses to lose one, as it does in debug mode.
fn no_such_route(emulator: &Emulator, method: &Method, uri: &Uri) -> Response {
    let path = uri.path();
    let is_api = path.starts_with("/v1/") || path.starts_with("/api/");
    if !is_api || path.ends_with('/') {
        return refuse(StatusCode::NOT_FOUND);
    }
    if *method != Method::GET && emulator.core.faults.has(CybriumFault::Slash500) {
        let page = "<!DOCTYPE html><html><body><h1>RuntimeError</h1><p>You called this URL via POST, but the URL doesn't end in a \
                    slash and you have APPEND_SLASH set.</p></body></html>";
        return (StatusCode::INTERNAL_SERVER_ERROR, Html(page)).into_response();
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, format!("{path}/{query}"))]).into_response()
}

/// Which part of the platform a request is for; `None` for parts that no fault knows.
fn place_of(method: &Method, path: &str) -> Option<Place> {
    let rest = path.strip_prefix("/v1/").or_else(|| path.strip_prefix("/api/"))?;
    match rest.split('/').collect::<Vec<_>>()[..] {
        ["scans", "upload-sarif", ..] => Some(Place::Upload),
        ["scans", "findings", ..] | ["findings", ..] | ["scans", _, "findings", ..] => Some(Place::Results),
        ["scans", ..] if *method == Method::POST => Some(Place::Start),
        ["scans", ..] => Some(Place::Status),
        _ => None,
    }
}
