//! `scangate config show`: every setting with value and origin, and nothing of a credential.
#![expect(clippy::unwrap_used, reason = "a document that cannot be read has failed the test")]

use serde_json::{Value, json};

use crate::harness::{Ended, Scangate};

const PAT: &str = "pat_0123456789abcdef";
const OWN: &str = "../home/.config/scangate/config.yml";

fn show(arguments: &[&str]) -> Scangate {
    Scangate::new(["config", "show"].iter().chain(arguments))
}

/// The document that it prints.
fn document(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout()).unwrap()
}

/// The one setting of a name, of an entry or of the run.
fn setting(document: &Value, entry: Option<&str>, name: &str) -> Value {
    let all = document["settings"].as_array().unwrap();
    let mut found = all.iter().filter(|setting| setting["name"] == name && setting["entry"] == json!(entry));
    let setting = found.next().unwrap().clone();
    assert!(found.next().is_none(), "{name} stands twice");
    setting
}

#[test]
fn each_setting_has_its_value_and_its_origin_and_what_was_passed_over_for_it() {
    let scan = show(&["--format", "json", "--fail-on", "low", "--platform", "cybedefend"])
        .file("scangate.yml", "fail_on: high\n\nproject_id: of-the-file\nmax:\n  sca.high: 5\n  iac.low: 1\n")
        .file(OWN, "region: eu\n")
        .env("SCANGATE_FAIL_ON", "medium")
        .env("SCANGATE_MAX", "sca.high=2")
        .env("CYBEDEFEND_PROJECT_ID", "theirs");
    let ended = scan.run();
    ended.assert_exit_code(0);
    let document = document(&ended);
    assert_eq!((&document["version"], &document["problem"]), (&json!(1), &Value::Null));
    let file = |line: u32, name: &str| json!({ "kind": "file", "file": "scangate.yml", "line": line, "name": name });
    let fail_on = setting(&document, None, "fail-on");
    assert_eq!(fail_on["values"], json!([{ "value": "low", "origin": { "kind": "flag", "name": "fail-on" } }]));
    assert_eq!(
        fail_on["passed_over"],
        json!([
            { "value": "medium", "origin": { "kind": "variable", "name": "SCANGATE_FAIL_ON" } },
            { "value": "high", "origin": file(1, "fail_on") },
        ])
    );
    let max = setting(&document, None, "max");
    assert_eq!(
        max["values"],
        json!([
            { "value": "iac.low=1", "origin": file(6, "max") },
            { "value": "sca.high=2", "origin": { "kind": "variable", "name": "SCANGATE_MAX" } },
        ])
    );
    assert_eq!(max["passed_over"], json!([{ "value": "sca.high=5", "origin": file(5, "max") }]));
    let project = setting(&document, None, "project-id");
    assert_eq!(project["values"][0]["origin"], json!({ "kind": "variable", "name": "CYBEDEFEND_PROJECT_ID" }));
    assert_eq!(setting(&document, None, "region")["values"][0]["origin"]["line"], 1);
    let value_of = |name: &str| setting(&document, None, name)["values"][0].clone();
    assert_eq!(value_of("unrated"), json!({ "value": "medium", "origin": { "kind": "default" } }));
    assert_eq!(value_of("timeout"), json!({ "value": "1h", "origin": { "kind": "default" } }));
    assert_eq!(
        value_of("branch"),
        json!({ "value": null, "remark": "from the CI, else git", "origin": { "kind": "default" } })
    );
    assert_eq!(setting(&document, None, "image")["values"], json!([]));
}

#[test]
fn the_text_for_people_has_the_same_and_says_more_when_asked() {
    let scan = |arguments: &[&str]| {
        let given = ["--platform", "cybedefend"].iter().chain(arguments).copied().collect::<Vec<_>>();
        show(&given).env("SCANGATE_FAIL_ON", "low").file("scangate.yml", "fail_on: high\n").run()
    };
    let lines = |ended: &Ended| {
        let line = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        ended.stdout().lines().map(line).collect::<Vec<_>>()
    };
    let (short, long) = (scan(&[]), scan(&["-v"]));
    short.assert_exit_code(0);
    for line in ["fail-on low SCANGATE_FAIL_ON", "unrated medium default", "image - not set", "credential not set"] {
        assert!(lines(&short).iter().any(|own| own == line), "{line}\n{}", short.stdout());
    }
    assert!(!short.stdout().contains("passed over"), "{}", short.stdout());
    assert!(
        lines(&long).iter().any(|line| line == "high passed over: `fail_on` in scangate.yml:1"),
        "{}",
        long.stdout()
    );
}

#[test]
fn each_platform_of_several_has_its_own() {
    let settings = "platforms:\n- platform: cybedefend\n  project_id: p\n- platform: bestdefense\n  name: shop\n  target: a.example\n";
    let scan = show(&["--format", "json"])
        .file("scangate.yml", settings)
        .env("SCANGATE_PLATFORM", "cybedefend\nshop=bestdefense")
        .env("SCANGATE_SHOP_TARGET", "b.example")
        .env("SCANGATE_SHOP_SCAN_TYPE", "ai")
        .env("SCANGATE_SHOP_TOKEN", PAT);
    let ended = scan.run();
    ended.assert_exit_code(0).assert_no_trace_of(PAT);
    let document = document(&ended);
    let target = setting(&document, Some("shop"), "target");
    assert_eq!(target["values"][0]["origin"], json!({ "kind": "variable", "name": "SCANGATE_SHOP_TARGET" }));
    assert_eq!(target["passed_over"][0]["value"], "a.example");
    assert_eq!(setting(&document, Some("cybedefend"), "project-id")["values"][0]["value"], "p");
    assert_eq!(setting(&document, None, "platform")["values"][1]["value"], "shop=bestdefense");
    assert_eq!(setting(&document, None, "timeout")["values"][0]["value"], "4h");
    assert_eq!(
        document["credentials"],
        json!([
            { "entry": "cybedefend", "platform": "cybedefend", "origins": [], "passed_over": [] },
            { "entry": "shop", "platform": "bestdefense", "origins": ["SCANGATE_SHOP_TOKEN"], "passed_over": [] },
        ])
    );
}

#[test]
fn of_credentials_the_origins_are_told_and_nothing_else() {
    let command = "/bin/echo command_0123456789";
    let scan = show(&["--format", "json", "-v", "--platform", "cybedefend", "--pat", PAT])
        .env("CYBEDEFEND_PAT", "pat_of_the_variable_1")
        .env("SCANGATE_TOKEN_COMMAND", command)
        .file(OWN, "token_file: /run/secrets/where-it-lies\n");
    let ended = scan.run();
    ended.assert_exit_code(0);
    let credential = &document(&ended)["credentials"][0];
    assert_eq!(credential["origins"], json!(["--pat"]));
    let passed_over: Vec<&str> =
        credential["passed_over"].as_array().unwrap().iter().map(|origin| origin.as_str().unwrap()).collect();
    assert_eq!(passed_over[..2], ["CYBEDEFEND_PAT", "SCANGATE_TOKEN_COMMAND"]);
    assert!(passed_over[2].starts_with("`token_file` in /") && passed_over.len() == 3, "{passed_over:?}");
    let said = ended.stdout() + &ended.stderr();
    for part in [PAT, "0123456789", "pat_of_the_variable", "command_", "echo", "where-it-lies"] {
        assert!(!said.contains(part), "{part}\n{said}");
    }
}

#[test]
fn a_login_is_told_part_by_part() {
    let scan = show(&["--format", "json", "--platform", "cyberorigen", "--target", "host.example"])
        .env("CYBERORIGEN_USERNAME", "me@host.example")
        .env("CYBERORIGEN_PASSWORD_FILE", "/run/password");
    let ended = scan.run();
    ended.assert_exit_code(0);
    let origins = &document(&ended)["credentials"][0]["origins"];
    assert_eq!(*origins, json!(["CYBERORIGEN_USERNAME", "CYBERORIGEN_PASSWORD_FILE"]));
    assert!(!ended.stdout().contains("me@host.example") && !ended.stdout().contains("/run/password"));
}

#[test]
fn a_secret_in_the_wrong_place_is_not_shown_in_whole_or_in_part() {
    for (name, value) in [
        ("SCANGATE_BRANCH", "pat_0123456789abcdef"),
        ("SCANGATE_MAX", "pat_0123456789abcdef=1\nx"),
        ("SCANGATE_REPORT", "a\npat_0123456789abcdef"),
    ] {
        let ended = show(&["--platform", "cybedefend", "-v"]).env("CYBEDEFEND_PAT", PAT).env(name, value).run();
        ended.assert_exit_code(2).assert_stderr_has("holds a credential").assert_no_trace_of("0123456789");
        assert_eq!(ended.stdout(), "");
    }
    for form in ["text", "json"] {
        let address = "https://me:correct-horse@host.example";
        let ended = show(&["--platform", "cybedefend", "--format", form, "--api-url", address]).run();
        ended.assert_exit_code(2).assert_no_trace_of("correct-horse");
        assert!(ended.stdout().contains("it may hold a password"), "{}", ended.stdout());
    }
}

#[test]
fn hostile_text_has_no_effect_on_terminal_or_runner() {
    let hostile = "x\u{1b}[31m\n::error::y\r##[add-mask]z\u{202e}";
    for form in ["text", "json"] {
        let ended = show(&["--platform", "cybedefend", "--format", form, "-v", "--category", hostile])
            .env("SCANGATE_CATEGORY", hostile)
            .file("scangate.yml", "category: \"a\\e[31m\\n::error::b\\u202e##[x]\"\n")
            .run();
        ended.assert_exit_code(2);
        let stdout = ended.stdout();
        assert!(!stdout.contains(['\u{1b}', '\r', '\u{202e}']) && !stdout.contains("##["), "{stdout}");
        assert!(!stdout.lines().any(|line| line.trim_start().starts_with("::")), "{stdout}");
        if form == "json" {
            assert_eq!(setting(&document(&ended), None, "category")["values"][0]["value"], hostile.trim());
        }
    }
}

#[test]
fn what_is_wrong_comes_after_what_can_be_shown() {
    let ended = show(&["--platform", "cybedefend", "--fail-on", "hgih"]).run();
    ended.assert_exit_code(2).assert_stderr_has("error: `hgih` from --fail-on is not a severity");
    assert!(ended.stdout().contains("hgih"), "{}", ended.stdout());
    let json = show(&["--format", "json"]).env("SCANGATE_FAIL_ON", "low").run();
    json.assert_exit_code(2).assert_stderr_has("error: no platform is given");
    assert_eq!(document(&json)["problem"]["message"], "no platform is given");
    assert_eq!(setting(&document(&json), None, "fail-on")["values"][0]["value"], "low");
    let broken = show(&["--format", "json"]).file("scangate.yml", "fail_on: [\n").run();
    broken.assert_exit_code(2).assert_stderr_has("error: scangate.yml:");
    assert_eq!(broken.stdout(), "");
}

#[test]
fn every_setting_is_shown_unless_the_platform_has_no_use_for_it() {
    let ended = show(&["--format", "json"]).run();
    let document = document(&ended);
    let shown = document["settings"].as_array().unwrap().iter().map(|setting| setting["name"].as_str().unwrap());
    let credentials = ["pat", "token-file", "token-command"];
    let known = scangate::settings::keys::ALL.iter().map(|key| key.name).filter(|name| !credentials.contains(name));
    assert!(shown.eq(known), "{document:#}");
    let site = show(&["--platform", "bestdefense", "--target", "host.example"]).run();
    site.assert_exit_code(0);
    assert!(!site.stdout().contains("project-id") && site.stdout().contains("intensity"), "{}", site.stdout());
}
