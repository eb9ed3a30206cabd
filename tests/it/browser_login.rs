//! `scangate login` without a token: the program as a process, with a browser that is a few lines of ours, and with Chromium.
#![expect(clippy::unwrap_used, reason = "a test that cannot start its parts has failed")]

mod chromium;
pub(crate) mod sandbox;
mod script;

use std::fs::{File, OpenOptions};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use crate::harness::{Ended, Running, Scangate};

/// The one port on which a login listens. Tests in this process take turns, and so do test runs side by side.
static PORT: Mutex<()> = Mutex::new(());

pub(crate) struct Turn {
    _here: MutexGuard<'static, ()>,
    _machine: File,
}

impl Turn {
    pub(crate) fn take() -> Self {
        let here = PORT.lock().unwrap_or_else(PoisonError::into_inner);
        let path = std::env::temp_dir().join("scangate-tests-port-9877.lock");
        let machine = OpenOptions::new().create(true).truncate(false).write(true).open(path).unwrap();
        machine.lock().unwrap();
        Self { _here: here, _machine: machine }
    }
}

/// A platform to log in to, and a home that calls share.
struct Person {
    home: TempDir,
    api: String,
    auth: String,
}

impl Person {
    fn at(api: &str, auth: &str) -> Self {
        Self { home: tempfile::tempdir().unwrap(), api: api.to_owned(), auth: auth.to_owned() }
    }

    /// A call of the program with this person's home.
    fn call<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Scangate {
        Scangate::new(arguments).env("HOME", self.home.path())
    }

    /// A call that logs in at the platform.
    fn login(&self) -> Scangate {
        let arguments = [
            "login",
            "--platform",
            "cybedefend",
            "--no-browser",
            "--api-url",
            &self.api,
            "--auth-url",
            &self.auth,
            "-vv",
        ];
        self.call(arguments)
    }

    /// Begins a login, and gives the address that it shows.
    fn begin(&self) -> (Running, Url) {
        let mut login = self.login().start(Stdio::piped());
        let url = Url::parse(&login.line()).unwrap();
        assert!(url.as_str().starts_with(&self.auth), "{url}");
        (login, url)
    }

    /// Asks the API something with the stored login.
    fn ask(&self) -> Scangate {
        self.call(["api", "--platform", "cybedefend", "GET", "/organizations", "-vv"])
    }

    fn path(&self) -> PathBuf {
        self.home.path().join(".cybedefend/credentials.json")
    }

    /// What is stored.
    fn stored(&self) -> Value {
        serde_json::from_slice(&fs_err::read(self.path()).unwrap()).unwrap()
    }

    /// Stores a login as the vendor's own client would, with an access token that has ended.
    fn store_ended(&self, mut login: Value) {
        login["token_expiry"] = json!("2020-01-01T00:00:00Z");
        fs_err::write(self.path(), login.to_string()).unwrap();
    }

    fn has_login(&self) -> bool {
        self.path().exists()
    }
}

pub(crate) fn parameter(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned()
}

/// Fails if a token, code or verifier is in what was said. The tokens are those of the login.
#[track_caller]
fn assert_silent(ended: &Ended, login: &Value) {
    for field in ["access_token", "refresh_token"] {
        let secret = login[field].as_str().unwrap();
        assert_eq!(ended.trace_of(secret), None, "{field}");
    }
}
