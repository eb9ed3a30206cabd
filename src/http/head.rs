//! What is read of an answer before its body.

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, LINK, LOCATION, WWW_AUTHENTICATE};
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

/// What headers say of the list in an answer, uncleaned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListHeaders {
    /// The target of the link to the next page (`Link`, RFC 8288 section 3), which may be relative.
    pub next: Option<String>,
    /// How many rows the whole list has (`X-Total-Count`).
    pub total: Option<u64>,
}

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
    /// What is said of a list in the body.
    pub(super) list: ListHeaders,
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
            list: ListHeaders {
                next: headers.get_all(LINK).iter().find_map(|value| next_of(value.to_str().ok()?)),
                total: text("x-total-count").and_then(|total| total.trim().parse().ok()),
            },
        }
    }
}

/// The target of the link whose relation is `next`.
fn next_of(links: &str) -> Option<String> {
    let mut rest = links;
    while let Some((target, behind)) = rest.split_once('<').and_then(|(_, link)| link.split_once('>')) {
        let mut parameters = behind.split('<').next().unwrap_or_default().split([';', ',']);
        let is_next = |(name, words): (&str, &str)| {
            let mut words = words.trim().trim_matches('"').split_whitespace();
            name.trim().eq_ignore_ascii_case("rel") && words.any(|word| word.eq_ignore_ascii_case("next"))
        };
        if parameters.any(|parameter| parameter.split_once('=').is_some_and(is_next)) {
            return Some(target.to_owned());
        }
        rest = behind;
    }
    None
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
    fn the_link_to_the_next_page_is_told_from_others() {
        for (links, next) in [
            (
                "<https://a.example/?page=2>; rel=\"next\", <https://a.example/?page=9>; rel=\"last\"",
                Some("https://a.example/?page=2"),
            ),
            ("</?a=1,2>; rel=prev; title=\"next\", </?page=3>;foo=1; REL = \"Last Next\"", Some("/?page=3")),
            ("</?page=1>; rel=\"prev\"", None),
            ("</?page=1", None),
            ("", None),
        ] {
            assert_eq!(next_of(links).as_deref(), next, "{links}");
        }
    }

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
