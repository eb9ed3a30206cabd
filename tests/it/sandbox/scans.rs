//! The start of scans, their way through the queue, and the upload.

use std::time::Duration;

use scangate::sandbox::{Plan, UploadLimits};
use serde_json::json;

use super::wire::{CARELESS, Session, archive, send};

#[tokio::test]
async fn the_start_of_a_scan_is_validated() {
    let session = Session::start(&[]).await;
    let path = "/project/{p}/scan/start";
    let wrong = session.call("POST", path, r#"{"sourceType":"jenkins"}"#).await;
    assert_eq!((wrong.status, &wrong.json()["code"]), (400, &json!(400)), "{}", wrong.text());
    assert!(wrong.json()["message"].as_str().unwrap().contains("manual, cli, github, gitlab, jetbrains, vscode"));
    assert_eq!(session.call("POST", path, r#"{"branch":7}"#).await.status, 400);
    assert_eq!(session.call("POST", path, "{").await.status, 400);
    let bare = session.call("POST", path, "").await;
    assert_eq!((bare.status, &bare.json()["success"]), (200, &json!(true)));
    let linked = session.call("POST", "/project/{p}/github/start-scan", r#"{"repositoryId":"x"}"#).await;
    assert_eq!(linked.status, 400);
}

#[tokio::test]
async fn a_scan_waits_for_its_archive_and_then_runs_by_the_clock() {
    let session = Session::start(&[]).await;
    let (scan, url) = session.start_scan("main").await;
    session.clock.advance(Duration::from_mins(1));
    assert_eq!(session.status(&scan).await["state"], "queued", "nothing was uploaded");
    assert_eq!(session.upload(&url, &archive(CARELESS)).await.unwrap().status, 200);
    assert_eq!(session.status(&scan).await["state"], "queued");
    session.clock.advance(Duration::from_secs(5));
    let running = session.status(&scan).await;
    assert_eq!((&running["state"], &running["progress"]), (&json!("running"), &json!(50.0)), "{running}");
    assert_eq!(session.list("sast", "").await["total"], 0, "findings come when the scan has ended");
    session.clock.advance(Duration::from_secs(4));
    let done = session.status(&scan).await;
    assert_eq!(
        (&done["state"], &done["progress"], &done["vulnerabilityDetected"]),
        (&json!("completed"), &json!(100.0), &json!(7))
    );
    assert_eq!(done["language"], json!(["Python"]));
    assert_eq!(session.get("/project/{p}/branches").await.json()["branches"], json!(["main"]));
}

#[tokio::test]
async fn one_scan_runs_at_a_time() {
    let session = Session::start(&[]).await;
    let (first, first_url) = session.start_scan("main").await;
    let (second, second_url) = session.start_scan("main").await;
    session.upload(&first_url, &archive(CARELESS)).await.unwrap();
    session.upload(&second_url, &archive(CARELESS)).await.unwrap();
    session.clock.advance(Duration::from_secs(5));
    assert_eq!(
        (session.status(&first).await["state"].as_str(), session.status(&second).await["state"].as_str()),
        (Some("running"), Some("queued"))
    );
    session.clock.advance(Duration::from_secs(9));
    assert_eq!(
        (session.status(&first).await["state"].as_str(), session.status(&second).await["state"].as_str()),
        (Some("completed"), Some("running"))
    );

    let plan = Plan { concurrent_scans: 2, ..Plan::default() };
    let session = Session::with(&[], |options| options.cybedefend.plan = plan).await;
    let (first, first_url) = session.start_scan("main").await;
    let (second, second_url) = session.start_scan("main").await;
    session.upload(&first_url, &archive(CARELESS)).await.unwrap();
    session.upload(&second_url, &archive(CARELESS)).await.unwrap();
    session.clock.advance(Duration::from_secs(5));
    for scan in [first, second] {
        assert_eq!(session.status(&scan).await["state"], "running");
    }
}

#[tokio::test]
async fn the_storage_takes_one_signed_upload_and_says_in_xml_what_is_wrong() {
    let session = Session::start(&[]).await;
    let (_, url) = session.start_scan("main").await;
    let zip = archive(CARELESS);
    let length = zip.len().to_string();
    let kind = ("Content-Type", "application/zip");
    let put = |url: String, headers: Vec<(&'static str, String)>| {
        let zip = zip.clone();
        async move {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let reply = send("PUT", &url, &headers, zip).await.unwrap();
            (reply.status, reply.text())
        }
    };
    let typed = || vec![(kind.0, kind.1.to_owned())];
    let with = |name: &'static str, value: &str| vec![(kind.0, kind.1.to_owned()), (name, value.to_owned())];
    for (url, headers, status, code) in [
        (url.replace("X-Goog-Expires=900", "X-Goog-Expires=99999"), typed(), 403, "SignatureDoesNotMatch"),
        (url.clone() + "0", typed(), 403, "SignatureDoesNotMatch"),
        (url.split('?').next().unwrap().to_owned(), typed(), 403, "SignatureDoesNotMatch"),
        (url.replace(".zip", "x.zip"), typed(), 403, "SignatureDoesNotMatch"),
        (format!("{}/elsewhere", session.access.storage_url), typed(), 404, "NoSuchKey"),
        (url.clone(), vec![], 403, "SignatureDoesNotMatch"),
        (url.clone(), vec![(kind.0, "application/octet-stream".to_owned())], 403, "SignatureDoesNotMatch"),
        (url.clone(), with("Authorization", "Bearer x"), 400, "InvalidArgument"),
        (url.clone(), with("Transfer-Encoding", "chunked"), 411, "MissingContentLength"),
        (url.clone(), with("x-goog-content-length-range", "0,10"), 400, "EntityTooLarge"),
        (url.clone(), with("x-goog-content-length-range", "100000,200000"), 400, "EntityTooSmall"),
    ] {
        let (answered, text) = put(url.clone(), headers.clone()).await;
        assert_eq!(answered, status, "{url} {headers:?} {text}");
        assert!(text.starts_with("<?xml") && text.contains(&format!("<Code>{code}</Code>")), "{text}");
    }
    assert_eq!(send("GET", &url, &[kind], "").await.unwrap().status, 403);

    let google = || {
        vec![
            (kind.0, kind.1.to_owned()),
            ("x-goog-if-generation-match", "0".into()),
            ("x-goog-content-length-range", format!("0,{length}")),
        ]
    };
    assert_eq!(put(url.clone(), google()).await.0, 200);
    let (status, text) = put(url.clone(), google()).await;
    assert!(status == 412 && text.contains("PreconditionFailed"), "{status} {text}");

    let (_, late) = session.start_scan("main").await;
    session.clock.advance(Duration::from_secs(901));
    let (status, text) = put(late, typed()).await;
    assert!(status == 400 && text.contains("ExpiredToken"), "{status} {text}");
}

#[tokio::test]
async fn archives_beyond_the_limits_are_refused_or_fail_their_scan() {
    let limits = UploadLimits { archive_bytes: 5000, unpacked_bytes: 50_000, entries: 3 };
    let session = Session::with(&[], |options| options.cybedefend.upload = limits).await;
    let zeros = "0".repeat(60_000);
    for (files, reason) in [
        (vec![("bomb.txt", zeros.as_str())], "unpacks to more than 50000 bytes"),
        (vec![("a", ""), ("b", ""), ("c", ""), ("d", "")], "4 entries"),
        (vec![("../../up.py", "eval(x)")], "not relative"),
    ] {
        let scan = session.scan("main", &files).await;
        let status = session.status(&scan).await;
        assert_eq!((&status["state"], &status["errorCategory"]), (&json!("failed"), &json!("scan")));
        assert!(status["errorMessage"].as_str().unwrap().contains(reason), "{status}");
        session.clock.advance(Duration::from_secs(30));
    }
    let (scan, url) = session.start_scan("main").await;
    session.upload(&url, b"this is no archive").await.unwrap();
    session.clock.advance(Duration::from_secs(30));
    assert_eq!(session.status(&scan).await["state"], "failed");
    let (_, url) = session.start_scan("main").await;
    assert_eq!(session.upload(&url, &[0; 5001]).await.unwrap().status, 413);
}
