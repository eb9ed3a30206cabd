//! A server on loopback that follows a script: one act a connection.
#![expect(clippy::unwrap_used, reason = "a test's server that fails has to fail the test")]

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// What the server does with one request.
#[derive(Clone)]
pub(crate) enum Act {
    /// Writes these bytes and closes the connection.
    Write(Vec<u8>),
    /// Never answers.
    Stall,
    /// Does something while the client waits, and then the other act.
    After(Arc<dyn Fn() + Send + Sync>, Box<Self>),
}

/// A request as it came over the wire.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// `GET /path?query HTTP/1.1`.
    pub(crate) line: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(&self.body).into_owned().collect()
    }
}

pub(crate) struct Server {
    origin: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Starts a server that plays the acts in order. A request too many is answered with 418.
    pub(crate) async fn start(acts: impl IntoIterator<Item = Act>) -> Self {
        Self::start_with(|_| acts).await
    }

    /// The same with acts that have the server's own origin in them.
    pub(crate) async fn start_with<A: IntoIterator<Item = Act>>(acts: impl FnOnce(&str) -> A) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut acts = acts(&origin).into_iter().collect::<Vec<_>>().into_iter();
        let sink = Arc::clone(&seen);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let Some(request) = read(&mut stream).await else { continue };
                sink.lock().unwrap().push(request);
                let act = acts.next().unwrap_or_else(|| answer(418, "", "no act is left"));
                tokio::spawn(play(stream, act));
            }
        });
        Self { origin, seen }
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("{}{path}", self.origin)).unwrap()
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

/// A whole answer with the headers, each ended by a line break, and the body.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> Act {
    answer_bytes(status, headers, body.as_bytes())
}

pub(crate) fn answer_bytes(status: u16, headers: &str, body: &[u8]) -> Act {
    let headers = headers.replace('\n', "\r\n");
    let head = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    Act::Write([head.as_bytes(), body].concat())
}

/// An answer that promises more bytes than come.
pub(crate) fn cut(body: &str) -> Act {
    let head =
        format!("HTTP/1.1 200 X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len() + 10);
    Act::Write([head.as_bytes(), body.as_bytes()].concat())
}

/// An address of this machine at which nobody listens.
pub(crate) async fn deserted() -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap()
}

async fn read(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let line = lines.next().unwrap_or_default().to_owned();
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let mut seen = Seen { line, headers, body: bytes[end + 4..].to_vec() };
    let length = seen.header("content-length").map_or(0, |length| length.parse().unwrap());
    while seen.body.len() < length {
        if stream.read_buf(&mut seen.body).await.ok()? == 0 {
            return None;
        }
    }
    Some(seen)
}

async fn play(mut stream: TcpStream, act: Act) {
    match act {
        Act::Write(bytes) => {
            // The client may have seen enough and be gone.
            drop(stream.write_all(&bytes).await);
            drop(stream.shutdown().await);
        }
        Act::After(first, then) => {
            first();
            Box::pin(play(stream, *then)).await;
        }
        Act::Stall => std::future::pending().await,
    }
}
