//! One platform in a run, typed and checked.

use std::collections::BTreeMap;

use serde_json::Value;

use super::connection::ConnectionSettings;
use super::keys::{Heeded, Key, Kind, Owner};
use super::layers::{Layers, Sourced};
use super::named::Named;
use super::subject::Subject;
use super::{Error, dialect, keys};
use crate::credentials::Credential;
use crate::platform::{About, PlatformId, Request, StateWord, Timing};

/// One platform in a run. Where a field is not described, it is that of [`crate::platform::Request`].
#[derive(Clone)]
pub struct EntrySettings {
    /// The entry's unique name; by default the platform's.
    pub name: String,
    /// How its platform is reached.
    pub connection: ConnectionSettings,
    /// What is scanned.
    pub subject: Subject,
    /// `--category`, ending in `/`; else `scangate/<name>/<what is scanned>/`.
    pub category: Option<String>,
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
    pub fn new(connection: ConnectionSettings, subject: Subject) -> Self {
        Self {
            name: connection.platform.as_str().to_owned(),
            connection,
            subject,
            category: None,
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
        (self.connection.platform.about().timing)(self.scan_type.as_deref())
    }

    /// What it asks of its platform, as far as settings say it: what the source tree and the CI know is added by the run.
    pub fn request(&self, credential: Credential) -> Request {
        let Self {
            name: _,
            connection,
            subject,
            category: _,
            paths,
            states,
            branch,
            project_id,
            scan_type,
            frameworks,
            ports,
            intensity,
            authorized,
            options,
        } = self.clone();
        let sarif = matches!(subject, Subject::Sarif(_));
        let (image, target) = match subject {
            Subject::Image(image) => (Some(image), None),
            Subject::Target(target) => (None, Some(target)),
            Subject::Directory { .. } | Subject::Archive(_) | Subject::Sarif(_) => (None, None),
        };
        Request {
            paths,
            states,
            project_id,
            branch,
            image,
            target,
            sarif,
            scan_type,
            frameworks,
            ports,
            intensity,
            authorized,
            options,
            ..connection.request(credential)
        }
    }

    /// Reads it from its layers.
    pub(super) fn resolve(layers: &Layers<'_>, named: &Named, insecure_http: bool) -> Result<Self, Error> {
        let about = named.platform.about();
        let layers = &layers.with_variables_of(about);
        let authorized = layers.switch(&keys::AUTHORIZED)?;
        refuse_vouching_for_an_open_target(layers, authorized)?;
        let line = |key| layers.value(key).map(|sourced| sourced.line()).transpose();
        let frameworks = layers.list(&keys::FRAMEWORK);
        let connection = ConnectionSettings::resolve(layers, named, insecure_http)?;
        Ok(Self {
            name: named.name.clone(),
            // SARIF takes what stands before the last `/` for the category and the rest for the run's own id.
            category: line(&keys::CATEGORY)?.map(|category| format!("{}/", category.trim_end_matches('/'))),
            paths: dialect::paths(layers, about)?,
            states: dialect::states(layers)?,
            branch: line(&keys::BRANCH)?,
            project_id: line(&keys::PROJECT_ID)?,
            scan_type: line(&keys::SCAN_TYPE)?,
            frameworks: frameworks.iter().map(Sourced::line).collect::<Result<_, _>>()?,
            ports: line(&keys::PORTS)?,
            intensity: line(&keys::INTENSITY)?,
            authorized,
            options: dialect::options(layers)?,
            ..Self::new(connection, Subject::resolve(layers, about)?)
        })
    }
}

/// Refuses a setting that would have no effect: whoever gave it believes that it has one. What holds for the whole run has one
/// where any platform heeds it.
pub(super) fn refuse_unused(layers: &Layers<'_>, entries: &[Named]) -> Result<(), Error> {
    for named in entries {
        let layers = layers.of_entry(named, entries.len() == 1);
        let is_run =
            |key: &Key| key.owner == Owner::Run && entries.iter().any(|entry| entry.platform.about().uses(key.name));
        refuse_unused_of(keys::ALL.iter().copied().filter(|key| !is_run(key)), named.platform.about(), &layers)?;
    }
    Ok(())
}

/// Refuses those of `keys` that a platform has no use for.
pub(super) fn refuse_unused_of(
    keys: impl Iterator<Item = &'static Key>,
    about: &About,
    layers: &Layers<'_>,
) -> Result<(), Error> {
    for key in keys.filter(|key| key.heeded == Heeded::BySome && !about.uses(key.name)) {
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

/// Refuses a target that a pull request can choose where somebody else vouches for it: a statement that one may have a host
/// scanned would hold for any host.
fn refuse_vouching_for_an_open_target(layers: &Layers<'_>, authorized: bool) -> Result<(), Error> {
    let target = layers.value(&keys::TARGET).map(|sourced| sourced.origin);
    match target.filter(|origin| authorized && origin.is_open()) {
        None => Ok(()),
        Some(origin) => Err(Error::new(format!(
            "{origin} is open to pull requests, and --authorized would vouch for whatever it names"
        ))
        .with_hint("give the target with --target or a variable")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::samples::{SITE, WORKSPACE};
    use crate::settings::{Environment, Flags};

    fn unused(about: &About, pairs: &[(&str, &str)]) -> Option<String> {
        let environment = Environment::from_pairs(pairs.iter().copied());
        refuse_unused_of(keys::ALL.iter().copied(), about, &Layers::new(&Flags::default(), &environment))
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
