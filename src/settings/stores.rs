//! Where stored logins lie: the last place in which a credential is looked for (DESIGN section 5).

use std::path::{Path, PathBuf};

use super::layers::Layers;
use super::trust::Ground;
use super::value::escaped;
use super::{Environment, Error, files};
use crate::credentials::store::Store;
use crate::platform::{About, PlatformId};

/// The place of a platform's stored login; `None` in the action's container, whose HOME is shared with earlier steps, and where
/// nothing says which folder is the user's own.
///
/// # Errors
/// The file lies where a pull request can edit it: whoever writes one there chooses the hosts that a run believes.
pub(super) fn store(layers: &Layers<'_>, platform: PlatformId) -> Result<Option<Store>, Error> {
    let Some(path) = path(layers.environment(), platform) else { return Ok(None) };
    if Ground::of(layers).holds(&path) {
        let shown = escaped(&path.to_string_lossy());
        let message = format!("{shown} cannot hold logins, since it lies where a pull request can edit it");
        return Err(Error::new(message).with_hint("set HOME to a folder outside of what is scanned"));
    }
    Ok(Some(Store::new(path, platform)))
}

/// That of a vendor's own client, where it has one whose format is known; else one of ours beside the user's settings.
fn path(environment: &Environment, platform: PlatformId) -> Option<PathBuf> {
    match platform {
        PlatformId::CybeDefend => Some(Path::new(files::own_home(environment)?).join(".cybedefend/credentials.json")),
        PlatformId::Cybrium | PlatformId::CyberOrigen | PlatformId::BestDefense => {
            Some(files::own_folder(environment)?.join("credentials.json"))
        }
    }
}

/// What to say of a login that lies where a pull request can edit it, and is passed over.
pub(super) fn warning(layers: &Layers<'_>, about: &About) -> Option<String> {
    let platform = about.id.parse().ok()?;
    let is_there = path(layers.environment(), platform).is_some_and(|path| fs_err::symlink_metadata(path).is_ok());
    store(layers, platform).err().filter(|_| is_there).map(|error| format!("a stored login is not used: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Flags;

    fn store_for(platform: PlatformId, pairs: &[(&str, &str)]) -> Result<Option<PathBuf>, Error> {
        let environment = Environment::from_pairs(pairs.iter().copied()).in_directory("/somewhere/else");
        let store = store(&Layers::new(&Flags::default(), &environment), platform)?;
        Ok(store.map(|store| store.path().to_owned()))
    }

    #[test]
    fn a_login_lies_in_the_vendors_file_or_in_ours() {
        let home = ("HOME", "/home/me");
        let of = |platform, pairs: &[(&str, &str)]| store_for(platform, pairs).unwrap();
        let vendors = Some(PathBuf::from("/home/me/.cybedefend/credentials.json"));
        assert_eq!(of(PlatformId::CybeDefend, &[home, ("XDG_CONFIG_HOME", "/etc/me")]), vendors);
        let ours = |folder: &str| Some(PathBuf::from(folder).join("scangate/credentials.json"));
        for platform in [PlatformId::Cybrium, PlatformId::CyberOrigen, PlatformId::BestDefense] {
            assert_eq!(of(platform, &[home]), ours("/home/me/.config"));
            assert_eq!(of(platform, &[home, ("XDG_CONFIG_HOME", "/etc/me")]), ours("/etc/me"));
            assert_eq!(of(platform, &[home, ("XDG_CONFIG_HOME", "relative")]), ours("/home/me/.config"));
        }
    }

    #[test]
    fn without_a_folder_of_ones_own_and_in_the_actions_container_there_is_none() {
        for platform in PlatformId::ALL {
            assert_eq!(store_for(platform, &[]).unwrap(), None);
            assert_eq!(store_for(platform, &[("HOME", "relative")]).unwrap(), None);
            let container = [("HOME", "/home/me"), ("XDG_CONFIG_HOME", "/etc/me"), ("SCANGATE_ACTION", "1")];
            assert_eq!(store_for(platform, &container).unwrap(), None);
        }
    }

    #[test]
    fn a_file_that_a_pull_request_can_edit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().display().to_string();
        for platform in PlatformId::ALL {
            let inside = [("HOME", home.as_str()), ("GITHUB_WORKSPACE", home.as_str())];
            let error = store_for(platform, &inside).unwrap_err();
            assert!(error.to_string().contains("a pull request can edit it"), "{error}");
        }
    }
}
