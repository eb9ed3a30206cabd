//! Against npm's oidc-provider, with Chromium.

use std::process::Stdio;

use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use super::script::{Script, modules};
use super::{Person, Turn, assert_silent, parameter};

/// The parts of a test, and the turn at the port.
struct Stage {
    provider: Script,
    browser: Script,
    person: Person,
    _profile: TempDir,
    _turn: Turn,
}

impl Stage {
    fn set() -> Option<Self> {
        let modules = modules()?;
        let turn = Turn::take();
        let provider = Script::start("provider.mjs", modules);
        let profile = tempfile::tempdir().unwrap();
        let browser = Script::start("browser.mjs", profile.path());
        let origin = provider.ready["origin"].as_str().unwrap();
        let person = Person::at(origin, origin);
        Some(Self { provider, browser, person, _profile: profile, _turn: turn })
    }

    fn open(&mut self, url: &str) -> Value {
        self.browser.ask(&json!({ "open": url }))
    }

    fn click(&mut self, button: &str) -> Value {
        self.browser.ask(&json!({ "click": format!("#{button}") }))
    }

    /// Logs in, gives the answer to the provider's last question, and then the page that the program shows.
    fn answer(&mut self, url: &Url, answer: &str) -> Value {
        let page = self.open(url.as_str());
        if page["title"] == "Who are you?" {
            self.click("login");
        }
        self.click(answer)
    }

    /// Logs in from beginning to end, and gives the address that the browser was sent to.
    fn log_in(&mut self) -> Url {
        let (login, url) = self.person.begin();
        let page = self.answer(&url, "allow");
        assert_eq!(page["title"], "Back to the terminal", "{page}");
        let ended = login.end();
        ended.assert_exit_code(0).assert_stderr_has("logged in to CybeDefend");
        let back = Url::parse(page["url"].as_str().unwrap()).unwrap();
        ended.assert_no_trace_of(&parameter(&back, "code"));
        assert_silent(&ended, &self.person.stored());
        back
    }

    /// The grants that the provider was asked for, and how each ended.
    fn grants(&mut self) -> Vec<(String, Option<String>)> {
        let seen = self.provider.ask(&json!({ "seen": true }));
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let grants = seen["token"].as_array().unwrap().iter();
        grants.map(|grant| (text(&grant["grant"]).unwrap(), text(&grant["error"]))).collect()
    }
}

fn good(grant: &str) -> (String, Option<String>) {
    (grant.to_owned(), None)
}

fn bad(grant: &str) -> (String, Option<String>) {
    (grant.to_owned(), Some("invalid_grant".to_owned()))
}

#[test]
fn a_person_logs_in_and_later_runs_renew_the_login_before_and_after_its_token_ends() {
    let Some(mut stage) = Stage::set() else { return };
    stage.log_in();
    let first = stage.person.stored();
    stage.person.ask().run().assert_exit_code(0);
    assert_eq!(stage.grants(), [good("authorization_code")]);

    stage.person.store_ended(first.clone());
    stage.person.ask().run().assert_exit_code(0);
    let second = stage.person.stored();
    assert_ne!(second["refresh_token"], first["refresh_token"], "the provider replaces it at each use");
    stage.provider.ask(&json!({ "expire": true }));
    let asked = stage.person.ask().run();
    asked.assert_exit_code(0);
    assert_silent(&asked, &second);
    assert_silent(&asked, &stage.person.stored());
    assert_eq!(stage.grants(), [good("authorization_code"), good("refresh_token"), good("refresh_token")]);
}

#[test]
fn a_person_who_denies_is_told_so_in_the_browser_and_in_the_terminal() {
    let Some(mut stage) = Stage::set() else { return };
    let (login, url) = stage.person.begin();
    let page = stage.answer(&url, "deny");
    assert_eq!(page["title"], "Not logged in");
    let text = page["text"].as_str().unwrap();
    assert!(text.contains("access_denied") && text.contains("<b>aborted</b>"), "what is said is text: {text}");
    assert!(!page["html"].as_str().unwrap().contains("<b>"));
    login.end().assert_exit_code(3).assert_stderr_has("the login was refused: ").assert_stderr_has("access_denied");
    assert!(!stage.person.has_login() && stage.grants().is_empty());
}

#[test]
fn a_wrong_state_shows_nothing_and_ends_nothing() {
    let Some(mut stage) = Stage::set() else { return };
    let (login, url) = stage.person.begin();
    for query in
        ["code=forged&state=forged", "error=%3Cscript%3Edocument.title='run'%3C/script%3E&state=forged", "code=forged"]
    {
        let page = stage.open(&format!("http://localhost:9877/callback?{query}"));
        assert_eq!(page["title"], "Not logged in", "{query}");
        assert!(!page["html"].as_str().unwrap().contains("forged") && !page["html"].as_str().unwrap().contains("run'"));
    }
    assert!(!stage.person.has_login() && stage.grants().is_empty());
    assert_eq!(stage.answer(&url, "allow")["title"], "Back to the terminal");
    login.end().assert_exit_code(0);
    assert_eq!(stage.grants(), [good("authorization_code")]);
}

#[test]
fn a_code_that_was_used_before_logs_nobody_in() {
    let Some(mut stage) = Stage::set() else { return };
    let code = parameter(&stage.log_in(), "code");
    let stored = stage.person.stored();
    let (login, url) = stage.person.begin();
    let own = parameter(&url, "state");
    let page = stage.open(&format!("http://localhost:9877/callback?code={code}&state={own}"));
    assert_eq!(page["title"], "Back to the terminal");
    let ended = login.end();
    ended.assert_exit_code(3).assert_stderr_has("refused").assert_stderr_has("invalid_grant").assert_no_trace_of(&code);
    assert_eq!(stage.grants(), [good("authorization_code"), bad("authorization_code")]);
    assert_eq!(stage.person.stored(), stored, "the login that was there is left alone");
}

#[test]
fn a_refresh_token_that_was_used_before_ends_the_run_with_the_way_back_in() {
    let Some(mut stage) = Stage::set() else { return };
    stage.log_in();
    let first = stage.person.stored();
    stage.person.store_ended(first.clone());
    stage.person.ask().run().assert_exit_code(0);
    stage.person.store_ended(first.clone());
    let ended = stage.person.ask().run();
    ended.assert_exit_code(3).assert_stderr_has("the stored login was refused");
    ended.assert_stderr_has("log in again with `scangate login --platform cybedefend`");
    assert_silent(&ended, &first);
    assert_eq!(stage.grants(), [good("authorization_code"), good("refresh_token"), bad("refresh_token")]);
    // And so back in.
    stage.log_in();
    stage.person.ask().run().assert_exit_code(0);
}

#[test]
fn runs_at_once_use_a_refresh_token_once() {
    let Some(mut stage) = Stage::set() else { return };
    stage.log_in();
    stage.person.store_ended(stage.person.stored());
    let runs = [(); 3].map(|()| stage.person.ask().start(Stdio::piped()));
    for run in runs {
        run.end().assert_exit_code(0);
    }
    assert_eq!(stage.grants(), [good("authorization_code"), good("refresh_token")]);
}
