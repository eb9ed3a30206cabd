//! What a client of BestDefense has to be told.

use crate::credentials::Secret;

/// A site of the organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its id, which takes the place of its name.
    pub id: String,
    /// Its host name.
    pub hostname: &'static str,
    /// Whether the organisation has shown that it owns it. Nothing else can be scanned.
    pub is_verified: bool,
}

/// Address, credential and sites, random each time but for the names. The credential is good for nothing else.
#[derive(Clone)]
pub struct BestDefenseAccess {
    /// The origin, without a slash at the end.
    pub api_url: String,
    /// The organisation's token.
    pub token: Secret,
    /// The sites, of which the first has findings and the second has none.
    pub sites: Vec<Site>,
}

impl BestDefenseAccess {
    /// The environment variables that tell a client all of this, with a site to scan.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let mut variables = vec![
            ("SCANGATE_BESTDEFENSE_API_URL", self.api_url.clone()),
            ("BD_API_TOKEN", self.token.expose().to_owned()),
        ];
        let target = self.sites.first().map(|site| site.hostname.to_owned());
        variables.extend(target.map(|target| ("SCANGATE_BESTDEFENSE_TARGET", target)));
        variables
    }
}
