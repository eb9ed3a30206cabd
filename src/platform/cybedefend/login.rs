//! The login in a browser, and what a stored one is renewed with (contract 1.4).

use serde_json::json;
use url::Url;

use super::endpoints::Endpoints;
use super::sign_in::{Application, LONGEST_LIFE, application_or_stand_in, field};
use crate::clock::Clock;
use crate::credentials::Secret;
use crate::credentials::browser::{self, Attempt, Code, Registration};
use crate::credentials::store::{Hosts, Stored, StoredLogin};
use crate::error::Class;
use crate::http::{Client, Grant, Redactor, Replay, words_of};
use crate::platform::{Error, Region};

/// Where the browser brings the answer: the redirect address `http://localhost:9877/callback` is registered for the application of
/// the command line, and compared letter by letter.
const PORT: u16 = 9877;
const PATH: &str = "/callback";

/// `offline_access` asks for a refresh token.
const SCOPE: &str = "openid offline_access";

/// A login that waits for the browser.
pub struct BrowserLogin {
    client: Client,
    endpoints: Endpoints,
    application: Application,
    attempt: Attempt,
    /// What people should know of how it came about.
    pub notes: Vec<String>,
}

impl BrowserLogin {
    /// Learns which application logs in at the instance, and listens for the browser. The client must have a deadline beyond the
    /// five minutes that a person may take.
    ///
    /// # Errors
    /// Hosts that are at odds, an instance that does not name its application, or a port that is in use.
    pub async fn begin(
        client: Client,
        region: Option<Region>,
        api_url: Option<&Url>,
        auth_url: Option<&Url>,
    ) -> Result<Self, Error> {
        let endpoints = Endpoints::resolve(region, api_url, auth_url)?;
        let mut notes = Vec::new();
        let application = application_or_stand_in(&client, &endpoints, &mut notes).await?;
        let registration = Registration {
            endpoint: endpoints.authorization_url()?,
            client_id: &application.client_id,
            port: PORT,
            path: PATH,
            scope: SCOPE,
            resource: &application.resource,
        };
        let attempt = Attempt::begin(registration).await.map_err(|error| explain(error, client.redactor()))?;
        Ok(Self { client, endpoints, application, attempt, notes })
    }

    /// Where a browser has to be sent.
    pub fn url(&self) -> &Url {
        self.attempt.url()
    }

    /// Waits for the browser, and gets the tokens.
    ///
    /// # Errors
    /// Of class `auth` where the login was denied, or its code refused, or nobody came within five minutes.
    pub async fn finish(self, clock: &Clock) -> Result<StoredLogin, Error> {
        let Self { client, endpoints, application, attempt, .. } = self;
        client.redactor().learn(attempt.state());
        let code = attempt.wait(clock).await.map_err(|error| explain(error, client.redactor()))?;
        let (form, expires) = grant(code, &endpoints, &application)?.log_in(&client).await?;
        Ok(StoredLogin { form, expires, hosts: application.hosts(&endpoints) })
    }
}

/// Trades a code for tokens. It is good once: an answer that is lost takes it with it.
fn grant(code: Code, endpoints: &Endpoints, application: &Application) -> Result<Grant, Error> {
    let form = vec![
        field("grant_type", "authorization_code")?,
        field("client_id", &application.client_id)?,
        ("code", code.code),
        field("redirect_uri", &code.redirect_uri)?,
        ("code_verifier", code.verifier),
        field("resource", &application.resource)?,
    ];
    posted(endpoints, form, "the login that the browser brought was refused", "run the command again".to_owned(), None)
}

/// What renews the tokens of a stored login: with the application and for the audience that it was made with, where the file says
/// them, since a refresh token is good for no other.
pub(super) async fn renewal(
    client: &Client,
    endpoints: &Endpoints,
    stored: &Stored,
    notes: &mut Vec<String>,
) -> Result<(Grant, Hosts), Error> {
    let application = match (&stored.login.hosts.client_id, &stored.login.hosts.resource) {
        (Some(client_id), Some(resource)) => Application { client_id: client_id.clone(), resource: resource.clone() },
        _ => application_or_stand_in(client, endpoints, notes).await?,
    };
    let form = vec![
        field("grant_type", "refresh_token")?,
        field("client_id", &application.client_id)?,
        field("resource", &application.resource)?,
    ];
    let remedy = format!(
        "log in again with `scangate login --platform cybedefend`; a login ends after 14 days without use, when it is revoked, and \
         when a copy of {} was used elsewhere",
        stored.store.shown()
    );
    let grant =
        posted(endpoints, form, "the stored login was refused to be renewed", remedy, Some(Box::new(stored.clone())))?;
    Ok((grant, application.hosts(endpoints)))
}

fn posted(
    endpoints: &Endpoints,
    form: Vec<(&'static str, Secret)>,
    refusal: &str,
    remedy: String,
    stored: Option<Box<Stored>>,
) -> Result<Grant, Error> {
    Ok(Grant {
        token_url: endpoints.token_url()?,
        form,
        replay: Replay::IfUnsent,
        refresh_url: None,
        stored,
        most_exchanges: None,
        longest_life: LONGEST_LIFE,
        refusal: refusal.to_owned(),
        remedy,
    })
}

/// Tells an end without a code, the provider's words made harmless.
fn explain(error: browser::Error, redactor: &Redactor) -> Error {
    let (class, message, hint) = match error {
        browser::Error::Denied { error, description } => {
            let words = words_of(&json!({ "error": error, "error_description": description }), redactor);
            let hint = "run the command again and allow the login; or log in with a token: `--pat -`";
            (Class::Auth, format!("the login was refused: {}", words.unwrap_or_default()), hint.to_owned())
        }
        browser::Error::Failed { class, message, hint } => (class, message, hint),
    };
    Error::Refused { class, message, hint, source: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_providers_words_are_one_harmless_line() {
        let denied = browser::Error::Denied {
            error: "access_denied".to_owned(),
            description: "\u{1b}[31mno\u{202e}\r\n::error::x ".repeat(100),
        };
        let error = explain(denied, &Redactor::default());
        let message = error.to_string();
        assert_eq!(error.class(), Class::Auth);
        assert!(message.starts_with("the login was refused: ") && message.contains("access_denied"), "{message}");
        assert!(!message.contains(['\u{1b}', '\u{202e}', '\r', '\n']) && message.chars().count() < 400, "{message}");
    }
}
