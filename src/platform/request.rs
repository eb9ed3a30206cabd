//! What an entry asks of its platform.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;
use url::Url;

use super::{Region, ScanState};
use crate::credentials::Credential;
use crate::credentials::store::Hosts;

/// What an entry asks of its platform. Which fields matter is the platform's affair; it says so where one is missing.
#[derive(Clone)]
pub struct Request {
    /// The credential that was found, in one of the forms of [`super::About::credentials`].
    pub credential: Credential,
    /// `--region`, where it was given: a region that contradicts a URL is an error, and a default contradicts nothing.
    pub region: Option<Region>,
    /// `--api-url`.
    pub api_url: Option<Url>,
    /// `--auth-url`.
    pub auth_url: Option<Url>,
    /// `--auth-scheme`: the word before the credential in `Authorization`.
    pub auth_scheme: Option<String>,
    /// `--path NAME=TEMPLATE`: path templates by the names of [`super::About::paths`]. Each begins with one `/`.
    pub paths: BTreeMap<String, String>,
    /// `--state WORD=CLASS`: what the platform's words for the state of a scan mean, by [`state_word`].
    pub states: BTreeMap<String, StateWord>,
    /// `--project-id`.
    pub project_id: Option<String>,
    /// The branch that the platform is told.
    pub branch: Option<String>,
    /// The commit that the platform is told, in lower-case hexadecimal.
    pub commit: Option<String>,
    /// `--dir` as seen from the repository root, with `/`; empty when they are the same. Paths of findings get it as prefix.
    pub directory: String,
    /// `--image`, where an image is scanned.
    pub image: Option<String>,
    /// `--target`, where one is scanned: one printable line.
    pub target: Option<String>,
    /// Whether a SARIF file is uploaded, by `--sarif`. Cybrium has another address for that.
    pub sarif: bool,
    /// `--scan-type`.
    pub scan_type: Option<String>,
    /// `--framework`.
    pub frameworks: Vec<String>,
    /// `--ports`.
    pub ports: Option<String>,
    /// `--intensity`.
    pub intensity: Option<String>,
    /// `--authorized`: the user states that they may have the target scanned.
    pub authorized: bool,
    /// `--option KEY=JSON`: dotted paths from the root of the body that creates a scan, in the order in which they are merged with
    /// [`super::options::merge`].
    pub options: Vec<(String, Value)>,
}

impl Request {
    /// A request to the hosts that the settings chose, or where they say nothing, to those that a stored login was made for.
    pub fn at(credential: Credential, chosen: Hosts) -> Self {
        let hosts = match &credential.stored {
            Some(stored) => stored.login.hosts.with(chosen),
            None => chosen,
        };
        Self { region: hosts.region, api_url: hosts.api_url, auth_url: hosts.auth_url, ..Self::new(credential) }
    }

    /// A request that has a credential and asks for nothing else.
    pub fn new(credential: Credential) -> Self {
        Self {
            credential,
            region: None,
            api_url: None,
            auth_url: None,
            auth_scheme: None,
            paths: BTreeMap::new(),
            states: BTreeMap::new(),
            project_id: None,
            branch: None,
            commit: None,
            directory: String::new(),
            image: None,
            target: None,
            sarif: false,
            scan_type: None,
            frameworks: Vec::new(),
            ports: None,
            intensity: None,
            authorized: false,
            options: Vec::new(),
        }
    }
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
    /// Something that the platform reaches by itself, by the name of `--target`.
    Target(String),
    /// A SARIF file of another scanner.
    Sarif {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        length: u64,
    },
}

/// What a platform's word for the state of a scan means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateWord {
    /// It waits for its turn.
    Queued,
    /// It runs.
    Running,
    /// It ended well.
    Done,
    /// It failed.
    Failed,
    /// Somebody cancelled it.
    Stopped,
}

impl StateWord {
    /// All of them, with their words in `--state`.
    pub const ALL: [(&'static str, Self); 5] = [
        ("queued", Self::Queued),
        ("running", Self::Running),
        ("done", Self::Done),
        ("failed", Self::Failed),
        ("stopped", Self::Stopped),
    ];

    /// The state of a scan, with the platform's own words where it did not end well.
    pub fn state(self, reason: impl Into<String>) -> ScanState {
        match self {
            Self::Queued => ScanState::Queued,
            Self::Running => ScanState::Running { percent: None, step: None },
            Self::Done => ScanState::Done,
            Self::Failed => ScanState::Failed(reason.into()),
            Self::Stopped => ScanState::Stopped(reason.into()),
        }
    }
}

/// A platform's word for a state as it is compared: in lower case, with `_` for white space and hyphens.
pub fn state_word(text: &str) -> String {
    let lower = text.trim().to_lowercase();
    lower.chars().map(|character| if character.is_whitespace() || character == '-' { '_' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_states_are_compared_whatever_their_spelling() {
        for spelling in ["in_progress", "In Progress", " IN-PROGRESS\n"] {
            assert_eq!(state_word(spelling), "in_progress");
        }
    }
}
