//! How a platform is reached: its credential and its hosts, whatever is asked of it then.

use url::Url;

use super::layers::{Binding, Layers, Sourced};
use super::named::Named;
use super::{Error, credential, dialect, keys, stores, vendor_file};
use crate::clock::Clock;
use crate::credentials::store::{Hosts, Store, Stored};
use crate::credentials::{self, Credential, Form};
use crate::http::Redactor;
use crate::platform::{PlatformId, Region, Request};

/// How one platform is reached. The fields are those of [`super::EntrySettings`].
pub struct ConnectionSettings {
    /// `--platform`.
    pub platform: PlatformId,
    /// Where its credential is; `None` where no layer names a place.
    pub credential: Option<Form<credentials::Source>>,
    /// Where a login may be stored, which is looked at where no layer names a place; `None` where no such file is to be believed.
    pub store: Option<Store>,
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
    /// Reads them from the layers of the entry, which hold the platform's own variables too.
    pub(super) fn resolve(layers: &Layers<'_>, named: &Named, insecure_http: bool) -> Result<Self, Error> {
        refuse_unvouched(layers, named)?;
        vendor_file::refuse_two(layers, named.platform.about())?;
        let server = |key| layers.value(key).map(|sourced| sourced.server(insecure_http)).transpose();
        Ok(Self {
            platform: named.platform,
            credential: credential::choose(layers, named.platform.about())?,
            store: stores::store(layers, named.platform).ok().flatten(),
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

    /// Reads the credential from its place, and makes the request that asks for nothing but the connection.
    ///
    /// # Errors
    /// As for [`super::EntrySettings::read_credential`].
    pub async fn request(self, clock: &Clock, redactor: &Redactor) -> Result<Request, credentials::Error> {
        let advice = || (self.platform.about().credential_advice)(self.region);
        let (chosen, sources) = (self.hosts(), (self.credential.as_ref(), self.store.as_ref()));
        let credential = read_credential(self.platform, sources, &chosen, advice, clock, redactor).await?;
        Ok(Request { auth_scheme: self.auth_scheme, ..Request::at(credential, chosen) })
    }

    /// What the settings say of the hosts.
    pub fn hosts(&self) -> Hosts {
        Hosts::new(self.region, self.api_url.as_ref(), self.auth_url.as_ref())
    }
}

/// Reads a credential from the place that was chosen for it, else from the login that is stored; `advice` is for whoever has
/// neither. `chosen` is what the settings say of the hosts, which is never overruled.
pub(super) async fn read_credential(
    platform: PlatformId,
    (place, store): (Option<&Form<credentials::Source>>, Option<&Store>),
    chosen: &Hosts,
    advice: impl FnOnce() -> String,
    clock: &Clock,
    redactor: &Redactor,
) -> Result<Credential, credentials::Error> {
    if let Some(form) = place {
        return form.read(clock, redactor).await;
    }
    let stored = store.map(|store| stored(platform, store, chosen, redactor)).transpose()?.flatten();
    // A user name is no secret, and is kept like one in a run, whose log may be for everybody.
    stored.iter().flat_map(|stored| stored.form.parts()).for_each(|part| redactor.learn(part));
    stored.ok_or_else(|| credentials::Error::None { platform: platform.about().name, hint: advice() })
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
