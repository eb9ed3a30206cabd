//! The CyberOrigen client against servers that follow a script to the byte.
#![expect(clippy::unwrap_used, reason = "a helper of a test may fail as loudly as the test")]

use std::time::Duration;

use scangate::clock::Clock;
use scangate::credentials::{Credential, Form, Secret};
use scangate::error::Class;
use scangate::finding::{ScanReference, State};
use scangate::http::{Client, Options, Redactor};
use scangate::platform::cyberorigen::CyberOrigen;
use scangate::platform::{Cancelled, Collected, Error, Platform as _, Request, ScanState, StateWord, Subject};
use serde_json::{Value, json};

use crate::http::server::{Act, Seen, Server, answer, cut};

const KEY: &str = "co_0123456789abcdefghij";
const SCAN: &str = "scan_abc123";

fn reply(status: u16, document: &Value) -> Act {
    answer(status, "content-type: application/json\n", &document.to_string())
}

fn ok(document: &Value) -> Act {
    reply(200, document)
}

/// A scan that has ended well, with these fields besides.
fn completed(more: &Value) -> Act {
    let mut scan = json!({ "id": SCAN, "target": "example.com", "status": "completed" });
    scan.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    ok(&scan)
}

/// Rows that differ by their asset.
fn rows(numbers: std::ops::Range<u32>) -> Vec<Value> {
    numbers
        .map(|number| json!({ "id": "v", "title": "Weak TLS", "severity": "high", "asset": format!("h{number}") }))
        .collect()
}

fn token(number: u32) -> Act {
    ok(&json!({ "access_token": format!("token-number-{number}"), "token_type": "bearer", "expires_in": 3600 }))
}

fn by_key() -> Form<Secret> {
    Form::ApiKey(Secret::new(KEY).unwrap())
}

fn by_login(mfa_code: Option<&str>) -> Form<Secret> {
    let secret = |text: &str| Secret::new(text).unwrap();
    Form::Login { username: secret("ci@example.com"), password: secret("p&q+r%s t=u"), mfa_code: mfa_code.map(secret) }
}

fn request(server: &Server, form: Form<Secret>) -> Request {
    Request {
        api_url: Some(server.url("")),
        target: Some("example.com".to_owned()),
        authorized: true,
        ..Request::new(Credential::new(form, "CYBERORIGEN_API_KEY"))
    }
}

fn client() -> Client {
    let clock = Clock::simulated("2026-11-22T10:00:00Z".parse().unwrap());
    let deadline = clock.monotonic() + Duration::from_mins(90);
    Client::new(&Options::default(), clock, deadline, Redactor::default()).unwrap()
}

async fn session(server: &Server, change: impl FnOnce(&mut Request)) -> CyberOrigen {
    let mut request = request(server, by_key());
    change(&mut request);
    CyberOrigen::sign_in(client(), request).await.unwrap()
}

async fn start(platform: &CyberOrigen) -> Result<ScanReference, Error> {
    platform.start(&Subject::Target("example.com".to_owned()), &mut |_| {}).await
}

fn scan() -> ScanReference {
    ScanReference { id: SCAN.to_owned(), url: None }
}

/// Reads the findings from a server that plays these acts.
async fn collect(acts: Vec<Act>) -> (Result<Collected, Error>, Server) {
    let server = Server::start(acts).await;
    let collected = session(&server, |_| {}).await.findings(&scan()).await;
    (collected, server)
}

fn lines(server: &Server) -> Vec<String> {
    server.seen().iter().map(|seen| seen.line.replace(" HTTP/1.1", "")).collect()
}

/// Everything that an error shows to people.
fn shown(error: &Error) -> String {
    format!("{error}\n{}\n{}", error.hint().unwrap_or_default(), error.detail().join("\n"))
}

#[tokio::test]
async fn nothing_is_sent_without_a_target_that_can_be_one_and_the_users_statement() {
    let server = Server::start([]).await;
    let refused = async |change: fn(&mut Request)| {
        let mut request = request(&server, by_key());
        change(&mut request);
        CyberOrigen::sign_in(client(), request).await.err().unwrap()
    };
    let unstated = refused(|request| request.authorized = false).await;
    assert_eq!(unstated.class(), Class::Usage);
    assert!(shown(&unstated).contains("--authorized"), "{}", shown(&unstated));
    for (change, reason) in [
        ((|request| request.target = Some("https://example.com".to_owned())) as fn(&mut Request), "scheme"),
        (|request| request.target = Some("example.com/page".to_owned()), "path"),
        (|request| request.target = Some("example.com:443".to_owned()), "--ports"),
    ] {
        let error = refused(change).await;
        assert_eq!(error.class(), Class::Usage);
        assert!(error.to_string().contains(reason), "{error}");
    }
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn a_login_is_a_form_whose_password_keeps_every_character_and_its_token_a_bearer() {
    let server = Server::start([token(1), reply(201, &json!({ "id": SCAN }))]).await;
    let request = Request {
        scan_type: Some("quick".to_owned()),
        frameworks: vec!["soc2".to_owned()],
        ports: Some("1-1000".to_owned()),
        ..request(&server, by_login(Some("123456")))
    };
    let platform = CyberOrigen::sign_in(client(), request).await.unwrap();
    assert_eq!(start(&platform).await.unwrap().id, SCAN);

    let seen = server.seen();
    assert_eq!(lines(&server), ["POST /api/v1/auth/token", "POST /api/v1/scans"]);
    assert_eq!(seen[0].header("content-type"), Some("application/x-www-form-urlencoded"));
    let form = [("username", "ci@example.com"), ("password", "p&q+r%s t=u"), ("mfa_code", "123456")];
    assert_eq!(seen[0].form(), form.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(seen[0].header("authorization"), None);
    assert_eq!(seen[1].header("authorization"), Some("Bearer token-number-1"));
    assert_eq!(seen[1].header("x-api-key"), None);
    let expected = json!({
        "target": "example.com", "scan_type": "quick", "frameworks": ["soc2"], "ports": "1-1000", "authorized": true
    });
    assert_eq!(serde_json::from_slice::<Value>(&seen[1].body).unwrap(), expected);
}

#[tokio::test]
async fn a_key_goes_into_its_own_header_and_nothing_into_authorization() {
    let server = Server::start([reply(201, &json!({ "id": SCAN }))]).await;
    start(&session(&server, |_| {}).await).await.unwrap();
    let seen: Vec<Seen> = server.seen();
    assert_eq!((seen.len(), seen[0].header("x-api-key"), seen[0].header("authorization")), (1, Some(KEY), None));
}

#[tokio::test]
async fn a_refused_key_is_told_as_one_and_nothing_is_tried_again() {
    let server = Server::start([reply(401, &json!({ "detail": "Invalid API key" }))]).await;
    let error = start(&session(&server, |_| {}).await).await.unwrap_err();
    assert_eq!((error.class(), server.count()), (Class::Auth, 1));
    assert!(
        shown(&error).contains("CYBERORIGEN_API_KEY") && shown(&error).contains("Invalid API key"),
        "{}",
        shown(&error)
    );
    assert!(!shown(&error).contains(KEY));
}

#[tokio::test]
async fn a_login_is_never_tried_again_whatever_it_is_refused_with() {
    for status in [400, 401, 403, 422, 500, 503] {
        let refusal = || reply(status, &json!({ "detail": "Account locked", "error_code": "ACCOUNT_LOCKED" }));
        let server = Server::start([refusal(), refusal(), refusal()]).await;
        let platform = CyberOrigen::sign_in(client(), request(&server, by_login(None))).await.unwrap();
        let error = start(&platform).await.unwrap_err();
        if status < 500 {
            assert_eq!(error.class(), Class::Auth, "{status}");
            assert_eq!(start(&platform).await.unwrap_err().class(), Class::Auth, "{status}");
            assert!(shown(&error).contains("15 minutes"), "{}", shown(&error));
            assert!(error.to_string().contains("the login was refused"), "{error}");
        }
        assert_eq!(server.count(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_lost_answer_to_the_request_for_a_scan_is_not_followed_by_a_second_scan() {
    for act in
        [cut("{\"id\":"), answer(201, "content-type: application/json\n", "{\"id\":\"scan_"), reply(502, &json!({}))]
    {
        let server = Server::start([act]).await;
        let error = start(&session(&server, |_| {}).await).await.unwrap_err();
        assert_eq!(server.count(), 1);
        assert!(matches!(error.class(), Class::Unavailable | Class::Protocol), "{error}");
        assert!(
            shown(&error).contains("may have been started") && shown(&error).contains("quota"),
            "{}",
            shown(&error)
        );
    }
}

#[tokio::test]
async fn a_scan_is_asked_for_again_where_the_platform_says_that_it_did_nothing() {
    let busy = answer(503, "retry-after: 1\n", "");
    let server = Server::start([busy, reply(202, &json!({ "id": 17 }))]).await;
    assert_eq!(start(&session(&server, |_| {}).await).await.unwrap().id, "17");
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn an_id_that_could_change_a_path_is_none() {
    for id in [json!("../auth"), json!(null), json!("")] {
        let server = Server::start([reply(201, &json!({ "id": id }))]).await;
        assert_eq!(start(&session(&server, |_| {}).await).await.unwrap_err().class(), Class::Protocol);
    }
}

#[tokio::test]
async fn a_refused_scan_says_why_whichever_form_the_reason_has() {
    for (status, body, class, words) in [
        (
            422,
            json!({ "detail": "You must confirm", "error_code": "VALIDATION_ERROR", "field": "authorized" }),
            Class::Usage,
            "authorized: You must confirm",
        ),
        (
            422,
            json!({ "detail": [{ "type": "missing", "loc": ["body", "authorized"], "msg": "Field required" }] }),
            Class::Usage,
            "authorized: Field required",
        ),
        (400, json!({ "detail": { "message": "no such target" } }), Class::Usage, "no such target"),
        (402, json!({ "detail": "Scan limit reached" }), Class::Auth, "used up"),
        (403, json!({ "detail": "Scan limit reached" }), Class::Auth, "write:scans"),
        (409, json!({ "detail": "Scan limit reached" }), Class::Usage, "Scan limit reached"),
        (404, json!({ "detail": "Not Found" }), Class::Usage, "--api-url"),
    ] {
        let server = Server::start([reply(status, &body)]).await;
        let error = start(&session(&server, |_| {}).await).await.unwrap_err();
        assert_eq!((error.class(), server.count()), (class, 1), "{status}");
        assert!(shown(&error).contains(words), "{}", shown(&error));
    }
}

#[tokio::test]
async fn a_redirect_to_another_origin_is_not_followed_and_one_on_the_same_is_for_reads_only() {
    let elsewhere = Server::start([]).await;
    let away = answer(307, &format!("location: {}\n", elsewhere.url("/api/v1/scans/x")), "");
    let server = Server::start([away]).await;
    let error = session(&server, |_| {}).await.check(&scan()).await.unwrap_err();
    assert_eq!((error.class(), elsewhere.count()), (Class::Protocol, 0));

    let here = || answer(307, "location: /api/v1/other\n", "");
    let server = Server::start([here(), completed(&json!({}))]).await;
    assert_eq!(session(&server, |_| {}).await.check(&scan()).await.unwrap(), ScanState::Done);
    let server = Server::start([here(), here()]).await;
    assert_eq!(start(&session(&server, |_| {}).await).await.unwrap_err().class(), Class::Protocol);
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn another_scans_answer_and_one_without_a_status_are_no_answers() {
    for body in [json!({ "id": "scan_other", "status": "completed" }), json!({ "id": SCAN }), json!([])] {
        let server = Server::start([ok(&body)]).await;
        let error = session(&server, |_| {}).await.check(&scan()).await.unwrap_err();
        assert_eq!(error.class(), Class::Protocol, "{body}");
    }
}

#[tokio::test]
async fn a_scan_that_vanishes_was_stopped_and_one_that_was_never_seen_is_unknown() {
    let gone = || reply(404, &json!({ "detail": "Scan not found" }));
    let running = ok(&json!({ "id": SCAN, "status": "running", "progress": 40, "phase": "port_scan" }));
    let server = Server::start([gone(), running, gone()]).await;
    let platform = session(&server, |_| {}).await;
    let error = platform.check(&scan()).await.unwrap_err();
    assert_eq!((error.class(), error.status()), (Class::Usage, Some(404)));
    let state = ScanState::Running { percent: Some(40.0), step: Some("port_scan".to_owned()) };
    assert_eq!(platform.check(&scan()).await.unwrap(), state);
    assert!(matches!(platform.check(&scan()).await.unwrap(), ScanState::Vanished(_)));
}

#[tokio::test]
async fn the_user_can_say_what_an_unknown_state_means() {
    let archived = || ok(&json!({ "id": SCAN, "status": "Archived" }));
    let server = Server::start([archived(), archived()]).await;
    let state = session(&server, |_| {}).await.check(&scan()).await.unwrap();
    assert_eq!(state, ScanState::Unknown("Archived".to_owned()));
    let knowing = session(&server, |request| request.states = [("archived".to_owned(), StateWord::Done)].into()).await;
    assert_eq!(knowing.check(&scan()).await.unwrap(), ScanState::Done);
}

#[tokio::test]
async fn only_a_scan_that_waits_or_runs_is_cancelled() {
    for (status, cancelled, deletes) in [
        ("pending", Some(Cancelled::Accepted), 1),
        ("running", Some(Cancelled::Accepted), 1),
        ("completed", Some(Cancelled::HasEnded), 0),
        ("failed", Some(Cancelled::HasEnded), 0),
        ("cancelled", Some(Cancelled::HasEnded), 0),
        ("archived", None, 0),
    ] {
        let gone = reply(404, &json!({ "detail": "Scan not found" }));
        let server = Server::start([ok(&json!({ "id": SCAN, "status": status })), gone]).await;
        let outcome = session(&server, |_| {}).await.cancel(&scan()).await;
        assert_eq!(outcome.ok(), cancelled, "{status}");
        let sent = lines(&server).iter().filter(|line| line.starts_with("DELETE ")).count();
        assert_eq!(sent, deletes, "{status}");
    }
}

#[tokio::test]
async fn findings_are_read_page_by_page_at_the_size_that_the_platform_gives() {
    let page = |number: u32| {
        let items = rows((number - 1) * 50..(number * 50).min(120));
        ok(&json!({ "items": items, "total": 120, "page": number, "per_page": 50 }))
    };
    let counts = json!({ "vulnerabilities_found": 120, "high_count": 120 });
    let (collected, server) = collect(vec![completed(&counts), page(1), page(2), page(3)]).await;
    let collected = collected.unwrap();
    assert_eq!((collected.findings.len(), collected.missing.as_slice()), (120, [].as_slice()));
    let base = format!("GET /api/v1/scans/{SCAN}");
    let pages = [1, 2, 3].map(|number| format!("{base}/findings?page={number}&per_page=100"));
    assert_eq!(lines(&server), [&[base][..], &pages].concat());
}

#[tokio::test]
async fn a_list_without_counts_is_read_to_a_page_with_nothing_new_however_short_its_pages_are() {
    let bare = |rows: Vec<Value>| ok(&json!(rows));
    let items = |rows: Vec<Value>| ok(&json!({ "items": rows, "per_page": 100 }));
    let gone = || reply(404, &json!({ "detail": "Page not found" }));
    for (acts, requests) in [
        (vec![bare(rows(0..2)), bare(rows(2..3)), bare(vec![])], 4),
        (vec![items(rows(0..2)), items(rows(2..3)), items(rows(2..3))], 4),
        (vec![bare(rows(0..3)), gone()], 3),
    ] {
        let (collected, server) = collect([vec![completed(&json!({}))], acts].concat()).await;
        let collected = collected.unwrap();
        assert_eq!((collected.findings.len(), collected.missing.len(), server.count()), (3, 0, requests));
    }
    let (collected, _) = collect(vec![completed(&json!({})), gone()]).await;
    assert_eq!(collected.unwrap_err().status(), Some(404), "there is no list at all");
}

#[tokio::test]
async fn what_was_read_before_a_page_fails_is_kept_with_the_failure() {
    let first = ok(&json!({ "items": rows(0..2), "total": 4, "pages": 2 }));
    let denied = reply(403, &json!({ "detail": "Not enough permissions" }));
    let (collected, _) = collect(vec![completed(&json!({})), first, denied]).await;
    let collected = collected.unwrap();
    assert_eq!((collected.findings.len(), collected.cut_short.unwrap().class()), (2, Class::Auth));
}

#[tokio::test]
async fn findings_that_the_scan_counts_and_the_list_lacks_are_waited_for() {
    let page =
        |count: u32| ok(&json!({ "items": rows(0..count), "total": count, "page": 1, "per_page": 100, "pages": 1 }));
    let counts = || completed(&json!({ "vulnerabilities_found": 3 }));
    let (collected, server) = collect(vec![counts(), page(1), page(2), page(3)]).await;
    let collected = collected.unwrap();
    assert_eq!((collected.findings.len(), collected.missing.len(), server.count()), (3, 0, 4));

    let (collected, server) = collect(vec![counts(), page(1), page(1), page(3)]).await;
    let collected = collected.unwrap();
    assert_eq!(server.count(), 3, "a list that stays the same is read twice");
    assert_eq!(collected.unlisted.first().map(|part| (part.severity, part.count)), Some((None, 2)));
    assert!(collected.missing[0].contains("2 network findings"), "{:?}", collected.missing);
}

#[tokio::test]
async fn a_list_that_claims_more_rows_than_it_brings_is_missing_some() {
    let page = || ok(&json!({ "items": rows(0..2), "total": 9, "page": 1, "per_page": 100, "pages": 1 }));
    let (collected, _) = collect(vec![completed(&json!({})), page(), page()]).await;
    assert_eq!(collected.unwrap().missing, ["the list of findings brought 2 of its 9 rows"]);
}

#[tokio::test]
async fn rows_of_another_scan_and_severities_under_no_known_name_are_no_complete_result() {
    let list = |row: Value| ok(&json!({ "items": [row], "total": 1, "page": 1, "per_page": 100, "pages": 1 }));
    let foreign = list(json!({ "title": "T", "severity": "low", "scan_id": "scan_other" }));
    let (collected, _) = collect(vec![completed(&json!({})), foreign]).await;
    let collected = collected.unwrap();
    assert_eq!((collected.findings.len(), collected.missing.len()), (1, 1));
    assert!(collected.missing[0].contains("another scan"), "{:?}", collected.missing);

    let unrated = list(json!({ "title": "T", "level": "critical", "scan_id": SCAN }));
    let (collected, _) = collect(vec![completed(&json!({})), unrated]).await;
    let missing = collected.unwrap().missing;
    assert!(missing.len() == 1 && missing[0].contains("severity"), "{missing:?}");
    for severity in [json!(null), json!(""), json!("unknown")] {
        let (collected, _) = collect(vec![completed(&json!({})), list(json!({ "severity": severity }))]).await;
        let collected = collected.unwrap();
        assert!(collected.missing.is_empty() && collected.notes[0].contains("--unrated"), "{:?}", collected.notes);
    }
}

#[tokio::test]
async fn findings_of_a_scan_that_has_not_ended_well_are_incomplete() {
    for status in ["running", "failed", "archived"] {
        let empty = ok(&json!({ "items": [], "total": 0, "page": 1, "per_page": 100, "pages": 0 }));
        let (collected, _) = collect(vec![ok(&json!({ "id": SCAN, "status": status })), empty]).await;
        assert_eq!(collected.unwrap().missing.len(), 1, "{status}");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_list_is_never_an_empty_one() {
    for body in [json!({}), json!({ "total": 0 }), json!({ "items": null }), json!({ "items": [{ "severity": {} }] })] {
        let (collected, _) = collect(vec![completed(&json!({})), ok(&body)]).await;
        assert_eq!(collected.unwrap_err().class(), Class::Protocol, "{body}");
    }
    let page = answer(200, "content-type: text/html\n", "<html><title>Sign in</title></html>");
    let (collected, _) = collect(vec![completed(&json!({})), page]).await;
    assert_eq!(collected.unwrap_err().class(), Class::Protocol);
}

#[tokio::test]
async fn a_key_without_the_permission_is_told_which_one_it_lacks() {
    let forbidden = reply(403, &json!({ "detail": "Not enough permissions" }));
    let (collected, _) = collect(vec![completed(&json!({})), forbidden]).await;
    let error = collected.unwrap_err();
    assert_eq!(error.class(), Class::Auth);
    assert!(shown(&error).contains("read:findings"), "{}", shown(&error));
}

#[tokio::test]
async fn words_of_the_web_application_are_read_as_those_of_the_api() {
    let row = |number: u32, severity: &str, state: &str| json!({ "id": number, "title": "T", "severity": severity, "status": state, "asset": format!("h{number}") });
    let items =
        [row(1, "CRITICAL", "False Positive"), row(2, "Informational", "In Progress"), row(3, "High", "Resolved")];
    let list = ok(&json!({ "items": items, "total": 3, "page": 1, "per_page": 100, "pages": 1 }));
    let (collected, _) = collect(vec![completed(&json!({})), list]).await;
    let states: Vec<State> = collected.unwrap().findings.into_iter().map(|finding| finding.state).collect();
    assert_eq!(states, [State::Dismissed, State::Open, State::Fixed]);
}

#[tokio::test]
async fn controls_are_summarised_where_frameworks_were_asked_for_and_their_failure_is_a_note() {
    let empty = || ok(&json!({ "items": [], "total": 0, "page": 1, "per_page": 100, "pages": 0 }));
    let control = json!({
        "id": "ctrl_123", "name": "Access Control Policy", "status": "implemented", "frameworks": ["SOC 2", "ISO 27001"],
        "evidence_count": 3
    });
    let with_frameworks = |request: &mut Request| request.frameworks = vec!["soc2".to_owned()];
    let server = Server::start([completed(&json!({})), empty(), ok(&json!({ "items": [control], "total": 1 }))]).await;
    let collected = session(&server, with_frameworks).await.findings(&scan()).await.unwrap();
    let controls = collected.controls.unwrap();
    assert_eq!((controls.total, controls.frameworks["SOC 2"].evidence), (1, 3));
    assert_eq!((collected.missing.len(), server.count()), (0, 3));

    let denied = reply(403, &json!({ "detail": "Not enough permissions" }));
    let server = Server::start([completed(&json!({})), empty(), denied]).await;
    let collected = session(&server, with_frameworks).await.findings(&scan()).await.unwrap();
    assert!(collected.controls.is_none() && collected.missing.is_empty());
    assert!(collected.notes.iter().any(|note| note.contains("controls")), "{:?}", collected.notes);

    let (collected, server) = collect(vec![completed(&json!({})), empty()]).await;
    assert!(collected.unwrap().controls.is_none());
    assert_eq!(server.count(), 2, "nobody asked for frameworks");
}

#[tokio::test]
async fn health_is_asked_for_beside_the_versions_and_without_a_credential() {
    let healthy = json!({ "status": "healthy", "version": "0.1.0", "timestamp": "2025-12-21T12:00:00Z" });
    let server = Server::start([ok(&healthy)]).await;
    let health = CyberOrigen::health(&client(), Some(&server.url("/api/v1"))).await.unwrap();
    assert!(health.is_healthy());
    let seen = server.seen();
    assert_eq!(lines(&server), ["GET /api/health"]);
    assert_eq!((seen[0].header("authorization"), seen[0].header("x-api-key")), (None, None));
}
