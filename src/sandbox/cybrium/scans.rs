//! Scans: start, upload, state, findings (contract sections 2 to 4).

use std::time::Duration;

use axum::Json;
use axum::http::{StatusCode, Uri};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::fault::CybriumFault;
use super::finding::Finding;
use super::paging::page;
use super::refusal::Refusal;
use super::{Emulator, TARGETS, catalogue, multipart, sarif, written};
use crate::json;
use crate::sandbox::call::Call;
use crate::sandbox::core::{after, lock};
use crate::sandbox::fault::Kind;
use crate::sandbox::json::json;
use crate::sandbox::query;
use crate::sandbox::run::Phase;

/// How long a scan waits, and how long one runs that the platform makes or that was uploaded.
const WAITING: Duration = Duration::from_secs(5);
const RUNNING: Duration = Duration::from_mins(10);
const INGESTING: Duration = Duration::from_secs(15);

/// A scan, from its start call on.
pub(super) struct Scan {
    id: Value,
    target: String,
    kind: Option<String>,
    created: Timestamp,
    start: Timestamp,
    end: Timestamp,
    findings: Vec<Finding>,
}

/// `POST /v1/scans/`: a scan of a target that the workspace has a name for.
pub(super) fn start(emulator: &Emulator, call: &Call) -> Result<(StatusCode, Json<Value>), Refusal> {
    if call.media_type() != Some("application/json") {
        let media = call.content_type();
        let detail = format!("Unsupported media type \"{media}\" in request.");
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, &detail));
    }
    let fields: Map<String, Value> = json::from_bytes(&call.body)
        .map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, &format!("JSON parse error - {error}")))?;
    let text = |name: &str| match fields.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Refusal::invalid(name, "Not a valid string.")),
    };
    let target = text("target")?.ok_or_else(|| Refusal::invalid("target", "This field is required."))?;
    if !TARGETS.contains(&target.as_str()) {
        return Err(Refusal::invalid("target", &format!("Target with name={target} does not exist.")));
    }
    let findings = catalogue::of(emulator, &target);
    Ok(add(emulator, target, text("scan_type")?, RUNNING, findings))
}

/// `POST /api/scans/upload-sarif/`: another scanner's findings.
pub(super) fn upload(emulator: &Emulator, call: &Call) -> Result<(StatusCode, Json<Value>), Refusal> {
    let file = multipart::part(call.content_type(), &call.body, "sarif")
        .ok_or_else(|| Refusal::invalid("sarif", "No file was submitted."))?;
    let findings = sarif::read(file).map_err(|error| Refusal::invalid("sarif", &error))?;
    Ok(add(emulator, "sarif".to_owned(), Some("sarif_upload".to_owned()), INGESTING, findings))
}

fn add(
    emulator: &Emulator,
    target: String,
    kind: Option<String>,
    duration: Duration,
    findings: Vec<Finding>,
) -> (StatusCode, Json<Value>) {
    let now = emulator.core.now();
    let start = after(now, WAITING);
    let mut scans = lock(&emulator.scans);
    let id = if emulator.core.faults.has(CybriumFault::IntegerIds) {
        json!(scans.len() + 101)
    } else {
        json!(emulator.core.entropy.uuid())
    };
    let scan = Scan {
        id,
        target,
        kind,
        created: now,
        start,
        end: after(start, emulator.core.faults.scan_time(duration)),
        findings,
    };
    let shown = scan.shown(emulator);
    scans.push(scan);
    (StatusCode::CREATED, Json(shown))
}

impl Scan {
    /// Whether this text in a path or query names it.
    fn is(&self, id: &str) -> bool {
        match &self.id {
            Value::String(own) => own == id,
            number => number.as_u64().is_some_and(|own| id.parse() == Ok(own)),
        }
    }

    fn phase(&self, emulator: &Emulator) -> Phase {
        if emulator.core.faults.has(Kind::StuckQueued) {
            return Phase::Queued;
        }
        Phase::at(emulator.core.now(), self.start, self.end)
    }

    /// What was found, once the scan is over and has not failed.
    fn results(&self, emulator: &Emulator) -> &[Finding] {
        let is_over = self.phase(emulator) == Phase::Ended && !emulator.core.faults.has(Kind::FailedScan);
        if is_over { &self.findings } else { &[] }
    }

    fn shown(&self, emulator: &Emulator) -> Value {
        let faults = &emulator.core.faults;
        let phase = self.phase(emulator);
        let status = match phase {
            Phase::Queued => "pending".to_owned(),
            Phase::Running(_) => "running".to_owned(),
            Phase::Ended if faults.has(Kind::FailedScan) => "failed".to_owned(),
            Phase::Ended => faults.unknown_state("archived").unwrap_or_else(|| "completed".to_owned()),
        };
        let ended = phase == Phase::Ended;
        json!({
            "id": self.id, "target": self.target, "scan_type": self.kind, "status": status,
            "created_at": written(self.created), "started_at": (phase != Phase::Queued).then(|| written(self.start)),
            "finished_at": ended.then(|| written(self.end)), "findings_count": ended.then(|| self.results(emulator).len()),
        })
    }
}

/// `GET /v1/scans/`, the last one first.
pub(super) fn list(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    let scans = lock(&emulator.scans);
    let rows: Vec<_> = scans.iter().rev().map(|scan| scan.shown(emulator)).collect();
    page(emulator, &call.uri, &rows).map(Json)
}

/// `GET /v1/scans/{scan}/`. The faults that take a key away strike whoever asks while it runs.
pub(super) fn show(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    let id = call.part("scan");
    let scans = lock(&emulator.scans);
    let scan = scans.iter().find(|scan| scan.is(id)).ok_or_else(Refusal::not_found)?;
    let now = emulator.core.now();
    let faults = &emulator.core.faults;
    let late = faults.find(|kind| match kind {
        Kind::Cybrium(CybriumFault::LateDetail(seconds)) => Some(Duration::from_secs(u64::from(*seconds))),
        _ => None,
    });
    if late.is_some_and(|late| now < after(scan.created, late)) {
        return Err(Refusal::not_found());
    }
    if matches!(scan.phase(emulator), Phase::Running(_)) {
        let mut keys = lock(&emulator.keys);
        if faults.has(Kind::Revoke) {
            keys.revoke(now);
        }
        if faults.has(CybriumFault::FinishRotation) {
            keys.finish_rotation(now);
        }
    }
    Ok(Json(scan.shown(emulator)))
}

/// `GET /v1/scans/{scan}/findings/`.
pub(super) fn findings(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    let id = call.part("scan");
    let scans = lock(&emulator.scans);
    let scan = scans.iter().find(|scan| scan.is(id)).ok_or_else(Refusal::not_found)?;
    rows(emulator, &call.uri, &[scan])
}

/// `GET /v1/findings/?scan=`: those of one scan, or of all.
pub(super) fn all_findings(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    let scans = lock(&emulator.scans);
    let wanted = query::value(call.query(), "scan");
    let of: Vec<_> = scans.iter().filter(|scan| wanted.as_deref().is_none_or(|id| scan.is(id))).collect();
    if wanted.is_some() && of.is_empty() {
        let message = "Select a valid choice. That choice is not one of the available choices.";
        return Err(Refusal::invalid("scan", message));
    }
    rows(emulator, &call.uri, &of)
}

fn rows(emulator: &Emulator, uri: &Uri, scans: &[&Scan]) -> Result<Json<Value>, Refusal> {
    let in_capitals = emulator.core.faults.has(CybriumFault::UpperCase);
    let found =
        scans.iter().flat_map(|scan| scan.results(emulator).iter().map(|finding| finding.shown(&scan.id, in_capitals)));
    let rows: Vec<_> = found.collect();
    if emulator.core.faults.has(CybriumFault::BareArray) {
        return Ok(Json(json!(rows)));
    }
    page(emulator, uri, &rows).map(Json)
}
