//! The whole pipeline in this process: real sockets and files, and waiting that takes no time.
#![expect(clippy::unwrap_used, reason = "a test whose run leaves nothing to look at has failed")]

use std::path::PathBuf;
use std::time::Duration;

use scangate::clock::Clock;
use scangate::error::{Class, Problem};
use scangate::finding::{Finding, ScanResult};
use scangate::gate::Broken;
use scangate::http::{Random, Redactor};
use scangate::scan::observer::Silence;
use scangate::scan::{self, Finished, Surroundings, reports};
use scangate::settings::keys;
use scangate::settings::{Environment, Flags, Layers, ScanSettings};
use tempfile::TempDir;

/// A run that came to its end, with its reports.
pub(crate) struct Ended {
    finished: Finished,
    folder: TempDir,
    /// How long it took on the clock.
    pub(crate) took: Duration,
}

/// Runs a scan with these flags in this environment. Its reports go to `folder`.
pub(crate) async fn run(clock: &Clock, folder: TempDir, flags: &[(&str, &str)], environment: &[(&str, &str)]) -> Ended {
    let settings = settings(&folder, flags, environment);
    let redactor = Redactor::default();
    let surroundings = Surroundings {
        clock,
        random: &Random::seeded(1),
        redactor: &redactor,
        observer: &Silence,
        arguments: Vec::new(),
        is_sandbox: true,
    };
    let began = clock.monotonic();
    let mut finished = scan::run(&settings, &surroundings, std::future::pending()).await;
    let took = clock.monotonic().saturating_sub(began);
    let files = reports::write(&mut finished, &settings.run.report, &Silence, &mut std::io::sink());
    reports::write_outcome(&finished, &files, &settings.run.report).unwrap();
    Ended { finished, folder, took }
}

fn settings(folder: &TempDir, flags: &[(&str, &str)], environment: &[(&str, &str)]) -> ScanSettings {
    let file = |name: &str| folder.path().join(name).display().to_string();
    let mut given = Flags::default();
    let always = [("report", format!("sarif={}", file("report.out"))), ("outcome", file("outcome.json"))];
    let always = always.iter().map(|(name, value)| (*name, value.as_str()));
    for (name, value) in always.chain(flags.iter().copied()) {
        let key = keys::ALL.iter().find(|key| key.name == name).unwrap();
        given.insert(key, value.lines().map(str::to_owned).collect());
    }
    let environment = Environment::from_pairs(environment.iter().copied());
    ScanSettings::resolve(&Layers::new(&given, &environment)).unwrap()
}

impl Ended {
    pub(crate) fn class(&self) -> Class {
        self.finished.conclusion.class
    }

    /// Fails, with all that speaks against a pass, unless the run ended in this class.
    #[track_caller]
    pub(crate) fn assert_class(&self, expected: Class) -> &Self {
        assert_eq!(self.class(), expected, "{:#?}\n{:#?}", self.finished.verdict.reasons, self.result().ending);
        self
    }

    pub(crate) fn result(&self) -> &ScanResult {
        self.finished.results.first().unwrap()
    }

    pub(crate) fn findings(&self) -> &[Finding] {
        &self.result().findings
    }

    pub(crate) fn broken(&self) -> impl Iterator<Item = &Broken> {
        self.finished.verdict.reasons.iter().map(|reason| &reason.broken)
    }

    pub(crate) fn problem(&self) -> &Problem {
        self.result().ending.problem().unwrap()
    }

    pub(crate) fn has_note(&self, words: &str) -> bool {
        self.result().notes.iter().any(|note| note.contains(words))
    }

    /// A file that the run left beside the tree.
    pub(crate) fn file(&self, name: &str) -> String {
        fs_err::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// The SARIF report.
    pub(crate) fn sarif(&self) -> serde_json::Value {
        serde_json::from_str(&self.file("report.out")).unwrap()
    }

    /// Everything that the run left, by path.
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        let entries = fs_err::read_dir(self.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into()).collect()
    }
}
