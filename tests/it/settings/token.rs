//! `--token-file`, `…_FILE`, `--token-command` and `…_COMMAND` in every layer, against the sandbox: each brings the token to its
//! platform, and none goes through a shell.

use std::process::Stdio;

use crate::harness::Scangate;
use crate::served::Served;

const PAT: &str = "CYBEDEFEND_PAT";
const OWN: &str = "../home/.config/scangate/config.yml";

/// A call that has hosts and no credential; the token lies in the user's own folder.
fn call(served: &Served, arguments: &[&str]) -> Scangate {
    let path = format!("/project/{}", served.variable("CYBEDEFEND_PROJECT_ID"));
    let arguments: Vec<&str> = ["GET", &path, "-vv"].iter().chain(arguments).copied().collect();
    let token = format!("{}\nsecond line\n", served.variable(PAT));
    let call = served.api(&arguments).env(PAT, "").file("../home/lines", token);
    call.file("../home/token", format!(" {}\r\n", served.variable(PAT)))
}

#[test]
fn a_file_or_a_command_can_be_named_in_every_layer() {
    let served = Served::with_faults(&[]);
    let command = "head -n 2 lines";
    for (value, flag) in [("@TOKEN", "--token-file"), (command, "--token-command")] {
        let input = format!("INPUT_{}", flag.trim_start_matches('-').to_uppercase());
        let end = flag.trim_start_matches("--token-").to_uppercase();
        let variables =
            [format!("SCANGATE_TOKEN_{end}"), format!("SCANGATE_CYBEDEFEND_TOKEN_{end}"), format!("{PAT}_{end}")];
        let variables = variables.iter().filter(|name| end == "FILE" || !name.starts_with(PAT));
        for variable in variables.chain([&input]) {
            let call = call(&served, &[]);
            let value = value.replace("@TOKEN", &home_of(&call, "token"));
            let action = if *variable == input { "1" } else { "" };
            let ended = call.env(variable, value).env("SCANGATE_ACTION", action).run();
            ended.assert_exit_code(0).assert_stderr_has("reads the credential");
            assert!(!(ended.stdout() + &ended.stderr()).contains(served.variable(PAT)), "{variable}");
        }
        // On the command line, and in the user's own file.
        let own = call(&served, &[]);
        let text = value.replace("@TOKEN", &home_of(&own, "token"));
        let setting = flag.trim_start_matches("--").replace('-', "_");
        own.file(OWN, format!("{setting}: {text}\n")).run().assert_exit_code(0);
        let folder = tempfile::tempdir().unwrap();
        let outside = folder.path().join("token");
        fs_err::write(&outside, served.variable(PAT)).unwrap();
        let text = value.replace("@TOKEN", &outside.display().to_string());
        call(&served, &[flag, &text]).run().assert_exit_code(0).assert_stderr_has(&format!("origin={flag}"));
    }
}

fn home_of(call: &Scangate, name: &str) -> String {
    call.directory().with_file_name("home").join(name).display().to_string()
}

#[test]
fn a_command_goes_through_no_shell() {
    let served = Served::with_faults(&[]);
    for command in [
        "cat token; touch mark",
        "cat token && touch mark",
        "cat $(touch mark)",
        "cat `touch mark`",
        "cat token|tee mark",
        "cat token >mark",
    ] {
        let ended = call(&served, &["--token-command", command]).run();
        ended.assert_exit_code(3).assert_stderr_has("--token-command").assert_stderr_has("hint: run it by hand");
        assert!(!ended.has("home/mark") && !ended.has("work/mark"), "{command}");
        assert!(!ended.stderr().contains(served.variable(PAT)), "{}", ended.stderr());
    }
}

#[test]
fn what_a_command_complains_of_is_shown_without_the_token_that_it_printed() {
    let served = Served::with_faults(&[]);
    let command = "/bin/sh -c 'cat token; cat token >&2; printf \"\\033[31msealed\" >&2; exit 4'";
    let ended = call(&served, &["--token-command", command]).run();
    ended.assert_exit_code(3).assert_stderr_has("ended with exit code 4: ***").assert_stderr_has("sealed");
    assert!(!ended.stderr().contains(served.variable(PAT)) && !ended.stderr().contains('\u{1b}'), "{}", ended.stderr());
}

#[test]
fn a_relative_file_is_the_command_lines_and_never_that_of_a_file_of_settings() {
    let served = Served::with_faults(&[]);
    let planted = || call(&served, &[]).file("token", "pat_planted_0123456789").file(OWN, "token_file: token\n");
    let ended = planted().run();
    ended.assert_exit_code(2).assert_stderr_has("is a relative path, and would be looked for in what is scanned");
    planted().env(PAT, served.variable(PAT)).run().assert_exit_code(0);
}

#[test]
fn a_place_that_comes_to_no_end_is_given_up_at_the_deadline() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe").display().to_string();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let commands: [&[&str]; 4] =
        [&["scan", "--target", "shop"], &["doctor", "--target", "shop"], &["api", "GET", "/scans/"], &["login"]];
    let places = [("--token-file", pipe.as_str()), ("--token-command", "tail -f /dev/null")];
    let start = |(flag, value)| {
        let here = ["--platform", "cybrium", "--api-url", "http://127.0.0.1:9", "--timeout", "1s", flag, value];
        let start = |command: &&[&str]| Scangate::new(*command).arguments(here).start(Stdio::piped());
        commands.iter().map(|command| (flag, start(command))).collect::<Vec<_>>()
    };
    // Side by side, since a second is the shortest deadline.
    let running: Vec<_> = places.into_iter().flat_map(start).collect();
    for (flag, running) in running {
        let ended = running.end();
        ended.assert_exit_code(5);
        let said = ended.stdout() + &ended.stderr();
        assert!(said.contains(&format!("{flag}: the deadline passed before the credential was read")), "{said}");
    }
}
