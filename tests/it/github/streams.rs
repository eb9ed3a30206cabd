//! Standard output and standard error, both of which the runner reads for commands.

use std::collections::BTreeMap;

use super::runner::{Command, Runner, commands};
use crate::harness::{Ended, Scangate};
use crate::served::Served;

const PAT: &str = "CYBEDEFEND_PAT";

/// How many annotations of each level there are.
fn levels(commands: &[Command]) -> BTreeMap<&str, usize> {
    let mut levels = BTreeMap::new();
    let names = commands.iter().map(|command| command.name.as_str());
    for name in names.filter(|name| matches!(*name, "error" | "warning" | "notice")) {
        *levels.entry(name).or_default() += 1;
    }
    levels
}

/// The secrets that the stream has masked, and what is left of it.
fn masked(ended: &Ended) -> (Vec<String>, String) {
    let stdout = ended.stdout();
    let (masks, rest): (Vec<&str>, Vec<&str>) = stdout.lines().partition(|line| line.starts_with("::add-mask::"));
    let data = commands(&masks.join("\n")).into_iter().map(|command| command.data);
    (data.collect(), rest.join("\n"))
}

#[test]
fn annotations_are_the_worst_findings_ten_of_a_level_at_most() {
    let (served, runner) = (Served::with_faults(&["many=300"]), Runner::new());
    let ended = runner.step(served.scan(&[]), "push").run();
    ended.assert_exit_code(1);
    let commands = commands(&ended.stdout());
    assert_eq!(levels(&commands), [("error", 10), ("notice", 10), ("warning", 10)].into());
    let errors: Vec<&Command> = commands.iter().filter(|command| command.name == "error").collect();
    assert!(errors[0].properties["title"].starts_with("critical sast: "), "{errors:?}");
    assert_eq!(errors[9].properties["title"], "scangate: 22 more");
    let own = errors.iter().filter_map(|error| error.properties.get("file")).collect::<Vec<_>>();
    assert!(own.iter().all(|file| file.starts_with("invented/") || *file == "app.py"), "{own:?}");
    assert!(errors[0].properties["line"].parse::<u32>().is_ok());
}

#[test]
fn few_findings_are_all_annotated_and_a_run_without_any_has_none() {
    let served = Served::with_faults(&[]);
    let ended = Runner::new().step(served.scan(&[]), "push").run();
    let commands_of_one = commands(&ended.stdout());
    assert_eq!(levels(&commands_of_one), [("error", 1)].into());
    let error = commands_of_one.iter().find(|command| command.name == "error").unwrap();
    assert_eq!((error.properties["file"].as_str(), error.properties["line"].as_str()), ("app.py", "1"));
    assert!(!error.data.is_empty());

    let clean = served.scan(&[]).file("app.py", "value = 1\n");
    let ended = Runner::new().step(clean, "push").run();
    ended.assert_exit_code(0);
    assert_eq!(levels(&commands(&ended.stdout())), BTreeMap::new());
}

#[test]
fn what_kept_a_run_from_its_verdict_is_annotated_by_class() {
    let served = Served::with_faults(&["failed-scan"]);
    let annotation = |arguments: &[&str]| {
        let ended = Runner::new().step(served.scan(arguments), "push").run();
        let mut commands = commands(&ended.stdout());
        commands.retain(|command| command.name != "add-mask");
        assert_eq!(commands.len(), 1, "{commands:?}");
        commands.remove(0)
    };
    let failed = annotation(&[]);
    assert_eq!((failed.name.as_str(), failed.properties["title"].as_str()), ("error", "scangate: scan-failed"));
    let softened = annotation(&["--on", "scan-failed=warn"]);
    assert_eq!(softened.name, "warning");
}

#[test]
fn the_table_stands_in_a_group_under_the_verdict() {
    let ended = Runner::new().step(Served::with_faults(&[]).scan(&[]), "push").run();
    let (_, rest) = masked(&ended);
    let commands = commands(&rest);
    let names: Vec<&str> = commands.iter().map(|command| command.name.as_str()).collect();
    assert_eq!(names, ["group", "endgroup", "error"]);
    assert_eq!(commands[0].data, "failed: 1 open finding, 1 reason (findings, exit 1)");
    let (table, behind) = rest.split_once("::endgroup::").unwrap();
    assert!(table.contains("app.py:1") && !behind.contains("\nseverity"), "{rest}");
    assert_eq!(super::runner::commands(&ended.stderr()), []);
}

#[test]
fn every_secret_is_masked_before_anything_else_and_nothing_else_holds_it() {
    let (served, runner) = (Served::with_faults(&[]), Runner::new());
    let ended = runner.step(served.scan(&["-vv"]), "push").env("GITHUB_TOKEN", "ghs_0123456789abcdef").run();
    ended.assert_exit_code(1);
    let (secrets, rest) = masked(&ended);
    assert!(secrets.iter().any(|secret| secret == served.variable(PAT)));
    assert!(secrets.iter().any(|secret| secret == "ghs_0123456789abcdef"));
    assert!(secrets.iter().any(|secret| secret.starts_with("eyJ")), "the derived token is not masked");
    let stdout = ended.stdout();
    let after_the_first_other = stdout.lines().skip_while(|line| line.starts_with("::add-mask::")).collect::<Vec<_>>();
    assert!(!after_the_first_other.iter().any(|line| line.starts_with("::add-mask::")), "{stdout}");
    let left = ["work/scangate.sarif", "work/scangate-outcome.json"].map(|path| ended.file(path));
    for text in left.into_iter().chain([rest, ended.stderr(), runner.read("output"), runner.read("summary")]) {
        assert!(!secrets.iter().any(|secret| text.contains(secret)), "{text}");
    }
}

#[test]
fn a_secret_that_a_flag_names_by_mistake_is_masked_and_not_annotated() {
    let served = Served::with_faults(&[]);
    let runner = Runner::new();
    let pat = served.variable(PAT);
    let ended = runner.step(served.scan(&["--project-id", pat]), "push").run();
    ended.assert_exit_code(2);
    let (_, rest) = masked(&ended);
    for text in [rest, ended.stderr(), runner.read("output"), runner.read("summary")] {
        assert!(!text.contains(pat), "{text}");
    }
}

#[test]
fn a_hostile_argument_ends_neither_the_annotation_nor_its_first_line() {
    let hostile = "--x\n::error::y\n\r\n##[add-mask]z";
    for (arguments, words) in [
        (["scan", hostile], "unexpected argument '--x\\n::error::y\\n\\r\\n##\\[add-mask]z' found"),
        (["demo", hostile], "unexpected argument '--x\\n::error::y\\n\\r\\n##\\[add-mask]z' found"),
    ] {
        let ended = Runner::new().step(Scangate::new(arguments), "push").run();
        ended.assert_exit_code(2).assert_stderr_has(words);
        let commands = commands(&ended.stdout());
        assert_eq!(commands.len(), 1, "{commands:?}");
        assert!(commands[0].data.starts_with(words), "{commands:?}");
    }
    let ended = Runner::new().step(Scangate::new([hostile]), "push").run();
    assert!(commands(&ended.stdout()).iter().all(|command| command.data.contains("z' found")));
}

#[test]
fn outside_of_github_no_command_is_given_and_no_file_is_touched() {
    let (served, runner) = (Served::with_faults(&[]), Runner::new());
    let ended = runner.step(served.scan(&[]), "push").env("GITHUB_ACTIONS", "").run();
    ended.assert_exit_code(1).assert_no_trace_of(served.variable(PAT));
    assert_eq!(commands(&ended.stdout()), []);
    assert_eq!((runner.read("output"), runner.read("summary")), (String::new(), String::new()));
}

#[test]
fn hostile_text_gives_no_command_ends_no_group_and_does_nothing_in_the_summary() {
    let (served, runner) = (Served::with_faults(&["hostile-text"]), Runner::new());
    let ended = runner.step(served.scan(&["-vv", "--fail-on", "info"]), "push").run();
    ended.assert_exit_code(1);
    let (_, rest) = masked(&ended);
    let commands = commands(&rest);
    let names: Vec<&str> = commands.iter().map(|command| command.name.as_str()).collect();
    assert_eq!(names.iter().filter(|name| name.ends_with("group")).collect::<Vec<_>>(), [&"group", &"endgroup"]);
    assert_eq!(super::runner::commands(&ended.stderr()), []);
    for command in commands.iter().filter(|command| !command.name.ends_with("group")) {
        let known = ["file", "line", "endLine", "title"];
        assert!(command.properties.keys().all(|name| known.contains(&name.as_str())), "{command:?}");
        let file = command.properties.get("file").map(String::as_str).unwrap_or_default();
        assert!(!file.starts_with('/') && !file.contains("..") && !file.contains(':'), "{command:?}");
        let texts = [&command.properties["title"], &command.data];
        assert!(
            texts
                .iter()
                .all(|text| !text.contains(|char: char| char != '\n' && scangate::finding::is_unprintable(char)))
        );
        assert!(command.data.encode_utf16().count() <= 4096);
    }

    let summary = runner.read("summary");
    assert!(summary.starts_with("## failed: "), "{summary}");
    assert!(
        summary.contains("&lt;script\\>") && !summary.contains("<script") && !summary.contains("<img"),
        "{summary}"
    );
    assert!(!summary.contains("](") || summary.matches("](<https://").count() == summary.matches("](").count());
    assert!(!summary.contains("javascript:") && !summary.contains("https://collector"), "{summary}");
    assert!(!summary.contains(|char: char| char != '\n' && scangate::finding::is_unprintable(char)), "{summary}");
    assert!(!summary.lines().any(|line| line.trim_start().starts_with("::")), "{summary}");
    assert_eq!(runner.outputs()["class"], "findings");
}
