//! The login in a browser, for `scangate login`.

use super::Context;
use super::output::Stream;
use crate::ci;
use crate::credentials::browser::PATIENCE;
use crate::credentials::store::StoredLogin;
use crate::credentials::{Form, Secret};
use crate::error::Error;
use crate::http::{Authorizer, Client, Session};
use crate::platform::cybedefend::BrowserLogin;
use crate::scan::observer::{Event, Observer as _};
use crate::settings::{self, LoginSettings, browser_command};

/// Shows the address, with `start` in a browser too, waits for the answer, and gives the login. With `verify`, its token has opened
/// the platform.
///
/// # Errors
/// Of class `usage` in a CI, where nobody is at a browser; else those of the login.
pub(super) async fn log_in(
    settings: &LoginSettings,
    start: bool,
    verify: bool,
    context: &Context,
) -> Result<StoredLogin, Error> {
    if ci::is_job(&context.environment) {
        let error = settings::Error::new("a login in a browser needs a person, and this is a CI job");
        return Err(error
            .with_hint("set CYBEDEFEND_PAT; or keep a token with `scangate login --platform cybedefend --pat -`")
            .into());
    }
    let note = |text: &str| context.printer.event(&Event::Note(text.to_owned()));
    let deadline = context.clock.monotonic().saturating_add(settings.timeout).saturating_add(PATIENCE);
    let client = Client::new(&settings.http, context.clock.clone(), deadline, context.redactor.clone())?;
    let hosts = &settings.hosts;
    let (api, auth) = (hosts.api_url.as_ref(), hosts.auth_url.as_ref());
    let login = BrowserLogin::begin(client.clone(), hosts.region, api, auth).await?;
    login.notes.iter().for_each(|text| note(text));

    let is_started = start && browser_command(&context.environment, login.url()).is_some_and(|command| command.start());
    note(if is_started {
        "a browser was started for the login; if none shows it, open this address in one on this machine:"
    } else {
        "open this address in a browser on this machine:"
    });
    let line = format!("{}\n", login.url());
    context.printer.document(&line, Stream::Output).map_err(|error| {
        settings::Error::new(format!("the address of the login cannot be shown: {error}"))
            .with_hint("check standard output")
    })?;
    note("waiting for the login, for five minutes at most");
    let login = login.finish(&context.clock).await?;
    if let (Form::Tokens { access, .. }, true) = (&login.form, verify) {
        try_out(client, settings, access, &login).await?;
    }
    Ok(login)
}

/// Calls the platform once with the token.
async fn try_out(client: Client, settings: &LoginSettings, access: &Secret, login: &StoredLogin) -> Result<(), Error> {
    let Some(base) = &login.hosts.api_url else {
        return Err(Error::Internal("a login in a browser is for no address".to_owned()));
    };
    let session = Session::new(client, base, Authorizer::bearer(access.clone()));
    session.send(settings.platform.about().trial(base)?).await?;
    Ok(())
}
