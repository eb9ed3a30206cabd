//! Stores as commands and runs use them, on real files and with several threads.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::platform::Region;

/// A store in a folder of its own.
fn store(platform: PlatformId) -> (TempDir, Store) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("folder/credentials.json");
    (home, Store::new(path, platform))
}

fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

fn token(text: &str) -> StoredLogin {
    let form = Form::Token { secret: secret(text), previous: None };
    StoredLogin { form, expires: None, hosts: Hosts::new(Some(Region::Eu), None, None) }
}

async fn save(store: &Store, login: &StoredLogin) -> Result<Option<PathBuf>, Error> {
    store.lock(&Clock::system(), &Redactor::default()).await?.save(login)
}

async fn remove_of(store: &Store, of_all: bool) -> Result<Removed, Error> {
    store.lock(&Clock::system(), &Redactor::default()).await?.remove(of_all)
}

async fn remove(store: &Store) -> Result<bool, Error> {
    remove_of(store, false).await.map(|removed| removed == Removed::Login)
}

fn token_of(login: Option<StoredLogin>) -> Option<String> {
    login.and_then(|login| login.form.required().next().map(|part| part.expose().to_owned()))
}

fn load(store: &Store) -> Result<Option<String>, Error> {
    store.load(&Redactor::default()).map(token_of)
}

fn put(store: &Store, text: &str) {
    fs_err::create_dir_all(store.path().parent().unwrap()).unwrap();
    fs_err::write(store.path(), text).unwrap();
}

#[tokio::test]
async fn a_login_that_is_kept_is_found_and_taught_to_the_redactor_and_goes_with_its_file() {
    for platform in PlatformId::ALL {
        let (_home, store) = store(platform);
        assert_eq!(load(&store).unwrap(), None);
        assert!(!remove(&store).await.unwrap());
        assert_eq!(save(&store, &token("token-0123456789")).await.unwrap(), None);
        let redactor = Redactor::default();
        assert_eq!(token_of(store.load(&redactor).unwrap()).as_deref(), Some("token-0123456789"));
        assert!(!redactor.clean("token-0123456789").contains("0123"));
        assert!(store.is_there() && remove(&store).await.unwrap() && !store.is_there());
    }
}

#[tokio::test]
async fn platforms_share_our_file_and_leave_each_other_alone() {
    let (_home, cybrium) = store(PlatformId::Cybrium);
    let bestdefense = Store::new(cybrium.path().to_owned(), PlatformId::BestDefense);
    save(&cybrium, &token("key-of-cybrium")).await.unwrap();
    save(&bestdefense, &token("key-of-bestdefense")).await.unwrap();
    assert!(remove(&cybrium).await.unwrap() && !remove(&cybrium).await.unwrap());
    assert_eq!(load(&bestdefense).unwrap().as_deref(), Some("key-of-bestdefense"));
    assert!(remove(&bestdefense).await.unwrap() && !bestdefense.is_there());
}

#[tokio::test]
async fn a_file_that_is_not_understood_is_named_and_a_login_moves_it_aside() {
    for platform in PlatformId::ALL {
        for text in
            ["", "{", "[]", "\"pat_hidden\"", "{\"type\": pat_hidden", "{\"version\": 0, \"logins\": \"pat_hidden\"}"]
        {
            let (_home, store) = store(platform);
            put(&store, text);
            let error = load(&store).unwrap_err();
            assert_eq!(error.class(), crate::error::Class::Auth);
            let (message, hint) = (error.to_string(), error.hint().unwrap());
            assert!(message.contains("credentials.json") && !message.contains("pat_hidden"), "{message}");
            assert!(hint.contains(&format!("scangate login --platform {platform}")), "{hint}");
            if platform != PlatformId::CybeDefend && !text.contains("version") {
                assert!(remove(&store).await.is_err() && store.is_there());
            }
            let aside = save(&store, &token("token-0123456789")).await.unwrap();
            assert_eq!(load(&store).unwrap().as_deref(), Some("token-0123456789"));
            match aside {
                Some(aside) => assert_eq!(fs_err::read_to_string(aside).unwrap(), text),
                // The vendor's file has no version: fields that are not known stay in it.
                None => assert!(platform == PlatformId::CybeDefend && text.contains("version")),
            }
        }
    }
}

#[tokio::test]
async fn a_file_that_is_not_understood_goes_with_the_logins_of_all_platforms() {
    let (_home, store) = store(PlatformId::Cybrium);
    for text in
        ["{\"version\": 1, \"logins\": {\"cybrium\": {\"token\": \"key-hid", "[]", "{\"version\": 1, \"logins\": []}"]
    {
        put(&store, text);
        assert_eq!(remove_of(&store, true).await.unwrap(), Removed::Unknown, "{text}");
        assert!(!store.is_there());
    }
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_neither_read_nor_replaced() {
    let (_home, store) = store(PlatformId::Cybrium);
    let text = r#"{"version":2,"logins":{"cybrium":{"sealed":"x"}}}"#;
    put(&store, text);
    let of_all = remove_of(&store, true).await.err();
    let errors = [load(&store).err(), save(&store, &token("t")).await.err(), remove(&store).await.err(), of_all];
    for error in errors {
        assert!(error.unwrap().to_string().contains("a newer version"));
    }
    assert_eq!(fs_err::read_to_string(store.path()).unwrap(), text);
}

#[tokio::test]
async fn a_token_that_another_process_has_renewed_is_seen_under_the_lock() {
    let (_home, store) = store(PlatformId::CybeDefend);
    let tokens = |refresh: &str| StoredLogin {
        form: Form::Tokens { access: secret("a.b.c"), refresh: Some(secret(refresh)) },
        ..token("unused")
    };
    save(&store, &tokens("refresh-one")).await.unwrap();
    let redactor = Redactor::default();
    let locked = store.lock(&Clock::system(), &redactor).await.unwrap();
    locked.save(&tokens("refresh-two")).unwrap();
    drop(locked);
    let locked = store.lock(&Clock::system(), &redactor).await.unwrap();
    let Form::Tokens { refresh: Some(refresh), .. } = locked.load().unwrap().unwrap().form else {
        panic!("another form")
    };
    assert_eq!(refresh.expose(), "refresh-two");
}

#[test]
fn threads_that_change_one_file_at_once_lose_nothing() {
    const EACH: usize = 20;
    let (_home, store) = store(PlatformId::CybeDefend);
    put(&store, &json!({ "type": "pat", "region": "eu", "pat": "0" }).to_string());
    let count = || async {
        let redactor = Redactor::default();
        for _ in 0..EACH {
            let locked = store.lock(&Clock::system(), &redactor).await.unwrap();
            let counted: usize = token_of(locked.load().unwrap()).unwrap().parse().unwrap();
            locked.save(&token(&(counted + 1).to_string())).unwrap();
        }
    };
    let run = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(count());
    std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(run))));
    assert_eq!(load(&store).unwrap(), Some((4 * EACH).to_string()));
    let document: Value = serde_json::from_slice(&fs_err::read(store.path()).unwrap()).unwrap();
    assert_eq!(document["region"], "eu");
}
