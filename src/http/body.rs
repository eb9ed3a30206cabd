//! Reading an answer: bounded after decompression, and decoded while it arrives.

use std::any::Any;
use std::io::{self, Read};

use bytes::{Buf as _, Bytes};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

use super::call::{Refusals, Reply};
use super::fault::{Fault, Refusal};
use super::head::{Head, ListHeaders};
use super::json_path;
use super::raw::RawCopy;
use super::words;
use crate::blocking;
use crate::error::Class;
use crate::json;

/// The largest answer that is read, after decompression. The largest page of findings that a platform documents is some hundred
/// kilobytes; an archive of reports may have some megabytes; and four of these still fit a small runner.
const LARGEST_ANSWER: u64 = 64 << 20;

/// How much of an error's body is read: enough for any JSON error, of which a line is shown.
const LARGEST_REFUSAL: usize = 16 << 10;

/// Chunks between the socket and the decoder. Few, because a slow decoder should slow the socket down and not fill memory.
const CHUNKS_IN_FLIGHT: usize = 8;

/// How much of the beginning is kept, to say what an answer is that is not JSON.
const OPENING: usize = 64;

/// What is said of a page for people where a document for programs was expected.
const NOT_JSON: &str = "with HTML, not JSON: is the address right, or is a proxy in between?";

/// What the body of an answer is read as. A pointer says it and not a type, so that client and loop are not compiled again for each.
#[derive(Clone, Copy)]
pub(super) struct Form(Option<Decoder>);

type Decoder = fn(&mut json::Reader<'_>) -> Result<Content, serde_json::Error>;

/// What a body was read as: a value of the type that its [`Form`] is for.
type Content = Box<dyn Any + Send>;

/// An answer that has been read.
pub(super) struct Answer {
    pub(super) content: Content,
    pub(super) list: ListHeaders,
}

impl Form {
    /// A [`Reply`], with all bytes of the body.
    pub(super) const WHOLE: Self = Self(None);

    /// A `T`, decoded from JSON.
    pub(super) fn json<T: DeserializeOwned + Send + 'static>() -> Self {
        Self(Some(decode_as::<T>))
    }

    /// Whether JSON is asked for.
    pub(super) fn is_json(self) -> bool {
        self.0.is_some()
    }
}

/// An answer whose body is still to be read.
#[expect(clippy::disallowed_types, reason = "src/http is the place that may name it")]
pub(super) struct Incoming {
    pub(super) head: Head,
    response: reqwest::Response,
    repeated: bool,
    wants_json: bool,
    copy: Option<RawCopy>,
    read: u64,
}

impl Incoming {
    #[expect(clippy::disallowed_types, reason = "src/http is the place that may name it")]
    pub(super) fn new(
        head: Head,
        response: reqwest::Response,
        repeated: bool,
        wants_json: bool,
        copy: Option<RawCopy>,
    ) -> Self {
        Self { head, response, repeated, wants_json, copy, read: 0 }
    }

    /// The body in the form that was asked for.
    pub(super) async fn read(self, form: Form) -> Result<Answer, Fault> {
        let list = self.head.list.clone();
        let content = match form.0 {
            None => Box::new(self.whole().await?),
            Some(decoder) => self.json(decoder).await?,
        };
        Ok(Answer { content, list })
    }

    /// The whole body.
    async fn whole(mut self) -> Result<Reply, Fault> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            body.extend_from_slice(&chunk);
        }
        if self.wants_json && words::is_markup(&body) {
            return Err(self.misunderstood(NOT_JSON));
        }
        Ok(self.reply(body))
    }

    /// The answer with the body that was read of it.
    fn reply(self, body: Vec<u8>) -> Reply {
        let Head { status, headers, content_type, location, .. } = self.head;
        Reply { status, headers, body: body.into(), repeated: self.repeated, content_type, location }
    }

    /// The body as JSON, decoded on a thread for blocking work while this task feeds it. A connection that breaks is told from a
    /// document that ends too soon: only the first is worth another attempt.
    async fn json(mut self, decoder: Decoder) -> Result<Content, Fault> {
        let (sender, receiver) = mpsc::channel(CHUNKS_IN_FLIGHT);
        let decoding = blocking::start(move || decode(Chunks::new(receiver), decoder));
        let mut opening = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            opening.extend(chunk.iter().take(OPENING.saturating_sub(opening.len())));
            if sender.send(chunk).await.is_err() {
                // The decoder has seen enough to know that this is not what was expected.
                break;
            }
        }
        drop(sender);
        match decoding.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(undecodable)) => Err(self.misunderstood(&undecodable.problem(&opening))),
            Err(panicked) => Err(Fault::Local {
                class: Class::Internal,
                problem: format!("decoding the answer failed: {panicked}"),
                hint: "this is a bug in scangate; please report it",
            }),
        }
    }

    /// What a refusal says. A body that cannot be read leaves the status, which says enough. Where it is kept it is read whole, and half of one
    /// is not kept.
    pub(super) async fn refusal(mut self, refusals: Refusals) -> Fault {
        let keep = refusals == Refusals::Kept;
        let most = if keep { usize::MAX } else { LARGEST_REFUSAL };
        let mut body = Vec::new();
        let mut is_whole = false;
        while body.len() < most && !is_whole {
            match self.chunk().await {
                Ok(Some(chunk)) => body.extend(chunk.iter().take(most - body.len())),
                Ok(None) => is_whole = true,
                Err(_) => break,
            }
        }
        let wait = self.head.rate_limit.wait(self.head.status);
        let until = wait.and_then(|wait| self.head.read_at.checked_add(wait).ok());
        Fault::Refused(Box::new(Refusal {
            status: self.head.status,
            words: words::of_body(body.get(..LARGEST_REFUSAL).unwrap_or(&body)),
            request_id: self.head.request_id.clone(),
            schemes: self.head.schemes.clone(),
            wait,
            until,
            reply: (keep && is_whole).then(|| self.reply(body)),
        }))
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, Fault> {
        let chunk = self.response.chunk().await.map_err(Fault::of_transport)?;
        if let (Some(copy), Some(chunk)) = (&self.copy, &chunk) {
            copy.push(chunk);
        }
        self.read += chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        if self.read > LARGEST_ANSWER {
            return Err(self.misunderstood(&format!("with more than {} MiB", LARGEST_ANSWER >> 20)));
        }
        Ok(chunk)
    }

    fn misunderstood(&self, problem: &str) -> Fault {
        Fault::Misunderstood {
            status: self.head.status,
            problem: problem.to_owned(),
            request_id: self.head.request_id.clone(),
        }
    }
}

/// A document that is not what was expected.
struct Undecodable {
    /// Where in the document, such as `vulnerabilities[3].base.id`; `None` at its root.
    path: Option<String>,
    cause: serde_json::Error,
}

impl Undecodable {
    fn problem(&self, opening: &[u8]) -> String {
        let cause = without_quoted(&self.cause.to_string());
        match &self.path {
            _ if opening.trim_ascii().is_empty() => "with an empty body where JSON was expected".to_owned(),
            _ if words::is_markup(opening) => NOT_JSON.to_owned(),
            Some(path) => format!("with JSON that cannot be understood at `{path}`: {cause}"),
            None => format!("with a body that cannot be understood as JSON: {cause}"),
        }
    }
}

/// Takes foreign strings out of a decoder's message: a value at the wrong place may be a token, or a signed URL.
fn without_quoted(message: &str) -> String {
    match (message.split_once('"'), message.rsplit_once('"')) {
        (Some((before, _)), Some((_, after))) => format!("{before}\"…\"{after}"),
        _ => message.to_owned(),
    }
}

fn decode(mut chunks: Chunks, decoder: Decoder) -> Result<Content, Undecodable> {
    let answer = read_json(&mut chunks, decoder);
    answer.map_err(|cause| Undecodable { path: json_path::of(&cause, &chunks.read), cause })
}

fn read_json(chunks: &mut Chunks, decoder: Decoder) -> Result<Content, serde_json::Error> {
    let mut json = json::reader(chunks);
    let answer = decoder(&mut json)?;
    json.end()?;
    Ok(answer)
}

fn decode_as<T: DeserializeOwned + Send + 'static>(json: &mut json::Reader<'_>) -> Result<Content, serde_json::Error> {
    Ok(Box::new(T::deserialize(json)?))
}

/// The chunks of a body as a blocking reader. Their end is the body's end.
struct Chunks {
    receiver: mpsc::Receiver<Bytes>,
    current: Bytes,
    /// All of them so far, to find the place of an error.
    read: Vec<Bytes>,
}

impl Chunks {
    fn new(receiver: mpsc::Receiver<Bytes>) -> Self {
        Self { receiver, current: Bytes::new(), read: Vec::new() }
    }
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.receiver.blocking_recv() {
                Some(chunk) => {
                    self.read.push(chunk.clone());
                    self.current = chunk;
                }
                None => return Ok(0),
            }
        }
        let count = self.current.as_ref().read(buffer)?;
        self.current.advance(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_strings_do_not_get_into_messages() {
        let cause = serde_json::from_str::<u64>(r#""tok\"en""#).unwrap_err().to_string();
        assert_eq!(without_quoted(&cause), "invalid type: string \"…\", expected u64 at line 1 column 9");
        assert_eq!(without_quoted("expected value"), "expected value");
    }
}
