//! How a request is authorised. Platforms differ here in data, not in code.

use std::time::Duration;

use url::Url;

use super::Replay;
use crate::credentials::Secret;
use crate::credentials::store::Stored;

/// What is put on a request.
#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "there is one for each platform of a run")]
pub enum Authorizer {
    /// Keys that do not change. The first is used until the server answers 401, then the next in order for the rest of the run:
    /// while a key is rotated, the old and the new one are both good for a while (`contracts/cybrium.md` section 1.4).
    Keys {
        /// Where the key goes.
        placement: Placement,
        /// The keys, at least one.
        keys: Vec<Secret>,
    },
    /// A short-lived token that a grant brings and renews, sent as `authorization: Bearer <token>`.
    Grant(Grant),
}

impl Authorizer {
    /// One key or token that does not change, sent as `authorization: Bearer <secret>`.
    pub fn bearer(secret: Secret) -> Self {
        Self::Keys { placement: Placement::bearer(), keys: vec![secret] }
    }
}

/// Where a key goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement {
    /// `authorization: <scheme> <key>`, with the scheme's word, such as `Bearer`.
    Authorization(String),
    /// The key alone in a header of its own, such as `x-api-key`. The name is in lower case.
    Header(&'static str),
}

impl Placement {
    /// `authorization: Bearer <key>` (RFC 6750 section 2.1).
    pub fn bearer() -> Self {
        Self::Authorization("Bearer".to_owned())
    }
}

/// How a short-lived token is got: a form that is posted, and what is believed of the answer.
#[derive(Clone)]
pub struct Grant {
    /// Where the form goes.
    pub token_url: Url,
    /// The form.
    pub form: Vec<(&'static str, Secret)>,
    /// Whether the form may be posted again after a lost answer: [`Replay::Safe`] for an exchange, [`Replay::Never`] for a
    /// password login, [`Replay::IfUnsent`] for a refresh token that is good once. A form of the last two kinds that was refused is
    /// not posted again in the whole run, whoever asks.
    pub replay: Replay,
    /// Where a token that still lives is traded for a fresh one, by a POST without a body under the token itself
    /// (`contracts/cyberorigen.md` section 1.3). It is on the origin of `token_url`.
    pub refresh_url: Option<Url>,
    /// The stored login that `form` is for, whose refresh token then goes with it as `refresh_token`. Its access token is used
    /// while it lives. The tokens of an answer are stored, under the store's lock, before they are used: a refresh token may be
    /// good once, and another process must neither use it again nor lose the next one (RFC 9700 section 4.14.2).
    pub stored: Option<Box<Stored>>,
    /// How often the form is posted in one run at most; `None` is without a limit. A login that nothing of can have reached the
    /// server is not counted.
    pub most_exchanges: Option<u32>,
    /// The longest that a token is taken to live, whatever `expires_in` says.
    pub longest_life: Duration,
    /// What a refusal means to the user, such as "the personal access token was refused".
    pub refusal: String,
    /// What to do about a refusal.
    pub remedy: String,
}

/// The fields of a token request that hold no secret (RFC 6749, RFC 8693). The values of all others are taken out of texts.
const PUBLIC_FIELDS: [&str; 10] = [
    "grant_type",
    "client_id",
    "scope",
    "resource",
    "audience",
    "username",
    "subject_token_type",
    "actor_token_type",
    "requested_token_type",
    "redirect_uri",
];

/// The secrets of a form.
pub(super) fn secrets_of<'a>(form: &'a [(&'static str, Secret)]) -> impl Iterator<Item = &'a Secret> {
    form.iter().filter(|(name, _)| !PUBLIC_FIELDS.contains(name)).map(|(_, value)| value)
}
