//! The BestDefense client against a platform of a few lines, over real sockets. The tests go through the behaviours that its
//! contract wants of a mock server (section 10) and the holes of the vendor's own gate (section 9.5).
#![expect(clippy::unwrap_used, reason = "a helper of a test may fail as loudly as the test")]

mod findings;
mod server;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use scangate::error::Class;
use scangate::platform::{Error, Platform as _, ScanState, StateWord};
use serde_json::{Value, json};
use server::{Answer, HOST, REPORT, SITE, Server, TOKEN, scan};

const CREATE: &str = "report/create/for-target/7b9d3a52-5c6f-4b0e-9f0a-1d2c3b4a5f60";
const PROGRESS: &str = "report/0f4c1d2e-8a7b-4c3d-9e1f-1234567890ab/progress";
const OVERVIEW: &str = "report/0f4c1d2e-8a7b-4c3d-9e1f-1234567890ab/overview";
const ALERTS: &str = "report/vortex/12345/alerts";

/// Everything that an error shows to people.
fn shown(error: &Error) -> String {
    format!("{error}\n{}\n{}", error.hint().unwrap_or_default(), error.detail().join("\n"))
}

#[tokio::test]
async fn a_site_is_looked_up_by_its_name_and_scanned_with_all_three_options() {
    let server = Server::start(|_| None).await;
    let scan = server.start_scan(HOST).await.unwrap();
    assert_eq!((scan.id.as_str(), scan.url), (REPORT, None));
    let seen = server.seen();
    assert_eq!(seen.iter().map(|seen| seen.path.as_str()).collect::<Vec<_>>(), ["sites", CREATE]);
    for seen in &seen {
        assert_eq!(seen.authorization.as_deref(), Some(format!("Bearer {TOKEN}").as_str()));
        assert_eq!(seen.accept.as_deref(), Some("application/json"));
    }
    let options = json!({ "vortexType": "analog", "testingType": "web", "scanIntensity": "quick" });
    let body = json!({ "options": { "security": { "enabled": true, "options": options } } });
    assert_eq!(serde_json::from_str::<Value>(&seen[1].body).unwrap(), body);
}

#[tokio::test]
async fn a_uuid_skips_the_lookup_and_user_options_are_merged_into_the_body() {
    let server = Server::start(|_| None).await;
    let change = |request: &mut scangate::platform::Request| {
        request.scan_type = Some("ai".to_owned());
        request.intensity = Some("thorough".to_owned());
        request.options = vec![("options.security.options.testUsers".to_owned(), json!([7]))];
    };
    server.start_scan_with(&SITE.to_uppercase(), change).await.unwrap();
    let seen = server.seen();
    assert_eq!((seen.len(), seen[0].method.as_str()), (1, "POST"));
    let body: Value = serde_json::from_str(&seen[0].body).unwrap();
    let options = json!({ "vortexType": "ai", "testingType": "web", "scanIntensity": "thorough", "testUsers": [7] });
    assert_eq!(body["options"]["security"]["options"], options);
}

#[tokio::test]
async fn an_option_that_a_flag_decides_is_refused_before_anything_is_sent() {
    let server = Server::start(|_| None).await;
    let change = |request: &mut scangate::platform::Request| {
        request.options = vec![("options.security".to_owned(), json!({ "enabled": false }))];
    };
    let error = server.start_scan_with(HOST, change).await.unwrap_err();
    assert_eq!((error.class(), server.seen().len()), (Class::Usage, 0));
    assert!(error.to_string().contains("options.security.enabled"), "{error}");
}

#[tokio::test]
async fn an_unknown_or_ambiguous_name_lists_the_choices_and_starts_nothing() {
    let server = Server::start(|_| None).await;
    let error = server.start_scan("nobody.example").await.unwrap_err();
    assert_eq!(error.class(), Class::Usage);
    assert!(error.to_string().ends_with("it knows other.example.com, shop.example.com"), "{error}");

    let twins = json!({ "sites": [
        { "id": "id-1", "hostname": HOST }, { "id": "id-2", "hostname": HOST }, { "id": "id-3", "hostname": "\u{1b}[31m\n::stop::" },
    ]});
    let twin = Server::at("sites", move || Answer::data(&twins)).await;
    let error = twin.start_scan(HOST).await.unwrap_err();
    assert!(error.to_string().contains("shop.example.com (id-1), shop.example.com (id-2)"), "{error}");
    assert!(error.hint().unwrap().contains("UUID"));
    let error = shown(&twin.start_scan("x.example").await.unwrap_err());
    assert!(!error.contains('\u{1b}') && !error.contains("\n::"), "{error}");
    for server in [&server, &twin] {
        assert!(server.seen().iter().all(|seen| seen.method == "GET"));
    }
}

#[tokio::test]
async fn sites_on_further_pages_are_found_and_a_list_that_is_cut_is_said_to_be() {
    let page = |number: usize| json!({ "sites": [{ "id": format!("s-{number}"), "hostname": format!("{number}.example") }], "totalPages": 3 });
    let server = Server::start(move |seen| {
        let number = seen.query.strip_prefix("page=").map_or(1, |number| number.parse().unwrap());
        (seen.path == "sites").then(|| Answer::data(&page(number)))
    })
    .await;
    let error = server.start_scan("3.example").await.unwrap_err();
    assert!(server.seen().last().unwrap().path.ends_with("for-target/s-3"), "{error}");

    let cut =
        Server::at("sites", || Answer::data(&json!({ "sites": [{ "id": "a", "hostname": "a.example" }], "total": 9 })))
            .await;
    let error = cut.start_scan("b.example").await.unwrap_err();
    assert!(error.to_string().contains("the list of sites brought 1 of its 9 rows"), "{error}");
}

#[tokio::test]
async fn the_id_of_a_report_is_kept_as_a_text_whatever_its_type_and_place() {
    for (answer, id) in [
        (json!({ "success": true, "message": "", "status": 200, "id": 4711 }), "4711"),
        (json!({ "success": true, "id": "report-123" }), "report-123"),
        (json!({ "success": true, "data": { "id": "in-data" } }), "in-data"),
        (json!({ "data": { "report": { "id": 9 } } }), "9"),
    ] {
        let server = Server::at(CREATE, move || Answer::json(200, &answer)).await;
        assert_eq!(server.start_scan(HOST).await.unwrap().id, id);
    }
}

#[tokio::test]
async fn a_created_report_without_a_usable_id_is_a_protocol_error_and_never_the_word_undefined() {
    for id in [json!(null), json!(""), json!("undefined"), json!(0), json!(1.5), json!("..")] {
        let answer = json!({ "success": true, "message": "created", "id": id });
        let server = Server::at(CREATE, move || Answer::json(201, &answer)).await;
        let error = server.start_scan(HOST).await.unwrap_err();
        assert_eq!((error.class(), server.count(CREATE)), (Class::Protocol, 1), "{error}");
        assert!(error.to_string().contains("may have been started"), "{error}");
    }
}

#[tokio::test]
async fn an_id_with_a_slash_stays_one_segment() {
    let server =
        Server::start(|seen| seen.path.ends_with("/progress").then(|| Answer::data(&json!({ "isCompleted": false }))))
            .await;
    let platform = server.sign_in_with(|_| {}).await.unwrap();
    let reference = scangate::finding::ScanReference { id: "a/../b?c".to_owned(), url: None };
    platform.check(&reference).await.unwrap();
    assert_eq!(server.seen()[0].path, "report/a%2F..%2Fb%3Fc/progress");
}

#[tokio::test]
async fn a_scan_is_created_once_even_if_the_answer_is_an_error_or_lost() {
    for status in [500, 502, 504] {
        let server = Server::at(CREATE, move || Answer::text(status, "{}")).await;
        let error = server.start_scan(HOST).await.unwrap_err();
        assert_eq!((error.class(), server.count(CREATE)), (Class::Unavailable, 1), "{status}");
        assert!(
            shown(&error).contains("a scan may have begun") && !shown(&error).contains("later"),
            "{}",
            shown(&error)
        );
    }
}

#[tokio::test]
async fn a_page_to_sign_in_in_place_of_an_answer_names_the_token() {
    let server = Server::at(PROGRESS, || Answer::text(200, "<!DOCTYPE html><html>Sign in</html>")).await;
    let error = server.check().await.unwrap_err();
    assert_eq!(error.class(), Class::Protocol);
    assert!(shown(&error).contains("HTML") && shown(&error).contains("the token"), "{}", shown(&error));
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_in_seconds_and_until_a_date_also_at_the_creation() {
    for after in ["40", "Sun, 22 Nov 2026 10:00:40 GMT"] {
        let mut refused = false;
        let server = Server::at(CREATE, move || {
            if std::mem::replace(&mut refused, true) {
                return Answer::json(201, &json!({ "success": true, "id": REPORT }));
            }
            Answer::json(429, &json!({ "success": false }))
                .header("retry-after", after)
                .header("date", "Sun, 22 Nov 2026 10:00:00 GMT")
        })
        .await;
        server.start_scan(HOST).await.unwrap();
        let waited = server.clock.monotonic();
        assert!((Duration::from_secs(39)..Duration::from_mins(2)).contains(&waited), "{after}: {waited:?}");
    }
}

#[tokio::test]
async fn a_403_names_the_permission_and_what_the_plan_may_have_against_it() {
    let refuse = || Answer::json(403, &json!({ "success": false, "error": "Forbidden" }));
    let server = Server::at(CREATE, refuse).await;
    let change = |request: &mut scangate::platform::Request| request.intensity = Some("thorough".to_owned());
    let error = server.start_scan_with(HOST, change).await.unwrap_err();
    let text = shown(&error);
    assert_eq!(error.class(), Class::Auth);
    assert!(text.contains("`create reports`") && text.contains("Growth") && text.contains("`thorough`"), "{text}");
    assert!(!shown(&server.start_scan(HOST).await.unwrap_err()).contains("Growth"), "quick is in every plan");

    let error = Server::at("sites", refuse).await.start_scan(HOST).await.unwrap_err();
    assert!(shown(&error).contains("view sites"), "{}", shown(&error));
    for path in [OVERVIEW, ALERTS] {
        let error = Server::at(path, refuse).await.collect().await.unwrap_err();
        assert!(shown(&error).contains("view reports") && error.class() == Class::Auth, "{}", shown(&error));
    }
    let error = Server::at(PROGRESS, refuse).await.check().await.unwrap_err();
    assert!(shown(&error).contains("view reports"), "{}", shown(&error));
}

#[tokio::test]
async fn a_404_speaks_of_other_organisations() {
    let missing = || Answer::json(404, &json!({ "success": false, "message": "Not found" }));
    let created = Server::at(CREATE, missing).await.start_scan(HOST).await.unwrap_err();
    let checked = Server::at(PROGRESS, missing).await.check().await.unwrap_err();
    for error in [created, checked] {
        assert_eq!((error.class(), error.status()), (Class::Usage, Some(404)));
        assert!(shown(&error).contains("another organisation"), "{}", shown(&error));
    }
}

#[tokio::test]
async fn a_refused_token_says_how_long_one_lives_and_is_tried_once() {
    for path in [CREATE, PROGRESS, OVERVIEW] {
        let server = Server::at(path, || Answer::json(401, &json!({ "error": TOKEN }))).await;
        let error = match path {
            CREATE => server.start_scan(HOST).await.unwrap_err(),
            PROGRESS => server.check().await.unwrap_err(),
            _ => server.collect().await.unwrap_err(),
        };
        assert_eq!((error.class(), server.count(path)), (Class::Auth, 1));
        let text = shown(&error);
        assert!(
            text.contains("1 to 90 days") && text.contains("/profile/api-tokens") && !text.contains(TOKEN),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_demand_for_dpop_is_named_and_not_tried_again() {
    let demand = || Answer::json(401, &json!({})).header("www-authenticate", "DPoP algs=\"ES256\"");
    let server = Server::at("sites", demand).await;
    let error = server.start_scan(HOST).await.unwrap_err();
    assert_eq!((error.class(), server.seen().len()), (Class::Auth, 1));
    assert!(error.to_string().contains("demands DPoP"), "{error}");
}

#[tokio::test]
async fn a_refused_site_shows_the_platforms_words_and_how_to_verify_it() {
    for status in [400, 409, 422] {
        let words = json!({ "success": false, "message": "Site is\nnot \u{1b}verified", "error": { "code": status } });
        let server = Server::at(CREATE, move || Answer::json(status, &words)).await;
        let error = server.start_scan(HOST).await.unwrap_err();
        let text = shown(&error);
        assert_eq!(error.class(), Class::Usage);
        assert!(text.contains("_bestdefense") && error.to_string().contains("not verified"), "{text}");
    }
}

#[tokio::test]
async fn success_false_with_a_status_of_200_is_a_failure_at_every_endpoint() {
    for path in ["sites", CREATE, PROGRESS, OVERVIEW, ALERTS] {
        let no =
            json!({ "success": false, "message": "quota spent", "data": { "isCompleted": true, "id": 1 }, "id": 1 });
        let server = Server::at(path, move || Answer::json(200, &no)).await;
        let error = match path {
            "sites" | CREATE => server.start_scan(HOST).await.unwrap_err(),
            PROGRESS => server.check().await.unwrap_err(),
            _ => server.collect().await.unwrap_err(),
        };
        assert_ne!(error.class(), Class::Passed);
        assert!(error.to_string().ends_with("quota spent"), "{path}: {error}");
        assert_eq!(server.count(path), 1, "{path}");
    }
}

#[tokio::test]
async fn pages_for_people_broken_json_and_redirects_are_no_answers() {
    for path in ["sites", CREATE, PROGRESS, OVERVIEW, ALERTS] {
        let answers: [fn() -> Answer; 5] = [
            || Answer::text(200, "<!DOCTYPE html><title>Sign in</title>").header("content-type", "text/html"),
            || Answer::text(200, "{\"success\":true,\"data\":{"),
            || Answer::text(200, "\"fine\""),
            || Answer::text(200, ""),
            || Answer::text(302, "").header("location", "https://login.example/"),
        ];
        for answer in answers {
            let server = Server::at(path, answer).await;
            let error = match path {
                "sites" | CREATE => server.start_scan(HOST).await.unwrap_err(),
                PROGRESS => server.check().await.unwrap_err(),
                _ => server.collect().await.unwrap_err(),
            };
            assert_eq!(error.class(), Class::Protocol, "{path}: {error}");
        }
    }
}

#[tokio::test]
async fn a_redirect_to_the_login_page_is_not_followed_to_another_origin() {
    let elsewhere = Server::start(|_| None).await;
    let target = elsewhere.base.join("/login").unwrap().to_string();
    let server = Server::at(PROGRESS, move || Answer::text(302, "").header("location", target.clone())).await;
    let error = server.check().await.unwrap_err();
    assert!(shown(&error).contains("login page"), "{}", shown(&error));
    assert_eq!(elsewhere.seen().len(), 0);
}

#[tokio::test]
async fn progress_is_read_in_every_spelling_and_failure_is_heard() {
    let state = async |data: Value| Server::at(PROGRESS, move || Answer::data(&data)).await.check().await;
    assert_eq!(state(json!({ "isCompleted": "true" })).await.unwrap(), ScanState::Done);
    assert_eq!(state(json!({ "is_completed": 1 })).await.unwrap(), ScanState::Done);
    assert!(!state(json!({ "isCompleted": false })).await.unwrap().is_terminal());
    assert!(matches!(state(json!({ "isCompleted": true, "has_failed": true })).await.unwrap(), ScanState::Failed(_)));
    let secret =
        state(json!({ "isCompleted": false, "status": "failed", "error": format!("token {TOKEN}\nwas bad") })).await;
    assert_eq!(secret.unwrap(), ScanState::Failed("token *** was bad".to_owned()));
    assert_eq!(state(json!({ "isCompleted": "soon" })).await.unwrap_err().class(), Class::Protocol);
    assert_eq!(state(json!(null)).await.unwrap_err().class(), Class::Protocol);
    assert_eq!(state(json!({ "status": "paused" })).await.unwrap(), ScanState::Unknown("paused".to_owned()));
}

#[tokio::test]
async fn a_state_means_what_the_user_says_it_means() {
    let server = Server::at(PROGRESS, || Answer::data(&json!({ "status": "archived" }))).await;
    let change = |request: &mut scangate::platform::Request| {
        request.states.insert("archived".to_owned(), StateWord::Done);
    };
    let platform = server.sign_in_with(change).await.unwrap();
    assert_eq!(platform.check(&scan()).await.unwrap(), ScanState::Done);
}

#[tokio::test]
async fn unknown_words_are_passed_on_and_noted_in_the_result() {
    let server = Server::start(|_| None).await;
    let platform = server
        .sign_in_with(|request| {
            request.scan_type = Some("hybrid".to_owned());
            request.intensity = Some("extreme".to_owned());
        })
        .await
        .unwrap();
    let collected = platform.findings(&scan()).await.unwrap();
    for word in ["`hybrid`", "`extreme`"] {
        assert!(collected.notes.iter().any(|note| note.contains(word)), "{:?}", collected.notes);
    }
}

#[tokio::test]
async fn nothing_cancels_a_scan_since_no_call_for_it_is_documented() {
    use scangate::platform::Cancelled;
    use scangate::platform::bestdefense::BestDefense;
    let server = Server::start(|_| None).await;
    let platform = server.sign_in_with(|_| {}).await.unwrap();
    assert_eq!(platform.cancel(&scan()).await.unwrap(), Cancelled::NotDocumented);
    assert!(!BestDefense::ABOUT.supports_cancel && server.seen().is_empty());
}

/// Counts calls, and answers the first `late` of them otherwise.
fn late(late: u32, mut early: impl FnMut() -> Answer, mut then: impl FnMut() -> Answer) -> impl FnMut() -> Answer {
    let calls = AtomicU32::new(0);
    move || if calls.fetch_add(1, Ordering::SeqCst) < late { early() } else { then() }
}
