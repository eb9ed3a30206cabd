//! How a request is authorised. Platforms differ here in data, not in code.

use std::time::Duration;

use url::Url;

use crate::credentials::Secret;

/// What is put on a request.
#[derive(Clone)]
pub enum Authorizer {
    /// A fixed bearer token or key.
    Bearer(Secret),
    /// A short-lived token that a grant brings and renews.
    Grant(Grant),
}

/// How a short-lived token is got: a form that is posted, and what is believed of the answer.
#[derive(Clone)]
pub struct Grant {
    /// Where the form goes.
    pub token_url: Url,
    /// The form. Posting it again must be harmless.
    pub form: Vec<(&'static str, Secret)>,
    /// The longest that a token is taken to live, whatever `expires_in` says.
    pub longest_life: Duration,
    /// What a refusal means to the user, such as "the personal access token was refused".
    pub refusal: String,
    /// What to do about a refusal.
    pub remedy: String,
}
