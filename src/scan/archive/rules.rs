//! Which names stay out of the archive: `.scangateignore`, and the built-in list of secret files.

use std::io::ErrorKind;
use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::Error;

/// The name of the file with the user's own rules, at the top of `--dir`.
pub const IGNORE_FILE: &str = ".scangateignore";

/// The largest `.scangateignore` that is read, in bytes.
const IGNORE_FILE_MAX: u64 = 1 << 20;

/// Files that hold secrets by custom. `--untracked` leaves them out, in any letter case: what git does not track was perhaps
/// never meant to leave the machine. Tracked files are archived whatever their names, since a scanner has to see a secret that
/// was committed.
pub const SECRET_FILES: [&str; 38] = [
    // Settings of an application's environment
    ".env",
    ".env.*",
    "*.env",
    ".envrc",
    "secrets.yml",
    "secrets.yaml",
    "secrets.json",
    // Keys and key stores
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "*.ppk",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    // Logins of tools
    ".netrc",
    "_netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    ".my.cnf",
    ".htpasswd",
    ".git-credentials",
    ".vault-token",
    ".dockercfg",
    ".docker/config.json",
    ".cargo/credentials*",
    // Clouds
    ".aws/",
    "credentials.json",
    "service-account*.json",
    "kubeconfig",
    ".kube/",
    // What Terraform remembers
    "*.tfstate*",
    "*.tfvars",
];

/// Rules in the syntax of `.gitignore`, for names relative to `--dir`.
#[derive(Debug)]
pub(super) struct Rules(Gitignore);

impl Rules {
    /// The rules of a `.scangateignore`.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        Self::build(text.lines(), false).map_err(|error| Error::IgnoreFile(error.to_string()))
    }

    /// [`SECRET_FILES`].
    pub(super) fn secret_files() -> Result<Self, Error> {
        Self::build(SECRET_FILES.into_iter(), true).map_err(|error| Error::IgnoreFile(error.to_string()))
    }

    fn build<'a>(lines: impl Iterator<Item = &'a str>, any_case: bool) -> Result<Self, ignore::Error> {
        let mut builder = GitignoreBuilder::new("");
        builder.case_insensitive(any_case)?;
        for line in lines {
            builder.add_line(None, line)?;
        }
        builder.build().map(Self)
    }

    /// Whether a rule names the file, or a folder it is in.
    pub(super) fn name(&self, file: &str) -> bool {
        self.0.matched_path_or_any_parents(file, false).is_ignore()
    }
}

/// The text of the `.scangateignore` in `directory`; empty where there is none. Who may decide what is left out is the caller's
/// affair: in a pull request the base commit's text counts (DESIGN section 4), and this is the head's.
pub fn ignore_rules(directory: &Path) -> Result<String, Error> {
    let path = directory.join(IGNORE_FILE);
    let refused = |cause: &str| Err(Error::IgnoreFile(cause.to_owned()));
    match fs_err::symlink_metadata(&path) {
        // That a directory is none is said better by who enters it.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(String::new()),
        Err(error) => Err(error.into()),
        // A link could bring in rules that no reviewer of the repository sees.
        Ok(found) if !found.is_file() => refused("it is not a regular file"),
        Ok(found) if found.len() > IGNORE_FILE_MAX => refused("it is larger than 1 MiB"),
        Ok(_) => fs_err::read_to_string(path).map_err(|error| Error::IgnoreFile(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_files_are_known_at_any_depth_and_in_any_case() {
        let secrets = Rules::secret_files().unwrap();
        for name in
            [".env", "a/b/.env.local", "Server.KEY", "x/id_rsa.old", ".aws/credentials", "a/terraform.tfstate.backup"]
        {
            assert!(secrets.name(name), "{name}");
        }
        for name in ["src/env.rs", "keys.rs", "environment", "README.md"] {
            assert!(!secrets.name(name), "{name}");
        }
    }

    #[test]
    fn rules_are_anchored_negated_and_commented_as_in_gitignore() {
        let rules = Rules::parse("# generated\n/dist/\n*.min.js\n!keep.min.js\n").unwrap();
        assert!(rules.name("dist/a/b.txt"));
        assert!(!rules.name("src/dist.rs"));
        assert!(!rules.name("src/dist/a"));
        assert!(rules.name("web/a.min.js"));
        assert!(!rules.name("web/keep.min.js"));
    }

    #[test]
    fn a_rule_that_cannot_be_read_is_an_error() {
        let error = Rules::parse("a{b").unwrap_err();
        assert!(error.to_string().starts_with("cannot use .scangateignore"), "{error}");
    }
}
