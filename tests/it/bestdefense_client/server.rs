//! A platform of a few lines: what it answers is up to each test, and what it was asked is on record.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse as _, Response};
use scangate::clock::Clock;
use scangate::credentials::{Credential, Form, Secret};
use scangate::finding::ScanReference;
use scangate::http::{Client, Options, Redactor};
use scangate::platform::bestdefense::BestDefense;
use scangate::platform::{Collected, Error, Platform as _, Request, ScanState, Subject};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

pub(super) const TOKEN: &str = "bd_0123456789abcdefghijklmnop";
pub(super) const HOST: &str = "shop.example.com";
pub(super) const SITE: &str = "7b9d3a52-5c6f-4b0e-9f0a-1d2c3b4a5f60";
pub(super) const REPORT: &str = "0f4c1d2e-8a7b-4c3d-9e1f-1234567890ab";
pub(super) const SECURITY: u64 = 12_345;

/// A request as the server saw it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) method: String,
    /// The path without `/api/`.
    pub(super) path: String,
    pub(super) query: String,
    pub(super) authorization: Option<String>,
    pub(super) accept: Option<String>,
    pub(super) body: String,
}

/// An answer: a status, headers and a body.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn json(status: u16, document: &Value) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self { status, headers, body: document.to_string() }
    }

    /// A standard envelope around `data`.
    pub(super) fn data(data: &Value) -> Self {
        Self::json(200, &json!({ "success": true, "message": "", "data": data, "error": null }))
    }

    pub(super) fn text(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

type Script = Box<dyn FnMut(&Seen) -> Option<Answer> + Send>;

struct Shared {
    script: Script,
    seen: Vec<Seen>,
}

/// A running platform, of which a test changes what it is about.
#[derive(Clone)]
pub(super) struct Server {
    shared: Arc<Mutex<Shared>>,
    pub(super) base: Url,
    pub(super) clock: Clock,
}

impl Server {
    /// Serves on a free port. `script` answers what it wants to; the rest is answered as by a platform on which all is well.
    pub(super) async fn start(script: impl FnMut(&Seen) -> Option<Answer> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let shared = Arc::new(Mutex::new(Shared { script: Box::new(script), seen: Vec::new() }));
        let router = axum::Router::new().fallback(answer).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { shared, base, clock: Clock::simulated("2026-11-22T10:00:00Z".parse().unwrap()) }
    }

    /// A platform whose alerts have this `data`.
    pub(super) async fn with_alerts(data: Value) -> Self {
        Self::start(move |seen| seen.is_alerts().then(|| Answer::data(&data))).await
    }

    /// A platform that answers one path, without `/api/`, with what `answer` makes.
    pub(super) async fn at(path: &'static str, mut answer: impl FnMut() -> Answer + Send + 'static) -> Self {
        Self::start(move |seen| (seen.path == path).then(&mut answer)).await
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.shared.lock().unwrap().seen.clone()
    }

    /// How many requests came whose path, without `/api/`, ends so.
    pub(super) fn count(&self, end: &str) -> usize {
        self.seen().iter().filter(|seen| seen.path.ends_with(end)).count()
    }

    pub(super) async fn sign_in_with(&self, change: impl FnOnce(&mut Request)) -> Result<BestDefense, Error> {
        let deadline = std::time::Duration::from_hours(1);
        let client = Client::new(&Options::default(), self.clock.clone(), deadline, Redactor::default()).unwrap();
        let form = Form::Token { secret: Secret::new(TOKEN).unwrap(), previous: None };
        let mut request = Request::new(Credential::new(form, "BD_API_TOKEN"));
        request.api_url = Some(self.base.clone());
        request.target = Some(HOST.to_owned());
        change(&mut request);
        BestDefense::sign_in(client, request).await
    }

    pub(super) async fn start_scan(&self, target: &str) -> Result<ScanReference, Error> {
        self.start_scan_with(target, |_| {}).await
    }

    pub(super) async fn start_scan_with(
        &self,
        target: &str,
        change: impl FnOnce(&mut Request),
    ) -> Result<ScanReference, Error> {
        let platform = self.sign_in_with(change).await?;
        let mut created = Vec::new();
        let scan =
            platform.start(&Subject::Target(target.to_owned()), &mut |scan| created.push(scan.id.clone())).await?;
        assert_eq!(created.join(" "), scan.id, "the id is told once");
        Ok(scan)
    }

    pub(super) async fn check(&self) -> Result<ScanState, Error> {
        self.sign_in_with(|_| {}).await?.check(&scan()).await
    }

    pub(super) async fn collect(&self) -> Result<Collected, Error> {
        self.sign_in_with(|_| {}).await?.findings(&scan()).await
    }
}

impl Seen {
    pub(super) fn is_alerts(&self) -> bool {
        self.path == format!("report/vortex/{SECURITY}/alerts")
    }
}

pub(super) fn scan() -> ScanReference {
    ScanReference { id: REPORT.to_owned(), url: None }
}

async fn answer(
    State(shared): State<Arc<Mutex<Shared>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let seen = Seen {
        method: method.to_string(),
        path: uri.path().trim_start_matches("/api/").to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        authorization: header("authorization"),
        accept: header("accept"),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let answer = {
        let mut shared = shared.lock().unwrap();
        shared.seen.push(seen.clone());
        (shared.script)(&seen).unwrap_or_else(|| usual(&seen))
    };
    let mut response = (axum::http::StatusCode::from_u16(answer.status).unwrap(), answer.body).into_response();
    for (name, value) in answer.headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

fn usual(seen: &Seen) -> Answer {
    if seen.authorization.as_deref() != Some(&format!("Bearer {TOKEN}")) {
        return Answer::json(401, &json!({ "success": false, "error": "Unauthorized" }));
    }
    match (seen.method.as_str(), seen.path.as_str()) {
        ("GET", "sites") => Answer::data(&json!({ "sites": [
            { "id": "11111111-2222-4333-8444-555555555555", "hostname": "other.example.com" }, { "id": SITE, "hostname": HOST },
        ] })),
        ("POST", path) if path == format!("report/create/for-target/{SITE}") => {
            Answer::json(201, &json!({ "success": true, "message": "Report created", "status": 200, "id": REPORT }))
        }
        ("GET", path) if path == format!("report/{REPORT}/progress") => Answer::data(&json!({ "isCompleted": true })),
        ("GET", path) if path == format!("report/{REPORT}/overview") => {
            Answer::data(&json!({ "security": { "id": SECURITY }, "seo": null }))
        }
        ("GET", _) if seen.is_alerts() => {
            Answer::data(&json!({ "riskSummary": { "critical": 0, "high": 0 }, "alerts": [] }))
        }
        _ => {
            Answer::json(404, &json!({ "success": false, "message": "Not found", "data": null, "error": "Not found" }))
        }
    }
}
