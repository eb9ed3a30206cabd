//! The platform's own verdict (contract 6; DESIGN section 8).
//!
//! The evaluation runs behind a queue some time after the scan's end, so an answer that it has not started proves nothing by
//! itself. What we make of each answer, and what a user can do, is in `docs/platforms/cybedefend.md`.

mod evaluation;
mod violations;
mod wire;

use std::time::Duration;

use evaluation::{Evaluation, Look};
use serde_json::Value;

use super::CybeDefend;
use super::refusal::Asked;
use crate::error::Class;
use crate::finding::ScanReference;
use crate::http::{self, Call};
use crate::platform::{Error, Patience, PolicyAnswer};

/// How long an evaluation may take, by the default of the vendor's own client (contract 2.5, `--policy-timeout`).
const LONGEST_EVALUATION: Duration = Duration::from_mins(5);

/// How long the same answer must last before it is believed that nothing will come (DESIGN section 8).
const GRACE: Duration = Duration::from_secs(30);

/// What became of an endpoint that may not exist, or may be closed to us.
enum Answer {
    Read(Value),
    /// 404: an instance without policies, or an evaluation that is not there yet.
    Absent,
    /// 403, and the platform says that the plan is the reason.
    NotInPlan,
}

/// Waits for the evaluation and reads what it found.
pub(super) async fn judge(
    platform: &CybeDefend,
    scan: &ScanReference,
    patience: Patience<'_>,
) -> Result<PolicyAnswer, Error> {
    match wait(platform, scan, patience).await? {
        Evaluation::Done => violations::collect(platform, scan).await,
        Evaluation::NoPolicy(note) => Ok(PolicyAnswer { notes: note.into_iter().collect(), ..PolicyAnswer::default() }),
        Evaluation::Unfinished(why) => Ok(PolicyAnswer { missing: vec![why], ..PolicyAnswer::default() }),
    }
}

async fn wait(platform: &CybeDefend, scan: &ScanReference, patience: Patience<'_>) -> Result<Evaluation, Error> {
    let clock = platform.session.client().clock();
    let began = clock.monotonic();
    let until = patience.until.min(began + LONGEST_EVALUATION);
    let mut watch = evaluation::Watch::new(began);
    loop {
        let look = match platform.policy_answer(scan, "evaluation-status").await? {
            Answer::Read(answer) => Look::read(answer, platform.session.client().redactor())?,
            Answer::Absent => Look::Absent,
            Answer::NotInPlan => {
                let note = "CybeDefend's plan does not include policies, so none was asked for a verdict".to_owned();
                return Ok(Evaluation::NoPolicy(Some(note)));
            }
        };
        if let Some(ended) = watch.take(look, clock.monotonic()) {
            return Ok(ended);
        }
        if watch.is_quiet(clock.monotonic()) && !watch.has_asked_for_policies() {
            let policies = platform.effective_policies().await?;
            if let Some(ended) = watch.take_policies(policies) {
                return Ok(ended);
            }
        }
        let left = until.saturating_sub(clock.monotonic());
        if left.is_zero() {
            return Ok(watch.give_up(clock.monotonic()));
        }
        let wait = patience.waits.next().unwrap_or(left).min(watch.longest_wait(clock.monotonic()));
        clock.sleep(wait.min(left)).await;
    }
}

impl CybeDefend {
    /// Asks one of the endpoints that are about the policy and a scan. Their paths have plurals where all others have not.
    async fn policy_answer(&self, scan: &ScanReference, what: &str) -> Result<Answer, Error> {
        let url = self.endpoints.api(["projects", &self.project, "scans", &scan.id, what])?;
        self.ask_about_policy(Call::get(url), Asked::Policy(&scan.id)).await
    }

    async fn ask_about_policy(&self, call: Call, asked: Asked<'_>) -> Result<Answer, Error> {
        match self.session.json::<Value>(call).await {
            Ok(answer) => Ok(Answer::Read(answer)),
            Err(error) if error.status() == Some(404) => Ok(Answer::Absent),
            Err(error) if error.status() == Some(403) => match self.sees_project().await {
                Ok(false) => Err(self.no_access(error, asked)),
                Ok(true) if names_the_plan(&error) => Ok(Answer::NotInPlan),
                Ok(true) => Err(self.policy_is_closed(error)),
                // The first refusal is what stopped the run.
                Err(_) => Err(Error::Http(error)),
            },
            Err(error) => Err(Error::Http(error)),
        }
    }

    /// How many policies apply to the project: `None` where the platform does not say so. Only an answer counts: a refusal, or an
    /// instance without this endpoint, is none.
    async fn effective_policies(&self) -> Result<evaluation::Policies, Error> {
        let url = self.endpoints.api(["projects", &self.project, "effective-policies"])?;
        match self.session.json::<Value>(Call::get(url)).await {
            Ok(answer) => evaluation::Policies::read(answer),
            Err(error) if matches!(error.status(), Some(403 | 404)) => Ok(evaluation::Policies::Silent),
            Err(error) => Err(Error::Http(error)),
        }
    }

    fn policy_is_closed(&self, error: http::Error) -> Error {
        Error::Refused {
            class: Class::Auth,
            message: format!(
                "CybeDefend refused to show its policy's verdict, though project {} is visible and its plan is not blamed",
                self.project
            ),
            hint: "have the token's owner given a role that sees policies, or leave the policy out with --vendor-policy off"
                .to_owned(),
            source: Some(error),
        }
    }
}

/// Whether the platform itself says that the plan is the reason of a refusal. The word must stand alone: `explanation` is none.
fn names_the_plan(error: &http::Error) -> bool {
    let words = error.server_message().unwrap_or_default().split(|character: char| !character.is_alphanumeric());
    words.map(str::to_ascii_lowercase).any(|word| matches!(word.as_str(), "plan" | "plans"))
}
