//! Keys: which are good, and until when (contract sections 1.2 to 1.4).

use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;

use super::Emulator;
use super::fault::CybriumFault;
use super::refusal::{Refusal, refusal};
use crate::sandbox::core::{after, lock};
use crate::sandbox::fault::Kind;

/// How long the old key is good after a rotation.
const OVERLAP: Duration = Duration::from_hours(24);
/// How long a key that was taken away is still accepted somewhere.
const SPREAD: Duration = Duration::from_secs(5);

/// When each of the two keys is good.
pub(super) struct Keys {
    current_from: Timestamp,
    current_until: Timestamp,
    previous_until: Timestamp,
}

impl Keys {
    /// A rotation has just begun.
    pub(super) fn new(now: Timestamp, current_from: Timestamp) -> Self {
        Self { current_from, current_until: Timestamp::MAX, previous_until: after(now, OVERLAP) }
    }

    /// The key is revoked.
    pub(super) fn revoke(&mut self, now: Timestamp) {
        self.current_until = self.current_until.min(after(now, SPREAD));
    }

    /// The rotation is finished: the old key goes before its time.
    pub(super) fn finish_rotation(&mut self, now: Timestamp) {
        self.previous_until = self.previous_until.min(after(now, SPREAD));
    }

    /// Both keys are dead at once.
    fn end_all(&mut self, now: Timestamp) {
        (self.current_until, self.previous_until) = (now, now);
    }
}

/// Lets only calls with a good key through.
pub(super) fn authorise(emulator: &Emulator, headers: &HeaderMap) -> Result<(), Refusal> {
    let now = emulator.core.now();
    {
        let mut keys = lock(&emulator.keys);
        if emulator.core.tokens_die() {
            keys.end_all(now);
        }
        let given = key(emulator, headers);
        let current = given == Some(emulator.key.expose()) && keys.current_from <= now && now < keys.current_until;
        let previous = given == Some(emulator.previous_key.expose()) && now < keys.previous_until;
        if !current && !previous {
            return Err(Refusal::unauthorized());
        }
    }
    emulator.core.count_call();
    if emulator.core.faults.has(Kind::NoAccess) {
        return Err(refusal(StatusCode::FORBIDDEN));
    }
    Ok(())
}

/// What stands behind the scheme's word.
fn key<'a>(emulator: &Emulator, headers: &'a HeaderMap) -> Option<&'a str> {
    let scheme = emulator.core.faults.find(|kind| match kind {
        Kind::Cybrium(CybriumFault::Scheme(word)) => Some(*word),
        _ => None,
    });
    let (word, key) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    word.eq_ignore_ascii_case(scheme.unwrap_or("Bearer")).then_some(key)
}
