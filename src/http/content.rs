//! What a request carries, as the transport's body with its type and length.

use std::path::Path;

use bytes::{Bytes, BytesMut};
use fs_err::tokio::File;
use futures_util::stream::{self, Stream, StreamExt as _};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use url::form_urlencoded;

use super::call::Body;
use super::fault::Fault;
use crate::error::Class;

/// How much of a file is read at once. Each read is a trip to the blocking pool, and one upload runs at a time.
const FILE_CHUNK: usize = 256 << 10;

/// The body of one attempt.
#[derive(Default)]
pub(super) struct Content {
    /// Its media type. A file's type is the caller's to say: a signed URL may bind it.
    pub(super) kind: Option<String>,
    /// Its length, where the transport cannot know it. With that it is not sent in chunks, which object stores refuse behind a
    /// signed URL.
    pub(super) length: Option<u64>,
    pub(super) body: Option<reqwest::Body>,
}

impl Content {
    fn whole(kind: &str, body: impl Into<reqwest::Body>) -> Self {
        Self { kind: Some(kind.to_owned()), length: None, body: Some(body.into()) }
    }
}

/// Makes the body of one attempt; a file is opened anew.
pub(super) async fn of(body: &Body) -> Result<Content, Fault> {
    Ok(match body {
        Body::Empty => Content::default(),
        Body::Json(document) => Content::whole("application/json", document.clone()),
        Body::Form(fields) => {
            let pairs = fields.iter().map(|(name, value)| (name, value.expose()));
            let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            Content::whole("application/x-www-form-urlencoded", form)
        }
        Body::Raw { content_type, content } => Content::whole(content_type, content.clone()),
        Body::File { path, length } => Content {
            kind: None,
            length: Some(*length),
            body: Some(reqwest::Body::wrap_stream(file(path, *length).await?)),
        },
        Body::Multipart { field, file_name, content_type, path, length } => {
            let boundary = boundary()?;
            let opening = Bytes::from(opening(&boundary, field, file_name, content_type)?);
            let closing = Bytes::from(format!("\r\n--{boundary}--\r\n"));
            let framing = u64::try_from(opening.len() + closing.len()).unwrap_or(u64::MAX);
            let parts =
                stream::iter([Ok(opening)]).chain(file(path, *length).await?).chain(stream::iter([Ok(closing)]));
            Content {
                kind: Some(format!("multipart/form-data; boundary={boundary}")),
                length: Some(length.saturating_add(framing)),
                body: Some(reqwest::Body::wrap_stream(parts)),
            }
        }
    })
}

/// A line that ends the part. It is drawn at random for each attempt, so that whoever wrote the file cannot have put it there.
fn boundary() -> Result<String, Fault> {
    let draw = || {
        getrandom::u64().map_err(|cause| Fault::Local {
            class: Class::Internal,
            problem: format!("the operating system gives no random bytes: {cause}"),
            hint: "run again later",
        })
    };
    Ok(format!("scangate-{:016x}{:016x}", draw()?, draw()?))
}

/// The head of the one part (RFC 7578 section 4.2). Names are escaped as browsers do it (WHATWG HTML, "multipart form data").
fn opening(boundary: &str, field: &str, file_name: &str, content_type: &str) -> Result<String, Fault> {
    if content_type.chars().any(char::is_control) {
        return Err(Fault::Local {
            class: Class::Internal,
            problem: "the content type of a part has control characters".to_owned(),
            hint: "this is a bug in scangate; please report it",
        });
    }
    let escaped = |name: &str| name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
    Ok(format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\nContent-Type: {content_type}\r\n\r\n",
        escaped(field),
        escaped(file_name)
    ))
}

/// The file as a stream of exactly `length` bytes.
async fn file(path: &Path, length: u64) -> Result<impl Stream<Item = std::io::Result<Bytes>> + use<>, Fault> {
    let unreadable = |cause: std::io::Error| Fault::Local {
        class: Class::Usage,
        problem: cause.to_string(),
        hint: "check that the file is still there and can be read",
    };
    let file = File::open(path).await.map_err(unreadable)?;
    let found = file.metadata().await.map_err(unreadable)?.len();
    if found != length {
        return Err(Fault::Local {
            class: Class::Usage,
            problem: format!("{} has {found} bytes and had {length}: it was changed", path.display()),
            hint: "do not change the file while it is uploaded",
        });
    }
    Ok(stream::try_unfold(file.take(length), next_chunk))
}

async fn next_chunk<R: AsyncRead + Unpin>(mut file: R) -> std::io::Result<Option<(Bytes, R)>> {
    let mut chunk = BytesMut::with_capacity(FILE_CHUNK);
    let count = file.read_buf(&mut chunk).await?;
    Ok((count > 0).then(|| (chunk.freeze(), file)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        let head = opening("b", "sarif", "a\"; x=\"\r\nEvil: 1", "application/json").ok().unwrap();
        assert!(head.contains("filename=\"a%22; x=%22%0D%0AEvil: 1\"\r\n"), "{head}");
        assert!(opening("b", "sarif", "a", "text/plain\r\nEvil: 1").is_err());
    }

    #[test]
    fn no_two_boundaries_are_the_same() {
        assert_ne!(boundary().ok().unwrap(), boundary().ok().unwrap());
    }
}
