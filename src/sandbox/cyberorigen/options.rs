//! What CyberOrigen's emulator can be told when it is started.

use std::time::Duration;

use crate::credentials::Secret;

/// How long an access token lives (contract section 1.2).
pub(super) const TOKEN_LIFETIME: Duration = Duration::from_hours(1);

/// Everything that can be chosen; the default is a platform that works, with random credentials.
#[derive(Default)]
pub struct CyberOrigenOptions {
    /// The account's password; a random one when not given.
    pub password: Option<Secret>,
    /// The API key; a random one when not given.
    pub api_key: Option<Secret>,
}
