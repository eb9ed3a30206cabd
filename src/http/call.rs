//! One request, as data: what is sent, whether it may be sent again, and which answers are expected.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use url::Url;

use super::grant::secrets_of;
use super::redact::Redactor;
use crate::credentials::Secret;

/// The shortest secret, in characters, that is taken out of what is said of its own request. Shorter ones are in every other word.
const SHORTEST_CONCEALED: usize = 4;

/// Whether a request may be sent again after a failure (DESIGN section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// Reads, token exchange, PUT of the same archive: sending it twice changes nothing.
    Safe,
    /// Creating a scan: again only when nothing can have reached the server, or on 429 and 503, by which a server says that it
    /// did nothing.
    IfUnsent,
    /// A password login: an attempt counts, whatever comes of it.
    Never,
}

/// The HTTP method of a [`Call`] (RFC 9110 section 9, RFC 5789).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// HEAD.
    Head,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

impl Method {
    /// All methods.
    pub const ALL: [Self; 6] = [Self::Get, Self::Head, Self::Post, Self::Put, Self::Patch, Self::Delete];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// The method of that name, in capital or small letters.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(word))
    }

    /// Whether it changes nothing at the server.
    pub fn is_read(self) -> bool {
        matches!(self, Self::Get | Self::Head)
    }

    /// Whether a request of which nothing else is known may be sent again: what changes something only if it was not sent. HTTP
    /// calls PUT and DELETE idempotent, but not every server keeps to that.
    pub fn replay(self) -> Replay {
        if self.is_read() { Replay::Safe } else { Replay::IfUnsent }
    }
}

/// What a request carries.
#[derive(Clone)]
pub enum Body {
    /// Nothing.
    Empty,
    /// A JSON document.
    Json(String),
    /// A form, of which some values are secrets.
    Form(Vec<(&'static str, Secret)>),
    /// Bytes of any type.
    Raw {
        /// The media type, such as `application/json`.
        content_type: String,
        /// The bytes.
        content: Bytes,
    },
    /// A file, opened anew for each attempt and sent with its exact length.
    File {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        length: u64,
    },
    /// A form with one part (RFC 7578), which is a file, opened anew for each attempt and sent with its exact length.
    Multipart {
        /// The name of the part.
        field: String,
        /// The name of the file, as the server is told.
        file_name: String,
        /// The media type of the file.
        content_type: String,
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        length: u64,
    },
}

impl Body {
    /// Bytes of a file in it.
    pub(super) fn file_length(&self) -> u64 {
        match self {
            Self::File { length, .. } | Self::Multipart { length, .. } => *length,
            Self::Empty | Self::Json(_) | Self::Form(_) | Self::Raw { .. } => 0,
        }
    }
}

/// What becomes of the body of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusals {
    /// Its words are told, and the rest is not read.
    Told,
    /// It is kept whole.
    Kept,
}

/// One request.
#[derive(Clone)]
pub struct Call {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Body,
    pub(super) replay: Replay,
    pub(super) expected: Vec<u16>,
    pub(super) timeout: Option<Duration>,
    pub(super) attempts: Option<u32>,
    pub(super) accepts_json: bool,
    pub(super) poll: bool,
    pub(super) private: bool,
    pub(super) refusal: Refusals,
}

impl Call {
    /// A read.
    pub fn get(url: Url) -> Self {
        Self::new(Method::Get, url, Body::Empty, Replay::Safe)
    }

    /// A POST of a JSON document, or of nothing.
    pub fn post_json(url: Url, document: Option<&impl Serialize>, replay: Replay) -> Result<Self, serde_json::Error> {
        let body = document.map(serde_json::to_string).transpose()?.map_or(Body::Empty, Body::Json);
        Ok(Self::new(Method::Post, url, body, replay))
    }

    /// A POST of a form.
    pub fn post_form(url: Url, fields: Vec<(&'static str, Secret)>, replay: Replay) -> Self {
        Self::new(Method::Post, url, Body::Form(fields), replay)
    }

    /// A PUT of a file of `length` bytes.
    pub fn put_file(url: Url, path: PathBuf, length: u64) -> Self {
        Self::new(Method::Put, url, Body::File { path, length }, Replay::Safe)
    }

    /// Any request.
    pub fn new(method: Method, url: Url, body: Body, replay: Replay) -> Self {
        Self {
            method,
            url,
            headers: Vec::new(),
            body,
            replay,
            expected: Vec::new(),
            timeout: None,
            attempts: None,
            accepts_json: false,
            poll: false,
            private: false,
            refusal: Refusals::Told,
        }
    }

    /// A DELETE without a body. It is sent again only if nothing of it can have reached the server.
    pub fn delete(url: Url) -> Self {
        Self::new(Method::Delete, url, Body::Empty, Replay::IfUnsent)
    }

    /// Marks a request that is made again and again until something has come about. It keeps off the last requests of a server's
    /// rate limit, which the run needs to end well.
    #[must_use]
    pub fn poll(mut self) -> Self {
        self.poll = true;
        self
    }

    /// Asks for JSON where [`Reply`]'s bytes are wanted: an answer that is HTML is then an error.
    #[must_use]
    pub fn accept_json(mut self) -> Self {
        self.accepts_json = true;
        self
    }

    /// Keeps the answer out of raw copies: it is a secret.
    #[must_use]
    pub fn private(mut self) -> Self {
        self.private = true;
        self
    }

    /// Keeps the whole answer of a refusal for [`super::Error::refusal`]: for those who want to read it themselves.
    #[must_use]
    pub fn keep_refusal(mut self) -> Self {
        self.refusal = Refusals::Kept;
        self
    }

    /// The text without the secrets of the call's own form, however short: a server that refuses an MFA code may repeat it.
    pub(super) fn conceal(&self, text: &str) -> String {
        let Body::Form(fields) = &self.body else { return text.to_owned() };
        let secrets =
            secrets_of(fields).map(Secret::expose).filter(|secret| secret.chars().count() >= SHORTEST_CONCEALED);
        secrets.fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
    }

    /// Adds a header, or replaces the client's own. The name is in lower case.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Takes this status, beyond 2xx, for an answer and not for an error.
    #[must_use]
    pub fn expect_status(mut self, status: u16) -> Self {
        self.expected.push(status);
        self
    }

    /// Limits one attempt to less than the client's own 60 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the number of attempts, the first included, in place of the client's own.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = Some(attempts);
        self
    }
}

/// An answer whose body has been read.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status: 2xx or one of [`Call::expect_status`], or that of a refusal.
    pub status: u16,
    /// What the server says of itself, the answer and its limits, uncleaned: names in lower case, none of a header that may hold a
    /// credential.
    pub headers: Vec<(&'static str, String)>,
    /// The body, within the client's bound.
    pub body: Bytes,
    /// Whether an earlier attempt of the same call may have been carried out: it was sent, and its answer was lost or an error.
    pub repeated: bool,
    /// The media type of the body, as the server says, uncleaned.
    pub content_type: Option<String>,
    /// Where the server says that what the request made can be found (`Location`). It may be on any origin.
    pub location: Option<Url>,
}

impl Reply {
    /// The answer without secrets.
    #[must_use]
    pub fn redacted(&self, redactor: &Redactor) -> Self {
        let clean = |text: &str| redactor.clean(text);
        Self {
            headers: self.headers.iter().map(|(name, value)| (*name, clean(value))).collect(),
            body: redactor.clean_bytes(&self.body).into(),
            content_type: self.content_type.as_deref().map(clean),
            // An address with a secret in it leads nowhere without it.
            location: self.location.clone().filter(|location| clean(location.as_str()) == location.as_str()),
            ..self.clone()
        }
    }
}
