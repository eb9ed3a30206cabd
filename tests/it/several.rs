//! Several platforms in one run, as a process against the sandbox: one verdict, and nobody's failure hides another's findings.
#![expect(clippy::unwrap_used, reason = "a run that left no readable report has failed the test")]

use serde_json::Value;

use crate::github::runner::Runner;
use crate::harness::{Ended, Scangate};
use crate::served::Served;

/// Two sandboxes: scans of one project would supersede each other.
fn two() -> [Served; 2] {
    [Served::with_faults(&[]), Served::with_faults(&[])]
}

/// A scan by two entries, `one` and `two`, of a tree with a finding. The platform's own variables are for the first, and those of
/// the second entry for the other.
fn scan(served: &[Served; 2], arguments: &[&str]) -> Scangate {
    let platforms = ["--platform", "one=cybedefend", "--platform", "two=cybedefend"];
    in_sandboxes(served, "TWO", ["scan", "--poll-interval", "100ms"].iter().chain(&platforms).chain(arguments).copied())
}

fn in_sandboxes<'a>([one, two]: &[Served; 2], name: &str, arguments: impl IntoIterator<Item = &'a str>) -> Scangate {
    let scan = Scangate::new(arguments).file("app.py", "value = eval(input())\n");
    let variables = [
        ("API_URL", "CYBEDEFEND_API_URL"),
        ("AUTH_URL", "CYBEDEFEND_AUTH_ENDPOINT"),
        ("PROJECT_ID", "CYBEDEFEND_PROJECT_ID"),
        ("TOKEN", "CYBEDEFEND_PAT"),
    ];
    variables.into_iter().fold(scan, |scan, (own, vendors)| {
        scan.env(vendors, one.variable(vendors)).env(&format!("SCANGATE_{name}_{own}"), two.variable(vendors))
    })
}

fn json(ended: &Ended, file: &str) -> Value {
    serde_json::from_str(&ended.file(&format!("work/{file}"))).unwrap()
}

/// The categories of the SARIF runs.
fn categories(ended: &Ended) -> Vec<String> {
    let sarif = json(ended, "scangate.sarif");
    let runs = sarif["runs"].as_array().unwrap();
    runs.iter().map(|run| run["automationDetails"]["id"].as_str().unwrap().to_owned()).collect()
}

/// A port of this machine on which nobody listens: it was free a moment ago.
fn dead() -> String {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    format!("http://127.0.0.1:{port}")
}

#[test]
fn a_dead_platform_hides_nothing_that_another_found() {
    let served = two();
    let url = dead();
    let ended =
        scan(&served, &["--timeout", "4s"]).env("SCANGATE_TWO_API_URL", &url).env("SCANGATE_TWO_AUTH_URL", &url).run();
    ended
        .assert_exit_code(1)
        .assert_stderr_has("error: two: ")
        .assert_stderr_has(&url)
        .assert_stderr_has("one: started");
    let outcome = json(&ended, "scangate-outcome.json");
    assert_eq!(outcome["class"], "findings");
    // A run without a result would close every alert of its category.
    assert_eq!(categories(&ended), ["scangate/one/"]);
    assert!(ended.stdout().contains("app.py:1"), "{}", ended.stdout());
}

#[test]
fn a_refused_credential_weighs_more_than_a_pass_elsewhere() {
    let served = two();
    let wrong = "pat_this_is_not_the_right_one";
    let ended = scan(&served, &["--fail-on", "none", "-vv"]).env("SCANGATE_TWO_TOKEN", wrong).run();
    ended
        .assert_exit_code(3)
        .assert_stderr_has("error: two: the personal access token was refused")
        .assert_no_trace_of(wrong);
    assert_eq!(json(&ended, "scangate-outcome.json")["class"], "auth");
    assert_eq!(categories(&ended), ["scangate/one/"]);
}

#[test]
fn two_that_pass_are_a_pass_with_a_run_a_category_and_raw_copies_each_and_one_archive() {
    let served = two();
    let folder = tempfile::tempdir().unwrap();
    let raw = folder.path().join("raw");
    let arguments = ["--fail-on", "none", "--category", "two=mine/", "--save-raw", raw.to_str().unwrap()];
    let ended = scan(&served, &arguments).run();
    ended.assert_exit_code(0).assert_no_trace_of(served[1].variable("CYBEDEFEND_PAT"));
    assert_eq!(categories(&ended), ["scangate/one/", "mine/"]);
    for name in ["one", "two"] {
        assert!(fs_err::read_dir(raw.join(name)).unwrap().count() > 0, "{name}");
    }
    let said = ended.stderr();
    assert_eq!(said.matches("archived ").count(), 1, "{said}");
    for line in ["one: started scan", "two: started scan", "one: read", "two: read"] {
        ended.assert_stderr_has(line);
    }
}

#[test]
fn a_missing_credential_ends_one_entry_and_a_wrong_setting_the_whole_run() {
    let served = two();
    let ended = scan(&served, &[])
        .env("CYBEDEFEND_PAT", "")
        .env("SCANGATE_TWO_TOKEN", "")
        .env("SCANGATE_ONE_TOKEN", served[0].variable("CYBEDEFEND_PAT"))
        .run();
    ended.assert_exit_code(1).assert_stderr_has("error: two: no credentials for CybeDefend");
    let ended = scan(&served, &["--project-id", "p"]).run();
    ended.assert_exit_code(2).assert_stderr_has("--project-id is for one platform, and the run has one, two");
    assert_eq!(json(&ended, "scangate-outcome.json")["requests"], 0);
}

#[test]
fn the_entries_of_a_file_run_and_its_errors_leave_the_outcome() {
    let served = two();
    let file = "fail_on: none\nplatforms:\n- platform: cybedefend\n  name: again\n  category: other/\n- platform: cybedefend\n";
    let arguments = ["scan", "--poll-interval", "100ms"];
    let ended = in_sandboxes(&served, "CYBEDEFEND", arguments).file("scangate.yml", file).run();
    ended.assert_exit_code(0);
    assert_eq!(categories(&ended), ["other/", "scangate/cybedefend/"]);
    let ended = in_sandboxes(&served, "CYBEDEFEND", arguments)
        .file("scangate.yml", "fail_on: none\napi_url: https://host.example\n")
        .run();
    ended
        .assert_exit_code(2)
        .assert_stderr_has("scangate.yml:2: `api_url` cannot be set in a file that a pull request can edit");
    assert_eq!(json(&ended, "scangate-outcome.json")["class"], "usage");
}

#[test]
fn a_demo_reads_no_file() {
    let file = "fail_on: nonsense\nunknown: x\n";
    let ended = Scangate::new(["demo", "--fail-on", "none"]).file("scangate.yml", file).run();
    ended.assert_exit_code(0);
}

#[test]
fn the_list_of_files_follows_the_file_of_settings() {
    let ended = Scangate::new(["scan", "--list-files"])
        .file("scangate.yml", "dir: src\n")
        .file("src/a.txt", "a\n")
        .file("b.txt", "b\n")
        .run();
    ended.assert_exit_code(0);
    assert_eq!(ended.stdout(), "a.txt\n");
}

#[test]
fn a_demo_of_all_platforms_is_one_run_with_a_result_of_each() {
    let ended = Scangate::new(["demo", "--platform", "all"]).run();
    ended.assert_exit_code(1).assert_nothing_left_behind();
    let expected = scangate::platform::PlatformId::ALL.map(|platform| format!("scangate/{platform}/"));
    let categories = categories(&ended);
    assert_eq!(categories.len(), expected.len());
    for (category, expected) in categories.iter().zip(&expected) {
        assert!(category.starts_with(expected), "{category}");
    }
}

/// A scan on all four platforms of one sandbox, as a step on GitHub.
fn scan_on_all(faults: &[&str]) -> (Ended, Runner) {
    let served = Served::of("all", 300, faults);
    let platforms = scangate::platform::PlatformId::ALL.map(|platform| format!("--platform={platform}"));
    let always = ["scan", "--target", "cyberorigen=shop.example.com", "--authorized=cyberorigen=true"];
    // Where no new window of CyberOrigen's limit comes before the deadline, looks are not spread over an hour of ours.
    let quick = ["--scan-type", "cyberorigen=quick", "--timeout", "30s", "--poll-interval", "100ms"];
    let arguments = always.into_iter().chain(quick).chain(platforms.iter().map(String::as_str));
    let scan = served.told(Scangate::new(arguments)).file("app.py", "value = eval(input())\n");
    let runner = Runner::new();
    let ended = runner.step(scan, "push").run();
    (ended, runner)
}

/// Name and ending of each platform's part, by the step's output, and how many findings it has.
fn endings(runner: &Runner) -> Vec<(String, String, u64)> {
    let parts: Value = serde_json::from_str(&runner.outputs()["endings"]).unwrap();
    let text = |part: &Value, name: &str| part[name].as_str().unwrap().to_owned();
    let part = |part: &Value| (text(part, "name"), text(part, "ending"), part["findings"].as_u64().unwrap());
    parts.as_array().unwrap().iter().map(part).collect()
}

#[test]
fn four_platforms_are_one_verdict_one_table_and_a_run_with_a_category_each() {
    let (ended, runner) = scan_on_all(&[]);
    ended.assert_exit_code(1);
    let parts = endings(&runner);
    let names: Vec<_> = parts.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["cybedefend", "cybrium", "cyberorigen", "bestdefense"]);
    assert!(parts.iter().all(|(_, ending, findings)| ending == "complete" && *findings > 0), "{parts:?}");
    let outcome = json(&ended, "scangate-outcome.json");
    let open: u64 = parts.iter().map(|(.., findings)| findings).sum();
    assert_eq!((&outcome["class"], outcome["counts"]["open"].as_u64()), (&Value::from("findings"), Some(open)));
    assert_eq!(runner.outputs()["findings"], open.to_string());
    assert_eq!(
        categories(&ended),
        [
            "scangate/cybedefend/",
            "scangate/cybrium/sandbox-app/",
            "scangate/cyberorigen/shop.example.com/",
            "scangate/bestdefense/shop.example.com/"
        ]
    );
    let said = ended.stdout();
    assert_eq!(said.matches("severity  kind").count(), 1, "{said}");
    for place in ["app.py:1", "app/users.py:42", "shop.example.com:80", "shop.example.com/search"] {
        assert!(said.contains(place), "no {place} in:\n{said}");
    }
}

#[test]
fn a_fault_of_any_one_of_four_hides_nothing_of_the_others() {
    let faults = [
        ("cybedefend:failed-scan", "scan-failed"),
        ("cybrium:html", "protocol"),
        ("cyberorigen:no-access-403", "auth"),
        ("bestdefense:403=99", "auth"),
    ];
    std::thread::scope(|scope| {
        for (at, (fault, class)) in faults.into_iter().enumerate() {
            scope.spawn(move || {
                let (ended, runner) = scan_on_all(&[fault]);
                ended.assert_exit_code(1);
                for (index, (name, ending, findings)) in endings(&runner).into_iter().enumerate() {
                    let expected = if index == at { class } else { "complete" };
                    assert_eq!((ending.as_str(), findings > 0), (expected, index != at), "{fault}: {name}");
                }
                let name = fault.split(':').next().unwrap();
                ended.assert_stderr_has(&format!("{name}: "));
                let categories = categories(&ended);
                assert!(
                    categories.len() == 3 && categories.iter().all(|category| !category.contains(name)),
                    "{fault}: {categories:?}"
                );
            });
        }
    });
}
