//! How many requests a long scan costs: the table in `docs/benchmarks.md`, measured.

use std::time::Duration;

use scangate::error::Class;

use super::row::rows;
use super::run::Scan;

/// A scan of an hour with a thousand findings, and the most requests that the documentation grants it. Where a platform counts
/// requests, it is the smallest plan that pays for these: CyberOrigen's has 100 an hour.
#[tokio::test]
async fn an_hours_scan_with_a_thousand_findings_takes_no_more_requests_than_documented() {
    let page = include_str!("../../../docs/benchmarks.md");
    let mut wrong = Vec::new();
    for row in rows() {
        let about = row.platform.about();
        let documented =
            page.lines().find_map(|line| line.strip_prefix(&format!("| {} | ", about.name))?.split_once(' '));
        let documented: Option<u64> = documented.and_then(|(number, _)| number.parse().ok());
        let scan = Scan::of(&row).fault("scan-time=3600").fault("many=1000").flag("timeout", "2h");
        let played = scan.run().await;
        let (requests, found) = (played.requests(), played.findings().len());
        println!("{}: {requests} requests, {found} findings, {:?}", about.name, played.ended.took);
        let is_whole = played.ended.class() == Class::Passed && found >= 1000;
        let is_long = played.ended.took >= Duration::from_hours(1) && played.ended.took < Duration::from_mins(75);
        if !is_whole || !is_long || documented.is_none_or(|most| requests > most) {
            let ended = played.ended.explain();
            wrong.push(format!(
                "{}: {requests} requests, documented {documented:?}; {found} findings\n{ended}",
                about.name
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
