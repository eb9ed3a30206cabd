//! Scans of container images (contract 3.4), and what the start of any scan says of its branch.

use scangate::error::Class;
use scangate::finding::{Location, ScanReference};
use scangate::platform::cybedefend::CybeDefend;
use scangate::platform::{Collected, Error, Platform as _, Request, ScanState, Subject};
use serde_json::{Value, json};

use super::server::{PROJECT, SCAN, Seen, Server, archive, client, clock, scan};
use super::shown;

const IMAGE: &str = "registry.example:5000/shop/web:1.4";
const DEBIAN: &str = "registry.example:5000/shop/web:1.4 (debian 12.4)";

fn request(server: &Server) -> Request {
    Request { image: Some(IMAGE.to_owned()), ..server.request() }
}

/// A platform that answers the start of an image scan like this.
async fn platform(status: u16, answer: Value) -> Server {
    Server::start(move |seen| {
        let asked = seen.path == format!("/project/{PROJECT}/scan/container/start") && seen.authorization.is_some();
        asked.then(|| (status, answer.clone()))
    })
    .await
}

async fn start(server: &Server) -> (Result<ScanReference, Error>, Vec<String>) {
    let platform = CybeDefend::sign_in(client(&clock()), request(server)).await.unwrap();
    let mut created = Vec::new();
    let subject = Subject::Image(IMAGE.to_owned());
    let started = platform.start(&subject, &mut |scan| created.push(scan.id.clone())).await;
    (started, created)
}

/// The findings of an image scan whose container list has these rows.
async fn collect(rows: Vec<Value>) -> (Collected, Vec<Seen>) {
    let server = Server::start(move |seen| {
        let (family, _) = seen.list().filter(|_| seen.authorization.is_some())?;
        assert_eq!(family, "container");
        let list = json!({"projectId": PROJECT, "total": rows.len(), "totalPages": 1, "vulnerabilities": rows});
        Some((200, list))
    })
    .await;
    let platform = CybeDefend::sign_in(client(&clock()), request(&server)).await.unwrap();
    (platform.findings(&scan()).await.unwrap(), server.seen())
}

fn row(id: u64, target: Option<&str>) -> Value {
    json!({"id": format!("row-{id}"), "vulnerabilityIdentifier": format!("CVE-2023-{id}"), "currentState": "to_verify",
           "currentSeverity": "critical", "fixedVersion": "2", "package": {"name": "zlib1g", "version": "1"},
           "vuln": {"title": "Overflow", "target": target}})
}

#[tokio::test]
async fn the_lost_answer_to_a_start_is_told_as_one_since_a_scan_may_run() {
    for status in [200, 502] {
        let (started, created) = start(&platform(status, json!("cut")).await).await;
        let error = started.unwrap_err().to_string();
        assert!(error.contains("a scan may have been started") && created.is_empty(), "{status}: {error}");
    }
}

#[tokio::test]
async fn an_image_is_scanned_by_its_name_with_the_branch_and_nothing_is_uploaded() {
    let server = platform(200, json!({"success": true, "message": "started", "scanId": SCAN})).await;
    let (started, created) = start(&server).await;
    assert_eq!(started.unwrap().id, SCAN);
    assert_eq!(created, [SCAN]);
    let seen = server.seen();
    assert!(seen.iter().all(|seen| seen.method != "PUT" && !seen.path.ends_with("/scan/start")));
    let start = seen.iter().find(|seen| seen.path.ends_with("/container/start")).unwrap();
    let body: Value = serde_json::from_str(&start.body).unwrap();
    assert_eq!(body, json!({"imageToScan": IMAGE, "branch": "main", "sourceType": "cli"}));
}

#[tokio::test]
async fn the_scan_of_an_image_is_watched_and_its_application_asked_for_once() {
    let server = platform(202, json!({"scanId": SCAN})).await;
    let platform = CybeDefend::sign_in(client(&clock()), request(&server)).await.unwrap();
    let scan = platform.start(&Subject::Image(IMAGE.to_owned()), &mut |_| {}).await.unwrap();
    assert_eq!(platform.check(&scan).await.unwrap(), ScanState::Done);
    assert!(platform.findings(&scan).await.unwrap().findings.is_empty());
    assert_eq!((server.count("/client-apps"), server.count("/oidc/token")), (1, 1));
}

#[tokio::test]
async fn the_start_of_an_image_scan_without_an_id_is_a_protocol_error_with_the_platforms_words() {
    for answer in [json!({"success": false, "message": ["image", "not found"]}), json!({"scanId": "../x"}), json!({})] {
        let (started, created) = start(&platform(200, answer.clone()).await).await;
        let error = started.unwrap_err();
        assert_eq!(error.class(), Class::Protocol, "{answer}");
        assert_eq!(error.to_string().contains("image; not found"), answer["message"].is_array(), "{error}");
        assert!(created.is_empty());
    }
}

#[tokio::test]
async fn an_image_scan_that_may_have_begun_is_not_started_again() {
    let server = platform(500, json!({"message": "late"})).await;
    assert_eq!(start(&server).await.0.unwrap_err().class(), Class::Unavailable);
    assert_eq!(server.count(&format!("/project/{PROJECT}/scan/container/start")), 1);
}

#[tokio::test]
async fn a_refused_image_scan_says_whether_plan_or_access_is_to_blame() {
    let plan = start(&platform(403, json!({"statusCode": 403, "message": "not in plan"})).await).await.0.unwrap_err();
    assert_eq!(plan.class(), Class::Auth);
    let text = shown(&plan);
    assert!(text.contains("a scan of a container image") && text.contains("plan does not include"), "{text}");
    let server = Server::start(|seen| {
        let project = seen.path == format!("/project/{PROJECT}") || seen.path.ends_with("/container/start");
        (project && seen.authorization.is_some()).then(|| (403, json!({"message": "Forbidden resource"})))
    })
    .await;
    let access = start(&server).await.0.unwrap_err();
    assert!(access.to_string().contains("no access"), "{access}");
}

#[tokio::test]
async fn a_reference_that_is_none_is_refused_before_anything_is_sent() {
    for hostile in ["--privileged", "a b", "a\nb", ""] {
        let server = Server::start(|_| None).await;
        let request = Request { image: Some(hostile.to_owned()), ..server.request() };
        let error = CybeDefend::sign_in(client(&clock()), request).await.map(drop).unwrap_err();
        assert_eq!(error.class(), Class::Usage);
        assert!(error.hint().unwrap().contains("--image") && !error.to_string().contains('\n'), "{error}");
        assert!(server.seen().is_empty());
    }
}

#[tokio::test]
async fn an_image_scan_reads_the_container_list_alone_and_places_what_has_no_place() {
    let (collected, seen) = collect(vec![row(1, Some(DEBIAN)), row(2, None)]).await;
    assert!(collected.missing.is_empty() && collected.notes.is_empty(), "{collected:?}");
    assert_eq!(seen.iter().filter(|seen| seen.list().is_some()).count(), 1);
    let images: Vec<&str> = collected
        .findings
        .iter()
        .map(|finding| match &finding.location {
            Location::Image { image, .. } => image.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(images, [DEBIAN, IMAGE]);
}

#[tokio::test]
async fn findings_that_name_another_image_count_and_are_said() {
    let (collected, _) = collect(vec![row(1, Some(IMAGE)), row(2, Some("debian:12"))]).await;
    assert_eq!(collected.findings.len(), 2);
    assert!(collected.notes[0].starts_with("1 of the container findings do not name"), "{:?}", collected.notes);
}

#[tokio::test]
async fn a_scan_of_no_known_branch_is_tied_to_none_and_never_to_main() {
    let server = platform(200, json!({"scanId": SCAN})).await;
    let without = || Request { branch: Some("  ".to_owned()), ..request(&server) };
    let platform = CybeDefend::sign_in(client(&clock()), without()).await.unwrap();
    platform.start(&Subject::Image(IMAGE.to_owned()), &mut |_| {}).await.unwrap();
    let (_folder, subject, _) = archive();
    platform.start(&subject, &mut |_| {}).await.unwrap_err();
    platform.findings(&scan()).await.unwrap();
    let seen = server.seen();
    let bodies = seen.iter().filter(|seen| seen.path.ends_with("/start"));
    assert_eq!(bodies.clone().count(), 2);
    assert!(bodies.map(|seen| &seen.body).all(|body| body.contains("sourceType") && !body.contains("branch")));
    assert!(seen.iter().all(|seen| seen.parameter("branch").is_none()));
}
