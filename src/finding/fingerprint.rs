//! A name for a finding that is the same in every run and survives the drift of lines.
//!
//! Version 1 is the SHA-256 of kind, rule and place, shortened to 128 bits. The place of a finding in a file is its path and the
//! hash of its source line without white space, so code may move and be re-indented; where the line is not at hand, the path
//! alone. The place of a package leaves its version out: the same advisory after a useless upgrade is the same finding. A URL is
//! method, address without query, and parameter; a host is its name and port, whatever service a scanner takes it for. What
//! is still equal after that is told apart by its order in the file, or by the rest of its place. A platform's row id enters only
//! where nothing else is known.

use std::collections::HashMap;
use std::fmt;

use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{Finding, Location};
use crate::sorting;

/// The version that [`assign`] makes. Baselines and waivers name it (DESIGN section 16).
pub const VERSION: u8 = 1;

/// The first 128 bits of the digest. Shown as 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 16]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Gives every finding its fingerprint. The result does not depend on the order in which the findings came.
pub fn assign(findings: &mut [Finding]) {
    let order = sorting::order_of(findings.len(), &|a, b| {
        let (a, b) = (&findings[a], &findings[b]);
        let by_place = a.location.line().cmp(&b.location.line()).then_with(|| rest(&a.location).cmp(rest(&b.location)));
        by_place.then_with(|| a.id.cmp(&b.id))
    });
    let mut seen: HashMap<[u8; 16], u32> = HashMap::with_capacity(findings.len());
    for index in order {
        let finding = &mut findings[index];
        let alike = digest(&identity(finding));
        let occurrence = seen.entry(alike).or_default();
        finding.fingerprint = Fingerprint(match *occurrence {
            0 => alike,
            nth => digest(&[&alike[..], &nth.to_be_bytes()].concat()),
        });
        *occurrence += 1;
    }
}

/// The bytes that say which finding this is: the fields, each behind its length so that no two lists of fields run together.
fn identity(finding: &Finding) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    let mut field = |text: &str| {
        bytes.extend((text.len() as u64).to_be_bytes());
        bytes.extend(text.as_bytes());
    };
    field(finding.kind.as_str());
    field(&finding.rule.id);
    match &finding.location {
        Location::File(file) => {
            field("file");
            field(file.path.as_str());
            if let Some(source) = &file.source {
                field(&source.content.to_string());
            }
        }
        Location::Package(place) => {
            field("package");
            field(place.package.ecosystem.as_deref().unwrap_or_default());
            field(&place.package.name);
            field(place.manifest.as_ref().map_or("", |manifest| manifest.as_str()));
        }
        Location::Url { url, method, parameter } => {
            field("url");
            field(&url_without_query(url));
            field(&method.as_deref().unwrap_or_default().to_ascii_uppercase());
            field(parameter.as_deref().unwrap_or_default());
        }
        Location::Host { host, port, .. } => {
            field("host");
            field(&host_name(host));
            field(&port.map(|port| port.to_string()).unwrap_or_default());
        }
        Location::Image { image, package } => {
            field("image");
            field(image_repository(image));
            field(package.as_ref().map_or("", |package| package.name.as_str()));
        }
        Location::Unmapped { place } => {
            field("unmapped");
            field(if place.is_empty() { &finding.id } else { place });
        }
    }
    bytes
}

/// The address in its normal form (letter case of the host, default port, steps in the path), without the parts that change from
/// run to run: a query often carries a session or a time, and user names are the scanner's own.
fn url_without_query(address: &str) -> String {
    let address = address.trim();
    let Ok(mut url) = Url::parse(address) else {
        return address.split(['?', '#']).next().unwrap_or(address).to_owned();
    };
    url.set_query(None);
    url.set_fragment(None);
    // Both fail only for addresses that can hold neither.
    url.set_username("").unwrap_or_default();
    url.set_password(None).unwrap_or_default();
    url.into()
}

/// A host as one name, however it is written: in small letters, without the root's dot and the brackets of an IPv6 address.
fn host_name(host: &str) -> String {
    let host = host.trim();
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    bare.strip_suffix('.').unwrap_or(bare).to_ascii_lowercase()
}

/// What of a place is in no fingerprint and still tells two findings apart more reliably than their row ids.
fn rest(location: &Location) -> &str {
    match location {
        Location::Url { url, .. } => url,
        Location::Host { service, .. } => service.as_deref().unwrap_or_default(),
        Location::Image { image, .. } => image,
        Location::File(_) | Location::Package(_) | Location::Unmapped { .. } => "",
    }
}

/// The image without tag and digest: a rebuilt image is the same place.
pub(crate) fn image_repository(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or(image);
    match name.rsplit_once(':') {
        // A colon before the last slash belongs to a registry's port.
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => name,
    }
}

fn digest(bytes: &[u8]) -> [u8; 16] {
    let full: [u8; 32] = Sha256::digest(bytes).into();
    let mut short = [0; 16];
    short.copy_from_slice(&full[..16]);
    short
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::sync::Arc;

    use super::super::{FileLocation, Kind, Package, PackageLocation, RepositoryPath, Rule, SourceLine, State};
    use super::*;

    fn finding(id: &str, location: Location) -> Finding {
        Finding {
            id: id.into(),
            fingerprint: Fingerprint::default(),
            kind: Kind::Sast,
            severity: None,
            score: None,
            rule: Arc::new(Rule { id: "sql-injection".to_owned(), ..Rule::default() }),
            state: State::Open,
            location,
            message: String::new(),
            remediation: None,
            link: None,
        }
    }

    fn in_file(id: &str, line: u32, content: Option<u64>) -> Finding {
        let start_line = NonZeroU32::new(line);
        let source = content.map(|content| SourceLine { content, primary_location_line_hash: "0:1".into() });
        let path = RepositoryPath::parse("src/app.py").unwrap();
        finding(id, Location::File(FileLocation { path, start_line, end_line: start_line, source }))
    }

    fn fingerprints(mut findings: Vec<Finding>) -> Vec<Fingerprint> {
        assign(&mut findings);
        findings.iter().map(|finding| finding.fingerprint).collect()
    }

    #[test]
    fn version_1_never_changes() {
        let known = fingerprints(vec![in_file("row", 12, Some(7)), in_file("row 2", 13, Some(7))]);
        assert_eq!(known[0].to_string(), "4bb7697c42aa4e01d6ed5b495f92fdbe");
        assert_eq!(known[1].to_string(), "6a4b59c5347f5ad20d0d5cde0787dda8");
    }

    #[test]
    fn a_finding_keeps_its_fingerprint_when_lines_are_added_above_it_and_its_row_id_changes() {
        assert_eq!(fingerprints(vec![in_file("a", 12, Some(7))]), fingerprints(vec![in_file("b", 90, Some(7))]));
        assert_eq!(fingerprints(vec![in_file("a", 12, None)]), fingerprints(vec![in_file("b", 90, None)]));
        assert_ne!(fingerprints(vec![in_file("a", 12, Some(7))]), fingerprints(vec![in_file("a", 12, Some(8))]));
    }

    #[test]
    fn findings_on_equal_lines_are_told_apart_whatever_the_order_in_which_they_came() {
        let first = fingerprints(vec![in_file("a", 1, Some(7)), in_file("b", 2, Some(7)), in_file("c", 3, Some(7))]);
        let second = fingerprints(vec![in_file("c", 3, Some(7)), in_file("a", 1, Some(7)), in_file("b", 2, Some(7))]);
        assert_eq!([first[0], first[1], first[2]], [second[1], second[2], second[0]]);
        assert_ne!(first[0], first[1]);
        assert_ne!(first[1], first[2]);
    }

    #[test]
    fn a_package_keeps_its_fingerprint_over_its_versions_but_not_over_manifests() {
        let package = |version: &str, manifest: &str| {
            let package = Package {
                name: "lodash".to_owned(),
                version: version.to_owned(),
                ecosystem: None,
                fixed_version: None,
            };
            let manifest = RepositoryPath::parse(manifest);
            fingerprints(vec![finding("row", Location::Package(PackageLocation { manifest, package }))])
        };
        assert_eq!(package("4.17.0", "package-lock.json"), package("4.17.5", "package-lock.json"));
        assert_ne!(package("4.17.0", "package-lock.json"), package("4.17.0", "web/package-lock.json"));
    }

    #[test]
    fn a_host_is_its_name_and_port_whatever_runs_there_and_however_it_is_written() {
        let host = |host: &str, port, service: &str| {
            let (host, service) = (host.to_owned(), Some(service.to_owned()));
            fingerprints(vec![finding(host.as_str(), Location::Host { host: host.clone(), port, service })])
        };
        assert_eq!(host("Host.example.", Some(443), "http"), host("host.example", Some(443), "https"));
        assert_eq!(host("[2001:DB8::1]", Some(22), "ssh"), host("2001:db8::1", Some(22), "ssh"));
        assert_ne!(host("host.example", Some(443), "https"), host("host.example", Some(8443), "https"));
        assert_ne!(host("host.example", None, ""), host("other.example", None, ""));
    }

    #[test]
    fn a_url_is_told_apart_by_method_and_parameter_and_never_by_its_row_id() {
        let url = |id: &str, method: &str, parameter: &str| {
            let (method, parameter) = (Some(method.to_owned()), Some(parameter.to_owned()));
            let url = "https://host/search".to_owned();
            fingerprints(vec![finding(id, Location::Url { url, method, parameter })])
        };
        assert_eq!(url("1", "GET", "q"), url("2", "get", "q"));
        assert_ne!(url("1", "GET", "q"), url("1", "POST", "q"));
        assert_ne!(url("1", "GET", "q"), url("1", "GET", "page"));
    }

    #[test]
    fn places_that_differ_in_their_query_alone_keep_their_fingerprints_when_row_ids_change() {
        let at = |id: &str, query: &str| {
            let url = format!("https://host/search?q={query}");
            finding(id, Location::Url { url, method: None, parameter: None })
        };
        let first = fingerprints(vec![at("1", "a"), at("2", "b")]);
        let second = fingerprints(vec![at("9", "a"), at("8", "b")]);
        assert_eq!(first, second);
        assert_ne!(first[0], first[1]);
    }

    #[test]
    fn neither_a_query_nor_a_tag_makes_another_place() {
        let url = |url: &str| {
            fingerprints(vec![finding("row", Location::Url { url: url.to_owned(), method: None, parameter: None })])
        };
        assert_eq!(url("https://host/login?session=1"), url("https://host/login?session=2"));
        assert_eq!(url("https://user:word@HOST:443/a/../login#top"), url("https://host/login"));
        assert_eq!(url("not a url?x"), url(" not a url#y"));
        assert_ne!(url("https://host/login"), url("https://host/Login"));
        assert_ne!(url("https://host/login"), url("http://host/login"));
        let image = |image: &str| {
            fingerprints(vec![finding("row", Location::Image { image: image.to_owned(), package: None })])
        };
        assert_eq!(image("host:5000/app:1"), image("host:5000/app@sha256:00"));
        assert_ne!(image("host:5000/app:1"), image("host:5000/other:1"));
    }
}
