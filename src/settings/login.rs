//! What `scangate login`, `logout` and `auth status` need to know: whose logins, where they are kept, and what else is there.

use std::time::Duration;

use super::api::ApiSettings;
use super::connection::ConnectionSettings;
use super::keys;
use super::layers::Layers;
use super::named::{self, Named};
use super::{Error, credential, stores};
use crate::credentials::store::{Hosts, Store};
use crate::credentials::{Form, Source};
use crate::http;
use crate::platform::PlatformId;
use crate::sorting;

/// Everything that `scangate login` needs to know.
pub struct LoginSettings {
    /// Where one logs in.
    pub platform: PlatformId,
    /// What one logs in with; `None` where no flag names it, nor for `CyberOrigen` a variable.
    pub credential: Option<Form<Source>>,
    /// What the settings say of the hosts.
    pub hosts: Hosts,
    /// `--auth-scheme`.
    pub auth_scheme: Option<String>,
    /// Where the login is kept.
    pub store: Store,
    /// `--timeout`: the deadline of the trial.
    pub timeout: Duration,
    /// How the network is reached.
    pub http: http::Options,
    /// What people should know of their settings, in sentences.
    pub warnings: Vec<String>,
}

impl LoginSettings {
    /// Reads them from the layers.
    ///
    /// # Errors
    /// As for [`ApiSettings::resolve`], and where no login can be kept.
    pub fn resolve(layers: &Layers<'_>) -> Result<Self, Error> {
        let ApiSettings { connection, timeout, http, warnings } = ApiSettings::resolve(layers)?;
        let hosts = connection.hosts();
        let ConnectionSettings { platform, credential, auth_scheme, .. } = connection;
        // A variable is for runs, and is kept only where no flag can hold a user name and a password.
        let is_given = |form: &Form<Source>| platform == PlatformId::CyberOrigen || form.origin().starts_with("--");
        let given = credential.filter(is_given);
        let store = place(layers, platform)?;
        Ok(Self { platform, credential: given, hosts, auth_scheme, store, timeout, http, warnings })
    }

    /// How to get a token or key.
    pub fn advice(&self) -> String {
        (self.platform.about().credential_advice)(self.hosts.region)
    }
}

/// Whether people log in there with a browser where they give no token.
pub fn has_browser_login(platform: PlatformId) -> bool {
    platform == PlatformId::CybeDefend
}

/// The places from which `scangate logout` removes logins.
pub struct Places {
    /// Those of `--platform`, else of all platforms; an error for each where no login can be kept.
    pub stores: Vec<Result<Store, Error>>,
    /// Whether it is all platforms because none is named.
    pub of_all: bool,
}

/// The places from which `scangate logout` removes logins.
///
/// # Errors
/// A word that names no platform.
pub fn places(layers: &Layers<'_>) -> Result<Places, Error> {
    let of_all = layers.above_files(&keys::PLATFORM_NAME).is_empty();
    let mut named: Vec<PlatformId> = if of_all {
        PlatformId::ALL.to_vec()
    } else {
        named::entries(layers)?.iter().map(|entry| entry.platform).collect()
    };
    sorting::sort(&mut named);
    named.dedup();
    Ok(Places { stores: named.into_iter().map(|platform| place(layers, platform)).collect(), of_all })
}

fn place(layers: &Layers<'_>, platform: PlatformId) -> Result<Store, Error> {
    stores::store(layers, platform)?.ok_or_else(|| {
        Error::new("there is no folder in which logins are kept: HOME is not set, or this is the action's container")
            .with_hint("give the credential in a variable or with --token-file")
    })
}

/// Where the credential of one entry comes from (`scangate auth status`).
pub struct Account {
    /// The entry's name.
    pub name: String,
    /// How its platform is reached.
    pub connection: ConnectionSettings,
    /// The places that are passed over, the stored login not among them.
    pub passed_over: Vec<String>,
    /// What people should know of their settings, in sentences.
    pub warnings: Vec<String>,
}

/// The entries of the settings, or where they name none, every platform. `is_asked` says which of the two.
pub struct Accounts {
    /// One or more.
    pub accounts: Vec<Account>,
    /// Whether the settings name the platforms.
    pub is_asked: bool,
}

impl Accounts {
    /// Reads them from the layers.
    ///
    /// # Errors
    /// The first value that cannot be read, or is at odds with another.
    pub fn resolve(layers: &Layers<'_>) -> Result<Self, Error> {
        layers.refuse_misplaced_secrets()?;
        let insecure_http = layers.switch(&keys::INSECURE_HTTP)?;
        let asked = named::entries(layers)?;
        let is_asked = !asked.is_empty();
        if is_asked {
            named::refuse_unbound(layers, &asked)?;
        }
        let named = if is_asked { asked } else { PlatformId::ALL.into_iter().map(Named::usual).collect() };
        let account = |entry: &Named| {
            let about = entry.platform.about();
            let layers = &layers.of_entry(entry, named.len() == 1).with_variables_of(about);
            let connection = ConnectionSettings::resolve(layers, entry, insecure_http)?;
            let passed_over = credential::passed_over(layers, about);
            let warnings = if is_asked {
                credential::warnings(layers, about, connection.credential.as_ref())
            } else {
                // What is set for one platform of a run is for none of them here, and no mistake.
                stores::warning(layers, about).into_iter().collect()
            };
            Ok(Account { name: entry.name.clone(), connection, passed_over, warnings })
        };
        let accounts = named.iter().map(account).collect::<Result<_, Error>>()?;
        Ok(Self { accounts, is_asked })
    }
}
