//! A platform of a few lines: what it answers is up to each test, and what it was asked is on record.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use scangate::clock::Clock;
use scangate::credentials::{Credential, Form, Secret};
use scangate::finding::ScanReference;
use scangate::http::{Client, Options, Redactor};
use scangate::platform::cybedefend::CybeDefend;
use scangate::platform::{Error, Platform as _, Request, Subject};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

pub(super) const PAT: &str = "pat_0123456789abcdefghij";
pub(super) const PROJECT: &str = "0b7f2a70-54c1-4a0c-9d52-4f9f6a3c1d10";
pub(super) const SCAN: &str = "5d1c7b0e-2f0a-4a44-8f0f-0a1b2c3d4e5f";
pub(super) const FAMILIES: [&str; 6] = ["sast", "iac", "secret", "cicd", "sca", "container"];

/// A request as the server saw it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) authorization: Option<String>,
    pub(super) body: String,
}

impl Seen {
    /// The family and page of a list that is asked for.
    pub(super) fn list(&self) -> Option<(&str, u64)> {
        let family = self.path.strip_prefix(&format!("/project/{PROJECT}/results/"))?;
        Some((family, self.parameter("pageNumber")?.parse().ok()?))
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

type Script = Box<dyn FnMut(&Seen) -> Option<(u16, Value)> + Send>;

struct Shared {
    script: Script,
    seen: Vec<Seen>,
    tokens: u32,
}

/// A running platform with API, identity provider and project, of which a test changes what it is about.
#[derive(Clone)]
pub(super) struct Server {
    shared: Arc<Mutex<Shared>>,
    pub(super) base: Url,
}

impl Server {
    /// Serves on a free port. `script` answers what it wants to; the rest is answered as by a platform on which all is well.
    pub(super) async fn start(script: impl FnMut(&Seen) -> Option<(u16, Value)> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let shared = Arc::new(Mutex::new(Shared { script: Box::new(script), seen: Vec::new(), tokens: 0 }));
        let router = axum::Router::new().fallback(answer).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { shared, base }
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.shared.lock().unwrap().seen.clone()
    }

    /// How many requests of this path came.
    pub(super) fn count(&self, path: &str) -> usize {
        self.seen().iter().filter(|seen| seen.path == path).count()
    }

    pub(super) fn request(&self) -> Request {
        let secret = Secret::new(PAT).unwrap();
        let form = Form::Token { secret, previous: None };
        Request {
            api_url: Some(self.base.clone()),
            auth_url: Some(self.base.clone()),
            project_id: Some(PROJECT.to_owned()),
            branch: Some("main".to_owned()),
            ..Request::new(Credential::new(form, "CYBEDEFEND_PAT"))
        }
    }

    /// A signed-in session whose waits take no real time.
    pub(super) async fn sign_in(&self) -> Result<CybeDefend, Error> {
        CybeDefend::sign_in(client(&clock()), self.request()).await
    }
}

pub(super) fn clock() -> Clock {
    Clock::simulated("2026-11-22T10:00:00Z".parse().unwrap())
}

pub(super) fn client(clock: &Clock) -> Client {
    let deadline = clock.monotonic() + std::time::Duration::from_hours(1);
    Client::new(&Options::default(), clock.clone(), deadline, Redactor::default()).unwrap()
}

pub(super) fn scan() -> ScanReference {
    ScanReference { id: SCAN.to_owned(), url: None }
}

async fn answer(
    State(shared): State<Arc<Mutex<Shared>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let seen = Seen {
        method: method.to_string(),
        path: uri.path().to_owned(),
        query: url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect(),
        authorization: headers.get("authorization").map(|value| value.to_str().unwrap().to_owned()),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let mut shared = shared.lock().unwrap();
    shared.seen.push(seen.clone());
    let (status, document) = match (shared.script)(&seen) {
        Some(scripted) => scripted,
        None => usual(&seen, &mut shared.tokens),
    };
    (StatusCode::from_u16(status).unwrap(), axum::Json(document)).into_response()
}

fn usual(seen: &Seen, tokens: &mut u32) -> (u16, Value) {
    match seen.path.as_str() {
        "/client-apps" => return (200, json!({"cli": {"appId": "cli-app"}})),
        "/oidc/token" => {
            *tokens += 1;
            let token = format!("access-token-{tokens}");
            return (200, json!({"access_token": token, "token_type": "Bearer", "expires_in": 600, "scope": ""}));
        }
        _ => {}
    }
    if seen.authorization.as_deref() != Some(&format!("Bearer access-token-{tokens}")) {
        return (401, json!({"statusCode": 401, "message": "Unauthorized"}));
    }
    if seen.list().is_some() {
        return (200, page(0, 0, []));
    }
    if seen.path == format!("/project/{PROJECT}/scan/{SCAN}") {
        return (200, json!({"id": SCAN, "state": "completed", "progress": 100, "step": "done", "containers": []}));
    }
    if seen.path == format!("/project/{PROJECT}") {
        return (200, json!({"projectId": PROJECT, "name": "demo"}));
    }
    (404, json!({"statusCode": 404, "message": "Cannot find it"}))
}

/// A page of a list whose rows have these ids.
pub(super) fn page(total: u64, total_pages: u64, ids: impl IntoIterator<Item = u64>) -> Value {
    let rows: Vec<Value> = ids.into_iter().map(row).collect();
    json!({"projectId": PROJECT, "total": total, "totalPages": total_pages, "vulnerabilities": rows,
           "scanProjectInfo": {"scanId": SCAN, "state": "completed"}})
}

fn row(id: u64) -> Value {
    json!({"base": {"id": format!("row-{id}"), "currentState": "to_verify", "currentSeverity": "high", "path": "src/a.py",
                    "vulnerableStartLine": id + 1, "vulnerability": {"id": "rule", "name": "Rule", "cwe": ["CWE-89"]}}})
}

/// What a storage does with an upload.
#[derive(Clone, Copy)]
pub(super) enum Reaction {
    /// Takes the bytes and closes the connection without an answer.
    Cut,
    /// Answers with a status and an XML body.
    Answer(u16, &'static str),
}

/// An upload as the storage saw it: the head in lower case, and the body.
#[derive(Clone)]
pub(super) struct Upload {
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

/// An object storage on a bare socket, where a connection can be cut. It reacts to one upload after another.
#[derive(Clone)]
pub(super) struct Storage {
    uploads: Arc<Mutex<Vec<Upload>>>,
    pub(super) base: Url,
}

impl Storage {
    pub(super) async fn start(reactions: &'static [Reaction]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = Url::parse(&format!("http://{}/bucket/object", listener.local_addr().unwrap())).unwrap();
        let uploads = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&uploads);
        tokio::spawn(async move {
            for reaction in reactions {
                let (mut stream, _) = listener.accept().await.unwrap();
                let upload = read_upload(&mut stream).await;
                record.lock().unwrap().push(upload);
                if let Reaction::Answer(status, body) = reaction {
                    let head =
                        format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
                    stream.write_all((head + body).as_bytes()).await.unwrap();
                    stream.shutdown().await.unwrap();
                }
            }
        });
        Self { uploads, base }
    }

    pub(super) fn uploads(&self) -> Vec<Upload> {
        self.uploads.lock().unwrap().clone()
    }

    /// A signed address here, for the `nth` scan.
    pub(super) fn signed(&self, nth: usize) -> String {
        format!("{}?X-Amz-Expires=900&X-Amz-Signature=feedfacefeedfacefeedface{nth}", self.base)
    }
}

async fn read_upload(stream: &mut TcpStream) -> Upload {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        assert!(stream.read_buf(&mut bytes).await.unwrap() > 0, "the upload ended within its head");
    };
    let mut body = bytes.split_off(head_end);
    let head = String::from_utf8(bytes).unwrap().to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
    while body.len() < length {
        assert!(stream.read_buf(&mut body).await.unwrap() > 0, "the upload ended within its body");
    }
    Upload { head, body }
}

/// An archive on disk, and the folder that keeps it.
pub(super) fn archive() -> (tempfile::TempDir, Subject, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("source.zip");
    let bytes = b"PK archive ".repeat(20_000);
    fs_err::write(&path, &bytes).unwrap();
    let subject = Subject::Archive { path, length: bytes.len() as u64 };
    (folder, subject, bytes)
}
