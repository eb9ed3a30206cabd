//! What can go wrong on every platform. What only one of them knows stands in its own folder.

use super::given::Given;
use crate::sandbox::bestdefense::BestDefenseFault;
use crate::sandbox::cybedefend::CybeDefendFault;
use crate::sandbox::cyberorigen::CyberOrigenFault;
use crate::sandbox::cybrium::CybriumFault;
use crate::sandbox::dialect::Dialect;

/// What goes wrong. `docs/sandbox.md` has the table for users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `429[=N]`: N requests are refused with `Retry-After: 1`.
    TooManyRequests(u32),
    /// `429-date`: one request is refused with an HTTP date to wait for.
    TooManyRequestsDate,
    /// `429-reset`: one request is refused with `X-RateLimit-Remaining: 0` and `X-RateLimit-Reset`.
    TooManyRequestsReset,
    /// `401[=N]`, `403[=N]`, `404[=N]`: N requests are refused with this status.
    Refused(u16, u32),
    /// `500=N`: N requests fail.
    ServerError(u32),
    /// `503=N`: N requests are refused.
    Unavailable(u32),
    /// `slow=MS`: every answer comes late.
    Slow(u32),
    /// `reset=N`: N answers break off in the middle.
    Reset(u32),
    /// `cut-json`: the JSON ends too early, though the answer is whole.
    CutJson,
    /// `html`: a web page with status 200 instead of JSON, as from a proxy.
    Html,
    /// `redirect-foreign[=URL]`: lists redirect to another origin.
    RedirectForeign(String),
    /// `expire-token[=N]`: after N calls every token is dead. A credential that is sent as it is dies for good.
    ExpireToken(u32),
    /// `revoke`: while a scan runs the credential is revoked, and every token that was made with it.
    Revoke,
    /// `unknown-state[=WORD]`: the scan ends in a state that no documentation has.
    UnknownState(Option<String>),
    /// `failed-scan`: the scan fails.
    FailedScan,
    /// `stuck-queued`: the scan never starts.
    StuckQueued,
    /// `page-lies`: lists claim more rows than they have.
    PageLies,
    /// `no-access-403`: the account may not see what the call is about.
    NoAccess,
    /// `hostile-text`: a few findings whose every text is an attack.
    HostileText,
    /// `many=N`: N invented findings more.
    Many(u32),
    /// What only CybeDefend can do.
    CybeDefend(CybeDefendFault),
    /// What only Cybrium can do.
    Cybrium(CybriumFault),
    /// What only CyberOrigen can do.
    CyberOrigen(CyberOrigenFault),
    /// What only BestDefense can do.
    BestDefense(BestDefenseFault),
}

impl Kind {
    /// The names of the faults that every dialect plays, with their values' forms.
    pub(super) const NAMES: [&'static str; 22] = [
        "429[=N]",
        "429-date",
        "429-reset",
        "401[=N]",
        "403[=N]",
        "404[=N]",
        "500=N",
        "503=N",
        "slow=MS",
        "reset=N",
        "cut-json",
        "html",
        "redirect-foreign[=URL]",
        "expire-token[=N]",
        "revoke",
        "unknown-state[=WORD]",
        "failed-scan",
        "stuck-queued",
        "page-lies",
        "no-access-403",
        "hostile-text",
        "many=N",
    ];

    /// The fault of this name; `None` if neither all platforms nor one of `dialects` has it.
    pub(super) fn parse(given: Given<'_>, dialects: &[Dialect]) -> Option<Result<Self, String>> {
        Self::common(given).or_else(|| {
            dialects.iter().find_map(|dialect| match dialect {
                Dialect::CybeDefend => CybeDefendFault::parse(given).map(|fault| fault.map(Self::CybeDefend)),
                Dialect::BestDefense => BestDefenseFault::parse(given).map(|fault| fault.map(Self::BestDefense)),
                Dialect::Cybrium => CybriumFault::parse(given).map(|fault| fault.map(Self::Cybrium)),
                Dialect::CyberOrigen => CyberOrigenFault::parse(given).map(|fault| fault.map(Self::CyberOrigen)),
            })
        })
    }

    fn common(given: Given<'_>) -> Option<Result<Self, String>> {
        let refused = |status| given.number(Some(1)).map(|times| Self::Refused(status, times));
        let word = given.value.map(ToOwned::to_owned);
        Some(match given.name {
            "429" => given.number(Some(1)).map(Self::TooManyRequests),
            "429-date" => given.plain(Self::TooManyRequestsDate),
            "429-reset" => given.plain(Self::TooManyRequestsReset),
            "401" => refused(401),
            "403" => refused(403),
            "404" => refused(404),
            "500" => given.number(None).map(Self::ServerError),
            "503" => given.number(None).map(Self::Unavailable),
            "slow" => given.number(None).map(Self::Slow),
            "reset" => given.number(None).map(Self::Reset),
            "cut-json" => given.plain(Self::CutJson),
            "html" => given.plain(Self::Html),
            "redirect-foreign" => {
                Ok(Self::RedirectForeign(word.unwrap_or_else(|| "https://collector.example.net/take".to_owned())))
            }
            "expire-token" => given.number(Some(3)).map(Self::ExpireToken),
            "revoke" => given.plain(Self::Revoke),
            "unknown-state" => Ok(Self::UnknownState(word)),
            "failed-scan" => given.plain(Self::FailedScan),
            "stuck-queued" => given.plain(Self::StuckQueued),
            "page-lies" => given.plain(Self::PageLies),
            "no-access-403" => given.plain(Self::NoAccess),
            "hostile-text" => given.plain(Self::HostileText),
            "many" => given.number(None).map(Self::Many),
            _ => return None,
        })
    }

    /// The one platform that can play it; `None` when all can.
    pub fn dialect(&self) -> Option<Dialect> {
        match self {
            Self::CybeDefend(_) => Some(Dialect::CybeDefend),
            Self::Cybrium(_) => Some(Dialect::Cybrium),
            Self::CyberOrigen(_) => Some(Dialect::CyberOrigen),
            Self::BestDefense(_) => Some(Dialect::BestDefense),
            _ => None,
        }
    }

    /// Whether it strikes single requests, so that it can be confined to a place.
    pub(super) fn strikes_requests(&self) -> bool {
        matches!(
            self,
            Self::TooManyRequests(_)
                | Self::TooManyRequestsDate
                | Self::TooManyRequestsReset
                | Self::Refused(..)
                | Self::ServerError(_)
                | Self::Unavailable(_)
                | Self::Slow(_)
                | Self::Reset(_)
                | Self::CutJson
                | Self::Html
                | Self::RedirectForeign(_)
                | Self::BestDefense(BestDefenseFault::SuccessFalse(_))
        )
    }
}
