//! Where a scan stands (contract 4).

use super::wire::ScanStatus;
use crate::http::Redactor;
use crate::platform::lenient::Text;
use crate::platform::text::{bounded, one_line};
use crate::platform::{Error, ScanState};

/// Reads a scan's state. Words are compared without regard to case; one that is in no contract is passed on as it is.
pub(super) fn state(status: &ScanStatus, redactor: &Redactor) -> Result<ScanState, Error> {
    let Some(word) = status.state.get() else {
        return Err(Error::Protocol { message: "CybeDefend's answer about the scan has no state".to_owned() });
    };
    let clean = |text: &str| redactor.clean(&bounded(&one_line(text), 300));
    Ok(match word.to_ascii_lowercase().as_str() {
        "queued" => ScanState::Queued,
        "running" => ScanState::Running {
            percent: status.progress.get().filter(|percent| (0.0..=100.0).contains(percent)),
            step: status.step.get().map(clean),
        },
        "completed" => ScanState::Done,
        "completed_degraded" => ScanState::Degraded(match reason(status) {
            Some(reason) => format!("a scanner did not finish its work: {}", clean(&reason)),
            None => "a scanner did not finish its work, and CybeDefend does not say which".to_owned(),
        }),
        "failed" => ScanState::Failed(match reason(status) {
            Some(reason) => clean(&reason),
            None => "CybeDefend gives no reason".to_owned(),
        }),
        "cancelled" | "canceled" => ScanState::Stopped("somebody cancelled the scan at CybeDefend".to_owned()),
        _ => ScanState::Unknown(clean(word)),
    })
}

/// Whether the scan has ended and its findings are worth reading.
pub(super) fn has_findings(status: &ScanStatus) -> bool {
    let word = status.state.get().unwrap_or_default();
    ["completed", "completed_degraded"].iter().any(|ended| word.eq_ignore_ascii_case(ended))
}

/// The platform's message and its category, as far as it gives them.
fn reason(status: &ScanStatus) -> Option<String> {
    let messages: Vec<&str> = status.error_message.0.iter().filter_map(Text::get).collect();
    let category = status.error_category.get();
    match (messages.is_empty(), category) {
        (true, category) => category.map(|category| format!("category {category}")),
        (false, None) => Some(messages.join("; ")),
        (false, Some(category)) => Some(format!("{} (category {category})", messages.join("; "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state_of(json: &str) -> ScanState {
        state(&serde_json::from_str(json).unwrap(), &Redactor::default()).unwrap()
    }

    #[test]
    fn every_documented_state_is_read_whatever_its_case() {
        assert_eq!(state_of(r#"{"id":"s","state":"QUEUED","progress":0,"step":null}"#), ScanState::Queued);
        assert_eq!(
            state_of(r#"{"state":"running","progress":42.5,"step":"SAST"}"#),
            ScanState::Running { percent: Some(42.5), step: Some("SAST".to_owned()) }
        );
        assert_eq!(state_of(r#"{"state":"Completed","containers":[{"id":1}]}"#), ScanState::Done);
        assert!(matches!(state_of(r#"{"state":"completed_degraded"}"#), ScanState::Degraded(_)));
    }

    #[test]
    fn a_progress_that_is_no_percentage_is_left_out() {
        for progress in ["null", "-1", "250", "\"soon\""] {
            let running = state_of(&format!(r#"{{"state":"running","progress":{progress}}}"#));
            assert_eq!(running, ScanState::Running { percent: None, step: None }, "{progress}");
        }
    }

    #[test]
    fn a_failed_scan_says_why_in_one_line() {
        let failed =
            state_of(r#"{"state":"failed","errorMessage":"no\nroute","errorCode":7,"errorCategory":"network"}"#);
        assert_eq!(failed, ScanState::Failed("no route (category network)".to_owned()));
        assert_eq!(state_of(r#"{"state":"failed"}"#), ScanState::Failed("CybeDefend gives no reason".to_owned()));
        let category = state_of(r#"{"state":"failed","errorMessage":null,"errorCategory":"scan"}"#);
        assert_eq!(category, ScanState::Failed("category scan".to_owned()));
    }

    #[test]
    fn an_unknown_word_is_neither_an_end_nor_a_pass() {
        assert_eq!(state_of(r#"{"state":"pending"}"#), ScanState::Unknown("pending".to_owned()));
        assert!(matches!(state_of(r#"{"state":"cancelled"}"#), ScanState::Stopped(_)));
        for unfinished in ["queued", "running", "pending", "failed", ""] {
            assert!(!has_findings(&ScanStatus { state: unfinished.into(), ..ScanStatus::default() }), "{unfinished}");
        }
    }

    #[test]
    fn an_answer_without_a_state_is_no_answer() {
        let status = serde_json::from_str(r#"{"id":"s","state":""}"#).unwrap();
        assert!(matches!(state(&status, &Redactor::default()), Err(Error::Protocol { .. })));
    }
}
