//! Reports, which are scans: creation, progress, overview (contract sections 4 to 6.1).

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Emulator;
use super::alerts::{self, Alert};
use super::envelope::{Refusal, envelope};
use super::fault::{BestDefenseFault, Permission};
use crate::json;
use crate::sandbox::call::Call;
use crate::sandbox::core::{after, lock};
use crate::sandbox::fault::{Kind, is_due};
use crate::sandbox::json::json;
use crate::sandbox::run::Phase;

/// How long a report waits before anything runs.
const WAITING: Duration = Duration::from_secs(10);

/// A report, from its creation on.
pub(super) struct Report {
    id: String,
    /// The number of its security part, another kind of id.
    pub(super) number: u64,
    has_security: bool,
    start: Timestamp,
    end: Timestamp,
    pub(super) alerts: Vec<Alert>,
    /// How often its overview was read after the end.
    overviews: AtomicU32,
}

/// How thoroughly a site is scanned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Intensity {
    Quick,
    Standard,
    Thorough,
}

/// What a new report is to hold.
struct Order {
    has_security: bool,
    intensity: Intensity,
    duration: Duration,
}

fn invalid(message: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, message)
}

fn object<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<Option<&'a Map<String, Value>>, Refusal> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(_) => Err(invalid(&format!("{name} must be an object"))),
    }
}

/// Reads the body in both of its forms: with options of the security scan, and without.
fn order(call: &Call) -> Result<Order, Refusal> {
    if call.media_type() != Some("application/json") {
        return Err(invalid("Content-Type must be application/json"));
    }
    let body: Map<String, Value> =
        json::from_bytes(&call.body).map_err(|error| invalid(&format!("The body is not a JSON object: {error}")))?;
    let options = object(&body, "options")?.ok_or_else(|| invalid("options is required"))?;
    let mut enabled = Vec::new();
    for name in options.keys().filter(|name| *name != "callback") {
        if !["security", "seo", "dns", "whois"].contains(&name.as_str()) {
            return Err(invalid(&format!("Unknown scan type {name}")));
        }
        if object(options, name)?.is_some_and(|scan| scan.get("enabled") == Some(&Value::Bool(true))) {
            enabled.push(name.as_str());
        }
    }
    if enabled.is_empty() {
        return Err(invalid("At least one scan type must be enabled"));
    }
    let has_security = enabled.contains(&"security");
    let security = object(options, "security")?;
    let details = security.map(|scan| object(scan, "options")).transpose()?.flatten();
    let word = |name: &str, known: &[&'static str]| -> Result<&'static str, Refusal> {
        let given = details.and_then(|details| details.get(name));
        match given {
            None | Some(Value::Null) => known.first().copied().ok_or_else(|| invalid(name)),
            Some(value) => known
                .iter()
                .copied()
                .find(|known| value == known)
                .ok_or_else(|| invalid(&format!("{name} must be one of {}", known.join(", ")))),
        }
    };
    let vortex_type = word("vortexType", &["analog", "ai", "api"])?;
    word("testingType", &["web", "api"])?;
    let intensity = match word("scanIntensity", &["quick", "standard", "thorough"])? {
        "quick" => Intensity::Quick,
        "standard" => Intensity::Standard,
        _ => Intensity::Thorough,
    };
    let duration = match intensity {
        _ if !has_security => Duration::from_mins(2),
        _ if vortex_type == "ai" => Duration::from_mins(90),
        Intensity::Quick => Duration::from_mins(5),
        Intensity::Standard => Duration::from_mins(20),
        Intensity::Thorough => Duration::from_mins(45),
    };
    Ok(Order { has_security, intensity, duration })
}

/// `POST /api/report/create/for-target/{site}`: the id stands at the root of the answer.
pub(super) fn create(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    let site = call.part("site");
    let site = emulator.sites.iter().find(|known| known.id == site).ok_or_else(|| Refusal::not_found("Site"))?;
    emulator.permit(Permission::CreateReports)?;
    let order = order(call)?;
    if !site.is_verified {
        let message = format!("Site {} is not verified", site.hostname);
        return Err(Refusal::new(StatusCode::CONFLICT, message));
    }
    let start = after(emulator.core.now(), WAITING);
    let faults = &emulator.core.faults;
    let mut reports = lock(&emulator.reports);
    let number = 12_345 + 7 * u64::try_from(reports.len()).unwrap_or_default();
    let id = if faults.has(BestDefenseFault::IntegerId) { number.to_string() } else { emulator.core.entropy.uuid() };
    let shown = match id.parse::<u64>() {
        _ if faults.has(BestDefenseFault::NoId) => Value::Null,
        Ok(number) => json!(number),
        Err(_) => json!(id),
    };
    reports.push(Report {
        id,
        number,
        has_security: order.has_security,
        start,
        end: after(start, emulator.core.faults.scan_time(order.duration)),
        alerts: alerts::of(emulator, site.hostname, order.intensity),
        overviews: AtomicU32::new(0),
    });
    Ok(Json(json!({ "success": true, "message": "Report created", "status": 200, "id": shown })))
}

impl Report {
    fn phase(&self, emulator: &Emulator) -> Phase {
        Phase::at(emulator.core.now(), self.start, self.end)
    }

    /// Whether it says that it is completed: it has ended, and no fault keeps it from saying so.
    fn is_completed(&self, emulator: &Emulator) -> bool {
        let faults = &emulator.core.faults;
        let kept = [Kind::StuckQueued, Kind::FailedScan].into_iter().any(|kind| faults.has(kind));
        self.phase(emulator) == Phase::Ended && !kept && faults.unknown_state("").is_none()
    }

    /// Whether there is a security report with alerts.
    pub(super) fn has_results(&self, emulator: &Emulator) -> bool {
        self.has_security && self.is_completed(emulator)
    }
}

fn find<'a>(reports: &'a [Report], id: &str) -> Result<&'a Report, Refusal> {
    reports.iter().find(|report| report.id == id).ok_or_else(|| Refusal::not_found("Report"))
}

/// `GET /api/report/{report}/progress`. The fault `revoke` strikes whoever asks while it runs.
pub(super) fn progress(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    let id = call.part("report");
    emulator.permit(Permission::ViewReports)?;
    let reports = lock(&emulator.reports);
    let report = find(&reports, id)?;
    let faults = &emulator.core.faults;
    let phase = report.phase(emulator);
    if faults.has(Kind::Revoke) && matches!(phase, Phase::Running(_)) {
        emulator.revoked.store(true, Ordering::SeqCst);
    }
    let completed = report.is_completed(emulator);
    let as_text = faults.has(BestDefenseFault::TextBooleans);
    let mut data = Map::new();
    data.insert("isCompleted".to_owned(), if as_text { json!(completed.to_string()) } else { json!(completed) });
    // No state is documented, so that one is stated only where a fault wants it.
    let status = match phase {
        Phase::Ended if faults.has(Kind::FailedScan) => Some("failed".to_owned()),
        Phase::Ended => faults.unknown_state("archived"),
        _ => None,
    };
    data.extend(status.map(|status| ("status".to_owned(), json!(status))));
    Ok(envelope(&Value::Object(data)))
}

/// `GET /api/report/{report}/overview`: the number of the security report, once there is one.
pub(super) fn overview(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    let id = call.part("report");
    emulator.permit(Permission::ViewReports)?;
    let reports = lock(&emulator.reports);
    let report = find(&reports, id)?;
    let late = emulator.core.faults.find(|kind| match kind {
        Kind::BestDefense(BestDefenseFault::LateSecurity(reads)) => Some(*reads),
        _ => None,
    });
    let is_there = report.has_results(emulator) && !late.is_some_and(|reads| is_due(&report.overviews, reads));
    Ok(envelope(&json!({ "security": is_there.then(|| json!({ "id": report.number })) })))
}
