//! How a platform is reached: its credential and its hosts, whatever is asked of it then.

use std::time::Duration;

use url::Url;

use super::layers::{Binding, Layers, Sourced};
use super::named::Named;
use super::trust::Ground;
use super::value::escaped;
use super::{Error, credential, dialect, keys, stores, vendor_file};
use crate::clock::Clock;
use crate::credentials::store::{Hosts, Store, Stored};
use crate::credentials::{self, Credential, Form};
use crate::http::Redactor;
use crate::platform::{PlatformId, Region, Request};

/// How one platform is reached.
#[derive(Clone)]
pub struct ConnectionSettings {
    /// `--platform`.
    pub platform: PlatformId,
    /// Where its credential is; `None` where no layer names a place.
    pub credential: Option<Form<credentials::Source>>,
    /// Where a login may be stored, which is looked at where no layer names a place; `None` where no such file is to be believed.
    pub store: Option<Store>,
    /// What to do where there is none, if the CI knows why; else the platform says how to get one.
    pub credential_advice: Option<String>,
    /// `--region`, if it was given anywhere.
    pub region: Option<Region>,
    /// `--api-url`.
    pub api_url: Option<Url>,
    /// `--auth-url`.
    pub auth_url: Option<Url>,
    /// `--auth-scheme`.
    pub auth_scheme: Option<String>,
}

impl ConnectionSettings {
    /// A platform of which nothing else is set.
    pub fn new(platform: PlatformId) -> Self {
        Self {
            platform,
            credential: None,
            store: None,
            credential_advice: None,
            region: None,
            api_url: None,
            auth_url: None,
            auth_scheme: None,
        }
    }

    /// Reads them from the layers of the entry, which hold the platform's own variables too.
    pub(super) fn resolve(layers: &Layers<'_>, named: &Named, insecure_http: bool) -> Result<Self, Error> {
        refuse_unvouched(layers, named)?;
        vendor_file::refuse_two(layers, named.platform.about())?;
        let server = |key| layers.value(key).map(|sourced| sourced.server(insecure_http)).transpose();
        Ok(Self {
            platform: named.platform,
            credential: credential::choose(layers, named.platform.about())?,
            store: stores::store(layers, named.platform).ok().flatten(),
            credential_advice: None,
            region: layers.value(&keys::REGION).map(|sourced| region(&sourced)).transpose()?,
            api_url: server(&keys::API_URL)?,
            auth_url: server(&keys::AUTH_URL)?,
            auth_scheme: dialect::auth_scheme(layers)?,
        })
    }

    /// Whether the credential is read from standard input.
    pub fn reads_standard_input(&self) -> bool {
        let is_read = |place: &credentials::Source| matches!(place.kind, credentials::SourceKind::StandardInput);
        self.credential.as_ref().is_some_and(|form| form.secrets().any(is_read))
    }

    /// Reads the credential from the place that was chosen for it, until the deadline, a moment of [`Clock::monotonic`]; else from
    /// the login that is stored.
    ///
    /// # Errors
    /// [`credentials::Error::None`] where there is neither, and whatever reading says.
    pub async fn read_credential(
        &self,
        clock: &Clock,
        deadline: Duration,
        redactor: &Redactor,
    ) -> Result<Credential, credentials::Error> {
        if let Some(form) = &self.credential {
            return form.read(clock, deadline, redactor).await;
        }
        let store = self.store.as_ref();
        let stored = store.map(|store| stored(self.platform, store, &self.hosts(), redactor)).transpose()?.flatten();
        // A user name is no secret, and is kept like one in a run, whose log may be for everybody.
        stored.iter().flat_map(|stored| stored.form.parts()).for_each(|part| redactor.learn(part));
        let about = self.platform.about();
        let advice = || self.credential_advice.clone().unwrap_or_else(|| (about.credential_advice)(self.region));
        stored.ok_or_else(|| credentials::Error::None { platform: about.name, hint: advice() })
    }

    /// What is asked of the platform with this credential where nothing but the connection is wanted.
    pub fn request(&self, credential: Credential) -> Request {
        Request { auth_scheme: self.auth_scheme.clone(), ..Request::at(credential, self.hosts()) }
    }

    /// Closes the store to other users where a login in there will be read, and says what people should know of that.
    pub fn close_store(&self) -> Vec<String> {
        let read = self.store.as_ref().filter(|_| self.credential.is_none());
        read.map(Store::close_to_others).unwrap_or_default()
    }

    /// Leaves a stored login alone that lies in the folder that is scanned, and says so where it would have been used.
    pub(super) fn leave_store_in(&mut self, directory: &str, layers: &Layers<'_>) -> Option<String> {
        let ground = Ground::of(layers).with(directory);
        let store = self.store.take_if(|store| ground.holds(store.path()))?;
        let is_missed = self.credential.is_none() && store.is_there();
        is_missed.then(|| format!("a stored login is not used: {} lies in what is scanned", escaped(&store.shown())))
    }

    /// What the settings say of the hosts.
    pub fn hosts(&self) -> Hosts {
        Hosts::new(self.region, self.api_url.as_ref(), self.auth_url.as_ref())
    }
}

/// The login that is stored, if there is one. One that was made for other hosts goes to none.
///
/// # Errors
/// As for [`Store::load`], and [`credentials::Error::MadeForAnother`].
pub fn stored(
    platform: PlatformId,
    store: &Store,
    chosen: &Hosts,
    redactor: &Redactor,
) -> Result<Option<Credential>, credentials::Error> {
    let Some(login) = store.load(redactor)? else { return Ok(None) };
    let vendors = platform.about().hosts;
    if let Some(asked) = login.hosts.differs_from(chosen, vendors) {
        let (file, made_for) = (store.shown(), login.hosts.shown(vendors));
        return Err(credentials::Error::MadeForAnother { file, made_for, asked });
    }
    let origin = format!("the login in {}", store.shown());
    let (form, stored) = (login.form.clone(), Some(Box::new(Stored { store: store.clone(), login })));
    Ok(Some(Credential { form, origin, stored }))
}

/// A region in either case, as the vendor's own client takes it.
fn region(sourced: &Sourced<'_>) -> Result<Region, Error> {
    let lower = sourced.text.to_ascii_lowercase();
    sourced.part(&lower).one_of("a region", &[("eu", Region::Eu), ("us", Region::Us)])
}

/// Refuses a host or a credential that does not say for which platform it is, where a file that a pull request can edit chooses
/// the platform: it could send the credential of one to another.
fn refuse_unvouched(layers: &Layers<'_>, named: &Named) -> Result<(), Error> {
    if named.is_vouched {
        return Ok(());
    }
    let id = named.platform.as_str();
    let is_said = |binding| match binding {
        Binding::Platform => true,
        Binding::Name => named.name == id,
        Binding::Run => false,
    };
    let keys = [&keys::API_URL, &keys::AUTH_URL].into_iter().chain(keys::CREDENTIAL);
    let mut highest = keys.filter_map(|key| layers.layers(key).next());
    let unsaid = highest.find(|layer| !is_said(layer.binding)).and_then(|layer| layer.values.into_iter().next());
    let origin = unsaid.map(|sourced| sourced.origin.to_string());
    match origin.or_else(|| credential::unsaid_token(layers, is_said)) {
        None => Ok(()),
        Some(origin) => {
            let message = format!(
                "{origin} does not say for which platform it is, and {} is open to pull requests",
                named.chosen
            );
            let pair = if named.name == id { id.to_owned() } else { format!("{}={id}", named.name) };
            Err(Error::new(message)
                .with_hint(format!("choose the platform with --platform {pair} or SCANGATE_PLATFORM")))
        }
    }
}
