//! How far a report is (contract 5). Only `isCompleted` is documented, so everything that speaks of a failure is heard.

use std::collections::BTreeMap;

use serde_json::Value;

use super::envelope::Envelope;
use crate::platform::fields::{Fields, a_kind, is_blank, number, text, truth};
use crate::platform::words::scan_state;
use crate::platform::{ScanState, StateWord, state_word};

/// Where an answer says that the report is complete.
const COMPLETED: [&str; 1] = ["iscompleted"];

/// What is true of a scan that failed, and of one that somebody stopped.
const FAILED: [&str; 4] = ["isfailed", "hasfailed", "failed", "iserror"];
const STOPPED: [&str; 4] = ["iscancelled", "iscanceled", "cancelled", "canceled"];

/// Where the platform may have a word for the state.
const WORDS: [&str; 3] = ["status", "state", "phase"];

/// What such words mean, as far as anybody can guess; `--state` goes before it.
const MEANINGS: [(&str, StateWord); 30] = [
    ("failed", StateWord::Failed),
    ("failure", StateWord::Failed),
    ("error", StateWord::Failed),
    ("errored", StateWord::Failed),
    ("timeout", StateWord::Failed),
    ("timed_out", StateWord::Failed),
    ("expired", StateWord::Failed),
    ("cancelled", StateWord::Stopped),
    ("canceled", StateWord::Stopped),
    ("aborted", StateWord::Stopped),
    ("completed", StateWord::Done),
    ("complete", StateWord::Done),
    ("finished", StateWord::Done),
    ("done", StateWord::Done),
    ("queued", StateWord::Queued),
    ("pending", StateWord::Queued),
    ("created", StateWord::Queued),
    ("scheduled", StateWord::Queued),
    ("waiting", StateWord::Queued),
    ("new", StateWord::Queued),
    ("running", StateWord::Running),
    ("in_progress", StateWord::Running),
    ("started", StateWord::Running),
    ("scanning", StateWord::Running),
    ("processing", StateWord::Running),
    ("active", StateWord::Running),
    // The phases of an AI scan (contract 5).
    ("reconnaissance", StateWord::Running),
    ("vulnerability_scanning", StateWord::Running),
    ("exploitation", StateWord::Running),
    ("reporting", StateWord::Running),
];

/// Parts of words with which a report that is complete says that something went wrong all the same.
const TROUBLE: [&str; 8] = ["fail", "error", "abort", "cancel", "partial", "incomplete", "degraded", "timeout"];

const PERCENT: [&str; 4] = ["percentage", "percent", "progress", "progresspercentage"];
const REASON: [&str; 6] = ["errormessage", "error", "failurereason", "failreason", "reason", "message"];

/// Reads a state; the error says what is not understood, as the end of a sentence. `show` cleans foreign words.
pub(super) fn state(
    answer: &Envelope,
    overrides: &BTreeMap<String, StateWord>,
    show: impl Fn(&str) -> String,
) -> Result<ScanState, String> {
    let payload = answer.payload();
    let Value::Object(object) = payload else {
        return Err(format!("{} where the progress is documented", a_kind(payload)));
    };
    let fields = Fields::of(object);
    let is_completed = match fields.get(&COMPLETED) {
        None => None,
        Some(value) => {
            let truth = truth(value);
            Some(
                truth
                    .ok_or_else(|| format!("an `isCompleted` that is {} and neither true nor false", a_kind(value)))?,
            )
        }
    };
    let said: Vec<String> = fields.all(&WORDS).into_iter().filter_map(text).collect();
    let meaning = |word: &String| scan_state(word, overrides, &MEANINGS);
    let reason = |what: &str| match fields.text(&REASON) {
        Some(reason) => show(&reason),
        None => format!("BestDefense says {what} and gives no reason"),
    };
    for (markers, ended, word) in [
        (FAILED, StateWord::Failed, "that the scan failed"),
        (STOPPED, StateWord::Stopped, "that the scan was cancelled"),
    ] {
        let is_marked = fields.all(&markers).into_iter().any(|value| !is_blank(value));
        if is_marked {
            return Ok(ended.state(reason(word)));
        }
    }
    for word in &said {
        if let Some(ended @ (StateWord::Failed | StateWord::Stopped)) = meaning(word) {
            return Ok(ended.state(reason(&format!("`{}`", show(word)))));
        }
    }
    match is_completed {
        Some(true) => Ok(completed(&said, meaning, show)),
        Some(false) => Ok(unfinished(&fields, &said, meaning, show)),
        None => match said.first() {
            None if object.is_empty() => Err("neither `isCompleted` nor a status: it is empty".to_owned()),
            None => Err(format!(
                "neither `isCompleted` nor a status; it has the keys {}",
                show(&object.keys().take(20).map(String::as_str).collect::<Vec<_>>().join(", "))
            )),
            Some(word) => Ok(match said.iter().find_map(meaning) {
                // More than one word may be there; all of them have to agree that it is over.
                Some(StateWord::Done) if said.iter().filter_map(meaning).all(|meaning| meaning == StateWord::Done) => {
                    ScanState::Done
                }
                Some(_) => unfinished(&fields, &said, meaning, show),
                None => ScanState::Unknown(show(word)),
            }),
        },
    }
}

/// A complete report, unless one of its words speaks of trouble that nobody has explained with `--state`.
fn completed(
    said: &[String],
    meaning: impl Fn(&String) -> Option<StateWord>,
    show: impl Fn(&str) -> String,
) -> ScanState {
    let is_trouble = |word: &&String| {
        let compared = state_word(word);
        meaning(word).is_none() && TROUBLE.iter().any(|part| compared.contains(part))
    };
    match said.iter().find(is_trouble) {
        Some(word) => ScanState::Degraded(format!("the report is complete, and BestDefense calls it `{}`", show(word))),
        None => ScanState::Done,
    }
}

fn unfinished(
    fields: &Fields<'_>,
    said: &[String],
    meaning: impl Fn(&String) -> Option<StateWord>,
    show: impl Fn(&str) -> String,
) -> ScanState {
    let percent = fields.get(&PERCENT).and_then(number).filter(|percent| (0.0..=100.0).contains(percent));
    if percent.is_none() && !said.is_empty() && said.iter().all(|word| meaning(word) == Some(StateWord::Queued)) {
        return ScanState::Queued;
    }
    ScanState::Running { percent, step: said.last().map(|word| show(word)) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(data: &Value, overrides: &[(&str, StateWord)]) -> Result<ScanState, String> {
        let overrides = overrides.iter().map(|(word, meaning)| ((*word).to_owned(), *meaning)).collect();
        let answer = Envelope::open(json!({ "success": true, "data": data })).unwrap();
        state(&answer, &overrides, str::to_owned)
    }

    fn read(data: &Value) -> Result<ScanState, String> {
        with(data, &[])
    }

    #[test]
    fn is_completed_is_a_truth_value_in_any_spelling_and_anything_else_is_not_understood() {
        for value in [json!(true), json!("true"), json!("TRUE"), json!(1), json!("1")] {
            for name in ["isCompleted", "is_completed"] {
                assert_eq!(read(&json!({ name: value })), Ok(ScanState::Done), "{name} {value}");
            }
        }
        for value in [json!(false), json!("false"), json!(0)] {
            assert_eq!(read(&json!({ "isCompleted": value })), Ok(ScanState::Running { percent: None, step: None }));
        }
        for value in [json!("yes"), json!(2), json!([]), json!({}), json!(100), json!("")] {
            assert!(read(&json!({ "isCompleted": value, "status": "completed" })).is_err(), "{value}");
        }
    }

    #[test]
    fn every_marker_of_a_failure_is_heard_whether_or_not_the_report_is_complete() {
        for marker in ["isFailed", "is_failed", "hasFailed", "has_failed", "failed", "isError", "is_error"] {
            for value in [json!(true), json!("true"), json!(1), json!({ "at": "x" })] {
                for completed in [true, false] {
                    let state = read(&json!({ "isCompleted": completed, marker: value })).unwrap();
                    assert!(matches!(state, ScanState::Failed(_)), "{marker} {value}: {state:?}");
                }
            }
        }
        for marker in ["isCancelled", "is_cancelled", "isCanceled", "is_canceled", "cancelled", "canceled"] {
            let state = read(&json!({ "isCompleted": false, marker: true })).unwrap();
            assert!(matches!(state, ScanState::Stopped(_)), "{marker}: {state:?}");
        }
        for none in [json!(false), json!(null), json!(0), json!("false"), json!([])] {
            assert_eq!(read(&json!({ "isCompleted": true, "isFailed": none })), Ok(ScanState::Done), "{none}");
        }
    }

    #[test]
    fn every_word_of_a_failure_is_heard_at_each_place_and_in_any_case() {
        for place in ["status", "state", "phase"] {
            for word in ["failed", "FAILURE", "Error", "errored", "timeout", "Timed Out", "timed_out", "expired"] {
                for completed in [true, false] {
                    let state = read(&json!({ "isCompleted": completed, place: word })).unwrap();
                    assert!(matches!(state, ScanState::Failed(_)), "{place} {word}: {state:?}");
                }
            }
            for word in ["cancelled", "Canceled", "aborted"] {
                assert!(matches!(read(&json!({ place: word })), Ok(ScanState::Stopped(_))), "{place} {word}");
            }
        }
    }

    #[test]
    fn a_failure_says_why_where_the_platform_does() {
        let failed = read(&json!({ "isCompleted": false, "isFailed": true, "errorMessage": "no route to the site" }));
        assert_eq!(failed, Ok(ScanState::Failed("no route to the site".to_owned())));
        let failed = read(&json!({ "isCompleted": false, "status": "Expired" }));
        assert_eq!(failed, Ok(ScanState::Failed("BestDefense says `Expired` and gives no reason".to_owned())));
    }

    #[test]
    fn a_word_for_the_end_counts_only_where_is_completed_is_absent() {
        for word in ["completed", "Complete", "finished", "DONE"] {
            assert_eq!(read(&json!({ "status": word })), Ok(ScanState::Done), "{word}");
            let running = read(&json!({ "isCompleted": false, "status": word })).unwrap();
            assert!(!running.is_terminal(), "{word}: {running:?}");
        }
        assert!(!read(&json!({ "status": "completed", "phase": "Reporting" })).unwrap().is_terminal());
    }

    #[test]
    fn a_scan_that_goes_on_says_how_far_it_is() {
        assert_eq!(
            read(&json!({ "isCompleted": false, "percentage": "42.5", "phase": "Exploitation" })),
            Ok(ScanState::Running { percent: Some(42.5), step: Some("Exploitation".to_owned()) })
        );
        assert_eq!(read(&json!({ "isCompleted": false, "status": "queued" })), Ok(ScanState::Queued));
        assert_eq!(
            read(&json!({ "state": "In Progress" })).unwrap(),
            ScanState::Running { percent: None, step: Some("In Progress".to_owned()) }
        );
    }

    #[test]
    fn what_is_in_no_contract_neither_ends_the_wait_nor_passes() {
        assert_eq!(read(&json!({ "status": "paused" })), Ok(ScanState::Unknown("paused".to_owned())));
        for nothing in [json!({}), json!({ "id": 1 }), json!(null), json!([]), json!({ "isCompleted": null })] {
            assert!(read(&nothing).is_err(), "{nothing}");
        }
    }

    #[test]
    fn a_complete_report_that_speaks_of_trouble_is_not_all_there_is() {
        for word in ["completed_with_errors", "partially completed", "degraded"] {
            let state = read(&json!({ "isCompleted": true, "status": word })).unwrap();
            assert!(matches!(state, ScanState::Degraded(_)), "{word}: {state:?}");
        }
        assert_eq!(read(&json!({ "isCompleted": true, "status": "published" })), Ok(ScanState::Done));
    }

    #[test]
    fn the_user_can_say_what_a_word_means() {
        let expired = json!({ "isCompleted": false, "status": "expired" });
        assert!(!with(&expired, &[("expired", StateWord::Running)]).unwrap().is_terminal());
        let archived = json!({ "status": "archived" });
        assert_eq!(with(&archived, &[("archived", StateWord::Done)]), Ok(ScanState::Done));
        let partial = json!({ "isCompleted": true, "status": "no_errors" });
        assert_eq!(with(&partial, &[("no_errors", StateWord::Done)]), Ok(ScanState::Done));
        let ended = with(&json!({ "isCompleted": true, "status": "rejected" }), &[("rejected", StateWord::Failed)]);
        assert!(matches!(ended, Ok(ScanState::Failed(_))));
    }
}
