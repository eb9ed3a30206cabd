//! What a scan comes to when nothing goes wrong.

use scangate::error::Class;

use crate::conformance::judge::Judge;
use crate::conformance::row::Row;
use crate::conformance::run::Scan;

pub(in crate::conformance) async fn pass(row: &Row, judge: &mut Judge) {
    for way in row.ways {
        let played = Scan::of(row).clean().by(way).gated().flag("fail-on", "info").run().await;
        judge.ends(&played, Class::Passed);
        judge.check(played.findings().is_empty(), &played.what, "something was found");
        let notes = played.witness.notes.borrow();
        let is_asked = notes.iter().any(|note| note.contains("own policy"));
        judge.check(is_asked == row.platform.about().has_policy, &played.what, &format!("people were told {notes:?}"));
    }
}

pub(in crate::conformance) async fn gate_fails(row: &Row, judge: &mut Judge) {
    judge.ends(&Scan::of(row).gated().run().await, Class::Findings);
}
