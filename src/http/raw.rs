//! Redacted copies of what a platform answers (`--save-raw`), for a look at what it really says.

use std::fs::DirBuilder;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use fs_err::OpenOptions;
use fs_err::os::unix::fs::OpenOptionsExt as _;
use serde::Serialize;
use serde_json::{Map, Value};

use super::blank::blank;
use super::call::Call;
use super::error::Error;
use super::head::Head;
use super::origin::SafeUrl;
use super::redact::Redactor;
use super::words;
use crate::blocking;
use crate::error::Class;
use crate::json;

/// The largest body that is copied. A page of findings has some hundred kilobytes.
const LARGEST: usize = 8 << 20;

/// The longest text that is copied of a body that is not JSON, in characters: enough to see whose page it is.
const LONGEST_TEXT: usize = 16 << 10;

/// The folder of one run's copies.
pub(super) struct RawCopies {
    folder: PathBuf,
    answers: AtomicU64,
}

impl RawCopies {
    /// Makes the folder, for its owner only. One that is there already is an error of class `usage`: copies of two runs would mix,
    /// and others might be able to read them.
    pub(super) fn create(folder: &Path) -> Result<Self, Error> {
        let make = |recursive, path: &Path| DirBuilder::new().mode(0o700).recursive(recursive).create(path);
        folder.parent().map_or(Ok(()), |parent| make(true, parent)).and_then(|()| make(false, folder)).map_err(
            |cause| {
                Error::local(
                    Class::Usage,
                    format!("--save-raw: {} cannot be made: {cause}", folder.display()),
                    "name a folder that does not exist yet, where this user may make one",
                )
            },
        )?;
        Ok(Self { folder: folder.to_owned(), answers: AtomicU64::new(0) })
    }

    /// Begins the copy of the next answer.
    pub(super) fn begin(&self, call: &Call, head: &Head) -> RawCopy {
        let number = self.answers.fetch_add(1, Ordering::Relaxed) + 1;
        RawCopy {
            path: self.folder.join(format!("{number:04}.json")),
            request: format!("{} {}", call.method.as_str(), SafeUrl::new(&call.url)),
            status: head.status,
            headers: head.headers.clone(),
            body: Arc::default(),
        }
    }
}

/// The copy of one answer. Clones share its body.
#[derive(Clone)]
pub(super) struct RawCopy {
    path: PathBuf,
    request: String,
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Arc<Mutex<Body>>,
}

#[derive(Default)]
struct Body {
    bytes: Vec<u8>,
    length: usize,
}

/// What is written.
#[derive(Serialize)]
struct Document {
    request: String,
    status: u16,
    headers: Map<String, Value>,
    /// The body, blanked; or a text of it; or `null`.
    body: Value,
    /// Why the body is not here.
    left_out: Option<String>,
}

impl RawCopy {
    /// Takes in a piece of the body.
    pub(super) fn push(&self, chunk: &[u8]) {
        let mut body = self.body.lock().unwrap_or_else(PoisonError::into_inner);
        body.length += chunk.len();
        if body.length <= LARGEST {
            body.bytes.extend_from_slice(chunk);
        } else {
            body.bytes = Vec::new();
        }
    }

    /// Writes the file, for its owner only. A copy that cannot be written is no reason to end a run.
    pub(super) async fn write(self, redactor: Redactor) {
        let written = blocking::start(move || {
            let document = self.document(&redactor);
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.path)?;
            serde_json::to_writer_pretty(&mut file, &document)?;
            file.write_all(b"\n")
        })
        .await;
        match written {
            Ok(Ok(())) => {}
            Ok(Err(cause)) => tracing::warn!("--save-raw: {cause}"),
            Err(cause) => tracing::warn!("--save-raw: {cause}"),
        }
    }

    fn document(&self, redactor: &Redactor) -> Document {
        let line = |text: &str| words::one_line(text, |line| redactor.clean(line));
        let shown = |name: &str, value: &str| match name {
            // A place to go to may be a signed one.
            "location" => line(value.split(['?', '#']).next().unwrap_or_default()),
            _ => line(value),
        };
        let body = self.body.lock().unwrap_or_else(PoisonError::into_inner);
        let (content, left_out) = match of_body(&body, redactor) {
            Ok(content) => (content, None),
            Err(reason) => (Value::Null, Some(reason)),
        };
        Document {
            request: line(&self.request),
            status: self.status,
            headers: self
                .headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), Value::from(shown(name, value))))
                .collect(),
            body: content,
            left_out,
        }
    }
}

/// The body as it may be kept, or why it may not.
fn of_body(body: &Body, redactor: &Redactor) -> Result<Value, String> {
    if body.length > LARGEST {
        return Err(format!("it has more than {} MiB", LARGEST >> 20));
    }
    if let Ok(mut document) = json::from_bytes::<Value>(&body.bytes) {
        blank(&mut document, redactor);
        return Ok(document);
    }
    let Ok(text) = std::str::from_utf8(&body.bytes) else {
        return Err(format!("it has {} bytes that are no text", body.length));
    };
    // In half a document nobody can tell which of its values are secrets.
    if text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[', '"']) {
        return Err(format!("its {} bytes are not a whole JSON document", body.length));
    }
    Ok(Value::from(redactor.clean(text).chars().take(LONGEST_TEXT).collect::<String>()))
}
