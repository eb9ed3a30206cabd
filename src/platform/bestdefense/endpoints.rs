//! Where BestDefense is: one host for API and web application (contract 1.1).

use url::Url;

use crate::finding::{Link, WebOrigin};
use crate::http::SafeUrl;
use crate::platform::Error;

/// The vendor's own cloud. A single tenant has a host of its own.
pub(super) const CLOUD: &str = "https://app.bestdefense.io";

/// The base of all addresses of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoints {
    base: Url,
}

impl Endpoints {
    /// Decides from `--api-url`. The documented base has no path, but whoever copies one out of an API address leaves `/api` behind,
    /// which every call adds by itself.
    pub(super) fn resolve(api_url: Option<&Url>) -> Result<Self, Error> {
        let mut base = match api_url {
            Some(url) => url.clone(),
            None => {
                Url::parse(CLOUD).map_err(|cause| Error::Protocol { message: format!("{CLOUD} is no URL: {cause}") })?
            }
        };
        let is_plain = matches!(base.scheme(), "https" | "http")
            && base.has_host()
            && base.query().is_none()
            && base.fragment().is_none()
            && base.username().is_empty()
            && base.password().is_none();
        if !is_plain {
            return Err(Error::Setting {
                message: format!("--api-url {} is not the base URL of a server", SafeUrl::new(&base)),
                hint: "give scheme and host, such as https://acme.bestdefense.io, without user name, query or fragment"
                    .to_owned(),
            });
        }
        let path = base.path().trim_end_matches('/');
        let path = path.strip_suffix("/api").unwrap_or(path).to_owned();
        base.set_path(&path);
        Ok(Self { base })
    }

    /// The base itself.
    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    /// The address of an API path, each segment percent-encoded.
    pub(super) fn api<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Result<Url, Error> {
        self.page(["api"].into_iter().chain(segments))
    }

    fn page<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Result<Url, Error> {
        let mut url = self.base.clone();
        match url.path_segments_mut() {
            Ok(mut path) => path.pop_if_empty().extend(segments),
            Err(()) => {
                return Err(Error::Protocol { message: format!("{} is no base of a URL", SafeUrl::new(&self.base)) });
            }
        };
        Ok(url)
    }

    /// The page of a report in the web application (contract 4.5); `None` where the base is not https.
    pub(super) fn report(&self, id: &str) -> Option<Link> {
        let page = self.page(["report", id]).ok()?;
        WebOrigin::parse(self.base.as_str())?.link(page.as_str())
    }

    /// Where tokens are made and revoked (contract 1.2).
    pub(super) fn token_page(&self) -> String {
        self.page(["profile", "api-tokens"]).map(|page| SafeUrl::new(&page).to_string()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(url: &str) -> Result<Endpoints, String> {
        Endpoints::resolve(Some(&Url::parse(url).unwrap())).map_err(|error| error.to_string())
    }

    #[test]
    fn api_and_pages_are_on_one_host_which_may_be_a_tenants_own() {
        let cloud = Endpoints::resolve(None).unwrap();
        assert_eq!(cloud.api(["sites"]).unwrap().as_str(), "https://app.bestdefense.io/api/sites");
        assert_eq!(cloud.token_page(), "https://app.bestdefense.io/profile/api-tokens");
        for base in
            ["https://acme.example", "https://acme.example/", "https://acme.example//", "https://acme.example/api/"]
        {
            let tenant = resolve(base).unwrap();
            assert_eq!(tenant.api(["sites"]).unwrap().as_str(), "https://acme.example/api/sites", "{base}");
            assert_eq!(&*tenant.report("r/1").unwrap(), "https://acme.example/report/r%2F1", "{base}");
        }
        let below = resolve("https://acme.example/security").unwrap();
        assert_eq!(below.api(["sites"]).unwrap().as_str(), "https://acme.example/security/api/sites");
        assert_eq!(&*below.report("7").unwrap(), "https://acme.example/security/report/7");
    }

    #[test]
    fn what_is_no_base_is_refused_without_showing_a_password() {
        for url in ["https://user:word@acme.example", "https://acme.example/?a=b", "https://acme.example/#x", "data:x"]
        {
            let message = resolve(url).unwrap_err();
            assert!(message.contains("not the base URL") && !message.contains("word"), "{message}");
        }
    }

    #[test]
    fn a_base_that_is_not_https_makes_no_links() {
        assert_eq!(resolve("http://127.0.0.1:8080").unwrap().report("7"), None);
    }
}
