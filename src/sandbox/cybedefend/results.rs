//! Lists and single findings (contract sections 5.1 to 5.7, 5.10).

use axum::Json;
use serde_json::{Map, Value};

use super::fault::CybeDefendFault;
use super::finding::State as FindingState;
use super::query::{Query, pairs};
use super::refusal::Refusal;
use super::store::Store;
use super::{Emulator, elements, project, scans, written};
use crate::sandbox::call::Call;
use crate::sandbox::entropy::uuid_from;
use crate::sandbox::fault::Kind;
use crate::sandbox::json::json;
use crate::sandbox::rules::{Family, Level};
use crate::sorting::collected;

/// The family a path names, if the plan includes it.
pub(super) fn allowed_family(emulator: &Emulator, word: &str) -> Result<Family, Refusal> {
    let family = Family::parse(word).ok_or_else(|| Refusal::not_found("Result type"))?;
    let struck = |kind: &Kind| match kind {
        Kind::CybeDefend(CybeDefendFault::NotInPlan(None)) => Some(()),
        Kind::CybeDefend(CybeDefendFault::NotInPlan(Some(refused))) if *refused == family => Some(()),
        _ => None,
    };
    if emulator.core.faults.find(struck).is_some() || !emulator.options.plan.families.contains(&family) {
        return Err(Refusal::not_in_plan());
    }
    Ok(family)
}

/// `GET /project/{project}/results/{family}`.
pub(super) fn list(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    project::check(emulator, call)?;
    let family = allowed_family(emulator, call.part("family"))?;

    let query = Query::parse(family, call.query()).map_err(|errors| Refusal::invalid(&errors))?;
    let now = emulator.now();
    let mut store = emulator.store();
    let rows = store.rows(family, &query.filter, now);
    let elements: Vec<_> = rows
        .iter()
        .skip((query.page - 1).saturating_mul(query.size))
        .take(query.size)
        .filter_map(|row| store.row(*row))
        .map(|finding| elements::element(emulator, finding))
        .collect();
    let total = rows.len() + emulator.core.faults.claimed();
    let mut envelope = envelope(emulator, &query, total);
    if family != Family::Container {
        envelope.extend(echoes(&query));
        envelope.insert("scanProjectInfo".to_owned(), scan_info(emulator, &store));
        envelope.insert("vulnCountByType".to_owned(), count_by_family(emulator, &store, query.filter.branch.as_ref()));
    }
    envelope.insert("vulnerabilities".to_owned(), Value::Array(elements));
    Ok(Json(Value::Object(envelope)))
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

pub(super) fn envelope(emulator: &Emulator, query: &Query, total: usize) -> Map<String, Value> {
    object(&json!({
        "projectId": emulator.project_id, "projectName": project::NAME, "page": query.page, "limit": query.size,
        "total": total, "totalPages": total.div_ceil(query.size),
    }))
}

/// The filters as the list understood them; one that was not given is null.
pub(super) fn echoes(query: &Query) -> Map<String, Value> {
    let filter = &query.filter;
    let words = |words: Vec<&'static str>| if words.is_empty() { Value::Null } else { json!(words) };
    object(&json!({
        "sort": filter.sort, "order": if filter.descending { "desc" } else { "asc" }, "language": filter.language,
        "severity": words(filter.severity.iter().map(|level| level.as_str()).collect()),
        "status": words(filter.status.iter().map(|state| state.as_str()).collect()),
        "priority": words(filter.priority.iter().map(|priority| priority.as_str()).collect()),
    }))
}

/// The last scan of the project, or another one that never was.
fn scan_info(emulator: &Emulator, store: &Store) -> Value {
    let Some(scan) = store.last_scan() else { return Value::Null };
    let other = emulator.core.faults.has(CybeDefendFault::OtherScan);
    let id = if other { uuid_from(&[&scan.id, "another scan"]) } else { scan.id.clone() };
    json!({
        "scanId": id, "state": scans::state(emulator, scan), "createAt": written(scan.created), "scanType": scans::kind(scan),
    })
}

fn count_by_family(emulator: &Emulator, store: &Store, branch: Option<&String>) -> Value {
    let mut counts = [0_u64; Family::ALL.len()];
    for finding in store.visible(emulator.now()).filter(|finding| finding.state.is_open()) {
        if (branch.is_none() || finding.branch.as_ref() == branch)
            && let Some(count) =
                Family::ALL.iter().zip(&mut counts).find(|(family, _)| **family == finding.subject.family())
        {
            *count.1 += 1;
        }
    }
    let counts = Family::ALL.iter().zip(counts).map(|(family, count)| (family.as_str().to_owned(), json!(count)));
    Value::Object(collected(counts))
}

/// `GET /project/{project}/results/{family}/{finding}`.
pub(super) fn show(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    project::check(emulator, call)?;
    let family = allowed_family(emulator, call.part("family"))?;
    let finding = call.part("finding");

    let store = emulator.store();
    let now = emulator.now();
    let found = store.finding(finding).filter(|found| found.subject.family() == family && found.visible_from <= now);
    let found = found.ok_or_else(|| Refusal::not_found("Vulnerability"))?;
    let mut reply = object(&json!({ "projectId": emulator.project_id, "vulnerabilityId": found.id }));
    reply.insert(family.as_str().to_owned(), elements::element(emulator, found));
    Ok(Json(Value::Object(reply)))
}

/// `GET /project/{project}/results/overview?branches=`.
pub(super) fn overview(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    project::check(emulator, call)?;
    let branches: Vec<_> = pairs(call.query())
        .into_iter()
        .filter(|(name, _)| name == "branches")
        .flat_map(|(_, value)| value.split(',').map(ToOwned::to_owned).collect::<Vec<_>>())
        .filter(|branch| !branch.is_empty())
        .collect();
    let store = emulator.store();
    let findings: Vec<_> = store
        .visible(emulator.now())
        .filter(|finding| {
            branches.is_empty() || finding.branch.as_ref().is_some_and(|branch| branches.contains(branch))
        })
        .collect();
    let open = || findings.iter().filter(|finding| finding.state.is_open());
    let by_severity = Level::ALL.map(|level| {
        json!({ "severity": level.as_str(), "count": open().filter(|finding| finding.subject.level() == Some(level)).count() })
    });
    let by_state = FindingState::ALL.map(|state| {
        json!({ "state": state.as_str(), "count": findings.iter().filter(|finding| finding.state == state).count() })
    });
    let by_family = Family::ALL.map(|family| {
        json!({ "analysisType": family.as_str(), "count": open().filter(|finding| finding.subject.family() == family).count() })
    });
    Ok(Json(json!({
        "totalBySeverity": by_severity, "totalByState": by_state, "totalByAnalysisType": by_family,
        "vulnerabilitiesOverTime": [],
        "cyberRisk": { "score": open().count(), "level": null, "computedAt": written(emulator.now()) },
    })))
}
