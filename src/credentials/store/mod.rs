//! Stored logins: what `scangate login` leaves behind, and a later run finds where nothing else names a credential.
//!
//! A login at `CybeDefend` is stored in the vendor's own file and format, both ways (`vendor`); those of the other platforms share
//! a file of ours (`own`). Reading needs no lock, since a file is replaced as a whole (`file`). Whoever changes one holds the
//! lock beside it from before it is read until it is written (`lock`), so that two jobs lose nothing:
//!
//! ```text
//! load ─► StoredLogin                     Store::load
//! lock ─► read again ─► change ─► write   Store::lock, Locked::load, Locked::save
//! ```

mod file;
mod hosts;
mod lock;
mod own;
#[cfg(test)]
mod tests;
mod vendor;

use std::path::{Path, PathBuf};

pub use hosts::Hosts;
use jiff::Timestamp;
use lock::Lock;
use secrecy::zeroize::Zeroizing;
use serde_json::{Map, Value};

use super::{Error, Form, Secret};
use crate::clock::Clock;
use crate::http::Redactor;
use crate::json;
use crate::platform::PlatformId;

/// A login as it is stored.
#[derive(Clone)]
pub struct StoredLogin {
    /// What one signs in with. Of a rotation only the key that is good now is stored, and of a login no one-time code.
    pub form: Form<Secret>,
    /// When [`Form::Tokens`]' access token ends, where the platform said it.
    pub expires: Option<Timestamp>,
    /// Where it is good.
    pub hosts: Hosts,
}

/// A stored login with the place that it was read from.
#[derive(Clone)]
pub struct Stored {
    /// The place.
    pub store: Store,
    /// What was there.
    pub login: StoredLogin,
}

/// The place of one platform's stored login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    path: PathBuf,
    platform: PlatformId,
}

/// A store that no other process changes while this lives.
pub struct Locked<'a> {
    store: &'a Store,
    redactor: &'a Redactor,
    _lock: Lock,
}

/// What [`Locked::remove`] has removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// Nothing: there was no login.
    Nothing,
    /// The login, or what was left of one.
    Login,
    /// A file that was not understood, with whatever logins were in it.
    Unknown,
}

impl Store {
    /// The place of a platform's login in this file.
    pub fn new(path: PathBuf, platform: PlatformId) -> Self {
        Self { path, platform }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whose login it is.
    pub fn platform(&self) -> PlatformId {
        self.platform
    }

    /// Whether there is anything that [`Locked::remove`] could remove.
    pub fn is_there(&self) -> bool {
        file::is_any_there(&self.path)
    }

    /// The file, for people.
    pub fn shown(&self) -> String {
        self.path.display().to_string()
    }

    /// Closes the file and its folder to other users, and returns what people should know of that, in sentences. Whoever reads a
    /// login does this first.
    pub fn close_to_others(&self) -> Vec<String> {
        file::close_to_others(&self.path)
    }

    /// Reads the login, and teaches its secrets to the redactor; `None` where there is none.
    ///
    /// # Errors
    /// [`Error::Store`] where the file cannot be read, or holds what this version does not understand. It shows nothing of the
    /// content.
    pub fn load(&self, redactor: &Redactor) -> Result<Option<StoredLogin>, Error> {
        let Some(document) = self.document()? else { return Ok(None) };
        self.refuse_newer(&document)?;
        let login = match self.platform {
            PlatformId::CybeDefend => vendor::read(&document).map(Some),
            other => own::read(&document, other.as_str()),
        };
        let login = login.map_err(|cause| self.not_understood(&cause))?;
        if let Some(login) = &login {
            login.form.secrets().for_each(|secret| redactor.learn(secret));
        }
        Ok(login)
    }

    /// Waits until no other process changes the file, for a minute at most, and keeps them from it until the result is dropped.
    ///
    /// # Errors
    /// [`Error::Store`] where the minute passes, or the lock beside the file cannot be made.
    pub async fn lock<'a>(&'a self, clock: &Clock, redactor: &'a Redactor) -> Result<Locked<'a>, Error> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        file::make_folder(folder).map_err(|cause| self.failed(cause))?;
        let lock = Lock::acquire(&self.path.with_extension("json.lock"), clock).await;
        Ok(Locked { store: self, redactor, _lock: lock.map_err(|cause| self.failed(cause))? })
    }

    fn document(&self) -> Result<Option<Map<String, Value>>, Error> {
        let Some(bytes) = file::read(&self.path).map_err(|cause| self.failed(cause))? else { return Ok(None) };
        match json::from_bytes(&bytes) {
            Ok(Value::Object(document)) => Ok(Some(document)),
            Ok(_) => Err(self.not_understood("it holds no JSON object")),
            // The parser's own words could show a part of a secret.
            Err(error) => Err(self.not_understood(&format!("it is not JSON from line {} on", error.line()))),
        }
    }

    /// Refuses what a version of this program wrote that knows more than this one.
    fn refuse_newer(&self, document: &Map<String, Value>) -> Result<(), Error> {
        if self.platform == PlatformId::CybeDefend || !own::is_newer(document) {
            return Ok(());
        }
        Err(Error::Store {
            file: self.shown(),
            cause: "a newer version of scangate wrote it".to_owned(),
            hint: "use that version, or remove the file".to_owned(),
        })
    }

    fn failed(&self, cause: String) -> Error {
        Error::Store { file: self.shown(), cause, hint: "check the file and its folder, and who owns them".to_owned() }
    }

    fn not_understood(&self, cause: &str) -> Error {
        let hint = format!(
            "log in again with `scangate login --platform {}`, which moves such a file aside, or remove it",
            self.platform
        );
        Error::Store { file: self.shown(), cause: cause.to_owned(), hint }
    }
}

impl Locked<'_> {
    /// As [`Store::load`]: what is there now, which another process may have changed since it was read without the lock.
    ///
    /// # Errors
    /// As for [`Store::load`].
    pub fn load(&self) -> Result<Option<StoredLogin>, Error> {
        self.store.load(self.redactor)
    }

    /// Writes the login. What the file says beside it, be it of other platforms or in fields that are not known here, stays. A file
    /// that is not understood is moved aside first.
    ///
    /// Returns where an older file was moved to.
    ///
    /// # Errors
    /// [`Error::Store`] where it cannot be written; the older file is then as it was, or aside.
    pub fn save(&self, login: &StoredLogin) -> Result<Option<PathBuf>, Error> {
        let with_login = |mut document| match self.store.platform {
            PlatformId::CybeDefend => {
                vendor::write(login, &mut document);
                Ok(document)
            }
            other => own::write(login, other.as_str(), &mut document)
                .map(|()| document)
                .map_err(|cause| self.store.not_understood(&cause)),
        };
        let older = self.store.document();
        if let Ok(Some(document)) = &older {
            self.store.refuse_newer(document)?;
        }
        match older.and_then(|older| with_login(older.unwrap_or_default())) {
            Ok(document) => self.write(document).map(|()| None),
            Err(_not_understood) => {
                let document = with_login(Map::new())?;
                let aside = file::move_aside(&self.store.path).map_err(|cause| self.store.failed(cause))?;
                self.write(document).map(|()| Some(aside))
            }
        }
    }

    /// Removes the login, and the file with it where nothing else is in there. A file that is not understood is removed where the
    /// logins of all platforms are to go.
    ///
    /// # Errors
    /// [`Error::Store`] where the file is not understood, cannot be written or removed, or is of a newer version.
    pub fn remove(&self, of_all: bool) -> Result<Removed, Error> {
        let store = self.store;
        // The vendor's file holds the one login, whatever else it says; of ours it has to be known what else there is.
        let document = if store.platform == PlatformId::CybeDefend { Ok(None) } else { store.document() };
        let mut removed = Removed::Login;
        match document {
            Ok(None) => {}
            Ok(Some(mut document)) => {
                store.refuse_newer(&document)?;
                if of_all && !own::is_understood(&document) {
                    removed = Removed::Unknown;
                } else {
                    let was_there = own::remove(store.platform.as_str(), &mut document);
                    if !own::is_empty(&document) {
                        return if was_there { self.write(document).map(|()| removed) } else { Ok(Removed::Nothing) };
                    }
                }
            }
            Err(_not_understood) if of_all => removed = Removed::Unknown,
            Err(error) => return Err(error),
        }
        let was_there = file::remove(&store.path).map_err(|cause| store.failed(cause))?;
        Ok(if was_there { removed } else { Removed::Nothing })
    }

    fn write(&self, document: Map<String, Value>) -> Result<(), Error> {
        let text = Zeroizing::new(format!("{:#}\n", Value::Object(document)).into_bytes());
        file::write(&self.store.path, &text).map_err(|cause| self.store.failed(cause))
    }
}
