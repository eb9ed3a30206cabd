//! Where a fault strikes.

/// A part of a platform that a fault can be confined to, written behind an `@`. A platform has those of them that it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// What needs no credential: client applications.
    ClientApps,
    /// The making of access tokens.
    Token,
    /// What can be scanned, and whose it is: projects, organisations, profile, sites.
    Project,
    /// The start of a scan.
    Start,
    /// The upload of an archive or a report.
    Upload,
    /// The state of a scan.
    Status,
    /// Findings.
    Results,
    /// Policy evaluation and compliance.
    Policy,
    /// The cancelling of a scan.
    Cancel,
}

impl Place {
    const ALL: [(&'static str, Self); 9] = [
        ("client-apps", Self::ClientApps),
        ("token", Self::Token),
        ("project", Self::Project),
        ("start", Self::Start),
        ("upload", Self::Upload),
        ("status", Self::Status),
        ("results", Self::Results),
        ("policy", Self::Policy),
        ("cancel", Self::Cancel),
    ];

    /// The place of this name; the error says which names there are.
    pub(super) fn parse(name: &str) -> Result<Self, String> {
        let place = Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, place)| *place);
        let names = || Self::ALL.map(|(name, _)| name).join(", ");
        place.ok_or_else(|| format!("'{name}' is no place; places are {}", names()))
    }

    /// Whether calls to it carry the credential that is to be tried.
    pub(in crate::sandbox) fn is_behind_login(self) -> bool {
        !matches!(self, Self::ClientApps | Self::Token | Self::Upload)
    }
}
