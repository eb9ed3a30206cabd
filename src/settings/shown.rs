//! Settings as they are shown (`scangate config show`): each with its value, where that came from, and what was passed over for it.

use super::keys::{self, Heeded, Key, Kind, Owner};
use super::layers::{Layers, Origin, Sourced};
use super::named::{self, Named};
use super::{Error, credential, duration, stores};
use crate::credentials::store::Store;
use crate::platform::PlatformId;

/// The settings of a run, as far as they can be told.
pub struct ShownSettings {
    /// What holds for the whole run; and where one platform runs or none, all there is.
    pub run: Vec<Shown>,
    /// The platforms, in their order.
    pub entries: Vec<ShownEntry>,
}

/// One platform of the run.
pub struct ShownEntry {
    /// The entry's name.
    pub name: String,
    /// Its platform.
    pub platform: PlatformId,
    /// Its own settings, where it has others beside it.
    pub settings: Vec<Shown>,
    /// Where its credential comes from, part by part; nothing of the credential itself.
    pub credential: Vec<String>,
    /// Where else there is one.
    pub credentials_passed_over: Vec<String>,
}

/// One setting.
pub struct Shown {
    /// Its name.
    pub name: &'static str,
    /// What is heeded, of lists and maps item by item. Nothing where it is not set and has no default.
    pub heeded: Vec<Given>,
    /// What stands in lower layers and is not.
    pub passed_over: Vec<Given>,
}

/// A value, or the item of a list. It may be hostile, so it has no `Debug`.
pub struct Given {
    /// The value as it was given; `None` where it cannot be told in one or may hold a password.
    pub value: Option<String>,
    /// What is said in place of a value.
    pub remark: &'static str,
    /// Where it came from; `None` is the default.
    pub origin: Option<Origin>,
}

impl ShownSettings {
    /// Those of these layers. What is wrong with one of them is said by whoever resolves them.
    ///
    /// # Errors
    /// A credential in a setting that takes none: no part of that can be shown.
    pub fn of(layers: &Layers<'_>) -> Result<Self, Error> {
        layers.refuse_misplaced_secrets()?;
        let named = named::entries(layers).unwrap_or_default();
        let is_alone = named.len() == 1;
        let entries = named.iter().map(|named| (named, of_entry(layers, named, is_alone))).collect::<Vec<_>>();
        let for_run = |key: &Key| key.owner == Owner::Run || named.len() < 2;
        let layers = entries.first().filter(|_| is_alone).map_or(*layers, |(_, layers)| *layers);
        let mut run = all(&layers, &named, for_run);
        for shown in &mut run {
            match shown.name {
                "platform" => choose_platforms(shown, &named),
                "timeout" => choose_timeout(shown, &entries),
                _ => {}
            }
        }
        let entries = entries.iter().map(|(named, layers)| {
            let own = |key: &Key| key.owner == Owner::Platform && !is_alone;
            let mut settings = all(layers, std::slice::from_ref(*named), own);
            let (credential, credentials_passed_over, is_stored) = credentials(layers, named.platform);
            if is_stored {
                run.iter_mut().filter(|_| is_alone).chain(&mut settings).for_each(leave_region);
            }
            let (name, platform) = (named.name.clone(), named.platform);
            ShownEntry { name, platform, settings, credential, credentials_passed_over }
        });
        let entries = entries.collect();
        Ok(Self { run, entries })
    }
}

fn of_entry<'a>(layers: &Layers<'a>, named: &'a Named, is_alone: bool) -> Layers<'a> {
    layers.of_entry(named, is_alone).with_variables_of(named.platform.about())
}

/// Where a platform's credential comes from, part by part, where else there is one, and whether it is the login that is stored: the
/// last of them all.
fn credentials(layers: &Layers<'_>, platform: PlatformId) -> (Vec<String>, Vec<String>, bool) {
    let about = platform.about();
    let stored = stores::store(layers, platform).ok().flatten().filter(Store::is_there);
    let stored = stored.map(|store| format!("the login in {}", store.shown()));
    let Some(chosen) = credential::choose(layers, about).ok().flatten() else {
        let is_stored = stored.is_some();
        return (stored.into_iter().collect(), Vec::new(), is_stored);
    };
    let passed_over = credential::passed_over(layers, about).into_iter().chain(stored).collect();
    (chosen.parts().map(|source| source.origin.clone()).collect(), passed_over, false)
}

/// A login that is stored has its region with it.
fn leave_region(shown: &mut Shown) {
    if let ("region", [given @ Given { origin: None, .. }]) = (shown.name, shown.heeded.as_mut_slice()) {
        *given = Given { value: None, remark: "that of the stored login", origin: None };
    }
}

/// The settings that these entries heed, and others that are given; less those that name a credential.
fn all(layers: &Layers<'_>, entries: &[Named], includes: impl Fn(&Key) -> bool) -> Vec<Shown> {
    let is_heeded = |key: &Key| {
        let mut abouts = entries.iter().map(|entry| entry.platform.about());
        key.heeded == Heeded::ByAll || entries.is_empty() || abouts.any(|about| about.uses(key.name))
    };
    let is_credential = |key: &Key| keys::CREDENTIAL.iter().any(|credential| credential.name == key.name);
    let keys = keys::ALL.iter().copied().filter(|key| includes(key) && !is_credential(key));
    keys.filter(|key| is_heeded(key) || layers.value(key).is_some()).map(|key| shown(layers, key)).collect()
}

fn shown(layers: &Layers<'_>, key: &'static Key) -> Shown {
    let heeded = match key.kind {
        Kind::List | Kind::Map => layers.list(key),
        Kind::Value | Kind::Switch | Kind::Count => layers.value(key).into_iter().collect(),
    };
    let is_heeded =
        |other: &Sourced<'_>| heeded.iter().any(|sourced| sourced.text == other.text && sourced.origin == other.origin);
    let given = layers.layers(key).flat_map(|layer| layer.values);
    let passed_over = given.filter(|sourced| !is_heeded(sourced)).map(|sourced| Given::of(&sourced)).collect();
    let mut heeded: Vec<Given> = heeded.iter().map(Given::of).collect();
    if heeded.is_empty() {
        heeded.extend(key.usual().map(Given::usual));
    }
    Shown { name: key.name, heeded, passed_over }
}

impl Given {
    /// A password can stand before the `@` of an address, where none belongs.
    fn of(sourced: &Sourced<'_>) -> Self {
        let origin = Some(sourced.origin.clone());
        if sourced.text.contains("//") && sourced.text.contains('@') {
            return Self { value: None, remark: "not shown: it may hold a password", origin };
        }
        Self { value: Some(sourced.text.to_owned()), remark: "", origin }
    }

    /// A default as the help has it: a value, or words about where one comes from.
    fn usual(text: &'static str) -> Self {
        let is_value = !text.contains(' ');
        let (value, remark) = if is_value { (Some(text.to_owned()), "") } else { (None, text) };
        Self { value, remark, origin: None }
    }
}

/// Says which platforms run, whoever chose them: a list in a file holds more than their names.
fn choose_platforms(shown: &mut Shown, entries: &[Named]) {
    if entries.is_empty() {
        return;
    }
    shown.heeded.clear();
    for entry in entries {
        let platform = entry.platform.as_str();
        let word = if entry.name == platform { platform.to_owned() } else { format!("{}={platform}", entry.name) };
        shown.heeded.push(Given { value: Some(word), remark: "", origin: Some(entry.chosen.clone()) });
    }
}

/// The deadline where none is given is the longest that a platform of the run has.
fn choose_timeout(shown: &mut Shown, entries: &[(&Named, Layers<'_>)]) {
    let timeouts = entries.iter().map(|(named, layers)| {
        let scan_type = layers.value(&keys::SCAN_TYPE);
        (named.platform.about().timing)(scan_type.as_ref().map(|sourced| sourced.text)).timeout
    });
    if let (Some(longest), [Given { value, origin: None, .. }]) = (timeouts.max(), shown.heeded.as_mut_slice()) {
        *value = Some(duration::text(longest));
    }
}
