//! The file of CybeDefend's own command line, read and written (`contracts/cybedefend.md` section 2.1), so that a login by either
//! tool works in the other.

use serde_json::{Map, Value};
use url::Url;

use super::{Hosts, StoredLogin};
use crate::credentials::{Form, Secret};
use crate::platform::Region;

const TYPE: &str = "type";
const REGION: &str = "region";
const API_URL: &str = "api_url";
const AUTH_ENDPOINT: &str = "auth_endpoint";
const CLIENT_ID: &str = "client_id";
const API_RESOURCE: &str = "api_resource";
const PAT: &str = "pat";
const ACCESS_TOKEN: &str = "access_token";
const REFRESH_TOKEN: &str = "refresh_token";
const TOKEN_EXPIRY: &str = "token_expiry";

/// Every field that a login of today may have. All others are left as they are.
const FIELDS: [&str; 10] =
    [TYPE, REGION, API_URL, AUTH_ENDPOINT, CLIENT_ID, API_RESOURCE, PAT, ACCESS_TOKEN, REFRESH_TOKEN, TOKEN_EXPIRY];

/// Reads the file's one login.
pub(super) fn read(document: &Map<String, Value>) -> Result<StoredLogin, String> {
    let required = |field: &str| secret(document, field).ok_or_else(|| format!("it holds a login without `{field}`"));
    let form = match text(document, TYPE) {
        Some("pat") => Form::Token { secret: required(PAT)?, previous: None },
        Some("oauth") => Form::Tokens { access: required(ACCESS_TOKEN)?, refresh: secret(document, REFRESH_TOKEN) },
        Some(_) => return Err(format!("its `{TYPE}` is neither pat nor oauth")),
        None => return Err(format!("it holds no login: `{TYPE}` is missing")),
    };
    let expires = text(document, TOKEN_EXPIRY).and_then(|text| text.parse().ok());
    Ok(StoredLogin { form, expires, hosts: hosts(document)? })
}

/// The addresses count only where all four of them are there, and the region is then no more than a label; else the region does.
fn hosts(document: &Map<String, Value>) -> Result<Hosts, String> {
    let region = text(document, REGION).and_then(|word| word.parse().ok());
    let url = |field: &str, text: &str| Url::parse(text).map_err(|_cause| format!("its `{field}` is no web address"));
    let four = [API_URL, AUTH_ENDPOINT, CLIENT_ID, API_RESOURCE].map(|field| text(document, field));
    if let [Some(api), Some(auth), Some(client_id), Some(resource)] = four {
        return Ok(Hosts {
            region,
            api_url: Some(url(API_URL, api)?),
            auth_url: Some(url(AUTH_ENDPOINT, auth)?),
            client_id: Some(client_id.to_owned()),
            resource: Some(resource.to_owned()),
        });
    }
    if region.is_none() {
        return Err(format!("its `{REGION}` is neither eu nor us, and it does not name all addresses"));
    }
    Ok(Hosts { region, ..Hosts::default() })
}

/// Puts a login into the file's document.
pub(super) fn write(login: &StoredLogin, document: &mut Map<String, Value>) {
    document.retain(|field, _| !FIELDS.contains(&field.as_str()));
    let mut put = |field: &str, text: &str| drop(document.insert(field.to_owned(), text.into()));
    match &login.form {
        Form::Tokens { access, refresh } => {
            put(TYPE, "oauth");
            put(ACCESS_TOKEN, access.expose());
            if let Some(refresh) = refresh {
                put(REFRESH_TOKEN, refresh.expose());
            }
            if let Some(expires) = login.expires {
                put(TOKEN_EXPIRY, &expires.to_string());
            }
        }
        Form::Token { secret, .. } | Form::ApiKey(secret) | Form::Login { password: secret, .. } => {
            put(TYPE, "pat");
            put(PAT, secret.expose());
        }
    }
    let Hosts { region, api_url, auth_url, client_id, resource } = &login.hosts;
    // The vendor's label for an instance of one's own is the default region's.
    put(REGION, region.unwrap_or(Region::Us).as_str());
    // The vendor's tool puts paths behind the addresses as they are.
    let base = |url: &Option<Url>| url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned());
    let places = [
        (API_URL, base(api_url)),
        (AUTH_ENDPOINT, base(auth_url)),
        (CLIENT_ID, client_id.clone()),
        (API_RESOURCE, resource.clone()),
    ];
    for (field, place) in places {
        if let Some(place) = place {
            put(field, &place);
        }
    }
}

/// A field that is there and not empty.
fn text<'a>(document: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    document.get(field)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

fn secret(document: &Map<String, Value>, field: &str) -> Option<Secret> {
    text(document, field).and_then(Secret::new)
}
