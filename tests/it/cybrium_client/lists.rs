//! Lists of findings: links between pages, counts, shapes, and what cannot be judged.

use scangate::error::Class;
use scangate::finding::Severity;
use scangate::platform::Platform as _;
use serde_json::json;

use super::{SCAN, collected, lines, ok, page, reply, row, scan, session};
use crate::http::server::{Server, answer, cut};

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
        (json!({ "data": [row(1)], "meta": { "total": 2 } }), "brought 1 of its 2 rows"),
        (json!({ "data": [row(1)], "page_info": { "has_next_page": true } }), "says on page 1 that there is more"),
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
        json!({ "results": [], "findings": [row(1)] }),
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
    odd["severity"] = json!(["critical"]);
    let error = collected(vec![ok(&json!([row(2), odd]))]).await.0.unwrap_err();
    assert_eq!(error.class(), Class::Protocol);
    assert!(error.to_string().starts_with("finding 2 of scan") && error.to_string().contains("`severity`"), "{error}");

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
async fn headers_may_say_what_a_bare_list_cannot() {
    let rows = |numbers: std::ops::Range<u32>, headers: &str| {
        let rows = json!(numbers.map(row).collect::<Vec<_>>());
        answer(200, &format!("content-type: application/json\n{headers}\n"), &rows.to_string())
    };
    let first = rows(0..2, "link: </v1/findings/?page=2>; rel=\"next\", </v1/findings/?page=2>; rel=\"last\"");
    let (outcome, server) = collected(vec![first, rows(2..3, "x-total-count: 3")]).await;
    let list = outcome.unwrap();
    assert_eq!((list.findings.len(), list.missing), (3, Vec::<String>::new()));
    assert_eq!(lines(&server)[1], "GET /v1/findings/?page=2");
    let list = collected(vec![rows(0..2, "x-total-count: 3")]).await.0.unwrap();
    assert_eq!(list.missing, ["the list of findings brought 2 of its 3 rows"]);
}

#[tokio::test]
async fn a_list_that_says_it_failed_ends_the_run_with_its_words() {
    for document in [
        json!({ "success": false, "data": [], "error": "boom" }),
        json!({ "results": [], "errors": ["boom"] }),
        json!({ "results": [], "detail": "boom" }),
    ] {
        let error = collected(vec![ok(&document)]).await.0.unwrap_err();
        assert_eq!(error.class(), Class::Protocol, "{document}");
        assert!(error.to_string().ends_with("says that it failed: boom"), "{error}");
    }
}

#[tokio::test]
async fn a_page_that_is_gone_makes_the_list_incomplete_and_a_list_that_is_not_there_is_an_error() {
    let gone = || reply(404, &json!({ "detail": "Invalid page." }));
    let list = collected(vec![page(0..2, 0, Some("?page=2")), gone()]).await.0.unwrap();
    assert!(list.missing.len() == 1 && list.missing[0].contains("run it again"), "{:?}", list.missing);
    let error = collected(vec![gone()]).await.0.unwrap_err();
    assert_eq!(error.class(), Class::Usage);
}
