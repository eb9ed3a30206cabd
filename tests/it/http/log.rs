//! What `-v` shows of requests.
#![expect(clippy::unwrap_used, reason = "a test's fixture that fails has to fail the test")]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use scangate::credentials::Secret;
use scangate::http::{Authorizer, Call, Session};
use tracing_subscriber::fmt::MakeWriter;

use super::client;
use super::server::{Server, answer};

/// Log lines in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn each_attempt_is_one_line_without_query_headers_body_and_secrets() {
    let server = Server::start([
        answer(503, "retry-after: 3\nx-request-id: r-1\n", "a body for nobody"),
        answer(200, "x-request-id: echo key-0123456789\n", "\"a body for nobody\""),
    ])
    .await;
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_ansi(false)
        .without_time()
        .with_writer(log.clone())
        .finish();
    let key = Secret::new("key-0123456789").unwrap();
    let client = client().unwrap();
    client.redactor().learn(&key);
    let session = Session::new(client, &server.url("/"), Authorizer::bearer(key));
    {
        let _guard = tracing::subscriber::set_default(subscriber);
        session.json::<String>(Call::get(server.url("/list?cursor=hidden"))).await.unwrap();
    }
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> =
        text.lines().filter(|line| line.contains("scangate::http") && line.contains("request ")).collect();
    assert_eq!(lines.len(), 2, "{text}");
    for part in [r#"method="GET""#, "/list ", "attempt=1", "status=503", r#"request_id="r-1""#, "answered 503"] {
        assert!(lines[0].contains(part), "{part}: {}", lines[0]);
    }
    for part in ["attempt=2", "status=200", r#"request_id="echo ***""#, "milliseconds="] {
        assert!(lines[1].contains(part), "{part}: {}", lines[1]);
    }
    for absent in ["hidden", "Bearer", "key-0123456789", "nobody"] {
        assert!(!text.contains(absent), "{absent}: {text}");
    }
}
