//! What goes into the log, decided before a byte of it is written: which runs, which of their results, and what is said of the
//! rest.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::io;

use super::Suppressed;
use super::budget::Budget;
use super::rule::{RuleTable, RuleUse};
use super::{result, rule};
use crate::finding::{Ending, Finding, ScanResult};
use crate::report::text::{counted, line, shorten};
use crate::report::{Report, shown};
use crate::sorting::{self, collected};

/// What a reader of the log accepts.
pub(super) struct Limits {
    /// Runs in a log.
    runs: usize,
    /// Results in a run.
    results: usize,
    /// Results of a run that are shown.
    shown_results: usize,
    /// Bytes of the log after gzip.
    compressed_bytes: u64,
}

impl Limits {
    /// GitHub code scanning's, of "SARIF results exceed one or more limits". There may be 25,000 rules in a run, which is kept
    /// with the results: no rule is written that none of them names.
    pub(super) const GITHUB: Self =
        Self { runs: 20, results: 25_000, shown_results: 5_000, compressed_bytes: 10_000_000 };
}

/// What goes into the log.
pub(super) struct Plan<'a> {
    pub(super) runs: Vec<Run<'a>>,
    /// What was cut, in sentences for people.
    pub(super) cut: Vec<String>,
}

/// One run of the log.
pub(super) struct Run<'a> {
    pub(super) tool: Tool<'a>,
    /// `automationDetails.id`; different for every run of the log.
    pub(super) category: String,
    /// Whether the results are all there are.
    pub(super) is_complete: bool,
    pub(super) suppressed: Suppressed,
    pub(super) results: Vec<Placed<'a>>,
    pub(super) rules: Vec<RuleUse<'a>>,
    /// Numbers of the weakness classes that the rules name.
    pub(super) weaknesses: BTreeSet<u32>,
    pub(super) notices: Vec<Notice>,
}

/// The name of a run's tool.
#[derive(Clone, Copy)]
pub(super) enum Tool<'a> {
    /// The platform of an entry.
    Platform(&'a ScanResult),
    /// This program, where no single platform stands for the run but these.
    Scangate(&'a [ScanResult]),
}

/// A result and the rule that it belongs to.
pub(super) struct Placed<'a> {
    pub(super) entry: &'a ScanResult,
    pub(super) finding: &'a Finding,
    /// Index into the run's rules.
    pub(super) rule: usize,
}

/// Something that a run says besides its results.
pub(super) struct Notice {
    pub(super) level: NoticeLevel,
    pub(super) text: String,
}

/// How grave a [`Notice`] is, by SARIF's words.
#[derive(Clone, Copy)]
pub(super) enum NoticeLevel {
    Error,
    Warning,
    Note,
}

impl<'a> Plan<'a> {
    /// Plans the log. A platform without a complete result gets no run while another completed, since an empty or partial run
    /// would close the alerts that it lacks; where none completed, one run says so.
    pub(super) fn new(report: &Report<'a>, suppressed: Suppressed, limits: &Limits) -> io::Result<Self> {
        let mut plan = Self { runs: Vec::new(), cut: Vec::new() };
        let mut general = general_notices(report);
        let groups: Vec<(Tool<'a>, Vec<&'a ScanResult>)> = if report.has_complete_result() {
            for result in report.results {
                if let Some(text) = lacking(result) {
                    general.push(Notice { level: NoticeLevel::Warning, text: text.clone() });
                    plan.cut.push(text);
                }
            }
            let complete = report.results.iter().filter(|result| result.ending.is_complete());
            complete.map(|result| (Tool::Platform(result), vec![result])).collect()
        } else {
            let tool = match report.results {
                [only] => Tool::Platform(only),
                several => Tool::Scangate(several),
            };
            vec![(tool, report.results.iter().collect())]
        };
        if let Some(runs) = groups.len().checked_sub(limits.runs).filter(|&runs| runs > 0) {
            let entries = if runs == 1 { "entry is".to_owned() } else { format!("{runs} entries are") };
            let limit = limits.runs;
            let text = format!("the last {entries} not in the SARIF file, since GitHub takes {limit} runs at most");
            general.push(Notice { level: NoticeLevel::Warning, text: text.clone() });
            plan.cut.push(text);
        }

        let mut budget = Budget::new(limits.compressed_bytes);
        let mut categories = BTreeSet::new();
        let count = groups.len().min(limits.runs);
        for (index, (tool, entries)) in groups.into_iter().take(limits.runs).enumerate() {
            let share = budget.spent() + budget.left() / (count - index) as u64;
            let mut run = Run {
                tool,
                category: category(&entries, &mut categories),
                is_complete: report.has_complete_result(),
                suppressed,
                results: Vec::new(),
                rules: Vec::new(),
                weaknesses: BTreeSet::new(),
                notices: std::mem::take(&mut general),
            };
            run.fill(&entries, limits, &mut budget, share, &mut plan.cut)?;
            plan.runs.push(run);
        }
        Ok(plan)
    }
}

impl<'a> Run<'a> {
    /// Takes the findings of `entries`, worst first and closed ones last, until a limit is reached.
    fn fill(
        &mut self,
        entries: &[&'a ScanResult],
        limits: &Limits,
        budget: &mut Budget,
        share: u64,
        cut: &mut Vec<String>,
    ) -> io::Result<()> {
        let mut findings: Vec<(&ScanResult, &Finding)> =
            entries.iter().flat_map(|&entry| entry.findings.iter().map(move |finding| (entry, finding))).collect();
        findings.retain(|(_, finding)| finding.state.is_open() || self.suppressed == Suppressed::Include);
        // Each entry is sorted already; a stable sort merges them and moves the closed ones to the end.
        sorting::sort_by_key(&mut findings, |(_, finding)| (!finding.state.is_open(), Reverse(finding.rank())));

        let mut rules = RuleTable::default();
        let mut used_rules = 0;
        let mut is_too_large = false;
        for &(entry, finding) in findings.iter().take(limits.results) {
            let (index, is_new) = rules.take(finding);
            let Some(rule) = rules.get(index) else { continue };
            if is_new {
                budget.charge(&rule::descriptor(rule, entry.documentation))?;
            }
            let placed = Placed { entry, finding, rule: index };
            budget.charge(&result::object(&placed, Some(rule), self.suppressed))?;
            if budget.spent() > share {
                is_too_large = true;
                break;
            }
            used_rules = used_rules.max(index + 1);
            self.results.push(placed);
        }
        self.rules = rules.into_first(used_rules);
        self.weaknesses = collected(self.rules.iter().flat_map(|used| rule::weaknesses(&used.finding.rule)));
        self.say_what_is_cut(findings.len(), is_too_large, limits, cut);
        self.notices.extend(entries.iter().flat_map(|entry| entry_notices(entry)));
        Ok(())
    }

    fn say_what_is_cut(&mut self, wanted: usize, is_too_large: bool, limits: &Limits, cut: &mut Vec<String>) {
        let name = self.tool.entry_name();
        let kept = self.results.len();
        let mut sentences = Vec::new();
        if kept < wanted {
            let reason = if is_too_large {
                format!("{} MB after compression", limits.compressed_bytes / 1_000_000)
            } else {
                format!("{} a run", counted(limits.results as u64, "result"))
            };
            sentences.push(format!(
                "{name}: the SARIF file holds the worst {kept} of {}, since GitHub takes {reason} at most",
                counted(wanted as u64, "finding")
            ));
        }
        if kept > limits.shown_results {
            sentences
                .push(format!("{name}: GitHub shows {} of the {kept} results in the SARIF file", limits.shown_results));
        }
        let notices = sentences.iter().map(|text| Notice { level: NoticeLevel::Warning, text: text.clone() });
        self.notices.extend(notices);
        cut.append(&mut sentences);
    }
}

impl Tool<'_> {
    /// The page about the tool, where there is one. A driver without a page is a warning of the validator (SARIF2005), so as long
    /// as this program has none, that of the first platform stands in.
    pub(super) fn documentation(self) -> &'static str {
        match (self, env!("CARGO_PKG_REPOSITORY")) {
            (Self::Platform(result), _) | (Self::Scangate([result, ..]), "") => result.documentation,
            (Self::Scangate(_), own) => own,
        }
    }

    /// The entry's name, for sentences.
    fn entry_name(self) -> String {
        match self {
            Self::Platform(result) => line(&result.entry),
            Self::Scangate(_) => "scangate".to_owned(),
        }
    }
}

/// The category of a run. GitHub refuses a log in which two runs of one tool share it, so an entry whose category is taken gets
/// its name appended, and a number where that is taken too.
fn category(entries: &[&ScanResult], taken: &mut BTreeSet<String>) -> String {
    let (wished, name) = match entries {
        [entry, ..] => (entry.category.as_str(), entry.entry.as_str()),
        [] => ("", ""),
    };
    let mut wished = shorten(line(wished), 200);
    if wished.trim_matches('/').is_empty() {
        "scangate/".clone_into(&mut wished);
    }
    if !wished.ends_with('/') {
        wished.push('/');
    }
    let named = format!("{wished}{}/", shorten(line(name), 50).replace('/', "-"));
    let numbered = (2_u32..).map(|number| format!("{named}{number}/"));
    let free = [wished, named.clone()].into_iter().chain(numbered).find(|category| !taken.contains(category));
    let category = free.unwrap_or(named);
    taken.insert(category.clone());
    category
}

/// Why an entry's findings are not in a log whose other runs are complete.
fn lacking(result: &ScanResult) -> Option<String> {
    let entry = line(&result.entry);
    match &result.ending {
        Ending::Complete => None,
        Ending::Started => Some(format!("{entry}: not in the SARIF file, since nobody waited for the scan to end")),
        Ending::Short(problem) => {
            let (class, message) = (problem.class, line(&problem.message));
            Some(format!("{entry}: not in the SARIF file, since its result is not complete ({class}: {message})"))
        }
    }
}

/// What concerns the run as a whole; said once, in the first run.
fn general_notices(report: &Report<'_>) -> Vec<Notice> {
    let mut notices = Vec::new();
    if report.run.is_sandbox {
        let text = "the findings come from the built-in sandbox, which is no scanner to rely on".to_owned();
        notices.push(Notice { level: NoticeLevel::Note, text });
    }
    notices.extend(report.problems.iter().map(|problem| Notice {
        level: NoticeLevel::Error,
        text: format!("{}: {}", problem.class, line(&problem.message)),
    }));
    if report.results.is_empty() {
        let text = format!("no platform was asked ({})", report.conclusion.class);
        notices.push(Notice { level: NoticeLevel::Error, text });
    }
    notices
}

/// What concerns one entry.
fn entry_notices(entry: &ScanResult) -> Vec<Notice> {
    let name = line(&entry.entry);
    let mut notices = Vec::new();
    let mut say = |level, text: String| notices.push(Notice { level, text: format!("{name}: {text}") });
    match &entry.ending {
        Ending::Complete => {}
        Ending::Started => say(NoticeLevel::Error, "the scan was started, and nobody waited for it".to_owned()),
        Ending::Short(problem) => say(NoticeLevel::Error, format!("{}: {}", problem.class, line(&problem.message))),
    }
    for sentence in shown::unlisted(entry) {
        say(NoticeLevel::Warning, sentence);
    }
    for violation in entry.policy.iter().flat_map(|policy| &policy.violations).filter(|violation| violation.blocks) {
        let findings = counted(violation.affected, "finding");
        say(NoticeLevel::Warning, format!("the platform's policy blocks: {} ({findings})", line(&violation.rule)));
    }
    if entry.files_left_out > 0 {
        let files = counted(entry.files_left_out, "file");
        say(NoticeLevel::Note, format!("{files} left out of the archive"));
    }
    for note in &entry.notes {
        say(NoticeLevel::Note, line(note));
    }
    notices
}
