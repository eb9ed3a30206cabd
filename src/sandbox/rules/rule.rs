//! What a rule says, and what a hit of a rule is.

/// The six lists that the API keeps findings in (contract section 3.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// Source code.
    Sast,
    /// Dependencies named in manifests.
    Sca,
    /// Dockerfiles, Kubernetes manifests, Terraform.
    Iac,
    /// Credentials in files.
    Secret,
    /// Pipelines.
    Cicd,
    /// Packages in an image.
    Container,
}

impl Family {
    /// All families, in the order of the contract's tables.
    pub const ALL: [Self; 6] = [Self::Sast, Self::Sca, Self::Iac, Self::Secret, Self::Cicd, Self::Container];

    /// The word in paths and in `vulnerabilityType`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sast => "sast",
            Self::Sca => "sca",
            Self::Iac => "iac",
            Self::Secret => "secret",
            Self::Cicd => "cicd",
            Self::Container => "container",
        }
    }

    /// The family of a word in a path.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.as_str() == word)
    }
}

/// The four levels that the platform rates with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// `low`
    Low,
    /// `medium`
    Medium,
    /// `high`
    High,
    /// `critical`
    Critical,
}

impl Level {
    /// All levels, the worst first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// The lower-case word of `currentSeverity`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The upper-case word of a rule's `severity` and of policies.
    pub fn as_upper(self) -> &'static str {
        match self {
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        }
    }

    /// The level of a lower-case word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == word)
    }
}

/// One row of the rule set.
#[derive(Debug)]
pub struct Rule {
    /// A UUID that stays the same for ever; `base.vulnerability.id` on the wire.
    pub id: &'static str,
    /// The list in which its findings stand.
    pub family: Family,
    /// The title that people read.
    pub name: &'static str,
    /// How bad a hit is; `None` for a finding that the platform leaves unrated.
    pub level: Option<Level>,
    /// `CWE-n`, as in the CWE list.
    pub cwe: &'static [&'static str],
    /// Categories of the OWASP Top 10 of 2021.
    pub owasp: &'static [&'static str],
    /// The language as the platform spells it for people.
    pub language: &'static str,
    /// What is wrong, in Markdown.
    pub description: &'static str,
    /// What to do about it.
    pub fix: &'static str,
}

/// A rule that matched on a line of a file.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The rule.
    pub rule: &'static Rule,
    /// The file's name in the archive.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// The number of the first line in `snippet`.
    pub snippet_start: u32,
    /// The line with a few around it, each cut to a bearable length.
    pub snippet: Vec<String>,
    /// The matched line without the white space around it: what makes the finding the same one after lines above it moved.
    pub text: String,
}
