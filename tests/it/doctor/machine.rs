//! What holds for all platforms: files, modes, the CI, and the action.

use std::os::unix::fs::PermissionsExt as _;

use super::{checks, complaint, doctor, in_sandbox, report, sandbox, statuses};
use scangate::platform::PlatformId;
use serde_json::{Value, json};

use crate::harness::Scangate;
use crate::served::Served;

fn set_mode(path: &std::path::Path, mode: u32) {
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Looks at BestDefense in the sandbox.
fn look(served: &Served) -> Scangate {
    in_sandbox(served, PlatformId::BestDefense, &[])
}

#[test]
fn each_file_is_named_with_the_trust_that_it_has_and_what_others_may_do_to_it() {
    let served = sandbox("bestdefense", &[]);
    let call = look(&served).file("scangate.yml", "fail_on: low\n");
    let own = call.directory().with_file_name("home").join(".config/scangate");
    fs_err::create_dir_all(&own).unwrap();
    fs_err::write(own.join("config.yml"), "ca_cert: ca.pem\n").unwrap();
    set_mode(&own.join("config.yml"), 0o622);
    fs_err::write(call.directory().join("ca.pem"), "").unwrap();
    let ended = call.run();
    // The file is empty, which is found after its place was.
    let document = report(ended.assert_exit_code(2));
    let files: Vec<_> = checks(&document).iter().filter(|check| check["check"] == "files").collect();
    let [of_run, of_user] = files.as_slice() else { panic!("{files:?}") };
    assert!(of_run["message"].as_str().unwrap().starts_with("scangate.yml is read; a pull request can edit it"));
    assert_eq!((&of_run["status"], &of_user["status"]), (&"pass".into(), &"warn".into()));
    assert!(of_user["message"].as_str().unwrap().contains("(mode 622)"), "{of_user}");
    assert_eq!(complaint(&document, "certificates")["class"], "usage");
    assert_eq!(statuses(&document)["permission"], "skipped");
}

#[test]
fn a_file_that_cannot_be_read_and_a_setting_that_is_wrong_end_the_look() {
    let served = sandbox("bestdefense", &[]);
    let ended = look(&served).file("scangate.yml", "fail_onn: low\n").run();
    let document = report(ended.assert_exit_code(2));
    assert_eq!(
        (complaint(&document, "files")["class"].as_str(), statuses(&document)["settings"]),
        (Some("usage"), "skipped")
    );
    let ended = look(&served).env("SCANGATE_FAIL_ON", "terrible").run();
    let document = report(ended.assert_exit_code(2));
    assert!(complaint(&document, "settings")["message"].as_str().unwrap().contains("terrible"));
    assert_eq!(document["requests"], 0);
}

#[test]
fn a_token_s_file_that_others_can_read_is_a_warning() {
    let served = sandbox("bestdefense", &[]);
    let call = look(&served).env("BD_API_TOKEN", "").env("BD_API_TOKEN_FILE", "../token");
    let path = call.directory().with_file_name("token");
    for (mode, status) in [(0o644, "warn"), (0o600, "pass")] {
        fs_err::write(&path, served.variable("BD_API_TOKEN")).unwrap_or_default();
        set_mode(&path, mode);
        let call = look(&served).env("BD_API_TOKEN", "").env("BD_API_TOKEN_FILE", &path);
        let document = report(call.run().assert_exit_code(0));
        assert_eq!(statuses(&document)["credentials"], status);
    }
}

#[test]
fn the_ci_is_named_with_what_it_says() {
    let served = sandbox("bestdefense", &[]);
    let call = look(&served).env("GITLAB_CI", "true").env("CI_COMMIT_BRANCH", "main");
    let document =
        report(call.env("CI_COMMIT_SHA", "0123456789abcdef0123456789abcdef01234567").run().assert_exit_code(0));
    let ci = checks(&document).iter().find(|check| check["check"] == "ci").unwrap();
    let said = "GitLab CI, branch main, commit 0123456789abcdef0123456789abcdef01234567";
    assert_eq!(ci["message"], said, "{ci}");
}

#[test]
fn where_the_ci_withholds_secrets_a_run_without_a_credential_is_told_where_to_read_of_it() {
    let served = sandbox("bestdefense", &[]);
    let of = |token: &str, exit_code| {
        let call = look(&served).env("BD_API_TOKEN", token).env("GITLAB_CI", "true").env("CI_COMMIT_BRANCH", "feature");
        report(call.env("CI_COMMIT_REF_PROTECTED", "false").run().assert_exit_code(exit_code))
    };
    let document = of("", 3);
    let warned = complaint(&document, "ci");
    assert!(warned["next"].as_str().unwrap().contains("docs/gitlab.md"), "{warned}");
    assert_eq!(statuses(&of(served.variable("BD_API_TOKEN"), 0))["ci"], "pass");
}

#[test]
fn what_a_scan_would_miss_before_it_sends_anything_is_found_and_no_file_is_made() {
    let served = sandbox("all", &[]);
    let own = ["--target", "shop.example.com"];
    let cases: [(&str, &[&str], &str, i32, &str); 7] = [
        ("cybedefend", &["--dir", "../nodir"], "subject", 2, "it does not exist"),
        ("cybedefend", &["--archive", "../nope.zip"], "subject", 2, "nope.zip"),
        ("cybrium", &["--sarif", "nope.sarif"], "subject", 2, "nope.sarif"),
        ("cybedefend", &["--save-raw", "raw"], "reports", 2, "it lies in what is scanned"),
        ("bestdefense", &["--report", "sarif=../nonexist/x.sarif"], "reports", 8, "does not exist"),
        ("bestdefense", &["--outcome", "../home"], "reports", 8, "no file is in its place"),
        ("bestdefense", &["--policy-from", "base"], "settings", 2, "base"),
    ];
    for (platform, arguments, check, exit_code, said) in cases {
        let own: &[&str] = if platform == "bestdefense" { &own } else { &[] };
        let call = served.told(doctor(platform, &[own, arguments].concat())).file("scangate.yml", "fail_on: low\n");
        // A pull request without a repository around it, so that the base is not in the clone.
        let call =
            call.env("GITLAB_CI", "true").env("CI_COMMIT_REF_PROTECTED", "true").env("CI_MERGE_REQUEST_IID", "1");
        let call = call.env("CI_MERGE_REQUEST_DIFF_BASE_SHA", "0123456789abcdef0123456789abcdef01234567");
        let ended = call.run();
        let document = report(ended.assert_exit_code(exit_code));
        let failed = checks(&document).iter().find(|row| row["check"] == check && row["status"] == "fail").unwrap();
        assert!(failed["message"].as_str().unwrap().contains(said), "{failed}");
        let left: Vec<_> =
            ended.everything().into_iter().map(|(name, _)| name).filter(|name| name.starts_with("work/")).collect();
        assert_eq!(left, ["work/scangate.yml"]);
    }
}

#[test]
fn the_action_runs_it_by_its_input_and_tells_the_runner_nothing() {
    let served = sandbox("bestdefense", &[]);
    let none: [&str; 0] = [];
    let call = served.told(Scangate::new(none)).env("GITHUB_ACTIONS", "true").env("GITHUB_EVENT_NAME", "push");
    let call = call.env("SCANGATE_ACTION", "1").env("INPUT_COMMAND", "doctor").env("INPUT_PLATFORM", "bestdefense");
    let ended = call.run();
    let text = ended.assert_exit_code(0).stdout();
    assert!(text.starts_with("this machine\n") && text.contains("GitHub Actions"), "{text}");
    assert!(!text.lines().any(|line| line.starts_with("::")), "a mask in a file would be the secret: {text}");
    ended.assert_no_trace_of(served.variable("BD_API_TOKEN"));
}

#[test]
fn a_stored_login_is_found_says_where_it_is_good_and_is_closed_to_others() {
    let served = sandbox("cybedefend", &[]);
    let apps = served.api(&["GET", "/client-apps"]).run().assert_exit_code(0).stdout();
    let apps: Value = serde_json::from_str(&apps).unwrap();
    let (api, pat) = (served.variable("CYBEDEFEND_API_URL"), served.variable("CYBEDEFEND_PAT"));
    let login = json!({
        "type": "pat", "region": "us", "pat": pat, "api_url": api, "auth_endpoint": served.variable("CYBEDEFEND_AUTH_ENDPOINT"),
        "client_id": apps["cli"]["appId"], "api_resource": api,
    });
    let look = |modes: [u32; 2]| {
        let call = doctor("cybedefend", &["--project-id", served.variable("CYBEDEFEND_PROJECT_ID")]);
        let folder = call.directory().with_file_name("home").join(".cybedefend");
        fs_err::create_dir_all(&folder).unwrap();
        fs_err::write(folder.join("credentials.json"), login.to_string()).unwrap();
        for (path, mode) in [folder.join("credentials.json"), folder.clone()].iter().zip(modes) {
            set_mode(path, mode);
        }
        let ended = call.run();
        let report = report(ended.assert_exit_code(0));
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder.join("credentials.json")), mode(&folder)), (0o600, 0o700));
        assert!(!ended.stdout().contains(pat) && !ended.stderr().contains(pat));
        report
    };
    let closed = look([0o600, 0o700]);
    assert!(statuses(&closed).values().all(|status| *status == "pass"), "{closed:#}");
    let servers: Vec<_> = checks(&closed).iter().filter_map(|check| check["server"].as_str()).collect();
    assert!(servers.contains(&api), "{servers:?}");
    let open = look([0o644, 0o755]);
    let warned = checks(&open).iter().filter(|check| check["status"] == "warn");
    let warned: Vec<_> = warned.map(|check| check["message"].as_str().unwrap()).collect();
    let [folder, file] = warned.as_slice() else { panic!("{warned:?}") };
    assert!(folder.contains("with mode 755, and is now 700"), "{folder}");
    assert!(file.contains("credentials.json was open to other users with mode 644, and is now 600"), "{file}");
}
