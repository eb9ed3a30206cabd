//! The platforms of a demo: those of the sandbox, as entries of a run.

use std::path::PathBuf;

use url::Url;

use crate::credentials::{Form, Secret, Source, SourceKind};
use crate::error::Error;
use crate::platform::{PlatformId, SubjectKind};
use crate::sandbox::{Dialect, Server};
use crate::settings::{self, ConnectionSettings, EntrySettings, Subject};

/// How the sandbox speaks like a platform.
pub(super) fn dialect(platform: PlatformId) -> Dialect {
    match platform {
        PlatformId::CybeDefend => Dialect::CybeDefend,
        PlatformId::Cybrium => Dialect::Cybrium,
        PlatformId::CyberOrigen => Dialect::CyberOrigen,
        PlatformId::BestDefense => Dialect::BestDefense,
    }
}

/// Refuses a source tree where no platform takes one.
pub(super) fn check_directory(platforms: &[PlatformId], directory: Option<&PathBuf>) -> Result<(), Error> {
    let abouts: Vec<_> = platforms.iter().map(|platform| platform.about()).collect();
    if directory.is_none() || abouts.iter().any(|about| about.subjects.contains(&SubjectKind::Tree)) {
        return Ok(());
    }
    let names = abouts.iter().map(|about| about.name).collect::<Vec<_>>().join(" and ");
    let message = format!("{names} scans no source tree, so a demo of it has no use for --dir");
    Err(settings::Error::new(message).with_hint("take it out").into())
}

/// The entry of a run that scans what the sandbox has to be scanned, or `directory` where the platform takes source trees.
pub(super) fn entry(platform: PlatformId, server: &Server, directory: PathBuf) -> Result<EntrySettings, Error> {
    let entry = match platform {
        PlatformId::CybeDefend => cybedefend(server, directory),
        PlatformId::Cybrium => cybrium(server),
        PlatformId::CyberOrigen => cyberorigen(server),
        PlatformId::BestDefense => bestdefense(server),
    };
    entry?.ok_or_else(|| Error::Internal("the demo's platform is not emulated".to_owned()))
}

fn cybedefend(server: &Server, path: PathBuf) -> Result<Option<EntrySettings>, Error> {
    let Some(access) = server.cybedefend() else { return Ok(None) };
    let mut connection = connection(PlatformId::CybeDefend, token(&access.pat), &access.api_url)?;
    connection.auth_url = Some(url(&access.auth_url)?);
    Ok(Some(EntrySettings {
        project_id: Some(access.project_id.clone()),
        ..EntrySettings::new(connection, Subject::Directory { path, untracked: false })
    }))
}

fn cybrium(server: &Server) -> Result<Option<EntrySettings>, Error> {
    let Some((access, target)) = server.cybrium().and_then(|access| Some((access, *access.targets.first()?))) else {
        return Ok(None);
    };
    let connection = connection(PlatformId::Cybrium, token(&access.key), &access.api_url)?;
    Ok(Some(EntrySettings::new(connection, Subject::Target(target.to_owned()))))
}

fn cyberorigen(server: &Server) -> Result<Option<EntrySettings>, Error> {
    let Some(access) = server.cyberorigen() else { return Ok(None) };
    let Some(username) = Secret::new(&access.username) else { return Ok(None) };
    // A login, which is on the smallest plan, and frameworks, so that there are controls to see.
    let login = Form::Login {
        username: secret(&username, "user name"),
        password: secret(&access.password, "password"),
        mfa_code: None,
    };
    let connection = connection(PlatformId::CyberOrigen, login, &access.api_url)?;
    Ok(Some(EntrySettings {
        frameworks: vec!["soc2".to_owned(), "pci-dss".to_owned()],
        // The sandbox scans nothing, so nobody has to permit it.
        authorized: true,
        ..EntrySettings::new(connection, Subject::Target("shop.example.com".to_owned()))
    }))
}

fn bestdefense(server: &Server) -> Result<Option<EntrySettings>, Error> {
    let Some((access, site)) = server.bestdefense().and_then(|access| Some((access, access.sites.first()?))) else {
        return Ok(None);
    };
    let connection = connection(PlatformId::BestDefense, token(&access.token), &access.api_url)?;
    Ok(Some(EntrySettings::new(connection, Subject::Target(site.hostname.to_owned()))))
}

fn connection(platform: PlatformId, credential: Form<Source>, api_url: &str) -> Result<ConnectionSettings, Error> {
    let api_url = Some(url(api_url)?);
    Ok(ConnectionSettings { credential: Some(credential), api_url, ..ConnectionSettings::new(platform) })
}

fn token(token: &Secret) -> Form<Source> {
    Form::Token { secret: secret(token, "token"), previous: None }
}

fn secret(value: &Secret, what: &str) -> Source {
    Source { kind: SourceKind::Value(value.clone()), origin: format!("the sandbox's own {what}") }
}

fn url(text: &str) -> Result<Url, Error> {
    Url::parse(text).map_err(|error| Error::Internal(format!("the sandbox's URL: {error}")))
}
