//! What the last answer of an origin told beside its content: of time, of limits, and of the certificate in front of it.

use std::time::Duration;

use jiff::SignedDuration;

use super::certificate::Certificate;
use super::head::Head;

/// What the last answer of an origin told, kept where [`super::Options::keep_sights`] asks for it.
#[derive(Clone, Default)]
pub struct Sight {
    /// How far the machine's clock is ahead of the server's (`Date`, which knows whole seconds); below zero, behind it.
    pub ahead: Option<SignedDuration>,
    /// `X-RateLimit-Limit`: requests of a window.
    pub limit: Option<u64>,
    /// `X-RateLimit-Remaining`: requests left in it.
    pub remaining: Option<u32>,
    /// `X-RateLimit-Reset`: until it ends.
    pub resets_in: Option<Duration>,
    /// The server's certificate, which has been verified, as far as it was understood.
    pub certificate: Option<Certificate>,
}

impl Sight {
    /// Reads an answer; `der` is the certificate of the connection on which it came.
    pub(super) fn of(head: &Head, der: Option<&[u8]>) -> Self {
        let header = |name: &str| head.headers.iter().find(|(own, _)| *own == name).map(|(_, value)| value.trim());
        Self {
            ahead: header("date").and_then(super::rate_limit::http_date).map(|date| head.read_at.duration_since(date)),
            limit: header("x-ratelimit-limit").and_then(|limit| limit.parse().ok()),
            remaining: head.rate_limit.remaining,
            resets_in: head.rate_limit.resets_in,
            certificate: der.and_then(Certificate::read),
        }
    }

    /// The same with what an earlier answer told and this one does not.
    #[must_use]
    pub(super) fn or(self, earlier: Self) -> Self {
        Self {
            ahead: self.ahead.or(earlier.ahead),
            limit: self.limit.or(earlier.limit),
            remaining: self.remaining.or(earlier.remaining),
            resets_in: self.resets_in.or(earlier.resets_in),
            certificate: self.certificate.or(earlier.certificate),
        }
    }
}
