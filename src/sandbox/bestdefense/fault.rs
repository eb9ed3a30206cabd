//! What goes wrong on BestDefense alone.

use crate::sandbox::fault::{Given, Kind};

/// A fault that no other platform has the place for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BestDefenseFault {
    /// `success-false[=N]`: N answers say 200 and, inside, that they failed.
    SuccessFalse(u32),
    /// `permission-403[=WHAT]`: the organisation lacks a permission.
    Permission(Permission),
    /// `ambiguous-site`: two sites have the same name.
    AmbiguousSite,
    /// `integer-id`: the id of a new report is a number.
    IntegerId,
    /// `no-id`: a new report has no id.
    NoId,
    /// `text-booleans`: completion is stated as a text.
    TextBooleans,
    /// `late-security[=N]`: the security report is missing in the first N overviews.
    LateSecurity(u32),
    /// `shape-b`: alerts are grouped, in the words of another scanner.
    ShapeB,
    /// `shape-c`: there are counts, and no alerts.
    ShapeC,
    /// `dpop`: the server wants proof of possession.
    Dpop,
}

/// A permission of the organisation (contract section 1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// *create reports*
    CreateReports,
    /// The one to see sites.
    ViewSites,
    /// The one to see reports.
    ViewReports,
}

impl Permission {
    const ALL: [(&'static str, Self); 3] =
        [("create-reports", Self::CreateReports), ("view-sites", Self::ViewSites), ("view-reports", Self::ViewReports)];

    fn parse(name: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, permission)| *permission);
        let names = || Self::ALL.map(|(name, _)| name).join(", ");
        found.ok_or_else(|| format!("'{name}' is no permission; permissions are {}", names()))
    }

    /// The words in which a refusal names it.
    pub(super) fn as_words(self) -> &'static str {
        match self {
            Self::CreateReports => "create reports",
            Self::ViewSites => "view sites",
            Self::ViewReports => "view reports",
        }
    }
}

impl BestDefenseFault {
    /// Their names, with their values' forms.
    pub(in crate::sandbox) const NAMES: &[&str] = &[
        "success-false[=N]",
        "permission-403[=WHAT]",
        "ambiguous-site",
        "integer-id",
        "no-id",
        "text-booleans",
        "late-security[=N]",
        "shape-b",
        "shape-c",
        "dpop",
    ];

    /// The fault of this name; `None` if there is none.
    pub(in crate::sandbox) fn parse(given: Given<'_>) -> Option<Result<Self, String>> {
        Some(match given.name {
            "success-false" => given.number(Some(1)).map(Self::SuccessFalse),
            "permission-403" => Permission::parse(given.value.unwrap_or("create-reports")).map(Self::Permission),
            "ambiguous-site" => given.plain(Self::AmbiguousSite),
            "integer-id" => given.plain(Self::IntegerId),
            "no-id" => given.plain(Self::NoId),
            "text-booleans" => given.plain(Self::TextBooleans),
            "late-security" => given.number(Some(2)).map(Self::LateSecurity),
            "shape-b" => given.plain(Self::ShapeB),
            "shape-c" => given.plain(Self::ShapeC),
            "dpop" => given.plain(Self::Dpop),
            _ => return None,
        })
    }
}

impl From<BestDefenseFault> for Kind {
    fn from(fault: BestDefenseFault) -> Self {
        Self::BestDefense(fault)
    }
}
