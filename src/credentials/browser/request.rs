//! What a request to the login's address says, read from its bytes.

use std::hint::black_box;

use super::page::{NOT_ALLOWED, NOT_FOUND, Page, REFUSED};
use crate::credentials::Secret;

/// An answer of the provider that carries the state.
pub(super) struct Answer {
    /// The code, where the login was granted.
    pub(super) code: Option<Secret>,
    /// The provider's word for a refusal.
    pub(super) error: Option<String>,
    /// The provider's explanation; empty where there is none.
    pub(super) description: String,
}

/// Reads the head of a request, of which `host` and `path` are the login's own and `state` is the secret of this one.
///
/// # Errors
/// The page that says why it is none of ours.
pub(super) fn read(head: &[u8], host: &str, path: &str, state: &Secret) -> Result<Answer, Page<'static>> {
    let text = std::str::from_utf8(head).map_err(|_bytes| REFUSED)?;
    let mut lines = text.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some("HTTP/1.1" | "HTTP/1.0"), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(REFUSED);
    };
    // A page that points a name of its own at this machine must not be taken for the provider's redirect.
    let mut hosts = lines
        .filter_map(|line| line.split_once(':'))
        .filter(|(name, _)| name.eq_ignore_ascii_case("host"))
        .map(|(_, value)| value.trim());
    if !hosts.next().is_some_and(|given| given.eq_ignore_ascii_case(host)) || hosts.next().is_some() {
        return Err(REFUSED);
    }
    let (given_path, query) = target.split_once('?').unwrap_or((target, ""));
    if given_path != path {
        return Err(NOT_FOUND);
    }
    if method != "GET" {
        return Err(NOT_ALLOWED);
    }
    answer(query, state)
}

/// The answer in a query. A parameter that is there twice could mean either of two things, so it means nothing (RFC 6749 section
/// 3.1).
fn answer(query: &str, state: &Secret) -> Result<Answer, Page<'static>> {
    let [mut given_state, mut code, mut error, mut description] = [const { None }; 4];
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let place = match &*name {
            "state" => &mut given_state,
            "code" => &mut code,
            "error" => &mut error,
            "error_description" => &mut description,
            _ => continue,
        };
        if place.replace(value.into_owned()).is_some() {
            return Err(REFUSED);
        }
    }
    if !given_state.is_some_and(|given| is_same(given.as_bytes(), state.expose().as_bytes())) {
        return Err(REFUSED);
    }
    let code = code.as_deref().and_then(Secret::new).filter(|_| error.is_none());
    Ok(Answer { code, error, description: description.unwrap_or_default() })
}

/// Compares two texts in a time that does not tell where they differ.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let difference = one.iter().zip(other).fold(0, |difference, (one, other)| black_box(difference | (one ^ other)));
    one.len() == other.len() && difference == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOST: &str = "localhost:9877";

    fn state() -> Secret {
        Secret::new("the-state").unwrap()
    }

    fn ask(request: &str) -> Result<Answer, &'static str> {
        read(request.as_bytes(), HOST, "/callback", &state()).map_err(|page| page.status)
    }

    fn get(target: &str) -> Result<Answer, &'static str> {
        ask(&format!("GET {target} HTTP/1.1\r\nHost: {HOST}\r\nAccept: */*\r\n\r\n"))
    }

    #[test]
    fn an_answer_with_the_state_is_read_whole() {
        let granted = get("/callback?code=a%2Bb&state=the-state&iss=https%3A%2F%2Fauth.example").ok().unwrap();
        assert_eq!(granted.code.unwrap().expose(), "a+b");
        assert!(granted.error.is_none());
        let denied = get("/callback?error=access_denied&error_description=not+%3Cb%3E&state=the-state").ok().unwrap();
        assert_eq!((denied.error.as_deref(), denied.description.as_str()), (Some("access_denied"), "not <b>"));
        assert!(denied.code.is_none());
    }

    #[test]
    fn nothing_is_taken_without_the_state() {
        for query in [
            "code=x",
            "code=x&state=",
            "code=x&state=the-stat",
            "code=x&state=the-state2",
            "code=x&state=The-state",
            "error=access_denied&state=another",
            "code=x&state=the-state&state=the-state",
            "code=x&code=y&state=the-state",
            "error=a&error=b&state=the-state",
            "",
        ] {
            assert_eq!(get(&format!("/callback?{query}")).err(), Some(REFUSED.status), "{query}");
        }
        assert_eq!(get("/callback").err(), Some(REFUSED.status));
    }

    #[test]
    fn an_answer_that_grants_and_refuses_is_a_refusal() {
        let both = get("/callback?code=x&error=access_denied&state=the-state").ok().unwrap();
        assert!(both.code.is_none() && both.error.is_some());
    }

    #[test]
    fn only_a_get_of_the_own_address_is_taken() {
        let query = "?code=x&state=the-state";
        for (request, status) in [
            (format!("POST /callback{query} HTTP/1.1\r\nHost: {HOST}\r\n\r\n"), NOT_ALLOWED.status),
            (format!("HEAD /callback{query} HTTP/1.1\r\nHost: {HOST}\r\n\r\n"), NOT_ALLOWED.status),
            (format!("GET /favicon.ico HTTP/1.1\r\nHost: {HOST}\r\n\r\n"), NOT_FOUND.status),
            (format!("GET /callback/{query} HTTP/1.1\r\nHost: {HOST}\r\n\r\n"), NOT_FOUND.status),
            (format!("GET http://{HOST}/callback{query} HTTP/1.1\r\nHost: {HOST}\r\n\r\n"), NOT_FOUND.status),
            (format!("GET /callback{query} HTTP/1.1\r\n\r\n"), REFUSED.status),
            (format!("GET /callback{query} HTTP/1.1\r\nHost: rebound.example:9877\r\n\r\n"), REFUSED.status),
            (format!("GET /callback{query} HTTP/1.1\r\nHost: localhost\r\n\r\n"), REFUSED.status),
            (format!("GET /callback{query} HTTP/1.1\r\nHost: {HOST}\r\nHost: {HOST}\r\n\r\n"), REFUSED.status),
            (format!("GET /callback{query} HTTP/2\r\nHost: {HOST}\r\n\r\n"), REFUSED.status),
            (format!("GET /callback{query}\r\nHost: {HOST}\r\n\r\n"), REFUSED.status),
            ("\r\n\r\n".to_owned(), REFUSED.status),
        ] {
            assert_eq!(ask(&request).err(), Some(status), "{request}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reading_and_none_but_the_state_opens(head in any::<Vec<u8>>(), query in "[a-z=&%0-9]{0,60}") {
            prop_assert!(read(&head, HOST, "/callback", &state()).is_err());
            let target = format!("/callback?{query}");
            prop_assert!(get(&target).is_err());
        }
    }
}
