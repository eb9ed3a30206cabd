//! Scans: their start and their state (contract sections 3 and 4).

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value};

use super::fault::CybeDefendFault;
use super::refusal::Refusal;
use super::results::allowed_family;
use super::store::Scan;
use super::{Emulator, project, signature, written};
use crate::json;
use crate::sandbox::call::Call;
use crate::sandbox::entropy::uuid_from;
use crate::sandbox::fault::Kind;
use crate::sandbox::json::json;
use crate::sandbox::rules::Family;
use crate::sandbox::run::Phase;

const SOURCE_TYPES: [&str; 6] = ["manual", "cli", "github", "gitlab", "jetbrains", "vscode"];
/// Registries that images are scanned from, as path segments; GitHub's has a path of its own.
const REGISTRIES: [&str; 8] = ["gitlab", "dockerhub", "gcr", "ecr", "acr", "quay", "harbor", "jfrog"];
/// What a running scan says it is doing, in this order.
const STEPS: [&str; 4] =
    ["unpacking the archive", "analysing source code", "analysing dependencies", "collecting results"];

/// Reads a body that may be absent. One that is there must be a JSON object and say so.
fn read_body(call: &Call) -> Result<Map<String, Value>, Refusal> {
    if call.body.is_empty() {
        return Ok(Map::new());
    }
    if call.media_type() != Some("application/json") {
        return Err(Refusal::invalid(&["Content-Type must be application/json".to_owned()]));
    }
    json::from_bytes(&call.body).map_err(|error| Refusal::invalid(&[error.to_string()]))
}

/// A field that must be a string where it is there; empty is absent.
fn text(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, Refusal> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(_) => Err(Refusal::invalid(&[format!("{name} must be a string")])),
    }
}

fn required(fields: &Map<String, Value>, name: &str) -> Result<String, Refusal> {
    text(fields, name)?.ok_or_else(|| Refusal::invalid(&[format!("{name} should not be empty")]))
}

fn check_source_type(fields: &Map<String, Value>) -> Result<(), Refusal> {
    match text(fields, "sourceType")? {
        Some(source) if !SOURCE_TYPES.contains(&source.as_str()) => {
            let values = SOURCE_TYPES.join(", ");
            Err(Refusal::invalid(&[format!("sourceType must be one of the following values: {values}")]))
        }
        _ => Ok(()),
    }
}

/// `POST /project/{project}/scan/start`: the scan waits for its archive.
pub(super) fn start(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    project::check(emulator, call)?;
    let fields = read_body(call)?;
    check_source_type(&fields)?;
    let branch = text(&fields, "branch")?;
    let id = emulator.core.entropy.uuid();
    let url = signature::upload_url(emulator, &id);
    emulator.store().add_scan(id.clone(), branch, None, emulator.now());
    Ok(Json(json!({
        "url": url, "scanId": id, "success": true, "message": "Scan created, upload the archive to start it",
        "detectedLanguages": [],
    })))
}

fn start_image(emulator: &Emulator, fields: &Map<String, Value>, image: &str) -> Result<Value, Refusal> {
    let branch = text(fields, "branch")?;
    let id = emulator.core.entropy.uuid();
    let mut store = emulator.store();
    store.add_scan(id.clone(), branch, Some(image.to_owned()), emulator.now());
    store.start_image(emulator, &id, image);
    Ok(json!({ "success": true, "message": "Container scan started", "scanId": id, "detectedLanguages": [] }))
}

/// `POST /project/{project}/scan/container/start`: a public image.
pub(super) fn start_container(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    project::check(emulator, call)?;
    allowed_family(emulator, Family::Container.as_str())?;
    let fields = read_body(call)?;
    check_source_type(&fields)?;
    let image = required(&fields, "imageToScan")?;
    start_image(emulator, &fields, &image).map(Json)
}

/// `POST /integrations/{registry}/container-registry/project/{project}/scan`: an image of a registry with a stored credential.
pub(super) fn start_registry(emulator: &Emulator, call: &Call) -> Result<Response, Refusal> {
    let registry = call.part("registry");
    if !REGISTRIES.contains(&registry) {
        return Err(Refusal::not_found("Registry"));
    }
    let fields = read_body(call)?;
    required(&fields, "credentialId")?;
    start_in_registry(emulator, call, &fields)
}

/// `POST /integrations/github-container-registry/project/{project}/scan`: the one registry that needs no credential.
pub(super) fn start_github_registry(emulator: &Emulator, call: &Call) -> Result<Response, Refusal> {
    start_in_registry(emulator, call, &read_body(call)?)
}

fn start_in_registry(emulator: &Emulator, call: &Call, fields: &Map<String, Value>) -> Result<Response, Refusal> {
    project::check(emulator, call)?;
    let image = required(fields, "imageName")?;
    let reply = start_image(emulator, fields, &image)?;
    Ok((StatusCode::ACCEPTED, Json(reply)).into_response())
}

/// Scans of linked repositories: the sandbox has none linked.
pub(super) fn start_linked(emulator: &Emulator, call: &Call) -> Result<StatusCode, Refusal> {
    project::check(emulator, call)?;
    Err(Refusal::invalid(&["Repository is not linked to the project".to_owned()]))
}

/// The scan's state as a word.
pub(super) fn state(emulator: &Emulator, scan: &Scan) -> String {
    let refused = scan.run.as_ref().is_some_and(|run| run.refused.is_some());
    match scan.phase(emulator.now()) {
        Phase::Queued => "queued".to_owned(),
        Phase::Running(_) => "running".to_owned(),
        Phase::Ended if refused || emulator.core.faults.has(Kind::FailedScan) => "failed".to_owned(),
        Phase::Ended if emulator.core.faults.has(CybeDefendFault::DegradedScan) => "completed_degraded".to_owned(),
        Phase::Ended => emulator.core.faults.unknown_state("cancelled").unwrap_or_else(|| "completed".to_owned()),
    }
}

fn name(scan: &Scan) -> String {
    format!("scan of {}", scan.image.as_deref().or(scan.branch.as_deref()).unwrap_or("an archive"))
}

/// `scanType`: what was scanned.
pub(super) fn kind(scan: &Scan) -> &'static str {
    if scan.image.is_some() { "container" } else { "full" }
}

/// `GET /project/{project}/scan/{scan}`.
pub(super) fn show(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    project::check(emulator, call)?;
    let scan = call.part("scan");
    let now = emulator.now();
    let store = emulator.store();
    let scan = store.scan(scan).ok_or_else(|| Refusal::not_found("Scan"))?;
    let phase = scan.phase(now);
    if emulator.core.faults.has(Kind::Revoke) && matches!(phase, Phase::Running(_)) {
        emulator.pat_revoked.store(true, std::sync::atomic::Ordering::SeqCst);
        emulator.tokens().end_all();
    }
    let state = state(emulator, scan);
    let run = scan.run.as_ref();
    let (progress, step) = match phase {
        Phase::Queued => (0.0, "queued"),
        Phase::Running(part) => (rounded(part * 100.0), step(part)),
        Phase::Ended => (100.0, "done"),
    };
    let ended = phase == Phase::Ended;
    let error = error(&state, run.and_then(|run| run.refused.as_deref()));
    let started = run.filter(|_| phase != Phase::Queued).map(|run| written(run.start));
    let end = run.filter(|_| ended).map(|run| written(run.end));
    Ok(Json(json!({
        "id": scan.id, "name": name(scan), "state": state,
        "language": run.map(|run| run.languages.clone()).unwrap_or_default(), "projectId": emulator.project_id,
        "private": false, "initializerUserId": uuid_from(&[&emulator.organization_id, "user"]),
        "createAt": written(scan.created), "updatedAt": written(now), "scanType": kind(scan), "startTime": started,
        "endTime": end,
        "containers": [{
            "id": uuid_from(&[&scan.id, "container"]), "status": state, "createdAt": written(scan.created),
            "startedAt": started, "finishedAt": end, "scanId": scan.id,
        }],
        "progress": progress, "step": step, "vulnerabilityDetected": run.filter(|_| ended).map(|run| run.found),
        "errorMessage": error.map(|(message, ..)| message), "errorCode": error.map(|(_, code, _)| code),
        "errorCategory": error.map(|(.., category)| category),
    })))
}

/// Message, code and category of a scan that did not go well.
fn error<'a>(state: &str, refused: Option<&'a str>) -> Option<(&'a str, u8, &'static str)> {
    match state {
        "failed" => Some((refused.unwrap_or("The scanner ended with an error"), 1, "scan")),
        "completed_degraded" => Some(("The dependency scanner did not finish", 1, "scan")),
        _ => None,
    }
}

/// One decimal place: progress is a number, not always a whole one.
fn rounded(progress: f64) -> f64 {
    (progress * 10.0).round() / 10.0
}

fn step(part: f64) -> &'static str {
    let [extracting, source, dependencies, collecting] = STEPS;
    match part {
        part if part < 0.1 => extracting,
        part if part < 0.6 => source,
        part if part < 0.9 => dependencies,
        _ => collecting,
    }
}
