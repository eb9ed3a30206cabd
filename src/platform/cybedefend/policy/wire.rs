//! Answers about the policy as they come (contract 6).

use serde::de::IgnoredAny;
use serde_json::Value;

use crate::platform::Error;
use crate::platform::lenient::{List, Number, Text};
use crate::platform::record::{Record, Slot, fill, records};

/// How deep an answer may be wrapped.
const WRAPPERS: u32 = 2;

records! {
    /// `GET /projects/{id}/scans/{id}/evaluation-status`.
    #[derive(Debug, Default)]
    pub(super) struct EvaluationStatus {
        /// `PENDING`, `IN_PROGRESS`, `COMPLETED`, `FAILED`, `NOT_STARTED`, or a word in no contract.
        pub(super) status: Text = "status",
        /// Whether the platform knows of an evaluation.
        pub(super) has_evaluation: Text = "hasEvaluation",
        /// The platform's words.
        pub(super) message: List<Text> = "message",
    }
}

impl EvaluationStatus {
    /// The field by which the answer is known.
    pub(super) const FIELD: &'static str = "status";
}

/// `GET /projects/{id}/scans/{id}/violations`: one page.
#[derive(Debug, Default)]
pub(super) struct ViolationPage {
    /// The rows.
    pub(super) violations: List<Option<ViolationRow>>,
    /// Rows of the whole list.
    pub(super) total: Number,
}

impl ViolationPage {
    /// The field by which the answer is known.
    pub(super) const FIELD: &'static str = "violations";
}

impl Record for ViolationPage {
    /// An answer without rows must not pass for an empty list.
    fn required(&self) -> Option<&'static str> {
        Some(Self::FIELD)
    }

    fn slot(&mut self, name: &str) -> Option<Slot<'_>> {
        match name {
            Self::FIELD => Some((&mut self.violations).into()),
            "total" => Some((&mut self.total).into()),
            _ => None,
        }
    }
}

records! {
    /// One violation.
    #[derive(Debug, Default)]
    pub(super) struct ViolationRow {
        pub(super) id: Text = "id",
        pub(super) scan_id: Text = "scanId",
        /// `BLOCK` or `WARN`.
        pub(super) action_taken: Text = "actionTaken",
        pub(super) rule: Option<PolicyRule> = "rule",
        pub(super) affected_vulnerabilities_count: Number = "affectedVulnerabilitiesCount",
        /// May be shortened or absent, so it only counts where there is no count.
        pub(super) affected_vulnerabilities: List<IgnoredAny> = "affectedVulnerabilities",
        /// The vendor's client reads this, its release notes name the next, and the generated documentation has neither
        /// (contract 0.4).
        pub(super) acknowledged: Text = "acknowledged",
        pub(super) is_acknowledged: Text = "isAcknowledged",
    }

    /// The rule that was broken.
    #[derive(Debug, Default)]
    pub(super) struct PolicyRule {
        pub(super) id: Text = "id",
        pub(super) name: Text = "name",
        pub(super) description: Text = "description",
        pub(super) action: Text = "action",
    }

    /// The `result` of `GET /projects/{id}/scans/{id}/compliance`.
    #[derive(Debug, Default)]
    pub(super) struct Compliance {
        pub(super) compliant: Text = "compliant",
        pub(super) blocking_violations_count: Number = "blockingViolationsCount",
    }
}

impl Compliance {
    /// The field by which the result is known.
    pub(super) const FIELD: &'static str = "compliant";
}

/// Reads an answer that has `field`, or the one object in it that does: siblings of these endpoints turned out to wrap what is
/// documented (contract 0.4, 6). Where several objects have it, none is believed.
pub(super) fn read<T: Record + Default>(answer: Value, field: &str) -> Result<T, Error> {
    let mut record = T::default();
    read_into(&mut record, answer, field)?;
    Ok(record)
}

fn read_into(record: &mut dyn Record, answer: Value, field: &str) -> Result<(), Error> {
    fill(record, holding(answer, field)?).map_err(|cause| unusable(field, &format!(": {cause}")))
}

/// How many policies apply by an answer of `GET /projects/{id}/effective-policies`, which may be wrapped as any other. Only a list
/// says that there are none: `null` says nothing.
pub(super) fn applied_policies(answer: Value) -> Result<Option<usize>, Error> {
    const FIELD: &str = "appliedPolicies";
    match holding(answer, FIELD)?.get(FIELD) {
        Some(Value::Array(policies)) => Ok(Some(policies.len())),
        Some(Value::Null) | None => Ok(None),
        Some(_) => Err(unusable(FIELD, ": it is no list")),
    }
}

fn holding(answer: Value, field: &str) -> Result<Value, Error> {
    holder(answer, field, WRAPPERS).ok_or_else(|| unusable(field, ""))
}

fn unusable(field: &str, why: &str) -> Error {
    Error::Protocol { message: format!("CybeDefend's answer about its policy has no usable `{field}`{why}") }
}

fn holder(value: Value, field: &str, wrappers: u32) -> Option<Value> {
    if value.get(field).is_some() {
        return Some(value);
    }
    let (Value::Object(members), Some(deeper)) = (value, wrappers.checked_sub(1)) else { return None };
    let mut holders = members.into_iter().filter_map(|(_, member)| holder(member, field, deeper));
    holders.next().filter(|_| holders.next().is_none())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn total(answer: Value) -> Option<u64> {
        read::<ViolationPage>(answer, ViolationPage::FIELD).ok()?.total.count()
    }

    #[test]
    fn an_answer_may_be_wrapped() {
        let page = json!({"violations": [], "total": "3"});
        assert_eq!(total(page.clone()), Some(3));
        assert_eq!(total(json!({"data": page})), Some(3));
        assert_eq!(total(json!({"success": true, "data": {"result": page}})), Some(3));
        let compliance = json!({"status": "COMPLETED", "result": {"compliant": false, "blockingViolationsCount": 2}});
        let read: Compliance = read(json!({ "compliance": compliance }), Compliance::FIELD).unwrap();
        assert_eq!((read.compliant.get(), read.blocking_violations_count.count()), (Some("false"), Some(2)));
    }

    #[test]
    fn an_answer_that_is_not_what_was_asked_for_is_an_error() {
        let page = json!({"violations": [], "total": 0});
        let twice = json!({"before": page, "after": page});
        let deep = json!({"a": {"b": {"c": page}}});
        for answer in [json!({}), json!(null), json!([page]), json!({"total": 0}), twice, deep] {
            assert!(read::<ViolationPage>(answer.clone(), ViolationPage::FIELD).is_err(), "{answer}");
        }
        for row in [json!({"acknowledged": {"by": "somebody"}}), json!(["id", "scan", "WARN"])] {
            let odd = json!({"violations": [row], "total": 1});
            assert!(read::<ViolationPage>(odd, ViolationPage::FIELD).is_err());
        }
    }

    #[test]
    fn only_a_list_says_that_there_are_no_policies() {
        let policies = |applied: Value| applied_policies(json!({ "appliedPolicies": applied })).unwrap();
        assert_eq!((policies(json!([])), policies(json!([{}, "b"])), policies(json!(null))), (Some(0), Some(2), None));
        for no_list in [json!({}), json!("a"), json!(0)] {
            assert!(applied_policies(json!({ "appliedPolicies": no_list })).is_err());
        }
    }
}
