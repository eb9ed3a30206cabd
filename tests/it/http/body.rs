//! Answers: bounded, decoded as they come, and explained when they cannot be understood.
#![expect(clippy::unwrap_used, reason = "a test's fixture that fails has to fail the test")]

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use scangate::credentials::Secret;
use scangate::error::Class;
use scangate::http::{Call, Error};
use serde::Deserialize;
use serde_json::{Value, json};

use super::server::{Act, Server, answer, answer_bytes};
use super::{client, everything, is};

#[derive(Debug, Deserialize)]
struct Page {
    rows: Vec<Row>,
}

#[derive(Debug, Deserialize)]
struct Row {
    line: u32,
}

async fn refused(act: Act) -> (Error, usize) {
    let server = Server::start([act]).await;
    let error = client().unwrap().json::<Page>(Call::get(server.url("/page?cursor=hidden"))).await.unwrap_err();
    (error, server.count())
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_large_page_is_decoded() {
    let rows: Vec<Value> = (0..50_000).map(|line| json!({"line": line, "text": "a row of a page"})).collect();
    let body = json!({"rows": rows}).to_string();
    let server = Server::start([answer(200, "", &body)]).await;
    let page: Page = client().unwrap().json(Call::get(server.url("/"))).await.unwrap();
    assert_eq!((page.rows.len(), page.rows.last().map(|row| row.line)), (50_000, Some(49_999)));
}

#[tokio::test]
async fn a_page_in_gzip_is_decoded() {
    let server =
        Server::start([answer_bytes(200, "content-encoding: gzip\n", &gzip(br#"{"rows":[{"line":3}]}"#))]).await;
    let page: Page = client().unwrap().json(Call::get(server.url("/"))).await.unwrap();
    assert_eq!(page.rows[0].line, 3);
    let seen = server.seen();
    assert_eq!(seen[0].header("accept-encoding"), Some("gzip"));
    assert_eq!(seen[0].header("accept"), Some("application/json"));
    assert_eq!(seen[0].header("user-agent"), Some(concat!("scangate/", env!("CARGO_PKG_VERSION"))));
}

#[tokio::test]
async fn a_wrong_field_is_named_with_its_path_and_the_request_id_and_without_its_value() {
    let (error, _) =
        refused(answer(200, "x-request-id: r-9\n", r#"{"rows":[{"line":1},{"line":"tok-abcdefgh"}]}"#)).await;
    assert!(is(&error, Class::Protocol) && !error.is_retryable());
    let text = error.to_string();
    assert!(
        text.contains("answered 200 with JSON that cannot be understood at `rows[1].line`: invalid type"),
        "{text}"
    );
    assert!(text.contains("line 1 column"), "{text}");
    assert_eq!(error.request_id(), Some("r-9"));
    assert!(error.detail().contains(&"request id: r-9".to_owned()));
    assert!(!everything(&error).contains("tok-abcdefgh"));
    assert!(!everything(&error).contains("cursor"));
}

#[tokio::test]
async fn a_document_that_ends_too_soon_in_a_whole_answer_is_not_asked_for_again() {
    let (error, count) = refused(answer(200, "", r#"{"rows":[{"line":1}"#)).await;
    assert!(is(&error, Class::Protocol), "{error}");
    assert_eq!(count, 1);
}

#[tokio::test]
async fn what_follows_the_document_is_an_error() {
    let (error, _) = refused(answer(200, "", r#"{"rows":[]} {"rows":[]}"#)).await;
    assert!(is(&error, Class::Protocol) && error.to_string().contains("trailing characters"), "{error}");
}

#[tokio::test]
async fn a_page_for_people_in_place_of_json_is_recognised() {
    let (error, _) = refused(answer(200, "content-type: text/html\n", "\n<!doctype html><title>Sign in</title>")).await;
    assert!(is(&error, Class::Protocol));
    assert!(
        error
            .to_string()
            .ends_with("answered 200 with HTML, not JSON: is the address right, or is a proxy in between?"),
        "{error}"
    );
}

#[tokio::test]
async fn an_empty_answer_is_no_json() {
    for act in [answer(200, "", ""), answer(204, "", "")] {
        let (error, _) = refused(act).await;
        assert!(
            is(&error, Class::Protocol) && error.to_string().ends_with("with an empty body where JSON was expected"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn an_oversize_answer_is_given_up() {
    let body = vec![b'x'; (64 << 20) + 1];
    for act in [answer_bytes(200, "", &body), answer_bytes(200, "content-encoding: gzip\n", &gzip(&body))] {
        let server = Server::start([act]).await;
        let error = client().unwrap().send(Call::get(server.url("/"))).await.unwrap_err();
        assert!(is(&error, Class::Protocol), "{error}");
        assert!(error.to_string().ends_with("answered 200 with more than 64 MiB"), "{error}");
        assert_eq!(server.count(), 1);
    }
}

#[tokio::test]
async fn a_compressed_answer_that_breaks_off_is_asked_for_again() {
    let whole = gzip(br#"{"rows":[{"line":3}]}"#);
    let (half, _) = whole.split_at(whole.len() / 2);
    let server = Server::start([
        answer_bytes(200, "content-encoding: gzip\n", half),
        answer_bytes(200, "content-encoding: gzip\n", &whole),
    ])
    .await;
    let page: Page = client().unwrap().json(Call::get(server.url("/"))).await.unwrap();
    assert_eq!((page.rows[0].line, server.count()), (3, 2));
}

#[tokio::test]
async fn a_servers_words_are_one_clean_line_without_secrets() {
    let words = "bad \u{1b}[31mtoken\u{202e} pat_0123456789\n::error::cGF0XzAxMjM0NTY3ODk= and more";
    let server = Server::start([answer(400, "", &json!({"message": words}).to_string())]).await;
    let client = client().unwrap();
    client.redactor().learn(&Secret::new("pat_0123456789").unwrap());
    let error = client.send(Call::get(server.url("/"))).await.unwrap_err();
    assert_eq!(error.server_message(), Some("bad [31mtoken *** ::error::*** and more"));
    assert_eq!(error.detail()[0], "the server says: bad [31mtoken *** ::error::*** and more");
}

#[tokio::test]
async fn an_endless_error_page_is_read_for_its_beginning_only() {
    let server = Server::start([answer_bytes(403, "", &vec![b'x'; 10 << 20])]).await;
    let error = client().unwrap().send(Call::get(server.url("/"))).await.unwrap_err();
    assert_eq!(error.server_message().map(|words| words.chars().count()), Some(301));
}
