//! One scan against an emulated platform, whole: what is asked for, and what came of it.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use scangate::clock::Clock;
use scangate::error::Signal;
use scangate::platform::ScanState;
use scangate::sandbox::{Fault, Kind};
use scangate::scan::observer::{Event, Observer};
use tokio::sync::Notify;

use super::row::{Input, Row, Way};
use crate::pipeline::{self, Ended};
use crate::served::in_process;

/// A scan that has not begun: of what has findings, with no threshold, by the platform's first way to sign in.
pub(super) struct Scan<'a> {
    row: &'a Row,
    way: &'a Way,
    input: Input,
    faults: Vec<Fault>,
    flags: Vec<(&'a str, String)>,
    is_interrupted: bool,
    /// What makes it another scan than the others of its case.
    what: Vec<String>,
}

/// A scan that came to its end.
pub(super) struct Played {
    /// What made it another scan than the others of its case.
    pub(super) what: String,
    pub(super) ended: Ended,
    pub(super) witness: Witness,
}

impl<'a> Scan<'a> {
    pub(super) fn of(row: &'a Row) -> Self {
        let flags = vec![("fail-on", "none".to_owned())];
        let (faults, what) = (Vec::new(), Vec::new());
        Self { row, way: &row.ways[0], input: row.vulnerable, faults, flags, is_interrupted: false, what }
    }

    /// With the usual threshold.
    pub(super) fn gated(mut self) -> Self {
        self.flags.retain(|(name, _)| *name != "fail-on");
        self
    }

    /// Of something that has no findings.
    pub(super) fn clean(mut self) -> Self {
        self.input = self.row.clean;
        self
    }

    pub(super) fn by(mut self, way: &'a Way) -> Self {
        self.what.push(format!("by {}", way.variables.join(" and ")));
        Self { way, ..self }
    }

    pub(super) fn flag(mut self, name: &'a str, value: &str) -> Self {
        self.flags.push((name, value.to_owned()));
        self
    }

    /// With this fault, as on the command line.
    pub(super) fn fault(self, text: &str) -> Self {
        self.plays(text.parse().unwrap())
    }

    pub(super) fn plays(mut self, fault: Fault) -> Self {
        self.what.push(format!("{:?} at {:?}", fault.kind, fault.place));
        self.faults.push(fault);
        self
    }

    /// With a signal as soon as the platform has given the scan an id.
    pub(super) fn interrupted(mut self) -> Self {
        self.is_interrupted = true;
        self
    }

    pub(super) async fn run(mut self) -> Played {
        if !self.faults.iter().any(|fault| matches!(fault.kind, Kind::ScanTime(_))) {
            // Long enough for a few looks, and no longer, since each of them takes some real time.
            self.faults.push("scan-time=60".parse().unwrap());
        }
        let (server, clock) = in_process(&[], |options| {
            options.dialects = vec![self.row.dialect()];
            options.faults = self.faults;
        })
        .await;
        let access = server.accesses().first().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let subject = match self.input {
            Input::Target(target) => ("target", target.to_owned()),
            Input::Tree(name, text) => {
                let tree = folder.path().join("tree");
                fs_err::create_dir(&tree).unwrap();
                fs_err::write(tree.join(name), text).unwrap();
                ("dir", tree.display().to_string())
            }
        };
        let flags = [vec![subject], Row::addresses(access), self.flags].concat();
        let named = [("platform", self.row.platform.as_str())].into_iter().chain(self.row.settings.iter().copied());
        let flags: Vec<_> = named.chain(flags.iter().map(|(name, value)| (*name, value.as_str()))).collect();
        let environment: Vec<_> = self.way.variables.iter().map(|name| (*name, Row::value(access, name))).collect();
        let witness = Witness::new(clock.clone());
        let interrupted = async {
            if !self.is_interrupted {
                std::future::pending::<()>().await;
            }
            witness.start.notified().await;
            Signal::Terminate
        };
        let ended = pipeline::run_observed(&clock, folder, &flags, &environment, &witness, interrupted).await;
        Played { what: self.what.join(", "), ended, witness }
    }
}

impl Played {
    /// How often the platform was asked for anything.
    pub(super) fn requests(&self) -> u64 {
        self.ended.result().requests
    }

    /// What was found, so that it can be compared.
    pub(super) fn findings(&self) -> Vec<String> {
        let findings = self.ended.findings().iter();
        findings.map(|finding| format!("{} {:?}", finding.fingerprint, finding.severity)).collect()
    }
}

/// Hears what happens in a run, and when.
pub(super) struct Witness {
    clock: Clock,
    begun: Duration,
    start: Notify,
    /// How long it took until the platform had given the scan an id.
    pub(super) started_after: Cell<Option<Duration>>,
    /// The states that people were told of.
    pub(super) states: RefCell<Vec<ScanState>>,
    /// What else they were told.
    pub(super) notes: RefCell<Vec<String>>,
}

impl Witness {
    fn new(clock: Clock) -> Self {
        let begun = clock.monotonic();
        let (started_after, states, notes) = Default::default();
        Self { clock, begun, start: Notify::new(), started_after, states, notes }
    }
}

impl Observer for Witness {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::Started(_) => {
                self.started_after.set(Some(self.clock.monotonic().saturating_sub(self.begun)));
                self.start.notify_one();
            }
            Event::State(state) => self.states.borrow_mut().push((*state).clone()),
            Event::Note(text) | Event::Warning(text) => self.notes.borrow_mut().push(text.clone()),
            _ => {}
        }
    }
}
