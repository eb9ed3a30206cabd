//! CybeDefend's dialect: API, identity provider and object storage, as in `contracts/cybedefend.md`.
//!
//! The state is pure and advances with the clock; nothing runs in the background. A request first goes through [`edge`],
//! where faults strike, then reaches a handler, and a refusal gets its body on the way back ([`refusal`]).

mod access;
mod authorization;
mod client_apps;
mod elements;
mod fault;
mod finding;
mod grouped;
mod hostile;
mod oidc;
mod options;
mod policy;
mod project;
mod query;
mod refusal;
mod results;
mod scans;
mod signature;
mod storage;
mod store;
mod token;
mod triage;

use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, patch, post};
use jiff::Timestamp;

use super::access::Access;
use super::call::{guard, handler, layer, streaming, unread};
use super::core::{Core, lock};
use super::edge::{self, Edge};
use super::fault::Place;
use super::listener::{Bound, Emulation};
use crate::credentials::Secret;
pub use access::CybeDefendAccess;
use authorization::Logins;
pub use fault::CybeDefendFault;
pub use options::{CybeDefendOptions, Plan, Policy, UploadLimits};
use refusal::Refusal;
use store::Store;
use token::Tokens;

/// The URLs of the three origins, without a slash at the end.
struct Origins {
    api: String,
    auth: String,
    storage: String,
}

/// The emulated platform.
struct Emulator {
    core: Arc<Core>,
    options: CybeDefendOptions,
    origins: Origins,
    pat: Secret,
    project_id: String,
    organization_id: String,
    client_ids: ClientIds,
    store: Mutex<Store>,
    tokens: Mutex<Tokens>,
    logins: Mutex<Logins>,
    pat_revoked: AtomicBool,
}

/// The ids of the three client applications (contract section 1.2).
struct ClientIds {
    cli: String,
    vscode: String,
    intellij: String,
}

impl Emulator {
    fn new(core: Arc<Core>, mut options: CybeDefendOptions, origins: Origins) -> io::Result<Self> {
        let entropy = &core.entropy;
        let pat = options.pat.take().or_else(|| Secret::new(&format!("pat_{}", entropy.word(32))));
        Ok(Self {
            pat: pat.ok_or_else(|| io::Error::other("no personal access token could be made"))?,
            project_id: options.project_id.take().unwrap_or_else(|| entropy.uuid()),
            organization_id: entropy.uuid(),
            client_ids: ClientIds { cli: entropy.word(21), vscode: entropy.word(21), intellij: entropy.word(21) },
            store: Mutex::default(),
            tokens: Mutex::default(),
            logins: Mutex::default(),
            pat_revoked: AtomicBool::new(false),
            core,
            options,
            origins,
        })
    }

    fn now(&self) -> Timestamp {
        self.core.now()
    }

    /// The state of the project as of now.
    fn store(&self) -> MutexGuard<'_, Store> {
        let mut store = lock(&self.store);
        store.settle(self, self.now());
        store
    }

    fn tokens(&self) -> MutexGuard<'_, Tokens> {
        lock(&self.tokens)
    }

    fn logins(&self) -> MutexGuard<'_, Logins> {
        lock(&self.logins)
    }

    /// The audience that access tokens must be for.
    fn resource(&self) -> &str {
        self.options.resource.as_deref().unwrap_or(&self.origins.api)
    }
}

/// A moment as the API writes it: RFC 3339 with milliseconds.
fn written(moment: Timestamp) -> String {
    format!("{moment:.3}")
}

/// The platform, ready to be served: `api` is its first origin, the other two take free ports.
pub(super) async fn emulate(core: Arc<Core>, api: Bound, options: CybeDefendOptions) -> io::Result<Emulation> {
    let (auth, storage) = (Bound::new(0).await?, Bound::new(0).await?);
    let origins = Origins { api: api.url(), auth: auth.url(), storage: storage.url() };
    let emulator = Arc::new(Emulator::new(core, options, origins)?);
    let access = Access::CybeDefend(CybeDefendAccess {
        api_url: api.url(),
        auth_url: auth.url(),
        storage_url: storage.url(),
        pat: emulator.pat.clone(),
        project_id: emulator.project_id.clone(),
    });
    let routers = [
        self::api(&emulator, api.port()),
        self::auth(&emulator, auth.port()),
        self::storage(&emulator, storage.port()),
    ];
    Ok(Emulation { origins: [api, auth, storage].into_iter().zip(routers).collect(), access })
}

/// The API's routes.
fn api(emulator: &Arc<Emulator>, port: u16) -> Router {
    let protected = Router::new()
        .route("/organizations", get(handler(emulator, project::organizations)))
        .route("/organization/{organization}/projects", get(handler(emulator, project::of_organization)))
        .route("/user/profile", get(handler(emulator, project::profile)))
        .route("/project/{project}", get(handler(emulator, project::show)))
        .route("/project/{project}/branches", get(handler(emulator, project::branches)))
        .route("/project/{project}/scan/start", post(handler(emulator, scans::start)))
        .route("/project/{project}/scan/container/start", post(handler(emulator, scans::start_container)))
        .route("/project/{project}/github/start-scan", post(handler(emulator, scans::start_linked)))
        .route("/project/{project}/scan/{scan}", get(handler(emulator, scans::show)))
        .route("/integrations/gitlab/project/{project}/start-scan", post(handler(emulator, scans::start_linked)))
        .route(
            "/integrations/{registry}/container-registry/project/{project}/scan",
            post(handler(emulator, scans::start_registry)),
        )
        .route(
            "/integrations/github-container-registry/project/{project}/scan",
            post(handler(emulator, scans::start_github_registry)),
        )
        .route("/project/{project}/results/overview", get(handler(emulator, results::overview)))
        .route("/project/{project}/results/batch", patch(handler(emulator, triage::update_many)))
        .route(
            "/project/{project}/results/{family}",
            get(handler(emulator, results::list)).patch(handler(emulator, triage::update)),
        )
        .route("/project/{project}/results/{family}/grouped", get(handler(emulator, grouped::list)))
        .route("/project/{project}/results/{family}/{finding}", get(handler(emulator, results::show)))
        .route("/projects/{project}/scans/{scan}/evaluation-status", get(handler(emulator, policy::evaluation_status)))
        .route("/projects/{project}/scans/{scan}/violations", get(handler(emulator, policy::violations)))
        .route("/projects/{project}/scans/{scan}/compliance", get(handler(emulator, policy::compliance)))
        .route("/projects/{project}/violation-stats", get(handler(emulator, policy::violation_stats)))
        .route("/projects/{project}/effective-policies", get(handler(emulator, policy::effective_policies)))
        .route_layer(guard(emulator, token::authorise));
    let open = Router::new()
        .route("/", get(handler(emulator, client_apps::root)))
        .route("/client-apps", get(handler(emulator, client_apps::client_apps)));
    finish(open.merge(protected), emulator, place_of, port)
}

/// The identity provider's routes.
fn auth(emulator: &Arc<Emulator>, port: u16) -> Router {
    let routes = Router::new()
        .route("/oidc/token", post(handler(emulator, oidc::token)))
        .route("/oidc/auth", get(handler(emulator, authorization::authorize)));
    // A person's browser is no client that faults are for.
    finish(routes, emulator, |_, path| (path == "/oidc/token").then_some(Place::Token), port)
}

/// The object storage: every path is an object's.
fn storage(emulator: &Arc<Emulator>, port: u16) -> Router {
    finish(
        Router::new().route("/{*object}", any(streaming(emulator, storage::serve))),
        emulator,
        |_, _| Some(Place::Upload),
        port,
    )
}

/// Which part of the platform a request to the API is for; `None` for parts that no fault knows.
fn place_of(method: &Method, path: &str) -> Option<Place> {
    let mut parts = path.split('/').skip(1);
    let parts = [parts.next(), parts.next(), parts.next(), parts.next()].map(Option::unwrap_or_default);
    match parts {
        ["client-apps", ..] => Some(Place::ClientApps),
        [_, _, "results", ..] => Some(Place::Results),
        ["projects", ..] => Some(Place::Policy),
        _ if *method == Method::POST => Some(Place::Start),
        ["project", _, "scan", _] => Some(Place::Status),
        ["project" | "organizations" | "user", ..] => Some(Place::Project),
        _ => None,
    }
}

/// What the gateway says in the place of a handler.
fn refuse(status: StatusCode) -> Response {
    let message = match status {
        StatusCode::TOO_MANY_REQUESTS => "ThrottlerException: Too Many Requests",
        StatusCode::FORBIDDEN => "Forbidden resource",
        _ => status.canonical_reason().unwrap_or_default(),
    };
    Refusal::gateway(status, message).into_response()
}

fn finish(router: Router, emulator: &Arc<Emulator>, place_of: fn(&Method, &str) -> Option<Place>, port: u16) -> Router {
    let edge = Arc::new(Edge { core: Arc::clone(&emulator.core), port, place_of, refuse });
    router
        .fallback(unread(emulator, refusal::no_such_route))
        .method_not_allowed_fallback(unread(emulator, refusal::no_such_route))
        .layer(layer(&edge, edge::pass))
        // Outermost, so that a fault's refusal gets a body as well.
        .layer(layer(emulator, refusal::write_body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_belongs_to_its_place() {
        let place = |method: Method, path: &str| place_of(&method, path);
        assert_eq!(place(Method::GET, "/client-apps"), Some(Place::ClientApps));
        assert_eq!(place(Method::POST, "/project/p/scan/start"), Some(Place::Start));
        assert_eq!(place(Method::GET, "/project/p/scan/s"), Some(Place::Status));
        assert_eq!(place(Method::GET, "/project/p/results/sca/grouped"), Some(Place::Results));
        assert_eq!(place(Method::GET, "/projects/p/scans/s/violations"), Some(Place::Policy));
        assert_eq!(place(Method::GET, "/project/p"), Some(Place::Project));
        assert_eq!(place(Method::GET, "/"), None);
    }
}
