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
    /// What a client has to be told: name and value of each variable.
    variables: Vec<(String, String)>,
}

impl Served {
    /// Starts a sandbox that plays these faults. A hundred of its seconds are one of ours, so that its scans take a tenth of a
    /// second.
    pub(crate) fn with_faults(faults: &[&str]) -> Self {
        Self::at_speed(100, faults)
    }

    /// Starts a sandbox of which this many seconds are one of ours.
    pub(crate) fn at_speed(speed: u32, faults: &[&str]) -> Self {
        let faults = faults.iter().flat_map(|fault| ["--fault", fault]);
        let mut command = Command::new(env!("CARGO_BIN_EXE_scangate"));
        command.env_clear().args(["sandbox", "--platform", "cybedefend", "--speed", &speed.to_string()]).args(faults);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let exports = lines.take(4).map(|line| line.strip_prefix("export ").unwrap().to_owned());
        let variables = exports.map(|export| {
            let (name, value) = export.split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        });
        Self { variables: variables.collect(), child }
    }

    /// The value of a variable that the sandbox told.
    pub(crate) fn variable(&self, name: &str) -> &str {
        self.variables.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str()).unwrap()
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

    fn told(&self, call: Scangate) -> Scangate {
        self.variables.iter().fold(call, |call, (name, value)| call.env(name, value))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().unwrap_or_default();
        self.child.wait().map(drop).unwrap_or_default();
    }
}
