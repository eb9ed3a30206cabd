//! The deprecated files of CybeDefend's own client: what is read from them, whose file they weigh less than, and where they count.
#![expect(clippy::unwrap_used, reason = "settings that cannot be read have failed the test")]

use scangate::platform::Region;
use scangate::settings::ScanSettings;

use super::files::{OWN, Place};
use crate::harness::{Ended, Scangate};

const YML: &str = "home/.cybedefend/config.yml";
const YAML: &str = "home/.cybedefend/config.yaml";
const PAT: &str = "pat_0123456789";
const PLATFORM: (&str, &str) = ("platform", "cybedefend");

fn resolve(place: &Place, variables: &[(&str, &str)]) -> ScanSettings {
    place.resolve(&[PLATFORM], variables).unwrap()
}

/// Where the credential of the run comes from, without the folder.
fn credential(place: &Place, variables: &[(&str, &str)]) -> Option<String> {
    let settings = resolve(place, variables);
    let origin = settings.entries[0].connection.credential.as_ref()?.origin();
    Some(origin.replace(&place.path(""), ""))
}

#[test]
fn every_deprecated_name_is_read_from_either_file() {
    let content = "pat: pat_0123456789\nregion: EU\nproject_id: 0123\nbranch: main\n\
                   api_url: https://api.host.example\nauth_endpoint: https://auth.host.example\n";
    for file in [YML, YAML] {
        let place = Place::new().file(file, content);
        let settings = resolve(&place, &[]);
        let entry = &settings.entries[0];
        assert_eq!(entry.connection.region, Some(Region::Eu));
        assert_eq!(
            (entry.project_id.as_deref(), entry.branch.as_deref(), settings.branch.as_deref()),
            (Some("0123"), Some("main"), Some("main"))
        );
        assert_eq!(entry.connection.api_url.as_ref().map(url::Url::as_str), Some("https://api.host.example/"));
        assert_eq!(entry.connection.auth_url.as_ref().map(url::Url::as_str), Some("https://auth.host.example/"));
        assert_eq!(credential(&place, &[]), Some(format!("`pat` in {file}:1")));
    }
}

#[test]
fn it_is_the_lowest_layer_of_all() {
    let place = Place::new().file(YML, "Project_ID: deprecated\nregion: eu\n").file(OWN, "project_id: own\n");
    let project = |variables: &[(&str, &str)]| resolve(&place, variables).entries[0].project_id.clone();
    assert_eq!(project(&[]).as_deref(), Some("own"));
    assert_eq!(project(&[("CYBEDEFEND_PROJECT_ID", "theirs")]).as_deref(), Some("theirs"));
    assert_eq!(resolve(&place, &[]).entries[0].connection.region, Some(Region::Eu));
    assert_eq!(resolve(&place, &[("CYBEDEFEND_REGION", "us")]).entries[0].connection.region, Some(Region::Us));
}

#[test]
fn its_token_weighs_less_than_the_environment_and_as_much_as_the_users_own_file() {
    let place = Place::new().file(YML, format!("pat: {PAT}\n"));
    assert_eq!(credential(&place, &[("CYBEDEFEND_PAT", "pat_of_the_job")]).as_deref(), Some("CYBEDEFEND_PAT"));
    assert_eq!(credential(&place, &[("SCANGATE_TOKEN", "pat_of_the_job")]).as_deref(), Some("SCANGATE_TOKEN"));
    let two = place.file(OWN, "token_file: /run/token\n");
    let message = two.message(&[PLATFORM], &[]).replace(&two.path(""), "");
    assert!(
        message.starts_with(&format!("both `pat` in {YML}:1 and `token_file` in {OWN}:1 name a credential")),
        "{message}"
    );
    assert_eq!(credential(&two, &[("CYBEDEFEND_PAT", "pat_of_the_job")]).as_deref(), Some("CYBEDEFEND_PAT"));
}

#[test]
fn two_such_files_are_an_error_for_that_platform_alone() {
    let place = Place::new().file(YML, "region: eu\n").file(YAML, "region: us\n");
    let message = place.message(&[PLATFORM], &[("CYBEDEFEND_PAT", PAT)]).replace(&place.path(""), "");
    assert!(message.starts_with(&format!("both {YML} and {YAML} hold settings for CybeDefend | ")), "{message}");
    assert!(place.resolve(&[("platform", "bestdefense"), ("target", "host.example")], &[]).is_ok());
    let one = place.file(YAML, "app_url: https://host.example\n");
    assert_eq!(resolve(&one, &[]).entries[0].connection.region, Some(Region::Eu));
}

#[test]
fn it_is_for_every_entry_of_its_platform_and_for_no_other() {
    let place = Place::new().file(YML, format!("pat: {PAT}\nregion: eu\nproject_id: p\n")).file(
        "work/scangate.yml",
        "platforms:\n- platform: cybedefend\n- platform: cybedefend\n  name: second\n- platform: bestdefense\n  target: host.example\n",
    );
    let settings = place.resolve(&[], &[]).unwrap();
    let projects: Vec<_> = settings.entries.iter().map(|entry| entry.project_id.as_deref()).collect();
    assert_eq!(projects, [Some("p"), Some("p"), None]);
    let credentials: Vec<_> = settings.entries.iter().map(|entry| entry.connection.credential.is_some()).collect();
    assert_eq!(credentials, [true, true, false]);
    let deprecated = settings.warnings.iter().filter(|warning| warning.contains("deprecated"));
    assert_eq!(deprecated.count(), 1, "{:?}", settings.warnings);
}

#[test]
fn what_is_heeded_is_warned_of_with_its_new_place() {
    let place = Place::new().file(YML, format!("pat: {PAT}\nregion: eu\nauth_endpoint: https://auth.host.example\n"));
    let warnings = |variables: &[(&str, &str)]| {
        let settings = resolve(&place, variables);
        settings.warnings.iter().map(|warning| warning.replace(&place.path(""), "")).collect::<Vec<_>>()
    };
    let told = format!(
        "settings in {YML} are deprecated: write `region`, `auth_url` into {OWN}, and give the token in CYBEDEFEND_PAT or to \
         `scangate login --platform cybedefend --pat -`"
    );
    assert!(warnings(&[]).contains(&told), "{:?}", warnings(&[]));
    let all = [
        ("CYBEDEFEND_PAT", "pat_of_the_job"),
        ("CYBEDEFEND_REGION", "us"),
        ("CYBEDEFEND_AUTH_ENDPOINT", "https://auth.host.example"),
    ];
    assert!(!warnings(&all).iter().any(|warning| warning.contains("deprecated")), "{:?}", warnings(&all));
}

#[cfg(unix)]
#[test]
fn a_token_that_others_can_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt as _;
    for (content, mode, expected) in
        [(PAT, 0o644, true), (PAT, 0o640, true), (PAT, 0o600, false), (PAT, 0o400, false), ("", 0o644, false)]
    {
        let place = Place::new().file(YML, format!("pat: '{content}'\nregion: eu\n"));
        fs_err::set_permissions(place.path(YML), std::fs::Permissions::from_mode(mode)).unwrap();
        let warnings = resolve(&place, &[]).warnings;
        let told = format!("holds a token and others may read it (mode {mode:04o}): run chmod 600 ");
        assert_eq!(warnings.iter().any(|warning| warning.contains(&told)), expected, "{warnings:?}");
    }
}

#[test]
fn a_file_that_a_pull_request_can_edit_chooses_neither_host_nor_token() {
    let content = |field: &str| format!("{field}: a\n");
    for field in ["pat", "region", "api_url", "auth_endpoint", "PAT"] {
        // It is not looked for in the scanned tree.
        let planted = Place::new().file("work/.cybedefend/config.yml", content(field));
        let settings = resolve(&planted.file("work/config.yml", content(field)), &[]);
        assert!(settings.entries[0].connection.credential.is_none() && settings.entries[0].connection.region.is_none());
        // Nor does a home in the workspace make it the user's own.
        let place = Place::new().file(YML, content(field));
        for variables in [[("CI_PROJECT_DIR", place.path(""))], [("SCANGATE_DIR", place.path("home"))]] {
            let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let message = place.message(&[PLATFORM], &variables);
            let expected = format!("config.yml:1: `{field}` cannot be set in a file that a pull request can edit");
            assert!(message.contains(&expected), "{message}");
        }
    }
    let action = Place::new().file(YML, content("pat"));
    assert!(resolve(&action, &[("SCANGATE_ACTION", "1")]).entries[0].connection.credential.is_none());
}

#[cfg(unix)]
#[test]
fn a_link_into_the_scanned_tree_is_such_a_file() {
    let place = Place::new().file("work/planted/config.yml", "api_url: https://host.example\n");
    fs_err::os::unix::fs::symlink(place.path("work/planted"), place.path("home/.cybedefend")).unwrap();
    fs_err::create_dir(place.path("work/.git")).unwrap();
    let message = place.message(&[PLATFORM], &[]);
    assert!(message.contains("`api_url` cannot be set in a file that a pull request can edit"), "{message}");
}

/// Runs a scan with this file of the vendor's client in HOME.
fn run(content: &str, settings: &str) -> Ended {
    let scan =
        Scangate::new(["scan", "--platform", "cybedefend", "-vv"]).file("../home/.cybedefend/config.yml", content);
    scan.file("scangate.yml", settings).run()
}

#[test]
fn what_else_the_file_holds_is_the_vendors_and_said_at_the_highest_verbosity_alone() {
    let ended = run("debug: true\nlogto_client_id: [x]\napi_key: key_0123456789\n\u{1b}odd: 1\n", "");
    ended.assert_exit_code(3).assert_stderr_has("field=logto_client_id").assert_stderr_has("field=api_key");
    assert!(!ended.stderr().contains("key_0123456789") && !ended.stderr().contains('\u{1b}'));
}

#[test]
fn its_secret_is_known_before_anything_is_said_of_another_file() {
    let token = "pat_0123456789abcdef";
    for settings in [format!("{token}: 1\n"), format!("branch: {token}\n"), format!("fail_on: x{token}\n")] {
        let ended = run(&format!("pat: {token}\n"), &settings);
        ended.assert_exit_code(2);
        assert!(!ended.stderr().contains(token), "{}", ended.stderr());
    }
}

#[test]
fn its_secret_is_known_when_the_command_line_is_wrong() {
    let token = "pat_0123456789abcdef";
    let scan =
        Scangate::new(["scan", "--nonsense", token]).file("../home/.cybedefend/config.yml", format!("pat: {token}\n"));
    let ended = scan.run();
    ended.assert_exit_code(2);
    assert!(!ended.stderr().contains(token), "{}", ended.stderr());
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_that_shows_nothing_of_it() {
    for content in ["pat: [pat_0123456789]\n", "pat: &a pat_0123456789\n", "pat: pat_0123456789\n\tx"] {
        let ended = run(content, "");
        ended.assert_exit_code(2).assert_stderr_has(".cybedefend/config.yml:");
        assert!(!ended.stderr().contains("0123456789"), "{}", ended.stderr());
    }
}

#[test]
fn a_file_of_settings_with_another_ending_is_pointed_out() {
    let scan = || Scangate::new(["scan", "--platform", "cybedefend"]).file("scangate.yaml", "fail_on: low\n");
    let told = "warning: scangate.yaml is not read: the file of settings is called scangate.yml";
    scan().run().assert_exit_code(3).assert_stderr_has(told);
    let named = scan().env("SCANGATE_CONFIG", "scangate.yaml").run();
    assert!(!named.stderr().contains("is not read"), "{}", named.stderr());
}
