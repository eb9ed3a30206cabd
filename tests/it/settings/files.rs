//! Files of settings: what they say, where a value stands among the layers, and that each error names file, line and key.
#![expect(clippy::unwrap_used, reason = "settings that cannot be read have failed the test")]

use fs_err as fs;
use scangate::settings::keys;
use scangate::settings::{Environment, Error, Files, Flags, Layers, ScanSettings, Subject};
use tempfile::TempDir;

/// A working directory and a home, both empty.
pub(super) struct Place {
    folder: TempDir,
}

impl Place {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["work", "home", "elsewhere"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    /// Puts a file there: `work/…`, `home/…`.
    pub(super) fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    pub(super) fn path(&self, path: &str) -> String {
        self.folder.path().join(path).display().to_string()
    }

    /// Settings of a scan with these flags and variables.
    pub(super) fn resolve(&self, flags: &[(&str, &str)], variables: &[(&str, &str)]) -> Result<ScanSettings, Error> {
        let mut given = Flags::default();
        for (name, value) in flags {
            let key = keys::ALL.iter().find(|key| key.name == *name).unwrap();
            given.insert(key, value.lines().map(str::to_owned).collect());
        }
        let home = self.path("home");
        let variables = variables.iter().copied().chain([("HOME", home.as_str())]);
        let environment = Environment::from_pairs(variables).in_directory(self.folder.path().join("work"));
        let files = Files::read(&given, &environment)?;
        ScanSettings::resolve(&Layers::new(&given, &environment).with_files(&files))
    }

    pub(super) fn message(&self, flags: &[(&str, &str)], variables: &[(&str, &str)]) -> String {
        let error = self.resolve(flags, variables).err().map(|error| (error.to_string(), error.hint()));
        error.map(|(message, hint)| format!("{message} | {}", hint.unwrap_or_default())).unwrap_or_default()
    }

    pub(super) fn project(&self, flags: &[(&str, &str)], variables: &[(&str, &str)]) -> Option<String> {
        self.resolve(flags, variables).unwrap().entries.first().unwrap().project_id.clone()
    }
}

/// The error over this file in the working directory, with its hint.
fn error_of(content: &str) -> String {
    Place::new().file("work/scangate.yml", content).message(&[], &[])
}

pub(super) const OWN: &str = "home/.config/scangate/config.yml";

#[test]
fn a_file_weighs_less_than_every_variable_and_more_than_the_users_own() {
    let place = Place::new()
        .file("work/scangate.yml", "platform: cybedefend\nproject_id: of-the-run\n")
        .file(OWN, "project_id: of-the-user\nfail_on: low\n");
    let variables = [("CYBEDEFEND_PROJECT_ID", "theirs"), ("SCANGATE_PROJECT_ID", "ours")];
    assert_eq!(place.project(&[("project-id", "flag")], &variables).as_deref(), Some("flag"));
    assert_eq!(place.project(&[], &variables).as_deref(), Some("ours"));
    assert_eq!(place.project(&[], &variables[..1]).as_deref(), Some("theirs"));
    assert_eq!(place.project(&[], &[]).as_deref(), Some("of-the-run"));
    let own = Place::new().file(OWN, "platform: cybedefend\nproject_id: of-the-user\n");
    assert_eq!(own.project(&[], &[]).as_deref(), Some("of-the-user"));
    assert_eq!(
        own.project(&[], &[("XDG_CONFIG_HOME", &own.path("elsewhere")), ("SCANGATE_PLATFORM", "cybedefend")]),
        None
    );
}

#[test]
fn values_are_the_texts_that_they_are_and_an_empty_one_is_absent() {
    let place = Place::new().file(
        "work/scangate.yml",
        "platform: cybedefend\nproject_id: 0123\nvendor_policy:\nbranch: ''\ncommit: ~\nuntracked: true\n",
    );
    let settings = place.resolve(&[], &[]).unwrap();
    assert_eq!(settings.entries[0].project_id.as_deref(), Some("0123"));
    assert_eq!((settings.branch, settings.commit), (None, None));
    assert_eq!(settings.entries[0].subject, Subject::Directory { path: ".".into(), untracked: true });
}

#[test]
fn lists_replace_and_maps_merge_by_key() {
    let place = Place::new().file(
        "work/scangate.yml",
        "platform: cybedefend\nmax:\n  sca.high: 5\n  secret.*: 0\nreport: [sarif=a.sarif, json=b.json]\n",
    );
    let of_file = place.resolve(&[], &[]).unwrap();
    assert_eq!(of_file.run.report.reports.len(), 2);
    let settings = place.resolve(&[("max", "sca.high=1"), ("report", "sarif=c.sarif")], &[]).unwrap();
    assert_eq!(settings.run.report.reports.len(), 1);
    let expected = place.resolve(&[("max", "sca.high=1\nsecret.*=0")], &[]).unwrap();
    assert_eq!(settings.run.gate, expected.run.gate);
    assert_ne!(settings.run.gate, of_file.run.gate);
}

#[test]
fn a_file_can_be_named_and_is_then_the_only_one_of_the_run() {
    let place = Place::new()
        .file("work/scangate.yml", "platform: cybedefend\nproject_id: usual\n")
        .file("work/ci/other.yml", "platform: cybedefend\nproject_id: named\n");
    assert_eq!(place.project(&[("config", "ci/other.yml")], &[]).as_deref(), Some("named"));
    assert_eq!(place.project(&[], &[("SCANGATE_CONFIG", "ci/other.yml")]).as_deref(), Some("named"));
    let missing = place.message(&[("config", "no/such.yml")], &[]);
    assert!(missing.starts_with("the settings cannot be read from no/such.yml: "), "{missing}");
}

#[test]
fn in_the_actions_container_the_users_own_file_is_left_alone() {
    let place = Place::new().file(OWN, "platform: cybedefend\nproject_id: left-by-a-step-before\n");
    let inputs = [("SCANGATE_ACTION", "1"), ("INPUT_PLATFORM", "cybedefend")];
    assert_eq!(place.project(&[], &inputs), None);
}

#[test]
fn what_is_not_known_is_an_error_with_file_line_and_suggestion() {
    let platform = "platform: cybedefend\n";
    for (content, expected) in [
        ("\nfail-on: low\n", "scangate.yml:2: `fail-on` is not a setting | did you mean `fail_on`?"),
        ("fial_on: low\n", "scangate.yml:1: `fial_on` is not a setting | did you mean `fail_on`?"),
        (
            "nothing_of_ours: 1\n",
            "scangate.yml:1: `nothing_of_ours` is not a setting | docs/settings.md lists them all",
        ),
        ("pat: x\n", "scangate.yml:1: `pat` cannot stand in a file | give it as --pat"),
        ("config: x.yml\n", "scangate.yml:1: `config` cannot stand in a file | give it as --config"),
        (
            "platforms: cybedefend\n",
            "scangate.yml:1: `platforms` is a list: each entry begins with `- platform: NAME` | ",
        ),
        ("platforms: [{name: shop}]\n", "scangate.yml:1: an entry of `platforms` needs `platform` | "),
        ("platforms: [{platform: cybedefend, name: [a]}]\n", "scangate.yml:1: `name` takes one value | "),
        (
            "platforms:\n- platform: cybedefend\n  fail_on: low\n",
            "scangate.yml:3: `fail_on` holds for the whole run and not for one platform | put it at the top level of the file",
        ),
        (
            "platforms:\n- platform: cybedefend\n  projectid: p\n",
            "scangate.yml:3: `projectid` is not a setting | did you mean `project_id`?",
        ),
        (
            "platform: cybedefend\nplatforms: [{platform: cybedefend}]\n",
            "scangate.yml:2: `platform` and `platforms` exclude each other | ",
        ),
        ("fail_on: [low]\n", "scangate.yml:1: `fail_on` takes one value | "),
        ("report: {sarif: a}\n", "scangate.yml:1: `report` is a list of texts | "),
        ("max: {sca.high: [1]}\n", "scangate.yml:1: `max` takes one value for `sca.high` | "),
        ("fail_on: low\nfail_on: high\n", "scangate.yml:2: `fail_on` stands here again, and first in line 1 | "),
        ("- a\n", "scangate.yml:1: settings are written as `name: value` | "),
    ] {
        assert_eq!(error_of(content), expected, "{content}");
    }
    let value = error_of(&format!("{platform}fail_on: hgih\n"));
    assert!(value.starts_with("`hgih` from `fail_on` in scangate.yml:2 is not a severity: use one of"), "{value}");
    let unused = error_of(&format!("{platform}\nports: 1-9\n"));
    assert!(unused.starts_with("CybeDefend has no use for `ports` in scangate.yml:3"), "{unused}");
}

#[test]
fn what_is_no_file_of_a_size_to_read_is_said_in_one_line() {
    let refused = |path: &str, cause: &str| {
        let place = Place::new()
            .file("work/long.yml", "#".repeat(1024 * 1024 + 1))
            .file("work/bytes.yml", [b'a', 0xff])
            .file("work/folder/x", "");
        let message = place.message(&[("config", path)], &[]);
        assert!(message.starts_with(&format!("the settings cannot be read from {path}: {cause}")), "{message}");
    };
    refused("long.yml", "it is longer than 1 MiB");
    refused("bytes.yml", "it is not UTF-8");
    refused("folder", "it is not a regular file");
    refused("/dev/zero", "it is not a regular file");
}

#[test]
fn the_options_of_a_file_are_json_without_its_quotes() {
    // No platform of this build need take options: what is wrong with them is said all the same.
    let error = error_of("platform: cybedefend\noption:\n  a=b: 1\n");
    assert!(error.starts_with("scangate.yml:3: `option` has a `=` in the name of a field"), "{error}");
}

#[test]
fn what_a_pull_request_can_edit_chooses_no_host_credential_command_or_attestation() {
    for key in keys::ALL.iter().filter(|key| key.trusted_only && key.is_in_files()) {
        let name = key.file_name();
        let place = Place::new().file("work/scangate.yml", format!("\n{name}: a=b\n"));
        let message = place.message(&[], &[]);
        let expected = format!(
            "scangate.yml:2: `{name}` cannot be set in a file that a pull request can edit | give it as --{} or in {}, or put it into {}",
            key.name,
            key.variable(),
            place.path(OWN)
        );
        assert_eq!(message, expected);
    }
    let entry = error_of("platforms:\n- platform: cybedefend\n  name: shop\n  api_url: https://host.example\n");
    assert!(entry.starts_with("scangate.yml:4: `api_url` cannot be set"), "{entry}");
    assert!(entry.contains("SCANGATE_SHOP_API_URL"), "{entry}");
}

#[test]
fn trust_is_in_the_place_of_a_file_and_not_in_its_name() {
    let content = "platform: cybedefend\napi_url: https://host.example\n";
    let place = Place::new().file("elsewhere/own.yml", content).file("work/in.yml", content);
    let outside = place.path("elsewhere/own.yml");
    assert!(place.resolve(&[("config", &outside)], &[]).is_ok());
    for (flags, variables) in [
        (vec![("config", "in.yml")], vec![]),
        (vec![("config", outside.as_str()), ("dir", "../elsewhere")], vec![]),
        (vec![("config", outside.as_str())], vec![("CI_PROJECT_DIR", place.path("elsewhere"))]),
    ] {
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let message = place.message(&flags, &variables);
        assert!(message.contains("`api_url` cannot be set in a file that a pull request can edit"), "{message}");
    }
    // A home inside of what is scanned is no place of one's own.
    let home = Place::new().file(OWN, content);
    assert!(home.resolve(&[], &[]).is_ok());
    assert!(home.message(&[("dir", "../home")], &[]).contains("a pull request can edit"));
    // Nor is a file that says of itself that it lies in what is scanned.
    let itself = Place::new().file("elsewhere/own.yml", format!("{content}dir: ../elsewhere\n"));
    assert!(itself.message(&[("config", &itself.path("elsewhere/own.yml"))], &[]).contains("a pull request can edit"));
}

#[test]
fn a_path_in_such_a_file_stays_in_the_workspace() {
    for line in [
        "dir: ..",
        "dir: /",
        "archive: ../a.zip",
        "outcome: ../o.json",
        "report: [sarif=s, json=../b]",
        "report: 'sarif=.git/x'",
    ] {
        let error = error_of(&format!("platform: cybedefend\n{line}\n"));
        let name = line.split(':').next().unwrap();
        assert!(error.starts_with(&format!("scangate.yml:2: `{name}` leads out of the workspace: ")), "{error}");
    }
    let place = Place::new();
    fs_err::os::unix::fs::symlink(place.path("elsewhere"), place.path("work/link")).unwrap();
    let place = place.file("work/scangate.yml", "platform: cybedefend\ndir: link\n");
    assert!(place.message(&[], &[]).contains("`dir` leads out of the workspace: link"));
    let inside = "platform: cybedefend\ndir: src\nreport: [sarif=out/s.sarif, 'json=-']\noutcome: o.json\n";
    assert!(Place::new().file("work/scangate.yml", inside).resolve(&[], &[]).is_ok());
}

#[test]
fn a_credential_in_a_file_is_refused_and_not_shown() {
    let secret = ("CYBEDEFEND_PAT", "pat_0123456789");
    for content in ["category: pat_0123456789", "platforms:\n- platform: cybedefend\n  project_id: xpat_0123456789"] {
        let place = Place::new().file("work/scangate.yml", format!("{content}\n"));
        let message = place.message(&[("platform", "cybedefend")], &[secret]);
        assert!(message.contains("holds a credential") && !message.contains("pat_"), "{message}");
    }
}
