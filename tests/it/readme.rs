//! The documentation, held to what it says: its commands are the program's, its exit codes are the code's, its links lead
//! somewhere.
#![expect(clippy::unwrap_used, reason = "a test helper may stop where the documentation has lost its shape")]

use std::path::Path;
use std::process::{Command, Output, Stdio};

use scangate::error::Class;
use scangate::platform::PlatformId;

use crate::harness::Scangate;

/// Every document, from the repository root.
const DOCUMENTS: [&str; 26] = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/api.md",
    "docs/architecture.md",
    "docs/benchmarks.md",
    "docs/browser-login.md",
    "docs/ci-security.md",
    "docs/credentials.md",
    "docs/doctor.md",
    "docs/exit-codes.md",
    "docs/github.md",
    "docs/gitlab.md",
    "docs/how-a-run-decides.md",
    "docs/jenkins.md",
    "docs/network.md",
    "docs/platforms.md",
    "docs/platforms/bestdefense.md",
    "docs/platforms/cybedefend.md",
    "docs/platforms/cyberorigen.md",
    "docs/platforms/cybrium.md",
    "docs/reports.md",
    "docs/sandbox.md",
    "docs/security.md",
    "docs/settings.md",
    "examples/vulnerable-app/README.md",
];

fn read(document: &str) -> String {
    fs_err::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(document)).unwrap()
}

/// The commands in the fenced blocks `console` (behind `$ `) and `sh` (every line) of a document, without comments, each on one
/// line.
fn commands(document: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut block = None;
    let joined = document.replace("\\\n", " ");
    for line in joined.lines() {
        match (block, line.strip_prefix("```")) {
            (None, Some(language)) => block = Some(language),
            (Some(_), Some(_)) => block = None,
            (Some("console"), None) => found.extend(line.strip_prefix("$ ").map(str::to_owned)),
            (Some("sh"), None) => {
                let command = line.split(" #").next().unwrap_or_default().trim();
                found.extend((!command.is_empty() && !command.starts_with('#')).then(|| command.to_owned()));
            }
            _ => {}
        }
    }
    found
}

/// The arguments of a command of ours, up to the end of the simple command; `None` for other commands.
fn arguments(command: &str) -> Option<Vec<String>> {
    let words = words(command).into_iter().skip_while(|word| word.contains('=') && !word.starts_with('-'));
    let mut words = words.take_while(|word| !matches!(word.as_str(), "|" | "||" | "&&" | ";" | ">" | "2>"));
    (words.next().as_deref() == Some("scangate")).then(|| words.collect())
}

/// The words of a command, as a shell splits it at white space outside of quotes.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut quote) = (vec![String::new()], None);
    for character in command.chars() {
        match (quote, character) {
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), character) if open == character => quote = None,
            (None, character) if character.is_whitespace() => words.push(String::new()),
            _ => words.last_mut().unwrap().push(character),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Runs the program with these arguments and `--help`, so that every argument is parsed and nothing is done.
fn parse(arguments: &[String]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_scangate"))
        .args(arguments)
        .arg("--help")
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[test]
fn the_first_two_commands_of_the_readme_are_the_demo_and_the_tests() {
    assert_eq!(commands(&read("README.md"))[..2], ["cargo run --release -- demo", "cargo test --locked"]);
}

/// A line without what differs from run to run: the ids of scans, and how long the demo waited and took.
fn settled(line: &str) -> String {
    let line = match line.rsplit_once("; ") {
        Some((before, last)) if last.contains(" of waiting took ") => before,
        _ => line,
    };
    let is_id = |word: &str| word.len() == 36 && word.split('-').count() == 5;
    let words = line.split(' ').map(|word| if is_id(word) { "ID" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_transcript_in_the_readme_is_what_the_demo_prints() {
    let readme = read("README.md");
    let (_, rest) = readme.split_once("$ scangate demo\n").unwrap();
    let (transcript, _) = rest.split_once("```").unwrap();
    let ended = Scangate::new(["demo"]).run();
    let printed: Vec<String> = (ended.stderr() + &ended.stdout()).lines().map(settled).collect();
    let mut printed = printed.iter();
    for line in transcript.lines().filter(|line| line.trim() != "[...]") {
        assert!(printed.any(|real| *real == settled(line)), "the demo does not print this, in this place: {line}");
    }
}

#[test]
fn the_demos_in_the_readme_find_something_on_the_platforms_that_they_name() {
    let demos = commands(&read("README.md")).into_iter().filter_map(|line| arguments(&line));
    let demos: Vec<_> = demos.filter(|words| words[0] == "demo" && !words.iter().any(|word| word == "--dir")).collect();
    for wanted in ["cybrium", "all"] {
        assert!(demos.iter().any(|words| words[1..] == ["--platform", wanted]), "{demos:?}");
    }
    for words in demos {
        let ended = Scangate::new(&words).run();
        ended.assert_exit_code(1);
        let platforms = match words.last().map(String::as_str) {
            Some("all") => PlatformId::ALL.map(PlatformId::as_str).to_vec(),
            Some("demo") | None => vec!["cybedefend"],
            Some(platform) => vec![platform],
        };
        let said = ended.stdout();
        assert!(platforms.iter().all(|platform| said.contains(&format!("\n  {platform}: complete; "))), "{said}");
    }
}

#[test]
fn the_program_understands_every_command_line_in_the_documentation() {
    let ours: Vec<Vec<String>> =
        DOCUMENTS.iter().flat_map(|name| commands(&read(name))).filter_map(|line| arguments(&line)).collect();
    assert!(ours.len() >= 5, "the documentation has lost its examples: {ours:?}");
    for arguments in ours {
        let output = parse(&arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "scangate {}: {errors}", arguments.join(" "));
    }
}

#[test]
fn every_call_of_a_platform_in_the_documentation_says_which_one() {
    let calls = DOCUMENTS.iter().flat_map(|name| commands(&read(name))).filter_map(|line| arguments(&line));
    for words in calls.filter(|words| matches!(words[0].as_str(), "scan" | "api" | "doctor" | "login")) {
        assert!(words.iter().any(|word| word == "--platform"), "scangate {}", words.join(" "));
    }
}

#[test]
fn what_the_readme_says_is_not_there_yet_is_not_there() {
    let readme = read("README.md");
    let (_, rest) = readme.split_once("## What is not there yet").unwrap();
    let (section, _) = rest.split_once("\n## ").unwrap();
    let words: Vec<&str> = section.split('`').skip(1).step_by(2).collect();
    assert!(words.len() >= 10, "{words:?}");
    for word in words {
        let report = format!("--report={word}=x");
        let calls =
            if word.starts_with("--") { vec![vec!["scan", word]] } else { vec![vec![word], vec!["demo", &report]] };
        for call in calls {
            Scangate::new(&call).run().assert_exit_code(2);
        }
    }
}

#[test]
fn a_command_line_that_the_program_does_not_know_would_be_noticed() {
    for wrong in ["scan --no-such-flag", "demo --project-id x", "no-such-command"] {
        let arguments: Vec<String> = wrong.split(' ').map(str::to_owned).collect();
        assert_eq!(parse(&arguments).status.code(), Some(2), "{wrong}");
    }
}

#[test]
fn the_readmes_exit_codes_are_those_of_the_code() {
    let readme = read("README.md");
    let rows = readme.lines().skip_while(|line| !line.starts_with("| exit | class |")).skip(2);
    let mut documented: Vec<(u8, String)> = Vec::new();
    for row in rows.take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let classes = cells[2].split(", ").map(|class| class.trim_matches('`'));
        for class in classes {
            documented.extend(cells[1].split(", ").map(|code| (code.parse().unwrap(), class.to_owned())));
        }
    }
    let mut real: Vec<(u8, String)> =
        Class::IN_ORDER.into_iter().map(|class| (class.exit_code(), class.as_str().to_owned())).collect();
    documented.sort();
    real.sort();
    assert_eq!(documented, real);
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    for name in DOCUMENTS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        for rest in read(name).split("](").skip(1) {
            let target = rest.split([')', '#']).next().unwrap_or_default();
            if target.is_empty() || target.starts_with("https://") {
                continue;
            }
            let path = folder.parent().unwrap().join(target);
            assert!(path.exists(), "{name} links to {target}");
        }
    }
}

#[test]
fn commands_are_found_in_fenced_blocks_alone() {
    let text = "```console\n$ a --b\noutput\n```\n$ no\n```sh\n# no\nc \\\n  -d # why\n\n```\n```yaml\ne: f\n```\n";
    assert_eq!(commands(text), ["a --b", "c    -d"]);
    assert_eq!(arguments("A=b scangate scan --x \"$Y\" | tee"), Some(vec!["scan".into(), "--x".into(), "$Y".into()]));
    assert_eq!(arguments("cargo test"), None);
}
