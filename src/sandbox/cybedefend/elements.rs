//! One finding as JSON, in each family's own shape (contract sections 5.4 to 5.6).

use serde_json::{Map, Value};

use super::finding::{Finding, Subject};
use super::{Emulator, written};
use crate::sandbox::entropy::uuid_from;
use crate::sandbox::json::json;
use crate::sandbox::rules::image::ImageAdvisory;
use crate::sandbox::rules::sca::{Advisory, PackageHit};
use crate::sandbox::rules::{Hit, Level};

/// The element of a list or of a detail reply.
pub(super) fn element(emulator: &Emulator, finding: &Finding) -> Value {
    match &finding.subject {
        Subject::Code(hit) => code(emulator, finding, hit),
        Subject::Package(hit) => package(emulator, finding, hit),
        Subject::Image { advisory, .. } => image(finding, advisory),
    }
}

/// The words of a severity; the platform leaves the unrated out with a null.
fn severity(finding: &Finding) -> Option<&'static str> {
    finding.subject.level().map(Level::as_str)
}

/// A made-up but steady id of a part of a finding.
fn part(finding: &Finding, name: &str) -> String {
    uuid_from(&[&finding.id, name])
}

fn history(finding: &Finding) -> Value {
    let item = |(index, event): (usize, &super::finding::Event)| {
        json!({
            "id": part(finding, &format!("history {index}")), "type": event.kind, "value": event.value,
            "date": written(event.at), "userId": null, "user": null,
        })
    };
    json!({ "items": finding.history.iter().enumerate().map(item).collect::<Vec<_>>() })
}

/// The scores that code findings have: none was computed for the unrated.
fn static_scores(level: Option<Level>) -> Map<String, Value> {
    let (score, priority) = match level {
        Some(Level::Critical) => (Some(9.3), Some(92.0)),
        Some(Level::High) => (Some(8.2), Some(71.5)),
        Some(Level::Medium) => (Some(5.3), Some(40.0)),
        Some(Level::Low) => (Some(2.1), Some(12.5)),
        None => (None, None),
    };
    let scores = json!({
        "scoringSource": "static", "cvss4Vector": null, "cvss4BaseScore": score, "cvss4EnvironmentalScore": null,
        "cvss4EnvironmentalVector": null, "epssScore": null, "epssPercentile": null, "exploitabilityScore": null,
        "exploitabilityVerdict": null, "priorityScore": priority,
    });
    scores.as_object().cloned().unwrap_or_default()
}

/// The fields that `base` has in every family.
fn base(emulator: &Emulator, finding: &Finding) -> Map<String, Value> {
    let base = json!({
        "id": finding.id, "projectId": emulator.project_id, "branch": finding.branch,
        "currentState": finding.state.as_str(), "currentSeverity": severity(finding),
        "currentPriority": finding.priority.as_str(), "createdAt": written(finding.created),
        "updateAt": written(finding.updated), "timeToFix": null, "contextualExplanation": null,
        "vulnerabilityType": finding.subject.family().as_str(), "historyItems": history(finding),
    });
    let mut base = base.as_object().cloned().unwrap_or_default();
    base.extend(static_scores(finding.subject.level()));
    base
}

fn extended(mut base: Map<String, Value>, fields: &Value) -> Value {
    base.extend(fields.as_object().cloned().unwrap_or_default());
    Value::Object(base)
}

fn code(emulator: &Emulator, finding: &Finding, hit: &Hit) -> Value {
    let rule = hit.rule;
    // Numbers as wide as JSON's, since a hostile line number may be the largest.
    let start = u64::from(hit.snippet_start);
    let lines: Vec<_> =
        (start..).zip(&hit.snippet).map(|(line, content)| json!({ "line": line, "content": content })).collect();
    let end = (start..).zip(&hit.snippet).last().map_or(start, |(line, _)| line);
    let base = extended(
        base(emulator, finding),
        &json!({
            "language": rule.language, "path": hit.path, "vulnerableStartLine": hit.line, "vulnerableEndLine": hit.line,
            "vulnerability": vulnerability(hit),
            "codeSnippets": [{
                "id": part(finding, "snippet"), "vulnerableStartLine": hit.line, "vulnerableEndLine": hit.line,
                "startLine": hit.snippet_start, "endLine": end, "code": lines, "language": rule.language,
                "fixAnalysis": null, "fixAnalysisDescription": null,
            }],
        }),
    );
    json!({ "dataFlowItems": [], "autofixRecords": [], "base": base })
}

/// The rule as lists show it; grouped lists use it too.
pub(super) fn vulnerability(hit: &Hit) -> Value {
    let rule = hit.rule;
    json!({
        "id": rule.id, "name": rule.name, "shortDescription": rule.name, "description": rule.description,
        "howToPrevent": rule.fix, "cwe": rule.cwe, "cweArray": null, "owaspTop10": rule.owasp,
        "severity": rule.level.map(Level::as_upper), "language": rule.language.to_lowercase(),
        "vulnerabilityType": rule.family.as_str(),
    })
}

fn package(emulator: &Emulator, finding: &Finding, hit: &PackageHit) -> Value {
    let base = extended(
        base(emulator, finding),
        &json!({ "language": "", "path": "", "vulnerableStartLine": 0, "vulnerableEndLine": 0, "vulnerability": null, "codeSnippets": [] }),
    );
    let advisory = hit.advisory;
    let fix = (!advisory.fixed.is_empty()).then_some(advisory.fixed);
    let autofix = fix.map(|fixed| {
        json!({
            "cveId": advisory.cve, "vulnerablePackage": hit.package, "vulnerableVersion": hit.version,
            "recommendedProposedVersion": fixed, "installCommand": install(hit, fixed), "hasFixAvailable": true,
        })
    });
    json!({
        "base": base,
        "library": {
            "id": part(finding, "library"), "projectId": emulator.project_id, "packageName": hit.package,
            "packageVersion": hit.version, "fileName": hit.manifest, "ecosystem": hit.ecosystem, "path": [&hit.package],
        },
        "cvssScore": advisory.score,
        "metadata": metadata(finding, hit, advisory),
        "autofixRecords": autofix.into_iter().collect::<Vec<_>>(),
    })
}

/// How the fixed version is installed, where one command does it.
fn install(hit: &PackageHit, fixed: &str) -> String {
    let package = &hit.package;
    match hit.ecosystem {
        "npm" => format!("npm install {package}@{fixed}"),
        "PyPI" => format!("pip install {package}=={fixed}"),
        "Go" => format!("go get {package}@v{fixed}"),
        "cargo" => format!("cargo update --package {package} --precise {fixed}"),
        _ => String::new(),
    }
}

fn metadata(finding: &Finding, hit: &PackageHit, advisory: &Advisory) -> Value {
    let cve = (!advisory.cve.is_empty()).then_some(advisory.cve);
    let reference = cve.map(|cve| format!("https://nvd.nist.gov/vuln/detail/{cve}"));
    let severity = match advisory.level {
        Some(Level::Medium) => Some("MODERATE"),
        level => level.map(Level::as_upper),
    };
    let vector = (!advisory.vector.is_empty()).then_some(advisory.vector);
    let id = |name: &str| part(finding, name);
    json!({
        "cve": cve, "ghsaId": advisory.id, "internalId": advisory.id, "summary": advisory.summary,
        "details": format!("{} {} is affected: **{}**.", hit.package, hit.version, advisory.summary),
        "severityGh": severity, "schemaVersion": "1.4.0", "modifiedAt": "", "publishedAt": "", "githubReviewedAt": "",
        "nvdPublishedAt": "",
        "aliases": cve.iter().map(|cve| json!({ "id": id("alias"), "alias": cve })).collect::<Vec<_>>(),
        "cwes": [{ "id": id("cwe"), "cweId": advisory.cwe }],
        "references": reference.iter().map(|url| json!({ "id": id("reference"), "type": "WEB", "url": url })).collect::<Vec<_>>(),
        "severities": vector.iter().map(|score| json!({ "id": id("vector"), "type": "CVSS_V3", "score": score })).collect::<Vec<_>>(),
        "packages": [{
            "id": id("package"), "ecosystem": hit.ecosystem, "packageName": hit.package,
            "introduced": advisory.introduced, "fixed": advisory.fixed, "fixAvailable": !advisory.fixed.is_empty(),
        }],
    })
}

/// Container findings are flat.
fn image(finding: &Finding, advisory: &ImageAdvisory) -> Value {
    json!({
        "id": finding.id, "vulnerabilityIdentifier": advisory.cve, "currentState": finding.state.as_str(),
        "currentSeverity": severity(finding), "currentPriority": finding.priority.as_str(),
        "fixedVersion": advisory.fixed, "branch": finding.branch, "scoringSource": "static",
        "cvss4BaseScore": advisory.score, "epssScore": null, "epssPercentile": null, "priorityScore": null,
        "createdAt": written(finding.created), "updatedAt": written(finding.updated),
        "package": { "name": advisory.package, "version": advisory.installed },
        "vuln": {
            "vulnerabilityId": advisory.cve, "pkgName": advisory.package, "installedVersion": advisory.installed,
            "title": advisory.title, "description": advisory.title, "severity": advisory.level.map(Level::as_upper),
            "type": "", "class": advisory.class, "target": finding.subject.path(), "cweIds": [advisory.cwe],
        },
    })
}
