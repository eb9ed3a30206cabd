//! Properties of the decoders over answers that nobody has thought of: none panics, and none loses what is counted or listed.

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::alert::Mapper;
use super::envelope::Envelope;
use super::list::{self, Item};
use super::{paging, places, progress, start, summary};
use crate::finding::{Finding, Severity};
use crate::platform::{ScanState, arbitrary};

/// Names that mean something to some decoder, and one that means nothing.
const NAMES: [&str; 32] = [
    "data",
    "success",
    "error",
    "id",
    "isCompleted",
    "status",
    "security",
    "riskSummary",
    "risks",
    "results",
    "report",
    "alerts",
    "findings",
    "instances",
    "items",
    "critical",
    "High",
    "low",
    "info",
    "count",
    "total",
    "severity",
    "riskdesc",
    "name",
    "url",
    "cwe",
    "isAccepted",
    "acceptedRisk",
    "next",
    "page",
    "hasMore",
    "other",
];

/// Words that mean something to some decoder, or look as if they did.
const WORDS: [&str; 12] = [
    "critical",
    "High (Low)",
    "3",
    "true",
    "completed",
    "failed",
    "accepted",
    "CWE-79",
    "https://a.example/x?y",
    "<p>x</p>",
    "-1",
    "",
];

/// Any JSON, with names and words that are likely to reach somewhere.
fn document() -> impl Strategy<Value = Value> {
    arbitrary::document(&NAMES, &WORDS)
}

/// The findings of a list, and how many more it counts.
fn read(payload: &Value) -> Option<(Vec<Finding>, u64)> {
    let list = list::find(payload)?;
    let mut mapper = Mapper::new("site.example", Timestamp::UNIX_EPOCH);
    let (mut findings, mut others) = (Vec::new(), 0_u64);
    let fresh = vec![true; list.rows().len()];
    list.expand(&fresh, &mut |item| match item {
        Item::Finding(fields) => findings.push(mapper.finding(fields)),
        Item::Unlisted(_, count) => others = others.saturating_add(count),
        Item::Unreadable => others = others.saturating_add(1),
    });
    Some((findings, others))
}

proptest! {
    #[test]
    fn no_answer_makes_a_decoder_panic(answer in document()) {
        let Ok(answer) = Envelope::open(answer) else { return Ok(()) };
        let payload = answer.payload();
        let is_done = matches!(progress::state(&answer, &std::collections::BTreeMap::new(), str::to_owned), Ok(ScanState::Done));
        let names = payload.as_object().map(|fields| fields.keys().map(String::as_str).collect::<Vec<_>>()).unwrap_or_default();
        prop_assert!(!is_done || ["isCompleted", "status"].iter().any(|name| names.contains(name)));
        drop(start::report_id(&answer));
        drop(summary::find(payload));
        drop(read(payload));
        drop(places::description(answer.root()));
        let mut pager = paging::Pager::default();
        pager.take(&answer, &list::find(payload).map(|list| list.rows()).unwrap_or_default());
        drop((pager.next(0), pager.shortfall(0)));
    }

    /// Whatever stands beside it, a count under its likeliest name is believed, or the answer is an error.
    #[test]
    fn no_named_count_is_lost(mut payload in document().prop_filter("is an object", Value::is_object), count in 1_u64..9) {
        payload["riskSummary"] = json!({ "critical": count });
        if let Ok(found) = summary::find(&payload) {
            let critical = found.and_then(|summary| summary.counts.get(&Severity::Critical).copied());
            prop_assert!(critical >= Some(count), "{payload}");
        }
    }

    /// Whatever other rows hold, a row that says it is critical and open is a finding that gates.
    #[test]
    fn no_critical_row_is_lost(rows in prop::collection::vec(document(), 0..4), at in any::<prop::sample::Index>()) {
        let mut rows = rows;
        rows.insert(at.index(rows.len() + 1), json!({ "name": "x", "severity": "Critical", "url": "/x" }));
        let (findings, _) = read(&json!({ "alerts": rows })).unwrap();
        prop_assert!(findings.iter().any(|finding| finding.severity == Some(Severity::Critical) && finding.state.is_open()));
    }

    /// No row goes without a trace: it is a finding, a heading of nothing, or counted.
    #[test]
    fn every_row_without_members_is_a_finding(row in document().prop_filter("is an object", Value::is_object)) {
        let mut row = row;
        let fields = row.as_object_mut().unwrap();
        for name in ["alerts", "findings", "items"] {
            fields.remove(name);
        }
        fields.retain(|name, _| !matches!(crate::platform::fields::plain(name).as_str(), "alerts" | "findings" | "items"));
        let (findings, others) = read(&json!({ "alerts": [row, { "severity": "low" }] })).unwrap();
        prop_assert!(findings.len() as u64 + others >= 2);
    }
}
