//! `--save-raw`: what is kept of answers, and what is not.
#![expect(clippy::unwrap_used, reason = "a test's fixture that fails has to fail the test")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use scangate::credentials::Secret;
use scangate::error::Class;
use scangate::http::{Authorizer, Call, Client, Grant, Options, Replay, Session};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::server::{Act, Server, answer, answer_bytes, cut};
use super::{client_with, is};

fn saving(folder: &Path) -> Client {
    client_with(&Options { save_raw: Some(folder.to_owned()), ..Options::default() }).unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn copies(folder: &Path) -> Vec<Value> {
    files(folder).iter().map(|path| serde_json::from_str(&fs_err::read_to_string(path).unwrap()).unwrap()).collect()
}

fn mode(path: &Path) -> u32 {
    fs_err::metadata(path).unwrap().permissions().mode() & 0o777
}

/// The copy of the answer to one read.
async fn copy_of(act: Act) -> Value {
    let (parent, server) = (TempDir::new().unwrap(), Server::start([act]).await);
    let folder = parent.path().join("raw");
    drop(saving(&folder).json::<Value>(Call::get(server.url("/list?cursor=hidden")).attempts(1)).await);
    copies(&folder).remove(0)
}

#[tokio::test]
async fn every_answer_is_kept_in_order_for_its_owner_only() {
    let (parent, folder) = (TempDir::new().unwrap(), PathBuf::from("new/raw"));
    let folder = parent.path().join(folder);
    let server = Server::start([
        answer(503, "retry-after: 1\n", r#"{"message":"later"}"#),
        answer(302, "location: /there?token=hidden\n", ""),
        answer(200, "x-request-id: r-1\ncontent-type: application/json\nset-cookie: hidden\n", r#"{"items":[1]}"#),
    ])
    .await;
    saving(&folder).json::<Value>(Call::get(server.url("/list?cursor=hidden"))).await.unwrap();
    assert_eq!(mode(&folder), 0o700);
    assert!(files(&folder).iter().all(|path| mode(path) == 0o600));
    let copies = copies(&folder);
    assert_eq!(copies.iter().map(|copy| copy["status"].as_u64().unwrap()).collect::<Vec<_>>(), [503, 302, 200]);
    assert_eq!(copies[0]["request"], format!("GET {}/list", server.origin()));
    assert_eq!(copies[0]["body"], json!({"message": "later"}));
    assert_eq!(copies[1]["headers"]["location"], "/there");
    assert_eq!(copies[2]["headers"]["x-request-id"], "r-1");
    assert_eq!(copies[2]["body"], json!({"items": [1]}));
    assert!(!copies.iter().any(|copy| copy.to_string().contains("hidden")), "{copies:?}");
}

#[tokio::test]
async fn secrets_and_code_are_blanked() {
    let copy = copy_of(answer(
        200,
        "",
        r#"{"uploadUrl":"https://s3.example/o?X-Sig=hidden","apiToken":"hidden","kind":"secret","snippet":"hidden","line":3}"#,
    ))
    .await;
    assert_eq!(
        copy["body"],
        json!({"uploadUrl": "https://s3.example/o?X-Sig=***", "apiToken": "***", "kind": "secret", "snippet": "***", "line": 3})
    );
}

#[tokio::test]
async fn a_body_in_which_nobody_can_tell_the_secrets_is_left_out() {
    for act in [cut(r#"{"apiToken":"hidden","#), answer_bytes(200, "", &[0xff, 0xfe]), answer(200, "", "[1,")] {
        let copy = copy_of(act).await;
        assert!(copy["body"].is_null() && copy["left_out"].is_string(), "{copy}");
    }
    let large = format!("[{}1]", "1,".repeat(5 << 20));
    assert_eq!(copy_of(answer(200, "", &large)).await["left_out"], "it has more than 8 MiB");
    assert_eq!(copy_of(answer(200, "", "<html>x</html>")).await["body"], "<html>x</html>");
}

#[tokio::test]
async fn the_answer_of_a_token_server_is_not_kept() {
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("raw");
    let token = r#"{"access_token":"derived-token","expires_in":600}"#;
    let server =
        Server::start([answer(200, "", token), answer(200, "", r#"{"echo":"derived-token pass-word"}"#)]).await;
    let grant = Grant {
        token_url: server.url("/token"),
        form: vec![("password", Secret::new("pass-word").unwrap())],
        replay: Replay::Never,
        refresh_url: None,
        stored: None,
        most_exchanges: None,
        longest_life: Duration::from_mins(10),
        refusal: String::new(),
        remedy: String::new(),
    };
    let session = Session::new(saving(&folder), &server.url("/"), Authorizer::Grant(grant));
    session.json::<Value>(Call::get(server.url("/"))).await.unwrap();
    let copies = copies(&folder);
    assert_eq!((copies.len(), &copies[0]["body"]), (1, &json!({"echo": "*** ***"})));
}

#[test]
fn a_folder_that_is_there_already_is_a_mistake_of_usage() {
    let folder = TempDir::new().unwrap();
    let options = Options { save_raw: Some(folder.path().to_owned()), ..Options::default() };
    let error = client_with(&options).err().unwrap();
    assert!(is(&error, Class::Usage) && error.to_string().starts_with("--save-raw: "), "{error}");
}
