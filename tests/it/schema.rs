//! The JSON schema of a file of settings, held by a validator of others (check-jsonschema, from PyPI) against what the settings
//! themselves take and refuse.
#![expect(clippy::unwrap_used, reason = "a validator that cannot be asked has failed the test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use scangate::platform::PlatformId;
use scangate::settings::keys::{self, Key};
use scangate::settings::{Environment, Files, Flags, Layers, LogSettings, ScanSettings};
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::Scangate;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[expect(clippy::disallowed_methods, reason = "the test harness's own switches, not settings of the program")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The validator that `.ci/run` installs; without one the test is skipped, or fails where everything is required.
fn validator() -> Option<PathBuf> {
    let tools = variable("SCANGATE_TOOLS").map_or_else(|| repository().join(".tools"), PathBuf::from);
    let places = ["python/bin", "sarif/venv/bin"].map(|folder| tools.join(folder).join("check-jsonschema"));
    let found = places.into_iter().find(|place| place.is_file());
    if found.is_none() {
        assert_ne!(variable("SCANGATE_TEST_REQUIRE").as_deref(), Some("1"), "check-jsonschema is required");
        eprintln!("skipped: no check-jsonschema in {}", tools.display());
    }
    found
}

/// Documents in files of their own, outside of any workspace.
struct Documents {
    folder: TempDir,
    count: usize,
}

impl Documents {
    fn new(documents: &[String]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (number, document) in documents.iter().enumerate() {
            fs_err::write(folder.path().join(format!("{number}.yml")), document).unwrap();
        }
        fs_err::create_dir(folder.path().join("work")).unwrap();
        Self { folder, count: documents.len() }
    }

    /// The numbers of those that the schema refuses.
    fn refused_by_schema(&self, validator: &Path) -> BTreeSet<usize> {
        let mut command = Command::new(validator);
        command.args(["--output-format", "json", "--schemafile"]).arg(repository().join("docs/scangate.schema.json"));
        let output = command
            .args((0..self.count).map(|number| self.folder.path().join(format!("{number}.yml"))))
            .output()
            .unwrap();
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(said["parse_errors"].as_array().map_or(0, Vec::len), 0, "{said:#}");
        let errors = said["errors"].as_array().unwrap();
        let number = |error: &Value| {
            Path::new(error["filename"].as_str().unwrap()).file_stem().unwrap().to_str().unwrap().parse().unwrap()
        };
        errors.iter().map(number).collect()
    }

    /// Why the settings refuse one, if they do.
    fn refused_by_settings(&self, number: usize) -> Option<String> {
        let mut flags = Flags::default();
        let config = keys::ALL.iter().find(|key| key.name == "config").unwrap();
        flags.insert(config, vec![self.folder.path().join(format!("{number}.yml")).display().to_string()]);
        let nothing: [(&str, &str); 0] = [];
        let environment = Environment::from_pairs(nothing).in_directory(self.folder.path().join("work"));
        let read = || {
            let files = Files::read(&flags, &environment)?;
            let layers = Layers::new(&flags, &environment).with_files(&files);
            LogSettings::resolve(&layers)?;
            ScanSettings::resolve(&layers).map(drop)
        };
        read().err().map(|error| error.to_string())
    }
}

#[test]
fn the_schema_in_the_repository_is_the_one_that_is_printed() {
    let ended = Scangate::new(["schema"]).run();
    ended.assert_exit_code(0);
    let committed = fs_err::read_to_string(repository().join("docs/scangate.schema.json")).unwrap();
    assert!(ended.stdout() == committed, "run `scangate schema > docs/scangate.schema.json`");
    let schema: Value = serde_json::from_str(&committed).unwrap();
    let known: BTreeSet<String> = keys::ALL.iter().filter(|key| key.is_in_files()).map(|key| key.file_name()).collect();
    let described = schema["properties"].as_object().unwrap().keys().filter(|name| *name != "platforms");
    assert_eq!(described.cloned().collect::<BTreeSet<_>>(), known);
}

/// Documents that are right.
const RIGHT: [&str; 12] = [
    "platform: cybedefend\n",
    "platform: [cybedefend]\nfail_on: none\nunrated: ignore\nvendor_policy: off\n",
    "platform: cybedefend\nregion: EU\napi_url: https://api.host.example\ntoken_file: /run/token\n",
    "platform: cybedefend\ntimeout: 1h30m\npoll_interval: 500ms\nuntracked: true\nverbose: 1\n",
    "platform: cybedefend\nmax: {sca.high: 5, 'secret.*': 0, '*.low': '7', iac.low: }\non: {unavailable: warn}\n",
    "platform: cybedefend\nmax: [sca.high=5]\non: |\n  unavailable=warn\n  timeout=fail\n",
    "platform: cybedefend\nreport: [sarif=a.sarif, 'json=b.json', ]\ncommit: 1234567\nbranch: 12\nproject_id: 0123\n",
    "platform: cybedefend\nfail_on: ' high '\nbranch:\ntimeout: ''\n",
    "platforms:\n- platform: cybedefend\n  project_id: a\n- {platform: bestdefense, name: 2nd, target: host.example}\n",
    "platforms: []\nplatform: cybedefend\n",
    "platform: cybrium\ntarget: shop\noption: {a: {b: [1, null]}}\npath: {scan: '/v1/scans/{id}/'}\nstate: {paused: running}\n",
    "platform: cyberorigen\ntarget: host.example\nframework: [soc2]\nports: 1-1000\nauthorized: true\n",
];

/// Documents that are wrong, and that an editor can say so of.
const WRONG: [&str; 26] = [
    "fail-on: low\n",
    "fial_on: low\n",
    "fail_on: hgih\n",
    "fail_on: HIGH\n",
    "fail_on: [low]\n",
    "unrated: none\n",
    "vendor_policy: true\n",
    "timeout: 60\n",
    "timeout: 30m1h\n",
    "untracked: yes\n",
    "max: {sca.hihg: 5}\n",
    "max: {sca.high: -1}\n",
    "max: {sca.high: [1]}\n",
    "on: {usage: warn}\n",
    "on: {timeout: ignore}\n",
    "report: {sarif: a}\n",
    "report: [srif=a]\n",
    "report: [sarif=]\n",
    "commit: HEAD\n",
    "state: {paused: sleeping}\n",
    "region: ue\n",
    "pat: x\n",
    "config: x.yml\n",
    "platforms: cybedefend\n",
    "platforms:\n- {platform: cybedefend, fail_on: low}\n",
    "platforms:\n- {platform: cybedefnd}\n",
];

#[test]
fn a_validator_of_others_tells_right_files_from_wrong_ones_as_the_settings_do() {
    let Some(validator) = validator() else { return };
    let wrong = WRONG.map(|document| match document.starts_with("platforms") {
        true => document.to_owned(),
        false => format!("platform: cybedefend\n{document}"),
    });
    let documents: Vec<String> = RIGHT.iter().map(|document| (*document).to_owned()).chain(wrong).collect();
    let files = Documents::new(&documents);
    let refused = files.refused_by_schema(&validator);
    for (number, document) in documents.iter().enumerate() {
        let is_right = number < RIGHT.len();
        assert_eq!(!refused.contains(&number), is_right, "the schema and\n{document}");
        let reason = files.refused_by_settings(number);
        assert_eq!(reason.is_none(), is_right, "the settings and\n{document}{reason:?}");
    }
}

/// Values of every kind that a file may hold, right or wrong.
const VALUES: [&str; 38] = [
    "",
    "~",
    "''",
    "'  '",
    "a",
    "' high '",
    "high",
    "none",
    "fail",
    "on",
    "omit",
    "json",
    "EU",
    "true",
    "True",
    "'false'",
    "0",
    "2",
    "-1",
    "1.5",
    "1e3",
    "0123",
    "'7'",
    "1234567",
    "1h30m",
    "5",
    "cybedefend",
    "https://host.example",
    "sca.high=5",
    "timeout=warn",
    "[]",
    "[a, 1, true, ~]",
    "[json=a, sarif=b]",
    "[[a]]",
    "{}",
    "{a: b}",
    "{sca.high: 5, timeout: warn, scan: /a/, x: done, y: ~}",
    "{' sca.high ': ' 5 ', '*.*': 0}",
];

/// A document with one setting, of a platform that heeds it.
fn document(key: &Key, value: &str) -> String {
    let heeds = |platform: &PlatformId| platform.about().uses(key.name);
    let platform = PlatformId::ALL.into_iter().find(heeds).unwrap_or(PlatformId::CybeDefend);
    let target = if platform == PlatformId::CybeDefend || key.name == "target" || key.name == "sarif" {
        String::new()
    } else {
        "target: host.example\n".to_owned()
    };
    let platform = if key.name == "platform" { String::new() } else { format!("platform: {platform}\n") };
    format!("{platform}{target}{}: {value}\n", key.file_name())
}

#[test]
fn whatever_the_schema_refuses_the_settings_refuse_too() {
    let Some(validator) = validator() else { return };
    let keys = || keys::ALL.iter().filter(|key| key.is_in_files());
    let mut documents: Vec<String> = keys().flat_map(|key| VALUES.map(|value| document(key, value))).collect();
    let entry = |field: &str, value: &str| format!("platforms:\n- platform: cybedefend\n  {field}: {value}\n");
    documents.extend(
        ["name", "project_id", "image", "dir"].iter().flat_map(|field| VALUES.map(|value| entry(field, value))),
    );
    documents.extend(VALUES.map(|value| format!("platforms:\n- platform: {value}\n")));
    documents.extend(VALUES.map(|value| format!("platforms: {value}\n")));
    documents.extend(VALUES.map(str::to_owned));
    let files = Documents::new(&documents);
    let refused = files.refused_by_schema(&validator);
    assert!(refused.len() > documents.len() / 4, "{} of {}", refused.len(), documents.len());
    let wrongly = refused.into_iter().filter(|number| files.refused_by_settings(*number).is_none());
    let wrongly: Vec<&String> = wrongly.map(|number| &documents[number]).collect();
    assert!(wrongly.is_empty(), "the schema refuses what the settings take:\n{wrongly:#?}");
}

#[test]
fn the_examples_name_the_schema_and_keep_it() {
    let example = repository().join("examples/several-platforms/scangate.yml");
    let text = fs_err::read_to_string(&example).unwrap();
    let hint = "# yaml-language-server: $schema=https://raw.githubusercontent.com/OWNER/scangate/main/docs/scangate.schema.json\n";
    assert!(text.starts_with(hint), "{text}");
    let Some(validator) = validator() else { return };
    assert!(Documents::new(&[text]).refused_by_schema(&validator).is_empty());
}
