//! The report for people where Markdown is rendered, GitHub's job summary above all: the verdict first, then why and what would
//! make it pass, the findings by severity, what each platform brought, and the worst findings.
//!
//! Every text of a platform goes through `cell`. The chart is a table with bars of block characters, made of our own words and
//! of numbers: it is drawn by every renderer, read aloud, and is still a table where there is none.

mod cell;
mod page;

use std::io::{self, Write};

use self::cell::{code, linked, plain};
use self::page::Page;
use super::headline;
use super::shown::{self, Open};
use super::text::counted;
use super::{Report, Written};
use crate::error::{Class, Problem};
use crate::finding::{Ending, ScanResult, Severity};
use crate::gate::Counts;

/// The fewest bytes in which a page says anything.
pub const SMALLEST: usize = 2048;

/// How many columns the longest bar of the chart has.
const LONGEST_BAR: u64 = 24;
/// The longest text in a cell, in UTF-16 code units.
const LONGEST: usize = 300;
/// The longest message of a problem, in UTF-16 code units.
const LONGEST_MESSAGE: usize = 2000;
/// How many reasons, and how many details or notes of one platform, are listed. What is beyond is counted.
const MOST_LINES: usize = 50;

/// How much there may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the whole text, at least [`SMALLEST`].
    pub bytes: usize,
    /// How many findings are listed.
    pub findings: usize,
}

impl Default for Limits {
    /// As much as GitHub takes of a job summary, 1 MiB.
    fn default() -> Self {
        Self { bytes: 1 << 20, findings: usize::MAX }
    }
}

/// Writes the page. What does not fit is cut from its end, where the least of the findings are.
pub(super) fn write(report: &Report<'_>, limits: Limits, out: &mut dyn Write) -> io::Result<Written> {
    let mut page = Page::new(limits.bytes.max(SMALLEST));
    page.line(&format!("## {}", verdict(report)));
    about(report, &mut page);
    for problem in report.problems {
        page.line("");
        problem_lines(problem, &mut page);
    }
    reasons(report, &mut page);
    chart(&report.verdict.counts, &mut page);
    platforms(report.results, &mut page);
    controls(report.results, &mut page);
    let is_cut_before = page.is_full();
    let missing = findings(report.results, limits.findings, &mut page);

    let mut cut = Vec::new();
    if is_cut_before {
        cut.push("the text ends here, since it would be larger than its reader takes".to_owned());
    }
    cut.extend(missing);
    out.write_all(page.end(&cut).as_bytes())?;
    Ok(Written { cut })
}

/// A page of at most `bytes` about a call of which there is no report, since it failed before there was anything to run.
pub fn of_problem(problem: &Problem, bytes: usize) -> String {
    let mut page = Page::new(bytes.max(SMALLEST));
    page.line(&format!("## no verdict ({}, exit {})", problem.class, problem.class.exit_code()));
    page.line("");
    problem_lines(problem, &mut page);
    page.end(&[])
}

/// The headline. Where no platform brought a complete result and nothing tripped, it begins with `no verdict` whatever `--on` made
/// of that.
fn verdict(report: &Report<'_>) -> String {
    let headline = headline::with_names(report, |name| plain(name, LONGEST));
    let has_verdict = report.has_complete_result() || report.verdict.is_tripped();
    if has_verdict || headline.starts_with("no verdict") || report.conclusion.class == Class::Started {
        headline
    } else {
        format!("no verdict; {headline}")
    }
}

/// What was scanned, and whether it was scanned by anything to rely on.
fn about(report: &Report<'_>, page: &mut Page) {
    let run = report.run;
    let branch = run.branch.as_deref().map(|branch| format!("branch {}", code(branch, LONGEST)));
    let commit = run.commit.as_deref().map(|commit| format!("commit {}", code(commit, LONGEST)));
    let known: Vec<String> = branch.into_iter().chain(commit).collect();
    if !known.is_empty() {
        page.line("");
        page.line(&known.join(", "));
    }
    if run.is_sandbox {
        page.line("");
        page.line("**The findings come from the built-in sandbox, which is no scanner to rely on.**");
    }
    if !run.notes.is_empty() {
        page.line("");
        let lines = run.notes.iter().map(|note| format!("- {}", plain(note, LONGEST_MESSAGE)));
        bounded(lines, run.notes.len(), page);
    }
}

fn problem_lines(problem: &Problem, page: &mut Page) {
    page.line(&format!("- **{}**: {}", problem.class, plain(&problem.message, LONGEST_MESSAGE)));
    if let Some(hint) = &problem.hint {
        page.line(&format!("  - what to do: {}", plain(hint, LONGEST_MESSAGE)));
    }
    let details = problem.detail.iter().map(|detail| format!("  - {}", plain(detail, LONGEST_MESSAGE)));
    bounded(details, problem.detail.len(), page);
}

fn reasons(report: &Report<'_>, page: &mut Page) {
    let reasons = &report.verdict.reasons;
    if reasons.is_empty() {
        return;
    }
    page.heading("why, and what to do");
    page.line("| why | what would make it pass |");
    page.line("|---|---|");
    let rows = reasons.iter().map(|reason| {
        let why = plain(&reason.broken.to_string(), LONGEST_MESSAGE);
        format!("| {why} | {} |", plain(&reason.remedy, LONGEST_MESSAGE))
    });
    bounded(rows, reasons.len(), page);
}

/// Adds the first lines of a list, and the number of the others.
fn bounded(lines: impl Iterator<Item = String>, count: usize, page: &mut Page) {
    lines.take(MOST_LINES).for_each(|line| {
        page.line(&line);
    });
    if let Some(more) = count.checked_sub(MOST_LINES).filter(|more| *more > 0) {
        page.line("");
        page.line(&format!("and {more} more"));
    }
}

fn chart(counts: &Counts, page: &mut Page) {
    if counts.open == 0 {
        return;
    }
    page.heading("open findings by severity");
    page.line("| severity | count | |");
    page.line("|---|--:|---|");
    let rated = Severity::WORST_FIRST
        .map(|severity| (severity.as_str(), counts.by_severity.get(&severity).copied().unwrap_or_default()));
    let rows = rated.into_iter().chain([("unrated", counts.unrated)]);
    let most = rows.clone().map(|(_, count)| count).max().unwrap_or_default().max(1);
    for (word, count) in rows {
        page.line(&format!("| {word} | {count} | {} |", bar(count, most)));
    }
}

/// A bar in proportion to the longest one. What there is at all is seen.
fn bar(count: u64, most: u64) -> String {
    let columns = u128::from(count) * u128::from(LONGEST_BAR) / u128::from(most);
    let columns = usize::try_from(columns).unwrap_or_default();
    "█".repeat(columns.max(usize::from(count > 0)))
}

fn platforms(results: &[ScanResult], page: &mut Page) {
    if results.is_empty() {
        return;
    }
    page.heading("platforms");
    page.line("| platform | result | open | closed | scan |");
    page.line("|---|---|--:|--:|---|");
    for result in results {
        let ending = match &result.ending {
            Ending::Complete => "complete".to_owned(),
            Ending::Started => "started, no result yet".to_owned(),
            Ending::Short(problem) => format!("no complete result ({})", problem.class),
        };
        let counts = Counts::of(std::slice::from_ref(result));
        let scan = result.scan.as_ref().map(|scan| linked(&code(&scan.id, LONGEST), scan.url.as_deref()));
        let (name, scan) = (plain(&result.entry, LONGEST), scan.unwrap_or_default());
        page.line(&format!("| {name} | {ending} | {} | {} | {scan} |", counts.open, counts.closed));
    }
    page.line("");
    for result in results {
        notes(result, page);
    }
}

fn notes(result: &ScanResult, page: &mut Page) {
    let name = plain(&result.entry, LONGEST);
    if result.files_left_out > 0 {
        page.line(&format!("- {name}: {} left out of the archive", counted(result.files_left_out, "file")));
    }
    for sentence in shown::unlisted(result) {
        page.line(&format!("- {name}: {}", plain(&sentence, LONGEST_MESSAGE)));
    }
    // What happened and what to do stand among the reasons.
    let details = result.ending.problem().map(|problem| problem.detail.as_slice()).unwrap_or_default();
    for texts in [details, result.notes.as_slice()] {
        let lines = texts.iter().map(|text| format!("- {name}: {}", plain(text, LONGEST_MESSAGE)));
        bounded(lines, texts.len(), page);
    }
}

/// What the platforms say of the frameworks that were asked for.
fn controls(results: &[ScanResult], page: &mut Page) {
    let known: Vec<_> =
        results.iter().filter_map(|result| result.controls.as_ref().map(|controls| (result, controls))).collect();
    if known.is_empty() {
        return;
    }
    page.heading("compliance controls");
    page.line("What the platform says of them; nothing of it gates.");
    page.line("");
    page.line("| platform | framework | controls | in which state | evidence |");
    page.line("|---|---|--:|---|--:|");
    let count = known.iter().map(|(_, controls)| controls.frameworks.len()).sum();
    let rows = known.iter().flat_map(|(result, controls)| {
        shown::frameworks(controls).into_iter().map(|(name, framework)| {
            let (entry, name) = (plain(&result.entry, LONGEST), plain(name, LONGEST));
            let statuses = plain(&shown::statuses(framework), LONGEST);
            format!("| {entry} | {name} | {} | {statuses} | {} |", framework.total, framework.evidence)
        })
    });
    bounded(rows, count, page);
}

/// Lists the worst findings, and says how many of how many, where that is not all.
fn findings(results: &[ScanResult], most: usize, page: &mut Page) -> Option<String> {
    let open = shown::open_worst_first(results);
    if open.is_empty() {
        return None;
    }
    page.heading("worst findings");
    let are_several = results.len() > 1;
    let (platform, column) = if are_several { (" platform |", "---|") } else { ("", "") };
    page.line(&format!("| severity | kind |{platform} place | finding | what to do |"));
    page.line(&format!("|---|---|{column}---|---|---|"));
    let listed = open.iter().take(most).take_while(|open| page.line(&row(open, are_several))).count();
    (listed < open.len())
        .then(|| format!("the worst {listed} of {} are listed", counted(open.len() as u64, "open finding")))
}

fn row(open: &Open<'_>, with_platform: bool) -> String {
    let finding = open.finding;
    let platform = if with_platform { format!(" {} |", plain(&open.entry.entry, LONGEST)) } else { String::new() };
    let place = match shown::location(finding).to_string().trim() {
        "" => "none shown".to_owned(),
        place => code(place, LONGEST),
    };
    let title = linked(&plain(shown::title(finding), LONGEST), finding.link.as_deref());
    let advice = shown::advice(finding).map(|advice| plain(&advice, LONGEST)).unwrap_or_default();
    format!("| {} | {} |{platform} {place} | {title} | {advice} |", shown::severity(finding), finding.kind)
}
