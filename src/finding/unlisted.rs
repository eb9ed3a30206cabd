//! Findings that a platform counts and does not list.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Finding, Kind, Severity};

/// So many open findings of a kind and severity are in the platform's own count and not in its list. Nothing else is known of
/// them, and the gate counts them all the same: BestDefense's summary is what the vendor itself gates on and may come without a
/// list (its contract, 6.6), and CyberOrigen's scan counts more than could be fetched (its contract, 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Unlisted {
    /// The kind that the platform's findings have where it says none.
    pub kind: Kind,
    /// The severity under which the platform counts them; `None` where it gives only a total.
    pub severity: Option<Severity>,
    /// How many there are.
    pub count: u64,
}

impl Unlisted {
    /// What `counted`, the platform's own numbers by severity, holds beyond `listed`, worst first. Numbers for one severity are
    /// added. Which findings its numbers include, the closed ones among them or not, is the platform's affair: it hands in those.
    pub fn beyond<'a>(
        kind: Kind,
        counted: impl IntoIterator<Item = (Option<Severity>, u64)>,
        listed: impl IntoIterator<Item = &'a Finding>,
    ) -> Vec<Self> {
        let mut left: BTreeMap<Option<Severity>, u64> = BTreeMap::new();
        for (severity, count) in counted {
            let sum = left.entry(severity).or_default();
            *sum = sum.saturating_add(count);
        }
        for finding in listed {
            if let Some(count) = left.get_mut(&finding.severity) {
                *count = count.saturating_sub(1);
            }
        }
        let counts = left.into_iter().rev().filter(|(_, count)| *count > 0);
        counts.map(|(severity, count)| Self { kind, severity, count }).collect()
    }

    /// `3 high dast findings`, `1 network finding without a severity`.
    pub fn what(&self) -> String {
        let Self { kind, severity, count } = self;
        let noun = if *count == 1 { "finding" } else { "findings" };
        match severity {
            Some(severity) => format!("{count} {severity} {kind} {noun}"),
            None => format!("{count} {kind} {noun} without a severity"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::{Fingerprint, Location, Rule, State};
    use super::*;

    fn finding(severity: Option<Severity>) -> Finding {
        Finding {
            id: "row".into(),
            fingerprint: Fingerprint::default(),
            kind: Kind::Dast,
            severity,
            score: None,
            rule: Arc::new(Rule::default()),
            state: State::Open,
            location: Location::Unmapped { place: String::new() },
            message: String::new(),
            remediation: None,
            link: None,
        }
    }

    fn beyond(counted: &[(Option<Severity>, u64)], listed: &[Option<Severity>]) -> Vec<String> {
        let listed: Vec<Finding> = listed.iter().copied().map(finding).collect();
        Unlisted::beyond(Kind::Dast, counted.iter().copied(), &listed).iter().map(Unlisted::what).collect()
    }

    #[test]
    fn what_is_counted_beyond_the_list_is_left_worst_first() {
        let counted = [(Some(Severity::Low), 2), (Some(Severity::High), 3), (None, 1), (Some(Severity::Critical), 1)];
        let listed = [Some(Severity::High), Some(Severity::Critical), Some(Severity::High)];
        let left = ["1 high dast finding", "2 low dast findings", "1 dast finding without a severity"];
        assert_eq!(beyond(&counted, &listed), left);
    }

    #[test]
    fn a_list_longer_than_the_count_leaves_nothing_and_takes_nothing_from_another_severity() {
        assert_eq!(beyond(&[(Some(Severity::High), 1)], &[Some(Severity::High); 5]), [""; 0]);
        assert_eq!(beyond(&[(Some(Severity::High), 1)], &[Some(Severity::Low); 5]), ["1 high dast finding"]);
        assert_eq!(
            beyond(&[(None, u64::MAX), (None, 1)], &[]),
            [format!("{} dast findings without a severity", u64::MAX)]
        );
    }
}
