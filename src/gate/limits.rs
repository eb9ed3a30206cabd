//! What the gate allows: a threshold, limits for kinds and severities, and what an unrated finding counts as.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::finding::{Kind, NotASeverity, Severity};
use crate::sorting::collected;

/// All settings of the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateSettings {
    /// `--fail-on` and `--max`.
    pub limits: Limits,
    /// `--unrated`.
    pub unrated: Unrated,
    /// `--vendor-policy`: whether the platform's own verdict also gates.
    pub vendor_policy: bool,
}

impl Default for GateSettings {
    fn default() -> Self {
        Self { limits: Limits::default(), unrated: Unrated::As(Severity::Medium), vendor_policy: true }
    }
}

/// `--fail-on`: the severity from which on a single finding fails the build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threshold {
    /// Findings of this severity and above.
    From(Severity),
    /// `none`: the severity rule is off. Limits, the platform's policy and incomplete data still gate.
    Off,
}

impl FromStr for Threshold {
    type Err = NotASeverity;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "none" => Ok(Self::Off),
            word => word.parse().map(Self::From),
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::From(severity) => severity.fmt(formatter),
            Self::Off => formatter.pad("none"),
        }
    }
}

/// `--unrated`: what a finding without a severity counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unrated {
    /// One such finding fails the build, whatever the threshold.
    Fail,
    /// It counts as this severity.
    As(Severity),
    /// It is listed and not counted.
    Ignore,
}

impl FromStr for Unrated {
    type Err = NotASeverity;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "fail" => Ok(Self::Fail),
            "ignore" => Ok(Self::Ignore),
            word => word.parse().map(Self::As),
        }
    }
}

/// Which (kind, severity) cells a `--max` is for; `None` is `*`.
///
/// The order is that of precedence: where several cover a cell, the greatest rules. A kind weighs more than a severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Selector {
    kind: Option<Kind>,
    severity: Option<Severity>,
}

impl Selector {
    fn covers(self, kind: Kind, severity: Severity) -> bool {
        self.kind.is_none_or(|own| own == kind) && self.severity.is_none_or(|own| own == severity)
    }

    fn precedence(self) -> (bool, bool) {
        (self.kind.is_some(), self.severity.is_some())
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |word: Option<&'static str>| word.unwrap_or("*");
        write!(formatter, "{}.{}", word(self.kind.map(Kind::as_str)), word(self.severity.map(Severity::as_str)))
    }
}

/// One `--max KIND.SEV=N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The cells it is for.
    pub selector: Selector,
    /// How many findings each of them may hold.
    pub count: u64,
}

/// A `--max` that cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// No `=`, or no `.` before it.
    #[error("expected KIND.SEVERITY=NUMBER, such as sca.high=5")]
    Form,
    /// An unknown kind.
    #[error("`{0}` is neither `*` nor one of sast, sca, iac, secret, cicd, container, dast, network, other")]
    Kind(String),
    /// An unknown severity.
    #[error("`{0}` is neither `*` nor one of critical, high, medium, low, info")]
    Severity(String),
    /// Not a whole number from 0 on.
    #[error("`{0}` is not a whole number from 0 on")]
    Number(String),
}

impl FromStr for Limit {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (cell, count) = text.split_once('=').ok_or(LimitError::Form)?;
        let (kind, severity) = cell.trim().split_once('.').ok_or(LimitError::Form)?;
        let selector =
            Selector { kind: wildcard(kind, LimitError::Kind)?, severity: wildcard(severity, LimitError::Severity)? };
        let digits = count.trim();
        // `u64::from_str` would take a sign.
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(LimitError::Number(digits.to_owned()));
        }
        let count = digits.parse().map_err(|_too_large_or_empty| LimitError::Number(digits.to_owned()))?;
        Ok(Self { selector, count })
    }
}

fn wildcard<T: FromStr>(word: &str, error: fn(String) -> LimitError) -> Result<Option<T>, LimitError> {
    match word {
        "*" => Ok(None),
        word => word.parse().map(Some).map_err(|_unknown_word| error(word.to_owned())),
    }
}

/// The limit of every (kind, severity) cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    threshold: Threshold,
    exceptions: BTreeMap<Selector, u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self::new(Threshold::From(Severity::High), [])
    }
}

/// What one cell allows, and which setting says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub enum Source {
    /// `--fail-on`.
    Threshold(Severity),
    /// A `--max`.
    Limit(Selector),
}

impl Limits {
    /// The limits of `threshold`, except where one of `limits` says otherwise. Of two for the same cells the later holds.
    pub fn new(threshold: Threshold, limits: impl IntoIterator<Item = Limit>) -> Self {
        Self { threshold, exceptions: collected(limits.into_iter().map(|limit| (limit.selector, limit.count))) }
    }

    /// How many open findings of this kind and severity are allowed, with the setting that says so; `None` is any number.
    pub fn of(&self, kind: Kind, severity: Severity) -> Option<(u64, Source)> {
        let covering = self.exceptions.iter().filter(|(selector, _)| selector.covers(kind, severity));
        if let Some((selector, count)) = covering.max_by_key(|(selector, _)| selector.precedence()) {
            return Some((*count, Source::Limit(*selector)));
        }
        match self.threshold {
            Threshold::From(lowest) if severity >= lowest => Some((0, Source::Threshold(lowest))),
            Threshold::From(_) | Threshold::Off => None,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Threshold(severity) => write!(formatter, "--fail-on {severity}"),
            Self::Limit(selector) => write!(formatter, "--max {selector}"),
        }
    }
}

impl From<Source> for String {
    fn from(source: Source) -> Self {
        source.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(threshold: &str, exceptions: &[&str]) -> Limits {
        Limits::new(threshold.parse().unwrap(), exceptions.iter().map(|text| text.parse().unwrap()))
    }

    fn allowed(limits: &Limits, kind: Kind, severity: Severity) -> Option<u64> {
        limits.of(kind, severity).map(|(count, _)| count)
    }

    #[test]
    fn nothing_is_allowed_from_the_threshold_on_and_anything_below() {
        let limits = limits("high", &[]);
        assert_eq!(allowed(&limits, Kind::Sast, Severity::Critical), Some(0));
        assert_eq!(allowed(&limits, Kind::Sast, Severity::High), Some(0));
        assert_eq!(allowed(&limits, Kind::Sast, Severity::Medium), None);
    }

    #[test]
    fn the_most_specific_limit_rules_a_cell_and_a_kind_weighs_more_than_a_severity() {
        let limits = limits("none", &["*.*=9", "*.high=8", "sca.*=7", "sca.high=6"]);
        assert_eq!(allowed(&limits, Kind::Sca, Severity::High), Some(6));
        assert_eq!(allowed(&limits, Kind::Sca, Severity::Low), Some(7));
        assert_eq!(allowed(&limits, Kind::Iac, Severity::High), Some(8));
        assert_eq!(allowed(&limits, Kind::Iac, Severity::Low), Some(9));
    }

    #[test]
    fn a_limit_may_loosen_the_threshold_and_the_later_of_two_holds() {
        let limits = limits("high", &["sca.high=1", "sca.high=5"]);
        assert_eq!(allowed(&limits, Kind::Sca, Severity::High), Some(5));
        assert_eq!(allowed(&limits, Kind::Sast, Severity::High), Some(0));
    }

    #[test]
    fn a_limit_that_cannot_be_read_is_an_error_that_names_the_word() {
        let error = |text: &str| text.parse::<Limit>().unwrap_err();
        assert_eq!(error("sca.high"), LimitError::Form);
        assert_eq!(error("high=3"), LimitError::Form);
        assert_eq!(error("scaa.high=3"), LimitError::Kind("scaa".to_owned()));
        assert_eq!(error("sca.hihg=3"), LimitError::Severity("hihg".to_owned()));
        for number in ["", "-1", "+1", "five", "1.5", "99999999999999999999"] {
            assert_eq!(error(&format!("sca.high={number}")), LimitError::Number(number.to_owned()));
        }
    }
}
