//! What goes wrong on Cybrium alone.

use crate::sandbox::fault::{Given, Kind};

/// A fault that no other platform has the place for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CybriumFault {
    /// `scheme=WORD`: keys stand behind this word instead of `Bearer`.
    Scheme(&'static str),
    /// `new-key-late[=S]`: the key is unknown for S seconds, as long as it has not spread.
    NewKeyLate(u32),
    /// `finish-rotation`: somebody finishes the rotation while a scan runs.
    FinishRotation,
    /// `slash-500`: a body that is sent to a path without its slash ends in the framework's own page.
    Slash500,
    /// `late-detail[=S]`: the detail of a scan is unknown for S seconds after its start; lists have it.
    LateDetail(u32),
    /// `foreign-next[=URL]`: the next page is on another origin.
    ForeignNext(String),
    /// `repeated-next`: the next page is the first one again.
    RepeatedNext,
    /// `relative-next`: the next page is a path.
    RelativeNext,
    /// `bare-array`: findings come as an array without paging.
    BareArray,
    /// `integer-ids`: ids of scans are numbers.
    IntegerIds,
    /// `upper-case`: severities are in capitals.
    UpperCase,
}

impl CybriumFault {
    /// Their names, with their values' forms.
    pub(in crate::sandbox) const NAMES: &[&str] = &[
        "scheme[=WORD]",
        "new-key-late[=S]",
        "finish-rotation",
        "slash-500",
        "late-detail[=S]",
        "foreign-next[=URL]",
        "repeated-next",
        "relative-next",
        "bare-array",
        "integer-ids",
        "upper-case",
    ];

    /// The fault of this name; `None` if there is none.
    pub(in crate::sandbox) fn parse(given: Given<'_>) -> Option<Result<Self, String>> {
        Some(match given.name {
            "scheme" => match given.value {
                None | Some("Api-Key") => Ok(Self::Scheme("Api-Key")),
                Some("Token") => Ok(Self::Scheme("Token")),
                Some(word) => Err(format!("'{word}' is no scheme of the vendor's clients: Api-Key, Token")),
            },
            "new-key-late" => given.number(Some(5)).map(Self::NewKeyLate),
            "finish-rotation" => given.plain(Self::FinishRotation),
            "slash-500" => given.plain(Self::Slash500),
            "late-detail" => given.number(Some(10)).map(Self::LateDetail),
            "foreign-next" => {
                Ok(Self::ForeignNext(given.value.unwrap_or("https://collector.example.net/next").to_owned()))
            }
            "repeated-next" => given.plain(Self::RepeatedNext),
            "relative-next" => given.plain(Self::RelativeNext),
            "bare-array" => given.plain(Self::BareArray),
            "integer-ids" => given.plain(Self::IntegerIds),
            "upper-case" => given.plain(Self::UpperCase),
            _ => return None,
        })
    }
}

impl From<CybriumFault> for Kind {
    fn from(fault: CybriumFault) -> Self {
        Self::Cybrium(fault)
    }
}
