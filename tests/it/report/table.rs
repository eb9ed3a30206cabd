use scangate::error::Class;
use scangate::finding::{Ending, Finding, ScanResult, Severity, is_unprintable};
use scangate::gate::{OnClass, Reaction};
use scangate::report::table::Style;
use scangate::report::{Format, Options, Written};

use super::sample::{self, Sample, entry, file, finding, many, problem, short};

fn table_with(sample: &Sample, style: Style) -> (String, Written) {
    sample.write(Format::Table, &Options { table: style, ..Options::default() })
}

fn table(sample: &Sample) -> String {
    table_with(sample, Style::default()).0
}

fn first_line(sample: &Sample) -> String {
    table(sample).lines().next().unwrap().to_owned()
}

#[test]
fn the_first_line_is_the_verdict() {
    assert_eq!(
        first_line(&Sample::of(vec![entry("shop", Vec::new())])),
        "passed: 0 open findings, none over a limit (exit 0)"
    );
    let failed = Sample::of(vec![entry("shop", vec![finding("sqli", Some(Severity::High), file("a.py", 1))])]);
    assert_eq!(first_line(&failed), "failed: 1 open finding, 1 reason (findings, exit 1)");
    let started = ScanResult { ending: Ending::Started, ..entry("shop", Vec::new()) };
    let started = Sample::of(vec![started]);
    assert_eq!(first_line(&started), "started: no verdict, since nobody waited for the scan (exit 0)");
    let timeout = Sample::of(vec![short("shop", Class::Timeout, Vec::new())]);
    assert_eq!(first_line(&timeout), "no verdict: 0 open findings so far (timeout, exit 5)");
}

#[test]
fn nothing_but_a_pass_is_called_passed() {
    for class in Class::IN_ORDER.into_iter().filter(|class| class.exit_code() != 0) {
        let mut sample = Sample::of(vec![entry("shop", Vec::new())]);
        sample.problems = vec![problem(class)];
        assert!(!table(&sample).contains("passed"), "{class}");
        sample.on = OnClass::default();
        sample.on.set(class, Reaction::Warn);
        assert!(!first_line(&sample).starts_with("passed"), "{class} softened");
    }
}

#[test]
fn a_failed_gate_says_why_and_what_would_make_it_pass() {
    let findings = (1..=5).map(|line| finding("sqli", Some(Severity::High), file("src/app.py", line))).collect();
    let text = table(&Sample::of(vec![entry("shop", findings)]));
    let why = "why
  5 high sast findings, 0 allowed by --fail-on high
    to pass: fix them, or close them at the platform
";
    assert!(text.contains(why), "{text}");
}

#[test]
fn a_reason_of_which_the_list_shows_nothing_names_its_first_findings() {
    let critical = (1..=2).map(|line| finding("sqli", Some(Severity::Critical), file("src/app.py", line)));
    let high = (1..=5).map(|line| finding("xss", Some(Severity::High), file("src/page.py", line)));
    let sample = Sample::of(vec![entry("shop", critical.chain(high).collect())]);
    let (text, _) = table_with(&sample, Style { findings: 1, ..Style::default() });
    let why = "why
  2 critical sast findings, 0 allowed by --fail-on high
  5 high sast findings, 0 allowed by --fail-on high
    src/page.py:1  Title of xss
    src/page.py:2  Title of xss
    src/page.py:3  Title of xss
    and 2 more
    to pass: fix what is over these limits, or close it at the platform
";
    assert!(text.contains(why), "{text}");
}

#[test]
fn the_whole_table_of_a_varied_run() {
    let text = table(&Sample::of(vec![entry("shop", sample::varied()), short("slow", Class::Timeout, Vec::new())]));
    let expected = "\
failed: 10 open findings of shop and slow, 5 reasons; slow is not complete (findings, exit 1)

why
  1 critical sast finding, 0 allowed by --fail-on high
  1 critical secret finding, 0 allowed by --fail-on high
  1 high sast finding, 0 allowed by --fail-on high
  1 high sca finding, 0 allowed by --fail-on high
    to pass: fix what is over these limits, or close it at the platform
  slow: timeout: the platform did not answer in time
    to pass: run it again

platforms
  shop (CybeDefend): complete; 10 open: 2 critical, 2 high, 1 medium, 2 low, 1 info, 2 unrated; 2
  closed
    scan scan-1  https://eu.cybedefend.com/project/p-1
  slow (CybeDefend): no complete result (timeout); 0 open
    scan scan-1  https://eu.cybedefend.com/project/p-1
    timeout: the platform did not answer in time
      request id 42
      try: run it again

severity  kind       platform  place                                         finding
critical  sast       shop      src/a b.py:12                                 Title of sql-injection
critical  secret     shop      deploy/env.sh:1                               Title of aws-key
high      sast       shop      src/files.py:3                                Title of path-traversal
high      sca        shop      lodash@4.17.0 (web/package-lock.json)         Title of CVE-2021-23337
medium    dast       shop      …ST https://shop.example/login?next=/ (user)  Title of csrf
unrated   sca        shop      lodash@4.17.0                                 Title of CVE-2020-8203
unrated   other      shop      /etc/passwd                                   Title of odd
low       sast       shop      src/b.py:7                                    Title of idor
low       network    shop      localhost:8000 (http)                         Title of open-port
info      container  shop      registry.example/shop:1.2                     Title of old-base
";
    assert_eq!(text, expected);
}

#[test]
fn the_worst_findings_are_listed_and_the_rest_is_counted() {
    let sample = Sample::of(vec![entry("many", many(100))]);
    let (text, written) = table_with(&sample, Style { findings: 5, ..Style::default() });
    assert_eq!(text.lines().filter(|line| line.starts_with("critical  ")).count(), 5);
    assert!(text.ends_with("\nand 95 more, none of them worse\n"), "{text}");
    assert_eq!(written.cut, ["the table lists the worst 5 of 100 open findings"]);
}

#[test]
fn findings_of_several_platforms_are_listed_worst_first() {
    let of = |name, severity| entry(name, vec![finding(name, Some(severity), file("a.py", 1))]);
    let text = table(&Sample::of(vec![of("first", Severity::Low), of("second", Severity::Critical)]));
    let list: Vec<&str> = text.lines().filter(|line| line.contains("  a.py:1  ")).collect();
    assert!(list[list.len() - 2].starts_with("critical") && list[list.len() - 1].starts_with("low"), "{text}");
}

#[test]
fn rows_of_the_list_fit_the_columns_and_show_the_end_of_a_long_path() {
    let path = format!("{}/end.py", "folder/".repeat(30));
    let sample = Sample::of(vec![entry("shop", vec![finding(&"x".repeat(200), Some(Severity::Low), file(&path, 7))])]);
    for columns in [1, 40, 80, 200] {
        let (text, _) = table_with(&sample, Style { columns, ..Style::default() });
        let row = text.lines().last().unwrap();
        assert!(row.chars().count() <= columns.max(40), "{columns}: {row}");
        assert!(row.contains("end.py:7"), "{columns}: {row}");
    }
}

#[test]
fn colour_only_decorates() {
    let sample = Sample::of(vec![entry("shop", sample::varied())]);
    let (coloured, _) = table_with(&sample, Style { colour: true, ..Style::default() });
    assert!(coloured.contains("\u{1b}[1;31mcritical\u{1b}[0m"));
    let mut plain = coloured.clone();
    for code in ["\u{1b}[1;31m", "\u{1b}[31m", "\u{1b}[33m", "\u{1b}[36m", "\u{1b}[90m", "\u{1b}[0m"] {
        plain = plain.replace(code, "");
    }
    assert_eq!(plain, table(&sample));
}

#[test]
fn hostile_text_moves_no_cursor_and_gives_the_runner_no_command() {
    let mut result = entry(sample::HOSTILE, sample::hostile());
    result.notes = vec![sample::HOSTILE.to_owned()];
    let mut problem = problem(Class::Protocol);
    problem.message = sample::HOSTILE.to_owned();
    problem.hint = Some(sample::HOSTILE.to_owned());
    problem.detail = vec![sample::HOSTILE.to_owned()];
    result.ending = Ending::Short(problem.clone());
    let mut sample = Sample::of(vec![result]);
    sample.problems = vec![problem];
    for columns in [40, 60, 100, 200] {
        let (text, _) = table_with(&sample, Style { columns, ..Style::default() });
        assert!(!text.contains(|char| char != '\n' && is_unprintable(char)), "{text}");
        for line in text.lines() {
            assert!(!line.trim_start().starts_with("::"), "{line}");
            assert!(!line.contains("##["), "{line}");
        }
    }
}

#[test]
fn closed_findings_are_counted_and_not_listed() {
    let closed =
        Finding { state: scangate::finding::State::Fixed, ..finding("sqli", Some(Severity::High), file("a.py", 1)) };
    let text = table(&Sample::of(vec![entry("shop", vec![closed])]));
    assert!(text.contains("0 open; 1 closed"), "{text}");
    assert!(!text.contains("a.py"), "{text}");
}

#[test]
fn what_is_left_out_and_where_findings_come_from_is_said() {
    let mut result = entry("shop", Vec::new());
    result.files_left_out = 1;
    result.notes = vec!["unknown word `parked`".to_owned()];
    let mut sample = Sample::of(vec![result]);
    sample.facts.is_sandbox = true;
    let text = table(&sample);
    for sentence in ["note: 1 file left out of the archive", "note: unknown word `parked`", "built-in sandbox"] {
        assert!(text.contains(sentence), "{text}");
    }
}
