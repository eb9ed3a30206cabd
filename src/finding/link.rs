//! Links: only to the web application of the platform that brought the finding.
//!
//! An address in a finding is the platform's word, and a report is read by people who click. So a link cannot be made from text
//! alone: it takes the [`WebOrigin`] that the platform's own settings say, and an address anywhere else makes none.

use std::fmt;
use std::ops::Deref;

use serde::Serialize;
use url::Url;

/// Where a platform's web application lives: scheme `https`, host and port. The only place to which its findings may lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebOrigin(Url);

impl WebOrigin {
    /// The origin of `address`, of which a path is dropped. `None` unless it is https, with a host and without user name or
    /// password.
    pub fn parse(address: &str) -> Option<Self> {
        plain_https(address)?.join("/").ok().map(Self)
    }

    /// The page behind `segments`, each percent-encoded, so that none of them leads elsewhere.
    pub fn page<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Option<Link> {
        let mut url = self.0.clone();
        let mut path = url.path_segments_mut().ok()?;
        path.pop_if_empty();
        for segment in segments {
            // These two would be left out, and the address be that of another page.
            if matches!(segment, "." | "..") {
                return None;
            }
            path.push(segment);
        }
        drop(path);
        Some(Link(String::from(url).into()))
    }

    /// An address that the platform sent, absolute or relative to the origin; `None` where it leads anywhere else.
    pub fn link(&self, address: &str) -> Option<Link> {
        let url = plain_https(self.0.join(address.trim()).ok()?.as_str())?;
        (url.origin() == self.0.origin()).then(|| Link(String::from(url).into()))
    }
}

impl fmt::Display for WebOrigin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.0.as_str().trim_end_matches('/'))
    }
}

/// An https address on a [`WebOrigin`], which is the only way to make one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Link(Box<str>);

impl Deref for Link {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Link {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

fn plain_https(address: &str) -> Option<Url> {
    let url = Url::parse(address.trim()).ok()?;
    let is_plain = url.username().is_empty() && url.password().is_none() && url.host().is_some();
    (url.scheme() == "https" && is_plain).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> WebOrigin {
        WebOrigin::parse("https://app.example.com/login?next=/").unwrap()
    }

    fn link(address: &str) -> Option<String> {
        origin().link(address).map(|link| link.to_string())
    }

    #[test]
    fn an_address_on_the_origin_is_a_link_and_any_other_is_none() {
        assert_eq!(origin().to_string(), "https://app.example.com");
        for (address, page) in [
            ("https://app.example.com/scan/1?tab=x", "https://app.example.com/scan/1?tab=x"),
            ("https://APP.example.com:443/scan/1", "https://app.example.com/scan/1"),
            ("/scan/1", "https://app.example.com/scan/1"),
        ] {
            assert_eq!(link(address).as_deref(), Some(page), "{address}");
        }
        for address in [
            "http://app.example.com/scan/1",
            "https://app.example.com:8443/scan/1",
            "https://app.example.com.evil.example/",
            "https://app.example.com@evil.example/",
            "https://user@app.example.com/",
            "//evil.example/scan/1",
            "\\\\evil.example/scan/1",
            "/\\evil.example/scan/1",
            "javascript:alert(1)",
            "data:text/html,x",
        ] {
            assert_eq!(link(address), None, "{address}");
        }
    }

    #[test]
    fn no_segment_leads_out_of_its_page() {
        let page = |segment: &str| origin().page(["scan", segment]).map(|link| link.to_string());
        assert_eq!(page("a/../b?c#d e").as_deref(), Some("https://app.example.com/scan/a%2F..%2Fb%3Fc%23d%20e"));
        assert_eq!(page("//evil.example").as_deref(), Some("https://app.example.com/scan/%2F%2Fevil.example"));
        assert_eq!(page("%2e%2E").as_deref(), Some("https://app.example.com/scan/%252e%252E"));
        assert_eq!((page(".."), page(".")), (None, None));
    }

    #[test]
    fn an_origin_is_https_with_a_host_and_nothing_secret() {
        for address in
            ["http://app.example.com", "https://user:word@app.example.com", "app.example.com", "", "https://"]
        {
            assert_eq!(WebOrigin::parse(address), None, "{address}");
        }
    }
}
