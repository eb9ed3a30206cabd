//! What a security platform is to the pipeline, and the one place that lists them all.
//!
//! A platform knows its wire format and nothing of reports; it turns answers into the model of [`crate::finding`].

mod about;
#[cfg(test)]
mod arbitrary;
pub mod bestdefense;
mod call_path;
pub mod cybedefend;
pub mod cyberorigen;
pub mod cybrium;
mod error;
mod fields;
mod identifier;
mod lenient;
pub mod options;
mod page_marks;
mod pages;
mod record;
mod request;
mod settling;
mod text;
mod tolerant;
mod words;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

pub use about::{About, SubjectKind, Timing};
pub use call_path::CallPath;
pub use error::Error;
pub use request::{Request, StateWord, Subject, state_word};
use url::Url;

use crate::credentials::store::Hosts;
use crate::finding::{Controls, Finding, PolicyDecision, ScanReference, Unlisted};
use crate::http::{Client, Session};

/// The platforms that this build speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlatformId {
    /// CybeDefend: a source tree, uploaded.
    CybeDefend,
    /// Cybrium: a target of the workspace, or a SARIF file to take in.
    Cybrium,
    /// CyberOrigen: a domain, an address or a CIDR range.
    CyberOrigen,
    /// BestDefense: a verified site, scanned from outside.
    BestDefense,
}

impl PlatformId {
    /// All platforms, in the order of help and documentation.
    pub const ALL: [Self; 4] = [Self::CybeDefend, Self::Cybrium, Self::CyberOrigen, Self::BestDefense];

    /// The word of `--platform`.
    pub fn as_str(self) -> &'static str {
        self.about().id
    }

    /// What is known of it before any request.
    pub fn about(self) -> &'static About {
        match self {
            Self::CybeDefend => &cybedefend::CybeDefend::ABOUT,
            Self::Cybrium => &cybrium::Cybrium::ABOUT,
            Self::CyberOrigen => &cyberorigen::CyberOrigen::ABOUT,
            Self::BestDefense => &bestdefense::BestDefense::ABOUT,
        }
    }

    /// Gets ready for calls of any kind, with what `request` says of credential and hosts.
    ///
    /// # Errors
    /// As for [`Platform::connect`].
    pub async fn connect(self, client: Client, request: &Request) -> Result<Connection, Error> {
        match self {
            Self::CybeDefend => cybedefend::CybeDefend::connect(client, request).await,
            Self::Cybrium => cybrium::Cybrium::connect(client, request).await,
            Self::CyberOrigen => cyberorigen::CyberOrigen::connect(client, request).await,
            Self::BestDefense => bestdefense::BestDefense::connect(client, request).await,
        }
    }

    /// The bases of all calls, one an origin, before there is a credential; `is_upload` is [`Request::sarif`].
    ///
    /// # Errors
    /// Hosts that are at odds.
    pub fn bases(self, hosts: &Hosts, is_upload: bool) -> Result<Vec<Url>, Error> {
        match self {
            Self::CybeDefend => cybedefend::bases(hosts),
            Self::Cybrium => cybrium::bases(hosts, is_upload),
            Self::CyberOrigen => cyberorigen::bases(hosts),
            Self::BestDefense => bestdefense::bases(hosts),
        }
    }

    /// Looks at what a scan would need, over a connection of [`PlatformId::connect`].
    ///
    /// # Errors
    /// As for [`Platform::inspect`].
    pub async fn inspect(self, connection: Connection, request: Request) -> Result<Inspection, Error> {
        match self {
            Self::CybeDefend => cybedefend::CybeDefend::inspect(connection, request).await,
            Self::Cybrium => cybrium::Cybrium::inspect(connection, request).await,
            Self::CyberOrigen => cyberorigen::CyberOrigen::inspect(connection, request).await,
            Self::BestDefense => bestdefense::BestDefense::inspect(connection, request).await,
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
    /// The platform does not know it any more, though it did, with what that is taken to mean. Of a scan that was created just now
    /// it may only mean that another of the platform's servers was asked.
    Vanished(String),
    /// A word that is in no contract. It never ends the wait and never passes.
    Unknown(String),
}

impl ScanState {
    /// Whether the scan is known to have ended, so that there is nothing left to cancel.
    pub fn is_terminal(&self) -> bool {
        match self {
            Self::Done | Self::Degraded(_) | Self::Failed(_) | Self::Stopped(_) | Self::Vanished(_) => true,
            Self::Queued | Self::Running { .. } | Self::Unknown(_) => false,
        }
    }
}

/// What came of cancelling a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// The platform took the request.
    Accepted,
    /// The platform documents no call for it, and nothing was sent.
    NotDocumented,
    /// The scan has ended in the meantime, and nothing was sent.
    HasEnded,
}

/// What came of fetching the findings.
#[derive(Debug, Default)]
pub struct Collected {
    /// The findings; their fingerprints are still empty.
    pub findings: Vec<Finding>,
    /// What the platform counts beyond them. It gates like they do.
    pub unlisted: Vec<Unlisted>,
    /// Compliance controls, where frameworks were asked for.
    pub controls: Option<Controls>,
    /// Why they are known not to be all there are, one sentence a reason. Anything here ends the entry as `incomplete`.
    pub missing: Vec<String>,
    /// What people should know of how they were read.
    pub notes: Vec<String>,
    /// What ended the reading before the lists did. It ends the entry, and what was read till then gates all the same.
    pub cut_short: Option<Error>,
}

impl Collected {
    /// What was read before an error, with it; or the error alone, where nothing was found by then.
    fn cut_short_by(self, error: Error) -> Result<Self, Error> {
        if self.findings.is_empty() && self.unlisted.is_empty() {
            return Err(error);
        }
        Ok(Self { cut_short: Some(error), ..self })
    }
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

/// A way to a platform, for calls of any kind.
pub struct Connection {
    /// Signs the calls.
    pub session: Session,
    /// What the paths of calls stand behind: `--api-url` in the form that the platform documents.
    pub base: Url,
    /// What people should know of how it came about.
    pub notes: Vec<String>,
    /// What a login that is stored has to remember of where it is good, beside what the settings said.
    pub hosts: Hosts,
}

/// What was seen of what a scan would need.
pub struct Inspection {
    /// What the credential was shown to see, going on from "it sees ". Words of the platform in it are cleaned.
    pub seen: String,
    /// What people should look at, in sentences.
    pub warnings: Vec<String>,
}

/// A platform that has signed in. The value is the session: it can only come from [`Platform::sign_in`].
#[expect(async_fn_in_trait, reason = "the pipeline runs on one thread, so futures need no Send bound")]
pub trait Platform: Sized {
    /// What is known before any request.
    const ABOUT: About;

    /// Gets ready to make calls, of which nothing else is known: of the request only credential, hosts and the scheme word matter.
    ///
    /// # Errors
    /// Hosts that are at odds, a credential that the platform does not take, or what signing in needs and does not get.
    async fn connect(client: Client, request: &Request) -> Result<Connection, Error>;

    /// Checks the request, and makes the cheapest read that shows whether the credential may see what the scan would be of. It starts
    /// nothing, and changes nothing.
    ///
    /// # Errors
    /// What a scan would end with as well: a setting, or a refusal in the terms of what was asked for.
    async fn inspect(connection: Connection, request: Request) -> Result<Inspection, Error>;

    /// Checks the request, and gets ready to scan with the same session as that of [`Platform::connect`].
    async fn sign_in(client: Client, request: Request) -> Result<Self, Error>;

    /// Starts a scan. `created` is called the moment the platform has given an id, before anything is uploaded, and again if
    /// the platform has to be asked for a new one.
    async fn start(&self, subject: &Subject, created: &mut dyn FnMut(&ScanReference)) -> Result<ScanReference, Error>;

    /// Where the scan stands.
    async fn check(&self, scan: &ScanReference) -> Result<ScanState, Error>;

    /// All findings of the scan, once it has ended.
    async fn findings(&self, scan: &ScanReference) -> Result<Collected, Error>;

    /// The platform's own verdict on an ended scan, asked for where [`About::has_policy`] says that there may be one. It may come some time after the scan's end, and is waited for with `patience`;
    /// one that does not come is missing, and never a pass.
    async fn policy(&self, _scan: &ScanReference, _patience: Patience<'_>) -> Result<PolicyAnswer, Error> {
        Ok(PolicyAnswer::default())
    }

    /// Cancels a scan that was not seen to have ended; where cancelling an ended one would delete it, it is looked at first.
    /// [`About::supports_cancel`] says beforehand whether the platform can.
    async fn cancel(&self, _scan: &ScanReference) -> Result<Cancelled, Error> {
        Ok(Cancelled::NotDocumented)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_platform_is_found_by_its_word_and_an_unknown_word_is_told_the_known_ones() {
        for platform in PlatformId::ALL {
            let about = platform.about();
            assert_eq!(platform.as_str().parse(), Ok(platform));
            assert!(about.documentation.starts_with("https://"));
            let timing = (about.timing)(None);
            assert!(timing.first_poll < timing.longest_poll && timing.longest_poll < timing.timeout);
            assert!(!about.credentials.forms().is_empty() && !about.subjects.is_empty());
        }
        let known = PlatformId::ALL.map(PlatformId::as_str).join(", ");
        assert_eq!("nobody".parse::<PlatformId>().unwrap_err().to_string(), format!("not one of {known}"));
    }

    #[test]
    fn a_region_is_read_whatever_its_case() {
        assert_eq!("EU".parse(), Ok(Region::Eu));
        assert_eq!("asia".parse::<Region>(), Err(NotARegion));
    }
}
