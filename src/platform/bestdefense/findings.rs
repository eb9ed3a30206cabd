//! From a complete report to its findings: the overview names the security report, its alerts hold the counts and the list, and
//! the worse of the two gates (contract 6).

use std::future::Future;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::BestDefense;
use super::alert::Mapper;
use super::envelope::Envelope;
use super::list::{self, Item};
use super::paging::{Next, Pager, page_of};
use super::places::description;
use super::refusal::Asked;
use super::summary::{self, Summary};
use crate::error::Class;
use crate::finding::{Finding, Kind, ScanReference, Severity, Unlisted};
use crate::http::Call;
use crate::platform::fields::{Fields, a_kind};
use crate::platform::{Collected, Error};

/// The waits for what a report that was just completed does not have yet (contract 10, row 11), in seconds: half a minute in all.
const WAITS: [u64; 6] = [2, 3, 5, 5, 5, 10];

/// All findings of a complete report.
pub(super) async fn collect(platform: &BestDefense, scan: &ScanReference) -> Result<Collected, Error> {
    let security = security_report(platform, &scan.id).await?;
    let address = platform.endpoints.api(["report", "vortex", &security, "alerts"])?;
    let asked = Asked::Alerts(&scan.id);
    let first = patiently(platform, async || {
        let answer = platform.ask(Call::get(address.clone()), asked).await?;
        Ok((!answer.payload().is_null()).then_some(answer))
    })
    .await?;
    let Some(first) = first else {
        return Err(platform.misunderstood(asked, "no `data`, though the report is complete"));
    };

    let summary = summary::find(first.payload()).map_err(|what| platform.misunderstood(asked, &what))?;
    let mut reading = Reading::new(platform);
    let read = reading.read_all(platform, asked, &address, first, summary.is_some()).await;
    let mut collected = Collected { notes: platform.notes.borrow().clone(), ..Collected::default() };
    reading.conclude(summary, !matches!(read, Ok(false)), &mut collected);
    match read {
        Ok(_) => Ok(collected),
        Err(error) => collected.cut_short_by(error),
    }
}

/// The id of the report's security part, which is of another kind than the report's own (contract 6.1).
async fn security_report(platform: &BestDefense, report: &str) -> Result<String, Error> {
    let asked = Asked::Overview(report);
    let address = platform.endpoints.api(["report", report, "overview"])?;
    let found = patiently(platform, async || {
        let answer = platform.ask(Call::get(address.clone()), asked).await?;
        security_id(&answer).map_err(|what| platform.misunderstood(asked, &what))
    })
    .await?;
    found.ok_or_else(|| Error::Refused {
        class: Class::Incomplete,
        message: format!("report {report} is complete and has no security report, so nothing is known of its findings"),
        hint: "look at the report in the web application: its security scan may not have started".to_owned(),
        source: None,
    })
}

/// `data.security.id`, a whole number; `None` where it is not there, or null. Anything else is not understood.
fn security_id(answer: &Envelope) -> Result<Option<String>, String> {
    let payload = answer.payload();
    let object = match payload {
        Value::Null => return Ok(None),
        Value::Object(object) => object,
        other => return Err(format!("{} where the overview is documented", a_kind(other))),
    };
    let security = match Fields::of(object).get(&["security"]) {
        None => return Ok(None),
        Some(Value::Object(security)) => Fields::of(security),
        // What PHP writes for an object without fields.
        Some(Value::Array(items)) if items.is_empty() => return Ok(None),
        Some(other) => return Err(format!("{} at `data.security`, where an object is documented", a_kind(other))),
    };
    match security.get(&["id"]) {
        None => Ok(None),
        Some(id) => match crate::platform::fields::count(id).filter(|id| *id > 0) {
            Some(id) => Ok(Some(id.to_string())),
            None => Err(format!("{} at `data.security.id` that is no numeric id", a_kind(id))),
        },
    }
}

/// Looks again for a while where something is not there yet: an answer without it, or a 404.
async fn patiently<T, F>(platform: &BestDefense, mut look: impl FnMut() -> F) -> Result<Option<T>, Error>
where
    F: Future<Output = Result<Option<T>, Error>>,
{
    let client = platform.session.client();
    let mut waits = WAITS.into_iter().map(Duration::from_secs);
    loop {
        let outcome = look().await;
        let is_missing = match &outcome {
            Ok(found) => found.is_none(),
            Err(error) => error.status() == Some(404),
        };
        match waits.next() {
            Some(wait) if is_missing && wait < client.remaining() => client.clock().sleep(wait).await,
            _ => return outcome,
        }
    }
}

/// The list as far as it has been read.
struct Reading<'a> {
    mapper: Mapper<'a>,
    pager: Pager,
    findings: Vec<Finding>,
    /// What groups count beyond their members.
    excess: Vec<(Option<Severity>, u64)>,
    unreadable: u64,
}

impl<'a> Reading<'a> {
    fn new(platform: &'a BestDefense) -> Self {
        let now = platform.session.client().clock().now();
        Self {
            mapper: Mapper::new(&platform.host, now),
            pager: Pager::default(),
            findings: Vec::new(),
            excess: Vec::new(),
            unreadable: 0,
        }
    }

    /// Reads the list, all pages of it, and says whether there is one. Where neither it nor a summary is found, nothing is known,
    /// which is an error.
    async fn read_all(
        &mut self,
        platform: &BestDefense,
        asked: Asked<'_>,
        address: &Url,
        first: Envelope,
        has_summary: bool,
    ) -> Result<bool, Error> {
        let mut url = address.clone();
        let mut answer = first;
        loop {
            let is_found = self.take(&answer);
            if !is_found && self.pager.is_unread() {
                if has_summary {
                    return Ok(false);
                }
                return Err(not_recognised(platform, asked, answer.root()));
            }
            url = match self.pager.next(self.findings.len() as u64) {
                Some(Next::Page(number)) if is_found => page_of(address, number),
                Some(Next::Link(link)) if is_found => platform.session.page_link(&url, &link)?,
                _ => return Ok(true),
            };
            answer = platform.ask(Call::get(url.clone()), asked).await?;
        }
    }

    /// Takes a page in, and says whether it has a list at all.
    fn take(&mut self, answer: &Envelope) -> bool {
        let Some(list) = list::find(answer.payload()) else { return false };
        let fresh = self.pager.take(answer, &list.rows());
        let Self { mapper, findings, excess, unreadable, .. } = self;
        list.expand(&fresh, &mut |item| match item {
            Item::Finding(fields) => findings.push(mapper.finding(fields)),
            Item::Unlisted(severity, count) => excess.push((severity, count)),
            Item::Unreadable => *unreadable += 1,
        });
        true
    }

    /// Weighs list and summary against each other.
    fn conclude(self, summary: Option<Summary>, has_list: bool, collected: &mut Collected) {
        let Self { pager, findings, excess, unreadable, .. } = self;
        let listed = findings.len() as u64;
        if has_list && let Some(how) = pager.shortfall(listed) {
            collected.missing.push(format!("the list of alerts {how}"));
        }
        if unreadable > 0 {
            let what = format!("the list of alerts has {unreadable} entries that are no alerts");
            if summary.is_some() { collected.notes.push(what) } else { collected.missing.push(what) }
        }
        if let Some(summary) = summary {
            collected.unlisted = unlisted(&summary, &findings);
            collected.notes.extend(comparison(&summary, &findings, has_list));
            collected.notes.extend(summary.notes);
        } else {
            // What groups count beyond their members is all that is known of those.
            let counted = excess.into_iter().map(|(severity, count)| Unlisted { kind: Kind::Dast, severity, count });
            collected.unlisted = counted.collect();
            collected.notes.push(
                "BestDefense's answer has no risk summary that scangate recognises, so the list of alerts alone was counted"
                    .to_owned(),
            );
        }
        collected.findings = findings;
    }
}

/// What the summary counts beyond the open findings of the list. Whether it counts accepted ones is not documented, so they are not
/// taken to be among its numbers.
fn unlisted(summary: &Summary, findings: &[Finding]) -> Vec<Unlisted> {
    let counted = summary.counts.iter().map(|(severity, count)| (Some(*severity), *count));
    let counted = counted.chain([(None, summary.unrated)]);
    let open = findings.iter().filter(|finding| finding.state.is_open());
    let mut unlisted = Unlisted::beyond(Kind::Dast, counted, open);
    // A total that is more than all that is known of counts something as well.
    let known = unlisted.iter().fold(findings.len() as u64, |sum, own| sum.saturating_add(own.count));
    let rest = summary.total.unwrap_or_default().saturating_sub(known);
    if rest > 0 {
        unlisted.push(Unlisted { kind: Kind::Dast, severity: None, count: rest });
    }
    unlisted
}

/// What people should know of a list that does not agree with the summary.
fn comparison(summary: &Summary, findings: &[Finding], has_list: bool) -> Vec<String> {
    if !has_list {
        return vec![
            "BestDefense's answer has a risk summary and no list of alerts that scangate recognises: its counts gate, and the \
             findings are not shown one by one"
                .to_owned(),
        ];
    }
    let mut notes = Vec::new();
    let mut fewer = Vec::new();
    let mut more = Vec::new();
    let mut accepted = 0;
    for severity in Severity::WORST_FIRST {
        let of_severity = || findings.iter().filter(|finding| finding.severity == Some(severity));
        let open = of_severity().filter(|finding| finding.state.is_open()).count() as u64;
        let counted = summary.counts.get(&severity).copied().unwrap_or_default();
        if open < counted {
            fewer.push(format!("{counted} {severity} and lists {open}"));
            accepted += of_severity().filter(|finding| !finding.state.is_open()).count();
        } else if open > counted {
            more.push(format!("{counted} {severity} and lists {open}"));
        }
    }
    if !fewer.is_empty() {
        let closed = if accepted == 0 {
            String::new()
        } else {
            format!(
                "; {accepted} more are listed as accepted risks, and whether the summary counts those is not documented"
            )
        };
        notes.push(format!(
            "BestDefense counts more findings than it lists as open: it counts {}; the counts gate{closed}",
            fewer.join(", ")
        ));
    }
    if !more.is_empty() {
        notes.push(format!(
            "BestDefense lists more open findings than it counts: it counts {}; the list gates",
            more.join(", ")
        ));
    }
    notes
}

fn not_recognised(platform: &BestDefense, asked: Asked<'_>, root: &Value) -> Error {
    let Error::Protocol { message } = platform.misunderstood(asked, &description(root)) else {
        return platform.misunderstood(asked, "a shape that cannot be described");
    };
    Error::Refused {
        class: Class::Protocol,
        message,
        hint: "report the keys to scangate's makers; --save-raw DIR keeps the whole answer for your own look"
            .to_owned(),
        source: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id(data: &Value) -> Result<Option<String>, String> {
        security_id(&Envelope::open(json!({ "success": true, "data": data })).unwrap())
    }

    #[test]
    fn the_security_reports_id_is_a_whole_number_in_either_type() {
        assert_eq!(id(&json!({ "security": { "id": 12345 }, "seo": { "id": 1 } })), Ok(Some("12345".to_owned())));
        assert_eq!(id(&json!({ "security": { "id": "12345" } })), Ok(Some("12345".to_owned())));
    }

    #[test]
    fn a_security_report_that_is_not_there_is_waited_for_and_another_shape_is_not_understood() {
        for absent in [
            json!(null),
            json!({}),
            json!({ "security": null }),
            json!({ "security": {} }),
            json!({ "security": [] }),
            json!({ "security": { "id": null } }),
            json!({ "seo": { "id": 1 } }),
        ] {
            assert_eq!(id(&absent), Ok(None), "{absent}");
        }
        for other in [
            json!([]),
            json!("x"),
            json!({ "security": "x" }),
            json!({ "security": 7 }),
            json!({ "security": [1] }),
            json!({ "security": { "id": "../1" } }),
            json!({ "security": { "id": 0 } }),
            json!({ "security": { "id": 1.5 } }),
            json!({ "security": { "id": [1] } }),
        ] {
            assert!(id(&other).is_err(), "{other}");
        }
    }
}
