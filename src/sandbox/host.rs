//! The check of the `Host` header: a web page that points its own name at 127.0.0.1 must not reach the sandbox.

use axum::http::HeaderMap;
use axum::http::header::HOST;

/// Whether the request was meant for this port of the loopback interface.
pub(super) fn is_own(headers: &HeaderMap, port: u16) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let Some((name, given)) = host.to_str().ok().and_then(|host| host.rsplit_once(':')) else { return false };
    matches!(name, "127.0.0.1" | "localhost") && given.parse() == Ok(port)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_the_own_authority_is_answered() {
        let is_own = |host: &'static str| is_own(&HeaderMap::from_iter([(HOST, HeaderValue::from_static(host))]), 8080);
        assert!(is_own("127.0.0.1:8080") && is_own("localhost:8080"));
        for host in ["127.0.0.1", "127.0.0.1:81", "rebound.example:8080", "[::1]:8080", ""] {
            assert!(!is_own(host), "{host}");
        }
    }
}
