//! What a demo asks of each emulated platform: where it is, how to sign in, and what to scan.

use std::fmt::Display;
use std::path::PathBuf;

use url::Url;

use crate::credentials::{Form, Secret, Source, SourceKind};
use crate::error::Error;
use crate::platform::PlatformId;
use crate::sandbox::{CybeDefendAccess, CyberOrigenAccess, Server};
use crate::settings::{EntrySettings, Subject};

/// The host that is scanned where a platform scans hosts. The name is reserved for examples (RFC 2606), and nothing is sent to it.
const HOST: &str = "shop.example.com";

/// The entry of a demo of this platform, which has the sandbox for its platform. A source tree that is scanned is `directory`.
pub(super) fn entry(platform: PlatformId, directory: PathBuf, server: &Server) -> Result<EntrySettings, Error> {
    let not_emulated = || not_set_up(&"the platform is not emulated");
    match platform {
        PlatformId::CybeDefend => cybedefend(server.cybedefend().ok_or_else(not_emulated)?, directory),
        PlatformId::CyberOrigen => cyberorigen(server.cyberorigen().ok_or_else(not_emulated)?),
    }
}

fn cybedefend(access: &CybeDefendAccess, directory: PathBuf) -> Result<EntrySettings, Error> {
    let subject = Subject::Directory { path: directory, untracked: false };
    Ok(EntrySettings {
        credential: Some(Form::Token { secret: source(access.pat.clone()), previous: None }),
        api_url: Some(url(&access.api_url)?),
        auth_url: Some(url(&access.auth_url)?),
        project_id: Some(access.project_id.clone()),
        ..EntrySettings::new(PlatformId::CybeDefend, subject)
    })
}

fn cyberorigen(access: &CyberOrigenAccess) -> Result<EntrySettings, Error> {
    let username = Secret::new(&access.username).ok_or_else(|| not_set_up(&"the account has no name"))?;
    Ok(EntrySettings {
        credential: Some(Form::Login {
            username: source(username),
            password: source(access.password.clone()),
            mfa_code: None,
        }),
        api_url: Some(url(&access.api_url)?),
        frameworks: vec!["soc2".to_owned(), "pci-dss".to_owned()],
        // Of the emulator, which looks at nothing, the user need not state it.
        authorized: true,
        ..EntrySettings::new(PlatformId::CyberOrigen, Subject::Target(HOST.to_owned()))
    })
}

fn source(secret: Secret) -> Source {
    Source { kind: SourceKind::Value(secret), origin: "the sandbox's own credential".to_owned() }
}

fn url(text: &str) -> Result<Url, Error> {
    Url::parse(text).map_err(|error| not_set_up(&error))
}

/// The end of a demo that cannot begin.
pub(super) fn not_set_up(cause: &dyn Display) -> Error {
    Error::Internal(format!("the demo cannot be set up: {cause}"))
}
