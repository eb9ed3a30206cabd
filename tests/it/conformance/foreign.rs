//! Servers that say what the sandbox cannot.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;

use super::row::Row;

/// Another origin, which counts who comes.
pub(super) struct Foreign {
    origin: String,
    connections: Arc<AtomicUsize>,
}

impl Foreign {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { origin, connections }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// A platform that says back all that it was sent, credentials included.
pub(super) struct Echo {
    pub(super) origin: String,
    /// Everything that was ever sent.
    heard: Arc<Mutex<String>>,
}

impl Echo {
    /// The token that it gives out for a credential.
    pub(super) const TOKEN: &str = "derived-0123456789-token";

    /// Answers with this status. Where it lets clients in, what signs them in is answered as the platform does.
    pub(super) async fn start(row: &Row, status: u16, lets_in: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(String::new()));
        let (platform, status) = (row.platform, StatusCode::from_u16(status).unwrap());
        let ear = Arc::clone(&heard);
        let answer = async move |uri: Uri, headers: HeaderMap, body: Bytes| {
            let said = format!("{uri} {headers:?} {}", String::from_utf8_lossy(&body));
            ear.lock().unwrap().push_str(&said);
            match Row::signs_in(platform, uri.path(), Self::TOKEN) {
                // The application's name is no secret, and without it nothing else is asked.
                Some((is_public, answer)) if is_public || lets_in => (StatusCode::OK, Json(answer)),
                _ => (
                    status,
                    Json(json!({
                        "message": said, "detail": said, "error": said, "error_description": said, "code": said,
                        "success": false, "id": said, "status": said, "scanId": said, "url": said, "data": [said],
                    })),
                ),
            }
        };
        let router = Router::new().fallback(answer);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { origin, heard }
    }

    /// Whether one of these was ever sent.
    pub(super) fn heard(&self, secrets: &[String]) -> bool {
        let heard = self.heard.lock().unwrap();
        secrets.iter().any(|secret| heard.contains(secret))
    }
}
