//! From a complete report to its findings: the overview, the summary and the list, in every shape that the contract names.

use std::time::Duration;

use scangate::error::Class;
use scangate::finding::{Finding, Severity, Unlisted};
use scangate::platform::Collected;
use serde_json::{Value, json};

use super::server::{Answer, HOST, Server, TOKEN};
use super::{ALERTS, OVERVIEW, late, shown};

/// The open findings and what is counted beyond them, as `severity` words in the order of the list.
fn gating(collected: &Collected) -> Vec<String> {
    let word = |severity: Option<Severity>| severity.map_or("unrated", Severity::as_str).to_owned();
    let listed =
        collected.findings.iter().filter(|finding| finding.state.is_open()).map(|finding| word(finding.severity));
    let unlisted = collected.unlisted.iter().map(|own: &Unlisted| format!("{} x {}", own.count, word(own.severity)));
    listed.chain(unlisted).collect()
}

async fn read(data: Value) -> Collected {
    Server::with_alerts(data).await.collect().await.unwrap()
}

fn alert(severity: &str, name: &str) -> Value {
    json!({ "name": name, "severity": severity, "url": format!("https://{HOST}/{name}") })
}

#[tokio::test]
async fn shape_a_is_counted_and_listed() {
    let collected = read(json!({
        "riskSummary": { "critical": 1, "high": 2, "medium": 4, "low": 7, "informational": 3 },
        "alerts": [{ "id": 9001, "name": "SQL Injection", "severity": "Critical", "confidence": "High", "cweId": 89,
            "owasp": ["A03:2021"], "url": "https://example.com/search?q=1", "method": "GET", "parameter": "q",
            "evidence": "You have an error", "description": "…", "solution": "…",
            "references": ["https://cwe.mitre.org/data/definitions/89.html"], "isAccepted": false }],
    }))
    .await;
    assert_eq!(gating(&collected), ["critical", "2 x high", "4 x medium", "7 x low", "3 x info"]);
    assert!(collected.missing.is_empty());
    assert!(
        collected.notes.iter().any(|note| note.contains("counts more findings than it lists")),
        "{:?}",
        collected.notes
    );
}

#[tokio::test]
async fn shape_b_is_expanded_and_its_markup_taken_out() {
    let collected = read(json!({
        "risks": { "Critical": "0", "High": "1", "Medium": "0", "Low": "0", "Informational": "0" },
        "alerts": [{ "pluginid": "40012", "alertRef": "40012", "alert": "Cross Site Scripting (Reflected)", "riskcode": "3",
            "confidence": "2", "riskdesc": "High (Medium)", "desc": "<p>Script <i>runs</i>.</p>", "solution": "<p>Encode.</p>",
            "reference": "<p>https://owasp.org/x</p>", "cweid": "79", "wascid": "8", "count": "1",
            "instances": [{ "uri": "https://example.com/s?q=x", "method": "GET", "param": "q", "attack": "<x>", "evidence": "<x>" }] }],
    }))
    .await;
    assert_eq!((gating(&collected), collected.notes.as_slice()), (vec!["high".to_owned()], &[][..]));
    let finding = &collected.findings[0];
    assert_eq!((finding.rule.id.as_str(), finding.message.as_str()), ("40012", "Script runs."));
    assert_eq!(finding.location.to_string(), "GET https://example.com/s?q=x (q)");
}

#[tokio::test]
async fn shape_c_gates_by_its_counts_alone_and_says_so() {
    let collected = read(json!({ "riskSummary": { "critical": 0, "high": 3 } })).await;
    assert_eq!(gating(&collected), ["3 x high"]);
    assert!(collected.missing.is_empty());
    assert!(collected.notes[0].contains("no list of alerts"), "{:?}", collected.notes);
}

#[tokio::test]
async fn every_variant_of_the_answer_that_the_contract_names_gates_alike() {
    let list = json!([alert("high", "a"), alert("Low", "b")]);
    for data in [
        json!({ "risk_summary": { "HIGH": 1, "low": "1" }, "findings": list }),
        json!({ "riskCounts": { "high": { "count": 1 }, "low": { "count": 1 } }, "items": list }),
        json!({ "riskLevels": [{ "severity": "High", "count": 1 }, { "severity": "low", "count": 1 }], "groups": list }),
        json!({ "report": { "totals": { "high": 1, "low": 1 } }, "alertGroups": [{ "name": "group", "items": list }] }),
        json!({ "results": { "counts": { "high": 1, "low": 1 }, "alerts": list } }),
        json!({ "riskSummary": { "high": 1, "low": 1 }, "alerts": { "high": [alert("", "a")], "low": [alert("", "b")] } }),
        json!({ "riskSummary": { "high": 1, "low": 1 }, "alerts": { "items": list, "total": 2 } }),
        json!({ "riskSummary": { "high": 1, "low": 1 }, "confidenceSummary": { "high": 9 }, "results": list }),
    ] {
        let collected = read(data.clone()).await;
        let mut gating = gating(&collected);
        gating.sort();
        assert_eq!(gating, ["high", "low"], "{data}");
        assert!(collected.missing.is_empty() && collected.notes.is_empty(), "{data}: {:?}", collected.notes);
    }
}

#[tokio::test]
async fn only_a_list_is_counted_with_what_its_groups_count_beyond_it() {
    let group = json!({ "alert": "x", "risk": "High", "count": 5, "instances": [{ "uri": "/a" }, { "uri": "/b" }] });
    let collected = read(json!({ "alerts": [group, alert("P1", "b")] })).await;
    assert_eq!(gating(&collected), ["high", "high", "unrated", "3 x high"]);
    assert!(collected.notes[0].contains("no risk summary"), "{:?}", collected.notes);
}

#[tokio::test]
async fn neither_counts_nor_list_is_a_protocol_error_that_names_keys_and_no_values() {
    for data in
        [json!({}), json!({ "summary": "secret-value", "rows": { "n": 1 } }), json!([7]), json!({ "alerts": null })]
    {
        let server = Server::with_alerts(data).await;
        let error = server.collect().await.unwrap_err();
        let text = shown(&error);
        assert_eq!(error.class(), Class::Protocol, "{text}");
        assert!(
            text.contains("data.riskSummary") && text.contains("data.alerts") && text.contains("--save-raw"),
            "{text}"
        );
        assert!(!text.contains("secret-value"), "{text}");
    }
    let text =
        shown(&Server::with_alerts(json!({ "summary": "x", "rows": { "n": 1 } })).await.collect().await.unwrap_err());
    assert!(text.contains("data.summary (text)") && text.contains("data.rows.n (number)"), "{text}");
}

#[tokio::test]
async fn counts_that_cannot_be_understood_are_an_error_even_beside_an_empty_list() {
    for summary in [
        json!({ "high": -1 }),
        json!({ "high": 0.5 }),
        json!({ "high": "many" }),
        json!({ "high": null }),
        json!("none"),
    ] {
        let server = Server::with_alerts(json!({ "riskSummary": summary, "alerts": [] })).await;
        assert_eq!(server.collect().await.unwrap_err().class(), Class::Protocol, "{summary}");
    }
}

#[tokio::test]
async fn where_the_list_is_worse_than_the_counts_the_list_gates_and_accepted_findings_do_not() {
    let mut accepted = alert("Critical", "accepted");
    accepted["isAccepted"] = json!(true);
    let alerts = json!([alert("High", "a"), alert("High", "b"), accepted]);
    let collected = read(json!({ "riskSummary": { "critical": 0, "high": 1 }, "alerts": alerts })).await;
    assert_eq!(gating(&collected), ["high", "high"]);
    assert_eq!(collected.findings.len(), 3, "what is accepted stays on record");
    assert!(collected.notes[0].contains("lists more open findings than it counts"), "{:?}", collected.notes);
}

#[tokio::test]
async fn the_summary_is_believed_where_it_counts_what_is_listed_as_accepted() {
    let mut accepted = alert("High", "accepted");
    accepted["status"] = json!("risk_accepted");
    let collected = read(json!({ "riskSummary": { "high": 1 }, "alerts": [accepted] })).await;
    assert_eq!(gating(&collected), ["1 x high"]);
    assert!(collected.notes[0].contains("accepted risks"), "{:?}", collected.notes);
}

#[tokio::test]
async fn a_total_beyond_all_that_is_known_counts_too() {
    let collected = read(json!({ "riskSummary": { "high": 0, "total": 5 }, "alerts": [] })).await;
    assert_eq!(gating(&collected), ["5 x unrated"]);
}

#[tokio::test]
async fn the_security_report_is_waited_for_after_completion_and_only_then() {
    let ready = || Answer::data(&json!({ "security": { "id": 12_345 } }));
    for early in [
        (|| Answer::data(&json!({ "security": null }))) as fn() -> Answer,
        || Answer::data(&json!({ "security": { "id": null } })),
        || Answer::data(&json!(null)),
        || Answer::json(404, &json!({ "success": false, "message": "Not found" })),
    ] {
        let server = Server::at(OVERVIEW, late(3, early, ready)).await;
        server.collect().await.unwrap();
        assert_eq!(server.count(OVERVIEW), 4);
        assert_eq!(server.clock.monotonic(), Duration::from_secs(10));
    }
    let prompt = Server::start(|_| None).await;
    prompt.collect().await.unwrap();
    assert_eq!((prompt.seen().len(), prompt.clock.monotonic()), (2, Duration::ZERO));
}

#[tokio::test]
async fn a_report_without_a_security_part_is_never_a_pass() {
    for overview in [json!({ "security": null, "seo": { "id": 1 } }), json!({}), json!(null)] {
        let server = Server::at(OVERVIEW, move || Answer::data(&overview)).await;
        let error = server.collect().await.unwrap_err();
        assert_eq!((error.class(), server.count(ALERTS)), (Class::Incomplete, 0), "{error}");
        assert!(server.clock.monotonic() <= Duration::from_mins(1));
    }
    let missing = Server::at(OVERVIEW, || Answer::json(404, &json!({}))).await;
    assert_eq!(missing.collect().await.unwrap_err().class(), Class::Usage);
    let odd = Server::at(OVERVIEW, || Answer::data(&json!({ "security": { "id": "../../sites" } }))).await;
    assert_eq!((odd.collect().await.unwrap_err().class(), odd.count(ALERTS)), (Class::Protocol, 0));
}

#[tokio::test]
async fn alerts_that_come_late_are_waited_for() {
    let ready = || Answer::data(&json!({ "riskSummary": { "high": 1 } }));
    for early in [(|| Answer::data(&json!(null))) as fn() -> Answer, || Answer::json(404, &json!({ "success": false }))]
    {
        let server = Server::at(ALERTS, late(2, early, ready)).await;
        assert_eq!(gating(&server.collect().await.unwrap()), ["1 x high"]);
        assert_eq!(server.clock.monotonic(), Duration::from_secs(5));
    }
    let never = Server::at(ALERTS, || Answer::data(&json!(null))).await;
    assert_eq!(never.collect().await.unwrap_err().class(), Class::Protocol);
}

#[tokio::test]
async fn the_number_of_the_security_report_may_be_a_text() {
    let server = Server::at(OVERVIEW, || Answer::data(&json!({ "security": { "id": "12345" } }))).await;
    server.collect().await.unwrap();
    assert_eq!(server.count(ALERTS), 1);
}

/// A platform with `total` alerts in pages of ten, numbered as the query asks.
async fn paged(total: usize, marks: fn(usize) -> Value) -> Server {
    Server::start(move |seen| {
        let number: usize = seen.query.strip_prefix("page=").map_or(1, |number| number.parse().unwrap());
        let rows: Vec<Value> =
            ((number - 1) * 10..(number * 10).min(total)).map(|id| alert("Low", &id.to_string())).collect();
        let mut data = json!({ "alerts": rows });
        data.as_object_mut().unwrap().extend(marks(number).as_object().unwrap().clone());
        seen.is_alerts().then(|| Answer::data(&data))
    })
    .await
}

#[tokio::test]
async fn pages_are_followed_to_the_end() {
    let server = paged(25, |number| json!({ "page": number, "total": 25 })).await;
    let collected = server.collect().await.unwrap();
    assert_eq!((collected.findings.len(), server.count(ALERTS)), (25, 3));
    assert!(collected.missing.is_empty());
    let server = paged(25, |number| json!({ "next": (number < 3).then(|| format!("?page={}", number + 1)) })).await;
    assert_eq!(server.collect().await.unwrap().findings.len(), 25);
}

#[tokio::test]
async fn a_list_that_cannot_be_read_to_its_end_is_incomplete_and_what_is_counted_gates_all_the_same() {
    let data = json!({ "riskSummary": { "high": 3 }, "alerts": [alert("High", "a")], "total": 3 });
    let server = Server::with_alerts(data).await;
    let collected = server.collect().await.unwrap();
    assert_eq!((gating(&collected), server.count(ALERTS)), (vec!["high".to_owned(), "2 x high".to_owned()], 2));
    assert_eq!(collected.missing, ["the list of alerts brought 1 of its 3 rows"]);
    let endless = Server::with_alerts(json!({ "alerts": [alert("Low", "a")], "hasMore": true })).await;
    assert_eq!((endless.collect().await.unwrap().missing.len(), endless.count(ALERTS)), (1, 2));
}

#[tokio::test]
async fn a_next_page_on_another_origin_is_an_error_and_gets_no_token() {
    let elsewhere = Server::start(|_| None).await;
    let next = elsewhere.base.join("/api/report/vortex/12345/alerts?page=2").unwrap().to_string();
    let server = Server::with_alerts(json!({ "alerts": [alert("Low", "a")], "next": next })).await;
    let collected = server.collect().await.unwrap();
    assert_eq!((collected.findings.len(), collected.cut_short.unwrap().class()), (1, Class::Protocol));
    assert_eq!(elsewhere.seen().len(), 0);
}

#[tokio::test]
async fn rows_that_are_no_alerts_are_missing_unless_the_counts_cover_them() {
    let collected = read(json!({ "alerts": [alert("Low", "a"), "gone", null] })).await;
    assert_eq!(collected.missing, ["the list of alerts has 2 entries that are no alerts"]);
    let collected = read(json!({ "riskSummary": { "low": 3 }, "alerts": [alert("Low", "a"), "gone", null] })).await;
    assert_eq!((collected.missing.len(), gating(&collected)), (0, vec!["low".to_owned(), "2 x low".to_owned()]));
}

#[tokio::test]
async fn the_same_findings_have_the_same_rules_and_places_whatever_their_rows_are_called() {
    let rows = |first: u64| {
        json!([
            { "id": first, "name": "Old TLS", "severity": "Medium", "cwe": 326 },
            { "id": first + 1, "name": "Open Redirect", "severity": "Low", "url": "https://shop.example.com/go?to=1" },
        ])
    };
    let mut fingerprints = Vec::new();
    for first in [1, 700] {
        let mut findings: Vec<Finding> = read(json!({ "alerts": rows(first) })).await.findings;
        scangate::finding::fingerprint::assign(&mut findings);
        fingerprints.push(findings.iter().map(|finding| finding.fingerprint).collect::<Vec<_>>());
        assert_eq!(findings[0].location.to_string(), HOST, "a finding without a place is one of the site");
    }
    assert_eq!(fingerprints[0], fingerprints[1]);
}

#[tokio::test]
async fn hostile_text_is_data_and_the_token_is_in_nothing_that_is_said() {
    let hostile = format!("\u{1b}[2J\n::error::<script>alert(1)</script>{TOKEN}\u{202e}");
    let data = json!({ "alerts": [{ "name": hostile, "severity": hostile, "url": "javascript:alert(1)", "method": hostile,
        "parameter": hostile, "description": hostile, "solution": hostile, "cwe": hostile, "references": hostile, "status": hostile }] });
    let collected = read(data).await;
    assert_eq!(gating(&collected), ["unrated"]);
    let finding = &collected.findings[0];
    for text in [&finding.rule.name, &finding.message, &finding.rule.id, &finding.location.to_string()] {
        assert!(!text.contains('\u{1b}') && !text.contains('\n') && !text.contains('\u{202e}'), "{text:?}");
    }
    let error = Server::at(ALERTS, move || {
        Answer::json(200, &json!({ "success": false, "message": format!("\u{1b}[31m{TOKEN}\n::stop::") }))
    })
    .await
    .collect()
    .await
    .unwrap_err();
    let text = shown(&error);
    assert!(!text.contains(TOKEN) && !text.contains('\u{1b}') && !error.to_string().contains('\n'), "{text}");
}
