//! The CybeDefend client against a platform of a few lines, over real sockets.
#![expect(clippy::unwrap_used, reason = "a helper of a test may fail as loudly as the test")]

mod image;
mod policy;
mod server;

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use scangate::error::Class;
use scangate::finding::{Kind, ScanReference};
use scangate::platform::cybedefend::CybeDefend;
use scangate::platform::{Collected, Error, Platform as _, Request, ScanState};
use serde_json::{Value, json};
use server::Reaction::{Answer, Cut};
use server::{FAMILIES, PAT, PROJECT, SCAN, Seen, Server, Storage, archive, client, clock, page, scan};

const EXPIRED: &str = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";

/// Everything that an error shows to people.
fn shown(error: &Error) -> String {
    format!("{error}\n{}\n{}", error.hint().unwrap_or_default(), error.detail().join("\n"))
}

/// A platform that gives `storage`'s signed addresses to new scans, each with an id of its own.
async fn platform_with(storage: &Storage) -> Server {
    let storage = storage.clone();
    let mut started = 0;
    Server::start(move |seen| {
        (seen.path.ends_with("/scan/start") && seen.authorization.is_some()).then(|| {
            started += 1;
            (201, json!({"scanId": format!("scan-{started}"), "url": storage.signed(started), "success": true}))
        })
    })
    .await
}

/// Starts a scan, and brings the ids that were reported on the way.
async fn start(server: &Server) -> (Result<ScanReference, Error>, Vec<String>) {
    let (_folder, subject, _) = archive();
    let platform = server.sign_in().await.unwrap();
    let mut created = Vec::new();
    let outcome = platform.start(&subject, &mut |scan| created.push(scan.id.clone())).await;
    (outcome, created)
}

/// Reads the findings from a platform that answers lists as the script says.
async fn collect(server: &Server) -> Result<Collected, Error> {
    server.sign_in().await?.findings(&scan()).await
}

/// A script that answers the pages of the sast list.
fn sast(
    mut answer: impl FnMut(u64) -> Value + Send + 'static,
) -> impl FnMut(&Seen) -> Option<(u16, Value)> + Send + 'static {
    move |seen| match seen.list() {
        Some(("sast", number)) if seen.authorization.is_some() => Some((200, answer(number))),
        _ => None,
    }
}

#[tokio::test]
async fn a_scan_is_started_with_the_branch_and_its_archive_goes_to_storage_without_the_token() {
    let storage = Storage::start(&[Answer(200, "")]).await;
    let server = platform_with(&storage).await;
    let (folder, subject, bytes) = archive();
    let platform = server.sign_in().await.unwrap();
    let uploads_when_created = AtomicUsize::new(usize::MAX);
    let mut created = |_: &ScanReference| uploads_when_created.store(storage.uploads().len(), Ordering::SeqCst);
    let scan = platform.start(&subject, &mut created).await.unwrap();

    assert_eq!(scan.id, "scan-1");
    assert_eq!(uploads_when_created.into_inner(), 0, "the id has to be known before the upload begins");
    let upload = storage.uploads().remove(0);
    assert_eq!(upload.body, bytes);
    let head = upload.head;
    assert!(head.contains("content-type: application/zip\r\n"), "{head}");
    assert!(head.contains(&format!("content-length: {}\r\n", bytes.len())), "{head}");
    for absent in ["authorization", "transfer-encoding", "x-goog-"] {
        assert!(!head.contains(absent), "{head}");
    }
    let seen = server.seen();
    let exchange = seen.iter().find(|seen| seen.path == "/oidc/token").unwrap();
    let form: Vec<(String, String)> = url::form_urlencoded::parse(exchange.body.as_bytes()).into_owned().collect();
    let resource = server.base.as_str().trim_end_matches('/');
    let expected = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("client_id", "cli-app"),
        ("subject_token", PAT),
        ("subject_token_type", "urn:logto:token-type:personal_access_token"),
        ("resource", resource),
    ];
    assert_eq!(form, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(exchange.authorization, None);
    let start = seen.iter().find(|seen| seen.path.ends_with("/scan/start")).unwrap();
    assert_eq!(start.method, "POST");
    assert_eq!(serde_json::from_str::<Value>(&start.body).unwrap(), json!({"branch": "main", "sourceType": "cli"}));
    drop(folder);
}

#[tokio::test]
async fn an_upload_that_was_cut_off_and_then_finds_its_object_there_has_succeeded() {
    let storage = Storage::start(&[Cut, Answer(412, "<Error><Code>PreconditionFailed</Code></Error>")]).await;
    let (outcome, created) = start(&platform_with(&storage).await).await;
    assert_eq!(outcome.unwrap().id, "scan-1");
    assert_eq!((storage.uploads().len(), created.len()), (2, 1));
}

#[tokio::test]
async fn an_object_that_was_there_before_the_first_attempt_is_not_ours() {
    let storage = Storage::start(&[Answer(412, "")]).await;
    let (outcome, _) = start(&platform_with(&storage).await).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.class(), Class::Protocol);
    assert!(error.to_string().contains("already holds an archive"), "{error}");
}

#[tokio::test]
async fn an_expired_address_brings_one_new_scan_whose_id_is_reported_too() {
    let storage = Storage::start(&[Answer(403, EXPIRED), Answer(200, "")]).await;
    let (outcome, created) = start(&platform_with(&storage).await).await;
    assert_eq!(outcome.unwrap().id, "scan-2");
    assert_eq!(created, ["scan-1", "scan-2"]);
}

#[tokio::test]
async fn an_address_that_expires_again_is_given_up() {
    let storage = Storage::start(&[Answer(403, EXPIRED), Answer(400, "<Code>ExpiredToken</Code>")]).await;
    let (outcome, created) = start(&platform_with(&storage).await).await;
    assert_eq!(outcome.unwrap_err().class(), Class::Unavailable);
    assert_eq!(created.len(), 2);
}

#[tokio::test]
async fn no_second_scan_is_started_when_the_first_archive_may_have_arrived() {
    let storage = Storage::start(&[Cut, Answer(403, EXPIRED)]).await;
    let (outcome, created) = start(&platform_with(&storage).await).await;
    let error = outcome.unwrap_err();
    assert!(error.to_string().contains("may or may not have arrived"), "{error}");
    assert!(error.is_retryable());
    assert_eq!(created, ["scan-1"]);
}

#[tokio::test]
async fn a_refused_upload_shows_the_storages_words_and_never_the_signature() {
    const REFUSAL: &str =
        "<Error><Code>SignatureDoesNotMatch</Code><Message>feedfacefeedfacefeedface1 differs</Message></Error>";
    let storage = Storage::start(&[Answer(403, REFUSAL)]).await;
    let error = start(&platform_with(&storage).await).await.0.unwrap_err();
    let text = shown(&error);
    assert!(text.contains("SignatureDoesNotMatch"), "{text}");
    assert!(!text.contains("feedface") && !text.contains("X-Amz"), "{text}");
}

#[tokio::test]
async fn an_upload_address_without_tls_is_refused_before_anything_is_sent() {
    let server = Server::start(|seen| {
        let address = "http://storage.example.com/o?X-Amz-Signature=feedfacefeedfacefeedface1";
        (seen.path.ends_with("/scan/start") && seen.authorization.is_some())
            .then(|| (200, json!({"scanId": "scan-1", "url": address})))
    })
    .await;
    let error = start(&server).await.0.unwrap_err();
    assert_eq!(error.class(), Class::Protocol);
    assert!(!shown(&error).contains("feedface"), "{}", shown(&error));
}

#[tokio::test]
async fn a_start_without_a_usable_id_or_address_is_a_protocol_error() {
    for answer in
        [json!({"scanId": "../x", "url": "https://a"}), json!({"scanId": "s", "message": ["queue", "full"]}), json!({})]
    {
        let server = Server::start(move |seen| {
            (seen.path.ends_with("/scan/start") && seen.authorization.is_some()).then(|| (200, answer.clone()))
        })
        .await;
        let (outcome, created) = start(&server).await;
        assert_eq!(outcome.unwrap_err().class(), Class::Protocol);
        assert!(created.is_empty());
    }
}

/// What a start ends with on a platform that refuses it, and the project, with these statuses.
async fn refused_start(start_status: u16, project_status: u16) -> Error {
    let server = Server::start(move |seen| {
        seen.authorization.as_ref()?;
        let refusal = |status: u16| Some((status, json!({"statusCode": status, "message": "the server's own words"})));
        match seen.path.as_str() {
            path if path.ends_with("/scan/start") => refusal(start_status),
            path if path == format!("/project/{PROJECT}") && project_status != 200 => refusal(project_status),
            _ => None,
        }
    })
    .await;
    start(&server).await.0.unwrap_err()
}

#[tokio::test]
async fn a_refused_start_says_whether_plan_access_or_project_is_to_blame() {
    let plan = refused_start(403, 200).await;
    assert!(plan.to_string().contains("plan does not include"), "{plan}");
    let access = refused_start(403, 403).await;
    assert!(access.to_string().contains("has no access"), "{access}");
    let unknown = refused_start(404, 404).await;
    assert!(unknown.to_string().contains(PROJECT) && unknown.hint().unwrap().contains("region"), "{unknown}");
    let key = refused_start(410, 200).await;
    assert!(key.to_string().contains("API keys"), "{key}");
    let classes = [&plan, &access, &unknown, &key].map(Error::class);
    assert_eq!(classes, [Class::Auth, Class::Auth, Class::Usage, Class::Usage]);
    for error in [plan, access, unknown, key] {
        assert!(shown(&error).contains("the server's own words"), "{}", shown(&error));
    }
}

#[tokio::test]
async fn a_wrong_token_is_refused_at_the_first_call_and_says_where_it_came_from() {
    let server = Server::start(|seen| {
        let body = json!({"code": "oidc.invalid_grant", "error_description": "subject token not found"});
        (seen.path == "/oidc/token").then_some((400, body))
    })
    .await;
    let platform = server.sign_in().await.unwrap();
    assert_eq!(server.seen().len(), 1, "signing in asks for the application and nothing else");
    let error = platform.check(&scan()).await.unwrap_err();
    assert_eq!(error.class(), Class::Auth);
    let text = shown(&error);
    assert!(text.contains("the personal access token was refused") && text.contains("CYBEDEFEND_PAT"), "{text}");
    assert!(!text.contains(PAT), "{text}");
}

#[tokio::test]
async fn an_instance_that_does_not_name_its_application_cannot_be_signed_in_to() {
    let server = Server::start(|seen| (seen.path == "/client-apps").then(|| (404, json!({})))).await;
    assert!(server.sign_in().await.is_err());
    assert_eq!(server.count("/oidc/token"), 0);
}

#[tokio::test]
async fn an_answer_about_another_scan_is_no_answer() {
    let server = Server::start(|seen| {
        (seen.path.contains("/scan/") && seen.authorization.is_some())
            .then(|| (200, json!({"id": "another", "state": "completed"})))
    })
    .await;
    let error = server.sign_in().await.unwrap().check(&scan()).await.unwrap_err();
    assert_eq!(error.class(), Class::Protocol);
}

#[tokio::test]
async fn a_finished_scan_without_findings_is_complete_and_every_list_was_asked() {
    let server = Server::start(|_| None).await;
    assert_eq!(server.sign_in().await.unwrap().check(&scan()).await.unwrap(), ScanState::Done);
    let collected = collect(&server).await.unwrap();
    assert!(collected.findings.is_empty() && collected.missing.is_empty() && collected.notes.is_empty());
    for family in FAMILIES {
        assert_eq!(server.count(&format!("/project/{PROJECT}/results/{family}")), 1, "{family}");
    }
}

#[tokio::test]
async fn a_token_that_is_refused_at_page_47_is_renewed_once_and_no_row_is_lost() {
    let mut refused = false;
    let server = Server::start(move |seen| {
        let (family, number) = seen.list()?;
        if family != "sast" || number >= 47 && !std::mem::replace(&mut refused, true) {
            return (family == "sast").then(|| (401, json!({"message": "jwt expired"})));
        }
        Some((200, page(6_000, 60, (number - 1) * 100..number * 100)))
    })
    .await;
    let collected = collect(&server).await.unwrap();
    assert_eq!(collected.missing, Vec::<String>::new());
    let ids: HashSet<_> = collected.findings.iter().map(|finding| finding.id.clone()).collect();
    assert_eq!((collected.findings.len(), ids.len()), (6_000, 6_000));
    assert_eq!(server.count("/oidc/token"), 2);
    assert_eq!(server.count(&format!("/project/{PROJECT}/results/sast")), 61);
}

#[tokio::test]
async fn a_list_that_promises_more_than_it_brings_is_incomplete() {
    let server =
        Server::start(sast(|number| page(300, 3, if number < 3 { (number - 1) * 100..number * 100 } else { 0..0 })))
            .await;
    let collected = collect(&server).await.unwrap();
    assert_eq!(collected.findings.len(), 200);
    assert_eq!(collected.missing, ["the sast list brought 200 of its 300 rows"]);
}

#[tokio::test]
async fn a_server_that_ignores_the_page_number_is_left_in_peace() {
    let server = Server::start(sast(|_| page(100_000, 1_000, 0..100))).await;
    let collected = collect(&server).await.unwrap();
    assert_eq!((collected.findings.len(), collected.missing.len()), (100, 1));
    assert!(server.count(&format!("/project/{PROJECT}/results/sast")) <= 10);
}

#[tokio::test]
async fn a_list_that_grew_while_it_was_read_is_read_once_more() {
    let mut asked = 0;
    let server = Server::start(sast(move |number| {
        asked += 1;
        let total = if asked == 1 { 150 } else { 160 };
        page(total, 2, (number - 1) * 100..(number * 100).min(total))
    }))
    .await;
    let collected = collect(&server).await.unwrap();
    assert_eq!((collected.findings.len(), collected.missing.len()), (160, 0));
}

#[tokio::test]
async fn a_list_of_another_scan_is_waited_for_and_then_taken() {
    let mut asked = 0;
    let server = Server::start(sast(move |_| {
        asked += 1;
        let mut list = page(1, 1, 0..1);
        if asked < 3 {
            list["scanProjectInfo"]["scanId"] = json!("the-scan-before");
        }
        list
    }))
    .await;
    let clock = clock();
    let platform = CybeDefend::sign_in(client(&clock), server.request()).await.unwrap();
    let collected = platform.findings(&scan()).await.unwrap();
    assert_eq!((collected.findings.len(), collected.missing.len()), (1, 0));
    assert_eq!(clock.monotonic(), Duration::from_secs(10));
}

#[tokio::test]
async fn findings_of_another_scan_are_never_taken_for_ours() {
    let server = Server::start(|seen| {
        seen.list().filter(|_| seen.authorization.is_some())?;
        let mut list = page(1, 1, 0..1);
        list["scanProjectInfo"]["scanId"] = json!("the-scan-after");
        Some((200, list))
    })
    .await;
    let clock = clock();
    let platform = CybeDefend::sign_in(client(&clock), server.request()).await.unwrap();
    let collected = platform.findings(&scan()).await.unwrap();
    assert!(collected.findings.is_empty());
    assert_eq!(collected.missing.len(), FAMILIES.len());
    assert!(collected.missing[0].contains("scan the-scan-after"), "{:?}", collected.missing);
    assert!(clock.monotonic() <= Duration::from_secs(30), "the lists share one patience");
}

/// A platform that refuses these lists, and the project with this status.
async fn platform_refusing(families: &'static [&'static str], project_status: u16) -> Server {
    Server::start(move |seen| {
        seen.authorization.as_ref()?;
        let refusal = |status: u16| (status, json!({"statusCode": status, "message": "not in plan"}));
        match seen.list() {
            Some((family, _)) => families.contains(&family).then(|| refusal(403)),
            None => {
                (seen.path == format!("/project/{PROJECT}") && project_status != 200).then(|| refusal(project_status))
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_list_that_the_plan_does_not_include_is_named() {
    let collected = collect(&platform_refusing(&["container", "sca"], 200).await).await.unwrap();
    assert!(collected.missing.is_empty());
    assert_eq!(collected.notes.len(), 2);
    assert!(collected.notes[0].contains("sca") && collected.notes[1].contains("container"), "{:?}", collected.notes);
}

#[tokio::test]
async fn refused_lists_never_pass_when_all_are_or_the_project_cannot_be_seen() {
    let all = collect(&platform_refusing(&FAMILIES, 200).await).await.unwrap_err();
    assert_eq!(all.class(), Class::Auth);
    assert!(all.to_string().contains("every list"), "{all}");
    let hidden = collect(&platform_refusing(&["sca"], 403).await).await.unwrap_err();
    assert_eq!(hidden.class(), Class::Auth);
    assert!(hidden.to_string().contains("no access"), "{hidden}");
}

#[tokio::test]
async fn a_403_in_the_words_of_another_refusal_skips_no_family() {
    let server = Server::start(|seen| {
        let refusal = json!({"statusCode": 400, "message": "error 403 in plan 403"});
        (seen.list()?.0 == "sca" && seen.authorization.is_some()).then_some((400, refusal))
    })
    .await;
    assert_eq!(collect(&server).await.unwrap_err().class(), Class::Usage);
}

#[tokio::test]
async fn an_unknown_list_is_an_error_and_not_an_empty_one() {
    let server = Server::start(|seen| (seen.list()?.0 == "cicd").then(|| (404, json!({"message": "no"})))).await;
    assert_eq!(collect(&server).await.unwrap_err().class(), Class::Usage);
}

#[tokio::test]
async fn findings_that_are_still_arriving_are_waited_for() {
    let asked = Arc::new(Mutex::new(0));
    let server = Server::start(move |seen| {
        seen.authorization.as_ref()?;
        if seen.path.ends_with(SCAN) {
            return Some((200, json!({"id": SCAN, "state": "completed", "vulnerabilityDetected": 9})));
        }
        let mut asked = asked.lock().unwrap();
        match seen.list()? {
            ("sast", _) => {
                *asked += 1;
                let total = (*asked + 2).min(5);
                Some((200, page(total, 1, 0..total)))
            }
            _ => None,
        }
    })
    .await;
    let clock = clock();
    let platform = CybeDefend::sign_in(client(&clock), server.request()).await.unwrap();
    let collected = platform.findings(&scan()).await.unwrap();
    assert_eq!((collected.findings.len(), collected.missing.len(), collected.notes.len()), (5, 0, 0));
    assert_eq!(clock.monotonic(), Duration::from_secs(15));
}

#[tokio::test]
async fn a_counter_above_the_lists_is_no_failure_by_itself() {
    let server = Server::start(|seen| {
        (seen.path.ends_with(SCAN) && seen.authorization.is_some())
            .then(|| (200, json!({"id": SCAN, "state": "completed", "vulnerabilityDetected": 9})))
    })
    .await;
    let collected = collect(&server).await.unwrap();
    assert!(collected.missing.is_empty() && collected.findings.is_empty());
}

#[tokio::test]
async fn findings_of_a_scan_that_has_not_ended_are_never_complete() {
    let server = Server::start(|seen| {
        (seen.path.ends_with(SCAN) && seen.authorization.is_some())
            .then(|| (200, json!({"id": SCAN, "state": "running", "progress": 50})))
    })
    .await;
    assert_eq!(collect(&server).await.unwrap().missing.len(), 1);
}

#[tokio::test]
async fn a_branch_of_hostile_characters_arrives_as_it_is() {
    let branch = "fix/a&status=ignored#%00+\u{202e} é\"\n";
    let server = Server::start(sast(|_| page(1, 1, 0..1))).await;
    let mut request = server.request();
    request.branch = Some(branch.to_owned());
    request.directory = "services/api".to_owned();
    let platform = CybeDefend::sign_in(client(&clock()), request).await.unwrap();
    let collected = platform.findings(&scan()).await.unwrap();
    let lists: Vec<Seen> = server.seen().into_iter().filter(|seen| seen.list().is_some()).collect();
    assert!(lists.iter().all(|seen| seen.parameter("branch") == Some(branch)));
    let statuses = |seen: &Seen| seen.query.iter().filter(|(name, _)| name == "status").count();
    assert!(lists.iter().all(|seen| statuses(seen) == 2));
    let finding = &collected.findings[0];
    assert_eq!((finding.kind, finding.location.to_string().as_str()), (Kind::Sast, "services/api/src/a.py:1"));
}

#[tokio::test]
async fn findings_of_several_branches_are_said_to_be_that_unless_one_branch_was_asked_for() {
    let rows = |branches: [Value; 2]| {
        let mut page = page(2, 1, 0..2);
        for (row, branch) in page["vulnerabilities"].as_array_mut().unwrap().iter_mut().zip(branches) {
            row["base"]["branch"] = branch;
        }
        page
    };
    for (asked, branches, is_said) in [
        (None, [json!("main"), json!("next")], true),
        (None, [json!("main"), Value::Null], true),
        (None, [json!("main"), json!("main")], false),
        (Some("main".to_owned()), [json!("main"), json!("next")], false),
    ] {
        let page = rows(branches);
        let server = Server::start(sast(move |_| page.clone())).await;
        let request = Request { branch: asked, ..server.request() };
        let platform = CybeDefend::sign_in(client(&clock()), request).await.unwrap();
        let collected = platform.findings(&scan()).await.unwrap();
        assert_eq!(collected.findings.len(), 2);
        assert_eq!(collected.notes.iter().any(|note| note.contains("--branch")), is_said, "{:?}", collected.notes);
    }
}
