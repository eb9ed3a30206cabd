//! From `--target` to the UUID of a site (contract 3).

use std::collections::HashSet;

use serde_json::Value;
use url::Url;

use super::BestDefense;
use super::envelope::Envelope;
use super::paging::{Next, Pager, page_of};
use super::refusal::Asked;
use super::start::usable_id;
use crate::http::Call;
use crate::platform::Error;
use crate::platform::fields::{Fields, plain};
use crate::platform::text::{bounded, one_line};
use crate::sorting;

/// The most host names that an error lists.
const MOST_NAMES: usize = 20;

/// A site of the token's organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Site {
    pub(super) id: String,
    pub(super) hostname: String,
    /// Whether its record calls it an API, where it says what it is.
    pub(super) is_api: bool,
}

/// Whether a target is the UUID of a site, which needs no list (contract 3).
pub(super) fn is_uuid(target: &str) -> bool {
    let parts: Vec<&str> = target.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The site that a target names.
pub(super) async fn find(platform: &BestDefense, target: &str) -> Result<Site, Error> {
    if is_uuid(target) {
        return Ok(Site { id: target.to_ascii_lowercase(), hostname: String::new(), is_api: false });
    }
    let (sites, shortfall) = list(platform).await?;
    choose(&sites, target, shortfall.as_deref()).map_err(|(message, hint)| {
        let clean = |text: String| platform.session.client().redactor().clean(&text);
        Error::Setting { message: clean(message), hint: clean(hint) }
    })
}

/// What there is to say of the site that a target names, and what speaks against it: sites that are archived or not verified may be
/// on no list, so that a UUID which is on none is a doubt and no refusal.
pub(super) async fn see(platform: &BestDefense, target: &str) -> Result<(String, Option<String>), Error> {
    let (sites, shortfall) = list(platform).await?;
    let clean = |text: String| platform.session.client().redactor().clean(&text);
    let site = if is_uuid(target) {
        sites.iter().find(|site| site.id.eq_ignore_ascii_case(target)).cloned()
    } else {
        let chosen = choose(&sites, target, shortfall.as_deref());
        Some(chosen.map_err(|(message, hint)| Error::Setting { message: clean(message), hint: clean(hint) })?)
    };
    if let Some(Site { id, hostname, .. }) = site {
        return Ok((clean(format!("site {} ({})", shown(&hostname), shown(&id))), None));
    }
    let doubt = format!(
        "the site {target} is not on the organisation's list of sites: check --target, and whose organisation made the token"
    );
    Ok((format!("{} other sites", sites.len()), Some(doubt)))
}

/// All sites, and why they are known not to be all.
async fn list(platform: &BestDefense) -> Result<(Vec<Site>, Option<String>), Error> {
    let address = platform.endpoints.api(["sites"])?;
    let mut url = address.clone();
    let mut pager = Pager::default();
    let mut sites = Vec::new();
    loop {
        let answer = platform.ask(Call::get(url.clone()), Asked::Sites).await?;
        let rows = rows(&answer)
            .ok_or_else(|| platform.misunderstood(Asked::Sites, "no list at `data.sites`, where it is documented"))?;
        let rows: Vec<&Value> = rows.iter().collect();
        let fresh = pager.take(&answer, &rows);
        sites.extend(rows.iter().zip(fresh).filter(|(_, is_fresh)| *is_fresh).filter_map(|(row, _)| site(row)));
        url = match pager.next(0) {
            None => return Ok((sites, pager.shortfall(0))),
            Some(Next::Page(number)) => page_of(&address, number),
            Some(Next::Link(link)) => platform.session.page_link(&url, &link)?,
        };
    }
}

fn rows(answer: &Envelope) -> Option<&Vec<Value>> {
    let payload = answer.payload();
    let named = || Fields::of(payload.as_object()?).get(&["sites", "items", "results"])?.as_array();
    payload.as_array().or_else(named)
}

fn site(row: &Value) -> Option<Site> {
    let fields = Fields::of(row.as_object()?);
    let id = fields.all(&["id", "uuid", "siteid"]).into_iter().find_map(usable_id)?;
    let hostname = fields.text(&["hostname", "host", "domain", "url", "name"])?;
    let kind = fields.text(&["type", "sitetype", "kind"]).unwrap_or_default();
    Some(Site { id, hostname, is_api: plain(&kind).starts_with("api") })
}

/// The one site with this host name: as it is written, else as it is meant. The error is a message and a way out.
fn choose(sites: &[Site], target: &str, shortfall: Option<&str>) -> Result<Site, (String, String)> {
    let exact: Vec<&Site> = sites.iter().filter(|site| site.hostname == target).collect();
    let mut matches = match exact.as_slice() {
        [] => sites.iter().filter(|site| host_name(&site.hostname) == host_name(target)).collect(),
        _ => exact,
    };
    // A list may have the same site more than once.
    let mut ids = HashSet::new();
    matches.retain(|site| ids.insert(site.id.clone()));
    let target = shown(target);
    match matches.as_slice() {
        [only] => Ok((*only).clone()),
        [] => {
            let names = names(sites.iter().map(|site| shown(&site.hostname)));
            let rest = shortfall.map(|how| format!("; the list of sites {how}")).unwrap_or_default();
            let hint = "check --target, and that the token was made in the organisation that owns the site";
            Err((format!("BestDefense knows no site {target}; it knows {names}{rest}"), hint.to_owned()))
        }
        several => {
            let candidates = several.iter().map(|site| format!("{} ({})", shown(&site.hostname), shown(&site.id)));
            let message = format!("more than one site answers to {target}: {}", names(candidates));
            Err((message, "give the UUID of the one that is meant as --target".to_owned()))
        }
    }
}

fn shown(text: &str) -> String {
    bounded(&one_line(text), 80)
}

/// As many names as fit a message.
fn names(names: impl Iterator<Item = String>) -> String {
    let mut all: Vec<String> = names.collect();
    sorting::sort(&mut all);
    if all.is_empty() {
        return "no site at all".to_owned();
    }
    let rest = all.len().saturating_sub(MOST_NAMES);
    all.truncate(MOST_NAMES);
    let more = if rest == 0 { String::new() } else { format!(" and {rest} more") };
    format!("{}{more}", all.join(", "))
}

/// A host name as it is meant: without scheme, user name, path, the root's dot and the scheme's own port, in one case.
fn host_name(text: &str) -> String {
    let text = text.trim().to_lowercase();
    let address = if text.contains("://") { text.clone() } else { format!("https://{text}") };
    let Ok(url) = Url::parse(&address) else { return text };
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    // Without a scheme either port is the usual one.
    match url.port().filter(|port| *port != 80 || text.contains("://")) {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sites(hosts: &[&str]) -> Vec<Site> {
        let site = |(number, host): (usize, &&str)| Site {
            id: format!("id-{number}"),
            hostname: (*host).to_owned(),
            is_api: false,
        };
        hosts.iter().enumerate().map(site).collect()
    }

    #[test]
    fn a_site_is_found_by_its_exact_name_and_else_by_what_is_meant() {
        let sites = sites(&["example.com", "EXAMPLE.com", "shop.example.com:8443"]);
        let find = |target: &str| choose(&sites, target, None).map(|site| site.id);
        assert_eq!(find("example.com"), Ok("id-0".to_owned()));
        assert_eq!(find("EXAMPLE.com"), Ok("id-1".to_owned()));
        for target in
            ["https://shop.example.com:8443/path?x", "Shop.Example.Com.:8443", "http://me@shop.example.com:8443"]
        {
            assert_eq!(find(target), Ok("id-2".to_owned()), "{target}");
        }
        let twice: Vec<Site> = sites.iter().chain(&sites).cloned().collect();
        assert_eq!(choose(&twice, "example.com", None).map(|site| site.id), Ok("id-0".to_owned()));
        assert!(find("shop.example.com").is_err() && find("ample.com").is_err());
        for same in ["http://a.example:80/", "a.example:443", "a.example:80", "https://A.example:443", "a.example."] {
            assert_eq!(host_name(same), "a.example", "{same}");
        }
    }

    #[test]
    fn no_match_and_more_than_one_name_the_choices_without_their_escapes() {
        let sites = sites(&["b.example\u{1b}[2J\n::error::", "a.example", "A.example"]);
        let (message, _) = choose(&sites, "c.example", None).unwrap_err();
        assert_eq!(
            message,
            "BestDefense knows no site c.example; it knows A.example, a.example, b.example [2J ::error::"
        );
        let (message, hint) = choose(&sites, "https://a.EXAMPLE/", None).unwrap_err();
        assert!(message.ends_with("A.example (id-2), a.example (id-1)"), "{message}");
        assert!(hint.contains("UUID"));
        let (message, _) = choose(&[], "c.example", Some("brought 0 of its 3 rows")).unwrap_err();
        assert!(message.ends_with("it knows no site at all; the list of sites brought 0 of its 3 rows"), "{message}");
    }

    #[test]
    fn a_long_list_of_sites_is_cut() {
        let hosts: Vec<String> = (0..500).map(|number| format!("{number:03}.{}", "x".repeat(300))).collect();
        let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
        let (message, _) = choose(&sites(&hosts), "c.example", None).unwrap_err();
        assert!(message.ends_with("and 480 more") && message.chars().count() < 2_000, "{message}");
    }

    #[test]
    fn only_a_uuid_is_taken_for_one() {
        assert!(is_uuid("0F4C1d2e-0000-4000-8000-1234567890ab"));
        for target in ["example.com", "0f4c1d2e-0000-4000-8000-1234567890a", "0f4c1d2e-0000-4000-8000-1234567890ag", ""]
        {
            assert!(!is_uuid(target), "{target}");
        }
    }

    #[test]
    fn sites_are_read_from_the_envelope_or_a_bare_list() {
        let row = json!({ "id": "u-1", "hostname": "a.example", "type": "API" });
        for answer in [json!({ "data": { "sites": [row] } }), json!({ "data": [row] }), json!([row])] {
            let answer = Envelope::open(answer).unwrap();
            let read: Vec<Site> = rows(&answer).unwrap().iter().filter_map(site).collect();
            assert_eq!(read, [Site { id: "u-1".to_owned(), hostname: "a.example".to_owned(), is_api: true }]);
        }
        assert_eq!(rows(&Envelope::open(json!({ "data": { "sites": {} } })).unwrap()), None);
        for row in [json!({ "hostname": "a" }), json!({ "id": null, "hostname": "a" }), json!({ "id": 1 }), json!("a")]
        {
            assert_eq!(site(&row), None, "{row}");
        }
    }
}
