//! What a client of CybeDefend has to be told.

use crate::credentials::Secret;

/// Addresses and credentials, random each time unless they were given. The credential is good for nothing else.
#[derive(Clone)]
pub struct CybeDefendAccess {
    /// The API's URL, without a slash at the end.
    pub api_url: String,
    /// The identity provider's URL, without a slash at the end.
    pub auth_url: String,
    /// The object storage's URL, without a slash at the end.
    pub storage_url: String,
    /// The personal access token that is accepted.
    pub pat: Secret,
    /// The id of the one project.
    pub project_id: String,
}

impl CybeDefendAccess {
    /// The environment variables that tell a client all of this, with the vendor's own names.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("CYBEDEFEND_API_URL", self.api_url.clone()),
            ("CYBEDEFEND_AUTH_ENDPOINT", self.auth_url.clone()),
            ("CYBEDEFEND_PAT", self.pat.expose().to_owned()),
            ("CYBEDEFEND_PROJECT_ID", self.project_id.clone()),
        ]
    }
}
