//! The pipeline: archive, sign in, start, wait, collect; then, purely, judge; then write the reports.
//!
//! ```text
//! source tree ─► prepare ─► entry (one a platform, side by side) ─► ScanResult…
//!                                                                      │ redaction, source lines, fingerprints
//!                                        deliver ◄─ Finished ◄─ gate ◄─┘
//! ```
//! A run always comes to its end: whatever goes wrong in an entry is the ending of that entry, and the others go on.

pub mod archive;
pub mod delivery;
pub mod git;
pub mod observer;
pub mod reports;
pub mod source;
pub mod wait;

mod driver;
mod entry;
mod interruption;
mod line_hash;
mod objects;
mod outside;
mod part;
mod prepare;
mod redaction;
mod request;

use std::future::Future;
use std::pin::pin;

use futures_util::future::join_all;
use jiff::Timestamp;

use self::interruption::Teller;
use self::observer::{Event, Observer};
use self::part::{Deadline, Part};
use self::prepare::Shelf;
pub use self::prepare::{look, select};
use crate::clock::Clock;
use crate::error::{Error, Problem, Signal};
use crate::finding::{Ending, ScanResult};
use crate::gate::{Conclusion, GateSettings, OnClass, Verdict, conclude, judge};
use crate::http::{Random, Redactor};
use crate::report::{Report, RunFacts};
use crate::settings::{self, OnInterrupt, ScanSettings, Subject};

/// What a run has around it, and a test replaces.
pub struct Surroundings<'a> {
    /// Time.
    pub clock: &'a Clock,
    /// Chance, for the jitter of waits.
    pub random: &'a Random,
    /// Knows the secrets of the run.
    pub redactor: &'a Redactor,
    /// Who is told what happens.
    pub observer: &'a dyn Observer,
    /// The arguments after the program's name, for the reports.
    pub arguments: Vec<String>,
    /// Whether the platforms are the sandbox's.
    pub is_sandbox: bool,
}

impl Surroundings<'_> {
    /// What is known of a run that began then and ends now, whatever it was about.
    fn facts(&self, started: Timestamp) -> RunFacts {
        RunFacts {
            started,
            ended: self.clock.now(),
            commit: None,
            branch: None,
            repository_url: None,
            arguments: self.arguments.clone(),
            is_sandbox: self.is_sandbox,
            notes: Vec::new(),
        }
    }
}

/// A run that came to its end and was judged. No report is written yet.
pub struct Finished {
    /// The run around the results.
    pub facts: RunFacts,
    /// What each entry brought.
    pub results: Vec<ScanResult>,
    /// What the gate says, and why.
    pub verdict: Verdict,
    /// How the run ended. Delivery may still make it worse.
    pub conclusion: Conclusion,
    /// What went wrong outside of any entry.
    pub problems: Vec<Problem>,
    /// `--on`.
    on: OnClass,
}

impl Finished {
    /// A run that ended before it had begun, such as over a setting that cannot be read. It has a cause and no results. Its
    /// arguments are not shown: what is wrong with them may be that a credential stands where nobody takes it for one.
    pub fn before_it_began(mut problem: Problem, surroundings: &Surroundings<'_>) -> Self {
        redaction::clean_problem(&mut problem, surroundings.redactor);
        let verdict = judge(&[], &GateSettings::default());
        let (problems, on) = (vec![problem], OnClass::default());
        let conclusion = conclude(&verdict, &[], &problems, &on);
        let facts = RunFacts { arguments: Vec::new(), ..surroundings.facts(surroundings.clock.now()) };
        Self { facts, results: Vec::new(), verdict, conclusion, problems, on }
    }

    /// What the reports are made of.
    pub fn report(&self) -> Report<'_> {
        Report {
            run: &self.facts,
            results: &self.results,
            verdict: &self.verdict,
            conclusion: &self.conclusion,
            problems: &self.problems,
        }
    }

    /// Takes note of what went wrong after the verdict, which may change how the run ends.
    pub fn add_problem(&mut self, problem: Problem) {
        self.problems.push(problem);
        self.conclusion = conclude(&self.verdict, &self.results, &self.problems, &self.on);
    }
}

/// Runs the whole flow up to the verdict. A signal from `interrupted` ends the waiting; what is known by then is kept.
pub async fn run(
    settings: &ScanSettings,
    surroundings: &Surroundings<'_>,
    interrupted: impl Future<Output = Signal>,
) -> Finished {
    let started = surroundings.clock.now();
    let parts: Vec<Part<'_>> = settings.entries.iter().map(Part::new).collect();
    let teller = Teller::default();
    let signal = {
        let mut running = pin!(run_parts(settings, surroundings, &parts, &teller));
        let signal = tokio::select! {
            () = &mut running => None,
            signal = interrupted => Some(signal),
        };
        let has_started = || parts.iter().any(|part| part.result.borrow().scan.is_some());
        if signal.is_some() && settings.on_interrupt == OnInterrupt::Cancel && has_started() {
            teller.send_replace(signal);
            running.await;
        }
        signal
    };
    let cut_short = match signal {
        Some(signal) => Error::Interrupted(signal),
        None => Error::Internal("an entry did not come to its end".to_owned()),
    };

    let head = parts.iter().find_map(|part| Some(part.prepared.get()?.tree.head.clone())).unwrap_or_default();
    let results: Vec<ScanResult> = parts.into_iter().map(|part| part.into_result(&cut_short, surroundings)).collect();
    let verdict = judge(&results, &settings.run.gate);
    let on = settings.run.on.clone();
    let conclusion = conclude(&verdict, &results, &[], &on);
    let facts = RunFacts {
        branch: request::branch(settings, &head),
        commit: settings.commit.clone().or(head.commit),
        repository_url: settings.repository_url.clone(),
        notes: settings.notes.iter().map(|note| surroundings.redactor.clean(note)).collect(),
        ..surroundings.facts(started)
    };
    Finished { facts, results, verdict, conclusion, problems: Vec::new(), on }
}

/// Reads the credentials, prepares what is scanned, and runs the entries side by side, under one deadline. An entry whose
/// credential is missing ends there, and what only it would scan is not prepared.
async fn run_parts(settings: &ScanSettings, surroundings: &Surroundings<'_>, parts: &[Part<'_>], teller: &Teller) {
    let deadline = Deadline::new(surroundings.clock, settings.run.timeout);
    if let Err(error) = check_raw_copies(settings) {
        let problem = Error::from(error).to_problem();
        for part in parts {
            part.end(Ok(Ending::Short(problem.clone())));
        }
        return;
    }
    let mut signed = Vec::new();
    for part in parts {
        for warning in part.entry.connection.close_store() {
            surroundings.observer.event(&Event::Warning(warning));
        }
        match part.entry.connection.read_credential(surroundings.clock, deadline.of_run, surroundings.redactor).await {
            Ok(credential) => signed.push((part, credential)),
            Err(error) => part.end(Err(error.into())),
        }
    }
    let mut shelf = Shelf::default();
    let mut ready = Vec::new();
    for (part, credential) in signed {
        match shelf.prepare(&part.entry.subject, settings, surroundings.observer).await {
            Ok(prepared) => ready.push((part, credential, part.prepared.get_or_init(|| prepared).as_ref())),
            Err(problem) => part.end(Ok(Ending::Short(problem))),
        }
    }
    let runs = ready.into_iter().map(async |(part, credential, prepared)| {
        let run = part.run(credential, settings, surroundings, deadline, prepared, teller.subscribe());
        part.end(run.await);
    });
    join_all(runs).await;
}

/// Refuses a folder for raw copies that lies in a tree that is uploaded, or not where it is said to.
///
/// # Errors
/// Where it lies.
pub fn check_raw_copies(settings: &ScanSettings) -> Result<(), settings::Error> {
    let Some(folder) = &settings.save_raw else { return Ok(()) };
    for entry in &settings.entries {
        if let Subject::Directory { path, .. } = &entry.subject {
            outside::check(folder, "save-raw", path)?;
        }
    }
    outside::check_links(folder, "save-raw")
}
