//! People changing the state of findings (contract section 5.8).

use axum::Json;
use serde_json::Value;

use super::finding::{Event, Finding, Priority, State as FindingState};
use super::refusal::Refusal;
use super::{Emulator, project};
use crate::json;
use crate::sandbox::call::Call;
use crate::sandbox::json::json;

/// The longest comment, in characters.
const LONGEST_COMMENT: usize = 512;
/// The most items of a batch.
const LARGEST_BATCH: usize = 100;

/// What is to change; an absent field leaves things as they are.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    status: Option<String>,
    priority: Option<String>,
    comment: Option<String>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    vulnerability_id: String,
    #[serde(flatten)]
    change: Change,
}

#[derive(serde::Deserialize)]
struct Batch {
    items: Vec<Item>,
}

/// A change whose every word is known.
struct Checked {
    status: Option<FindingState>,
    priority: Option<Priority>,
    comment: Option<String>,
}

impl Change {
    fn check(self) -> Result<Checked, Refusal> {
        let mut errors = Vec::new();
        let status = self.status.as_deref().map(FindingState::parse);
        if status == Some(None) {
            errors
                .push("status must be one of the following values: to_verify, confirmed, resolved, ignored".to_owned());
        }
        let priority = self.priority.as_deref().map(Priority::parse);
        if priority == Some(None) {
            errors.push(
                "priority must be one of the following values: critical_urgent, urgent, normal, low, very_low"
                    .to_owned(),
            );
        }
        if self.comment.as_ref().is_some_and(|comment| comment.chars().count() > LONGEST_COMMENT) {
            errors.push(format!("comment must be shorter than or equal to {LONGEST_COMMENT} characters"));
        }
        if errors.is_empty() {
            Ok(Checked { status: status.flatten(), priority: priority.flatten(), comment: self.comment })
        } else {
            Err(Refusal::invalid(&errors))
        }
    }
}

impl Checked {
    fn apply(self, finding: &mut Finding, at: jiff::Timestamp) {
        if let Some(status) = self.status {
            finding.set_state(status, at);
        }
        if let Some(priority) = self.priority {
            finding.priority = priority;
            finding.updated = at;
        }
        if let Some(comment) = self.comment {
            finding.history.push(Event { kind: "comment", value: comment, at });
        }
    }
}

fn body<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    json::from_bytes(body).map_err(|error| Refusal::invalid(&[error.to_string()]))
}

/// `PATCH /project/{project}/results/{finding}`.
pub(super) fn update(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    project::check(emulator, call)?;
    // What lists have their family in is the finding here.
    let finding = call.part("family");
    let change = body::<Change>(&call.body)?.check()?;
    let now = emulator.now();
    if !emulator.store().change(finding, |finding| change.apply(finding, now)) {
        return Err(Refusal::not_found("Vulnerability"));
    }
    Ok(Json(json!({ "success": true, "message": "Vulnerability updated", "vulnerabilityId": finding })))
}

/// `PATCH /project/{project}/results/batch`: all of 1 to 100 items, or none.
pub(super) fn update_many(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    project::check(emulator, call)?;
    let Batch { items } = body(&call.body)?;
    if items.is_empty() || items.len() > LARGEST_BATCH {
        return Err(Refusal::invalid(&[format!("items must contain 1 to {LARGEST_BATCH} elements")]));
    }
    let mut checked = Vec::new();
    for item in items {
        checked.push((item.vulnerability_id, item.change.check()?));
    }
    let now = emulator.now();
    let mut store = emulator.store();
    if checked.iter().any(|(id, _)| store.finding(id).is_none()) {
        return Err(Refusal::not_found("Vulnerability"));
    }
    let count = checked.len();
    for (id, change) in checked {
        store.change(&id, |finding| change.apply(finding, now));
    }
    Ok(Json(json!({ "success": true, "message": format!("{count} vulnerabilities updated") })))
}
