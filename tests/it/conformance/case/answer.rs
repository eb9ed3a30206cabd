//! Answers that are not what they should be.

use scangate::error::Class;
use scangate::sandbox::{Fault, Kind, Place};

use crate::conformance::foreign::Foreign;
use crate::conformance::judge::Judge;
use crate::conformance::row::Row;
use crate::conformance::run::Scan;

fn everywhere(row: &Row, kind: &Kind) -> impl Iterator<Item = Fault> {
    row.places.iter().map(|place| Fault { dialect: None, kind: kind.clone(), place: Some(*place) })
}

pub(in crate::conformance) async fn cut_json(row: &Row, judge: &mut Judge) {
    not_understood(row, judge, &Kind::CutJson).await;
}

pub(in crate::conformance) async fn html(row: &Row, judge: &mut Judge) {
    not_understood(row, judge, &Kind::Html).await;
}

async fn not_understood(row: &Row, judge: &mut Judge, kind: &Kind) {
    // Nobody reads what an object storage says to an upload that it took.
    for fault in everywhere(row, kind).filter(|fault| fault.place != Some(Place::Upload)) {
        judge.ends(&Scan::of(row).plays(fault).run().await, Class::Protocol);
    }
}

pub(in crate::conformance) async fn redirect(row: &Row, judge: &mut Judge) {
    let foreign = Foreign::start().await;
    for fault in everywhere(row, &Kind::RedirectForeign(foreign.url("/take"))) {
        let played = Scan::of(row).plays(fault).run().await;
        judge.ends(&played, Class::Protocol);
        judge.check(foreign.connections() == 0, &played.what, "the other origin was called");
    }
}

pub(in crate::conformance) async fn three_pages(row: &Row, judge: &mut Judge) {
    let plain = Scan::of(row).run().await;
    let played = Scan::of(row).fault("many=250").run().await;
    judge.ends(&played, Class::Passed);
    let (found, pages) = (played.findings().len() - plain.findings().len(), played.requests() - plain.requests());
    judge.check(found == 250, &played.what, &format!("250 findings more are {found}"));
    judge.check(pages >= 2, &played.what, &format!("{pages} more requests are not three pages"));
}

pub(in crate::conformance) async fn page_lies(row: &Row, judge: &mut Judge) {
    let clean = Scan::of(row).clean().gated().fault("page-lies").run().await;
    if row.counts_gate {
        judge.ends(&clean, Class::Findings);
        return;
    }
    judge.ends(&clean, Class::Incomplete);
    judge.ends(&Scan::of(row).fault("page-lies").run().await, Class::Incomplete);
}
