use scangate::error::Class;
use scangate::finding::{Ending, Finding, Kind, Location, ScanResult, Severity, is_unprintable};
use scangate::gate::Reaction;
use scangate::report::markdown::{self, Limits};
use scangate::report::{Format, Options, Written};

use super::sample::{HOSTILE, Sample, entry, file, finding, hostile, many, problem, short, varied};

fn markdown_with(sample: &Sample, limits: Limits) -> (String, Written) {
    sample.write(Format::Markdown, &Options { markdown: limits, ..Options::default() })
}

fn markdown(sample: &Sample) -> String {
    markdown_with(sample, Limits::default()).0
}

fn first_line(sample: &Sample) -> String {
    markdown(sample).lines().next().unwrap().to_owned()
}

/// The rows of the table under a heading, without its head.
fn rows(text: &str, heading: &str) -> Vec<String> {
    let section = text.split_once(&format!("### {heading}\n")).unwrap().1;
    let section = section.split("\n### ").next().unwrap();
    section.lines().filter(|line| line.starts_with('|')).skip(2).map(str::to_owned).collect()
}

#[test]
fn the_verdict_is_the_heading_and_without_one_that_is_said_first() {
    let passed = Sample::of(vec![entry("shop", Vec::new())]);
    assert!(first_line(&passed).starts_with("## passed: 0 open findings, none over a limit ("));
    let failed = Sample::of(vec![entry("shop", varied())]);
    assert!(first_line(&failed).starts_with("## failed: 10 open findings"));
    for class in [Class::Timeout, Class::Auth, Class::NoCredentials, Class::Incomplete, Class::Protocol] {
        let mut sample = Sample::of(vec![short("shop", class, Vec::new())]);
        assert!(first_line(&sample).starts_with("## no verdict: "), "{class}");
        sample.on.set(class, Reaction::Warn);
        assert!(first_line(&sample).starts_with("## no verdict; not passed: "), "{class}");
    }
    let started = ScanResult { ending: Ending::Started, ..entry("shop", Vec::new()) };
    assert!(first_line(&Sample::of(vec![started])).starts_with("## started: no verdict"));
    assert!(markdown::of_problem(&problem(Class::Usage), 1 << 20).starts_with("## no verdict (usage, exit 2)\n"));
}

#[test]
fn reasons_stand_before_all_else_with_what_would_make_it_pass() {
    let findings = (1..=5).map(|line| finding("sqli", Some(Severity::High), file("src/app.py", line))).collect();
    let text = markdown(&Sample::of(vec![entry("shop", findings)]));
    let headings: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    assert_eq!(headings, ["why, and what to do", "open findings by severity", "platforms", "worst findings"]);
    let rows = rows(&text, "why, and what to do");
    assert_eq!(rows.len(), 1);
    assert!(rows[0].starts_with(r"| 5 high sast findings, 0 allowed by \-\-fail\-on high | fix "), "{rows:?}");
}

#[test]
fn the_chart_is_made_of_our_words_and_of_numbers() {
    let text = markdown(&Sample::of(vec![entry("shop", [hostile(), many(5_000)].concat())]));
    let chart = rows(&text, "open findings by severity");
    let words: Vec<&str> = chart.iter().map(|row| row.split('|').nth(1).unwrap().trim()).collect();
    assert_eq!(words, ["critical", "high", "medium", "low", "info", "unrated"]);
    for row in &chart {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let count: u64 = cells[2].parse().unwrap();
        assert!(cells[3].chars().all(|char| char == '█') && (count == 0) == cells[3].is_empty(), "{row}");
    }
    assert!(!markdown(&Sample::of(vec![entry("shop", Vec::new())])).contains("by severity"));
}

#[test]
fn the_worst_findings_are_first_closed_ones_missing_and_places_links_and_advice_there() {
    let rows = rows(&markdown(&Sample::of(vec![entry("shop", varied())])), "worst findings");
    assert_eq!(rows.len(), 10);
    let link = "[Title of sql\\-injection](<https://eu.cybedefend.com/project/p-1/sast/issue/1>)";
    assert_eq!(rows[0], format!("| critical | sast | `src/a b.py:12` | {link} | Use bound parameters\\. |"));
    assert!(rows.last().unwrap().starts_with("| info | container | `registry.example/shop:1.2` |"), "{rows:#?}");
    assert!(!rows.concat().contains("old.py"));
}

#[test]
fn each_platform_says_how_it_ended_and_what_it_left_out() {
    let mut partial = short("api", Class::Incomplete, Vec::new());
    partial.files_left_out = 2;
    partial.notes = vec!["left out: @mona".to_owned()];
    let text = markdown(&Sample::of(vec![entry("shop", Vec::new()), partial]));
    assert_eq!(
        rows(&text, "platforms")[1],
        "| api | no complete result (incomplete) | 0 | 0 | [`scan-1`](<https://eu.cybedefend.com/project/p-1>) |"
    );
    assert!(text.contains("\n- api: request id 42\n") && text.contains("\n- api: 2 files left out of the archive\n"));
    assert!(text.contains("\n- api: left out\\: \\@\u{2060}mona\n"), "{text}");
}

#[test]
fn hostile_text_is_read_and_does_nothing() {
    let mut result = entry(HOSTILE, hostile());
    result.notes = vec![HOSTILE.to_owned()];
    result.scan.as_mut().unwrap().id = HOSTILE.to_owned();
    result.scan.as_mut().unwrap().url = super::sample::link("javascript:alert(1)");
    let mut sample =
        Sample::of(vec![result, ScanResult { findings: Vec::new(), ..short(HOSTILE, Class::Timeout, Vec::new()) }]);
    sample.facts.branch = Some(HOSTILE.to_owned());
    sample.problems = vec![problem(Class::Delivery)];
    sample.problems[0].message = HOSTILE.to_owned();
    sample.problems[0].hint = Some(HOSTILE.to_owned());
    let text = markdown(&sample);
    assert!(!text.contains(|char: char| char != '\n' && is_unprintable(char)) && !text.contains("##["), "{text}");
    for line in text.lines() {
        // Outside of code nothing opens HTML, and of links there are those of the platform alone.
        let outside: String = line.split('`').step_by(2).collect();
        assert!(!outside.replace("](<https://", "").contains('<'), "{line}");
        let is_live =
            |at: usize| outside.get(..at).unwrap().chars().rev().take_while(|&char| char == '\\').count() % 2 == 0;
        assert!(!outside.match_indices("](").any(|(at, _)| is_live(at) && !outside.contains("](<https://")), "{line}");
        assert!(!line.trim_start().starts_with("::"), "{line}");
    }
    let cells = |row: &String| {
        let bare = row.replace("\\\\", "").replace("\\|", "");
        bare.matches('|').count()
    };
    assert!(rows(&text, "worst findings").iter().all(|row| cells(row) == 7), "{text}");
    assert!(rows(&text, "platforms").iter().all(|row| cells(row) == 6), "{text}");
}

#[test]
fn what_does_not_fit_is_cut_from_the_least_on_and_said() {
    let sample = Sample::of(vec![entry("shop", many(20_000))]);
    let (text, written) = markdown_with(&sample, Limits::default());
    assert!(text.len() <= 1 << 20 && text.len() > (1 << 20) - 2_000, "{}", text.len());
    assert_eq!(written.cut.len(), 1);
    assert!(text.trim_end().ends_with(&written.cut[0]), "{:?}", written.cut);
    let listed = rows(&text, "worst findings");
    assert!(
        written.cut[0].starts_with(&format!("the worst {} of 20000 open findings", listed.len())),
        "{:?}",
        written.cut
    );
    assert!(listed[0].starts_with("| critical |") && !listed.concat().contains("| info |"));

    let (text, written) = markdown_with(&sample, Limits { findings: 3, ..Limits::default() });
    assert_eq!(rows(&text, "worst findings").len(), 3);
    assert_eq!(written.cut, ["the worst 3 of 20000 open findings are listed"]);

    let (text, written) = markdown_with(&sample, Limits { bytes: 0, findings: 3 });
    assert!(text.len() <= markdown::SMALLEST && text.starts_with("## failed: "));
    assert!(!written.cut.is_empty());
}

#[test]
fn a_platform_that_says_too_much_cannot_push_the_verdict_out() {
    let mut result = short("shop", Class::Protocol, hostile());
    result.notes = vec!["x".repeat(100_000); 3_000];
    if let Ending::Short(problem) = &mut result.ending {
        problem.message = "|".repeat(5_000_000);
        problem.detail = vec!["y".repeat(100_000); 3_000];
    }
    let (text, written) = markdown_with(&Sample::of(vec![result]), Limits::default());
    assert!(text.starts_with("## failed: ") && text.len() <= 1 << 20, "{}", text.len());
    assert!(text.contains("and 2950 more"));
    assert_eq!(written, Written::default());
}

#[test]
fn of_a_secret_nothing_is_said_that_could_quote_it() {
    let secret = Finding {
        kind: Kind::Secret,
        message: "found the-value".to_owned(),
        remediation: Some("remove the-value".into()),
        ..finding("aws-key", Some(Severity::High), file("env.sh", 1))
    };
    let text = markdown(&Sample::of(vec![entry("shop", vec![secret])]));
    assert!(!text.contains("the-value") && !text.contains("the\\-value") && text.contains("Revoke"), "{text}");
}

#[test]
fn a_place_that_is_not_known_or_not_for_show_is_called_so() {
    let secret = Finding {
        kind: Kind::Secret,
        location: Location::Unmapped { place: "the-value".to_owned() },
        ..finding("aws-key", Some(Severity::High), file("env.sh", 1))
    };
    let rows = rows(&markdown(&Sample::of(vec![entry("shop", vec![secret])])), "worst findings");
    assert!(rows[0].starts_with("| high | secret | none shown |"), "{rows:#?}");
}

#[test]
fn what_the_sandbox_found_is_called_so() {
    let mut sample = Sample::of(vec![entry("shop", Vec::new())]);
    assert!(!markdown(&sample).contains("sandbox"));
    sample.facts.is_sandbox = true;
    assert!(markdown(&sample).contains("no scanner to rely on"));
}
