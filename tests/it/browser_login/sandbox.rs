//! Against the sandbox, with a browser that only follows links.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Stdio;

use url::Url;

use super::{Person, Turn, assert_silent, parameter};
use crate::served::Served;

/// Opens an address and gives the whole answer.
pub(crate) fn visit(url: &Url) -> String {
    let port = url.port().unwrap();
    let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let (path, query) = (url.path(), url.query().unwrap_or_default());
    let host = url.host_str().unwrap();
    write!(connection, "GET {path}?{query} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

/// Answers the question at an address, and gives the address that the browser is sent to.
pub(crate) fn decide(url: &Url, decision: &str) -> Url {
    let mut url = url.clone();
    url.query_pairs_mut().append_pair("decision", decision);
    let answer = visit(&url);
    let location = answer.lines().find_map(|line| line.strip_prefix("location: ")).unwrap();
    Url::parse(location).unwrap()
}

fn person(served: &Served) -> Person {
    Person::at(served.variable("CYBEDEFEND_API_URL"), served.variable("CYBEDEFEND_AUTH_ENDPOINT"))
}

/// Somebody who has logged in.
fn logged_in(served: &Served) -> Person {
    let person = person(served);
    let _turn = Turn::take();
    let (login, url) = person.begin();
    visit(&decide(&url, "allow"));
    login.end().assert_exit_code(0);
    person
}

#[test]
fn a_login_is_kept_for_later_runs_which_renew_it() {
    let served = Served::with_faults(&[]);
    let person = person(&served);
    let turn = Turn::take();
    let (login, url) = person.begin();
    assert_eq!(parameter(&url, "redirect_uri"), "http://localhost:9877/callback");
    let back = decide(&url, "allow");
    let page = visit(&back);
    assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("Back to the terminal"), "{page}");
    let ended = login.end();
    drop(turn);
    ended.assert_exit_code(0).assert_stderr_has("logged in to CybeDefend");
    let stored = person.stored();
    assert_silent(&ended, &stored);
    ended.assert_no_trace_of(&parameter(&back, "code"));
    assert_eq!((&stored["type"], &stored["api_url"]), (&"oauth".into(), &person.api.as_str().into()));

    person.ask().run().assert_exit_code(0);
    assert_eq!(person.stored(), stored, "a token that lives is used as it is");
    person.store_ended(stored.clone());
    let asked = person.ask().run();
    asked.assert_exit_code(0);
    let renewed = person.stored();
    assert_ne!(renewed["refresh_token"], stored["refresh_token"]);
    assert_silent(&asked, &stored);
    assert_silent(&asked, &renewed);

    // A copy of the login that was used elsewhere: the provider ends both.
    person.store_ended(stored);
    let refused = person.ask().run();
    refused.assert_exit_code(3).assert_stderr_has("the stored login was refused");
    refused.assert_stderr_has("scangate login --platform cybedefend");
}

#[test]
fn a_scan_with_a_stored_login_outlives_its_tokens() {
    let served = Served::with_faults(&["expire-token=4"]);
    let person = logged_in(&served);
    let before = person.stored();
    let project = served.variable("CYBEDEFEND_PROJECT_ID");
    let scan = ["scan", "--platform", "cybedefend", "--project-id", project, "--poll-interval", "100ms"];
    let ended = person.call(scan).file("app.py", "print(1)\n").run();
    ended.assert_exit_code(0).assert_stderr_has("the login in ");
    assert_ne!(person.stored()["refresh_token"], before["refresh_token"]);
    assert_silent(&ended, &person.stored());
}

#[test]
fn two_runs_at_once_lose_no_login() {
    let served = Served::with_faults(&[]);
    let person = logged_in(&served);
    for _ in 0..5 {
        person.store_ended(person.stored());
        let runs = [(); 3].map(|()| person.ask().start(Stdio::piped()));
        for run in runs {
            run.end().assert_exit_code(0);
        }
    }
    person.store_ended(person.stored());
    person.ask().run().assert_exit_code(0);
}

#[test]
fn a_login_that_is_denied_says_so_and_leaves_nothing() {
    let served = Served::with_faults(&[]);
    let person = person(&served);
    let _turn = Turn::take();
    let (login, url) = person.begin();
    let page = visit(&decide(&url, "deny"));
    assert!(page.contains("The login was refused") && page.contains("aborted"), "{page}");
    login.end().assert_exit_code(3).assert_stderr_has("access_denied").assert_stderr_has("--pat -");
    assert!(!person.has_login());
}

#[test]
fn a_port_in_use_and_a_ci_are_refused_with_the_way_out() {
    let served = Served::with_faults(&[]);
    let person = person(&served);
    for (name, value) in
        [("CI", "true"), ("GITHUB_ACTIONS", "true"), ("GITLAB_CI", "true"), ("JENKINS_URL", "http://j")]
    {
        let ended = person.login().env(name, value).run();
        ended.assert_exit_code(2).assert_stderr_has("this is a CI job").assert_stderr_has("--pat -");
    }
    let _turn = Turn::take();
    let _other = TcpListener::bind((Ipv4Addr::LOCALHOST, 9877)).unwrap();
    person.login().run().assert_exit_code(2).assert_stderr_has("127.0.0.1:9877").assert_stderr_has("--pat -");
    assert!(!person.has_login());
}
