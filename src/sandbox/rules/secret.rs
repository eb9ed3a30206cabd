//! Credentials in files: well-known token shapes, private keys, and values assigned to names that speak of secrets.

use super::rule::{Family, Hit, Level, Rule};
use super::text::{Match, Text, is_comment};

const OWASP: &[&str] = &["A07:2021"];
const HARD_CODED: &[&str] = &["CWE-798"];

static PRIVATE_KEY: Rule = Rule {
    id: "3dc2a857-5468-5a1f-9bc3-c4cba7c49f19",
    family: Family::Secret,
    name: "Private key in a file",
    level: Some(Level::Critical),
    cwe: &["CWE-321", "CWE-798"],
    owasp: OWASP,
    language: "",
    description: "A **private key** is part of the source tree. Everyone who can read the repository can use it.",
    fix: "Revoke the key and create a new one., Keep keys in a secret store.",
};
static AWS_ACCESS_KEY: Rule = Rule {
    id: "230aa048-e647-5071-aa00-a7f9da53321a",
    family: Family::Secret,
    name: "AWS access key id",
    level: Some(Level::High),
    cwe: HARD_CODED,
    owasp: OWASP,
    language: "",
    description: "The line holds what looks like an **AWS access key id**.",
    fix: "Disable the key in IAM., Use short-lived credentials from a role.",
};
static GITHUB_TOKEN: Rule = Rule {
    id: "ba641268-be3d-547f-a029-8c85d7dcc627",
    family: Family::Secret,
    name: "GitHub token",
    level: Some(Level::Critical),
    cwe: HARD_CODED,
    owasp: OWASP,
    language: "",
    description: "The line holds what looks like a **GitHub token**.",
    fix: "Revoke the token., Read it from the environment or a secret store.",
};
static VENDOR_TOKEN: Rule = Rule {
    id: "03f3a7f7-80c9-5861-a2a7-814560e58bb1",
    family: Family::Secret,
    name: "Access token of a service",
    level: Some(Level::High),
    cwe: HARD_CODED,
    owasp: OWASP,
    language: "",
    description: "The line holds a token in the shape that GitLab, Slack, Stripe or Google give theirs.",
    fix: "Revoke the token at the service., Read it from the environment or a secret store.",
};
static HARD_CODED_VALUE: Rule = Rule {
    id: "a0e98585-a827-5806-88f3-1a97518ce805",
    family: Family::Secret,
    name: "Hard-coded credential",
    level: Some(Level::High),
    cwe: HARD_CODED,
    owasp: OWASP,
    language: "",
    description: "A literal is assigned to a name that speaks of a **password, token or key**.",
    fix: "Change the credential., Read it from the environment or a secret store.",
};
static URL_PASSWORD: Rule = Rule {
    id: "be94ac3b-03b6-5066-99dd-ffd83072798a",
    family: Family::Secret,
    name: "Password in a connection string",
    level: Some(Level::High),
    cwe: HARD_CODED,
    owasp: OWASP,
    language: "",
    description: "A URL names a **user and a password**.",
    fix: "Change the password., Compose the URL from the environment at run time.",
};
static ENV_FILE: Rule = Rule {
    id: "65073821-708e-5584-a7fb-9dd8c13bc7f9",
    family: Family::Secret,
    name: "Credential in an environment file",
    level: Some(Level::Medium),
    cwe: HARD_CODED,
    owasp: OWASP,
    language: "",
    description: "An environment or properties file with a **credential** is part of the source tree.",
    fix: "Keep the file out of the repository., Commit a template with empty values.",
};

pub(super) fn rules() -> impl Iterator<Item = &'static Rule> {
    [&PRIVATE_KEY, &AWS_ACCESS_KEY, &GITHUB_TOKEN, &VENDOR_TOKEN, &HARD_CODED_VALUE, &URL_PASSWORD, &ENV_FILE]
        .into_iter()
}

/// Prefix, characters that must follow, whether those are upper-case only, rule.
const TOKENS: &[(&str, usize, bool, &Rule)] = &[
    ("AKIA", 16, true, &AWS_ACCESS_KEY),
    ("ASIA", 16, true, &AWS_ACCESS_KEY),
    ("ghp_", 36, false, &GITHUB_TOKEN),
    ("gho_", 36, false, &GITHUB_TOKEN),
    ("ghs_", 36, false, &GITHUB_TOKEN),
    ("github_pat_", 40, false, &GITHUB_TOKEN),
    ("glpat-", 20, false, &VENDOR_TOKEN),
    ("xoxb-", 20, false, &VENDOR_TOKEN),
    ("xoxp-", 20, false, &VENDOR_TOKEN),
    ("sk_live_", 20, false, &VENDOR_TOKEN),
    ("AIza", 35, false, &VENDOR_TOKEN),
];

/// Ends of names that speak of secrets, without the first letter, whose case varies.
const NAMES: &[&str] = &[
    "assword",
    "ASSWORD",
    "asswd",
    "ASSWD",
    "ecret",
    "ECRET",
    "oken",
    "OKEN",
    "pi_key",
    "PI_KEY",
    "piKey",
    "ccess_key",
    "CCESS_KEY",
];

/// Parts of a value that nobody would put into a real credential.
const PLACEHOLDERS: &[&str] = &[
    "example",
    "changeme",
    "change-me",
    "change_me",
    "placeholder",
    "your",
    "xxx",
    "dummy",
    "sample",
    "redacted",
    "todo",
    "none",
    "null",
    "****",
    "....",
    "test",
    "${",
    "{{",
    "$(",
    "<",
    "%(",
    "process.env",
    "os.environ",
    "getenv",
    "env.",
];

/// The shortest value that is worth a word.
const SHORTEST: usize = 8;

pub(super) fn scan(text: &Text<'_>) -> Vec<Hit> {
    let mut hits: Vec<Hit> = Vec::new();
    let mut add = |rule: &'static Rule, number: usize| {
        // One credential, one finding: the first rule to match a line is the most specific.
        if !hits.iter().any(|hit| hit.line as usize == number) {
            hits.push(text.hit(rule, number));
        }
    };
    for found in text.matches("PRIVATE KEY-----").filter(|found| found.before.contains("-----BEGIN")) {
        add(&PRIVATE_KEY, found.number);
    }
    for (prefix, length, upper, rule) in TOKENS {
        for found in text.matches(prefix).filter(|found| is_token(found, *length, *upper)) {
            add(rule, found.number);
        }
    }
    for found in text.matches("://").filter(|found| has_password(found.after)) {
        add(&URL_PASSWORD, found.number);
    }
    let is_environment = is_environment_file(text.file_name());
    for name in NAMES {
        for found in text.matches(name) {
            let is_credential = |value: &str| is_credential(value) && (is_password(name) || has_digit(value));
            if assigned_literal(found.after).is_some_and(is_credential) {
                add(&HARD_CODED_VALUE, found.number);
            } else if is_environment && !is_comment(found.line) && bare_value(found.after).is_some_and(is_credential) {
                add(&ENV_FILE, found.number);
            }
        }
    }
    hits
}

fn is_token(found: &Match<'_>, length: usize, upper: bool) -> bool {
    let allowed = |character: &char| {
        let lower = matches!(character, 'a'..='z' | '_' | '-');
        character.is_ascii_uppercase() || character.is_ascii_digit() || (lower && !upper)
    };
    let body: String = found.after.chars().take_while(allowed).collect();
    let starts = !found.before.ends_with(|character: char| character.is_ascii_alphanumeric());
    let long_enough = if upper { body.len() == length } else { body.len() >= length };
    starts && long_enough && !body.contains("EXAMPLE") && !is_one_character(&body)
}

/// `user:password@host` behind the `://` of a URL.
fn has_password(after: &str) -> bool {
    let end =
        after.find(|character: char| character.is_whitespace() || matches!(character, '/' | '"' | '\'' | '?' | '#'));
    let authority = end.map_or(Some(after), |end| after.get(..end)).unwrap_or_default();
    let Some((user, host)) = authority.rsplit_once('@') else { return false };
    !host.is_empty()
        && user.split_once(':').is_some_and(|(_, password)| password.len() >= 4 && !is_placeholder(password))
}

/// The quoted value assigned right behind a name: `= "…"`, `: '…'`, `": "…"`.
fn assigned_literal(after: &str) -> Option<&str> {
    let rest = after.trim_start_matches(|character: char| {
        character.is_alphanumeric() || matches!(character, '_' | '"' | '\'' | ']')
    });
    let rest = rest.trim_start();
    let rest =
        rest.strip_prefix(":=").or_else(|| rest.strip_prefix('=')).or_else(|| rest.strip_prefix(':'))?.trim_start();
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    rest.get(1..)?.split_once(quote).map(|(value, _)| value)
}

/// The value of `NAME=value` in an environment or properties file.
fn bare_value(after: &str) -> Option<&str> {
    let rest = after.trim_start_matches(|character: char| character.is_alphanumeric() || character == '_').trim_start();
    rest.strip_prefix('=').map(str::trim)
}

fn is_environment_file(name: &str) -> bool {
    let templates = [".example", ".sample", ".template", ".dist"];
    (name == ".env" || name.starts_with(".env.") || name.ends_with(".properties"))
        && !templates.iter().any(|end| name.ends_with(end))
}

fn is_credential(value: &str) -> bool {
    value.chars().count() >= SHORTEST && !value.contains(char::is_whitespace) && !is_placeholder(value)
}

fn is_password(name: &str) -> bool {
    name.to_ascii_lowercase().starts_with("assw")
}

/// Generated tokens and keys nearly always have one; the names of fields and events, which look alike otherwise, seldom do.
fn has_digit(value: &str) -> bool {
    value.contains(|character: char| character.is_ascii_digit())
}

fn is_placeholder(value: &str) -> bool {
    let lower = value.to_lowercase();
    is_one_character(value) || PLACEHOLDERS.iter().any(|placeholder| lower.contains(placeholder))
}

fn is_one_character(value: &str) -> bool {
    let mut characters = value.chars();
    characters.next().is_none_or(|first| characters.all(|character| character == first))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str, content: &str) -> Vec<&'static str> {
        scan(&Text::new(path, content)).iter().map(|hit| hit.rule.name).collect()
    }

    #[test]
    fn credentials_are_found_in_the_shapes_people_commit_them_in() {
        assert_eq!(names("a.py", "db_password = \"correct-horse-battery\"\n"), [HARD_CODED_VALUE.name]);
        assert_eq!(names("a.json", "  \"apiKey\": \"kjh2349fsd98f7\",\n"), [HARD_CODED_VALUE.name]);
        assert_eq!(names("a.go", "token := \"kjh2349fsd98f7\"\n"), [HARD_CODED_VALUE.name]);
        assert_eq!(names("a.py", "key = 'AKIAQWERTYUIOPASDFGH'\n"), [AWS_ACCESS_KEY.name]);
        assert_eq!(names("a.py", &format!("x = 'ghp_{}'\n", "a1B2".repeat(9))), [GITHUB_TOKEN.name]);
        assert_eq!(names("id_rsa", "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n"), [PRIVATE_KEY.name]);
        assert_eq!(names("a.yml", "url: postgres://app:h0rsepower@db/app\n"), [URL_PASSWORD.name]);
        assert_eq!(names(".env", "DB_PASSWORD=h0rsepower\n"), [ENV_FILE.name]);
    }

    #[test]
    fn placeholders_lookups_and_public_parts_are_not_credentials() {
        for line in [
            "password = \"changeme-please\"",
            "password = os.environ[\"DB_PASSWORD\"]",
            "token: \"${{ secrets.TOKEN }}\"",
            "password = \"xxxxxxxxxxxx\"",
            "password = \"short\"",
            "key = 'AKIAIOSFODNN7EXAMPLE'",
            "-----BEGIN PUBLIC KEY-----",
            "see https://user@host/path",
            "tokens = 'a sentence about tokens'",
            "token = 'access_token_name'",
        ] {
            assert!(names("a.py", line).is_empty(), "{line}");
        }
        assert!(names(".env.example", "DB_PASSWORD=h0rsepower\n").is_empty());
    }
}
