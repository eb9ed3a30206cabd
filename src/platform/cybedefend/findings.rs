//! Reads the six lists of a project, and judges whether they are what the scan found (contract 5; DESIGN section 8).
//!
//! The lists show the present state of the project and not of a scan, so each page is checked for the scan that it shows, and
//! nothing that a list says of its own length is believed without counting. The scan of an image is about one of the lists.

use futures_util::stream::{self, StreamExt as _};
use url::Url;

use super::CybeDefend;
use super::family::Family;
use super::listing::{Listing, Sheet, Step};
use super::mapping::{Mapper, Row as _};
use super::refusal::Asked;
use super::rows::AnyRow;
use super::status;
use super::wire::{Page, UnreadRow};
use crate::error::Class;
use crate::finding::{Finding, Location, ScanReference};
use crate::http::{self, Call};
use crate::platform::record::Record;
use crate::platform::settling::{Settling, look_again};
use crate::platform::text::shown_id;
use crate::platform::{Collected, Error};

/// Rows a page. The documentation names smaller limits, the vendor's client sends this to all lists (contract 0.4).
const PAGE_SIZE: &str = "100";

/// Pages of one list that are on their way at the same time.
const PAGES_AT_ONCE: usize = 4;

/// How often a run looks again at lists that show another scan, all lists together.
const MOST_CATCH_UPS: u32 = 6;

/// What reading a list brought.
enum Answer {
    Read(Listing<Finding>),
    /// 403: not in the plan, or no access.
    Denied(http::Error),
    /// What was read before an error, and the error.
    Broken(Listing<Finding>, Error),
}

/// The lists as far as they have been read.
type Lists = Vec<(Family, Listing<Finding>)>;

/// All findings of an ended scan.
pub(super) async fn collect(platform: &CybeDefend, scan: &ScanReference) -> Result<Collected, Error> {
    let status = platform.status(scan).await?;
    let mut reader = Reader {
        platform,
        scan: &scan.id,
        mapper: Mapper::new(&platform.endpoints, &platform.project, &platform.directory)
            .of_image(platform.image.as_deref()),
        catch_ups_left: MOST_CATCH_UPS,
    };
    let mut collected = Collected { notes: platform.notes.clone(), ..Collected::default() };
    if !status::has_findings(&status) {
        collected.missing.push("the scan had not ended well when its findings were read".to_owned());
    }
    let mut lists = Lists::new();
    let counted = status.vulnerability_detected.count().unwrap_or_default();
    let denied = reader.read_settled(counted, &mut lists, &mut collected.notes).await;
    if platform.branch.is_none() && reader.mapper.has_seen_several_branches() {
        let note =
            "no branch is known, so these are the findings of all branches of the project; name one with --branch";
        collected.notes.push(note.to_owned());
    }
    for (family, list) in lists {
        collected.missing.extend(list.shortfall().map(|how| format!("the {family} list {how}")));
        collected.findings.extend(list.into_rows());
    }
    if let Some(image) = &platform.image {
        collected.notes.extend(other_images(image, &collected.findings));
    }
    let denied = match denied {
        Ok(denied) => denied,
        Err(error) => return collected.cut_short_by(error),
    };
    let plan = "CybeDefend's plan does not include it, so nothing is known of such findings";
    collected.notes.extend(denied.into_iter().map(|family| format!("the {family} list was refused: {plan}")));
    Ok(collected)
}

/// The list is of the project and not of one image, and how it names images is not documented: what may belong to another one still
/// counts, and is said.
fn other_images(image: &str, findings: &[Finding]) -> Option<String> {
    let is_other = |finding: &&Finding| matches!(&finding.location, Location::Image { image: named, .. } if !named.contains(image));
    let others = findings.iter().filter(is_other).count();
    (others > 0).then(|| {
        format!("{others} of the container findings do not name {image}: CybeDefend lists all images of the project, and all of them count")
    })
}

struct Reader<'a> {
    platform: &'a CybeDefend,
    scan: &'a str,
    mapper: Mapper<'a>,
    catch_ups_left: u32,
}

impl Reader<'_> {
    /// Reads every list, and again once they have settled, where the scan has counted more than they hold. Tells those that the
    /// plan does not include. After an error `lists` has what was read.
    async fn read_settled(
        &mut self,
        counted: u64,
        lists: &mut Lists,
        notes: &mut Vec<String>,
    ) -> Result<Vec<Family>, Error> {
        let denied = self.read_all(lists).await?;
        if counted > lists.iter().map(|(_, list)| list.count()).sum() && self.settle(lists, notes).await? {
            for (family, list) in lists {
                *list = match self.read(*family).await? {
                    Answer::Read(list) => list,
                    Answer::Denied(error) => return Err(self.platform.explain(error, Asked::Findings(*family)).await),
                    Answer::Broken(_, error) => return Err(error),
                };
            }
        }
        Ok(denied)
    }

    /// Reads every list, and tells those that the plan does not include. When all are refused, or the project cannot be seen, no
    /// plan is to blame: that is an error and never an empty result.
    async fn read_all(&mut self, lists: &mut Lists) -> Result<Vec<Family>, Error> {
        let mut denied = Vec::new();
        let families: &[Family] = if self.platform.image.is_some() { &Family::OF_IMAGE } else { &Family::ALL };
        for &family in families {
            match self.read(family).await? {
                Answer::Read(list) => lists.push((family, list)),
                Answer::Denied(error) => denied.push((family, error)),
                Answer::Broken(list, error) => {
                    lists.push((family, list));
                    return Err(error);
                }
            }
        }
        let families = denied.iter().map(|(family, _)| *family).collect();
        if let Some((family, error)) = denied.into_iter().next() {
            if !self.platform.sees_project().await? {
                return Err(self.platform.no_access(error, Asked::Findings(family)));
            }
            if lists.is_empty() {
                return Err(Error::Refused {
                    class: Class::Auth,
                    message: format!("CybeDefend refused every list of findings of project {}", self.platform.project),
                    hint: "check the organisation's plan, and the role of the token's owner in the project's team"
                        .to_owned(),
                    source: Some(error),
                });
            }
        }
        Ok(families)
    }

    /// Reads one list until it shows this scan and stays the same while it is read, or until patience ends.
    async fn read(&mut self, family: Family) -> Result<Answer, Error> {
        let mut unsteady_before = false;
        loop {
            let answer = self.read_once(family).await?;
            let Answer::Read(list) = &answer else { return Ok(answer) };
            if list.other_scan().is_some() {
                if self.catch_ups_left == 0 || !look_again(self.platform.session.client()).await {
                    return Ok(answer);
                }
                self.catch_ups_left -= 1;
            } else if list.shortfall().is_some() && !unsteady_before {
                unsteady_before = true;
            } else {
                return Ok(answer);
            }
        }
    }

    /// Reads one list from its first page to its last. Pages come in order, a few of them ahead of time.
    async fn read_once(&mut self, family: Family) -> Result<Answer, Error> {
        let platform = self.platform;
        let mut list = Listing::new(self.scan);
        let mut number = 1;
        loop {
            let known_end = list.last_page(number);
            let mut pages = stream::iter(number..=known_end)
                .map(|number| async move { (number, platform.rows(family, number).await) })
                .buffered(PAGES_AT_ONCE);
            while let Some((this, page)) = pages.next().await {
                let page = match page {
                    Ok(page) => page,
                    Err(Error::Http(error)) if error.status() == Some(403) && this == 1 => {
                        return Ok(Answer::Denied(error));
                    }
                    Err(Error::Http(error)) => {
                        // Requests that nobody attends to any more would go on holding the clock.
                        drop(pages);
                        let error = platform.explain(error, Asked::Findings(family)).await;
                        return Ok(Answer::Broken(list, error));
                    }
                    Err(error) => return Ok(Answer::Broken(list, error)),
                };
                if list.take(self.sheet(family, this, page)) != Step::Next {
                    return Ok(Answer::Read(list));
                }
                number = this + 1;
            }
        }
    }

    fn sheet(&mut self, family: Family, number: u64, page: Page<AnyRow>) -> Sheet<Finding> {
        let rows = page.vulnerabilities.0.into_iter().map(|row| row?.into_finding(family, &mut self.mapper)).collect();
        Sheet {
            number,
            total: page.total.count(),
            total_pages: page.total_pages.count(),
            scan: page.scan_project_info.and_then(|info| info.scan_id.get().map(shown_id)),
            rows,
        }
    }

    /// Waits until two looks at the lists' lengths agree, and says whether they have changed since they were read. That the scan
    /// counted more than the lists hold proves nothing, since what it counts is not documented: it is only a reason to wait.
    async fn settle(&self, lists: &[(Family, Listing<Finding>)], notes: &mut Vec<String>) -> Result<bool, Error> {
        let read: Vec<Option<u64>> = lists.iter().map(|(_, list)| list.total()).collect();
        let settling = Settling::new(self.platform.session.client());
        let mut before = read.clone();
        while settling.look_again().await {
            let mut now = Vec::with_capacity(lists.len());
            for (family, _) in lists {
                now.push(self.total(*family).await?);
            }
            if now == before {
                return Ok(now != read);
            }
            before = now;
        }
        notes.push("the findings had not settled when the wait for them ended".to_owned());
        Ok(before != read)
    }

    async fn total(&self, family: Family) -> Result<Option<u64>, Error> {
        match self.platform.page::<UnreadRow>(family, 1).await {
            Ok(page) => Ok(page.total.count()),
            Err(Error::Http(error)) => Err(self.platform.explain(error, Asked::Findings(family)).await),
            Err(error) => Err(error),
        }
    }
}

impl CybeDefend {
    /// A page of a list, with the rows of its family.
    async fn rows(&self, family: Family, number: u64) -> Result<Page<AnyRow>, Error> {
        Ok(match family {
            Family::Container => self.page(family, number).await?.map(AnyRow::Container),
            _ => self.page(family, number).await?.map(AnyRow::Wrapped),
        })
    }

    async fn page<R: Record + Default + Send + 'static>(&self, family: Family, number: u64) -> Result<Page<R>, Error> {
        let url = self.endpoints.api(["project", &self.project, "results", family.as_str()])?;
        let call = Call::get(with_query(url, number, self.branch.as_deref()));
        Ok(self.session.json(call).await?)
    }
}

/// The query of a list. Filters are repeated plain keys, for bracketed ones are ignored in silence; severities are not filtered,
/// since that drops what is unrated (contract 0.3). Lists know two dialects of paging and ignore the other (contract 5.2).
fn with_query(mut url: Url, number: u64, branch: Option<&str>) -> Url {
    let number = number.to_string();
    let mut query = url.query_pairs_mut();
    query.append_pair("pageNumber", &number).append_pair("pageSizeNumber", PAGE_SIZE);
    query.append_pair("page", &number).append_pair("limit", PAGE_SIZE);
    query.append_pair("sort", "currentSeverity").append_pair("order", "asc");
    query.append_pair("status", "to_verify").append_pair("status", "confirmed");
    if let Some(branch) = branch {
        query.append_pair("branch", branch);
    }
    query.finish();
    drop(query);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(branch: Option<&str>) -> String {
        let url = with_query(Url::parse("https://api.example.com/list").unwrap(), 3, branch);
        assert_eq!(url.path(), "/list");
        url.query().unwrap().to_owned()
    }

    #[test]
    fn filters_are_repeated_plain_keys_and_both_dialects_of_paging_are_spoken() {
        let query = query(Some("main"));
        assert!(query.contains("status=to_verify&status=confirmed"), "{query}");
        assert!(query.contains("pageNumber=3&pageSizeNumber=100&page=3&limit=100"), "{query}");
        assert!(!query.contains("severity=") && !query.contains("priority=") && !query.contains('['), "{query}");
        assert!(query.ends_with("&branch=main"), "{query}");
    }

    #[test]
    fn a_hostile_branch_stays_one_value() {
        assert!(query(Some("a&status=ignored#x y%")).ends_with("&branch=a%26status%3Dignored%23x+y%25"));
        assert!(!query(None).contains("branch"));
    }
}
