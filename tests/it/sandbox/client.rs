//! The sandbox driven by clients in another language that were written from the contracts alone.

mod other;

use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use scangate::clock::Clock;
use scangate::sandbox::{CybeDefendOptions, Fault, Policy, SandboxOptions, Server};
use serde_json::{Value, json};

use super::wire::CARELESS;
use crate::tool::is_required;

/// The client of a platform.
fn client(platform: &str) -> Command {
    let mut command = Command::new("python3");
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/clients/{platform}.py")))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("NO_PROXY", "127.0.0.1");
    command
}

/// How a client ended; `None`, said loudly, where there is no Python.
#[expect(clippy::print_stdout, reason = "a test that did not run must say so")]
fn ended(output: io::Result<Output>) -> Option<Output> {
    if output.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound) && !is_required() {
        println!("SKIPPED: there is no python3, so no independent client drove the sandbox");
        return None;
    }
    Some(output.unwrap())
}

/// Runs the client of `CybeDefend` against a sandbox whose hour is thirty-six seconds.
async fn run(faults: &[&str], arguments: &[&str]) -> Option<(Output, Server)> {
    let options = SandboxOptions {
        clock: Clock::faster(100),
        faults: faults.iter().map(|fault| fault.parse::<Fault>().unwrap()).collect(),
        cybedefend: CybeDefendOptions {
            policy: Some(Policy::default()),
            scan_duration: Duration::from_secs(20),
            ..CybeDefendOptions::default()
        },
        ..SandboxOptions::default()
    };
    let server = Server::start(options).await.unwrap();
    let access = server.cybedefend().unwrap().clone();
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in CARELESS {
        let path = folder.path().join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, content).unwrap();
    }
    let mut command = client("cybedefend");
    command
        .arg(folder.path())
        .args(["--pause", "0.02"])
        .args(arguments)
        .env("CYBEDEFEND_API_URL", access.api_url)
        .env("CYBEDEFEND_AUTH_ENDPOINT", access.auth_url)
        .env("CYBEDEFEND_PAT", access.pat.expose())
        .env("CYBEDEFEND_PROJECT_ID", access.project_id);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    Some((ended(output)?, server))
}

fn summary(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn an_independent_client_completes_the_whole_flow() {
    let Some((output, _server)) = run(&[], &["--image", "node:18", "--page-size", "2"]).await else { return };
    let summary = summary(&output);
    assert_eq!((&summary["state"], &summary["error"]), (&json!("completed"), &Value::Null));
    let families = &summary["families"];
    for (family, total) in [("sast", 1), ("sca", 2), ("iac", 2), ("secret", 1), ("cicd", 1), ("container", 3)] {
        assert_eq!(families[family]["total"], total, "{family}");
        assert_eq!(families[family]["findings"].as_array().unwrap().len(), total, "{family}");
    }
    assert_eq!(families["container"]["pages"], 2, "page and limit were honoured");
    let finding = &families["sast"]["findings"][0];
    assert_eq!(
        (&finding["path"], &finding["line"], &finding["severity"]),
        (&json!("app/main.py"), &json!(2), &json!("high"))
    );
    assert_eq!(summary["policy"], json!({ "status": "COMPLETED", "violations": 2, "blocking": 1 }));
}

#[tokio::test]
async fn an_independent_client_survives_a_token_that_dies_and_sees_many_pages() {
    let Some((output, _server)) = run(&["expire-token=4", "expires-in-lie", "many=350"], &[]).await else { return };
    let summary = summary(&output);
    assert!(summary["exchanges"].as_u64() >= Some(2), "{}", summary["exchanges"]);
    assert_eq!(
        (&summary["families"]["sast"]["total"], &summary["families"]["sast"]["pages"]),
        (&json!(351), &json!(4))
    );
}

#[tokio::test]
async fn an_independent_client_is_told_why_a_scan_failed() {
    let Some((output, _server)) = run(&["failed-scan"], &[]).await else { return };
    let summary = summary(&output);
    assert_eq!((&summary["state"], &summary["families"]["sast"]["total"]), (&json!("failed"), &json!(0)));
    assert_eq!(summary["error"], "The scanner ended with an error");
    assert_eq!(summary["policy"]["status"], "NOT_STARTED");
}
