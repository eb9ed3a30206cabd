//! The project and what stands around it (contract section 3.5).

use axum::Json;
use serde_json::Value;

use super::Emulator;
use super::query::{count, pairs};
use super::refusal::Refusal;
use crate::sandbox::call::Call;
use crate::sandbox::entropy::uuid_from;
use crate::sandbox::fault::Kind;
use crate::sandbox::json::json;
use crate::sandbox::rules::Family;

/// The project's name.
pub(super) const NAME: &str = "sandbox";
/// The largest page of projects.
const LARGEST_PAGE: usize = 10;

/// Lets only the sandbox's own project through: another id is unknown, or another tenant's, which looks the same.
pub(super) fn check(emulator: &Emulator, call: &Call) -> Result<(), Refusal> {
    if !call.part("project").eq_ignore_ascii_case(&emulator.project_id) {
        return Err(Refusal::not_found("Project"));
    }
    if emulator.core.faults.has(Kind::NoAccess) {
        return Err(Refusal::forbidden());
    }
    Ok(())
}

/// `GET /project/{project}`.
pub(super) fn show(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    check(emulator, call)?;
    let enabled = |family| emulator.options.plan.families.contains(&family);
    Ok(Json(json!({
        "projectId": emulator.project_id, "name": NAME, "organizationId": emulator.organization_id, "referenceBranch": null,
        "sastEnabled": enabled(Family::Sast), "scaEnabled": enabled(Family::Sca), "iacEnabled": enabled(Family::Iac),
        "containerEnabled": enabled(Family::Container), "dastEnabled": false, "apiEnabled": false, "sastFastScanEnabled": false,
    })))
}

/// `GET /project/{project}/branches`: the branches that have been scanned.
pub(super) fn branches(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    check(emulator, call)?;
    let branches = emulator.store().branches();
    Ok(Json(json!({ "projectId": emulator.project_id, "branches": branches })))
}

/// `GET /organizations`.
pub(super) fn organizations(emulator: &Emulator, _call: &Call) -> Json<Value> {
    Json(json!([{
        "id": emulator.organization_id, "name": "sandbox", "concurrentScanLimit": emulator.options.plan.concurrent_scans,
    }]))
}

/// `GET /organization/{organization}/projects?page&pageSize&search`: the one project, if the search does not leave it out.
pub(super) fn of_organization(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    let organization = call.part("organization");
    if !organization.eq_ignore_ascii_case(&emulator.organization_id) {
        return Err(Refusal::not_found("Organization"));
    }
    let (mut page, mut is_found) = (1, true);
    for (name, value) in pairs(call.query()) {
        let read = || count(&name, &value).map_err(|error| Refusal::invalid(&[error]));
        match name.as_str() {
            "page" => page = read()?,
            "pageSize" if read()? > LARGEST_PAGE => {
                return Err(Refusal::invalid(&[format!("pageSize must not be greater than {LARGEST_PAGE}")]));
            }
            "search" => is_found = NAME.contains(&value.to_lowercase()),
            _ => {}
        }
    }
    let project = json!({
        "projectId": emulator.project_id, "name": NAME, "teamId": uuid_from(&[&emulator.organization_id, "team"]),
    });
    Ok(Json(json!({
        "projects": if is_found && page == 1 { vec![project] } else { Vec::new() },
        "totalProjects": u8::from(is_found), "totalPages": u8::from(is_found), "mainStatistics": {},
    })))
}

/// `GET /user/profile`.
pub(super) fn profile(emulator: &Emulator, _call: &Call) -> Json<Value> {
    Json(
        json!({ "id": emulator.organization_id, "email": "sandbox@example.org", "firstName": "Sandbox", "lastName": "User" }),
    )
}
