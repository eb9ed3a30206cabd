//! The model of a finding: what every platform's rows become, and all that the gate and the reports ever see.
//!
//! Nothing here knows a platform, and everything to the right of it is pure. Texts are as the platform wrote them, less
//! secrets: each report escapes them for its own format.

mod controls;
pub mod fingerprint;
mod link;
mod location;
mod scan_result;
mod severity;
mod unlisted;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::Serialize;

pub use controls::{Controls, FrameworkControls};
pub use fingerprint::Fingerprint;
pub use link::{Link, WebOrigin};
pub use location::{
    FileLocation, Location, Package, PackageLocation, RepositoryPath, SourceLine, is_bidirectional_mark, is_unprintable,
};
pub use scan_result::{Ending, PolicyDecision, PolicyViolation, ScanReference, ScanResult};
pub use severity::{NotASeverity, Severity};
pub use unlisted::Unlisted;

/// One finding of one platform.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The platform's row id. Only for links and for telling two rows apart; it is in no fingerprint where anything stabler is
    /// known.
    pub id: Box<str>,
    /// What survives line drift and a re-run. Filled in by [`fingerprint::assign`].
    pub fingerprint: Fingerprint,
    /// Which kind of scanner found it.
    pub kind: Kind,
    /// The rating; `None` is unrated, which the gate treats by `--unrated`.
    pub severity: Option<Severity>,
    /// The platform's CVSS score, 0.0 to 10.0.
    pub score: Option<f64>,
    /// What was broken; shared by all findings of the rule.
    pub rule: Arc<Rule>,
    /// Whether the platform's users have dealt with it.
    pub state: State,
    /// Where it is.
    pub location: Location,
    /// What is wrong here, in one or two sentences of plain text.
    pub message: String,
    /// What to do about it, where this finding has advice of its own beyond its rule's.
    pub remediation: Option<Box<str>>,
    /// The finding's page in the platform's web application.
    pub link: Option<Link>,
}

/// The rule, weakness class or advisory behind a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// A stable identifier, the same in every run: the platform's rule id, an advisory id, never a title if it can be helped.
    pub id: String,
    /// A short title for people.
    pub name: String,
    /// What the weakness is, in the platform's Markdown.
    pub description: String,
    /// How to prevent it, in plain text.
    pub help: Option<String>,
    /// Numbers of the Common Weakness Enumeration: 89 for CWE-89.
    pub cwe: Vec<u32>,
    /// OWASP Top Ten categories, such as `A03:2021`.
    pub owasp: Vec<String>,
    /// CVE identifiers.
    pub cve: Vec<String>,
    /// Web pages about it; not yet checked to be https.
    pub references: Vec<String>,
}

/// Which kind of scanner found it (DESIGN section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Source code.
    Sast,
    /// A dependency with a known weakness.
    Sca,
    /// Infrastructure described as code.
    Iac,
    /// A credential in the source. No report ever holds its value.
    Secret,
    /// A pipeline definition.
    Cicd,
    /// A package in a container image.
    Container,
    /// A running web application.
    Dast,
    /// A service reachable over the network.
    Network,
    /// Anything a platform reports that is none of these.
    Other,
}

impl Kind {
    /// All kinds, in the order of the reports.
    pub const ALL: [Self; 9] = [
        Self::Sast,
        Self::Sca,
        Self::Iac,
        Self::Secret,
        Self::Cicd,
        Self::Container,
        Self::Dast,
        Self::Network,
        Self::Other,
    ];

    /// The word used in settings and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sast => "sast",
            Self::Sca => "sca",
            Self::Iac => "iac",
            Self::Secret => "secret",
            Self::Cicd => "cicd",
            Self::Container => "container",
            Self::Dast => "dast",
            Self::Network => "network",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = NotAKind;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word).ok_or(NotAKind)
    }
}

/// A setting that is none of the kinds.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one of sast, sca, iac, secret, cicd, container, dast, network, other")]
pub struct NotAKind;

/// What the platform's users have said of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "state", content = "word")]
pub enum State {
    /// Nobody has looked at it yet.
    Open,
    /// Somebody has looked, and it is real.
    Confirmed,
    /// It is gone from the code.
    Fixed,
    /// It stays, by decision: a false positive or an accepted risk.
    Dismissed,
    /// A word nobody has listed. It counts as open: what is not understood must not pass.
    Unknown(String),
}

impl State {
    /// Whether the gate counts a finding in this state.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Open | Self::Confirmed | Self::Unknown(_) => true,
            Self::Fixed | Self::Dismissed => false,
        }
    }
}
