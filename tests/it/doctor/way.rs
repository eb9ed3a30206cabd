//! The way to a server: names, ports, certificates, clocks, deadlines.

use jiff::SignedDuration;
use scangate::clock::Clock;
use serde_json::{Value, json};

use super::{checks, complaint, doctor, report, statuses};
use crate::harness::{Ended, Scangate};
use crate::http::server::{Act, Server, answer, deserted};
use crate::http::tls;
use crate::served::in_process;

const KEY: &str = "cbr_live_0123456789abcdefgh";
const JSON: &str = "content-type: application/json\n";

/// Looks at a platform at this address, with a key.
fn at(url: &str, arguments: &[&str]) -> Scangate {
    doctor("cybrium", &[&["--target", "shop"], arguments].concat())
        .env("CYBRIUM_API_URL", url)
        .env("CYBRIUM_API_KEY", KEY)
}

async fn beside(call: Scangate) -> Ended {
    let ended = tokio::task::spawn_blocking(|| call.run()).await.unwrap();
    ended.assert_no_trace_of(KEY);
    ended
}

/// That a check failed with an exit code, what is behind it was skipped, and what to do is said.
fn assert_ends_at(ended: &Ended, check: &str, exit_code: i32, next: &str) {
    let document = report(ended.assert_exit_code(exit_code));
    let failed = complaint(&document, check);
    assert_eq!(failed["status"], "fail", "{failed}");
    assert!(failed["next"].as_str().unwrap_or_default().contains(next), "{failed}");
    assert_eq!(statuses(&document)["permission"], "skipped");
    let order: Vec<_> = checks(&document).iter().map(|check| check["check"].as_str().unwrap()).collect();
    let expected = ["proxy", "dns", "tcp", "tls", "http", "clock", "sign-in", "permission", "limits"];
    assert_eq!(order[order.len() - 9..], expected, "each check is there, in the order of the way");
}

#[tokio::test]
async fn a_name_without_an_address_and_a_port_without_a_listener_are_told_apart() {
    // No name server is asked for a label of 64 letters.
    let nobody = format!("https://{}.example/v1", "x".repeat(64));
    let ended = beside(at(&nobody, &[])).await;
    assert_ends_at(&ended, "dns", 4, "check the host name");
    assert_eq!(report(&ended)["requests"], 0);

    let ended = beside(at(deserted().await.as_str(), &[])).await;
    assert_ends_at(&ended, "tcp", 4, "address and port");
    assert_eq!(report(&ended)["requests"], 0);
}

#[tokio::test]
async fn a_stranger_s_certificate_says_which_option_to_use_and_its_authority_makes_it_good() {
    let folder = tempfile::tempdir().unwrap();
    let ended = beside(at(tls::serve(false).as_str(), &[])).await;
    assert_ends_at(&ended, "tls", 4, "--ca-cert");

    let authority = tls::pem(&folder, "ca.der", "CERTIFICATE");
    let ended = beside(at(tls::serve(false).as_str(), &["--ca-cert", authority.to_str().unwrap()])).await;
    // The server speaks TLS and nothing else, so that the permission is not seen.
    let document = report(ended.assert_exit_code(7));
    let said = |name: &str| {
        let check = checks(&document).iter().find(|check| check["check"] == name).unwrap();
        (check["status"].as_str().unwrap(), check["message"].as_str().unwrap())
    };
    let (status, message) = said("tls");
    assert_eq!(status, "pass");
    assert!(message.contains("issued by scangate test authority, good until 2126-"), "{message}");
    assert!(said("certificates").1.contains("1 certificate of --ca-cert"), "{}", said("certificates").1);

    let ended = beside(at(tls::serve(true).as_str(), &["--ca-cert", authority.to_str().unwrap()])).await;
    assert_ends_at(&ended, "tls", 4, "--client-cert");
    let missing = beside(at(tls::serve(false).as_str(), &["--ca-cert", "missing.pem"])).await;
    assert_eq!(complaint(&report(missing.assert_exit_code(2)), "certificates")["class"], "usage");
}

#[tokio::test]
async fn a_server_without_tls_is_told_from_one_with_a_stranger_s_certificate() {
    let (server, _) = in_process(&[], |_| {}).await;
    let url = server.cybrium().unwrap().api_url.replace("http:", "https:");
    let ended = beside(at(&url, &[])).await;
    assert_ends_at(&ended, "tls", 4, "check scheme and port");
}

/// A server that says it is this many seconds later than here.
async fn later_by(seconds: i64) -> Server {
    let time = Clock::system().now().saturating_add(SignedDuration::from_secs(seconds)).unwrap();
    let headers = format!("{JSON}date: {}\n", httpdate::fmt_http_date(time.into()));
    Server::start([answer(404, &headers, ""), answer(200, &headers, "[]")]).await
}

#[tokio::test]
async fn a_clock_that_is_off_warns_and_one_that_is_wrong_fails() {
    for (seconds, status, exit_code) in
        [(5, "pass", 0), (120, "warn", 0), (-120, "warn", 0), (400, "fail", 2), (-86_400, "fail", 2)]
    {
        let server = later_by(seconds).await;
        let ended = beside(at(server.url("/v1").as_str(), &[])).await;
        let document = report(ended.assert_exit_code(exit_code));
        let statuses = statuses(&document);
        assert_eq!((statuses["clock"], statuses["permission"]), (status, "pass"), "{seconds}");
        if status != "pass" {
            let check = complaint(&document, "clock");
            let side = if seconds > 0 { "behind" } else { "ahead of" };
            assert!(check["message"].as_str().unwrap().contains(side), "{check}");
            assert!(check["next"].as_str().unwrap().contains("NTP"), "{check}");
        }
    }
}

#[tokio::test]
async fn a_server_that_never_answers_ends_with_the_deadline() {
    let server = Server::start([Act::Stall]).await;
    let ended = beside(at(server.origin(), &["--timeout", "1s"])).await;
    assert_ends_at_http(&ended, 5);
    let server = Server::start([Act::Write(Vec::new())]).await;
    assert_ends_at_http(&beside(at(server.origin(), &[])).await, 4);
}

fn assert_ends_at_http(ended: &Ended, exit_code: i32) {
    let document = report(ended.assert_exit_code(exit_code));
    let statuses = statuses(&document);
    let expected = ("pass", "skipped", "fail", "skipped", "skipped");
    let seen = (statuses["tcp"], statuses["tls"], statuses["http"], statuses["clock"], statuses["permission"]);
    assert_eq!(seen, expected);
    assert_eq!(document["requests"], 1, "it is not tried again");
}

#[tokio::test]
async fn plain_http_is_refused_before_anything_is_looked_up() {
    let ended = beside(at("http://host.example/v1", &[])).await;
    let document = report(ended.assert_exit_code(2));
    assert_eq!(complaint(&document, "settings")["class"], "usage");
    assert!(checks(&document).iter().all(|check| check["check"] != "dns"));
}

#[tokio::test]
async fn the_proxy_is_named_without_its_password_and_is_the_first_step() {
    let proxy = deserted().await;
    let address = format!("http://me:hunter22-hunter22@127.0.0.1:{}", proxy.port().unwrap());
    let call = at("https://api.example/v1", &[]).env("HTTPS_PROXY", address);
    let ended = beside(call).await;
    assert_ends_at(&ended, "tcp", 4, "HTTPS_PROXY");
    ended.assert_no_trace_of("hunter22");
    let document = report(&ended);
    let said = &checks(&document).iter().find(|check| check["check"] == "proxy").unwrap()["message"];
    assert!(said.as_str().unwrap().contains(&format!("through http://127.0.0.1:{},", proxy.port().unwrap())), "{said}");
}

#[tokio::test]
async fn a_proxy_that_refuses_to_lead_on_is_the_end_of_the_way() {
    let proxy = Server::start([Act::Write(Vec::new()), answer(407, "proxy-authenticate: Basic\n", "")]).await;
    let ended = beside(at("https://api.example/v1", &[]).env("HTTPS_PROXY", proxy.origin())).await;
    assert_ends_at(&ended, "tls", 4, "HTTPS_PROXY");
    let tunnels: Vec<_> = proxy.seen().into_iter().map(|seen| seen.line).collect();
    assert!(tunnels.iter().all(|line| line == "CONNECT api.example:443 HTTP/1.1"), "{tunnels:?}");
}

#[tokio::test]
async fn what_a_server_says_has_no_effect_and_leaves_no_secret() {
    let hostile = format!("\u{1b}[2J\n::error::x ##[add-path]/tmp {KEY}");
    let body = json!({ "detail": hostile }).to_string();
    for format in ["text", "json"] {
        let server = Server::start([answer(200, "", ""), answer(403, JSON, &body)]).await;
        let call = Scangate::new(["doctor", "--platform", "cybrium", "--target", "shop", "--format", format]);
        let call = call.env("CYBRIUM_API_URL", server.url("/v1").as_str()).env("CYBRIUM_API_KEY", KEY);
        let call = call.env("GITHUB_ACTIONS", "true").env("GITHUB_EVENT_NAME", "push");
        let ended = beside(call).await;
        ended.assert_exit_code(3);
        for stream in [ended.stdout(), ended.stderr()] {
            let is_command = |line: &str| line.trim_start().starts_with("::") || line.contains("##[");
            assert!(!stream.lines().any(is_command) && !stream.contains('\u{1b}'), "{stream}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_another_project_s_is_not_understood() {
    let token = json!({ "access_token": "access-0123456789", "expires_in": 600 }).to_string();
    let project = json!({ "projectId": "other", "name": "x\u{202e}y" }).to_string();
    let acts = [
        answer(200, JSON, ""),
        answer(200, JSON, ""),
        answer(200, JSON, r#"{"cli":{"appId":"client"}}"#),
        answer(200, JSON, &token),
        answer(200, JSON, &project),
    ];
    let server = Server::start(acts).await;
    let call = doctor("cybedefend", &["--project-id", "mine"]).env("CYBEDEFEND_PAT", "pat_0123456789abcdefghij");
    let call = call.env("CYBEDEFEND_API_URL", server.origin()).env("CYBEDEFEND_AUTH_ENDPOINT", server.origin());
    let document = report(beside(call).await.assert_exit_code(7));
    let failed: &Value = complaint(&document, "permission");
    assert_eq!(failed["message"], "asked about project mine, CybeDefend answered about project other");
}
