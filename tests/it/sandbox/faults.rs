//! Each fault does what its documentation says.

use std::time::Duration;

use scangate::sandbox::{Policy, SandboxOptions};
use serde_json::{Value, json};

use super::ids;
use super::wire::{CARELESS, Session, archive};

#[tokio::test]
async fn limits_are_stated_in_each_of_the_three_ways() {
    let session = Session::start(&["429=2"]).await;
    for status in [429, 429, 200] {
        let reply = session.get("/organizations").await;
        assert_eq!(reply.status, status);
        assert_eq!(reply.header("retry-after"), (status == 429).then_some("1"));
    }
    let session = Session::start(&["429-date"]).await;
    let reply = session.get("/organizations").await;
    assert_eq!((reply.status, reply.header("retry-after")), (429, Some("Sun, 01 Mar 2026 10:00:07 GMT")));
    assert_eq!(reply.header("date"), Some("Sun, 01 Mar 2026 10:00:00 GMT"), "the sandbox's clock");
    assert_eq!(reply.json()["statusCode"], 429);
    let session = Session::start(&["429-reset"]).await;
    let reply = session.get("/organizations").await;
    assert_eq!(
        (reply.header("x-ratelimit-remaining"), reply.header("x-ratelimit-reset")),
        (Some("0"), Some("1772359207"))
    );
    assert_eq!(session.get("/organizations").await.status, 200);
}

#[tokio::test]
async fn server_errors_spare_the_start_of_a_scan_unless_they_are_sent_there() {
    let session = Session::start(&["500=1", "503=1@start"]).await;
    assert_eq!(session.call("POST", "/project/{p}/scan/start", "").await.status, 503);
    assert_eq!(session.call("POST", "/project/{p}/scan/start", "").await.status, 200);
    assert_eq!(session.get("/organizations").await.status, 500);
    assert_eq!(session.get("/organizations").await.status, 200);
}

#[tokio::test]
async fn slow_answers_take_time_on_the_clock() {
    let session = Session::start(&["slow=1500@project"]).await;
    session.get("/organizations").await;
    assert_eq!(session.clock.monotonic(), Duration::from_millis(1500));
}

#[tokio::test]
async fn answers_break_off_are_cut_or_are_no_json() {
    let session = Session::start(&["reset=1", "cut-json"]).await;
    let broken = session.get("/organizations").await;
    assert!(broken.status == 200 && !broken.is_whole() && !broken.body.is_empty(), "{broken:?}");
    assert!(session.get("/organizations").await.is_whole());
    let cut = session.get("/project/{p}/results/sast").await;
    assert!(cut.is_whole() && serde_json::from_slice::<Value>(&cut.body).is_err(), "{}", cut.text());

    let session = Session::start(&["html@status", "redirect-foreign=http://other.example/x"]).await;
    let page = session.get("/project/{p}/scan/any").await;
    assert!(page.status == 200 && page.text().contains("<html>"));
    let redirect = session.get("/project/{p}/results/sast").await;
    assert_eq!((redirect.status, redirect.header("location")), (302, Some("http://other.example/x")));
}

#[tokio::test]
async fn tokens_die_early_and_pats_are_revoked() {
    let mut session = Session::start(&["expire-token=2", "expires-in-lie"]).await;
    assert_eq!(session.exchange(&session.form().await).await.json()["expires_in"], 3600);
    for status in [200, 200, 401] {
        assert_eq!(session.get("/organizations").await.status, status);
    }
    session.log_in().await;
    assert_eq!(session.get("/organizations").await.status, 200);

    let session = Session::start(&["revoke-pat"]).await;
    let (scan, url) = session.start_scan("main").await;
    session.upload(&url, &archive(CARELESS)).await.unwrap();
    session.clock.advance(Duration::from_secs(4));
    assert_eq!(session.status(&scan).await["state"], "running");
    assert_eq!(session.get("/organizations").await.status, 401);
    let refused = session.exchange(&session.form().await).await;
    assert_eq!((refused.status, &refused.json()["error"]), (400, &json!("invalid_grant")));
}

#[tokio::test]
async fn uploads_fail_in_three_ways() {
    let zip = archive(CARELESS);
    let session = Session::start(&["upload-412"]).await;
    let (scan, url) = session.start_scan("main").await;
    for status in [503, 412, 412] {
        assert_eq!(session.upload(&url, &zip).await.unwrap().status, status);
    }
    session.clock.advance(Duration::from_secs(30));
    assert_eq!(session.status(&scan).await["state"], "completed", "the archive had arrived");

    let session = Session::start(&["upload-expired"]).await;
    let (_, url) = session.start_scan("main").await;
    let refused = session.upload(&url, &zip).await.unwrap();
    assert!(refused.status == 400 && refused.text().contains("ExpiredToken"));

    let session = Session::start(&["upload-cut"]).await;
    let (scan, url) = session.start_scan("main").await;
    let large = vec![b'x'; 4 << 20];
    assert!(session.upload(&url, &large).await.is_err(), "no answer at all");
    assert_eq!(session.status(&scan).await["state"], "queued");
    assert_eq!(session.upload(&url, &zip).await.unwrap().status, 200);
}

#[tokio::test]
async fn scans_end_badly_or_not_at_all() {
    for (fault, state, category) in [
        ("unknown-state", "cancelled", Value::Null),
        ("unknown-state=archived", "archived", Value::Null),
        ("failed-scan", "failed", json!("scan")),
        ("degraded-scan", "completed_degraded", json!("scan")),
        ("stuck-queued", "queued", Value::Null),
    ] {
        let session = Session::start(&[fault]).await;
        let scan = session.scan("main", CARELESS).await;
        session.clock.advance(Duration::from_mins(5));
        let status = session.status(&scan).await;
        assert_eq!((&status["state"], &status["errorCategory"]), (&json!(state), &category), "{fault}");
        let expected = u8::from(!matches!(state, "failed" | "queued"));
        assert_eq!(session.list("sast", "").await["total"], expected, "{fault}");
        let dependencies = if state == "completed_degraded" { 0 } else { 2 * expected };
        assert_eq!(session.list("sca", "").await["total"], dependencies, "{fault}");
    }
}

#[tokio::test]
async fn lists_lie_about_their_length_and_their_scan() {
    let session = Session::start(&["page-lies", "other-scan"]).await;
    let scan = session.scan("main", CARELESS).await;
    let list = session.list("sast", "").await;
    assert_eq!((&list["total"], ids(&list).len()), (&json!(8), 1));
    assert_ne!(list["scanProjectInfo"]["scanId"], json!(scan));
}

#[tokio::test]
async fn findings_come_late() {
    let session = Session::start(&["late-findings=40", "many=20"]).await;
    let (scan, url) = session.start_scan("main").await;
    session.upload(&url, &archive(&[("a.txt", "")])).await.unwrap();
    session.clock.advance(Duration::from_secs(9));
    assert_eq!(session.status(&scan).await["vulnerabilityDetected"], 20);
    let mut totals = Vec::new();
    for _ in 0..5 {
        totals.push(session.list("sast", "").await["total"].as_u64().unwrap());
        session.clock.advance(Duration::from_secs(10));
    }
    assert_eq!(totals, [0, 5, 10, 15, 20]);
}

#[tokio::test]
async fn a_403_is_the_plan_or_the_access() {
    let session = Session::start(&["plan-403=cicd"]).await;
    let refused = session.get("/project/{p}/results/cicd").await;
    assert_eq!((refused.status, refused.json().get("path")), (403, None), "the two-field shape");
    assert_eq!(session.get("/project/{p}/results/sast").await.status, 200);
    assert_eq!(session.get("/project/{p}").await.status, 200);

    let session = Session::start(&["plan-403"]).await;
    assert_eq!(session.get("/project/{p}/results/sast").await.status, 403);
    assert_eq!(session.get("/project/{p}").await.status, 200);

    let session = Session::start(&["no-access-403"]).await;
    for path in ["/project/{p}", "/project/{p}/results/sast", "/project/{p}/scan/x"] {
        assert_eq!(session.get(path).await.status, 403, "{path}");
    }
}

#[tokio::test]
async fn hostile_findings_reach_the_client_unchanged() {
    let session = Session::start(&["hostile-text"]).await;
    session.scan("main", &[("a.txt", "")]).await;
    let mut texts = Vec::new();
    for family in ["sast", "iac", "cicd", "secret"] {
        for row in session.list(family, "").await["vulnerabilities"].as_array().unwrap() {
            let base = &row["base"];
            texts.extend([&base["vulnerability"]["name"], &base["path"]].map(|text| text.as_str().unwrap().to_owned()));
        }
    }
    let texts = texts.join("\n");
    for part in [
        "::error file=",
        "\u{1b}[2J",
        "<script>",
        "../../../etc/passwd",
        "C:\\Windows",
        "https://collector.example.net",
    ] {
        assert!(texts.contains(part), "{part:?} in {texts:?}");
    }
    assert_eq!(session.list("secret", "").await["vulnerabilities"][0]["base"]["currentSeverity"], Value::Null);
}

#[tokio::test]
async fn thirty_thousand_findings_are_paged_through() {
    let session = Session::start(&["many=30000"]).await;
    session.scan("main", &[("a.txt", "")]).await;
    let last = session.list("sast", "?pageSizeNumber=100&pageNumber=300&sort=currentSeverity&order=asc").await;
    assert_eq!((&last["total"], ids(&last).len()), (&json!(30000), 100));
    assert_eq!(last["vulnerabilities"][99]["base"]["currentSeverity"], "critical");
    assert_eq!(ids(&session.list("sast", "?pageSizeNumber=100&pageNumber=301").await).len(), 0);
}

#[tokio::test]
async fn the_evaluation_of_the_policy_starts_late() {
    let late = |options: &mut SandboxOptions| options.policy = Some(Policy::warning());
    let session = Session::with(&["policy-late=60"], late).await;
    let scan = session.scan("main", CARELESS).await;
    for (seconds, status) in [(38, "NOT_STARTED"), (1, "PENDING"), (2, "COMPLETED")] {
        session.clock.advance(Duration::from_secs(seconds));
        let reply = session.get(&format!("/projects/{{p}}/scans/{scan}/evaluation-status")).await.json();
        assert_eq!(reply["status"], status, "{seconds}");
    }
    let violations = session.get(&format!("/projects/{{p}}/scans/{scan}/violations")).await.json();
    assert_eq!((&violations["total"], &violations["violations"][0]["actionTaken"]), (&json!(2), &json!("WARN")));
}

#[tokio::test]
async fn an_image_is_scanned_only_where_the_plan_includes_it() {
    for (fault, status) in [("plan-403=container", 403), ("plan-403=sast", 200)] {
        let session = Session::start(&[fault]).await;
        let reply = session.call("POST", "/project/{p}/scan/container/start", r#"{"imageToScan":"node:18"}"#).await;
        assert_eq!(reply.status, status, "{fault}");
    }
}

#[tokio::test]
async fn the_evaluation_of_the_policy_fails_or_never_ends() {
    for (fault, status) in [("policy-failed", "FAILED"), ("policy-stuck", "IN_PROGRESS")] {
        let session = Session::start(&[fault]).await;
        let scan = session.scan("main", CARELESS).await;
        session.clock.advance(Duration::from_secs(400));
        let reply = session.get(&format!("/projects/{{p}}/scans/{scan}/evaluation-status")).await.json();
        assert_eq!(reply["status"], status);
    }
}
