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

mod entry;
mod interruption;
mod line_hash;
mod outside;
mod prepare;
mod redaction;
mod request;

use std::cell::{Cell, OnceCell, RefCell};
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::join_all;

use self::entry::Context;
use self::interruption::{Listener, Teller};
use self::observer::Observer;
pub use self::prepare::select;
use self::prepare::{Prepared, Shelf};
use self::wait::Schedule;
use crate::clock::Clock;
use crate::credentials::Credential;
use crate::error::{Error, Problem, Signal};
use crate::finding::{Ending, ScanResult, fingerprint};
use crate::gate::{Conclusion, GateSettings, OnClass, Verdict, conclude, judge};
use crate::http::{Client, Random, Redactor};
use crate::platform::PlatformId;
use crate::platform::cybedefend::CybeDefend;
use crate::report::{Report, RunFacts};
use crate::settings::{EntrySettings, OnInterrupt, ScanSettings};

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
    /// A run that ended before it had begun, such as over a setting that cannot be read. It has a cause and no results.
    pub fn before_it_began(problem: Problem, surroundings: &Surroundings<'_>) -> Self {
        let verdict = judge(&[], &GateSettings::default());
        let (problems, on) = (vec![problem], OnClass::default());
        let conclusion = conclude(&verdict, &[], &problems, &on);
        let now = surroundings.clock.now();
        let facts = RunFacts {
            started: now,
            ended: now,
            commit: None,
            branch: None,
            repository_url: None,
            arguments: surroundings.arguments.clone(),
            is_sandbox: surroundings.is_sandbox,
        };
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
        started,
        ended: surroundings.clock.now(),
        commit: settings.commit.clone().or(head.commit),
        branch: settings.branch.clone().or(head.branch),
        repository_url: settings.repository_url.clone(),
        arguments: surroundings.arguments.clone(),
        is_sandbox: surroundings.is_sandbox,
    };
    Finished { facts, results, verdict, conclusion, problems: Vec::new(), on }
}

/// One entry while it runs: what it has brought so far, and its ending once it has one.
struct Part<'a> {
    entry: &'a EntrySettings,
    /// What it scans, which entries that scan the same have in common.
    prepared: OnceCell<Rc<Prepared>>,
    result: RefCell<ScanResult>,
    ending: Cell<Option<Ending>>,
}

impl<'a> Part<'a> {
    fn new(entry: &'a EntrySettings) -> Self {
        let about = entry.platform.about();
        let result = ScanResult {
            entry: entry.name.clone(),
            platform: about.name,
            documentation: about.documentation,
            category: String::new(),
            scan: None,
            findings: Vec::new(),
            policy: None,
            ending: Ending::Complete,
            notes: Vec::new(),
            files_left_out: 0,
            requests: 0,
        };
        Self { entry, prepared: OnceCell::new(), result: RefCell::new(result), ending: Cell::new(None) }
    }

    fn end(&self, ended: Result<Ending, Error>) {
        self.ending.set(Some(ended.unwrap_or_else(|error| Ending::Short(error.to_problem()))));
    }

    async fn run(
        &self,
        credential: Credential,
        settings: &ScanSettings,
        surroundings: &Surroundings<'_>,
        deadline: Deadline,
        prepared: &Prepared,
        interrupted: Listener,
    ) -> Result<Ending, Error> {
        let entry = self.entry;
        let Surroundings { clock, redactor, random, observer, .. } = *surroundings;
        let client = Client::new(&settings.http, clock.clone(), deadline.of_run, redactor.clone())?;
        let timing = entry.timing();
        let request = request::request(entry, settings, credential, prepared);
        let context = Context {
            client: &client,
            clock,
            random,
            observer,
            polling_deadline: deadline.of_polling,
            schedule: Schedule {
                first: settings.poll_interval.unwrap_or(timing.first_poll),
                longest: timing.longest_poll,
            },
            poll_interval: settings.poll_interval,
            vendor_policy: settings.run.gate.vendor_policy,
            interrupted,
        };
        // The one place that lists the platforms' types.
        let ended = match entry.platform {
            PlatformId::CybeDefend => {
                entry::run::<CybeDefend>(request, &prepared.subject, &context, &self.result).await
            }
        };
        self.result.borrow_mut().requests = client.requests();
        ended
    }

    /// The result as the reports get it: with what the source tree knows added, and secrets taken out.
    fn into_result(self, cut_short: &Error, surroundings: &Surroundings<'_>) -> ScanResult {
        let prepared = self.prepared.into_inner();
        let place = prepared.as_ref().map_or("", |prepared| prepared.place());
        let by_default = || match place {
            "" => format!("scangate/{}/", self.entry.name),
            place => format!("scangate/{}/{place}/", self.entry.name),
        };
        let category = self.entry.category.clone().unwrap_or_else(by_default);
        let ending = self.ending.into_inner().unwrap_or_else(|| Ending::Short(cut_short.to_problem()));
        let mut result = ScanResult { category, ending, ..self.result.into_inner() };
        if let Some(prepared) = &prepared {
            if let Some(root) = &prepared.tree.root {
                source::attach(&mut result.findings, root);
            }
            result.notes.splice(0..0, prepared.notes.iter().cloned());
            result.files_left_out = prepared.left_out;
        }
        fingerprint::assign(&mut result.findings);
        redaction::clean(&mut result, surroundings.redactor);
        result.sort();
        result
    }
}

/// Reads the credentials, prepares what is scanned, and runs the entries side by side, under one deadline. An entry whose
/// credential is missing ends there, and what only it would scan is not prepared.
async fn run_parts(settings: &ScanSettings, surroundings: &Surroundings<'_>, parts: &[Part<'_>], teller: &Teller) {
    let deadline = Deadline::new(surroundings.clock, settings.run.timeout);
    let save_raw = settings.save_raw.as_deref();
    if let Some(Err(error)) = save_raw.map(|folder| outside::check(folder, "save-raw", &settings.directory)) {
        let problem = Error::from(error).to_problem();
        for part in parts {
            part.end(Ok(Ending::Short(problem.clone())));
        }
        return;
    }
    let mut signed = Vec::new();
    for part in parts {
        match part.entry.read_credential(surroundings.clock, surroundings.redactor).await {
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

/// When what has to be over, on [`Clock::monotonic`].
#[derive(Clone, Copy)]
struct Deadline {
    of_run: Duration,
    of_polling: Duration,
}

impl Deadline {
    /// Polling ends 2 % of the timeout, but 5 to 30 s, before the run: findings have to be read and reports to be written.
    fn new(clock: &Clock, timeout: Duration) -> Self {
        let reserve = (timeout / 50).clamp(Duration::from_secs(5), Duration::from_secs(30)).min(timeout / 2);
        let of_run = clock.monotonic().saturating_add(timeout);
        Self { of_run, of_polling: of_run.saturating_sub(reserve) }
    }
}
