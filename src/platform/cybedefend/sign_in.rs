//! From a personal access token to a grant of short-lived tokens (contract 1.2 to 1.5).

use std::time::Duration;

use super::CybeDefend;
use super::endpoints::Endpoints;
use super::login;
use super::wire::ClientApps;
use crate::credentials::store::Hosts;
use crate::credentials::{Form, Secret};
use crate::error::Class;
use crate::http::{Authorizer, Call, Client, Grant, Replay, Session};
use crate::platform::{Connection, Error, Platform as _, Request};

/// The longest that an access token is taken to live: the platform's own pages disagree about what `expires_in` says
/// (contract 0.4).
pub(super) const LONGEST_LIFE: Duration = Duration::from_mins(10);

/// Patience for one attempt at `/client-apps`, and attempts, as in the vendor's client (contract 1.2).
const CLIENT_APPS_TIMEOUT: Duration = Duration::from_secs(15);
const CLIENT_APPS_ATTEMPTS: u32 = 3;

/// What `/client-apps` says, or what stands in for it.
pub(super) struct Application {
    pub(super) client_id: String,
    pub(super) resource: String,
}

/// Learns which application exchanges tokens, and binds the token that it will get to the API's origin. The personal access token
/// itself is first used, and a wrong one refused, at the first call after this.
pub(super) async fn connect(client: Client, endpoints: &Endpoints, request: &Request) -> Result<Connection, Error> {
    request.credential.form.secrets().for_each(|secret| client.redactor().learn(secret));
    let mut notes = Vec::new();
    let (grant, hosts) = grant(&client, endpoints, request, &mut notes).await?;
    let session = Session::new(client, &endpoints.api, Authorizer::Grant(grant));
    Ok(Connection { session, base: endpoints.api.clone(), notes, hosts })
}

/// Prepares what gets tokens: the exchange of the personal access token, or the refresh of a stored login. What people should know
/// of it goes into `notes`.
async fn grant(
    client: &Client,
    endpoints: &Endpoints,
    request: &Request,
    notes: &mut Vec<String>,
) -> Result<(Grant, Hosts), Error> {
    let pat = match (&request.credential.form, &request.credential.stored) {
        (Form::Token { secret, .. }, _) => secret,
        (Form::Tokens { .. }, Some(stored)) => return login::renewal(client, endpoints, stored, notes).await,
        _ => return Err(Error::not_taken(CybeDefend::ABOUT.name, "credential")),
    };
    let application = application_or_stand_in(client, endpoints, notes).await?;
    let mut remedy = format!(
        "check {}: a token is only good where it was issued, and this run used {}; create another {}",
        request.credential.origin,
        endpoints.instance(),
        endpoints.token_page()
    );
    for note in notes.iter() {
        remedy = format!("{remedy}; {note}");
    }
    let form = vec![
        field("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")?,
        field("client_id", &application.client_id)?,
        ("subject_token", pat.clone()),
        field("subject_token_type", "urn:logto:token-type:personal_access_token")?,
        field("resource", &application.resource)?,
    ];
    let grant = Grant {
        token_url: endpoints.token_url()?,
        form,
        replay: Replay::Safe,
        refresh_url: None,
        stored: None,
        most_exchanges: None,
        longest_life: LONGEST_LIFE,
        refusal: "the personal access token was refused".to_owned(),
        remedy,
    };
    Ok((grant, application.hosts(endpoints)))
}

/// Learns which application gets tokens, or takes the built-in one with a note about that.
pub(super) async fn application_or_stand_in(
    client: &Client,
    endpoints: &Endpoints,
    notes: &mut Vec<String>,
) -> Result<Application, Error> {
    match application(client, endpoints).await {
        Ok(application) => Ok(application),
        Err(error) => {
            let (stand_in, note) = stand_in(endpoints, error)?;
            notes.push(note);
            Ok(stand_in)
        }
    }
}

impl Application {
    /// What a stored login remembers: the names under which tokens are got, with the addresses at which they are.
    pub(super) fn hosts(self, endpoints: &Endpoints) -> Hosts {
        Hosts {
            region: endpoints.cloud.as_ref().map(|cloud| cloud.region),
            api_url: Some(endpoints.api.clone()),
            auth_url: Some(endpoints.auth.clone()),
            client_id: Some(self.client_id),
            resource: Some(self.resource),
        }
    }
}

/// Asks the instance which application may exchange tokens, and for which audience.
async fn application(client: &Client, endpoints: &Endpoints) -> Result<Application, Error> {
    let url = endpoints.api(["client-apps"])?;
    let call = Call::get(url).timeout(CLIENT_APPS_TIMEOUT).attempts(CLIENT_APPS_ATTEMPTS);
    read(client.json(call).await?, endpoints)
}

fn read(apps: ClientApps, endpoints: &Endpoints) -> Result<Application, Error> {
    let Some(client_id) = apps.cli.and_then(|cli| cli.app_id.take()) else {
        return Err(Error::Protocol {
            message: format!("/client-apps of {} names no cli.appId", endpoints.instance()),
        });
    };
    let resource = apps.logto_resource.take().unwrap_or_else(|| endpoints.resource().to_owned());
    Ok(Application { client_id, resource })
}

/// The built-in application of a cloud region, with what to tell people. Any other instance has its own, so there the error
/// stands; so it does when the run is out of time.
fn stand_in(endpoints: &Endpoints, error: Error) -> Result<(Application, String), Error> {
    match &endpoints.cloud {
        Some(cloud) if matches!(error.class(), Class::Unavailable | Class::Protocol | Class::Usage | Class::Auth) => {
            let note = format!(
                "/client-apps of {} did not answer as documented ({error}), so the built-in application id was used",
                endpoints.instance()
            );
            let application =
                Application { client_id: cloud.client_id.to_owned(), resource: endpoints.resource().to_owned() };
            Ok((application, note))
        }
        _ => Err(error),
    }
}

pub(super) fn field(name: &'static str, value: &str) -> Result<(&'static str, Secret), Error> {
    let value = Secret::new(value)
        .ok_or_else(|| Error::Protocol { message: format!("the token request would have no {name}") })?;
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;
    use crate::platform::Region;

    fn own_instance() -> Endpoints {
        let api = Url::parse("https://scan.example.com/").unwrap();
        let auth = Url::parse("https://auth.example.com/").unwrap();
        Endpoints::resolve(None, Some(&api), Some(&auth)).unwrap()
    }

    fn unusable() -> Error {
        Error::Protocol { message: "unusable".to_owned() }
    }

    #[test]
    fn the_audience_is_the_instances_own_or_the_apis_base_without_a_slash() {
        let apps = |json: &str| read(serde_json::from_str(json).unwrap(), &own_instance()).unwrap();
        assert_eq!(apps(r#"{"cli":{"appId":"c"}}"#).resource, "https://scan.example.com");
        assert_eq!(apps(r#"{"cli":{"appId":"c"},"logtoResource":""}"#).resource, "https://scan.example.com");
        assert_eq!(apps(r#"{"cli":{"appId":"c"},"logtoResource":"https://aud"}"#).resource, "https://aud");
    }

    #[test]
    fn the_built_in_application_stands_in_only_for_the_cloud() {
        let cloud = Endpoints::resolve(Some(Region::Eu), None, None).unwrap();
        let (application, note) = stand_in(&cloud, unusable()).ok().unwrap();
        assert_eq!(application.client_id, "fm90ay05zohu8fk2q45ms");
        assert_eq!(application.resource, "https://api-eu.cybedefend.com");
        assert!(note.contains("built-in") && note.contains("region eu"), "{note}");
        assert!(stand_in(&own_instance(), unusable()).is_err());
    }

    #[test]
    fn an_answer_without_an_application_is_an_error() {
        for json in ["{}", r#"{"cli":null}"#, r#"{"cli":{"appId":""},"vscode":{"appId":"v"}}"#] {
            assert!(read(serde_json::from_str(json).unwrap(), &own_instance()).is_err(), "{json}");
        }
    }
}
