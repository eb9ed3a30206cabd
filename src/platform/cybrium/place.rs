//! Where a finding is (contract section 4.3): lines of a file, a package of the supply chain, or an address.

use std::num::NonZeroU32;

use serde_json::Value;
use url::Url;

use super::rows::Row;
use crate::finding::{FileLocation, Location, Package, PackageLocation, RepositoryPath};
use crate::platform::text::{bounded, one_line};
use crate::platform::tolerant::Fields;

/// The place of a row. `directory` is put before paths.
pub(super) fn of(row: &Row, directory: &str) -> Location {
    let raw = path(row);
    let path = raw.as_deref().and_then(RepositoryPath::parse).map(|path| path.below(directory));
    let lines = lines(row);
    if lines.is_none()
        && let Some(package) = package(row)
    {
        return Location::Package(PackageLocation { manifest: path, package });
    }
    if let Some(url) = raw.as_deref().filter(|raw| is_web_address(raw)).map(str::to_owned).or_else(|| address(row)) {
        let method = row.shown(&["method", "http_method"]).map(|method| method.to_ascii_uppercase());
        return Location::Url { url, method, parameter: row.shown(&["parameter", "param"]) };
    }
    match path {
        Some(path) => {
            let (start_line, end_line) = lines.unzip();
            Location::File(FileLocation { path, start_line, end_line: end_line.flatten(), source: None })
        }
        None => Location::Unmapped { place: raw.unwrap_or_default() },
    }
}

/// The path, or what stands in its place. `location` may be the path itself.
fn path(row: &Row) -> Option<String> {
    let own = row.own.words(&["file", "file_path", "path"]);
    let lone = || row.own.value("location").and_then(Value::as_str).map(str::trim).map(str::to_owned);
    let path = own.or_else(|| row.location.words(&["file", "path"])).or_else(lone);
    path.filter(|path| !path.is_empty())
}

/// The address of a web finding that names no file.
fn address(row: &Row) -> Option<String> {
    let address =
        || row.own.words(&["url"]).or_else(|| row.evidence.words(&["url"])).or_else(|| row.location.words(&["url"]));
    path(row).is_none().then(address).flatten().filter(|address| is_web_address(address))
}

fn is_web_address(text: &str) -> bool {
    Url::parse(text.trim()).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// First and last line. Lines count from 1; findings of the supply chain have the line 0, or none.
fn lines(row: &Row) -> Option<(NonZeroU32, Option<NonZeroU32>)> {
    let line = |own: &[&str], inside: &[&str]| number(&row.own, own).or_else(|| number(&row.location, inside));
    let start = line(&["line", "line_number", "start_line"], &["line", "start_line"])?;
    let end = line(&["end_line"], &["end_line"]).filter(|end| *end >= start);
    Some((start, end))
}

fn number(fields: &Fields, names: &[&str]) -> Option<NonZeroU32> {
    let count = fields.count(names).ok().flatten()?;
    u32::try_from(count).ok().and_then(NonZeroU32::new)
}

/// The package: a name with its version, or the coordinate `name@version` (contract section 4.3), in the row or its evidence.
fn package(row: &Row) -> Option<Package> {
    let named = [&row.own, &row.evidence].into_iter().find_map(|fields| {
        let word = |names: &[&str]| fields.text(names).ok().flatten().map(|word| bounded(&one_line(&word), 200));
        let (name, version) = match word(&["package", "package_name"]) {
            Some(name) => (name, word(&["version", "package_version", "installed_version"])),
            None => (word(&["package_coordinate", "packageCoordinate"])?, None),
        };
        let (name, version) = match (version, coordinate(&name)) {
            (Some(version), _) => (name, version),
            (None, Some((name, version))) => (name.to_owned(), version.to_owned()),
            (None, None) => (name, String::new()),
        };
        Some((name, version, word(&["ecosystem"]), word(&["fixed_version", "fix_version", "patched_version"])))
    });
    let nested = || nested_package(row);
    let (name, version, ecosystem, fixed_version) = named.or_else(nested)?;
    Some(Package { name, version, ecosystem, fixed_version })
}

type Named = (String, String, Option<String>, Option<String>);

/// A package that is an object of its own.
fn nested_package(row: &Row) -> Option<Named> {
    let package = row.own.value("package")?;
    let word = |name: &str| package.get(name).and_then(Value::as_str).map(|word| bounded(&one_line(word), 200));
    Some((word("name")?, word("version").unwrap_or_default(), word("ecosystem"), word("fixed_version")))
}

/// Name and version of `name@version`, of which the name may begin with a scope.
fn coordinate(text: &str) -> Option<(&str, &str)> {
    text.rsplit_once('@').filter(|(name, version)| !name.is_empty() && !version.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn place(row: Value) -> Location {
        of(&Row::new(serde_json::from_value(row).unwrap()), "")
    }

    #[test]
    fn a_file_and_its_lines_have_many_names() {
        for row in [
            json!({ "file": "./src/a.py", "line": 3 }),
            json!({ "file_path": "src/a.py", "line_number": "3" }),
            json!({ "path": "src\\a.py", "start_line": 3.0 }),
            json!({ "location": { "file": "src/a.py", "line": 3 } }),
            json!({ "location": { "path": "src/a.py", "start_line": 3 } }),
            json!({ "location": "src/a.py", "line": 3 }),
            json!({ "file": "", "path": "src/a.py", "line": null, "start_line": 3 }),
        ] {
            assert_eq!(place(row.clone()).to_string(), "src/a.py:3", "{row}");
        }
        let under = of(&Row::new(serde_json::from_value(json!({ "file": "a.py" })).unwrap()), "services/api");
        assert_eq!(under.to_string(), "services/api/a.py");
    }

    #[test]
    fn a_line_that_is_none_is_left_out_and_lines_never_run_backwards() {
        for row in
            [json!({ "file": "a.py", "line": 0 }), json!({ "file": "a.py", "line": -1 }), json!({ "file": "a.py" })]
        {
            assert_eq!(place(row.clone()).line(), None, "{row}");
        }
        let end = |end: u64| match place(json!({ "file": "a.py", "line": 5, "end_line": end })) {
            Location::File(file) => file.end_line.map(NonZeroU32::get),
            other => panic!("{other:?}"),
        };
        assert_eq!((end(7), end(5), end(3), end(0)), (Some(7), Some(5), None, None));
    }

    #[test]
    fn a_finding_of_the_supply_chain_is_a_package_without_a_line() {
        let evidence =
            json!({ "package": "event-stream", "version": "3.3.6", "ecosystem": "npm", "fixed_version": "4.0.0" });
        for row in [
            json!({ "file": "package-lock.json", "line": 0, "evidence": evidence }),
            json!({ "file": "package-lock.json", "package": "event-stream@3.3.6" }),
            json!({ "file": "package-lock.json", "packageCoordinate": "event-stream@3.3.6" }),
            json!({ "path": "package-lock.json", "package_name": "event-stream", "package_version": "3.3.6" }),
            json!({ "path": "package-lock.json", "package": { "name": "event-stream", "version": "3.3.6" } }),
        ] {
            assert_eq!(place(row.clone()).to_string(), "event-stream@3.3.6 (package-lock.json)", "{row}");
        }
        let Location::Package(scoped) = place(json!({ "package": "@scope/name@1.2.3" })) else { panic!("no package") };
        assert_eq!((scoped.package.name.as_str(), scoped.package.version.as_str()), ("@scope/name", "1.2.3"));
        let Location::Package(bare) = place(json!({ "package": "@scope/name" })) else { panic!("no package") };
        assert_eq!((bare.package.name.as_str(), bare.package.version.as_str()), ("@scope/name", ""));
        let in_code = place(json!({ "file": "a.js", "line": 4, "evidence": evidence }));
        assert_eq!(in_code.to_string(), "a.js:4", "a line is a place in a file");
    }

    #[test]
    fn an_address_in_the_place_of_a_path_is_an_address() {
        let row =
            json!({ "file": "https://shop.example/login", "evidence": { "method": "post", "parameter": "user" } });
        assert_eq!(place(row).to_string(), "POST https://shop.example/login (user)");
        assert_eq!(place(json!({ "url": "https://shop.example/" })).to_string(), "https://shop.example/");
        let in_file = place(json!({ "file": "a.py", "url": "https://docs.example/rule" }));
        assert_eq!(in_file.to_string(), "a.py", "an address beside a file is about the rule");
    }

    #[test]
    fn what_is_no_path_in_the_repository_is_kept_as_words() {
        for raw in ["/etc/passwd", "../../x", "arn:aws:s3:::bucket", "javascript:alert(1)", "file:///etc/passwd"] {
            assert_eq!(place(json!({ "file": raw, "line": 1 })), Location::Unmapped { place: raw.to_owned() });
        }
        assert_eq!(place(json!({})), Location::Unmapped { place: String::new() });
        assert_eq!(place(json!({ "url": "javascript:alert(1)" })), Location::Unmapped { place: String::new() });
    }
}
