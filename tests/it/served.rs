//! The sandbox to run something against: `scangate sandbox` as a process of its own, or a server in the test's process.
#![expect(clippy::unwrap_used, reason = "a test that cannot start the sandbox has failed")]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use scangate::clock::Clock;
use scangate::sandbox::{Fault, SandboxOptions, Server};

use crate::harness::Scangate;

/// A sandbox in this process, on a clock that moves only when somebody moves it or waits on it.
pub(crate) async fn in_process(faults: &[&str], change: impl FnOnce(&mut SandboxOptions)) -> (Server, Clock) {
    let clock = Clock::simulated("2026-03-01T10:00:00Z".parse().unwrap());
    let faults = faults.iter().map(|fault| fault.parse::<Fault>().unwrap()).collect();
    let mut options = SandboxOptions { clock: clock.clone(), faults, ..SandboxOptions::default() };
    change(&mut options);
    (Server::start(options).await.unwrap(), clock)
}

/// A sandbox that serves until it is dropped.
pub(crate) struct Served {
    child: Child,
    variables: Vec<Told>,
}

/// A variable that the sandbox told.
struct Told {
    name: String,
    value: String,
    /// Whether its line sets it; a remark names another way to be let in.
    is_set: bool,
}

impl Served {
    /// Starts a sandbox that plays these faults. A hundred of its seconds are one of ours, so that its scans take a tenth of a
    /// second.
    pub(crate) fn with_faults(faults: &[&str]) -> Self {
        Self::at_speed(100, faults)
    }

    /// Starts a sandbox of `CybeDefend` of which this many seconds are one of ours.
    pub(crate) fn at_speed(speed: u32, faults: &[&str]) -> Self {
        Self::of("cybedefend", speed, faults)
    }

    /// Starts a sandbox of a platform, or of `all`, of which this many seconds are one of ours.
    pub(crate) fn of(platform: &str, speed: u32, faults: &[&str]) -> Self {
        let faults = faults.iter().flat_map(|fault| ["--fault", fault]);
        let mut command = Command::new(env!("CARGO_BIN_EXE_scangate"));
        command.env_clear().args(["sandbox", "--platform", platform, "--speed", &speed.to_string()]).args(faults);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let notes = BufReader::new(child.stderr.as_mut().unwrap()).lines().map(Result::unwrap);
        // Standard output stays open for as long as it serves. It is written, in one piece, before this note is.
        assert!(notes.take_while(|note| !note.starts_with("note: serving until")).count() > 0);
        let mut stdout = BufReader::new(child.stdout.as_mut().unwrap());
        let told = String::from_utf8(stdout.fill_buf().unwrap().to_vec()).unwrap();
        let variables = told.lines().filter_map(|line| {
            let (name, value) = line.split_once("export ")?.1.split_once('=')?;
            Some(Told { name: name.to_owned(), value: value.to_owned(), is_set: line.starts_with("export ") })
        });
        Self { variables: variables.collect(), child }
    }

    /// The value of a variable that the sandbox told.
    pub(crate) fn variable(&self, name: &str) -> &str {
        self.find(name).unwrap()
    }

    /// The value of a variable, if the sandbox told it; of two the first.
    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|told| told.name == name).map(|told| told.value.as_str())
    }

    /// The variables that its lines set, as somebody has them who pastes those lines into a shell.
    pub(crate) fn exported(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().filter(|told| told.is_set).map(|told| (told.name.as_str(), told.value.as_str()))
    }

    /// A call of the API of this sandbox.
    pub(crate) fn api(&self, arguments: &[&str]) -> Scangate {
        self.told(Scangate::new(["api", "--platform", "cybedefend"].iter().chain(arguments)))
    }

    /// A scan of a small tree against this sandbox, with `arguments` behind those that every such scan has.
    pub(crate) fn scan(&self, arguments: &[&str]) -> Scangate {
        let always = ["scan", "--platform", "cybedefend", "--poll-interval", "100ms"];
        let scan = Scangate::new(always.iter().chain(arguments)).file("app.py", "value = eval(input())\n");
        self.told(scan)
    }

    /// A call that has the variables of this sandbox.
    pub(crate) fn told(&self, call: Scangate) -> Scangate {
        self.exported().fold(call, |call, (name, value)| call.env(name, value))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().unwrap_or_default();
        self.child.wait().map(drop).unwrap_or_default();
    }
}
