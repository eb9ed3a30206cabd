//! One deadline for the whole run.
#![expect(clippy::unwrap_used, reason = "a test's fixture that fails has to fail the test")]

use std::time::Duration;

use scangate::clock::Clock;
use scangate::error::Class;
use scangate::http::{Call, Client, Options, Redactor};

use super::server::{Act, Server, answer};
use super::{client, clock, is};

fn ending_after(clock: Clock, seconds: u64) -> Client {
    let deadline = clock.monotonic() + Duration::from_secs(seconds);
    Client::new(&Options::default(), clock, deadline, Redactor::default()).unwrap()
}

#[tokio::test]
async fn a_wait_that_would_pass_the_deadline_ends_the_run_at_once() {
    let server = Server::start([answer(429, "retry-after: 120\n", r#"{"message":"slow down"}"#)]).await;
    let client = ending_after(clock(), 30);
    let error = client.send(Call::get(server.url("/list"))).await.unwrap_err();
    assert!(is(&error, Class::Timeout) && error.is_retryable());
    assert_eq!(
        error.to_string(),
        format!(
            "GET {}/list answered 429 until its limit is reset at 2027-01-15T08:02:00Z, and the next try in 120.0 s would come after \
             the run's deadline in 30.0 s",
            server.origin()
        )
    );
    assert_eq!((error.status(), error.server_message()), (Some(429), Some("slow down")));
    assert_eq!((server.count(), client.clock().monotonic()), (1, Duration::ZERO), "nothing was waited for");
}

#[tokio::test]
async fn nothing_is_sent_after_the_deadline() {
    let server = Server::start([answer(200, "", "{}")]).await;
    let client = ending_after(clock(), 30);
    client.clock().advance(Duration::from_secs(31));
    let error = client.send(Call::get(server.url("/"))).await.unwrap_err();
    assert!(is(&error, Class::Timeout) && error.is_unsent());
    assert!(error.to_string().contains("was not sent: the run's deadline has passed"), "{error}");
    assert_eq!((server.count(), client.requests(), client.remaining()), (0, 0, Duration::ZERO));
}

#[tokio::test]
async fn a_pace_that_the_deadline_leaves_no_room_for_is_left_to_the_server() {
    let headers = "x-ratelimit-remaining: 0\nx-ratelimit-reset: 600\n";
    let server = Server::start([answer(200, headers, "{}"), answer(429, headers, "")]).await;
    let client = ending_after(clock(), 60);
    client.send(Call::get(server.url("/"))).await.unwrap();
    let error = client.send(Call::get(server.url("/"))).await.unwrap_err();
    assert!(is(&error, Class::Timeout));
    assert!(
        error.to_string().contains("reset at 2027-01-15T08:10:00Z, and the next try in 600.0 s would come after"),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up_and_asked_again() {
    let server = Server::start([Act::Stall, answer(200, "", "{}")]).await;
    let call = Call::get(server.url("/")).timeout(Duration::from_millis(40));
    client().unwrap().send(call.clone()).await.unwrap();
    assert_eq!(server.count(), 2);

    let server = Server::start([Act::Stall]).await;
    let call = Call::get(server.url("/")).timeout(Duration::from_millis(40)).attempts(1);
    let error = client().unwrap().send(call).await.unwrap_err();
    assert!(is(&error, Class::Unavailable) && !error.is_unsent());
    assert!(error.to_string().ends_with("got no whole answer within 0.04 s"), "{error}");
}

#[tokio::test]
async fn on_the_machines_clock_the_deadline_cuts_a_request_short() {
    let server = Server::start([Act::Stall]).await;
    let clock = Clock::system();
    let deadline = clock.monotonic() + Duration::from_millis(60);
    let client = Client::new(&Options::default(), clock, deadline, Redactor::default()).unwrap();
    let error = client.send(Call::get(server.url("/"))).await.unwrap_err();
    assert!(is(&error, Class::Timeout));
    assert!(error.to_string().ends_with("got no whole answer before the run's deadline"), "{error}");
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn no_deadline_comes_closer_by_the_wait_of_another_while_an_answer_is_on_its_way() {
    let server = Server::start([answer(200, "", "{}"), answer(200, "", "{}")]).await;
    let client = ending_after(clock(), 30);
    let exchanges = async {
        for path in ["/first", "/second"] {
            client.send(Call::get(server.url(path))).await.unwrap();
        }
        client.clock().monotonic()
    };
    let (answered_at, ()) = tokio::join!(exchanges, client.clock().sleep(Duration::from_mins(45)));
    assert_eq!((server.count(), answered_at), (2, Duration::ZERO));
    assert_eq!(client.clock().monotonic(), Duration::from_mins(45));
}
