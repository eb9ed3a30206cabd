//! Several platforms in one run: their names, and how a setting says for which of them it is.
#![expect(clippy::unwrap_used, reason = "settings that cannot be read have failed the test")]

use std::time::Duration;

use scangate::credentials::Form;
use scangate::platform::PlatformId;
use scangate::settings::keys;
use scangate::settings::{DemoSettings, Environment, Error, Files, Flags, Layers, ScanSettings, Subject};
use tempfile::TempDir;

/// Settings of a scan with these flags and variables in a folder with this `scangate.yml`.
fn resolve(file: &str, flags: &[(&str, &str)], variables: &[(&str, &str)]) -> Result<ScanSettings, Error> {
    let folder: TempDir = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("scangate.yml"), file).unwrap();
    let given = given(flags);
    let environment = Environment::from_pairs(variables.iter().copied()).in_directory(folder.path());
    let files = Files::read(&given, &environment)?;
    ScanSettings::resolve(&Layers::new(&given, &environment).with_files(&files))
}

fn given(flags: &[(&str, &str)]) -> Flags {
    let mut given = Flags::default();
    for (name, value) in flags {
        let key = keys::ALL.iter().find(|key| key.name == *name).unwrap();
        given.insert(key, value.lines().map(str::to_owned).collect());
    }
    given
}

fn message(file: &str, flags: &[(&str, &str)], variables: &[(&str, &str)]) -> String {
    let error = resolve(file, flags, variables).err().unwrap();
    format!("{error} | {}", error.hint().unwrap_or_default())
}

/// Names and projects of the entries.
fn projects(settings: &ScanSettings) -> Vec<(&str, Option<&str>)> {
    settings.entries.iter().map(|entry| (entry.name.as_str(), entry.project_id.as_deref())).collect()
}

const TWO: &str = "
platforms:
- platform: cybedefend
  name: shop
  project_id: p-shop
- platform: cybedefend
  name: shop-api
  project_id: p-api
";

const BOTH: (&str, &str) = ("platform", "one=cybedefend\ntwo=cybedefend");

#[test]
fn entries_come_from_flags_else_from_the_file_and_keep_what_the_file_says_of_them() {
    let of_file = resolve(TWO, &[], &[]).unwrap();
    assert_eq!(projects(&of_file), [("shop", Some("p-shop")), ("shop-api", Some("p-api"))]);
    let chosen = resolve(TWO, &[("platform", "shop-api")], &[]).unwrap();
    assert_eq!(projects(&chosen), [("shop-api", Some("p-api"))]);
    let of_flags = resolve(TWO, &[("platform", "cybedefend\nshop=cybedefend")], &[]).unwrap();
    assert_eq!(projects(&of_flags), [("cybedefend", None), ("shop", Some("p-shop"))]);
    let of_variable = resolve("", &[], &[("SCANGATE_PLATFORM", "cybedefend\nother=cybedefend")]).unwrap();
    assert_eq!(projects(&of_variable), [("cybedefend", None), ("other", None)]);
}

#[test]
fn a_value_says_for_which_of_several_platforms_it_is() {
    let flags = [BOTH, ("project-id", "two=flag")];
    let variables = [
        ("SCANGATE_ACTION", "1"),
        ("INPUT_PROJECT-ID", "one=input\ntwo=input"),
        ("SCANGATE_ONE_PROJECT_ID", "own"),
        ("SCANGATE_PROJECT_ID", "one=ours"),
        ("CYBEDEFEND_PROJECT_ID", "theirs"),
    ];
    let read = |flags: &[(&str, &str)], variables: &[(&str, &str)]| {
        let settings = resolve("", flags, variables).unwrap();
        settings.entries.iter().map(|entry| entry.project_id.clone().unwrap_or_default()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(read(&flags, &variables), "input flag");
    assert_eq!(read(&[BOTH], &variables), "input input");
    assert_eq!(read(&[BOTH], &variables[2..]), "own theirs");
    assert_eq!(read(&[BOTH], &variables[3..]), "ours theirs");
    assert_eq!(read(&[BOTH], &variables[4..]), "theirs theirs");
}

#[test]
fn the_variable_of_an_entry_works_for_one_that_is_alone_too() {
    let settings = resolve(
        "",
        &[("platform", "cybedefend")],
        &[("SCANGATE_CYBEDEFEND_PROJECT_ID", "own"), ("SCANGATE_PROJECT_ID", "bare")],
    );
    assert_eq!(projects(&settings.unwrap()), [("cybedefend", Some("own"))]);
    let settings = resolve(TWO, &[("platform", "shop-api")], &[("SCANGATE_SHOP_API_PROJECT_ID", "own")]).unwrap();
    assert_eq!(projects(&settings), [("shop-api", Some("own"))]);
}

#[test]
fn a_value_for_nobody_of_several_is_an_error_that_shows_how_it_is_written() {
    for (flags, variables, expected) in [
        (
            vec![BOTH, ("project-id", "p")],
            vec![],
            "--project-id is for one platform, and the run has one, two | write --project-id one=VALUE",
        ),
        (
            vec![BOTH],
            vec![("SCANGATE_PROJECT_ID", "p")],
            "SCANGATE_PROJECT_ID is for one platform, and the run has one, two | \
             set SCANGATE_ONE_PROJECT_ID, or write one=VALUE, one platform a line",
        ),
        (
            vec![BOTH],
            vec![("SCANGATE_ACTION", "1"), ("INPUT_PROJECT-ID", "p")],
            "input project-id is for one platform, and the run has one, two | write one=VALUE, one platform a line",
        ),
        (
            vec![BOTH, ("project-id", "tow=p")],
            vec![],
            "`tow` from --project-id is not a platform of the run: use one of one, two | did you mean `two`?",
        ),
        (
            vec![BOTH, ("category", "nobody=p")],
            vec![],
            "`nobody` from --category is not a platform of the run: use one of one, two | write --category one=VALUE",
        ),
        (
            vec![BOTH, ("pat", "a-secret=token")],
            vec![],
            "--pat is for one platform, and the run has one, two | write --pat one=VALUE",
        ),
        (
            vec![BOTH, ("project-id", "one=a\none=b")],
            vec![],
            "--project-id is given twice for one | give the one that is meant",
        ),
        (
            vec![("platform", "cybedefend"), ("project-id", "a\nb")],
            vec![],
            "--project-id is given twice | give the one that is meant",
        ),
    ] {
        assert_eq!(message("", &flags, &variables), expected);
    }
    let of_file = message(&format!("project_id: p{TWO}"), &[], &[]);
    assert!(of_file.starts_with("`project_id` in scangate.yml:1 is for one platform"), "{of_file}");
}

#[test]
fn names_are_short_plain_and_unique_in_variables_too() {
    for name in ["", ".", "-a", "_a", "a b", "a/b", "ä", "a\u{7}", &"a".repeat(41)] {
        let flag = format!("{name}=cybedefend");
        let error = message("", &[("platform", &flag)], &[]);
        assert!(error.contains("is not a name for a platform of the run"), "{name}: {error}");
    }
    assert!(resolve("", &[("platform", &format!("{}=cybedefend", "a".repeat(40)))], &[]).is_ok());
    let twice = message("", &[("platform", "cybedefend\ncybedefend")], &[]);
    assert!(twice.starts_with("two platforms of the run have the name cybedefend"), "{twice}");
    let alike = message("", &[("platform", "shop-api=cybedefend\nSHOP.api=cybedefend")], &[]);
    assert!(alike.starts_with("shop-api and SHOP.api are one name in variables"), "{alike}");
    let nobody = message(TWO, &[("platform", "shpo")], &[]);
    assert!(
        nobody.contains("is not a platform: use one of cybedefend") && nobody.ends_with("did you mean `shop`?"),
        "{nobody}"
    );
}

#[test]
fn each_entry_may_have_a_credential_of_its_own_and_the_platforms_own_is_for_all_others() {
    let origins = |variables: &[(&str, &str)]| {
        let settings = resolve("", &[BOTH], variables).unwrap();
        let origin = |entry: &scangate::settings::EntrySettings| {
            entry.connection.credential.as_ref().map_or_else(String::new, Form::origin)
        };
        settings.entries.iter().map(origin).collect::<Vec<_>>().join(" ")
    };
    let all =
        [("CYBEDEFEND_PAT", "pat_of_all"), ("SCANGATE_TWO_TOKEN", "pat_of_two"), ("SCANGATE_TOKEN", "pat_of_nobody")];
    assert_eq!(origins(&all), "CYBEDEFEND_PAT SCANGATE_TWO_TOKEN");
    assert_eq!(origins(&all[1..]), " SCANGATE_TWO_TOKEN");
    assert_eq!(origins(&[("SCANGATE_ONE_TOKEN_FILE", "token")]), "SCANGATE_ONE_TOKEN_FILE ");
    let settings = resolve("", &[BOTH], &all).unwrap();
    assert!(
        settings.warnings.iter().any(|warning| warning.starts_with("SCANGATE_TOKEN is not used")),
        "{:?}",
        settings.warnings
    );
}

#[test]
fn a_platform_that_a_pull_request_chooses_gets_no_host_or_credential_that_names_none() {
    let file = "platform: cybedefend\n";
    for name in ["SCANGATE_TOKEN", "SCANGATE_TOKEN_FILE", "SCANGATE_API_URL"] {
        let error = message(file, &[], &[(name, "https://host.example")]);
        let expected = format!(
            "{name} does not say for which platform it is, and `platform` in scangate.yml:1 is open to pull requests"
        );
        assert!(error.starts_with(&expected), "{error}");
        assert!(resolve(file, &[("platform", "cybedefend")], &[(name, "https://host.example")]).is_ok(), "{name}");
    }
    for name in ["CYBEDEFEND_PAT", "SCANGATE_CYBEDEFEND_TOKEN", "CYBEDEFEND_API_URL", "SCANGATE_CYBEDEFEND_API_URL"] {
        assert!(resolve(file, &[], &[(name, "https://host.example")]).is_ok(), "{name}");
    }
    let named = message(TWO, &[], &[("SCANGATE_SHOP_TOKEN", "pat_0123456789")]);
    assert!(named.contains("choose the platform with --platform shop=cybedefend"), "{named}");
}

#[test]
fn nobody_vouches_for_a_target_that_a_pull_request_chooses() {
    let file = "target: shop.example.com\n";
    let flags = [("platform", "cyberorigen"), ("authorized", "true")];
    let error = message(file, &flags, &[]);
    assert!(error.starts_with("`target` in scangate.yml:1 is open to pull requests"), "{error}");
    assert!(resolve(file, &flags[..1], &[]).is_ok());
    let vouched = [flags[0], flags[1], ("target", "shop.example.com")];
    assert!(resolve(file, &vouched, &[]).is_ok());
}

#[test]
fn one_platform_scans_an_image_beside_another_that_scans_the_tree() {
    let settings = resolve("", &[BOTH, ("dir", "src"), ("image", "two=node:18")], &[]).unwrap();
    let subjects: Vec<_> = settings.entries.iter().map(|entry| entry.subject.clone()).collect();
    let tree = Subject::Directory { path: "src".into(), untracked: false };
    assert_eq!(subjects, [tree, Subject::Image("node:18".to_owned())]);
}

#[test]
fn variables_of_entries_are_known_and_slips_in_them_are_told() {
    let none = Flags::default();
    let unknown = |name: &str, flags: &Flags| {
        let environment = Environment::from_pairs([(name, "x")]);
        Layers::new(flags, &environment).unknown_variables()
    };
    let flags = given(&[BOTH]);
    for known in
        ["SCANGATE_ONE_PROJECT_ID", "SCANGATE_TWO_TOKEN", "SCANGATE_TWO_TOKEN_FILE", "SCANGATE_CYBEDEFEND_TARGET"]
    {
        assert!(unknown(known, &flags).is_empty(), "{known}");
    }
    assert_eq!(
        unknown("SCANGATE_ONE_PROJCET_ID", &flags),
        ["SCANGATE_ONE_PROJCET_ID is not a setting and has no effect; did you mean SCANGATE_ONE_PROJECT_ID?"]
    );
    for name in ["SCANGATE_PAT", "SCANGATE_ONE_PAT"] {
        let said = format!("{name} is not a setting and has no effect; did you mean CYBEDEFEND_PAT or SCANGATE_TOKEN?");
        assert_eq!(unknown(name, &flags), [said]);
    }
    assert_eq!(unknown("SCANGATE_ONE_FAIL_ON", &flags).len(), 1);
    assert_eq!(unknown("SCANGATE_ONE_PROJECT_ID", &none).len(), 1);
}

#[test]
fn a_demo_can_have_several_platforms_and_all_of_them() {
    let platforms = |word: &str| {
        let environment = Environment::from_pairs([("SCANGATE_PLATFORM", word)]);
        DemoSettings::resolve(&Layers::new(&Flags::default(), &environment)).map(|demo| demo.platforms)
    };
    assert_eq!(platforms("").unwrap(), [PlatformId::CybeDefend]);
    assert_eq!(platforms("all").unwrap(), PlatformId::ALL);
    assert_eq!(platforms("cybedefend\nall\ncybedefend").unwrap(), PlatformId::ALL);
    assert!(platforms("everything").is_err());
}

#[test]
fn the_example_of_several_platforms_is_read_and_may_lie_where_a_pull_request_can_edit_it() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/several-platforms/scangate.yml");
    let example = fs_err::read_to_string(path).unwrap();
    let vouched = [("SCANGATE_CYBERORIGEN_TARGET", "shop.example.com"), ("SCANGATE_CYBERORIGEN_AUTHORIZED", "true")];
    for platform in PlatformId::ALL {
        let settings = resolve(&example, &[("platform", platform.as_str())], &vouched).unwrap();
        assert_eq!(settings.entries.first().map(|entry| entry.connection.platform), Some(platform));
        assert_eq!((settings.run.timeout, settings.run.report.reports.len()), (Duration::from_hours(2), 2));
    }
}
