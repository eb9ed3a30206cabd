//! What a demo is asked to do. It reads nothing that belongs to an account, a host or a proxy (DESIGN section 12).

use std::path::PathBuf;

use super::layers::Layers;
use super::scan::{self, RunSettings};
use super::{Error, keys};
use crate::platform::PlatformId;

/// Everything that `scangate demo` needs to know.
#[derive(Clone, Debug)]
pub struct DemoSettings {
    /// `--platform`; CybeDefend unless another is asked for.
    pub platform: PlatformId,
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
        let platform = scan::platform(layers)?.unwrap_or(PlatformId::CybeDefend);
        let timeout = (platform.about().timing)(None).timeout;
        let directory = layers.value(&keys::DIR).map(|sourced| sourced.text.into());
        Ok(Self { platform, directory, run: RunSettings::resolve(layers, timeout)? })
    }
}
