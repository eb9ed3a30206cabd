//! What a refused request means (contract 1.2, 4.4, 8), and answers in the terms of what was asked.

use super::BestDefense;
use super::document::Document;
use super::envelope::{Envelope, Refusal};
use crate::error::Class;
use crate::http::{self, Call};
use crate::platform::Error;
use crate::platform::text::{bounded, one_line};

/// How much of the platform's own words is shown, in characters.
const LONGEST_WORDS: usize = 300;

/// How a scan of a site that nobody has verified becomes possible (contract 3).
const VERIFY: &str = "a site can only be scanned once its ownership is verified: by a TXT record under `_bestdefense`, or for an \
                      address by an agent that is deployed there";

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked<'a> {
    /// The sites of the organisation.
    Sites,
    /// A report on this site, which is a scan.
    Scan(&'a str),
    /// How far this report is.
    Progress(&'a str),
    /// The parts of this report.
    Overview(&'a str),
    /// The alerts of this report.
    Alerts(&'a str),
}

impl Asked<'_> {
    fn words(self) -> String {
        match self {
            Self::Sites => "to list the sites".to_owned(),
            Self::Scan(site) => format!("to scan the site {site}"),
            Self::Progress(report) => format!("to show the progress of report {report}"),
            Self::Overview(report) => format!("to show report {report}"),
            Self::Alerts(report) => format!("to list the alerts of report {report}"),
        }
    }

    /// The permission that it takes (contract 1.2), in the seed's words as far as it has any.
    fn permission(self) -> &'static str {
        match self {
            Self::Sites => "the permission to view sites",
            Self::Scan(_) => "the permission `create reports`",
            Self::Progress(_) | Self::Overview(_) | Self::Alerts(_) => "the permission to view reports",
        }
    }
}

impl BestDefense {
    /// Sends a call and opens its answer.
    pub(super) async fn ask(&self, call: Call, asked: Asked<'_>) -> Result<Envelope, Error> {
        let Document(root) = self.session.json(call).await.map_err(|error| self.explain(error, asked))?;
        Envelope::open(root).map_err(|refusal| self.explain_envelope(refusal, asked))
    }

    /// A refusal by status in the user's terms, as far as it is known to have one meaning.
    fn explain(&self, error: http::Error, asked: Asked<'_>) -> Error {
        let refused = format!("BestDefense refused {}", asked.words());
        let class = error.class();
        let (class, message, hint) = match error.status() {
            Some(401) if error.demands("DPoP") => (
                Class::Auth,
                format!("{refused}: the server demands DPoP, which BestDefense does not document and scangate does not support"),
                "check that --api-url is BestDefense's own address; if it is, ask its support for plain bearer tokens".to_owned(),
            ),
            Some(401) => (
                Class::Auth,
                format!("{refused}: the token is wrong, has expired or was revoked"),
                format!(
                    "make a new token at {}: each lives 1 to 90 days, 30 if nobody said otherwise, and a revoked one ends at once",
                    self.endpoints.token_page()
                ),
            ),
            Some(403) => (
                Class::Auth,
                format!("{refused}: the organisation of the token lacks a permission, or its plan a feature"),
                format!("the organisation needs {}{}", asked.permission(), self.plan_hint(asked)),
            ),
            Some(404) => (
                Class::Usage,
                format!("{refused}: it is not there, or belongs to another organisation"),
                "check the id, and that the token was made in the organisation that owns it: what belongs to another one looks \
                 as if it did not exist"
                    .to_owned(),
            ),
            Some(status @ (400 | 409 | 422)) if matches!(asked, Asked::Scan(_)) => {
                (Class::Usage, format!("{refused}: it answered {status}{}", said(error.server_message())), wrong(status))
            }
            Some(status @ 300..400) => (
                Class::Protocol,
                format!("{refused}: it answered {status}, which leads elsewhere, probably to the login page"),
                "check --api-url, and the token: without a valid one the web application sends people to sign in".to_owned(),
            ),
            Some(200..300) => (
                class,
                format!("BestDefense was asked {} and answered with what is none of its API's answers", asked.words()),
                "check --api-url, and the token if it is a page to sign in: without a valid one the web application sends people there"
                    .to_owned(),
            ),
            _ if matches!(asked, Asked::Scan(_)) && error.may_have_arrived() => {
                let (message, hint) = Error::may_have_begun(&error, "BestDefense", &asked.words(), "reports");
                (class, message, hint)
            }
            _ => return Error::Http(error),
        };
        Error::Refused { class, message, hint, source: Some(error) }
    }

    /// A refusal with a status of 2xx.
    fn explain_envelope(&self, refusal: Refusal, asked: Asked<'_>) -> Error {
        match refusal {
            Refusal::No { class, words } => {
                let words = words.map(|words| self.shown(&words));
                let hint = match (class, asked) {
                    (Class::Auth, _) => {
                        format!("the organisation needs {}{}", asked.permission(), self.plan_hint(asked))
                    }
                    (_, Asked::Scan(_)) => format!("mend what the answer names; {VERIFY}"),
                    _ => "look at the report in the web application, or ask BestDefense's support".to_owned(),
                };
                let message = format!("BestDefense refused {}{}", asked.words(), said(words.as_deref()));
                Error::Refused { class, message, hint, source: None }
            }
            Refusal::Malformed(what) => self.misunderstood(asked, &what),
        }
    }

    /// An answer that is not what the contract says.
    pub(super) fn misunderstood(&self, asked: Asked<'_>, what: &str) -> Error {
        let message = format!("BestDefense was asked {} and answered with {what}", asked.words());
        Error::Protocol { message: self.session.client().redactor().clean(&message) }
    }

    /// Foreign words as one short line without secrets.
    pub(super) fn shown(&self, words: &str) -> String {
        bounded(&self.session.client().redactor().clean(&one_line(words)), LONGEST_WORDS)
    }

    /// What the plan may have against it (contract 4.4).
    fn plan_hint(&self, asked: Asked<'_>) -> String {
        match asked {
            Asked::Scan(_) if self.options.intensity != "quick" => format!(
                "; intensity `{}` generally needs the Growth plan or a higher one, while `quick` is in every plan",
                self.options.intensity
            ),
            Asked::Scan(_) => ", and a plan that includes this type of scan".to_owned(),
            _ => String::new(),
        }
    }
}

/// What may be wrong with a request for a scan.
fn wrong(status: u16) -> String {
    match status {
        409 => format!("wait for a scan of this site that is still running, if there is one; {VERIFY}"),
        _ => format!("check --scan-type, --intensity and --option; {VERIFY}"),
    }
}

fn said(words: Option<&str>) -> String {
    words.map(|words| format!(": {words}")).unwrap_or_default()
}
