//! Where requests and credentials go, and where they do not.
#![expect(clippy::unwrap_used, reason = "a test's fixture that fails has to fail the test")]

use scangate::credentials::Secret;
use scangate::error::Class;
use scangate::http::{Authorizer, Call, Options, Replay, Session};
use serde_json::{Value, json};
use url::Url;

use super::server::{Server, answer};
use super::{client, client_with, everything, is};

const KEY: &str = "key-0123456789";

fn session(base: &Url) -> Session {
    Session::new(client().unwrap(), base, Authorizer::bearer(Secret::new(KEY).unwrap()))
}

fn redirect(status: u16, to: &str) -> super::server::Act {
    answer(status, &format!("location: {to}\n"), "")
}

#[tokio::test]
async fn a_read_is_redirected_within_its_origin_and_stays_signed_in() {
    let server = Server::start([redirect(301, "/v2/list/?page=1"), answer(200, "", "[1]")]).await;
    let value: Value = session(&server.url("/")).json(Call::get(server.url("/v1/list"))).await.unwrap();
    assert_eq!(value, json!([1]));
    let seen = server.seen();
    assert_eq!(seen[1].line, "GET /v2/list/?page=1 HTTP/1.1");
    assert_eq!(seen[1].header("authorization"), Some("Bearer key-0123456789"));
}

#[tokio::test]
async fn a_redirect_to_another_origin_is_an_error_and_the_credential_stays_here() {
    let elsewhere = Server::start([answer(200, "", "[]")]).await;
    let server = Server::start([redirect(302, &format!("{}/login?next=secret-query", elsewhere.origin()))]).await;
    let error = session(&server.url("/")).send(Call::get(server.url("/list"))).await.unwrap_err();
    assert!(is(&error, Class::Protocol));
    let text = error.to_string();
    assert!(text.contains(server.origin()) && text.contains(elsewhere.origin()), "{text}");
    assert!(!everything(&error).contains("secret-query"));
    assert_eq!((server.count(), elsewhere.count()), (1, 0));
}

#[tokio::test]
async fn a_post_is_never_redirected() {
    for status in [301, 302, 303, 307, 308] {
        let server = Server::start([redirect(status, "/scans/")]).await;
        let call = Call::post_json(server.url("/scans"), Some(&json!({})), Replay::IfUnsent).unwrap();
        let error = session(&server.url("/")).send(call).await.unwrap_err();
        assert!(is(&error, Class::Protocol), "{error}");
        assert_eq!(server.count(), 1);
    }
}

#[tokio::test]
async fn redirects_in_a_circle_end() {
    let server = Server::start((0..9).map(|_| redirect(302, "/again"))).await;
    let error = session(&server.url("/")).send(Call::get(server.url("/again"))).await.unwrap_err();
    assert!(is(&error, Class::Protocol), "{error}");
    assert_eq!(server.count(), 6);
}

#[tokio::test]
async fn a_redirect_to_nowhere_is_an_error() {
    let server = Server::start([answer(304, "", "")]).await;
    let error = client().unwrap().send(Call::get(server.url("/"))).await.unwrap_err();
    assert!(
        is(&error, Class::Protocol) && error.to_string().ends_with("answered 304 without a place to go to"),
        "{error}"
    );
}

#[tokio::test]
async fn a_call_to_another_origin_is_refused_before_it_is_sent() {
    let (home, elsewhere) = (Server::start([]).await, Server::start([]).await);
    let session = session(&home.url("/"));
    let error = session.send(Call::get(elsewhere.url("/list"))).await.unwrap_err();
    assert!(is(&error, Class::Internal) && error.is_unsent());
    assert!(error.to_string().contains(elsewhere.origin()), "{error}");
    assert_eq!((elsewhere.count(), session.client().requests()), (0, 0));
}

#[test]
fn a_page_link_may_be_relative_but_not_foreign() {
    let page = Url::parse("https://api.example/v1/findings/?page=1").unwrap();
    let session = session(&page);
    let next = |link: &str| session.page_link(&page, link);
    assert_eq!(next("?page=2").unwrap().as_str(), "https://api.example/v1/findings/?page=2");
    assert_eq!(next("https://api.example/v1/findings/?page=3").unwrap().query(), Some("page=3"));
    for foreign in [
        "https://me@api.example/?page=2",
        "https://evil.example/?page=2",
        "http://api.example/v1/findings/?page=2",
        "//evil.example/x",
        "http://[",
    ] {
        let error = next(foreign).unwrap_err();
        assert!(is(&error, Class::Protocol), "{foreign}");
        assert!(!everything(&error).contains("page="));
    }
}

#[tokio::test]
async fn plain_http_is_for_loopback_only() {
    for address in ["http://192.0.2.1/", "http://platform.example/", "http://localhost.example/"] {
        let client = client().unwrap();
        let error = client.send(Call::get(Url::parse(address).unwrap())).await.unwrap_err();
        assert!(is(&error, Class::Usage) && error.is_unsent(), "{error}");
        assert!(error.hint().unwrap().contains("--insecure-http") && error.hint().unwrap().contains("https"));
        assert_eq!(client.requests(), 0);
    }
}

#[tokio::test]
async fn an_address_with_a_password_or_of_another_kind_is_refused_and_not_repeated() {
    for address in ["https://user:pass-word@platform.example/", "ftp://platform.example/?pass-word"] {
        let client = client().unwrap();
        let error = client.send(Call::get(Url::parse(address).unwrap())).await.unwrap_err();
        assert!(is(&error, Class::Usage), "{error}");
        assert!(!everything(&error).contains("pass-word"));
        assert_eq!(client.requests(), 0);
    }
}

#[tokio::test]
async fn a_proxy_of_the_settings_is_used_where_no_exception_names_the_host() {
    let proxy = Server::start([answer(200, "", "from the proxy")]).await;
    let options = Options {
        insecure_http: true,
        http_proxy: Some(proxy.origin().to_owned()),
        no_proxy: Some("direct.invalid".to_owned()),
        ..Options::default()
    };
    let client = client_with(&options).unwrap();
    let reply = client.send(Call::get(Url::parse("http://platform.invalid/list").unwrap())).await.unwrap();
    assert_eq!(reply.body.as_ref(), b"from the proxy");
    assert_eq!(proxy.seen()[0].line, "GET http://platform.invalid/list HTTP/1.1");
    let direct = Call::get(Url::parse("http://direct.invalid/list").unwrap()).attempts(1);
    assert!(client.send(direct).await.unwrap_err().to_string().contains("found no address"));
    assert_eq!(proxy.count(), 1);
}

#[tokio::test]
async fn https_asks_its_proxy_for_a_tunnel() {
    let proxy = Server::start([answer(502, "", "")]).await;
    let options = Options { https_proxy: Some(proxy.origin().to_owned()), ..Options::default() };
    let call = Call::get(Url::parse("https://platform.invalid/list?token=hidden").unwrap()).attempts(1);
    let error = client_with(&options).unwrap().send(call).await.unwrap_err();
    assert_eq!(proxy.seen()[0].line, "CONNECT platform.invalid:443 HTTP/1.1");
    assert!(is(&error, Class::Unavailable) && error.is_unsent(), "{error}");
}

#[tokio::test]
async fn loopback_is_not_reached_through_a_proxy() {
    let (proxy, server) = (Server::start([]).await, Server::start([answer(200, "", "direct")]).await);
    let options = Options { http_proxy: Some(proxy.origin().to_owned()), ..Options::default() };
    let reply = client_with(&options).unwrap().send(Call::get(server.url("/"))).await.unwrap();
    assert_eq!(reply.body.as_ref(), b"direct");
    assert_eq!(proxy.count(), 0);
}

#[test]
fn a_malformed_proxy_is_named_without_its_password() {
    let options = Options { https_proxy: Some("http://user:pass-word@".to_owned()), ..Options::default() };
    let error = client_with(&options).err().unwrap();
    assert!(is(&error, Class::Usage) && error.to_string().starts_with("HTTPS_PROXY is not"), "{error}");
    assert!(!everything(&error).contains("pass-word"));
}

#[tokio::test]
async fn the_password_of_a_proxy_is_known_to_the_redactor_in_every_form() {
    let proxy = "http://user:pass%2Dw%C3%B6rd+x@proxy.example:3128";
    let client = client_with(&Options { https_proxy: Some(proxy.to_owned()), ..Options::default() }).unwrap();
    let in_base64 = "dXNlcjpwYXNzLXfDtnJkK3g=";
    for form in ["pass%2Dw%C3%B6rd+x", "pass-wörd+x", in_base64] {
        assert_eq!(client.redactor().clean(&format!("<{form}>")), "<***>", "{form}");
    }
}
