//! From credentials to what a request is signed with: a login that is exchanged for tokens of an hour, or a key (contract 1.2 to
//! 1.5).

use std::time::Duration;

use super::CyberOrigen;
use super::endpoints::Endpoints;
use crate::credentials::store::Hosts;
use crate::credentials::{Credential, Form, Secret};
use crate::http::{Authorizer, Client, Grant, Placement, Replay, Session};
use crate::platform::{Connection, Error, Platform as _, Region, Request};

/// How long a token lives, by the vendor's samples (contract 1.2).
const LONGEST_LIFE: Duration = Duration::from_hours(1);

/// The header of an API key (contract 1.4).
const KEY_HEADER: &str = "x-api-key";

/// How to get a credential.
pub(super) fn advice(_region: Option<Region>) -> String {
    "set CYBERORIGEN_USERNAME and CYBERORIGEN_PASSWORD, or CYBERORIGEN_API_KEY to a key from Settings > API Keys, which the plans \
     Professional and Enterprise have"
        .to_owned()
}

/// Binds what signs the requests to the origin of the API. The first call after this signs in.
pub(super) fn connect(client: Client, endpoints: &Endpoints, request: &Request) -> Result<Connection, Error> {
    let authorizer = authorizer(request.credential.clone(), endpoints)?;
    let session = Session::new(client, &endpoints.base, authorizer);
    Ok(Connection { session, base: endpoints.base.clone(), notes: Vec::new(), hosts: Hosts::default() })
}

/// What signs the requests.
fn authorizer(credential: Credential, endpoints: &Endpoints) -> Result<Authorizer, Error> {
    match credential.form {
        Form::ApiKey(key) => Ok(Authorizer::Keys { placement: Placement::Header(KEY_HEADER), keys: vec![key] }),
        Form::Login { username, password, mfa_code } => {
            login(username, password, mfa_code, &credential.origin, endpoints).map(Authorizer::Grant)
        }
        Form::Token { .. } | Form::Tokens { .. } => Err(Error::not_taken(CyberOrigen::ABOUT.name, "credential")),
    }
}

/// A login that is tried once, and once more where its token was refused in the middle of the run. `grant_type` is in neither of
/// the vendor's examples and is not sent. A code for the second factor is good once, so with one there is no second login.
fn login(
    username: Secret,
    password: Secret,
    mfa_code: Option<Secret>,
    origin: &str,
    endpoints: &Endpoints,
) -> Result<Grant, Error> {
    let code = if mfa_code.is_some() {
        " and CYBERORIGEN_MFA_CODE, which is good once and for about 30 s"
    } else {
        ", and whether the account asks for a second factor, whose code goes into CYBERORIGEN_MFA_CODE"
    };
    let most_exchanges = if mfa_code.is_some() { 1 } else { 2 };
    let mut form = vec![("username", username), ("password", password)];
    form.extend(mfa_code.map(|code| ("mfa_code", code)));
    Ok(Grant {
        token_url: endpoints.api(["auth", "token"])?,
        form,
        replay: Replay::Never,
        refresh_url: Some(endpoints.api(["auth", "refresh"])?),
        stored: None,
        most_exchanges: Some(most_exchanges),
        longest_life: LONGEST_LIFE,
        refusal: "the login was refused".to_owned(),
        remedy: format!(
            "check {origin}{code}; it was not tried again, because five refused logins lock the account for 15 minutes, and those of \
             jobs side by side add up; an API key in CYBERORIGEN_API_KEY has no such lock"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text).unwrap()
    }

    fn sign(form: Form<Secret>) -> Result<Authorizer, Error> {
        let credential = Credential::new(form, "CYBERORIGEN_USERNAME and CYBERORIGEN_PASSWORD");
        authorizer(credential, &Endpoints::resolve(None).unwrap())
    }

    fn grant(mfa_code: Option<&str>) -> Grant {
        let form = Form::Login {
            username: secret("ci@example.com"),
            password: secret("a&b+c% d"),
            mfa_code: mfa_code.map(secret),
        };
        match sign(form) {
            Ok(Authorizer::Grant(grant)) => grant,
            _ => panic!("a login is a grant"),
        }
    }

    #[test]
    fn a_login_is_sent_as_it_is_documented_and_never_twice_in_a_row() {
        let login = grant(None);
        let names: Vec<&str> = login.form.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["username", "password"]);
        assert_eq!((login.replay, login.most_exchanges), (Replay::Never, Some(2)));
        assert_eq!(login.token_url.as_str(), "https://backend.cyberorigen.com/api/v1/auth/token");
        assert_eq!(login.refresh_url.unwrap().as_str(), "https://backend.cyberorigen.com/api/v1/auth/refresh");
    }

    #[test]
    fn a_code_is_good_for_one_login() {
        let login = grant(Some("123456"));
        assert_eq!(login.form.last().map(|(name, code)| (*name, code.expose())), Some(("mfa_code", "123456")));
        assert_eq!(login.most_exchanges, Some(1));
        assert!(login.remedy.contains("CYBERORIGEN_MFA_CODE") && login.remedy.contains("15 minutes"));
    }

    #[test]
    fn a_key_goes_into_a_header_of_its_own_and_a_bare_token_is_not_taken() {
        let authorizer = sign(Form::ApiKey(secret("key-0123456789"))).ok().unwrap();
        assert!(matches!(authorizer, Authorizer::Keys { placement: Placement::Header("x-api-key"), .. }));
        assert!(sign(Form::Token { secret: secret("t-0123456789"), previous: None }).is_err());
    }
}
