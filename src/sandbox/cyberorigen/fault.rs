//! What goes wrong on CyberOrigen alone.

use crate::sandbox::fault::{Given, Kind};

/// A fault that no other platform has the place for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CyberOrigenFault {
    /// `mfa`: the account has a second factor, whose code works once.
    Mfa,
    /// `token-lifetime=S`: tokens live S seconds, and say so.
    TokenLifetime(u32),
    /// `refresh-401`: no token can be refreshed.
    RefreshRefused,
    /// `quota[=STATUS]`: the month's scans are spent, which is said with this status.
    Quota(u32),
    /// `daily-limit[=N]`: N requests are left today.
    DailyLimit(u32),
    /// `array-detail`: what validation says is a list, as the framework writes it.
    ArrayDetail,
    /// `no-pages`: lists do not say how many pages there are.
    NoPages,
    /// `no-totals`: lists say neither how many rows there are nor how many a page has.
    NoTotals,
    /// `bare-pages`: every list is an array, a page at a time.
    BarePages,
    /// `clamp-50`: a page has at most 50 rows.
    Clamp,
    /// `bare-list`: findings come as an array without paging.
    BareList,
    /// `display-words`: severities and states are written as the user interface shows them.
    DisplayWords,
    /// `counts-lie`: the scan counts more findings than there are.
    CountsLie,
}

impl CyberOrigenFault {
    /// Their names, with their values' forms.
    pub(in crate::sandbox) const NAMES: &[&str] = &[
        "mfa",
        "token-lifetime=S",
        "refresh-401",
        "quota[=STATUS]",
        "daily-limit[=N]",
        "array-detail",
        "no-pages",
        "no-totals",
        "bare-pages",
        "clamp-50",
        "bare-list",
        "display-words",
        "counts-lie",
    ];

    /// The fault of this name; `None` if there is none.
    pub(in crate::sandbox) fn parse(given: Given<'_>) -> Option<Result<Self, String>> {
        Some(match given.name {
            "mfa" => given.plain(Self::Mfa),
            "token-lifetime" => given.number(None).map(Self::TokenLifetime),
            "refresh-401" => given.plain(Self::RefreshRefused),
            "quota" => given.number(Some(403)).map(Self::Quota),
            "daily-limit" => given.number(Some(0)).map(Self::DailyLimit),
            "array-detail" => given.plain(Self::ArrayDetail),
            "no-pages" => given.plain(Self::NoPages),
            "no-totals" => given.plain(Self::NoTotals),
            "bare-pages" => given.plain(Self::BarePages),
            "clamp-50" => given.plain(Self::Clamp),
            "bare-list" => given.plain(Self::BareList),
            "display-words" => given.plain(Self::DisplayWords),
            "counts-lie" => given.plain(Self::CountsLie),
            _ => return None,
        })
    }
}

impl From<CyberOrigenFault> for Kind {
    fn from(fault: CyberOrigenFault) -> Self {
        Self::CyberOrigen(fault)
    }
}
