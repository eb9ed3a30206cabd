use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::{entry, finding, problem};
use crate::error::{Class, Problem};
use crate::finding::{Ending, Finding, Kind, PolicyDecision, PolicyViolation, ScanResult, Severity, State, Unlisted};
use crate::gate::{GateSettings, Limit, Limits, OnClass, Reaction, Threshold, Unrated, conclude, judge};

fn any_severity() -> impl Strategy<Value = Severity> {
    select(Severity::WORST_FIRST.as_slice())
}

fn any_state() -> impl Strategy<Value = State> {
    let states = [State::Open, State::Confirmed, State::Fixed, State::Dismissed, State::Unknown("parked".to_owned())];
    select(states.to_vec())
}

fn any_finding() -> impl Strategy<Value = Finding> {
    (select(Kind::ALL.as_slice()), option::of(any_severity()), any_state())
        .prop_map(|(kind, severity, state)| Finding { state, ..finding(kind, severity) })
}

fn any_problem() -> impl Strategy<Value = Problem> {
    (select(Class::IN_ORDER.as_slice()), any::<bool>())
        .prop_map(|(class, retryable)| Problem { retryable, ..problem(class) })
}

fn any_ending() -> impl Strategy<Value = Ending> {
    prop_oneof![3 => Just(Ending::Complete), 1 => Just(Ending::Started), 2 => any_problem().prop_map(Ending::Short)]
}

fn any_policy() -> impl Strategy<Value = PolicyDecision> {
    let violation = (any::<bool>(), any::<u64>()).prop_map(|(blocks, affected)| PolicyViolation {
        rule: "rule".to_owned(),
        action: "BLOCK".to_owned(),
        acknowledged: !blocks,
        blocks,
        affected,
    });
    vec(violation, 0..3).prop_map(|violations| PolicyDecision { violations })
}

fn any_unlisted() -> impl Strategy<Value = Unlisted> {
    let count = prop_oneof![8 => 0_u64..6, 1 => Just(u64::MAX)];
    (select(Kind::ALL.as_slice()), option::of(any_severity()), count).prop_map(|(kind, severity, count)| Unlisted {
        kind,
        severity,
        count,
    })
}

fn any_result() -> impl Strategy<Value = ScanResult> {
    (vec(any_finding(), 0..8), vec(any_unlisted(), 0..3), option::of(any_policy()), any_ending())
        .prop_map(|(findings, unlisted, policy, ending)| ScanResult { unlisted, policy, ending, ..entry(findings) })
}

fn any_limit() -> impl Strategy<Value = Limit> {
    let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).chain(["*"]).collect();
    let severities: Vec<&str> = Severity::WORST_FIRST.iter().map(|severity| severity.as_str()).chain(["*"]).collect();
    (select(kinds), select(severities), 0_u64..6)
        .prop_map(|(kind, severity, count)| format!("{kind}.{severity}={count}").parse().unwrap())
}

fn any_settings() -> impl Strategy<Value = GateSettings> {
    let threshold = option::of(any_severity()).prop_map(|severity| severity.map_or(Threshold::Off, Threshold::From));
    let unrated = prop_oneof![Just(Unrated::Fail), any_severity().prop_map(Unrated::As), Just(Unrated::Ignore)];
    (threshold, vec(any_limit(), 0..5), unrated, any::<bool>()).prop_map(
        |(threshold, limits, unrated, vendor_policy)| GateSettings {
            limits: Limits::new(threshold, limits),
            unrated,
            vendor_policy,
        },
    )
}

fn any_reactions() -> impl Strategy<Value = OnClass> {
    let reaction = prop_oneof![Just(Reaction::Warn), Just(Reaction::Fail)];
    vec((select(Class::IN_ORDER.as_slice()), reaction), 0..8).prop_map(|settings| {
        let mut on = OnClass::default();
        for (class, reaction) in settings {
            on.set(class, reaction);
        }
        on
    })
}

proptest! {
    #[test]
    fn a_finding_more_never_turns_fail_into_pass(
        mut results in vec(any_result(), 1..4),
        settings in any_settings(),
        more in any_finding(),
        place in any::<prop::sample::Index>(),
    ) {
        let before = judge(&results, &settings);
        let entry = place.index(results.len());
        results[entry].findings.push(more);
        let after = judge(&results, &settings);
        prop_assert!(before.passes() || !after.passes());
        prop_assert!(!before.is_tripped() || after.is_tripped());
        prop_assert!(after.reasons.len() >= before.reasons.len());
    }

    #[test]
    fn more_that_is_counted_and_not_listed_never_turns_fail_into_pass(
        mut results in vec(any_result(), 1..4),
        settings in any_settings(),
        more in any_unlisted(),
        place in any::<prop::sample::Index>(),
    ) {
        let before = judge(&results, &settings);
        let entry = place.index(results.len());
        results[entry].unlisted.push(more);
        let after = judge(&results, &settings);
        prop_assert!(before.passes() || !after.passes());
        prop_assert!(!before.is_tripped() || after.is_tripped());
        prop_assert!(after.reasons.len() >= before.reasons.len());
    }

    #[test]
    fn what_is_counted_gates_like_what_is_listed(
        results in vec(any_result(), 1..4),
        settings in any_settings(),
        finding in any_finding(),
        copies in 0_usize..6,
    ) {
        let finding = Finding { state: State::Open, ..finding };
        let (mut listed, mut counted) = (results.clone(), results);
        listed[0].findings.extend(vec![finding.clone(); copies]);
        let (kind, severity) = (finding.kind, finding.severity);
        counted[0].unlisted.push(Unlisted { kind, severity, count: copies as u64 });
        let [listed, counted] = [listed, counted].map(|results| judge(&results, &settings));
        prop_assert_eq!(listed.passes(), counted.passes());
        prop_assert_eq!(listed.reasons.len(), counted.reasons.len());
        prop_assert_eq!(listed.counts.by_severity, counted.counts.by_severity);
    }

    #[test]
    fn every_input_has_a_verdict_whose_findings_exist_and_are_open(
        results in vec(any_result(), 0..4),
        settings in any_settings(),
    ) {
        let verdict = judge(&results, &settings);
        let sum = |counts: &mut dyn Iterator<Item = u64>| counts.fold(0, u64::saturating_add);
        let (open, closed, unlisted) = (verdict.counts.open, verdict.counts.closed, verdict.counts.unlisted);
        let listed: usize = results.iter().map(|result| result.findings.len()).sum();
        prop_assert_eq!(unlisted, sum(&mut results.iter().flat_map(|result| &result.unlisted).map(|own| own.count)));
        prop_assert_eq!(open, (listed as u64 - closed).saturating_add(unlisted));
        let unrated = verdict.counts.unrated;
        prop_assert_eq!(sum(&mut verdict.counts.by_severity.values().copied().chain([unrated])), open);
        prop_assert_eq!(sum(&mut verdict.counts.by_kind.values().copied()), open);
        for reason in &verdict.reasons {
            prop_assert!(!reason.remedy.is_empty());
            for at in &reason.findings {
                prop_assert!(results[at.result].findings[at.finding].state.is_open());
            }
        }
    }

    #[test]
    fn a_tighter_threshold_never_turns_fail_into_pass(results in vec(any_result(), 1..4), limits in vec(any_limit(), 0..4)) {
        let passes = |threshold| {
            let limits = Limits::new(threshold, limits.clone());
            judge(&results, &GateSettings { limits, ..GateSettings::default() }).passes()
        };
        let mut looser = passes(Threshold::Off);
        for severity in Severity::WORST_FIRST {
            let tighter = passes(Threshold::From(severity));
            prop_assert!(looser || !tighter, "{}", severity);
            looser = tighter;
        }
    }

    #[test]
    fn the_first_class_of_the_order_over_all_endings_names_the_run(results in vec(any_result(), 1..5)) {
        let verdict = judge(&results, &GateSettings::default());
        let end = conclude(&verdict, &results, &[], &OnClass::default());
        let of_entry = |result: &ScanResult| match &result.ending {
            Ending::Complete => Class::Passed,
            Ending::Started => Class::Started,
            Ending::Short(Problem { class: Class::Passed | Class::Started, .. }) => Class::Internal,
            Ending::Short(problem) => problem.class,
        };
        let tripped = if verdict.is_tripped() { Class::Findings } else { Class::Passed };
        let classes = results.iter().map(of_entry).chain([tripped]);
        prop_assert_eq!(Some(end.class), classes.min());
    }

    #[test]
    fn only_passed_is_a_pass(
        results in vec(any_result(), 0..4),
        problems in vec(any_problem(), 0..3),
        settings in any_settings(),
        on in any_reactions(),
    ) {
        let verdict = judge(&results, &settings);
        let end = conclude(&verdict, &results, &problems, &on);
        let is_clean = !results.is_empty()
            && results.iter().all(|result| result.ending.is_complete())
            && verdict.passes()
            && problems.is_empty();
        prop_assert_eq!(end.class == Class::Passed, is_clean);
        if end.exit_code == 0 && !end.softened {
            prop_assert!(matches!(end.class, Class::Passed | Class::Started));
        }
        if end.softened {
            prop_assert_eq!(end.exit_code, 0);
            prop_assert!(end.class.can_be_softened());
        } else {
            prop_assert_eq!(end.exit_code, end.class.exit_code());
        }
    }

    #[test]
    fn a_problem_more_never_turns_an_exit_code_into_0(
        // A run in which nothing ran is `incomplete` only for want of any other cause.
        results in vec(any_result(), 1..3),
        mut problems in vec(any_problem(), 0..3),
        more in any_problem(),
        on in any_reactions(),
    ) {
        let verdict = judge(&results, &GateSettings::default());
        let before = conclude(&verdict, &results, &problems, &on);
        problems.push(more);
        let after = conclude(&verdict, &results, &problems, &on);
        prop_assert!(before.exit_code == 0 || after.exit_code != 0);
        prop_assert!(after.class != Class::Passed);
    }
}
