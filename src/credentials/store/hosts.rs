//! Where a login is good, so that it goes nowhere else.

use url::Url;

use crate::http::same_origin;
use crate::platform::Region;

/// Where a login is good. What is absent is the platform's default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts {
    /// The region of the platform's cloud; a mere label where there is an [`api_url`](Self::api_url).
    pub region: Option<Region>,
    /// The base of the API.
    pub api_url: Option<Url>,
    /// Where tokens are got.
    pub auth_url: Option<Url>,
    /// The application for which tokens are got.
    pub client_id: Option<String>,
    /// The audience for which tokens are got.
    pub resource: Option<String>,
}

/// The addresses of a vendor's own cloud: [`About::hosts`](crate::platform::About::hosts).
type Vendors = fn(Option<Region>) -> &'static [&'static str];

impl Hosts {
    /// What settings can say.
    pub fn new(region: Option<Region>, api_url: Option<&Url>, auth_url: Option<&Url>) -> Self {
        Self { region, api_url: api_url.cloned(), auth_url: auth_url.cloned(), ..Self::default() }
    }

    /// What `chosen` asks for that a login for these hosts is not good for, as a clause; `None` where it is good for all.
    pub fn differs_from(&self, chosen: &Self, vendors: Vendors) -> Option<String> {
        let own = self.urls(vendors);
        let is_own = |url: &Url| own.iter().any(|own| same_origin(own, url));
        let urls = [&chosen.api_url, &chosen.auth_url].into_iter().flatten();
        if let Some(other) = urls.into_iter().find(|url| !is_own(url)) {
            return Some(format!("the settings choose {}", other.origin().ascii_serialization()));
        }
        let region = chosen.region?;
        let of_region = Self::new(Some(region), None, None).urls(vendors);
        (!of_region.iter().all(is_own)).then(|| format!("the settings choose region {region}"))
    }

    /// These, but for what `chosen` says.
    #[must_use]
    pub fn with(&self, chosen: Self) -> Self {
        // Beside addresses a region is a label, and of another instance than the vendor's a wrong one.
        let region = self.region.filter(|_| self.api_url.is_none());
        Self {
            region: chosen.region.or(region),
            api_url: chosen.api_url.or_else(|| self.api_url.clone()),
            auth_url: chosen.auth_url.or_else(|| self.auth_url.clone()),
            client_id: self.client_id.clone(),
            resource: self.resource.clone(),
        }
    }

    /// In words: an address, with the region where that decides.
    pub fn shown(&self, vendors: Vendors) -> String {
        let address = self.urls(vendors).first().map(|url| url.origin().ascii_serialization()).unwrap_or_default();
        match self.region.filter(|_| self.api_url.is_none()) {
            Some(region) => format!("region {region} ({address})"),
            None => address,
        }
    }

    fn urls(&self, vendors: Vendors) -> Vec<Url> {
        match &self.api_url {
            Some(api_url) => [api_url].into_iter().chain(&self.auth_url).cloned().collect(),
            None => vendors(self.region).iter().filter_map(|address| Url::parse(address).ok()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::PlatformId;

    fn hosts(region: Option<Region>, api_url: &str, auth_url: &str) -> Hosts {
        let url = |text: &str| (!text.is_empty()).then(|| Url::parse(text).unwrap());
        Hosts::new(region, url(api_url).as_ref(), url(auth_url).as_ref())
    }

    const EU: Option<Region> = Some(Region::Eu);
    const US: Option<Region> = Some(Region::Us);

    #[test]
    fn a_login_goes_only_where_it_was_made_for() {
        let vendors = PlatformId::CybeDefend.about().hosts;
        let cloud = hosts(EU, "", "");
        let in_full = hosts(EU, "https://api-eu.cybedefend.com", "https://auth-eu.cybedefend.com");
        let own = hosts(US, "https://scan.example/base", "https://auth.example");
        let nothing = hosts(None, "", "");
        let good = [
            (&cloud, &nothing),
            (&cloud, &hosts(EU, "", "")),
            (&cloud, &hosts(None, "https://api-eu.cybedefend.com:443/", "")),
            (&in_full, &nothing),
            (&in_full, &hosts(EU, "", "https://auth-eu.cybedefend.com")),
            (&own, &nothing),
            (&own, &hosts(None, "https://scan.example/other", "https://auth.example")),
        ];
        for (login, chosen) in good {
            assert_eq!(login.differs_from(chosen, vendors), None, "{login:?} {chosen:?}");
        }
        let wrong = [
            (&cloud, hosts(US, "", ""), "region us"),
            (&in_full, hosts(US, "", ""), "region us"),
            // The label of an instance of one's own is not its region.
            (&own, hosts(US, "", ""), "region us"),
            (&cloud, hosts(None, "https://api-us.cybedefend.com", ""), "https://api-us.cybedefend.com"),
            (&cloud, hosts(EU, "https://scan.example", ""), "https://scan.example"),
            (&own, hosts(None, "http://scan.example/base", ""), "http://scan.example"),
            (&own, hosts(None, "https://scan.example:8443", ""), "https://scan.example:8443"),
            (&own, hosts(None, "", "https://evil.example"), "https://evil.example"),
        ];
        for (login, chosen, said) in wrong {
            let asked = login.differs_from(&chosen, vendors).unwrap();
            assert!(asked.ends_with(said), "{asked}");
        }
    }

    #[test]
    fn a_login_without_an_address_is_for_any_of_the_vendors() {
        let vendors = PlatformId::Cybrium.about().hosts;
        let login = Hosts::default();
        for good in ["https://api.cybrium.io/v1", "https://app.cybrium.ai/api"] {
            assert_eq!(login.differs_from(&hosts(None, good, ""), vendors), None);
        }
        assert!(login.differs_from(&hosts(None, "https://cybrium.example", ""), vendors).is_some());
        assert_eq!(login.shown(vendors), "https://api.cybrium.io");
    }

    #[test]
    fn what_the_settings_leave_open_comes_from_the_login() {
        let chosen = hosts(None, "https://scan.example/v1", "");
        let own = hosts(US, "https://scan.example", "https://auth.example");
        assert_eq!(own.with(chosen), hosts(None, "https://scan.example/v1", "https://auth.example"));
        assert_eq!(hosts(EU, "", "").with(Hosts::default()), hosts(EU, "", ""));
    }
}
