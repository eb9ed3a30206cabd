//! What a scan is asked to do, typed and checked.

use std::path::PathBuf;
use std::time::Duration;

use super::entry::{self, EntrySettings};
use super::layers::Layers;
use super::report::ReportSettings;
use super::subject::Subject;
use super::{Error, credential, gate, keys, named, network, subject, trust};
use crate::gate::{GateSettings, OnClass};
use crate::http;
use crate::platform::{PlatformId, Timing};

/// Everything that `scangate scan` needs to know. Nothing behind it looks at flags or the environment again.
#[derive(Clone)]
pub struct ScanSettings {
    /// The platforms, each with what is asked of it; at least one.
    pub entries: Vec<EntrySettings>,
    /// `--dir`, else the working directory: where the repository around the run is looked for.
    pub directory: PathBuf,
    /// `--branch`; else the CI or git says it.
    pub branch: Option<String>,
    /// `--commit`, in hexadecimal; else the CI or git says it.
    pub commit: Option<String>,
    /// Whether what is checked out may be a fork's, so that git's word for its branch is not taken.
    pub is_foreign: bool,
    /// The repository's web address, https, where the CI says it.
    pub repository_url: Option<String>,
    /// What a scan has in common with a demo.
    pub run: RunSettings,
    /// `--poll-interval`: the first wait between two looks at the scan; else the platform's.
    pub poll_interval: Option<Duration>,
    /// `--on-interrupt`.
    pub on_interrupt: OnInterrupt,
    /// `--save-raw`: where redacted copies of the platforms' answers go.
    pub save_raw: Option<PathBuf>,
    /// How the platforms are reached.
    pub http: http::Options,
    /// Where the archive lies until it is uploaded.
    pub temporary_folder: PathBuf,
    /// What people should know of their settings, in sentences.
    pub warnings: Vec<String>,
    /// The ignore rules that count, where they are not those of the tree.
    pub ignore_rules: Option<String>,
    /// What the reports say of the run as a whole, in sentences.
    pub notes: Vec<String>,
}

/// What becomes of a scan that has not ended when a signal ends the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnInterrupt {
    /// It goes on.
    #[default]
    Leave,
    /// It is cancelled, where the platform documents a call for that.
    Cancel,
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
        let http = network::options(layers)?;
        // Heeded before the rest is resolved, in a pull request; a wrong one is wrong everywhere.
        gate::PolicyFrom::resolve(layers)?;
        let named = named::entries(layers)?;
        let is_alone = match named.as_slice() {
            [] => return Err(no_platform()),
            entries => entries.len() == 1,
        };
        named::refuse_unbound(layers, &named)?;
        entry::refuse_unused(layers, &named)?;
        let mut entries = Vec::new();
        let mut warnings = Vec::new();
        for named in &named {
            let layers = layers.of_entry(named, is_alone);
            let mut entry = EntrySettings::resolve(&layers, named, http.insecure_http)?;
            let mut of_entry =
                credential::warnings(&layers, named.platform.about(), entry.connection.credential.as_ref());
            if let Subject::Directory { path, .. } = &entry.subject {
                let directory = path.to_string_lossy();
                trust::refuse_own_files_in(&directory, &layers)?;
                of_entry.extend(entry.connection.leave_store_in(&directory, &layers));
            }
            of_entry.retain(|warning| !warnings.contains(warning));
            warnings.extend(of_entry);
            entries.push(entry);
        }
        // With one platform, what its own variables say of the branch is said of the run.
        let alone = entries.first().filter(|_| is_alone).map(|entry| entry.connection.platform.about());
        let layers = &alone.map_or(*layers, |about| layers.with_variables_of(about));
        let longest = entries.iter().map(|entry| entry.timing().timeout).max();
        Ok(Self {
            entries,
            directory: subject::directory(layers),
            branch: layers.value(&keys::BRANCH).map(|sourced| sourced.line()).transpose()?,
            commit: commit(layers)?,
            is_foreign: false,
            repository_url: None,
            run: RunSettings::resolve(layers, longest.unwrap_or(Timing::USUAL.timeout))?,
            poll_interval: poll_interval(layers)?,
            on_interrupt: on_interrupt(layers)?,
            save_raw: layers.value(&keys::SAVE_RAW).map(|sourced| sourced.text.into()),
            http,
            temporary_folder: layers.environment().temporary_folder(),
            warnings,
            ignore_rules: None,
            notes: Vec::new(),
        })
    }
}

/// Anything shorter would end before an answer could come.
pub(super) const SHORTEST_TIMEOUT: Duration = Duration::from_secs(1);

pub(super) fn no_platform() -> Error {
    let names = PlatformId::ALL.map(PlatformId::as_str).join(", ");
    Error::new("no platform is given").with_hint(format!("use --platform with one of {names}"))
}

impl RunSettings {
    /// Reads them from the layers, with the deadline that holds where none is given.
    pub(super) fn resolve(layers: &Layers<'_>, usual_timeout: Duration) -> Result<Self, Error> {
        let timeout = timeout(layers)?;
        Ok(Self {
            gate: gate::gate(layers)?,
            on: gate::on_class(layers)?,
            report: ReportSettings::resolve(layers)?,
            timeout: timeout.unwrap_or(usual_timeout),
        })
    }
}

/// The deadline, where one is given.
pub(super) fn timeout(layers: &Layers<'_>) -> Result<Option<Duration>, Error> {
    layers.value(&keys::TIMEOUT).map(|sourced| sourced.duration(SHORTEST_TIMEOUT)).transpose()
}

/// The first wait. Anything shorter than a tenth of a second would be a loop without a pause.
pub(super) fn poll_interval(layers: &Layers<'_>) -> Result<Option<Duration>, Error> {
    layers.value(&keys::POLL_INTERVAL).map(|sourced| sourced.duration(Duration::from_millis(100))).transpose()
}

fn on_interrupt(layers: &Layers<'_>) -> Result<OnInterrupt, Error> {
    let Some(sourced) = layers.value(&keys::ON_INTERRUPT) else { return Ok(OnInterrupt::default()) };
    sourced.one_of("`leave` or `cancel`", &[("leave", OnInterrupt::Leave), ("cancel", OnInterrupt::Cancel)])
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
