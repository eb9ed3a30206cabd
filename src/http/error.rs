//! Why a request brought no answer.

use std::fmt;
use std::time::Duration;

use url::Url;

use super::call::{Call, Reply};
use super::fault::Fault;
use super::origin::SafeUrl;
use super::redact::Redactor;
use super::words;
use crate::error::Class;

/// A request that did not bring an answer. Every text in it is redacted and, but for
/// [`Error::refusal`], of one line and free of control characters.
#[derive(Clone, Debug)]
pub struct Error(Box<Facts>);

#[derive(Clone, Debug)]
struct Facts {
    message: String,
    /// The message that a more telling one has taken the place of.
    behind: Option<String>,
    class: Class,
    hint: Option<String>,
    status: Option<u16>,
    server_message: Option<String>,
    request_id: Option<String>,
    schemes: Vec<String>,
    retryable: bool,
    unsent: bool,
    stage: Stage,
    refusal: Option<Reply>,
}

/// How far the last attempt at a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It was not tried, or nobody was found or listened: there was no connection.
    Unconnected,
    /// The two sides did not agree on TLS, above all on a certificate.
    Untrusted,
    /// It was on its way, and no answer came.
    Unanswered,
    /// An answer came, be it a refusal.
    Answered,
}

/// What a call has cost.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Effort {
    /// Attempts after the first that a failure brought about.
    pub(super) retries: u32,
    /// From the call's beginning, waits included.
    pub(super) spent: Duration,
}

impl Error {
    /// The end of a call.
    pub(super) fn of_call(call: &Call, fault: &Fault, effort: Effort, unsent: bool, redactor: &Redactor) -> Self {
        let clean = |text: &str| words::one_line(text, |line| call.conceal(&redactor.clean(line)));
        let attempts = if effort.retries == 0 { String::new() } else { format!(" (after {effort})") };
        Self(Box::new(Facts {
            message: format!(
                "{} {} {}{attempts}",
                call.method.as_str(),
                clean(&SafeUrl::new(&call.url).to_string()),
                clean(&fault.to_string())
            ),
            behind: None,
            class: fault.class(),
            hint: fault.hint().map(str::to_owned),
            status: fault.status(),
            server_message: fault.words().map(clean).filter(|words| !words.is_empty()),
            request_id: fault.request_id().map(clean),
            schemes: fault.schemes().to_vec(),
            retryable: fault.is_retryable(),
            unsent,
            stage: fault.stage(),
            refusal: fault.reply().map(|reply| reply.redacted(redactor)),
        }))
    }

    /// A mistake that shows before there is a request.
    pub(super) fn local(class: Class, message: String, hint: &str) -> Self {
        Self(Box::new(Facts {
            message,
            behind: None,
            class,
            hint: Some(hint.to_owned()),
            status: None,
            server_message: None,
            request_id: None,
            schemes: Vec::new(),
            retryable: false,
            unsent: true,
            stage: Stage::Unconnected,
            refusal: None,
        }))
    }

    /// An answer that came, and in which something does not hold.
    pub(super) fn protocol(url: &Url, problem: &str, hint: &str) -> Self {
        let mut error = Self::local(Class::Protocol, format!("{} {problem}", SafeUrl::new(url)), hint);
        error.0.unsent = false;
        error.0.stage = Stage::Answered;
        error
    }

    /// The same failure, told in the terms of what was refused.
    pub(super) fn meaning(mut self, class: Class, message: &str, hint: &str) -> Self {
        self.0.behind = Some(std::mem::replace(&mut self.0.message, message.to_owned()));
        self.0.class = class;
        self.0.hint = Some(hint.to_owned());
        self.0.retryable = false;
        self
    }

    /// Whether it already says what it means: that a sign-in was refused. Its status is then the sign-in's, and says nothing of the
    /// call that needed it.
    pub fn has_meaning(&self) -> bool {
        self.0.behind.is_some()
    }

    /// Adds to the message what was done about it in vain, if anything was.
    pub(super) fn after(mut self, done: Option<&str>) -> Self {
        if let Some(done) = done {
            self.0.message = format!("{}; {done}", self.0.message);
        }
        self
    }

    /// The failure of what has to come before a call, as the call's own: whether that was sent is another matter.
    pub(super) fn before_call(mut self, unsent: bool) -> Self {
        self.0.unsent = unsent;
        self
    }

    /// The HTTP status, where an answer came.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The refusal itself, redacted, where [`Call::keep_refusal`] asked for it and it was read whole. Its headers and body are
    /// otherwise as they came.
    pub fn refusal(&self) -> Option<&Reply> {
        self.0.refusal.as_ref()
    }

    /// The server's own words, redacted, in one line.
    pub fn server_message(&self) -> Option<&str> {
        self.0.server_message.as_deref()
    }

    /// Whether the server wants to be signed in to by this scheme, such as `DPoP` (RFC 9449 section 7.1).
    pub fn demands(&self, scheme: &str) -> bool {
        self.0.schemes.iter().any(|own| own.eq_ignore_ascii_case(scheme))
    }

    /// The request's name at the server, for a question to its support.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Whether no attempt can have reached the server: what the request was to bring about has then not happened.
    pub fn is_unsent(&self) -> bool {
        self.0.unsent
    }

    /// Whether the request may have been carried out though no answer says so: it was lost on its way back, could not be read, or
    /// is that of a server that failed at it.
    pub fn may_have_arrived(&self) -> bool {
        !self.is_unsent() && self.status().is_none_or(|status| matches!(status, 200..300 | 500 | 502 | 504))
    }

    /// How far its last attempt came.
    pub fn stage(&self) -> Stage {
        self.0.stage
    }

    /// How a run ends that has nothing worse.
    pub fn class(&self) -> Class {
        self.0.class
    }

    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        self.0.hint.clone()
    }

    /// The server's words, the request behind the message and the request id: one fact a line.
    pub fn detail(&self) -> Vec<String> {
        let facts = &self.0;
        [
            facts.server_message.as_ref().map(|words| format!("the server says: {words}")),
            facts.behind.clone(),
            facts.request_id.as_ref().map(|id| format!("request id: {id}")),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.message)
    }
}

/// `4 retries in 8.4 s`.
impl fmt::Display for Effort {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.retries == 1 { "retry" } else { "retries" };
        write!(formatter, "{} {noun} in {:.1} s", self.retries, self.spent.as_secs_f64())
    }
}
