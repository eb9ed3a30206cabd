//! What a scan is asked to do, typed and checked.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::layers::{Layers, Sourced};
use super::report::ReportSettings;
use super::value::words;
use super::{Error, credential, gate, keys, network};
use crate::clock::Clock;
use crate::credentials::Credential;
use crate::gate::{GateSettings, OnClass};
use crate::platform::{PlatformId, Region};
use crate::{credentials, http};

/// Everything that `scangate scan` needs to know. Nothing behind it looks at flags or the environment again.
#[derive(Clone)]
pub struct ScanSettings {
    /// The platforms, each with what is asked of it; at least one.
    pub entries: Vec<EntrySettings>,
    /// What is scanned.
    pub source: Source,
    /// `--branch`; else the CI or git says it.
    pub branch: Option<String>,
    /// `--commit`, in hexadecimal; else the CI or git says it.
    pub commit: Option<String>,
    /// The repository's web address, https, where the CI says it.
    pub repository_url: Option<String>,
    /// What a scan has in common with a demo.
    pub run: RunSettings,
    /// `--poll-interval`: the first wait between two looks at the scan; else the platform's.
    pub poll_interval: Option<Duration>,
    /// How the platforms are reached.
    pub http: http::Options,
    /// Where the archive lies until it is uploaded.
    pub temporary_folder: PathBuf,
    /// What people should know of their settings, in sentences.
    pub warnings: Vec<String>,
}

/// One platform in a run.
#[derive(Clone)]
pub struct EntrySettings {
    /// The entry's unique name; by default the platform's.
    pub name: String,
    /// `--platform`.
    pub platform: PlatformId,
    /// Where its credential is; `None` where no layer names a place.
    pub credential: Option<credentials::Source>,
    /// What to do where there is none, if the CI knows why; else the platform says how to get one.
    pub credential_advice: Option<String>,
    /// `--region`, if it was given anywhere.
    pub region: Option<Region>,
    /// `--api-url`.
    pub api_url: Option<Url>,
    /// `--auth-url`.
    pub auth_url: Option<Url>,
    /// `--project-id`.
    pub project_id: Option<String>,
    /// `--category`, ending in `/`; else `scangate/<name>/<dir or image>/`.
    pub category: Option<String>,
}

/// What is scanned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `--dir`.
    Directory {
        /// The folder; a relative path is relative to the working directory.
        path: PathBuf,
        /// `--untracked`: also what git does not track.
        untracked: bool,
    },
    /// `--archive`: a ready zip.
    Archive(PathBuf),
    /// `--image`: the reference of a container image, in one line; what else it must be is the platform's affair.
    Image(String),
}

/// What a scan and a demo have in common.
#[derive(Clone, Debug)]
pub struct RunSettings {
    /// What the gate allows.
    pub gate: GateSettings,
    /// `--on`: which classes of failure only warn.
    pub on: OnClass,
    /// What is written at the end.
    pub report: ReportSettings,
    /// `--timeout`: the deadline of the whole run, from its start.
    pub timeout: Duration,
}

impl ScanSettings {
    /// Reads them from the layers.
    ///
    /// # Errors
    /// The first value that cannot be read, is missing, or is at odds with another.
    pub fn resolve(layers: &Layers<'_>) -> Result<Self, Error> {
        layers.refuse_misplaced_secrets()?;
        let run = RunSettings::resolve(layers)?;
        let source = Source::resolve(layers)?;
        let http = network::options(layers)?;
        let entry = EntrySettings::resolve(layers, http.insecure_http)?;
        let warnings = credential::warnings(layers, entry.credential.as_ref());
        Ok(Self {
            entries: vec![entry],
            source,
            branch: layers.value(&keys::BRANCH).map(|sourced| sourced.line()).transpose()?,
            commit: commit(layers)?,
            repository_url: None,
            run,
            poll_interval: poll_interval(layers)?,
            http,
            temporary_folder: layers.environment().temporary_folder(),
            warnings,
        })
    }
}

impl EntrySettings {
    /// Reads the credential from the place that was chosen for it.
    ///
    /// # Errors
    /// [`credentials::Error::None`] where no place was named, and whatever [`credentials::Source::read`] says.
    pub async fn read_credential(
        &self,
        clock: &Clock,
        redactor: &http::Redactor,
    ) -> Result<Credential, credentials::Error> {
        match &self.credential {
            Some(source) => source.read(clock, redactor).await,
            None => Err(credentials::Error::None {
                platform: self.platform.about().name,
                hint: self
                    .credential_advice
                    .clone()
                    .unwrap_or_else(|| (self.platform.about().credential_advice)(self.region)),
            }),
        }
    }

    fn resolve(layers: &Layers<'_>, insecure_http: bool) -> Result<Self, Error> {
        let platform = platform(layers)?
            .ok_or_else(|| Error::new("no platform is given").with_hint("use --platform cybedefend"))?;
        let server = |key| layers.value(key).map(|sourced| sourced.server(insecure_http)).transpose();
        let region = layers.value(&keys::REGION).map(|sourced| region(&sourced)).transpose()?;
        let category = layers.value(&keys::CATEGORY).map(|sourced| sourced.line()).transpose()?;
        Ok(Self {
            name: platform.as_str().to_owned(),
            platform,
            credential: credential::choose(layers, platform)?,
            credential_advice: None,
            region,
            api_url: server(&keys::API_URL)?,
            auth_url: server(&keys::AUTH_URL)?,
            project_id: layers.value(&keys::PROJECT_ID).map(|sourced| sourced.line()).transpose()?,
            // SARIF takes what stands before the last `/` for the category and the rest for the run's own id.
            category: category.map(|category| format!("{}/", category.trim_end_matches('/'))),
        })
    }
}

impl Source {
    /// Reads it from the layers. Of `--dir`, `--archive` and `--image` that of the highest layer is taken; in one layer they exclude
    /// each other.
    pub fn resolve(layers: &Layers<'_>) -> Result<Self, Error> {
        let untracked = layers.switch(&keys::UNTRACKED)?;
        let mut given: Vec<_> = [&keys::DIR, &keys::ARCHIVE, &keys::IMAGE]
            .into_iter()
            .filter_map(|key| layers.value(key).map(|sourced| (key.name, sourced)))
            .collect();
        given.sort_by_key(|(_, sourced)| sourced.origin.depth());
        if let [(_, first), (_, second), ..] = given.as_slice()
            && first.origin.depth() == second.origin.depth()
        {
            let message = format!("{} and {} exclude each other", first.origin, second.origin);
            return Err(Error::new(message).with_hint("give the one that is to be scanned"));
        }
        match given.first() {
            Some((name, archive)) if *name == keys::ARCHIVE.name => Ok(Self::Archive(archive.text.into())),
            Some((name, image)) if *name == keys::IMAGE.name => Ok(Self::Image(image.line()?)),
            Some((_, directory)) => Ok(Self::Directory { path: directory.text.into(), untracked }),
            None => Ok(Self::Directory { path: ".".into(), untracked }),
        }
    }
}

impl RunSettings {
    pub(super) fn resolve(layers: &Layers<'_>) -> Result<Self, Error> {
        let shortest = Duration::from_secs(1);
        let timeout = layers.value(&keys::TIMEOUT).map(|sourced| sourced.duration(shortest)).transpose()?;
        Ok(Self {
            gate: gate::gate(layers)?,
            on: gate::on_class(layers)?,
            report: ReportSettings::resolve(layers)?,
            timeout: timeout.unwrap_or(Duration::from_hours(1)),
        })
    }
}

/// A region in either case, as the vendor's own client takes it.
fn region(sourced: &Sourced<'_>) -> Result<Region, Error> {
    let lower = sourced.text.to_ascii_lowercase();
    sourced.part(&lower).one_of("a region", &[("eu", Region::Eu), ("us", Region::Us)])
}

/// The platform of `--platform`, if it is given.
pub(super) fn platform(layers: &Layers<'_>) -> Result<Option<PlatformId>, Error> {
    let sourced = layers.value(&keys::PLATFORM_NAME);
    sourced.map(|sourced| sourced.one_of("a platform", &words(PlatformId::ALL, PlatformId::as_str))).transpose()
}

/// The first wait. Anything shorter than a tenth of a second would be a loop without a pause.
fn poll_interval(layers: &Layers<'_>) -> Result<Option<Duration>, Error> {
    layers.value(&keys::POLL_INTERVAL).map(|sourced| sourced.duration(Duration::from_millis(100))).transpose()
}

/// A commit id, whole or shortened as git shows it (7 digits at least; SHA-256 has 64).
fn commit(layers: &Layers<'_>) -> Result<Option<String>, Error> {
    let Some(sourced) = layers.value(&keys::COMMIT) else { return Ok(None) };
    let is_hexadecimal = sourced.text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hexadecimal || !(7..=64).contains(&sourced.text.len()) {
        return Err(sourced.is_not("a commit", "use its id in 7 to 64 hexadecimal digits"));
    }
    Ok(Some(sourced.text.to_ascii_lowercase()))
}
