use scangate::error::Class;
use scangate::finding::is_unprintable;
use scangate::report::{Format, Options};
use serde_json::Value;

use super::sample::{self, Sample, entry, short};

fn document(sample: &Sample) -> (String, Value) {
    let (text, written) = sample.write(Format::Json, &Options::default());
    assert!(written.cut.is_empty());
    let value = serde_json::from_str(&text).unwrap();
    (text, value)
}

#[test]
fn the_whole_is_a_document_and_each_finding_is_a_line() {
    let (text, value) = document(&Sample::of(vec![entry("shop", sample::varied()), entry("api", sample::many(50))]));
    assert_eq!(value["schema"], "scangate/findings/v1");
    let findings = value["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 62);
    let lines: Vec<Value> = text
        .lines()
        .filter(|line| line.starts_with("{\"fingerprint\":"))
        .map(|line| serde_json::from_str(line.trim_end_matches(',')).unwrap())
        .collect();
    assert_eq!(&lines, findings);
}

#[test]
fn a_finding_is_told_whole_and_its_rule_once() {
    let (_, value) = document(&Sample::of(vec![entry("shop", sample::varied())]));
    let finding = &value["findings"][0];
    assert_eq!(finding["entry"], "shop");
    assert_eq!(finding["kind"], "sast");
    assert_eq!(finding["severity"], "critical");
    assert_eq!(finding["rule"], "sql-injection");
    assert_eq!(finding["open"], true);
    assert_eq!(
        finding["location"],
        serde_json::json!({"type": "file", "path": "src/a b.py", "start_line": 12, "end_line": 12})
    );
    assert_eq!(finding["fingerprint"].as_str().unwrap().len(), 32);
    let rules = value["rules"].as_array().unwrap();
    let named: Vec<&Value> = rules.iter().filter(|rule| rule["id"] == "sql-injection").collect();
    assert_eq!(named.len(), 1);
    assert_eq!(named[0]["help"], "Use bound parameters.");
}

#[test]
fn closed_and_unknown_states_keep_their_word() {
    let (_, value) = document(&Sample::of(vec![entry("shop", sample::varied())]));
    let of = |rule: &str, state: &str| {
        let findings = value["findings"].as_array().unwrap();
        findings.iter().find(|finding| finding["rule"] == rule && finding["state"] == state).unwrap().clone()
    };
    assert_eq!(of("csrf-old", "fixed")["open"], false);
    assert_eq!(of("idor", "unknown")["word"], "parked");
    assert_eq!(of("idor", "unknown")["open"], true);
}

#[test]
fn a_reason_names_its_findings() {
    let (_, value) =
        document(&Sample::of(vec![entry("shop", sample::varied()), short("slow", Class::Timeout, Vec::new())]));
    let reasons = value["reasons"].as_array().unwrap();
    assert_eq!(reasons[0]["rule"], "limit");
    assert_eq!(reasons[0]["setting"], "--fail-on high");
    assert_eq!(reasons[0]["findings"][0], value["findings"][0]["fingerprint"]);
    let last = reasons.last().unwrap();
    assert_eq!(last["rule"], "no-verdict");
    assert_eq!(last["class"], "timeout");
    assert_eq!(value["passes"], false);
    assert_eq!(value["platforms"][1]["ending"], "timeout");
}

#[test]
fn hostile_text_is_kept_and_acts_on_no_terminal() {
    let (text, value) = document(&Sample::of(vec![entry("shop", sample::hostile())]));
    assert!(!text.contains(|char| char != '\n' && is_unprintable(char)));
    let messages: Vec<&str> =
        value["findings"].as_array().unwrap().iter().map(|finding| finding["message"].as_str().unwrap()).collect();
    assert!(messages.contains(&sample::HOSTILE));
    assert_eq!(value["findings"][0]["link"], Value::Null, "no link but https");
    assert_eq!(value["findings"][0]["score"], Value::Null, "no number that JSON does not know");
}
