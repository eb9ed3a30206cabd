//! How a platform is reached: its credential and its hosts, whatever is asked of it then.

use url::Url;

use super::layers::{Binding, Layers, Sourced};
use super::named::Named;
use super::{Error, credential, dialect, keys, vendor_file};
use crate::clock::Clock;
use crate::credentials::{self, Credential, Form};
use crate::http::Redactor;
use crate::platform::{PlatformId, Region, Request};

/// How one platform is reached. The fields are those of [`super::EntrySettings`].
pub struct ConnectionSettings {
    /// `--platform`.
    pub platform: PlatformId,
    /// Where its credential is; `None` where no layer names a place.
    pub credential: Option<Form<credentials::Source>>,
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
        let credential = read_credential(self.platform, self.credential.as_ref(), advice, clock, redactor).await?;
        let Self { region, api_url, auth_url, auth_scheme, .. } = self;
        Ok(Request { region, api_url, auth_url, auth_scheme, ..Request::new(credential) })
    }
}

/// Reads a credential from the place that was chosen for it; `advice` is for whoever has chosen none.
pub(super) async fn read_credential(
    platform: PlatformId,
    place: Option<&Form<credentials::Source>>,
    advice: impl FnOnce() -> String,
    clock: &Clock,
    redactor: &Redactor,
) -> Result<Credential, credentials::Error> {
    match place {
        Some(form) => form.read(clock, redactor).await,
        None => Err(credentials::Error::None { platform: platform.about().name, hint: advice() }),
    }
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
