//! What a completed evaluation found: its violations, read whole, and held against the platform's verdict of its own (contract 6).

use super::super::listing::{Listing, Sheet, Step};
use super::super::refusal::Asked;
use super::evaluation::is_true;
use super::wire::{Compliance, ViolationPage, ViolationRow, read};
use super::{Answer, CybeDefend};
use crate::finding::{PolicyDecision, PolicyViolation, ScanReference};
use crate::http::Call;
use crate::platform::lenient::Text;
use crate::platform::text::{bounded, one_line, shown_id};
use crate::platform::{Error, PolicyAnswer};

/// Rows a page, as in the vendor's own client (contract 6).
const PAGE_SIZE: &str = "50";

/// Attempts at the cross-check, which is worth less than the time that an instance without it would cost.
const CROSS_CHECK_ATTEMPTS: u32 = 3;

/// Reads all violations of a completed evaluation.
pub(super) async fn collect(platform: &CybeDefend, scan: &ScanReference) -> Result<PolicyAnswer, Error> {
    let mut list = Listing::new(&scan.id);
    let mut number = 1;
    loop {
        let answer = match page(platform, scan, number).await? {
            Answer::Read(answer) => read::<ViolationPage>(answer, ViolationPage::FIELD)?,
            // The evaluation was there a moment ago, so what is missing is the verdict and not the policy.
            Answer::Absent | Answer::NotInPlan => {
                let why = "CybeDefend completed its policy evaluation and does not show the violations".to_owned();
                return Ok(PolicyAnswer { missing: vec![why], ..PolicyAnswer::default() });
            }
        };
        if list.take(sheet(number, answer)) != Step::Next {
            break;
        }
        number += 1;
    }
    let mut answer = PolicyAnswer::default();
    answer.missing.extend(list.shortfall().map(|how| format!("the list of policy violations {how}")));
    let violations = list.into_rows();
    answer.notes.extend(violations.iter().filter(|violation| is_unknown(violation)).map(|violation| {
        format!("the policy's action `{}` is unknown, so `{}` counts as blocking", violation.action, violation.rule)
    }));
    if !violations.iter().any(|violation| violation.blocks) {
        match cross_check(platform, scan, &violations).await? {
            Check::Agrees => {}
            Check::Noted(note) => answer.notes.push(note),
            Check::Contradicts(why) => answer.missing.push(why),
        }
    }
    answer.decision = Some(PolicyDecision { violations });
    Ok(answer)
}

async fn page(platform: &CybeDefend, scan: &ScanReference, number: u64) -> Result<Answer, Error> {
    let mut url = platform.endpoints.api(["projects", &platform.project, "scans", &scan.id, "violations"])?;
    url.query_pairs_mut().append_pair("page", &number.to_string()).append_pair("limit", PAGE_SIZE);
    platform.ask_about_policy(Call::get(url), Asked::Policy(&scan.id)).await
}

/// A page for the listing, which reads until it has as many rows as the list claims.
fn sheet(number: u64, page: ViolationPage) -> Sheet<PolicyViolation> {
    let scan = page.violations.0.iter().flatten().find_map(|row| row.scan_id.get().map(shown_id));
    let rows = page.violations.0.into_iter().map(|row| row.map(|row| (key(&row), violation(row)))).collect();
    Sheet { number, total: page.total.count(), total_pages: None, scan, rows }
}

/// What tells a row from the others. Rows without an id that say the same are one row: the list is then short, and not whole.
fn key(row: &ViolationRow) -> Box<str> {
    let name = row.rule.as_ref().and_then(|rule| rule.id.get().or(rule.name.get())).unwrap_or_default();
    let said = || format!("{name}\n{:?}\n{:?}", row.action_taken, row.affected_vulnerabilities_count);
    row.id.get().map_or_else(|| said().into(), Into::into)
}

/// A row in our terms. It blocks unless it is known to be a warning, or all that it says of an acknowledgement is that there is one.
fn violation(row: ViolationRow) -> PolicyViolation {
    let rule = row.rule.unwrap_or_default();
    let short = |text: &str| bounded(&one_line(text), 200);
    let action = short(row.action_taken.get().or(rule.action.get()).unwrap_or_default());
    let mut said = [&row.acknowledged, &row.is_acknowledged].into_iter().filter(|text| text.get().is_some()).peekable();
    let acknowledged = said.peek().is_some() && said.all(is_true);
    let listed = row.affected_vulnerabilities.0.len() as u64;
    let name = [&rule.name, &rule.description, &rule.id].into_iter().find_map(Text::get);
    PolicyViolation {
        rule: name.map_or_else(|| "a rule without a name".to_owned(), short),
        acknowledged,
        blocks: !acknowledged && !action.eq_ignore_ascii_case("warn"),
        action,
        affected: row.affected_vulnerabilities_count.count().unwrap_or(listed),
    }
}

fn is_unknown(violation: &PolicyViolation) -> bool {
    violation.blocks && !violation.action.eq_ignore_ascii_case("block")
}

/// What the platform's own verdict says of violations of which none blocks.
#[derive(Debug, PartialEq, Eq)]
enum Check {
    /// It agrees, or the platform has none.
    Agrees,
    /// It could not be read, or it disagrees and acknowledged violations are why.
    Noted(String),
    /// It disagrees, and nothing explains it.
    Contradicts(String),
}

/// Asks for the platform's own verdict. It is a second opinion that no client is known to ask for, so it may not be there, and its
/// absence is no doubt about violations that were read whole. Where it says no, nothing passes.
async fn cross_check(
    platform: &CybeDefend,
    scan: &ScanReference,
    violations: &[PolicyViolation],
) -> Result<Check, Error> {
    let url = platform.endpoints.api(["projects", &platform.project, "scans", &scan.id, "compliance"])?;
    let answer = platform.session.json(Call::get(url).attempts(CROSS_CHECK_ATTEMPTS)).await;
    let unread = || {
        let note = "CybeDefend's own verdict on its policy could not be read, so only the violations were judged";
        Check::Noted(note.to_owned())
    };
    Ok(match answer {
        Ok(answer) => read(answer, Compliance::FIELD).map_or_else(|_| unread(), |found| compare(&found, violations)),
        Err(error) if matches!(error.status(), Some(403 | 404)) => Check::Agrees,
        Err(_) => unread(),
    })
}

fn compare(compliance: &Compliance, violations: &[PolicyViolation]) -> Check {
    if compliance.compliant.get().is_none() || is_true(&compliance.compliant) {
        return Check::Agrees;
    }
    let accepted = violations.iter().filter(|violation| !violation.action.eq_ignore_ascii_case("warn")).count() as u64;
    let claimed = compliance.blocking_violations_count.count().unwrap_or_default();
    if accepted == 0 || claimed > accepted {
        return Check::Contradicts(
            "CybeDefend calls the scan non-compliant, and lists no violation that explains it".to_owned(),
        );
    }
    Check::Noted("CybeDefend calls the scan non-compliant; every blocking violation has been acknowledged".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read_row(row: Value) -> PolicyViolation {
        violation(serde_json::from_value(row).unwrap())
    }

    fn blocks(row: Value) -> bool {
        read_row(row).blocks
    }

    #[test]
    fn only_a_warning_and_an_acknowledged_violation_do_not_block() {
        assert!(blocks(json!({"actionTaken": "BLOCK"})));
        assert!(!blocks(json!({"actionTaken": "warn"})));
        for unknown in [json!({"actionTaken": "QUARANTINE"}), json!({"actionTaken": null}), json!({})] {
            assert!(blocks(unknown.clone()), "{unknown}");
        }
        assert!(!blocks(json!({"rule": {"action": "WARN"}})), "the rule says it where the row does not");
        assert!(blocks(json!({"actionTaken": "BLOCK", "rule": {"action": "WARN"}})));
    }

    #[test]
    fn an_acknowledgement_is_read_from_either_key_and_doubt_is_none() {
        for yes in [json!({"acknowledged": true}), json!({"isAcknowledged": "true", "acknowledged": null})] {
            assert!(read_row(yes.clone()).acknowledged && !blocks(yes.clone()), "{yes}");
        }
        let both = json!({"acknowledged": true, "isAcknowledged": false});
        for no in [both, json!({"acknowledged": "maybe"}), json!({"acknowledged": 1}), json!({"acknowledgedAt": "now"})]
        {
            assert!(!read_row(no.clone()).acknowledged && blocks(no.clone()), "{no}");
        }
    }

    #[test]
    fn the_count_is_trusted_before_the_list_of_findings() {
        let row = json!({"affectedVulnerabilitiesCount": 70, "affectedVulnerabilities": [{}, {}]});
        assert_eq!(read_row(row).affected, 70);
        assert_eq!(read_row(json!({"affectedVulnerabilities": [{}, {}]})).affected, 2);
    }

    #[test]
    fn a_rule_is_named_by_the_best_that_it_has_in_one_line() {
        assert_eq!(read_row(json!({"rule": {"name": "No\ncritical", "id": "r"}})).rule, "No critical");
        assert_eq!(read_row(json!({"rule": {"id": "r"}})).rule, "r");
        assert_eq!(read_row(json!({"rule": null})).rule, "a rule without a name");
    }

    #[test]
    fn a_non_compliant_scan_needs_an_acknowledged_violation_to_pass() {
        let compliance = |compliant: bool, blocking: u64| Compliance {
            compliant: compliant.to_string().as_str().into(),
            blocking_violations_count: serde_json::from_value(json!(blocking)).unwrap(),
        };
        let warning = read_row(json!({"actionTaken": "WARN"}));
        let accepted = read_row(json!({"actionTaken": "BLOCK", "acknowledged": true}));
        assert_eq!(compare(&compliance(true, 0), std::slice::from_ref(&warning)), Check::Agrees);
        assert_eq!(compare(&Compliance::default(), &[]), Check::Agrees);
        assert!(matches!(compare(&compliance(false, 0), &[warning]), Check::Contradicts(_)));
        let accepted = [accepted];
        assert!(matches!(compare(&compliance(false, 1), &accepted), Check::Noted(_)));
        assert!(matches!(compare(&compliance(false, 2), &accepted), Check::Contradicts(_)));
    }
}
