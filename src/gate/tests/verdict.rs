use super::{entry, finding, short};
use crate::error::Class;
use crate::finding::{Ending, Kind, PolicyDecision, PolicyViolation, ScanResult, Severity, State};
use crate::gate::{Broken, FindingReference, GateSettings, Limits, Unrated, Verdict, judge};

fn settings(threshold: &str, exceptions: &[&str]) -> GateSettings {
    let limits = exceptions.iter().map(|text| text.parse().unwrap());
    GateSettings { limits: Limits::new(threshold.parse().unwrap(), limits), ..GateSettings::default() }
}

fn sast(severity: Severity) -> ScanResult {
    entry(vec![finding(Kind::Sast, Some(severity))])
}

fn policy(blocks: bool) -> ScanResult {
    let (rule, action) = ("No critical".to_owned(), "BLOCK".to_owned());
    let violation = PolicyViolation { rule, action, acknowledged: !blocks, blocks, affected: 2 };
    ScanResult { policy: Some(PolicyDecision { violations: vec![violation] }), ..entry(Vec::new()) }
}

fn sentences(verdict: &Verdict) -> Vec<String> {
    verdict.reasons.iter().map(|reason| reason.broken.to_string()).collect()
}

#[test]
fn zero_findings_of_a_complete_scan_pass() {
    assert!(judge(&[entry(Vec::new())], &GateSettings::default()).passes());
}

#[test]
fn no_platform_at_all_does_not_pass() {
    let verdict = judge(&[], &GateSettings::default());
    assert!(!verdict.passes());
    assert!(!verdict.is_tripped());
}

#[test]
fn a_finding_at_the_threshold_fails_and_one_below_passes() {
    for (severity, passes) in [(Severity::Critical, false), (Severity::High, false), (Severity::Medium, true)] {
        assert_eq!(judge(&[sast(severity)], &settings("high", &[])).passes(), passes, "{severity}");
    }
    for severity in Severity::WORST_FIRST {
        assert!(!judge(&[sast(severity)], &settings("info", &[])).passes(), "{severity}");
    }
}

#[test]
fn a_reason_names_the_rule_the_numbers_the_findings_and_the_way_out() {
    let result = entry(vec![finding(Kind::Sca, Some(Severity::High)), finding(Kind::Sast, Some(Severity::High))]);
    let verdict = judge(&[entry(Vec::new()), result], &settings("high", &["sca.*=3"]));
    assert_eq!(sentences(&verdict), ["1 high sast finding, 0 allowed by --fail-on high"]);
    assert_eq!(verdict.reasons[0].findings, [FindingReference { result: 1, finding: 1 }]);
    assert_eq!(verdict.reasons[0].remedy, "fix it, or close it at the platform");
}

#[test]
fn the_way_out_is_to_fix_or_close_what_is_over_the_limit() {
    let remedy = |count, limit: &str| {
        let result = entry(vec![finding(Kind::Sast, Some(Severity::High)); count]);
        judge(&[result], &settings("high", &[limit])).reasons[0].remedy.clone()
    };
    assert_eq!(remedy(4, "sast.high=0"), "fix them, or close them at the platform");
    assert_eq!(remedy(4, "sast.high=3"), "fix one of them, or close one at the platform");
    assert_eq!(remedy(4, "sast.high=2"), "fix 2 of them, or close 2 at the platform");
}

#[test]
fn reasons_stand_worst_first_and_then_in_the_order_of_kinds() {
    let findings = [(Kind::Sca, Severity::High), (Kind::Iac, Severity::Critical), (Kind::Sast, Severity::High)];
    let result = entry(findings.map(|(kind, severity)| finding(kind, Some(severity))).into());
    let cells: Vec<_> = judge(&[result], &settings("high", &[]))
        .reasons
        .into_iter()
        .map(|reason| match reason.broken {
            Broken::Limit { kind, severity, .. } => (kind, severity),
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(cells, [(Kind::Iac, Severity::Critical), (Kind::Sast, Severity::High), (Kind::Sca, Severity::High)]);
}

#[test]
fn limits_are_summed_over_platforms() {
    let settings = settings("high", &["sast.high=1"]);
    assert!(judge(&[sast(Severity::High)], &settings).passes());
    let verdict = judge(&[sast(Severity::High), sast(Severity::High)], &settings);
    assert_eq!(sentences(&verdict), ["2 high sast findings, 1 allowed by --max sast.high"]);
}

#[test]
fn closed_findings_do_not_count_and_unknown_states_do() {
    let in_state = |state| {
        let mut result = sast(Severity::Critical);
        result.findings[0].state = state;
        judge(&[result], &GateSettings::default())
    };
    for state in [State::Fixed, State::Dismissed] {
        let verdict = in_state(state);
        assert!(verdict.passes());
        assert_eq!((verdict.counts.open, verdict.counts.closed), (0, 1));
    }
    for state in [State::Open, State::Confirmed, State::Unknown("resolved".to_owned())] {
        assert!(!in_state(state).passes());
    }
}

#[test]
fn an_unrated_finding_counts_as_it_is_told() {
    let unrated = || [entry(vec![finding(Kind::Sast, None)])];
    let passes = |unrated_as, threshold| {
        judge(&unrated(), &GateSettings { unrated: unrated_as, ..settings(threshold, &[]) }).passes()
    };
    assert!(!passes(Unrated::Fail, "none"), "fails whatever the threshold");
    assert!(passes(Unrated::Ignore, "info"));
    assert!(passes(Unrated::As(Severity::Medium), "high"));
    assert!(!passes(Unrated::As(Severity::Medium), "medium"));
    assert!(!passes(Unrated::As(Severity::High), "high"));
}

#[test]
fn an_unrated_finding_is_counted_even_where_it_is_ignored() {
    let settings = GateSettings { unrated: Unrated::Ignore, ..GateSettings::default() };
    let counts = judge(&[entry(vec![finding(Kind::Sast, None)])], &settings).counts;
    assert_eq!((counts.open, counts.unrated), (1, 1));
    assert_eq!(counts.by_severity.values().sum::<u64>(), 0);
}

#[test]
fn fail_on_none_switches_off_the_severity_rule_alone() {
    assert!(judge(&[sast(Severity::Critical)], &settings("none", &[])).passes());
    assert!(!judge(&[sast(Severity::Critical)], &settings("none", &["*.critical=0"])).passes());
    assert!(!judge(&[policy(true)], &settings("none", &[])).passes());
    assert!(!judge(&[short(Class::Incomplete)], &settings("none", &[])).passes());
}

#[test]
fn only_a_blocking_policy_gates_and_only_while_it_is_asked() {
    assert!(judge(&[policy(false)], &GateSettings::default()).passes());
    let verdict = judge(&[policy(true)], &GateSettings::default());
    assert!(verdict.is_tripped());
    assert_eq!(sentences(&verdict), ["entry: the platform's policy blocks: No critical (2 findings)"]);
    assert!(judge(&[policy(true)], &GateSettings { vendor_policy: false, ..GateSettings::default() }).passes());
}

#[test]
fn an_entry_that_did_not_complete_speaks_against_a_pass_without_tripping() {
    let started = ScanResult { ending: Ending::Started, ..entry(Vec::new()) };
    for result in [started, short(Class::Timeout), short(Class::ScanFailed)] {
        let verdict = judge(&[entry(Vec::new()), result], &GateSettings::default());
        assert!(!verdict.passes());
        assert!(!verdict.is_tripped());
    }
}

#[test]
fn findings_of_an_incomplete_entry_still_trip() {
    let result = ScanResult { findings: sast(Severity::High).findings, ..short(Class::Incomplete) };
    assert!(judge(&[result], &GateSettings::default()).is_tripped());
}
