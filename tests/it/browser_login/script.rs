//! A part of a test in another language, as a process: one command a line, one answer a line.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use scangate::settings::Environment;
use serde_json::Value;

/// A script of `tests/servers/oidc`, which runs until this is dropped.
pub(super) struct Script {
    child: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// What it said when it was ready.
    pub(super) ready: Value,
}

impl Script {
    pub(super) fn start(name: &str, argument: impl AsRef<OsStr>) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/oidc").join(name);
        let mut command = Command::new("node");
        command.arg("--no-warnings").arg(script).arg(argument);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let commands = child.stdin.take();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let ready = answer(&mut answers);
        Self { child, commands, answers, ready }
    }

    pub(super) fn ask(&mut self, command: &Value) -> Value {
        writeln!(self.commands.as_mut().unwrap(), "{command}").unwrap();
        let answer = answer(&mut self.answers);
        assert!(answer["failed"].is_null(), "{command}: {answer}");
        answer
    }
}

fn answer(answers: &mut BufReader<ChildStdout>) -> Value {
    let mut line = String::new();
    answers.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap()
}

impl Drop for Script {
    fn drop(&mut self) {
        // The end of its input is what it ends by, after it has ended what it started itself.
        drop(self.commands.take());
        self.child.wait().map(drop).unwrap_or_default();
    }
}

/// The folder with npm's packages; `None`, said loudly, where a part of the real thing is missing.
#[expect(clippy::print_stdout, reason = "a test that did not run must say so")]
pub(super) fn modules() -> Option<PathBuf> {
    let environment = Environment::current();
    let tools = environment
        .get("SCANGATE_TOOLS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools"), PathBuf::from);
    let modules = tools.join("browser/node_modules");
    let path = environment.get("PATH").unwrap_or_default();
    let has = |program: &&str| std::env::split_paths(path).any(|folder| folder.join(program).is_file());
    let mut missing: Vec<&str> = ["node", "chromium", "chromedriver"].into_iter().filter(|name| !has(name)).collect();
    if !modules.join("oidc-provider").is_dir() {
        missing.push("oidc-provider");
    }
    if missing.is_empty() {
        return Some(modules);
    }
    let missing = missing.join(", ");
    assert!(environment.get("SCANGATE_TEST_REQUIRE") != Some("1"), "missing, and required: {missing}");
    println!("SKIPPED: no browser logged in at a real provider, for want of {missing}; .ci/browser installs them");
    None
}
