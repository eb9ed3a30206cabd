//! Our client against a platform that others wrote from the contract (`tests/servers/cybedefend`), in every way to answer that
//! the contract leaves open: all of them have to bring the same findings. And in many that it does not allow: none may pass.
#![expect(clippy::unwrap_used, reason = "a run that left no readable report has failed the test")]

mod late;
mod platform;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use platform::{Platform, Run};
use serde_json::{Value, json};

use crate::harness::Scangate;

/// What a variant may change in what is found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Same {
    /// Nothing at all.
    Findings,
    /// Not how many there are of each family and severity; what they say of themselves is less.
    Counts,
}
use Same::{Counts, Findings};

/// Runs each variant, and fails with all that differ from the plain one: in the findings, the exit code, or the number of calls
/// where it is told. No request may have broken the contract.
fn assert_same(table: &[(Same, Value)]) {
    static PLAIN: OnceLock<Vec<String>> = OnceLock::new();
    let Some(mut platform) = Platform::start() else { return };
    let fingerprints = PLAIN.get_or_init(|| {
        let plain = platform.scan(&json!({}), &[]);
        plain.ended.assert_exit_code(1);
        plain.fingerprints()
    });
    assert_eq!(fingerprints.len(), 146);
    let mut wrong = Vec::new();
    for (same, switches) in table {
        let run = platform.scan(switches, &[]);
        let mut complain = |what: String| wrong.push(format!("{switches}: {what}\n{}", run.ended.stderr()));
        if run.ended.exit_code() != 1 || run.report("scangate-outcome.json")["problems"] != json!([]) {
            complain(format!("exit code {}", run.ended.exit_code()));
        } else if run.counted() != run.variant.expected {
            complain(format!("found {:?}", run.counted()));
        } else if *same == Findings && run.fingerprints() != *fingerprints {
            complain("other fingerprints".to_owned());
        } else if !run.seen.complaints.is_empty() {
            complain(format!("{:?}", run.seen.complaints));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs each variant without any threshold, and fails with all that do not end as told: exit code, class, and words of the error.
/// Without a threshold only the fault itself can keep a run from passing.
fn assert_ends(table: &[(Value, i32, &str, &str)]) {
    let Some(mut platform) = Platform::start() else { return };
    let mut wrong = Vec::new();
    for (switches, exit_code, class, words) in table {
        let run = platform.scan(switches, &["--fail-on", "none"]);
        let (outcome, said) = (run.report("scangate-outcome.json"), run.ended.stderr());
        let error = said.lines().find(|line| line.starts_with("error: ")).unwrap_or_default();
        if run.ended.exit_code() != *exit_code || outcome["class"] != *class || !error.contains(words) {
            wrong.push(format!("{switches}: exit code {} {}\n{said}", run.ended.exit_code(), outcome["class"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A variant with one fault: `fields` tell where and what it is.
fn fault(at: &str, fields: &Value) -> Value {
    let mut fault = fields.clone();
    fault["at"] = json!(at);
    json!({ "faults": [fault] })
}

/// A fault that stands in for every answer of a place.
fn answer(at: &str, status: u16, body: &Value) -> Value {
    fault(at, &json!({ "status": status, "body": body }))
}

const HTML: &str = "<!DOCTYPE html><html><body><h1>it went wrong</h1></body></html>";
const FAMILIES: [&str; 6] = ["sast", "sca", "iac", "secret", "cicd", "container"];

/// A variant in which no family has rows.
fn empty() -> Value {
    json!({ "count": FAMILIES.map(|family| (family, 0)).into_iter().collect::<BTreeMap<_, _>>() })
}

fn with(mut switches: Value, more: &Value) -> Value {
    switches.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    switches
}

#[test]
fn every_request_of_a_scan_keeps_the_contract() {
    let Some(mut platform) = Platform::start() else { return };
    let run = platform.scan(&json!({ "logto_resource": "https://audience.example" }), &[]);
    run.ended.assert_exit_code(1);
    assert_eq!(run.seen.complaints, [""; 0]);
    assert_eq!(run.seen.tokens, 1);
    assert_eq!((run.requests_to("auth"), run.requests_to("storage")), (1, 1));
    let lists: Vec<_> = run.seen.requests.iter().filter(|request| request.path.contains("/results/")).collect();
    assert_eq!(lists.len(), FAMILIES.len() + 1, "112 sast rows are two pages");
    for list in lists {
        assert_eq!((list.method.as_str(), list.status), ("GET", 200));
        let values = |name: &str| {
            list.query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(values("status"), ["to_verify", "confirmed"]);
        assert_eq!(values("branch"), ["main"]);
        assert_eq!(values("pageNumber"), values("page"));
        assert_eq!((values("pageSizeNumber"), values("limit")), (vec!["100"], vec!["100"]));
    }
    assert_eq!(run.report("scangate-outcome.json")["requests"].as_u64(), Some(run.seen.requests.len() as u64));
}

#[test]
fn however_bytes_travel_the_findings_are_the_same() {
    assert_same(&[
        (Findings, json!({ "http": "1.0" })),
        (Findings, json!({ "http": "1.0", "framing": "close", "reason": false })),
        (Findings, json!({ "connection": "close", "header_names": "lower" })),
        (Findings, json!({ "framing": "chunked", "header_names": "UPPER", "interim": true })),
        (Findings, json!({ "framing": "close", "content_type": "" })),
        (Findings, json!({ "gzip": true, "framing": "chunked", "content_type": "text/plain" })),
        (Findings, json!({ "gzip": true, "json_layout": "crlf" })),
        (Findings, json!({ "json_layout": "escaped", "content_type": "application/json" })),
        (Findings, json!({ "redirect": "same-origin" })),
    ]);
}

#[test]
fn an_instance_may_live_below_a_path() {
    assert_same(&[
        (Findings, json!({ "prefix": "/security/api", "auth_prefix": "/tenant/one" })),
        (Findings, json!({ "prefix": "/p", "redirect": "same-origin" })),
    ]);
    let Some(mut platform) = Platform::start() else { return };
    let variant = platform.open(&json!({ "prefix": "/p", "auth_prefix": "/q" }));
    let urls = [format!("{}/", variant.api), format!("{}/", variant.auth)];
    let scan = Scangate::new([
        "scan",
        "--platform",
        "cybedefend",
        "--poll-interval",
        "100ms",
        "--api-url",
        &urls[0],
        "--auth-url",
        &urls[1],
    ]);
    let scan = scan.env("CYBEDEFEND_PAT", &variant.pat).env("CYBEDEFEND_PROJECT_ID", &variant.project);
    scan.file("app.py", "print(1)\n").run().assert_exit_code(1);
    assert_eq!(platform.close(&variant).complaints, [""; 0], "a slash at the end of a base is no part of it");
}

#[test]
fn tokens_are_taken_however_they_are_described() {
    assert_same(&[
        (Findings, json!({ "client_apps": "cli", "token_reply": "minimal", "expires_in": "absent" })),
        (Findings, json!({ "logto_resource": "", "expires_in": "600" })),
        (Findings, json!({ "logto_resource": null, "expires_in": 599.9 })),
        (Findings, json!({ "expires_in": 0 })),
        (Findings, json!({ "expires_in": 3600, "token_calls": 3 })),
        (Findings, json!({ "expires_in": null, "token_calls": 1 })),
    ]);
}

#[test]
fn a_scan_is_started_and_stored_however_success_is_said() {
    assert_same(&[
        (Findings, json!({ "start_status": 201, "start_reply": "all", "storage_status": 204 })),
        (Findings, json!({ "start_status": 202, "start_reply": "nulls", "storage_status": 201 })),
        (Findings, json!({ "storage": "gcs" })),
        (
            Findings,
            fault(
                "start",
                &json!({ "merge": { "success": null, "message": ["a", "b"], "detectedLanguages": "Python" } }),
            ),
        ),
    ]);
}

#[test]
fn a_scan_ends_however_it_is_described() {
    assert_same(&[
        (Findings, json!({ "states": ["COMPLETED"], "scan_fields": "all", "progress": 99.5 })),
        (Findings, json!({ "scan_fields": "nulls", "detected": null })),
        (Findings, json!({ "scan_fields": "state" })),
        (Findings, json!({ "progress": "42", "created_key": "createdAt", "detected": true })),
        (Findings, json!({ "numbers": "string", "detected": true })),
        (Findings, json!({ "extra_fields": true, "numbers": "float" })),
    ]);
}

#[test]
fn lists_are_read_whole_however_they_are_cut_into_pages() {
    assert_same(&[
        (Findings, json!({ "page_size_limit": 10, "paging": "documented" })),
        (Findings, json!({ "page_size_limit": 25, "paging": "pageNumber" })),
        (Findings, json!({ "page_size_limit": 50, "paging": "page", "envelope": "array" })),
        (Findings, json!({ "total_pages": "absent", "page_size_limit": 10 })),
        (Findings, json!({ "total_pages": null, "beyond": "404" })),
        (Findings, json!({ "total": "absent", "page_size_limit": 50, "beyond": "404" })),
        (Findings, json!({ "total": null, "beyond": "last" })),
        (Counts, json!({ "count": { "sast": 100, "sca": 0, "iac": 200 }, "empty_total_pages": 1 })),
        (Findings, json!({ "echoes": "null", "scan_info": "null" })),
        (Findings, json!({ "echoes": "absent", "scan_info": "absent" })),
        (Findings, json!({ "scan_info": "id" })),
    ]);
}

#[test]
fn rows_are_counted_however_little_they_say() {
    assert_same(&[
        (Counts, json!({ "optional_fields": "null", "row_branch": "null", "unrated": "unknown" })),
        (Counts, json!({ "optional_fields": "absent", "row_branch": "absent", "unrated": "absent" })),
        (Findings, json!({ "history": "array", "autofix": "strings", "unrated": "" })),
        (Findings, json!({ "words": "UPPER", "unrated": "none" })),
        (Counts, json!({ "container": "base" })),
        (Counts, json!({ "status_filter": "ignored" })),
        (
            Counts,
            json!({ "optional_fields": "null", "echoes": "null", "scan_fields": "nulls", "scan_info": "null", "numbers": "string" }),
        ),
    ]);
}

#[test]
fn an_image_is_scanned_by_its_name_and_gated_by_its_own_family() {
    let Some(mut platform) = Platform::start() else { return };
    for switches in
        [json!({}), json!({ "start_status": 202, "container": "base", "paging": "documented", "page_size_limit": 10 })]
    {
        let run = platform.scan(&switches, &["--image", "node:18"]);
        run.ended.assert_exit_code(1);
        assert_eq!(run.seen.complaints, [""; 0]);
        assert_eq!(run.requests_to("storage"), 0);
        assert_eq!(run.counted()["container"], run.variant.expected["container"]);
        assert!(run.counted()["sast"].is_empty(), "the findings of the source are not the image's");
    }
}

#[test]
fn the_platforms_own_policy_gates_where_no_threshold_does() {
    let Some(mut platform) = Platform::start() else { return };
    for (policy, exit_code) in [("none", 0), ("warn", 0), ("acknowledged", 0), ("block", 1)] {
        let run = platform.scan(&json!({ "policy": policy }), &["--fail-on", "none"]);
        assert_eq!(run.ended.exit_code(), exit_code, "{policy}:\n{}", run.ended.stderr());
        assert_eq!(run.seen.complaints, [""; 0]);
    }
    let off = platform.scan(&json!({ "policy": "block" }), &["--fail-on", "none", "--vendor-policy", "off"]);
    off.ended.assert_exit_code(0);
}

#[test]
fn an_empty_project_passes() {
    let Some(mut platform) = Platform::start() else { return };
    for switches in
        [empty(), with(empty(), &json!({ "empty_total_pages": 1, "optional_fields": "null", "total_pages": null }))]
    {
        let run = platform.scan(&switches, &["--fail-on", "info", "--unrated", "fail"]);
        run.ended.assert_exit_code(0);
        assert_eq!(run.counted(), run.variant.expected);
    }
}

#[test]
fn a_family_that_the_plan_leaves_out_is_told_and_the_others_count() {
    let Some(mut platform) = Platform::start() else { return };
    let run = platform.scan(&json!({ "refused_families": { "container": 403 } }), &[]);
    run.ended.assert_exit_code(1);
    let told = run.report("findings.json")["platforms"][0]["notes"].to_string();
    assert!(told.contains("the container list was refused"), "{told}");
    assert_eq!(run.counted()["sast"], run.variant.expected["sast"]);
    assert!(run.counted()["container"].is_empty());
}

#[test]
fn an_instance_that_refuses_the_credential_or_the_project_is_told_apart() {
    assert_ends(&[
        (answer("client-apps", 404, &json!(HTML)), 2, "usage", "/client-apps answered 404"),
        (answer("client-apps", 200, &json!(HTML)), 7, "protocol", "HTML"),
        (answer("client-apps", 200, &json!({ "cli": null })), 7, "protocol", "cli.appId"),
        (answer("token", 400, &json!({ "code": "oidc.invalid_client" })), 3, "auth", "does not know this application"),
        (answer("token", 401, &json!("")), 3, "auth", "was refused"),
        (answer("token", 200, &json!({ "access_token": "" })), 7, "protocol", "without an access token"),
        (answer("token", 200, &json!({ "access_token": "a\r\nX-Other: b" })), 7, "protocol", "access token"),
        (answer("token", 200, &json!([])), 7, "protocol", "/oidc/token"),
        (answer("token", 302, &json!("")), 7, "protocol", "302"),
        (json!({ "redirect": "other-origin" }), 7, "protocol", "not followed"),
        (answer("api", 401, &json!("")), 3, "auth", "answered 401"),
        (answer("api", 410, &json!({ "message": "gone" })), 2, "usage", "API keys are no longer accepted"),
    ]);
}

#[test]
fn a_scan_that_does_not_start_ends_the_run() {
    assert_ends(&[
        (answer("start", 400, &json!({ "message": ["bad branch"], "code": 400 })), 2, "usage", "answered 400"),
        (answer("start", 402, &json!({ "message": "pay" })), 3, "auth", "answered 402"),
        (
            answer("start", 403, &json!({ "message": "no", "statusCode": 403 })),
            3,
            "auth",
            "the plan does not include it",
        ),
        (answer("start", 404, &json!(HTML)), 2, "usage", "knows no project"),
        (answer("start", 500, &json!(HTML)), 4, "unavailable", "answered 500"),
        (answer("start", 204, &json!("")), 7, "protocol", "empty body"),
        (answer("start", 307, &json!("")), 7, "protocol", "307"),
        (fault("start", &json!({ "drop": ["url"] })), 7, "protocol", "upload address"),
        (fault("start", &json!({ "merge": { "url": "http://storage.example/x" } })), 7, "protocol", "not an https URL"),
        (fault("start", &json!({ "merge": { "scanId": null } })), 7, "protocol", "scan id"),
        (fault("start", &json!({ "merge": { "scanId": "../../other" } })), 7, "protocol", "scan id"),
        (
            answer("upload", 403, &json!("<Error><Code>SignatureDoesNotMatch</Code></Error>")),
            3,
            "auth",
            "SignatureDoesNotMatch",
        ),
        (answer("upload", 400, &json!("<Error><Code>EntityTooLarge</Code></Error>")), 2, "usage", "EntityTooLarge"),
        (answer("upload", 301, &json!("")), 7, "protocol", "301"),
    ]);
}

#[test]
fn a_scan_that_does_not_end_well_never_passes() {
    assert_ends(&[
        (json!({ "states": ["failed"] }), 6, "scan-failed", "failed"),
        (json!({ "states": ["cancelled"] }), 6, "scan-failed", "cancelled"),
        (json!({ "states": ["completed_degraded"] }), 6, "incomplete", "degraded"),
        (fault("scan", &json!({ "drop": ["state"] })), 7, "protocol", "no state"),
        (fault("scan", &json!({ "merge": { "state": ["completed"] } })), 7, "protocol", "state"),
        (
            fault("scan", &json!({ "merge": { "id": "00000000-0000-4000-8000-000000000000" } })),
            7,
            "protocol",
            "answered about scan",
        ),
        (answer("scan", 200, &json!(HTML)), 7, "protocol", "HTML"),
        (answer("scan", 200, &json!(["id", "completed"])), 7, "protocol", "expected an object"),
        (answer("scan", 204, &json!("")), 7, "protocol", "empty body"),
        (answer("scan", 403, &json!({ "message": "Forbidden" })), 3, "auth", "refused to show scan"),
    ]);
}

#[test]
fn a_list_that_is_not_whole_never_passes() {
    assert_ends(&[
        (json!({ "total": 5000 }), 6, "incomplete", "112 of its 5000 rows"),
        (json!({ "total_pages": 1 }), 6, "incomplete", "100 of its 112 rows"),
        (json!({ "total": "absent", "total_pages": 0 }), 6, "incomplete", "does not say how many rows"),
        (json!({ "total": "absent", "total_pages": 3 }), 6, "incomplete", "does not say how many rows"),
        (json!({ "total": "absent", "total_pages": "absent" }), 6, "incomplete", "does not say how many rows"),
        (json!({ "wrapped": false }), 6, "incomplete", "without id or name"),
        (fault("sast", &json!({ "merge": { "vulnerabilities": null } })), 6, "incomplete", "0 of its 112 rows"),
        (fault("sast", &json!({ "drop": ["vulnerabilities"] })), 7, "protocol", "vulnerabilities"),
        (answer("sast", 200, &json!({ "statusCode": 500, "message": "oops" })), 7, "protocol", "vulnerabilities"),
        (answer("sast", 200, &json!([])), 7, "protocol", "an array of one page"),
        (answer("sast", 200, &json!([[0, 0, []]])), 7, "protocol", "expected an object"),
        (
            answer("sast", 200, &json!("{\"total\":1,\"vulnerabilities\":[{\"base\":")),
            7,
            "protocol",
            "vulnerabilities[0].base",
        ),
        (answer("sast", 200, &json!(HTML)), 7, "protocol", "HTML"),
        (answer("sast", 400, &json!({ "code": 400 })), 2, "usage", "answered 400"),
        (json!({ "refused_families": { "container": 404 } }), 2, "usage", "container"),
        (
            json!({ "refused_families": FAMILIES.map(|family| (family, 403)).into_iter().collect::<BTreeMap<_, _>>() }),
            3,
            "auth",
            "refused every list",
        ),
    ]);
}

#[test]
fn a_row_without_id_and_name_counts_by_what_it_does_say() {
    let Some(mut platform) = Platform::start() else { return };
    let row = json!({ "base": { "currentSeverity": "critical", "currentState": "to_verify" } });
    let switches = with(empty(), &fault("sast", &json!({ "merge": { "vulnerabilities": [row, null, {}] } })));
    let run: Run = platform.scan(&switches, &["--fail-on", "critical"]);
    run.ended.assert_exit_code(1);
    assert_eq!(run.counted()["sast"]["critical"], 1);
}

#[test]
fn the_platforms_own_policy_gates_only_where_it_blocks_and_nobody_has_acknowledged_that() {
    assert_ends(&[
        (json!({ "policy": "none" }), 0, "passed", ""),
        (json!({ "policy": "warn" }), 0, "passed", ""),
        (json!({ "policy": "acknowledged" }), 0, "passed", ""),
        (json!({ "policy": "block" }), 1, "findings", ""),
    ]);
}
