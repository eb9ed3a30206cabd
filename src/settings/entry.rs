//! One platform in a run, typed and checked.

use std::collections::BTreeMap;

use serde_json::Value;
use url::Url;

use super::keys::{Heeded, Key, Kind, Owner};
use super::layers::{Binding, Layers, Origin, Sourced};
use super::named::Named;
use super::subject::Subject;
use super::{Error, credential, dialect, keys};
use crate::clock::Clock;
use crate::credentials::{self, Credential, Form};
use crate::http::Redactor;
use crate::platform::{About, PlatformId, Region, StateWord, Timing};

/// One platform in a run. Where a field is not described, it is that of [`crate::platform::Request`].
#[derive(Clone)]
pub struct EntrySettings {
    /// The entry's unique name; by default the platform's.
    pub name: String,
    /// `--platform`.
    pub platform: PlatformId,
    /// What is scanned.
    pub subject: Subject,
    /// Where its credential is; `None` where no layer names a place.
    pub credential: Option<Form<credentials::Source>>,
    /// What to do where there is none, if the CI knows why; else the platform says how to get one.
    pub credential_advice: Option<String>,
    /// `--category`, ending in `/`; else `scangate/<name>/<what is scanned>/`.
    pub category: Option<String>,
    /// `--region`, if it was given anywhere.
    pub region: Option<Region>,
    /// `--api-url`.
    pub api_url: Option<Url>,
    /// `--auth-url`.
    pub auth_url: Option<Url>,
    /// `--auth-scheme`.
    pub auth_scheme: Option<String>,
    /// `--path`.
    pub paths: BTreeMap<String, String>,
    /// `--state`.
    pub states: BTreeMap<String, StateWord>,
    /// `--branch`, or the platform's own variable for it.
    pub branch: Option<String>,
    /// `--project-id`.
    pub project_id: Option<String>,
    /// `--scan-type`.
    pub scan_type: Option<String>,
    /// `--framework`.
    pub frameworks: Vec<String>,
    /// `--ports`.
    pub ports: Option<String>,
    /// `--intensity`.
    pub intensity: Option<String>,
    /// `--authorized`.
    pub authorized: bool,
    /// `--option`.
    pub options: Vec<(String, Value)>,
}

impl EntrySettings {
    /// An entry of the platform's own name with nothing else set.
    pub fn new(platform: PlatformId, subject: Subject) -> Self {
        Self {
            name: platform.as_str().to_owned(),
            platform,
            subject,
            credential: None,
            credential_advice: None,
            category: None,
            region: None,
            api_url: None,
            auth_url: None,
            auth_scheme: None,
            paths: BTreeMap::new(),
            states: BTreeMap::new(),
            branch: None,
            project_id: None,
            scan_type: None,
            frameworks: Vec::new(),
            ports: None,
            intensity: None,
            authorized: false,
            options: Vec::new(),
        }
    }

    /// How long its scan may take, and how often it is looked at.
    pub fn timing(&self) -> Timing {
        (self.platform.about().timing)(self.scan_type.as_deref())
    }

    /// Reads the credential from the place that was chosen for it.
    ///
    /// # Errors
    /// [`credentials::Error::None`] where no place was named, and whatever reading says.
    pub async fn read_credential(&self, clock: &Clock, redactor: &Redactor) -> Result<Credential, credentials::Error> {
        let about = self.platform.about();
        match &self.credential {
            Some(form) => form.read(clock, redactor).await,
            None => Err(credentials::Error::None {
                platform: about.name,
                hint: self.credential_advice.clone().unwrap_or_else(|| (about.credential_advice)(self.region)),
            }),
        }
    }

    /// Reads it from its layers.
    pub(super) fn resolve(layers: &Layers<'_>, named: &Named, insecure_http: bool) -> Result<Self, Error> {
        let platform = named.platform;
        let about = platform.about();
        let layers = &layers.with_variables_of(about);
        refuse_unvouched(layers, named)?;
        let server = |key| layers.value(key).map(|sourced| sourced.server(insecure_http)).transpose();
        let line = |key| layers.value(key).map(|sourced| sourced.line()).transpose();
        let frameworks = layers.list(&keys::FRAMEWORK);
        Ok(Self {
            name: named.name.clone(),
            credential: credential::choose(layers, about)?,
            // SARIF takes what stands before the last `/` for the category and the rest for the run's own id.
            category: line(&keys::CATEGORY)?.map(|category| format!("{}/", category.trim_end_matches('/'))),
            region: layers.value(&keys::REGION).map(|sourced| region(&sourced)).transpose()?,
            api_url: server(&keys::API_URL)?,
            auth_url: server(&keys::AUTH_URL)?,
            auth_scheme: dialect::auth_scheme(layers)?,
            paths: dialect::paths(layers, about)?,
            states: dialect::states(layers)?,
            branch: line(&keys::BRANCH)?,
            project_id: line(&keys::PROJECT_ID)?,
            scan_type: line(&keys::SCAN_TYPE)?,
            frameworks: frameworks.iter().map(Sourced::line).collect::<Result<_, _>>()?,
            ports: line(&keys::PORTS)?,
            intensity: line(&keys::INTENSITY)?,
            authorized: layers.switch(&keys::AUTHORIZED)?,
            options: dialect::options(layers)?,
            ..Self::new(platform, Subject::resolve(layers, about)?)
        })
    }
}

/// Refuses a setting that would have no effect: whoever gave it believes that it has one. What holds for the whole run has one
/// where any platform heeds it.
pub(super) fn refuse_unused(layers: &Layers<'_>, entries: &[Named]) -> Result<(), Error> {
    for named in entries {
        let layers = layers.of_entry(named, entries.len() == 1);
        refuse_unused_by(named.platform.about(), &layers, |key| {
            key.owner == Owner::Run && entries.iter().any(|entry| entry.platform.about().uses(key.name))
        })?;
    }
    Ok(())
}

fn refuse_unused_by(about: &About, layers: &Layers<'_>, is_used: impl Fn(&Key) -> bool) -> Result<(), Error> {
    let by_some = keys::ALL.iter().filter(|key| key.heeded == Heeded::BySome);
    for key in by_some.filter(|key| !about.uses(key.name) && !is_used(key)) {
        let Some(sourced) = layers.value(key) else { continue };
        if key.kind == Kind::Switch && sourced.text == "false" {
            continue;
        }
        let error = Error::new(format!("{} has no use for {}", about.name, sourced.origin));
        let others: Vec<&str> = PlatformId::ALL
            .into_iter()
            .map(PlatformId::about)
            .filter_map(|other| other.uses(key.name).then_some(other.id))
            .collect();
        return Err(match others.as_slice() {
            [] => error.with_hint("take it out"),
            others => error.with_hint(format!("take it out; it is a setting for {}", others.join(", "))),
        });
    }
    Ok(())
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

/// What people should know of the settings of an entry.
pub(super) fn warnings(layers: &Layers<'_>, entry: &EntrySettings) -> Vec<String> {
    let mut warnings = credential::warnings(layers, entry.platform.about(), entry.credential.as_ref());
    let target = layers.value(&keys::TARGET).map(|sourced| sourced.origin).filter(Origin::is_open);
    if let Some(origin) = target.filter(|_| entry.authorized) {
        warnings
            .push(format!("{origin} can be edited in a pull request, and --authorized vouches for whatever it names"));
    }
    warnings
}

/// A region in either case, as the vendor's own client takes it.
fn region(sourced: &Sourced<'_>) -> Result<Region, Error> {
    let lower = sourced.text.to_ascii_lowercase();
    sourced.part(&lower).one_of("a region", &[("eu", Region::Eu), ("us", Region::Us)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::samples::{SITE, WORKSPACE};
    use crate::settings::{Environment, Flags};

    fn unused(about: &About, pairs: &[(&str, &str)]) -> Option<String> {
        let environment = Environment::from_pairs(pairs.iter().copied());
        refuse_unused_by(about, &Layers::new(&Flags::default(), &environment), |_| false)
            .err()
            .map(|error| error.to_string())
    }

    #[test]
    fn a_setting_that_a_platform_does_not_heed_is_an_error_that_names_both() {
        let image = ("SCANGATE_IMAGE", "node:18");
        assert_eq!(unused(&SITE, &[image]).as_deref(), Some("Site has no use for SCANGATE_IMAGE"));
        let inputs = [("SCANGATE_ACTION", "1"), ("INPUT_OPTION", "a=1")];
        assert_eq!(unused(&SITE, &inputs).as_deref(), Some("Site has no use for input option"));
        assert_eq!(unused(&WORKSPACE, &inputs), None);
        assert_eq!(unused(PlatformId::CybeDefend.about(), &[image]), None);
        assert!(unused(PlatformId::CybeDefend.about(), &[("SCANGATE_TARGET", "host.example")]).is_some());
    }

    #[test]
    fn a_switch_that_is_off_and_what_all_platforms_heed_are_no_error() {
        let off = ("SCANGATE_AUTHORIZED", "false");
        assert_eq!(
            unused(&WORKSPACE, &[off, ("SCANGATE_DIR", "src"), ("SCANGATE_API_URL", "https://a.example")]),
            None
        );
        assert!(unused(&WORKSPACE, &[("SCANGATE_AUTHORIZED", "true")]).is_some());
    }

    #[test]
    fn the_vendors_own_variables_are_heeded_for_its_platform_and_are_nothing_to_the_others() {
        let pairs = [("CYBEDEFEND_PROJECT_ID", "p"), ("WORKSPACE_API_URL", "https://api.example")];
        assert_eq!(unused(&SITE, &pairs), None);
        let environment = Environment::from_pairs(pairs);
        let none = Flags::default();
        let url = |about| Layers::new(&none, &environment).with_variables_of(about).value(&keys::API_URL).is_some();
        assert!(url(&WORKSPACE) && !url(&SITE) && Layers::new(&none, &environment).value(&keys::API_URL).is_none());
    }
}
