//! Our own model as JSON, versioned, one finding a line (docs/reports.md describes it).

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::ser::SerializeSeq as _;
use serde::{Serialize, Serializer};

use super::facts::{GateReason, Platform, Run, reasons};
use super::{Report, Written, json_layout, shown, text};
use crate::error::Problem;
use crate::finding::{Fingerprint, Kind, Location, Rule, ScanResult, Severity, State, fingerprint};
use crate::gate::{Conclusion, Counts};

/// Changes with every change that a reader could trip over.
const SCHEMA: &str = "scangate/findings/v1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    run: Run<'a>,
    conclusion: &'a Conclusion,
    passes: bool,
    counts: &'a Counts,
    reasons: Vec<GateReason<'a>>,
    problems: &'a [Problem],
    fingerprint_version: u8,
    platforms: Vec<Platform<'a>>,
    rules: Rules<'a>,
    findings: Findings<'a>,
}

/// Writes the document, one finding at a time. Nothing is ever cut.
pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<Written> {
    let document = Document {
        schema: SCHEMA,
        run: Run::of(report.run),
        conclusion: report.conclusion,
        passes: report.verdict.passes(),
        counts: &report.verdict.counts,
        reasons: reasons(report),
        problems: report.problems,
        fingerprint_version: fingerprint::VERSION,
        platforms: report.results.iter().map(Platform::of).collect(),
        rules: Rules(report.results),
        findings: Findings(report.results),
    };
    json_layout::write(&document, 1, out)?;
    Ok(Written::default())
}

/// Every rule of every entry once, with the long texts that its findings would repeat.
struct Rules<'a>(&'a [ScanResult]);

#[derive(Serialize)]
struct RuleObject<'a> {
    entry: &'a str,
    kind: Kind,
    #[serde(flatten)]
    rule: &'a Rule,
}

impl Serialize for Rules<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rules = serializer.serialize_seq(None)?;
        for result in self.0 {
            let mut seen = BTreeSet::new();
            for finding in result.findings.iter().filter(|finding| seen.insert((finding.kind, shown::rule_id(finding))))
            {
                rules.serialize_element(&RuleObject {
                    entry: &result.entry,
                    kind: finding.kind,
                    rule: &shown::rule(finding),
                })?;
            }
        }
        rules.end()
    }
}

struct Findings<'a>(&'a [ScanResult]);

#[derive(Serialize)]
struct FindingObject<'a> {
    fingerprint: Fingerprint,
    entry: &'a str,
    id: &'a str,
    kind: Kind,
    severity: Option<Severity>,
    score: Option<f64>,
    #[serde(flatten)]
    state: &'a State,
    open: bool,
    rule: &'a str,
    title: &'a str,
    cwe: &'a [u32],
    cve: &'a [String],
    location: &'a Location,
    message: &'a str,
    remediation: Option<&'a str>,
    link: Option<String>,
}

impl Serialize for Findings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut findings = serializer.serialize_seq(None)?;
        for result in self.0 {
            for finding in &result.findings {
                findings.serialize_element(&FindingObject {
                    fingerprint: finding.fingerprint,
                    entry: &result.entry,
                    id: &finding.id,
                    kind: finding.kind,
                    severity: finding.severity,
                    score: finding.score.filter(|score| score.is_finite()),
                    state: &finding.state,
                    open: finding.state.is_open(),
                    rule: shown::rule_id(finding),
                    title: shown::title(finding),
                    cwe: &finding.rule.cwe,
                    cve: &shown::rule(finding).cve,
                    location: &shown::location(finding),
                    message: shown::message(finding),
                    remediation: shown::remediation(finding).as_deref(),
                    link: finding.link.as_deref().and_then(text::https_link),
                })?;
            }
        }
        findings.end()
    }
}
