//! Where a request may go: origins, loopback, and URLs as people may see them.

use std::fmt;

use url::{Host, Url};

/// Whether two URLs share scheme, host and port (RFC 6454). A credential, and a page link, never crosses this line.
pub fn same_origin(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

/// Whether the URL's host is this machine by its very form, so that plain http cannot be overheard: 127.0.0.0/8, `::1` or
/// `localhost`.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// A URL without user information, query and fragment, any of which may hold a secret. Messages and logs show URLs as this type
/// only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SafeUrl(String);

impl SafeUrl {
    /// Keeps scheme, host, port and path.
    pub fn new(url: &Url) -> Self {
        Self(format!("{}{}", origin_of(url), url.path()))
    }
}

impl fmt::Display for SafeUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

/// `https://host:port`, the port only where it is not the scheme's own.
pub(super) fn origin_of(url: &Url) -> String {
    if url.has_host() { url.origin().ascii_serialization() } else { format!("{}:", url.scheme()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn origins_are_equal_only_in_scheme_host_and_port() {
        let base = url("https://api.example/v1");
        assert!(same_origin(&base, &url("https://API.example:443/other?page=2")));
        for foreign in
            ["http://api.example/v1", "https://api.example:8443/v1", "https://api.example.evil/v1", "data:,x"]
        {
            assert!(!same_origin(&base, &url(foreign)), "{foreign}");
        }
        assert!(!same_origin(&url("data:,x"), &url("data:,x")), "an opaque origin equals none, not even itself");
    }

    #[test]
    fn loopback_is_known_by_its_form() {
        for here in ["http://127.0.0.1:1", "http://127.8.9.1", "http://[::1]:8080", "http://localhost"] {
            assert!(is_loopback(&url(here)), "{here}");
        }
        for elsewhere in ["http://localhost.example", "http://10.0.0.1", "http://127.0.0.1.example", "http://[::2]"] {
            assert!(!is_loopback(&url(elsewhere)), "{elsewhere}");
        }
    }

    #[test]
    fn a_url_is_shown_without_user_query_and_fragment() {
        let shown = SafeUrl::new(&url("https://user:word@host.example:8443/path/file.zip?X-Amz-Signature=abc#part"));
        assert_eq!(shown.to_string(), "https://host.example:8443/path/file.zip");
        assert_eq!(SafeUrl::new(&url("file:///etc/passwd?x")).to_string(), "file:/etc/passwd");
    }
}
