//! A stored login in a run: used while it lives, renewed before it ends and once on a 401, and saved before it is used.
#![expect(clippy::unwrap_used, reason = "a test's fixture that fails has to fail the test")]

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use scangate::clock::Clock;
use scangate::credentials::Secret;
use scangate::credentials::store::{Store, Stored};
use scangate::error::Class;
use scangate::http::{Authorizer, Call, Client, Error, Grant, Options, Redactor, Replay, Session};
use scangate::platform::PlatformId;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::server::{Act, Server, answer, cut};
use super::{clock, everything, is};

/// The moment at which the simulated clock stands, and ten minutes later.
const LIVES: &str = "2099-01-01T00:00:00Z";
const ENDED: &str = "1999-01-01T00:00:00Z";

/// A home with a login in it.
struct Home {
    folder: TempDir,
}

impl Home {
    fn with(access: &str, refresh: Option<&str>, expiry: &str) -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap() };
        home.write(access, refresh, expiry);
        home
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("login/credentials.json")
    }

    fn write(&self, access: &str, refresh: Option<&str>, expiry: &str) {
        write(&self.path(), access, refresh, expiry);
    }

    fn now(&self) -> Value {
        serde_json::from_slice(&fs_err::read(self.path()).unwrap()).unwrap()
    }

    /// A run with the login that is there now: its session.
    fn run(&self, auth: &Server, api: &Server, clock: Clock) -> Session {
        let redactor = Redactor::default();
        let store = Store::new(self.path(), PlatformId::CybeDefend);
        let login = store.load(&redactor).unwrap().unwrap();
        let grant = Grant {
            token_url: auth.url("/oidc/token"),
            form: vec![("grant_type", secret("refresh_token")), ("client_id", secret("cli"))],
            replay: Replay::IfUnsent,
            refresh_url: None,
            stored: Some(Box::new(Stored { store, login })),
            most_exchanges: None,
            longest_life: Duration::from_mins(10),
            refusal: "the stored login was refused".to_owned(),
            remedy: "log in again".to_owned(),
        };
        let deadline = clock.monotonic() + Duration::from_hours(2);
        let client = Client::new(&Options::default(), clock, deadline, redactor).unwrap();
        Session::new(client, &api.url("/"), Authorizer::Grant(grant))
    }
}

fn write(path: &std::path::Path, access: &str, refresh: Option<&str>, expiry: &str) {
    let mut login = json!({ "type": "oauth", "region": "us", "access_token": access, "token_expiry": expiry });
    if let Some(refresh) = refresh {
        login["refresh_token"] = json!(refresh);
    }
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(path, login.to_string()).unwrap();
}

fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

fn tokens(access: &str, refresh: Option<&str>) -> Act {
    let mut body = json!({ "access_token": access, "token_type": "Bearer", "expires_in": 3600 });
    if let Some(refresh) = refresh {
        body["refresh_token"] = json!(refresh);
    }
    answer(200, "", &body.to_string())
}

fn refused() -> Act {
    answer(400, "", r#"{"error":"invalid_grant","error_description":"grant request is invalid"}"#)
}

fn fine() -> Act {
    answer(200, "", "{}")
}

async fn get(session: &Session, api: &Server) -> Result<(), Error> {
    session.send(Call::get(api.url("/scan"))).await.map(drop)
}

/// The tokens that the API was sent.
fn bearers(api: &Server) -> Vec<String> {
    let seen = api.seen();
    seen.iter().map(|seen| seen.header("authorization").unwrap().replace("Bearer ", "")).collect()
}

/// The refresh tokens that the provider was sent.
fn refreshes(auth: &Server) -> Vec<String> {
    let field = |seen: &super::server::Seen| {
        seen.form().into_iter().find(|(name, _)| name == "refresh_token").unwrap_or_default().1
    };
    auth.seen().iter().map(field).collect()
}

#[tokio::test]
async fn a_token_that_lives_is_used_and_one_that_has_ended_is_renewed_first() {
    let auth = Server::start([tokens("access-token-2", Some("refresh-token-2"))]).await;
    let api = Server::start([fine(), fine()]).await;
    let home = Home::with("access-token-1", Some("refresh-token-1"), LIVES);
    get(&home.run(&auth, &api, clock()), &api).await.unwrap();
    assert_eq!(auth.count(), 0);
    home.write("access-token-1", Some("refresh-token-1"), ENDED);
    get(&home.run(&auth, &api, clock()), &api).await.unwrap();
    assert_eq!(bearers(&api), ["access-token-1", "access-token-2"]);
    assert_eq!(refreshes(&auth), ["refresh-token-1"]);
}

#[tokio::test]
async fn the_next_refresh_token_is_saved_before_the_new_token_is_used() {
    let home = Home::with("access-token-1", Some("refresh-token-1"), ENDED);
    let auth = Server::start([tokens("access-token-2", Some("refresh-token-2"))]).await;
    let (path, found) = (home.path(), Arc::new(Mutex::new(Value::Null)));
    let seen = Arc::clone(&found);
    let look = move || *seen.lock().unwrap() = serde_json::from_slice(&fs_err::read(&path).unwrap()).unwrap();
    let api = Server::start([Act::After(Arc::new(look), Box::new(fine()))]).await;
    let clock = clock();
    get(&home.run(&auth, &api, clock.clone()), &api).await.unwrap();
    let found = found.lock().unwrap();
    assert_eq!(
        (&found["refresh_token"], &found["access_token"]),
        (&json!("refresh-token-2"), &json!("access-token-2"))
    );
    let expiry: jiff::Timestamp = found["token_expiry"].as_str().unwrap().parse().unwrap();
    assert_eq!(expiry.duration_since(clock.now()).as_secs(), 600, "an hour is not believed");
}

#[tokio::test]
async fn a_provider_that_keeps_the_refresh_token_leaves_it_good() {
    let home = Home::with("access-token-1", Some("refresh-token-1"), ENDED);
    let auth = Server::start([tokens("access-token-2", None)]).await;
    let api = Server::start([fine()]).await;
    get(&home.run(&auth, &api, clock()), &api).await.unwrap();
    assert_eq!(home.now()["refresh_token"], "refresh-token-1");
}

#[tokio::test]
async fn a_long_run_renews_before_the_end_and_once_on_a_401() {
    let home = Home::with("access-token-1", Some("refresh-token-1"), ENDED);
    let auth = Server::start(
        ["2", "3", "4"].map(|n| tokens(&format!("access-token-{n}"), Some(&format!("refresh-token-{n}")))),
    )
    .await;
    let api = Server::start([fine(), fine(), answer(401, "", "{}"), fine(), answer(401, "", "{}")]).await;
    let clock = clock();
    let session = home.run(&auth, &api, clock.clone());
    get(&session, &api).await.unwrap();
    clock.advance(Duration::from_secs(545));
    get(&session, &api).await.unwrap();
    get(&session, &api).await.unwrap();
    assert_eq!(bearers(&api), ["access-token-2", "access-token-3", "access-token-3", "access-token-4"]);
    assert_eq!(refreshes(&auth), ["refresh-token-1", "refresh-token-2", "refresh-token-3"]);
    assert_eq!(home.now()["refresh_token"], "refresh-token-4");
}

#[tokio::test]
async fn a_refused_refresh_ends_the_run_with_the_way_back_in_and_is_tried_once() {
    let home = Home::with("access-token-1", Some("refresh-token-1"), ENDED);
    let (auth, api) = (Server::start([refused()]).await, Server::start([]).await);
    let session = home.run(&auth, &api, clock());
    for _ in 0..2 {
        let error = get(&session, &api).await.unwrap_err();
        assert!(is(&error, Class::Auth) && error.hint().as_deref() == Some("log in again"), "{error}");
        assert!(everything(&error).contains("invalid_grant") && !everything(&error).contains("-token-1"));
    }
    assert_eq!((auth.count(), api.count()), (1, 0));
    assert_eq!(home.now()["refresh_token"], "refresh-token-1", "what is refused is left for the next login to replace");
}

#[tokio::test]
async fn an_answer_that_is_lost_is_not_asked_for_again() {
    let home = Home::with("access-token-1", Some("refresh-token-1"), ENDED);
    let (auth, api) = (Server::start([cut("{\"access_token\":"), refused()]).await, Server::start([]).await);
    let error = get(&home.run(&auth, &api, clock()), &api).await.unwrap_err();
    assert!(is(&error, Class::Unavailable), "{error}");
    assert_eq!(auth.count(), 1, "the refresh token may be used up, and a second use would end the login");
}

#[tokio::test]
async fn two_runs_at_once_get_one_token_between_them() {
    let home = Home::with("access-token-1", Some("refresh-token-1"), ENDED);
    let auth = Server::start([tokens("access-token-2", Some("refresh-token-2"))]).await;
    let api = Server::start([fine(), fine()]).await;
    // Real time: the one that comes second waits for the first one's lock.
    let runs = [(); 2].map(|()| home.run(&auth, &api, Clock::system()));
    let (one, other) = tokio::join!(get(&runs[0], &api), get(&runs[1], &api));
    one.and(other).unwrap();
    assert_eq!(refreshes(&auth), ["refresh-token-1"]);
    assert_eq!(bearers(&api), ["access-token-2", "access-token-2"]);
    assert_eq!(home.now()["refresh_token"], "refresh-token-2");
}

#[tokio::test]
async fn a_client_that_takes_no_lock_is_forgiven() {
    let home = Home::with("access-token-1", Some("refresh-token-1"), ENDED);
    let path = home.path();
    let meanwhile = move || write(&path, "access-token-2", Some("refresh-token-2"), LIVES);
    let auth = Server::start([Act::After(Arc::new(meanwhile), Box::new(refused()))]).await;
    let api = Server::start([fine()]).await;
    get(&home.run(&auth, &api, clock()), &api).await.unwrap();
    assert_eq!((bearers(&api), auth.count()), (vec!["access-token-2".to_owned()], 1));
}

#[tokio::test]
async fn a_login_that_is_another_by_now_is_not_used() {
    let run = |change: fn(&Home)| async move {
        let home = Home::with("access-token-1", Some("refresh-token-1"), ENDED);
        let (auth, api) = (Server::start([]).await, Server::start([]).await);
        let session = home.run(&auth, &api, clock());
        change(&home);
        let error = get(&session, &api).await.unwrap_err();
        assert_eq!((error.class(), auth.count(), api.count()), (Class::Auth, 0, 0), "{error}");
        error.to_string()
    };
    let elsewhere = |home: &Home| {
        let mut login = home.now();
        login["region"] = json!("eu");
        login["access_token"] = json!("access-token-9");
        login["token_expiry"] = json!(LIVES);
        fs_err::write(home.path(), login.to_string()).unwrap();
    };
    let other_kind = |home: &Home| fs_err::write(home.path(), r#"{"type":"pat","region":"us","pat":"pat_9"}"#).unwrap();
    let without_refresh = |home: &Home| home.write("access-token-1", None, ENDED);
    let gone = |home: &Home| fs_err::remove_file(home.path()).unwrap();
    assert!(run(elsewhere).await.ends_with("was replaced by one for other hosts"));
    assert!(run(other_kind).await.ends_with("was replaced by one of another kind"));
    assert!(run(without_refresh).await.ends_with("has ended, and there is no refresh token"));
    assert!(run(gone).await.ends_with("was removed"));
}

#[tokio::test]
async fn a_corrupt_file_is_named_and_nothing_is_sent() {
    let home = Home::with("access-token-1", Some("refresh-token-1"), ENDED);
    let (auth, api) = (Server::start([]).await, Server::start([]).await);
    let session = home.run(&auth, &api, clock());
    fs_err::write(home.path(), "{\"type\":\"oauth\"").unwrap();
    let error = get(&session, &api).await.unwrap_err();
    assert!(is(&error, Class::Auth) && error.to_string().contains("credentials.json"), "{error}");
    assert_eq!((auth.count(), api.count()), (0, 0));
}
