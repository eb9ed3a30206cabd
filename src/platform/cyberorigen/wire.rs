//! What CyberOrigen answers. Of most bodies only a part is documented; the rest is read by every name that the contract gives.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::platform::lenient::Number;
use crate::platform::tolerant::Fields;

/// The answer to the request for a scan, of which the id alone is needed (contract 2.2).
#[derive(Debug, Deserialize)]
#[serde(try_from = "Fields")]
pub(super) struct Created {
    pub(super) id: Option<String>,
}

impl TryFrom<Fields> for Created {
    type Error = String;

    fn try_from(fields: Fields) -> Result<Self, String> {
        Ok(Self { id: fields.text(&["id", "scan_id"])? })
    }
}

/// A scan, which is assumed to look like an item of the list of scans (contract 3).
#[derive(Debug, Deserialize)]
#[serde(try_from = "Fields")]
pub(super) struct Scan {
    pub(super) id: Option<String>,
    pub(super) target: Option<String>,
    pub(super) status: Option<String>,
    pub(super) progress: Option<f64>,
    pub(super) phase: Option<String>,
    /// Why it failed.
    pub(super) reason: Option<String>,
    /// `vulnerabilities_found`.
    pub(super) found: Option<u64>,
    /// `critical_count` to `low_count`; there is no count of informational findings.
    pub(super) counts: [Option<u64>; 4],
}

impl TryFrom<Fields> for Scan {
    type Error = String;

    fn try_from(fields: Fields) -> Result<Self, String> {
        let count = |name: &str| fields.count(&[name]);
        Ok(Self {
            id: fields.text(&["id"])?,
            target: fields.text(&["target"])?,
            status: fields.text(&["status"])?,
            progress: fields.number(&["progress"])?,
            phase: fields.words(&["phase"]),
            reason: fields.words(&["error", "error_message", "failure_reason", "detail"]),
            found: count("vulnerabilities_found")?,
            counts: [count("critical_count")?, count("high_count")?, count("medium_count")?, count("low_count")?],
        })
    }
}

/// A page of a list, or a list without pages (contract 4.1).
#[derive(Debug)]
pub(super) struct Page<R> {
    pub(super) rows: Vec<R>,
    pub(super) total: Option<u64>,
    pub(super) pages: Option<u64>,
}

/// The names that the rows of a list may have; the first is documented.
const ROWS: [&str; 5] = ["items", "findings", "vulnerabilities", "results", "data"];

/// An answer without rows is no list, and must not pass for an empty one; nor is one with rows under two names.
impl<'de, R: Deserialize<'de>> Deserialize<'de> for Page<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PageVisitor<R>(PhantomData<R>);

        impl<'de, R: Deserialize<'de>> Visitor<'de> for PageVisitor<R> {
            type Value = Page<R>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a page of a list, or an array of rows")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Page<R>, A::Error> {
                let mut rows = None;
                let [mut total, mut pages] = [Number::default(); 2];
                while let Some(name) = map.next_key::<String>()? {
                    match name.as_str() {
                        "total" => total = map.next_value()?,
                        "pages" => pages = map.next_value()?,
                        name if ROWS.contains(&name) => {
                            if rows.replace(map.next_value::<Vec<R>>()?).is_some() {
                                return Err(A::Error::custom("rows are there twice"));
                            }
                        }
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                let rows = rows.ok_or_else(|| A::Error::missing_field(ROWS[0]))?;
                Ok(Page { rows, total: total.count(), pages: pages.count() })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Page<R>, A::Error> {
                let mut rows = Vec::new();
                while let Some(row) = array.next_element()? {
                    rows.push(row);
                }
                Ok(Page { rows, total: None, pages: None })
            }
        }

        deserializer.deserialize_any(PageVisitor(PhantomData))
    }
}

/// The names that the severity of a finding may have, and those of its CVSS score.
const SEVERITY: [&str; 2] = ["severity", "risk"];
const SCORE: [&str; 3] = ["cvss_score", "cvss", "score"];

/// A finding. Its names are inferred, each from those that the contract lists (contract 4.2).
#[derive(Debug, Deserialize)]
#[serde(try_from = "Fields")]
pub(super) struct FindingRow {
    /// The whole row as a text.
    pub(super) identity: String,
    pub(super) id: Option<String>,
    /// The scan that it is a result of.
    pub(super) scan: Option<String>,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) severity: Option<String>,
    /// CVSS.
    pub(super) score: Option<f64>,
    /// Whether it has a field for either, be it an empty one.
    pub(super) names_severity: bool,
    pub(super) state: Option<String>,
    pub(super) cves: Vec<String>,
    pub(super) cwes: Vec<String>,
    pub(super) asset: Option<String>,
    pub(super) url: Option<String>,
    pub(super) port: Option<u64>,
    pub(super) protocol: Option<String>,
    pub(super) service: Option<String>,
    /// The vendor's scanner is said to look at source code too.
    pub(super) file: Option<String>,
    pub(super) line: Option<u64>,
    pub(super) remediation: Option<String>,
}

impl TryFrom<Fields> for FindingRow {
    type Error = String;

    /// What the gate goes by is read strictly, the rest in any shape. `evidence` is left out: it may hold what must not be shown.
    fn try_from(fields: Fields) -> Result<Self, String> {
        let one = |names: &[&str]| fields.texts(names).into_iter().next();
        Ok(Self {
            identity: fields.identity(),
            id: fields.text(&["id"])?,
            scan: fields.text(&["scan_id"])?,
            title: fields.words(&["title", "name", "summary"]),
            description: fields.words(&["description"]),
            severity: fields.text(&SEVERITY)?,
            score: fields.number(&SCORE)?,
            names_severity: SEVERITY.iter().chain(&SCORE).any(|name| fields.has(name)),
            state: fields.text(&["status", "state"])?,
            cves: fields.texts(&["cve_id", "cve", "cves"]),
            cwes: fields.texts(&["cwe_id", "cwe", "cwes"]),
            asset: one(&["asset", "host", "hostname", "ip", "target", "affected_asset"]),
            url: one(&["url"]),
            port: fields.count(&["port"])?,
            protocol: one(&["protocol"]),
            service: one(&["service"]),
            file: one(&["file"]),
            line: fields.count(&["line"])?,
            remediation: fields.words(&["remediation", "recommendation", "solution"]),
        })
    }
}

/// A compliance control (contract 7).
#[derive(Debug, Deserialize)]
#[serde(try_from = "Fields")]
pub(super) struct ControlRow {
    /// The whole row as a text.
    pub(super) identity: String,
    pub(super) status: String,
    pub(super) frameworks: Vec<String>,
    pub(super) evidence: u64,
}

impl TryFrom<Fields> for ControlRow {
    type Error = String;

    fn try_from(fields: Fields) -> Result<Self, String> {
        Ok(Self {
            identity: fields.identity(),
            status: fields.words(&["status"]).unwrap_or_default(),
            frameworks: fields.texts(&["frameworks", "framework"]),
            evidence: fields.count(&["evidence_count"])?.unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(json: &str) -> Result<Page<FindingRow>, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn a_list_may_have_its_rows_under_any_of_five_names_or_be_a_bare_array() {
        for name in ROWS {
            let json = format!(
                r#"{{"{name}":[{{"id":"a"}},{{"id":2}}],"total":"2","page":1,"per_page":50,"pages":1,"new":{{}}}}"#
            );
            let page = page(&json).unwrap();
            assert_eq!((page.rows.len(), page.total, page.pages), (2, Some(2), Some(1)), "{name}");
        }
        let bare = page(r#"[{"id":"a"}]"#).unwrap();
        assert_eq!((bare.rows.len(), bare.total), (1, None));
        assert_eq!(page("[]").unwrap().rows.len(), 0);
    }

    #[test]
    fn what_is_no_list_is_not_an_empty_one() {
        for json in [
            "{}",
            "null",
            "\"\"",
            r#"{"total":0,"page":1}"#,
            r#"{"items":null,"total":0}"#,
            r#"{"items":{"id":"a"}}"#,
            r#"{"items":[null]}"#,
            r#"{"items":["a"]}"#,
            r#"{"items":[],"findings":[{"id":"a"}]}"#,
            r#"{"data":{"items":[]}}"#,
            r#"{"items":[],"total":{"count":3}}"#,
            r#"{"detail":"x"}"#,
        ] {
            assert!(page(json).is_err(), "{json}");
        }
    }

    #[test]
    fn an_error_names_the_row_and_the_field() {
        let error = page(r#"{"items":[{"severity":{"level":"low"}}]}"#).unwrap_err();
        assert!(error.to_string().starts_with("`severity` is no text or number"), "{error}");
    }

    #[test]
    fn a_scan_may_hold_no_more_than_the_vendors_shortest_example() {
        let scan: Scan = serde_json::from_str(
            r#"{"id":"scan_abc123","target":"example.com","status":"completed","created_at":"2025-12-21T10:00:00Z","vulnerabilities_found":5}"#,
        )
        .unwrap();
        assert_eq!((scan.id.as_deref(), scan.found, scan.counts), (Some("scan_abc123"), Some(5), [None; 4]));
    }

    #[test]
    fn the_id_of_a_new_scan_may_be_a_number() {
        let id = |json: &str| serde_json::from_str::<Created>(json).map(|created| created.id);
        assert_eq!(id(r#"{"id":"scan_xyz789"}"#).unwrap().as_deref(), Some("scan_xyz789"));
        assert_eq!(id(r#"{"id":17}"#).unwrap().as_deref(), Some("17"));
        assert_eq!(id("{}").unwrap(), None);
        assert!(id(r#"{"id":{"value":"a"}}"#).is_err());
        assert!(id(r#"["scan_xyz789"]"#).is_err());
    }
}
