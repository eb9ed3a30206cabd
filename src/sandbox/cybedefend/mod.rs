//! CybeDefend's dialect: API, identity provider and object storage, as in `contracts/cybedefend.md`.
//!
//! The state is pure and advances with the clock; nothing runs in the background. A request first goes through [`edge`], where
//! faults strike, then reaches a handler, and a refusal gets its body on the way back ([`refusal`]).

mod client_apps;
mod edge;
mod elements;
mod finding;
mod grouped;
mod hostile;
mod oidc;
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
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get, patch, post};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use super::entropy::Entropy;
use super::fault::Faults;
use super::options::SandboxOptions;
use crate::clock::Clock;
use crate::credentials::Secret;
use edge::{Edge, Origin};
use store::Store;
use token::Tokens;

/// The URLs of the three origins, without a slash at the end.
pub(super) struct Origins {
    pub(super) api: String,
    pub(super) auth: String,
    pub(super) storage: String,
}

/// The emulated platform.
pub(super) struct Emulator {
    clock: Clock,
    entropy: Entropy,
    faults: Faults,
    options: SandboxOptions,
    origins: Origins,
    pat: Secret,
    project_id: String,
    organization_id: String,
    client_ids: ClientIds,
    store: Mutex<Store>,
    tokens: Mutex<Tokens>,
    pat_revoked: AtomicBool,
    /// When the last request came, in milliseconds of the clock's monotonic time.
    last_request: AtomicU64,
    stop: watch::Sender<bool>,
}

/// The ids of the three client applications (contract section 1.2).
struct ClientIds {
    cli: String,
    vscode: String,
    intellij: String,
}

impl Emulator {
    pub(super) fn new(
        mut options: SandboxOptions,
        origins: Origins,
        entropy: Entropy,
        stop: watch::Sender<bool>,
    ) -> io::Result<Self> {
        let random_pat = format!("pat_{}", entropy.word(32));
        let pat = options.pat.take().or_else(|| Secret::new(&random_pat));
        let clock = options.clock.clone();
        let emulator = Self {
            faults: Faults::new(std::mem::take(&mut options.faults)),
            pat: pat.ok_or_else(|| io::Error::other("no personal access token could be made"))?,
            project_id: options.project_id.take().unwrap_or_else(|| entropy.uuid()),
            organization_id: entropy.uuid(),
            client_ids: ClientIds { cli: entropy.word(21), vscode: entropy.word(21), intellij: entropy.word(21) },
            store: Mutex::default(),
            tokens: Mutex::default(),
            pat_revoked: AtomicBool::new(false),
            last_request: AtomicU64::new(0),
            stop,
            clock,
            entropy,
            options,
            origins,
        };
        emulator.touch();
        Ok(emulator)
    }

    pub(super) fn pat(&self) -> &Secret {
        &self.pat
    }

    pub(super) fn project_id(&self) -> &str {
        &self.project_id
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// How long the sandbox may still wait for a request; zero when the idle time is over.
    pub(super) fn idle_left(&self) -> Duration {
        let last = Duration::from_millis(self.last_request.load(Ordering::SeqCst));
        (last + self.options.idle).saturating_sub(self.clock.monotonic())
    }

    fn touch(&self) {
        let now = u64::try_from(self.clock.monotonic().as_millis()).unwrap_or(u64::MAX);
        self.last_request.store(now, Ordering::SeqCst);
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
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

    /// The audience that access tokens must be for.
    fn resource(&self) -> &str {
        self.options.resource.as_deref().unwrap_or(&self.origins.api)
    }
}

/// The one thread that panics with a lock held does not make the state worse than it is.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A moment some time after another, held at the last moment that can be written.
fn after(moment: Timestamp, duration: Duration) -> Timestamp {
    SignedDuration::try_from(duration)
        .ok()
        .and_then(|duration| moment.checked_add(duration).ok())
        .unwrap_or(Timestamp::MAX)
}

/// A moment as the API writes it: RFC 3339 with milliseconds.
fn written(moment: Timestamp) -> String {
    format!("{moment:.3}")
}

/// The API's routes.
pub(super) fn api(emulator: &Arc<Emulator>, port: u16) -> Router {
    let protected = Router::new()
        .route("/organizations", get(project::organizations))
        .route("/organization/{organization}/projects", get(project::of_organization))
        .route("/user/profile", get(project::profile))
        .route("/project/{project}", get(project::show))
        .route("/project/{project}/branches", get(project::branches))
        .route("/project/{project}/scan/start", post(scans::start))
        .route("/project/{project}/scan/container/start", post(scans::start_container))
        .route("/project/{project}/github/start-scan", post(scans::start_linked))
        .route("/project/{project}/scan/{scan}", get(scans::show))
        .route("/integrations/gitlab/project/{project}/start-scan", post(scans::start_linked))
        .route("/integrations/{registry}/container-registry/project/{project}/scan", post(scans::start_registry))
        .route("/integrations/github-container-registry/project/{project}/scan", post(scans::start_github_registry))
        .route("/project/{project}/results/overview", get(results::overview))
        .route("/project/{project}/results/batch", patch(triage::update_many))
        .route("/project/{project}/results/{family}", get(results::list).patch(triage::update))
        .route("/project/{project}/results/{family}/grouped", get(grouped::list))
        .route("/project/{project}/results/{family}/{finding}", get(results::show))
        .route("/projects/{project}/scans/{scan}/evaluation-status", get(policy::evaluation_status))
        .route("/projects/{project}/scans/{scan}/violations", get(policy::violations))
        .route("/projects/{project}/scans/{scan}/compliance", get(policy::compliance))
        .route("/projects/{project}/effective-policies", get(policy::effective_policies))
        .route_layer(from_fn_with_state(Arc::clone(emulator), token::authorise));
    let open = Router::new().route("/", get(client_apps::root)).route("/client-apps", get(client_apps::client_apps));
    finish(open.merge(protected), emulator, Origin::Api, port)
}

/// The identity provider's routes.
pub(super) fn auth(emulator: &Arc<Emulator>, port: u16) -> Router {
    finish(Router::new().route("/oidc/token", post(oidc::token)), emulator, Origin::Auth, port)
}

/// The object storage: every path is an object's.
pub(super) fn storage(emulator: &Arc<Emulator>, port: u16) -> Router {
    finish(Router::new().route("/{*object}", any(storage::serve)), emulator, Origin::Storage, port)
}

fn finish(router: Router<Arc<Emulator>>, emulator: &Arc<Emulator>, origin: Origin, port: u16) -> Router {
    let edge = Edge { emulator: Arc::clone(emulator), origin, port };
    router
        .fallback(refusal::no_such_route)
        .method_not_allowed_fallback(refusal::no_such_route)
        .layer(from_fn_with_state(edge, edge::pass))
        // Outermost, so that a fault's refusal gets a body as well.
        .layer(from_fn_with_state(Arc::clone(emulator), refusal::write_body))
        .with_state(Arc::clone(emulator))
}
