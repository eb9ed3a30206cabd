use super::{entry, finding, problem, short};
use crate::error::{Class, Problem, Signal};
use crate::finding::{Ending, Kind, ScanResult, Severity};
use crate::gate::{Conclusion, GateSettings, OnClass, Reaction, conclude, judge};

fn end_of(results: &[ScanResult], problems: &[Problem], softened: &[Class]) -> Conclusion {
    let mut on = OnClass::default();
    for &class in softened {
        on.set(class, Reaction::Warn);
    }
    conclude(&judge(results, &GateSettings::default()), results, problems, &on)
}

fn tripping() -> ScanResult {
    entry(vec![finding(Kind::Sast, Some(Severity::Critical))])
}

fn started() -> ScanResult {
    ScanResult { ending: Ending::Started, ..entry(Vec::new()) }
}

/// The classes that an entry or a problem can end in, in their order.
fn failures() -> Vec<Class> {
    Class::IN_ORDER.into_iter().filter(|class| class.exit_code() != 0 && *class != Class::Findings).collect()
}

#[test]
fn a_complete_scan_without_findings_passes_with_exit_code_0() {
    let passed = Conclusion { class: Class::Passed, exit_code: 0, softened: false, retryable: false };
    assert_eq!(end_of(&[entry(Vec::new())], &[], &[]), passed);
}

#[test]
fn a_run_without_any_platform_does_not_pass() {
    assert_eq!(end_of(&[], &[], &[]).class, Class::Incomplete);
    assert_eq!(end_of(&[], &[], &[]).exit_code, 6);
    let end = end_of(&[], &[problem(Class::Delivery)], &[Class::Delivery]);
    assert_eq!((end.class, end.exit_code), (Class::Incomplete, 6), "a softened report error does not excuse it");
    assert!(end_of(&[], &[problem(Class::NoCredentials)], &[Class::NoCredentials]).softened);
}

#[test]
fn nothing_but_findings_exits_1() {
    for class in Class::IN_ORDER {
        assert_eq!(class.exit_code() == 1, class == Class::Findings, "{class}");
    }
}

#[test]
fn of_any_two_causes_the_earlier_in_the_order_names_the_run() {
    let failures = failures();
    for (place, &first) in failures.iter().enumerate() {
        for &second in failures.iter().skip(place) {
            for pair in [[first, second], [second, first]] {
                let [one, other] = pair;
                assert_eq!(end_of(&[short(one), short(other)], &[], &[]).class, first, "{pair:?} as entries");
                assert_eq!(end_of(&[short(one)], &[problem(other)], &[]).class, first, "{pair:?} as entry and problem");
            }
        }
    }
}

#[test]
fn findings_stand_behind_internal_and_interrupted_and_before_all_else() {
    for class in failures() {
        let end = end_of(&[tripping(), short(class)], &[], &[]);
        let comes_first = matches!(class, Class::Internal | Class::Interrupted(_));
        assert_eq!(end.class, if comes_first { class } else { Class::Findings }, "{class}");
    }
}

#[test]
fn findings_of_incomplete_data_are_findings() {
    let result = ScanResult { findings: tripping().findings, ..short(Class::Incomplete) };
    assert_eq!(end_of(&[result], &[], &[]).class, Class::Findings);
}

#[test]
fn a_scan_that_was_only_started_is_never_called_a_pass() {
    assert_eq!(end_of(&[started()], &[], &[]).class, Class::Started);
    assert_eq!(end_of(&[entry(Vec::new()), started()], &[], &[]).class, Class::Started);
    assert_eq!(end_of(&[tripping(), started()], &[], &[]).exit_code, 1);
}

#[test]
fn a_softened_class_keeps_its_name_and_exits_0() {
    let end = end_of(&[short(Class::Timeout)], &[], &[Class::Timeout]);
    assert_eq!(end, Conclusion { class: Class::Timeout, exit_code: 0, softened: true, retryable: false });
    let end = end_of(&[tripping()], &[], &[Class::Findings]);
    assert_eq!(end, Conclusion { class: Class::Findings, exit_code: 0, softened: true, retryable: false });
}

#[test]
fn softening_one_class_leaves_the_others_standing() {
    let end = end_of(&[short(Class::Timeout), short(Class::Unavailable)], &[], &[Class::Timeout]);
    assert_eq!((end.class, end.exit_code, end.softened), (Class::Unavailable, 4, false));
    let end = end_of(&[tripping(), short(Class::Timeout)], &[], &[Class::Findings]);
    assert_eq!((end.class, end.exit_code, end.softened), (Class::Timeout, 5, false));
}

#[test]
fn a_softened_class_beside_a_started_scan_is_what_the_run_is_called() {
    let end = end_of(&[short(Class::Timeout), started()], &[], &[Class::Timeout]);
    assert_eq!((end.class, end.exit_code, end.softened), (Class::Timeout, 0, true));
}

#[test]
fn usage_internal_and_interrupted_cannot_be_softened() {
    let hard =
        [Class::Usage, Class::Internal, Class::Interrupted(Signal::Interrupt), Class::Interrupted(Signal::Terminate)];
    for class in hard {
        let end = end_of(&[short(class)], &[], &[class]);
        assert_eq!((end.exit_code, end.softened), (class.exit_code(), false), "{class}");
    }
    for class in failures().into_iter().filter(|class| !hard.contains(class)) {
        assert!(end_of(&[short(class)], &[], &[class]).softened, "{class}");
    }
}

#[test]
fn a_problem_that_calls_itself_a_pass_is_a_bug_and_not_a_pass() {
    for class in [Class::Passed, Class::Started] {
        assert_eq!(end_of(&[short(class)], &[], &[]).class, Class::Internal);
        assert_eq!(end_of(&[entry(Vec::new())], &[problem(class)], &[]).class, Class::Internal);
    }
}

#[test]
fn a_run_is_retryable_when_all_that_failed_may_be_gone_next_time() {
    let retryable = |class| Problem { retryable: true, ..problem(class) };
    let end = |problems: &[Problem]| end_of(&[entry(Vec::new())], problems, &[]).retryable;
    assert!(end(&[retryable(Class::Timeout)]));
    assert!(end(&[retryable(Class::Timeout), retryable(Class::Unavailable)]));
    assert!(!end(&[retryable(Class::Timeout), problem(Class::Timeout)]));
    // A certificate that nobody trusts ends the next run too.
    assert!(!end(&[retryable(Class::Timeout), problem(Class::Unavailable)]));
    assert!(!end_of(&[tripping()], &[], &[]).retryable);
    assert!(!end_of(&[started()], &[], &[]).retryable);
}
