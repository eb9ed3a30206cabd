//! Which names stay out of the archive: `.scangateignore`, and the built-in list of secret files.

use std::io::ErrorKind;
use std::path::Path;

use super::Error;
use crate::gitignore::Rules;

/// The name of the file with the user's own rules, at the top of `--dir`.
pub const IGNORE_FILE: &str = ".scangateignore";

/// The largest file with ignore rules that is read, in bytes.
pub(super) const IGNORE_FILE_MAX: u64 = 1 << 20;

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

/// The rules of a `.scangateignore`, for names relative to `--dir`.
pub(super) fn parse(text: &str) -> Result<Rules, Error> {
    check(text)?;
    Ok(Rules::parse(text.as_bytes()))
}

/// Refuses the text of a `.scangateignore` of which a line does not mean what its writer thought.
pub fn check(text: &str) -> Result<(), Error> {
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(fault) = fault(line) {
            return Err(Error::IgnoreFile(format!("line {number}: {fault}")));
        }
    }
    Ok(())
}

/// [`SECRET_FILES`].
pub(super) fn secret_files() -> Rules {
    Rules::parse(SECRET_FILES.join("\n").as_bytes()).in_any_case()
}

/// Why a line does not mean what its writer thought. Git takes all of these, and leaves out nothing that was meant.
fn fault(line: &str) -> Option<&'static str> {
    let mut in_class = false;
    let mut characters = if line.starts_with('#') { "" } else { line }.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.next().is_none() => return Some("the backslash at its end escapes nothing"),
            '[' if !in_class => {
                in_class = true;
                characters.next_if(|next| matches!(next, '!' | '^'));
                // Here it is one of the characters.
                characters.next_if_eq(&']');
            }
            ']' => in_class = false,
            '{' | '}' if !in_class => {
                return Some("braces stand for themselves (write a line for each alternative, or `\\{` for a brace)");
            }
            _ => {}
        }
    }
    in_class.then_some("a `[` has no `]`")
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
        let secrets = secret_files();
        for name in
            [".env", "a/b/.env.local", "Server.KEY", "x/id_rsa.old", ".aws/credentials", "a/terraform.tfstate.backup"]
        {
            assert!(secrets.leave_out(name), "{name}");
        }
        for name in ["src/env.rs", "keys.rs", "environment", "README.md"] {
            assert!(!secrets.leave_out(name), "{name}");
        }
    }

    #[test]
    fn rules_are_anchored_negated_and_commented_as_in_gitignore() {
        let rules = parse("# generated\n/dist/\n*.min.js\n!keep.min.js\n").unwrap();
        assert!(rules.leave_out("dist/a/b.txt"));
        assert!(!rules.leave_out("src/dist.rs"));
        assert!(!rules.leave_out("src/dist/a"));
        assert!(rules.leave_out("web/a.min.js"));
        assert!(!rules.leave_out("web/keep.min.js"));
    }

    #[test]
    fn a_rule_that_would_be_misread_is_an_error() {
        let message = |text| parse(text).unwrap_err().to_string();
        assert!(message("a\na{b").starts_with("cannot use .scangateignore: line 2: braces "), "{}", message("a\na{b"));
        assert!(message("a\\").contains("backslash"), "{}", message("a\\"));
        for open in ["[a", "[]", "[!]a", "a/[\\]"] {
            assert!(message(open).ends_with("a `[` has no `]`"), "{open}");
        }
        for line in ["# a{b", "\\{a\\}", "[{}]", "[]]", "[!]]", "[[:alpha:]]*", "\\[a", "a]", ""] {
            assert!(parse(line).is_ok(), "{line}");
        }
    }
}
