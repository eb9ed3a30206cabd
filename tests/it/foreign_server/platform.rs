//! The platform in another language, as a process: one command a line, one answer a line.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::harness::{Ended, Scangate};
use crate::tool::is_required;

/// The server's process. It ends with its input, and so with the test.
pub(super) struct Platform {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// A variant that is served, as a client has to be told of it.
#[derive(Deserialize)]
pub(super) struct Variant {
    id: u64,
    pub(super) api: String,
    pub(super) auth: String,
    pub(super) pat: String,
    pub(super) project: String,
    pub(super) branch: String,
    /// Open rows by family and severity; `unrated` for those without one.
    pub(super) expected: BTreeMap<String, BTreeMap<String, u64>>,
}

/// What a variant saw in its life.
#[derive(Deserialize)]
pub(super) struct Seen {
    pub(super) requests: Vec<Request>,
    /// What the client did that the contract does not allow.
    pub(super) complaints: Vec<String>,
    /// Access tokens that were given.
    pub(super) tokens: u64,
}

/// A request as the server saw it.
#[derive(Deserialize)]
pub(super) struct Request {
    pub(super) server: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) status: u16,
}

/// A run of the program against one variant, over.
pub(super) struct Run {
    pub(super) variant: Variant,
    pub(super) ended: Ended,
    pub(super) seen: Seen,
}

impl Platform {
    /// Starts the server; `None`, said loudly, where there is no Python.
    #[expect(clippy::print_stdout, reason = "a test that did not run must say so")]
    pub(super) fn start() -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/cybedefend");
        let mut command = Command::new("python3");
        command.arg("-B").arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let spawned = command.spawn();
        if spawned.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound) && !is_required() {
            println!("SKIPPED: there is no python3, so no foreign server answered the client");
            return None;
        }
        let mut child = spawned.unwrap();
        let (commands, answers) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Some(Self { child, commands, answers: BufReader::new(answers) })
    }

    /// Starts a variant.
    pub(super) fn open(&mut self, switches: &Value) -> Variant {
        self.ask(&json!({ "open": switches }))
    }

    /// Ends a variant.
    pub(super) fn close(&mut self, variant: &Variant) -> Seen {
        self.ask(&json!({ "close": variant.id }))
    }

    /// Runs a scan of a small tree against a variant, with `arguments` behind those that every such scan has.
    pub(super) fn scan(&mut self, switches: &Value, arguments: &[&str]) -> Run {
        let variant = self.open(switches);
        let always =
            ["scan", "--platform", "cybedefend", "--poll-interval", "100ms", "--report", "json=findings.json", "-vv"];
        let scan = Scangate::new(always.iter().chain(arguments)).file("app.py", "print(1)\n");
        let scan = scan.env("CYBEDEFEND_API_URL", &variant.api).env("CYBEDEFEND_AUTH_ENDPOINT", &variant.auth);
        let scan = scan.env("CYBEDEFEND_PAT", &variant.pat).env("CYBEDEFEND_PROJECT_ID", &variant.project);
        let ended = scan.env("CYBEDEFEND_BRANCH", &variant.branch).run();
        let seen = self.close(&variant);
        ended.assert_no_trace_of(&variant.pat).assert_nothing_left_behind();
        Run { variant, ended, seen }
    }

    fn ask<T: DeserializeOwned>(&mut self, command: &Value) -> T {
        writeln!(self.commands, "{command}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.child.kill().unwrap_or_default();
        self.child.wait().map(drop).unwrap_or_default();
    }
}

impl Run {
    /// A report that the run left.
    pub(super) fn report(&self, name: &str) -> Value {
        serde_json::from_str(&self.ended.file(&format!("work/{name}"))).unwrap()
    }

    /// The open findings by family and severity, as the run reports them.
    pub(super) fn counted(&self) -> BTreeMap<String, BTreeMap<String, u64>> {
        let report = self.report("findings.json");
        let mut counted: BTreeMap<String, BTreeMap<String, u64>> =
            self.variant.expected.keys().map(|family| (family.clone(), BTreeMap::new())).collect();
        for finding in report["findings"].as_array().unwrap() {
            if finding["open"] != true {
                continue;
            }
            let severity = finding["severity"].as_str().unwrap_or("unrated");
            *counted
                .entry(finding["kind"].as_str().unwrap().to_owned())
                .or_default()
                .entry(severity.to_owned())
                .or_default() += 1;
        }
        counted
    }

    /// The fingerprints of all findings, in order.
    pub(super) fn fingerprints(&self) -> Vec<String> {
        let report = self.report("findings.json");
        let findings = report["findings"].as_array().unwrap();
        let mut fingerprints: Vec<String> = findings.iter().map(|finding| finding["fingerprint"].to_string()).collect();
        fingerprints.sort();
        fingerprints
    }

    /// How many requests a server had.
    pub(super) fn requests_to(&self, server: &str) -> usize {
        self.seen.requests.iter().filter(|request| request.server == server).count()
    }
}
