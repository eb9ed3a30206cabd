//! The Cybrium client against servers that follow a script to the byte: its contract's list of what a server may do, and the traps
//! of paging, slashes, keys and answers of which nothing is documented.
#![expect(clippy::unwrap_used, reason = "a helper of a test may fail as loudly as the test")]

mod lists;
mod uploads;

use std::collections::BTreeMap;
use std::time::Duration;

use scangate::clock::Clock;
use scangate::credentials::{Credential, Form, Secret};
use scangate::error::Class;
use scangate::finding::ScanReference;
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
        ..Request::new(Credential::new(form, "CYBRIUM_API_KEY"))
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
        assert_eq!(told, [scan.id.as_str()]);
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
    let collected = session(&server, |_| {}).await.findings(&scan()).await.unwrap();
    assert_eq!((collected.findings.len(), server.count()), (50, 2), "what was read is kept beside the failure");
    assert_eq!(collected.cut_short.unwrap().class(), Class::Auth);
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
        let error = outcome.unwrap_err();
        assert_eq!((error.class(), server.count()), (Class::Unavailable, 1));
        assert!(error.to_string().ends_with(&format!("with {status}, and a scan may have begun")), "{error}");
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
