//! Scans: start, state, list, cancelling (contract sections 2 and 3).

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::fault::CyberOrigenFault;
use super::findings::{self, Finding, SEVERITIES};
use super::paging::{Page, page};
use super::refusal::Refusal;
use super::{Emulator, target, written};
use crate::json;
use crate::sandbox::call::Call;
use crate::sandbox::core::{after, lock};
use crate::sandbox::fault::Kind;
use crate::sandbox::json::json;
use crate::sandbox::query;
use crate::sandbox::run::Phase;

/// How long a scan is pending.
const PENDING: Duration = Duration::from_secs(15);

/// A scan, from its start call on.
pub(super) struct Scan {
    pub(super) id: String,
    pub(super) target: String,
    kind: ScanType,
    frameworks: Vec<String>,
    created: Timestamp,
    start: Timestamp,
    pub(super) end: Timestamp,
    cancelled: bool,
    /// What it finds; nobody sees it before the end.
    pub(super) findings: Vec<Finding>,
}

/// What kind of scan it is (contract section 2.3).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ScanType {
    Quick,
    Compliance,
    Full,
}

impl ScanType {
    fn parse(word: &str) -> Option<Self> {
        [Self::Quick, Self::Compliance, Self::Full].into_iter().find(|known| known.as_str() == word)
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Quick => "quick",
            Self::Compliance => "compliance",
            Self::Full => "full",
        }
    }

    /// A duration within the vendor's figures.
    fn duration(self) -> Duration {
        match self {
            Self::Quick => Duration::from_mins(5),
            Self::Compliance => Duration::from_mins(15),
            Self::Full => Duration::from_mins(45),
        }
    }
}

/// What a scan is asked to look at.
pub(super) struct Order {
    pub(super) target: String,
    pub(super) hosts: Vec<String>,
    pub(super) scan_type: ScanType,
    pub(super) frameworks: Vec<String>,
    /// Lowest and highest of each range of ports; `None` is the common ones.
    pub(super) ports: Option<Vec<(u16, u16)>>,
}

/// Reads the body of a start call. `authorized` must be given and true.
fn order(emulator: &Emulator, call: &Call) -> Result<Order, Refusal> {
    let invalid = |field: &str, message: &str| emulator.invalid(field, message);
    if call.media_type() != Some("application/json") {
        return Err(invalid("body", "Input should be a valid dictionary"));
    }
    let fields: Map<String, Value> =
        json::from_bytes(&call.body).map_err(|error| invalid("body", &format!("JSON decode error: {error}")))?;
    let text = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(invalid(name, "Input should be a valid string")),
    };
    let target = text("target")?.ok_or_else(|| invalid("target", "Field required"))?;
    let hosts = target::hosts(&target)
        .ok_or_else(|| invalid("target", "Target must be a domain, an IP address or a CIDR range"))?;
    let scan_type = ScanType::parse(text("scan_type")?.as_deref().unwrap_or("full"))
        .ok_or_else(|| invalid("scan_type", "Input should be 'quick', 'full' or 'compliance'"))?;
    let ports = match text("ports")? {
        None => None,
        Some(ports) => {
            Some(target::ports(&ports).ok_or_else(|| invalid("ports", "Ports must be a range such as 1-1000"))?)
        }
    };
    let frameworks = match fields.get("frameworks") {
        None | Some(Value::Null) => Vec::new(),
        Some(list) => serde_json::from_value(list.clone())
            .map_err(|_error| invalid("frameworks", "Input should be a list of strings"))?,
    };
    if fields.get("authorized") != Some(&Value::Bool(true)) {
        return Err(invalid("authorized", "You must confirm that you are authorized to scan this target"));
    }
    Ok(Order { target, hosts, scan_type, frameworks, ports })
}

/// `POST /scans`.
pub(super) fn start(emulator: &Emulator, call: &Call) -> Result<(StatusCode, Json<Value>), Refusal> {
    let order = order(emulator, call)?;
    let spent = emulator.core.faults.find(|kind| match kind {
        Kind::CyberOrigen(CyberOrigenFault::Quota(status)) => Some(*status),
        _ => None,
    });
    if let Some(status) = spent {
        let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok());
        let detail = "Monthly scan limit reached for the Startup plan";
        return Err(Refusal::new(status.unwrap_or(StatusCode::FORBIDDEN), "QUOTA_EXCEEDED", detail));
    }
    let now = emulator.core.now();
    let start = after(now, PENDING);
    let scan = Scan {
        id: format!("scan_{}", emulator.core.entropy.word(12)),
        findings: findings::of(emulator, &order),
        target: order.target,
        kind: order.scan_type,
        frameworks: order.frameworks,
        created: now,
        start,
        end: after(start, emulator.core.faults.scan_time(order.scan_type.duration())),
        cancelled: false,
    };
    let body = scan.shown(emulator);
    lock(&emulator.scans).push(scan);
    Ok((StatusCode::CREATED, Json(body)))
}

impl Scan {
    fn phase(&self, emulator: &Emulator) -> Phase {
        if emulator.core.faults.has(Kind::StuckQueued) {
            return Phase::Queued;
        }
        Phase::at(emulator.core.now(), self.start, self.end)
    }

    /// `status`: one of the four documented words, unless a fault knows another one.
    fn status(&self, emulator: &Emulator) -> String {
        let faults = &emulator.core.faults;
        match self.phase(emulator) {
            _ if self.cancelled => "failed".to_owned(),
            Phase::Queued => "pending".to_owned(),
            Phase::Running(_) => "running".to_owned(),
            Phase::Ended if faults.has(Kind::FailedScan) => "failed".to_owned(),
            Phase::Ended => faults.unknown_state("archived").unwrap_or_else(|| "completed".to_owned()),
        }
    }

    /// Whether the scan is over and has findings to show.
    pub(super) fn has_results(&self, emulator: &Emulator) -> bool {
        let failed = self.cancelled || emulator.core.faults.has(Kind::FailedScan);
        self.phase(emulator) == Phase::Ended && !failed
    }

    /// The scan as lists and the detail show it.
    fn shown(&self, emulator: &Emulator) -> Value {
        let status = self.status(emulator);
        let (progress, phase) = match self.phase(emulator) {
            _ if self.cancelled => (0, "cancelled"),
            Phase::Queued => (0, "queued"),
            Phase::Running(part) => (percent(part), "scanning"),
            Phase::Ended => (100, "complete"),
        };
        let shown: &[Finding] = if self.has_results(emulator) { &self.findings } else { &[] };
        let mut counts = SEVERITIES.map(|severity| shown.iter().filter(|finding| finding.severity == severity).count());
        if emulator.core.faults.has(CyberOrigenFault::CountsLie) {
            counts = counts.map(|count| count + 3);
        }
        let [critical, high, medium, low, _info] = counts;
        let error = match status.as_str() {
            "failed" if self.cancelled => json!("Cancelled by the user"),
            "failed" => json!("The scanner could not reach the target"),
            _ => Value::Null,
        };
        let ended = self.phase(emulator) == Phase::Ended;
        json!({
            "id": self.id, "target": self.target, "scan_type": self.kind.as_str(), "frameworks": self.frameworks,
            "status": status, "progress": progress, "phase": phase, "created_at": written(self.created),
            "completed_at": ended.then(|| written(self.end)), "error_message": error,
            "vulnerabilities_found": counts.iter().sum::<usize>(), "critical_count": critical, "high_count": high,
            "medium_count": medium, "low_count": low,
        })
    }
}

/// The whole number of percent that is done; never all of it before the end.
fn percent(part: f64) -> u8 {
    (1..100_u8).rev().find(|percent| f64::from(*percent) <= part * 100.0).unwrap_or(0)
}

/// `GET /scans/{scan}`. The fault `revoke` strikes whoever asks while it runs.
pub(super) fn show(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    let id = call.part("scan");
    let scans = lock(&emulator.scans);
    let scan = scans.iter().find(|scan| scan.id == id).ok_or_else(|| Refusal::not_found("Scan"))?;
    if emulator.core.faults.has(Kind::Revoke) && matches!(scan.phase(emulator), Phase::Running(_)) {
        emulator.revoked.store(true, Ordering::SeqCst);
        lock(&emulator.sessions).end_all();
    }
    Ok(Json(scan.shown(emulator)))
}

/// `GET /scans?page&per_page&status&target&from_date&to_date`, the last one first.
pub(super) fn list(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    let page = Page::read(emulator, call.query())?;
    let wanted = |name: &str| query::value(call.query(), name);
    let moment = |name: &str| match wanted(name).map(|text| text.parse::<Timestamp>()) {
        None => Ok(None),
        Some(Ok(moment)) => Ok(Some(moment)),
        Some(Err(_)) => Err(emulator.invalid(name, "Input should be a valid datetime")),
    };
    let (from, to) = (moment("from_date")?, moment("to_date")?);
    let (status, target) = (wanted("status"), wanted("target"));
    let scans = lock(&emulator.scans);
    let matching = scans.iter().rev().filter(|scan| {
        status.as_deref().is_none_or(|status| scan.status(emulator) == status)
            && target.as_deref().is_none_or(|target| scan.target == target)
            && from.is_none_or(|from| scan.created >= from)
            && to.is_none_or(|to| scan.created <= to)
    });
    let rows: Vec<_> = matching.map(|scan| scan.shown(emulator)).collect();
    Ok(Json(self::page(emulator, page, &rows, rows.len())))
}

/// `DELETE /scans/{scan}`: cancels a scan that is not over. One that is over is erased, with its findings.
pub(super) fn cancel(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    let id = call.part("scan");
    let mut scans = lock(&emulator.scans);
    let index = scans.iter().position(|scan| scan.id == id).ok_or_else(|| Refusal::not_found("Scan"))?;
    match scans.get_mut(index) {
        Some(scan) if !scan.cancelled && scan.phase(emulator) != Phase::Ended => {
            scan.cancelled = true;
            Ok(Json(json!({ "message": "Scan cancelled" })))
        }
        _ => {
            scans.remove(index);
            Ok(Json(json!({ "message": "Scan deleted" })))
        }
    }
}
