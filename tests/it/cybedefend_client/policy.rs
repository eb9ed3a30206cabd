//! The platform's own verdict: when there is none, what blocks, and what never passes (contract 6).

use std::time::Duration;

use scangate::clock::Clock;
use scangate::error::Class;
use scangate::finding::PolicyViolation;
use scangate::platform::cybedefend::CybeDefend;
use scangate::platform::{Error, Patience, Platform as _, PolicyAnswer};
use serde_json::{Value, json};

use super::server::{PROJECT, SCAN, Seen, Server, client, clock, scan};
use super::shown;

/// The last parts of the paths of the policy's endpoints.
const STATUS: &str = "evaluation-status";
const VIOLATIONS: &str = "violations";
const COMPLIANCE: &str = "compliance";
const POLICIES: &str = "effective-policies";

type Answer = Option<(u16, Value)>;

/// A platform whose policy endpoints answer as `answer` says of the last part of the path and of the count of looks so far; what it
/// leaves out is a completed evaluation without violations.
async fn platform(mut answer: impl FnMut(&str, &Seen, u32) -> Answer + Send + 'static) -> Server {
    let mut looks = 0;
    Server::start(move |seen| {
        seen.authorization.as_ref()?;
        let rest = seen.path.strip_prefix(&format!("/projects/{PROJECT}/"))?;
        let what = rest.rsplit('/').next()?;
        looks += u32::from(what == STATUS);
        answer(what, seen, looks).or_else(|| match what {
            STATUS => Some((200, json!({"status": "COMPLETED"}))),
            VIOLATIONS => Some((200, json!({"violations": [], "total": 0}))),
            POLICIES => Some((200, json!({"appliedPolicies": []}))),
            _ => None,
        })
    })
    .await
}

/// A platform whose looks are these, the last of them for ever.
async fn looks(statuses: &'static [&'static str], policies: Value) -> Server {
    platform(move |what, _, look| match what {
        STATUS => {
            let index = (look as usize - 1).min(statuses.len() - 1);
            Some((200, json!({"status": statuses[index], "hasEvaluation": null})))
        }
        POLICIES => Some((200, json!({ "appliedPolicies": policies }))),
        _ => None,
    })
    .await
}

/// A completed evaluation with these rows.
async fn completed(rows: Vec<Value>) -> Server {
    platform(move |what, _, _| {
        (what == VIOLATIONS).then(|| (200, json!({"violations": rows, "total": rows.len(), "page": 1, "limit": 50})))
    })
    .await
}

/// Asks for the verdict, with five seconds between two looks, for as long as there is until `left` has passed.
async fn ask_within(server: &Server, left: Duration) -> (Result<PolicyAnswer, Error>, Clock) {
    let clock = clock();
    let platform = CybeDefend::sign_in(client(&clock), server.request()).await.unwrap();
    let waits = &mut std::iter::repeat(Duration::from_secs(5));
    let patience = Patience { waits, until: clock.monotonic() + left };
    (platform.policy(&scan(), patience).await, clock)
}

async fn ask(server: &Server) -> (Result<PolicyAnswer, Error>, Duration) {
    let (answer, clock) = ask_within(server, Duration::from_hours(1)).await;
    (answer, clock.monotonic())
}

async fn answered(server: &Server) -> PolicyAnswer {
    ask(server).await.0.unwrap()
}

fn violations(answer: &PolicyAnswer) -> &[PolicyViolation] {
    answer.decision.as_ref().map_or(&[], |decision| &decision.violations)
}

/// Fails unless there is no verdict, for the one reason that holds these words.
#[track_caller]
fn assert_unfinished(answer: &PolicyAnswer, words: &str) {
    assert!(answer.decision.is_none(), "{answer:?}");
    assert!(matches!(answer.missing.as_slice(), [why] if why.contains(words)), "{answer:?}");
}

fn path(what: &str) -> String {
    format!("/projects/{PROJECT}/scans/{SCAN}/{what}")
}

fn row(id: u64, action: &str) -> Value {
    json!({"id": format!("violation-{id}"), "scanId": SCAN, "actionTaken": action, "affectedVulnerabilitiesCount": 3,
           "rule": {"id": "r", "name": format!("Rule {id}")}, "acknowledged": false})
}

#[tokio::test]
async fn not_started_is_no_policy_only_after_thirty_seconds_and_with_an_empty_list_of_policies() {
    let server = looks(&["NOT_STARTED"], json!([])).await;
    let (answer, took) = ask(&server).await;
    let answer = answer.unwrap();
    assert!(answer.decision.is_none() && answer.missing.is_empty() && answer.notes.is_empty(), "{answer:?}");
    assert_eq!(took, Duration::from_secs(30));
    assert_eq!(server.count(&path(STATUS)), 7);
    assert_eq!(server.count(&format!("/projects/{PROJECT}/{POLICIES}")), 1);
    assert_eq!(server.count(&path(VIOLATIONS)), 0);
}

#[tokio::test]
async fn an_evaluation_that_starts_late_is_not_taken_for_a_missing_policy() {
    let statuses = &[
        "NOT_STARTED",
        "NOT_STARTED",
        "not_started",
        "NOT_STARTED",
        "NOT_STARTED",
        "PENDING",
        "In_Progress",
        "COMPLETED",
    ];
    let server = platform(move |what, _, look| match what {
        STATUS => Some((200, json!({"status": statuses[look as usize - 1]}))),
        VIOLATIONS => Some((200, json!({"violations": [row(1, "BLOCK")], "total": 1}))),
        _ => None,
    })
    .await;
    let (answer, took) = ask(&server).await;
    assert!(violations(&answer.unwrap())[0].blocks);
    assert_eq!(took, Duration::from_secs(35));
}

#[tokio::test]
async fn policies_that_apply_keep_the_wait_going_and_then_nothing_passes() {
    for (policies, why) in [(json!([{"id": "p"}]), "though policies apply"), (json!(null), "does not say whether")] {
        let (answer, took) = ask(&looks(&["NOT_STARTED"], policies).await).await;
        assert_unfinished(&answer.unwrap(), why);
        assert_eq!(took, Duration::from_mins(5));
    }
}

#[tokio::test]
async fn policies_that_apply_may_still_be_evaluated_after_the_thirty_seconds() {
    let server = platform(|what, _, look| match what {
        STATUS if look <= 10 => Some((200, json!({"status": "NOT_STARTED"}))),
        POLICIES => Some((200, json!({"data": {"effectiveConfig": {}, "appliedPolicies": [{}]}}))),
        VIOLATIONS => Some((200, json!({"violations": [row(1, "BLOCK")], "total": 1}))),
        _ => None,
    })
    .await;
    assert!(violations(&answered(&server).await)[0].blocks);
}

#[tokio::test]
async fn a_list_of_policies_that_does_not_answer_leaves_the_thirty_seconds_and_says_so() {
    for status in [403, 404] {
        let server = platform(move |what, _, _| match what {
            STATUS => Some((200, json!({"status": "NOT_STARTED"}))),
            POLICIES => Some((status, json!({"statusCode": status, "message": "no"}))),
            _ => None,
        })
        .await;
        let answer = answered(&server).await;
        assert!(answer.decision.is_none() && answer.missing.is_empty(), "{answer:?}");
        assert!(answer.notes[0].contains("does not show which apply"), "{answer:?}");
    }
    let server = platform(|what, _, _| match what {
        STATUS => Some((200, json!({"status": "NOT_STARTED"}))),
        POLICIES => Some((500, json!({"message": "down"}))),
        _ => None,
    })
    .await;
    assert_eq!(ask(&server).await.0.unwrap_err().class(), Class::Unavailable, "an outage is no answer");
}

#[tokio::test]
async fn a_failed_evaluation_is_unfinished_and_says_why() {
    let server = platform(|what, _, _| {
        (what == STATUS).then(|| (200, json!({"status": "Failed", "message": ["rule 3", "is broken"]})))
    })
    .await;
    assert_unfinished(&answered(&server).await, "failed to evaluate its policy: rule 3; is broken");
    assert_eq!(server.count(&path(VIOLATIONS)), 0);
}

#[tokio::test]
async fn an_evaluation_that_never_ends_is_given_up_after_five_minutes_or_at_the_deadline() {
    let server = looks(&["IN_PROGRESS"], json!([])).await;
    let (answer, took) = ask(&server).await;
    assert_unfinished(&answer.unwrap(), "in progress after 300 s");
    assert_eq!(took, Duration::from_mins(5));
    for statuses in [&["PENDING"], &["NOT_STARTED"]] {
        let (answer, clock) = ask_within(&looks(statuses, json!([])).await, Duration::from_secs(12)).await;
        assert_unfinished(&answer.unwrap(), "after 12 s");
        assert_eq!(clock.monotonic(), Duration::from_secs(12));
    }
}

#[tokio::test]
async fn a_state_in_no_contract_is_named_and_never_a_pass() {
    let (answer, took) = ask(&looks(&["SUPERSEDED"], json!([])).await).await;
    assert_unfinished(&answer.unwrap(), "`SUPERSEDED`");
    assert_eq!(took, Duration::from_mins(5));
    let server = platform(|what, _, _| (what == STATUS).then(|| (200, json!({"success": false})))).await;
    assert_eq!(ask(&server).await.0.unwrap_err().class(), Class::Protocol);
}

#[tokio::test]
async fn block_blocks_warn_does_not_and_an_unknown_action_blocks_with_a_note() {
    let mut accepted = row(3, "BLOCK");
    accepted["isAcknowledged"] = json!(true);
    accepted["acknowledged"] = json!(null);
    let server =
        completed(vec![row(1, "BLOCK"), row(2, "WARN"), accepted, row(4, "QUARANTINE"), json!({"id": "bare"})]).await;
    let answer = answered(&server).await;
    assert!(answer.missing.is_empty(), "{answer:?}");
    let judged: Vec<_> = violations(&answer)
        .iter()
        .map(|violation| (violation.rule.as_str(), violation.action.as_str(), violation.acknowledged, violation.blocks))
        .collect();
    assert_eq!(
        judged,
        [
            ("Rule 1", "BLOCK", false, true),
            ("Rule 2", "WARN", false, false),
            ("Rule 3", "BLOCK", true, false),
            ("Rule 4", "QUARANTINE", false, true),
            ("a rule without a name", "", false, true),
        ]
    );
    assert_eq!(violations(&answer)[0].affected, 3);
    assert_eq!(answer.notes.len(), 2);
    assert!(answer.notes[0].contains("QUARANTINE"), "{answer:?}");
    assert_eq!(server.count(&path(COMPLIANCE)), 0, "what blocks needs no second opinion");
}

/// A completed evaluation of `total` violations, of which each page has fifty as long as there are any.
async fn paged(total: u64, claimed: Option<u64>) -> Server {
    platform(move |what, seen, _| {
        let number: u64 = seen.parameter("page").unwrap_or("1").parse().unwrap();
        let first = (number - 1) * 50;
        let rows: Vec<Value> = (first..total.min(first + 50)).map(|id| row(id, "WARN")).collect();
        (what == VIOLATIONS).then(|| (200, json!({"violations": rows, "total": claimed, "page": number, "limit": 50})))
    })
    .await
}

#[tokio::test]
async fn violations_are_read_to_the_last_page() {
    let server = paged(120, Some(120)).await;
    let answer = answered(&server).await;
    assert_eq!((violations(&answer).len(), answer.missing.len()), (120, 0));
    let pages: Vec<Seen> = server.seen().into_iter().filter(|seen| seen.path == path(VIOLATIONS)).collect();
    assert_eq!(pages.len(), 3);
    assert!(pages.iter().all(|seen| seen.parameter("limit") == Some("50")));
}

#[tokio::test]
async fn violations_fewer_than_their_total_or_of_another_scan_are_no_verdict() {
    let answer = answered(&paged(60, Some(75)).await).await;
    assert!(answer.missing[0].contains("brought 60 of its 75 rows"), "{answer:?}");
    assert_eq!(violations(&answer).len(), 60, "those that came still count");
    assert!(answered(&paged(60, None).await).await.missing[0].contains("does not say how many"));

    let repeating =
        platform(|what, _, _| (what == VIOLATIONS).then(|| (200, json!({"violations": [row(1, "WARN")], "total": 9}))))
            .await;
    assert!(answered(&repeating).await.missing[0].contains("brought 1 of its 9 rows"));
    assert_eq!(repeating.count(&path(VIOLATIONS)), 2);

    let mut foreign = row(1, "WARN");
    foreign["scanId"] = json!("another-scan");
    assert!(answered(&completed(vec![foreign]).await).await.missing[0].contains("scan another-scan"));
    assert!(answered(&completed(vec![json!(null)]).await).await.missing[0].contains("brought 0 of its 1 rows"));
}

#[tokio::test]
async fn answers_may_be_wrapped() {
    let server = platform(|what, _, _| {
        Some(match what {
            STATUS => (200, json!({"success": true, "evaluation": {"status": "COMPLETED"}})),
            VIOLATIONS => (200, json!({"data": {"violations": [row(1, "WARN")], "total": 1}})),
            COMPLIANCE => (200, json!({"compliance": {"status": "COMPLETED", "result": {"compliant": true}}})),
            _ => return None,
        })
    })
    .await;
    let answer = answered(&server).await;
    assert_eq!((violations(&answer).len(), answer.missing.len(), answer.notes.len()), (1, 0, 0));
}

#[tokio::test]
async fn an_answer_without_violations_is_not_an_empty_list() {
    let server = platform(|what, _, _| (what == VIOLATIONS).then(|| (200, json!({"success": true, "data": []})))).await;
    assert_eq!(ask(&server).await.0.unwrap_err().class(), Class::Protocol);
}

/// The verdict on these rows where the platform's own is `result`.
async fn cross_checked(rows: Vec<Value>, status: u16, result: Value) -> PolicyAnswer {
    let server = platform(move |what, _, _| match what {
        VIOLATIONS => Some((200, json!({"violations": rows, "total": rows.len()}))),
        COMPLIANCE => Some((status, json!({"scanId": SCAN, "status": "COMPLETED", "result": result}))),
        _ => None,
    })
    .await;
    answered(&server).await
}

#[tokio::test]
async fn a_scan_that_is_called_non_compliant_never_passes_without_an_explanation() {
    let no = || json!({"compliant": false, "exitCode": 1, "blockingViolationsCount": 1});
    for rows in [vec![], vec![row(1, "WARN")]] {
        let answer = cross_checked(rows, 200, no()).await;
        assert!(answer.missing[0].contains("non-compliant"), "{answer:?}");
    }
    let mut accepted = row(1, "BLOCK");
    accepted["acknowledged"] = json!(true);
    let answer = cross_checked(vec![accepted.clone()], 200, no()).await;
    assert!(answer.missing.is_empty() && answer.notes[0].contains("acknowledged"), "{answer:?}");
    let two = json!({"compliant": false, "blockingViolationsCount": 2});
    assert_eq!(cross_checked(vec![accepted], 200, two).await.missing.len(), 1);
}

#[tokio::test]
async fn a_missing_second_opinion_is_no_doubt_and_an_unreadable_one_is_said() {
    for status in [403, 404] {
        let answer = cross_checked(vec![row(1, "WARN")], status, json!(null)).await;
        assert!(answer.missing.is_empty() && answer.notes.is_empty(), "{status}: {answer:?}");
    }
    for (status, result) in [(500, json!(null)), (200, json!(null)), (200, json!("yes"))] {
        let answer = cross_checked(vec![row(1, "WARN")], status, result).await;
        assert!(answer.missing.is_empty() && answer.notes[0].contains("could not be read"), "{status}: {answer:?}");
    }
}

/// A platform that refuses the evaluation with this message, and the project with this status.
async fn refusing(message: &'static str, project_status: u16) -> Server {
    Server::start(move |seen| {
        seen.authorization.as_ref()?;
        let refused = |status: u16| Some((status, json!({"statusCode": status, "message": message})));
        match seen.path.as_str() {
            path if path.ends_with(STATUS) => refused(403),
            path if path == format!("/project/{PROJECT}") && project_status != 200 => refused(project_status),
            _ => None,
        }
    })
    .await
}

#[tokio::test]
async fn a_refused_verdict_is_no_policy_only_where_the_plan_is_named_and_the_project_seen() {
    let answer = answered(&refusing("Policies are not in your plan.", 200).await).await;
    assert!(answer.decision.is_none() && answer.missing.is_empty());
    assert!(answer.notes[0].contains("plan does not include policies"), "{answer:?}");

    for message in ["Forbidden resource", "no explanation", "planned for later"] {
        let closed = ask(&refusing(message, 200).await).await.0.unwrap_err();
        assert_eq!(closed.class(), Class::Auth);
        assert!(shown(&closed).contains("--vendor-policy off") && shown(&closed).contains(message), "{closed}");
    }
    for status in [403, 404] {
        let hidden = ask(&refusing("not in plan", status).await).await.0.unwrap_err();
        assert_eq!(hidden.class(), Class::Auth);
        assert!(hidden.to_string().contains("no access to project"), "{hidden}");
    }
}

#[tokio::test]
async fn an_instance_that_knows_no_evaluation_for_thirty_seconds_gives_no_verdict() {
    let server = platform(|what, _, _| (what == STATUS).then(|| (404, json!({"message": "Cannot GET"})))).await;
    let (answer, took) = ask(&server).await;
    assert_unfinished(&answer.unwrap(), "as an instance without policies");
    assert_eq!(took, Duration::from_secs(30));

    let late = platform(|what, _, look| (what == STATUS && look < 4).then(|| (404, json!({})))).await;
    assert!(answered(&late).await.decision.is_some(), "one that comes a little later is taken");
}

#[tokio::test]
async fn a_completed_evaluation_that_hides_its_violations_is_no_verdict() {
    for (status, message) in [(404, "Cannot GET"), (403, "not in your plan")] {
        let server =
            platform(move |what, _, _| (what == VIOLATIONS).then(|| (status, json!({ "message": message })))).await;
        assert_unfinished(&answered(&server).await, "does not show the violations");
    }
}
