use scangate::error::Class;
use scangate::finding::{Finding, Kind, Rule, Severity, is_unprintable};
use scangate::gate::Reaction;
use scangate::report::annotations::{self, Annotation, Level};
use std::sync::Arc;

use super::sample::{Sample, entry, file, finding, hostile, many, package, problem, short};

fn of(sample: &Sample) -> Vec<Annotation> {
    sample.with_report(annotations::of)
}

fn count(annotations: &[Annotation], level: Level) -> usize {
    annotations.iter().filter(|annotation| annotation.level == level).count()
}

#[test]
fn a_finding_is_annotated_at_its_place_with_what_to_do() {
    let findings = vec![finding("sqli", Some(Severity::High), file("src/app.py", 3))];
    let all = of(&Sample::of(vec![entry("shop", findings)]));
    assert_eq!(all.len(), 1);
    assert_eq!(
        (all[0].file.as_deref(), all[0].line.map(u32::from), all[0].end_line),
        (Some("src/app.py"), Some(3), None)
    );
    assert_eq!(all[0].title, "high sast: Title of sqli");
    assert_eq!(all[0].message, "User input reaches a query\nUse bound parameters.");
}

#[test]
fn a_package_is_annotated_at_its_manifest_and_what_has_no_file_at_none() {
    let findings = vec![
        finding("a", Some(Severity::High), package(Some("web/package-lock.json"))),
        finding("b", Some(Severity::High), package(None)),
    ];
    let all = of(&Sample::of(vec![entry("shop", findings)]));
    let files: Vec<Option<&str>> = all.iter().map(|annotation| annotation.file.as_deref()).collect();
    assert!(files.contains(&None) && files.contains(&Some("web/package-lock.json")), "{files:?}");
    assert!(all.iter().all(|annotation| annotation.message.contains("lodash@4.17.0")));
}

#[test]
fn there_are_ten_of_a_level_at_most_and_the_last_one_counts_the_others() {
    for (findings, left_out) in [(10, None), (11, Some(2)), (5_000, Some(4_991))] {
        let of_one_level = |severity| {
            let findings = many(findings).into_iter().map(|finding| Finding { severity, ..finding }).collect();
            of(&Sample::of(vec![entry("shop", findings)]))
        };
        for severity in [Some(Severity::Critical), None, Some(Severity::Info)] {
            let all = of_one_level(severity);
            assert_eq!(all.len(), 10);
            let counted = left_out.map(|count| format!("scangate: {count} more"));
            assert_eq!(counted.is_some(), counted.as_ref() == Some(&all[9].title), "{:?}", all[9]);
        }
    }
}

#[test]
fn problems_come_first_and_a_softened_one_is_a_warning() {
    let mut sample = Sample::of(vec![short("shop", Class::Timeout, many(200))]);
    sample.problems = vec![problem(Class::Delivery)];
    let all = of(&sample);
    assert_eq!((all[0].title.as_str(), all[1].title.as_str()), ("scangate: timeout", "scangate: delivery"));
    assert_eq!(all[0].message, "the platform did not answer in time\nrun it again\nrequest id 42");
    assert_eq!(count(&all, Level::Error), 10);

    let mut softened = Sample::of(vec![short("shop", Class::Timeout, Vec::new())]);
    softened.on.set(Class::Timeout, Reaction::Warn);
    assert_eq!(of(&softened)[0].level, Level::Warning);
}

#[test]
fn no_text_moves_a_cursor_gives_a_command_or_is_beyond_the_runners_limits() {
    let long = |finding: Finding| Finding { message: "::error::\n".repeat(4_000), ..finding };
    let all = of(&Sample::of(vec![entry("shop", hostile().into_iter().map(long).collect())]));
    for annotation in all {
        let Annotation { title, message, .. } = &annotation;
        assert!(title.encode_utf16().count() <= 255 && message.encode_utf16().count() <= 4096);
        assert!(!message.is_empty() && !title.contains('\n'));
        for text in [title, message] {
            assert!(
                !text.contains("##[") && !text.contains(|char: char| char != '\n' && is_unprintable(char)),
                "{text}"
            );
            assert!(!text.lines().any(|line| line.trim_start().starts_with("::")), "{text}");
        }
    }
}

#[test]
fn of_a_secret_nothing_is_said_that_could_quote_it() {
    let value = "AKIA-the-value";
    let secret = Finding {
        kind: Kind::Secret,
        message: format!("found {value}"),
        remediation: Some(format!("remove {value}").into()),
        rule: Arc::new(Rule { name: "AWS key".to_owned(), help: Some(value.to_owned()), ..Rule::default() }),
        ..finding("x", Some(Severity::High), file("env.sh", 1))
    };
    let all = of(&Sample::of(vec![entry("shop", vec![secret])]));
    assert_eq!((all.len(), all[0].title.as_str()), (1, "high secret: AWS key"));
    assert!(!all[0].message.contains(value) && all[0].message.contains("Revoke"), "{}", all[0].message);
}
