//! A finding as the project holds it: what was found, and what became of it.

use jiff::Timestamp;

use crate::sandbox::rules::image::ImageAdvisory;
use crate::sandbox::rules::sca::PackageHit;
use crate::sandbox::rules::{Family, Hit, Level};

/// The four states of contract section 5.8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    ToVerify,
    Confirmed,
    Resolved,
    Ignored,
}

impl State {
    pub(super) const ALL: [Self; 4] = [Self::ToVerify, Self::Confirmed, Self::Resolved, Self::Ignored];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::ToVerify => "to_verify",
            Self::Confirmed => "confirmed",
            Self::Resolved => "resolved",
            Self::Ignored => "ignored",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::ToVerify | Self::Confirmed)
    }
}

/// `currentPriority`, the least urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Priority {
    VeryLow,
    Low,
    Normal,
    Urgent,
    CriticalUrgent,
}

impl Priority {
    pub(super) const ALL: [Self; 5] = [Self::CriticalUrgent, Self::Urgent, Self::Normal, Self::Low, Self::VeryLow];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::VeryLow => "very_low",
            Self::Low => "low",
            Self::Normal => "normal",
            Self::Urgent => "urgent",
            Self::CriticalUrgent => "critical_urgent",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|priority| priority.as_str() == word)
    }

    fn of(level: Option<Level>) -> Self {
        match level {
            Some(Level::Critical) => Self::CriticalUrgent,
            Some(Level::High) => Self::Urgent,
            Some(Level::Medium) => Self::Normal,
            Some(Level::Low) => Self::Low,
            None => Self::VeryLow,
        }
    }
}

/// What was found.
#[derive(Clone, Debug)]
pub(super) enum Subject {
    Code(Hit),
    Package(PackageHit),
    Image { image: String, advisory: &'static ImageAdvisory },
}

impl Subject {
    pub(super) fn family(&self) -> Family {
        match self {
            Self::Code(hit) => hit.rule.family,
            Self::Package(_) => Family::Sca,
            Self::Image { .. } => Family::Container,
        }
    }

    pub(super) fn level(&self) -> Option<Level> {
        match self {
            Self::Code(hit) => hit.rule.level,
            Self::Package(hit) => hit.advisory.level,
            Self::Image { advisory, .. } => advisory.level,
        }
    }

    /// What makes it the same finding in the next scan: never the line's number.
    pub(super) fn identity(&self) -> [&str; 3] {
        match self {
            Self::Code(hit) => [hit.rule.id, &hit.path, &hit.text],
            Self::Package(hit) => [hit.advisory.id, &hit.manifest, &hit.package],
            Self::Image { image, advisory } => [advisory.cve, image, advisory.package],
        }
    }

    /// The id of the rule or advisory: what grouped lists group by.
    pub(super) fn rule_id(&self) -> &str {
        let [rule, ..] = self.identity();
        rule
    }

    /// The title that people read.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Code(hit) => hit.rule.name,
            Self::Package(hit) => hit.advisory.summary,
            Self::Image { advisory, .. } => advisory.title,
        }
    }

    pub(super) fn language(&self) -> &str {
        match self {
            Self::Code(hit) => hit.rule.language,
            Self::Package(_) | Self::Image { .. } => "",
        }
    }

    /// The file, manifest or image.
    pub(super) fn path(&self) -> &str {
        let [_, path, _] = self.identity();
        path
    }

    pub(super) fn score(&self) -> Option<f64> {
        match self {
            Self::Code(_) => None,
            Self::Package(hit) => hit.advisory.score,
            Self::Image { advisory, .. } => advisory.score,
        }
    }
}

/// Something that happened to a finding.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) kind: &'static str,
    pub(super) value: String,
    pub(super) at: Timestamp,
}

/// A row of the project's lists.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) id: String,
    pub(super) branch: Option<String>,
    pub(super) subject: Subject,
    pub(super) state: State,
    pub(super) priority: Priority,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    /// When the list begins to show it.
    pub(super) visible_from: Timestamp,
    pub(super) history: Vec<Event>,
}

impl Finding {
    pub(super) fn new(
        id: String,
        branch: Option<String>,
        subject: Subject,
        created: Timestamp,
        visible_from: Timestamp,
    ) -> Self {
        Self {
            id,
            branch,
            state: State::ToVerify,
            priority: Priority::of(subject.level()),
            subject,
            created,
            updated: created,
            visible_from,
            history: Vec::new(),
        }
    }

    /// Changes the state and remembers when.
    pub(super) fn set_state(&mut self, state: State, at: Timestamp) {
        self.state = state;
        self.updated = at;
        self.history.push(Event { kind: "status", value: state.as_str().to_owned(), at });
    }
}
