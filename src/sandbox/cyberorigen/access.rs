//! What a client of CyberOrigen has to be told.

use crate::credentials::Secret;

/// Addresses and credentials, random each time unless they were given. They are good for nothing else.
#[derive(Clone)]
pub struct CyberOrigenAccess {
    /// The base URL with its `/api/v1`, without a slash at the end.
    pub api_url: String,
    /// The e-mail address of the account.
    pub username: String,
    /// The account's password.
    pub password: Secret,
    /// The one code that the account's second factor takes, once, where the fault `mfa` is on.
    pub mfa_code: Option<String>,
    /// The key that is accepted as `X-API-Key`, instead of a login.
    pub api_key: Secret,
}

impl CyberOrigenAccess {
    /// The environment variables that tell a client all of this but the key: a client takes one or the other.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let mut variables = vec![
            ("SCANGATE_CYBERORIGEN_API_URL", self.api_url.clone()),
            ("CYBERORIGEN_USERNAME", self.username.clone()),
            ("CYBERORIGEN_PASSWORD", self.password.expose().to_owned()),
        ];
        variables.extend(self.mfa_code.iter().map(|code| ("CYBERORIGEN_MFA_CODE", code.clone())));
        variables
    }

    /// The other way to be let in.
    pub fn remarks(&self) -> Vec<String> {
        vec![format!("instead of user name and password: export CYBERORIGEN_API_KEY={}", self.api_key.expose())]
    }
}
