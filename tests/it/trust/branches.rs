//! Names of branches that look like flags, commands or the ends of lines.

use fs_err as fs;

use serde_json::json;

use super::workspace::{Home, Planted};
use super::{AS_EVER, REFUSED};
use crate::github::runner::{Runner, commands};
use crate::harness::Scangate;
use crate::served::Served;

/// Names that somebody can give a branch, or forge in an event, with `@TRAP` and `@RUN` as in files.
const NAMES: [&str; 12] = [
    "--api-url=@TRAP",
    "--auth-url=@TRAP",
    "--token-command=@RUN",
    "--config=planted.yml",
    "-o",
    "-vv --api-url @TRAP",
    "main --api-url=@TRAP",
    "$(@RUN)",
    "`@RUN`",
    ";@RUN;",
    "@TRAP",
    "../../../@TRAP",
];

/// Names with characters that end lines or are obeyed by terminals and runners.
const UNPRINTABLE: [&str; 4] = [
    "main\n--api-url=@TRAP",
    "main\n::set-env name=SCANGATE_API_URL::@TRAP",
    "main\u{1b}]0;title\u{7}",
    "main\r##[add-mask]\u{202e}x",
];

/// What a CI hands over as the branch, by each of its variables.
const PLACES: [&[(&str, &str)]; 5] = [
    &[("SCANGATE_BRANCH", "@NAME")],
    &[("CYBEDEFEND_BRANCH", "@NAME")],
    &[("SCANGATE_ACTION", "1"), ("INPUT_BRANCH", "@NAME")],
    &[("GITLAB_CI", "true"), ("CI_COMMIT_BRANCH", "@NAME"), ("CI_COMMIT_REF_NAME", "@NAME")],
    &[("JENKINS_URL", "https://ci.example"), ("BRANCH_NAME", "@NAME"), ("GIT_BRANCH", "@NAME")],
];

/// Fails if a runner or terminal would obey something of what was said.
fn assert_neutral(said: &str, name: &str) {
    assert!(!said.contains(['\u{1b}', '\r', '\u{202e}']) && !said.contains("##["), "{name}\n{said}");
    assert!(!said.lines().any(|line| line.trim_start().starts_with("::set-env")), "{name}\n{said}");
}

/// A call in the environment of a CI that names this branch.
fn told(call: Scangate, place: &[(&str, &str)], branch: &str) -> Scangate {
    place.iter().fold(call, |call, (variable, value)| call.env(variable, value.replace("@NAME", branch)))
}

#[test]
fn the_name_of_a_branch_is_a_name_wherever_it_comes_from() {
    let served = Served::with_faults(&[]);
    for (name, place) in NAMES.into_iter().zip(PLACES.into_iter().cycle()) {
        let planted = Planted::new(Home::Elsewhere).file("planted.yml", super::HOSTS);
        let call = told(served.scan(&[]), place, &planted.filled(name));
        planted.run(call).assert_ends(AS_EVER, &format!("{name} in {place:?}"));
    }
}

#[test]
fn a_name_with_the_end_of_a_line_in_it_is_refused_or_taken_as_a_whole() {
    let served = Served::with_faults(&[]);
    for place in PLACES {
        for name in UNPRINTABLE {
            let planted = Planted::new(Home::Elsewhere);
            let call = told(served.scan(&["-vv"]), place, &planted.filled(name));
            let after = planted.run(call);
            let code = after.exit_code();
            assert!([AS_EVER, REFUSED].contains(&code), "{code}: {name:?} in {place:?}\n{}", after.stderr());
            after.assert_ends(code, name);
            assert_neutral(&(after.stdout() + &after.stderr()), name);
        }
    }
}

#[test]
fn a_name_in_the_repository_itself_is_no_flag_either() {
    let served = Served::with_faults(&[]);
    for name in NAMES {
        let planted = Planted::new(Home::Elsewhere).file("planted.yml", super::HOSTS);
        let head = format!("ref: refs/heads/{name}\n");
        let after = planted.file(".git/HEAD", &head).scan(&served);
        let code = after.exit_code();
        assert!([AS_EVER, REFUSED].contains(&code), "{code}: {name:?}\n{}", after.stderr());
        after.assert_ends(code, name);
    }
}

#[test]
fn an_event_of_github_can_name_what_it_likes() {
    let served = Served::with_faults(&[]);
    for name in NAMES.into_iter().chain(UNPRINTABLE) {
        let planted = Planted::new(Home::Elsewhere).file("planted.yml", super::HOSTS);
        let branch = planted.filled(name);
        let folder = tempfile::tempdir().unwrap();
        let event = json!({ "number": 7, "pull_request": {
            "number": 7,
            "head": { "ref": branch, "sha": "89abcdef0123456789abcdef0123456789abcdef", "repo": { "id": 1, "fork": false } },
            "base": { "ref": branch, "sha": "0123456789abcdef0123456789abcdef01234567", "repo": { "id": 1, "fork": false } },
        }});
        let path = folder.path().join("event.json");
        fs::write(&path, event.to_string()).unwrap();
        let runner = Runner::new();
        let call = runner.step(served.scan(&[]), "pull_request").env("GITHUB_EVENT_PATH", &path);
        let one_line = branch.replace(['\n', '\r'], " ");
        let after = planted.run(call.env("GITHUB_HEAD_REF", &one_line).env("GITHUB_REF_NAME", "7/merge"));
        let code = after.exit_code();
        assert!([AS_EVER, REFUSED].contains(&code), "{code}: {name:?}\n{}", after.stderr());
        let said = after.stdout() + &after.stderr();
        assert_neutral(&said, name);
        commands(&after.stdout());
        assert!(!after.was_trapped() && !after.has_run(), "{name:?}\n{said}");
    }
}
