//! Cybrium's emulator over real sockets, as its contract has it.

use std::time::Duration;

use scangate::clock::Clock;
use scangate::credentials::Secret;
use scangate::sandbox::{CybriumAccess, Dialect, Server};
use serde_json::{Value, json};

use super::wire::{Reply, send};
use crate::served::in_process;

const TARGET: &str = r#"{"target":"sandbox-app","scan_type":"full"}"#;

struct Session {
    access: CybriumAccess,
    clock: Clock,
    _server: Server,
}

impl Session {
    async fn start(faults: &[&str]) -> Self {
        let change = |options: &mut scangate::sandbox::SandboxOptions| {
            options.dialects = vec![Dialect::Cybrium];
            options.idle = Duration::from_hours(48);
        };
        let (server, clock) = in_process(faults, change).await;
        Self { access: server.cybrium().unwrap().clone(), clock, _server: server }
    }

    /// The origin, to which paths are added whole.
    fn origin(&self) -> &str {
        self.access.api_url.strip_suffix("/v1").unwrap()
    }

    async fn send(&self, key: &Secret, method: &str, path: &str, media: &str, body: &str) -> Reply {
        let bearer = format!("Bearer {}", key.expose());
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", media)];
        send(method, &format!("{}{path}", self.origin()), &headers, body).await.unwrap()
    }

    async fn call(&self, method: &str, path: &str, body: &str) -> Reply {
        self.send(&self.access.key, method, path, "application/json", body).await
    }

    async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, "").await
    }

    /// The id of a scan that was started.
    async fn scan(&self, body: &str) -> String {
        let reply = self.call("POST", "/v1/scans/", body).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        id(&reply)
    }

    async fn upload(&self, file: &Value) -> Reply {
        let body = format!(
            "--xyz\r\nContent-Disposition: form-data; name=\"sarif\"; filename=\"out.sarif\"\r\n\r\n{file}\r\n--xyz--\r\n"
        );
        let media = "multipart/form-data; boundary=xyz";
        self.send(&self.access.key, "POST", "/api/scans/upload-sarif/", media, &body).await
    }

    /// The first page of the findings of a scan of this target that is over.
    async fn findings(&self, target: &str) -> Value {
        let scan = self.scan(&json!({ "target": target }).to_string()).await;
        self.clock.advance(Duration::from_mins(11));
        self.get(&format!("/v1/findings/?scan={scan}")).await.json()
    }
}

fn id(reply: &Reply) -> String {
    match &reply.json()["id"] {
        Value::String(id) => id.clone(),
        id => id.to_string(),
    }
}

#[tokio::test]
async fn a_key_stands_behind_bearer_and_the_old_one_is_good_for_a_day() {
    let session = Session::start(&[]).await;
    let status = async |key: &Secret| session.send(key, "GET", "/v1/scans/", "application/json", "").await.status;
    assert_eq!((status(&session.access.key).await, status(&session.access.previous_key).await), (200, 200));
    session.clock.advance(Duration::from_hours(24) - Duration::from_secs(1));
    assert_eq!(status(&session.access.previous_key).await, 200);
    session.clock.advance(Duration::from_secs(1));
    assert_eq!((status(&session.access.key).await, status(&session.access.previous_key).await), (200, 401));

    let url = format!("{}/scans/", session.access.api_url);
    let other = format!("Api-Key {}", session.access.key.expose());
    let refused = send("GET", &url, &[("Authorization", &other)], "").await.unwrap();
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, Some("Bearer realm=\"api\"")));
    assert_eq!(refused.json(), json!({ "detail": "Invalid API key." }));

    let session = Session::start(&["scheme=Api-Key"]).await;
    assert_eq!(session.get("/v1/scans/").await.status, 401);
    let url = format!("{}/scans/", session.access.api_url);
    let given = format!("Api-Key {}", session.access.key.expose());
    assert_eq!(send("GET", &url, &[("Authorization", &given)], "").await.unwrap().status, 200);
}

#[tokio::test]
async fn keys_that_are_taken_away_die_within_five_seconds() {
    let session = Session::start(&["revoke", "finish-rotation"]).await;
    let path = format!("/v1/scans/{}/", session.scan(TARGET).await);
    session.clock.advance(Duration::from_secs(10));
    assert_eq!(session.get(&path).await.json()["status"], "running");
    session.clock.advance(Duration::from_secs(4));
    assert_eq!(session.get(&path).await.status, 200, "still in somebody's cache");
    session.clock.advance(Duration::from_secs(1));
    for key in [&session.access.key, &session.access.previous_key] {
        assert_eq!(session.send(key, "GET", &path, "application/json", "").await.status, 401);
    }

    let session = Session::start(&["new-key-late"]).await;
    assert_eq!(session.get("/v1/scans/").await.status, 401);
    let old = &session.access.previous_key;
    assert_eq!(session.send(old, "GET", "/v1/scans/", "application/json", "").await.status, 200);
    session.clock.advance(Duration::from_secs(5));
    assert_eq!(session.get("/v1/scans/").await.status, 200);

    let session = Session::start(&["expire-token=1"]).await;
    for status in [200, 401, 401] {
        assert_eq!(session.get("/v1/scans/").await.status, status);
    }
}

#[tokio::test]
async fn a_scan_of_a_named_target_is_pending_runs_and_is_completed() {
    let session = Session::start(&[]).await;
    for (body, field) in [
        (r"{}", "target"),
        (r#"{"target":"unknown"}"#, "target"),
        (r#"{"target":1}"#, "target"),
        (r#"{"target":"sandbox-app","scan_type":2}"#, "scan_type"),
    ] {
        let reply = session.call("POST", "/v1/scans/", body).await;
        assert_eq!((reply.status, reply.json()[field][0].is_string()), (400, true), "{body}");
    }
    let form = session.send(&session.access.key, "POST", "/v1/scans/", "text/plain", TARGET).await;
    assert_eq!(form.status, 415);

    let scan = session.scan(TARGET).await;
    let path = format!("/v1/scans/{scan}/");
    let mut seen = Vec::new();
    for seconds in [0, 5, 599, 1] {
        session.clock.advance(Duration::from_secs(seconds));
        seen.push(session.get(&path).await.json()["status"].as_str().unwrap().to_owned());
        let found = session.get(&format!("{path}findings/")).await.json();
        assert_eq!(found["count"], if seen.len() == 4 { 6 } else { 0 });
    }
    assert_eq!(seen, ["pending", "running", "running", "completed"]);
    assert_eq!(session.get("/v1/scans/").await.json()["results"][0]["id"], json!(scan));
    assert_eq!(session.get("/v1/scans/unknown/").await.status, 404);
    assert_eq!(session.get("/v1/findings/?scan=unknown").await.status, 400);
    assert_eq!(session.findings("clean-app").await["count"], 0);
}

#[tokio::test]
async fn findings_have_lines_or_packages() {
    let list = Session::start(&[]).await.findings("sandbox-app").await;
    let [code, package] = [0, 1].map(|row| &list["results"][row]);
    assert_eq!((&code["file"], &code["line"], &code["cwe"]), (&json!("app/users.py"), &json!(42), &json!(["CWE-89"])));
    assert_eq!((&package["line"], &package["evidence"]["package"]), (&Value::Null, &json!("event-stream")));
    assert_eq!(list["results"][3]["status"], "false_positive");
    let capitals = Session::start(&["upper-case", "bare-array"]).await.findings("sandbox-app").await;
    assert_eq!(capitals[0]["severity"], "CRITICAL");
    let hostile = Session::start(&["hostile-text"]).await.findings("clean-app").await;
    assert_eq!(hostile["results"][0]["file"].as_str().unwrap().get(..11), Some("../../../::"));
}

#[tokio::test]
async fn pages_are_linked_by_whole_addresses() {
    let session = Session::start(&["many=120"]).await;
    let mut page = session.findings("clean-app").await;
    let mut rows = 0;
    let mut pages = 0;
    loop {
        rows += page["results"].as_array().unwrap().len();
        pages += 1;
        let Some(next) = page["next"].as_str() else { break };
        page = session.get(next.strip_prefix(session.origin()).unwrap()).await.json();
    }
    assert_eq!((rows, pages, &page["count"]), (120, 3, &json!(120)));
    assert!(page["previous"].as_str().unwrap().contains("&page=2"), "{}", page["previous"]);
    assert_eq!(session.get("/v1/findings/?page=4").await.json()["detail"], "Invalid page.");
    assert_eq!(session.get("/v1/findings/?page_size=1000").await.json()["results"].as_array().unwrap().len(), 100);

    for (fault, part) in [
        ("foreign-next=http://other.example/2", "http://other.example/2"),
        ("repeated-next", "&page=1"),
        ("relative-next", "/v1/findings/?scan="),
    ] {
        let page = Session::start(&["many=120", fault]).await.findings("clean-app").await;
        assert!(page["next"].as_str().unwrap().contains(part), "{fault}: {}", page["next"]);
        assert_eq!(fault == "relative-next", page["next"].as_str().unwrap().starts_with('/'));
    }
    assert_eq!(Session::start(&["page-lies"]).await.findings("sandbox-app").await["count"], 13);
}

#[tokio::test]
async fn an_uploaded_file_becomes_a_scan_with_its_findings() {
    let session = Session::start(&[]).await;
    let at = |line: u64| {
        json!({
            "ruleId": "R1", "level": "error", "message": { "text": "m" },
            "locations": [{ "physicalLocation": {
                "artifactLocation": { "uri": "app/users.py" }, "region": { "startLine": line },
            } }],
        })
    };
    let rules =
        json!([{ "id": "R1", "shortDescription": { "text": "t" }, "properties": { "security-severity": 9.5 } }]);
    let run = json!({ "tool": { "driver": { "name": "other", "rules": rules } }, "results": [at(1), at(2), at(1)] });
    let reply = session.upload(&json!({ "version": "2.1.0", "runs": [run] })).await;
    assert_eq!((reply.status, &reply.json()["status"]), (201, &json!("pending")));
    let scan = id(&reply);
    session.clock.advance(Duration::from_secs(20));
    assert_eq!(session.get(&format!("/api/scans/{scan}/")).await.json()["status"], "completed");
    for path in ["/api/findings/", "/api/scans/findings/", "/v1/findings/"] {
        let list = session.get(&format!("{path}?scan={scan}")).await.json();
        assert_eq!(list["count"], 2, "{path}: one for each rule, file and line");
        let first = &list["results"][0];
        assert_eq!((&first["severity"], &first["title"], &first["line"]), (&json!("critical"), &json!("t"), &json!(1)));
    }
    for (file, part) in [(json!({}), "Only SARIF 2.1.0"), (json!({ "version": "2.1.0" }), "no runs")] {
        let refused = session.upload(&file).await;
        assert_eq!((refused.status, refused.json()["sarif"][0].as_str().unwrap().contains(part)), (400, true));
    }
    let no_form = session.call("POST", "/api/scans/upload-sarif/", "{}").await;
    assert_eq!((no_form.status, &no_form.json()["sarif"][0]), (400, &json!("No file was submitted.")));
    assert_eq!(session.call("POST", "/v1/scans/upload-sarif/", "{}").await.status, 405, "uploads have another surface");
}

#[tokio::test]
async fn a_missing_slash_is_added_by_a_redirect() {
    let session = Session::start(&[]).await;
    let reply = session.get("/v1/findings?scan=1").await;
    assert_eq!((reply.status, reply.header("location")), (301, Some("/v1/findings/?scan=1")));
    assert_eq!(session.call("POST", "/v1/scans", TARGET).await.status, 301);
    assert_eq!(session.get("/v1/nowhere/").await.status, 404);
    let session = Session::start(&["slash-500"]).await;
    let failed = session.call("POST", "/v1/scans", TARGET).await;
    assert_eq!((failed.status, failed.text().contains("RuntimeError")), (500, true));
    assert_eq!(session.get("/v1/scans").await.status, 301);
}

#[tokio::test]
async fn scans_end_badly_or_never_or_are_hard_to_find() {
    for (fault, status) in [("failed-scan", "failed"), ("unknown-state", "archived"), ("stuck-queued", "pending")] {
        let session = Session::start(&[fault]).await;
        let path = format!("/v1/scans/{}/", session.scan(TARGET).await);
        session.clock.advance(Duration::from_mins(20));
        assert_eq!(session.get(&path).await.json()["status"], status);
    }
    let session = Session::start(&["late-detail", "integer-ids", "429=1@results", "403@start"]).await;
    assert_eq!(session.call("POST", "/v1/scans/", TARGET).await.status, 403);
    let scan = session.scan(TARGET).await;
    assert_eq!(scan, "101");
    assert_eq!(session.get("/v1/scans/101/").await.status, 404);
    assert_eq!(session.get("/v1/scans/").await.json()["results"][0]["id"], 101);
    session.clock.advance(Duration::from_secs(10));
    assert_eq!(session.get("/v1/scans/101/").await.status, 200);
    let throttled = session.get("/v1/findings/?scan=101").await;
    assert_eq!((throttled.status, throttled.header("retry-after")), (429, Some("1")));
    assert_eq!(throttled.json()["detail"], "Request was throttled.");
    assert_eq!(Session::start(&["no-access-403"]).await.get("/v1/scans/").await.status, 403);
}
