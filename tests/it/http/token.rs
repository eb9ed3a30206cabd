//! Signing in: bearer keys, and tokens that a grant brings and renews.
#![expect(clippy::unwrap_used, reason = "a test's fixture that fails has to fail the test")]

use std::io::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use scangate::credentials::Secret;
use scangate::error::Class;
use scangate::http::{Authorizer, Call, Client, Grant, Replay, Session};
use serde_json::{Value, json};

use super::server::{Act, Server, answer, cut};
use super::{client, everything, is};

const PAT: &str = "pat_abcdefgh/12+34";

fn token(name: &str, expires_in: &Value) -> Act {
    answer(200, "", &json!({"access_token": name, "token_type": "Bearer", "expires_in": expires_in}).to_string())
}

fn ten_minutes(name: &str) -> Act {
    token(name, &json!(600))
}

fn fine() -> Act {
    answer(200, "", "{}")
}

fn refused() -> Act {
    answer(401, "", r#"{"message":"Unauthorized","statusCode":401}"#)
}

fn sign_in(client: Client, auth: &Server, api: &Server) -> Session {
    client.redactor().learn(&Secret::new(PAT).unwrap());
    let grant = Grant {
        token_url: auth.url("/oidc/token"),
        form: vec![
            ("grant_type", Secret::new("urn:ietf:params:oauth:grant-type:token-exchange").unwrap()),
            ("subject_token", Secret::new(PAT).unwrap()),
        ],
        replay: Replay::Safe,
        refresh_url: None,
        stored: None,
        most_exchanges: None,
        longest_life: Duration::from_mins(10),
        refusal: "the personal access token was refused".to_owned(),
        remedy: "make a new one".to_owned(),
    };
    Session::new(client, &api.url("/"), Authorizer::Grant(grant))
}

async fn servers<const A: usize, const B: usize>(auth: [Act; A], api: [Act; B]) -> (Server, Server) {
    (Server::start(auth).await, Server::start(api).await)
}

fn bearers(server: &Server) -> Vec<String> {
    server.seen().iter().map(|seen| seen.header("authorization").unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn a_key_is_put_on_every_request_and_a_refusal_is_final() {
    let server = Server::start([fine(), refused()]).await;
    let bearer = Authorizer::bearer(Secret::new("key-0123456789").unwrap());
    let session = Session::new(client().unwrap(), &server.url("/"), bearer);
    session.send(Call::get(server.url("/"))).await.unwrap();
    let error = session.send(Call::get(server.url("/"))).await.unwrap_err();
    assert!(is(&error, Class::Auth) && !error.is_retryable());
    assert_eq!(bearers(&server), ["Bearer key-0123456789"; 2]);
}

#[tokio::test]
async fn a_grant_is_posted_as_a_form_and_its_token_is_used_until_it_nears_its_end() {
    let (auth, api) = servers([ten_minutes("token-one")], [fine(), fine()]).await;
    let session = sign_in(client().unwrap(), &auth, &api);
    session.send(Call::get(api.url("/a"))).await.unwrap();
    session.client().clock().advance(Duration::from_secs(539));
    session.send(Call::get(api.url("/b"))).await.unwrap();
    assert_eq!(bearers(&api), ["Bearer token-one"; 2]);
    let exchange = auth.seen().remove(0);
    assert_eq!(exchange.line, "POST /oidc/token HTTP/1.1");
    assert_eq!(exchange.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!((exchange.header("authorization"), exchange.header("accept")), (None, Some("application/json")));
    assert_eq!(exchange.form()[1], ("subject_token".to_owned(), PAT.to_owned()));
    assert_eq!(session.client().requests(), 3, "the exchange counts");
}

#[tokio::test]
async fn a_token_is_renewed_a_minute_before_its_end() {
    let (auth, api) = servers([ten_minutes("token-one"), ten_minutes("token-two")], [fine(), fine()]).await;
    let session = sign_in(client().unwrap(), &auth, &api);
    session.send(Call::get(api.url("/"))).await.unwrap();
    session.client().clock().advance(Duration::from_mins(9));
    session.send(Call::get(api.url("/"))).await.unwrap();
    assert_eq!(bearers(&api), ["Bearer token-one", "Bearer token-two"]);
}

#[tokio::test]
async fn an_overstated_life_is_not_believed_and_a_tiny_one_is() {
    for (told, lived) in [(json!(86400), 540), (json!(null), 540), (json!(0), 540), (json!("50"), 40), (json!(10.0), 8)]
    {
        let (auth, api) =
            servers([token("token-one", &told), ten_minutes("token-two")], [fine(), fine(), fine()]).await;
        let session = sign_in(client().unwrap(), &auth, &api);
        session.send(Call::get(api.url("/"))).await.unwrap();
        session.client().clock().advance(Duration::from_secs(lived - 1));
        session.send(Call::get(api.url("/"))).await.unwrap();
        session.client().clock().advance(Duration::from_secs(1));
        session.send(Call::get(api.url("/"))).await.unwrap();
        assert_eq!(bearers(&api), ["Bearer token-one", "Bearer token-one", "Bearer token-two"], "{told}");
    }
}

#[tokio::test]
async fn a_401_renews_the_token_and_the_call_is_sent_again() {
    let (auth, api) = servers([ten_minutes("token-one"), ten_minutes("token-two")], [refused(), fine()]).await;
    let session = sign_in(client().unwrap(), &auth, &api);
    let call = Call::post_json(api.url("/scans"), Some(&json!({"a": 1})), Replay::IfUnsent).unwrap();
    session.json::<Value>(call).await.unwrap();
    assert_eq!(bearers(&api), ["Bearer token-one", "Bearer token-two"]);
    assert!(api.seen().iter().all(|seen| seen.body == br#"{"a":1}"#));
}

#[tokio::test]
async fn a_401_in_the_middle_of_an_upload_renews_too() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"archive").unwrap();
    let (auth, api) = servers([ten_minutes("token-one"), ten_minutes("token-two")], [refused(), fine()]).await;
    let call = Call::put_file(api.url("/object"), file.path().to_owned(), 7);
    sign_in(client().unwrap(), &auth, &api).send(call).await.unwrap();
    assert!(api.seen().iter().all(|seen| seen.body == b"archive"));
    assert_eq!(auth.count(), 2);
}

#[tokio::test]
async fn a_second_401_is_an_auth_error() {
    let (auth, api) = servers([ten_minutes("token-one"), ten_minutes("token-two")], [refused(), refused()]).await;
    let error = sign_in(client().unwrap(), &auth, &api).send(Call::get(api.url("/list"))).await.unwrap_err();
    assert!(is(&error, Class::Auth));
    assert_eq!((error.status(), auth.count(), api.count()), (Some(401), 2, 2));
    assert!(error.to_string().contains("answered 401 (after 1 retry"), "{error}");
}

#[tokio::test]
async fn calls_side_by_side_renew_once() {
    let (auth, api) = servers(
        [ten_minutes("token-one"), ten_minutes("token-two")],
        [fine(), refused(), refused(), refused(), fine(), fine(), fine()],
    )
    .await;
    let session = sign_in(client().unwrap(), &auth, &api);
    session.send(Call::get(api.url("/"))).await.unwrap();
    let get = || {
        let (session, call) = (session.clone(), Call::get(api.url("/")));
        tokio::spawn(async move { session.send(call).await })
    };
    for task in [get(), get(), get()] {
        task.await.unwrap().unwrap();
    }
    assert_eq!(auth.count(), 2);
    assert_eq!(bearers(&api).iter().filter(|bearer| *bearer == "Bearer token-two").count(), 3);
}

#[tokio::test]
async fn a_refused_grant_is_told_in_the_users_terms_with_the_servers_words_behind() {
    for (status, body, words) in [
        (
            400,
            r#"{"error":"invalid_grant","error_description":"subject token not found"}"#,
            "invalid_grant: subject token not found",
        ),
        (401, r#"{"message":"who are you"}"#, "who are you"),
        (403, "forbidden", "forbidden"),
    ] {
        let (auth, api) = servers([answer(status, "x-request-id: r-1\n", body)], []).await;
        let error = sign_in(client().unwrap(), &auth, &api).send(Call::get(api.url("/"))).await.unwrap_err();
        assert!(is(&error, Class::Auth) && !error.is_retryable());
        assert_eq!(error.to_string(), "the personal access token was refused");
        assert_eq!(error.hint().as_deref(), Some("make a new one"));
        assert_eq!(error.server_message(), Some(words));
        let behind = format!("POST {}/oidc/token answered {status}", auth.origin());
        assert_eq!(error.detail()[..3], [format!("the server says: {words}"), behind, "request id: r-1".to_owned()]);
        assert_eq!((auth.count(), api.count()), (1, 0), "a refusal is not tried again");
    }
}

#[tokio::test]
async fn a_refusal_that_is_not_about_the_token_does_not_blame_it() {
    let application = "the sign-in server does not know this application, or not for this API";
    for (status, body, class, message) in [
        (400, r#"{"code":"oidc.invalid_client","message":"invalid client"}"#, Class::Auth, application),
        (400, r#"{"error":"invalid_target"}"#, Class::Auth, application),
        (403, "token_exchange_not_allowed", Class::Auth, application),
        (404, "{}", Class::Usage, "there is no sign-in at this address"),
    ] {
        let (auth, api) = servers([answer(status, "", body)], []).await;
        let error = sign_in(client().unwrap(), &auth, &api).send(Call::get(api.url("/"))).await.unwrap_err();
        assert!(is(&error, class) && error.has_meaning() && error.to_string() == message, "{error}");
        assert!(error.hint().unwrap().contains("one instance"));
    }
}

#[tokio::test]
async fn a_token_server_that_fails_is_asked_again_and_is_not_an_auth_error() {
    let (auth, api) = servers([answer(503, "", ""), cut("{"), ten_minutes("token-one")], [fine()]).await;
    sign_in(client().unwrap(), &auth, &api).send(Call::get(api.url("/"))).await.unwrap();
    assert_eq!(auth.count(), 3);

    let auth = Server::start(std::iter::repeat_n(answer(503, "", ""), 8)).await;
    let error = sign_in(client().unwrap(), &auth, &api).send(Call::get(api.url("/"))).await.unwrap_err();
    assert!(is(&error, Class::Unavailable) && error.is_retryable());
}

#[tokio::test]
async fn an_answer_without_a_token_is_an_error() {
    for body in [r#"{"access_token":""}"#, r#"{"access_token":"  "}"#, r#"{"access_token":null}"#, "{}"] {
        let (auth, api) = servers([answer(200, "", body)], []).await;
        let error = sign_in(client().unwrap(), &auth, &api).send(Call::get(api.url("/"))).await.unwrap_err();
        assert!(is(&error, Class::Protocol), "{body}");
        assert!(error.to_string().ends_with("answered without an access token"), "{error}");
        assert_eq!(api.count(), 0);
    }
}

#[tokio::test]
async fn a_token_is_known_to_the_redactor_and_to_its_hook_before_it_is_used() {
    let (auth, api) =
        servers([ten_minutes("derived-token-one")], [answer(400, "", "bad token derived-token-one")]).await;
    let client = client().unwrap();
    let masked = Arc::new(Mutex::new(Vec::new()));
    let (sink, api_seen) = (Arc::clone(&masked), api.count());
    client.redactor().on_learn(move |secret| sink.lock().unwrap().push((secret.expose().to_owned(), api_seen)));
    let error = sign_in(client, &auth, &api).send(Call::get(api.url("/"))).await.unwrap_err();
    assert_eq!(error.server_message(), Some("bad token ***"));
    assert_eq!(masked.lock().unwrap().last(), Some(&("derived-token-one".to_owned(), 0)));
}

#[tokio::test]
async fn no_error_shows_the_personal_access_token_in_any_form() {
    let encoded = "pat_abcdefgh%2F12%2B34";
    for echo in [PAT, encoded] {
        let body = json!({"error": "invalid_grant", "error_description": format!("unknown token {echo}")}).to_string();
        let headers = format!("x-request-id: {echo}\n");
        let (auth, api) = servers([answer(400, &headers, &body)], []).await;
        let error = sign_in(client().unwrap(), &auth, &api).send(Call::get(api.url("/"))).await.unwrap_err();
        assert!(!everything(&error).contains("abcdefgh"), "{}", everything(&error));
        assert_eq!(error.server_message(), Some("invalid_grant: unknown token ***"));
    }
}

#[tokio::test]
async fn a_renewal_that_fails_does_not_hide_that_the_call_was_sent() {
    let (auth, api) =
        servers([ten_minutes("token-one"), answer(400, "", "")], [answer(503, "retry-after: 600\n", "")]).await;
    let session = sign_in(client().unwrap(), &auth, &api);
    let call = Call::post_json(api.url("/scans"), Some(&json!({})), Replay::IfUnsent).unwrap();
    let error = session.send(call).await.unwrap_err();
    assert!(is(&error, Class::Auth) && !error.is_unsent(), "{error}");
    assert_eq!((auth.count(), api.count()), (2, 1));
}

#[tokio::test]
async fn a_key_that_no_header_can_carry_is_refused_unsent_and_unshown() {
    let server = Server::start([]).await;
    let bearer = Authorizer::bearer(Secret::new("two\nlines-of-key").unwrap());
    let session = Session::new(client().unwrap(), &server.url("/"), bearer);
    let error = session.send(Call::get(server.url("/"))).await.unwrap_err();
    assert!(is(&error, Class::Auth) && error.is_unsent());
    assert!(!everything(&error).contains("lines-of-key"));
    assert_eq!(server.count(), 0);
}
