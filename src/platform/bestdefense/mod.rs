//! BestDefense: a verified site is scanned from outside. "Contract" means `contracts/bestdefense.md` here, by section.
//!
//! Little of its wire format is documented, so its answers are read as values: what is documented is taken at its place, what is
//! inferred is looked for under every plausible name, and what is not found is an error and never nothing.

mod alert;
#[cfg(test)]
mod arbitrary;
mod document;
mod endpoints;
mod envelope;
mod findings;
mod list;
mod paging;
mod places;
mod progress;
mod prose;
mod refusal;
mod sites;
mod start;
mod summary;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use endpoints::Endpoints;
use refusal::Asked;
use start::{ScanOptions, report_id, usable_id};
use url::Url;

use super::text::{bounded, one_line};
use super::{
    About, Collected, Connection, Error, Inspection, Patience, Platform, PolicyAnswer, Request, ScanState, StateWord,
    Subject, SubjectKind, Timing,
};
use crate::credentials::store::Hosts;
use crate::credentials::{Accepted, Form};
use crate::finding::ScanReference;
use crate::http::{Authorizer, Call, Client, Replay, Session};

/// How long an AI scan may take where `--timeout` is not given (DESIGN section 3); the vendor says no more than "hours".
const AI_TIMEOUT: Duration = Duration::from_hours(4);

/// A session with BestDefense, for one organisation.
pub struct BestDefense {
    session: Session,
    endpoints: Endpoints,
    options: ScanOptions,
    states: BTreeMap<String, StateWord>,
    /// The target as it was given, for findings that say no place.
    host: String,
    notes: RefCell<Vec<String>>,
}

impl Platform for BestDefense {
    const ABOUT: About = About {
        id: "bestdefense",
        name: "BestDefense",
        documentation: "https://docs.bestdefense.io",
        credentials: Accepted::FirstOf(&[
            Form::Token { secret: "BD_API_TOKEN", previous: None },
            Form::Token { secret: "BESTDEFENSE_API_TOKEN", previous: None },
            Form::Token { secret: "BESTDEFENSE_API_KEY", previous: None },
        ]),
        credential_advice: |_region| {
            format!("set BD_API_TOKEN to an API token, which you create at {}/profile/api-tokens", endpoints::CLOUD)
        },
        hosts: |_region| &[endpoints::CLOUD],
        trial_path: "/api/sites",
        subjects: &[SubjectKind::Target("the host name or UUID of a verified site")],
        settings: &["scan-type", "intensity", "option", "state"],
        variables: &[],
        paths: &[],
        token_paths: &["/profile/api-tokens"],
        timing,
        supports_cancel: false,
        has_policy: false,
    };

    async fn connect(client: Client, request: &Request) -> Result<Connection, Error> {
        connect(client, &Endpoints::resolve(request.api_url.as_ref())?, request)
    }

    /// Checks the request. Nothing is asked yet: a wrong token is refused at the first call after this.
    async fn sign_in(client: Client, request: Request) -> Result<Self, Error> {
        let platform = Self::over(Self::connect(client, &request).await?, request)?;
        for note in platform.notes.borrow().iter() {
            tracing::warn!("{note}");
        }
        Ok(platform)
    }

    async fn inspect(connection: Connection, request: Request) -> Result<Inspection, Error> {
        let target = request.target.clone().unwrap_or_default();
        let platform = Self::over(connection, request)?;
        let (seen, warning) = sites::see(&platform, &target).await?;
        Ok(Inspection { seen, warnings: platform.notes.into_inner().into_iter().chain(warning).collect() })
    }

    async fn start(&self, subject: &Subject, created: &mut dyn FnMut(&ScanReference)) -> Result<ScanReference, Error> {
        let Subject::Target(target) = subject else {
            return Err(Error::not_taken(Self::ABOUT.name, "subject"));
        };
        let site = sites::find(self, target).await?;
        let body = self.options.clone().for_site(site.is_api).body()?;
        let url = self.endpoints.api(["report", "create", "for-target", &site.id])?;
        // A second scan may be billed, so it is asked for again only where nothing can have come of the first time.
        let call = Call::post_json(url, Some(&body), Replay::IfUnsent)
            .map_err(|cause| Error::Protocol { message: format!("cannot write the request for a scan: {cause}") })?;
        let asked = Asked::Scan(&site.id);
        let answer = self.ask(call, asked).await?;
        let id = report_id(&answer)
            .ok_or_else(|| self.misunderstood(asked, "no usable id of the new report, which may have been started"))?;
        let scan = ScanReference { url: self.endpoints.report(&id), id };
        created(&scan);
        Ok(scan)
    }

    async fn check(&self, scan: &ScanReference) -> Result<ScanState, Error> {
        check_id(&scan.id)?;
        let url = self.endpoints.api(["report", &scan.id, "progress"])?;
        let asked = Asked::Progress(&scan.id);
        let answer = self.ask(Call::get(url).poll(), asked).await?;
        progress::state(&answer, &self.states, |words| self.shown(words))
            .map_err(|what| self.misunderstood(asked, &what))
    }

    async fn findings(&self, scan: &ScanReference) -> Result<Collected, Error> {
        check_id(&scan.id)?;
        findings::collect(self, scan).await
    }

    /// BestDefense documents no policy of its own.
    async fn policy(&self, _scan: &ScanReference, _patience: Patience<'_>) -> Result<PolicyAnswer, Error> {
        Ok(PolicyAnswer::default())
    }
}

/// The base of the API.
pub(super) fn bases(hosts: &Hosts) -> Result<Vec<Url>, Error> {
    Ok(vec![Endpoints::resolve(hosts.api_url.as_ref())?.base().clone()])
}

impl BestDefense {
    fn over(connection: Connection, request: Request) -> Result<Self, Error> {
        let endpoints = Endpoints::resolve(request.api_url.as_ref())?;
        let (options, notes) = ScanOptions::read(&request)?;
        let Request { states, target, .. } = request;
        let host = target.map(|target| bounded(&one_line(&target), 300)).unwrap_or_default();
        let session = connection.session;
        Ok(Self { session, endpoints, options, states, host, notes: RefCell::new(notes) })
    }
}

/// The vendor looks every 30 s, and says that quick scans take minutes (contract 5).
fn timing(scan_type: Option<&str>) -> Timing {
    let usual = Timing { first_poll: Duration::from_secs(10), ..Timing::USUAL };
    match scan_type {
        Some(word) if word.trim().eq_ignore_ascii_case("ai") => Timing { timeout: AI_TIMEOUT, ..usual },
        _ => usual,
    }
}

/// Refuses an id that could not have come from the platform.
fn check_id(id: &str) -> Result<(), Error> {
    if usable_id(&id.into()).as_deref() == Some(id) {
        return Ok(());
    }
    Err(Error::Setting {
        message: format!("{:?} is not a BestDefense report id", bounded(id, 80)),
        hint: "give the id that an earlier run printed or wrote to its outcome file".to_owned(),
    })
}

/// Binds the token to the origin of the API.
fn connect(client: Client, endpoints: &Endpoints, request: &Request) -> Result<Connection, Error> {
    let Form::Token { secret, .. } = &request.credential.form else {
        return Err(Error::not_taken(BestDefense::ABOUT.name, "credential"));
    };
    let session = Session::new(client, endpoints.base(), Authorizer::bearer(secret.clone()));
    Ok(Connection { session, base: endpoints.base().clone(), notes: Vec::new(), hosts: Hosts::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Class;

    #[test]
    fn an_ai_scan_gets_four_hours_and_any_other_one() {
        assert_eq!(timing(Some("AI")).timeout, Duration::from_hours(4));
        for other in [None, Some("analog"), Some("api"), Some("hybrid")] {
            assert_eq!(timing(other).timeout, Duration::from_hours(1), "{other:?}");
        }
    }

    #[test]
    fn an_id_that_would_change_the_path_is_refused() {
        for hostile in ["", "..", ".", "a b", "a\nb", " 7", "undefined"] {
            assert_eq!(check_id(hostile).unwrap_err().class(), Class::Usage, "{hostile:?}");
        }
        for id in ["7", "0f4c1d2e-0000-4000-8000-1234567890ab", "report-123", "a/b"] {
            assert!(check_id(id).is_ok(), "{id}");
        }
    }
}
