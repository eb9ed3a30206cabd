//! The login in a browser: what it is bought with, and what it brings.

use std::process::Stdio;

use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use super::echo::{Act, forms, marked};
use super::{Stage, scan, trace};
use crate::browser_login::sandbox::{decide, visit};
use crate::browser_login::{Turn, parameter};
use crate::harness::{Ended, Scangate};

/// What the person at the browser, or somebody in between, does.
#[derive(Clone, Copy, Debug)]
enum Hand {
    Allows,
    /// Says no, and the provider repeats what it knows in its explanation.
    Denies,
    /// Another page of the browser is first, with a state of its own.
    WrongState,
    /// The code is not that of the provider.
    WrongCode,
}

/// A code that no provider gave.
const FORGED: &str = "f0rged-code-Xy7-Xy7-Xy7-Xy7";

/// Requests that come before the exchange: the one for the instance's application.
const BEFORE_EXCHANGE: usize = 1;

/// A sandbox that repeats secrets, and the home of somebody who logs in there.
struct Login {
    stage: Stage,
    home: TempDir,
}

impl Login {
    fn at(act: Act) -> Self {
        let stage = Stage::set("cybedefend", act, BEFORE_EXCHANGE);
        stage.echo.forget(&marked("cybedefend_pat"));
        Self { stage, home: tempfile::tempdir().unwrap() }
    }

    fn call<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Scangate {
        self.stage.call(arguments).without("CYBEDEFEND_PAT").env("HOME", self.home.path())
    }

    /// Logs in by hand. The address that is shown has to hold the state; it is looked at no further.
    fn log_in(&self, hand: Hand) -> Ended {
        let _turn = Turn::take();
        let arguments = ["login", "--platform", "cybedefend", "--no-browser", "--timeout", "20s", "-vv"];
        let mut login = self.call(arguments).start(Stdio::piped());
        let url = Url::parse(&self.stage.echo.behind(&login.line())).unwrap();
        assert_eq!(self.stage.echo.requests(), BEFORE_EXCHANGE);
        let state = parameter(&url, "state");
        self.stage.echo.learn(&state);
        let mut back = decide(&url, if matches!(hand, Hand::Denies) { "deny" } else { "allow" });
        let return_with = |query: &[(&str, &str)]| {
            let mut back = back.clone();
            back.query_pairs_mut().clear().extend_pairs(query);
            back
        };
        match hand {
            Hand::Allows => self.stage.echo.learn(&parameter(&back, "code")),
            Hand::Denies => {
                let words = forms(&state).join(" ");
                back = return_with(&[("error", "access_denied"), ("error_description", &words), ("state", &state)]);
            }
            Hand::WrongState => {
                let other = return_with(&[("code", FORGED), ("state", "another")]);
                assert!(visit(&other).starts_with("HTTP/1.1 400 "));
            }
            Hand::WrongCode => back = return_with(&[("code", FORGED), ("state", &state)]),
        }
        let page = visit(&back);
        if !matches!(hand, Hand::Denies) {
            assert_eq!(trace::find(page.as_bytes(), &self.stage.echo.secrets()), None, "the page");
        }
        let ended = login.end();
        self.assert_clean(&format!("{hand:?}"), &ended);
        ended.assert_no_trace_of(FORGED);
        ended
    }

    /// What the login was bought with is spent, and no later run knows of it.
    fn forget_the_spent(&self, stored: &Value) {
        let fresh = [&stored["access_token"], &stored["refresh_token"]];
        let given = ["proxy", "github"].map(marked);
        let secrets = self.stage.echo.secrets().into_iter();
        secrets
            .filter(|secret| !given.contains(secret) && fresh.iter().all(|token| *token != secret))
            .for_each(|spent| self.stage.echo.forget(&spent));
    }

    fn assert_clean(&self, what: &str, ended: &Ended) {
        self.stage.assert_clean(what, ended, None);
        let folder = fs_err::read_dir(self.home.path().join(".cybedefend"));
        let mut kept: Vec<_> = folder.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
        kept.retain(|path| !path.ends_with("credentials.json"));
        for path in kept {
            assert_eq!(
                trace::find(&fs_err::read(&path).unwrap(), &self.stage.echo.secrets()),
                None,
                "{what}: {}",
                path.display()
            );
        }
    }

    /// What is stored, and its own file.
    fn stored(&self) -> Option<Value> {
        let content = fs_err::read(self.home.path().join(".cybedefend/credentials.json")).ok()?;
        Some(serde_json::from_slice(&content).unwrap())
    }
}

#[test]
fn no_end_of_a_login_in_a_browser_shows_a_secret() {
    for (hand, act, ends) in [
        (Hand::Allows, Act::Forward, 0),
        (Hand::WrongState, Act::Forward, 0),
        (Hand::Denies, Act::Forward, 3),
        (Hand::WrongCode, Act::Forward, 3),
        (Hand::Allows, Act::Refuse(400), 3),
        (Hand::Allows, Act::Refuse(401), 3),
        (Hand::Allows, Act::Refuse(500), 4),
        (Hand::Allows, Act::Page, 7),
        (Hand::Allows, Act::Cut, 7),
        (Hand::Allows, Act::Redirect, 7),
    ] {
        let login = Login::at(act);
        let ended = login.log_in(hand);
        let what = format!("{hand:?}, {act:?}");
        assert_eq!(ended.exit_code(), ends, "{what}: {}", ended.stderr());
        assert_eq!(login.stored().is_some(), ends == 0, "{what}");
        let exchanged = login.stage.echo.requests() > BEFORE_EXCHANGE;
        assert_eq!(exchanged, !matches!(hand, Hand::Denies), "{what}");
    }
}

#[test]
fn a_scan_that_renews_the_login_of_a_browser_shows_no_secret() {
    let login = Login::at(Act::Forward);
    login.log_in(Hand::Allows).assert_exit_code(0);
    let mut stored = login.stored().unwrap();
    login.forget_the_spent(&stored);
    let first = stored["refresh_token"].clone();
    stored["token_expiry"] = json!("2020-01-01T00:00:00Z");
    fs_err::write(login.home.path().join(".cybedefend/credentials.json"), stored.to_string()).unwrap();
    let arguments = scan("cybedefend", &["--timeout", "2m", "--fail-on", "none"]);
    let ended = login.call(arguments.iter().map(String::as_str)).run();
    ended.assert_exit_code(0);
    let renewed = login.stored().unwrap();
    assert_ne!(renewed["refresh_token"], first);
    let secrets = login.stage.echo.secrets();
    for token in [&first, &renewed["refresh_token"], &renewed["access_token"]] {
        assert!(secrets.iter().any(|secret| *secret == *token), "it was not repeated");
    }
    login.assert_clean("scan", &ended);
}
