//! What Cybrium says of a scan: its id, and where it stands (contract sections 2.1 and 3). No answer is documented, so names are
//! tried in the contract's order, and what is none of them is no success.

use std::collections::BTreeMap;

use serde::Deserialize as _;
use serde_json::{Map, Value};

use crate::http::Redactor;
use crate::platform::text::{bounded, one_line};
use crate::platform::tolerant::Fields;
use crate::platform::words::scan_state;
use crate::platform::{Error, ScanState, StateWord, state_word};

/// The names that the id of a scan may have.
const IDS: [&str; 5] = ["id", "scan_id", "uuid", "scan_job_id", "job_id"];

/// The names that an object around a scan may have for it, the most telling first.
const WRAPPERS: [&str; 5] = ["scan", "scan_job", "job", "data", "result"];

/// The names that the state of a scan may have.
const STATE_NAMES: [&str; 2] = ["status", "state"];

/// Words by which envelopes say how the request went. Of a scan they say something where they stand beside its id.
const OUTCOMES: [&str; 2] = ["success", "error"];

/// The words for states (contract section 3).
const STATES: [(&str, StateWord); 31] = [
    ("pending", StateWord::Queued),
    ("queued", StateWord::Queued),
    ("created", StateWord::Queued),
    ("scheduled", StateWord::Queued),
    ("accepted", StateWord::Queued),
    ("waiting", StateWord::Queued),
    ("new", StateWord::Queued),
    ("running", StateWord::Running),
    ("in_progress", StateWord::Running),
    ("started", StateWord::Running),
    ("scanning", StateWord::Running),
    ("processing", StateWord::Running),
    ("analyzing", StateWord::Running),
    ("active", StateWord::Running),
    ("completed", StateWord::Done),
    ("complete", StateWord::Done),
    ("done", StateWord::Done),
    ("finished", StateWord::Done),
    ("success", StateWord::Done),
    ("succeeded", StateWord::Done),
    ("failed", StateWord::Failed),
    ("failure", StateWord::Failed),
    ("error", StateWord::Failed),
    ("errored", StateWord::Failed),
    ("timeout", StateWord::Failed),
    ("timed_out", StateWord::Failed),
    ("cancelled", StateWord::Stopped),
    ("canceled", StateWord::Stopped),
    ("aborted", StateWord::Stopped),
    ("stopped", StateWord::Stopped),
    ("skipped", StateWord::Stopped),
];

/// Why a scan did not end well, by the names that are usual for it.
const REASONS: [&str; 5] = ["error", "error_message", "failure_reason", "reason", "message"];

/// What an answer says of one scan.
#[derive(Debug)]
pub(super) struct ScanAnswer(Fields);

impl ScanAnswer {
    /// The scan in an answer: the object itself where it has an id, else the one that it is wrapped in. A word for success around a
    /// scan is that of the request, and not of the scan; so is a word for the end around a scan that has not ended.
    pub(super) fn of(answer: Fields) -> Self {
        let has_id = ids(&answer).next().is_some();
        let mut wrapped = WRAPPERS.iter().filter_map(|name| answer.value(name)).filter(|value| value.is_object());
        let own = word_of(answer.map());
        let is_inner = |value: &&Value| {
            let goes_on = || {
                let inner = value.as_object().map(word_of).unwrap_or_default();
                own.as_deref().and_then(table) == Some(StateWord::Done)
                    && matches!(inner.as_deref().and_then(table), Some(StateWord::Queued | StateWord::Running))
            };
            !has_id || goes_on() || (has_state(value) && own.as_deref().is_some_and(|own| OUTCOMES.contains(&own)))
        };
        match wrapped.find(is_inner) {
            Some(inner) => Self(Fields::deserialize(inner).unwrap_or_default()),
            None => Self(answer),
        }
    }

    /// Its id, by the first name that holds a text or a whole number.
    pub(super) fn id(&self) -> Option<String> {
        ids(&self.0).next()
    }

    /// Whether it is this scan, as far as it says. A scan may be known by a number and by a longer name.
    pub(super) fn may_be(&self, id: &str) -> bool {
        self.id().is_none() || self.is(id)
    }

    /// Whether it says that it is this scan.
    pub(super) fn is(&self, id: &str) -> bool {
        ids(&self.0).any(|named| named.eq_ignore_ascii_case(id))
    }

    /// An address of its page that it may name (contract section 2.3).
    pub(super) fn page(&self) -> Option<String> {
        self.0.text(&["dashboard_url"]).ok().flatten()
    }

    /// Where it stands: `own` is what the user says that words mean.
    ///
    /// # Errors
    /// No word for the state is there, or what stands in its place is none.
    pub(super) fn state(&self, own: &BTreeMap<String, StateWord>, redactor: &Redactor) -> Result<ScanState, Error> {
        let clean = |text: &str| redactor.clean(&bounded(&one_line(text), 300));
        let word = self.word(own)?;
        Ok(match scan_state(&word, own, &STATES) {
            Some(StateWord::Running) => ScanState::Running {
                percent: self.percent(),
                step: self.0.words(&["phase", "stage"]).map(|step| clean(&step)),
            },
            Some(state) => state.state(match self.0.words(&REASONS) {
                Some(reason) => clean(&reason),
                None => format!("Cybrium says `{}` and gives no reason", clean(&word)),
            }),
            None => ScanState::Unknown(clean(&word)),
        })
    }

    /// How it ended, where it says so by a word that cannot be that of a request.
    pub(super) fn end(&self, own: &BTreeMap<String, StateWord>, redactor: &Redactor) -> Option<ScanState> {
        let is_outcome = OUTCOMES.contains(&state_word(&self.word(own).ok()?).as_str());
        self.state(own, redactor).ok().filter(|state| state.is_terminal() && !is_outcome)
    }

    /// The word for its state. A truth value there is the outcome of the request, and so is a number that the user gives no meaning.
    /// Where no id says what the word is of, it is not that of the scan if it can be that of the request, or if something inside
    /// has a state of its own.
    fn word(&self, own: &BTreeMap<String, StateWord>) -> Result<String, Error> {
        let protocol =
            |what: String| Error::Protocol { message: format!("Cybrium's answer about the scan has {what}") };
        let mut number = None;
        for name in STATE_NAMES {
            let word = match self.0.value(name) {
                Some(Value::String(word)) if !word.trim().is_empty() => word.trim().to_owned(),
                Some(Value::Number(word)) if own.contains_key(&word.to_string()) => word.to_string(),
                Some(Value::Number(word)) => {
                    number = Some(format!("{word} as `{name}`, which is no word: map it with --state {word}=CLASS"));
                    continue;
                }
                Some(Value::Object(_) | Value::Array(_)) => {
                    return Err(protocol(format!("a `{name}` that is no word")));
                }
                _ => continue,
            };
            let compared = state_word(&word);
            let is_outcome = OUTCOMES.contains(&compared.as_str()) && !own.contains_key(&compared);
            return match self.id() {
                None if is_outcome => Err(protocol(format!("`{word}` for the request, and no state of the scan"))),
                None if self.0.map().values().any(has_state_inside) => {
                    Err(protocol("more than one state, and no id that says which is the scan's".to_owned()))
                }
                _ => Ok(word),
            };
        }
        Err(protocol(number.unwrap_or_else(|| "neither `status` nor `state`".to_owned())))
    }

    /// How far it is, 0 to 100. A number up to 1 is taken for a part of the whole, unless it is the whole itself.
    fn percent(&self) -> Option<f64> {
        let number = self.0.number(&["progress", "progress_percent"]).ok().flatten()?;
        let percent = if number > 0.0 && number < 1.0 { number * 100.0 } else { number };
        (0.0..=100.0).contains(&percent).then_some(percent)
    }
}

/// Whether an object has a word for a state.
fn has_state(value: &Value) -> bool {
    STATE_NAMES.iter().any(|name| value.get(name).is_some_and(Value::is_string))
}

/// Whether this is an object with a state, or a list with one in it.
fn has_state_inside(value: &Value) -> bool {
    has_state(value) || value.as_array().is_some_and(|rows| rows.iter().any(has_state))
}

/// The word for the state of an object, as words are compared.
fn word_of(object: &Map<String, Value>) -> Option<String> {
    STATE_NAMES.iter().find_map(|name| object.get(*name)?.as_str()).map(state_word)
}

/// What a word means by the contract.
fn table(word: &str) -> Option<StateWord> {
    STATES.iter().find(|(known, _)| *known == word).map(|(_, state)| *state)
}

/// Every id that an object has, in the contract's order.
fn ids(fields: &Fields) -> impl Iterator<Item = String> {
    IDS.iter().filter_map(|name| id_in(fields.value(name)?))
}

/// A text or whole number as an id.
pub(super) fn id_in(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) if number.is_u64() => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(json: &str) -> ScanAnswer {
        ScanAnswer::of(serde_json::from_str(json).unwrap())
    }

    fn state(json: &str) -> Result<ScanState, Error> {
        answer(json).state(&BTreeMap::new(), &Redactor::default())
    }

    #[test]
    fn an_id_is_found_under_every_name_as_text_or_number_in_the_contracts_order_and_in_one_wrapper() {
        for (json, id) in [
            (r#"{"id":"a","scan_id":"b"}"#, Some("a")),
            (r#"{"id":1042}"#, Some("1042")),
            (r#"{"scan_job":{"id":"a"}}"#, Some("a")),
            (r#"{"data":{"id":"tenant"},"job":{"id":"a"}}"#, Some("a")),
            (r#"{"id":null,"scan_id":"b","uuid":"c"}"#, Some("b")),
            (r#"{"uuid":"c","scan_job_id":"d","job_id":"e"}"#, Some("c")),
            (r#"{"job_id":7,"scan_job_id":" d "}"#, Some("d")),
            (r#"{"job_id":7}"#, Some("7")),
            (r#"{"data":{"id":"a"}}"#, Some("a")),
            (r#"{"status":"success","scan":{"uuid":"c"}}"#, Some("c")),
            (r#"{"result":{"scan_id":3}}"#, Some("3")),
            (r#"{"id":"outer","data":{"id":"inner"}}"#, Some("outer")),
            (r#"{"data":{"data":{"id":"too deep"}}}"#, None),
            (r#"{"data":[{"id":"a"}]}"#, None),
            (r#"{"id":"","uuid":" "}"#, None),
            (r#"{"id":true}"#, None),
            (r#"{"id":1.5}"#, None),
            (r#"{"id":{"value":"a"}}"#, None),
            ("{}", None),
        ] {
            assert_eq!(answer(json).id().as_deref(), id, "{json}");
        }
    }

    #[test]
    fn every_word_of_the_contract_has_its_class_however_it_is_spelt() {
        for word in ["pending", "Queued", "NEW", " scheduled "] {
            assert_eq!(state(&format!(r#"{{"status":"{word}"}}"#)).unwrap(), ScanState::Queued, "{word}");
        }
        for word in ["running", "In Progress", "in-progress", "ANALYZING", "active"] {
            let running = ScanState::Running { percent: None, step: None };
            assert_eq!(state(&format!(r#"{{"state":"{word}"}}"#)).unwrap(), running, "{word}");
        }
        for word in ["completed", "Complete", "done", "finished", "succeeded"] {
            assert_eq!(state(&format!(r#"{{"status":"{word}"}}"#)).unwrap(), ScanState::Done, "{word}");
        }
        assert_eq!(state(r#"{"id":"a","status":"SUCCESS"}"#).unwrap(), ScanState::Done);
        for word in ["failed", "failure", "error", "errored", "timeout", "timed-out"] {
            assert!(matches!(state(&format!(r#"{{"id":"a","status":"{word}"}}"#)), Ok(ScanState::Failed(_))), "{word}");
        }
        for word in ["cancelled", "canceled", "aborted", "stopped", "skipped"] {
            assert!(matches!(state(&format!(r#"{{"status":"{word}"}}"#)), Ok(ScanState::Stopped(_))), "{word}");
        }
        for word in ["ok", "partial", "completed_with_errors", "archived", "200"] {
            assert_eq!(
                state(&format!(r#"{{"status":"{word}"}}"#)).unwrap(),
                ScanState::Unknown(word.to_owned()),
                "{word}"
            );
        }
    }

    #[test]
    fn what_the_user_says_of_a_word_comes_first() {
        let own = BTreeMap::from([("archived".to_owned(), StateWord::Done), ("done".to_owned(), StateWord::Running)]);
        let state = |json: &str| answer(json).state(&own, &Redactor::default()).unwrap();
        assert_eq!(state(r#"{"status":"Archived"}"#), ScanState::Done);
        assert_eq!(state(r#"{"status":"done"}"#), ScanState::Running { percent: None, step: None });
        let own = BTreeMap::from(["3", "success"].map(|word| (word.to_owned(), StateWord::Done)));
        for json in [r#"{"status":3}"#, r#"{"status":7,"state":3}"#, r#"{"status":"Success"}"#] {
            assert_eq!(answer(json).state(&own, &Redactor::default()).unwrap(), ScanState::Done, "{json}");
        }
        let unsaid =
            answer(r#"{"id":"a","status":3}"#).state(&BTreeMap::new(), &Redactor::default()).unwrap_err().to_string();
        assert!(unsaid.contains("3 as `status`") && unsaid.contains("--state 3=CLASS"), "{unsaid}");
    }

    #[test]
    fn the_success_of_a_request_is_not_taken_for_that_of_the_scan() {
        for json in [
            r#"{"status":"success","data":{"id":"a","status":"running"}}"#,
            r#"{"status":true,"state":"running"}"#,
            r#"{"status":200,"scan":{"state":"running"}}"#,
            r#"{"status":"running","state":"completed"}"#,
            r#"{"id":"a","status":"running","result":{"status":"completed"}}"#,
            r#"{"status":"success","scan_job":{"id":"a","status":"running"}}"#,
            r#"{"id":"a","status":"success","data":{"status":"running"}}"#,
            r#"{"id":"a","status":"completed","scan":{"status":"running"}}"#,
            r#"{"result":{"status":"completed"},"job":{"status":"running"}}"#,
        ] {
            assert_eq!(state(json).unwrap(), ScanState::Running { percent: None, step: None }, "{json}");
        }
        assert!(matches!(state(r#"{"status":"success","job":{"status":"failed"}}"#), Ok(ScanState::Failed(_))));
        for done in [
            r#"{"status":"completed"}"#,
            r#"{"id":"a","status":"done","stages":[{"status":"skipped"}]}"#,
            r#"{"id":"a","status":"done","result":{"id":"r","status":"failed"}}"#,
        ] {
            assert_eq!(state(done).unwrap(), ScanState::Done, "{done}");
        }
        for json in [
            r#"{"status":"success","data":{"id":"a"}}"#,
            r#"{"status":"success","data":{"progress":10}}"#,
            r#"{"id":"a","status":null}"#,
            r#"{"status":{"word":"completed"}}"#,
            r#"{"status":["completed"]}"#,
            r#"{"status":"success"}"#,
            r#"{"status":"error","message":"no such scan"}"#,
            r#"{"status":"success","data":null}"#,
            r#"{"status":"success","data":[{"id":"a","status":"running"}]}"#,
            r#"{"status":"success","results":[{"id":"a","state":"running"}]}"#,
            r#"{"status":"completed","anything":{"status":"running"}}"#,
            r#"{"data":{"status":"completed","scans":[{"status":"running"}]}}"#,
            "{}",
        ] {
            assert!(matches!(state(json), Err(Error::Protocol { .. })), "{json}");
        }
    }

    #[test]
    fn progress_is_a_percentage_or_a_part_of_the_whole() {
        for (progress, percent) in
            [("42", Some(42.0)), ("\"42.5\"", Some(42.5)), ("0.25", Some(25.0)), ("250", None), ("\"soon\"", None)]
        {
            let json = format!(r#"{{"status":"running","progress":{progress},"phase":"sca\n1"}}"#);
            let expected = ScanState::Running { percent, step: Some("sca 1".to_owned()) };
            assert_eq!(state(&json).unwrap(), expected, "{progress}");
        }
    }

    #[test]
    fn a_scan_that_did_not_end_well_says_why_in_one_line() {
        let failed = state(r#"{"status":"failed","error":{"code":"E1","message":"no\nroute"}}"#).unwrap();
        assert_eq!(failed, ScanState::Failed("E1; no route".to_owned()));
        let stopped = state(r#"{"status":"aborted"}"#).unwrap();
        assert_eq!(stopped, ScanState::Stopped("Cybrium says `aborted` and gives no reason".to_owned()));
    }

    #[test]
    fn a_scan_is_told_from_another_by_any_of_its_ids() {
        assert!(answer(r#"{"id":17,"uuid":"AB-1"}"#).may_be("ab-1"));
        assert!(answer(r#"{"status":"done"}"#).may_be("ab-1") && !answer(r#"{"status":"done"}"#).is("ab-1"));
        assert!(!answer(r#"{"id":17,"uuid":"ab-2"}"#).may_be("ab-1"));
    }
}
