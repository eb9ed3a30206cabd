//! `scangate api` as a user runs it: the program as a process, against `scangate sandbox` and against servers that follow a script.
#![expect(clippy::unwrap_used, reason = "a call that left nothing readable has failed the test")]

use serde_json::{Value, json};

use crate::harness::{Ended, Scangate};
use crate::http::server::{Act, Seen, Server, answer, answer_bytes, cut};
use crate::served::Served;

const PAT: &str = "pat_0123456789abcdefghij";
const TOKEN: &str = "access-token-0123456789";
const JSON: &str = "content-type: application/json\n";

/// What the platform answers before the call itself: which application exchanges tokens, and the token.
fn signed_in() -> Vec<Act> {
    let token = json!({ "access_token": TOKEN, "token_type": "Bearer", "expires_in": 600 }).to_string();
    vec![answer(200, JSON, r#"{"cli":{"appId":"client"}}"#), answer(200, JSON, &token)]
}

/// A platform that lets the call sign in, and then plays these acts.
async fn platform(acts: impl IntoIterator<Item = Act>) -> Server {
    Server::start(signed_in().into_iter().chain(acts)).await
}

fn call(server: &Server, arguments: &[&str]) -> Scangate {
    let call = Scangate::new(["api", "--platform", "cybedefend", "-vv"].iter().chain(arguments));
    call.env("CYBEDEFEND_API_URL", server.origin())
        .env("CYBEDEFEND_AUTH_ENDPOINT", server.origin())
        .env("CYBEDEFEND_PAT", PAT)
}

/// Runs it beside the server.
async fn beside(call: Scangate) -> Ended {
    tokio::task::spawn_blocking(|| call.run()).await.unwrap()
}

/// Runs it beside the server, and makes sure that neither credential nor token is in anything that it said or left.
async fn run(call: Scangate) -> Ended {
    let ended = beside(call).await;
    ended.assert_no_trace_of(PAT).assert_no_trace_of(TOKEN).assert_nothing_left_behind();
    ended
}

/// The calls that came after those that sign in.
fn calls(server: &Server) -> Vec<Seen> {
    let is_call = |seen: &Seen| !seen.line.contains("/client-apps") && !seen.line.contains("/oidc/token");
    server.seen().into_iter().filter(is_call).collect()
}

#[test]
fn a_read_of_the_sandbox_brings_its_json() {
    let served = Served::with_faults(&[]);
    let project = served.variable("CYBEDEFEND_PROJECT_ID").to_owned();
    let ended = served.api(&["get", &format!("/project/{project}"), "-i"]).run();
    ended.assert_exit_code(0).assert_stderr_has("HTTP 200").assert_stderr_has("content-type: application/json");
    ended.assert_no_trace_of(served.variable("CYBEDEFEND_PAT")).assert_nothing_left_behind();
    assert!(serde_json::from_str::<Value>(&ended.stdout()).unwrap().is_object());
}

#[test]
fn what_the_sandbox_refuses_is_said_and_can_be_read() {
    let served = Served::with_faults(&[]);
    let ended = served.api(&["GET", "/project/00000000-0000-4000-8000-000000000000"]).run();
    ended.assert_exit_code(2).assert_stderr_has("answered 404");
    assert!(serde_json::from_str::<Value>(&ended.stdout()).unwrap().is_object(), "{}", ended.stdout());
}

#[test]
fn what_is_wrong_with_a_call_ends_it_before_a_credential_is_read() {
    // Nobody has a credential here, which is said only by a call that is right.
    let wrong: [&[&str]; 14] = [
        &["GET", "//host.example/"],
        &["GET", "https://host.example/"],
        &["GET", "/a/%252e%252e/b"],
        &["GET", "/a\\b"],
        &["GET", "/@host.example"],
        &["GET", "/a#b"],
        &["GET", "/a\nb"],
        &["POST", "/OIDC/%74oken/"],
        &["GET", "/a", "-d", "{}"],
        &["POST", "/a", "-d", "{"],
        &["POST", "/a", "-d", "@missing.json"],
        &["POST", "/a", "-d", "{}", "-F", "a=1"],
        &["POST", "/a", "-F", "a"],
        &["POST", "/a", "-d", "-", "--pat", "-"],
    ];
    for arguments in wrong {
        let ended = Scangate::new(["api", "--platform", "cybedefend"].iter().chain(arguments)).run();
        ended.assert_exit_code(2);
        assert!(ended.stdout().is_empty() && !ended.stderr().contains("no credentials"), "{}", ended.stderr());
    }
    Scangate::new(["api", "GET", "/a", "--platform", "cybedefend"]).run().assert_exit_code(3);
    Scangate::new(["api", "GET", "/a"]).run().assert_exit_code(2).assert_stderr_has("no platform is given");
    let unused = Scangate::new(["api", "GET", "/a", "--platform", "cybedefend", "--auth-scheme", "Token"]).run();
    unused.assert_exit_code(2).assert_stderr_has("CybeDefend has no use for --auth-scheme");
}

#[tokio::test]
async fn the_body_is_handed_on_as_it_came_without_secrets() {
    let body = format!("{{ \"b\":1,\n  \"a\": \"{TOKEN} \\u00e9\\u001b::error::x\" ,\"pat\":\"{PAT}\"}}\n\n");
    let server = platform([answer(200, JSON, &body)]).await;
    let ended = run(call(&server, &["GET", "/sites/?page=2", "-F", "q=a b", "-F", "own[]=true"])).await;
    ended.assert_exit_code(0);
    assert_eq!(ended.stdout(), body.replace(TOKEN, "***").replace(PAT, "***"));
    let seen = calls(&server);
    assert_eq!(seen[0].line, "GET /sites/?page=2&q=a+b&own%5B%5D=true HTTP/1.1");
    assert_eq!(seen[0].header("accept"), Some("application/json"));
    assert_eq!(seen[0].header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
}

#[tokio::test]
async fn fields_data_files_and_standard_input_are_sent() {
    let ways: [(&[&str], &str, &str); 5] = [
        (
            &["post", "/x", "-F", "a[b]=1", "-F", "c=true", "-F", "d=e"],
            r#"{"a":{"b":1},"c":true,"d":"e"}"#,
            "application/json",
        ),
        (&["PUT", "/x", "-d", "{ \"a\": 1 }"], "{ \"a\": 1 }", "application/json"),
        (
            &["PATCH", "/x", "-d", "@body.json", "--content-type", "application/merge-patch+json"],
            "[1]\n",
            "application/merge-patch+json",
        ),
        (&["DELETE", "/x", "--data", "-"], "\"typed\"", "application/json"),
        (
            &["POST", "/x", "-d", "a=b", "--content-type", "application/x-www-form-urlencoded"],
            "a=b",
            "application/x-www-form-urlencoded",
        ),
    ];
    for (arguments, body, content_type) in ways {
        let server = platform([answer(201, JSON, "{}")]).await;
        let ended = run(call(&server, arguments).file("body.json", "[1]\n").input("\"typed\"")).await;
        ended.assert_exit_code(0);
        let seen = calls(&server).remove(0);
        assert_eq!(
            (String::from_utf8(seen.body.clone()).unwrap().as_str(), seen.header("content-type")),
            (body, Some(content_type))
        );
        assert!(seen.line.starts_with(&arguments[0].to_uppercase()), "{}", seen.line);
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once_even_for_a_change() {
    let renewed = signed_in().remove(1);
    let server = platform([answer(401, JSON, "{}"), renewed.clone(), answer(204, "", "")]).await;
    run(call(&server, &["DELETE", "/x"])).await.assert_exit_code(0);
    assert_eq!(calls(&server).len(), 2);

    let server = platform([answer(401, JSON, "{}"), renewed, answer(401, JSON, r#"{"message":"gone"}"#)]).await;
    let ended = run(call(&server, &["GET", "/x"])).await;
    ended.assert_exit_code(3).assert_stderr_has("answered 401");
    assert_eq!((ended.stdout().as_str(), calls(&server).len()), (r#"{"message":"gone"}"#, 2));
}

#[tokio::test]
async fn a_server_that_says_it_did_nothing_is_asked_again_even_for_a_change() {
    let server = platform([answer(429, "", ""), answer(200, JSON, "[]")]).await;
    let ended = run(call(&server, &["POST", "/x"])).await;
    ended.assert_exit_code(0);
    assert_eq!((ended.stdout().as_str(), calls(&server).len()), ("[]", 2));
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_is_not_repeated() {
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let server = platform([Act::Write(Vec::new()), answer(200, JSON, "{}")]).await;
        let ended = run(call(&server, &[method, "/x"])).await;
        ended.assert_exit_code(4).assert_stderr_has("the connection broke");
        assert_eq!((ended.stdout().as_str(), calls(&server).len()), ("", 1), "{method}");
    }
}

#[tokio::test]
async fn every_status_has_its_exit_code_and_its_body_on_standard_output() {
    for (status, exit_code) in [
        (200, 0),
        (202, 0),
        (400, 2),
        (402, 3),
        (403, 3),
        (404, 2),
        (405, 2),
        (409, 2),
        (410, 2),
        (413, 2),
        (422, 2),
        (408, 4),
        (500, 4),
        (502, 4),
        (599, 4),
    ] {
        let body = format!(r#"{{"status":{status},"detail":"no {TOKEN}"}}"#);
        let server = platform([answer(status, JSON, &body)]).await;
        let ended = run(call(&server, &["POST", "/x"])).await;
        ended.assert_exit_code(exit_code);
        assert_eq!(ended.stdout(), body.replace(TOKEN, "***"), "{status}");
    }
}

#[tokio::test]
async fn a_long_refusal_is_whole_and_its_headers_are_shown_on_demand() {
    let body = format!(r#"{{"message":"{}"}}"#, "x".repeat(100_000));
    let headers = format!("{JSON}x-request-id: r-1\nlocation: /next?signature=abc\nset-cookie: sid={TOKEN}\n");
    let server = platform([answer(422, &headers, &body)]).await;
    let ended = run(call(&server, &["POST", "/x", "--include"])).await;
    ended
        .assert_exit_code(2)
        .assert_stderr_has("HTTP 422")
        .assert_stderr_has("x-request-id: r-1")
        .assert_stderr_has("location: /next");
    assert!(!ended.stderr().contains("signature") && !ended.stderr().contains("set-cookie"), "{}", ended.stderr());
    assert_eq!(ended.stdout(), body);
}

#[tokio::test]
async fn a_page_for_people_and_half_a_document_are_no_answers_unless_any_is_asked_for() {
    let page = || answer(200, "content-type: text/html\n", "<!doctype html><title>Log in</title>");
    let half = || answer(200, JSON, r#"{"a":[1,"#);
    for act in [page(), half()] {
        let ended = run(call(&platform([act]).await, &["GET", "/x"])).await;
        ended.assert_exit_code(7).assert_stderr_has("answered 200 with");
        assert_eq!(ended.stdout(), "");
    }
    for (act, body) in [(page(), "<!doctype html><title>Log in</title>"), (half(), r#"{"a":[1,"#)] {
        let server = platform([act]).await;
        let ended = run(call(&server, &["GET", "/x", "--accept", "*/*"])).await;
        ended.assert_exit_code(0);
        assert_eq!((ended.stdout().as_str(), calls(&server)[0].header("accept")), (body, Some("*/*")));
    }
    // A connection that breaks is another matter: it is tried again, and a change is not.
    run(call(&platform([cut("{}")]).await, &["POST", "/x"])).await.assert_exit_code(4);
}

#[tokio::test]
async fn bytes_that_are_no_text_go_to_a_file_only() {
    let bytes = [b"\xff\xd8 ".as_slice(), TOKEN.as_bytes(), b"\xc3"].concat();
    let server = platform([answer_bytes(200, "content-type: application/pdf\n", &bytes)]).await;
    let ended = run(call(&server, &["GET", "/report.pdf"])).await;
    ended.assert_exit_code(8).assert_stderr_has("give --output FILE");
    assert_eq!(ended.stdout(), "");

    let server = platform([answer_bytes(200, "content-type: application/pdf\n", &bytes)]).await;
    let call = call(&server, &["GET", "/report.pdf", "-o", "report.pdf"]);
    let path = call.directory().join("report.pdf");
    let ended = beside(call).await;
    ended.assert_exit_code(0);
    assert_eq!(fs_err::read(path).unwrap(), b"\xff\xd8 ***\xc3");
}

#[tokio::test]
async fn on_github_the_answer_goes_to_a_file_and_nothing_of_it_to_the_runner() {
    let hostile = "{\"a\":\"\n::error::x\n::set-output name=class::passed\n##[add-path]/tmp\"}";
    let act = || answer(200, "content-type: text/plain\nserver: ::error::x ##[group]y\n", hostile);
    let server = platform([act()]).await;
    let on_github = |call: Scangate| call.env("GITHUB_ACTIONS", "true").env("GITHUB_EVENT_NAME", "push");
    let refused = beside(on_github(call(&server, &["GET", "/x"]))).await;
    refused.assert_exit_code(2).assert_stderr_has("on GitHub the answer needs --output");
    assert_eq!(server.count(), 0);

    let refusal = answer(422, "", "::error::y");
    for (act, exit_code, body) in [(act(), 0, hostile), (refusal, 2, "::error::y")] {
        let call = on_github(call(&platform([act]).await, &["POST", "/x", "-o", "answer", "-i"]));
        let ended = beside(call).await;
        ended.assert_exit_code(exit_code);
        assert_eq!(ended.file("work/answer"), body);
        let masks = ended.stdout();
        assert!(masks.contains(&format!("::add-mask::{TOKEN}")), "{masks}");
        assert!(masks.lines().all(|line| line.starts_with("::add-mask::")), "{masks}");
        let log = ended.stderr();
        assert!(!log.lines().any(|line| line.trim_start().starts_with("::") || line.contains("##[")), "{log}");
        assert!(!log.contains(TOKEN) && !log.contains(PAT), "{log}");
    }
    let head = on_github(call(&platform([answer(200, "", "")]).await, &["HEAD", "/x"]));
    beside(head).await.assert_exit_code(0);
}

#[tokio::test]
async fn an_answer_that_cannot_be_written_is_known_before_anything_is_sent() {
    let server = platform([answer(200, JSON, "{}")]).await;
    let ended = run(call(&server, &["DELETE", "/x", "-o", "no/such/folder/answer"])).await;
    ended.assert_exit_code(8).assert_stderr_has("no/such/folder does not exist");
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn no_redirect_takes_the_token_to_another_origin() {
    let other = Server::start([answer(200, JSON, "{}")]).await;
    let server = platform([answer(302, &format!("location: {}\n", other.url("/x")), "")]).await;
    run(call(&server, &["GET", "/x"])).await.assert_exit_code(7).assert_stderr_has("a redirect to");
    assert_eq!(other.count(), 0);
}

#[tokio::test]
async fn a_limit_that_outlasts_the_deadline_ends_the_call_at_once() {
    let server = platform([answer(429, "retry-after: 3000\n", "slow")]).await;
    let ended = run(call(&server, &["GET", "/x", "--timeout", "2m"])).await;
    ended.assert_exit_code(5).assert_stderr_has("deadline");
    assert_eq!((ended.stdout().as_str(), calls(&server).len()), ("slow", 1));
}

#[tokio::test]
async fn a_body_beyond_the_bound_is_an_error_that_says_so() {
    let body = vec![b' '; (64 << 20) + 1];
    let ended = run(call(&platform([answer_bytes(200, "", &body)]).await, &["POST", "/x"])).await;
    ended.assert_exit_code(7).assert_stderr_has("with more than 64 MiB");
}
