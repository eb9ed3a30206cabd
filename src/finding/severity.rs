//! How severe a finding is: five words, or unrated (DESIGN section 7).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A rating. The order is that of harm: `Info` is the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing, not a weakness by itself.
    Info,
    /// CVSS 0.1 to 3.9.
    Low,
    /// CVSS 4.0 to 6.9.
    Medium,
    /// CVSS 7.0 to 8.9.
    High,
    /// CVSS 9.0 to 10.0.
    Critical,
}

impl Severity {
    /// All ratings, worst first: the order in which people want to read them.
    pub const WORST_FIRST: [Self; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info];

    /// The word used on the command line, in files and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The place of a rating in the order of the reports, worst highest. What is not rated stands between medium and low, where
    /// the default of `--unrated` puts it.
    pub fn rank(rating: Option<Self>) -> u8 {
        match rating {
            Some(Self::Critical) => 5,
            Some(Self::High) => 4,
            Some(Self::Medium) => 3,
            None => 2,
            Some(Self::Low) => 1,
            Some(Self::Info) => 0,
        }
    }

    /// Reads a platform's word, whatever its case. `None` for every word that is not a rating (`unknown`, the empty string, a
    /// word nobody has listed): such a finding is unrated, which is not the same as harmless.
    ///
    /// `none` is left to the platform: it means `info` to some and "not rated" to CybeDefend.
    pub fn from_word(word: &str) -> Option<Self> {
        match word.trim().to_ascii_lowercase().as_str() {
            "critical" => Some(Self::Critical),
            "high" => Some(Self::High),
            "medium" | "moderate" => Some(Self::Medium),
            "low" => Some(Self::Low),
            "info" | "informational" => Some(Self::Info),
            _ => None,
        }
    }

    /// The band of a CVSS score of version 3 or 4 (first.org, "Qualitative Severity Rating Scale"). 0.0 is `info`; a number
    /// outside 0..=10 says nothing.
    pub fn from_cvss(score: f64) -> Option<Self> {
        match score {
            s if !(0.0..=10.0).contains(&s) => None,
            s if s >= 9.0 => Some(Self::Critical),
            s if s >= 7.0 => Some(Self::High),
            s if s >= 4.0 => Some(Self::Medium),
            s if s > 0.0 => Some(Self::Low),
            _ => Some(Self::Info),
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = NotASeverity;

    /// Reads a setting. Only our own five words are taken: a typing error in a gate must not loosen it.
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::WORST_FIRST.into_iter().find(|severity| severity.as_str() == word).ok_or(NotASeverity)
    }
}

/// A setting that is none of `critical`, `high`, `medium`, `low`, `info`.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one of critical, high, medium, low, info")]
pub struct NotASeverity;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_any_case_are_read_and_unlisted_words_are_unrated() {
        assert_eq!(Severity::from_word("CRITICAL"), Some(Severity::Critical));
        assert_eq!(Severity::from_word("Informational"), Some(Severity::Info));
        for word in ["", "unknown", "none", "severe", "p1"] {
            assert_eq!(Severity::from_word(word), None, "{word}");
        }
    }

    #[test]
    fn cvss_bands_meet_without_a_gap() {
        let bands = [(0.0, Severity::Info), (0.1, Severity::Low), (3.9, Severity::Low), (4.0, Severity::Medium)];
        for (score, severity) in bands.into_iter().chain([(7.0, Severity::High), (9.0, Severity::Critical)]) {
            assert_eq!(Severity::from_cvss(score), Some(severity), "{score}");
        }
        for score in [-0.1, 10.1, f64::NAN, f64::INFINITY] {
            assert_eq!(Severity::from_cvss(score), None, "{score}");
        }
    }

    #[test]
    fn a_setting_takes_only_the_five_words() {
        assert_eq!("high".parse(), Ok(Severity::High));
        assert_eq!("HIGH".parse::<Severity>(), Err(NotASeverity));
        assert_eq!("moderate".parse::<Severity>(), Err(NotASeverity));
    }
}
