//! Reads the dependencies out of manifests and lock files.

use serde_json::{Map, Value};

use super::Scope;
use crate::json;

/// A package that a manifest names.
pub(super) struct Dependency {
    pub(super) ecosystem: &'static str,
    pub(super) name: String,
    /// Empty where the manifest allows any.
    pub(super) version: String,
    pub(super) scope: Scope,
}

type Reader = fn(&str) -> Vec<Dependency>;

/// The reader for a manifest, by its file name.
fn reader(path: &str) -> Option<Reader> {
    let name = path.rsplit('/').next().unwrap_or(path);
    Some(match name {
        "package.json" => package_json,
        "package-lock.json" | "npm-shrinkwrap.json" => package_lock,
        "go.mod" => go_mod,
        "pom.xml" => pom,
        "Cargo.toml" => cargo_toml,
        "Cargo.lock" => |content| lock_tables(content, "cargo"),
        "poetry.lock" => |content| lock_tables(content, "PyPI"),
        _ if is_requirements(name) => requirements,
        _ => return None,
    })
}

/// `requirements.txt`, `requirements-dev.txt` and the like.
fn is_requirements(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, extension)| stem.starts_with("requirements") && extension == "txt")
}

/// Whether dependencies are read out of a file of this name.
pub fn is_manifest(path: &str) -> bool {
    reader(path).is_some()
}

pub(super) fn dependencies(path: &str, content: &str) -> Vec<Dependency> {
    reader(path).map_or_else(Vec::new, |read| read(content))
}

/// The lowest version that a requirement allows: `^4.17.15` is 4.17.15, `*` is none.
fn lowest(requirement: &str) -> String {
    let requirement = requirement.trim_start_matches(|character: char| !character.is_ascii_digit() && character != '*');
    let version = requirement.split([' ', ',', '|', ';', '"']).next().unwrap_or_default();
    if version.starts_with(|character: char| character.is_ascii_digit()) { version.to_owned() } else { String::new() }
}

fn object<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value.get(key).and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

fn package_json(content: &str) -> Vec<Dependency> {
    let manifest: Value = json::from_bytes(content.as_bytes()).unwrap_or_default();
    let sections = [("dependencies", Scope::Direct), ("devDependencies", Scope::Dev)];
    let read = |(section, scope)| {
        object(&manifest, section).filter_map(move |(name, requirement)| {
            let requirement = requirement.as_str()?;
            // Links, workspaces and git addresses have no version to judge.
            let judged = !requirement.contains(':');
            judged.then(|| Dependency { ecosystem: "npm", name: name.clone(), version: lowest(requirement), scope })
        })
    };
    sections.into_iter().flat_map(read).collect()
}

fn package_lock(content: &str) -> Vec<Dependency> {
    let lock: Value = json::from_bytes(content.as_bytes()).unwrap_or_default();
    let root = lock.get("packages").and_then(|packages| packages.get(""));
    let is_direct =
        |name: &str| root.and_then(|root| root.get("dependencies")).is_some_and(|named| named.get(name).is_some());
    // Version 1 of the format has `dependencies` by name, later ones `packages` by folder.
    let section = if lock.get("packages").is_some() { "packages" } else { "dependencies" };
    let read = |(key, entry): (&String, &Value)| {
        let name = key.rsplit("node_modules/").next().unwrap_or(key).to_owned();
        let version = entry.get("version").and_then(Value::as_str)?.to_owned();
        let dev = entry.get("dev").and_then(Value::as_bool).unwrap_or(false);
        let scope = match (dev, is_direct(&name)) {
            (true, _) => Scope::Dev,
            (false, true) => Scope::Direct,
            (false, false) => Scope::Transitive,
        };
        let named = !name.is_empty() && !version.contains(':') && !version.is_empty();
        named.then_some(Dependency { ecosystem: "npm", name, version, scope })
    };
    object(&lock, section).filter_map(read).collect()
}

fn requirements(content: &str) -> Vec<Dependency> {
    let read = |line: &str| {
        let line = line.split('#').next().unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if line.is_empty() || line.starts_with('-') || line.contains("://") || line.contains('@') {
            return None;
        }
        let end = line.find(['=', '<', '>', '~', '!', '[', ' ']).unwrap_or(line.len());
        let (name, requirement) = line.split_at_checked(end)?;
        Some(Dependency {
            ecosystem: "PyPI",
            name: name.to_owned(),
            version: lowest(requirement),
            scope: Scope::Direct,
        })
    };
    content.lines().filter_map(read).collect()
}

fn go_mod(content: &str) -> Vec<Dependency> {
    let read = |line: &str| {
        let mut words = line.trim().trim_start_matches("require ").split_whitespace();
        let (name, version) = (words.next()?, words.next()?);
        let version = version.strip_prefix('v')?;
        let scope = if line.contains("// indirect") { Scope::Transitive } else { Scope::Direct };
        let named = name.contains('.') && !line.contains("=>");
        named.then(|| Dependency { ecosystem: "Go", name: name.to_owned(), version: version.to_owned(), scope })
    };
    content.lines().filter_map(read).collect()
}

fn pom(content: &str) -> Vec<Dependency> {
    let read = |block: &str| {
        let block = block.split("</dependency>").next()?;
        let version = element(block, "version").unwrap_or_default();
        let scope = if element(block, "scope") == Some("test") { Scope::Dev } else { Scope::Direct };
        let name = format!("{}:{}", element(block, "groupId")?, element(block, "artifactId")?);
        // A version from a property or a parent cannot be judged.
        let judged = version.starts_with(|character: char| character.is_ascii_digit());
        judged.then(|| Dependency { ecosystem: "Maven", name, version: version.to_owned(), scope })
    };
    content.split("<dependency>").skip(1).filter_map(read).collect()
}

/// The text of the first element of this name.
fn element<'a>(block: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = block.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text.trim())
}

fn cargo_toml(content: &str) -> Vec<Dependency> {
    let mut scope = None;
    let mut dependencies = Vec::new();
    for line in content.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            scope = match section.rsplit('.').next() {
                Some("dependencies" | "build-dependencies") => Some(Scope::Direct),
                Some("dev-dependencies") => Some(Scope::Dev),
                _ => None,
            };
            continue;
        }
        let (Some(scope), Some((name, value))) = (scope, line.split_once('=')) else { continue };
        let version = value.split_once("version").map_or(value, |(_, version)| version);
        let has_source = value.contains("path") || value.contains("git") || value.contains("workspace");
        if !has_source && !line.starts_with('#') {
            let name = name.trim().to_owned();
            dependencies.push(Dependency { ecosystem: "cargo", name, version: lowest(version), scope });
        }
    }
    dependencies
}

/// The `[[package]]` tables of a TOML lock file.
fn lock_tables(content: &str, ecosystem: &'static str) -> Vec<Dependency> {
    let value = |table: &str, key: &str| {
        let line = table.lines().find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix('='))?;
        Some(line.trim().trim_matches('"').to_owned())
    };
    let read = |table: &str| {
        Some(Dependency {
            ecosystem,
            name: value(table, "name")?,
            version: value(table, "version")?,
            scope: Scope::Transitive,
        })
    };
    content.split("[[package]]").skip(1).filter_map(read).collect()
}
