//! Where a scan stands (contract 3).

use std::collections::BTreeMap;

use super::wire::Scan;
use crate::http::Redactor;
use crate::platform::text::{bounded, one_line};
use crate::platform::words::scan_state;
use crate::platform::{Error, ScanState, StateWord};

/// The four documented words, and others that a platform of this kind may use.
const STATES: [(&str, StateWord); 9] = [
    ("pending", StateWord::Queued),
    ("running", StateWord::Running),
    ("completed", StateWord::Done),
    ("failed", StateWord::Failed),
    // Inferred, and read so that none of them is a success.
    ("queued", StateWord::Queued),
    ("in_progress", StateWord::Running),
    ("cancelled", StateWord::Stopped),
    ("canceled", StateWord::Stopped),
    ("stopped", StateWord::Stopped),
];

/// Reads a scan's state; `own` is what the user says of words. One that nobody knows is passed on as it is.
pub(super) fn state(scan: &Scan, own: &BTreeMap<String, StateWord>, redactor: &Redactor) -> Result<ScanState, Error> {
    let Some(word) = &scan.status else {
        return Err(Error::Protocol { message: "CyberOrigen's answer about the scan has no status".to_owned() });
    };
    let clean = |text: &str| redactor.clean(&bounded(&one_line(text), 300));
    let reason = |otherwise: &str| scan.reason.as_deref().map_or_else(|| otherwise.to_owned(), clean);
    Ok(match scan_state(word, own, &STATES) {
        Some(StateWord::Running) => ScanState::Running {
            percent: scan.progress.filter(|percent| (0.0..=100.0).contains(percent)),
            step: scan.phase.as_deref().map(clean),
        },
        Some(StateWord::Failed) => ScanState::Failed(reason("CyberOrigen gives no reason")),
        Some(StateWord::Stopped) => ScanState::Stopped(reason("somebody cancelled it at CyberOrigen")),
        Some(other) => other.state(""),
        None => ScanState::Unknown(clean(word)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state_of(json: &str) -> ScanState {
        state(&serde_json::from_str(json).unwrap(), &BTreeMap::new(), &Redactor::default()).unwrap()
    }

    fn running(percent: Option<f64>, step: Option<&str>) -> ScanState {
        ScanState::Running { percent, step: step.map(str::to_owned) }
    }

    #[test]
    fn every_word_that_the_contract_names_is_read_in_any_spelling() {
        let stopped = || ScanState::Stopped("somebody cancelled it at CyberOrigen".to_owned());
        for (word, expected) in [
            ("pending", ScanState::Queued),
            ("PENDING", ScanState::Queued),
            ("queued", ScanState::Queued),
            ("running", running(None, None)),
            ("In Progress", running(None, None)),
            ("in-progress", running(None, None)),
            ("completed", ScanState::Done),
            ("Completed", ScanState::Done),
            ("failed", ScanState::Failed("CyberOrigen gives no reason".to_owned())),
            ("cancelled", stopped()),
            ("canceled", stopped()),
            ("stopped", stopped()),
            ("done", ScanState::Unknown("done".to_owned())),
            ("complete", ScanState::Unknown("complete".to_owned())),
        ] {
            assert_eq!(state_of(&format!(r#"{{"id":"s","status":"{word}"}}"#)), expected, "{word}");
        }
    }

    #[test]
    fn progress_and_phase_are_told_where_they_make_sense() {
        let of = |rest: &str| state_of(&format!(r#"{{"status":"running",{rest}}}"#));
        assert_eq!(of(r#""progress":42,"phase":"port\nscan""#), running(Some(42.0), Some("port scan")));
        assert_eq!(of(r#""progress":"42","phase":null"#), running(Some(42.0), None));
        for wrong in ["-1", "101", "null", "\"soon\""] {
            assert_eq!(of(&format!(r#""progress":{wrong}"#)), running(None, None), "{wrong}");
        }
    }

    #[test]
    fn a_failure_says_why_under_any_of_the_names_that_it_may_have() {
        for field in ["error", "error_message", "failure_reason", "detail"] {
            let failed = state_of(&format!(r#"{{"status":"failed","{field}":"no\nroute"}}"#));
            assert_eq!(failed, ScanState::Failed("no route".to_owned()), "{field}");
        }
        let object = state_of(r#"{"status":"failed","error":{"message":"no route"}}"#);
        assert_eq!(object, ScanState::Failed("no route".to_owned()));
    }

    #[test]
    fn the_user_may_say_what_a_word_means() {
        let own = BTreeMap::from([("archived".to_owned(), StateWord::Done)]);
        let scan = serde_json::from_str(r#"{"status":"Archived"}"#).unwrap();
        assert_eq!(state(&scan, &own, &Redactor::default()).unwrap(), ScanState::Done);
    }

    #[test]
    fn an_answer_without_a_status_or_with_an_object_for_one_is_no_answer() {
        let scan = serde_json::from_str(r#"{"id":"s","status":""}"#).unwrap();
        assert!(state(&scan, &BTreeMap::new(), &Redactor::default()).is_err());
        assert!(serde_json::from_str::<Scan>(r#"{"status":{"name":"completed"}}"#).is_err());
    }
}
