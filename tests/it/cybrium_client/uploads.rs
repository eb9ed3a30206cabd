//! Uploads of SARIF files: what is sent, and what has to come back.

use scangate::error::Class;
use scangate::platform::cybrium::Cybrium;
use scangate::platform::{Platform as _, Request, ScanState};
use serde_json::json;

use super::{KEY, client, file, lines, ok, reply, request, row, sarif, shown, uploader};
use crate::http::server::Server;

#[tokio::test]
async fn a_sarif_file_is_uploaded_as_one_part_and_gated_on_what_was_made_of_it() {
    let server = Server::start([
        reply(201, &json!({ "id": 77 })),
        ok(&json!({ "id": 77, "status": "completed" })),
        ok(&json!([row(0), row(1)])),
    ])
    .await;
    let platform = uploader(&server, |_| {}).await;
    let (file, subject) = sarif(2);
    let scan = platform.start(&subject, &mut |_| {}).await.unwrap();
    assert_eq!((scan.id.as_str(), platform.check(&scan).await.unwrap()), ("77", ScanState::Done));
    assert_eq!(lines(&server), ["POST /api/scans/upload-sarif/", "GET /api/scans/77/"]);
    let upload = &server.seen()[0];
    assert_eq!(upload.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert!(upload.header("content-type").unwrap().starts_with("multipart/form-data; boundary="));
    let body = String::from_utf8(upload.body.clone()).unwrap();
    let name = file.path().file_name().unwrap().to_string_lossy();
    assert!(body.contains(&format!("form-data; name=\"sarif\"; filename=\"{name}\"")), "{body}");
    assert!(body.contains(&fs_err::read_to_string(file.path()).unwrap()), "{body}");
    assert_eq!(body.matches("form-data").count(), 1, "{body}");
}

#[tokio::test]
async fn an_upload_whose_findings_do_not_all_come_back_never_passes() {
    let made = || reply(201, &json!({ "id": 77 }));
    let one = || ok(&json!([{ "rule_id": "CBR-1", "severity": "low", "file": "src/a.py", "line": 1 }]));
    let server = Server::start([made(), one(), one()]).await;
    let platform = uploader(&server, |_| {}).await;
    let (_file, subject) = sarif(3);
    let scan = platform.start(&subject, &mut |_| {}).await.unwrap();
    let list = platform.findings(&scan).await.unwrap();
    assert_eq!(server.count(), 3, "it is looked at again until it stays the same");
    assert_eq!(
        list.missing,
        ["the SARIF file has 3 different results, and the list of what Cybrium made of them has 1"]
    );
    assert_eq!(lines(&server)[2], "GET /api/scans/findings/?scan=77");
}

#[tokio::test]
async fn a_scan_that_ended_with_its_upload_needs_no_address_of_its_own() {
    let unknown = || reply(404, &json!({ "detail": "Not found." }));
    for (answer, ended) in [
        (json!({ "scan_job_id": "u1", "status": "completed" }), Some(ScanState::Done)),
        (json!({ "scan_job_id": "u1", "status": "success" }), None),
        (json!({ "scan_job_id": "u1", "status": "queued" }), None),
    ] {
        let server = Server::start([reply(201, &answer), unknown(), ok(&json!([]))]).await;
        let platform = uploader(&server, |_| {}).await;
        let (_file, subject) = sarif(1);
        let scan = platform.start(&subject, &mut |_| {}).await.unwrap();
        assert_eq!(platform.check(&scan).await.ok(), ended, "{answer}");
    }
}

#[tokio::test]
async fn an_upload_without_an_id_is_an_error_unless_findings_can_be_listed_without_one() {
    let taken = || reply(202, &json!({ "detail": "Accepted." }));
    let server = Server::start([taken()]).await;
    let (_file, subject) = sarif(2);
    let error = uploader(&server, |_| {}).await.start(&subject, &mut |_| {}).await.unwrap_err();
    assert_eq!(error.class(), Class::Protocol);
    assert!(
        shown(&error).contains("nothing can be judged") && shown(&error).contains("--path findings="),
        "{}",
        shown(&error)
    );

    let rows = |count: u32| ok(&json!((0..count).map(row).collect::<Vec<_>>()));
    let server = Server::start([taken(), rows(0), rows(0), rows(2), rows(2)]).await;
    let of_all = |request: &mut Request| {
        request.paths = [("findings".to_owned(), "/api/scans/findings/".to_owned())].into();
    };
    let platform = uploader(&server, of_all).await;
    let scan = platform.start(&subject, &mut |_| {}).await.unwrap();
    assert_eq!(platform.check(&scan).await.unwrap(), ScanState::Done);
    let list = platform.findings(&scan).await.unwrap();
    assert_eq!((list.findings.len(), list.missing.len(), server.count()), (2, 0, 5));
}

#[tokio::test]
async fn findings_that_never_settle_are_missing_data_after_two_minutes() {
    let acts = (0..40).map(|number| ok(&json!([row(number)])));
    let server = Server::start([reply(202, &json!({}))].into_iter().chain(acts)).await;
    let of_all = |request: &mut Request| {
        request.paths = [("findings".to_owned(), "/api/scans/findings/".to_owned())].into();
    };
    let platform = uploader(&server, of_all).await;
    let (_file, subject) = sarif(1);
    let scan = platform.start(&subject, &mut |_| {}).await.unwrap();
    let list = platform.findings(&scan).await.unwrap();
    assert!(list.missing.iter().any(|reason| reason.contains("had not settled")), "{:?}", list.missing);
    assert_eq!(server.count(), 2 + 24);
}

#[tokio::test]
async fn what_is_no_sarif_is_not_sent() {
    let server = Server::start([]).await;
    let platform = uploader(&server, |_| {}).await;
    for content in ["{", "[]", "{}", r#"{"version":"2.1.0","runs":[]}"#, r#"{"version":"1.0.0","runs":[{}]}"#] {
        let (_file, subject) = file(content);
        let error = platform.start(&subject, &mut |_| {}).await.unwrap_err();
        assert_eq!(error.class(), Class::Usage, "{content}");
        assert!(error.to_string().lines().count() == 1, "{error}");
    }
    let mut with_options = request(&server);
    (with_options.sarif, with_options.target, with_options.scan_type) = (true, None, Some("full".to_owned()));
    let error = Cybrium::sign_in(client(), with_options).await.err().unwrap();
    assert_eq!((error.class(), server.count()), (Class::Usage, 0));
}

#[tokio::test]
async fn a_file_that_is_too_large_for_the_server_is_said_to_be() {
    let server = Server::start([reply(413, &json!({ "detail": "Too large." }))]).await;
    let (_file, subject) = sarif(1);
    let error = uploader(&server, |_| {}).await.start(&subject, &mut |_| {}).await.unwrap_err();
    assert_eq!((error.class(), server.count()), (Class::Usage, 1));
    assert!(error.to_string().contains("too large"), "{error}");
}
