//! A raw HTTP/1.1 client and the few steps that nearly every test takes first.

use std::fmt::Write as _;
use std::io::{self, Cursor, Write as _};
use std::time::Duration;

use scangate::clock::Clock;
use scangate::sandbox::{SandboxOptions, Server};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::served::in_process;

/// An answer as it came over the wire.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Whether as many bytes came as were announced.
    pub(super) fn is_whole(&self) -> bool {
        self.header("content-length").is_none_or(|length| length.parse() == Ok(self.body.len()))
    }
}

/// Sends one request on a connection of its own. `Host` and `Content-Length` are added unless they are given.
pub(super) async fn send(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: impl AsRef<[u8]>,
) -> io::Result<Reply> {
    let rest = url.strip_prefix("http://").unwrap();
    let (authority, path) = rest.split_at(rest.find('/').unwrap());
    let body = body.as_ref();
    let given = |name: &str| headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    if !given("host") {
        write!(head, "Host: {authority}\r\n").unwrap();
    }
    if !given("content-length") && !given("transfer-encoding") {
        write!(head, "Content-Length: {}\r\n", body.len()).unwrap();
    }
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    head += "\r\n";
    let mut stream = TcpStream::connect(authority).await?;
    stream.write_all(head.as_bytes()).await?;
    // A server may answer and close before it has read everything.
    let sent = stream.write_all(body).await;
    let mut answer = Vec::new();
    let received = stream.read_to_end(&mut answer).await;
    if answer.is_empty() {
        sent?;
        received?;
    }
    parse(&answer).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

fn parse(answer: &[u8]) -> Option<Reply> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.into(), value.into())).collect();
    Some(Reply { status, headers, body: answer[end + 4..].to_vec() })
}

/// A zip of these files.
pub(super) fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A small tree with something in each family that an upload can have.
pub(crate) const CARELESS: &[(&str, &str)] = &[
    ("app/main.py", "import os\nos.system(command)\n"),
    ("app/settings.py", "db_password = \"correct-horse-battery\"\n"),
    ("requirements.txt", "PyYAML==5.3.1\nflask\n"),
    ("Dockerfile", "FROM python\nUSER root\n"),
    (".github/workflows/ci.yml", "jobs:\n  a:\n    steps:\n      - uses: actions/checkout@v4\n"),
];

/// A sandbox on a clock that only the test moves, and a session with it.
pub(super) struct Session {
    pub(super) server: Server,
    pub(super) clock: Clock,
    pub(super) token: String,
}

impl Session {
    pub(super) async fn start(faults: &[&str]) -> Self {
        Self::with(faults, |_| {}).await
    }

    pub(super) async fn with(faults: &[&str], change: impl FnOnce(&mut SandboxOptions)) -> Self {
        let (server, clock) = in_process(faults, change).await;
        let mut session = Self { server, clock, token: String::new() };
        session.log_in().await;
        session
    }

    pub(super) async fn cli_app(&self) -> String {
        let apps = send("GET", &format!("{}/client-apps", self.server.api_url()), &[], "").await.unwrap();
        apps.json()["cli"]["appId"].as_str().unwrap().to_owned()
    }

    /// The form of a proper exchange.
    pub(super) async fn form(&self) -> Vec<(&'static str, String)> {
        vec![
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange".to_owned()),
            ("client_id", self.cli_app().await),
            ("subject_token", self.server.pat().expose().to_owned()),
            ("subject_token_type", "urn:logto:token-type:personal_access_token".to_owned()),
            ("resource", self.server.api_url().to_owned()),
        ]
    }

    pub(super) async fn exchange(&self, form: &[(&str, String)]) -> Reply {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form);
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        send("POST", &format!("{}/oidc/token", self.server.auth_url()), &headers, body.finish()).await.unwrap()
    }

    pub(super) async fn log_in(&mut self) {
        let reply = self.exchange(&self.form().await).await;
        reply.json()["access_token"].as_str().unwrap_or_default().clone_into(&mut self.token);
    }

    pub(super) async fn try_call(&self, method: &str, path: &str, body: &str) -> io::Result<Reply> {
        let path = path.replace("{p}", self.server.project_id());
        let bearer = format!("Bearer {}", self.token);
        let mut headers = vec![("Authorization", bearer.as_str())];
        if !body.is_empty() {
            headers.push(("Content-Type", "application/json"));
        }
        send(method, &format!("{}{path}", self.server.api_url()), &headers, body).await
    }

    pub(super) async fn call(&self, method: &str, path: &str, body: &str) -> Reply {
        self.try_call(method, path, body).await.unwrap()
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, "").await
    }

    /// Starts a scan; its id and the upload URL.
    pub(super) async fn start_scan(&self, branch: &str) -> (String, String) {
        let reply = self.call("POST", "/project/{p}/scan/start", &format!(r#"{{"branch":"{branch}"}}"#)).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let text = |name: &str| reply.json()[name].as_str().unwrap().to_owned();
        (text("scanId"), text("url"))
    }

    pub(super) async fn upload(&self, url: &str, archive: &[u8]) -> io::Result<Reply> {
        send("PUT", url, &[("Content-Type", "application/zip")], archive).await
    }

    /// A scan of these files from start to end.
    pub(super) async fn scan(&self, branch: &str, files: &[(&str, &str)]) -> String {
        let (scan, url) = self.start_scan(branch).await;
        assert_eq!(self.upload(&url, &archive(files)).await.unwrap().status, 200);
        self.clock.advance(Duration::from_secs(30));
        scan
    }

    pub(super) async fn status(&self, scan: &str) -> Value {
        self.get(&format!("/project/{{p}}/scan/{scan}")).await.json()
    }

    /// A list; `query` starts with `?` or is empty.
    pub(super) async fn list(&self, family: &str, query: &str) -> Value {
        let reply = self.get(&format!("/project/{{p}}/results/{family}{query}")).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }
}
