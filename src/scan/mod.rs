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
mod line_hash;
mod prepare;
mod redaction;

use std::cell::{Cell, OnceCell, RefCell};
use std::future::Future;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;

use self::entry::Context;
use self::observer::Observer;
use self::prepare::Prepared;
pub use self::prepare::select;
use crate::clock::Clock;
use crate::credentials::Credential;
use crate::error::{Error, Problem, Signal};
use crate::finding::{Ending, ScanResult, fingerprint};
use crate::gate::{Conclusion, GateSettings, OnClass, Verdict, conclude, judge};
use crate::http::{Client, Random, Redactor};
use crate::platform::cybedefend::CybeDefend;
use crate::platform::{PlatformId, Request};
use crate::report::{Report, RunFacts};
use crate::settings::{EntrySettings, ScanSettings};

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
    let prepared = OnceCell::new();
    let signal = tokio::select! {
        () = run_parts(settings, surroundings, &prepared, &parts) => None,
        signal = interrupted => Some(signal),
    };
    let cut_short = match signal {
        Some(signal) => Error::Interrupted(signal),
        None => Error::Internal("an entry did not come to its end".to_owned()),
    };

    let prepared = prepared.into_inner();
    let tree = prepared.as_ref().map(|prepared| prepared.tree.clone()).unwrap_or_default();
    let place = prepared.as_ref().map_or("", Prepared::place);
    let results = parts.into_iter().map(|part| part.into_result(&cut_short, place));
    let results: Vec<ScanResult> = results.map(|result| complete(result, prepared.as_ref(), surroundings)).collect();
    let verdict = judge(&results, &settings.run.gate);
    let on = settings.run.on.clone();
    let conclusion = conclude(&verdict, &results, &[], &on);
    let facts = RunFacts {
        commit: settings.commit.clone().or(tree.head.commit),
        branch: settings.branch.clone().or(tree.head.branch),
        repository_url: settings.repository_url.clone(),
        ..surroundings.facts(started)
    };
    Finished { facts, results, verdict, conclusion, problems: Vec::new(), on }
}

/// One entry while it runs: what it has brought so far, and its ending once it has one.
struct Part<'a> {
    entry: &'a EntrySettings,
    client: OnceCell<Client>,
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
        Self { entry, client: OnceCell::new(), result: RefCell::new(result), ending: Cell::new(None) }
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
    ) -> Result<Ending, Error> {
        let entry = self.entry;
        let Surroundings { clock, redactor, random, observer, .. } = *surroundings;
        let client = Client::new(&settings.http, clock.clone(), deadline.of_run, redactor.clone())?;
        let client = self.client.get_or_init(|| client);
        let request = Request {
            credential: credential.secret,
            credential_origin: credential.origin,
            region: entry.region,
            api_url: entry.api_url.clone(),
            auth_url: entry.auth_url.clone(),
            project_id: entry.project_id.clone(),
            branch: settings.branch.clone().or_else(|| prepared.tree.head.branch.clone()),
            directory: prepared.tree.directory.clone(),
            image: prepared.image(),
        };
        let context = Context {
            client,
            clock,
            random,
            observer,
            polling_deadline: deadline.of_polling,
            poll_interval: settings.poll_interval,
            vendor_policy: settings.run.gate.vendor_policy,
        };
        // The one place that lists the platforms' types.
        match entry.platform {
            PlatformId::CybeDefend => {
                entry::run::<CybeDefend>(request, &prepared.subject, &context, &self.result).await
            }
        }
    }

    fn into_result(self, cut_short: &Error, place: &str) -> ScanResult {
        let ending = self.ending.into_inner().unwrap_or_else(|| Ending::Short(cut_short.to_problem()));
        let by_default = || match place {
            "" => format!("scangate/{}/", self.entry.name),
            place => format!("scangate/{}/{place}/", self.entry.name),
        };
        let category = self.entry.category.clone().unwrap_or_else(by_default);
        let requests = self.client.get().map_or(0, Client::requests);
        ScanResult { category, ending, requests, ..self.result.into_inner() }
    }
}

/// Reads the credentials, prepares what is scanned, and runs the entries side by side, under one deadline. An entry whose
/// credential is missing ends there, and where all do, nothing is archived.
async fn run_parts(
    settings: &ScanSettings,
    surroundings: &Surroundings<'_>,
    prepared: &OnceCell<Prepared>,
    parts: &[Part<'_>],
) {
    let deadline = Deadline::new(surroundings.clock, settings.run.timeout);
    let mut signed = Vec::new();
    for part in parts {
        match part.entry.read_credential(surroundings.clock, surroundings.redactor).await {
            Ok(credential) => signed.push((part, credential)),
            Err(error) => part.end(Err(error.into())),
        }
    }
    if signed.is_empty() {
        return;
    }
    let prepared = match prepare::prepare(settings, surroundings.observer).await {
        Ok(fresh) => prepared.get_or_init(|| fresh),
        Err(error) => {
            let problem = error.to_problem();
            for (part, _) in signed {
                part.end(Ok(Ending::Short(problem.clone())));
            }
            return;
        }
    };
    let runs = signed.into_iter().map(async |(part, credential)| {
        part.end(part.run(credential, settings, surroundings, deadline, prepared).await);
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

/// Adds to a result what the source tree knows, and takes secrets out of it.
fn complete(mut result: ScanResult, prepared: Option<&Prepared>, surroundings: &Surroundings<'_>) -> ScanResult {
    if let Some(prepared) = prepared {
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
