//! A scan of an hour with a thousand findings, on the plan with the fewest requests: 100 an hour (contract 2.3, 3 and 5.3).

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use scangate::clock::Clock;
use scangate::error::Class;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::pipeline::{self, Ended};

/// Requests that the plan allows in an hour.
const HOURLY: usize = 100;

/// How long the scan takes: the longest that is usual.
const SCAN: Duration = Duration::from_hours(1);

/// Findings of the scan.
const FOUND: usize = 1000;

/// The longest wait between two looks.
const CAP: Duration = Duration::from_secs(90);

/// A platform that counts requests in windows of an hour, and what it has seen.
struct Platform {
    clock: Clock,
    largest_page: usize,
    /// When each request came, on the clock.
    requests: Mutex<Vec<Duration>>,
    /// When the scan was asked for.
    started: Mutex<Duration>,
}

async fn answer(State(platform): State<Arc<Platform>>, request: Request) -> Response {
    let now = platform.clock.monotonic();
    let mut requests = platform.requests.lock().unwrap();
    requests.push(now);
    // The window begins with its first request.
    let begin = requests.iter().fold(requests[0], |begin, at| if *at >= begin + SCAN { *at } else { begin });
    let used = requests.iter().filter(|at| **at >= begin).count();
    let reset = platform.clock.now().as_second() + i64::try_from((begin + SCAN).saturating_sub(now).as_secs()).unwrap();
    let headers = [
        // By which the client reads the epoch below: the machine's own time has nothing to do with it.
        ("date", httpdate::fmt_http_date(platform.clock.now().into())),
        ("x-ratelimit-limit", HOURLY.to_string()),
        ("x-ratelimit-remaining", HOURLY.saturating_sub(used).to_string()),
        ("x-ratelimit-reset", reset.to_string()),
    ];
    if used > HOURLY {
        return (StatusCode::TOO_MANY_REQUESTS, headers).into_response();
    }
    (headers, axum::Json(platform.document(&request, now))).into_response()
}

impl Platform {
    fn document(&self, request: &Request, now: Duration) -> Value {
        let path = request.uri().path();
        if path.contains("/auth/") {
            return json!({ "access_token": format!("token-{}", now.as_secs()), "token_type": "bearer", "expires_in": 3600 });
        }
        if path.ends_with("/findings") {
            return self.findings(request.uri().query().unwrap());
        }
        if request.method() == "POST" {
            *self.started.lock().unwrap() = now;
        }
        let done = now >= *self.started.lock().unwrap() + SCAN;
        json!({
            "id": "scan_1", "target": "example.com", "status": if done { "completed" } else { "running" },
            "vulnerabilities_found": if done { FOUND } else { 0 },
        })
    }

    fn findings(&self, query: &str) -> Value {
        let number = |name: &str| {
            let mut pairs = url::form_urlencoded::parse(query.as_bytes());
            pairs.find(|(key, _)| key == name).unwrap().1.parse::<usize>().unwrap()
        };
        let (page, rows) = (number("page"), number("per_page").min(self.largest_page));
        let items: Vec<Value> = ((page - 1) * rows..(page * rows).min(FOUND))
            .map(|row| json!({ "id": row, "title": format!("Finding {row}"), "severity": "low", "asset": "example.com" }))
            .collect();
        json!({ "items": items, "total": FOUND, "page": page, "per_page": rows, "pages": FOUND.div_ceil(rows) })
    }
}

/// The whole run, when each of its requests came, and when the scan was over.
async fn run(largest_page: usize) -> (Ended, Vec<Duration>, Duration) {
    let clock = Clock::simulated("2026-11-22T10:00:00Z".parse().unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let platform = Arc::new(Platform {
        clock: clock.clone(),
        largest_page,
        requests: Mutex::default(),
        started: Mutex::default(),
    });
    let router = Router::new().fallback(answer).with_state(Arc::clone(&platform));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let flags =
        [("platform", "cyberorigen"), ("target", "example.com"), ("authorized", "true"), ("api-url", url.as_str())];
    let login = [("CYBERORIGEN_USERNAME", "ci@example.com"), ("CYBERORIGEN_PASSWORD", "a password")];
    let ended = pipeline::run(&clock, tempfile::tempdir().unwrap(), &flags, &login).await;
    let over = *platform.started.lock().unwrap() + SCAN;
    let requests = platform.requests.lock().unwrap().clone();
    (ended, requests, over)
}

#[tokio::test]
async fn an_hours_scan_with_a_thousand_findings_takes_less_than_the_smallest_plan_allows_in_an_hour() {
    let (ended, requests, over) = run(100).await;
    ended.assert_class(Class::Passed);
    assert_eq!(ended.findings().len(), FOUND);
    assert!(requests.len() <= HOURLY, "{} requests", requests.len());
    assert_eq!(ended.result().requests, requests.len() as u64);
    let seen = requests.iter().find(|at| **at >= over).unwrap();
    assert!(*seen <= over + CAP, "the end was seen at {seen:?}, and was at {over:?}");
    assert!(requests.iter().skip(1).zip(&requests).all(|(next, last)| *next <= *last + CAP), "a look was put off");
}

#[tokio::test]
async fn small_pages_are_waited_for_and_never_refused() {
    let (ended, requests, _) = run(20).await;
    ended.assert_class(Class::Passed);
    assert_eq!(ended.findings().len(), FOUND);
    let in_an_hour =
        requests.iter().map(|from| requests.iter().filter(|at| **at >= *from && **at < *from + SCAN).count());
    assert!(requests.len() > HOURLY, "{} requests do not need to wait", requests.len());
    assert!(in_an_hour.max() <= Some(HOURLY), "a request was one too many");
}
