//! The commands beside a scan, of which none may be left out.

use std::collections::BTreeSet;
use std::process::Stdio;

use super::Stage;
use super::echo::{Act, marked};
use crate::harness::Scangate;

/// A call of a command.
struct Row {
    /// The command, and below it the one that it is of: `auth status`.
    command: &'static str,
    arguments: &'static [&'static str],
    /// Whether it asks the platform, so that the platform can answer it in many ways.
    asks: bool,
}

const fn row(command: &'static str, arguments: &'static [&'static str], asks: bool) -> Row {
    Row { command, arguments, asks }
}

/// In this order: a login that is kept is there for what follows.
const ROWS: [Row; 15] = [
    row("scan", &["--platform", "cybedefend", "--list-files"], false),
    row("scan", &["--platform", "cybedefend", "--archive-only", "archive.zip"], false),
    row("demo", &[], false),
    row("api", &["GET", "/projects", "--platform", "cybedefend", "--include", "--timeout", "2s"], true),
    row("api", &["POST", "/scan", "--platform", "cybrium", "-d", "{}", "-o", "answer", "--timeout", "2s"], true),
    row("login", &["--platform", "cybedefend", "--pat", "-", "--timeout", "2s"], true),
    row("login", &["--platform", "bestdefense", "--pat", "-", "--no-verify"], false),
    row("auth status", &[], false),
    row("config show", &[], false),
    row("schema", &[], false),
    row("doctor", &["--platform", "cybedefend", "--timeout", "2s"], true),
    row("doctor", &["--platform", "bestdefense", "--format", "json", "--timeout", "2s"], true),
    row("logout", &["--platform", "bestdefense"], false),
    row("logout", &["--platform", "cybedefend"], false),
    row("auth status", &[], false),
];

const ACTS: [Act; 7] =
    [Act::Forward, Act::Refuse(401), Act::Refuse(500), Act::Page, Act::Cut, Act::Redirect, Act::Reset];

/// The commands that the help lists, and for those that only hold others, these.
fn commands() -> BTreeSet<String> {
    let listed = |arguments: &[&str]| -> Vec<String> {
        let help = Scangate::new(arguments.iter().chain(&["--help"])).run().stdout();
        let list = help.split_once("Commands:\n").map(|(_, list)| list.to_owned()).unwrap_or_default();
        let lines = list.lines().take_while(|line| !line.is_empty()).map(ToOwned::to_owned);
        let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        names
            .filter_map(|line| line.split_whitespace().next().map(ToOwned::to_owned))
            .filter(|name| name != "help")
            .collect()
    };
    let mut commands = BTreeSet::new();
    for name in listed(&[]) {
        let below = listed(&[&name]);
        if below.is_empty() {
            commands.insert(name);
        } else {
            commands.extend(below.iter().map(|below| format!("{name} {below}")));
        }
    }
    commands
}

#[test]
fn every_command_is_among_those_that_are_looked_at() {
    let rows: BTreeSet<String> = ROWS.iter().map(|row| row.command.to_owned()).chain(["sandbox".to_owned()]).collect();
    let commands = commands();
    assert!(commands.contains("scan"), "{commands:?}");
    let missing: Vec<_> = commands.difference(&rows).collect();
    assert!(missing.is_empty(), "a row for {missing:?} is missing in tests/it/redaction/commands.rs");
}

#[test]
fn no_command_shows_a_secret_whatever_the_platform_answers() {
    let home = tempfile::tempdir().unwrap();
    for row in &ROWS {
        for (number, act) in ACTS.into_iter().enumerate().filter(|(number, _)| row.asks || *number == 0) {
            let stage = Stage::set("all", act, number % 2);
            // The schema is a document without a log.
            let verbosity = (row.command != "schema").then_some("-vv");
            let call = stage.call(row.command.split(' ').chain(row.arguments.iter().copied()).chain(verbosity));
            let call =
                call.env("HOME", home.path()).env("SCANGATE_LOG_FORMAT", if number % 2 == 0 { "text" } else { "json" });
            let pat = if row.arguments.contains(&"bestdefense") { "bd_api_token" } else { "cybedefend_pat" };
            let ended = call.input(marked(pat)).run();
            let what = format!("{} {:?} {act:?}", row.command, row.arguments);
            assert!(!ended.stderr().contains("unexpected argument"), "{what}: {}", ended.stderr());
            assert!(!row.asks || stage.echo.requests() > 0, "{what}: nobody was asked\n{}", ended.stderr());
            stage.assert_clean(&what, &ended, None);
        }
    }
}

#[test]
fn the_sandbox_shows_no_secret_but_those_that_it_made_up() {
    let stage = Stage::set("bestdefense", Act::Forward, 0);
    let running = stage.call(["sandbox", "--platform", "all"]).start(Stdio::piped());
    let ended = running.wait_for("serving until").signal("TERM").end();
    ended.assert_exit_code(0);
    stage.assert_clean("sandbox", &ended, None);
}
