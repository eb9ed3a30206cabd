//! No secret leaves the program: every command, on every way to its end, at the highest verbosity, against a server that repeats
//! every secret it has seen in whatever it says. Looked at are both streams, all files, and what a child is given.
#![expect(clippy::unwrap_used, reason = "a helper of a test may fail as loudly as the test")]

mod browser;
mod child;
mod commands;
mod crash;
mod echo;
mod trace;

use echo::{Act, Echo, marked};

use crate::github::runner::Runner;
use crate::harness::{Ended, Scangate};
use crate::served::Served;

/// Variables of the sandbox that hold secrets.
const SECRETS: [&str; 5] = ["_PAT", "_KEY", "_PASSWORD", "_TOKEN", "_MFA_CODE"];

/// The surroundings of a run, in turns: each platform and each path meets most of them.
#[derive(Clone, Copy, Debug)]
enum Around {
    Terminal,
    JsonLog,
    GitHub,
    GitLab,
    Jenkins,
}

const SURROUNDINGS: [Around; 5] = [Around::Terminal, Around::JsonLog, Around::GitHub, Around::GitLab, Around::Jenkins];

/// A sandbox behind the server that repeats secrets, and what a program has to know of them.
struct Stage {
    _sandbox: Served,
    echo: Echo,
    variables: Vec<(String, String)>,
}

impl Stage {
    /// Sets the stage for a platform, or `all`: after this many requests, the server does this.
    fn set(platform: &str, act: Act, after: usize) -> Self {
        let faults: &[&str] = match platform {
            "cybedefend" => &["many=20"],
            "cyberorigen" => &["mfa"],
            _ => &[],
        };
        let sandbox = Served::of(platform, 100, faults);
        let is_secret = |name: &str| SECRETS.iter().any(|end| name.ends_with(end));
        let given: Vec<(String, String)> =
            sandbox.exported().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let previous = sandbox.find("CYBRIUM_API_KEY_PREVIOUS");
        let previous = previous.map(|key| ("CYBRIUM_API_KEY_PREVIOUS".to_owned(), key.to_owned()));
        let given: Vec<(String, String)> = given.into_iter().chain(previous).collect();
        let swaps: Vec<(String, String)> = given
            .iter()
            .filter(|(name, _)| is_secret(name))
            .map(|(name, value)| (marked(&name.to_lowercase()), value.clone()))
            .collect();
        let others = ["proxy", "github"].map(marked);
        let secrets = swaps.iter().map(|(ours, _)| ours.clone()).chain(others.clone()).collect();
        let echo = Echo::new(secrets, swaps, act, after);
        let [proxy, github] = others;
        let password: String = url::form_urlencoded::byte_serialize(proxy.as_bytes()).collect();
        let variables = given.into_iter().map(|(name, value)| {
            let value = if is_secret(&name) { marked(&name.to_lowercase()) } else { echo.before(&value) };
            (name, value)
        });
        let around = [
            ("HTTPS_PROXY".to_owned(), format!("http://ci:{password}@127.0.0.1:9")),
            ("GITHUB_TOKEN".to_owned(), github),
        ];
        let variables = variables.chain(around).collect();
        Self { _sandbox: sandbox, echo, variables }
    }

    /// A call with all variables.
    fn call<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Scangate {
        let call = Scangate::new(arguments).file("app.py", "value = eval(input())\n");
        self.variables.iter().fold(call, |call, (name, value)| call.env(name, value))
    }

    /// Fails if a secret is in anything that the run left: but for masks, which tell a runner what to hide, and the files of stored
    /// logins.
    #[track_caller]
    fn assert_clean(&self, what: &str, ended: &Ended, runner: Option<&Runner>) {
        let secrets = self.echo.secrets();
        let mut left = ended.everything();
        left.extend(
            runner
                .into_iter()
                .flat_map(|runner| ["output", "summary"].map(|name| (name.to_owned(), runner.read(name).into_bytes()))),
        );
        for (name, content) in left {
            if name.ends_with("credentials.json") {
                continue;
            }
            let content: Vec<u8> = if name == "standard output" && runner.is_some() {
                let text = String::from_utf8(content).unwrap();
                text.lines()
                    .filter(|line| !line.starts_with("::add-mask::"))
                    .flat_map(|line| [line, "\n"])
                    .collect::<String>()
                    .into()
            } else {
                content
            };
            assert_eq!(trace::find(&content, &secrets), None, "{what}: {name}");
        }
    }
}

/// A scan of a platform that comes to its end in some way.
struct Path {
    name: &'static str,
    act: Act,
    flags: &'static [&'static str],
    ends: &'static [i32],
}

const fn path(name: &'static str, act: Act, flags: &'static [&'static str], ends: &'static [i32]) -> Path {
    Path { name, act, flags, ends }
}

const PATHS: [Path; 12] = [
    path("passes", Act::Forward, &["--fail-on", "none", "--timeout", "2m"], &[0]),
    path("fails", Act::Forward, &["--timeout", "2m", "--fail-on", "info"], &[1]),
    path("cannot write", Act::Forward, &["--timeout", "2m", "--report", "sarif=app.py/report.sarif"], &[1, 2, 8]),
    path("401", Act::Refuse(401), &[], &[3]),
    path("403", Act::Refuse(403), &[], &[3]),
    path("429", Act::Refuse(429), &[], &[4, 5]),
    path("500", Act::Refuse(500), &[], &[4, 5]),
    path("page", Act::Page, &[], &[5, 7]),
    path("cut", Act::Cut, &[], &[5, 7]),
    path("redirect", Act::Redirect, &[], &[5, 7]),
    path("reset", Act::Reset, &[], &[4, 5, 7]),
    path("stall", Act::Stall, &[], &[4, 5]),
];

fn scan(platform: &str, flags: &[&str]) -> Vec<String> {
    let always = [
        "scan",
        "-vv",
        "--platform",
        platform,
        "--poll-interval",
        "100ms",
        "--save-raw",
        "../raw",
        "--report",
        "json=findings.json",
        "--report",
        "markdown=findings.md",
    ];
    let own: &[&str] = if platform == "cyberorigen" {
        &["--authorized", "--target", "shop.example.com", "--scan-type", "quick"]
    } else {
        &[]
    };
    let has_limit = flags.contains(&"--timeout");
    let limit: &[&str] = if has_limit { &[] } else { &["--timeout", "2s"] };
    always.iter().chain(own).chain(limit).chain(flags).map(|text| (*text).to_owned()).collect()
}

fn surrounded(call: Scangate, around: Around, runner: &Runner) -> Scangate {
    match around {
        Around::Terminal => call,
        Around::JsonLog => call.env("SCANGATE_LOG_FORMAT", "json"),
        Around::GitHub => runner.step(call, "push"),
        Around::GitLab => call.env("GITLAB_CI", "true").env("CI", "true").env("CI_COMMIT_BRANCH", "main"),
        Around::Jenkins => call.env("JENKINS_URL", "https://jenkins.example/").env("BRANCH_NAME", "main"),
    }
}

/// Runs all paths of a platform. `turn` shifts surroundings and the request at which it goes wrong, so that together the platforms
/// meet all of them.
fn every_path(platform: &str, turn: usize) {
    for (number, path) in PATHS.iter().enumerate() {
        let around = SURROUNDINGS[(number + turn) % SURROUNDINGS.len()];
        let after = if (number + turn).is_multiple_of(2) { 0 } else { 3 };
        let stage = Stage::set(platform, path.act, after);
        let arguments = scan(platform, path.flags);
        let runner = Runner::new();
        let call = surrounded(stage.call(arguments.iter().map(String::as_str)), around, &runner);
        let ended = call.run();
        let what = format!("{platform} {} after {after} requests, {around:?}", path.name);
        let said = ended.stderr();
        assert!(path.ends.contains(&ended.exit_code()), "{what}: exit code {}\n{said}", ended.exit_code());
        assert!(stage.echo.requests() > 0, "{what}: nobody was asked\n{said}");
        assert!(!matches!(path.act, Act::Forward) || stage.echo.added() > 3, "{what}: nothing was repeated");
        let runner = matches!(around, Around::GitHub).then_some(&runner);
        stage.assert_clean(&what, &ended, runner);
    }
    for (signal, exit_code) in [("INT", 130), ("TERM", 143)] {
        let stage = Stage::set(platform, Act::Stall, 1);
        let arguments = scan(platform, &["--timeout", "2m"]);
        let call = stage.call(arguments.iter().map(String::as_str));
        let ended = call.start(std::process::Stdio::piped()).wait_for("request").signal(signal).end();
        ended.assert_exit_code(exit_code);
        stage.assert_clean(&format!("{platform} {signal}"), &ended, None);
    }
}

#[test]
fn no_end_of_a_scan_with_cybedefend_shows_a_secret() {
    every_path("cybedefend", 0);
}

#[test]
fn no_end_of_a_scan_with_cybrium_shows_a_secret() {
    every_path("cybrium", 1);
}

#[test]
fn no_end_of_a_scan_with_cyberorigen_shows_a_secret() {
    every_path("cyberorigen", 2);
}

#[test]
fn no_end_of_a_scan_with_bestdefense_shows_a_secret() {
    every_path("bestdefense", 3);
}
