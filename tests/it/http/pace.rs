//! Keeping a server's rate limit before it has to say 429.

use std::time::Duration;

use scangate::error::Class;
use scangate::http::{Call, Client, Options, Redactor};

use super::server::{Act, Server, answer};
use super::{START, client, clock, is};

/// An answer that leaves so many requests until the hour is over.
fn leaving(remaining: u32) -> Act {
    let headers =
        format!("x-ratelimit-limit: 100\nx-ratelimit-remaining: {remaining}\nx-ratelimit-reset: {}\n", START + 3600);
    answer(200, &headers, "{}")
}

#[tokio::test]
async fn an_hour_of_polls_leaves_the_pages_of_a_thousand_findings_their_requests() {
    let hours = (0..100).rev().map(leaving);
    let server = Server::start(hours).await;
    let client = client().unwrap();
    let mut polls = 0;
    loop {
        client.clock().sleep(Duration::from_secs(15)).await;
        if client.clock().monotonic() >= Duration::from_mins(59) {
            break;
        }
        client.send(Call::get(server.url("/scan")).poll()).await.unwrap();
        polls += 1;
    }
    let before = client.clock().monotonic();
    for page in 1..=10 {
        client.send(Call::get(server.url(&format!("/findings?page={page}")))).await.unwrap();
    }
    assert_eq!(client.clock().monotonic(), before, "no page has to wait");
    assert!((60..=90).contains(&polls), "{polls} polls");
    assert_eq!(server.count(), polls + 10);
}

#[tokio::test]
async fn polls_keep_off_the_last_requests_of_a_window_and_everything_else_uses_them() {
    let server = Server::start([leaving(10), leaving(9), leaving(0), leaving(99), leaving(98)]).await;
    let client = client().unwrap();
    for (call, now) in [
        (Call::get(server.url("/scan")).poll(), 0),
        (Call::get(server.url("/findings?page=1")), 0),
        (Call::get(server.url("/findings?page=2")), 0),
        (Call::get(server.url("/findings?page=3")), 3601),
        (Call::get(server.url("/scan")).poll(), 3601),
    ] {
        client.send(call).await.unwrap();
        assert_eq!(client.clock().monotonic(), Duration::from_secs(now));
    }
}

#[tokio::test]
async fn a_poll_waits_for_the_window_where_only_the_reserve_is_left() {
    let server = Server::start([leaving(10), answer(200, "", "{}")]).await;
    let client = client().unwrap();
    client.send(Call::get(server.url("/scan")).poll()).await.unwrap();
    client.send(Call::get(server.url("/scan")).poll()).await.unwrap();
    assert_eq!(client.clock().monotonic(), Duration::from_secs(3601));
}

#[tokio::test]
async fn a_daily_limit_that_outlasts_the_deadline_ends_the_run_at_once_and_says_when_it_is_reset() {
    for headers in [format!("x-ratelimit-reset: {}\n", START + 36_000), "retry-after: 36001\n".to_owned()] {
        let server = Server::start([answer(429, &headers, "")]).await;
        let client = client().unwrap();
        let error = client.send(Call::get(server.url("/scan")).poll()).await.unwrap_err();
        assert!(is(&error, Class::Timeout) && error.status() == Some(429), "{error}");
        assert!(error.to_string().contains("answered 429 until its limit is reset at 2027-01-15T18:00:01Z"), "{error}");
        assert_eq!((server.count(), client.clock().monotonic()), (1, Duration::ZERO), "nothing was waited for");
    }
}

#[tokio::test]
async fn a_429_that_does_not_say_until_when_is_given_up_after_some_tries() {
    for headers in ["", "x-ratelimit-reset: 1000000001\n", "x-ratelimit-reset: soon\n"] {
        let server = Server::start(std::iter::repeat_n(answer(429, headers, ""), 9)).await;
        let error = client().unwrap().send(Call::get(server.url("/scan")).poll()).await.unwrap_err();
        assert!(is(&error, Class::Unavailable), "{error}");
        assert_eq!(server.count(), 8);
    }
}

#[tokio::test]
async fn a_reset_beyond_the_deadline_does_not_silence_the_polls() {
    let server = Server::start((0..=10).rev().map(leaving)).await;
    let deadline = Duration::from_mins(30);
    let client = Client::new(&Options::default(), clock(), deadline, Redactor::default()).unwrap();
    let mut times = Vec::new();
    for _ in 0..5 {
        client.send(Call::get(server.url("/scan")).poll()).await.unwrap();
        times.push(client.clock().monotonic().as_secs());
    }
    assert!(times.is_sorted() && times[4] > 600 && times[4] < 1800, "{times:?}");
}
