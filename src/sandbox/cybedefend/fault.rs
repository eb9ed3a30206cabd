//! What goes wrong on CybeDefend alone.

use crate::sandbox::fault::{Given, Kind};
use crate::sandbox::rules::Family;

/// A fault that no other platform has the place for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CybeDefendFault {
    /// `expires-in-lie`: `expires_in` says 3600, as in the vendor's documentation; the token lives 600 s.
    ExpiresInLie,
    /// `upload-412`: the archive arrives, the answer says 503, and a repeated upload gets 412.
    UploadExists,
    /// `upload-expired`: the signed URL is never valid.
    UploadExpired,
    /// `upload-cut[=N]`: the first N uploads lose their connection half-way.
    UploadCut(u32),
    /// `degraded-scan`: the scan ends as `completed_degraded`, without its dependencies.
    DegradedScan,
    /// `other-scan`: lists say that they belong to another scan.
    OtherScan,
    /// `late-findings[=S]`: findings arrive over S seconds after the scan has ended.
    LateFindings(u32),
    /// `plan-403[=FAMILY]`: one family, or every family, is not in the plan.
    NotInPlan(Option<Family>),
    /// `policy-failed`: the evaluation of the policy fails.
    PolicyFailed,
    /// `policy-stuck`: the evaluation of the policy never ends.
    PolicyStuck,
    /// `policy-late[=S]`: the evaluation of the policy starts S seconds after the scan has ended.
    PolicyLate(u32),
}

impl CybeDefendFault {
    /// Their names, with their values' forms.
    pub(in crate::sandbox) const NAMES: &[&str] = &[
        "expires-in-lie",
        "upload-412",
        "upload-expired",
        "upload-cut[=N]",
        "degraded-scan",
        "other-scan",
        "late-findings[=S]",
        "plan-403[=FAMILY]",
        "policy-failed",
        "policy-stuck",
        "policy-late[=S]",
    ];

    /// The fault of this name; `None` if there is none.
    pub(in crate::sandbox) fn parse(given: Given<'_>) -> Option<Result<Self, String>> {
        Some(match given.name {
            "expires-in-lie" => given.plain(Self::ExpiresInLie),
            "upload-412" => given.plain(Self::UploadExists),
            "upload-expired" => given.plain(Self::UploadExpired),
            "upload-cut" => given.number(Some(1)).map(Self::UploadCut),
            "degraded-scan" => given.plain(Self::DegradedScan),
            "other-scan" => given.plain(Self::OtherScan),
            "late-findings" => given.number(Some(20)).map(Self::LateFindings),
            "plan-403" => match given.value.map(|word| Family::parse(word).ok_or(word)).transpose() {
                Ok(family) => Ok(Self::NotInPlan(family)),
                Err(word) => Err(format!("'{word}' is no family of findings")),
            },
            "policy-failed" => given.plain(Self::PolicyFailed),
            "policy-stuck" => given.plain(Self::PolicyStuck),
            "policy-late" => given.number(Some(20)).map(Self::PolicyLate),
            _ => return None,
        })
    }
}

impl From<CybeDefendFault> for Kind {
    fn from(fault: CybeDefendFault) -> Self {
        Self::CybeDefend(fault)
    }
}
