//! What a client of Cybrium has to be told.

use crate::credentials::Secret;

/// Addresses and keys, random each time. They are good for nothing else.
#[derive(Clone)]
pub struct CybriumAccess {
    /// The base URL for scans that the platform runs, with its `/v1` and without a slash at the end.
    pub api_url: String,
    /// The base URL for uploads, with its `/api` and without a slash at the end.
    pub upload_url: String,
    /// The key.
    pub key: Secret,
    /// The key before it, which is accepted for 24 hours more.
    pub previous_key: Secret,
    /// The names of the workspace's targets, of which the first has findings and the second has none.
    pub targets: Vec<&'static str>,
}

impl CybriumAccess {
    /// The environment variables that tell a client all of this, with a target to scan.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let mut variables =
            vec![("CYBRIUM_API_URL", self.api_url.clone()), ("CYBRIUM_API_KEY", self.key.expose().to_owned())];
        variables.extend(self.targets.first().map(|target| ("SCANGATE_CYBRIUM_TARGET", (*target).to_owned())));
        variables
    }

    /// What is needed for uploads, and during a rotation.
    pub fn remarks(&self) -> Vec<String> {
        vec![
            format!("to upload a SARIF file: export CYBRIUM_API_URL={}", self.upload_url),
            format!("during a rotation: export CYBRIUM_API_KEY_PREVIOUS={}", self.previous_key.expose()),
        ]
    }
}
