//! CyberOrigen's emulator over real sockets, as its contract has it.

use std::time::Duration;

use scangate::clock::Clock;
use scangate::credentials::Secret;
use scangate::sandbox::{CyberOrigenAccess, Dialect, SandboxOptions, Server};
use serde_json::{Value, json};

use super::wire::{Reply, send};
use crate::served::in_process;

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("Content-Type", "application/json");

struct Session {
    server: Server,
    access: CyberOrigenAccess,
    clock: Clock,
    bearer: String,
}

impl Session {
    async fn start(faults: &[&str]) -> Self {
        Self::with(faults, |_| {}).await
    }

    async fn with(faults: &[&str], change: impl FnOnce(&mut SandboxOptions)) -> Self {
        let only = |options: &mut SandboxOptions| {
            options.dialects = vec![Dialect::CyberOrigen];
            change(options);
        };
        let (server, clock) = in_process(faults, only).await;
        let access = server.cyberorigen().unwrap().clone();
        let mut session = Self { server, access, clock, bearer: String::new() };
        session.log_in().await;
        session
    }

    async fn try_log_in(&self, username: &str, password: &str, code: Option<&str>) -> Reply {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.append_pair("username", username).append_pair("password", password);
        body.extend_pairs(code.map(|code| ("mfa_code", code)));
        send("POST", &format!("{}/auth/token", self.access.api_url), &[FORM], body.finish()).await.unwrap()
    }

    async fn log_in(&mut self) -> u16 {
        let code = self.access.mfa_code.as_deref();
        let reply = self.try_log_in(&self.access.username, self.access.password.expose(), code).await;
        let token = reply.json()["access_token"].as_str().unwrap_or_default().to_owned();
        self.bearer = format!("Bearer {token}");
        reply.status
    }

    async fn call(&self, method: &str, path: &str, body: &str) -> Reply {
        let headers = [("Authorization", self.bearer.as_str()), JSON];
        send(method, &format!("{}{path}", self.access.api_url), &headers, body).await.unwrap()
    }

    async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, "").await
    }

    /// The id of a scan that was started.
    async fn scan(&self, body: &Value) -> String {
        let reply = self.call("POST", "/scans", &body.to_string()).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        reply.json()["id"].as_str().unwrap().to_owned()
    }

    /// A scan of a host that is over, and what it has found.
    async fn findings(&self, query: &str) -> Value {
        let scan = self.scan(&order("shop.example.com")).await;
        self.clock.advance(Duration::from_hours(1) - Duration::from_secs(30));
        self.get(&format!("/scans/{scan}/findings{query}")).await.json()
    }
}

fn order(target: &str) -> Value {
    json!({ "target": target, "scan_type": "full", "authorized": true })
}

#[tokio::test]
async fn a_login_is_a_form_whose_answer_is_a_token_for_an_hour() {
    let odd = |options: &mut SandboxOptions| options.cyberorigen.password = Secret::new("a&b+c%d e=");
    let session = Session::with(&[], odd).await;
    assert_eq!(session.get("/scans").await.status, 200);
    let reply = session.try_log_in("CI@Sandbox.Example", "a&b+c%d e=", None).await;
    assert_eq!(
        (reply.status, &reply.json()["expires_in"], &reply.json()["token_type"]),
        (200, &json!(3600), &json!("bearer"))
    );
    let url = format!("{}/auth/token", session.access.api_url);
    let as_json = send("POST", &url, &[JSON], r#"{"username":"a","password":"b"}"#).await.unwrap();
    assert_eq!((as_json.status, &as_json.json()["field"]), (422, &json!("username")));
}

#[tokio::test]
async fn the_fifth_refused_login_locks_the_account_for_a_quarter_of_an_hour() {
    let mut session = Session::start(&[]).await;
    let username = session.access.username.clone();
    for _ in 0..5 {
        let reply = session.try_log_in(&username, "wrong", None).await;
        assert_eq!((reply.status, reply.header("www-authenticate")), (401, Some("Bearer")));
    }
    assert_eq!(session.log_in().await, 403, "the right password is refused as well");
    session.clock.advance(Duration::from_mins(15));
    assert_eq!(session.log_in().await, 200);
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_its_code_works_once() {
    let mut session = Session::start(&["mfa"]).await;
    let (username, password) = (session.access.username.clone(), session.access.password.expose().to_owned());
    let without = session.try_log_in(&username, &password, None).await;
    assert_eq!((without.status, &without.json()["error_code"]), (401, &json!("MFA_REQUIRED")));
    assert_eq!(session.get("/scans").await.status, 200);
    assert_eq!(session.log_in().await, 401, "the code has been used");
}

#[tokio::test]
async fn a_token_can_be_refreshed_until_it_ends() {
    let mut session = Session::start(&[]).await;
    session.clock.advance(Duration::from_secs(3599));
    let fresh = session.call("POST", "/auth/refresh", "").await.json();
    let old = std::mem::replace(&mut session.bearer, format!("Bearer {}", fresh["access_token"].as_str().unwrap()));
    session.clock.advance(Duration::from_secs(1));
    assert_eq!(session.get("/scans").await.status, 200);
    session.bearer = old;
    assert_eq!(session.get("/scans").await.status, 401);
    assert_eq!(session.call("POST", "/auth/refresh", "").await.status, 401);

    let session = Session::start(&["token-lifetime=2", "refresh-401"]).await;
    assert_eq!(session.call("POST", "/auth/refresh", "").await.status, 401);
    assert_eq!(session.get("/scans").await.status, 200);
    session.clock.advance(Duration::from_secs(2));
    assert_eq!(session.get("/scans").await.status, 401);
}

#[tokio::test]
async fn a_key_is_the_second_way_in_and_never_beside_a_token() {
    let session = Session::start(&[]).await;
    let url = format!("{}/scans", session.access.api_url);
    let key = session.access.api_key.expose().to_owned();
    let by_key = send("GET", &url, &[("X-API-Key", &key)], "").await.unwrap();
    assert_eq!((by_key.status, by_key.header("x-ratelimit-limit")), (200, Some("500")));
    let both = [("X-API-Key", key.as_str()), ("Authorization", session.bearer.as_str())];
    assert_eq!(send("GET", &url, &both, "").await.unwrap().status, 401);
    assert_eq!(send("GET", &url, &[("X-API-Key", "wrong")], "").await.unwrap().status, 401);
    let as_bearer = format!("Bearer {key}");
    assert_eq!(send("GET", &url, &[("Authorization", &as_bearer)], "").await.unwrap().status, 401);
    assert_eq!(send("GET", &url, &[], "").await.unwrap().status, 401);
}

#[tokio::test]
async fn what_a_scan_is_asked_for_is_checked() {
    let session = Session::start(&[]).await;
    for (body, field) in [
        (json!({ "target": "example.com" }), "authorized"),
        (json!({ "target": "example.com", "authorized": false }), "authorized"),
        (json!({ "authorized": true }), "target"),
        (order("http://example.com"), "target"),
        (json!({ "target": "example.com", "authorized": true, "scan_type": "deep" }), "scan_type"),
        (json!({ "target": "example.com", "authorized": true, "ports": "9-1" }), "ports"),
        (json!({ "target": "example.com", "authorized": true, "frameworks": "soc2" }), "frameworks"),
    ] {
        let reply = session.call("POST", "/scans", &body.to_string()).await;
        let answer = reply.json();
        assert_eq!((reply.status, &answer["field"]), (422, &json!(field)), "{body}");
        assert_eq!((answer["detail"].is_string(), &answer["error_code"]), (true, &json!("VALIDATION_ERROR")));
    }
    let session = Session::start(&["array-detail"]).await;
    let answer = session.call("POST", "/scans", r#"{"target":"example.com"}"#).await;
    assert_eq!((answer.status, &answer.json()["detail"][0]["loc"]), (422, &json!(["body", "authorized"])));
    let session = Session::start(&["quota=402"]).await;
    assert_eq!(session.call("POST", "/scans", &order("example.com").to_string()).await.status, 402);
}

#[tokio::test]
async fn a_scan_is_pending_runs_and_is_completed_after_the_time_of_its_type() {
    let mut session = Session::start(&[]).await;
    for (scan_type, minutes, found) in [("quick", 5, 4), ("compliance", 15, 5), ("full", 45, 10)] {
        session.log_in().await;
        let body = json!({ "target": "example.com", "scan_type": scan_type, "authorized": true });
        let scan = session.scan(&body).await;
        let path = format!("/scans/{scan}");
        assert_eq!(session.get(&path).await.json()["status"], "pending");
        session.clock.advance(Duration::from_secs(15));
        let running = session.get(&path).await.json();
        assert_eq!((&running["status"], &running["completed_at"]), (&json!("running"), &Value::Null));
        assert_eq!(session.get(&format!("{path}/findings")).await.json()["total"], 0);
        session.clock.advance(Duration::from_secs(60 * minutes - 1));
        assert_eq!(session.get(&path).await.json()["status"], "running", "{scan_type}");
        session.clock.advance(Duration::from_secs(1));
        let ended = session.get(&path).await.json();
        assert_eq!((&ended["status"], &ended["progress"]), (&json!("completed"), &json!(100)));
        assert_eq!(ended["vulnerabilities_found"], found, "{scan_type}");
        assert_eq!(session.get(&format!("{path}/findings")).await.json()["total"], found);
    }
    session.log_in().await;
    assert_eq!(session.get("/scans?status=completed&target=example.com").await.json()["total"], 3);
    assert_eq!(session.get("/scans?from_date=2030-01-01T00:00:00Z").await.json()["total"], 0);
    assert_eq!(session.get("/scans/scan_unknown").await.status, 404);
}

#[tokio::test]
async fn findings_are_about_the_target_and_the_same_each_time() {
    let session = Session::start(&[]).await;
    let list = session.findings("").await;
    let first = &list["items"][0];
    assert_eq!(
        (&first["asset"], &first["port"], &first["cve_id"], &first["severity"]),
        (&json!("shop.example.com"), &json!(80), &json!("CVE-2021-42013"), &json!("critical"))
    );
    let mut session = session;
    session.log_in().await;
    assert_eq!(session.findings("").await["items"][0]["id"], first["id"]);

    let session = Session::start(&[]).await;
    let totals = async |body: Value| {
        let scan = session.scan(&body).await;
        session.clock.advance(Duration::from_mins(10));
        session.get(&format!("/scans/{scan}/findings")).await.json()["total"].as_u64().unwrap()
    };
    let quick = |target: &str| json!({ "target": target, "scan_type": "quick", "authorized": true });
    assert_eq!(totals(quick("clean.example.com")).await, 0);
    assert_eq!(totals(quick("10.0.0.0/24")).await, 12, "three hosts");
    let mut ports = quick("example.com");
    ports["ports"] = json!("20-25");
    assert_eq!(totals(ports).await, 1);
}

#[tokio::test]
async fn pages_are_clamped_and_say_so() {
    let session = Session::start(&["many=240"]).await;
    let page = session.findings("?per_page=1000&page=3").await;
    assert_eq!(
        (&page["per_page"], &page["total"], &page["pages"], page["items"].as_array().unwrap().len()),
        (&json!(100), &json!(250), &json!(3), 50)
    );
    let page = Session::start(&["many=240", "clamp-50", "no-pages", "page-lies"]).await.findings("?per_page=100").await;
    assert_eq!((&page["per_page"], &page["total"], page.get("pages")), (&json!(50), &json!(257), None));
    let page = Session::start(&["many=240", "clamp-50", "no-totals"]).await.findings("?per_page=100&page=5").await;
    let names: Vec<_> = page.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!((names, page["items"].as_array().unwrap().len()), (vec!["items", "page"], 50));
    for (number, rows) in [(1, 50), (5, 50), (6, 0)] {
        let session = Session::start(&["many=240", "clamp-50", "bare-pages"]).await;
        let page = session.findings(&format!("?per_page=100&page={number}")).await;
        assert_eq!(page.as_array().unwrap().len(), rows, "page {number}");
        assert!(session.get("/scans").await.json().is_array(), "it is about every list");
    }
    let bare = Session::start(&["bare-list", "display-words"]).await.findings("").await;
    assert_eq!((&bare[0]["severity"], &bare[5]["status"]), (&json!("Critical"), &json!("False Positive")));
}

#[tokio::test]
async fn a_scan_that_is_not_over_can_be_cancelled_and_one_that_is_over_is_erased() {
    let session = Session::start(&[]).await;
    let scan = session.scan(&order("example.com")).await;
    let path = format!("/scans/{scan}");
    assert_eq!(session.call("DELETE", &path, "").await.status, 200);
    assert_eq!(session.get(&path).await.json()["status"], "failed");
    assert_eq!(session.get(&format!("{path}/findings")).await.json()["total"], 0);
    assert_eq!(session.call("DELETE", &path, "").await.status, 200);
    assert_eq!(session.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_hundred_requests_are_an_hours_budget() {
    let session = Session::with(&[], |options| options.idle = Duration::from_hours(2)).await;
    for left in (0..99).rev() {
        let reply = session.get("/controls").await;
        assert_eq!((reply.status, reply.header("x-ratelimit-remaining")), (200, Some(left.to_string().as_str())));
    }
    let spent = session.get("/controls").await;
    assert_eq!(
        (spent.status, spent.header("x-ratelimit-remaining"), spent.header("retry-after")),
        (429, Some("0"), None)
    );
    assert_eq!(spent.header("x-ratelimit-reset"), Some("1772362800"), "an hour after the first request");
    let health = session.access.api_url.replace("/v1", "/health");
    let reply = send("GET", &health, &[], "").await.unwrap();
    assert_eq!((reply.status, &reply.json()["status"]), (200, &json!("healthy")));
    let left = |reply: &Reply| reply.header("x-ratelimit-remaining").map(ToOwned::to_owned);
    assert!(left(&reply).is_some() && reply.header("x-ratelimit-limit") == Some("100"));
    assert_eq!(left(&send("GET", &health, &[], "").await.unwrap()), left(&reply), "it counts against no limit");
    session.clock.advance(Duration::from_hours(1));
    assert_eq!(session.get("/controls").await.status, 401, "the budget is back; the token has ended");

    let session = Session::start(&["daily-limit=3"]).await;
    assert_eq!((session.get("/controls").await.status, session.get("/controls").await.status), (200, 200));
    let spent = session.get("/controls").await;
    assert_eq!((spent.status, spent.header("x-ratelimit-reset")), (429, Some("1772445600")), "tomorrow");
}

#[tokio::test]
async fn a_stray_slash_is_redirected_and_unknown_paths_are_not() {
    let session = Session::start(&[]).await;
    let reply = session.get("/scans/?page=2").await;
    let target = format!("{}/scans?page=2", session.access.api_url);
    assert_eq!((reply.status, reply.header("location")), (307, Some(target.as_str())));
    assert_eq!(session.get("/vulnerabilities").await.status, 404);
    assert_eq!(session.call("PUT", "/scans", "{}").await.status, 405);
}

#[tokio::test]
async fn controls_name_their_frameworks() {
    let session = Session::start(&[]).await;
    let list = session.get("/controls").await.json();
    assert_eq!((&list["total"], &list["items"][0]["frameworks"][0]), (&json!(4), &json!("SOC 2")));
}

#[tokio::test]
async fn scans_end_badly_or_not_at_all_and_count_what_is_not_there() {
    for (fault, status) in [("failed-scan", "failed"), ("unknown-state=paused", "paused"), ("stuck-queued", "pending")]
    {
        let session = Session::start(&[fault]).await;
        let scan = session.scan(&order("example.com")).await;
        session.clock.advance(Duration::from_mins(50));
        assert_eq!(session.get(&format!("/scans/{scan}")).await.json()["status"], status);
    }
    let session = Session::start(&["counts-lie"]).await;
    let scan = session.scan(&order("example.com")).await;
    session.clock.advance(Duration::from_mins(50));
    let scan = session.get(&format!("/scans/{scan}")).await.json();
    assert_eq!((&scan["critical_count"], &scan["vulnerabilities_found"]), (&json!(5), &json!(25)));
}

#[tokio::test]
async fn a_credential_dies_early_or_is_revoked_while_a_scan_runs() {
    let mut session = Session::start(&["expire-token=2"]).await;
    for status in [200, 200, 401] {
        assert_eq!(session.get("/scans").await.status, status);
    }
    assert_eq!(session.log_in().await, 200);
    assert_eq!(session.get("/scans").await.status, 200);

    let mut session = Session::start(&["revoke"]).await;
    let scan = session.scan(&order("example.com")).await;
    session.clock.advance(Duration::from_mins(1));
    assert_eq!(session.get(&format!("/scans/{scan}")).await.status, 200);
    assert_eq!(session.get(&format!("/scans/{scan}")).await.status, 401);
    assert_eq!(session.log_in().await, 401);
}

#[tokio::test]
async fn the_common_faults_have_this_platforms_shape() {
    let session = Session::start(&["429-reset@status", "500=1@results", "403@policy", "cyberorigen:404@cancel"]).await;
    let limited = session.get("/scans").await;
    assert_eq!((limited.status, &limited.json()["error_code"]), (429, &json!("RATE_LIMIT_EXCEEDED")));
    assert_eq!(limited.header("x-ratelimit-remaining"), Some("0"));
    assert_eq!(session.get("/scans/x/findings").await.json()["detail"], "Internal server error");
    assert_eq!(session.get("/controls").await.status, 403);
    assert_eq!(session.call("DELETE", "/scans/x", "").await.json()["detail"], "Not Found");
    let session = Session::start(&["hostile-text"]).await;
    let list = session.findings("").await.to_string();
    assert!(list.contains("::error file=") && list.contains("<script>"), "{list}");
    drop(session.server);
}
