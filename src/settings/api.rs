//! What a single call of a platform's API needs to know (`scangate api`): how the platform is reached, and nothing of scans.

use std::time::Duration;

use super::connection::ConnectionSettings;
use super::entry::refuse_unused_of;
use super::keys::Key;
use super::layers::Layers;
use super::named::{self, Named};
use super::{Error, credential, keys, network, scan};
use crate::http;

/// The deadline of a call, its repetitions included. It outlasts a restart of the server, and an attempt that takes its whole minute.
const USUAL_TIMEOUT: Duration = Duration::from_mins(5);

/// The settings of a call. All others are those of a scan, and are not looked at.
static KEYS: [&Key; 19] = [
    &keys::CONFIG,
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
        let named = named::entries(layers)?;
        let [entry] = named.as_slice() else { return Err(not_one(&named)) };
        named::refuse_unbound(layers, &named)?;
        let about = entry.platform.about();
        let layers = &layers.of_entry(entry, true).with_variables_of(about);
        refuse_unused_of(KEYS.into_iter(), about, layers)?;
        let connection = ConnectionSettings::resolve(layers, entry, http.insecure_http)?;
        let warnings = credential::warnings(layers, about, connection.credential.as_ref());
        let timeout =
            layers.value(&keys::TIMEOUT).map(|sourced| sourced.duration(scan::SHORTEST_TIMEOUT)).transpose()?;
        Ok(Self { connection, timeout: timeout.unwrap_or(USUAL_TIMEOUT), http, warnings })
    }
}

/// A call goes to one platform.
fn not_one(entries: &[Named]) -> Error {
    let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    if names.is_empty() {
        return scan::no_platform();
    }
    Error::new(format!("a call goes to one platform, and the settings have {}", names.join(", ")))
        .with_hint("choose one with --platform NAME")
}
