//! Infrastructure as code: Dockerfiles, Kubernetes manifests, Terraform.

use super::rule::{Family, Hit, Level, Rule};
use super::text::{Text, is_comment};

const CONFIGURATION: &[&str] = &["A05:2021"];
const COMPONENTS: &[&str] = &["A08:2021"];

/// A line-by-line rule for manifests that are lists of keys and values.
struct Detector {
    rule: Rule,
    holds: fn(&str) -> bool,
}

static DOCKERFILE: &[Rule] = &[
    Rule {
        id: "1354e6aa-36f1-56d3-91df-e08644f0fd86",
        family: Family::Iac,
        name: "Base image without a fixed version",
        level: Some(Level::Medium),
        cwe: &["CWE-1357"],
        owasp: COMPONENTS,
        language: "Dockerfile",
        description: "The image behind this name **changes** without a change in the repository.",
        fix: "Name a version., Better, name a digest.",
    },
    Rule {
        id: "0eb01322-bb5c-562d-b3a5-e9395bb06ae7",
        family: Family::Iac,
        name: "Container runs as root by default",
        level: Some(Level::Medium),
        cwe: &["CWE-250"],
        owasp: CONFIGURATION,
        language: "Dockerfile",
        description: "No `USER` follows the last `FROM`, so the process runs as **root**.",
        fix: "Add a USER instruction with an unprivileged account.",
    },
    Rule {
        id: "5ca033c9-a441-51e2-a84f-ac6fb2e3dcab",
        family: Family::Iac,
        name: "Container runs as root",
        level: Some(Level::High),
        cwe: &["CWE-250"],
        owasp: CONFIGURATION,
        language: "Dockerfile",
        description: "The last `USER` of the image is **root**.",
        fix: "Switch to an unprivileged account at the end.",
    },
    Rule {
        id: "782a48d9-9671-5525-ae87-a9b09954aa8d",
        family: Family::Iac,
        name: "ADD downloads from the network",
        level: Some(Level::Low),
        cwe: &["CWE-494"],
        owasp: COMPONENTS,
        language: "Dockerfile",
        description: "`ADD` with a URL puts an **unchecked download** into the image.",
        fix: "Download with a checksum., Use COPY for local files.",
    },
    Rule {
        id: "79187015-f4e8-52b1-849c-34f8a37a29a0",
        family: Family::Iac,
        name: "Download piped into a shell",
        level: Some(Level::High),
        cwe: &["CWE-494"],
        owasp: COMPONENTS,
        language: "Dockerfile",
        description: "A script is run **unseen**, with whatever the server sends that day.",
        fix: "Download, verify a checksum, then run.",
    },
    Rule {
        id: "8febba6c-aa89-52b9-9db5-bbf724f84109",
        family: Family::Iac,
        name: "Credential in an image layer",
        level: Some(Level::High),
        cwe: &["CWE-522"],
        owasp: CONFIGURATION,
        language: "Dockerfile",
        description: "`ENV` and `ARG` values stay **readable** in the image.",
        fix: "Use build secrets, or pass the value at run time.",
    },
];

static KUBERNETES: &[Detector] = &[
    Detector {
        rule: Rule {
            id: "d5fd2164-2cb0-5aa6-9885-a189d51b8f7a",
            family: Family::Iac,
            name: "Privileged container",
            level: Some(Level::High),
            cwe: &["CWE-250"],
            owasp: CONFIGURATION,
            language: "Kubernetes",
            description: "A privileged container is **root on its node**.",
            fix: "Remove privileged., Add only the capabilities that are needed.",
        },
        holds: |line| sets(line, "privileged", ':', "true"),
    },
    Detector {
        rule: Rule {
            id: "7837d53b-1924-5f2c-8993-9dfac1bce619",
            family: Family::Iac,
            name: "Pod in the node's network",
            level: Some(Level::Medium),
            cwe: &["CWE-668"],
            owasp: CONFIGURATION,
            language: "Kubernetes",
            description: "The pod sees **all traffic** of its node.",
            fix: "Remove hostNetwork.",
        },
        holds: |line| sets(line, "hostNetwork", ':', "true"),
    },
    Detector {
        rule: Rule {
            id: "dd32bc2b-5b28-576a-8f61-9f61b4700256",
            family: Family::Iac,
            name: "Pod runs as root",
            level: Some(Level::Medium),
            cwe: &["CWE-250"],
            owasp: CONFIGURATION,
            language: "Kubernetes",
            description: "The process has user id **0**.",
            fix: "Set runAsNonRoot and a user id.",
        },
        holds: |line| sets(line, "runAsUser", ':', "0"),
    },
    Detector {
        rule: Rule {
            id: "eb78b9ae-d383-5c55-8542-058e36a83199",
            family: Family::Iac,
            name: "Privilege escalation allowed",
            level: Some(Level::Medium),
            cwe: &["CWE-269"],
            owasp: CONFIGURATION,
            language: "Kubernetes",
            description: "A process may gain **more rights** than its parent.",
            fix: "Set allowPrivilegeEscalation to false.",
        },
        holds: |line| sets(line, "allowPrivilegeEscalation", ':', "true"),
    },
    Detector {
        rule: Rule {
            id: "96b032fc-2098-53d4-8db9-ce2a94abe62a",
            family: Family::Iac,
            name: "Folder of the node mounted",
            level: Some(Level::Medium),
            cwe: &["CWE-668"],
            owasp: CONFIGURATION,
            language: "Kubernetes",
            description: "The pod can reach **files of its node**.",
            fix: "Use a volume that belongs to the pod.",
        },
        holds: |line| sets(line, "hostPath", ':', ""),
    },
];

static TERRAFORM: &[Detector] = &[
    Detector {
        rule: Rule {
            id: "57285535-acad-537f-8117-4511ebc93866",
            family: Family::Iac,
            name: "Network rule open to the world",
            level: Some(Level::High),
            cwe: &["CWE-284"],
            owasp: CONFIGURATION,
            language: "Terraform",
            description: "The rule allows **every address** of the internet.",
            fix: "Name the networks that need access.",
        },
        holds: |line| line.contains("cidr_blocks") && line.contains("\"0.0.0.0/0\""),
    },
    Detector {
        rule: Rule {
            id: "9809e0df-626d-5d62-bb44-fffc4051ad47",
            family: Family::Iac,
            name: "Bucket readable by everyone",
            level: Some(Level::High),
            cwe: &["CWE-732"],
            owasp: CONFIGURATION,
            language: "Terraform",
            description: "The access list lets **anyone read** the bucket.",
            fix: "Use a private bucket and grant access by policy.",
        },
        holds: |line| sets(line, "acl", '=', "public-read") || sets(line, "acl", '=', "public-read-write"),
    },
    Detector {
        rule: Rule {
            id: "9c660d29-4674-59db-98e4-aa54f6618b07",
            family: Family::Iac,
            name: "Database reachable from the internet",
            level: Some(Level::High),
            cwe: &["CWE-284"],
            owasp: CONFIGURATION,
            language: "Terraform",
            description: "The database has a **public address**.",
            fix: "Set publicly_accessible to false.",
        },
        holds: |line| sets(line, "publicly_accessible", '=', "true"),
    },
    Detector {
        rule: Rule {
            id: "5ee812b5-1fca-5a4a-9534-68417ad12c96",
            family: Family::Iac,
            name: "Storage without encryption",
            level: Some(Level::Medium),
            cwe: &["CWE-311"],
            owasp: CONFIGURATION,
            language: "Terraform",
            description: "Data is stored **unencrypted**.",
            fix: "Switch encryption on.",
        },
        holds: |line| sets(line, "encrypted", '=', "false") || sets(line, "storage_encrypted", '=', "false"),
    },
];

pub(super) fn rules() -> impl Iterator<Item = &'static Rule> {
    DOCKERFILE.iter().chain(KUBERNETES.iter().chain(TERRAFORM).map(|detector| &detector.rule))
}

pub(super) fn scan(text: &Text<'_>) -> Vec<Hit> {
    if is_dockerfile(text.file_name()) {
        return scan_dockerfile(text);
    }
    match text.extension() {
        "tf" => scan_lines(text, TERRAFORM),
        "yml" | "yaml" if text.content.contains("apiVersion:") && text.content.contains("kind:") => {
            scan_lines(text, KUBERNETES)
        }
        _ => Vec::new(),
    }
}

fn scan_lines(text: &Text<'_>, detectors: &'static [Detector]) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (number, line) in text.lines().filter(|(_, line)| !is_comment(line)) {
        let found = detectors.iter().filter(|detector| (detector.holds)(line));
        hits.extend(found.map(|detector| text.hit(&detector.rule, number)));
    }
    hits
}

/// Whether a line sets a key to a value, whatever the white space and the list dash.
fn sets(line: &str, key: &str, separator: char, value: &str) -> bool {
    let line = line.trim_start_matches([' ', '\t', '-']);
    let Some(rest) = line.strip_prefix(key) else { return false };
    let Some(rest) = rest.trim_start().strip_prefix(separator) else { return false };
    rest.split('#').next().unwrap_or_default().trim().trim_matches('"') == value
}

fn is_dockerfile(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "dockerfile" || name == "containerfile" || name.starts_with("dockerfile.") || name.ends_with(".dockerfile")
}

/// What is known of a Dockerfile while its instructions are read.
#[derive(Default)]
struct Stages<'a> {
    names: Vec<&'a str>,
    last_from: Option<usize>,
    user: Option<(usize, &'a str)>,
}

fn scan_dockerfile(text: &Text<'_>) -> Vec<Hit> {
    let [latest, no_user, root, add_url, curl, env_secret] = DOCKERFILE else { return Vec::new() };
    let mut hits = Vec::new();
    let mut stages = Stages::default();
    for (number, line) in text.lines().filter(|(_, line)| !is_comment(line)) {
        let (instruction, arguments) = line.trim().split_once(char::is_whitespace).unwrap_or_default();
        match instruction.to_ascii_uppercase().as_str() {
            "FROM" => {
                let mut words = arguments.split_whitespace().filter(|word| !word.starts_with("--"));
                let image = words.next().unwrap_or_default();
                if is_floating(image) && !stages.names.contains(&image) {
                    hits.push(text.hit(latest, number));
                }
                stages.names.extend(words.nth(1));
                stages.last_from = Some(number);
                stages.user = None;
            }
            "USER" => stages.user = Some((number, arguments.trim())),
            "ADD" if arguments.contains("http://") || arguments.contains("https://") => {
                hits.push(text.hit(add_url, number));
            }
            "ENV" | "ARG" if names_a_secret(arguments) => hits.push(text.hit(env_secret, number)),
            _ => {}
        }
        if pipes_to_a_shell(line) {
            hits.push(text.hit(curl, number));
        }
    }
    match (stages.user, stages.last_from) {
        (Some((number, user)), _) if matches!(user.split(':').next(), Some("root" | "0")) => {
            hits.push(text.hit(root, number));
        }
        (None, Some(number)) => hits.push(text.hit(no_user, number)),
        _ => {}
    }
    hits
}

/// Whether the image may be another one tomorrow. A name from an argument cannot be judged.
fn is_floating(image: &str) -> bool {
    if image.is_empty() || image == "scratch" || image.contains('$') || image.contains('@') {
        return false;
    }
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split_once(':').is_none_or(|(_, tag)| tag == "latest")
}

/// A download that is run unseen.
pub(super) fn pipes_to_a_shell(line: &str) -> bool {
    let downloads = line.contains("curl ") || line.contains("wget ");
    downloads
        && line.split('|').skip(1).any(|command| {
            let program = command.split_whitespace().find(|word| *word != "sudo").unwrap_or_default();
            matches!(program.rsplit('/').next(), Some("sh" | "bash" | "zsh" | "python" | "python3"))
        })
}

/// `NAME=value` or `NAME value` with a name that speaks of a secret and a value that is written out.
fn names_a_secret(arguments: &str) -> bool {
    let Some((name, value)) = arguments.split_once(['=', ' ']) else { return false };
    let name = name.to_ascii_uppercase();
    let secret =
        ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "API_KEY", "ACCESS_KEY"].iter().any(|word| name.contains(word));
    let value = value.trim().trim_matches(['"', '\'']);
    secret && !value.is_empty() && !value.starts_with('$')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, content: &str) -> Vec<(&'static str, u32)> {
        scan(&Text::new(path, content)).iter().map(|hit| (hit.rule.name, hit.line)).collect()
    }

    #[test]
    fn a_careless_dockerfile_is_named_line_by_line() {
        let content = "FROM node AS build\nADD https://example.org/x.tgz /x\nRUN curl -s https://example.org/i | sudo bash\n\
                       ENV API_TOKEN=abc\nFROM build\nUSER root\n";
        let lines: Vec<_> = found("docker/Dockerfile", content).into_iter().map(|(_, line)| line).collect();
        assert_eq!(lines, [1, 2, 3, 4, 6]);
    }

    #[test]
    fn a_dockerfile_without_a_user_runs_as_root() {
        assert_eq!(found("Dockerfile", "FROM alpine:3.20\nRUN true\n"), [("Container runs as root by default", 1)]);
        assert!(found("Dockerfile", "FROM alpine:3.20\nUSER app\n").is_empty());
        assert!(found("Dockerfile", "ARG BASE\nFROM ${BASE}\nUSER 1000\n").is_empty());
    }

    #[test]
    fn kubernetes_and_terraform_have_rules_of_their_own() {
        let manifest = "apiVersion: v1\nkind: Pod\nspec:\n  hostNetwork: true\n  containers:\n  - securityContext:\n      privileged: true\n      \
                        runAsUser: 0\n      allowPrivilegeEscalation: true\n  volumes:\n  - hostPath:\n      path: /\n";
        assert_eq!(found("pod.yaml", manifest).len(), 5);
        assert!(found("values.yaml", "privileged: true\n").is_empty(), "not a manifest");
        let terraform = "cidr_blocks = [\"0.0.0.0/0\"]\nacl = \"public-read\"\npublicly_accessible = true\nstorage_encrypted = false\n";
        assert_eq!(found("main.tf", terraform).len(), 4);
    }
}
