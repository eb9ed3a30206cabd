//! The program as a process, at its most talkative: what it prints and leaves is all there is to see.

use std::time::Duration;

use scangate::clock::Clock;
use scangate::sandbox::Policy;
use scangate::settings::keys;

use super::row::{Input, Row, Way};
use crate::harness::{Ended, Scangate};
use crate::served::in_process;

/// How much faster the sandbox's time runs than the program's.
const SPEED: u32 = 100;

/// Scans what has findings against a sandbox with these faults, with no threshold and with every report. Also what has to stay secret.
pub(super) async fn scan(row: &Row, faults: &[&str]) -> (Ended, Vec<String>) {
    let (server, _) = in_process(faults, |options| {
        options.dialects = vec![row.dialect()];
        options.clock = Clock::faster(SPEED);
        options.idle = Duration::from_hours(1) * SPEED;
        // Where there is none, a client waits for half a minute to be sure of it.
        options.cybedefend.policy = Some(Policy::warning());
    })
    .await;
    let access = server.accesses().first().unwrap();
    // Of two ways the later one has the wider limits, which the program heeds in real time.
    let way = row.ways.last().unwrap();
    let given = way.variables.iter().map(|name| (*name, Row::value(access, name).to_owned()));
    run(row, given.collect(), Row::addresses(access)).await
}

/// The same at another origin that takes itself for the platform, with secrets of the test's own.
pub(super) async fn scan_at(row: &Row, way: &Way, origin: &str) -> (Ended, Vec<String>) {
    run(row, kept(way), row.addresses_at(origin)).await
}

/// Has what a scan needs looked at, against a sandbox with these faults.
pub(super) async fn doctor(row: &Row, faults: &[&str], arguments: &[&str]) -> (Ended, Vec<String>) {
    let (server, _) = in_process(faults, |options| {
        options.dialects = vec![row.dialect()];
        options.clock = Clock::system();
    })
    .await;
    let access = server.accesses().first().unwrap();
    let way = row.ways.first().unwrap();
    let given = way.variables.iter().map(|name| (*name, Row::value(access, name).to_owned()));
    let doctor = [&["doctor", "--format", "json"], arguments].concat();
    end(row, Scangate::new(doctor), given.collect(), Row::addresses(access)).await
}

/// The same at an origin, with secrets of the test's own.
pub(super) async fn doctor_at(row: &Row, way: &Way, origin: &str) -> (Ended, Vec<String>) {
    let doctor = Scangate::new(["doctor", "--format", "json"]);
    end(row, doctor, kept(way), row.addresses_at(origin)).await
}

/// Secrets of the test's own.
fn kept(way: &Way) -> Vec<(&'static str, String)> {
    let given = way.variables.iter().map(|name| {
        let kept = format!("kept-{}-0123456789", name.to_lowercase());
        (*name, if is_secret(name) { kept } else { "someone@example.com".to_owned() })
    });
    given.collect()
}

fn is_secret(variable: &str) -> bool {
    !variable.ends_with("USERNAME")
}

async fn run(
    row: &Row,
    credential: Vec<(&'static str, String)>,
    addresses: Vec<(&'static str, String)>,
) -> (Ended, Vec<String>) {
    let reports = ["sarif=report.sarif", "markdown=report.md", "table=report.txt", "json=report.json"];
    let reports = reports.into_iter().flat_map(|report| ["--report", report]);
    let always = ["scan", "--poll-interval", "100ms", "--fail-on", "none", "-vv"];
    let scan = Scangate::new(always.into_iter().chain(reports));
    let raw = scan.directory().with_file_name("raw").display().to_string();
    end(row, scan, credential, [addresses, vec![("save-raw", raw)]].concat()).await
}

/// Runs a command on what has findings, with what every command has to be told.
async fn end(
    row: &Row,
    mut scan: Scangate,
    credential: Vec<(&'static str, String)>,
    addresses: Vec<(&'static str, String)>,
) -> (Ended, Vec<String>) {
    scan = scan.env("SCANGATE_PLATFORM", row.platform.as_str());
    let settings = row.settings.iter().map(|(name, value)| (*name, (*value).to_owned()));
    let subject = match row.vulnerable {
        Input::Target(target) => vec![("target", target.to_owned())],
        Input::Tree(name, text) => {
            scan = scan.file(name, text);
            Vec::new()
        }
    };
    for (name, value) in settings.chain(addresses).chain(subject) {
        let key = keys::ALL.iter().find(|key| key.name == name).unwrap();
        scan = scan.env(&key.variable(), value);
    }
    let scan = credential.iter().fold(scan, |scan, (name, value)| scan.env(name, value));
    let ended = tokio::task::spawn_blocking(|| scan.run()).await.unwrap();
    let secrets = credential.into_iter().filter(|(name, _)| is_secret(name)).map(|(_, value)| value);
    (ended, secrets.collect())
}
