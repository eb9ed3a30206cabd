//! The sandbox over real sockets: routes, tokens, lists and policy, as the contract has them.
#![expect(clippy::unwrap_used, reason = "helpers of tests, outside the functions that the lint exempts")]

mod bestdefense;
mod client;
mod cyberorigen;
mod cybrium;
mod faults;
mod login;
mod scans;
mod shapes;
mod wire;

use std::time::Duration;

use scangate::sandbox::{Dialect, Policy, SandboxOptions, Server, serve};
use serde_json::{Value, json};

pub(crate) use wire::CARELESS;
use wire::{Session, archive, send};

use crate::harness::Scangate;
use crate::served::in_process;

fn ids(list: &Value) -> Vec<String> {
    let rows = list["vulnerabilities"].as_array().unwrap().iter();
    rows.map(|row| row["base"]["id"].as_str().or(row["id"].as_str()).unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_service_and_its_client_applications_need_no_token() {
    let session = Session::start(&[]).await;
    let api = &session.access.api_url;
    let root = send("GET", &format!("{api}/"), &[], "").await.unwrap();
    assert_eq!((root.status, root.json()["service"].as_str().unwrap()), (200, "cybedefend-sandbox"));
    let apps = send("GET", &format!("{api}/client-apps"), &[], "").await.unwrap().json();
    assert!(
        apps["cli"]["appId"].is_string()
            && apps["vscode"]["appId"].is_string()
            && apps["intellij"]["appId"].is_string()
    );
    assert_eq!(apps.get("logtoResource"), None);
}

#[tokio::test]
async fn the_exchange_gives_a_token_for_ten_minutes_and_says_why_it_does_not() {
    let mut session = Session::start(&[]).await;
    let form = session.form().await;
    let reply = session.exchange(&form).await;
    assert_eq!((reply.status, reply.json()["expires_in"].as_u64()), (200, Some(600)));
    assert_eq!(reply.json()["access_token"].as_str().unwrap().split('.').count(), 3, "looks like a JWT");
    assert_eq!(reply.json().get("refresh_token"), None);

    let apps = send("GET", &format!("{}/client-apps", session.access.api_url), &[], "").await.unwrap().json();
    let vscode = apps["vscode"]["appId"].as_str().unwrap();
    for (field, value, error, description) in [
        ("grant_type", "client_credentials", "unsupported_grant_type", "grant_type"),
        ("grant_type", "", "invalid_request", "grant_type"),
        ("client_id", "unknown", "invalid_client", "invalid client unknown"),
        ("client_id", vscode, "unauthorized_client", "token_exchange_not_allowed"),
        ("subject_token", "pat_wrong", "invalid_grant", "subject token not found"),
        ("subject_token", "", "invalid_request", "subject_token"),
        ("subject_token_type", "urn:other", "invalid_request", "subject_token_type"),
        ("resource", "https://api-eu.cybedefend.com", "invalid_target", "resource"),
    ] {
        let changed: Vec<_> = form
            .iter()
            .map(|(name, old)| (*name, if *name == field { value.to_owned() } else { old.clone() }))
            .collect();
        let reply = session.exchange(&changed).await;
        let body = reply.json();
        assert_eq!((reply.status, body["error"].as_str()), (400, Some(error)), "{field}={value}");
        assert_eq!(body["code"], format!("oidc.{error}"));
        assert!(body["error_description"].as_str().unwrap().contains(description), "{body}");
    }
    let url = format!("{}/oidc/token", session.access.auth_url);
    let json = send("POST", &url, &[("Content-Type", "application/json")], "{}").await.unwrap();
    assert_eq!(json.json()["error"], "invalid_request");

    // Without a resource the token is good for nothing.
    let opaque = session.exchange(&form[..4]).await.json()["access_token"].as_str().unwrap().to_owned();
    session.token = opaque;
    assert_eq!(session.get("/organizations").await.status, 401);
}

#[tokio::test]
async fn a_token_ends_after_ten_minutes_of_the_clock() {
    let mut session = Session::start(&[]).await;
    session.clock.advance(Duration::from_secs(599));
    assert_eq!(session.get("/user/profile").await.status, 200);
    session.clock.advance(Duration::from_secs(1));
    let refused = session.get("/user/profile").await;
    assert_eq!(refused.status, 401);
    let body = refused.json();
    assert_eq!((&body["statusCode"], &body["path"]), (&json!(401), &json!("/user/profile")), "{body}");
    assert!(body["timestamp"].as_str().unwrap().starts_with("2026-03-01T10:10:00.000Z"), "{body}");
    session.log_in().await;
    assert_eq!(session.get("/user/profile").await.status, 200);
}

#[tokio::test]
async fn wrong_credentials_keys_projects_and_paths_are_told_apart() {
    let mut session = Session::start(&[]).await;
    let url = format!("{}/organizations", session.access.api_url);
    let key = send("GET", &url, &[("X-API-Key", "key"), ("Authorization", "Bearer x")], "").await.unwrap();
    assert_eq!((key.status, &key.json()["statusCode"]), (410, &json!(410)));
    assert_eq!(send("GET", &url, &[], "").await.unwrap().status, 401);
    assert_eq!(session.get("/project/00000000-0000-4000-8000-000000000000").await.status, 404);
    assert_eq!(session.get("/project/{p}/scan/unknown").await.status, 404);
    assert_eq!(session.get("/nowhere").await.status, 404);
    assert_eq!(session.call("DELETE", "/project/{p}", "").await.status, 404);
    assert_eq!(session.get("/project/{p}").await.json()["projectId"], session.access.project_id);
    session.token = "eyJ.eyJ.x".to_owned();
    assert_eq!(session.get("/organizations").await.status, 401);
}

#[tokio::test]
async fn only_the_own_host_name_is_answered() {
    let session = Session::start(&[]).await;
    for origin in [&session.access.api_url, &session.access.auth_url, &session.access.storage_url] {
        let reply = send("GET", &format!("{origin}/"), &[("Host", "rebound.example")], "").await.unwrap();
        assert_eq!(reply.status, 421, "{origin}");
        assert!(origin.starts_with("http://127.0.0.1:"));
    }
    let url = format!("{}/", session.access.api_url);
    let local = session.access.api_url.replace("http://127.0.0.1", "localhost");
    assert_eq!(send("GET", &url, &[("Host", &local)], "").await.unwrap().status, 200);
}

#[tokio::test]
async fn every_family_has_its_own_shape() {
    let session = Session::start(&[]).await;
    let scan = session.scan("main", CARELESS).await;
    let image =
        session.call("POST", "/project/{p}/scan/container/start", r#"{"imageToScan":"node:18","branch":"main"}"#).await;
    assert_eq!(image.status, 200);
    session.clock.advance(Duration::from_secs(30));

    let sast = session.list("sast", "?branch=main").await;
    let base = &sast["vulnerabilities"][0]["base"];
    assert_eq!((&base["path"], &base["vulnerableStartLine"]), (&json!("app/main.py"), &json!(2)));
    assert_eq!((&base["currentSeverity"], &base["vulnerability"]["severity"]), (&json!("high"), &json!("HIGH")));
    assert_eq!(base["codeSnippets"][0]["code"][1]["content"], "os.system(command)");
    assert_eq!(session.list("secret", "").await["vulnerabilities"][0]["base"]["path"], "app/settings.py");
    assert_eq!(session.list("cicd", "").await["total"], 1);
    assert_eq!(session.list("iac", "").await["total"], 2);

    let sca = session.list("sca", "?sort=currentSeverity&order=desc").await;
    let [rated, unrated] = [0, 1].map(|row| &sca["vulnerabilities"][row]);
    assert_eq!((&rated["metadata"]["cve"], &rated["base"]["vulnerability"]), (&json!("CVE-2020-14343"), &Value::Null));
    assert_eq!((&rated["library"]["fileName"], &rated["cvssScore"]), (&json!("requirements.txt"), &json!(9.8)));
    assert_eq!((&unrated["base"]["currentSeverity"], &unrated["metadata"]["cve"]), (&Value::Null, &Value::Null));

    let container = session.list("container", "").await;
    assert_eq!(container["vulnerabilities"][0]["package"]["name"], "zlib1g");
    assert_eq!((container.get("sort"), container["vulnerabilities"][0].get("base")), (None, None));

    assert_eq!(sast["vulnCountByType"]["iac"], 2);
    assert_ne!(sast["scanProjectInfo"]["scanId"], json!(scan), "the image was scanned last");
    let id = &ids(&sast)[0];
    let detail = session.get(&format!("/project/{{p}}/results/sast/{id}")).await.json();
    assert_eq!((&detail["vulnerabilityId"], &detail["sast"]["base"]["id"]), (&json!(id), &json!(id)));
    assert_eq!(session.get(&format!("/project/{{p}}/results/iac/{id}")).await.status, 404);
    assert_eq!(session.get("/project/{p}/results/dast").await.status, 404);
}

#[tokio::test]
async fn lists_filter_by_plain_keys_page_and_clamp() {
    let session = Session::start(&["many=250"]).await;
    session.scan("main", CARELESS).await;
    assert_eq!(session.list("sast", "").await["limit"], 10);
    let clamped = session.list("sast", "?pageSizeNumber=500&pageNumber=3&page=1&limit=5").await;
    assert_eq!((&clamped["limit"], &clamped["total"], &clamped["totalPages"]), (&json!(100), &json!(251), &json!(3)));
    assert_eq!(ids(&clamped).len(), 51);

    let mut all = Vec::new();
    for page in 1..=3 {
        all.extend(ids(&session
            .list("sast", &format!("?pageSizeNumber=100&pageNumber={page}&sort=currentSeverity&order=desc"))
            .await));
    }
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 251, "each row is on one page");

    let worst = session.list("sast", "?sort=currentSeverity&order=desc").await;
    assert_eq!(worst["vulnerabilities"][0]["base"]["currentSeverity"], "critical");
    assert_eq!(session.list("sca", "?severity=critical").await["total"], 1, "the unrated one vanishes");
    assert_eq!(session.list("sast", "?branch=other").await["total"], 0);
    for query in ["?severity=info", "?pageNumber=0", "?order=up", "?sort=name", "?status=open"] {
        assert_eq!(session.get(&format!("/project/{{p}}/results/sast{query}")).await.status, 400, "{query}");
    }

    let closed = ids(&worst)[0].clone();
    let path = format!("/project/{{p}}/results/{closed}");
    assert_eq!(session.call("PATCH", &path, r#"{"status":"ignored","comment":"accepted"}"#).await.status, 200);
    assert_eq!(session.call("PATCH", &path, r#"{"status":"closed"}"#).await.status, 400);
    assert_eq!(session.list("sast", "?status=to_verify&status=confirmed").await["total"], 250);
    assert_eq!(session.list("sast", "?status%5B%5D=to_verify").await["total"], 251, "bracketed keys are ignored");
    assert_eq!(session.list("sast", "?status=ignored").await["total"], 1);
    let batch = format!(r#"{{"items":[{{"vulnerabilityId":"{closed}","status":"confirmed"}}]}}"#);
    assert_eq!(session.call("PATCH", "/project/{p}/results/batch", &batch).await.status, 200);
    assert_eq!(session.list("sast", "?status=confirmed").await["total"], 1);
    assert_eq!(session.call("PATCH", "/project/{p}/results/batch", r#"{"items":[]}"#).await.status, 400);

    let groups = session.get("/project/{p}/results/sast/grouped?perPage=2").await.json();
    assert_eq!((&groups["total"], &groups["totalOccurrences"]), (&json!(5), &json!(251)));
    assert_eq!(groups["groupedVulnerabilities"].as_array().unwrap().len(), 2);
    let overview = session.get("/project/{p}/results/overview?branches=main").await.json();
    assert_eq!(overview["totalByAnalysisType"][0], json!({ "analysisType": "sast", "count": 251 }));
}

#[tokio::test]
async fn images_are_scanned_from_registries_too() {
    let session = Session::start(&[]).await;
    let github = "/integrations/github-container-registry/project/{p}/scan";
    assert_eq!(session.call("POST", github, r#"{"imageName":"node:18"}"#).await.status, 202);
    let docker = "/integrations/dockerhub/container-registry/project/{p}/scan";
    assert_eq!(session.call("POST", docker, r#"{"imageName":"node:18"}"#).await.status, 400, "a credential is needed");
    session.clock.advance(Duration::from_secs(30));
    let paged = session.list("container", "?page=2&limit=1").await;
    assert_eq!((&paged["page"], ids(&paged).len()), (&json!(2), 1));
}

#[tokio::test]
async fn absent_findings_are_resolved_and_come_back_under_their_id() {
    let session = Session::start(&[]).await;
    let one = [("a.py", "eval(x)\n")];
    session.scan("main", &one).await;
    let before = session.list("sast", "").await;
    session.scan("main", &[("a.py", "pass\n")]).await;
    assert_eq!(session.list("sast", "?status=resolved").await["total"], 1);
    session.scan("feature", &[("a.py", "pass\n")]).await;
    session.scan("main", &[("a.py", "\n\n# moved\neval(x)\n")]).await;
    let after = session.list("sast", "?status=to_verify").await;
    assert_eq!(ids(&before), ids(&after));
    assert_eq!(after["vulnerabilities"][0]["base"]["vulnerableStartLine"], 4);
    session.scan("feature", &one).await;
    assert_eq!(session.list("sast", "?branch=feature").await["total"], 1);
    assert_eq!(session.list("sast", "").await["total"], 2, "each branch has its own");
}

#[tokio::test]
async fn a_policy_is_evaluated_a_while_after_the_scan() {
    let policy = Some(Policy::default());
    let session = Session::with(&[], |options| options.cybedefend.policy = policy).await;
    let (scan, url) = session.start_scan("main").await;
    session.upload(&url, &archive(CARELESS)).await.unwrap();
    session.clock.advance(Duration::from_secs(9));
    let path = |what: &str| format!("/projects/{{p}}/scans/{scan}/{what}");
    let status = |reply: Value| reply["status"].as_str().unwrap().to_owned();
    let mut seen = Vec::new();
    for _ in 0..7 {
        seen.push(status(session.get(&path("evaluation-status")).await.json()));
        session.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(seen, ["NOT_STARTED", "NOT_STARTED", "NOT_STARTED", "PENDING", "IN_PROGRESS", "COMPLETED", "COMPLETED"]);

    let violations = session.get(&path("violations?page=1&limit=1")).await.json();
    let row = &violations["violations"][0];
    assert_eq!(
        (&violations["total"], &row["actionTaken"], &row["acknowledged"]),
        (&json!(2), &json!("BLOCK"), &json!(false))
    );
    assert_eq!((&row["affectedVulnerabilitiesCount"], &row["rule"]["value"]), (&json!(1), &json!("CRITICAL")));
    assert_eq!(row["affectedVulnerabilities"][0]["packageName"], "PyYAML");
    let compliance = session.get(&path("compliance")).await.json();
    assert_eq!((&compliance["result"]["compliant"], &compliance["result"]["exitCode"]), (&json!(false), &json!(1)));
    let policies = session.get("/projects/{p}/effective-policies").await.json();
    assert_eq!(policies["appliedPolicies"].as_array().unwrap().len(), 1);

    let of_project = |query: &str| format!("/projects/{{p}}/violation-stats{query}");
    let of_all = session.get(&of_project("")).await.json()["stats"].clone();
    assert_eq!(
        of_all,
        json!({
            "totalViolations": 2, "blockedCount": 1, "warnedCount": 1, "applicablePoliciesCount": 1,
            "complianceStatus": "Non-Compliant",
        })
    );
    let later = session.get(&of_project("?startDate=2030-01-01T00:00:00Z")).await.json();
    assert_eq!(later["stats"]["totalViolations"], 0);
    assert_eq!(session.get(&of_project("?endDate=yesterday")).await.status, 400);
    session.start_scan("main").await;
    assert_eq!(session.get(&of_project("")).await.json()["stats"]["complianceStatus"], "Pending");
}

#[tokio::test]
async fn without_a_policy_no_evaluation_ever_starts() {
    let session = Session::start(&[]).await;
    let scan = session.scan("main", CARELESS).await;
    session.clock.advance(Duration::from_mins(5));
    let status = session.get(&format!("/projects/{{p}}/scans/{scan}/evaluation-status")).await.json();
    assert_eq!((&status["status"], &status["hasEvaluation"]), (&json!("NOT_STARTED"), &json!(false)));
    assert_eq!(session.get(&format!("/projects/{{p}}/scans/{scan}/violations")).await.json()["total"], 0);
    assert_eq!(session.get("/projects/{p}/effective-policies").await.json()["appliedPolicies"], json!([]));
}

#[tokio::test]
async fn it_ends_after_an_idle_hour_and_when_it_is_told_to() {
    let mut session = Session::start(&[]).await;
    let url = format!("{}/", session.access.api_url);
    session.clock.advance(Duration::from_secs(3599));
    assert_eq!(send("GET", &url, &[], "").await.unwrap().status, 200, "a request begins the hour anew");
    session.clock.advance(Duration::from_hours(1));
    assert_eq!(send("GET", &url, &[], "").await.unwrap().status, 503);
    session.server.ended().await;
    assert!(send("GET", &url, &[], "").await.is_err(), "nobody listens any more");

    let options = SandboxOptions { idle: Duration::ZERO, ..Default::default() };
    let mut idle = Server::start(options).await.unwrap();
    idle.ended().await;

    let server = Server::start(SandboxOptions::default()).await.unwrap();
    let url = format!("{}/", server.cybedefend().unwrap().api_url);
    server.shutdown().await;
    assert!(send("GET", &url, &[], "").await.is_err());
}

#[tokio::test]
async fn what_is_announced_is_what_a_client_needs() {
    let served = serve(SandboxOptions::default()).await.unwrap();
    let lines = served.announcement.environment();
    let own = served.server.cybedefend().unwrap();
    assert_eq!(lines[..2], ["# cybedefend".to_owned(), format!("export CYBEDEFEND_API_URL={}", own.api_url)]);
    for dialect in Dialect::ALL {
        assert!(lines.contains(&format!("# {dialect}")), "{dialect} in {lines:?}");
    }
    assert!(served.announcement.note.contains("emulator"));

    let only = SandboxOptions { dialects: vec![Dialect::CyberOrigen], ..SandboxOptions::default() };
    let served = serve(only).await.unwrap();
    let own = served.server.cyberorigen().unwrap();
    let lines = served.announcement.environment();
    assert_eq!(lines[0], format!("export SCANGATE_CYBERORIGEN_API_URL={}", own.api_url));
    assert!(served.server.cybedefend().is_none());
}

#[test]
fn a_fault_that_no_emulated_platform_can_play_is_refused() {
    for fault in ["policy-stuck", "bestdefense:html", "nonsense"] {
        let ended = Scangate::new(["sandbox", "--platform", "cyberorigen", "--fault", fault]).run();
        ended.assert_exit_code(2).assert_stderr_has(&format!("--fault {fault}: "));
    }
}

#[tokio::test]
async fn a_fault_is_played_by_each_platform_or_by_the_one_that_it_names() {
    let (server, _) = in_process(&["html@status", "cybrium:503=9@status"], |_| {}).await;
    let [cyberorigen, cybrium] =
        [&server.cyberorigen().unwrap().api_url, &server.cybrium().unwrap().api_url].map(|url| format!("{url}/scans/"));
    let page = send("GET", cyberorigen.trim_end_matches('/'), &[], "").await.unwrap();
    assert_eq!((page.status, page.text().contains("<html>")), (200, true), "struck by the one for all");
    let plain = send("GET", &cybrium, &[], "").await.unwrap();
    assert_eq!(plain.status, 200, "the first fault that is due strikes");
    let (server, _) = in_process(&["cybrium:503=9@status"], |_| {}).await;
    let struck = send("GET", &format!("{}/scans/", server.cybrium().unwrap().api_url), &[], "").await.unwrap();
    let spared = send("GET", &format!("{}/scans", server.cyberorigen().unwrap().api_url), &[], "").await.unwrap();
    assert_eq!((struck.status, spared.status), (503, 401));
}
