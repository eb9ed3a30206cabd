//! What the answers about an evaluation come to, one after the other. Pure: time is handed in.

use std::time::Duration;

use serde_json::Value;

use super::GRACE;
use super::wire::{EvaluationStatus, applied_policies, read};
use crate::http::Redactor;
use crate::platform::Error;
use crate::platform::lenient::Text;
use crate::platform::text::{bounded, one_line};

/// One look at the evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// It has ended, and what it found can be read.
    Done,
    /// It failed, with the platform's reason.
    Failed(Option<String>),
    /// It has not started: there is no policy, or it is not its turn yet.
    NotStarted,
    /// The platform knows nothing of an evaluation, as an instance without policies, or of this one yet.
    Absent,
    /// It is on its way, or in a state that is in no contract.
    Going(String),
}

/// How the wait for an evaluation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Evaluation {
    /// What it found can be read.
    Done,
    /// There is no policy for this scan; with what people should know of how that was found out.
    NoPolicy(Option<String>),
    /// There is no verdict, and why.
    Unfinished(String),
}

/// What `effective-policies` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Policies {
    /// No policy applies.
    None,
    /// Some apply.
    Some,
    /// The answer does not say, so some may.
    Unsaid,
    /// It does not answer.
    Silent,
}

impl Look {
    /// Reads an answer of `evaluation-status`. Words are compared without regard to case.
    pub(super) fn read(answer: Value, redactor: &Redactor) -> Result<Self, Error> {
        let status: EvaluationStatus = read(answer, EvaluationStatus::FIELD)?;
        let word = status.status.get().unwrap_or_default();
        let clean = |text: &str| redactor.clean(&bounded(&one_line(text), 200));
        Ok(match word.to_ascii_lowercase().as_str() {
            "completed" => Self::Done,
            "failed" => {
                let messages: Vec<&str> = status.message.0.iter().filter_map(Text::get).collect();
                Self::Failed((!messages.is_empty()).then(|| clean(&messages.join("; "))))
            }
            // An evaluation that the platform knows of is one that will start.
            "not_started" if is_true(&status.has_evaluation) => Self::Going("not started, but announced".to_owned()),
            "not_started" => Self::NotStarted,
            "pending" => Self::Going("waiting for its turn".to_owned()),
            "in_progress" => Self::Going("in progress".to_owned()),
            "" => Self::Going("in no state that CybeDefend names".to_owned()),
            _ => Self::Going(format!("in a state that scangate does not know, `{}`", clean(word))),
        })
    }
}

impl Policies {
    /// Reads an answer of `effective-policies`.
    pub(super) fn read(answer: Value) -> Result<Self, Error> {
        Ok(match applied_policies(answer)? {
            Some(0) => Self::None,
            Some(_) => Self::Some,
            None => Self::Unsaid,
        })
    }
}

/// Whether a truth value is true, in either of the forms in which it comes.
pub(super) fn is_true(value: &Text) -> bool {
    value.get().is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// What has been seen of an evaluation.
pub(super) struct Watch {
    began: Duration,
    last: Look,
    /// Since when `last` has been the answer without a break.
    since: Duration,
    policies: Option<Policies>,
}

impl Watch {
    pub(super) fn new(began: Duration) -> Self {
        Self { began, last: Look::Going("not looked at".to_owned()), since: began, policies: None }
    }

    /// Takes a look in, and says how the wait ended if it did.
    pub(super) fn take(&mut self, look: Look, now: Duration) -> Option<Evaluation> {
        if look != self.last {
            self.since = now;
            self.last = look;
        }
        match &self.last {
            Look::Done => Some(Evaluation::Done),
            Look::Failed(reason) => {
                let reason = reason.as_deref().unwrap_or("it gives no reason");
                Some(Evaluation::Unfinished(format!("CybeDefend failed to evaluate its policy: {reason}")))
            }
            Look::Absent if self.lasts(now) => Some(Evaluation::Unfinished(format!(
                "CybeDefend has known nothing of a policy evaluation of this scan for {} s, as an instance without policies",
                GRACE.as_secs()
            ))),
            Look::NotStarted | Look::Absent | Look::Going(_) => None,
        }
    }

    fn lasts(&self, now: Duration) -> bool {
        now.saturating_sub(self.since) >= GRACE
    }

    /// Whether the evaluation has been said not to have started for so long that there may be no policy.
    pub(super) fn is_quiet(&self, now: Duration) -> bool {
        self.last == Look::NotStarted && self.lasts(now)
    }

    /// Whether [`Watch::take_policies`] has its answer.
    pub(super) fn has_asked_for_policies(&self) -> bool {
        self.policies.is_some()
    }

    /// Takes in what applies to the project, once the evaluation has been quiet.
    pub(super) fn take_policies(&mut self, policies: Policies) -> Option<Evaluation> {
        self.policies = Some(policies);
        match policies {
            Policies::None => Some(Evaluation::NoPolicy(None)),
            Policies::Some | Policies::Unsaid => None,
            Policies::Silent => Some(Evaluation::NoPolicy(Some(format!(
                "no policy is taken to apply: CybeDefend evaluated none within {} s after the scan, and does not show which apply",
                GRACE.as_secs()
            )))),
        }
    }

    /// The longest wait before the next look: what has to last must be looked at when it has lasted.
    pub(super) fn longest_wait(&self, now: Duration) -> Duration {
        let due = self.since.saturating_add(GRACE).saturating_sub(now);
        match self.last {
            Look::NotStarted | Look::Absent if !due.is_zero() => due,
            _ => Duration::MAX,
        }
    }

    /// The end of the wait when time has run out.
    pub(super) fn give_up(&self, now: Duration) -> Evaluation {
        let state = match &self.last {
            Look::Going(words) => words,
            _ if self.policies == Some(Policies::Some) => "not started, though policies apply to the project",
            _ if self.policies == Some(Policies::Unsaid) => {
                "not started, and it does not say whether policies apply to the project,"
            }
            _ => "not started",
        };
        let waited = now.saturating_sub(self.began).as_secs();
        Evaluation::Unfinished(format!("CybeDefend's evaluation of its policy was {state} after {waited} s"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn look(answer: Value) -> Look {
        Look::read(answer, &Redactor::default()).unwrap()
    }

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn every_documented_state_is_read_whatever_its_case_and_an_unknown_one_is_named() {
        assert_eq!(look(json!({"status": "Completed"})), Look::Done);
        assert_eq!(look(json!({"status": "NOT_STARTED", "hasEvaluation": false})), Look::NotStarted);
        assert_eq!(look(json!({"status": "failed"})), Look::Failed(None));
        assert_eq!(
            look(json!({"status": "FAILED", "message": "no\nrules"})),
            Look::Failed(Some("no rules".to_owned()))
        );
        for going in ["PENDING", "in_progress", "", "SKIPPED\u{1b}[2J"] {
            assert!(matches!(look(json!({ "status": going })), Look::Going(_)), "{going}");
        }
        assert!(matches!(look(json!({"status": "PAUSED"})), Look::Going(words) if words.contains("`PAUSED`")));
    }

    #[test]
    fn an_announced_evaluation_is_not_taken_for_none() {
        assert!(matches!(look(json!({"status": "NOT_STARTED", "hasEvaluation": true})), Look::Going(_)));
    }

    #[test]
    fn not_started_must_last_without_a_break() {
        let mut watch = Watch::new(seconds(0));
        assert_eq!(watch.take(Look::NotStarted, seconds(0)), None);
        assert!(!watch.is_quiet(seconds(29)));
        assert_eq!(watch.take(Look::Going("in progress".to_owned()), seconds(29)), None);
        assert_eq!(watch.take(Look::NotStarted, seconds(31)), None);
        assert!(!watch.is_quiet(seconds(60)));
        assert!(watch.is_quiet(seconds(61)));
    }

    #[test]
    fn only_an_empty_list_of_policies_or_none_at_all_ends_a_quiet_wait() {
        let quiet = || {
            let mut watch = Watch::new(seconds(0));
            watch.take(Look::NotStarted, seconds(0));
            watch
        };
        assert_eq!(quiet().take_policies(Policies::None), Some(Evaluation::NoPolicy(None)));
        assert!(matches!(quiet().take_policies(Policies::Silent), Some(Evaluation::NoPolicy(Some(_)))));
        let mut watch = quiet();
        assert_eq!(watch.take_policies(Policies::Some), None);
        assert!(matches!(watch.give_up(seconds(300)), Evaluation::Unfinished(why) if why.contains("policies apply")));
        let unsaid = Policies::read(json!({ "appliedPolicies": null })).unwrap();
        assert_eq!(watch.take_policies(unsaid), None);
        assert!(matches!(watch.give_up(seconds(300)), Evaluation::Unfinished(why) if why.contains("does not say")));
    }

    #[test]
    fn a_look_is_due_when_the_grace_is_over() {
        let mut watch = Watch::new(seconds(0));
        watch.take(Look::Absent, seconds(4));
        assert_eq!(watch.longest_wait(seconds(24)), seconds(10));
        assert!(matches!(watch.take(Look::Absent, seconds(34)), Some(Evaluation::Unfinished(_))));
    }
}
