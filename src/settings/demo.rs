//! What a demo is asked to do. It reads nothing that belongs to an account, a host or a proxy (DESIGN section 12).

use std::path::PathBuf;

use super::layers::Layers;
use super::scan::RunSettings;
use super::value::words;
use super::{Error, keys};
use crate::platform::{PlatformId, Timing};

/// Everything that `scangate demo` needs to know.
#[derive(Clone, Debug)]
pub struct DemoSettings {
    /// `--platform`, each once and at least one: CybeDefend unless another is asked for, and each that there is with `all`.
    pub platforms: Vec<PlatformId>,
    /// `--dir`: what is scanned in place of the demo's own input.
    pub directory: Option<PathBuf>,
    /// What a demo has in common with a scan.
    pub run: RunSettings,
}

impl DemoSettings {
    /// Reads them from the layers.
    ///
    /// # Errors
    /// The first value that cannot be read.
    pub fn resolve(layers: &Layers<'_>) -> Result<Self, Error> {
        let platforms = platforms(layers)?;
        let timeouts = platforms.iter().map(|platform| (platform.about().timing)(None).timeout);
        let timeout = timeouts.max().unwrap_or(Timing::USUAL.timeout);
        let directory = layers.value(&keys::DIR).map(|sourced| sourced.text.into());
        Ok(Self { platforms, directory, run: RunSettings::resolve(layers, timeout)? })
    }
}

fn platforms(layers: &Layers<'_>) -> Result<Vec<PlatformId>, Error> {
    let own = words(PlatformId::ALL.map(Some), |platform| platform.map_or("all", PlatformId::as_str));
    let words: Vec<_> = own.into_iter().chain([("all", None)]).collect();
    let mut platforms = Vec::new();
    for sourced in layers.list(&keys::PLATFORM_NAME) {
        match sourced.one_of("a platform", &words)? {
            Some(platform) => platforms.push(platform),
            None => platforms.extend(PlatformId::ALL),
        }
    }
    if platforms.is_empty() {
        platforms.push(PlatformId::CybeDefend);
    }
    Ok(PlatformId::ALL.into_iter().filter(|platform| platforms.contains(platform)).collect())
}
