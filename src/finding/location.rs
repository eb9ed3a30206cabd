//! Where a finding is: a file, a package, a URL, a host, an image, or a place that cannot be named safely.

use std::fmt;
use std::num::NonZeroU32;

use serde::Serialize;

/// A place. Every text in it comes from a platform and is hostile until a report has escaped it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Location {
    /// Lines of a file of the scanned tree.
    File(FileLocation),
    /// A dependency, declared in a manifest.
    Package(PackageLocation),
    /// An address of a running application.
    Url {
        /// The address as the platform gave it.
        url: String,
        /// The request method, upper case.
        method: Option<String>,
        /// The parameter, header or cookie at fault.
        parameter: Option<String>,
    },
    /// A service on a machine.
    Host {
        /// Host name or address.
        host: String,
        /// TCP or UDP port.
        port: Option<u16>,
        /// Name of the service, such as `ssh`.
        service: Option<String>,
    },
    /// A package in a container image.
    Image {
        /// The image reference, as far as the platform says it.
        image: String,
        /// The package in it.
        package: Option<Package>,
    },
    /// A place that is no path inside the repository: absolute, climbing out, a URL where a path belongs. It is shown to people
    /// and never used as a path or an address.
    Unmapped {
        /// What the platform said.
        place: String,
    },
}

/// Lines of a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileLocation {
    /// The file, relative to the repository root.
    pub path: RepositoryPath,
    /// First line, counted from 1; absent where the platform gave none (CybeDefend's 0 among them).
    pub start_line: Option<NonZeroU32>,
    /// Last line, never before the first.
    pub end_line: Option<NonZeroU32>,
    /// What `scan::source` read at that line. Absent where the file is not at hand.
    #[serde(skip)]
    pub source: Option<SourceLine>,
}

/// What is kept of a source line: hashes, never text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceLine {
    /// SHA-256 of the line without white space, shortened to 64 bits. It stays the same when code is moved or re-indented.
    pub content: u64,
    /// GitHub's `primaryLocationLineHash`: lower-case hexadecimal, a colon, and which occurrence in the file it is.
    pub primary_location_line_hash: Box<str>,
}

/// A dependency in a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PackageLocation {
    /// The manifest or lock file, relative to the repository root, where it is known.
    pub manifest: Option<RepositoryPath>,
    /// The package.
    #[serde(flatten)]
    pub package: Package,
}

/// A package and its versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Package {
    /// Its name in its ecosystem.
    pub name: String,
    /// The version found, empty where unknown.
    pub version: String,
    /// Such as `npm` or `PyPI`.
    pub ecosystem: Option<String>,
    /// The first version without the weakness.
    pub fixed_version: Option<String>,
}

/// A path that names a file inside the repository and nothing else: relative, `/` as separator, no `.` or `..` component, no
/// scheme, no drive letter, no control character.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RepositoryPath(Box<str>);

impl RepositoryPath {
    /// Reads a platform's path. `None` when it cannot be a path inside the repository. Backslashes count as separators, since a
    /// platform that ran on Windows writes them.
    pub fn parse(raw: &str) -> Option<Self> {
        let path = raw.trim().replace('\\', "/");
        let starts_absolute = path.starts_with('/');
        // `C:`, `https:`, and `localhost:8000`, which SARIF readers take for a scheme.
        let first_has_colon = path.split('/').next().is_some_and(|first| first.contains(':'));
        if starts_absolute || first_has_colon || path.chars().any(is_unprintable) {
            return None;
        }
        let mut parts = Vec::new();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => return None,
                part => parts.push(part),
            }
        }
        (!parts.is_empty()).then(|| Self(parts.join("/").into()))
    }

    /// The path under `directory`, which is `--dir` as seen from the repository root and empty when they are the same.
    #[must_use]
    pub fn below(&self, directory: &str) -> Self {
        match Self::parse(directory) {
            Some(parent) => Self(format!("{parent}/{}", self.0).into()),
            None => self.clone(),
        }
    }

    /// The path as text, with `/` between its parts.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RepositoryPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

/// Control characters, and the marks that change the direction of the text around them (CVE-2021-42574, "Trojan Source").
pub fn is_unprintable(character: char) -> bool {
    character.is_control() || is_bidirectional_mark(character)
}

/// The explicit directional characters of Unicode's bidirectional algorithm (UAX #9, table 1).
pub fn is_bidirectional_mark(character: char) -> bool {
    matches!(character, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl Location {
    /// The file to which a reader is sent: the source file, or the manifest of a package.
    pub fn file(&self) -> Option<&RepositoryPath> {
        match self {
            Self::File(file) => Some(&file.path),
            Self::Package(package) => package.manifest.as_ref(),
            Self::Url { .. } | Self::Host { .. } | Self::Image { .. } | Self::Unmapped { .. } => None,
        }
    }

    /// The first line, where the place is a file and the line is known.
    pub fn line(&self) -> Option<NonZeroU32> {
        match self {
            Self::File(file) => file.start_line,
            _ => None,
        }
    }
}

/// The place in one line, unescaped: `src/app.py:12`, `lodash@4.17.0 (package-lock.json)`, `GET https://host/path (q)`.
impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(FileLocation { path, start_line: Some(line), .. }) => write!(formatter, "{path}:{line}"),
            Self::File(FileLocation { path, start_line: None, .. }) => write!(formatter, "{path}"),
            Self::Package(PackageLocation { manifest, package }) => {
                write!(formatter, "{package}")?;
                manifest.as_ref().map_or(Ok(()), |manifest| write!(formatter, " ({manifest})"))
            }
            Self::Url { url, method, parameter } => {
                if let Some(method) = method {
                    write!(formatter, "{method} ")?;
                }
                write!(formatter, "{url}")?;
                parameter.as_ref().map_or(Ok(()), |parameter| write!(formatter, " ({parameter})"))
            }
            Self::Host { host, port, service } => {
                match port {
                    // Without brackets nobody sees where the address ends (RFC 3986, 3.2.2).
                    Some(port) if is_ipv6(host) => write!(formatter, "[{host}]:{port}")?,
                    Some(port) => write!(formatter, "{host}:{port}")?,
                    None => write!(formatter, "{host}")?,
                }
                service.as_ref().map_or(Ok(()), |service| write!(formatter, " ({service})"))
            }
            Self::Image { image, package: Some(package) } => write!(formatter, "{package} in {image}"),
            Self::Image { image, package: None } => write!(formatter, "{image}"),
            Self::Unmapped { place } => write!(formatter, "{place}"),
        }
    }
}

/// Whether `host` is written as an IPv6 address without brackets.
fn is_ipv6(host: &str) -> bool {
    let is_written_so = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
    host.matches(':').count() > 1 && host.bytes().all(is_written_so)
}

impl fmt::Display for Package {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version.as_str() {
            "" => write!(formatter, "{}", self.name),
            version => write!(formatter, "{}@{version}", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_made_relative_to_the_repository() {
        for (raw, path) in [("./src/a.py", "src/a.py"), ("src//a.py", "src/a.py"), ("src\\win\\a.cs", "src/win/a.cs")] {
            assert_eq!(RepositoryPath::parse(raw).unwrap().as_str(), path);
        }
        let path = RepositoryPath::parse("a.py").unwrap();
        assert_eq!(path.below("services/api/").as_str(), "services/api/a.py");
        assert_eq!(path.below(".").as_str(), "a.py");
    }

    #[test]
    fn a_host_is_shown_with_its_port_also_where_its_name_has_colons() {
        let shown = |host: &str, port| Location::Host { host: host.to_owned(), port, service: None }.to_string();
        assert_eq!(shown("db.example", Some(5432)), "db.example:5432");
        assert_eq!(shown("2001:db8::1", Some(22)), "[2001:db8::1]:22");
        assert_eq!(shown("2001:db8::1", None), "2001:db8::1");
    }

    #[test]
    fn what_is_no_path_inside_the_repository_is_refused() {
        let hostile = [
            "",
            ".",
            "/etc/passwd",
            "a/../../b",
            "..",
            "C:\\a.c",
            "https://x/y",
            "localhost:80/x",
            "a\nb",
            "a\u{202e}b",
        ];
        for raw in hostile.into_iter().chain(["\\\\server\\share", "file:///etc/passwd", "\u{1b}[2J"]) {
            assert_eq!(RepositoryPath::parse(raw), None, "{raw:?}");
        }
    }
}
