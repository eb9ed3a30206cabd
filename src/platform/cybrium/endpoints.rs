//! Where the calls go. The vendor's own pages and clients disagree on origin and prefix (contract section 0), so the base and each
//! path are settings of their own; whatever they say, a call stays on the origin of the base.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use url::Url;

use crate::finding::{Link, WebOrigin, is_unprintable};
use crate::http::SafeUrl;
use crate::platform::{Error, Request};

/// The base of scans that Cybrium runs: that of the page on API keys (contract section 0, surface A).
pub(super) const OF_SCANS: &str = "https://api.cybrium.io/v1";

/// The base of uploads: that of the page on the platform integration (contract section 0, surface B).
pub(super) const OF_UPLOADS: &str = "https://app.cybrium.ai/api";

/// The web application (contract section 0, surface B).
const WEB: &str = "https://app.cybrium.ai";

/// The vendor's hosts, with the prefix under which each has its API (contract section 0).
const HOSTS: [(&str, &str); 3] = [("api.cybrium.io", "/v1"), ("app.cybrium.ai", "/api"), ("api.cybrium.ai", "/api")];

/// What stands for the id of a scan in a path.
const PLACEHOLDER: &str = "{id}";

/// The longest id of a scan, in characters. Integers and UUIDs are what the vendor's framework makes.
const LONGEST_ID: usize = 128;

/// The names of `--path`.
pub(super) const PATHS: [&str; 4] = ["scans", "scan", "findings", "upload"];

/// The base and the paths of one run.
#[derive(Clone, Debug)]
pub(super) struct Endpoints {
    base: Url,
    scans: String,
    scan: String,
    findings: String,
    upload: String,
    web: Option<WebOrigin>,
    is_vendors: bool,
}

impl Endpoints {
    /// Those of a request.
    pub(super) fn of(request: &Request) -> Result<Self, Error> {
        Self::resolve(request.api_url.as_ref(), request.sarif, &request.paths)
    }

    /// Decides from `--api-url` and `--path`. A base without a path gets the prefix of the host's API, or where the host is not the
    /// vendor's, that of what is done: `/api` to upload, `/v1` to scan.
    fn resolve(api_url: Option<&Url>, is_upload: bool, paths: &BTreeMap<String, String>) -> Result<Self, Error> {
        let mut base = match api_url {
            Some(url) => checked(url)?,
            None => parse(if is_upload { OF_UPLOADS } else { OF_SCANS })?,
        };
        let own = HOSTS.iter().find(|(host, _)| base.host_str() == Some(host)).map(|(_, prefix)| *prefix);
        if base.path() == "/" {
            base.set_path(own.unwrap_or(if is_upload { "/api" } else { "/v1" }));
        }
        let prefix = base.path().trim_end_matches('/').to_owned();
        // In the surface under `/api` findings live below scans (contract section 4.1).
        let findings = if prefix.ends_with("/api") { "/scans/findings/?scan={id}" } else { "/findings/?scan={id}" };
        let path = |name: &str, usual: &str, needs_id: bool| match paths.get(name) {
            Some(template) => template_of(name, template, needs_id),
            None => Ok(format!("{prefix}{usual}")),
        };
        Ok(Self {
            scans: path("scans", "/scans/", false)?,
            scan: path("scan", "/scans/{id}/", true)?,
            // After an upload without an id, what the whole workspace lists is the only thing left to read.
            findings: path("findings", findings, !is_upload)?,
            upload: path("upload", "/scans/upload-sarif/", false)?,
            web: WebOrigin::parse(if own.is_some() { WEB } else { base.as_str() }),
            is_vendors: own.is_some(),
            base,
        })
    }

    /// The base, which says the origin to which the key may go.
    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    /// Where scans are started, and listed.
    pub(super) fn scans(&self) -> Url {
        self.url(&self.scans, "")
    }

    /// Where a scan is shown.
    pub(super) fn scan(&self, id: &str) -> Url {
        self.url(&self.scan, id)
    }

    /// Where a SARIF file is uploaded.
    pub(super) fn upload(&self) -> Url {
        self.url(&self.upload, "")
    }

    /// Where the findings of a scan are listed.
    pub(super) fn findings(&self, id: &str) -> Url {
        self.url(&self.findings, id)
    }

    /// Whether findings can be listed without the id of a scan.
    pub(super) fn lists_findings_of_all_scans(&self) -> bool {
        !self.findings.contains(PLACEHOLDER)
    }

    /// Where pages for people are; `None` where the base is not https.
    pub(super) fn web(&self) -> Option<&WebOrigin> {
        self.web.as_ref()
    }

    /// The page of a scan: the address that an answer has for it if it is on [`Endpoints::web`], else the vendor's list of findings,
    /// to which its own clients lead (contract section 2.3).
    pub(super) fn page(&self, address: Option<&str>) -> Option<Link> {
        let web = self.web.as_ref()?;
        let list = || web.page(["findings"]).filter(|_| self.is_vendors);
        address.and_then(|address| web.link(address)).or_else(list)
    }

    /// A template as an address on the base's origin. Its path always ends in a slash: without it the vendor's framework redirects,
    /// and a redirected POST loses its body (contract section 5).
    fn url(&self, template: &str, id: &str) -> Url {
        let filled = template.replace(PLACEHOLDER, &encoded(id));
        let (path, query) = filled.split_once('?').map_or((filled.as_str(), None), |(path, query)| (path, Some(query)));
        let slash = if path.ends_with('/') { "" } else { "/" };
        let mut url = self.base.clone();
        url.set_path(&format!("{path}{slash}"));
        url.set_query(query);
        url
    }
}

/// Whether this can be the id of a scan. It is percent-encoded in addresses, where only `.` and `..` would still be understood as
/// steps.
pub(super) fn is_scan_id(text: &str) -> bool {
    !text.is_empty()
        && text.chars().count() <= LONGEST_ID
        && !matches!(text, "." | "..")
        && !text.contains(|character: char| character.is_whitespace() || is_unprintable(character))
}

/// The text with everything percent-encoded but the unreserved characters (RFC 3986, 2.3).
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            // Writing to a text cannot fail.
            _ => write!(encoded, "%{byte:02X}").unwrap_or_default(),
        }
    }
    encoded
}

fn template_of(name: &str, template: &str, needs_id: bool) -> Result<String, Error> {
    let wrong = |problem: &str| Error::Setting {
        message: format!("--path {name}={template} {problem}"),
        hint: "use a path from the root of the server, such as scan=/v1/scans/{id}/".to_owned(),
    };
    if !template.starts_with('/') || template.starts_with("//") || template.contains(['\\', '#']) {
        return Err(wrong("does not begin with one slash, or leaves the server"));
    }
    if needs_id && !template.contains(PLACEHOLDER) {
        return Err(wrong("has no {id}, which stands for the scan"));
    }
    let takes_id = matches!(name, "scan" | "findings");
    if template.replace(if takes_id { PLACEHOLDER } else { "" }, "").contains(['{', '}']) {
        return Err(wrong("has a placeholder that nothing is known for"));
    }
    Ok(template.to_owned())
}

fn checked(url: &Url) -> Result<Url, Error> {
    let is_plain = matches!(url.scheme(), "https" | "http") && url.has_host() && url.username().is_empty();
    if is_plain && url.password().is_none() && url.query().is_none() && url.fragment().is_none() {
        return Ok(url.clone());
    }
    Err(Error::Setting {
        message: format!("--api-url {} is not the base of an API", SafeUrl::new(url)),
        hint: format!("give scheme, host and prefix, such as {OF_SCANS}"),
    })
}

fn parse(text: &str) -> Result<Url, Error> {
    Url::parse(text).map_err(|cause| Error::Protocol { message: format!("{text} is no URL: {cause}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(api_url: &str, is_upload: bool, paths: &[(&str, &str)]) -> Result<Endpoints, String> {
        let api_url = (!api_url.is_empty()).then(|| Url::parse(api_url).unwrap());
        let paths = paths.iter().map(|(name, template)| ((*name).to_owned(), (*template).to_owned())).collect();
        Endpoints::resolve(api_url.as_ref(), is_upload, &paths).map_err(|error| error.to_string())
    }

    #[test]
    fn a_base_and_a_bare_origin_lead_to_the_same_calls() {
        let scans = "https://api.cybrium.io/v1/scans/";
        for (api_url, is_upload, expected) in [
            ("", false, scans),
            ("https://api.cybrium.io", false, scans),
            ("https://api.cybrium.io/v1/", false, scans),
            ("", true, "https://app.cybrium.ai/api/scans/"),
            ("https://app.cybrium.ai", true, "https://app.cybrium.ai/api/scans/"),
            ("https://app.cybrium.ai/", false, "https://app.cybrium.ai/api/scans/"),
            ("https://api.cybrium.ai/api", false, "https://api.cybrium.ai/api/scans/"),
            ("https://x.example/v1", false, "https://x.example/v1/scans/"),
            ("https://x.example/v1", true, "https://x.example/v1/scans/"),
            ("https://x.example:8443", false, "https://x.example:8443/v1/scans/"),
            ("https://x.example", true, "https://x.example/api/scans/"),
        ] {
            let endpoints = resolve(api_url, is_upload, &[]).unwrap();
            assert_eq!(endpoints.scans().as_str(), expected, "{api_url}");
            assert_eq!(endpoints.upload().as_str(), format!("{expected}upload-sarif/"), "{api_url}");
            assert_eq!(endpoints.scan("7").as_str(), format!("{expected}7/"), "{api_url}");
        }
    }

    #[test]
    fn findings_lie_where_the_surface_has_them() {
        let findings = |api_url, is_upload| resolve(api_url, is_upload, &[]).unwrap().findings("7").to_string();
        assert_eq!(findings("", false), "https://api.cybrium.io/v1/findings/?scan=7");
        assert_eq!(findings("", true), "https://app.cybrium.ai/api/scans/findings/?scan=7");
        assert_eq!(findings("https://x.example", true), "https://x.example/api/scans/findings/?scan=7");
    }

    #[test]
    fn a_path_is_one_from_the_root_and_gets_the_slash_that_it_lacks() {
        let paths = [("scans", "/rest/jobs"), ("scan", "/rest/{id}/job"), ("findings", "/rest/found?of={id}&all=1")];
        let endpoints = resolve("https://x.example/v1", false, &paths).unwrap();
        assert_eq!(endpoints.scans().as_str(), "https://x.example/rest/jobs/");
        assert_eq!(endpoints.scan("7").as_str(), "https://x.example/rest/7/job/");
        assert_eq!(endpoints.findings("7").as_str(), "https://x.example/rest/found/?of=7&all=1");
        assert_eq!(endpoints.upload().as_str(), "https://x.example/v1/scans/upload-sarif/");
    }

    #[test]
    fn an_id_cannot_leave_its_place() {
        let endpoints = resolve("https://x.example", false, &[]).unwrap();
        assert_eq!(endpoints.scan("a/../b?c#d&e").as_str(), "https://x.example/v1/scans/a%2F..%2Fb%3Fc%23d%26e/");
        assert_eq!(endpoints.findings("a&scan=b").as_str(), "https://x.example/v1/findings/?scan=a%26scan%3Db");
        for bad in ["", ".", "..", "a b", "a\n", "a\u{202e}b", &"x".repeat(129)] {
            assert!(!is_scan_id(bad), "{bad:?}");
        }
        assert!(is_scan_id("1042") && is_scan_id("0b7f2a70-54c1-4a0c-9d52-4f9f6a3c1d10") && is_scan_id("scan:1"));
    }

    #[test]
    fn a_path_that_shows_no_scan_or_leaves_the_server_is_a_mistake() {
        for (name, template) in [
            ("scan", "/v1/scans/"),
            ("findings", "/v1/findings/"),
            ("scans", "/v1/{id}/"),
            ("scan", "/v1/{id}/{tenant}/"),
            ("scans", "//evil.example/"),
            ("scans", "/\\evil.example/"),
            ("scans", "https://evil.example/"),
        ] {
            let error = resolve("", false, &[(name, template)]).unwrap_err();
            assert!(error.contains(&format!("--path {name}={template}")), "{error}");
        }
        let of_all = resolve("", true, &[("findings", "/api/scans/findings/")]).unwrap();
        assert!(of_all.lists_findings_of_all_scans());
        assert!(!resolve("", true, &[]).unwrap().lists_findings_of_all_scans());
    }

    #[test]
    fn what_is_no_base_is_refused_and_never_shown_whole() {
        for wrong in ["https://user:word@x.example", "https://x.example/?key=word", "ftp://x.example", "data:word"] {
            let error = resolve(wrong, false, &[]).unwrap_err();
            assert!(error.contains("not the base") && (!error.contains("word") || wrong == "data:word"), "{error}");
        }
    }

    #[test]
    fn pages_for_people_are_the_vendors_or_the_instances_own() {
        let web = |api_url| resolve(api_url, false, &[]).unwrap().web().map(ToString::to_string);
        assert_eq!(web("").as_deref(), Some("https://app.cybrium.ai"));
        assert_eq!(web("https://x.example/v1").as_deref(), Some("https://x.example"));
        assert_eq!(web("http://127.0.0.1:9/v1"), None);
    }
}
