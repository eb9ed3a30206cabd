//! Which hosts a run talks to. The two regions are separate tenants (contract 1.1), so their hosts are never mixed: a token
//! must not travel to a host that the user did not choose together with the one that issued it.

use url::Url;

use crate::finding::{Link, WebOrigin};
use crate::http::SafeUrl;
use crate::platform::{Error, Region, Request};

/// The hosts and names of one region (contract 1.1).
struct Cloud {
    region: Region,
    api: &'static str,
    auth: &'static str,
    web: &'static str,
    client_id: &'static str,
}

const EU: Cloud = Cloud {
    region: Region::Eu,
    api: "https://api-eu.cybedefend.com",
    auth: "https://auth-eu.cybedefend.com",
    web: "https://eu.cybedefend.com",
    client_id: "fm90ay05zohu8fk2q45ms",
};

const US: Cloud = Cloud {
    region: Region::Us,
    api: "https://api-us.cybedefend.com",
    auth: "https://auth-us.cybedefend.com",
    web: "https://us.cybedefend.com",
    client_id: "7o6r9cvvi8um0kisvn7hm",
};

const CLOUDS: [Cloud; 2] = [EU, US];

/// The region where neither a region nor a URL is given, as in the vendor's own client.
const DEFAULT_REGION: Region = Region::Us;

/// The hosts of one run, all of one instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoints {
    /// The base of every API call.
    pub(super) api: Url,
    /// The base of the OpenID Connect provider that issues tokens for that API.
    pub(super) auth: Url,
    /// What is only known of CybeDefend's own cloud; absent for any other instance.
    pub(super) cloud: Option<CloudFacts>,
}

/// What only the cloud's two regions have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CloudFacts {
    /// The region.
    pub(super) region: Region,
    /// The origin of the web application, for links.
    pub(super) web: WebOrigin,
    /// The id of the command line's client at the time of writing. It may change between releases, so it only stands in where
    /// `/client-apps` does not answer (contract 1.2).
    pub(super) client_id: &'static str,
}

/// How to get a personal access token (contract 1.1).
pub(super) fn credential_advice(region: Option<Region>) -> String {
    let region = region.unwrap_or(DEFAULT_REGION);
    let web = CLOUDS.iter().find(|cloud| cloud.region == region).map_or("", |cloud| cloud.web);
    format!("set CYBEDEFEND_PAT to a personal access token, which you create at {web}/profile/personal-access-tokens")
}

/// The addresses of a region's API and of what issues tokens for it.
pub(super) fn hosts(region: Option<Region>) -> &'static [&'static str] {
    match region.unwrap_or(DEFAULT_REGION) {
        Region::Eu => &[EU.api, EU.auth],
        Region::Us => &[US.api, US.auth],
    }
}

impl Endpoints {
    /// Those of a request.
    pub(super) fn of(request: &Request) -> Result<Self, Error> {
        Self::resolve(request.region, request.api_url.as_ref(), request.auth_url.as_ref())
    }

    /// Decides from `--region`, `--api-url` and `--auth-url`. One of the cloud's URLs implies its region; an API of another host
    /// needs the auth host of its instance.
    pub(super) fn resolve(region: Option<Region>, api: Option<&Url>, auth: Option<&Url>) -> Result<Self, Error> {
        let api_cloud = api.map(|url| cloud_of(url, "--api-url", |cloud| cloud.api)).transpose()?.flatten();
        let auth_cloud = auth.map(|url| cloud_of(url, "--auth-url", |cloud| cloud.auth)).transpose()?.flatten();
        if let (Some(api), None) = (api, api_cloud) {
            let Some(auth) = auth else {
                return Err(setting(
                    format!(
                        "--api-url {} is not CybeDefend's cloud, and no auth host is given for it",
                        SafeUrl::new(api)
                    ),
                    "give the instance's OpenID Connect host with --auth-url as well",
                ));
            };
            return Ok(Self { api: api.clone(), auth: auth.clone(), cloud: None });
        }
        if let (Some(auth), None) = (auth, auth_cloud) {
            return Err(setting(
                format!("--auth-url {} belongs to no region of CybeDefend's cloud", SafeUrl::new(auth)),
                "give the API of the same instance with --api-url, or leave --auth-url out",
            ));
        }
        let sources = [("--region", region), ("--api-url", api_cloud), ("--auth-url", auth_cloud)];
        let mut chosen = None;
        for (flag, stated) in sources.into_iter().filter_map(|(flag, stated)| stated.map(|stated| (flag, stated))) {
            match chosen {
                None => chosen = Some((flag, stated)),
                Some((_, earlier)) if earlier == stated => {}
                Some((first, earlier)) => {
                    return Err(setting(
                        format!("{first} means region {earlier}, and {flag} means region {stated}"),
                        "the regions are separate tenants: make both name the same one, or give one of them alone",
                    ));
                }
            }
        }
        Self::cloud(chosen.map_or(DEFAULT_REGION, |(_, region)| region))
    }

    fn cloud(region: Region) -> Result<Self, Error> {
        let [eu, us] = &CLOUDS;
        let cloud = match region {
            Region::Eu => eu,
            Region::Us => us,
        };
        let no_origin = || Error::Protocol { message: format!("{} is no origin for links", cloud.web) };
        let web = WebOrigin::parse(cloud.web).ok_or_else(no_origin)?;
        let facts = CloudFacts { region, web, client_id: cloud.client_id };
        Ok(Self { api: parse(cloud.api)?, auth: parse(cloud.auth)?, cloud: Some(facts) })
    }

    /// The API's base without a trailing slash: the audience for which a token is asked (contract 1.3).
    pub(super) fn resource(&self) -> &str {
        self.api.as_str().trim_end_matches('/')
    }

    /// The instance in words: `region eu`, or `the instance at` an origin.
    pub(super) fn instance(&self) -> String {
        match &self.cloud {
            Some(cloud) => format!("region {}", cloud.region),
            None => format!("the instance at {}", self.api.origin().ascii_serialization()),
        }
    }

    /// Where a personal access token is made, in words.
    pub(super) fn token_page(&self) -> String {
        match &self.cloud {
            Some(cloud) => format!("at {}/profile/personal-access-tokens", cloud.web),
            None => "in your profile there".to_owned(),
        }
    }

    /// The address of an API path, each segment percent-encoded.
    pub(super) fn api<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Result<Url, Error> {
        extended(&self.api, segments)
    }

    /// Where tokens are got.
    pub(super) fn token_url(&self) -> Result<Url, Error> {
        extended(&self.auth, ["oidc", "token"])
    }

    /// Where a person logs in (contract 1.4).
    pub(super) fn authorization_url(&self) -> Result<Url, Error> {
        extended(&self.auth, ["oidc", "auth"])
    }

    /// A page of the web application; `None` where its origin is not known.
    pub(super) fn web<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Option<Link> {
        self.cloud.as_ref()?.web.page(segments)
    }
}

/// The region to which a URL belongs, if it is of CybeDefend's cloud. A host of the cloud with another port, scheme or path is a
/// mistake and not an instance of its own.
fn cloud_of(url: &Url, flag: &str, base: fn(&Cloud) -> &'static str) -> Result<Option<Region>, Error> {
    let plain = matches!(url.scheme(), "https" | "http") && url.host_str().is_some_and(|host| !host.is_empty());
    if !plain
        || url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return Err(setting(
            format!("{flag} {} is not the base URL of a server", SafeUrl::new(url)),
            "give scheme and host, such as https://cybedefend.example.com, without user name, query or fragment",
        ));
    }
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    for cloud in &CLOUDS {
        let known = parse(base(cloud))?;
        if known.host_str() != Some(host) {
            continue;
        }
        if url.origin() != known.origin() || url.path() != "/" {
            return Err(setting(
                format!("{flag} {} is not {}", SafeUrl::new(url), base(cloud)),
                "give the URL exactly so, or only --region",
            ));
        }
        return Ok(Some(cloud.region));
    }
    Ok(None)
}

fn extended<'a>(base: &Url, segments: impl IntoIterator<Item = &'a str>) -> Result<Url, Error> {
    let mut url = base.clone();
    match url.path_segments_mut() {
        Ok(mut path) => path.pop_if_empty().extend(segments),
        Err(()) => {
            return Err(setting(format!("{} cannot be the base of a URL", SafeUrl::new(base)), "give scheme and host"));
        }
    };
    Ok(url)
}

fn parse(text: &str) -> Result<Url, Error> {
    Url::parse(text).map_err(|cause| Error::Protocol { message: format!("{text} is no URL: {cause}") })
}

fn setting(message: String, hint: &str) -> Error {
    Error::Setting { message, hint: hint.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(region: Option<Region>, api: &str, auth: &str) -> Result<Endpoints, String> {
        let url = |text: &str| (!text.is_empty()).then(|| Url::parse(text).unwrap());
        Endpoints::resolve(region, url(api).as_ref(), url(auth).as_ref()).map_err(|error| error.to_string())
    }

    fn region_of(endpoints: Result<Endpoints, String>) -> Region {
        let endpoints = endpoints.unwrap();
        let cloud = endpoints.cloud.unwrap();
        let word = cloud.region.as_str();
        assert_eq!(endpoints.api.as_str(), format!("https://api-{word}.cybedefend.com/"));
        assert_eq!(endpoints.auth.as_str(), format!("https://auth-{word}.cybedefend.com/"));
        assert_eq!(cloud.web.to_string(), format!("https://{word}.cybedefend.com"));
        cloud.region
    }

    #[test]
    fn a_region_or_one_of_its_urls_brings_all_hosts_of_that_region() {
        assert_eq!(region_of(resolve(None, "", "")), Region::Us);
        assert_eq!(region_of(resolve(Some(Region::Eu), "", "")), Region::Eu);
        assert_eq!(region_of(resolve(None, "https://api-eu.cybedefend.com/", "")), Region::Eu);
        assert_eq!(region_of(resolve(None, "https://API-EU.cybedefend.com:443", "")), Region::Eu);
        assert_eq!(region_of(resolve(None, "", "https://auth-eu.cybedefend.com")), Region::Eu);
        let all = resolve(Some(Region::Us), "https://api-us.cybedefend.com", "https://auth-us.cybedefend.com");
        assert_eq!(region_of(all), Region::Us);
    }

    #[test]
    fn hosts_of_two_regions_are_never_mixed() {
        let mixtures = [
            (Some(Region::Us), "https://api-eu.cybedefend.com", ""),
            (None, "https://api-eu.cybedefend.com", "https://auth-us.cybedefend.com"),
            (Some(Region::Eu), "", "https://auth-us.cybedefend.com"),
            (Some(Region::Eu), "https://api-eu.cybedefend.com", "https://auth-us.cybedefend.com"),
        ];
        for (region, api, auth) in mixtures {
            let message = resolve(region, api, auth).unwrap_err();
            assert!(message.contains("means region eu") && message.contains("means region us"), "{message}");
        }
    }

    #[test]
    fn a_foreign_auth_host_never_serves_the_cloud() {
        for api in ["", "https://api-us.cybedefend.com"] {
            assert!(resolve(None, api, "https://auth.example.com").unwrap_err().contains("belongs to no region"));
        }
    }

    #[test]
    fn another_instance_needs_both_hosts_and_has_no_links() {
        let message = resolve(None, "https://scan.example.com", "").unwrap_err();
        assert!(message.contains("no auth host is given"), "{message}");
        let own = resolve(Some(Region::Eu), "https://scan.example.com/base/", "https://auth.example.com").unwrap();
        assert_eq!(own.cloud, None);
        assert_eq!(own.resource(), "https://scan.example.com/base");
        assert_eq!(own.api(["project", "p"]).unwrap().as_str(), "https://scan.example.com/base/project/p");
        assert_eq!(own.token_url().unwrap().as_str(), "https://auth.example.com/oidc/token");
        assert_eq!(own.web(["project", "p"]), None);
    }

    #[test]
    fn a_cloud_host_in_another_guise_is_a_mistake() {
        let wrong =
            ["http://api-us.cybedefend.com", "https://api-us.cybedefend.com:8443", "https://api-us.cybedefend.com/v1"];
        for api in wrong.into_iter().chain(["https://api-us.cybedefend.com./"]) {
            assert!(
                resolve(None, api, "https://auth.example.com").unwrap_err().contains("is not https://api-us"),
                "{api}"
            );
        }
        for api in
            ["https://user:pass@scan.example.com", "https://scan.example.com/?a=b", "ftp://scan.example.com", "data:x"]
        {
            let message = resolve(None, api, "https://auth.example.com").unwrap_err();
            assert!(message.contains("not the base URL") && !message.contains("pass"), "{message}");
        }
    }

    #[test]
    fn segments_cannot_leave_their_place_in_the_path() {
        let endpoints = resolve(Some(Region::Eu), "", "").unwrap();
        let url = endpoints.api(["project", "a/../b?c#d", "scan"]).unwrap();
        assert_eq!(url.as_str(), "https://api-eu.cybedefend.com/project/a%2F..%2Fb%3Fc%23d/scan");
        assert_eq!(&*endpoints.web(["project", "x y"]).unwrap(), "https://eu.cybedefend.com/project/x%20y");
    }
}
