//! Compliance controls: what a platform says of the frameworks that were asked for. A summary for people, never gated.

use std::collections::BTreeMap;

use crate::sorting;
use serde::Serialize;

/// The controls of each framework (CyberOrigen's contract, section 7: `GET /controls`). Words are as the platform wrote them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Controls {
    /// How many controls there are, each counted once.
    pub total: u64,
    /// By the framework's name, such as `SOC 2`. A control that names several stands in each, and one that names none under the
    /// empty name.
    pub frameworks: BTreeMap<String, FrameworkControls>,
}

/// The controls of one framework.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FrameworkControls {
    /// How many there are.
    pub total: u64,
    /// How many are in each status: `implemented`, or any other word of the platform; empty where it gives none.
    pub by_status: BTreeMap<String, u64>,
    /// How many pieces of evidence they have together.
    pub evidence: u64,
}

impl Controls {
    /// Counts one control. `status` loses nothing but the white space around it.
    pub fn add<'a>(&mut self, frameworks: impl IntoIterator<Item = &'a str>, status: &str, evidence: u64) {
        self.total = self.total.saturating_add(1);
        let mut names: Vec<&str> = frameworks.into_iter().map(str::trim).collect();
        sorting::sort(&mut names);
        names.dedup();
        if names.is_empty() {
            names.push("");
        }
        for name in names {
            let framework = self.frameworks.entry(name.to_owned()).or_default();
            framework.total = framework.total.saturating_add(1);
            framework.evidence = framework.evidence.saturating_add(evidence);
            let count = framework.by_status.entry(status.trim().to_owned()).or_default();
            *count = count.saturating_add(1);
        }
    }

    /// The same with every word changed by `change`, such as to take secrets out. Words that become one are counted together.
    #[must_use]
    pub fn map_words(&self, change: impl Fn(&str) -> String) -> Self {
        let mut changed = Self { total: self.total, ..Self::default() };
        for (name, framework) in &self.frameworks {
            let sum = changed.frameworks.entry(change(name)).or_default();
            sum.total = sum.total.saturating_add(framework.total);
            sum.evidence = sum.evidence.saturating_add(framework.evidence);
            for (status, count) in &framework.by_status {
                let total = sum.by_status.entry(change(status)).or_default();
                *total = total.saturating_add(*count);
            }
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_counts_once_in_all_and_once_in_each_of_its_frameworks() {
        let mut controls = Controls::default();
        controls.add(["SOC 2", "ISO 27001", "SOC 2"], " implemented ", 3);
        controls.add(["SOC 2"], "not_started", 0);
        controls.add([], "", 1);
        assert_eq!(controls.total, 3);
        let soc = &controls.frameworks["SOC 2"];
        assert_eq!((soc.total, soc.evidence), (2, 3));
        assert_eq!(soc.by_status, BTreeMap::from([("implemented".to_owned(), 1), ("not_started".to_owned(), 1)]));
        assert_eq!(controls.frameworks["ISO 27001"].total, 1);
        assert_eq!(controls.frameworks[""].by_status, BTreeMap::from([(String::new(), 1)]));
    }

    #[test]
    fn words_that_become_one_keep_their_counts() {
        let mut controls = Controls::default();
        controls.add(["a"], "x", 1);
        controls.add(["b"], "y", 2);
        let changed = controls.map_words(|_| "*".to_owned());
        let framework = &changed.frameworks["*"];
        assert_eq!((changed.total, framework.total, framework.evidence, framework.by_status["*"]), (2, 2, 3, 2));
    }
}
