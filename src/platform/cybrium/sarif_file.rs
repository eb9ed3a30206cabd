//! A look at a SARIF file before it is uploaded: whether it is one, and how many findings it must bring (contract section 2.2).

use std::collections::HashSet;
use std::io::{Read as _, Seek as _};
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;
use sha2::{Digest as _, Sha256};

use crate::json;
use crate::platform::Error;
use crate::platform::lenient::Object;
use crate::platform::text::{bounded, one_line};

/// The largest file that is sent. The platform's own limit is not documented; no scanner's results of a repository come near this.
const LARGEST: u64 = 256 << 20;

/// The only version that there is for results (OASIS SARIF 2.1.0, 3.13.2).
const VERSION: &str = "2.1.0";

#[derive(Deserialize)]
struct Log {
    version: Option<String>,
    runs: Option<Vec<Run>>,
}

#[derive(Deserialize)]
struct Run {
    results: Option<Vec<Entry>>,
}

/// A result, as far as it tells whether it is a finding, and which.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    kind: Option<String>,
    baseline_state: Option<String>,
    suppressions: Option<Vec<IgnoredAny>>,
    rule_id: Option<String>,
    rule_index: Option<i64>,
    rule: Option<RuleReference>,
    locations: Option<Vec<Place>>,
}

#[derive(Deserialize)]
struct RuleReference {
    id: Option<String>,
    index: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    physical_location: Option<PhysicalLocation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: Option<ArtifactLocation>,
    region: Option<Region>,
}

#[derive(Deserialize)]
struct ArtifactLocation {
    uri: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: Option<u64>,
}

/// Reads the file, and counts the findings that Cybrium has to make of it: different in rule, file and line, which is how it tells
/// them apart, and neither suppressed nor gone. It blocks.
///
/// # Errors
/// [`Error::Setting`], in one line: the file cannot be read, is too large, or is no SARIF 2.1.0 with a run.
pub(super) fn check(path: &Path, length: u64) -> Result<u64, Error> {
    let refused = |cause: &str| Error::Setting {
        message: format!("cannot upload {}: {cause}", bounded(&one_line(&path.to_string_lossy()), 200)),
        hint: "check the path given as --sarif, and that the scanner before this one ended well and wrote SARIF 2.1.0"
            .to_owned(),
    };
    if length > LARGEST {
        return Err(refused(&format!("it has {} MiB, and the most that is sent is {}", length >> 20, LARGEST >> 20)));
    }
    let mut file = fs_err::File::open(path).map_err(|cause| refused(&cause.kind().to_string()))?;
    // Some scanners begin the file with a byte order mark, which is no JSON (RFC 8259 section 8.1).
    let mut mark = [0; 3];
    if file.read_exact(&mut mark).is_err() || mark != *b"\xef\xbb\xbf" {
        file.rewind().map_err(|cause| refused(&cause.kind().to_string()))?;
    }
    // The decoder's own words would quote the file.
    let Object(log): Object<Log> = json::read(&mut file).map_err(|cause| match cause.classify() {
        serde_json::error::Category::Io => refused(&cause.to_string()),
        serde_json::error::Category::Eof => refused("it ends in the middle of its JSON"),
        _ if cause.is_data() => refused(&format!("it is not SARIF at {}", Position(&cause))),
        _ => refused(&format!("it is not JSON at {}", Position(&cause))),
    })?;
    match log.version.as_deref() {
        Some(VERSION) => {}
        Some(other) => return Err(refused(&format!("it is SARIF {}, not {VERSION}", bounded(&one_line(other), 20)))),
        None => return Err(refused("it is JSON, but no SARIF: it has no `version`")),
    }
    let runs =
        log.runs.filter(|runs| !runs.is_empty()).ok_or_else(|| refused("it has no run, so no scanner has run"))?;
    let mut different = HashSet::new();
    for (number, run) in runs.iter().enumerate() {
        let findings = run.results.iter().flatten().filter(|entry| entry.is_finding());
        different.extend(findings.map(|entry| entry.identity(number)));
    }
    Ok(different.len() as u64)
}

impl Entry {
    fn is_finding(&self) -> bool {
        self.kind.as_deref().is_none_or(|kind| kind == "fail")
            && self.baseline_state.as_deref() != Some("absent")
            && self.suppressions.as_ref().is_none_or(Vec::is_empty)
    }

    /// Rule, file and line. A rule without a name is told apart by its place in its run.
    fn identity(&self, run: usize) -> [u8; 32] {
        let reference = self.rule.as_ref();
        let rule = self.rule_id.clone().or_else(|| reference?.id.clone());
        let index = || self.rule_index.or_else(|| reference?.index).map(|index| format!("{run}/{index}"));
        let place = self.locations.iter().flatten().next().and_then(|place| place.physical_location.as_ref());
        let uri = place.and_then(|place| place.artifact_location.as_ref()?.uri.as_deref()).unwrap_or_default();
        let uri = uri.strip_prefix("./").unwrap_or(uri);
        let line = place.and_then(|place| place.region.as_ref()?.start_line).unwrap_or_default();
        Sha256::digest(format!("{}\n{uri}\n{line}", rule.or_else(index).unwrap_or_default())).into()
    }
}

struct Position<'a>(&'a serde_json::Error);

impl std::fmt::Display for Position<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "line {} column {}", self.0.line(), self.0.column())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn checked(content: &str) -> Result<u64, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs_err::write(file.path(), content).unwrap();
        let name = file.path().to_string_lossy().into_owned();
        check(file.path(), content.len() as u64).map_err(|error| error.to_string().replace(&name, "FILE"))
    }

    fn result(rule: &str, uri: &str, line: u64) -> Value {
        json!({ "ruleId": rule, "message": { "text": "m" }, "locations": [
            { "physicalLocation": { "artifactLocation": { "uri": uri }, "region": { "startLine": line } } }] })
    }

    fn log(results: &[Value]) -> String {
        json!({ "version": "2.1.0", "runs": [{ "tool": { "driver": { "name": "t" } }, "results": results }] })
            .to_string()
    }

    #[test]
    fn results_of_one_rule_file_and_line_are_one_finding() {
        let results =
            [result("R", "a.py", 1), result("R", "./a.py", 1), result("R", "a.py", 2), result("S", "a.py", 1)];
        assert_eq!(checked(&log(&results)), Ok(3));
        assert_eq!(checked(&log(&[])), Ok(0));
        assert_eq!(checked(&format!("\u{feff}{}", log(&results))), Ok(3));
        let bare = [json!({ "ruleIndex": 0 }), json!({ "ruleIndex": 1 }), json!({ "rule": { "index": 1 } }), json!({})];
        assert_eq!(checked(&log(&bare)), Ok(3));
        assert_eq!(checked(r#"{"version":"2.1.0","runs":[{"results":null}]}"#), Ok(0));
    }

    #[test]
    fn what_is_suppressed_gone_or_no_failure_need_not_come_back() {
        let mut results = vec![result("R", "a.py", 1); 4];
        results[0]["suppressions"] = json!([{ "kind": "inSource" }]);
        results[1]["kind"] = json!("pass");
        results[2]["baselineState"] = json!("absent");
        assert_eq!(checked(&log(&results[..3])), Ok(0));
        assert_eq!(checked(&log(&results)), Ok(1));
    }

    #[test]
    fn what_is_no_sarif_is_refused_in_one_line_that_quotes_nothing_of_it() {
        for (content, cause) in [
            ("{\"version\":\"2.1.0\",\"runs\":[", "it ends in the middle of its JSON"),
            ("<html>", "it is not JSON at line 1 column 1"),
            ("[]", "it is not SARIF at line 1 column 1"),
            ("{}", "it is JSON, but no SARIF: it has no `version`"),
            (r#"{"version":"2.0.0","runs":[{}]}"#, "it is SARIF 2.0.0, not 2.1.0"),
            (r#"{"version":"2.1.0","runs":[]}"#, "it has no run, so no scanner has run"),
            (r#"{"version":"2.1.0"}"#, "it has no run, so no scanner has run"),
            (r#"{"version":"2.1.0","runs":["secret"]}"#, "it is not SARIF at line 1 column 35"),
        ] {
            assert_eq!(checked(content), Err(format!("cannot upload FILE: {cause}")), "{content}");
        }
        let missing = check(Path::new("/no/such/file.sarif"), 1).unwrap_err().to_string();
        assert_eq!(missing, "cannot upload /no/such/file.sarif: entity not found");
        let large = check(Path::new("a\nb"), LARGEST + (1 << 20)).unwrap_err().to_string();
        assert_eq!(large, "cannot upload a b: it has 257 MiB, and the most that is sent is 256");
    }
}
