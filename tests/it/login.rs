//! `scangate login`, `logout` and `auth status`, and runs that find a stored login: the program as a process, with a home of its
//! own, against `scangate sandbox`.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its home has failed")]

mod stored;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Ended, Scangate};
use crate::served::Served;

/// The vendor's file below a home, and ours.
const VENDORS: &str = ".cybedefend/credentials.json";
const OURS: &str = ".config/scangate/credentials.json";

/// Somebody's home, which several calls share.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A call in this home.
    fn call(&self, arguments: &[&str]) -> Scangate {
        Scangate::new(arguments).env("HOME", self.0.path())
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.call(arguments).run()
    }

    /// A login with this on standard input.
    fn log_in(&self, platform: &str, secret: &str, more: &[&str]) -> Ended {
        let always = ["login", "--platform", platform, "--pat", "-"];
        let arguments: Vec<&str> = always.iter().chain(more).copied().collect();
        let ended = self.call(&arguments).input(format!("{secret}\n")).run();
        ended.assert_no_trace_of(secret).assert_nothing_left_behind();
        ended
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.path(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(&path, content).unwrap();
        self.set_mode(name, 0o600);
        self.set_mode(Path::new(name).parent().unwrap().to_str().unwrap(), 0o700);
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&fs_err::read(self.path(name)).unwrap()).unwrap()
    }

    fn mode(&self, name: &str) -> u32 {
        fs_err::metadata(self.path(name)).unwrap().permissions().mode() & 0o777
    }

    fn set_mode(&self, name: &str, mode: u32) {
        fs_err::set_permissions(self.path(name), Permissions::from_mode(mode)).unwrap();
    }

    /// What `auth status --format json` says of its first account.
    fn status(&self, arguments: &[&str]) -> (i32, Value) {
        let always = ["auth", "status", "--format", "json"];
        let ended = self.run(&always.iter().chain(arguments).copied().collect::<Vec<_>>());
        let mut document: Value = serde_json::from_str(&ended.stdout()).unwrap();
        (ended.exit_code(), document["accounts"][0].take())
    }
}

/// The addresses of a sandbox of `CybeDefend`, as flags.
fn addresses(served: &Served) -> [&str; 4] {
    ["--api-url", served.variable("CYBEDEFEND_API_URL"), "--auth-url", served.variable("CYBEDEFEND_AUTH_ENDPOINT")]
}

/// A scan of a small tree in a home, with nothing but the project said.
fn scan(home: &Home, served: &Served, more: &[&str]) -> Scangate {
    let project = served.variable("CYBEDEFEND_PROJECT_ID");
    let always = ["scan", "--platform", "cybedefend", "--project-id", project, "--poll-interval", "100ms"];
    let arguments: Vec<&str> = always.iter().chain(more).copied().collect();
    home.call(&arguments).file("app.py", "value = eval(input())\n")
}

#[test]
fn who_has_logged_in_scans_with_nothing_but_the_project_said() {
    let (home, served) = (Home::new(), Served::with_faults(&[]));
    let pat = served.variable("CYBEDEFEND_PAT");
    home.log_in("cybedefend", pat, &addresses(&served))
        .assert_exit_code(0)
        .assert_stderr_has("logged in to CybeDefend");

    let file = home.json(VENDORS);
    assert_eq!(
        (file["type"].as_str(), file["pat"].as_str(), file["region"].as_str()),
        (Some("pat"), Some(pat), Some("us"))
    );
    assert_eq!(file["api_url"].as_str(), Some(served.variable("CYBEDEFEND_API_URL")));
    assert_eq!(file["auth_endpoint"].as_str(), Some(served.variable("CYBEDEFEND_AUTH_ENDPOINT")));
    assert!(
        ["client_id", "api_resource"].iter().all(|field| file[field].as_str().is_some_and(|text| !text.is_empty()))
    );
    assert_eq!((home.mode(".cybedefend"), home.mode(VENDORS)), (0o700, 0o600));

    let ended = scan(&home, &served, &[]).run();
    ended.assert_exit_code(1).assert_stderr_has("signing in to CybeDefend with the login in ");
    ended.assert_no_trace_of(pat).assert_nothing_left_behind();
}

#[test]
fn every_platform_keeps_a_login_that_calls_find_and_logout_removes() {
    let (home, served) = (Home::new(), Served::of("all", 100, &[]));
    let own = |name: &str| served.find(name).map(str::to_owned);
    let keys = [
        ("cybedefend", "CYBEDEFEND_PAT", "CYBEDEFEND_API_URL", "/organizations"),
        ("cybrium", "CYBRIUM_API_KEY", "CYBRIUM_API_URL", "/scans/"),
        ("cyberorigen", "CYBERORIGEN_API_KEY", "SCANGATE_CYBERORIGEN_API_URL", "/scans"),
        ("bestdefense", "BD_API_TOKEN", "SCANGATE_BESTDEFENSE_API_URL", "/api/sites"),
    ];
    for (platform, key, address, path) in keys {
        let auth_url = own("CYBEDEFEND_AUTH_ENDPOINT").filter(|_| platform == "cybedefend");
        let auth_url = auth_url.iter().flat_map(|url| ["--auth-url", url.as_str()]);
        let more: Vec<&str> = ["--api-url", served.variable(address)].into_iter().chain(auth_url).collect();
        home.log_in(platform, served.variable(key), &more).assert_exit_code(0);
        let call = home.run(&["api", "GET", path, "--platform", platform]);
        call.assert_exit_code(0).assert_no_trace_of(served.variable(key));
        let (code, account) = home.status(&["--platform", platform]);
        assert_eq!((code, account["platform"].as_str()), (0, Some(platform)));
        assert!(account["source"].as_str().unwrap().starts_with("the login in "), "{account}");
        assert!(served.variable(address).starts_with(account["host"].as_str().unwrap()), "{account}");
    }
    assert_eq!((home.mode(".config/scangate"), home.mode(OURS)), (0o700, 0o600));
    assert_eq!(home.json(OURS)["logins"].as_object().unwrap().len(), 3);

    home.run(&["logout", "--platform", "cybrium"])
        .assert_exit_code(0)
        .assert_stderr_has("removed the login to Cybrium");
    assert_eq!(home.json(OURS)["logins"].as_object().unwrap().len(), 2);
    assert_eq!(home.status(&["--platform", "cybrium"]).0, 3);
    home.run(&["logout"]).assert_exit_code(0).assert_stderr_has("removed the login to BestDefense");
    assert!(!home.path(OURS).exists() && !home.path(VENDORS).exists());
    home.run(&["logout"]).assert_exit_code(0).assert_stderr_has("there was no login to remove");
    home.run(&["auth", "status"]).assert_exit_code(3);
}

#[test]
fn a_user_name_and_a_password_are_kept_and_a_code_that_is_good_once_is_not() {
    let (home, served) = (Home::new(), Served::of("cyberorigen", 100, &[]));
    let (user, password) = (served.variable("CYBERORIGEN_USERNAME"), served.variable("CYBERORIGEN_PASSWORD"));
    let log_in = |more: &[(&str, &str)]| {
        let call = served.told(home.call(&["login", "--platform", "cyberorigen"]));
        more.iter().fold(call, |call, (name, value)| call.env(name, value)).run()
    };
    log_in(&[("CYBERORIGEN_MFA_CODE", "123456")]).assert_exit_code(2).assert_stderr_has("good once");
    log_in(&[("CYBERORIGEN_PASSWORD", "wrong-password-0")]).assert_exit_code(3);
    assert!(!home.path(OURS).exists());
    log_in(&[]).assert_exit_code(0).assert_no_trace_of(password);
    assert_eq!(home.json(OURS)["logins"]["cyberorigen"]["password"].as_str(), Some(password));
    let (code, account) = home.status(&["--platform", "cyberorigen"]);
    assert_eq!((code, account["account"].as_str()), (0, Some(user)));
}

#[test]
fn a_credential_that_the_platform_refuses_is_not_kept_and_the_older_login_stays() {
    let (home, served) = (Home::new(), Served::with_faults(&[]));
    let refused = home.log_in("cybedefend", "pat_of-somebody-else-0", &addresses(&served));
    refused.assert_exit_code(3).assert_stderr_has("the personal access token was refused");
    assert!(!home.path(VENDORS).exists());
    home.log_in("cybedefend", served.variable("CYBEDEFEND_PAT"), &addresses(&served)).assert_exit_code(0);
    let before = home.json(VENDORS);
    home.log_in("cybedefend", "pat_of-somebody-else-0", &addresses(&served)).assert_exit_code(3);
    assert_eq!(home.json(VENDORS), before);
}

#[test]
fn what_is_not_tried_is_kept_as_it_is_but_for_no_instance_that_has_to_be_asked() {
    let home = Home::new();
    home.log_in("cybedefend", "pat_0123456789", &["--no-verify", "--region", "eu"]).assert_exit_code(0);
    let expected = serde_json::json!({ "type": "pat", "region": "eu", "pat": "pat_0123456789" });
    assert_eq!(home.json(VENDORS), expected);
    let own = ["--no-verify", "--api-url", "https://scan.example", "--auth-url", "https://auth.example"];
    home.log_in("cybedefend", "pat_9876543210", &own).assert_exit_code(2).assert_stderr_has("application");
    assert_eq!(home.json(VENDORS), expected);
}

#[test]
fn a_login_needs_something_to_log_in_with_and_a_place_to_keep_it() {
    let home = Home::new();
    for (platform, variable) in
        [("cybrium", "CYBRIUM_API_KEY"), ("bestdefense", "BD_API_TOKEN"), ("bestdefense", "SCANGATE_TOKEN")]
    {
        // A variable is for runs: what is kept has to be named.
        let call = home.call(&["login", "--platform", platform, "--no-verify"]).env(variable, "key-0123456789");
        call.run()
            .assert_exit_code(2)
            .assert_stderr_has("needs a token or key")
            .assert_stderr_has("--token-command; for runs alone, set ");
    }
    home.run(&["login", "--pat", "-"]).assert_exit_code(2).assert_stderr_has("no platform is given");
    let nowhere = Scangate::new(["login", "--platform", "cybrium", "--pat", "-", "--no-verify"]).env("HOME", "");
    nowhere.input("key-0123456789").run().assert_exit_code(2).assert_stderr_has("HOME is not set");
    assert!(!home.path(OURS).exists());
}

#[test]
fn a_token_can_come_from_a_file_a_command_or_the_command_line_which_is_warned_of() {
    let home = Home::new();
    home.write("token", "key-from-a-file\n");
    let file = home.path("token").display().to_string();
    let kept = |arguments: &[&str]| {
        let always = ["login", "--platform", "cybrium", "--no-verify"];
        let ended = home.run(&always.iter().chain(arguments).copied().collect::<Vec<_>>());
        ended.assert_exit_code(0);
        (home.json(OURS)["logins"]["cybrium"]["token"].as_str().unwrap().to_owned(), ended.stderr())
    };
    assert_eq!(kept(&["--token-file", &file]).0, "key-from-a-file");
    assert_eq!(kept(&["--token-command", "sh -c 'echo key-from-a-command; echo more'"]).0, "key-from-a-command");
    let (token, said) = kept(&["--pat", "key-on-the-command-line"]);
    assert_eq!(token, "key-on-the-command-line");
    assert!(said.contains("other processes can read the value of --pat"), "{said}");
    let ended =
        home.call(&["login", "--platform", "cybrium", "--no-verify", "--token-file", "-"]).input("key-typed").run();
    ended.assert_exit_code(0);
    assert_eq!(home.json(OURS)["logins"]["cybrium"]["token"].as_str(), Some("key-typed"));
}

#[test]
fn a_command_for_a_token_runs_at_home_and_sees_no_other_secret_and_no_shell_reads_its_text() {
    let home = Home::new();
    home.write(
        "tell",
        "#!/bin/sh\necho \"key:$PWD:$1:${CYBRIUM_API_KEY:-none}:${SCANGATE_LOG_FORMAT:-none}\"\necho more\n",
    );
    home.set_mode("tell", 0o700);
    let call = home.call(&["login", "--platform", "cybrium", "--no-verify", "--token-command", "./tell '$HOME;x'"]);
    let call = call.env("CYBRIUM_API_KEY", "key-in-the-environment").env("SCANGATE_LOG_FORMAT", "json");
    call.run().assert_exit_code(0);
    let expected = format!("key:{}:$HOME;x:none:none", home.path("").canonicalize().unwrap().display());
    assert_eq!(home.json(OURS)["logins"]["cybrium"]["token"].as_str(), Some(expected.as_str()));

    let failing = "sh -c 'echo key-told-in-vain; echo lost key-told-in-vain >&2; exit 7'";
    let ended = home.run(&["login", "--platform", "cybrium", "--no-verify", "--token-command", failing]);
    ended.assert_exit_code(3).assert_stderr_has("ended with exit code 7: lost ***");
}

#[test]
fn the_status_of_all_platforms_is_no_affair_of_settings_for_one() {
    let home = Home::new();
    let call = home
        .call(&["auth", "status"])
        .env("SCANGATE_API_URL", "https://scan.example")
        .env("SCANGATE_TOKEN", "key-0123456789");
    let ended = call.env("BD_API_TOKEN", "key-9876543210").run();
    ended.assert_exit_code(0).assert_no_trace_of("key-9876543210").assert_no_trace_of("key-0123456789");
    let said = ended.stdout();
    assert!(said.contains("bestdefense: BD_API_TOKEN, for https://app.bestdefense.io"), "{said}");
    assert!(said.contains("cybrium: no credentials"), "{said}");
}

#[test]
fn logins_of_several_processes_at_once_lose_nothing() {
    let home = Home::new();
    for round in 0..4 {
        let platforms = ["cybrium", "cyberorigen", "bestdefense"];
        let started = platforms.map(|platform| {
            let call = home.call(&["login", "--platform", platform, "--pat", "-", "--no-verify"]);
            call.input(format!("key-of-{platform}-{round}")).start(std::process::Stdio::piped())
        });
        for running in started {
            running.end().assert_exit_code(0);
        }
        for platform in platforms {
            let entry = home.json(OURS)["logins"][platform].take();
            let key = entry["token"].as_str().or(entry["api_key"].as_str());
            assert_eq!(key, Some(format!("key-of-{platform}-{round}").as_str()));
        }
    }
}

#[test]
fn nobody_is_at_a_browser_in_a_job_whatever_its_ci_says_of_itself() {
    for value in ["true", "1", "woodpecker"] {
        let ended = Home::new().call(&["login", "--platform", "cybedefend"]).env("CI", value).run();
        ended.assert_exit_code(2).assert_stderr_has("a login in a browser needs a person, and this is a CI job");
    }
}
