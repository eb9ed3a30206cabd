//! What a security platform is to the pipeline, and the one place that lists them all.
//!
//! A platform knows its wire format and nothing of reports; it turns answers into the model of [`crate::finding`].

pub mod cybedefend;
mod error;
mod lenient;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use url::Url;

pub use error::Error;

use crate::credentials::Secret;
use crate::finding::{Finding, PolicyDecision, ScanReference};
use crate::http::Client;

/// What is known of a platform before any request: for help, documentation and checks of settings.
#[derive(Debug)]
pub struct About {
    /// The word of `--platform`, and the entry's default name.
    pub id: &'static str,
    /// The name for people.
    pub name: &'static str,
    /// The public documentation.
    pub documentation: &'static str,
    /// The environment variables that hold its credential, in the order in which they are looked at.
    pub credential_variables: &'static [&'static str],
    /// How to get a credential in a region, for somebody who has none.
    pub credential_advice: fn(Option<Region>) -> String,
    /// The first wait between two looks at a scan.
    pub first_poll: Duration,
    /// The longest wait between two looks at a scan.
    pub longest_poll: Duration,
}

/// The platforms that this build speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlatformId {
    /// CybeDefend: a source tree, uploaded.
    CybeDefend,
}

impl PlatformId {
    /// All platforms, in the order of help and documentation.
    pub const ALL: [Self; 1] = [Self::CybeDefend];

    /// The word of `--platform`.
    pub fn as_str(self) -> &'static str {
        self.about().id
    }

    /// What is known of it before any request.
    pub fn about(self) -> &'static About {
        match self {
            Self::CybeDefend => &cybedefend::CybeDefend::ABOUT,
        }
    }
}

impl fmt::Display for PlatformId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for PlatformId {
    type Err = NotAPlatform;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|platform| platform.as_str() == word).ok_or(NotAPlatform)
    }
}

/// A setting that names no platform.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one of {}", PlatformId::ALL.map(PlatformId::as_str).join(", "))]
pub struct NotAPlatform;

/// A region of a platform's cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// The European Union.
    Eu,
    /// The United States.
    Us,
}

impl Region {
    /// Both regions.
    pub const ALL: [Self; 2] = [Self::Eu, Self::Us];

    /// The word of `--region`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eu => "eu",
            Self::Us => "us",
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for Region {
    type Err = NotARegion;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|region| region.as_str().eq_ignore_ascii_case(word)).ok_or(NotARegion)
    }
}

/// A setting that is neither `eu` nor `us`.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one of eu, us")]
pub struct NotARegion;

/// What an entry asks of its platform. Which fields matter is the platform's affair; it says so where one is missing.
#[derive(Clone)]
pub struct Request {
    /// The credential that was found.
    pub credential: Secret,
    /// Where the credential was found, for people: `CYBEDEFEND_PAT`, `--token-file`.
    pub credential_origin: String,
    /// `--region`, where it was given: a region that contradicts a URL is an error, and a default contradicts nothing.
    pub region: Option<Region>,
    /// `--api-url`.
    pub api_url: Option<Url>,
    /// `--auth-url`.
    pub auth_url: Option<Url>,
    /// `--project-id`.
    pub project_id: Option<String>,
    /// The branch that the platform is told.
    pub branch: Option<String>,
    /// `--dir` as seen from the repository root, with `/`; empty when they are the same. Paths of findings get it as prefix.
    pub directory: String,
    /// `--image`, where an image is scanned and no source tree.
    pub image: Option<String>,
}

/// What is scanned.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A source tree, as a zip archive.
    Archive {
        /// The archive.
        path: PathBuf,
        /// Its length in bytes.
        length: u64,
    },
    /// A container image, by its reference: the platform fetches it.
    Image(String),
}

/// Where a scan stands.
#[derive(Clone, Debug, PartialEq)]
pub enum ScanState {
    /// It waits for its turn.
    Queued,
    /// It runs.
    Running {
        /// 0 to 100, as the platform says.
        percent: Option<f64>,
        /// The platform's word for what it is doing.
        step: Option<String>,
    },
    /// It ended well.
    Done,
    /// It ended, and a part of it failed: what it found is not all there is.
    Degraded(String),
    /// It failed, with the platform's reason.
    Failed(String),
    /// Somebody cancelled it, or another scan took its place.
    Stopped(String),
    /// A word that is in no contract. It never ends the wait and never passes.
    Unknown(String),
}

/// What came of fetching the findings.
#[derive(Clone, Debug, Default)]
pub struct Collected {
    /// The findings; their fingerprints are still empty.
    pub findings: Vec<Finding>,
    /// Why they are known not to be all there are, one sentence a reason. Anything here ends the entry as `incomplete`.
    pub missing: Vec<String>,
    /// What people should know of how they were read.
    pub notes: Vec<String>,
}

/// What came of asking for the platform's own verdict.
#[derive(Clone, Debug, Default)]
pub struct PolicyAnswer {
    /// The verdict; `None` where the platform has no policy for this scan.
    pub decision: Option<PolicyDecision>,
    /// Why it is known not to be the whole verdict, one sentence a reason. Anything here ends the entry as `incomplete`.
    pub missing: Vec<String>,
    /// What people should know of how it was read.
    pub notes: Vec<String>,
}

/// How long, and how often, a platform may ask again.
pub struct Patience<'a> {
    /// The wait before each further look.
    pub waits: &'a mut dyn Iterator<Item = Duration>,
    /// When there is no time left for another look, on [`crate::clock::Clock::monotonic`].
    pub until: Duration,
}

/// A platform that has signed in. The value is the session: it can only come from [`Platform::sign_in`].
#[expect(async_fn_in_trait, reason = "the pipeline runs on one thread, so futures need no Send bound")]
pub trait Platform: Sized {
    /// What is known before any request.
    const ABOUT: About;

    /// Checks the request, and gets ready to make calls.
    async fn sign_in(client: Client, request: Request) -> Result<Self, Error>;

    /// Starts a scan. `created` is called the moment the platform has given an id, before anything is uploaded, and again if
    /// the platform has to be asked for a new one.
    async fn start(&self, subject: &Subject, created: &mut dyn FnMut(&ScanReference)) -> Result<ScanReference, Error>;

    /// Where the scan stands.
    async fn check(&self, scan: &ScanReference) -> Result<ScanState, Error>;

    /// All findings of the scan, once it has ended.
    async fn findings(&self, scan: &ScanReference) -> Result<Collected, Error>;

    /// The platform's own verdict on an ended scan. It may come some time after the scan's end, and is waited for with `patience`;
    /// one that does not come is missing, and never a pass.
    async fn policy(&self, scan: &ScanReference, patience: Patience<'_>) -> Result<PolicyAnswer, Error>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_platform_is_found_by_its_word_and_an_unknown_word_is_told_the_known_ones() {
        for platform in PlatformId::ALL {
            assert_eq!(platform.as_str().parse(), Ok(platform));
            assert!(platform.about().documentation.starts_with("https://"));
            assert!(platform.about().first_poll < platform.about().longest_poll);
        }
        assert_eq!("nobody".parse::<PlatformId>().unwrap_err().to_string(), "not one of cybedefend");
    }

    #[test]
    fn a_region_is_read_whatever_its_case() {
        assert_eq!("EU".parse(), Ok(Region::Eu));
        assert_eq!("asia".parse::<Region>(), Err(NotARegion));
    }
}
