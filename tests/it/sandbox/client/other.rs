//! The other platforms, each driven by a client that was written from its contract alone, against `scangate sandbox` as it stands.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use super::{client, ended, summary};
use crate::served::Served;

/// Seconds of the sandbox in one of ours.
const SPEED: u32 = 300;

/// Runs a client with the variables that the sandbox told, and these.
fn run(served: &Served, platform: &str, arguments: &[&str], changed: &[(&str, &str)]) -> Option<Output> {
    let mut command: Command = client(platform);
    command.args(arguments).envs(served.exported()).envs(changed.iter().copied());
    ended(command.output())
}

/// The text of one field in each of the findings.
fn texts<'a>(findings: &'a Value, field: &str) -> Vec<&'a str> {
    findings.as_array().unwrap().iter().map(|finding| finding[field].as_str().unwrap()).collect()
}

#[test]
fn an_independent_client_has_a_target_scanned_by_cybrium() {
    let served = Served::of("cybrium", SPEED, &["many=120", "relative-next"]);
    let Some(output) = run(&served, "cybrium", &["--target", "sandbox-app", "--pause", "0.1"], &[]) else { return };
    let summary = summary(&output);
    assert_eq!((&summary["pages"], &summary["refused_keys"]), (&json!(3), &json!(0)));
    assert_eq!(summary["states"].as_array().unwrap().last(), Some(&json!("completed")));
    let findings = &summary["findings"];
    assert_eq!(findings.as_array().unwrap().len(), 126);
    let package = findings.as_array().unwrap().iter().find(|finding| finding["package"].is_string()).unwrap();
    assert_eq!((&package["line"], &package["severity"]), (&Value::Null, &json!("critical")));
    assert!(findings.as_array().unwrap().iter().any(|finding| finding["is_open"] == false));
}

#[test]
fn an_independent_client_uploads_to_cybrium_with_the_key_before_the_rotation() {
    let served = Served::of("cybrium", SPEED, &["new-key-late=3600"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out.sarif");
    let result = json!({ "ruleId": "R", "level": "error", "message": { "text": "It is weak." }, "locations": [{
        "physicalLocation": { "artifactLocation": { "uri": "app/users.py" }, "region": { "startLine": 3 } } }] });
    let driver = json!({ "name": "other", "rules": [{ "id": "R", "properties": { "security-severity": 9.5 } }] });
    let log = json!({ "version": "2.1.0", "runs": [{ "tool": { "driver": driver }, "results": [result] }] });
    fs_err::write(&file, log.to_string()).unwrap();
    let changed = ["CYBRIUM_API_KEY_PREVIOUS"].map(|name| (name, served.find(name).unwrap()));
    let upload_url = served.find("CYBRIUM_API_URL").unwrap().replace("/v1", "/api");
    let changed = [changed[0], ("CYBRIUM_API_URL", upload_url.as_str())];
    let arguments = ["--sarif", file.to_str().unwrap(), "--pause", "0.02"];
    let Some(output) = run(&served, "cybrium", &arguments, &changed) else { return };
    let summary = summary(&output);
    assert_eq!(summary["refused_keys"], 1);
    let findings = summary["findings"].as_array().unwrap();
    assert_eq!((findings.len(), &findings[0]["severity"], &findings[0]["line"]), (1, &json!("critical"), &json!(3)));
}

#[test]
fn an_independent_client_scans_a_host_on_cyberorigen_and_refreshes_its_token() {
    // The machine may be slow: no token may end in the middle of a call, since the code for another login is used up. So tokens end
    // in minutes of ours, the client refreshes them by count, and each answer is late.
    let faults = ["mfa", "token-lifetime=3000", "scan-time=3", "slow=500", "clamp-50", "many=120"];
    let served = Served::of("cyberorigen", 10, &faults);
    let scan = ["shop.example.com", "--scan-type", "quick", "--framework", "soc2"];
    let arguments: Vec<&str> = scan.into_iter().chain(["--pause", "0.1", "--refresh-after", "3"]).collect();
    let Some(output) = run(&served, "cyberorigen", &arguments, &[]) else { return };
    let summary = summary(&output);
    assert_eq!((&summary["health"], &summary["progress"]), (&json!("healthy"), &json!(100)));
    assert_eq!((&summary["logins"], &summary["controls"]), (&json!(1), &json!(4)));
    assert_eq!(summary["lifetime"], 3000);
    assert!(summary["refreshes"].as_u64() >= Some(1), "{summary:#}");
    assert_eq!((&summary["pages"], &summary["counted"]), (&json!(3), &json!(124)));
    assert_eq!(summary["findings"].as_array().unwrap().len(), 124);
    let remaining: Vec<_> =
        summary["remaining"].as_array().unwrap().iter().map(|left| left.as_u64().unwrap()).collect();
    assert!(remaining.windows(2).all(|pair| pair[0] > pair[1]), "each request counts: {remaining:?}");
}

#[test]
fn an_independent_client_with_a_key_reads_cyberorigens_display_words() {
    let served = Served::of("cyberorigen", 3000, &["display-words"]);
    let key = [("CYBERORIGEN_API_KEY", served.find("CYBERORIGEN_API_KEY").unwrap())];
    let Some(output) = run(&served, "cyberorigen", &["shop.example.com", "--pause", "0.05"], &key) else { return };
    let summary = summary(&output);
    assert_eq!((&summary["logins"], summary["findings"].as_array().unwrap().len()), (&json!(0), 10));
    let states = texts(&summary["findings"], "state");
    assert!(states.contains(&"false_positive") && states.contains(&"open"), "{states:?}");
}

#[test]
fn an_independent_client_has_a_site_scanned_by_bestdefense() {
    let faults = ["429=1@project", "late-security=2", "integer-id", "text-booleans"];
    for fault in [None, Some("shape-b")] {
        let faults: Vec<&str> = faults.into_iter().chain(fault).collect();
        let served = Served::of("bestdefense", SPEED, &faults);
        let Some(output) = run(&served, "bestdefense", &["shop.example.com", "--pause", "0.1"], &[]) else { return };
        let summary = summary(&output);
        assert!(summary["report"].as_str().unwrap().bytes().all(|byte| byte.is_ascii_digit()), "{summary:#}");
        let expected = json!({ "critical": 1, "high": 1, "medium": 1, "low": 0, "informational": 1 });
        assert_eq!((&summary["counts"], &summary["waits"]), (&expected, &json!(1)), "{fault:?}");
        assert_eq!(texts(&summary["alerts"], "severity").len(), 5, "{fault:?}");
        assert_eq!(summary["alerts"][0]["url"], "https://shop.example.com/search?q=1", "{fault:?}");
    }
}

#[test]
fn an_independent_client_is_told_why_a_platform_refuses() {
    for (platform, arguments, fault, word) in [
        ("cybrium", ["--target", "sandbox-app"], "403=9", "403"),
        ("cyberorigen", ["shop.example.com", "--pause=0.02"], "quota", "Monthly scan limit"),
        ("bestdefense", ["pending.example.com", "--pause=0.02"], "html@cancel", "not verified"),
        ("bestdefense", ["shop.example.com", "--pause=0.02"], "success-false=1@results", "could not be processed"),
    ] {
        let served = Served::of(platform, SPEED, &[fault]);
        let Some(output) = run(&served, platform, &arguments, &[]) else { return };
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(word), "{platform} {fault}: {said}");
    }
}

#[test]
fn every_platform_has_a_client_of_its_own() {
    for platform in scangate::sandbox::Dialect::ALL {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/clients/{platform}.py"));
        let text = fs_err::read_to_string(script).unwrap();
        assert!(text.starts_with("#!/usr/bin/env python3\n\"\"\"An independent client"), "{platform}");
    }
}
