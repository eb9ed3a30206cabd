//! CybeDefend: a source tree is uploaded as a zip archive and scanned. "Contract" means `contracts/cybedefend.md` here, by section.

mod endpoints;
mod family;
mod findings;
mod identifier;
mod listing;
mod mapping;
mod refusal;
mod rows;
mod sign_in;
mod status;
mod text;
mod upload;
mod wire;

use std::time::Duration;

use endpoints::Endpoints;
use identifier::is_identifier;
use refusal::Asked;
use upload::{SignedUrl, Upload};

use super::{About, Collected, Error, Platform, Request, ScanState, Subject};
use crate::error::Class;
use crate::finding::{PolicyDecision, ScanReference};
use crate::http::{Authorizer, Call, Client, Replay, Session};

/// How often a scan is started in one run at the most. A second one is only asked for when the first one's signed address had
/// expired before anything was stored; each start leaves a waiting scan behind, and a plan may allow a single one at a time.
const MOST_STARTS: u32 = 2;

/// A session with CybeDefend, for one project.
pub struct CybeDefend {
    session: Session,
    endpoints: Endpoints,
    project: String,
    branch: Option<String>,
    directory: String,
    notes: Vec<String>,
}

impl Platform for CybeDefend {
    const ABOUT: About = About {
        id: "cybedefend",
        name: "CybeDefend",
        documentation: "https://docs.cybedefend.com",
        credential_variables: &["CYBEDEFEND_PAT"],
        credential_advice: endpoints::credential_advice,
        first_poll: Duration::from_secs(5),
        longest_poll: Duration::from_mins(1),
    };

    /// Learns which application exchanges tokens, and binds the token that it will get to the API's origin. The personal access
    /// token itself is first used, and a wrong one refused, at the first call after this.
    async fn sign_in(client: Client, request: Request) -> Result<Self, Error> {
        let endpoints = Endpoints::resolve(request.region, request.api_url.as_ref(), request.auth_url.as_ref())?;
        let project = project(request.project_id.as_deref())?;
        client.redactor().learn(&request.credential);
        let mut notes = Vec::new();
        let grant = sign_in::grant(&client, &endpoints, &request, &mut notes).await?;
        let session = Session::new(client, &endpoints.api, Authorizer::Grant(grant));
        let branch = request.branch.filter(|branch| !branch.trim().is_empty());
        Ok(Self { session, endpoints, project, branch, directory: request.directory, notes })
    }

    async fn start(&self, subject: &Subject, created: &mut dyn FnMut(&ScanReference)) -> Result<ScanReference, Error> {
        let Subject::Archive { path, length } = subject;
        upload::check_length(*length)?;
        for _ in 0..MOST_STARTS {
            let (scan, url) = self.ask_for_scan().await?;
            created(&scan);
            match upload::put(self.session.client(), &url, path, *length).await? {
                Upload::Stored => return Ok(scan),
                Upload::Expired => {}
            }
        }
        Err(Error::Refused {
            class: Class::Unavailable,
            message: "the signed upload address had already expired, and so had a second one".to_owned(),
            hint:
                "run the job again; if it happens again, check this machine's clock and any proxy that delays uploads"
                    .to_owned(),
            source: None,
        })
    }

    async fn check(&self, scan: &ScanReference) -> Result<ScanState, Error> {
        let status = self.status(scan).await?;
        status::state(&status, self.session.client().redactor())
    }

    async fn findings(&self, scan: &ScanReference) -> Result<Collected, Error> {
        findings::collect(self, scan).await
    }

    /// Always `None`: CybeDefend's policy evaluation (contract 6) is not asked yet.
    async fn policy(&self, _scan: &ScanReference) -> Result<Option<PolicyDecision>, Error> {
        Ok(None)
    }
}

impl CybeDefend {
    /// Creates a scan, which waits for its archive (contract 3.1, step 1).
    async fn ask_for_scan(&self) -> Result<(ScanReference, SignedUrl), Error> {
        let url = self.endpoints.api(["project", &self.project, "scan", "start"])?;
        let body = wire::StartScan { branch: self.branch.as_deref(), source_type: "cli" };
        let call = Call::post_json(url, Some(&body), Replay::IfUnsent)
            .map_err(|cause| Error::Protocol { message: format!("cannot write the request for a scan: {cause}") })?;
        let started: wire::ScanStarted = match self.session.json(call).await {
            Ok(started) => started,
            Err(error) => return Err(self.explain(error, Asked::Start).await),
        };
        let client = self.session.client();
        let words: Vec<&str> = started.message.0.iter().filter_map(|word| word.get()).collect();
        let words = client.redactor().clean(&text::bounded(&text::one_line(&words.join("; ")), 300));
        let lacking = |what: &str| {
            let said = if words.is_empty() { String::new() } else { format!("; the platform said: {words}") };
            Error::Protocol {
                message: format!("CybeDefend answered the start of a scan without a usable {what}{said}"),
            }
        };
        let id = started.scan_id.get().filter(|id| is_identifier(id)).ok_or_else(|| lacking("scan id"))?;
        let url = started.url.get().ok_or_else(|| lacking("upload address"))?;
        let url = SignedUrl::parse(url, &self.endpoints.api, client)?;
        Ok((self.reference(id), url))
    }

    /// A scan of this project. Its page is the project's, by the pattern of the documented links to findings (contract 1.1); the
    /// contract knows no page of a scan.
    fn reference(&self, id: &str) -> ScanReference {
        ScanReference { id: id.to_owned(), url: self.endpoints.web(["project", &self.project]) }
    }

    /// Asks where a scan stands (contract 4).
    async fn status(&self, scan: &ScanReference) -> Result<wire::ScanStatus, Error> {
        if !is_identifier(&scan.id) {
            return Err(Error::Setting {
                message: format!("{:?} is not a CybeDefend scan id", text::bounded(&scan.id, 80)),
                hint: "give the id that an earlier run printed or wrote to its outcome file".to_owned(),
            });
        }
        let url = self.endpoints.api(["project", &self.project, "scan", &scan.id])?;
        let status: wire::ScanStatus = match self.session.json(Call::get(url)).await {
            Ok(status) => status,
            Err(error) => return Err(self.explain(error, Asked::Scan(&scan.id)).await),
        };
        match status.id.get() {
            Some(id) if !id.eq_ignore_ascii_case(&scan.id) => Err(Error::Protocol {
                message: format!("asked about scan {}, CybeDefend answered about scan {}", scan.id, text::shown_id(id)),
            }),
            _ => Ok(status),
        }
    }
}

/// `--project-id`, in the form that the vendor's client accepts (contract 2.5).
fn project(given: Option<&str>) -> Result<String, Error> {
    let given = given.map(str::trim).filter(|id| !id.is_empty()).ok_or_else(|| Error::Setting {
        message: "CybeDefend needs a project, and none is given".to_owned(),
        hint: "set --project-id or CYBEDEFEND_PROJECT_ID to the id in the project's address in the web application"
            .to_owned(),
    })?;
    if is_identifier(given) {
        return Ok(given.to_owned());
    }
    Err(Error::Setting {
        message: format!("{:?} is not a CybeDefend project id", text::bounded(given, 80)),
        hint: "check --project-id or CYBEDEFEND_PROJECT_ID: an id is made of letters, digits, dots, hyphens and underscores".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_project_is_a_usage_error_that_says_where_to_put_it() {
        for missing in [None, Some(""), Some("  ")] {
            let error = project(missing).unwrap_err();
            assert_eq!(error.class(), Class::Usage);
            let hint = error.hint().unwrap();
            assert!(hint.contains("--project-id") && hint.contains("CYBEDEFEND_PROJECT_ID"), "{hint}");
        }
    }

    #[test]
    fn a_project_id_that_would_change_the_path_is_refused() {
        for hostile in ["../admin", "a/b", "a?x=1", "-x", "a\nb", "a%2fb"] {
            let error = project(Some(hostile)).unwrap_err();
            assert_eq!(error.class(), Class::Usage, "{hostile}");
            assert!(!error.to_string().contains('\n'));
        }
        assert_eq!(project(Some(" p-1 ")).unwrap(), "p-1");
    }
}
