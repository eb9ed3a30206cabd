//! What a sandbox can be told when it is started.

use std::time::Duration;

use super::fault::Fault;
use super::rules::{Family, Level};
use crate::clock::Clock;
use crate::credentials::Secret;

/// How long the platform lets an access token live (contract section 0.4).
pub(super) const TOKEN_LIFETIME: Duration = Duration::from_mins(10);

/// Everything that can be chosen; the default is a platform that works, on free ports, with random credentials.
pub struct SandboxOptions {
    /// Where it listens, always on 127.0.0.1.
    pub ports: Ports,
    /// The time by which scans advance and tokens end.
    pub clock: Clock,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// The personal access token; a random one when not given.
    pub pat: Option<Secret>,
    /// The project's id; a random one when not given.
    pub project_id: Option<String>,
    /// What `/client-apps` names as `logtoResource`. When not given the field is absent, and the API's URL is the audience.
    pub resource: Option<String>,
    /// How long a scan runs. It is queued for an eighth of that first.
    pub scan_duration: Duration,
    /// What the organisation has paid for.
    pub plan: Plan,
    /// The policy that scans are held against; none by default.
    pub policy: Option<Policy>,
    /// What an upload may be.
    pub upload: UploadLimits,
    /// How long the sandbox waits for a request before it ends.
    pub idle: Duration,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            ports: Ports::default(),
            clock: Clock::system(),
            faults: Vec::new(),
            pat: None,
            project_id: None,
            resource: None,
            scan_duration: Duration::from_secs(8),
            plan: Plan::default(),
            policy: None,
            upload: UploadLimits::default(),
            idle: Duration::from_hours(1),
        }
    }
}

/// One port for each origin; 0 takes a free one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ports {
    /// The API.
    pub api: u16,
    /// The identity provider.
    pub auth: u16,
    /// The object storage that archives are put into.
    pub storage: u16,
}

/// What the organisation may use.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The families whose results it may read.
    pub families: Vec<Family>,
    /// Scans that run side by side; others stay queued (contract section 3.1, `concurrentScanLimit`).
    pub concurrent_scans: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Self { families: Family::ALL.to_vec(), concurrent_scans: 1 }
    }
}

/// A policy with one rule for each severity that it names (contract section 6).
#[derive(Clone, Debug)]
pub struct Policy {
    /// Findings of these severities block.
    pub block: Vec<Level>,
    /// Findings of these severities warn.
    pub warn: Vec<Level>,
    /// Whether somebody has acknowledged every violation.
    pub acknowledged: bool,
}

impl Policy {
    /// A policy that never blocks: critical and high findings warn.
    pub fn warning() -> Self {
        Self { block: Vec::new(), warn: vec![Level::Critical, Level::High], acknowledged: false }
    }
}

/// The policy that blocks: a critical finding, with a warning for high ones.
impl Default for Policy {
    fn default() -> Self {
        Self { block: vec![Level::Critical], warn: vec![Level::High], acknowledged: false }
    }
}

/// What an uploaded archive may be. An archive beyond the last two fails its scan.
#[derive(Clone, Copy, Debug)]
pub struct UploadLimits {
    /// Bytes of the archive.
    pub archive_bytes: u64,
    /// Bytes of all entries together, unpacked.
    pub unpacked_bytes: u64,
    /// Entries.
    pub entries: usize,
}

impl Default for UploadLimits {
    fn default() -> Self {
        Self { archive_bytes: 1 << 30, unpacked_bytes: 8 << 30, entries: 500_000 }
    }
}
