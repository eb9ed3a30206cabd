//! What is read of an answer before its body.

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION, WWW_AUTHENTICATE};
use url::Url;

use super::rate_limit::RateLimit;

/// The headers in which servers and what stands before them name a request, the most telling first.
const REQUEST_ID: [&str; 8] = [
    "x-request-id",
    "x-correlation-id",
    "request-id",
    "x-amz-request-id",
    "x-guploader-uploadid",
    "x-trace-id",
    "cf-ray",
    "traceparent",
];

/// The headers that people and copies are shown. None of them holds a credential.
const SHOWN: [&str; 13] = [
    "content-type",
    "content-length",
    "date",
    "location",
    "retry-after",
    "server",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-request-id",
    "x-correlation-id",
    "x-amz-request-id",
    "cf-ray",
];

/// An answer without its body.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) status: u16,
    /// The headers that can be shown, by their names in lower case.
    pub(super) headers: Vec<(&'static str, String)>,
    /// The request's name at the server.
    pub(super) request_id: Option<String>,
    /// When it was read, on the machine's clock.
    pub(super) read_at: Timestamp,
    /// The words of the schemes by which the server wants to be signed in to (RFC 9110 section 11.6.1), in small letters.
    pub(super) schemes: Vec<String>,
    /// Where the server points.
    pub(super) location: Option<Url>,
    /// The media type of the body.
    pub(super) content_type: Option<String>,
    /// When the server wants the next request.
    pub(super) rate_limit: RateLimit,
}

impl Head {
    /// Reads the headers of the answer that `url` gave at `now`.
    pub(super) fn read(status: u16, headers: &HeaderMap, url: &Url, now: Timestamp) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        Self {
            status,
            headers: SHOWN.into_iter().filter_map(|name| Some((name, text(name)?.to_owned()))).collect(),
            read_at: now,
            request_id: REQUEST_ID.into_iter().find_map(text).map(str::to_owned),
            schemes: schemes(headers),
            location: text(LOCATION.as_str()).and_then(|location| url.join(location).ok()),
            content_type: text(CONTENT_TYPE.as_str()).map(str::to_owned),
            rate_limit: RateLimit::read(headers, now),
        }
    }
}

/// The first word of every challenge. One header may hold several, and then each stands at the beginning or behind a comma, where
/// a parameter has a `=` in it.
fn schemes(headers: &HeaderMap) -> Vec<String> {
    let challenges = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    let words = challenges.flat_map(|value| value.split(',')).filter_map(|part| part.split_whitespace().next());
    words.filter(|word| !word.contains('=')).map(str::to_ascii_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn the_schemes_of_all_challenges_are_read_and_their_parameters_are_not() {
        let mut headers = HeaderMap::new();
        for value in ["Bearer realm=\"a, b\", error=\"invalid_token\", DPoP algs=\"ES256\"", "Negotiate"] {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(value));
        }
        let read = schemes(&headers);
        for scheme in ["bearer", "dpop", "negotiate"] {
            assert!(read.iter().any(|own| own == scheme), "{read:?}");
        }
        assert!(!read.iter().any(|own| own.contains("error")), "{read:?}");
    }
}
