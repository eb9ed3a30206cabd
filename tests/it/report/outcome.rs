use scangate::error::Class;
use scangate::finding::is_unprintable;
use scangate::gate::{OnClass, Reaction};
use scangate::report::Format;
use scangate::report::outcome::{self, ReportFile};
use serde_json::{Value, json};

use super::sample::{self, Sample, entry, problem, short};

fn text(sample: &Sample, reports: &[ReportFile]) -> String {
    let mut bytes = Vec::new();
    sample.with_report(|report| outcome::write(report, reports, &mut bytes)).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn outcome(sample: &Sample) -> Value {
    serde_json::from_str(&text(sample, &[])).unwrap()
}

#[test]
fn the_outcome_holds_what_later_steps_need() {
    let mut result = entry("shop", sample::varied());
    result.files_left_out = 3;
    let reports = [ReportFile {
        format: Format::Sarif,
        path: "scangate.sarif".to_owned(),
        written: true,
        cut: vec!["cut".to_owned()],
    }];
    let sample = Sample::of(vec![result, short("slow", Class::Timeout, Vec::new())]);
    let value: Value = serde_json::from_str(&text(&sample, &reports)).unwrap();
    assert_eq!(value["schema"], "scangate/outcome/v1");
    assert_eq!(value["class"], "findings");
    assert_eq!(value["exit_code"], 1);
    assert_eq!(value["retryable"], false);
    assert_eq!(value["softened"], false);
    assert_eq!(value["run"]["duration_seconds"], 90.5);
    assert_eq!(value["counts"]["by_severity"], json!({"info": 1, "low": 2, "medium": 1, "high": 2, "critical": 2}));
    assert_eq!(value["counts"]["by_kind"]["sca"], 2);
    assert_eq!(value["counts"]["open"], 10);
    assert_eq!(value["counts"]["closed"], 2);
    assert_eq!(value["platforms"][0]["scan_id"], "scan-1");
    assert_eq!(value["platforms"][0]["scan_url"], "https://eu.cybedefend.com/project/p-1");
    assert_eq!(value["platforms"][0]["ending"], "complete");
    assert_eq!(value["platforms"][1]["problem"]["class"], "timeout");
    assert_eq!(value["files_left_out"], 3);
    assert_eq!(value["requests"], 24);
    assert_eq!(
        value["reports"][0],
        json!({"format": "sarif", "path": "scangate.sarif", "written": true, "cut": ["cut"]})
    );
    assert_eq!(value["reasons"][0]["summary"], "1 critical sast finding, 0 allowed by --fail-on high");
}

#[test]
fn every_class_has_an_outcome_with_its_code() {
    for class in Class::IN_ORDER.into_iter().filter(|class| class.exit_code() > 1) {
        let mut sample = Sample::of(Vec::new());
        sample.problems = vec![problem(class)];
        let value = outcome(&sample);
        // Nothing ran, so a report that is missing is the smaller trouble.
        let expected = if class == Class::Delivery { Class::Incomplete } else { class };
        assert_eq!(value["class"], expected.as_str());
        assert_eq!(value["exit_code"], expected.exit_code());
        assert_eq!(value["problems"][0]["hint"], "run it again");
    }
}

#[test]
fn a_softened_run_says_so_and_keeps_its_class() {
    let mut sample = Sample::of(vec![short("slow", Class::Timeout, Vec::new())]);
    sample.on = OnClass::default();
    sample.on.set(Class::Timeout, Reaction::Warn);
    let value = outcome(&sample);
    assert_eq!(
        (&value["class"], &value["exit_code"], &value["softened"]),
        (&json!("timeout"), &json!(0), &json!(true))
    );
}

#[test]
fn keys_keep_their_order_and_hostile_text_acts_on_no_terminal() {
    let mut sample = Sample::of(vec![entry(sample::HOSTILE, sample::hostile())]);
    sample.results[0].notes = vec![sample::HOSTILE.to_owned()];
    let text = text(&sample, &[]);
    assert!(!text.contains(|char| char != '\n' && is_unprintable(char)));
    let keys: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("  \"")?.split('"').next()).collect();
    let expected = [
        "schema",
        "class",
        "exit_code",
        "softened",
        "retryable",
        "run",
        "counts",
        "reasons",
        "problems",
        "platforms",
        "files_left_out",
        "requests",
        "reports",
    ];
    assert_eq!(keys, expected);
}

#[test]
fn counts_that_are_not_known_yet_are_absent() {
    let value = outcome(&Sample::of(vec![entry("shop", sample::varied())]));
    for count in ["new", "waived"] {
        assert_eq!(value["counts"].get(count), None);
    }
}
