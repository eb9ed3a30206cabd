//! BestDefense's emulator over real sockets, as its contract has it.

use std::time::Duration;

use scangate::clock::Clock;
use scangate::sandbox::{BestDefenseAccess, Dialect, Server};
use serde_json::{Value, json};

use super::wire::{Reply, send};
use crate::served::in_process;

struct Session {
    access: BestDefenseAccess,
    clock: Clock,
    _server: Server,
}

impl Session {
    async fn start(faults: &[&str]) -> Self {
        let (server, clock) = in_process(faults, |options| options.dialects = vec![Dialect::BestDefense]).await;
        Self { access: server.bestdefense().unwrap().clone(), clock, _server: server }
    }

    async fn call(&self, method: &str, path: &str, body: &str) -> Reply {
        let bearer = format!("Bearer {}", self.access.token.expose());
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        send(method, &format!("{}{path}", self.access.api_url), &headers, body).await.unwrap()
    }

    async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, "").await
    }

    async fn create(&self, site: usize, body: &Value) -> Reply {
        let path = format!("/api/report/create/for-target/{}", self.access.sites[site].id);
        self.call("POST", &path, &body.to_string()).await
    }

    /// The id of a report that was created.
    async fn report(&self, site: usize, body: &Value) -> String {
        let reply = self.create(site, body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        match &reply.json()["id"] {
            Value::String(id) => id.clone(),
            id => id.to_string(),
        }
    }

    async fn is_completed(&self, report: &str) -> Value {
        self.get(&format!("/api/report/{report}/progress")).await.json()["data"]["isCompleted"].clone()
    }

    /// What the alerts of a quick scan that is over say.
    async fn alerts(&self, site: usize) -> Value {
        let report = self.report(site, &quick()).await;
        self.clock.advance(Duration::from_mins(6));
        let overview = self.get(&format!("/api/report/{report}/overview")).await.json();
        let number = overview["data"]["security"]["id"].as_u64().unwrap();
        self.get(&format!("/api/report/vortex/{number}/alerts")).await.json()["data"].clone()
    }
}

fn with(intensity: &str) -> Value {
    let options = json!({ "vortexType": "analog", "testingType": "web", "scanIntensity": intensity });
    json!({ "options": { "security": { "enabled": true, "options": options } } })
}

fn quick() -> Value {
    with("quick")
}

#[tokio::test]
async fn sites_stand_in_an_envelope_and_only_for_the_organisations_token() {
    let session = Session::start(&[]).await;
    let reply = session.get("/api/sites").await.json();
    assert_eq!((&reply["success"], &reply["error"]), (&json!(true), &Value::Null));
    let sites = &reply["data"]["sites"];
    assert_eq!(sites[0], json!({ "id": session.access.sites[0].id, "hostname": "shop.example.com" }));
    assert_eq!(sites.as_array().unwrap().len(), 3);
    let url = format!("{}/api/sites", session.access.api_url);
    let refused = send("GET", &url, &[("Authorization", "Bearer wrong")], "").await.unwrap();
    assert_eq!((refused.status, &refused.json()["success"]), (401, &json!(false)));
    assert_eq!(send("GET", &url, &[], "").await.unwrap().header("www-authenticate"), Some("Bearer"));
    let demands = Session::start(&["dpop"]).await.get("/api/sites").await;
    assert_eq!((demands.status, demands.header("www-authenticate")), (401, Some("DPoP algs=\"ES256\"")));
    let twice = Session::start(&["ambiguous-site"]).await.get("/api/sites").await.text();
    assert_eq!(twice.matches("shop.example.com").count(), 2);
}

#[tokio::test]
async fn a_report_is_created_in_both_forms_with_its_id_at_the_root() {
    let session = Session::start(&[]).await;
    let short = json!({ "options": {
        "callback": { "secret": "00" }, "security": { "enabled": true }, "seo": { "enabled": true },
    } });
    for body in [quick(), short] {
        let reply = session.create(0, &body).await.json();
        assert_eq!((&reply["success"], &reply["status"], reply.get("data")), (&json!(true), &json!(200), None));
        assert_eq!(reply["id"].as_str().unwrap().len(), 36);
    }
    assert!(Session::start(&["integer-id"]).await.create(0, &quick()).await.json()["id"].is_u64());
    assert_eq!(Session::start(&["no-id"]).await.create(0, &quick()).await.json()["id"], Value::Null);
}

#[tokio::test]
async fn what_a_report_is_to_hold_is_checked() {
    let session = Session::start(&[]).await;
    for body in [
        json!({}),
        json!({ "options": {} }),
        json!({ "options": { "security": { "enabled": false } } }),
        json!({ "options": { "sast": { "enabled": true } } }),
        with("reckless"),
    ] {
        let reply = session.create(0, &body).await;
        assert_eq!((reply.status, &reply.json()["success"]), (400, &json!(false)), "{body}");
    }
    let pending = session.create(2, &quick()).await;
    assert_eq!((pending.status, pending.text().contains("not verified")), (409, true));
    let foreign = "/api/report/create/for-target/00000000-0000-4000-8000-000000000000";
    assert_eq!(session.call("POST", foreign, &quick().to_string()).await.status, 404);
}

#[tokio::test]
async fn a_report_is_completed_after_the_time_of_its_intensity() {
    let session = Session::start(&[]).await;
    for (intensity, minutes, alerts) in [("quick", 5, 5), ("standard", 20, 7)] {
        let report = session.report(0, &with(intensity)).await;
        session.clock.advance(Duration::from_secs(60 * minutes));
        assert_eq!(session.is_completed(&report).await, json!(false));
        let path = format!("/api/report/{report}/overview");
        assert_eq!(session.get(&path).await.json()["data"]["security"], Value::Null);
        session.clock.advance(Duration::from_secs(10));
        assert_eq!(session.is_completed(&report).await, json!(true));
        let number = session.get(&path).await.json()["data"]["security"]["id"].as_u64().unwrap();
        let list = session.get(&format!("/api/report/vortex/{number}/alerts")).await.json();
        assert_eq!(list["data"]["alerts"].as_array().unwrap().len(), alerts, "{intensity}");
    }
    for path in ["/api/report/unknown/progress", "/api/report/unknown/overview", "/api/report/vortex/1/alerts"] {
        assert_eq!(session.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn alerts_have_counts_without_the_accepted_ones() {
    let session = Session::start(&[]).await;
    let data = session.alerts(0).await;
    let counts = json!({ "critical": 1, "high": 1, "medium": 1, "low": 0, "informational": 1 });
    assert_eq!(data["riskSummary"], counts);
    let first = &data["alerts"][0];
    assert_eq!(
        (&first["severity"], &first["cweId"], &first["url"]),
        (&json!("Critical"), &json!(89), &json!("https://shop.example.com/search?q=1"))
    );
    assert_eq!(data["alerts"][3]["isAccepted"], true);
    let clean = session.alerts(1).await;
    assert_eq!((&clean["alerts"], &clean["riskSummary"]["critical"]), (&json!([]), &json!(0)));
}

#[tokio::test]
async fn alerts_come_in_other_shapes_and_lie() {
    let grouped = Session::start(&["shape-b"]).await.alerts(0).await;
    assert_eq!((&grouped["risks"]["Critical"], &grouped["alerts"][0]["riskcode"]), (&json!("1"), &json!("4")));
    assert_eq!(grouped["alerts"][1]["instances"][0]["param"], "name");
    let counts = Session::start(&["shape-c", "page-lies"]).await.alerts(0).await;
    assert_eq!((counts.get("alerts"), &counts["riskSummary"]["high"]), (None, &json!(8)));
    let many = Session::start(&["many=250", "hostile-text"]).await.alerts(1).await;
    assert_eq!(many["alerts"].as_array().unwrap().len(), 256);
    assert!(many.to_string().contains("javascript:alert(1)//::error file="));
}

#[tokio::test]
async fn envelopes_fail_with_200_and_permissions_are_missing() {
    let session = Session::start(&["success-false=1@project", "success-false=1@status"]).await;
    let failed = session.get("/api/sites").await;
    assert_eq!((failed.status, &failed.json()["success"], &failed.json()["data"]), (200, &json!(false), &Value::Null));
    assert_eq!(session.get("/api/sites").await.json()["success"], true);
    assert_eq!(session.get("/api/report/x/progress").await.json()["success"], false);

    let session = Session::start(&["permission-403"]).await;
    let refused = session.create(0, &quick()).await;
    assert_eq!((refused.status, refused.text().contains("create reports")), (403, true));
    assert_eq!(session.get("/api/sites").await.status, 200);
    assert_eq!(Session::start(&["permission-403=view-sites"]).await.get("/api/sites").await.status, 403);
    assert_eq!(Session::start(&["no-access-403"]).await.get("/api/sites").await.status, 403);
}

#[tokio::test]
async fn reports_end_badly_or_never() {
    for (fault, completed, status) in [
        ("failed-scan", json!(false), json!("failed")),
        ("unknown-state", json!(false), json!("archived")),
        ("stuck-queued", json!(false), Value::Null),
        ("text-booleans", json!("true"), Value::Null),
    ] {
        let session = Session::start(&[fault]).await;
        let report = session.report(0, &quick()).await;
        session.clock.advance(Duration::from_mins(20));
        let data = session.get(&format!("/api/report/{report}/progress")).await.json()["data"].clone();
        assert_eq!((&data["isCompleted"], &data["status"]), (&completed, &status), "{fault}");
    }
    let session = Session::start(&["late-security"]).await;
    let report = session.report(0, &quick()).await;
    session.clock.advance(Duration::from_mins(20));
    for is_null in [true, true, false] {
        let overview = session.get(&format!("/api/report/{report}/overview")).await.json();
        assert_eq!(overview["data"]["security"].is_null(), is_null);
    }
    let only_seo = session.report(0, &json!({ "options": { "seo": { "enabled": true } } })).await;
    session.clock.advance(Duration::from_mins(3));
    assert_eq!(session.is_completed(&only_seo).await, json!(true));
    let overview = session.get(&format!("/api/report/{only_seo}/overview")).await.json();
    assert_eq!(overview["data"]["security"], Value::Null);
}

#[tokio::test]
async fn a_token_is_revoked_while_a_scan_runs() {
    for fault in ["revoke", "expire-token=2"] {
        let session = Session::start(&[fault]).await;
        let report = session.report(0, &quick()).await;
        session.clock.advance(Duration::from_mins(1));
        assert_eq!(session.is_completed(&report).await, json!(false));
        assert_eq!(session.get("/api/sites").await.status, 401, "{fault}");
        assert_eq!(session.get("/api/sites").await.status, 401, "for good");
    }
}

#[tokio::test]
async fn whoever_leaves_the_api_is_asked_to_log_in() {
    let session = Session::start(&[]).await;
    let redirect = session.get("/report/1").await;
    assert_eq!((redirect.status, redirect.header("location")), (302, Some("/login")));
    assert!(session.get("/login").await.text().contains("<html>"));
    assert_eq!(session.get("/api/v1/findings").await.status, 404);
    assert_eq!(session.call("POST", "/api/sites", "{}").await.status, 405);
}
