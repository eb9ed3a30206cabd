//! What is sent again, after how long, and what is not.
#![expect(clippy::unwrap_used, reason = "a test's fixture that fails has to fail the test")]

use std::time::Duration;

use scangate::error::Class;
use scangate::http::{Call, Client, Options, Random, Redactor, Replay};
use serde_json::{Value, json};

use super::server::{Act, Server, answer, cut, deserted};
use super::{START, client, clock, is};

fn date(second: i64) -> String {
    httpdate::fmt_http_date(jiff::Timestamp::from_second(second).unwrap().into())
}

fn create(url: url::Url, replay: Replay) -> Call {
    Call::post_json(url, Some(&json!({"branch": "main"})), replay).unwrap()
}

fn fine() -> Act {
    answer(200, "", "{}")
}

#[tokio::test]
async fn a_read_is_repeated_after_every_status_that_may_pass() {
    for status in [408, 425, 429, 500, 502, 503, 504] {
        let server = Server::start([answer(status, "", ""), answer(200, "", "{\"ok\":true}")]).await;
        let client = client().unwrap();
        let value: Value = client.json(Call::get(server.url("/list"))).await.unwrap();
        assert_eq!((value, server.count(), client.requests()), (json!({"ok": true}), 2, 2), "{status}");
    }
}

#[tokio::test]
async fn a_read_is_not_repeated_after_a_status_that_stays() {
    for (status, class) in [
        (400, Class::Usage),
        (402, Class::Auth),
        (403, Class::Auth),
        (404, Class::Usage),
        (409, Class::Usage),
        (410, Class::Usage),
        (422, Class::Usage),
        (501, Class::Unavailable),
    ] {
        let server = Server::start([answer(status, "x-request-id: r-17\n", r#"{"message":"no such project"}"#)]).await;
        let error = client().unwrap().send(Call::get(server.url("/list"))).await.unwrap_err();
        assert_eq!((error.class(), error.status(), server.count()), (class, Some(status), 1));
        assert_eq!(error.server_message(), Some("no such project"));
        assert_eq!(error.request_id(), Some("r-17"));
        assert!(!error.is_unsent());
    }
}

#[tokio::test]
async fn after_the_last_attempt_the_error_is_one_line_that_says_how_hard_it_was_tried() {
    let server = Server::start(std::iter::repeat_n(answer(503, "retry-after: 2\n", ""), 8)).await;
    let error = client().unwrap().send(Call::get(server.url("/list?token=hidden"))).await.unwrap_err();
    assert_eq!(error.to_string(), format!("GET {}/list answered 503 (after 7 retries in 14.0 s)", server.origin()));
    assert!(is(&error, Class::Unavailable) && error.is_retryable());
    assert_eq!(server.count(), 8);
}

/// How long a read waits between an answer with these headers and the next try.
async fn waited_after(status: u16, headers: &str) -> Duration {
    let server = Server::start([answer(status, headers, ""), fine()]).await;
    let client = client().unwrap();
    client.send(Call::get(server.url("/"))).await.unwrap();
    assert_eq!(server.count(), 2);
    client.clock().monotonic()
}

#[tokio::test]
async fn retry_after_in_seconds_is_waited_out() {
    assert_eq!(waited_after(429, "retry-after: 7\n").await, Duration::from_secs(7));
}

#[tokio::test]
async fn retry_after_as_a_date_is_waited_out_on_the_servers_clock() {
    let headers = format!("retry-after: {}\ndate: {}\n", date(START + 5040), date(START + 5000));
    assert_eq!(waited_after(503, &headers).await, Duration::from_secs(40));
}

#[tokio::test]
async fn a_429_without_retry_after_waits_for_the_window_to_end() {
    let headers = format!("x-ratelimit-reset: {}\ndate: {}\n", START + 29, date(START));
    assert_eq!(waited_after(429, &headers).await, Duration::from_secs(30));
}

#[tokio::test]
async fn a_zero_and_a_negative_retry_after_are_clamped() {
    for (told, waited) in [("0", 1), ("-30", 1), ("3600", 3600)] {
        let headers = format!("retry-after: {told}\n");
        assert_eq!(waited_after(429, &headers).await, Duration::from_secs(waited), "{told}");
    }
}

#[tokio::test]
async fn without_a_word_from_the_server_waits_are_random_below_growing_ceilings() {
    let mut waits = Vec::new();
    for seed in 0..20 {
        let server = Server::start(std::iter::repeat_n(answer(500, "", ""), 3).chain([fine()])).await;
        let client = Client::new(&Options::default(), clock(), Duration::from_hours(1), Redactor::default()).unwrap();
        let client = client.with_random(Random::seeded(seed));
        client.send(Call::get(server.url("/"))).await.unwrap();
        waits.push(client.clock().monotonic());
    }
    assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(1 + 2 + 4)), "{waits:?}");
    waits.sort();
    waits.dedup();
    assert_eq!(waits.len(), 20, "no two seeds wait alike");
}

#[tokio::test]
async fn one_servers_limit_does_not_slow_another_down() {
    let headers = "x-ratelimit-remaining: 0\nx-ratelimit-reset: 600\n";
    let (spent, free) = (Server::start([answer(200, headers, "{}")]).await, Server::start([fine()]).await);
    let client = client().unwrap();
    client.send(Call::get(spent.url("/"))).await.unwrap();
    client.send(Call::get(free.url("/"))).await.unwrap();
    assert_eq!(client.clock().monotonic(), Duration::ZERO);
}

#[tokio::test]
async fn a_body_that_is_cut_in_the_middle_is_read_again() {
    let server = Server::start([cut("{\"rows\":[1,2"), answer(200, "", "{\"rows\":[1,2,3]}")]).await;
    let value: Value = client().unwrap().json(Call::get(server.url("/"))).await.unwrap();
    assert_eq!((value, server.count()), (json!({"rows": [1, 2, 3]}), 2));

    let server = Server::start([cut("some"), answer(200, "", "some bytes")]).await;
    let reply = client().unwrap().send(Call::get(server.url("/"))).await.unwrap();
    assert_eq!((reply.body.as_ref(), reply.repeated), (b"some bytes".as_slice(), true));
}

#[tokio::test]
async fn a_document_that_is_whole_is_not_believed_when_its_connection_was_cut() {
    let server = Server::start([cut("{\"rows\":[]}"), answer(200, "", "{\"rows\":[1]}")]).await;
    let value: Value = client().unwrap().json(Call::get(server.url("/"))).await.unwrap();
    assert_eq!(value, json!({"rows": [1]}));
}

#[tokio::test]
async fn a_post_is_not_repeated_after_its_answer_was_lost() {
    for act in [cut("{\"id\":"), Act::Write(b"HTTP/1.1 20".to_vec()), Act::Write(Vec::new()), answer(500, "", "")] {
        let server = Server::start([act, fine()]).await;
        let error = client().unwrap().json::<Value>(create(server.url("/scans"), Replay::IfUnsent)).await.unwrap_err();
        assert_eq!((error.class(), server.count()), (Class::Unavailable, 1), "{error}");
        assert!(!error.is_unsent(), "the scan may have been created");
    }
}

#[tokio::test]
async fn a_post_is_repeated_where_the_server_says_that_it_did_nothing() {
    let server = Server::start([answer(503, "", ""), answer(429, "", ""), answer(201, "", "{\"id\":7}")]).await;
    let value: Value = client().unwrap().json(create(server.url("/scans"), Replay::IfUnsent)).await.unwrap();
    assert_eq!(value, json!({"id": 7}));
    let bodies: Vec<Vec<u8>> = server.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, vec![br#"{"branch":"main"}"#.to_vec(); 3]);
}

#[tokio::test]
async fn a_post_is_repeated_when_nobody_can_have_heard_it() {
    let client = client().unwrap();
    let error = client.send(create(deserted().await, Replay::IfUnsent).attempts(4)).await.unwrap_err();
    assert_eq!(client.requests(), 4);
    assert!(is(&error, Class::Unavailable) && error.is_unsent() && error.is_retryable());
    assert!(error.to_string().contains("got no connection: Connection refused"), "{error}");
    assert!(error.to_string().contains("(after 3 retries in "), "{error}");
}

#[tokio::test]
async fn a_login_is_tried_once_whatever_comes_of_it() {
    for act in [answer(503, "retry-after: 1\n", ""), cut("{"), answer(401, "", "")] {
        let server = Server::start([act]).await;
        let login = Call::post_form(server.url("/login"), Vec::new(), Replay::Never);
        assert!(client().unwrap().send(login).await.is_err());
        assert_eq!(server.count(), 1);
    }
    let client = client().unwrap();
    assert!(client.send(create(deserted().await, Replay::Never)).await.is_err());
    assert_eq!(client.requests(), 1);
}

#[tokio::test]
async fn a_host_without_an_address_is_unavailable_and_says_where_to_look() {
    let options = Options { insecure_http: true, ..Options::default() };
    let client = super::client_with(&options).unwrap();
    let url = url::Url::parse("http://no-such-host.invalid/").unwrap();
    let error = client.send(Call::get(url).attempts(2)).await.unwrap_err();
    assert!(is(&error, Class::Unavailable) && error.is_unsent(), "{error}");
    assert!(error.to_string().contains("found no address for the host"), "{error}");
    assert!(error.hint().unwrap().contains("check the host name"));
    assert_eq!(client.requests(), 2);
}

#[tokio::test]
async fn an_expected_status_is_an_answer() {
    let server = Server::start([answer(404, "", "not yet")]).await;
    let reply = client().unwrap().send(Call::get(server.url("/")).expect_status(404)).await.unwrap();
    assert_eq!((reply.status, reply.body.as_ref(), reply.repeated), (404, b"not yet".as_slice(), false));
}
