//! Refusals: who asks, what may be seen, and what is not there.

use scangate::error::Class;

use crate::conformance::judge::Judge;
use crate::conformance::row::Row;
use crate::conformance::run::Scan;

/// The most requests that a refused credential may cost before the run gives up.
const MOST_REQUESTS: u64 = 12;

pub(in crate::conformance) async fn first_401(row: &Row, judge: &mut Judge) {
    unauthorised(row, judge, "").await;
}

pub(in crate::conformance) async fn polled_401(row: &Row, judge: &mut Judge) {
    unauthorised(row, judge, "@status").await;
    // The account is closed while the scan runs. A spare key is closed by itself.
    for way in row.ways.iter().filter(|way| !way.has_spare()) {
        judge.ends(&Scan::of(row).by(way).fault("revoke").run().await, Class::Auth);
    }
}

async fn unauthorised(row: &Row, judge: &mut Judge, place: &str) {
    let plain = Scan::of(row).run().await;
    for way in row.ways {
        let once = Scan::of(row).by(way).fault(&format!("401=1{place}")).run().await;
        if way.is_renewable {
            judge.recovers(&once, &plain);
        } else {
            judge.ends(&once, Class::Auth);
        }
        let always = Scan::of(row).by(way).fault(&format!("401=99{place}")).run().await;
        judge.ends(&always, Class::Auth);
        let asked = always.requests();
        judge.check(asked <= MOST_REQUESTS, &always.what, &format!("{asked} requests with a refused credential"));
    }
}

pub(in crate::conformance) async fn forbidden(row: &Row, judge: &mut Judge) {
    for place in ["start", "status", "results"] {
        judge.ends(&Scan::of(row).fault(&format!("403=99@{place}")).run().await, Class::Auth);
    }
    judge.ends(&Scan::of(row).fault("no-access-403").run().await, Class::Auth);
}

pub(in crate::conformance) async fn not_found(row: &Row, judge: &mut Judge) {
    let plain = Scan::of(row).run().await;
    // On CyberOrigen's smallest plan the first look comes when a scan is young no more, and is forgiven all the same.
    for way in row.ways {
        judge.recovers(&Scan::of(row).by(way).fault("404=1@status").run().await, &plain);
    }
    for place in ["start", "status", "results"] {
        judge.ends(&Scan::of(row).fault(&format!("404=9999@{place}")).run().await, Class::Usage);
    }
}
