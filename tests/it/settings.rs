//! Settings from all layers: which one is heeded, what is wrong with a value, and that no secret is shown.

mod files;
mod named;
mod shown;
mod token;
mod vendor_file;

use std::time::Duration;

use proptest::prelude::*;
use scangate::finding::Severity;
use scangate::gate::{Limits, Threshold};
use scangate::platform::Region;
use scangate::settings::keys::{self, Key, Kind};
use scangate::settings::{Environment, Error, Flags, Layers, OnInterrupt, ScanSettings, Subject};

use crate::harness::Scangate;
use crate::served::Served;

fn key(name: &str) -> Option<&'static Key> {
    keys::ALL.iter().copied().find(|key| key.name == name)
}

/// Settings of a scan at CybeDefend from these flags and variables.
fn resolve(flags: &[(&str, &str)], variables: &[(&str, &str)]) -> Result<ScanSettings, Error> {
    let mut given = Flags::default();
    let platform = ("platform", "cybedefend");
    for (name, value) in flags.iter().chain([&platform]) {
        if let Some(key) = key(name) {
            given.insert(key, vec![(*value).to_owned()]);
        }
    }
    let environment = Environment::from_pairs(variables.iter().copied());
    ScanSettings::resolve(&Layers::new(&given, &environment))
}

fn message(flags: &[(&str, &str)], variables: &[(&str, &str)]) -> String {
    resolve(flags, variables).err().map(|error| error.to_string()).unwrap_or_default()
}

/// What a scan of these layers scans.
fn subject(flags: &[(&str, &str)], variables: &[(&str, &str)]) -> Option<Subject> {
    Some(resolve(flags, variables).ok()?.entries.first()?.subject.clone())
}

/// The project that a scan of these layers is for.
fn project(flags: &[(&str, &str)], variables: &[(&str, &str)]) -> Option<String> {
    resolve(flags, variables).ok()?.entries.first()?.project_id.clone()
}

#[test]
fn each_layer_weighs_more_than_all_below_it() {
    let variables = [
        ("SCANGATE_ACTION", "1"),
        ("INPUT_PROJECT-ID", "input"),
        ("SCANGATE_PROJECT_ID", "ours"),
        ("CYBEDEFEND_PROJECT_ID", "theirs"),
    ];
    assert_eq!(project(&[("project-id", "flag")], &variables).as_deref(), Some("flag"));
    assert_eq!(project(&[], &variables).as_deref(), Some("input"));
    assert_eq!(project(&[], &variables[2..]).as_deref(), Some("ours"));
    assert_eq!(project(&[], &variables[3..]).as_deref(), Some("theirs"));
    assert_eq!(project(&[], &[]), None);
}

#[test]
fn inputs_are_read_in_the_action_only() {
    assert_eq!(project(&[], &[("INPUT_PROJECT-ID", "input")]), None);
    assert_eq!(project(&[], &[("SCANGATE_ACTION", "true"), ("INPUT_PROJECT-ID", "input")]), None);
}

#[test]
fn an_empty_value_is_absent_in_every_layer() {
    let variables = [
        ("SCANGATE_ACTION", "1"),
        ("INPUT_PROJECT-ID", ""),
        ("SCANGATE_PROJECT_ID", " \n"),
        ("CYBEDEFEND_PROJECT_ID", "theirs"),
    ];
    assert_eq!(project(&[("project-id", "")], &variables).as_deref(), Some("theirs"));
}

#[test]
fn without_settings_a_scan_is_that_of_the_design() {
    let settings = resolve(&[], &[]).ok();
    let settings = settings.as_ref();
    assert_eq!(settings.map(|scan| scan.run.timeout), Some(Duration::from_hours(1)));
    assert_eq!(
        settings.and_then(|scan| Some(scan.entries.first()?.subject.clone())),
        Some(Subject::Directory { path: ".".into(), untracked: false })
    );
    assert_eq!(
        settings.map(|scan| scan.entries.iter().map(|entry| entry.name.clone()).collect()),
        Some(vec!["cybedefend".to_owned()])
    );
    assert_eq!(settings.and_then(|scan| scan.entries.first()?.connection.region), None);
    assert_eq!(
        settings.map(|scan| scan.run.gate.limits.clone()),
        Some(Limits::new(Threshold::From(Severity::High), []))
    );
}

#[test]
fn limits_merge_by_cell_and_reports_are_replaced() {
    let variables = [("SCANGATE_MAX", "sca.high=5\niac.high=6"), ("SCANGATE_REPORT", "sarif=a\nsarif=b")];
    let settings = resolve(&[("max", "sca.high=1"), ("report", "sarif=c")], &variables).ok();
    let expected = ["sca.high=1", "iac.high=6"].map(str::parse).into_iter().filter_map(Result::ok);
    assert_eq!(
        settings.as_ref().map(|scan| scan.run.gate.limits.clone()),
        Some(Limits::new(Threshold::From(Severity::High), expected))
    );
    assert_eq!(settings.map(|scan| scan.run.report.reports.len()), Some(1));
}

#[test]
fn an_error_names_the_origin_the_value_and_the_way_out() {
    let severities = "use one of critical, high, medium, low, info, none";
    for (flags, variables, origin) in [
        (vec![("fail-on", "hgih")], vec![], "--fail-on"),
        (vec![], vec![("SCANGATE_FAIL_ON", "hgih")], "SCANGATE_FAIL_ON"),
        (vec![], vec![("SCANGATE_ACTION", "1"), ("INPUT_FAIL-ON", "hgih")], "input fail-on"),
    ] {
        assert_eq!(message(&flags, &variables), format!("`hgih` from {origin} is not a severity: {severities}"));
    }
    assert_eq!(
        message(&[], &[("CYBEDEFEND_REGION", "ue")]),
        "`ue` from CYBEDEFEND_REGION is not a region: use one of eu, us"
    );
}

#[test]
fn values_that_mean_nothing_are_errors_and_never_the_default() {
    let wrong = [
        ("SCANGATE_FAIL_ON", "HIGH"),
        ("SCANGATE_FAIL_ON", "high,low"),
        ("SCANGATE_MAX", "sca.high"),
        ("SCANGATE_UNRATED", "pass"),
        ("SCANGATE_VENDOR_POLICY", "true"),
        ("SCANGATE_ON", "findings"),
        ("SCANGATE_UNTRACKED", "yes"),
        ("SCANGATE_INSECURE_HTTP", "1"),
        ("SCANGATE_TIMEOUT", "60"),
        ("SCANGATE_TIMEOUT", "0s"),
        ("SCANGATE_POLL_INTERVAL", "0s"),
        ("SCANGATE_REGION", "ue"),
        ("SCANGATE_API_URL", "http://platform.example"),
        ("SCANGATE_AUTH_URL", "platform.example"),
        ("SCANGATE_BRANCH", "a\u{1b}b"),
        ("SCANGATE_COMMIT", "HEAD"),
        ("SCANGATE_SARIF_SUPPRESSED", "no"),
        ("SCANGATE_LOG_FORMAT", "xml"),
        ("SCANGATE_ON_INTERRUPT", "kill"),
        ("SCANGATE_CATEGORY", "a\u{7}b"),
    ];
    for (name, value) in wrong {
        let ended = Scangate::new(["scan", "--platform", "cybedefend"]).env(name, value).run();
        ended.assert_exit_code(2).assert_stderr_has(name);
    }
}

#[test]
fn a_region_is_known_in_either_case_and_from_the_highest_layer() {
    let region = |variables: &[(&str, &str)]| {
        resolve(&[], variables).ok().and_then(|scan| scan.entries.first()?.connection.region)
    };
    assert_eq!(region(&[("CYBEDEFEND_REGION", "EU")]), Some(Region::Eu));
    assert_eq!(region(&[("CYBEDEFEND_REGION", "eu"), ("SCANGATE_REGION", "us")]), Some(Region::Us));
}

#[test]
fn a_directory_and_an_archive_exclude_each_other_in_one_layer_only() {
    assert_eq!(message(&[("dir", "src"), ("archive", "a.zip")], &[]), "--dir and --archive exclude each other");
    let source = subject(&[("archive", "a.zip")], &[("SCANGATE_DIR", "src")]);
    assert_eq!(source, Some(Subject::Archive("a.zip".into())));
    let source = subject(&[("dir", "src")], &[("SCANGATE_ARCHIVE", "a.zip")]);
    assert_eq!(source, Some(Subject::Directory { path: "src".into(), untracked: false }));
}

#[test]
fn an_image_excludes_a_source_tree_in_one_layer_only() {
    for other in ["dir", "archive"] {
        let expected = format!("--{other} and --image exclude each other");
        assert_eq!(message(&[("image", "node:18"), (other, "x")], &[]), expected);
    }
    let image = Some(Subject::Image("node:18".to_owned()));
    assert_eq!(subject(&[("image", "node:18")], &[("SCANGATE_DIR", "src"), ("SCANGATE_ARCHIVE", "a.zip")]), image);
    let inputs = [("SCANGATE_ACTION", "1"), ("INPUT_IMAGE", "node:18"), ("SCANGATE_DIR", "src")];
    assert_eq!(subject(&[], &inputs), image);
    assert!(message(&[("image", "a\nb")], &[]).contains("`a\\nb` from --image is not"));
}

#[test]
fn a_flag_can_take_back_what_a_variable_switched_on() {
    let untracked = |flags: &[(&str, &str)]| match subject(flags, &[("SCANGATE_UNTRACKED", "true")]) {
        Some(Subject::Directory { untracked, .. }) => Some(untracked),
        _ => None,
    };
    assert_eq!(untracked(&[]), Some(true));
    assert_eq!(untracked(&[("untracked", "false")]), Some(false));
}

#[test]
fn a_setting_that_the_platform_does_not_heed_is_a_usage_error_that_names_it() {
    for [flag, value] in
        [["--target", "host.example"], ["--sarif", "out.sarif"], ["--option", "a=1"], ["--ports", "1-9"]]
    {
        let ended = Scangate::new(["scan", "--platform", "cybedefend", flag, value]).run();
        ended.assert_exit_code(2).assert_stderr_has(&format!("CybeDefend has no use for {flag}"));
    }
    let ended = Scangate::new(["scan", "--platform", "cybedefend"]).env("SCANGATE_AUTHORIZED", "true").run();
    ended.assert_exit_code(2).assert_stderr_has("CybeDefend has no use for SCANGATE_AUTHORIZED");
}

#[test]
fn the_deadline_is_the_platforms_own_unless_one_is_given() {
    let timeout = |flags: &[(&str, &str)]| resolve(flags, &[]).ok().map(|scan| scan.run.timeout);
    assert_eq!(timeout(&[]), Some(Duration::from_hours(1)));
    assert_eq!(timeout(&[("timeout", "5m")]), Some(Duration::from_mins(5)));
}

#[test]
fn a_scan_goes_on_when_a_signal_comes_unless_it_is_to_be_cancelled() {
    let on_interrupt = |flags: &[(&str, &str)]| resolve(flags, &[]).ok().map(|scan| scan.on_interrupt);
    assert_eq!(on_interrupt(&[]), Some(OnInterrupt::Leave));
    assert_eq!(on_interrupt(&[("on-interrupt", "cancel")]), Some(OnInterrupt::Cancel));
}

#[test]
fn raw_copies_inside_of_what_is_scanned_are_refused_before_anything_is_sent() {
    let scan = ["scan", "--platform", "cybedefend", "--save-raw", "raw"];
    let ended = Scangate::new(scan).env("CYBEDEFEND_PAT", "pat_0123456789").run();
    ended.assert_exit_code(2).assert_stderr_has("--save-raw raw cannot be used: it lies in what is scanned");
}

#[test]
fn raw_copies_lie_in_the_working_directory_where_nothing_of_it_is_uploaded() {
    let served = Served::of("bestdefense", 1000, &[]);
    let scan = ["scan", "--platform", "bestdefense", "--target", "clean.example.com", "--save-raw", "raw"];
    let ended = served.told(Scangate::new(scan)).arguments(["--intensity", "quick", "--poll-interval", "100ms"]).run();
    ended.assert_exit_code(0);
    assert!(ended.has("work/raw/bestdefense/0001.json"));
}

#[test]
fn every_setting_but_the_secret_one_is_also_a_variable_that_is_heeded() {
    for key in keys::ALL.iter().filter(|key| !key.command_line_only) {
        // No setting takes these characters, except those that are free text, paths or commands.
        let environment = Environment::from_pairs([(key.variable(), "\u{7}=\u{7}")]);
        let none = Flags::default();
        let layers = Layers::new(&none, &environment);
        let values = layers.list(key).len() + usize::from(layers.value(key).is_some());
        assert!(values > 0, "{}", key.name);
        assert!(layers.unknown_variables().is_empty(), "{}", key.name);
        assert!(key.kind != Kind::Switch || layers.switch(key).is_err(), "{}", key.name);
    }
}

#[test]
fn a_run_without_credentials_says_where_one_is_made_and_put() {
    let ended = Scangate::new(["scan", "--platform", "cybedefend", "--region", "eu"]).run();
    ended.assert_exit_code(3).assert_stderr_has("no credentials for CybeDefend").assert_stderr_has("CYBEDEFEND_PAT");
    ended.assert_stderr_has("https://eu.cybedefend.com/profile/personal-access-tokens");
}

#[test]
fn an_api_key_is_no_credential_any_more() {
    let ended = Scangate::new(["scan", "--platform", "cybedefend"]).env("CYBEDEFEND_API_KEY", "key_0123456789").run();
    ended.assert_exit_code(3).assert_stderr_has("CYBEDEFEND_API_KEY is not used").assert_no_trace_of("key_0123456789");
}

#[test]
fn a_credential_in_the_wrong_setting_is_refused_and_no_part_of_it_is_shown() {
    for (pat, setting) in
        [("pat_0123456789", "--region"), ("eyJhbGciOi.eyJzdWIi=eyJ4", "--max"), ("abcdefgh=ijklmnop", "--report")]
    {
        for value in [pat.to_owned(), format!("x{pat}")] {
            let ended =
                Scangate::new(["scan", "--platform", "cybedefend", setting, &value]).env("CYBEDEFEND_PAT", pat).run();
            ended.assert_exit_code(2).assert_stderr_has(&format!("the value from {setting} holds a credential"));
            for part in pat.split(['.', '=']) {
                ended.assert_no_trace_of(part);
            }
        }
    }
}

#[test]
fn two_credentials_in_one_layer_are_a_usage_error() {
    let scan = ["scan", "--platform", "cybedefend"];
    let flags = Scangate::new(scan.into_iter().chain(["--pat", "pat_0123456789", "--token-file", "token"])).run();
    flags.assert_exit_code(2).assert_stderr_has("both --pat and --token-file name a credential");
    flags.assert_no_trace_of("pat_0123456789");
    let variables =
        Scangate::new(scan).env("CYBEDEFEND_PAT", "pat_0123456789").env("CYBEDEFEND_PAT_FILE", "token").run();
    variables.assert_exit_code(2).assert_stderr_has("both CYBEDEFEND_PAT and CYBEDEFEND_PAT_FILE name a credential");
}

#[test]
fn what_cannot_be_a_token_is_refused_without_being_shown() {
    let scan = ["scan", "--platform", "cybedefend"];
    let inner_space = Scangate::new(scan).env("CYBEDEFEND_PAT", "pat_01234 56789").run();
    inner_space.assert_exit_code(3).assert_stderr_has("CYBEDEFEND_PAT").assert_no_trace_of("pat_01234");
    let input = Scangate::new(scan.into_iter().chain(["--pat", "-"])).input("pat_0123456789\npat_9876543210").run();
    input.assert_exit_code(3).assert_stderr_has("--pat").assert_no_trace_of("pat_0123456789");
    let file =
        Scangate::new(scan.into_iter().chain(["--token-file", "token"])).file("token", "first line\nsecond line").run();
    file.assert_exit_code(3).assert_stderr_has("--token-file");
    let missing = Scangate::new(scan).env("CYBEDEFEND_PAT_FILE", "no/such/token").run();
    missing.assert_exit_code(3).assert_stderr_has("CYBEDEFEND_PAT_FILE").assert_stderr_has("no/such/token");
}

#[test]
fn a_command_that_fails_shows_its_complaints_without_the_secrets_of_the_run() {
    let command = "/bin/sh -c 'echo \"sealed $CYBEDEFEND_PAT pat_0123456789\" >&2; exit 1'";
    let ended = Scangate::new(["scan", "--platform", "cybedefend", "--token-command", command])
        .env("CYBEDEFEND_PAT", "pat_9876543210")
        .run();
    ended.assert_exit_code(3).assert_stderr_has("--token-command: `/bin/sh` ended with exit code 1: sealed  ***");
}

#[test]
fn a_token_command_runs_at_home_and_not_in_the_scanned_tree() {
    let command = "/bin/sh -c 'echo here > where; exit 1'";
    let ended = Scangate::new(["scan", "--platform", "cybedefend"]).env("SCANGATE_TOKEN_COMMAND", command).run();
    ended.assert_exit_code(3).assert_stderr_has("SCANGATE_TOKEN_COMMAND").assert_nothing_left_behind();
    assert_eq!(ended.file("home/where"), "here\n");
}

proptest! {
    #[test]
    fn no_value_makes_the_settings_panic_or_shows_a_control_character(text in "\\PC{0,20}[\u{1b}\u{7}\n=.\u{202e}]{0,3}\\PC{0,20}") {
        for key in keys::ALL.iter().filter(|key| !key.command_line_only) {
            let variable = key.variable();
            if let Err(error) = resolve(&[], &[(&variable, &text)]) {
                let shown = error.to_string() + &error.hint().unwrap_or_default();
                prop_assert!(!shown.chars().any(scangate::finding::is_unprintable), "{shown:?}");
            }
        }
    }
}
