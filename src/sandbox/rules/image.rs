//! What is known of container images: a few packages of a few well-known base images, told by the image's name alone.

use super::rule::Level;

/// A package of an image with a known weakness.
#[derive(Debug)]
pub struct ImageAdvisory {
    /// The CVE id.
    pub cve: &'static str,
    /// The operating-system or language package.
    pub package: &'static str,
    /// The version in the image.
    pub installed: &'static str,
    /// The first version without the weakness; `None` where the distribution has none yet.
    pub fixed: Option<&'static str>,
    /// `os-pkgs` or `lang-pkgs`.
    pub class: &'static str,
    /// `None` for one that nobody rated.
    pub level: Option<Level>,
    /// The CVSS base score.
    pub score: Option<f64>,
    /// `CWE-n`.
    pub cwe: &'static str,
    /// The title.
    pub title: &'static str,
    /// Parts of image names that have the package.
    images: &'static [&'static str],
}

static ADVISORIES: &[ImageAdvisory] = &[
    ImageAdvisory {
        cve: "CVE-2023-45853",
        package: "zlib1g",
        installed: "1:1.2.13.dfsg-1",
        fixed: None,
        class: "os-pkgs",
        level: Some(Level::Critical),
        score: Some(9.8),
        cwe: "CWE-190",
        title: "Integer overflow in MiniZip of zlib",
        images: &["node:18", "python:3.8", "python:3.9", "debian:12", "debian:bookworm"],
    },
    ImageAdvisory {
        cve: "CVE-2022-0778",
        package: "libssl1.1",
        installed: "1.1.1k-1",
        fixed: Some("1.1.1k-1+deb11u2"),
        class: "os-pkgs",
        level: Some(Level::High),
        score: Some(7.5),
        cwe: "CWE-835",
        title: "Endless loop while a certificate is parsed in OpenSSL",
        images: &["node:14", "python:3.8", "debian:11", "debian:bullseye"],
    },
    ImageAdvisory {
        cve: "CVE-2022-25883",
        package: "semver",
        installed: "7.3.7",
        fixed: Some("7.5.2"),
        class: "lang-pkgs",
        level: Some(Level::High),
        score: Some(7.5),
        cwe: "CWE-1333",
        title: "Slow regular expression in semver",
        images: &["node:14", "node:16", "node:18"],
    },
    ImageAdvisory {
        cve: "CVE-2011-3374",
        package: "apt",
        installed: "2.6.1",
        fixed: None,
        class: "os-pkgs",
        level: Some(Level::Low),
        score: Some(3.7),
        cwe: "CWE-347",
        title: "apt-key accepts keys that it should not trust",
        images: &["node:18", "python:3.8", "python:3.9", "debian:"],
    },
];

/// What is known of an image.
pub fn scan_image(image: &str) -> Vec<&'static ImageAdvisory> {
    ADVISORIES.iter().filter(|advisory| advisory.images.iter().any(|name| image.contains(name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_known_by_its_name() {
        assert_eq!(scan_image("node:18-bookworm").len(), 3);
        assert!(scan_image("registry.example/app:1").is_empty());
    }
}
