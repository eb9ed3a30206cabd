//! What a single call of a platform's API needs to know (`scangate api`): how the platform is reached, and nothing of scans.

use std::time::Duration;

use super::connection::ConnectionSettings;
use super::entry::refuse_unused;
use super::keys::Key;
use super::layers::Layers;
use super::{Error, credential, keys, network, scan};
use crate::http;

/// The deadline of a call, its repetitions included. It outlasts a restart of the server, and an attempt that takes its whole minute.
const USUAL_TIMEOUT: Duration = Duration::from_mins(5);

/// The settings of a call. All others are those of a scan, and are not looked at.
static KEYS: [&Key; 18] = [
    &keys::PLATFORM_NAME,
    &keys::REGION,
    &keys::API_URL,
    &keys::AUTH_URL,
    &keys::AUTH_SCHEME,
    &keys::PAT,
    &keys::TOKEN_FILE,
    &keys::TOKEN_COMMAND,
    &keys::TIMEOUT,
    &keys::CA_CERT,
    &keys::CLIENT_CERT,
    &keys::CLIENT_KEY,
    &keys::INSECURE_HTTP,
    &keys::LOG_FORMAT,
    &keys::VERBOSE,
    &keys::QUIET,
    &keys::COLOR,
    &keys::NO_PROGRESS,
];

/// Everything that `scangate api` needs to know beside the call itself.
pub struct ApiSettings {
    /// How the platform is reached.
    pub connection: ConnectionSettings,
    /// `--timeout`: the deadline of the call, its repetitions included.
    pub timeout: Duration,
    /// How the network is reached.
    pub http: http::Options,
    /// What people should know of their settings, in sentences.
    pub warnings: Vec<String>,
}

impl ApiSettings {
    /// Whether a setting matters to a call.
    pub fn includes(key: &Key) -> bool {
        KEYS.iter().any(|known| known.name == key.name)
    }

    /// Reads them from the layers.
    ///
    /// # Errors
    /// The first value that cannot be read, is missing, or is at odds with another.
    pub fn resolve(layers: &Layers<'_>) -> Result<Self, Error> {
        layers.refuse_misplaced_secrets()?;
        let http = network::options(layers)?;
        let platform = scan::platform(layers)?.ok_or_else(scan::no_platform)?;
        refuse_unused(layers, platform.about(), KEYS.into_iter())?;
        let layers = &layers.with_variables_of(platform.about());
        let connection = ConnectionSettings::resolve(layers, platform, true, http.insecure_http)?;
        let warnings = credential::warnings(layers, platform.about(), connection.credential.as_ref());
        let timeout =
            layers.value(&keys::TIMEOUT).map(|sourced| sourced.duration(scan::SHORTEST_TIMEOUT)).transpose()?;
        Ok(Self { connection, timeout: timeout.unwrap_or(USUAL_TIMEOUT), http, warnings })
    }
}
