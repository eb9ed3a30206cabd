//! Failures that pass, and those that do not.

use std::time::Duration;

use scangate::error::Class;

use crate::conformance::judge::Judge;
use crate::conformance::row::Row;
use crate::conformance::run::Scan;

pub(in crate::conformance) async fn limited_until_a_date(row: &Row, judge: &mut Judge) {
    // Seven seconds, of which a date that knows no fractions can hide one.
    limited(row, judge, "429-date", Duration::from_secs(6)).await;
}

pub(in crate::conformance) async fn limited_for_seconds(row: &Row, judge: &mut Judge) {
    limited(row, judge, "429", Duration::from_secs(1)).await;
    judge.ends(&Scan::of(row).fault("429=99999@status").run().await, Class::Unavailable);
}

pub(in crate::conformance) async fn limited_until_a_reset(row: &Row, judge: &mut Judge) {
    limited(row, judge, "429-reset", Duration::from_secs(6)).await;
}

/// One answer says to come back later: it is heeded, and nothing else comes of it.
async fn limited(row: &Row, judge: &mut Judge, fault: &str, wait: Duration) {
    let plain = Scan::of(row).run().await;
    for place in ["start", "status", "results"] {
        let played = Scan::of(row).fault(&format!("{fault}@{place}")).run().await;
        judge.recovers(&played, &plain);
        let started = played.witness.started_after.get().unwrap_or_default();
        let is_heeded = place != "start" || started >= wait;
        judge.check(is_heeded, &played.what, &format!("asked again within {started:?}"));
    }
}

pub(in crate::conformance) async fn server_error(row: &Row, judge: &mut Judge) {
    passing(row, judge, "500").await;
    judge.ends(&Scan::of(row).fault("500=99999@status").run().await, Class::Unavailable);
}

pub(in crate::conformance) async fn reset(row: &Row, judge: &mut Judge) {
    passing(row, judge, "reset").await;
    judge.ends(&Scan::of(row).fault("reset=99999@results").run().await, Class::Unavailable);
}

/// Two answers fail where something is read, which changes nothing; and one where a scan is asked for. That may have been started and
/// may cost money, so it is not asked for again, though the second answer would be a good one.
async fn passing(row: &Row, judge: &mut Judge, fault: &str) {
    let plain = Scan::of(row).run().await;
    for place in ["status", "results"] {
        judge.recovers(&Scan::of(row).fault(&format!("{fault}=2@{place}")).run().await, &plain);
    }
    judge.ends(&Scan::of(row).fault(&format!("{fault}=1@start")).run().await, Class::Unavailable);
}
