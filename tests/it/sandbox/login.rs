//! The browser login as the sandbox plays it: authorization code with PKCE, and refresh tokens that are replaced at each use.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::wire::{Reply, Session, send};

const REDIRECT_URI: &str = "http://localhost:9877/callback";
const VERIFIER: &str = "a-verifier-that-nobody-has-to-guess-in-a-test";

/// The query of a proper request.
async fn query(session: &Session) -> Vec<(&'static str, String)> {
    vec![
        ("client_id", session.cli_app().await),
        ("redirect_uri", REDIRECT_URI.to_owned()),
        ("response_type", "code".to_owned()),
        ("scope", "openid offline_access".to_owned()),
        ("state", "a-state".to_owned()),
        ("code_challenge", URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))),
        ("code_challenge_method", "S256".to_owned()),
        ("prompt", "consent".to_owned()),
        ("resource", session.access.api_url.clone()),
    ]
}

async fn open(session: &Session, query: &[(&str, String)]) -> Reply {
    let url = Url::parse_with_params(&format!("{}/oidc/auth", session.access.auth_url), query).unwrap();
    send("GET", url.as_str(), &[], "").await.unwrap()
}

/// What the browser brings back, by its name.
fn brought_back(reply: &Reply, name: &str) -> Option<String> {
    assert_eq!(reply.status, 303, "{}", reply.text());
    let location = reply.header("location").unwrap();
    assert!(location.starts_with(&format!("{REDIRECT_URI}?")), "{location}");
    let pairs = Url::parse(location).unwrap();
    pairs.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Logs in and gives the code.
async fn code(session: &Session, change: &[(&'static str, &str)]) -> String {
    let mut query = query(session).await;
    query.push(("decision", "allow".to_owned()));
    for (name, value) in change {
        query.retain(|(known, _)| known != name);
        query.push((name, (*value).to_owned()));
    }
    let reply = open(session, &query).await;
    assert_eq!(brought_back(&reply, "state").as_deref(), Some("a-state"));
    brought_back(&reply, "code").unwrap()
}

async fn trade(session: &Session, code: &str, verifier: &str) -> Reply {
    let form = [
        ("grant_type", "authorization_code".to_owned()),
        ("client_id", session.cli_app().await),
        ("code", code.to_owned()),
        ("redirect_uri", REDIRECT_URI.to_owned()),
        ("code_verifier", verifier.to_owned()),
        ("resource", session.access.api_url.clone()),
    ];
    session.exchange(&form).await
}

async fn refresh(session: &Session, token: &str) -> Reply {
    let form = [
        ("grant_type", "refresh_token".to_owned()),
        ("client_id", session.cli_app().await),
        ("refresh_token", token.to_owned()),
        ("resource", session.access.api_url.clone()),
    ];
    session.exchange(&form).await
}

fn field(reply: &Reply, name: &str) -> String {
    reply.json()[name].as_str().unwrap_or_default().to_owned()
}

async fn opens_the_api(session: &mut Session, token: String) -> bool {
    session.token = token;
    session.get("/organizations").await.status == 200
}

#[tokio::test]
async fn a_person_is_asked_and_a_code_is_good_once() {
    let mut session = Session::start(&[]).await;
    let page = open(&session, &query(&session).await).await;
    assert!(page.status == 200 && page.text().contains("decision=allow") && page.text().contains("decision=deny"));
    let code = code(&session, &[]).await;
    let tokens = trade(&session, &code, VERIFIER).await;
    assert_eq!(tokens.json()["expires_in"], 600);
    let access = field(&tokens, "access_token");
    assert!(opens_the_api(&mut session, access.clone()).await);
    let again = trade(&session, &code, VERIFIER).await;
    assert_eq!((again.status, field(&again, "error")), (400, "invalid_grant".to_owned()));
    assert!(!opens_the_api(&mut session, access).await, "a code that is used twice ends the login");
    assert_eq!(refresh(&session, &field(&tokens, "refresh_token")).await.status, 400);
}

#[tokio::test]
async fn a_refresh_token_is_replaced_at_each_use_and_a_second_use_ends_the_login() {
    let mut session = Session::start(&[]).await;
    let tokens = trade(&session, &code(&session, &[]).await, VERIFIER).await;
    let first = field(&tokens, "refresh_token");
    let renewed = refresh(&session, &first).await;
    let second = field(&renewed, "refresh_token");
    assert!(!second.is_empty() && second != first);
    assert!(opens_the_api(&mut session, field(&renewed, "access_token")).await);
    let stolen = refresh(&session, &first).await;
    assert_eq!((stolen.status, field(&stolen, "code")), (400, "oidc.invalid_grant".to_owned()));
    assert_eq!(refresh(&session, &second).await.status, 400, "nobody can tell who the thief was");
    assert!(!opens_the_api(&mut session, field(&renewed, "access_token")).await);
}

#[tokio::test]
async fn a_code_needs_its_verifier_within_a_minute_and_consent_brings_the_refresh_token() {
    let session = Session::start(&[]).await;
    let wrong = trade(&session, &code(&session, &[]).await, "another-verifier").await;
    assert_eq!((wrong.status, field(&wrong, "error")), (400, "invalid_grant".to_owned()));
    let late = code(&session, &[]).await;
    session.clock.advance(Duration::from_secs(61));
    assert_eq!(trade(&session, &late, VERIFIER).await.status, 400);
    for change in [("prompt", "login"), ("scope", "openid")] {
        let tokens = trade(&session, &code(&session, &[change]).await, VERIFIER).await;
        assert_eq!((tokens.status, &tokens.json()["refresh_token"]), (200, &serde_json::Value::Null), "{change:?}");
    }
}

#[tokio::test]
async fn a_refusal_goes_back_to_the_registered_address_and_to_no_other() {
    let session = Session::start(&[]).await;
    let asked = query(&session).await;
    let with = |name: &'static str, value: &str| {
        let mut query = asked.clone();
        query.retain(|(known, _)| *known != name);
        query.push((name, value.to_owned()));
        query
    };
    for (name, value) in [("client_id", "another"), ("redirect_uri", "http://127.0.0.1:9877/callback")] {
        let reply = open(&session, &with(name, value)).await;
        assert_eq!((reply.status, reply.header("location")), (400, None), "{name}");
    }
    for (name, value, error) in [
        ("decision", "deny", "access_denied"),
        ("response_type", "token", "unsupported_response_type"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("resource", "https://another.example", "invalid_target"),
        ("scope", "profile", "invalid_scope"),
    ] {
        let reply = open(&session, &with(name, value)).await;
        assert_eq!(brought_back(&reply, "error").as_deref(), Some(error), "{name}");
        assert_eq!(brought_back(&reply, "state").as_deref(), Some("a-state"));
        assert_eq!(brought_back(&reply, "code"), None);
    }
}
