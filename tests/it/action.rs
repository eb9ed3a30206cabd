//! The container action, held to the program that it runs: `action.yml`, `Dockerfile` and the workflows of `examples/github`.
#![expect(clippy::unwrap_used, reason = "a test helper may stop where a file has lost its shape")]

use std::path::{Path, PathBuf};

use scangate::ci::github::outputs;
use scangate::platform::PlatformId;
use scangate::settings::keys::{self, Key};
use scangate::settings::{Environment, Flags, Layers};

/// What stands in the examples for the repository that the action is published in.
const OURS: &str = "OWNER/scangate";

/// A section of `action.yml`: names and what stands below each, in the order of the file.
type Section = Vec<(String, Vec<(String, String)>)>;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    fs_err::read_to_string(path(name)).unwrap()
}

fn unquote(text: &str) -> String {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text).to_owned()
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// One section of `action.yml`. Of YAML it knows what that file needs: two levels of names, and values on one line. Everything
/// else stops it, so that no line goes unread.
fn section(text: &str, name: &str) -> Section {
    let mut entries = Section::new();
    let header = format!("{name}:");
    let below = text.lines().skip_while(|line| *line != header).skip(1);
    for line in below.take_while(|line| line.is_empty() || line.starts_with(' ')).filter(|line| !line.is_empty()) {
        let (key, value) = line.split_once(':').unwrap();
        assert!(value.is_empty() || value.starts_with(' '), "{line}");
        let value = value.trim();
        assert!(!value.starts_with(['|', '>', '&', '*', '[', '{', '\'']), "a value that this test cannot read: {line}");
        let (depth, key) = (indentation(key), key.trim());
        assert!(depth == 2 || depth == 4, "a line that this test cannot read: {line}");
        if depth == 4 {
            entries.last_mut().unwrap().1.push((key.to_owned(), unquote(value)));
        } else {
            let own = (!value.is_empty()).then(|| (String::new(), unquote(value)));
            entries.push((unquote(key), own.into_iter().collect()));
        }
    }
    entries
}

fn names(section: &Section) -> Vec<&str> {
    section.iter().map(|(name, _)| name.as_str()).collect()
}

/// The settings that an action can have: the others are read from nowhere but a command line.
fn settings() -> impl Iterator<Item = &'static Key> {
    keys::ALL.iter().copied().filter(|key| !key.command_line_only)
}

fn default_of(text: &str) -> Option<&str> {
    text.split_once("[default: ").map(|(_, default)| default.trim_end_matches(']'))
}

#[test]
fn every_setting_is_an_input_of_the_same_name_and_there_is_no_other_but_the_command() {
    let inputs = section(&read("action.yml"), "inputs");
    let expected: Vec<&str> = std::iter::once("command").chain(settings().map(|key| key.name)).collect();
    assert_eq!(names(&inputs), expected);
}

#[test]
fn an_input_has_a_description_and_nothing_that_would_win_over_a_variable() {
    for (name, facts) in section(&read("action.yml"), "inputs").iter().chain(&section(&read("action.yml"), "outputs")) {
        let [(key, description)] = facts.as_slice() else { panic!("{name} has more than a description: {facts:?}") };
        assert_eq!(key, "description", "{name}");
        assert!(description.len() > 10, "{name}");
    }
}

#[test]
fn every_platform_is_named_where_one_is_chosen() {
    let inputs = section(&read("action.yml"), "inputs");
    let (_, facts) = inputs.iter().find(|(name, _)| name == "platform").unwrap();
    let help = keys::ALL.iter().find(|key| key.name == "platform").unwrap().help;
    for platform in PlatformId::ALL {
        assert!(help.contains(platform.as_str()) && facts[0].1.contains(platform.as_str()), "{platform}");
    }
}

#[test]
fn inputs_and_flags_name_the_same_defaults() {
    let inputs = section(&read("action.yml"), "inputs");
    for key in settings() {
        let (_, facts) = inputs.iter().find(|(name, _)| name == key.name).unwrap();
        assert_eq!(default_of(&facts[0].1), default_of(key.help), "{}", key.name);
    }
}

#[test]
fn the_variable_that_the_runner_makes_of_an_input_is_the_one_that_is_read() {
    let inputs = section(&read("action.yml"), "inputs");
    for key in settings() {
        let (name, _) = inputs.iter().find(|(name, _)| name == key.name).unwrap();
        // The runner: upper case, and spaces become underscores.
        let variable = format!("INPUT_{}", name.replace(' ', "_").to_uppercase());
        let flags = Flags::default();
        let pairs =
            |action: &str| [(variable.clone(), "a=value".to_owned()), ("SCANGATE_ACTION".into(), action.into())];
        let (inside, outside) = (Environment::from_pairs(pairs("1")), Environment::from_pairs(pairs("")));
        let value = |environment| Layers::new(&flags, environment).value(key).map(|sourced| sourced.text.to_owned());
        assert_eq!(value(&inside).as_deref(), Some("a=value"), "{name}");
        assert_eq!(value(&outside), None, "{name} is read outside of the action");
    }
}

#[test]
fn the_outputs_are_those_of_the_program() {
    let declared = section(&read("action.yml"), "outputs");
    let written: Vec<&str> = outputs::ALL.iter().map(|output| output.name).collect();
    assert_eq!(names(&declared), written);
}

#[test]
fn nothing_stands_between_the_runner_and_the_program() {
    let runs = section(&read("action.yml"), "runs");
    let value = |text: &str| vec![(String::new(), text.to_owned())];
    assert_eq!(runs, [("using".to_owned(), value("docker")), ("image".to_owned(), value("Dockerfile"))]);
    assert!(
        !read("action.yml").contains("${{"),
        "an expression in action.yml would pass through the runner's templates"
    );
}

#[test]
fn a_section_is_read_whole_or_not_at_all() {
    let text = "a:\n  one:\n    description: \"x: y\"\n\n  \"on\":\n    description: z\nb:\n  using: docker\n";
    let entry = |name: &str, text: &str| (name.to_owned(), vec![("description".to_owned(), text.to_owned())]);
    assert_eq!(section(text, "a"), [entry("one", "x: y"), entry("on", "z")]);
    assert_eq!(section(text, "b")[0].1[0].1, "docker");
    for unread in ["a:\n  one: |\n", "a:\n      deep: x\n", "a:\n  - item: x\n  \tkey: x\n", "a:\n  one: [x]\n"] {
        assert!(std::panic::catch_unwind(|| section(unread, "a")).is_err(), "{unread:?}");
    }
}

/// The instructions of the last stage of the Dockerfile.
fn last_stage() -> Vec<String> {
    let text = read("Dockerfile").replace("\\\n", " ");
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let from = lines.iter().rposition(|line| line.starts_with("FROM ")).unwrap();
    lines[from..].iter().map(|line| (*line).to_owned()).collect()
}

#[test]
fn the_image_is_the_program_alone_and_says_that_it_is_the_action() {
    assert_eq!(
        last_stage(),
        ["FROM scratch", "COPY --from=build /image /", "ENV SCANGATE_ACTION=1", "ENTRYPOINT [\"/scangate\"]"]
    );
}

#[test]
fn the_image_is_built_from_the_lock_file_on_the_toolchain_of_the_project() {
    let build = read(".ci/build-static");
    let commands: Vec<&str> = build.lines().filter(|line| line.trim_start().starts_with("cargo ")).collect();
    assert!(commands.iter().all(|command| command.contains(" --locked")), "{commands:?}");
    let builds: Vec<_> = commands.iter().filter(|command| command.starts_with("cargo build")).collect();
    assert!(builds.len() == 1 && builds[0].contains("--profile dist"), "{commands:?}");
    let rust = format!("FROM docker.io/library/rust:{}.", env!("CARGO_PKG_RUST_VERSION"));
    assert!(read("Dockerfile").lines().any(|line| line.starts_with(&rust)), "the Dockerfile is not built on {rust}");
}

/// The example workflows, by name.
fn workflows() -> Vec<(String, String)> {
    let entries = fs_err::read_dir(path("examples/github")).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<(String, String)> =
        entries.map(|path| (path.display().to_string(), fs_err::read_to_string(&path).unwrap())).collect();
    found.sort();
    found
}

/// The names below `with:` in the step of a workflow that begins to use an action in `lines[at]`.
fn inputs_given<'a>(lines: &[&'a str], at: usize) -> Vec<&'a str> {
    let depth = indentation(lines[at]);
    let step = lines[at + 1..].iter().take_while(|line| line.is_empty() || indentation(line) >= depth);
    let with = step.skip_while(|line| line.trim() != "with:").skip(1);
    let below = with.take_while(|line| indentation(line) > depth).filter(|line| indentation(line) == depth + 2);
    below.filter(|line| !line.trim_start().starts_with('#')).filter_map(|line| line.trim().split(':').next()).collect()
}

#[test]
fn every_action_in_an_example_is_pinned_to_a_commit_with_its_version_beside_it() {
    for (name, text) in workflows() {
        for line in text.lines().filter(|line| line.trim_start().trim_start_matches("- ").starts_with("uses:")) {
            let (_, reference) = line.split_once('@').unwrap();
            let (commit, version) = reference.split_once(" # v").unwrap();
            assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{name}: {line}");
            assert!(version.split('.').count() == 3, "{name}: {line}");
        }
    }
}

#[test]
fn examples_set_only_inputs_that_there_are_and_name_a_platform() {
    let declared = section(&read("action.yml"), "inputs");
    let workflows = workflows();
    assert!(workflows.len() >= 5);
    for (name, text) in workflows {
        let lines: Vec<&str> = text.lines().collect();
        let uses: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].contains(OURS)).collect();
        assert!(!uses.is_empty(), "{name} does not use the action");
        for at in uses {
            let given = inputs_given(&lines, at);
            assert!(given.iter().all(|input| names(&declared).contains(input)), "{name}: {given:?}");
            assert!(given.contains(&"platform") || given == ["command"], "{name}: {given:?}");
        }
    }
}

#[test]
fn examples_give_no_more_than_is_needed() {
    for (name, text) in workflows() {
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.contains(&"permissions: {}"), "{name} does not begin without permissions");
        assert!(lines.contains(&"concurrency:"), "{name} has no concurrency");
        assert!(!text.contains("pull_request_target") && !text.contains("write-all"), "{name}");
        for (at, _) in lines.iter().enumerate().filter(|(_, line)| line.contains("actions/checkout@")) {
            assert!(inputs_given(&lines, at).contains(&"persist-credentials"), "{name} keeps a token in the work tree");
        }
        let writing: Vec<&&str> = lines.iter().filter(|line| line.contains(": write")).collect();
        assert!(writing.iter().all(|line| line.contains("security-events: write #")), "{name}: {writing:?}");
        let in_scripts = lines.iter().filter(|line| line.trim_start().starts_with("run:") && line.contains("${{"));
        assert_eq!(in_scripts.count(), 0, "{name} puts an expression into a script");
    }
}

#[test]
fn a_step_is_read_up_to_the_next_one() {
    let one =
        "        uses: a\n        with:\n          # why\n          one: x\n          two: |\n            three: y\n";
    let lines: Vec<&str> = one.lines().chain(["", "      - name: b", "        with:", "          four: z"]).collect();
    assert_eq!(inputs_given(&lines, 0), ["one", "two"]);
    let without: Vec<&str> = "        uses: a\n      - name: b\n        with:\n          four: z".lines().collect();
    assert!(inputs_given(&without, 0).is_empty());
}
