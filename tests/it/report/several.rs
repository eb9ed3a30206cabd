//! Several platforms in one run: one verdict, and every report says of each how it ended.

use scangate::error::Class;
use scangate::finding::{Ending, Finding, ScanResult, Severity, is_unprintable};
use scangate::gate::{Broken, Reaction};
use scangate::report::annotations::{self, Level};
use scangate::report::outcome;
use scangate::report::{self, Format, Options};
use serde_json::{Value, json};

use super::sample::{self, HOSTILE, Sample, compliant, counting, entry, file, finding, short};

/// Complete with findings, complete with more than it lists, short with a finding, only started.
fn four() -> Sample {
    let late = short("cybrium", Class::Timeout, vec![finding("xss", Some(Severity::Critical), file("src/p.js", 4))]);
    let late = ScanResult { platform: "Cybrium", ..late };
    Sample::of(vec![compliant(), counting(), late, ScanResult { ending: Ending::Started, ..entry("shop", Vec::new()) }])
}

fn text(sample: &Sample, format: Format) -> String {
    sample.write(format, &Options::default()).0
}

fn headline(sample: &Sample) -> String {
    sample.with_report(report::headline)
}

fn outcome_of(sample: &Sample) -> Value {
    let mut bytes = Vec::new();
    sample.with_report(|report| outcome::write(report, &[], &mut bytes)).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn pointers<'a>(list: &'a Value, pointer: &str) -> Vec<&'a Value> {
    list.as_array().unwrap().iter().map(|item| item.pointer(pointer).unwrap_or(&Value::Null)).collect()
}

#[test]
fn the_headline_names_the_platforms_and_those_that_are_not_complete() {
    let two = |class| Sample::of(vec![entry("shop", sample::varied()), short("blog", class, Vec::new())]);
    assert_eq!(
        headline(&two(Class::Timeout)),
        "failed: 10 open findings of shop and blog, 5 reasons; blog is not complete (findings, exit 1)"
    );
    let both = Sample::of(vec![entry("shop", Vec::new()), entry("blog", Vec::new())]);
    assert_eq!(headline(&both), "passed: 0 open findings of shop and blog, none over a limit (exit 0)");
    let none = Sample::of(vec![short("shop", Class::Auth, Vec::new()), short("blog", Class::Timeout, Vec::new())]);
    let (whole, _) = none.write(Format::Markdown, &Options::default());
    assert!(
        whole.starts_with(
            "## no verdict: 0 open findings of shop and blog so far; shop and blog are not complete (auth, exit 3)\n"
        ),
        "{whole}"
    );
    let many = Sample::of((0..7).map(|number| entry(&format!("e{number}"), Vec::new())).collect());
    assert!(headline(&many).starts_with("passed: 0 open findings of e0, e1, e2, e3 and 3 more, none over"));
}

#[test]
fn a_softened_platform_does_not_make_a_pass_of_the_others() {
    let mut sample = Sample::of(vec![entry("shop", Vec::new()), short("blog", Class::Timeout, Vec::new())]);
    sample.on.set(Class::Timeout, Reaction::Warn);
    assert!(headline(&sample).starts_with("not passed: timeout, which --on timeout=warn turns into a warning;"));
    let outcome = outcome_of(&sample);
    assert_eq!((&outcome["exit_code"], &outcome["softened"]), (&json!(0), &json!(true)));
    assert_eq!(pointers(&outcome["platforms"], "/ending"), ["complete", "timeout"]);
}

#[test]
fn limits_are_met_by_the_sum_of_all_platforms_and_the_reason_names_findings_of_each() {
    let of = |name| entry(name, vec![finding(name, Some(Severity::High), file("a.py", 1))]);
    Sample::of(vec![of("shop"), of("blog")]).with_report(|report| {
        let [reason] = report.verdict.reasons.as_slice() else { panic!("{:?}", report.verdict.reasons) };
        assert!(matches!(reason.broken, Broken::Limit { count: 2, allowed: 0, .. }));
        assert_eq!(reason.findings.iter().map(|at| at.result).collect::<Vec<_>>(), [0, 1]);
    });
}

#[test]
fn the_whole_table_of_four_platforms() {
    let expected = "\
failed: 6 open findings of origen, bestdefense, cybrium and shop (3 of them not listed), 4 reasons;
cybrium and shop are not complete (findings, exit 1)

why
  1 critical sast finding, 0 allowed by --fail-on high
  3 high dast findings that BestDefense counts and does not list, 0 allowed by --fail-on high
    to pass: fix what is over these limits, or close it at the platform
  cybrium: timeout: the platform did not answer in time
    to pass: run it again
  shop: started: the scan was started, and nobody waited for it
    to pass: run `scangate wait` for it

platforms
  origen (CyberOrigen): complete; 1 open: 1 low
    scan scan-1  https://eu.cybedefend.com/project/p-1
    controls, SOC 2: 1 implemented, 1 not_started; 3 pieces of evidence
    controls, ISO 27001: 1 implemented; 3 pieces of evidence
  bestdefense: complete; 4 open: 3 high, 1 medium
    scan scan-1  https://eu.cybedefend.com/project/p-1
    note: BestDefense counts 3 high dast findings that it does not list
  cybrium: no complete result (timeout); 1 open: 1 critical
    scan scan-1  https://eu.cybedefend.com/project/p-1
    timeout: the platform did not answer in time
      request id 42
      try: run it again
  shop (CybeDefend): started, no result yet; 0 open
    scan scan-1  https://eu.cybedefend.com/project/p-1

severity  kind       platform     place                                    finding
critical  sast       cybrium      src/p.js:4                               Title of xss
medium    dast       bestdefense  GET https://shop.example/search?q=1 (q)  Title of cwe-79
low       network    origen       192.0.2.10:443 (https)                   Title of CVE-2024-1234
";
    assert_eq!(text(&four(), Format::Table), expected);
}

#[test]
fn the_log_has_a_run_for_each_complete_platform_alone_and_says_who_is_missing() {
    let (log, written) = four().sarif();
    let runs = log["runs"].as_array().unwrap();
    let names = pointers(&log["runs"], "/tool/driver/name");
    assert_eq!(names, ["CyberOrigen", "BestDefense"]);
    assert_eq!(pointers(&log["runs"], "/automationDetails/id"), ["scangate/origen/", "scangate/bestdefense/"]);
    for run in runs {
        assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    }
    assert_eq!(written.cut.len(), 2);
    assert!(written.cut[0].starts_with("cybrium: not in the SARIF file"), "{:?}", written.cut);
    assert!(written.cut[1].starts_with("shop: not in the SARIF file"), "{:?}", written.cut);
    let said = |run: usize| {
        let notices = &runs[run]["invocations"][0]["toolExecutionNotifications"];
        pointers(notices, "/message/text").into_iter().map(|text| text.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(said(0), written.cut);
    // No finding is invented for what is only counted.
    assert_eq!(said(1), ["bestdefense: BestDefense counts 3 high dast findings that it does not list"]);
    assert_eq!(runs[1]["results"].as_array().unwrap().len(), 1);
}

#[test]
fn json_and_outcome_tell_of_each_platform_and_of_all_together() {
    let document: Value = serde_json::from_str(&text(&four(), Format::Json)).unwrap();
    for document in [document, outcome_of(&four())] {
        let platforms = &document["platforms"];
        assert_eq!(pointers(platforms, "/name"), ["origen", "bestdefense", "cybrium", "shop"]);
        assert_eq!(pointers(platforms, "/ending"), ["complete", "complete", "timeout", "started"]);
        assert_eq!(pointers(platforms, "/counts/open"), [1, 4, 1, 0]);
        assert_eq!(platforms[1]["unlisted"][0], json!({"kind": "dast", "severity": "high", "count": 3}));
        let soc = &platforms[0]["controls"]["frameworks"]["SOC 2"];
        assert_eq!(soc, &json!({"total": 2, "by_status": {"implemented": 1, "not_started": 1}, "evidence": 3}));
        assert_eq!(platforms[1]["controls"], Value::Null);
        assert_eq!(
            (&document["counts"]["open"], &document["counts"]["unlisted"], &document["counts"]["by_kind"]["dast"]),
            (&json!(6), &json!(3), &json!(4))
        );
        let share = json!({"entry": "bestdefense", "platform": "BestDefense", "count": 3});
        assert_eq!(document["reasons"][1]["unlisted"], json!([share]));
        assert_eq!(document["reasons"][1]["findings"], json!([]));
    }
}

#[test]
fn markdown_says_whose_each_finding_is_what_is_not_listed_and_how_the_controls_stand() {
    let page = text(&four(), Format::Markdown);
    for line in [
        "| low | network | origen | `192.0.2.10:443 (https)` | Title of CVE\\-2024\\-1234 | Use bound parameters\\. |",
        "- bestdefense: BestDefense counts 3 high dast findings that it does not list",
        "### compliance controls",
        "| origen | SOC 2 | 2 | 1 implemented, 1 not\\_started | 3 |",
        "| cybrium | no complete result (timeout) | 1 | 0 | [`scan-1`](<https://eu.cybedefend.com/project/p-1>) |",
    ] {
        assert!(page.lines().any(|own| own == line), "{line}\n{page}");
    }
    let alone = text(&Sample::of(vec![entry("shop", sample::varied())]), Format::Markdown);
    assert!(alone.contains("| severity | kind | place |") && !alone.contains("compliance"), "{alone}");
}

#[test]
fn annotations_are_worst_first_over_all_platforms_and_say_whose_they_are() {
    let all = four().with_report(annotations::of);
    let said: Vec<(Level, &str)> = all.iter().map(|own| (own.level, own.title.as_str())).collect();
    let expected = [
        (Level::Error, "scangate: timeout"),
        (Level::Error, "critical sast: Title of xss"),
        (Level::Error, "bestdefense: 3 high dast findings"),
        (Level::Warning, "medium dast: Title of cwe-79"),
        (Level::Notice, "low network: Title of CVE-2024-1234"),
    ];
    assert_eq!(said, expected);
    assert!(all[1].message.ends_with("\nfound by cybrium"), "{}", all[1].message);
    assert!(all[2].message.starts_with("BestDefense counts 3 high dast findings that it does not list\n"));
}

#[test]
fn counted_findings_of_every_platform_stand_in_every_report_even_alone() {
    let alone = || Sample::of(vec![ScanResult { findings: Vec::new(), ..counting() }]);
    assert_eq!(headline(&alone()), "failed: 3 open findings (3 of them not listed), 1 reason (findings, exit 1)");
    for format in Format::ALL {
        let (text, _) = alone().write(format, &Options::default());
        assert!(text.contains("3 high dast findings"), "{format}: {text}");
    }
    let (log, _) = alone().sarif();
    assert_eq!(log["runs"][0]["results"], json!([]));
    assert_eq!(log["runs"][0]["invocations"][0]["toolExecutionNotifications"][0]["level"], "warning");
}

#[test]
fn names_and_words_of_a_platform_do_nothing_in_any_report() {
    let mut hostile = compliant();
    hostile.entry = HOSTILE.to_owned();
    let controls = hostile.controls.as_mut().unwrap();
    controls.add([HOSTILE, "", "a|b"], HOSTILE, u64::MAX);
    controls.add([HOSTILE], "", u64::MAX);
    (0..100).for_each(|number| controls.add([format!("{number}").as_str(), "Big"], &format!("{number}"), 0));
    let findings = vec![Finding { link: None, ..finding("x", Some(Severity::High), file("a.py", 1)) }];
    let sample = Sample::of(vec![hostile, counting(), entry("shop", findings)]);
    for format in Format::ALL {
        let (text, _) = sample.write(format, &Options::default());
        assert!(!text.contains(|char| char != '\n' && is_unprintable(char)), "{format}: {text}");
        if matches!(format, Format::Table | Format::Markdown) {
            assert!(!text.contains("##[") && !text.lines().any(|line| line.trim_start().starts_with("::")), "{text}");
            assert!(text.contains("90 in other states") && text.contains("more"), "{text}");
            assert!(text.len() < 60_000, "{}", text.len());
        }
    }
    let page = text(&sample, Format::Markdown);
    let heading = page.lines().next().unwrap();
    assert!(!heading.replace("\\<", "").contains('<') && !heading.contains("]("), "{heading}");
    assert!(text(&sample, Format::Table).contains("controls, without a framework: 1 "));
}
