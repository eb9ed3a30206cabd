//! One entry of a run: what it has brought so far, its ending, and the one dispatch to its platform.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use super::driver::{self, SignIn};
use super::entry::{self, Context};
use super::interruption::Listener;
use super::observer::OfEntry;
use super::prepare::Prepared;
use super::wait::Schedule;
use super::{Surroundings, redaction, request, source};
use crate::clock::Clock;
use crate::credentials::Credential;
use crate::error::Error;
use crate::finding::{Ending, ScanResult, fingerprint};
use crate::http::{Client, Options};
use crate::platform::bestdefense::BestDefense;
use crate::platform::cybedefend::CybeDefend;
use crate::platform::cyberorigen::CyberOrigen;
use crate::platform::cybrium::Cybrium;
use crate::platform::{About, PlatformId};
use crate::settings::{EntrySettings, ScanSettings};

/// One entry while it runs: what it has brought so far, and its ending once it has one.
pub(super) struct Part<'a> {
    /// Its settings.
    pub(super) entry: &'a EntrySettings,
    /// What it scans, which entries that scan the same have in common.
    pub(super) prepared: OnceCell<Rc<Prepared>>,
    /// What is known so far.
    pub(super) result: RefCell<ScanResult>,
    client: OnceCell<Client>,
    ending: Cell<Option<Ending>>,
}

impl<'a> Part<'a> {
    /// An entry that has not begun.
    pub(super) fn new(entry: &'a EntrySettings) -> Self {
        let result = nothing_yet(&entry.name, entry.connection.platform.about());
        Self {
            entry,
            prepared: OnceCell::new(),
            result: RefCell::new(result),
            client: OnceCell::new(),
            ending: Cell::new(None),
        }
    }

    /// Sets its ending.
    pub(super) fn end(&self, ended: Result<Ending, Error>) {
        self.ending.set(Some(ended.unwrap_or_else(|error| Ending::Short(error.to_problem()))));
    }

    /// Asks its platform for the scan and follows it to the end.
    pub(super) async fn run(
        &self,
        credential: Credential,
        settings: &ScanSettings,
        surroundings: &Surroundings<'_>,
        deadline: Deadline,
        prepared: &Prepared,
        interrupted: Listener,
    ) -> Result<Ending, Error> {
        let entry = self.entry;
        let Surroundings { clock, redactor, random, .. } = *surroundings;
        let name = (settings.entries.len() > 1).then_some(entry.name.as_str());
        let observer = &OfEntry { observer: surroundings.observer, entry: name };
        let save_raw = settings.save_raw.as_ref().map(|folder| folder.join(&entry.name));
        let options = Options { save_raw, ..settings.http.clone() };
        let client = Client::new(&options, clock.clone(), deadline.of_run, redactor.clone())?;
        let client = self.client.get_or_init(|| client);
        let timing = entry.timing();
        let request = request::request(entry, settings, credential, prepared);
        let context = Context {
            client,
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
        let platform = entry.connection.platform;
        // The one place that lists the platforms' types.
        let sign_in: SignIn = match platform {
            PlatformId::CybeDefend => driver::sign_in::<CybeDefend>,
            PlatformId::Cybrium => driver::sign_in::<Cybrium>,
            PlatformId::CyberOrigen => driver::sign_in::<CyberOrigen>,
            PlatformId::BestDefense => driver::sign_in::<BestDefense>,
        };
        entry::run(sign_in, platform.about(), request, &prepared.subject, &context, &self.result).await
    }

    /// The result as the reports get it: with what the source tree knows added, and secrets taken out.
    pub(super) fn into_result(self, cut_short: &Error, surroundings: &Surroundings<'_>) -> ScanResult {
        let prepared = self.prepared.into_inner();
        let place = prepared.as_ref().map_or("", |prepared| prepared.place());
        let by_default = || match place {
            "" => format!("scangate/{}/", self.entry.name),
            place => format!("scangate/{}/{place}/", self.entry.name),
        };
        let category = self.entry.category.clone().unwrap_or_else(by_default);
        let ending = self.ending.into_inner().unwrap_or_else(|| Ending::Short(cut_short.to_problem()));
        let requests = self.client.get().map_or(0, Client::requests);
        let mut result = ScanResult { category, ending, requests, ..self.result.into_inner() };
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

/// The result of an entry that has brought nothing yet.
pub(super) fn nothing_yet(entry: &str, about: &About) -> ScanResult {
    ScanResult {
        entry: entry.to_owned(),
        platform: about.name,
        documentation: about.documentation,
        category: String::new(),
        scan: None,
        findings: Vec::new(),
        unlisted: Vec::new(),
        controls: None,
        policy: None,
        ending: Ending::Complete,
        notes: Vec::new(),
        files_left_out: 0,
        requests: 0,
    }
}

/// When what has to be over, on [`Clock::monotonic`].
#[derive(Clone, Copy)]
pub(super) struct Deadline {
    /// The run.
    pub(super) of_run: Duration,
    /// The wait for scans.
    pub(super) of_polling: Duration,
}

impl Deadline {
    /// Polling ends 2 % of the timeout, but 5 to 30 s, before the run: findings have to be read and reports to be written.
    pub(super) fn new(clock: &Clock, timeout: Duration) -> Self {
        let reserve = (timeout / 50).clamp(Duration::from_secs(5), Duration::from_secs(30)).min(timeout / 2);
        let of_run = clock.monotonic().saturating_add(timeout);
        Self { of_run, of_polling: of_run.saturating_sub(reserve) }
    }
}
