//! Where the calls of a run go: one origin, whether it is the vendor's or the user's own.

use url::Url;

use crate::platform::Error;

/// The vendor's own instance (contract 1.1).
pub(super) const DOCUMENTED: &str = "https://backend.cyberorigen.com/api/v1";

/// What the path of every documented call begins with, but that of health.
const PREFIX: &str = "/api/v1";

/// The addresses of one instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoints {
    /// What every call of the API is below, without a slash at the end.
    pub(super) base: Url,
}

impl Endpoints {
    /// Decides from `--api-url`. A bare origin gets the documented prefix; any other path is taken as it is, less a slash at its end,
    /// since every stray slash brings a redirect and not an answer.
    pub(super) fn resolve(api_url: Option<&Url>) -> Result<Self, Error> {
        let mut base = match api_url {
            Some(url) => url.clone(),
            None => Url::parse(DOCUMENTED).map_err(|_cause| no_address())?,
        };
        let path = base.path().trim_end_matches('/').to_owned();
        base.set_path(if path.is_empty() { PREFIX } else { &path });
        base.set_query(None);
        base.set_fragment(None);
        Ok(Self { base })
    }

    /// A call of the API, each segment percent-encoded.
    pub(super) fn api<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Result<Url, Error> {
        let mut url = self.base.clone();
        url.path_segments_mut().map_err(|()| no_address())?.extend(segments);
        Ok(url)
    }

    /// The health of the instance, which lies beside the versions of the API and not below one (contract 1.1).
    pub(super) fn health(&self) -> Url {
        let mut url = self.base.clone();
        let above = url.path().strip_suffix(PREFIX).unwrap_or_default().to_owned();
        url.set_path(&format!("{above}/api/health"));
        url
    }
}

fn no_address() -> Error {
    Error::Setting {
        message: "the API's address is none that has paths".to_owned(),
        hint: "give an http address as --api-url".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(api_url: &str) -> Endpoints {
        Endpoints::resolve(Some(&Url::parse(api_url).unwrap())).unwrap()
    }

    #[test]
    fn the_vendors_instance_is_used_where_none_is_given() {
        assert_eq!(Endpoints::resolve(None).unwrap().base.as_str(), DOCUMENTED);
    }

    #[test]
    fn a_bare_origin_gets_the_prefix_and_no_address_keeps_a_slash_at_its_end() {
        for (given, base) in [
            ("https://api.example.com", "https://api.example.com/api/v1"),
            ("https://api.example.com/", "https://api.example.com/api/v1"),
            ("https://api.example.com/api/v1/", "https://api.example.com/api/v1"),
            ("https://example.com/scanner/api/v1", "https://example.com/scanner/api/v1"),
            ("https://example.com/api/v2?x=1#y", "https://example.com/api/v2"),
        ] {
            let endpoints = resolve(given);
            assert_eq!(endpoints.base.as_str(), base, "{given}");
            assert_eq!(endpoints.api(["scans", "a/b"]).unwrap().as_str(), format!("{base}/scans/a%2Fb"));
        }
    }

    #[test]
    fn health_lies_beside_the_versions() {
        for (given, health) in [
            ("https://api.example.com", "https://api.example.com/api/health"),
            ("https://example.com/scanner/api/v1/", "https://example.com/scanner/api/health"),
            ("https://example.com/api/v2", "https://example.com/api/health"),
        ] {
            assert_eq!(resolve(given).health().as_str(), health);
        }
    }
}
