//! Health and compliance controls (contract sections 1.1 and 7).

use axum::Json;
use serde_json::Value;

use super::paging::{Page, page};
use super::refusal::Refusal;
use super::{Emulator, written};
use crate::sandbox::call::Call;
use crate::sandbox::json::json;

/// `GET /api/health`, which needs no credential and counts against no budget.
pub(super) fn health(emulator: &Emulator, _call: &Call) -> Json<Value> {
    Json(json!({ "status": "healthy", "version": "0.1.0", "timestamp": written(emulator.core.now()) }))
}

/// `GET /controls`. Of the states only `implemented` is the vendor's word.
pub(super) fn list(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    let wanted = Page::read(emulator, call.query())?;
    let controls = [
        ("ctrl_001", "Encryption in transit", "in_progress", &["SOC 2", "PCI DSS"][..], 1),
        ("ctrl_002", "Access to production is reviewed", "implemented", &["SOC 2", "ISO 27001"], 3),
        ("ctrl_003", "Vulnerabilities are patched in time", "not_implemented", &["SOC 2", "PCI DSS", "ISO 27001"], 0),
        ("ctrl_004", "Network segments are separated", "implemented", &["PCI DSS"], 2),
    ];
    let rows = controls.map(|(id, name, status, frameworks, evidence)| {
        json!({ "id": id, "name": name, "status": status, "frameworks": frameworks, "evidence_count": evidence })
    });
    Ok(Json(page(emulator, wanted, &rows, rows.len())))
}
