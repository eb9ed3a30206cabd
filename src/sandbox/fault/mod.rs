//! Faults that can be switched on: what they are called, whom they are about, and how often they have struck.

mod given;
mod kind;
mod place;

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};

use super::bestdefense::BestDefenseFault;
use super::cybedefend::CybeDefendFault;
use super::cyberorigen::CyberOrigenFault;
use super::cybrium::CybriumFault;
use super::dialect::Dialect;
pub(super) use given::Given;
pub use kind::Kind;
pub use place::Place;

/// Rows that a list claims and does not have, when `page-lies` is on.
const CLAIMED: usize = 7;

/// One fault, as in `--fault [PLATFORM:]NAME[=VALUE][@PLACE]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The platform that plays it; every platform that can when not given.
    pub dialect: Option<Dialect>,
    /// What goes wrong.
    pub kind: Kind,
    /// Where; the fault's usual place when not given.
    pub place: Option<Place>,
}

impl Fault {
    /// Every name that [`Fault::from_str`] knows, with its value's form.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let own = [CybeDefendFault::NAMES, CybriumFault::NAMES, CyberOrigenFault::NAMES, BestDefenseFault::NAMES];
        Kind::NAMES.into_iter().chain(own.into_iter().flatten().copied())
    }

    /// Whether this platform plays it.
    pub fn is_for(&self, dialect: Dialect) -> bool {
        [self.dialect, self.kind.dialect()].into_iter().flatten().all(|only| only == dialect)
    }
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
        // Only what stands before a value can be a platform: a URL has a colon as well.
        let (dialect, rest) = match text.split_once(':') {
            Some((prefix, rest)) if !prefix.contains('=') => (Some(prefix.parse().map_err(refuse)?), rest),
            _ => (None, text),
        };
        // A URL may hold an `@`, so only a known place behind the last one is taken for a place.
        let (rest, place) = match rest.rsplit_once('@') {
            Some((rest, name)) if !rest.contains("://") => (rest, Some(Place::parse(name).map_err(refuse)?)),
            _ => (rest, None),
        };
        let given = Given::new(rest);
        let dialects = dialect.map_or_else(|| Dialect::ALL.to_vec(), |dialect| vec![dialect]);
        let unknown = || match dialect {
            Some(dialect) if Kind::parse(given, &Dialect::ALL).is_some() => {
                Err(format!("{} does not exist on {dialect}", given.name))
            }
            _ => Err(format!("known are {}", Self::names().collect::<Vec<_>>().join(", "))),
        };
        let kind = Kind::parse(given, &dialects).unwrap_or_else(unknown).map_err(refuse)?;
        if place.is_some() && !kind.strikes_requests() {
            return Err(refuse(format!("{} is about the whole platform and takes no place", given.name)));
        }
        Ok(Self { dialect, kind, place })
    }
}

/// The faults of one dialect.
pub(super) struct Faults(Vec<(Fault, AtomicU32)>);

impl Faults {
    /// Those of `faults` that this dialect plays.
    pub(super) fn new(dialect: Dialect, faults: &[Fault]) -> Self {
        let own = faults.iter().filter(|fault| fault.is_for(dialect)).cloned();
        Self(own.map(|fault| (fault, AtomicU32::new(0))).collect())
    }

    /// Whether this fault is on.
    pub(super) fn has(&self, kind: impl Into<Kind>) -> bool {
        let kind = kind.into();
        self.0.iter().any(|(fault, _)| fault.kind == kind)
    }

    /// What `pick` makes of the first fault that it takes.
    pub(super) fn find<T>(&self, pick: impl Fn(&Kind) -> Option<T>) -> Option<T> {
        self.0.iter().find_map(|(fault, _)| pick(&fault.kind))
    }

    /// The state in which scans end instead of their own; `usual` where the fault names none.
    pub(super) fn unknown_state(&self, usual: &str) -> Option<String> {
        self.find(|kind| match kind {
            Kind::UnknownState(word) => Some(word.as_deref().unwrap_or(usual).to_owned()),
            _ => None,
        })
    }

    /// How many findings are to be invented.
    pub(super) fn many(&self) -> u32 {
        let many = self.find(|kind| match kind {
            Kind::Many(count) => Some(*count),
            _ => None,
        });
        many.unwrap_or_default()
    }

    /// How many rows lists claim beyond those that they have.
    pub(super) fn claimed(&self) -> usize {
        if self.has(Kind::PageLies) { CLAIMED } else { 0 }
    }

    /// After how many calls with a good credential every token dies.
    pub(super) fn expiry(&self) -> Option<u32> {
        self.find(|kind| match kind {
            Kind::ExpireToken(calls) => Some(*calls),
            _ => None,
        })
    }

    /// Every fault with the number of times it has struck.
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
    use crate::sandbox::rules::Family;

    #[test]
    fn every_listed_name_can_be_parsed() {
        for name in Fault::names() {
            let bare = name.split('[').next().unwrap_or(name);
            let text = bare.replace("=N", "=2").replace("=MS", "=2").replace("=S", "=2");
            assert!(text.parse::<Fault>().is_ok(), "{name}");
        }
    }

    #[test]
    fn values_places_and_platforms_are_read() {
        let fault = |kind: Kind| Fault { dialect: None, kind, place: None };
        assert_eq!("503=2@start".parse(), Ok(Fault { place: Some(Place::Start), ..fault(Kind::Unavailable(2)) }));
        let plan = CybeDefendFault::NotInPlan(Some(Family::Cicd));
        assert_eq!("plan-403=cicd".parse(), Ok(fault(plan.into())));
        let redirect: Fault = "redirect-foreign=http://a@b/".parse().unwrap();
        assert_eq!(redirect.kind, Kind::RedirectForeign("http://a@b/".to_owned()));
        let own: Fault = "cybedefend:html@results".parse().unwrap();
        assert_eq!((own.dialect, own.place), (Some(Dialect::CybeDefend), Some(Place::Results)));
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
            ("nobody:html", "platforms are cybedefend"),
            ("cyberorigen:policy-stuck", "policy-stuck does not exist on cyberorigen"),
        ] {
            let message = text.parse::<Fault>().unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn every_fault_is_in_the_documentation() {
        let page = include_str!("../../../docs/sandbox.md");
        for name in Fault::names() {
            assert!(page.contains(&format!("`{name}`")), "docs/sandbox.md lacks {name}");
        }
    }
}
