//! The Cybrium client against servers that follow a script to the byte: its contract's list of what a server may do, and the traps
//! of paging, slashes, keys and answers of which nothing is documented.
#![expect(clippy::unwrap_used, reason = "a helper of a test may fail as loudly as the test")]

use std::collections::BTreeMap;
use std::time::Duration;

use scangate::clock::Clock;
use scangate::credentials::{Credential, Form, Secret};
use scangate::error::Class;
use scangate::finding::{ScanReference, Severity};
use scangate::http::{Client, Options, Random, Redactor};
use scangate::platform::cybrium::Cybrium;
use scangate::platform::{Collected, Error, Platform as _, Request, ScanState, StateWord, Subject};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::http::server::{Act, Server, answer, cut};

const KEY: &str = "cbr_live_0123456789abcdef";
const PREVIOUS: &str = "cbr_live_fedcba9876543210";
const SCAN: &str = "9a1b2c3d";

fn reply(status: u16, document: &Value) -> Act {
    answer(status, "content-type: application/json\n", &document.to_string())
}

fn ok(document: &Value) -> Act {
    reply(200, document)
}

fn state(word: &str) -> Act {
    ok(&json!({ "id": SCAN, "status": word }))
}

fn unauthorized() -> Act {
    reply(401, &json!({ "detail": "Invalid API key." }))
}

/// A page in the form of the framework, whose rows have these numbers and the severity high.
fn page(numbers: std::ops::Range<u32>, count: u32, next: Option<&str>) -> Act {
    let rows: Vec<Value> = numbers.map(row).collect();
    ok(&json!({ "count": count, "next": next, "previous": null, "results": rows }))
}

fn row(number: u32) -> Value {
    json!({ "id": format!("row-{number}"), "scan": SCAN, "rule_id": "CBR-1", "title": "T", "severity": "high", "status": "open",
            "file": "src/a.py", "line": number + 1 })
}

fn client() -> Client {
    let clock = Clock::simulated("2026-11-22T10:00:00Z".parse().unwrap());
    let deadline = clock.monotonic() + Duration::from_hours(1);
    Client::new(&Options::default(), clock, deadline, Redactor::default()).unwrap().with_random(Random::seeded(1))
}

fn request(server: &Server) -> Request {
    let form = Form::Token { secret: Secret::new(KEY).unwrap(), previous: None };
    Request {
        api_url: Some(server.url("/v1")),
        target: Some("shop".to_owned()),
        ..Request::new(Credential { form, origin: "CYBRIUM_API_KEY".to_owned() })
    }
}

async fn session(server: &Server, change: impl FnOnce(&mut Request)) -> Cybrium {
    let mut request = request(server);
    change(&mut request);
    Cybrium::sign_in(client(), request).await.unwrap()
}

fn with_previous(request: &mut Request) {
    let secret = |text| Secret::new(text).unwrap();
    request.credential.form = Form::Token { secret: secret(KEY), previous: Some(secret(PREVIOUS)) };
}

async fn start(platform: &Cybrium) -> Result<ScanReference, Error> {
    let mut told = Vec::new();
    let started = platform.start(&Subject::Target("shop".to_owned()), &mut |scan| told.push(scan.id.clone())).await;
    if let Ok(scan) = &started {
        assert_eq!(told, [scan.id.clone()]);
    }
    started
}

fn scan() -> ScanReference {
    ScanReference { id: SCAN.to_owned(), url: None }
}

/// Starts a scan at a server that plays these acts.
async fn started(acts: Vec<Act>) -> (Result<ScanReference, Error>, Server) {
    let server = Server::start(acts).await;
    let started = start(&session(&server, |_| {}).await).await;
    (started, server)
}

/// Looks at the scan at a server that plays these acts.
async fn checked(acts: Vec<Act>) -> (Result<ScanState, Error>, Server) {
    let server = Server::start(acts).await;
    let checked = session(&server, |_| {}).await.check(&scan()).await;
    (checked, server)
}

/// Reads the findings at a server that plays these acts.
async fn collected(acts: Vec<Act>) -> (Result<Collected, Error>, Server) {
    let server = Server::start(acts).await;
    let collected = session(&server, |_| {}).await.findings(&scan()).await;
    (collected, server)
}

fn lines(server: &Server) -> Vec<String> {
    server.seen().iter().map(|seen| seen.line.replace(" HTTP/1.1", "")).collect()
}

fn keys(server: &Server) -> Vec<String> {
    server.seen().iter().map(|seen| seen.header("authorization").unwrap_or_default().to_owned()).collect()
}

/// Everything that an error shows to people.
fn shown(error: &Error) -> String {
    format!("{error}\n{}\n{}", error.hint().unwrap_or_default(), error.detail().join("\n"))
}

/// A SARIF file with as many different results.
fn sarif(results: u32) -> (NamedTempFile, Subject) {
    let results: Vec<Value> = (0..results)
        .map(|number| {
            json!({ "ruleId": "CBR-1", "message": { "text": "m" }, "locations": [{ "physicalLocation": {
                "artifactLocation": { "uri": "src/a.py" }, "region": { "startLine": number + 1 } } }] })
        })
        .collect();
    let log = json!({ "version": "2.1.0", "runs": [{ "tool": { "driver": { "name": "t" } }, "results": results }] });
    file(&log.to_string())
}

fn file(content: &str) -> (NamedTempFile, Subject) {
    let file = NamedTempFile::with_suffix(".sarif").unwrap();
    fs_err::write(file.path(), content).unwrap();
    let subject = Subject::Sarif { path: file.path().to_owned(), length: content.len() as u64 };
    (file, subject)
}

/// A session that uploads to this server.
async fn uploader(server: &Server, change: impl FnOnce(&mut Request)) -> Cybrium {
    session(server, |request| {
        (request.target, request.sarif, request.api_url) = (None, true, Some(server.url("/api")));
        change(request);
    })
    .await
}

#[tokio::test]
async fn a_scan_is_started_watched_and_read_with_the_key_as_bearer_and_a_slash_behind_every_path() {
    let server = Server::start([
        reply(201, &json!({ "id": SCAN, "status": "pending" })),
        state("running"),
        state("completed"),
        page(0..2, 2, None),
    ])
    .await;
    let platform = session(&server, |request| {
        request.scan_type = Some("full".to_owned());
        request.branch = Some("main".to_owned());
        request.commit = Some("c0ffee".to_owned());
        request.options = vec![("labels.team".to_owned(), json!("web"))];
    })
    .await;
    let scan = start(&platform).await.unwrap();
    assert_eq!(platform.check(&scan).await.unwrap(), ScanState::Running { percent: None, step: None });
    assert_eq!(platform.check(&scan).await.unwrap(), ScanState::Done);
    let collected = platform.findings(&scan).await.unwrap();
    assert_eq!((collected.findings.len(), collected.missing, collected.notes), (2, Vec::<String>::new(), Vec::new()));

    let expected = [
        "POST /v1/scans/".to_owned(),
        format!("GET /v1/scans/{SCAN}/"),
        format!("GET /v1/scans/{SCAN}/"),
        format!("GET /v1/findings/?scan={SCAN}"),
    ];
    assert_eq!(lines(&server), expected);
    assert_eq!(keys(&server), vec![format!("Bearer {KEY}"); 4]);
    let start = &server.seen()[0];
    assert_eq!(
        (start.header("content-type"), start.header("accept")),
        (Some("application/json"), Some("application/json"))
    );
    let body = json!({ "target": "shop", "scan_type": "full", "branch": "main", "commit": "c0ffee", "labels": { "team": "web" } });
    assert_eq!(serde_json::from_slice::<Value>(&start.body).unwrap(), body);
}

#[tokio::test]
async fn base_paths_and_scheme_are_settings_of_their_own() {
    let server =
        Server::start([reply(202, &json!({ "uuid": "u-1" })), ok(&json!({ "state": "Paused" })), ok(&json!([]))]).await;
    let platform = session(&server, |request| {
        request.api_url = Some(server.url(""));
        request.auth_scheme = Some("Api-Key".to_owned());
        request.paths =
            [("scans", "/rest/jobs"), ("scan", "/rest/jobs/{id}/state/"), ("findings", "/rest/found/?job={id}")]
                .map(|(name, template)| (name.to_owned(), template.to_owned()))
                .into();
        request.states = BTreeMap::from([("paused".to_owned(), StateWord::Done)]);
    })
    .await;
    let scan = start(&platform).await.unwrap();
    assert_eq!(platform.check(&scan).await.unwrap(), ScanState::Done);
    assert_eq!(platform.findings(&scan).await.unwrap().findings.len(), 0);
    assert_eq!(lines(&server), ["POST /rest/jobs/", "GET /rest/jobs/u-1/state/", "GET /rest/found/?job=u-1"]);
    assert_eq!(keys(&server), vec![format!("Api-Key {KEY}"); 3]);
}

#[tokio::test]
async fn a_bare_origin_gets_the_prefix_of_what_is_done() {
    let server = Server::start([reply(201, &json!({ "id": 1 })), reply(201, &json!({ "id": 2 }))]).await;
    let bare = |request: &mut Request| request.api_url = Some(server.url(""));
    start(&session(&server, bare).await).await.unwrap();
    let (_file, subject) = sarif(0);
    uploader(&server, bare).await.start(&subject, &mut |_| {}).await.unwrap();
    assert_eq!(lines(&server), ["POST /v1/scans/", "POST /api/scans/upload-sarif/"]);
}

#[tokio::test]
async fn a_401_on_the_first_call_ends_it_and_names_the_three_causes() {
    let (outcome, server) = started(vec![unauthorized()]).await;
    let error = outcome.unwrap_err();
    assert_eq!((error.class(), server.count(), error.is_retryable()), (Class::Auth, 1, false));
    let text = shown(&error);
    for words in ["CYBRIUM_API_KEY", "revoked", "expired", "rotation was finished", "Invalid API key.", "--auth-scheme"]
    {
        assert!(text.contains(words), "{text}");
    }
    assert!(!text.contains(KEY), "{text}");
}

#[tokio::test]
async fn a_401_in_the_middle_of_the_wait_or_of_the_findings_is_final_too() {
    let (outcome, server) = checked(vec![unauthorized()]).await;
    let error = outcome.unwrap_err();
    assert_eq!((error.class(), server.count()), (Class::Auth, 1));
    assert!(shown(&error).contains("rotation was finished"), "{}", shown(&error));

    let server = Server::start([page(0..50, 100, Some("?scan=1&page=2")), unauthorized()]).await;
    let error = session(&server, |_| {}).await.findings(&scan()).await.unwrap_err();
    assert_eq!((error.class(), server.count()), (Class::Auth, 2));
}

#[tokio::test]
async fn during_a_rotation_the_key_before_is_tried_once_and_then_used_and_said() {
    let server =
        Server::start([unauthorized(), reply(201, &json!({ "id": SCAN })), state("completed"), page(0..0, 0, None)])
            .await;
    let platform = session(&server, with_previous).await;
    let scan = start(&platform).await.unwrap();
    assert_eq!(platform.check(&scan).await.unwrap(), ScanState::Done);
    let notes = platform.findings(&scan).await.unwrap().notes;
    let used = [KEY, PREVIOUS, PREVIOUS, PREVIOUS].map(|key| format!("Bearer {key}"));
    assert_eq!(keys(&server), used);
    assert!(
        notes.iter().any(|note| note.contains("CYBRIUM_API_KEY") && note.contains("the one before it was used")),
        "{notes:?}"
    );
}

#[tokio::test]
async fn the_key_before_is_not_asked_while_the_new_one_is_good_and_when_both_are_refused_nothing_is_tried_again() {
    let server = Server::start([state("running"), unauthorized(), unauthorized()]).await;
    let platform = session(&server, with_previous).await;
    platform.check(&scan()).await.unwrap();
    let error = platform.check(&scan()).await.unwrap_err();
    assert_eq!(keys(&server), [KEY, KEY, PREVIOUS].map(|key| format!("Bearer {key}")));
    assert_eq!(error.class(), Class::Auth);
    assert!(error.to_string().contains("neither the key from CYBRIUM_API_KEY nor the one before it"), "{error}");
    assert!(platform.check(&scan()).await.is_err());
}

#[tokio::test]
async fn a_key_that_is_the_one_before_as_well_is_tried_once() {
    let server = Server::start([unauthorized()]).await;
    let same = |request: &mut Request| {
        let secret = || Secret::new(KEY).unwrap();
        request.credential.form = Form::Token { secret: secret(), previous: Some(secret()) };
    };
    assert_eq!(session(&server, same).await.check(&scan()).await.unwrap_err().class(), Class::Auth);
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_403_and_a_402_are_about_permission_plan_or_key_and_show_what_the_server_says() {
    for status in [402, 403] {
        let detail = json!({ "detail": "Upgrade to Pro." });
        for outcome in [
            started(vec![reply(status, &detail)]).await.0.map(drop),
            checked(vec![reply(status, &detail)]).await.0.map(drop),
            collected(vec![reply(status, &detail)]).await.0.map(drop),
        ] {
            let error = outcome.unwrap_err();
            let text = shown(&error);
            assert_eq!((error.class(), error.status()), (Class::Auth, Some(status)));
            for words in ["Upgrade to Pro.", "role", "scopes", "plan", "a key that it does not know"] {
                assert!(text.contains(words), "{text}");
            }
        }
    }
}

#[tokio::test]
async fn a_redirected_post_is_not_followed_and_the_slash_is_explained() {
    let moved = || answer(301, "location: /v1/scans/x\n", "");
    let (outcome, server) = started(vec![moved()]).await;
    let error = outcome.unwrap_err();
    assert_eq!((error.class(), server.count()), (Class::Protocol, 1));
    for words in ["redirect", "loses its body", "slash", "--path scans="] {
        assert!(shown(&error).contains(words), "{}", shown(&error));
    }
    let server = Server::start([moved()]).await;
    let (_file, subject) = sarif(1);
    let error = uploader(&server, |_| {}).await.start(&subject, &mut |_| {}).await.unwrap_err();
    assert!(shown(&error).contains("--path upload=") && server.count() == 1, "{}", shown(&error));
}

#[tokio::test]
async fn a_read_follows_a_redirect_on_its_own_origin_only() {
    let (outcome, server) = checked(vec![answer(301, "location: /v2/scans/1/\n", ""), state("completed")]).await;
    assert_eq!(outcome.unwrap(), ScanState::Done);
    assert_eq!(lines(&server)[1], "GET /v2/scans/1/");
    let (outcome, server) = checked(vec![answer(302, "location: https://login.example/\n", "")]).await;
    assert_eq!((outcome.unwrap_err().class(), server.count()), (Class::Protocol, 1));
}

#[tokio::test]
async fn a_wrong_path_is_a_usage_error_that_names_the_setting() {
    for (status, path) in [(404, "scans"), (405, "scans")] {
        let error = started(vec![reply(status, &json!({ "detail": "No." }))]).await.0.unwrap_err();
        assert_eq!(error.class(), Class::Usage);
        assert!(shown(&error).contains(&format!("--path {path}=")), "{}", shown(&error));
    }
    let error = collected(vec![reply(404, &json!({ "detail": "Not found." }))]).await.0.unwrap_err();
    assert_eq!(error.class(), Class::Usage);
    assert!(shown(&error).contains("--path findings="), "{}", shown(&error));
    let error = started(vec![reply(400, &json!({ "target": ["Unknown target."] }))]).await.0.unwrap_err();
    assert_eq!(error.class(), Class::Usage);
    assert!(shown(&error).contains("target: Unknown target."), "{}", shown(&error));
}

#[tokio::test]
async fn a_scan_that_its_own_address_does_not_know_yet_is_looked_for_in_the_list() {
    let unknown = || reply(404, &json!({ "detail": "Not found." }));
    let listed =
        |id: Value, next: Option<&str>| ok(&json!({ "results": [{ "id": id, "status": "running" }], "next": next }));
    let (outcome, server) =
        checked(vec![unknown(), listed(json!(7), Some("?page=2")), listed(json!(SCAN), None)]).await;
    assert_eq!(outcome.unwrap(), ScanState::Running { percent: None, step: None });
    assert_eq!(lines(&server)[1..], ["GET /v1/scans/".to_owned(), "GET /v1/scans/?page=2".to_owned()]);

    for list in [listed(json!(7), None), unknown(), reply(403, &json!({}))] {
        let error = checked(vec![unknown(), list]).await.0.unwrap_err();
        assert_eq!(
            (error.status(), error.class()),
            (Some(404), Class::Usage),
            "the wait forgives it for half a minute"
        );
    }
    let error = checked(vec![unknown(), unauthorized()]).await.0.unwrap_err();
    assert_eq!(error.class(), Class::Auth);
}

#[tokio::test]
async fn an_id_is_found_in_every_plausible_answer_and_in_the_location() {
    for (answer, id) in [
        (json!({ "id": 1042 }), "1042"),
        (json!({ "scan_id": "abc" }), "abc"),
        (json!({ "data": { "uuid": "u-1" } }), "u-1"),
        (json!({ "status": "success", "scan": { "scan_job_id": 3 } }), "3"),
        (json!({ "result": { "job_id": "j" } }), "j"),
    ] {
        let (outcome, _) = started(vec![reply(201, &answer)]).await;
        assert_eq!(outcome.unwrap().id, id, "{answer}");
    }
    for body in ["", "{}", "\"ok\"", "[]"] {
        let (outcome, _) = started(vec![answer(201, "location: /v1/scans/77/\n", body)]).await;
        assert_eq!(outcome.unwrap().id, "77", "{body}");
        let foreign = answer(201, "location: https://evil.example/v1/scans/77/\n", body);
        let (outcome, _) = started(vec![foreign]).await;
        assert_eq!(outcome.unwrap_err().class(), Class::Protocol, "{body}");
    }
    for hostile in ["..", "a\u{1b}[2J", "a b", "a\u{202e}b"] {
        let (outcome, _) = started(vec![reply(201, &json!({ "id": hostile }))]).await;
        let error = outcome.unwrap_err();
        assert_eq!(error.class(), Class::Protocol, "{hostile:?}");
        assert!(!error.to_string().contains('\u{1b}'), "{error}");
    }
    let (outcome, _) = started(vec![answer(200, "content-type: text/html\n", "<html>Sign in</html>")]).await;
    assert_eq!(outcome.unwrap_err().class(), Class::Protocol);
}

#[tokio::test]
async fn a_start_whose_answer_was_lost_is_not_sent_again_and_that_is_said() {
    for lost in [cut(r#"{"id": "#), Act::Write(Vec::new())] {
        let (outcome, server) = started(vec![lost, reply(201, &json!({ "id": 2 }))]).await;
        let error = outcome.unwrap_err();
        assert_eq!((error.class(), server.count()), (Class::Unavailable, 1));
        assert!(error.to_string().contains("a scan may have begun"), "{error}");
    }
    for status in [500, 502, 504] {
        let (outcome, server) = started(vec![reply(status, &json!({})), reply(201, &json!({ "id": 2 }))]).await;
        assert_eq!((outcome.unwrap_err().class(), server.count()), (Class::Unavailable, 1));
    }
    let server = Server::start([Act::Write(Vec::new()), reply(201, &json!({ "id": 2 }))]).await;
    let (_file, subject) = sarif(1);
    let error = uploader(&server, |_| {}).await.start(&subject, &mut |_| {}).await.unwrap_err();
    assert!(error.to_string().contains("a scan may have begun") && server.count() == 1, "{error}");
}

#[tokio::test]
async fn a_throttled_or_unavailable_server_is_asked_again_also_to_start() {
    let throttled = || answer(429, "retry-after: 2\n", r#"{"detail":"Request was throttled."}"#);
    let (outcome, server) =
        started(vec![throttled(), reply(503, &json!({})), reply(201, &json!({ "id": SCAN }))]).await;
    assert_eq!((outcome.unwrap().id.as_str(), server.count()), (SCAN, 3));
    let acts = vec![throttled(), answer(429, "", ""), reply(503, &json!({})), reply(503, &json!({})), state("done")];
    let (outcome, server) = checked(acts).await;
    assert_eq!((outcome.unwrap(), server.count()), (ScanState::Done, 5));
}

#[tokio::test]
async fn an_unknown_state_is_none_and_an_answer_about_another_scan_is_an_error() {
    assert_eq!(checked(vec![state("Archived")]).await.0.unwrap(), ScanState::Unknown("Archived".to_owned()));
    for wrong in [
        json!({ "id": "another", "status": "completed" }),
        json!({ "id": SCAN }),
        json!({ "id": SCAN, "status": ["completed"] }),
    ] {
        let error = checked(vec![ok(&wrong)]).await.0.unwrap_err();
        assert_eq!(error.class(), Class::Protocol, "{wrong}");
    }
    for cut_short in [cut(r#"{"status":"completed""#), ok(&json!(["completed"])), ok(&json!(null))] {
        let (outcome, _) = checked(vec![cut_short; 8]).await;
        assert!(outcome.is_err());
    }
}

#[tokio::test]
async fn three_pages_are_read_along_absolute_and_relative_links() {
    let server = Server::start_with(|origin| {
        [
            page(0..50, 120, Some(&format!("{origin}/v1/findings/?scan={SCAN}&page=2"))),
            page(50..100, 120, Some(&format!("/v1/findings/?page=3&scan={SCAN}"))),
            page(100..120, 120, None),
        ]
    })
    .await;
    let collected = session(&server, |_| {}).await.findings(&scan()).await.unwrap();
    assert_eq!((collected.findings.len(), collected.missing), (120, Vec::<String>::new()));
    let expected = ["?scan=9a1b2c3d", "?scan=9a1b2c3d&page=2", "?page=3&scan=9a1b2c3d"];
    assert_eq!(lines(&server), expected.map(|query| format!("GET /v1/findings/{query}")));
}

#[tokio::test]
async fn a_next_page_on_another_origin_is_refused_before_anything_is_sent_there() {
    let elsewhere = Server::start([page(50..100, 100, None)]).await;
    for next in [
        elsewhere.url("/v1/findings/?page=2").to_string(),
        "https://collector.example.net/next".to_owned(),
        "//collector.example.net/next".to_owned(),
        "ftp://127.0.0.1/next".to_owned(),
    ] {
        let (outcome, server) = collected(vec![page(0..50, 100, Some(&next))]).await;
        let error = outcome.unwrap_err();
        assert_eq!((error.class(), server.count()), (Class::Protocol, 1), "{next}");
        assert!(error.to_string().contains("not on the same origin"), "{error}");
    }
    assert_eq!(elsewhere.count(), 0);
}

#[tokio::test]
async fn pages_that_lead_in_circles_or_bring_nothing_new_make_an_incomplete_list() {
    let second = format!("?scan={SCAN}&cursor=b");
    let (outcome, server) =
        collected(vec![page(0..50, 0, Some(&second)), page(50..100, 0, Some(&format!("?scan={SCAN}")))]).await;
    let list = outcome.unwrap();
    assert_eq!((list.findings.len(), server.count()), (100, 2));
    assert_eq!(list.missing, ["the list of findings links from page 2 back to one that was read before"]);

    let (outcome, server) = collected(vec![page(0..50, 0, Some("?a=1")), page(0..50, 0, Some("?a=2"))]).await;
    assert_eq!(outcome.unwrap().missing, ["the list of findings goes on after page 2, which brings nothing new"]);
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_count_that_is_more_than_the_rows_or_a_sign_of_more_is_missing_data() {
    for (document, missing) in [
        (json!({ "count": 3, "next": null, "results": [row(1), row(2)] }), "brought 2 of its 3 rows"),
        (json!({ "count": 2, "next": null, "results": [row(1), row(1)] }), "brought 1 of its 2 rows"),
        (json!({ "items": [row(1)], "has_more": true }), "says on page 1 that there is more"),
        (json!({ "data": [row(1)], "total_pages": 2 }), "ended after 1 of its 2 pages"),
    ] {
        let (outcome, _) = collected(vec![ok(&document)]).await;
        let list = outcome.unwrap();
        assert!(list.missing.len() == 1 && list.missing[0].contains(missing), "{:?}", list.missing);
    }
}

#[tokio::test]
async fn every_plausible_shape_of_a_list_is_read_and_nothing_else_is_an_empty_one() {
    for document in [
        json!([row(1), row(2)]),
        json!({ "results": [row(1), row(2)] }),
        json!({ "items": [row(1), row(2)] }),
        json!({ "findings": [row(1), row(2)], "count": 2 }),
        json!({ "data": [row(1), row(2)], "next": "" }),
    ] {
        let (outcome, _) = collected(vec![ok(&document)]).await;
        let list = outcome.unwrap();
        assert_eq!((list.findings.len(), list.missing.len()), (2, 0), "{document}");
    }
    for document in [
        json!({}),
        json!(null),
        json!({ "results": null }),
        json!({ "detail": "Not found." }),
        json!({ "results": [7] }),
    ] {
        let error = collected(vec![ok(&document)]).await.0.unwrap_err();
        assert_eq!(error.class(), Class::Protocol, "{document}");
    }
    let html = answer(200, "content-type: text/html\n", "<!DOCTYPE html><html></html>");
    assert_eq!(collected(vec![html]).await.0.unwrap_err().class(), Class::Protocol);
    let whole = page(0..2, 2, None);
    let (outcome, server) = collected(vec![cut(r#"{"count":2,"next":null,"results":[]"#), whole]).await;
    assert_eq!((outcome.unwrap().findings.len(), server.count()), (2, 2));
}

#[tokio::test]
async fn findings_that_cannot_be_judged_are_an_error_and_unrated_ones_are_said() {
    let mut odd = row(1);
    odd["severity"] = json!({ "level": "critical" });
    let error = collected(vec![ok(&json!([odd]))]).await.0.unwrap_err();
    assert_eq!(error.class(), Class::Protocol);
    assert!(error.to_string().contains("`severity`"), "{error}");

    let mut rows = [row(1), row(2), row(3)];
    rows[0]["severity"] = json!("HIGH");
    rows[1]["severity"] = json!(null);
    rows[2].as_object_mut().unwrap().remove("severity");
    let list = collected(vec![ok(&json!(rows))]).await.0.unwrap();
    assert_eq!(
        list.findings.iter().map(|finding| finding.severity).collect::<Vec<_>>(),
        [Some(Severity::High), None, None]
    );
    assert!(list.notes.iter().any(|note| note.contains("2 of") && note.contains("--unrated")), "{:?}", list.notes);
}

#[tokio::test]
async fn a_list_of_another_scan_is_missing_data_and_one_of_several_scans_counts_whole() {
    let of = |number: u32, scan: &str| {
        let mut row = row(number);
        row["scan"] = json!(scan);
        row
    };
    let list = collected(vec![ok(&json!([of(1, "other"), of(2, "other")]))]).await.0.unwrap();
    assert!(list.missing.len() == 1 && list.missing[0].contains("belongs to another scan"), "{:?}", list.missing);
    let list = collected(vec![ok(&json!([of(1, "other"), of(2, SCAN)]))]).await.0.unwrap();
    assert_eq!((list.findings.len(), list.missing.len()), (2, 0));
    assert!(list.notes.iter().any(|note| note.contains("1 of the findings name another scan")), "{:?}", list.notes);
}

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
