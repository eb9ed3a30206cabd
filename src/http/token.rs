//! What a request is signed with: one of some keys, or a token that a grant brings.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::grant::{Placement, secrets_of};
use super::renewal::Renewal;
use super::{Authorizer, Client, Error, Redactor};
use crate::credentials::Secret;
use crate::error::Class;

/// Puts keys and tokens on requests.
pub(super) struct Signer {
    placement: Placement,
    source: Source,
}

enum Source {
    /// Keys for the whole run, and which of them is in use.
    Keys { keys: Vec<Secret>, current: AtomicUsize },
    /// Tokens of a grant.
    Renewal(Box<Renewal>),
}

/// What one request is signed with.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) secret: Secret,
    /// Which of the run's keys or tokens this is, counted from 0.
    pub(super) serial: usize,
    /// On `Clock::monotonic`.
    pub(super) renew_at: Duration,
    /// On `Clock::monotonic`.
    pub(super) ends_at: Duration,
}

impl Signer {
    /// Teaches the redactor every secret of `authorizer`.
    pub(super) fn new(authorizer: Authorizer, redactor: &Redactor) -> Self {
        match authorizer {
            Authorizer::Keys { placement, keys } => {
                for key in &keys {
                    redactor.learn(key);
                }
                Self { placement, source: Source::Keys { keys, current: AtomicUsize::new(0) } }
            }
            Authorizer::Grant(grant) => {
                secrets_of(&grant.form).for_each(|secret| redactor.learn(secret));
                Self { placement: Placement::bearer(), source: Source::Renewal(Box::new(Renewal::new(grant))) }
            }
        }
    }

    /// Puts one token that is known already on requests as a bearer.
    pub(super) fn bearer(secret: Secret) -> Self {
        let source = Source::Keys { keys: vec![secret], current: AtomicUsize::new(0) };
        Self { placement: Placement::bearer(), source }
    }

    /// Where the secret goes.
    pub(super) fn placement(&self) -> &Placement {
        &self.placement
    }

    /// Whether a credential is exchanged for tokens.
    pub(super) fn exchanges(&self) -> bool {
        matches!(self.source, Source::Renewal(_))
    }

    /// A token that is good for the next request.
    pub(super) async fn token(&self, client: &Client) -> Result<Token, Error> {
        match &self.source {
            Source::Keys { keys, current } => {
                let serial = current.load(Ordering::Relaxed);
                let Some(secret) = keys.get(serial) else {
                    return Err(Error::local(
                        Class::NoCredentials,
                        "there is no key to sign in with; nothing was sent".to_owned(),
                        "configure the platform's credential",
                    ));
                };
                Ok(Token { secret: secret.clone(), serial, renew_at: Duration::MAX, ends_at: Duration::MAX })
            }
            Source::Renewal(renewal) => renewal.token(client).await,
        }
    }

    /// How often one call may have got another token when it is refused with this one, and still get another.
    pub(super) async fn renewals_after(&self, refused: &Token) -> u32 {
        match &self.source {
            Source::Keys { keys, .. } if refused.serial + 1 < keys.len() => {
                u32::try_from(keys.len() - 1).unwrap_or(u32::MAX)
            }
            Source::Keys { .. } => 0,
            Source::Renewal(renewal) => u32::from(renewal.can_replace(refused).await),
        }
    }

    /// Uses a token no more that was refused, unless another call has replaced it already.
    pub(super) async fn discard(&self, refused: &Token) {
        match &self.source {
            Source::Keys { current, .. } => {
                let next = refused.serial + 1;
                if current.compare_exchange(refused.serial, next, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                    tracing::warn!("key {next} of the platform was refused with 401; the next one is used from now on");
                }
            }
            Source::Renewal(renewal) => renewal.discard(refused).await,
        }
    }

    /// What was done about a refused token in vain, going on from "answered 401".
    pub(super) async fn account(&self, renewals: u32) -> Option<String> {
        match &self.source {
            Source::Keys { keys, .. } if keys.len() > 1 => Some(format!("none of the {} keys is accepted", keys.len())),
            Source::Keys { .. } => None,
            Source::Renewal(renewal) => renewal.account(renewals).await,
        }
    }

    /// How many keys were refused and are used no more.
    pub(super) fn keys_refused(&self) -> usize {
        match &self.source {
            Source::Keys { current, .. } => current.load(Ordering::Relaxed),
            Source::Renewal(_) => 0,
        }
    }
}
