//! The platforms that the sandbox can speak like.

use std::fmt;
use std::str::FromStr;

/// A platform's way of speaking: one emulator, with origins, credentials and state of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// CybeDefend: source trees and images.
    CybeDefend,
    /// Cybrium: named targets, and other scanners' SARIF.
    Cybrium,
    /// CyberOrigen: hosts and ranges of addresses.
    CyberOrigen,
    /// BestDefense: verified sites.
    BestDefense,
}

impl Dialect {
    /// All of them, in the order in which they are announced.
    pub const ALL: [Self; 4] = [Self::CybeDefend, Self::Cybrium, Self::CyberOrigen, Self::BestDefense];

    /// The word of `--platform`, and the prefix of a fault.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CybeDefend => "cybedefend",
            Self::Cybrium => "cybrium",
            Self::CyberOrigen => "cyberorigen",
            Self::BestDefense => "bestdefense",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for Dialect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = || Self::ALL.map(Self::as_str).join(", ");
        let found = Self::ALL.into_iter().find(|dialect| dialect.as_str() == text);
        found.ok_or_else(|| format!("'{text}' is no platform; platforms are {}", known()))
    }
}
