//! Scans that do not end well, or not at all.

use std::time::Duration;

use scangate::error::{Class, Signal};
use scangate::platform::ScanState;

use crate::conformance::judge::Judge;
use crate::conformance::row::Row;
use crate::conformance::run::Scan;

pub(in crate::conformance) async fn unknown_state(row: &Row, judge: &mut Judge) {
    let word = "hibernating";
    let played = Scan::of(row).fault(&format!("unknown-state={word}")).run().await;
    judge.ends(&played, Class::Timeout);
    let states = played.witness.states.borrow();
    // Where another field says that the scan runs, the word is what it is doing.
    let is_named = |state: &&ScanState| match state {
        ScanState::Unknown(said) | ScanState::Running { step: Some(said), .. } => said.contains(word),
        _ => false,
    };
    let named = states.iter().filter(is_named).count();
    judge.check(named == 1, &played.what, &format!("it was named {named} times: {states:?}"));
    let is_last = !matches!(states.last(), Some(ScanState::Unknown(_))) || played.ended.explain().contains(word);
    judge.check(is_last, &played.what, "the message does not name it");
}

pub(in crate::conformance) async fn failed(row: &Row, judge: &mut Judge) {
    judge.ends(&Scan::of(row).fault("failed-scan").run().await, Class::ScanFailed);
}

pub(in crate::conformance) async fn deadline(row: &Row, judge: &mut Judge) {
    let deadline = Duration::from_mins(10);
    let played = Scan::of(row).fault("stuck-queued").flag("timeout", "10m").run().await;
    judge.ends(&played, Class::Timeout);
    let took = played.ended.took;
    let is_in_time = took <= deadline && took >= deadline.mul_f64(0.97);
    judge.check(is_in_time, &played.what, &format!("it took {took:?} of {deadline:?}"));
}

pub(in crate::conformance) async fn cancel(row: &Row, judge: &mut Judge) {
    let played = Scan::of(row).interrupted().flag("on-interrupt", "cancel").run().await;
    judge.ends(&played, Class::Interrupted(Signal::Terminate));
    let problem = played.ended.problem();
    let words = if row.platform.about().supports_cancel { "was cancelled" } else { "documents no way to cancel" };
    let is_told = problem.hint.as_ref().is_some_and(|hint| hint.contains(words));
    judge.check(is_told, "interrupted", &format!("people are told {problem:?}, not that it {words}"));
}
