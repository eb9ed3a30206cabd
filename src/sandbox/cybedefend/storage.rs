//! The object storage: one `PUT` to a signed URL, with errors in XML (contract section 3.1).

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use super::Emulator;
use super::fault::CybeDefendFault;
use super::refusal::storage as refuse;
use super::signature::{self, Invalid};
use super::store::Uploaded;
use crate::blocking;
use crate::sandbox::fault::{Kind, is_due};
use crate::sandbox::{archive, edge};

/// Anything but a signed `PUT` is refused. A repeated `PUT` never replaces what a scan has read.
pub(super) async fn serve(emulator: Arc<Emulator>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let Some(scan) = signature::scan_of(&emulator, &path).map(ToOwned::to_owned) else {
        return refuse(StatusCode::NOT_FOUND, "NoSuchKey", "The specified key does not exist.");
    };
    if let Err(refused) = check(&emulator, &request, &path) {
        return *refused;
    }
    let exists = emulator.store().is_uploaded(&scan);
    let only_new = request.headers().get("x-goog-if-generation-match").is_some_and(|value| value == "0");
    if exists && (only_new || emulator.core.faults.has(CybeDefendFault::UploadExists)) {
        return refuse(StatusCode::PRECONDITION_FAILED, "PreconditionFailed", "The object exists already.");
    }
    let announced = content_length(request.headers()).unwrap_or_default();
    if let Some(cut) = cut_in_the_middle(&emulator, announced) {
        return cut_off(request.into_body(), cut).await;
    }
    let file = match receive(request.into_body(), announced).await {
        Ok(file) => file,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, "IncompleteBody", &error.to_string()),
    };
    if !exists {
        let uploaded = read(&emulator, file).await;
        emulator.store().upload(&emulator, &scan, uploaded);
    }
    if emulator.core.faults.has(CybeDefendFault::UploadExists) {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", "Please try again.");
    }
    StatusCode::OK.into_response()
}

/// What is wrong with a request that can be said before its body is read.
fn check(emulator: &Emulator, request: &Request, path: &str) -> Result<(), Box<Response>> {
    let headers = request.headers();
    let fail = |status, code, message| Err(Box::new(refuse(status, code, message)));
    if headers.contains_key(header::AUTHORIZATION) {
        let message = "A signed URL and an Authorization header must not be used together.";
        return fail(StatusCode::BAD_REQUEST, "InvalidArgument", message);
    }
    let bad_signature = |message| fail(StatusCode::FORBIDDEN, "SignatureDoesNotMatch", message);
    if *request.method() != Method::PUT {
        return bad_signature("The URL was signed for another method.");
    }
    match signature::check(emulator, path, request.uri().query().unwrap_or_default()) {
        Ok(()) => {}
        Err(Invalid::Signature) => return bad_signature("The signature does not match the request."),
        Err(Invalid::Expired) => {
            return fail(StatusCode::BAD_REQUEST, "ExpiredToken", "The provided token has expired.");
        }
    }
    if headers.get(header::CONTENT_TYPE).is_none_or(|value| value != "application/zip") {
        return bad_signature("The signed header Content-Type is missing or another one.");
    }
    let Some(length) = content_length(headers).filter(|_| !headers.contains_key(header::TRANSFER_ENCODING)) else {
        return fail(StatusCode::LENGTH_REQUIRED, "MissingContentLength", "The Content-Length header is required.");
    };
    if let Some(range) = headers.get("x-goog-content-length-range") {
        match range.to_str().ok().and_then(length_range) {
            None => {
                return fail(StatusCode::BAD_REQUEST, "InvalidArgument", "The content length range cannot be read.");
            }
            Some((least, _)) if length < least => {
                return fail(StatusCode::BAD_REQUEST, "EntityTooSmall", "The object is smaller than the range allows.");
            }
            Some((_, most)) if length > most => {
                return fail(StatusCode::BAD_REQUEST, "EntityTooLarge", "The object is larger than the range allows.");
            }
            Some(_) => {}
        }
    }
    if length > emulator.options.upload.archive_bytes {
        return fail(StatusCode::PAYLOAD_TOO_LARGE, "EntityTooLarge", "The sandbox takes no object of this size.");
    }
    Ok(())
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn length_range(text: &str) -> Option<(u64, u64)> {
    let (least, most) = text.split_once(',')?;
    Some((least.trim().parse().ok()?, most.trim().parse().ok()?))
}

/// How much of this upload is read before its connection is closed, if a fault wants that.
fn cut_in_the_middle(emulator: &Emulator, announced: u64) -> Option<u64> {
    let mut cuts = emulator.core.faults.iter().filter_map(|(fault, used)| match fault.kind {
        Kind::CybeDefend(CybeDefendFault::UploadCut(times)) => Some((times, used)),
        _ => None,
    });
    cuts.any(|(times, used)| is_due(used, times)).then_some(announced / 2)
}

/// Reads some of the body and then ends the connection: an answer whose body fails at once is never sent.
async fn cut_off(body: Body, after: u64) -> Response {
    let mut read = 0;
    let mut chunks = body.into_data_stream();
    while let Some(Ok(chunk)) = chunks.next().await {
        read += chunk.len() as u64;
        if read >= after {
            break;
        }
    }
    Response::new(edge::fail_at_once())
}

/// Stores the body in a file that nobody else can open and that is gone when it is closed.
async fn receive(body: Body, announced: u64) -> io::Result<std::fs::File> {
    let mut file = File::from_std(tempfile::tempfile()?);
    let mut received = 0_u64;
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(io::Error::other)?;
        received += chunk.len() as u64;
        file.write_all(&chunk).await?;
    }
    if received != announced {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the body is shorter than announced"));
    }
    file.flush().await?;
    Ok(file.into_std().await)
}

/// Runs the rules before the upload is answered: the scan's length is the clock's affair, and the client holds a simulated clock
/// until it has the answer.
async fn read(emulator: &Emulator, file: std::fs::File) -> Uploaded {
    let limits = emulator.options.upload;
    let work = blocking::start(move || archive::analyse(io::BufReader::new(file), limits));
    work.await.unwrap_or_else(|panicked| Err(format!("The scanner ended early: {panicked}")))
}
