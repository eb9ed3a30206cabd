//! CyberOrigen: a domain, an address or a CIDR range is scanned over the network. "Contract" means `contracts/cyberorigen.md` here,
//! by section. What it infers is read by several names, and stays no more than inferred.

mod controls;
mod counts;
mod endpoints;
mod findings;
mod health;
mod order;
mod refusal;
mod rows;
mod sign_in;
mod status;
mod target;
mod wire;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use endpoints::Endpoints;
pub use health::Health;
use order::Order;
use refusal::Asked;
use serde_json::Value;
use url::Url;
use wire::Scan;

use super::identifier::is_identifier;
use super::text::{bounded, shown_id};
use super::tolerant::Fields;
use super::{
    About, Cancelled, Collected, Connection, Error, Inspection, Platform, Request, ScanState, StateWord, Subject,
    SubjectKind, Timing,
};
use crate::credentials::store::Hosts;
use crate::credentials::{Accepted, Form};
use crate::finding::ScanReference;
use crate::http::{Call, Client, Session};

/// A session with CyberOrigen.
pub struct CyberOrigen {
    session: Session,
    endpoints: Endpoints,
    order: Order,
    /// `--target`, where a scan of one is asked for.
    target: Option<String>,
    states: BTreeMap<String, StateWord>,
    directory: String,
    /// Whether an API key signs the requests, and not a login.
    has_key: bool,
    /// Whether a scan has been seen, so that one which is missing is no longer one that is not there yet.
    has_seen: Cell<bool>,
}

impl Platform for CyberOrigen {
    const ABOUT: About = About {
        id: "cyberorigen",
        name: "CyberOrigen",
        documentation: "https://docs.cyberorigen.com",
        credentials: Accepted::OneOf(&[
            Form::Login {
                username: "CYBERORIGEN_USERNAME",
                password: "CYBERORIGEN_PASSWORD",
                mfa_code: Some("CYBERORIGEN_MFA_CODE"),
            },
            Form::ApiKey("CYBERORIGEN_API_KEY"),
        ]),
        credential_advice: sign_in::advice,
        hosts: |_region| &[endpoints::DOCUMENTED],
        trial_path: "/scans?per_page=1",
        subjects: &[SubjectKind::Target("a domain, an IP address or a CIDR range")],
        settings: &["scan-type", "framework", "ports", "authorized", "state", "option"],
        variables: &[],
        paths: &[],
        token_paths: &["/auth/token", "/auth/refresh", "/auth/login"],
        timing,
        supports_cancel: true,
        has_policy: false,
    };

    async fn connect(client: Client, request: &Request) -> Result<Connection, Error> {
        sign_in::connect(client, &Endpoints::resolve(request.api_url.as_ref())?, request)
    }

    /// Checks the target and the statement about it. The first call after this signs in.
    async fn sign_in(client: Client, request: Request) -> Result<Self, Error> {
        let connection = Self::connect(client, &request).await?;
        Self::over(connection, request)
    }

    async fn inspect(connection: Connection, request: Request) -> Result<Inspection, Error> {
        let health = Self::health(connection.session.client(), request.api_url.as_ref()).await?;
        Self::over(connection, request)?.see_scans(&health).await
    }

    async fn start(&self, subject: &Subject, created: &mut dyn FnMut(&ScanReference)) -> Result<ScanReference, Error> {
        let Subject::Target(target) = subject else {
            return Err(Error::not_taken(Self::ABOUT.name, "subject"));
        };
        for note in self.order.notes() {
            tracing::warn!("{note}");
        }
        let scan = self.create(target).await?;
        created(&scan);
        Ok(scan)
    }

    async fn check(&self, scan: &ScanReference) -> Result<ScanState, Error> {
        match self.look(scan, Call::poll).await {
            Ok(seen) => {
                self.has_seen.set(true);
                status::state(&seen, &self.states, self.session.client().redactor())
            }
            // Whether a cancelled scan is `failed` or gone is not documented (contract 8, point 5).
            Err(error) if error.status() == Some(404) && self.has_seen.get() => Ok(ScanState::Vanished(
                "CyberOrigen no longer knows it, as if it had been cancelled or deleted".to_owned(),
            )),
            Err(error) => Err(error),
        }
    }

    async fn findings(&self, scan: &ScanReference) -> Result<Collected, Error> {
        findings::collect(self, scan).await
    }

    /// One call cancels a scan that runs and deletes one that has ended, with all that it found (contract 2.4). So the scan is
    /// looked at first, and only what is known to wait or run is cancelled.
    async fn cancel(&self, scan: &ScanReference) -> Result<Cancelled, Error> {
        match self.check(scan).await? {
            ScanState::Queued | ScanState::Running { .. } => {}
            ScanState::Unknown(word) => {
                return Err(Error::Protocol {
                    message: format!(
                        "scan {} is `{word}`, which may mean that it has ended, and a call to cancel it could delete it",
                        scan.id
                    ),
                });
            }
            ScanState::Done
            | ScanState::Degraded(_)
            | ScanState::Failed(_)
            | ScanState::Stopped(_)
            | ScanState::Vanished(_) => {
                return Ok(Cancelled::HasEnded);
            }
        }
        // Gone is what it is to be.
        let call = Call::delete(self.endpoints.api(["scans", &scan.id])?).expect_status(404);
        match self.session.send(call).await {
            Ok(_) => Ok(Cancelled::Accepted),
            Err(error) => Err(self.explain(error, Asked::Cancel(&scan.id))),
        }
    }
}

/// The base of the API.
pub(super) fn bases(hosts: &Hosts) -> Result<Vec<Url>, Error> {
    Ok(vec![Endpoints::resolve(hosts.api_url.as_ref())?.base])
}

impl CyberOrigen {
    fn over(connection: Connection, request: Request) -> Result<Self, Error> {
        let order = Order::new(&request);
        if let Some(target) = &request.target {
            order.check(target)?;
        }
        let endpoints = Endpoints::resolve(request.api_url.as_ref())?;
        let has_key = matches!(request.credential.form, Form::ApiKey(_));
        let (session, Request { states, directory, target, .. }) = (connection.session, request);
        Ok(Self { session, endpoints, order, target, states, directory, has_key, has_seen: Cell::new(false) })
    }

    /// Asks for one row of the list of scans, which takes the permission that polling takes (contract 1.4 and 2.5).
    async fn see_scans(&self, health: &Health) -> Result<Inspection, Error> {
        let mut url = self.endpoints.api(["scans"])?;
        url.set_query(Some("per_page=1"));
        let answer: Fields =
            self.session.json(Call::get(url)).await.map_err(|error| self.explain(error, Asked::Scans))?;
        if !["items", "scans", "results", "data"].iter().any(|name| answer.value(name).is_some_and(Value::is_array)) {
            return Err(Error::Protocol { message: "CyberOrigen answered the list of scans with no list".to_owned() });
        }
        let version = health.version.as_ref().map(|version| format!(" of version {version}")).unwrap_or_default();
        let warning =
            format!("the instance calls itself `{}`, not healthy: scans may fail or take long", health.status);
        Ok(Inspection {
            seen: format!("the account's scans on an instance{version}"),
            warnings: (!health.is_healthy()).then_some(warning).into_iter().collect(),
        })
    }

    /// Where the scan stands (contract 3). `kind` says what the call is to the rate limit.
    async fn look(&self, scan: &ScanReference, kind: impl Fn(Call) -> Call) -> Result<Scan, Error> {
        if !is_identifier(&scan.id) {
            return Err(Error::Setting {
                message: format!("{:?} is not a CyberOrigen scan id", bounded(&scan.id, 80)),
                hint: "give the id that an earlier run printed or wrote to its outcome file".to_owned(),
            });
        }
        let call = kind(Call::get(self.endpoints.api(["scans", &scan.id])?));
        let seen: Scan = self.session.json(call).await.map_err(|error| self.explain(error, Asked::Scan(&scan.id)))?;
        match &seen.id {
            Some(id) if !id.eq_ignore_ascii_case(&scan.id) => Err(Error::Protocol {
                message: format!("asked about scan {}, CyberOrigen answered about scan {}", scan.id, shown_id(id)),
            }),
            _ => Ok(seen),
        }
    }
}

/// Scans of the type `full`, which is the default, usually take up to an hour (contract 2.3); one of a type that is not documented
/// may take as long.
fn timing(scan_type: Option<&str>) -> Timing {
    let is_short = matches!(scan_type, Some("quick" | "compliance"));
    let (timeout, longest_poll) = if is_short { (60, 60) } else { (90, 90) };
    Timing {
        timeout: Duration::from_mins(timeout),
        first_poll: Duration::from_secs(15),
        longest_poll: Duration::from_secs(longest_poll),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_scan_has_ninety_minutes_and_so_has_one_of_an_unknown_type() {
        for scan_type in [None, Some("full"), Some("deep")] {
            let timing = timing(scan_type);
            assert_eq!((timing.timeout, timing.longest_poll), (Duration::from_mins(90), Duration::from_secs(90)));
        }
        for scan_type in ["quick", "compliance"] {
            assert_eq!(timing(Some(scan_type)).timeout, Duration::from_hours(1), "{scan_type}");
        }
    }
}
