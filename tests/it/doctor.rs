//! `scangate doctor` as a user runs it: the program as a process, against `scangate sandbox` and against servers that follow a script.
#![expect(clippy::unwrap_used, reason = "a check that left nothing readable has failed the test")]

mod machine;
mod way;

use std::collections::BTreeMap;

use scangate::platform::PlatformId;
use serde_json::Value;

use crate::harness::{Ended, Scangate};
use crate::served::Served;

/// What each check is named, in the order in which they are made for a platform with one server.
const CHECKS: [&str; 16] = [
    "files",
    "settings",
    "ci",
    "subject",
    "reports",
    "certificates",
    "credentials",
    "proxy",
    "dns",
    "tcp",
    "tls",
    "http",
    "clock",
    "sign-in",
    "permission",
    "limits",
];

/// Looks at one platform, and asks for JSON.
fn doctor(platform: &str, arguments: &[&str]) -> Scangate {
    Scangate::new(["doctor", "--format", "json", "--platform", platform].iter().chain(arguments))
}

/// The same for one of the sandbox.
fn in_sandbox(served: &Served, platform: PlatformId, arguments: &[&str]) -> Scangate {
    let own: &[&str] =
        if platform == PlatformId::CyberOrigen { &["--authorized", "--target", "shop.example.com"] } else { &[] };
    served.told(doctor(platform.as_str(), &[own, arguments].concat()))
}

/// A sandbox whose time is ours, since its clock is looked at.
fn sandbox(platform: &str, faults: &[&str]) -> Served {
    Served::of(platform, 1, faults)
}

/// The document.
fn report(ended: &Ended) -> Value {
    let stdout = ended.stdout();
    assert!(stdout.starts_with('{'), "no JSON: {stdout}\n{}", ended.stderr());
    serde_json::from_str(&stdout).unwrap()
}

fn checks(document: &Value) -> &Vec<Value> {
    document["checks"].as_array().unwrap()
}

/// The worst status of each check.
fn statuses(document: &Value) -> BTreeMap<&str, &str> {
    let weight = |status: &str| ["pass", "skipped", "warn", "fail"].iter().position(|own| *own == status).unwrap();
    let mut statuses = BTreeMap::new();
    for check in checks(document) {
        let (name, status) = (check["check"].as_str().unwrap(), check["status"].as_str().unwrap());
        let worst = statuses.entry(name).or_insert(status);
        if weight(status) > weight(worst) {
            *worst = status;
        }
    }
    statuses
}

/// The checks of this name that did not pass.
fn complaint<'a>(document: &'a Value, name: &str) -> &'a Value {
    checks(document).iter().find(|check| check["check"] == name && check["status"] != "pass").unwrap()
}

/// The methods and paths of the requests, as the log at its most talkative has them.
fn requests(ended: &Ended) -> Vec<String> {
    let field = |line: &str, name: &str| {
        let value = line.split_once(&format!("{name}="))?.1;
        Some(value.split(' ').next().unwrap_or_default().trim_matches('"').to_owned())
    };
    let path = |url: &str| url.splitn(4, '/').nth(3).map(|path| format!("/{path}")).unwrap_or_default();
    let stderr = ended.stderr();
    let lines = stderr.lines().filter(|line| line.contains("attempt="));
    lines.map(|line| format!("{} {}", field(line, "method").unwrap(), path(&field(line, "url").unwrap()))).collect()
}

#[test]
fn all_that_a_scan_needs_is_looked_at_and_no_scan_is_started() {
    let expected: [&[&str]; 4] = [
        &["HEAD /", "HEAD /", "GET /client-apps", "POST /oidc/token", "GET /project/PROJECT"],
        &["HEAD /v1", "GET /v1/scans/"],
        &["HEAD /api/v1", "POST /api/v1/auth/token", "GET /api/health", "GET /api/v1/scans"],
        // The web application sends people to its login, on the same host.
        &["HEAD /", "HEAD /login", "GET /api/sites"],
    ];
    for (platform, expected) in PlatformId::ALL.into_iter().zip(expected) {
        let served = sandbox(platform.as_str(), &[]);
        let ended = in_sandbox(&served, platform, &["-vv"]).run();
        ended.assert_exit_code(0).assert_nothing_left_behind();
        let document = report(&ended);
        assert_eq!(document["schema"], "scangate/doctor/v1");
        assert_eq!((&document["class"], &document["exit_code"]), (&"passed".into(), &0.into()));
        assert_eq!(document["requests"], expected.len());
        let project = served.find("CYBEDEFEND_PROJECT_ID").unwrap_or("-");
        let seen: Vec<String> = requests(&ended).iter().map(|seen| seen.replace(project, "PROJECT")).collect();
        assert_eq!(seen, expected, "{platform}");
        let statuses = statuses(&document);
        assert_eq!(statuses, CHECKS.iter().map(|name| (*name, "pass")).collect(), "{platform}");
        for (name, value) in served
            .exported()
            .filter(|(name, _)| ["PAT", "KEY", "PASSWORD", "TOKEN"].iter().any(|end| name.ends_with(end)))
        {
            assert_eq!(ended.trace_of(value), None, "{name}");
        }
        // The two that list scans list none.
        let list = match platform {
            PlatformId::Cybrium => "/scans/",
            PlatformId::CyberOrigen => "/scans",
            PlatformId::CybeDefend | PlatformId::BestDefense => continue,
        };
        let scans = served.told(Scangate::new(["api", "GET", list, "--platform", platform.as_str()])).run();
        let scans: Value = serde_json::from_str(&scans.assert_exit_code(0).stdout()).unwrap();
        let rows = ["results", "items"].iter().find_map(|name| scans[name].as_array());
        assert_eq!(rows.unwrap().len(), 0, "{scans}");
    }
}

#[test]
fn all_platforms_are_looked_at_together_and_each_by_its_name() {
    let served = sandbox("all", &[]);
    let platforms = PlatformId::ALL.into_iter().flat_map(|platform| ["--platform", platform.as_str()]);
    let own = ["--target", "cyberorigen=shop.example.com", "--authorized=cyberorigen=true", "--format", "json"];
    let ended = served.told(Scangate::new(["doctor"].into_iter().chain(platforms).chain(own))).run();
    let document = report(ended.assert_exit_code(0));
    for platform in PlatformId::ALL {
        let of_it = |check: &&Value| check["entry"] == platform.as_str();
        let names: Vec<_> =
            checks(&document).iter().filter(of_it).map(|check| check["check"].as_str().unwrap()).collect();
        let servers = if platform == PlatformId::CybeDefend { 2 } else { 1 };
        assert_eq!(names.iter().filter(|name| **name == "dns").count(), servers);
        assert_eq!(names.last(), Some(&"limits"));
    }
    assert_eq!(document["requests"], 14);
}

#[test]
fn people_get_a_line_a_check_and_the_exit_code_with_its_class() {
    let served = sandbox("bestdefense", &[]);
    let ended = served.told(Scangate::new(["doctor", "--platform", "bestdefense"])).run();
    let text = ended.assert_exit_code(0).stdout();
    for line in [
        "this machine\n",
        "\nbestdefense\n  pass     credentials   found in BD_API_TOKEN\n",
        "\n  pass     permission    the credential sees site shop.example.com (",
        "\n16 pass, 0 warn, 0 fail, 0 skipped; 3 requests; exit code 0 (passed)\n",
    ] {
        assert!(text.contains(line), "no {line:?} in:\n{text}");
    }
}

#[test]
fn a_credential_that_is_refused_is_told_from_what_it_may_not_see() {
    for (platform, variable, check) in [
        (PlatformId::CybeDefend, "CYBEDEFEND_PAT", "sign-in"),
        (PlatformId::Cybrium, "CYBRIUM_API_KEY", "permission"),
        (PlatformId::CyberOrigen, "CYBERORIGEN_PASSWORD", "sign-in"),
        (PlatformId::BestDefense, "BD_API_TOKEN", "permission"),
    ] {
        let wrong = "wrong-0123456789-abcdefgh";
        let served = sandbox(platform.as_str(), &[]);
        let ended = in_sandbox(&served, platform, &["-vv"]).env(variable, wrong).run();
        ended.assert_exit_code(3).assert_no_trace_of(wrong);
        let document = report(&ended);
        let failed = complaint(&document, check);
        assert_eq!((&failed["status"], &failed["class"]), (&"fail".into(), &"auth".into()), "{failed}");
        assert!(failed["next"].as_str().is_some_and(|next| !next.is_empty()), "{failed}");
        if check == "sign-in" {
            assert_eq!(statuses(&document)["permission"], "skipped");
            let logins = requests(&ended).iter().filter(|request| request.contains("token")).count();
            assert_eq!(logins, 1, "{:?}", requests(&ended));
        }
        let forbidden = sandbox(platform.as_str(), &["no-access-403"]);
        let ended = in_sandbox(&forbidden, platform, &[]).run();
        let document = report(ended.assert_exit_code(3));
        assert_eq!(complaint(&document, "permission")["class"], "auth", "{document:#}");
        assert_eq!(statuses(&document)["sign-in"], "pass");
    }
}

#[test]
fn what_is_to_be_scanned_has_to_be_there() {
    let served = sandbox("cybedefend", &[]);
    let other = "00000000-0000-4000-8000-000000000000";
    let ended = in_sandbox(&served, PlatformId::CybeDefend, &["--project-id", other]).run();
    let document = report(ended.assert_exit_code(2));
    let failed = complaint(&document, "permission");
    assert!(failed["message"].as_str().unwrap().contains(other), "{failed}");

    let served = sandbox("bestdefense", &[]);
    let site = |target: &str| in_sandbox(&served, PlatformId::BestDefense, &["--target", target]).run();
    let document = report(site("nobody.example.com").assert_exit_code(2));
    let failed = complaint(&document, "permission");
    assert!(failed["message"].as_str().unwrap().contains("it knows"), "{failed}");
    // A site that is not verified yet may be on no list.
    let document = report(site(other).assert_exit_code(0));
    assert_eq!(complaint(&document, "permission")["status"], "warn");
    let plain = report(site("shop.example.com").assert_exit_code(0));
    let seen = checks(&plain).iter().find(|check| check["check"] == "permission").unwrap()["message"].as_str().unwrap();
    let id = seen.rsplit_once('(').unwrap().1.trim_end_matches(')');
    let by_id = report(site(id).assert_exit_code(0));
    assert_eq!(statuses(&by_id)["permission"], "pass");
}

#[test]
fn without_a_credential_the_way_is_looked_at_all_the_same() {
    let served = sandbox("cybedefend", &[]);
    let ended = in_sandbox(&served, PlatformId::CybeDefend, &[]).env("CYBEDEFEND_PAT", "").run();
    let document = report(ended.assert_exit_code(3));
    assert_eq!(document["class"], "no-credentials");
    let statuses = statuses(&document);
    assert_eq!((statuses["credentials"], statuses["http"], statuses["sign-in"]), ("fail", "pass", "skipped"));
    assert_eq!(document["requests"], 2);
}

#[test]
fn a_code_that_is_good_once_is_said_to_be_used_up() {
    let served = sandbox("cyberorigen", &["mfa"]);
    assert!(served.find("CYBERORIGEN_MFA_CODE").is_some());
    let look = |exit_code| report(in_sandbox(&served, PlatformId::CyberOrigen, &[]).run().assert_exit_code(exit_code));
    let document = look(0);
    let warned = complaint(&document, "sign-in");
    assert!(warned["message"].as_str().unwrap().contains("good once"), "{warned}");
    assert_eq!(statuses(&look(3))["sign-in"], "fail");
}

#[test]
fn a_limit_that_is_nearly_spent_is_a_warning() {
    let served = sandbox("cyberorigen", &["daily-limit=9"]);
    let ended = in_sandbox(&served, PlatformId::CyberOrigen, &[]).run();
    let document = report(ended.assert_exit_code(0));
    let warned = complaint(&document, "limits");
    assert!(warned["message"].as_str().unwrap().contains(" requests are left, for the next "), "{warned}");
}
