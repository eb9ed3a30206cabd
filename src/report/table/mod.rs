//! The report for people at a terminal: the verdict first, then why, then what each platform brought, then the worst findings.
//!
//! Every text of a platform goes through `text::terminal`. Colour only repeats what a word says.

mod layout;

use std::io::{self, Write};

use layout::{fit_end, fit_start, pad, width, wrap};

use super::headline::headline;
use super::shown::{self, Open};
use super::text::{counted, terminal};
use super::{Report, Written};
use crate::error::Problem;
use crate::finding::{Controls, Ending, ScanResult, Severity};
use crate::gate::{Broken, Counts, Reason};

/// The look of the table.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Columns of the terminal; at least 40 are used.
    pub columns: usize,
    /// Whether severities are coloured.
    pub colour: bool,
    /// How many findings are listed.
    pub findings: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self { columns: 100, colour: false, findings: 20 }
    }
}

/// Room for `severity`: as wide as `critical`.
const SEVERITY_WIDTH: usize = 8;
/// Room for `kind`: as wide as `container`.
const KIND_WIDTH: usize = 9;
/// So many findings are listed with the reason that they are.
const FINDINGS_OF_A_REASON: usize = 3;
/// So many frameworks of compliance controls are listed.
const MOST_FRAMEWORKS: usize = 20;
/// The widest column of entries' names.
const WIDEST_ENTRY: usize = 16;

/// Writes the table.
pub(super) fn write(report: &Report<'_>, style: Style, out: &mut dyn Write) -> io::Result<Written> {
    let style = Style { columns: style.columns.max(40), ..style };
    lines(out, style, "", &headline(report))?;
    if report.run.is_sandbox {
        lines(out, style, "", "the findings come from the built-in sandbox, which is no scanner to rely on")?;
    }
    for note in &report.run.notes {
        lines(out, style, "", &format!("note: {}", terminal(note)))?;
    }
    for problem in report.problems {
        writeln!(out)?;
        write_problem(problem, style, "", out)?;
    }
    let open = shown::open_worst_first(report.results);
    let listed = open.get(..style.findings.min(open.len())).unwrap_or_default();
    write_reasons(report, listed, style, out)?;
    if !report.results.is_empty() {
        writeln!(out, "\nplatforms")?;
    }
    for result in report.results {
        write_platform(result, style, out)?;
    }
    write_findings(listed, open.len(), report.results, style, out)
}

/// Why it is no pass. One line says of all limits together what would make it one.
fn write_reasons(report: &Report<'_>, listed: &[Open<'_>], style: Style, out: &mut dyn Write) -> io::Result<()> {
    let is_limit = |reason: &Reason| matches!(reason.broken, Broken::Limit { .. });
    let mut limits = 0;
    let mut reasons = report.verdict.reasons.iter().peekable();
    if reasons.peek().is_some() {
        writeln!(out, "\nwhy")?;
    }
    while let Some(reason) = reasons.next() {
        lines(out, style, "  ", &terminal(&reason.broken.to_string()))?;
        write_examples(reason, report.results, listed, style, out)?;
        limits += usize::from(is_limit(reason));
        let remedy = match reasons.peek() {
            Some(next) if is_limit(reason) && is_limit(next) => continue,
            _ if is_limit(reason) && limits > 1 => "fix what is over these limits, or close it at the platform",
            _ => &reason.remedy,
        };
        lines(out, style, "    ", &format!("to pass: {}", terminal(remedy)))?;
    }
    Ok(())
}

/// A few findings of a reason of which the list below the reasons shows none.
fn write_examples(
    reason: &Reason,
    results: &[ScanResult],
    listed: &[Open<'_>],
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let found = || reason.findings.iter().filter_map(|at| results.get(at.result)?.findings.get(at.finding));
    if found().any(|finding| listed.iter().any(|other| std::ptr::eq(other.finding, finding))) {
        return Ok(());
    }
    for finding in found().take(FINDINGS_OF_A_REASON) {
        let place = terminal(&shown::location(finding).to_string());
        lines(out, style, "    ", &format!("{place}  {}", terminal(shown::title(finding))))?;
    }
    match found().count().saturating_sub(FINDINGS_OF_A_REASON) {
        0 => Ok(()),
        more => writeln!(out, "    and {more} more"),
    }
}

fn write_platform(result: &ScanResult, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let name = terminal(&result.entry);
    let platform = if result.entry.eq_ignore_ascii_case(result.platform) {
        String::new()
    } else {
        format!(" ({})", result.platform)
    };
    let ending = match &result.ending {
        Ending::Complete => "complete".to_owned(),
        Ending::Started => "started, no result yet".to_owned(),
        Ending::Short(problem) => format!("no complete result ({})", problem.class),
    };
    lines(
        out,
        style,
        "  ",
        &format!("{name}{platform}: {ending}; {}", tally(&Counts::of(std::slice::from_ref(result)))),
    )?;
    if let Some(scan) = &result.scan {
        let url = scan.url.as_deref().map(|url| format!("  {}", terminal(url))).unwrap_or_default();
        lines(out, style, "    ", &format!("scan {}{url}", terminal(&scan.id)))?;
    }
    if let Ending::Short(problem) = &result.ending {
        write_problem(problem, style, "    ", out)?;
    }
    if result.files_left_out > 0 {
        lines(
            out,
            style,
            "    ",
            &format!("note: {} left out of the archive", counted(result.files_left_out, "file")),
        )?;
    }
    for note in shown::unlisted(result).chain(result.notes.iter().cloned()) {
        lines(out, style, "    ", &format!("note: {}", terminal(&note)))?;
    }
    result.controls.iter().try_for_each(|controls| write_controls(controls, style, out))
}

/// What the platform says of the frameworks that were asked for. It does not gate.
fn write_controls(controls: &Controls, style: Style, out: &mut dyn Write) -> io::Result<()> {
    for (name, framework) in shown::frameworks(controls).into_iter().take(MOST_FRAMEWORKS) {
        let (name, statuses) = (terminal(name), terminal(&shown::statuses(framework)));
        let evidence = counted(framework.evidence, "piece");
        lines(out, style, "    ", &format!("controls, {name}: {statuses}; {evidence} of evidence"))?;
    }
    match controls.frameworks.len().saturating_sub(MOST_FRAMEWORKS) {
        0 => Ok(()),
        more => lines(out, style, "    ", &format!("controls: {more} more frameworks")),
    }
}

fn write_problem(problem: &Problem, style: Style, indent: &str, out: &mut dyn Write) -> io::Result<()> {
    lines(out, style, indent, &format!("{}: {}", problem.class, terminal(&problem.message)))?;
    let indent = format!("{indent}  ");
    for detail in &problem.detail {
        lines(out, style, &indent, &terminal(detail))?;
    }
    problem.hint.iter().try_for_each(|hint| lines(out, style, &indent, &format!("try: {}", terminal(hint))))
}

/// `3 open: 1 critical, 2 high; 1 closed`, with only what there is.
fn tally(counts: &Counts) -> String {
    let rated = counts.by_severity.iter().rev().map(|(severity, count)| (severity.as_str(), *count));
    let parts: Vec<String> = rated
        .chain([("unrated", counts.unrated)])
        .filter(|(_, count)| *count > 0)
        .map(|(word, count)| format!("{count} {word}"))
        .collect();
    let open = match parts.as_slice() {
        [] => "0 open".to_owned(),
        parts => format!("{} open: {}", counts.open, parts.join(", ")),
    };
    if counts.closed == 0 { open } else { format!("{open}; {} closed", counts.closed) }
}

/// The list of findings, of which there are `open`. Where there are several entries, it says whose each is.
fn write_findings(
    listed: &[Open<'_>],
    open: usize,
    results: &[ScanResult],
    style: Style,
    out: &mut dyn Write,
) -> io::Result<Written> {
    if listed.is_empty() {
        return Ok(Written::default());
    }

    let places: Vec<String> = listed.iter().map(|open| terminal(&shown::location(open.finding).to_string())).collect();
    let titles: Vec<String> = listed.iter().map(|open| terminal(shown::title(open.finding))).collect();
    let entries: Vec<String> = listed.iter().map(|open| terminal(&open.entry.entry)).collect();
    let widest = |texts: &[String]| texts.iter().map(|text| width(text)).max().unwrap_or_default();
    let entry_width = widest(&entries).clamp("platform".len(), WIDEST_ENTRY.min(style.columns / 5));
    // The cell of an entry's name with the gap behind it; nothing where there is only one.
    let entry_cell = |name: &str| match results {
        [_, _, ..] => format!("{}  ", pad(&fit_end(name, entry_width), entry_width)),
        _ => String::new(),
    };
    let room = style.columns.saturating_sub(SEVERITY_WIDTH + KIND_WIDTH + 6 + width(&entry_cell("")));
    // The place gets a good half, and what the titles leave over.
    let place_width = widest(&places).clamp(5, (room * 11 / 20).max(room.saturating_sub(widest(&titles))).max(5));
    let title_width = room.saturating_sub(place_width);
    writeln!(
        out,
        "\n{}  {}  {}{}  finding",
        pad("severity", SEVERITY_WIDTH),
        pad("kind", KIND_WIDTH),
        entry_cell("platform"),
        pad("place", place_width)
    )?;
    for (((Open { finding, .. }, entry), place), title) in listed.iter().zip(&entries).zip(&places).zip(&titles) {
        let severity = pad(shown::severity(finding), SEVERITY_WIDTH);
        let (on, off) = if style.colour { (colour(finding.severity), "\u{1b}[0m") } else { ("", "") };
        let kind = pad(finding.kind.as_str(), KIND_WIDTH);
        let place = pad(&fit_start(place, place_width), place_width);
        let title = fit_end(title, title_width);
        writeln!(out, "{on}{severity}{off}  {kind}  {}{place}  {title}", entry_cell(entry))?;
    }
    let more = open.saturating_sub(listed.len());
    if more == 0 {
        return Ok(Written::default());
    }
    let sentence = format!("the table lists the worst {} of {}", listed.len(), counted(open as u64, "open finding"));
    writeln!(out, "and {more} more, none of them worse")?;
    Ok(Written { cut: vec![sentence] })
}

/// Bold red, red, yellow, cyan, grey (ECMA-48, select graphic rendition).
fn colour(severity: Option<Severity>) -> &'static str {
    match severity {
        Some(Severity::Critical) => "\u{1b}[1;31m",
        Some(Severity::High) => "\u{1b}[31m",
        Some(Severity::Medium) | None => "\u{1b}[33m",
        Some(Severity::Low) => "\u{1b}[36m",
        Some(Severity::Info) => "\u{1b}[90m",
    }
}

/// Writes `text`, wrapped, each line behind `indent`.
fn lines(out: &mut dyn Write, style: Style, indent: &str, text: &str) -> io::Result<()> {
    wrap(text, style.columns.saturating_sub(indent.len())).iter().try_for_each(|line| writeln!(out, "{indent}{line}"))
}
