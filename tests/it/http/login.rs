//! Keys in turn, and logins with a password: refreshed, limited, and never repeated once refused.
#![expect(clippy::unwrap_used, reason = "a test's fixture that fails has to fail the test")]

use std::time::Duration;

use scangate::credentials::Secret;
use scangate::error::Class;
use scangate::http::{Authorizer, Call, Error, Grant, Placement, Replay, Session};
use serde_json::json;
use url::Url;

use super::server::{Act, Server, answer, deserted};
use super::{client, everything, is};

const PASSWORD: &str = "correct horse";
const MFA_CODE: &str = "604291";

fn fine() -> Act {
    answer(200, "", "{}")
}

fn refused() -> Act {
    answer(401, "", r#"{"detail":"Could not validate credentials"}"#)
}

fn token(name: &str) -> Act {
    answer(200, "", &json!({"access_token": name, "token_type": "bearer", "expires_in": 3600}).to_string())
}

fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

/// A login that may be used once.
fn password_grant(token_url: Url, refresh_url: Option<Url>) -> Grant {
    Grant {
        token_url,
        form: vec![
            ("username", secret("user@example.com")),
            ("password", secret(PASSWORD)),
            ("mfa_code", secret(MFA_CODE)),
        ],
        replay: Replay::Never,
        refresh_url,
        stored: None,
        most_exchanges: Some(1),
        longest_life: Duration::from_hours(1),
        refusal: "the login was refused".to_owned(),
        remedy: "five refused logins lock the account".to_owned(),
    }
}

fn sign_in(auth: &Server, api: &Server, most_exchanges: u32) -> Session {
    let grant = password_grant(auth.url("/auth/token"), Some(auth.url("/auth/refresh")));
    let grant = Grant { most_exchanges: Some(most_exchanges), ..grant };
    Session::new(client().unwrap(), &api.url("/"), Authorizer::Grant(grant))
}

async fn get(session: &Session, api: &Server) -> Result<(), Error> {
    session.send(Call::get(api.url("/scan"))).await.map(drop)
}

async fn servers<const A: usize, const B: usize>(auth: [Act; A], api: [Act; B]) -> (Server, Server) {
    (Server::start(auth).await, Server::start(api).await)
}

fn signed(server: &Server, header: &str) -> Vec<String> {
    server.seen().iter().map(|seen| seen.header(header).unwrap_or_default().to_owned()).collect()
}

fn lines(server: &Server) -> Vec<String> {
    server.seen().into_iter().map(|seen| seen.line.replace(" HTTP/1.1", "")).collect()
}

fn keys(server: &Server, placement: Placement, keys: &[&str]) -> Session {
    let keys = keys.iter().map(|key| secret(key)).collect();
    Session::new(client().unwrap(), &server.url("/"), Authorizer::Keys { placement, keys })
}

#[tokio::test]
async fn a_key_goes_where_the_platform_wants_it() {
    for (placement, header, value) in [
        (Placement::Authorization("Api-Key".to_owned()), "authorization", "Api-Key key-number-one"),
        (Placement::Header("x-api-key"), "x-api-key", "key-number-one"),
    ] {
        let server = Server::start([fine()]).await;
        get(&keys(&server, placement, &["key-number-one"]), &server).await.unwrap();
        assert_eq!(signed(&server, header), [value]);
        assert_eq!(server.seen()[0].header("authorization").is_some(), header == "authorization");
    }
}

#[tokio::test]
async fn a_refused_key_gives_way_to_the_next_for_the_rest_of_the_run() {
    let server = Server::start([fine(), refused(), fine(), fine()]).await;
    let session = keys(&server, Placement::Header("x-api-key"), &["key-number-one", "key-number-two"]);
    assert_eq!(session.keys_refused(), 0);
    for _ in 0..3 {
        get(&session, &server).await.unwrap();
    }
    assert_eq!(signed(&server, "x-api-key"), ["key-number-one", "key-number-one", "key-number-two", "key-number-two"]);
    assert_eq!(session.keys_refused(), 1);
}

#[tokio::test]
async fn when_no_key_is_accepted_the_error_says_so_and_none_is_tried_again() {
    let server = Server::start([refused(), refused(), refused(), refused()]).await;
    let session = keys(&server, Placement::bearer(), &["key-number-one", "key-number-two", "key-number-three"]);
    for requests in [3, 4] {
        let error = get(&session, &server).await.unwrap_err();
        assert!(is(&error, Class::Auth) && error.status() == Some(401));
        assert!(error.to_string().ends_with("; none of the 3 keys is accepted"), "{error}");
        assert!(!everything(&error).contains("key-number"), "{}", everything(&error));
        assert_eq!(server.count(), requests);
    }
}

#[tokio::test]
async fn a_create_that_was_refused_with_one_key_goes_out_with_the_next() {
    let server = Server::start([refused(), answer(201, "", "{}")]).await;
    let session = keys(&server, Placement::bearer(), &["key-number-one", "key-number-two"]);
    let create = Call::post_json(server.url("/scans"), Some(&json!({"a": 1})), Replay::IfUnsent).unwrap();
    session.send(create).await.unwrap();
    assert!(server.seen().iter().all(|seen| seen.body == br#"{"a":1}"#));
}

#[tokio::test]
async fn without_any_key_nothing_is_sent() {
    let server = Server::start([]).await;
    let error = get(&keys(&server, Placement::bearer(), &[]), &server).await.unwrap_err();
    assert!(is(&error, Class::NoCredentials) && server.count() == 0);
}

#[tokio::test]
async fn a_refused_login_is_sent_once_however_many_calls_wait_for_it() {
    let (auth, api) = servers([refused(), token("token-one")], []).await;
    let session = sign_in(&auth, &api, 2);
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let (session, call) = (session.clone(), Call::get(api.url("/scan")));
            tokio::spawn(async move { session.send(call).await })
        })
        .collect();
    for task in tasks {
        let error = task.await.unwrap().unwrap_err();
        assert!(is(&error, Class::Auth) && !error.is_retryable());
        assert_eq!(error.to_string(), "the login was refused");
        assert_eq!(error.hint().as_deref(), Some("five refused logins lock the account"));
        assert_eq!(error.server_message(), Some("Could not validate credentials"));
    }
    assert!(get(&session, &api).await.is_err());
    assert_eq!((auth.count(), api.count()), (1, 0));
}

#[tokio::test]
async fn every_refusal_of_a_login_is_final() {
    for status in [400, 401, 403, 404, 422, 423] {
        let (auth, api) = servers([answer(status, "", ""), token("token-one")], []).await;
        let session = sign_in(&auth, &api, 2);
        assert!(get(&session, &api).await.is_err() && get(&session, &api).await.is_err());
        assert_eq!((auth.count(), api.count()), (1, 0), "{status}");
    }
}

#[tokio::test]
async fn a_login_that_nobody_heard_is_not_counted() {
    let (grant, api) = (password_grant(deserted().await, None), Server::start([]).await);
    let session = Session::new(client().unwrap(), &api.url("/"), Authorizer::Grant(grant));
    for _ in 0..2 {
        let error = get(&session, &api).await.unwrap_err();
        assert!(is(&error, Class::Unavailable) && error.is_unsent(), "{error}");
    }
}

#[tokio::test]
async fn no_error_shows_the_password_or_the_code() {
    let words = json!({"detail": format!("no {PASSWORD} and no {MFA_CODE}")}).to_string();
    let headers = format!("x-request-id: {MFA_CODE}\n");
    let (auth, api) = servers([answer(401, &headers, &words)], []).await;
    let error = get(&sign_in(&auth, &api, 2), &api).await.unwrap_err();
    assert_eq!(error.server_message(), Some("no *** and no ***"));
    for hidden in [PASSWORD, MFA_CODE] {
        assert!(!everything(&error).contains(hidden), "{}", everything(&error));
    }
}

#[tokio::test]
async fn a_token_is_refreshed_under_itself_when_a_fifth_of_its_life_is_left() {
    let (auth, api) = servers([token("token-one"), token("token-two")], [fine(), fine(), fine()]).await;
    let session = sign_in(&auth, &api, 2);
    for seconds in [0, 2879, 1] {
        session.client().clock().advance(Duration::from_secs(seconds));
        get(&session, &api).await.unwrap();
    }
    assert_eq!(signed(&api, "authorization"), ["Bearer token-one", "Bearer token-one", "Bearer token-two"]);
    assert_eq!(lines(&auth), ["POST /auth/token", "POST /auth/refresh"]);
    let refresh = auth.seen().remove(1);
    assert_eq!((refresh.header("authorization"), refresh.body.len()), (Some("Bearer token-one"), 0));
}

#[tokio::test]
async fn a_refused_refresh_leads_to_one_login() {
    let (auth, api) =
        servers([token("token-one"), refused(), token("token-two"), refused()], [fine(), fine(), fine()]).await;
    let session = sign_in(&auth, &api, 2);
    for _ in 0..3 {
        get(&session, &api).await.unwrap();
        session.client().clock().advance(Duration::from_mins(48));
    }
    assert_eq!(lines(&auth), ["POST /auth/token", "POST /auth/refresh", "POST /auth/token", "POST /auth/refresh"]);
    assert_eq!(
        signed(&api, "authorization"),
        ["Bearer token-one", "Bearer token-two", "Bearer token-two"],
        "with no login left, a token is used while it lives"
    );
    session.client().clock().advance(Duration::from_secs(1000));
    let error = get(&session, &api).await.unwrap_err();
    assert!(is(&error, Class::Auth));
    assert_eq!(error.to_string(), "a new token is needed, and this run has used up its 2 logins");
    let hint = error.hint().unwrap_or_default();
    assert!(hint.contains("tokens end before the run does") && !hint.contains("refused"), "{hint}");
    assert_eq!((auth.count(), api.count()), (4, 3));
}

#[tokio::test]
async fn a_refresh_that_fails_in_passing_leaves_the_token_in_use_and_is_tried_again_later() {
    let fails = std::iter::repeat_n(answer(503, "", ""), 3);
    let auth = Server::start([token("token-one")].into_iter().chain(fails).chain([token("token-two")])).await;
    let api = Server::start(std::iter::repeat_n(fine(), 4)).await;
    let session = sign_in(&auth, &api, 2);
    for seconds in [0, 2880, 0, 400] {
        session.client().clock().advance(Duration::from_secs(seconds));
        get(&session, &api).await.unwrap();
    }
    assert_eq!(
        signed(&api, "authorization"),
        ["Bearer token-one", "Bearer token-one", "Bearer token-one", "Bearer token-two"]
    );
    assert_eq!(auth.count(), 5, "one refresh with its retries, and one that came through");
}

#[tokio::test]
async fn a_token_that_ended_is_not_refreshed_but_got_by_a_login() {
    let (auth, api) = servers([token("token-one"), token("token-two")], [fine(), fine()]).await;
    let session = sign_in(&auth, &api, 2);
    get(&session, &api).await.unwrap();
    session.client().clock().advance(Duration::from_hours(1));
    get(&session, &api).await.unwrap();
    assert_eq!(lines(&auth), ["POST /auth/token"; 2]);
}

#[tokio::test]
async fn a_401_in_the_middle_logs_in_once_more_and_the_next_one_is_final() {
    let (auth, api) = servers([token("token-one"), token("token-two")], [fine(), refused(), fine(), refused()]).await;
    let session = sign_in(&auth, &api, 2);
    for _ in 0..2 {
        get(&session, &api).await.unwrap();
    }
    let error = get(&session, &api).await.unwrap_err();
    assert!(is(&error, Class::Auth) && error.status() == Some(401));
    assert!(error.to_string().ends_with("answered 401; this run has used up its 2 logins"), "{error}");
    assert_eq!(lines(&auth), ["POST /auth/token"; 2]);
}

#[tokio::test]
async fn a_new_token_that_is_refused_too_ends_the_call() {
    let (auth, api) = servers([token("token-one"), token("token-two")], [refused(), refused()]).await;
    let error = get(&sign_in(&auth, &api, 2), &api).await.unwrap_err();
    assert!(is(&error, Class::Auth));
    assert!(error.to_string().ends_with("; a new token was got, and refused too"), "{error}");
}

#[tokio::test]
async fn a_login_with_a_code_that_is_good_once_is_not_repeated_after_a_401() {
    let (auth, api) = servers([token("token-one")], [refused()]).await;
    let error = get(&sign_in(&auth, &api, 1), &api).await.unwrap_err();
    assert!(is(&error, Class::Auth));
    assert!(error.to_string().ends_with("answered 401; this run has used up its one login"), "{error}");
    assert_eq!((auth.count(), api.count()), (1, 1));
}

#[tokio::test]
async fn calls_side_by_side_after_a_401_log_in_once_between_them() {
    let auth = Server::start([token("token-one"), token("token-two")]).await;
    let api = Server::start([fine()].into_iter().chain((0..5).map(|_| refused())).chain((0..5).map(|_| fine()))).await;
    let session = sign_in(&auth, &api, 2);
    get(&session, &api).await.unwrap();
    let tasks: Vec<_> = (0..5)
        .map(|_| {
            let (session, call) = (session.clone(), Call::get(api.url("/scan")));
            tokio::spawn(async move { session.send(call).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!((auth.count(), api.count()), (2, 11));
}

#[tokio::test]
async fn a_refresh_elsewhere_is_never_sent() {
    let (auth, api) = servers([token("token-one")], [fine(), fine()]).await;
    let elsewhere = Server::start([]).await;
    let grant = password_grant(auth.url("/auth/token"), Some(elsewhere.url("/auth/refresh")));
    let session = Session::new(client().unwrap(), &api.url("/"), Authorizer::Grant(grant));
    get(&session, &api).await.unwrap();
    session.client().clock().advance(Duration::from_mins(50));
    get(&session, &api).await.unwrap();
    assert_eq!(elsewhere.count(), 0);
}
