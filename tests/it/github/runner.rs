//! The runner's side: its files, and how it reads what a step says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use scangate::ci::github::outputs;
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Ended, Scangate};

/// The commands that a step of ours may give; any other has been injected.
const OURS: [&str; 6] = ["add-mask", "group", "endgroup", "error", "warning", "notice"];

/// The files that a runner makes for one step.
pub(crate) struct Runner {
    folder: TempDir,
}

/// A workflow command, read back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) name: String,
    pub(crate) properties: BTreeMap<String, String>,
    pub(crate) data: String,
}

impl Runner {
    pub(crate) fn new() -> Self {
        let runner = Self { folder: tempfile::tempdir().unwrap() };
        fs_err::write(runner.path("output"), "").unwrap();
        fs_err::write(runner.path("summary"), "").unwrap();
        runner
    }

    /// The place of a file of the runner: `output`, `summary`.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs_err::read_to_string(self.path(name)).unwrap()
    }

    /// Puts a call into a step of a run for this event.
    pub(crate) fn step(&self, scan: Scangate, event: &str) -> Scangate {
        scan.env("GITHUB_ACTIONS", "true")
            .env("CI", "true")
            .env("GITHUB_OUTPUT", self.path("output"))
            .env("GITHUB_STEP_SUMMARY", self.path("summary"))
            .env("GITHUB_EVENT_NAME", event)
            .env("GITHUB_SERVER_URL", "https://github.com")
            .env("GITHUB_REPOSITORY", "acme/shop")
            .env("GITHUB_ACTOR", "mona")
    }

    /// The outputs as the runner reads them (actions/runner, `FileCommandManager.cs`): whichever of `=` and `<<` comes first in a
    /// line decides, a value ends at a line that is the delimiter, and of two values the later one counts.
    pub(crate) fn outputs(&self) -> BTreeMap<String, String> {
        let text = self.read("output");
        let mut lines = text.strip_suffix('\n').unwrap_or(&text).split('\n');
        let mut outputs = BTreeMap::new();
        while let Some(line) = lines.next() {
            if line.is_empty() {
                continue;
            }
            let (name, rest) = line.split_once(['=', '<']).unwrap();
            let delimiter = rest.strip_prefix('<').unwrap();
            let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
            assert!(!delimiter.is_empty() && value.len() == 1, "{name} is not one line: {value:?}");
            outputs.insert(name.to_owned(), value.concat());
        }
        let known: Vec<&str> = outputs::ALL.iter().map(|output| output.name).collect();
        assert!(outputs.keys().all(|name| known.contains(&name.as_str())), "{outputs:?}");
        outputs
    }
}

/// The payload of an event, from tests/data/github.
pub(crate) fn payload(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/github").join(name)
}

/// The outcome file that a run left.
pub(crate) fn outcome(ended: &Ended) -> Value {
    serde_json::from_str(&ended.file("work/scangate-outcome.json")).unwrap()
}

/// The commands in a stream, in order. Fails for one that no step of ours gives, and for the runner's older syntax, which it
/// finds anywhere in a line.
pub(crate) fn commands(stream: &str) -> Vec<Command> {
    assert!(!stream.contains("##["), "a command of the older syntax in:\n{stream}");
    let commands: Vec<Command> = stream.lines().filter_map(command).collect();
    for command in &commands {
        assert!(OURS.contains(&command.name.as_str()), "{command:?}");
    }
    commands
}

/// Reads a line as the runner does (actions/runner, `ActionCommand.cs`).
fn command(line: &str) -> Option<Command> {
    let (head, data) = line.trim_start().strip_prefix("::")?.split_once("::")?;
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let properties = properties.split(',').filter_map(|property| property.split_once('='));
    let unescape = |text: &str| text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%");
    let unescape_property = |text: &str| unescape(&text.replace("%3A", ":").replace("%2C", ","));
    Some(Command {
        name: name.to_lowercase(),
        properties: properties.map(|(name, value)| (name.to_owned(), unescape_property(value))).collect(),
        data: unescape(data),
    })
}
