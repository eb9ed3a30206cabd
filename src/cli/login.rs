//! `scangate login`: tries a credential against its platform, and keeps it for later runs.

use std::time::Duration;

use super::flags::{Selection, SettingsFlags};
use super::{Context, browser, signals};
use crate::credentials::store::{Hosts, StoredLogin};
use crate::credentials::{Credential, Form, Secret};
use crate::error::{Class, Error};
use crate::http::Client;
use crate::platform::{PlatformId, Region, Request};
use crate::scan::observer::{Event, Observer as _};
use crate::settings::keys::Key;
use crate::settings::{self, ApiSettings, Files, Layers, LoginSettings};

/// Arguments of `scangate login`.
#[derive(clap::Args)]
#[command(
    after_help = "With no flag that names a token, CybeDefend is logged in to with a browser, and its tokens are renewed by later runs. \
                  Else the token or key comes from --pat, --token-file or --token-command; for CyberOrigen also from its variables, as a user name and a \
                  password do. What a login leaves behind is in docs/credentials.md.\n\
                  Exit codes: 0 logged in; 2 usage; 3 refused, and nothing was kept; 4 unavailable; 5 deadline; 7 protocol."
)]
pub(super) struct Arguments {
    /// Keep the credential as it is, without trying it against the platform
    #[arg(long, help_heading = "Credentials")]
    no_verify: bool,

    /// Only print the address of a login in a browser, and start no browser
    #[arg(long, help_heading = "Credentials")]
    no_browser: bool,

    #[command(flatten)]
    pub(super) flags: SettingsFlags<OfALogin>,
}

/// The settings of how a platform is reached.
pub(super) struct OfALogin;

impl Selection for OfALogin {
    fn includes(key: &Key) -> bool {
        ApiSettings::includes(key)
    }

    fn help(key: &'static Key) -> &'static str {
        match key.name {
            "platform" => "Where to log in: cybedefend, cybrium, cyberorigen or bestdefense",
            "timeout" => "The deadline of the trial, such as 30s or 10m [default: 5m]",
            _ => key.help,
        }
    }
}

/// Runs the command.
pub(super) async fn run(
    arguments: Arguments,
    files: Result<Files, settings::Error>,
    context: &Context,
) -> Result<u8, Error> {
    let files = files?;
    let layers = Layers::new(&arguments.flags.given, &context.environment).with_files(&files);
    let settings = LoginSettings::resolve(&layers)?;
    for warning in settings.warnings.iter().cloned().chain(settings.store.close_to_others()) {
        context.printer.event(&Event::Warning(warning));
    }
    let logged_in = async {
        let login = match &settings.credential {
            Some(_) if arguments.no_verify => untried(&settings, context).await?,
            Some(_) => tried(&settings, context).await?,
            None if settings::has_browser_login(settings.platform) => {
                browser::log_in(&settings, !arguments.no_browser, !arguments.no_verify, context).await?
            }
            None => return Err(nothing_given(&settings)),
        };
        keep(&settings, &login, context).await
    };
    tokio::select! {
        ended = logged_in => ended.map(|()| Class::Passed.exit_code()),
        signal = signals::interrupted() => Err(Error::Interrupted(signal)),
    }
}

/// Reads what was given.
async fn read(settings: &LoginSettings, deadline: Duration, context: &Context) -> Result<Credential, Error> {
    let Some(form) = &settings.credential else { return Err(nothing_given(settings)) };
    if matches!(form, Form::Login { mfa_code: Some(_), .. }) {
        let error =
            settings::Error::new("a login with a code for a second factor cannot be kept: the code is good once");
        return Err(error.with_hint("log in with an API key").into());
    }
    Ok(form.read(&context.clock, deadline, &context.redactor).await?)
}

/// The credential, and where it is good by the word of the settings.
async fn untried(settings: &LoginSettings, context: &Context) -> Result<StoredLogin, Error> {
    let about = settings.platform.about();
    let is_regional = about.uses("region");
    let hosts = &settings.hosts;
    if is_regional && (hosts.api_url.is_some() || hosts.auth_url.is_some()) {
        let error = settings::Error::new(format!(
            "{} has to be asked for the application of an instance before a login for it can be kept",
            about.name
        ));
        return Err(error.with_hint("leave --no-verify out, or give --region in place of addresses").into());
    }
    let region = is_regional.then(|| hosts.region.unwrap_or(Region::Us));
    let deadline = context.clock.monotonic().saturating_add(settings.timeout);
    let form = without_previous(read(settings, deadline, context).await?.form);
    Ok(StoredLogin { form, expires: None, hosts: Hosts { region, ..hosts.clone() } })
}

/// The credential after the platform has taken it.
async fn tried(settings: &LoginSettings, context: &Context) -> Result<StoredLogin, Error> {
    let platform = settings.platform;
    let deadline = context.clock.monotonic().saturating_add(settings.timeout);
    let client = Client::new(&settings.http, context.clock.clone(), deadline, context.redactor.clone())?;
    let credential = read(settings, deadline, context).await?;
    let form = without_previous(credential.form.clone());
    let request =
        Request { auth_scheme: settings.auth_scheme.clone(), ..Request::at(credential, settings.hosts.clone()) };
    let connection = platform.connect(client, &request).await?;
    for note in &connection.notes {
        context.printer.event(&Event::Note(note.clone()));
    }
    connection.session.send(platform.about().trial(&connection.base)?).await?;
    let hosts = match connection.hosts {
        hosts if hosts == Hosts::default() => settings.hosts.clone(),
        hosts => hosts,
    };
    Ok(StoredLogin { form, expires: None, hosts })
}

/// Of a rotation only the key that is good now is kept.
fn without_previous(form: Form<Secret>) -> Form<Secret> {
    match form {
        Form::Token { secret, .. } => Form::Token { secret, previous: None },
        form => form,
    }
}

/// Writes a login to its place, and says so.
async fn keep(settings: &LoginSettings, login: &StoredLogin, context: &Context) -> Result<(), Error> {
    let aside = settings.store.lock(&context.clock, &context.redactor).await?.save(login)?;
    let note = |text: String| context.printer.event(&Event::Note(text));
    if let Some(aside) = aside {
        let file = settings.store.shown();
        let text = format!("{file} was not understood, and is now {}", aside.display());
        context.printer.event(&Event::Warning(text));
    }
    let about = settings.platform.about();
    note(format!("logged in to {} at {}", about.name, login.hosts.shown(about.hosts)));
    note(format!("the login is kept in {}; `scangate logout` removes it", settings.store.shown()));
    Ok(())
}

/// The error of a login with nothing to log in with.
fn nothing_given(settings: &LoginSettings) -> Error {
    let name = settings.platform.about().name;
    let error = settings::Error::new(format!("a login to {name} needs a token or key"));
    let scope = if settings.platform == PlatformId::CyberOrigen { "" } else { "for runs alone, " };
    let advice = settings.advice();
    error.with_hint(format!("give one with --pat -, --token-file or --token-command; {scope}{advice}")).into()
}
