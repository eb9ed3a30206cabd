//! The examples, run as they stand against the sandbox: the file of settings, and what each workflow hands to the action.
#![expect(clippy::unwrap_used, reason = "a test helper may stop where an example has lost its shape")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use scangate::platform::PlatformId;
use serde_json::Value;

use crate::github::runner::Runner;
use crate::harness::{Ended, Scangate};
use crate::served::Served;

/// Seconds of the sandbox in one of ours. `CyberOrigen`'s client looks every seven of our seconds, by the budget that the platform
/// tells: by then a full scan is over, and the hour without a request after which the sandbox ends is not.
const SPEED: u32 = 400;

fn read(example: &str) -> String {
    fs_err::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(example)).unwrap()
}

#[test]
fn the_settings_of_several_platforms_run_with_hosts_and_credentials_from_the_sandbox_alone() {
    let served = Served::of("all", SPEED, &[]);
    let scan = served.told(Scangate::new(["scan"]));
    let scan = scan
        .file("scangate.yml", read("several-platforms/scangate.yml"))
        .file("app.py", "value = eval(input())\n")
        // The sandbox sets the login; the example is for a key, and a client takes one of them.
        .env("CYBERORIGEN_USERNAME", "")
        .env("CYBERORIGEN_PASSWORD", "")
        .env("CYBERORIGEN_API_KEY", served.find("CYBERORIGEN_API_KEY").unwrap())
        .env("SCANGATE_CYBERORIGEN_TARGET", "shop.example.com")
        .env("SCANGATE_CYBERORIGEN_AUTHORIZED", "true")
        .env("SCANGATE_POLL_INTERVAL", "100ms");
    let ended = scan.run();
    ended.assert_exit_code(1);
    let outcome: Value = serde_json::from_str(&ended.file("work/scangate-outcome.json")).unwrap();
    assert_eq!(outcome["class"], "findings");
    let sarif: Value = serde_json::from_str(&ended.file("work/scangate.sarif")).unwrap();
    let categories: Vec<_> =
        sarif["runs"].as_array().unwrap().iter().map(|run| &run["automationDetails"]["id"]).collect();
    assert_eq!(
        categories,
        [
            "scangate/cybedefend/",
            "scangate/cybrium/sandbox-app/",
            "scangate/cyberorigen/shop.example.com/",
            "shop/dast/"
        ]
    );
    let page = ended.file("work/scangate.md");
    assert!(PlatformId::ALL.iter().all(|platform| page.contains(platform.as_str())), "{page}");
}

/// One step of a workflow that uses the action: its inputs and its environment.
struct Step {
    inputs: Vec<(String, String)>,
    environment: Vec<(String, String)>,
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The values below `section:` in the step that begins to use an action in the first line. Of YAML it knows what the examples
/// need: a value on the line, or lines behind `|`.
fn section(lines: &[&str], section: &str) -> Vec<(String, String)> {
    let depth = indentation(lines[0]);
    let is_inside = |line: &&&str| line.trim().is_empty() || indentation(line) >= depth;
    let header = format!("{section}:");
    let step = lines.iter().skip(1).take_while(is_inside).skip_while(|line| line.trim() != header).skip(1);
    let mut entries: Vec<(String, String)> = Vec::new();
    for line in step.take_while(|line| indentation(line) > depth).filter(|line| !line.trim().starts_with('#')) {
        if indentation(line) == depth + 2 {
            let (name, value) = line.trim().split_once(':').unwrap();
            let value = value.trim();
            assert!(!value.starts_with(['>', '"', '\'', '[', '{']), "a value that this test cannot read: {line}");
            entries.push((name.to_owned(), if value == "|" { String::new() } else { value.to_owned() }));
        } else {
            let (_, value) = entries.last_mut().unwrap();
            value.push_str(line.trim());
            value.push('\n');
        }
    }
    entries
}

/// The text with GitHub's expressions for variables and secrets replaced by their values.
fn resolved(text: &str, value: &impl Fn(&str, &str) -> String) -> String {
    let Some((before, rest)) = text.split_once("${{ ") else { return text.to_owned() };
    let (expression, after) = rest.split_once(" }}").unwrap();
    let (context, name) = expression.split_once('.').unwrap();
    format!("{before}{}{}", value(context, name), resolved(after, value))
}

impl Step {
    /// The one step of a workflow that uses the action.
    fn of(workflow: &str) -> Self {
        let lines: Vec<&str> = workflow.lines().collect();
        let uses: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].contains("uses: OWNER/scangate@")).collect();
        assert_eq!(uses.len(), 1, "{workflow}");
        Self { inputs: section(&lines[uses[0]..], "with"), environment: section(&lines[uses[0]..], "env") }
    }

    /// Runs it as the action does, with these variables and secrets, on a runner whose environment has the sandbox's hosts.
    fn run(
        &self,
        tree: &str,
        served: &Served,
        value: &impl Fn(&str, &str) -> String,
    ) -> (Ended, BTreeMap<String, String>) {
        let no_arguments: [&str; 0] = [];
        let mut call = Scangate::new(no_arguments).file("app.py", tree);
        let is_host = |name: &str| name.ends_with("_API_URL") || name.ends_with("_AUTH_ENDPOINT");
        for (name, host) in served.exported().filter(|(name, _)| is_host(name)) {
            call = call.env(name, host);
        }
        for (name, text) in &self.inputs {
            call = call.env(&format!("INPUT_{}", name.to_uppercase()), resolved(text, value));
        }
        for (name, text) in &self.environment {
            call = call.env(name, resolved(text, value));
        }
        let runner = Runner::new();
        let ended = runner.step(call.env("SCANGATE_ACTION", "1").env("SCANGATE_POLL_INTERVAL", "100ms"), "push").run();
        let outputs = runner.outputs();
        (ended, outputs)
    }
}

fn workflows() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/github");
    let paths = fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.map(|path| (path.clone(), fs_err::read_to_string(path).unwrap())).collect()
}

/// Runs the workflows side by side, each against a sandbox of its own, and holds each to its class. `value` is the sandbox's
/// variable of a name, or what the repository has in its place.
fn assert_all_end(
    workflows: &[(PathBuf, String)],
    tree: &str,
    expected: (&str, i32),
    value: impl Fn(&str, &str, Option<&str>) -> String + Sync,
) {
    std::thread::scope(|scope| {
        for (path, workflow) in workflows {
            let value = &value;
            scope.spawn(move || {
                let served = Served::of("all", SPEED, &[]);
                let told = |name: &str| served.find(name).or_else(|| served.find(&format!("SCANGATE_{name}")));
                let value = |context: &str, name: &str| value(context, name, told(name));
                let (ended, outputs) = Step::of(workflow).run(tree, &served, &value);
                let class = outputs.get("class").map(String::as_str);
                assert_eq!(
                    (class, ended.exit_code()),
                    (Some(expected.0), expected.1),
                    "{}\n{}",
                    path.display(),
                    ended.stderr()
                );
            });
        }
    });
}

/// The value that the sandbox told. Nothing else may be asked for.
fn as_told(_context: &str, name: &str, told: Option<&str>) -> String {
    assert!(told.is_some(), "the sandbox told no {name}");
    told.unwrap().to_owned()
}

#[test]
fn every_workflow_fails_on_what_is_weak() {
    let workflows = workflows();
    assert!(PlatformId::ALL.iter().all(|platform| workflows.iter().any(|(_, text)| text.contains(platform.as_str()))));
    assert_all_end(&workflows, "value = eval(input())\n", ("findings", 1), as_told);
}

#[test]
fn every_workflow_that_scans_passes_what_is_clean() {
    let mut workflows = workflows();
    workflows.retain(|(_, text)| !text.contains("command: demo"));
    for (_, text) in &mut workflows {
        *text = text.replace("shop.example.com", "clean.example.com");
    }
    assert_all_end(&workflows, "value = 1\n", ("passed", 0), |context, name, told| match name {
        "CYBRIUM_TARGET" => "clean-app".to_owned(),
        _ => as_told(context, name, told),
    });
}

#[test]
fn a_workflow_without_its_secrets_ends_without_credentials_and_never_passes() {
    let mut workflows = workflows();
    workflows.retain(|(_, text)| text.contains("secrets."));
    assert!(workflows.len() >= 8);
    assert_all_end(&workflows, "value = 1\n", ("no-credentials", 3), |context, name, told| match context {
        "secrets" => String::new(),
        _ => as_told(context, name, told),
    });
}

#[test]
fn a_step_is_read_with_its_inputs_and_its_environment() {
    let text = "      - uses: x\n        uses: OWNER/scangate@0\n        with:\n          # why\n          one: a=${{ vars.A }}-${{ secrets.B }}\n          two: |\n            b\n            c\n        env:\n          THREE: d\n      - name: other\n        env:\n          FOUR: e\n";
    let step = Step::of(text);
    let pairs = |of: &[(&str, &str)]| {
        of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(step.inputs, pairs(&[("one", "a=${{ vars.A }}-${{ secrets.B }}"), ("two", "b\nc\n")]));
    assert_eq!(step.environment, pairs(&[("THREE", "d")]));
    assert_eq!(resolved(&step.inputs[0].1, &|context, name| format!("{context}:{name}")), "a=vars:A-secrets:B");
}
