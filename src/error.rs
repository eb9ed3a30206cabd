//! Every way a run can end: its class, its exit code, its hint (DESIGN section 9).
//!
//! Modules have error types of their own; [`Error`] gathers them, and two exhaustive matches say of each which [`Class`] it is
//! and what the user can do next. What leaves the pipeline is a [`Problem`]: the same facts as plain data, for the reports.

use std::fmt;

use serde::Serialize;

use crate::{credentials, http, platform, scan, settings};

/// How a run ended. Names and exit codes are an interface that changes only in a major version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// A bug in scangate.
    Internal,
    /// SIGINT or SIGTERM.
    Interrupted(Signal),
    /// The gate, or the platform's policy, says no.
    Findings,
    /// Flags, files, the local environment, or a request that the platform refused as wrong.
    Usage,
    /// Credentials were refused, or do not allow what was asked.
    Auth,
    /// No credentials are configured.
    NoCredentials,
    /// An answer that cannot be understood.
    Protocol,
    /// The scan failed or was cancelled at the platform.
    ScanFailed,
    /// The findings are not all there are.
    Incomplete,
    /// The deadline passed.
    Timeout,
    /// The platform cannot be reached, or does not serve.
    Unavailable,
    /// The verdict is known, but a report could not be written or uploaded.
    Delivery,
    /// A scan was started, and nobody waited for it.
    Started,
    /// Everything is known, and the gate is content. The only class that is a pass.
    Passed,
}

/// A request to end, from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Signal {
    /// SIGINT, as from Ctrl-C or a cancelled job.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

impl Class {
    /// All classes, in the one order in which several causes of one run are weighed: the first that is present names the run.
    pub const IN_ORDER: [Self; 15] = [
        Self::Internal,
        Self::Interrupted(Signal::Interrupt),
        Self::Interrupted(Signal::Terminate),
        Self::Findings,
        Self::Usage,
        Self::Auth,
        Self::NoCredentials,
        Self::Protocol,
        Self::ScanFailed,
        Self::Incomplete,
        Self::Timeout,
        Self::Unavailable,
        Self::Delivery,
        Self::Started,
        Self::Passed,
    ];

    /// The name used in outputs, files and `--on`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Interrupted(_) => "interrupted",
            Self::Findings => "findings",
            Self::Usage => "usage",
            Self::Auth => "auth",
            Self::NoCredentials => "no-credentials",
            Self::Protocol => "protocol",
            Self::ScanFailed => "scan-failed",
            Self::Incomplete => "incomplete",
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
            Self::Delivery => "delivery",
            Self::Started => "started",
            Self::Passed => "passed",
        }
    }

    /// The process's exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Passed | Self::Started => 0,
            Self::Findings => 1,
            Self::Usage => 2,
            Self::Auth | Self::NoCredentials => 3,
            Self::Unavailable => 4,
            Self::Timeout => 5,
            Self::ScanFailed | Self::Incomplete => 6,
            Self::Protocol => 7,
            Self::Delivery => 8,
            Self::Internal => 70,
            Self::Interrupted(Signal::Interrupt) => 130,
            Self::Interrupted(Signal::Terminate) => 143,
        }
    }

    /// Whether `--on CLASS=warn` may soften it. A pass needs no softening, and the three others would hide a broken gate.
    pub fn can_be_softened(self) -> bool {
        !matches!(self, Self::Usage | Self::Internal | Self::Interrupted(_) | Self::Passed | Self::Started)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl Serialize for Class {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// An error as the reports see it: plain, redacted text and no source chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// How a run ends that has nothing worse.
    pub class: Class,
    /// What happened and where, in one lower-case line.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    /// Facts behind the message: request id, retries, time spent.
    pub detail: Vec<String>,
    /// Whether the same run may succeed later with nothing changed.
    pub retryable: bool,
}

/// Everything that can end a run early.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting that is missing, malformed or at odds with another.
    #[error(transparent)]
    Settings(#[from] settings::Error),
    /// A credential that is missing or cannot be read.
    #[error(transparent)]
    Credentials(#[from] credentials::Error),
    /// A request that did not bring an answer.
    #[error(transparent)]
    Http(#[from] http::Error),
    /// An answer that the platform's contract does not allow, or a refusal that it explains.
    #[error(transparent)]
    Platform(#[from] platform::Error),
    /// The source tree could not be archived.
    #[error(transparent)]
    Archive(#[from] scan::archive::Error),
    /// The wait for the scan's end was in vain.
    #[error(transparent)]
    Wait(#[from] scan::wait::Error),
    /// A report could not be written.
    #[error("cannot write {path}: {cause}")]
    Delivery {
        /// The report's path as the user gave it.
        path: String,
        /// The operating system's words.
        cause: String,
    },
    /// SIGINT or SIGTERM.
    #[error("interrupted by {}", match .0 { Signal::Interrupt => "SIGINT", Signal::Terminate => "SIGTERM" })]
    Interrupted(Signal),
    /// A bug: a state that was held to be impossible.
    #[error("internal error: {0}")]
    Internal(String),
}

impl Error {
    /// How a run ends that has nothing worse.
    pub fn class(&self) -> Class {
        match self {
            Self::Settings(_) => Class::Usage,
            Self::Credentials(error) => error.class(),
            Self::Http(error) => error.class(),
            Self::Platform(error) => error.class(),
            Self::Archive(error) => error.class(),
            Self::Wait(error) => error.class(),
            Self::Delivery { .. } => Class::Delivery,
            Self::Interrupted(signal) => Class::Interrupted(*signal),
            Self::Internal(_) => Class::Internal,
        }
    }

    /// What to do next, in one line.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Settings(error) => error.hint(),
            Self::Credentials(error) => error.hint(),
            Self::Http(error) => error.hint(),
            Self::Platform(error) => error.hint(),
            Self::Archive(error) => error.hint(),
            Self::Wait(error) => error.hint(),
            Self::Delivery { .. } => Some("check the path, and that its folder can be written".to_owned()),
            Self::Interrupted(_) => Some("a scan that was started goes on at the platform".to_owned()),
            Self::Internal(_) => Some("this is a bug in scangate; please report it with the text above".to_owned()),
        }
    }

    /// Facts behind the message.
    pub fn detail(&self) -> Vec<String> {
        match self {
            Self::Http(error) => error.detail(),
            Self::Platform(error) => error.detail(),
            _ => Vec::new(),
        }
    }

    /// Whether the same run may succeed later with nothing changed.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Http(error) => error.is_retryable(),
            Self::Platform(error) => error.is_retryable(),
            _ => matches!(self.class(), Class::Timeout | Class::Unavailable | Class::Delivery | Class::Interrupted(_)),
        }
    }

    /// The error as plain data.
    pub fn to_problem(&self) -> Problem {
        Problem {
            class: self.class(),
            message: self.to_string(),
            hint: self.hint(),
            detail: self.detail(),
            retryable: self.is_retryable(),
        }
    }
}
