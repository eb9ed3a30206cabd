//! One request, as data: what is sent, whether it may be sent again, and which answers are expected.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use url::Url;

use crate::credentials::Secret;

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

/// The HTTP method of a [`Call`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
}

impl Method {
    /// The word on the wire.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
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
    /// A file, opened anew for each attempt and sent with its exact length.
    File {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        length: u64,
    },
}

impl Body {
    /// What is said of its type. A file's type is the caller's to say: a signed URL may bind it.
    pub(super) fn content_type(&self) -> Option<&'static str> {
        match self {
            Self::Json(_) => Some("application/json"),
            Self::Form(_) => Some("application/x-www-form-urlencoded"),
            Self::Empty | Self::File { .. } => None,
        }
    }
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

    fn new(method: Method, url: Url, body: Body, replay: Replay) -> Self {
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
        }
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
    /// The status, 2xx or one of [`Call::expect_status`].
    pub status: u16,
    /// The body, within the client's bound.
    pub body: bytes::Bytes,
    /// Whether an earlier attempt of the same call may have been carried out: it was sent, and its answer was lost or an error.
    pub repeated: bool,
}
