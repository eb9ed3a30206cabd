//! Files go out whole, with their exact length, and anew for each attempt.
#![expect(clippy::unwrap_used, reason = "a test's fixture that fails has to fail the test")]

use std::io::Write as _;

use scangate::error::Class;
use scangate::http::Call;
use tempfile::NamedTempFile;

use super::server::{Act, Server, answer};
use super::{client, is};

const LENGTH: u64 = 700_001;

fn archive() -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(&content()).unwrap();
    file
}

fn content() -> Vec<u8> {
    (0..LENGTH).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

#[tokio::test]
async fn an_upload_carries_its_length_and_is_not_chunked() {
    let (file, server) = (archive(), Server::start([answer(200, "", "")]).await);
    let call = Call::put_file(server.url("/object?signature=hidden"), file.path().to_owned(), LENGTH);
    let reply = client().unwrap().send(call.header("content-type", "application/zip")).await.unwrap();
    assert!(!reply.repeated);
    let seen = server.seen().remove(0);
    assert_eq!(seen.line, "PUT /object?signature=hidden HTTP/1.1");
    assert_eq!(seen.header("content-length"), Some(LENGTH.to_string().as_str()));
    assert_eq!((seen.header("transfer-encoding"), seen.header("authorization")), (None, None));
    assert_eq!(seen.header("content-type"), Some("application/zip"));
    assert!(seen.body == content());
}

#[tokio::test]
async fn an_upload_is_read_from_its_beginning_for_each_attempt() {
    let (file, server) =
        (archive(), Server::start([answer(503, "", ""), Act::Write(Vec::new()), answer(200, "", "")]).await);
    let call = Call::put_file(server.url("/object"), file.path().to_owned(), LENGTH);
    let reply = client().unwrap().send(call).await.unwrap();
    assert!(reply.repeated);
    assert_eq!(server.count(), 3);
    assert!(server.seen().iter().all(|seen| seen.body == content()));
}

#[tokio::test]
async fn a_file_that_was_changed_or_is_gone_is_not_sent() {
    let server = Server::start([]).await;
    let mut file = archive();
    file.write_all(b"more").unwrap();
    let call = Call::put_file(server.url("/object?signature=hidden"), file.path().to_owned(), LENGTH);
    let error = client().unwrap().send(call).await.unwrap_err();
    assert!(is(&error, Class::Usage) && error.is_unsent());
    assert!(error.to_string().ends_with("has 700005 bytes and had 700001: it was changed"), "{error}");

    let gone = file.path().with_extension("gone");
    let error = client().unwrap().send(Call::put_file(server.url("/object"), gone.clone(), LENGTH)).await.unwrap_err();
    assert!(is(&error, Class::Usage) && error.to_string().contains(gone.to_str().unwrap()), "{error}");
    assert_eq!(server.count(), 0);
}
