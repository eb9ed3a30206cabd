//! Dependencies: which packages a manifest names, and what is known of their versions.

mod advisories;
mod manifests;
mod version;

pub use advisories::{ADVISORIES, Advisory, UNPINNED};
pub use manifests::is_manifest;

use manifests::Dependency;

/// How a dependency came to be there: the `packageType` of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Named by the project.
    Direct,
    /// Named by the project, for development only.
    Dev,
    /// Named by another dependency.
    Transitive,
}

impl Scope {
    /// The word of the `packageType` filter.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Dev => "dev",
            Self::Transitive => "transitive",
        }
    }
}

/// An advisory that is true of a dependency.
#[derive(Clone, Debug)]
pub struct PackageHit {
    /// What is known.
    pub advisory: &'static Advisory,
    /// The manifest's name in the archive.
    pub manifest: String,
    /// `npm`, `PyPI`, `Go`, `Maven` or `cargo`.
    pub ecosystem: &'static str,
    /// The package's name.
    pub package: String,
    /// The version that the manifest names; empty where it names none.
    pub version: String,
    /// How it came to be there.
    pub scope: Scope,
}

/// What is known of the dependencies that a manifest names; nothing for files that are no manifest or cannot be parsed.
pub fn scan_manifest(path: &str, content: &str) -> Vec<PackageHit> {
    let mut hits: Vec<PackageHit> = Vec::new();
    for dependency in manifests::dependencies(path, content) {
        for advisory in advisories_of(&dependency) {
            let hit = PackageHit {
                advisory,
                manifest: path.to_owned(),
                ecosystem: dependency.ecosystem,
                package: dependency.name.clone(),
                version: dependency.version.clone(),
                scope: dependency.scope,
            };
            // A lock file may name one package in several places.
            let seen = |other: &PackageHit| {
                (other.advisory.id, &other.package, &other.version) == (hit.advisory.id, &hit.package, &hit.version)
            };
            if !hits.iter().any(seen) {
                hits.push(hit);
            }
        }
    }
    hits
}

fn advisories_of(dependency: &Dependency) -> Vec<&'static Advisory> {
    if dependency.version.is_empty() {
        return vec![&UNPINNED];
    }
    let applies = |advisory: &&Advisory| {
        advisory.ecosystem == dependency.ecosystem
            && advisory.package.eq_ignore_ascii_case(&dependency.name)
            && version::compare(&dependency.version, advisory.introduced).is_ge()
            && version::compare(&dependency.version, advisory.fixed).is_lt()
    };
    ADVISORIES.iter().filter(applies).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, content: &str) -> Vec<(&'static str, String, &'static str)> {
        let hits = scan_manifest(path, content);
        hits.into_iter().map(|hit| (hit.advisory.cve, hit.version, hit.scope.as_str())).collect()
    }

    #[test]
    fn known_bad_versions_are_found_in_every_kind_of_manifest() {
        let lock = r#"{"packages":{"":{"dependencies":{"lodash":"^4.17.15"}},"node_modules/lodash":{"version":"4.17.20"},
            "node_modules/a/node_modules/minimist":{"version":"1.2.0","dev":true}}}"#;
        assert_eq!(
            found("web/package-lock.json", lock),
            [("CVE-2021-44906", "1.2.0".into(), "dev"), ("CVE-2021-23337", "4.17.20".into(), "direct")]
        );
        assert_eq!(
            found("package.json", r#"{"dependencies":{"lodash":"~4.17.20"}}"#),
            [("CVE-2021-23337", "4.17.20".into(), "direct")]
        );
        assert_eq!(
            found("requirements.txt", "# pinned\nPyYAML==5.3.1  # old\nrequests[security]==2.19.0\nDjango==4.0.4\n"),
            [("CVE-2020-14343", "5.3.1".into(), "direct"), ("CVE-2018-18074", "2.19.0".into(), "direct")]
        );
        assert_eq!(
            found("go.mod", "module x\n\nrequire (\n\tgolang.org/x/text v0.3.7 // indirect\n)\n"),
            [("CVE-2022-32149", "0.3.7".into(), "transitive")]
        );
        let pom = "<project><dependencies><dependency><groupId>org.apache.logging.log4j</groupId>\n\
                   <artifactId>log4j-core</artifactId><version>2.14.1</version></dependency></dependencies></project>";
        assert_eq!(found("pom.xml", pom), [("CVE-2021-44228", "2.14.1".into(), "direct")]);
        assert_eq!(
            found("Cargo.lock", "[[package]]\nname = \"smallvec\"\nversion = \"1.6.0\"\n"),
            [("CVE-2021-25900", "1.6.0".into(), "transitive")]
        );
        assert_eq!(
            found("Cargo.toml", "[package]\nname = \"time\"\n[dependencies]\ntime = { version = \"0.2.7\" }\n"),
            [("CVE-2020-26235", "0.2.7".into(), "direct")]
        );
    }

    #[test]
    fn a_dependency_without_a_version_is_an_unrated_finding() {
        let hits = scan_manifest("requirements.txt", "flask\n-r other.txt\n");
        assert_eq!(hits.len(), 1);
        assert_eq!((hits[0].advisory.level, hits[0].package.as_str()), (None, "flask"));
        assert_eq!(
            scan_manifest("package.json", r#"{"dependencies":{"a":"*"},"devDependencies":{"b":"latest"}}"#).len(),
            2
        );
    }

    #[test]
    fn a_broken_manifest_has_no_dependencies() {
        assert!(scan_manifest("package.json", "{").is_empty());
        assert!(scan_manifest("notes.txt", "flask").is_empty());
    }
}
