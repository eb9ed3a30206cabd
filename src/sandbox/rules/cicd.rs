//! Pipelines: GitHub workflows and actions, GitLab CI.

use super::iac::pipes_to_a_shell;
use super::rule::{Family, Hit, Level, Rule};
use super::text::{Text, is_comment};

const INTEGRITY: &[&str] = &["A08:2021"];
const INJECTION: &[&str] = &["A03:2021"];
const ACCESS: &[&str] = &["A01:2021"];

static UNPINNED: Rule = Rule {
    id: "c3f4003a-b550-5bae-ba56-a49d815240ec",
    family: Family::Cicd,
    name: "Action not pinned to a commit",
    level: Some(Level::Medium),
    cwe: &["CWE-829"],
    owasp: INTEGRITY,
    language: "GitHub Actions",
    description: "A tag or branch can be **moved** to other code, which then runs with this job's rights.",
    fix: "Name the full commit hash and keep the version in a comment.",
};
static TARGET_CHECKOUT: Rule = Rule {
    id: "f0d52179-2b22-58af-8448-dc460ddc2ef0",
    family: Family::Cicd,
    name: "Code of a pull request checked out with write rights",
    level: Some(Level::Critical),
    cwe: &["CWE-829"],
    owasp: ACCESS,
    language: "GitHub Actions",
    description: "`pull_request_target` runs with **secrets and write rights**, and this step fetches the contributor's code.",
    fix: "Use pull_request., Split the workflow so that no code of the pull request runs with secrets.",
};
static SCRIPT_INJECTION: Rule = Rule {
    id: "0c389216-4b96-5ab8-9100-6068073af9b9",
    family: Family::Cicd,
    name: "Event text becomes part of a script",
    level: Some(Level::High),
    cwe: &["CWE-94"],
    owasp: INJECTION,
    language: "GitHub Actions",
    description: "The expression is replaced **before** the shell reads the script, so that a title or branch name can hold commands.",
    fix: "Pass the value through env and quote the variable.",
};
static WRITE_ALL: Rule = Rule {
    id: "22dd6f8b-c277-5c8e-86e7-5de64e3391f1",
    family: Family::Cicd,
    name: "Token with all permissions",
    level: Some(Level::Medium),
    cwe: &["CWE-250"],
    owasp: ACCESS,
    language: "GitHub Actions",
    description: "`write-all` gives every step a token that can **change everything** in the repository.",
    fix: "List the permissions that the job needs.",
};
static REMOTE_SCRIPT: Rule = Rule {
    id: "250afde8-52af-5475-8fe7-1d4837cd8ce4",
    family: Family::Cicd,
    name: "Pipeline runs a downloaded script",
    level: Some(Level::High),
    cwe: &["CWE-494"],
    owasp: INTEGRITY,
    language: "CI",
    description: "A download is run **unseen** with the pipeline's credentials.",
    fix: "Download, verify a checksum, then run.",
};

pub(super) fn rules() -> impl Iterator<Item = &'static Rule> {
    [&UNPINNED, &TARGET_CHECKOUT, &SCRIPT_INJECTION, &WRITE_ALL, &REMOTE_SCRIPT].into_iter()
}

/// Fields of an event that whoever opens an issue or a pull request may choose.
const CHOSEN_BY_OTHERS: &[&str] = &[
    "github.head_ref",
    "github.event.issue.title",
    "github.event.issue.body",
    "github.event.comment.body",
    "github.event.review.body",
    "github.event.pull_request.title",
    "github.event.pull_request.body",
    "github.event.pull_request.head.ref",
    "github.event.head_commit.message",
];

pub(super) fn scan(text: &Text<'_>) -> Vec<Hit> {
    let yaml = matches!(text.extension(), "yml" | "yaml");
    let name = text.file_name();
    let is_action = name == "action.yml" || name == "action.yaml";
    if yaml && (text.path.contains(".github/workflows/") || is_action) {
        scan_github(text)
    } else if yaml && name.contains("gitlab-ci") {
        lines(text)
            .filter(|(_, line)| pipes_to_a_shell(line))
            .map(|(number, _)| text.hit(&REMOTE_SCRIPT, number))
            .collect()
    } else {
        Vec::new()
    }
}

fn lines<'a>(text: &Text<'a>) -> impl Iterator<Item = (usize, &'a str)> {
    text.lines().filter(|(_, line)| !is_comment(line))
}

fn scan_github(text: &Text<'_>) -> Vec<Hit> {
    let mut hits = Vec::new();
    let has_target = lines(text).any(|(_, line)| line.contains("pull_request_target"));
    // The column of the `run:` key whose block is being read.
    let mut run: Option<usize> = None;
    for (number, line) in lines(text) {
        let key = line.trim_start_matches([' ', '-']);
        let column = line.len() - key.len();
        if run.is_some_and(|run| column <= run) && !key.is_empty() {
            run = None;
        }
        if key.starts_with("run:") {
            run = Some(column);
        }
        if key.strip_prefix("uses:").is_some_and(is_unpinned) {
            hits.push(text.hit(&UNPINNED, number));
        }
        if key.starts_with("permissions:") && key.contains("write-all") {
            hits.push(text.hit(&WRITE_ALL, number));
        }
        if has_target
            && key.starts_with("ref:")
            && (key.contains("pull_request.head") || key.contains("github.head_ref"))
        {
            hits.push(text.hit(&TARGET_CHECKOUT, number));
        }
        if run.is_some() {
            if line.contains("${{") && CHOSEN_BY_OTHERS.iter().any(|field| line.contains(field)) {
                hits.push(text.hit(&SCRIPT_INJECTION, number));
            }
            if pipes_to_a_shell(line) {
                hits.push(text.hit(&REMOTE_SCRIPT, number));
            }
        }
    }
    hits
}

/// Whether the value of `uses:` can become other code without a change in the repository.
fn is_unpinned(value: &str) -> bool {
    let value = value.split('#').next().unwrap_or_default().trim().trim_matches(['"', '\'']);
    if value.is_empty() || value.starts_with("./") {
        return false;
    }
    match value.rsplit_once('@') {
        Some((_, reference)) if reference.starts_with("sha256:") => false,
        Some((_, reference)) => {
            reference.len() != 40 || !reference.chars().all(|character| character.is_ascii_hexdigit())
        }
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKFLOW: &str = "on: pull_request_target
permissions: write-all
jobs:
  build:
    steps:
      - uses: actions/checkout@v4
        with:
          ref: ${{ github.event.pull_request.head.sha }}
      - uses: actions/cache@0123456789abcdef0123456789abcdef01234567 # v4
      - uses: ./local
      - name: greet
        run: |
          echo \"${{ github.event.pull_request.title }}\"
          curl -sSf https://example.org/install | sh
      - name: safe
        env:
          TITLE: ${{ github.event.pull_request.title }}
        run: echo \"$TITLE\"
";

    #[test]
    fn a_careless_workflow_is_named_line_by_line() {
        let hits = scan(&Text::new(".github/workflows/ci.yml", WORKFLOW));
        let found: Vec<_> = hits.iter().map(|hit| (hit.rule.name, hit.line)).collect();
        assert_eq!(
            found,
            [
                (WRITE_ALL.name, 2),
                (UNPINNED.name, 6),
                (TARGET_CHECKOUT.name, 8),
                (SCRIPT_INJECTION.name, 13),
                (REMOTE_SCRIPT.name, 14),
            ]
        );
    }

    #[test]
    fn other_yaml_is_not_a_pipeline() {
        assert!(scan(&Text::new("config/ci.yml", WORKFLOW)).is_empty());
        assert_eq!(
            scan(&Text::new(".gitlab-ci.yml", "a:\n  script:\n    - wget -qO- https://example.org/x | bash\n")).len(),
            1
        );
    }
}
