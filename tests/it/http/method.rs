//! Any method, any body: what `scangate api` and an upload of a form send.

use std::io::Write as _;

use scangate::error::Class;
use scangate::http::{Body, Call, Method, Replay};
use tempfile::NamedTempFile;

use super::server::{Act, Server, answer};
use super::{client, is};

fn raw(content: &'static str) -> Body {
    Body::Raw { content_type: "application/merge-patch+json".to_owned(), content: content.into() }
}

fn call(method: Method, server: &Server, body: Body) -> Call {
    Call::new(method, server.url("/thing"), body, method.replay())
}

#[tokio::test]
async fn each_method_goes_out_by_its_name_with_its_body_and_type() {
    for method in Method::ALL {
        let server = Server::start([answer(204, "", "")]).await;
        let body = if method.is_read() { Body::Empty } else { raw(r#"{"a":1}"#) };
        let reply = client().unwrap().send(call(method, &server, body)).await.unwrap();
        let seen = server.seen().remove(0);
        assert_eq!((reply.status, &seen.line), (204, &format!("{} /thing HTTP/1.1", method.as_str())));
        if !method.is_read() {
            assert_eq!(seen.header("content-type"), Some("application/merge-patch+json"));
            assert_eq!(seen.body, br#"{"a":1}"#);
        }
    }
}

#[test]
fn methods_are_known_by_name() {
    assert_eq!(Method::parse("delete"), Some(Method::Delete));
    assert_eq!(Method::parse("PATCH"), Some(Method::Patch));
    assert_eq!((Method::parse("TRACE"), Method::parse("")), (None, None));
}

#[tokio::test]
async fn only_reads_are_repeated_after_a_lost_answer() {
    for method in Method::ALL {
        let server = Server::start([Act::Write(Vec::new()), answer(200, "", "")]).await;
        let outcome = client().unwrap().send(call(method, &server, Body::Empty)).await;
        let expected = if method.is_read() { (true, 2) } else { (false, 1) };
        assert_eq!((outcome.is_ok(), server.count()), expected, "{}", method.as_str());
    }
}

#[tokio::test]
async fn a_change_is_repeated_where_the_server_says_that_it_did_nothing_and_no_redirect_is_followed() {
    let server = Server::start([answer(429, "", ""), answer(503, "", ""), answer(200, "", "")]).await;
    client().unwrap().send(Call::delete(server.url("/thing"))).await.unwrap();
    assert_eq!(server.count(), 3);

    let server = Server::start([answer(307, "location: /thing/\n", "")]).await;
    let error = client().unwrap().send(Call::delete(server.url("/thing"))).await.unwrap_err();
    assert!(is(&error, Class::Protocol) && server.count() == 1, "{error}");
}

#[tokio::test]
async fn a_page_for_people_is_no_answer_where_json_is_asked_for() {
    let page = "<!doctype html><title>Sign in</title>";
    let server = Server::start([answer(200, "content-type: text/html\n", page), answer(200, "", page)]).await;
    let error = client().unwrap().send(Call::get(server.url("/")).accept_json()).await.unwrap_err();
    assert!(is(&error, Class::Protocol));
    assert!(error.to_string().contains("answered 200 with HTML, not JSON"), "{error}");
    assert_eq!(server.seen()[0].header("accept"), Some("application/json"));
    assert_eq!(client().unwrap().send(Call::get(server.url("/"))).await.unwrap().body, page);
}

#[tokio::test]
async fn a_reply_says_its_type_and_where_the_new_thing_is() {
    let server = Server::start([answer(201, "content-type: text/plain\nlocation: /v1/scans/7/\n", "made")]).await;
    let reply = client().unwrap().send(call(Method::Post, &server, raw("{}"))).await.unwrap();
    assert_eq!(reply.content_type.as_deref(), Some("text/plain"));
    assert_eq!(reply.location, Some(server.url("/v1/scans/7/")));
}

fn multipart(server: &Server, file: &NamedTempFile, length: u64) -> Call {
    let body = Body::Multipart {
        field: "sarif".to_owned(),
        file_name: "out \"x\".sarif".to_owned(),
        content_type: "application/json".to_owned(),
        path: file.path().to_owned(),
        length,
    };
    Call::new(Method::Post, server.url("/upload-sarif/"), body, Replay::IfUnsent)
}

#[tokio::test]
async fn a_file_goes_out_as_the_one_part_of_a_form_with_the_exact_length() {
    let content: Vec<u8> = (0..600_000).map(|at: u32| u8::try_from(at % 251).unwrap()).collect();
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(&content).unwrap();
    let server = Server::start([answer(503, "", ""), answer(201, "", r#"{"id":7}"#)]).await;
    client().unwrap().send(multipart(&server, &file, 600_000)).await.unwrap();
    let seen = server.seen();
    let boundary = |at: usize| {
        let kind = seen[at].header("content-type").unwrap();
        kind.strip_prefix("multipart/form-data; boundary=").unwrap().to_owned()
    };
    assert_ne!(boundary(0), boundary(1), "each attempt draws its own");
    for (at, request) in seen.iter().enumerate() {
        let head = format!(
            "--{}\r\nContent-Disposition: form-data; name=\"sarif\"; filename=\"out %22x%22.sarif\"\r\n\
             Content-Type: application/json\r\n\r\n",
            boundary(at)
        );
        let whole = [head.as_bytes(), &content, format!("\r\n--{}--\r\n", boundary(at)).as_bytes()].concat();
        assert!(request.body == whole);
        assert_eq!(request.header("content-length"), Some(whole.len().to_string().as_str()));
        assert_eq!(request.header("transfer-encoding"), None);
    }
}

#[tokio::test]
async fn a_form_whose_file_was_changed_is_not_sent() {
    let (file, server) = (NamedTempFile::new().unwrap(), Server::start([]).await);
    let error = client().unwrap().send(multipart(&server, &file, 5)).await.unwrap_err();
    assert!(is(&error, Class::Usage) && error.is_unsent() && server.count() == 0, "{error}");
}
