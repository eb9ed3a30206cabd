//! What is known of a platform before any request, as data: for settings, help, documentation and checks.

use std::time::Duration;

use url::Url;

use super::{CallPath, Error, Region};
use crate::credentials::Accepted;
use crate::http::Call;

/// What is known of a platform before any request.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// The word of `--platform`, and the entry's default name.
    pub id: &'static str,
    /// The name for people.
    pub name: &'static str,
    /// The public documentation.
    pub documentation: &'static str,
    /// The forms of credentials that it accepts, by the variables that hold them.
    pub credentials: Accepted,
    /// How to get a credential in a region, for somebody who has none.
    pub credential_advice: fn(Option<Region>) -> String,
    /// The addresses of the vendor's own cloud, in a region if it has any: where a login goes that was made without `--api-url`.
    pub hosts: fn(Option<Region>) -> &'static [&'static str],
    /// A call below its base that reads little and that every account may make, for trying a credential.
    pub trial_path: &'static str,
    /// What it can scan. Where nothing is asked for and a source tree is among it, that is scanned.
    pub subjects: &'static [SubjectKind],
    /// The settings that only some platforms have and this one does, by name (`project-id`), less those of its subjects.
    pub settings: &'static [&'static str],
    /// The vendor's own variables for settings: the setting's name, then the variable. They weigh less than `SCANGATE_*`.
    pub variables: &'static [(&'static str, &'static str)],
    /// The names that `--path NAME=TEMPLATE` can have, where paths can be set.
    pub paths: &'static [&'static str],
    /// The places below its base where tokens are got, renewed or made, such as `/auth/token`, in lower case: `scangate api` does not
    /// go there.
    pub token_paths: &'static [&'static str],
    /// How long a scan may take and how often it is looked at, by `--scan-type`.
    pub timing: fn(Option<&str>) -> Timing,
    /// Whether a call that cancels a scan is documented.
    pub supports_cancel: bool,
    /// Whether the platform has a policy of its own, whose verdict can be asked for.
    pub has_policy: bool,
}

impl About {
    /// The call that shows whether a credential is taken.
    ///
    /// # Errors
    /// As for [`CallPath::below`].
    pub fn trial(&self, base: &Url) -> Result<Call, Error> {
        let url = CallPath::parse(self.trial_path, self)?.below(base)?;
        Ok(Call::get(url).accept_json())
    }

    /// Whether it heeds a setting that only some platforms have.
    pub fn uses(&self, setting: &str) -> bool {
        self.settings.contains(&setting) || self.subjects.iter().any(|kind| kind.settings().contains(&setting))
    }

    /// The vendor's own variables for a setting.
    pub fn variables_of(&self, setting: &str) -> impl Iterator<Item = &'static str> {
        self.variables.iter().filter(move |(name, _)| *name == setting).map(|(_, variable)| *variable)
    }
}

/// How long a scan may take, and how often it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The deadline of the whole run where `--timeout` is not given. Of several platforms the longest one counts.
    pub timeout: Duration,
    /// The first wait between two looks at a scan, where `--poll-interval` is not given.
    pub first_poll: Duration,
    /// The longest wait between two looks at a scan.
    pub longest_poll: Duration,
}

impl Timing {
    /// That of a scan of which nothing else is known (DESIGN section 3).
    pub const USUAL: Self = Self {
        timeout: Duration::from_hours(1),
        first_poll: Duration::from_secs(5),
        longest_poll: Duration::from_mins(1),
    };
}

/// A kind of thing that can be scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectKind {
    /// A source tree, or a ready archive of one, that is uploaded.
    Tree,
    /// A container image, by its reference.
    Image,
    /// Something that the platform reaches by itself; in words, with its article, what its name may be.
    Target(&'static str),
    /// A SARIF file of another scanner, that is uploaded.
    Sarif,
}

impl SubjectKind {
    /// The settings that only matter where things of this kind are scanned.
    pub fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Tree => &["archive", "untracked"],
            Self::Image => &["image"],
            Self::Target(_) => &["target"],
            Self::Sarif => &["sarif"],
        }
    }

    /// The setting that names one.
    pub fn setting(self) -> &'static str {
        match self {
            Self::Tree => "dir",
            Self::Image => "image",
            Self::Target(_) => "target",
            Self::Sarif => "sarif",
        }
    }

    /// What is given there, in words with their article.
    pub fn words(self) -> &'static str {
        match self {
            Self::Tree => "a source tree",
            Self::Image => "a container image",
            Self::Target(words) => words,
            Self::Sarif => "a SARIF file",
        }
    }
}
