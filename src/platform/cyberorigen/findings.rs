//! Reads the findings of an ended scan, all pages, and holds them against what the scan itself counts (contract 4.1; DESIGN
//! section 8).

use serde::de::DeserializeOwned;
use url::Url;

use super::refusal::Asked;
use super::rows::Mapper;
use super::wire::{FindingRow, Page, Scan};
use super::{CyberOrigen, controls, counts, status};
use crate::finding::{Finding, ScanReference};
use crate::http::Call;
use crate::platform::pages::{Listing, Sheet};
use crate::platform::settling::Settling;
use crate::platform::{Collected, Error, ScanState};

/// Rows that are asked for with each page; no page has more (contract 3).
const PAGE_SIZE: u64 = 100;

/// All findings of an ended scan, with the compliance controls where frameworks were asked for.
pub(super) async fn collect(platform: &CyberOrigen, scan: &ScanReference) -> Result<Collected, Error> {
    let seen = platform.look(scan, |call| call).await?;
    let mut collected = Collected { notes: platform.order.notes(), ..Collected::default() };
    let redactor = platform.session.client().redactor();
    if status::state(&seen, &platform.states, redactor)? != ScanState::Done {
        collected.missing.push("the scan had not ended well when its findings were read".to_owned());
    }
    let mut list = Listing::new();
    let read = settled(platform, &scan.id, counts::counted(&seen), &mut list).await;
    let shortfall = list.shortfall();
    add(&mut collected, list.into_rows(), &seen, scan, platform);
    if let Err(error) = read {
        return collected.cut_short_by(error);
    }
    collected.missing.extend(shortfall.map(|how| format!("the list of findings {how}")));
    collected.unlisted = counts::beyond(&seen, &collected.findings);
    let counted = collected.unlisted.iter().map(|part| format!("beyond its list the scan counts {}", part.what()));
    collected.missing.extend(counted);
    if !platform.order.frameworks.is_empty() {
        controls::add(&mut collected, platform).await;
    }
    Ok(collected)
}

/// The rows as findings, and what is doubtful about them.
fn add(collected: &mut Collected, rows: Vec<FindingRow>, seen: &Scan, scan: &ScanReference, platform: &CyberOrigen) {
    let is_foreign = |row: &&FindingRow| row.scan.as_ref().is_some_and(|id| !id.eq_ignore_ascii_case(&scan.id));
    let foreign = rows.iter().filter(is_foreign).count();
    if foreign > 0 {
        collected.missing.push(format!("{foreign} of the {} findings in the list are of another scan", rows.len()));
    }
    let target = seen.target.as_deref().or(platform.target.as_deref()).unwrap_or_default();
    let names_severity = rows.iter().any(|row| row.names_severity);
    let mut mapper = Mapper::new(&platform.directory, target);
    collected.findings = rows.into_iter().map(|row| mapper.finding(row)).collect();
    let is_unrated = |finding: &&Finding| finding.severity.is_none();
    match collected.findings.iter().filter(is_unrated).count() {
        0 => {}
        // The names of fields are inferred: a severity that is nowhere may well be one under another name.
        all if !names_severity => collected
            .missing
            .push(format!("none of the {all} findings has a severity or a score under a name that scangate knows")),
        some => collected.notes.push(format!(
            "{some} of the {} findings have neither a severity nor a score, and count by --unrated",
            collected.findings.len()
        )),
    }
}

/// Reads the list of findings, and reads it again while it holds less than is counted and still changes. After an error `list` has
/// what was read.
async fn settled(
    platform: &CyberOrigen,
    scan: &str,
    counted: u64,
    list: &mut Listing<FindingRow>,
) -> Result<(), Error> {
    let url = platform.endpoints.api(["scans", scan, "findings"])?;
    let settling = Settling::new(platform.session.client());
    platform.read(&url, Asked::Findings(scan), list).await?;
    while (list.shortfall().is_some() || list.count() < counted) && settling.look_again().await {
        let mut again = Listing::new();
        platform.read(&url, Asked::Findings(scan), &mut again).await?;
        let is_steady = again.count() == list.count();
        *list = again;
        if is_steady {
            break;
        }
    }
    Ok(())
}

/// A row of a list.
pub(super) trait Row: DeserializeOwned + Send + 'static {
    /// The whole row as a text.
    fn identity(&self) -> &str;
}

impl Row for FindingRow {
    fn identity(&self) -> &str {
        &self.identity
    }
}

impl CyberOrigen {
    /// Reads a list from its first page to its last. Filters are not sent: none is documented, and one that is not understood the
    /// same way would hide findings.
    pub(super) async fn read<R: Row>(
        &self,
        url: &Url,
        asked: Asked<'_>,
        listing: &mut Listing<R>,
    ) -> Result<(), Error> {
        let mut number = 1;
        loop {
            let call = Call::get(with_query(url.clone(), number));
            let page: Page<R> = match self.session.json(call).await {
                Err(error) if error.status() == Some(404) && listing.ends_anywhere() => return Ok(()),
                page => page.map_err(|error| self.explain(error, asked))?,
            };
            let sheet = Sheet {
                number,
                total: page.total,
                pages: page.pages,
                rows: page.rows.into_iter().map(|row| (row.identity().to_owned(), row)).collect(),
            };
            if !listing.take(sheet) {
                return Ok(());
            }
            number += 1;
        }
    }
}

fn with_query(mut url: Url, number: u64) -> Url {
    url.query_pairs_mut().append_pair("page", &number.to_string()).append_pair("per_page", &PAGE_SIZE.to_string());
    url
}
