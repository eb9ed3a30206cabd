//! What a refused request means, as far as one status has one meaning (contract 5.2).

use super::CyberOrigen;
use crate::error::Class;
use crate::http;
use crate::platform::Error;

/// What was asked for when the platform refused.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked<'a> {
    /// The list of scans.
    Scans,
    /// A new scan.
    Start,
    /// The state of this scan.
    Scan(&'a str),
    /// The findings of this scan.
    Findings(&'a str),
    /// The compliance controls.
    Controls,
    /// That this scan is cancelled.
    Cancel(&'a str),
}

impl Asked<'_> {
    fn words(self) -> String {
        match self {
            Self::Scans => "to list the scans".to_owned(),
            Self::Start => "to start a scan".to_owned(),
            Self::Scan(scan) => format!("to show scan {scan}"),
            Self::Findings(scan) => format!("to list the findings of scan {scan}"),
            Self::Controls => "to list the compliance controls".to_owned(),
            Self::Cancel(scan) => format!("to cancel scan {scan}"),
        }
    }

    /// The permission that a key needs for it (contract 1.4).
    fn permission(self) -> &'static str {
        match self {
            Self::Start | Self::Cancel(_) => "write:scans",
            Self::Scans | Self::Scan(_) => "read:scans",
            Self::Findings(_) => "read:findings",
            Self::Controls => "read:grc",
        }
    }
}

impl CyberOrigen {
    /// A refusal in the user's terms.
    pub(super) fn explain(&self, error: http::Error, asked: Asked<'_>) -> Error {
        if error.has_meaning() {
            return Error::Http(error);
        }
        let (class, message, hint) = match error.status() {
            Some(401) if self.has_key => (
                Class::Auth,
                "CyberOrigen refused the API key".to_owned(),
                "check CYBERORIGEN_API_KEY: it may have expired or been revoked, or belong to another instance; only the plans \
                 Professional and Enterprise have keys"
                    .to_owned(),
            ),
            Some(402 | 403 | 409) if matches!(asked, Asked::Start) => (
                error.class(),
                "CyberOrigen refused to start a scan".to_owned(),
                format!("{}; the plan's scans or targets of this month may also be used up", self.permissions(asked)),
            ),
            Some(403) => (Class::Auth, format!("CyberOrigen refused {}", asked.words()), self.permissions(asked)),
            Some(404) => (Class::Usage, format!("CyberOrigen refused {}: it knows none such", asked.words()), unknown(asked)),
            _ => return Error::Http(error),
        };
        Error::Refused { class, message, hint, source: Some(error) }
    }

    fn permissions(&self, asked: Asked<'_>) -> String {
        if self.has_key {
            format!("check that the API key has the permission {}", asked.permission())
        } else {
            "check the role of the account that signs in".to_owned()
        }
    }
}

fn unknown(asked: Asked<'_>) -> String {
    match asked {
        Asked::Scans | Asked::Start | Asked::Controls => "check --api-url: it is the address that ends in /api/v1".to_owned(),
        Asked::Scan(_) | Asked::Findings(_) | Asked::Cancel(_) => {
            "check the scan's id, --api-url, and whose account signs in: what belongs to another one looks as if it did not exist"
                .to_owned()
        }
    }
}
