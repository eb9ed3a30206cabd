//! Answers about the policy as they come (contract 6).

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use crate::platform::Error;
use crate::platform::lenient::{List, Number, Text, list_of_objects};

/// How deep an answer may be wrapped.
const WRAPPERS: u32 = 2;

/// `GET /projects/{id}/scans/{id}/evaluation-status`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct EvaluationStatus {
    /// `PENDING`, `IN_PROGRESS`, `COMPLETED`, `FAILED`, `NOT_STARTED`, or a word in no contract.
    pub(super) status: Text,
    /// Whether the platform knows of an evaluation.
    pub(super) has_evaluation: Text,
    /// The platform's words.
    pub(super) message: List<Text>,
}

impl EvaluationStatus {
    /// The field by which the answer is known.
    pub(super) const FIELD: &'static str = "status";
}

/// `GET /projects/{id}/effective-policies`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EffectivePolicies {
    /// The policies that apply. Only a list says that there are none: `null` says nothing.
    pub(super) applied_policies: Option<Vec<IgnoredAny>>,
}

impl EffectivePolicies {
    /// The field by which the answer is known.
    pub(super) const FIELD: &'static str = "appliedPolicies";
}

/// `GET /projects/{id}/scans/{id}/violations`: one page.
#[derive(Debug, Deserialize)]
pub(super) struct ViolationPage {
    /// The rows. They must be there: an answer without them must not pass for an empty list.
    #[serde(deserialize_with = "list_of_objects")]
    pub(super) violations: List<Option<ViolationRow>>,
    /// Rows of the whole list.
    #[serde(default)]
    pub(super) total: Number,
}

impl ViolationPage {
    /// The field by which the answer is known.
    pub(super) const FIELD: &'static str = "violations";
}

/// One violation.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ViolationRow {
    pub(super) id: Text,
    pub(super) scan_id: Text,
    /// `BLOCK` or `WARN`.
    pub(super) action_taken: Text,
    pub(super) rule: Option<PolicyRule>,
    pub(super) affected_vulnerabilities_count: Number,
    /// May be shortened or absent, so it only counts where there is no count.
    pub(super) affected_vulnerabilities: List<IgnoredAny>,
    /// The vendor's client reads this, its release notes name the next, and the generated documentation has neither
    /// (contract 0.4).
    pub(super) acknowledged: Text,
    pub(super) is_acknowledged: Text,
}

/// The rule that was broken.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PolicyRule {
    pub(super) id: Text,
    pub(super) name: Text,
    pub(super) description: Text,
    pub(super) action: Text,
}

/// The `result` of `GET /projects/{id}/scans/{id}/compliance`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Compliance {
    pub(super) compliant: Text,
    pub(super) blocking_violations_count: Number,
}

impl Compliance {
    /// The field by which the result is known.
    pub(super) const FIELD: &'static str = "compliant";
}

/// Reads an answer that has `field`, or the one object in it that does: siblings of these endpoints turned out to wrap what is
/// documented (contract 0.4, 6). Where several objects have it, none is believed.
pub(super) fn read<T: DeserializeOwned>(answer: Value, field: &str) -> Result<T, Error> {
    let about = || format!("CybeDefend's answer about its policy has no usable `{field}`");
    let holder = holder(answer, field, WRAPPERS).ok_or_else(|| Error::Protocol { message: about() })?;
    serde_json::from_value(holder).map_err(|cause| Error::Protocol { message: format!("{}: {cause}", about()) })
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
        let policies = |applied: Value| {
            let read: EffectivePolicies =
                read(json!({ "appliedPolicies": applied }), EffectivePolicies::FIELD).unwrap();
            read.applied_policies.map(|list| list.len())
        };
        assert_eq!((policies(json!([])), policies(json!([{}, "b"])), policies(json!(null))), (Some(0), Some(2), None));
    }
}
