//! Stored logins that other tools or hands wrote, and what is not believed of them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::{Home, OURS, VENDORS, addresses, scan};
use crate::harness::Scangate;
use crate::http::server::{Server, answer};
use crate::served::Served;

/// The file as the vendor's own client writes it after a login at this sandbox.
fn vendors_file(served: &Served) -> String {
    let document = json!({
        "type": "pat",
        "region": "us",
        "api_url": served.variable("CYBEDEFEND_API_URL"),
        "auth_endpoint": served.variable("CYBEDEFEND_AUTH_ENDPOINT"),
        "client_id": "from-the-vendors-client",
        "api_resource": served.variable("CYBEDEFEND_API_URL"),
        "pat": served.variable("CYBEDEFEND_PAT"),
        "of_a_newer_client": [1, 2],
    });
    format!("{document:#}")
}

#[test]
fn a_login_of_the_vendors_own_client_is_used_and_left_as_it_is() {
    let (home, served) = (Home::new(), Served::with_faults(&[]));
    home.write(VENDORS, &vendors_file(&served));
    scan(&home, &served, &["--fail-on", "none"]).run().assert_exit_code(0);
    assert_eq!(fs_err::read_to_string(home.path(VENDORS)).unwrap(), vendors_file(&served));
    home.log_in("cybedefend", served.variable("CYBEDEFEND_PAT"), &addresses(&served)).assert_exit_code(0);
    assert_eq!(home.json(VENDORS)["of_a_newer_client"], json!([1, 2]));
}

#[test]
fn a_flag_goes_before_the_environment_and_that_before_the_users_file_and_that_before_the_stored_login() {
    let home = Home::new();
    let vendors = json!({ "type": "pat", "region": "eu", "pat": "pat_of-the-login" });
    home.write(VENDORS, &vendors.to_string());
    home.write("token", "pat_of-the-file");
    home.write(".config/scangate/config.yml", &format!("token_file: {}\n", home.path("token").display()));
    let sources = |arguments: &[&str], variable: Option<&str>| {
        let always = ["auth", "status", "--format", "json", "--platform", "cybedefend"];
        let call = home.call(&always.iter().chain(arguments).copied().collect::<Vec<_>>());
        let ended = variable.into_iter().fold(call, |call, pat| call.env("CYBEDEFEND_PAT", pat)).run();
        ended.assert_exit_code(0);
        for secret in ["pat_of-the-login", "pat_of-a-variable", "pat_of-a-flag"] {
            assert!(!ended.stdout().contains(secret) && !ended.stderr().contains(secret));
        }
        let account = serde_json::from_str::<serde_json::Value>(&ended.stdout()).unwrap()["accounts"][0].take();
        let passed_over = account["passed_over"].as_array().unwrap().iter().map(ToString::to_string);
        (account["source"].as_str().unwrap().to_owned(), passed_over.collect::<Vec<_>>().join(" "))
    };
    let (source, passed_over) = sources(&["--pat", "pat_of-a-flag"], Some("pat_of-a-variable"));
    assert_eq!(source, "--pat");
    for other in ["CYBEDEFEND_PAT", "token_file", "the login in"] {
        assert!(passed_over.contains(other), "{passed_over}");
    }
    let (source, passed_over) = sources(&[], Some("pat_of-a-variable"));
    assert!(source == "CYBEDEFEND_PAT" && passed_over.contains("token_file") && passed_over.contains("the login in"));
    let (source, passed_over) = sources(&[], None);
    assert!(source.contains("token_file") && passed_over.contains("the login in"), "{source} {passed_over}");
    fs_err::remove_file(home.path(".config/scangate/config.yml")).unwrap();
    let (source, passed_over) = sources(&[], None);
    assert!(source.starts_with("the login in") && passed_over.is_empty(), "{source} {passed_over}");
}

#[test]
fn a_login_of_a_region_sets_the_region_and_is_not_used_in_another() {
    let home = Home::new();
    home.write(VENDORS, &json!({ "type": "pat", "region": "eu", "pat": "pat_0123456789" }).to_string());
    let (_, account) = home.status(&["--platform", "cybedefend"]);
    assert_eq!(account["host"], "region eu (https://api-eu.cybedefend.com)");
    let elsewhere: [&[&str]; 3] = [
        &["--region", "us"],
        &["--api-url", "https://api-us.cybedefend.com"],
        &["--api-url", "https://scan.example", "--auth-url", "https://auth.example"],
    ];
    for more in elsewhere {
        let always = ["scan", "--platform", "cybedefend", "--project-id", "p"];
        let ended = home.run(&always.iter().chain(more).copied().collect::<Vec<_>>());
        ended
            .assert_exit_code(3)
            .assert_stderr_has("is for region eu (https://api-eu.cybedefend.com), and the settings choose ");
        assert!(ended.file("work/scangate-outcome.json").contains("no-credentials"));
    }
}

#[tokio::test]
async fn a_stored_login_goes_to_no_other_host_than_that_it_was_made_for() {
    let home = Home::new();
    let other = Server::start([answer(200, "", "{}")]).await;
    for (platform, file) in [("cybedefend", VENDORS), ("cybrium", OURS), ("cyberorigen", OURS), ("bestdefense", OURS)] {
        home.log_in(platform, "key-0123456789", &["--no-verify"]).assert_exit_code(0);
        assert!(home.path(file).exists());
        let origin = other.origin();
        let auth_url = if platform == "cybedefend" { vec!["--auth-url", origin] } else { Vec::new() };
        let always = ["api", "GET", "/x", "--platform", platform, "--api-url", origin];
        let arguments: Vec<&str> = always.into_iter().chain(auth_url).collect();
        home.run(&arguments).assert_exit_code(3).assert_stderr_has("and the settings choose http://127.0.0.1");
    }
    assert_eq!(other.count(), 0);
}

#[test]
fn what_others_may_read_is_closed_to_them_with_a_warning() {
    let (home, served) = (Home::new(), Served::with_faults(&[]));
    home.write(VENDORS, &vendors_file(&served));
    home.set_mode(VENDORS, 0o644);
    home.set_mode(".cybedefend", 0o755);
    let ended = home.run(&["auth", "status"]);
    ended.assert_exit_code(0).assert_stderr_has("was open to other users with mode 644, and is now 600");
    ended.assert_stderr_has("was open to other users with mode 755, and is now 700");
    assert_eq!((home.mode(".cybedefend"), home.mode(VENDORS)), (0o700, 0o600));
    assert!(!home.run(&["auth", "status"]).stderr().contains("was open"));
}

#[test]
fn a_file_that_is_not_understood_is_named_with_the_way_out_and_nothing_is_lost() {
    let (home, served) = (Home::new(), Served::with_faults(&[]));
    let broken = "{\"type\": \"pat\", \"pat\": \"pat_half-writ";
    home.write(VENDORS, broken);
    let ended = scan(&home, &served, &[]).run();
    ended.assert_exit_code(3).assert_stderr_has(".cybedefend/credentials.json: it is not JSON");
    ended.assert_stderr_has("scangate login --platform cybedefend").assert_no_trace_of("pat_half-writ");
    assert!(ended.file("work/scangate-outcome.json").contains("\"auth\""));
    let (code, account) = home.status(&["--platform", "cybedefend"]);
    assert!(code == 3 && account["problem"].as_str().unwrap().contains("not JSON"), "{account}");
    let ended = home.log_in("cybedefend", served.variable("CYBEDEFEND_PAT"), &addresses(&served));
    ended.assert_exit_code(0).assert_stderr_has("credentials.json.corrupt");
    assert_eq!(fs_err::read_to_string(home.path(".cybedefend/credentials.json.corrupt")).unwrap(), broken);
    home.run(&["logout"]).assert_exit_code(0);
    assert!(!home.path(".cybedefend/credentials.json.corrupt").exists());
}

#[test]
fn a_logout_of_all_leaves_no_secret_behind_but_in_a_file_of_a_newer_version_which_is_named() {
    let home = Home::new();
    let vendors = json!({ "type": "pat", "region": "eu", "pat": "pat_0123456789" }).to_string();
    let half = "{\"version\": 1, \"logins\": {\"cybrium\": {\"token\": \"key-0123456789";
    home.write(VENDORS, &vendors);
    home.write(OURS, half);
    home.run(&["logout", "--platform", "cybrium"]).assert_exit_code(3).assert_stderr_has("remove it");
    assert!(home.path(OURS).exists(), "it may hold what is not asked to be removed");
    home.run(&["logout"]).assert_exit_code(0).assert_stderr_has("credentials.json, which was not understood");
    assert!(!home.path(OURS).exists() && !home.path(VENDORS).exists());

    let newer = r#"{"version":2,"logins":{}}"#;
    home.write(OURS, newer);
    home.write(VENDORS, &vendors);
    let everybody = ["bestdefense", "cyberorigen", "cybrium", "cybedefend"];
    let named: Vec<&str> =
        ["logout"].into_iter().chain(everybody.iter().flat_map(|name| ["--platform", name])).collect();
    for arguments in [vec!["logout"], named] {
        home.write(VENDORS, &vendors);
        let ended = home.run(&arguments);
        ended.assert_exit_code(3).assert_stderr_has("removed the login to CybeDefend");
        assert_eq!(ended.stderr().matches("a newer version of scangate wrote it").count(), 1, "{}", ended.stderr());
        assert!(!home.path(VENDORS).exists());
        assert_eq!(fs_err::read_to_string(home.path(OURS)).unwrap(), newer);
    }
}

#[test]
fn a_login_where_a_pull_request_can_put_one_is_neither_used_nor_made() {
    let (home, served) = (Home::new(), Served::with_faults(&[]));
    home.write(VENDORS, &vendors_file(&served));
    let inside = |call: Scangate| call.env("GITHUB_WORKSPACE", home.path("")).run();
    let ended = inside(scan(&home, &served, &[]));
    ended
        .assert_exit_code(3)
        .assert_stderr_has("a stored login is not used")
        .assert_stderr_has("no credentials for CybeDefend");
    let login = home.call(&["login", "--platform", "cybrium", "--pat", "-", "--no-verify"]).input("key-0123456789");
    inside(login).assert_exit_code(2).assert_stderr_has("where a pull request can edit it");
    assert!(!home.path(OURS).exists());
}

#[test]
fn in_the_actions_container_no_stored_login_is_read() {
    let (home, served) = (Home::new(), Served::with_faults(&[]));
    home.write(VENDORS, &vendors_file(&served));
    let ended = scan(&home, &served, &[]).env("SCANGATE_ACTION", "1").run();
    ended.assert_exit_code(3).assert_stderr_has("no credentials for CybeDefend");
}

#[test]
fn the_status_of_a_login_in_a_browser_says_who_and_when_it_ends() {
    let home = Home::new();
    let claims = json!({ "email": "me@host.example", "exp": 1_767_225_600 });
    let token = format!("e30.{}.c2lnbmF0dXJl", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let login = json!({
        "type": "oauth", "region": "us", "access_token": token, "refresh_token": "refresh-0123456789",
        "token_expiry": "2026-01-01T00:05:00Z"
    });
    home.write(VENDORS, &login.to_string());
    let ended = home.run(&["auth", "status", "--platform", "cybedefend"]);
    ended.assert_exit_code(0).assert_no_trace_of(&token).assert_no_trace_of("refresh-0123456789");
    let said = ended.stdout();
    assert!(
        said.contains("who: me@host.example") && said.contains("ends: 2026-01-01T00:05:00Z, and is renewed"),
        "{said}"
    );
    assert!(said.contains("region us (https://api-us.cybedefend.com)"), "{said}");
}

#[test]
fn a_folder_that_is_a_link_takes_no_login() {
    let home = Home::new();
    fs_err::create_dir_all(home.path("shared")).unwrap();
    fs_err::os::unix::fs::symlink(home.path("shared"), home.path(".cybedefend")).unwrap();
    let ended = home.log_in("cybedefend", "pat_0123456789", &["--no-verify"]);
    ended.assert_exit_code(3).assert_stderr_has("its folder is a link");
    assert_eq!(fs_err::read_dir(home.path("shared")).unwrap().count(), 0);
}
