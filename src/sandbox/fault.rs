//! Faults that can be switched on: what they are called, what they do, and how often they have done it.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};

use super::rules::Family;

/// A part of the platform that a fault can be confined to, written behind an `@`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `GET /client-apps`.
    ClientApps,
    /// `POST /oidc/token`.
    Token,
    /// Project, organisations, profile.
    Project,
    /// The start of a scan.
    Start,
    /// The upload into the storage.
    Upload,
    /// The state of a scan.
    Status,
    /// Findings.
    Results,
    /// Policy evaluation.
    Policy,
}

impl Place {
    const ALL: [(&'static str, Self); 8] = [
        ("client-apps", Self::ClientApps),
        ("token", Self::Token),
        ("project", Self::Project),
        ("start", Self::Start),
        ("upload", Self::Upload),
        ("status", Self::Status),
        ("results", Self::Results),
        ("policy", Self::Policy),
    ];
}

/// What goes wrong. `docs/sandbox.md` has the table for users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `429[=N]`: N requests are refused with `Retry-After: 1`.
    TooManyRequests(u32),
    /// `429-date`: one request is refused with an HTTP date to wait for.
    TooManyRequestsDate,
    /// `429-reset`: one request is refused with `X-RateLimit-Remaining: 0` and `X-RateLimit-Reset`.
    TooManyRequestsReset,
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
    /// `expire-token[=N]`: after N calls every token is dead.
    ExpireToken(u32),
    /// `revoke-pat`: while the scan runs the PAT is revoked and every token with it.
    RevokePat,
    /// `expires-in-lie`: `expires_in` says 3600, as in the vendor's documentation; the token lives 600 s.
    ExpiresInLie,
    /// `upload-412`: the archive arrives, the answer says 503, and a repeated upload gets 412.
    UploadExists,
    /// `upload-expired`: the signed URL is never valid.
    UploadExpired,
    /// `upload-cut[=N]`: the first N uploads lose their connection half-way.
    UploadCut(u32),
    /// `unknown-state[=WORD]`: the scan ends in a state that no documentation has.
    UnknownState(String),
    /// `failed-scan`: the scan fails.
    FailedScan,
    /// `degraded-scan`: the scan ends as `completed_degraded`, without its dependencies.
    DegradedScan,
    /// `stuck-queued`: the scan never starts.
    StuckQueued,
    /// `page-lies`: lists claim more rows than they have.
    PageLies,
    /// `other-scan`: lists say that they belong to another scan.
    OtherScan,
    /// `late-findings[=S]`: findings arrive over S seconds after the scan has ended.
    LateFindings(u32),
    /// `plan-403[=FAMILY]`: one family, or every family, is not in the plan.
    NotInPlan(Option<Family>),
    /// `no-access-403`: the account may not see the project.
    NoAccess,
    /// `hostile-text`: a few findings whose every text is an attack.
    HostileText,
    /// `redirect-foreign[=URL]`: lists redirect to another origin.
    RedirectForeign(String),
    /// `many=N`: N invented findings more.
    Many(u32),
    /// `policy-failed`: the evaluation of the policy fails.
    PolicyFailed,
    /// `policy-stuck`: the evaluation of the policy never ends.
    PolicyStuck,
    /// `policy-late[=S]`: the evaluation of the policy starts S seconds after the scan has ended.
    PolicyLate(u32),
}

impl Kind {
    /// Whether it strikes single requests, so that it can be confined to a place.
    fn strikes_requests(&self) -> bool {
        matches!(
            self,
            Self::TooManyRequests(_)
                | Self::TooManyRequestsDate
                | Self::TooManyRequestsReset
                | Self::ServerError(_)
                | Self::Unavailable(_)
                | Self::Slow(_)
                | Self::Reset(_)
                | Self::CutJson
                | Self::Html
                | Self::RedirectForeign(_)
        )
    }
}

/// One fault, as in `--fault NAME[=VALUE][@PLACE]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: Kind,
    /// Where; the fault's usual place when not given.
    pub place: Option<Place>,
}

impl Fault {
    /// Every name that [`Fault::from_str`] knows, with its value's form.
    pub const NAMES: [&'static str; 30] = [
        "429[=N]",
        "429-date",
        "429-reset",
        "500=N",
        "503=N",
        "slow=MS",
        "reset=N",
        "cut-json",
        "html",
        "expire-token[=N]",
        "revoke-pat",
        "expires-in-lie",
        "upload-412",
        "upload-expired",
        "upload-cut[=N]",
        "unknown-state[=WORD]",
        "failed-scan",
        "degraded-scan",
        "stuck-queued",
        "page-lies",
        "other-scan",
        "late-findings[=S]",
        "plan-403[=FAMILY]",
        "no-access-403",
        "hostile-text",
        "redirect-foreign[=URL]",
        "many=N",
        "policy-failed",
        "policy-stuck",
        "policy-late[=S]",
    ];
}

/// A text that names no fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAFault {
    text: String,
    reason: String,
}

impl fmt::Display for NotAFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "'{}' is not a fault: {}", self.text, self.reason)
    }
}

impl std::error::Error for NotAFault {}

impl FromStr for Fault {
    type Err = NotAFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = |reason: String| NotAFault { text: text.to_owned(), reason };
        // A URL may hold an `@`, so only a known place behind the last one is taken for a place.
        let (text, place) = match text.rsplit_once('@') {
            Some((rest, name)) if !rest.contains("://") => {
                let place = Place::ALL.iter().find(|(known, _)| *known == name).map(|(_, place)| *place);
                let names = Place::ALL.map(|(name, _)| name).join(", ");
                (rest, Some(place.ok_or_else(|| refuse(format!("'{name}' is no place; places are {names}")))?))
            }
            _ => (text, None),
        };
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
        let kind = kind(name, value).map_err(refuse)?;
        if place.is_some() && !kind.strikes_requests() {
            return Err(refuse(format!("{name} is about the whole platform and takes no place")));
        }
        Ok(Self { kind, place })
    }
}

fn kind(name: &str, value: Option<&str>) -> Result<Kind, String> {
    let number = |default: Option<u32>| match (value, default) {
        (Some(value), _) => value.parse().map_err(|error| format!("'{value}' is not a number: {error}")),
        (None, Some(default)) => Ok(default),
        (None, None) => Err(format!("{name} needs a number, as in {name}=3")),
    };
    let word = |default: &str| value.unwrap_or(default).to_owned();
    let plain = |kind: Kind| match value {
        None => Ok(kind),
        Some(_) => Err(format!("{name} takes no value")),
    };
    match name {
        "429" => number(Some(1)).map(Kind::TooManyRequests),
        "429-date" => plain(Kind::TooManyRequestsDate),
        "429-reset" => plain(Kind::TooManyRequestsReset),
        "500" => number(None).map(Kind::ServerError),
        "503" => number(None).map(Kind::Unavailable),
        "slow" => number(None).map(Kind::Slow),
        "reset" => number(None).map(Kind::Reset),
        "cut-json" => plain(Kind::CutJson),
        "html" => plain(Kind::Html),
        "expire-token" => number(Some(3)).map(Kind::ExpireToken),
        "revoke-pat" => plain(Kind::RevokePat),
        "expires-in-lie" => plain(Kind::ExpiresInLie),
        "upload-412" => plain(Kind::UploadExists),
        "upload-expired" => plain(Kind::UploadExpired),
        "upload-cut" => number(Some(1)).map(Kind::UploadCut),
        "unknown-state" => Ok(Kind::UnknownState(word("cancelled"))),
        "failed-scan" => plain(Kind::FailedScan),
        "degraded-scan" => plain(Kind::DegradedScan),
        "stuck-queued" => plain(Kind::StuckQueued),
        "page-lies" => plain(Kind::PageLies),
        "other-scan" => plain(Kind::OtherScan),
        "late-findings" => number(Some(20)).map(Kind::LateFindings),
        "plan-403" => match value {
            None => Ok(Kind::NotInPlan(None)),
            Some(word) => {
                let family = Family::parse(word).ok_or_else(|| format!("'{word}' is no family of findings"))?;
                Ok(Kind::NotInPlan(Some(family)))
            }
        },
        "no-access-403" => plain(Kind::NoAccess),
        "hostile-text" => plain(Kind::HostileText),
        "redirect-foreign" => Ok(Kind::RedirectForeign(word("https://collector.example.net/take"))),
        "many" => number(None).map(Kind::Many),
        "policy-failed" => plain(Kind::PolicyFailed),
        "policy-stuck" => plain(Kind::PolicyStuck),
        "policy-late" => number(Some(20)).map(Kind::PolicyLate),
        _ => Err(format!("known are {}", Fault::NAMES.join(", "))),
    }
}

/// The faults of a running sandbox.
pub(super) struct Faults(Vec<(Fault, AtomicU32)>);

impl Faults {
    pub(super) fn new(faults: Vec<Fault>) -> Self {
        Self(faults.into_iter().map(|fault| (fault, AtomicU32::new(0))).collect())
    }

    /// Whether this fault is on.
    pub(super) fn has(&self, kind: &Kind) -> bool {
        self.0.iter().any(|(fault, _)| fault.kind == *kind)
    }

    /// What `pick` makes of the first fault that it takes.
    pub(super) fn find<T>(&self, pick: impl Fn(&Kind) -> Option<T>) -> Option<T> {
        self.0.iter().find_map(|(fault, _)| pick(&fault.kind))
    }

    /// Every fault with the place it is confined to and the number of times it has struck.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Fault, &AtomicU32)> {
        self.0.iter().map(|(fault, used)| (fault, used))
    }
}

/// Counts one more use, and says whether it is among the first `times`.
pub(super) fn is_due(used: &AtomicU32, times: u32) -> bool {
    used.fetch_add(1, Ordering::SeqCst) < times
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_name_can_be_parsed() {
        for name in Fault::NAMES {
            let bare = name.split('[').next().unwrap_or(name);
            let text = bare.replace("=N", "=2").replace("=MS", "=2");
            assert!(text.parse::<Fault>().is_ok(), "{name}");
        }
    }

    #[test]
    fn values_and_places_are_read() {
        assert_eq!("503=2@start".parse(), Ok(Fault { kind: Kind::Unavailable(2), place: Some(Place::Start) }));
        assert_eq!("plan-403=cicd".parse(), Ok(Fault { kind: Kind::NotInPlan(Some(Family::Cicd)), place: None }));
        let redirect: Fault = "redirect-foreign=http://a@b/".parse().unwrap();
        assert_eq!(redirect.kind, Kind::RedirectForeign("http://a@b/".to_owned()));
    }

    #[test]
    fn what_is_wrong_with_a_fault_is_said() {
        for (text, part) in [
            ("nonsense", "known are 429[=N]"),
            ("500", "500 needs a number"),
            ("many=lots", "'lots' is not a number"),
            ("html=1", "takes no value"),
            ("plan-403=dast", "no family"),
            ("500=1@nowhere", "places are client-apps"),
            ("failed-scan@status", "takes no place"),
        ] {
            let message = text.parse::<Fault>().unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn every_fault_is_in_the_documentation() {
        let page = include_str!("../../docs/sandbox.md");
        for name in Fault::NAMES {
            assert!(page.contains(&format!("`{name}`")), "docs/sandbox.md lacks {name}");
        }
    }
}
