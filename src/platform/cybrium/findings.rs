//! Reads the findings of an ended scan, and judges whether they are all there are (contract section 4; DESIGN section 8).

use url::Url;

use super::listing::Listing;
use super::refusal::Asked;
use super::rows::{Belonging, Mapper, Row};
use super::{Cybrium, WITHOUT_ID};
use crate::finding::ScanReference;
use crate::http::Call;
use crate::platform::settling::Settling;
use crate::platform::{Collected, Error};

/// All findings of an ended scan.
pub(super) async fn collect(platform: &Cybrium, scan: &ScanReference) -> Result<Collected, Error> {
    let has_id = scan.id != WITHOUT_ID;
    let expected = platform.uploaded.get().unwrap_or_default();
    let mut collected = Collected { notes: platform.notes(), ..Collected::default() };
    let mut list = Listing::from(platform.endpoints.findings(&scan.id).as_str());
    let read = read(platform, scan, &mut list, expected, &mut collected).await;
    if read.is_ok() && list.count() < expected {
        collected.missing.push(format!(
            "the SARIF file has {expected} different results, and the list of what Cybrium made of them has {}",
            list.count()
        ));
    }
    collected.missing.extend(list.shortfall().map(|how| format!("the list of findings {how}")));
    let mut mapper = Mapper::new(&platform.directory, platform.endpoints.web());
    let mut belongings = [0_u64; 2];
    for (row, number) in list.into_rows().into_iter().zip(1_u64..) {
        let row = Row::new(row);
        match row.belonging(&scan.id) {
            Belonging::Asked => belongings[0] += 1,
            Belonging::Another => belongings[1] += 1,
            Belonging::Unsaid => {}
        }
        let finding = mapper.finding(&row).map_err(|problem| Error::Protocol {
            message: format!("finding {number} of scan {} cannot be understood: {problem}", scan.id),
        })?;
        collected.findings.push(finding);
    }
    if has_id {
        others(belongings, &mut collected);
    }
    let unrated = collected.findings.iter().filter(|finding| finding.severity.is_none()).count();
    if unrated > 0 {
        collected.notes.push(format!(
            "{unrated} of Cybrium's findings have no severity that scangate knows; --unrated says what they count as"
        ));
    }
    match read {
        Ok(()) => Ok(collected),
        Err(error) => collected.cut_short_by(error),
    }
}

/// A server that does not know the filter lists the findings of every scan. They all count, which passes nothing by accident; but
/// where none is of this scan, the list is another's.
fn others([asked, another]: [u64; 2], collected: &mut Collected) {
    let way_out = "if the filter of the address is not heeded, set --path findings=";
    match (asked, another) {
        (_, 0) => {}
        (0, _) => collected.missing.push(format!("the list of findings belongs to another scan; {way_out}")),
        _ => collected.notes.push(format!("{another} of the findings name another scan, and count as well; {way_out}")),
    }
}

/// Reads the list; where it has less than what was uploaded or no scan could be watched, until it stays the same, and in the second
/// case holds all that was uploaded, for two minutes at most. After an error `list` has what was read.
async fn read(
    platform: &Cybrium,
    scan: &ScanReference,
    list: &mut Listing,
    expected: u64,
    collected: &mut Collected,
) -> Result<(), Error> {
    let (first, asked) = (platform.endpoints.findings(&scan.id), Asked::Findings(&scan.id));
    platform.list(first.clone(), asked, list).await?;
    if scan.id != WITHOUT_ID && list.count() >= expected {
        return Ok(());
    }
    let settling = Settling::new(platform.session.client());
    while settling.look_again().await {
        let mut again = Listing::from(first.as_str());
        platform.list(first.clone(), asked, &mut again).await?;
        let is_steady = again.rows() == list.rows();
        *list = again;
        if is_steady && (scan.id != WITHOUT_ID || list.count() >= expected) {
            return Ok(());
        }
    }
    collected.missing.push("the findings had not settled when the wait for them ended".to_owned());
    Ok(())
}

impl Cybrium {
    /// Reads a list from its first page to its last. A link to another origin is an error before anything is sent there.
    async fn list(&self, first: Url, asked: Asked<'_>, list: &mut Listing) -> Result<(), Error> {
        let mut address = first;
        loop {
            let page = match self.page(Call::get(address.clone()), asked).await {
                Err(error) if error.status() == Some(404) && list.has_begun() => {
                    list.break_off("lost a page while it was read (404), as one does that gets shorter: run it again");
                    return Ok(());
                }
                page => page?,
            };
            let next = page.next.as_deref().map(|link| self.session.page_link(&address, link)).transpose()?;
            list.take(page);
            match next.filter(|next| list.follows(next.as_str())) {
                Some(next) => address = next,
                None => return Ok(()),
            }
        }
    }
}
