//! Annotations: the few findings that a CI shows beside the code, worst first, and what kept the run from a verdict.
//!
//! Here they are data; how a CI takes them is its own affair. Their texts have lost their effect on its log already.

use std::num::NonZeroU32;

use super::Report;
use super::shown::{self, Open};
use super::text::{block, shorten, terminal};
use crate::error::Problem;
use crate::finding::{Finding, Location, ScanResult, Severity, Unlisted};
use crate::sorting;

/// How many of each level GitHub shows of one step (actions/toolkit, `docs/problem-matchers.md`).
const MOST_OF_A_LEVEL: usize = 10;
/// The longest title that GitHub shows, in UTF-16 code units.
const LONGEST_TITLE: usize = 255;
/// The longest message that the runner takes, in UTF-16 code units.
const LONGEST_MESSAGE: usize = 4096;

/// One annotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// How loud it is.
    pub level: Level,
    /// The file, relative to the repository's root; absent where the place is none.
    pub file: Option<String>,
    /// Its first line, where known.
    pub line: Option<NonZeroU32>,
    /// Its last line, where there are several.
    pub end_line: Option<NonZeroU32>,
    /// One line.
    pub title: String,
    /// One line or several, ended by `\n`.
    pub message: String,
}

/// How loud an annotation is, loudest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Critical and high findings; what failed the run.
    Error,
    /// Medium and unrated findings; what would have failed it, had `--on` not softened it.
    Warning,
    /// All others.
    Notice,
}

impl Level {
    /// GitHub's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }

    fn of(severity: Option<Severity>) -> Self {
        match severity {
            Some(Severity::Critical | Severity::High) => Self::Error,
            Some(Severity::Medium) | None => Self::Warning,
            Some(Severity::Low | Severity::Info) => Self::Notice,
        }
    }
}

/// What a platform found: a finding, or a number of them that it does not list.
enum Found<'a> {
    Finding(Open<'a>),
    Unlisted(&'a ScanResult, Unlisted),
}

impl Found<'_> {
    fn severity(&self) -> Option<Severity> {
        match self {
            Self::Finding(open) => open.finding.severity,
            Self::Unlisted(_, unlisted) => unlisted.severity,
        }
    }

    fn annotation(&self, are_several: bool) -> Annotation {
        match self {
            Self::Finding(open) => of_finding(open.finding, are_several.then_some(open.entry)),
            Self::Unlisted(entry, unlisted) => of_unlisted(entry, *unlisted),
        }
    }
}

/// The open findings of all entries, worst first. What is not listed stands before what is equally bad: one line for many.
fn found_worst_first(results: &[ScanResult]) -> Vec<Found<'_>> {
    let unlisted =
        results.iter().flat_map(|result| result.unlisted.iter().map(move |own| Found::Unlisted(result, *own)));
    let some = unlisted.filter(|found| !matches!(found, Found::Unlisted(_, Unlisted { count: 0, .. })));
    let mut found: Vec<Found<'_>> =
        some.chain(shown::open_worst_first(results).into_iter().map(Found::Finding)).collect();
    sorting::sort_by_key(&mut found, |found| std::cmp::Reverse(Severity::rank(found.severity())));
    found
}

/// The annotations of a run: problems first, then open findings, worst first; at most ten of each level. Where some had to be left
/// out, the last one of their level says how many.
pub fn of(report: &Report<'_>) -> Vec<Annotation> {
    let level_of_problems = if report.conclusion.softened { Level::Warning } else { Level::Error };
    let endings = report.results.iter().filter_map(|result| result.ending.problem());
    let problems: Vec<&Problem> = endings.chain(report.problems).collect();
    let found = found_worst_first(report.results);
    let are_several = report.results.len() > 1;
    let of_level = |level: Level| {
        let problems = problems.iter().filter(|_| level == level_of_problems).map(|problem| of_problem(problem, level));
        let found: Vec<&Found<'_>> = found.iter().filter(|found| Level::of(found.severity()) == level).collect();
        let count = problems.clone().count() + found.len();
        // Ten whole ones, or nine and one that counts the others.
        let left_out = if count > MOST_OF_A_LEVEL { count - (MOST_OF_A_LEVEL - 1) } else { 0 };
        let found = found.into_iter().map(|found| found.annotation(are_several));
        let shown = problems.chain(found).take(count - left_out).collect::<Vec<_>>();
        shown.into_iter().chain((left_out > 0).then(|| count_of_others(left_out, level)))
    };
    [Level::Error, Level::Warning, Level::Notice].into_iter().flat_map(of_level).collect()
}

/// What went wrong and what to do about it.
pub fn of_problem(problem: &Problem, level: Level) -> Annotation {
    let lines = std::iter::once(&problem.message).chain(&problem.hint).chain(&problem.detail);
    let lines: Vec<String> = lines.map(|line| terminal(line)).collect();
    without_place(level, format!("scangate: {}", problem.class), lines.join("\n"))
}

fn count_of_others(count: usize, level: Level) -> Annotation {
    let message = format!("{count} more are in the job summary and in the reports, since GitHub shows ten of a kind");
    without_place(level, format!("scangate: {count} more"), message)
}

fn without_place(level: Level, title: String, message: String) -> Annotation {
    Annotation { level, file: None, line: None, end_line: None, title, message: shorten(message, LONGEST_MESSAGE) }
}

fn of_unlisted(entry: &ScanResult, unlisted: Unlisted) -> Annotation {
    let title = format!("{}: {}", terminal(&entry.entry), unlisted.what());
    let message = format!("{}\nlook them up there, and fix them or close them", shown::only_counted(entry, unlisted));
    without_place(Level::of(unlisted.severity), shorten(title, LONGEST_TITLE), message)
}

/// `entry` is whose it is, where that is a question.
fn of_finding(finding: &Finding, entry: Option<&ScanResult>) -> Annotation {
    let title = format!("{} {}: {}", shown::severity(finding), finding.kind, terminal(shown::title(finding)));
    let place = shown::location(finding);
    let advice = shown::advice(finding).map(|advice| block(&advice)).unwrap_or_default();
    let mut lines = Vec::new();
    // The title stands above it already, but there must be a message.
    if shown::message(finding) != shown::title(finding) || advice.is_empty() {
        lines.push(terminal(shown::message(finding)));
    }
    // Beside a file the place is plain to see.
    if !matches!(&*place, Location::File(_)) {
        lines.push(terminal(&place.to_string()));
    }
    lines.extend(advice.lines().map(terminal));
    lines.extend(entry.map(|entry| format!("found by {}", terminal(&entry.entry))));
    lines.retain(|line| !line.is_empty());
    let end_line = match &*place {
        Location::File(file) => file.end_line.filter(|end| Some(*end) != file.start_line),
        _ => None,
    };
    Annotation {
        level: Level::of(finding.severity),
        file: place.file().map(ToString::to_string),
        line: place.line(),
        end_line,
        title: shorten(title, LONGEST_TITLE),
        message: shorten(lines.join("\n").trim_end().to_owned(), LONGEST_MESSAGE),
    }
}
