//! What can go wrong with one attempt, and what follows from it.

use std::error::Error as StdError;
use std::time::Duration;
use std::{fmt, io};

use jiff::Timestamp;
use rustls::InvalidMessage;
use url::Url;

use super::error::Stage;
use super::origin::SafeUrl;
use super::{Replay, Reply};
use crate::error::Class;

/// Why one attempt brought no answer. Its text goes on from `GET https://host/path`.
#[derive(Debug)]
pub(super) enum Fault {
    /// Something on this side forbids or prevents the request. Nothing was sent.
    Local {
        /// Whose mistake it is.
        class: Class,
        /// What is wrong.
        problem: String,
        /// The way out.
        hint: &'static str,
    },
    /// The host name has no address. Nothing was sent.
    Unresolved(String),
    /// No connection came about. Nothing was sent.
    Unconnected(String),
    /// The proxy wants another user name and password than it was given, if any. Nothing of the request left it.
    ProxyRefused,
    /// The two sides do not agree on TLS, above all on a certificate. Nothing of the request was sent.
    Untrusted(String),
    /// What answers at that port does not speak TLS. Nothing of the request was sent.
    Plain,
    /// No whole answer came within the request's own time.
    TimedOut(Duration),
    /// The connection broke, before the answer or in the middle of it.
    Broken(String),
    /// The run's deadline passed.
    DeadlinePassed {
        /// Whether the request was on its way.
        sent: bool,
    },
    /// The next try is due when the run will be over.
    PastDeadline {
        /// What the next try was to mend.
        cause: Box<Self>,
        /// How long it had to be waited for.
        wait: Duration,
        /// What was left until the deadline.
        left: Duration,
    },
    /// The server says no.
    Refused(Box<Refusal>),
    /// The server points elsewhere.
    Redirected {
        /// A status from 300 to 399.
        status: u16,
        /// Where to.
        target: Option<Url>,
    },
    /// An answer that cannot be understood.
    Misunderstood {
        /// The answer's status.
        status: u16,
        /// What was expected and what came, going on from "answered 200 ".
        problem: String,
        /// The request's name at the server.
        request_id: Option<String>,
    },
}

/// A status that is neither 2xx nor expected.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The status.
    pub(super) status: u16,
    /// What the body says.
    pub(super) words: Option<String>,
    /// The request's name at the server.
    pub(super) request_id: Option<String>,
    /// The schemes by which the server wants to be signed in to.
    pub(super) schemes: Vec<String>,
    /// How long the server wants to be left alone.
    pub(super) wait: Option<Duration>,
    /// When that is over, on the machine's clock.
    pub(super) until: Option<Timestamp>,
    /// The answer itself, where the call wants it.
    pub(super) reply: Option<Reply>,
}

impl Fault {
    /// What the transport's error means. It names no URL: the transport's own text would show the query.
    pub(super) fn of_transport(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let cause = root_cause(&error);
        // The transport's errors of a tunnel are types of its own that it does not show; it has no more words for them than these.
        if error.is_connect() && cause == "tunnel error: proxy authorization required" {
            Self::ProxyRefused
        } else if error.is_connect() && cause == "tunnel error: unsuccessful" {
            Self::Unconnected("the proxy gives no way to the host, and does not say why".to_owned())
        } else if tls_error(&error)
            .is_some_and(|tls| matches!(tls, rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)))
        {
            Self::Plain
        } else if is_about_trust(&error) {
            Self::Untrusted(cause)
        } else if error.is_dns() {
            Self::Unresolved(cause)
        } else if error.is_connect() {
            Self::Unconnected(cause)
        } else {
            Self::Broken(cause)
        }
    }

    /// Whether nothing of the request can have reached the server.
    pub(super) fn is_unsent(&self) -> bool {
        match self {
            Self::Local { .. }
            | Self::Unresolved(_)
            | Self::Unconnected(_)
            | Self::ProxyRefused
            | Self::Untrusted(_)
            | Self::Plain => true,
            Self::DeadlinePassed { sent } => !sent,
            Self::PastDeadline { cause, .. } => cause.is_unsent(),
            Self::TimedOut(_)
            | Self::Broken(_)
            | Self::Refused(_)
            | Self::Redirected { .. }
            | Self::Misunderstood { .. } => false,
        }
    }

    /// Whether the same request may be sent again, in the hope that it ends better.
    pub(super) fn may_be_repeated(&self, replay: Replay) -> bool {
        match replay {
            Replay::Safe => self.is_transient(),
            Replay::IfUnsent => self.is_transient() && (self.is_unsent() || matches!(self.status(), Some(429 | 503))),
            Replay::Never => false,
        }
    }

    /// Whether it may go away by itself soon. A certificate does not.
    fn is_transient(&self) -> bool {
        match self {
            Self::Unresolved(_) | Self::Unconnected(_) | Self::TimedOut(_) | Self::Broken(_) => true,
            Self::Refused(refusal) => matches!(refusal.status, 408 | 425 | 429 | 500 | 502 | 503 | 504),
            Self::Local { .. }
            | Self::ProxyRefused
            | Self::Untrusted(_)
            | Self::Plain
            | Self::DeadlinePassed { .. }
            | Self::PastDeadline { .. }
            | Self::Redirected { .. }
            | Self::Misunderstood { .. } => false,
        }
    }

    /// Whether another run, later, may fare better with nothing changed.
    pub(super) fn is_retryable(&self) -> bool {
        self.is_transient()
            || matches!(self, Self::DeadlinePassed { .. } | Self::PastDeadline { .. })
            || self.status().is_some_and(|status| status >= 500)
    }

    /// How far it came.
    pub(super) fn stage(&self) -> Stage {
        match self {
            Self::PastDeadline { cause, .. } => cause.stage(),
            Self::Untrusted(_) | Self::Plain => Stage::Untrusted,
            _ if self.status().is_some() => Stage::Answered,
            _ if self.is_unsent() => Stage::Unconnected,
            _ => Stage::Unanswered,
        }
    }

    /// How long the server wants to be left alone.
    pub(super) fn told_wait(&self) -> Option<Duration> {
        match self {
            Self::Refused(refusal) => refusal.wait,
            _ => None,
        }
    }

    /// When a spent rate limit is reset.
    fn reset(&self) -> Option<Timestamp> {
        match self {
            Self::Refused(refusal) if refusal.status == 429 => refusal.until,
            _ => None,
        }
    }

    /// How a run ends that has nothing worse (DESIGN section 9).
    pub(super) fn class(&self) -> Class {
        match self {
            Self::Local { class, .. } => *class,
            // The address of the proxy is a setting of this machine, and the platform was never asked.
            Self::ProxyRefused => Class::Usage,
            Self::Unresolved(_)
            | Self::Unconnected(_)
            | Self::Untrusted(_)
            | Self::Plain
            | Self::TimedOut(_)
            | Self::Broken(_) => Class::Unavailable,
            Self::DeadlinePassed { .. } | Self::PastDeadline { .. } => Class::Timeout,
            Self::Refused(refusal) => match refusal.status {
                401..=403 => Class::Auth,
                408 | 425 | 429 | 500.. => Class::Unavailable,
                400..500 => Class::Usage,
                _ => Class::Protocol,
            },
            Self::Redirected { .. } | Self::Misunderstood { .. } => Class::Protocol,
        }
    }

    /// What to do next.
    pub(super) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Local { hint, .. } => Some(hint),
            Self::Unresolved(_) => Some("check the host name and, where a proxy is needed, HTTPS_PROXY and NO_PROXY"),
            Self::Unconnected(_) => {
                Some("check address and port, the network and, behind a proxy, HTTPS_PROXY and NO_PROXY")
            }
            Self::ProxyRefused => hint_for(407),
            Self::Untrusted(_) => Some(
                "if a private authority or an inspecting proxy signs the certificate, give its certificate with --ca-cert; if the \
                 server asks for one, --client-cert and --client-key",
            ),
            Self::Plain => Some("check scheme and port of the address and, behind a proxy, those in HTTPS_PROXY"),
            Self::TimedOut(_) | Self::Broken(_) => Some("the platform or the network fails; try again later"),
            Self::DeadlinePassed { .. } | Self::PastDeadline { .. } => {
                Some("allow more time with --timeout, or run again later")
            }
            Self::Refused(refusal) => hint_for(refusal.status),
            Self::Redirected { .. } => Some(
                "redirects are followed for reads only, within one origin, and five times at most; if the address it points to is \
                 right, configure that one",
            ),
            Self::Misunderstood { .. } => Some("check that the address is the platform's API, and what is in between"),
        }
    }

    /// The status, where an answer came.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(refusal) => Some(refusal.status),
            Self::Redirected { status, .. } | Self::Misunderstood { status, .. } => Some(*status),
            Self::PastDeadline { cause, .. } => cause.status(),
            _ => None,
        }
    }

    /// The server's own words, uncleaned.
    pub(super) fn words(&self) -> Option<&str> {
        match self {
            Self::Refused(refusal) => refusal.words.as_deref(),
            Self::PastDeadline { cause, .. } => cause.words(),
            _ => None,
        }
    }

    /// The refusal itself, where it was kept, uncleaned.
    pub(super) fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Refused(refusal) => refusal.reply.as_ref(),
            Self::PastDeadline { cause, .. } => cause.reply(),
            _ => None,
        }
    }

    /// The schemes by which the server wants to be signed in to.
    pub(super) fn schemes(&self) -> &[String] {
        match self {
            Self::Refused(refusal) => &refusal.schemes,
            _ => &[],
        }
    }

    /// The request's name at the server.
    pub(super) fn request_id(&self) -> Option<&str> {
        match self {
            Self::Refused(refusal) => refusal.request_id.as_deref(),
            Self::Misunderstood { request_id, .. } => request_id.as_deref(),
            Self::PastDeadline { cause, .. } => cause.request_id(),
            _ => None,
        }
    }
}

/// ` until its limit is reset at 2027-01-15T18:00:00Z`.
struct Reset(Option<Timestamp>);

impl fmt::Display for Reset {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.and_then(|time| Timestamp::from_second(time.as_second()).ok()) {
            Some(time) => write!(formatter, " until its limit is reset at {time}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local { problem, .. } => write!(formatter, "was not sent: {problem}"),
            Self::Unresolved(cause) => write!(formatter, "found no address for the host: {cause}"),
            Self::Unconnected(cause) => write!(formatter, "got no connection: {cause}"),
            Self::ProxyRefused => {
                write!(formatter, "got no connection: the proxy wants a user name and a password that it accepts (407)")
            }
            Self::Untrusted(cause) => write!(formatter, "got no trusted connection: {cause}"),
            Self::Plain => write!(formatter, "got no connection: the server speaks no TLS there"),
            Self::TimedOut(limit) => write!(formatter, "got no whole answer within {} s", limit.as_secs_f64()),
            Self::Broken(cause) => write!(formatter, "got no whole answer, the connection broke: {cause}"),
            Self::DeadlinePassed { sent: false } => write!(formatter, "was not sent: the run's deadline has passed"),
            Self::DeadlinePassed { sent: true } => write!(formatter, "got no whole answer before the run's deadline"),
            Self::PastDeadline { cause, wait, left } => write!(
                formatter,
                "{cause}{}, and the next try in {:.1} s would come after the run's deadline in {:.1} s",
                Reset(cause.reset()),
                wait.as_secs_f64(),
                left.as_secs_f64()
            ),
            Self::Refused(refusal) => write!(formatter, "answered {}", refusal.status),
            Self::Redirected { status, target: None } => {
                write!(formatter, "answered {status} without a place to go to")
            }
            Self::Redirected { status, target: Some(target) } => {
                write!(formatter, "answered {status}, a redirect to {} that is not followed", SafeUrl::new(target))
            }
            Self::Misunderstood { status, problem, .. } => write!(formatter, "answered {status} {problem}"),
        }
    }
}

fn hint_for(status: u16) -> Option<&'static str> {
    match status {
        401 => Some("check that the credential is valid and belongs to this address"),
        402 => Some("the plan does not include this, or its quota is spent"),
        403 => Some("the credential is known, but may not do this: check its permissions and the plan"),
        404 | 410 => {
            Some("check the ids and the address; what belongs to another account looks as if it did not exist")
        }
        407 => Some(
            "give the proxy its user name and password in HTTPS_PROXY, as http://user:password@host:port, percent-encoded",
        ),
        413 => Some("what was sent is larger than the server takes"),
        429 => Some("the rate limit is spent; run again later, or fewer runs at once"),
        408 | 425 | 500.. => Some("the platform does not serve at present; try again later"),
        _ => None,
    }
}

/// Whether TLS failed for a reason that stays, found while connecting, or told by the server afterwards, as TLS 1.3 does where a
/// client certificate is wanted.
fn is_about_trust(error: &reqwest::Error) -> bool {
    tls_error(error).is_some_and(|tls| error.is_connect() || matches!(tls, rustls::Error::AlertReceived(_)))
}

fn tls_error(error: &reqwest::Error) -> Option<&rustls::Error> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// The words of the last cause, which are the most telling: "connection refused" and not "error sending request".
pub(super) fn root_cause(error: &(dyn StdError + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

/// The error and what caused it, down to the last.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| cause_of(*error))
}

/// What an error wraps. An I/O error hides that from `source`.
fn cause_of<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16) -> Fault {
        Fault::Refused(Box::new(Refusal {
            status,
            words: None,
            request_id: None,
            schemes: Vec::new(),
            wait: None,
            until: None,
            reply: None,
        }))
    }

    #[test]
    fn statuses_have_the_classes_of_the_contract() {
        for (status, class) in [
            (400, Class::Usage),
            (401, Class::Auth),
            (402, Class::Auth),
            (403, Class::Auth),
            (404, Class::Usage),
            (408, Class::Unavailable),
            (409, Class::Usage),
            (410, Class::Usage),
            (413, Class::Usage),
            (422, Class::Usage),
            (425, Class::Unavailable),
            (429, Class::Unavailable),
            (500, Class::Unavailable),
            (503, Class::Unavailable),
            (599, Class::Unavailable),
            (199, Class::Protocol),
        ] {
            assert_eq!(refused(status).class(), class, "{status}");
        }
    }

    #[test]
    fn these_statuses_and_no_others_are_tried_again() {
        let again =
            |replay| -> Vec<u16> { (100..600).filter(|status| refused(*status).may_be_repeated(replay)).collect() };
        assert_eq!(again(Replay::Safe), [408, 425, 429, 500, 502, 503, 504]);
        assert_eq!(again(Replay::IfUnsent), [429, 503]);
        assert_eq!(again(Replay::Never), [0_u16; 0]);
    }

    #[test]
    fn what_may_have_been_sent_is_repeated_only_where_that_is_safe() {
        let broken = Fault::Broken("reset".to_owned());
        let slow = Fault::TimedOut(Duration::from_mins(1));
        let unconnected = Fault::Unconnected("refused".to_owned());
        for (fault, safe, if_unsent) in [(broken, true, false), (slow, true, false), (unconnected, true, true)] {
            assert_eq!(fault.may_be_repeated(Replay::Safe), safe, "{fault}");
            assert_eq!(fault.may_be_repeated(Replay::IfUnsent), if_unsent, "{fault}");
            assert!(!fault.may_be_repeated(Replay::Never), "{fault}");
        }
    }

    #[test]
    fn a_certificate_is_neither_tried_again_nor_worth_another_run() {
        let untrusted = Fault::Untrusted("invalid peer certificate: UnknownIssuer".to_owned());
        assert!(!untrusted.may_be_repeated(Replay::Safe) && !untrusted.is_retryable());
        assert_eq!(untrusted.class(), Class::Unavailable);
        assert!(untrusted.hint().unwrap().contains("--ca-cert"));
    }
}
