//! The whole pipeline against a sandbox in the same process: real sockets and files, and waiting that takes no time.

use std::path::PathBuf;
use std::time::Duration;

use scangate::clock::Clock;
use scangate::error::{Class, Problem};
use scangate::finding::{Finding, ScanResult};
use scangate::gate::Broken;
use scangate::http::{Random, Redactor};
use scangate::sandbox::{SandboxOptions, Server};
use scangate::scan::observer::{Event, Observer};
use scangate::scan::{self, Finished, Surroundings, reports};
use scangate::settings::keys;
use scangate::settings::{Environment, Flags, Layers, ScanSettings};
use tempfile::TempDir;

use crate::served::in_process;

/// A tree in which nothing is found.
pub(super) const CLEAN: &[(&str, &str)] = &[("readme.txt", "nothing to see\n")];

struct Silence;

impl Observer for Silence {
    fn event(&self, _event: &Event<'_>) {}
}

/// A platform on a clock that moves only when its client waits.
pub(super) struct Platform {
    server: Server,
    clock: Clock,
}

/// A run that came to its end, with its reports.
pub(super) struct Ended {
    finished: Finished,
    folder: TempDir,
    /// How long it took on the platform's clock.
    pub(super) took: Duration,
}

impl Platform {
    pub(super) async fn start(faults: &[&str]) -> Self {
        Self::with(faults, |_| {}).await
    }

    pub(super) async fn with(faults: &[&str], change: impl FnOnce(&mut SandboxOptions)) -> Self {
        let (server, clock) = in_process(faults, change).await;
        Self { server, clock }
    }

    /// Scans a tree of these files with these flags.
    pub(super) async fn scan(&self, files: &[(&str, &str)], flags: &[(&str, &str)]) -> Ended {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = folder.path().join("tree").join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, content).unwrap();
        }
        let tree = folder.path().join("tree").display().to_string();
        self.run(folder, &[&[("dir", tree.as_str())], flags].concat()).await
    }

    /// Scans an image with these flags.
    pub(super) async fn scan_image(&self, image: &str, flags: &[(&str, &str)]) -> Ended {
        self.run(tempfile::tempdir().unwrap(), &[&[("image", image)], flags].concat()).await
    }

    async fn run(&self, folder: TempDir, flags: &[(&str, &str)]) -> Ended {
        let settings = self.settings(&folder, flags);
        let redactor = Redactor::default();
        let surroundings = Surroundings {
            clock: &self.clock,
            random: &Random::seeded(1),
            redactor: &redactor,
            observer: &Silence,
            arguments: Vec::new(),
            is_sandbox: true,
        };
        let began = self.clock.monotonic();
        let mut finished = scan::run(&settings, &surroundings, std::future::pending()).await;
        let took = self.clock.monotonic().saturating_sub(began);
        let files = reports::write(&mut finished, &settings.run.report, &Silence, &mut std::io::sink());
        reports::write_outcome(&finished, &files, &settings.run.report).unwrap();
        Ended { finished, folder, took }
    }

    fn settings(&self, folder: &TempDir, flags: &[(&str, &str)]) -> ScanSettings {
        let file = |name: &str| folder.path().join(name).display().to_string();
        let mut given = Flags::default();
        let sarif = format!("sarif={}", file("report.out"));
        let always = [("platform", "cybedefend"), ("report", &sarif), ("outcome", &file("outcome.json"))];
        for (name, value) in always.iter().chain(flags) {
            let key = keys::ALL.iter().find(|key| key.name == *name).unwrap();
            given.insert(key, value.lines().map(str::to_owned).collect());
        }
        let environment = Environment::from_pairs([
            ("CYBEDEFEND_API_URL", self.server.api_url()),
            ("CYBEDEFEND_AUTH_ENDPOINT", self.server.auth_url()),
            ("CYBEDEFEND_PROJECT_ID", self.server.project_id()),
            ("CYBEDEFEND_PAT", self.server.pat().expose()),
        ]);
        ScanSettings::resolve(&Layers::new(&given, &environment)).unwrap()
    }
}

impl Ended {
    pub(super) fn class(&self) -> Class {
        self.finished.conclusion.class
    }

    /// Fails, with all that speaks against a pass, unless the run ended in this class.
    #[track_caller]
    pub(super) fn assert_class(&self, expected: Class) -> &Self {
        assert_eq!(self.class(), expected, "{:#?}\n{:#?}", self.finished.verdict.reasons, self.result().ending);
        self
    }

    pub(super) fn result(&self) -> &ScanResult {
        self.finished.results.first().unwrap()
    }

    pub(super) fn findings(&self) -> &[Finding] {
        &self.result().findings
    }

    pub(super) fn broken(&self) -> impl Iterator<Item = &Broken> {
        self.finished.verdict.reasons.iter().map(|reason| &reason.broken)
    }

    pub(super) fn problem(&self) -> &Problem {
        self.result().ending.problem().unwrap()
    }

    pub(super) fn has_note(&self, words: &str) -> bool {
        self.result().notes.iter().any(|note| note.contains(words))
    }

    /// A file that the run left beside the tree.
    pub(super) fn file(&self, name: &str) -> String {
        fs_err::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// The SARIF report.
    pub(super) fn sarif(&self) -> serde_json::Value {
        serde_json::from_str(&self.file("report.out")).unwrap()
    }

    /// Everything that the run left, by path.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        let entries = fs_err::read_dir(self.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into()).collect()
    }
}
