use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use scangate::error::Class;
use scangate::finding::{
    Finding, Kind, Location, Package, PackageLocation, PolicyDecision, PolicyViolation, Rule, Severity, is_unprintable,
};
use scangate::report::{Format, Options, Suppressed};
use serde_json::Value;

use super::sample::{self, Sample, entry, file, finding, many, problem, read_file, short};

fn results(run: &Value) -> &[Value] {
    run["results"].as_array().unwrap()
}

fn rules(run: &Value) -> &[Value] {
    run["tool"]["driver"]["rules"].as_array().unwrap()
}

/// What GitHub demands of a log, whatever is in it, and no validator looks at.
fn assert_ingestible(log: &Value) {
    assert_eq!(log["version"], "2.1.0");
    let runs = log["runs"].as_array().unwrap();
    assert!((1..=20).contains(&runs.len()));
    let mut categories = BTreeSet::new();
    for run in runs {
        let category = run["automationDetails"]["id"].as_str().unwrap();
        assert!(category.ends_with('/') && category.len() > 1, "{category}");
        assert!(categories.insert(category), "two runs of category {category}");
        assert!(results(run).len() <= 25_000);
        assert!(rules(run).len() <= 25_000);
        let ids: BTreeSet<&str> = rules(run).iter().map(|rule| rule["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), rules(run).len(), "two rules of one id");
        for rule in rules(run) {
            assert_rule(rule);
        }
        for result in results(run) {
            assert_result(result, rules(run));
        }
    }
}

fn assert_rule(rule: &Value) {
    for text in ["/id", "/shortDescription/text", "/fullDescription/text", "/help/text", "/help/markdown"] {
        assert!(!rule.pointer(text).unwrap().as_str().unwrap().trim().is_empty(), "{text} of {rule}");
    }
    assert!(rule["fullDescription"]["text"].as_str().unwrap().encode_utf16().count() <= 1024);
    assert!(rule["id"].as_str().unwrap().encode_utf16().count() <= 255);
    let tags = rule["properties"]["tags"].as_array().unwrap();
    assert!(tags.len() <= 10, "{tags:?}");
    assert_eq!(tags[0], "security");
    if let Some(score) = rule["properties"].get("security-severity") {
        let score: f64 = score.as_str().unwrap().parse().unwrap();
        assert!((0.1..=10.0).contains(&score));
    }
    if let Some(page) = rule.get("helpUri") {
        assert!(page.as_str().unwrap().starts_with("https://"), "{page}");
    }
}

fn assert_result(result: &Value, rules: &[Value]) {
    assert!(!result["message"]["text"].as_str().unwrap().trim().is_empty());
    let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
    assert_eq!(rule["id"], result["ruleId"]);
    let locations = result["locations"].as_array().unwrap();
    assert_eq!(locations.len(), 1);
    let place = &locations[0]["physicalLocation"];
    let path = place["artifactLocation"]["uri"].as_str().unwrap();
    let is_relative =
        !path.is_empty() && !path.starts_with('/') && !path.contains([':', '\\', ' ']) && !path.contains("..");
    assert!(is_relative, "{path}");
    for number in ["startLine", "startColumn", "endLine", "endColumn"] {
        assert!(place["region"][number].as_u64().unwrap() >= 1, "{number} of {place}");
    }
    let hash = result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap();
    let (digits, occurrence) = hash.split_once(':').unwrap();
    assert!(!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
    assert!(occurrence.parse::<u32>().unwrap() >= 1);
    assert_eq!(result["partialFingerprints"]["scangateFingerprint/v1"].as_str().unwrap().len(), 32);
}

/// Findings at every kind of place without a file, named in ways that are no path and no address that a reader should follow.
fn places() -> Vec<Finding> {
    let names = [
        "192.0.2.10",
        "2001:db8::1",
        "[fe80::1%25eth0]",
        "../../etc/passwd",
        "/etc/passwd",
        "C:\\windows\\win.ini",
        "\\\\evil\\share",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://user:word@evil.example:8443/a b?c=%00&d={0}#[x](https://evil.example)",
        "%2e%2e/%2e%2e/x",
        "${{ secrets.TOKEN }}",
        "<img src=x onerror=alert(1)>",
        "",
        " ",
        sample::HOSTILE,
    ];
    let at = |name: &str| {
        let text = || name.to_owned();
        let package = Package { name: text(), version: text(), ecosystem: None, fixed_version: None };
        [
            Location::Host { host: text(), port: Some(65_535), service: Some(text()) },
            Location::Host { host: text(), port: None, service: None },
            Location::Url { url: text(), method: Some(text()), parameter: Some(text()) },
            Location::Url { url: text(), method: None, parameter: None },
            Location::Image { image: text(), package: Some(package.clone()) },
            Location::Package(PackageLocation { manifest: None, package }),
            Location::Unmapped { place: text() },
        ]
    };
    names.into_iter().flat_map(at).map(|location| finding("place", Some(Severity::High), location)).collect()
}

#[test]
fn a_place_without_a_file_has_the_anchor_of_its_kind_whatever_it_is_called() {
    let (log, _) = Sample::of(vec![entry("shop", places())]).sarif();
    let results = results(&log["runs"][0]);
    assert_eq!(results.len(), places().len());
    let of = |result: &Value, pointer: &str| result.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let anchors: BTreeSet<Option<String>> =
        results.iter().map(|result| of(result, "/locations/0/physicalLocation/artifactLocation/uri")).collect();
    let expected = ["host", "image", "package", "unmapped", "url"].map(|kind| Some(format!(".scangate/{kind}")));
    assert_eq!(anchors, BTreeSet::from(expected));
    // No two of them are one alert to GitHub, which matches by rule and by this.
    let hashes: BTreeSet<Option<String>> =
        results.iter().map(|result| of(result, "/partialFingerprints/primaryLocationLineHash")).collect();
    assert_eq!(hashes.len(), results.len());
    for result in results {
        let name = of(result, "/locations/0/logicalLocations/0/fullyQualifiedName");
        assert!(name.is_none_or(|name| !name.is_empty() && !name.contains(is_unprintable)), "{result}");
    }
}

/// With `SCANGATE_SARIF_DIR` set, the documents are left there for `.ci/check-sarif`.
#[test]
#[expect(clippy::disallowed_methods, reason = "the variable is for this test alone, and no setting of the program")]
fn every_kind_of_log_can_be_ingested_by_github() {
    let mut hostile = Sample::of(vec![entry(sample::HOSTILE, sample::hostile())]);
    hostile.results[0].category = sample::HOSTILE.to_owned();
    hostile.results[0].notes = vec![sample::HOSTILE.to_owned(); 200];
    hostile.facts.arguments = vec![sample::HOSTILE.to_owned()];
    hostile.facts.branch = Some(sample::HOSTILE.to_owned());
    let mut unsuccessful = Sample::of(vec![short("slow", Class::Timeout, sample::varied())]);
    unsuccessful.problems = vec![problem(Class::Delivery)];
    let none_complete =
        Sample::of(vec![short("slow", Class::Timeout, sample::varied()), short("late", Class::Auth, places())]);
    let varied = || Sample::of(vec![entry("shop", sample::varied()), entry("api", sample::varied())]);
    let samples = [
        ("varied", Suppressed::Omit, varied()),
        ("platforms", Suppressed::Omit, Sample::of(vec![sample::compliant(), sample::counting()])),
        ("places", Suppressed::Omit, Sample::of(vec![entry("shop", places())])),
        ("none-complete", Suppressed::Omit, none_complete),
        ("suppressed", Suppressed::Include, varied()),
        ("empty", Suppressed::Omit, Sample::of(vec![entry("shop", Vec::new())])),
        ("many", Suppressed::Omit, Sample::of(vec![entry("many", many(30_000))])),
        ("hostile", Suppressed::Include, hostile),
        ("unsuccessful", Suppressed::Omit, unsuccessful),
        ("nothing", Suppressed::Omit, Sample::of(Vec::new())),
    ];
    let directory = std::env::var_os("SCANGATE_SARIF_DIR").map(PathBuf::from);
    for (name, suppressed, sample) in samples {
        let (text, _) = sample.write(Format::Sarif, &Options { suppressed, ..Options::default() });
        let log: Value = serde_json::from_str(&text).unwrap();
        assert_ingestible(&log);
        assert!(!text.contains(|char| char != '\n' && is_unprintable(char)), "{name}");
        // Without a platform the tool's page is this program's, and SARIF2005 warns for as long as it has none.
        let has_page = log["runs"][0]["tool"]["driver"]["informationUri"].is_string();
        assert!(has_page || name == "nothing", "{name}");
        if let Some(directory) = directory.as_ref().filter(|_| has_page) {
            fs_err::create_dir_all(directory).unwrap();
            fs_err::write(directory.join(format!("{name}.sarif")), text).unwrap();
        }
    }
}

#[test]
fn a_finding_is_told_with_rule_level_place_and_fingerprint() {
    let (log, written) = Sample::of(vec![entry("shop", sample::varied())]).sarif();
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "CybeDefend");
    assert_eq!(run["automationDetails"]["id"], "scangate/shop/");
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    assert_eq!(run["invocations"][0]["exitCode"], 1);
    assert_eq!(run["invocations"][0]["endTimeUtc"], "2026-11-22T10:01:30Z");
    assert_eq!(run["versionControlProvenance"][0]["revisionId"], "0123456789abcdef0123456789abcdef01234567");
    assert_eq!(written.cut, Vec::<String>::new());

    let result = &results(run)[0];
    assert_eq!(result["ruleId"], "sql-injection");
    assert_eq!(result["level"], "error");
    assert_eq!(result["partialFingerprints"]["primaryLocationLineHash"], "44237984c9858b72:1");
    assert_eq!(result["hostedViewerUri"], "https://eu.cybedefend.com/project/p-1/sast/issue/1");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "src/a%20b.py");
    assert_eq!(place["region"]["startLine"], 12);
    let rule = &rules(run)[0];
    assert_eq!(rule["properties"]["security-severity"], "9.5");
    assert_eq!(rule["helpUri"], "https://cwe.mitre.org/data/definitions/89.html");
    assert!(rule["properties"]["tags"].as_array().unwrap().contains(&"external/cwe/cwe-089".into()));
    assert_eq!(rule["relationships"][0]["target"]["id"], run["taxonomies"][0]["taxa"][0]["id"]);
}

#[test]
fn a_place_without_a_file_has_an_anchor_and_stands_in_the_message() {
    let (log, _) = Sample::of(vec![entry("shop", sample::varied())]).sarif();
    let result = results(&log["runs"][0]).iter().find(|result| result["ruleId"] == "csrf").unwrap();
    let location = &result["locations"][0];
    assert_eq!(location["physicalLocation"]["artifactLocation"]["uri"], ".scangate/url");
    let place = "POST https://shop.example/login?next=/ (user)";
    assert_eq!(location["logicalLocations"][0]["fullyQualifiedName"], place);
    assert!(result["message"]["text"].as_str().unwrap().starts_with(place));
}

#[test]
fn a_closed_finding_is_left_out_or_suppressed() {
    let sample = Sample::of(vec![entry("shop", sample::varied())]);
    let (omitted, _) = sample.sarif();
    assert_eq!(results(&omitted["runs"][0]).len(), 10);
    let (included, _) = sample.sarif_with(Suppressed::Include);
    let results = results(&included["runs"][0]);
    assert_eq!(results.len(), 12);
    let suppressed: Vec<&Value> =
        results.iter().filter(|result| result["suppressions"] != serde_json::json!([])).collect();
    assert_eq!(suppressed.len(), 2);
    for result in suppressed {
        assert_eq!(result["suppressions"][0]["kind"], "external");
    }
}

#[test]
fn the_worst_25_000_results_are_kept_and_the_cut_is_said() {
    let mut findings = many(25_001);
    findings[0].severity = Some(Severity::Info);
    let (log, written) = Sample::of(vec![entry("many", findings)]).sarif();
    let run = &log["runs"][0];
    assert_eq!(results(run).len(), 25_000);
    assert_eq!(results(run)[0]["properties"]["severity"], "critical");
    assert_eq!(results(run)[24_999]["properties"]["severity"], "info");
    let sentence =
        "many: the SARIF file holds the worst 25000 of 25001 findings, since GitHub takes 25000 results a run at most";
    assert_eq!(written.cut[0], sentence);
    assert_eq!(written.cut[1], "many: GitHub shows 5000 of the 25000 results in the SARIF file");
    assert_eq!(run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"], sentence);
}

#[test]
fn a_log_stays_under_10_megabytes_of_gzip() {
    // Text that hardly shrinks: digests in hexadecimal lose half their length.
    let noise = |number: usize| {
        let mut state = number as u64;
        let words = (0..130).map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            format!("{state:016x}")
        });
        words.collect::<String>()
    };
    let findings = (0..12_000).map(|number| Finding {
        message: noise(number),
        ..finding("noise", Some(Severity::High), file(&format!("src/{number}.py"), 1))
    });
    let sample = Sample::of(vec![entry("noise", findings.collect())]);
    let (text, written) = sample.write(Format::Sarif, &Options::default());
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gzip, text.as_bytes()).unwrap();
    let length = gzip.finish().unwrap().len();
    assert!((7_000_000..10_000_000).contains(&length), "{length} bytes");
    let log: Value = serde_json::from_str(&text).unwrap();
    assert_ingestible(&log);
    let kept = results(&log["runs"][0]).len();
    assert!(written.cut[0].contains(&format!("the worst {kept} of 12000 findings")), "{:?}", written.cut);
    assert!(written.cut[0].contains("10 MB after compression"));
}

#[test]
fn a_rule_has_ten_tags_at_most_each_once() {
    let mut finding = finding("many-tags", Some(Severity::High), file("a.py", 1));
    let weaknesses = (1..=25).chain(1..=25).collect();
    finding.rule = Arc::new(Rule { cwe: weaknesses, ..(*finding.rule).clone() });
    let (log, _) = Sample::of(vec![entry("shop", vec![finding])]).sarif();
    let rule = &rules(&log["runs"][0])[0];
    let tags: BTreeSet<&str> =
        rule["properties"]["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()).collect();
    assert_eq!(tags.len(), 10);
    assert_eq!(rule["relationships"].as_array().unwrap().len(), 25);
}

#[test]
fn a_rule_is_as_severe_as_its_worst_finding_and_its_score_stays_in_the_band() {
    let at = |severity, score, line| Finding { score, ..finding("shared", severity, file("a.py", line)) };
    let findings = vec![
        at(None, Some(10.0), 1),
        at(Some(Severity::Low), None, 2),
        at(Some(Severity::High), Some(9.9), 3),
        at(Some(Severity::High), Some(7.7), 4),
    ];
    let (log, _) = Sample::of(vec![entry("shop", findings)]).sarif();
    let run = &log["runs"][0];
    assert_eq!(rules(run).len(), 1);
    assert_eq!(rules(run)[0]["properties"]["security-severity"], "8.9");
    assert_eq!(rules(run)[0]["defaultConfiguration"]["level"], "error");
    let levels: Vec<&str> = results(run).iter().map(|result| result["level"].as_str().unwrap()).collect();
    assert_eq!(levels, ["error", "error", "warning", "note"]);
}

#[test]
fn info_and_unrated_rules_have_no_security_severity() {
    let findings = vec![finding("a", Some(Severity::Info), file("a.py", 1)), finding("b", None, file("a.py", 2))];
    let (log, _) = Sample::of(vec![entry("shop", findings)]).sarif();
    for rule in rules(&log["runs"][0]) {
        assert_eq!(rule["properties"].get("security-severity"), None);
    }
}

#[test]
fn entries_with_one_category_are_told_apart() {
    let mut results: Vec<_> = ["a", "b", "c"].map(|name| entry(name, sample::varied())).into();
    for result in &mut results {
        result.category = "scangate/same".to_owned();
    }
    let (log, _) = Sample::of(results).sarif();
    assert_ingestible(&log);
    assert_eq!(log["runs"][0]["automationDetails"]["id"], "scangate/same/");
    assert_eq!(log["runs"][1]["automationDetails"]["id"], "scangate/same/b/");
}

#[test]
fn more_than_20_entries_are_cut_and_said() {
    let results = (0..22).map(|number| entry(&format!("e{number}"), Vec::new())).collect();
    let (log, written) = Sample::of(results).sarif();
    assert_ingestible(&log);
    assert_eq!(written.cut, ["the last 2 entries are not in the SARIF file, since GitHub takes 20 runs at most"]);
}

#[test]
fn a_platform_without_a_complete_result_has_no_run_while_another_completed() {
    let results = vec![short("slow", Class::Timeout, sample::varied()), entry("shop", sample::varied())];
    let (log, written) = Sample::of(results).sarif();
    let runs = log["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0]["automationDetails"]["id"], "scangate/shop/");
    let sentence =
        "slow: not in the SARIF file, since its result is not complete (timeout: the platform did not answer in time)";
    assert_eq!(written.cut, [sentence]);
    assert_eq!(runs[0]["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"], sentence);
}

#[test]
fn where_no_platform_completed_the_one_run_is_not_successful_and_holds_what_came() {
    for count in 1..=2 {
        let results = (0..count).map(|number| short(&format!("e{number}"), Class::Timeout, sample::varied())).collect();
        let (log, _) = Sample::of(results).sarif();
        assert_ingestible(&log);
        let runs = log["runs"].as_array().unwrap();
        assert_eq!(runs.len(), 1);
        let invocation = &runs[0]["invocations"][0];
        assert_eq!(invocation["executionSuccessful"], false);
        assert_eq!(invocation["toolExecutionNotifications"][0]["level"], "error");
        assert_eq!(results_count(&runs[0]), 10 * count);
    }
}

fn results_count(run: &Value) -> usize {
    results(run).len()
}

#[test]
fn a_run_that_never_reached_a_platform_is_not_successful() {
    let mut sample = Sample::of(Vec::new());
    sample.problems = vec![problem(Class::Usage)];
    let (log, _) = sample.sarif();
    let run = &log["runs"][0];
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    assert_eq!(run["invocations"][0]["exitCode"], 2);
    assert_eq!(results(run).len(), 0);
    assert_eq!(run["tool"]["driver"]["name"], "scangate");
}

#[test]
fn a_secret_is_told_by_rule_and_line_alone() {
    let value = "AKIA-THE-VALUE";
    let mut secret = finding("aws-key", Some(Severity::Critical), file("deploy/env.sh", 1));
    secret.kind = Kind::Secret;
    secret.message = format!("key {value} found");
    secret.remediation = Some(format!("revoke {value}").into());
    let rule = Rule {
        description: format!("such as {value}"),
        help: Some(value.to_owned()),
        references: vec![value.to_owned()],
        owasp: vec![value.to_owned()],
        cve: vec![value.to_owned()],
        ..(*secret.rule).clone()
    };
    secret.rule = Arc::new(rule);
    let mut elsewhere = secret.clone();
    elsewhere.location = Location::Unmapped { place: value.to_owned() };
    let sample = Sample::of(vec![entry("shop", vec![secret, elsewhere])]);
    for format in Format::ALL {
        let (text, _) = sample.write(format, &Options::default());
        // Markdown escapes the hyphens.
        let text = text.replace("\\-", "-");
        assert!(!text.contains(value), "{format}: {text}");
        assert!(text.contains("Title of aws-key"), "{format}");
    }
}

#[test]
fn what_was_left_out_and_a_blocking_policy_are_notifications() {
    let mut result = entry("shop", Vec::new());
    result.files_left_out = 3;
    result.notes = vec!["unknown word `parked` counts as open".to_owned()];
    let (rule, action) = ("No critical".to_owned(), "BLOCK".to_owned());
    let violation = PolicyViolation { rule, action, acknowledged: false, blocks: true, affected: 2 };
    result.policy = Some(PolicyDecision { violations: vec![violation] });
    let mut sample = Sample::of(vec![result]);
    sample.facts.is_sandbox = true;
    let (log, _) = sample.sarif();
    let notifications = log["runs"][0]["invocations"][0]["toolExecutionNotifications"].as_array().unwrap().clone();
    let texts: Vec<&str> =
        notifications.iter().map(|notification| notification["message"]["text"].as_str().unwrap()).collect();
    assert_eq!(
        texts,
        [
            "the findings come from the built-in sandbox, which is no scanner to rely on",
            "shop: the platform's policy blocks: No critical (2 findings)",
            "shop: 3 files left out of the archive",
            "shop: unknown word `parked` counts as open",
        ]
    );
}

#[test]
fn the_log_is_the_same_for_the_same_findings() {
    let mut reversed = sample::varied();
    reversed.reverse();
    let one = Sample::of(vec![entry("shop", sample::varied())]).write(Format::Sarif, &Options::default());
    let two = Sample::of(vec![entry("shop", reversed)]).write(Format::Sarif, &Options::default());
    assert_eq!(one, two);
}

#[test]
fn a_fingerprint_without_a_source_line_is_its_own_and_never_shared() {
    let at = |path: &str| finding("same", Some(Severity::High), file(path, 1));
    let known = finding("same", Some(Severity::High), read_file("c.py", 1, "abc:2"));
    let (log, _) = Sample::of(vec![entry("shop", vec![at("a.py"), at("b.py"), known])]).sarif();
    let hashes: BTreeSet<&str> = results(&log["runs"][0])
        .iter()
        .map(|result| result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap())
        .collect();
    assert_eq!(hashes.len(), 3);
    assert!(hashes.contains("abc:2"));
}
