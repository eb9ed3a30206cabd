//! Policy evaluation (contract section 6). A little after a scan has ended its findings are held against the policy of the options.

use std::time::Duration;

use axum::Json;
use jiff::Timestamp;
use serde_json::Value;

use super::fault::CybeDefendFault;
use super::finding::{Finding, Subject};
use super::options::Policy;
use super::query::{count, pairs};
use super::refusal::Refusal;
use super::store::{Scan, Store};
use super::{Emulator, project, written};
use crate::sandbox::call::Call;
use crate::sandbox::core::after;
use crate::sandbox::entropy::uuid_from;
use crate::sandbox::fault::Kind;
use crate::sandbox::json::json;
use crate::sandbox::rules::Level;
use crate::sandbox::run::Phase;

/// How long after the end of a scan nothing is known of its evaluation.
const BEFORE_START: Duration = Duration::from_secs(3);
/// How long the evaluation takes.
const EVALUATION: Duration = Duration::from_secs(2);
/// Findings that a violation names; its count goes beyond them.
const NAMED_FINDINGS: usize = 50;
const DEFAULT_LIMIT: usize = 20;
const LARGEST_LIMIT: usize = 50;

/// Where an evaluation stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    NotStarted,
    Pending,
    InProgress,
    Completed,
    Failed,
}

impl Status {
    fn as_str(self) -> &'static str {
        match self {
            Self::NotStarted => "NOT_STARTED",
            Self::Pending => "PENDING",
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }

    fn progress(self) -> u8 {
        match self {
            Self::NotStarted | Self::Pending => 0,
            Self::InProgress => 50,
            Self::Completed | Self::Failed => 100,
        }
    }
}

/// The status, with the moments at which the evaluation starts and ends. A failed scan is never evaluated.
fn status(emulator: &Emulator, scan: &Scan) -> (Status, Option<(Timestamp, Timestamp)>) {
    let now = emulator.now();
    let Some(run) = scan.run.as_ref().filter(|run| run.refused.is_none() && scan.phase(now) == Phase::Ended) else {
        return (Status::NotStarted, None);
    };
    let faults = &emulator.core.faults;
    let late = faults.find(|kind| match kind {
        Kind::CybeDefend(CybeDefendFault::PolicyLate(seconds)) => Some(Duration::from_secs(u64::from(*seconds))),
        _ => None,
    });
    let start = after(run.end, late.unwrap_or(BEFORE_START));
    let end = after(start, EVALUATION);
    let policy = emulator.options.policy.is_some()
        || faults.has(CybeDefendFault::PolicyFailed)
        || faults.has(CybeDefendFault::PolicyStuck);
    if !policy || faults.has(Kind::FailedScan) || now < start {
        return (Status::NotStarted, None);
    }
    let status = if now < after(start, EVALUATION / 2) {
        Status::Pending
    } else if now < end || faults.has(CybeDefendFault::PolicyStuck) {
        Status::InProgress
    } else if faults.has(CybeDefendFault::PolicyFailed) {
        Status::Failed
    } else {
        Status::Completed
    };
    (status, Some((start, end)))
}

fn evaluation_id(scan: &Scan) -> String {
    uuid_from(&[&scan.id, "evaluation"])
}

/// `GET /projects/{project}/scans/{scan}/evaluation-status`.
pub(super) fn evaluation_status(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    project::check(emulator, call)?;
    let scan = call.part("scan");
    let store = emulator.store();
    let scan = store.scan(scan).ok_or_else(|| Refusal::not_found("Scan"))?;
    let (status, moments) = status(emulator, scan);
    let completed = moments.filter(|_| matches!(status, Status::Completed | Status::Failed));
    Ok(Json(json!({
        "hasEvaluation": status != Status::NotStarted,
        "evaluationId": moments.map(|_| evaluation_id(scan)), "status": status.as_str(), "progress": status.progress(),
        "message": null, "startedAt": moments.map(|(start, _)| written(start)),
        "completedAt": completed.map(|(_, end)| written(end)),
    })))
}

/// A rule of the policy that open findings of the scan's branch break.
struct Violation<'a> {
    level: Level,
    action: &'static str,
    findings: Vec<&'a Finding>,
}

/// The rules that are broken, the blocking ones first. Without a completed evaluation there are none.
fn broken<'a>(emulator: &Emulator, scan: &Scan, findings: &[&'a Finding]) -> Vec<Violation<'a>> {
    let completed = status(emulator, scan).0 == Status::Completed;
    let Some(policy) = emulator.options.policy.as_ref().filter(|_| completed) else { return Vec::new() };
    rules(policy)
        .map(|(level, action)| Violation {
            level,
            action,
            findings: findings.iter().copied().filter(|finding| finding.subject.level() == Some(level)).collect(),
        })
        .filter(|violation| !violation.findings.is_empty())
        .collect()
}

fn rules(policy: &Policy) -> impl Iterator<Item = (Level, &'static str)> {
    let block = policy.block.iter().map(|level| (*level, "BLOCK"));
    block.chain(policy.warn.iter().map(|level| (*level, "WARN")))
}

/// Runs `read` over what the policy says of a scan.
fn with_violations<T>(
    emulator: &Emulator,
    scan: &str,
    read: impl FnOnce(&Scan, Vec<Violation<'_>>) -> T,
) -> Result<T, Refusal> {
    let store = emulator.store();
    let scan = store.scan(scan).ok_or_else(|| Refusal::not_found("Scan"))?;
    Ok(read(scan, broken(emulator, scan, &open(emulator, &store, scan))))
}

/// The open findings of a scan's branch.
fn open<'a>(emulator: &Emulator, store: &'a Store, scan: &Scan) -> Vec<&'a Finding> {
    let is_open = |finding: &&Finding| finding.state.is_open() && finding.branch == scan.branch;
    store.visible(emulator.now()).filter(is_open).collect()
}

/// `GET /projects/{project}/scans/{scan}/violations?page&limit`.
pub(super) fn violations(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    project::check(emulator, call)?;
    let scan = call.part("scan");
    let (mut page, mut limit) = (1, DEFAULT_LIMIT);
    for (name, value) in pairs(call.query()) {
        let read = || count(&name, &value).map_err(|error| Refusal::invalid(&[error]));
        match name.as_str() {
            "page" => page = read()?,
            "limit" => limit = read()?.min(LARGEST_LIMIT),
            _ => {}
        }
    }
    with_violations(emulator, scan, |scan, violations| {
        let shown = violations.iter().skip((page - 1).saturating_mul(limit)).take(limit);
        let shown: Vec<_> = shown.map(|violation| describe(emulator, scan, violation)).collect();
        Json(json!({ "violations": shown, "total": violations.len(), "page": page, "limit": limit }))
    })
}

fn describe(emulator: &Emulator, scan: &Scan, violation: &Violation<'_>) -> Value {
    let policy = emulator.options.policy.as_ref();
    let acknowledged = policy.is_some_and(|policy| policy.acknowledged);
    let level = violation.level.as_upper();
    let id = |name: &str| uuid_from(&[&emulator.project_id, &scan.id, level, name]);
    let now = written(emulator.now());
    json!({
        "id": id("violation"), "policyId": policy_id(emulator), "projectId": emulator.project_id, "scanId": scan.id,
        "organizationId": emulator.organization_id, "actionTaken": violation.action,
        "affectedVulnerabilitiesCount": violation.findings.len(),
        "rule": {
            "id": id("rule"), "name": format!("No {} findings", violation.level.as_str()), "description": "", "type": "severity",
            "value": level, "action": violation.action, "operator": "eq", "criteria": [],
        },
        "affectedVulnerabilities": violation.findings.iter().take(NAMED_FINDINGS).map(|finding| affected(finding)).collect::<Vec<_>>(),
        "acknowledged": acknowledged, "acknowledgedAt": acknowledged.then_some(&now),
        "acknowledgementReason": acknowledged.then_some("accepted for the sandbox"), "createdAt": now, "updatedAt": now,
    })
}

fn affected(finding: &Finding) -> Value {
    let subject = &finding.subject;
    let mut described = json!({
        "id": finding.id, "name": subject.name(), "severity": subject.level().map(Level::as_upper), "cvssScore": subject.score(),
        "cwe": [], "owaspTop10": [], "filePath": "", "startLine": 0, "endLine": 0,
        "vulnerabilityType": subject.family().as_str(), "branch": finding.branch, "packageName": "", "packageVersion": "",
        "artifactName": "",
    });
    let own = match subject {
        Subject::Code(hit) => json!({
            "cwe": hit.rule.cwe, "owaspTop10": hit.rule.owasp, "filePath": hit.path, "startLine": hit.line, "endLine": hit.line,
        }),
        Subject::Package(hit) => json!({
            "cwe": [hit.advisory.cwe], "filePath": hit.manifest, "packageName": hit.package, "packageVersion": hit.version,
        }),
        Subject::Image { image, advisory } => json!({
            "cwe": [advisory.cwe], "artifactName": image, "packageName": advisory.package, "packageVersion": advisory.installed,
        }),
    };
    if let (Some(described), Value::Object(own)) = (described.as_object_mut(), own) {
        described.extend(own);
    }
    described
}

fn policy_id(emulator: &Emulator) -> String {
    uuid_from(&[&emulator.project_id, "policy"])
}

/// `GET /projects/{project}/scans/{scan}/compliance`.
pub(super) fn compliance(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    project::check(emulator, call)?;
    let scan = call.part("scan");
    with_violations(emulator, scan, |scan, violations| {
        let (status, moments) = status(emulator, scan);
        let with = |action| violations.iter().filter(|violation| violation.action == action).count();
        let acknowledged = emulator.options.policy.as_ref().is_some_and(|policy| policy.acknowledged);
        let compliant = with("BLOCK") == 0 || acknowledged;
        let result = moments.filter(|_| status == Status::Completed).map(|(_, end)| {
            json!({
                "compliant": compliant, "exitCode": u8::from(!compliant), "summary": null,
                "blockingViolationsCount": with("BLOCK"), "warningViolationsCount": with("WARN"),
                "totalViolationsCount": violations.len(), "evaluatedAt": written(end), "evaluatedPoliciesCount": 1,
                "breakingRulesCount": violations.len(),
            })
        });
        Json(json!({
            "evaluationId": moments.map(|_| evaluation_id(scan)), "scanId": scan.id, "projectId": emulator.project_id,
            "status": status.as_str(), "result": result,
        }))
    })
}

/// `GET /projects/{project}/violation-stats?startDate&endDate`: of all scans that were evaluated between the two moments. The last
/// scan says whether the project is compliant.
pub(super) fn violation_stats(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    project::check(emulator, call)?;
    let (mut from, mut to) = (Timestamp::MIN, Timestamp::MAX);
    for (name, value) in pairs(call.query()) {
        let read = || {
            let refused = |_error| Refusal::invalid(&[format!("{name} must be a valid ISO 8601 date string")]);
            value.parse::<Timestamp>().map_err(refused)
        };
        match name.as_str() {
            "startDate" => from = read()?,
            "endDate" => to = read()?,
            _ => {}
        }
    }
    let store = emulator.store();
    let (mut blocked, mut warned, mut compliance) = (0, 0, "Pending");
    for scan in store.scans() {
        let violations = broken(emulator, scan, &open(emulator, &store, scan));
        let (status, moments) = status(emulator, scan);
        let with = |action| violations.iter().filter(|violation| violation.action == action).count();
        if moments.is_some_and(|(_, end)| from <= end && end <= to) {
            blocked += with("BLOCK");
            warned += with("WARN");
        }
        let acknowledged = emulator.options.policy.as_ref().is_some_and(|policy| policy.acknowledged);
        compliance = match status {
            Status::Completed if with("BLOCK") == 0 || acknowledged => "Compliant",
            Status::Completed => "Non-Compliant",
            _ => "Pending",
        };
    }
    Ok(Json(json!({ "stats": {
        "totalViolations": blocked + warned, "blockedCount": blocked, "warnedCount": warned,
        "applicablePoliciesCount": u8::from(emulator.options.policy.is_some()), "complianceStatus": compliance,
    } })))
}

/// `GET /projects/{project}/effective-policies`: an empty list says that there is no policy.
pub(super) fn effective_policies(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    project::check(emulator, call)?;
    let applied =
        emulator.options.policy.as_ref().map(|_| json!({ "id": policy_id(emulator), "name": "sandbox policy" }));
    Ok(Json(json!({ "effectiveConfig": {}, "appliedPolicies": applied.into_iter().collect::<Vec<_>>() })))
}
