//! A [`Call`] as the transport's request, made anew for each attempt.

use std::path::Path;

use bytes::{Bytes, BytesMut};
use fs_err::tokio::File;
use futures_util::stream;
use reqwest::Request;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use url::form_urlencoded;

use super::call::{Body, Call, Method};
use super::fault::Fault;
use crate::credentials::Secret;
use crate::error::Class;

/// How much of a file is read at once. Each read is a trip to the blocking pool, and one upload runs at a time.
const FILE_CHUNK: usize = 256 << 10;

/// Makes the request, with the token if there is one.
pub(super) async fn build(call: &Call, token: Option<&Secret>) -> Result<Request, Fault> {
    let mut request = Request::new(reqwest::Method::from(call.method), call.url.clone());
    let headers = request.headers_mut();
    if call.accepts_json {
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    }
    if let Some(kind) = call.body.content_type() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    if let Body::File { length, .. } = &call.body {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(*length));
    }
    for (name, value) in &call.headers {
        headers.insert(HeaderName::from_static(name), sensitive(value, "a header's value")?);
    }
    if let Some(token) = token {
        headers.insert(AUTHORIZATION, sensitive(&format!("Bearer {}", token.expose()), "the credential")?);
    }
    *request.body_mut() = body(&call.body).await?;
    Ok(request)
}

fn sensitive(value: &str, what: &str) -> Result<HeaderValue, Fault> {
    // The transport's error says no more than this, and a credential must not get into it.
    let Ok(mut value) = HeaderValue::from_str(value) else {
        return Err(Fault::Local {
            class: Class::Auth,
            problem: format!("{what} has characters that no header can carry"),
            hint: "check that it was copied whole and alone, without line breaks",
        });
    };
    value.set_sensitive(true);
    Ok(value)
}

async fn body(body: &Body) -> Result<Option<reqwest::Body>, Fault> {
    Ok(match body {
        Body::Empty => None,
        Body::Json(document) => Some(document.clone().into()),
        Body::Form(fields) => {
            let pairs = fields.iter().map(|(name, value)| (name, value.expose()));
            Some(form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish().into())
        }
        Body::File { path, length } => Some(file(path, *length).await?),
    })
}

/// The file as a stream of exactly `length` bytes. With its length in the header it is not sent in chunks, which object stores
/// refuse behind a signed URL.
async fn file(path: &Path, length: u64) -> Result<reqwest::Body, Fault> {
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
    Ok(reqwest::Body::wrap_stream(stream::try_unfold(file.take(length), next_chunk)))
}

async fn next_chunk<R: AsyncRead + Unpin>(mut file: R) -> std::io::Result<Option<(Bytes, R)>> {
    let mut chunk = BytesMut::with_capacity(FILE_CHUNK);
    let count = file.read_buf(&mut chunk).await?;
    Ok((count > 0).then(|| (chunk.freeze(), file)))
}

impl From<Method> for reqwest::Method {
    fn from(method: Method) -> Self {
        match method {
            Method::Get => Self::GET,
            Method::Post => Self::POST,
            Method::Put => Self::PUT,
        }
    }
}
