//! The project's scans and findings: pure state that advances with the time it is told.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::fault::CybeDefendFault;
use super::finding::{Finding, State, Subject};
use super::query::Filter;
use super::{Emulator, hostile};
use crate::sandbox::archive::Analysis;
use crate::sandbox::core::after;
use crate::sandbox::entropy::uuid_from;
use crate::sandbox::fault::Kind;
use crate::sandbox::rules::{Family, image};
use crate::sandbox::run::Phase;
use crate::sorting;

/// What the rules made of an upload, or why the archive was refused.
pub(super) type Uploaded = Result<Analysis, String>;

/// A scan, from its start call on.
pub(super) struct Scan {
    pub(super) id: String,
    pub(super) branch: Option<String>,
    /// The image, for a container scan.
    pub(super) image: Option<String>,
    pub(super) created: Timestamp,
    /// When it runs, once its input is there.
    pub(super) run: Option<Run>,
}

/// The running of a scan.
pub(super) struct Run {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    pub(super) languages: Vec<&'static str>,
    /// How many findings it brings.
    pub(super) found: usize,
    /// Why the archive was refused.
    pub(super) refused: Option<String>,
    /// What was found, until the scan ends and the project takes it over.
    subjects: Vec<Subject>,
    merged: bool,
}

impl Scan {
    pub(super) fn phase(&self, now: Timestamp) -> Phase {
        self.run.as_ref().map_or(Phase::Queued, |run| Phase::at(now, run.start, run.end))
    }
}

/// Everything the project remembers.
#[derive(Default)]
pub(super) struct Store {
    scans: Vec<Scan>,
    findings: Vec<Finding>,
    by_id: HashMap<String, usize>,
    /// Counts the changes of the findings.
    version: u64,
    /// The rows of the last query of each family: a client pages through one query, and sorting 100,000 rows for each page would be
    /// slower than everything else.
    rows: HashMap<Family, (CacheKey, Arc<Vec<usize>>)>,
}

#[derive(PartialEq)]
struct CacheKey {
    version: u64,
    /// The time, while findings are still coming to light.
    now: Option<Timestamp>,
    filter: Filter,
}

impl Store {
    /// Registers a scan that waits for its input.
    pub(super) fn add_scan(&mut self, id: String, branch: Option<String>, image: Option<String>, created: Timestamp) {
        self.scans.push(Scan { id, branch, image, created, run: None });
    }

    pub(super) fn scan(&self, id: &str) -> Option<&Scan> {
        self.scans.iter().find(|scan| scan.id == id)
    }

    /// All of them, in the order in which they were started.
    pub(super) fn scans(&self) -> &[Scan] {
        &self.scans
    }

    /// The scan that lists name in `scanProjectInfo`.
    pub(super) fn last_scan(&self) -> Option<&Scan> {
        self.scans.last()
    }

    pub(super) fn is_uploaded(&self, scan: &str) -> bool {
        self.scan(scan).is_some_and(|scan| scan.run.is_some())
    }

    /// The branches that were scanned, in the order of their names.
    pub(super) fn branches(&self) -> Vec<String> {
        let mut branches: Vec<_> = self.scans.iter().filter_map(|scan| scan.branch.clone()).collect();
        sorting::sort(&mut branches);
        branches.dedup();
        branches
    }

    /// The archive of a scan has arrived: the scan takes its place in the queue.
    pub(super) fn upload(&mut self, emulator: &Emulator, scan: &str, uploaded: Uploaded) {
        let (mut analysis, refused) = match uploaded {
            Ok(analysis) => (analysis, None),
            Err(reason) => (Analysis::default(), Some(reason)),
        };
        let mut subjects: Vec<_> = analysis.hits.drain(..).map(Subject::Code).collect();
        subjects.extend(analysis.packages.drain(..).map(Subject::Package));
        if refused.is_none() {
            subjects.extend(hostile::invented(&emulator.core.faults));
        }
        if emulator.core.faults.has(CybeDefendFault::DegradedScan) {
            subjects.retain(|subject| subject.family() != Family::Sca);
        }
        self.schedule(emulator, scan, subjects, analysis.languages, refused);
    }

    /// A container scan needs no upload.
    pub(super) fn start_image(&mut self, emulator: &Emulator, scan: &str, image: &str) {
        let found = image::scan_image(image).into_iter();
        let subjects = found.map(|advisory| Subject::Image { image: image.to_owned(), advisory }).collect();
        self.schedule(emulator, scan, subjects, Vec::new(), None);
    }

    fn schedule(
        &mut self,
        emulator: &Emulator,
        scan: &str,
        subjects: Vec<Subject>,
        languages: Vec<&'static str>,
        refused: Option<String>,
    ) {
        if emulator.core.faults.has(Kind::StuckQueued) {
            return;
        }
        let now = emulator.now();
        let usual = emulator.options.scan_duration;
        let duration = emulator.core.faults.scan_time(usual);
        let slots = emulator.options.plan.concurrent_scans.max(1);
        let mut ends: Vec<_> = self
            .scans
            .iter()
            .filter_map(|scan| scan.run.as_ref())
            .map(|run| run.end)
            .filter(|end| *end > now)
            .collect();
        sorting::sort(&mut ends);
        // With every slot taken, the scan begins when so many have ended that one is free.
        let free = ends.len().checked_sub(slots).and_then(|index| ends.get(index).copied()).unwrap_or(now);
        let start = after(free, usual / 8);
        let run = Run {
            start,
            end: after(start, duration),
            languages,
            found: subjects.len(),
            refused,
            subjects,
            merged: false,
        };
        if let Some(scan) = self.scans.iter_mut().find(|known| known.id == scan) {
            scan.run = Some(run);
        }
    }

    /// Takes over the findings of every scan that has ended by `now`, in the order of their ends.
    pub(super) fn settle(&mut self, emulator: &Emulator, now: Timestamp) {
        let mut ended = Vec::new();
        for scan in &mut self.scans {
            let Some(run) = scan.run.as_mut().filter(|run| !run.merged && run.end <= now) else { continue };
            run.merged = true;
            let subjects = std::mem::take(&mut run.subjects);
            if run.refused.is_none() && !emulator.core.faults.has(Kind::FailedScan) {
                ended.push((run.end, scan.branch.clone(), scan.image.clone(), subjects));
            }
        }
        sorting::sort_by_key(&mut ended, |(end, ..)| *end);
        for (end, branch, image, subjects) in ended {
            self.absorb(emulator, end, branch.as_ref(), image.as_deref(), subjects);
        }
    }

    /// Brings the findings of one scan together with what the branch had: new ones are `to_verify`, absent ones `resolved`, and
    /// those that come back are `to_verify` again under their old id (contract section 5.8).
    fn absorb(
        &mut self,
        emulator: &Emulator,
        end: Timestamp,
        branch: Option<&String>,
        image: Option<&str>,
        subjects: Vec<Subject>,
    ) {
        self.version += 1;
        let spread = emulator.core.faults.find(|kind| match kind {
            Kind::CybeDefend(CybeDefendFault::LateFindings(seconds)) => Some(Duration::from_secs(u64::from(*seconds))),
            _ => None,
        });
        let count = u32::try_from(subjects.len()).unwrap_or(u32::MAX);
        let mut seen = HashSet::new();
        let mut twins: HashMap<String, u32> = HashMap::new();
        for (index, subject) in (1_u32..).zip(subjects) {
            let [rule, path, text] = subject.identity();
            let first = uuid_from(&[&emulator.project_id, branch.map_or("", String::as_str), rule, path, text]);
            let twin = twins.entry(first.clone()).and_modify(|twin| *twin += 1).or_default();
            let id = if *twin == 0 { first } else { uuid_from(&[&first, &twin.to_string()]) };
            let visible_from = spread.map_or(end, |spread| after(end, spread.saturating_mul(index) / count));
            if let Some(finding) = self.by_id.get(&id).and_then(|index| self.findings.get_mut(*index)) {
                finding.subject = subject;
                if finding.state == State::Resolved {
                    finding.set_state(State::ToVerify, end);
                }
            } else {
                self.by_id.insert(id.clone(), self.findings.len());
                self.findings.push(Finding::new(id.clone(), branch.cloned(), subject, end, visible_from));
            }
            seen.insert(id);
        }
        let degraded = emulator.core.faults.has(CybeDefendFault::DegradedScan);
        for finding in self.findings.iter_mut().filter(|finding| finding.state.is_open() && !seen.contains(&finding.id))
        {
            let covered = match &finding.subject {
                Subject::Image { image: scanned, .. } => image == Some(scanned),
                Subject::Package(_) => image.is_none() && !degraded,
                Subject::Code(_) => image.is_none(),
            };
            if covered && finding.branch.as_ref() == branch {
                finding.set_state(State::Resolved, end);
            }
        }
    }

    pub(super) fn finding(&self, id: &str) -> Option<&Finding> {
        self.by_id.get(id).and_then(|index| self.findings.get(*index))
    }

    /// Changes a finding; `false` if there is none with this id.
    pub(super) fn change(&mut self, id: &str, change: impl FnOnce(&mut Finding)) -> bool {
        let finding = self.by_id.get(id).and_then(|index| self.findings.get_mut(*index));
        let found = finding.map(change).is_some();
        self.version += u64::from(found);
        found
    }

    /// The findings that lists show at `now`, in the order in which they were found.
    pub(super) fn visible(&self, now: Timestamp) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.visible_from <= now)
    }

    /// The findings of a family that a filter lets through, sorted as it says.
    pub(super) fn rows(&mut self, family: Family, filter: &Filter, now: Timestamp) -> Arc<Vec<usize>> {
        let unsettled = self.findings.iter().any(|finding| finding.visible_from > now);
        let key = CacheKey { version: self.version, now: unsettled.then_some(now), filter: filter.clone() };
        if let Some((known, rows)) = self.rows.get(&family)
            && *known == key
        {
            return Arc::clone(rows);
        }
        let matches = |finding: &Finding| {
            finding.visible_from <= now && finding.subject.family() == family && filter.matches(finding)
        };
        let mut found: Vec<_> = self.findings.iter().enumerate().filter(|(_, finding)| matches(finding)).collect();
        filter.sort(&mut found);
        let rows = Arc::new(found.into_iter().map(|(index, _)| index).collect());
        self.rows.insert(family, (key, Arc::clone(&rows)));
        rows
    }

    /// The finding of a row that [`Store::rows`] gave.
    pub(super) fn row(&self, row: usize) -> Option<&Finding> {
        self.findings.get(row)
    }
}
