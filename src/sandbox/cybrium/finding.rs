//! A finding, as the platform keeps it (contract section 4.3).

use serde_json::Value;

use crate::sandbox::entropy::uuid_from;
use crate::sandbox::json::json;

/// The severities, the worst first.
pub(super) const SEVERITIES: [&str; 5] = ["critical", "high", "medium", "low", "info"];

/// A finding. Two of the same rule, file and line are one.
#[derive(Clone, Default)]
pub(super) struct Finding {
    pub(super) rule: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) severity: &'static str,
    pub(super) status: &'static str,
    pub(super) file: String,
    pub(super) line: Option<u64>,
    pub(super) snippet: String,
    pub(super) cwe: Vec<String>,
    pub(super) recommendation: String,
    /// `name@version` of a package, for a supply-chain finding.
    pub(super) package: Option<String>,
}

impl Finding {
    /// What makes two findings one.
    pub(super) fn id(&self) -> String {
        uuid_from(&[&self.rule, &self.file, &self.line.unwrap_or_default().to_string()])
    }

    /// The finding as lists show it.
    pub(super) fn shown(&self, scan: &Value, in_capitals: bool) -> Value {
        let severity = if in_capitals { self.severity.to_ascii_uppercase() } else { self.severity.to_owned() };
        let evidence = self
            .package
            .as_deref()
            .and_then(|package| package.rsplit_once('@'))
            .map_or_else(|| json!({}), |(package, version)| json!({ "package": package, "version": version }));
        json!({
            "id": self.id(), "scan": scan, "rule_id": self.rule, "title": self.title, "description": self.description,
            "severity": severity, "status": self.status, "file": self.file, "line": self.line, "snippet": self.snippet,
            "cwe": self.cwe, "cve": null, "recommendation": self.recommendation,
            "reachability": self.package.as_ref().map(|_| "unknown"), "evidence": evidence,
        })
    }
}

/// The severity of a CVSS score, by the bounds of the vendor's own plug-in (contract section 4.4).
pub(super) fn severity_of(score: f64) -> &'static str {
    match score {
        score if score >= 9.0 => "critical",
        score if score >= 7.0 => "high",
        score if score >= 4.0 => "medium",
        score if score > 0.0 => "low",
        _ => "info",
    }
}
