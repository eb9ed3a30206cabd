//! CybeDefend: a source tree is uploaded as a zip archive and scanned, or a container image by its name. "Contract" means
//! `contracts/cybedefend.md` here, by section.

#[cfg(test)]
mod arbitrary;
mod endpoints;
mod family;
mod findings;
mod image_reference;
mod listing;
mod login;
mod mapping;
mod policy;
mod refusal;
mod rows;
mod sign_in;
mod status;
mod text;
mod upload;
mod wire;

use endpoints::Endpoints;
use image_reference::is_image_reference;
pub use login::BrowserLogin;
use refusal::Asked;
use upload::{SignedUrl, Upload};
use url::Url;

use super::identifier::is_identifier;
use super::text::{bounded, one_line, shown_id};
use super::{
    About, Collected, Connection, Error, Inspection, Patience, Platform, PolicyAnswer, Request, ScanState, Subject,
    SubjectKind, Timing,
};
use crate::credentials::store::Hosts;
use crate::credentials::{Accepted, Form};
use crate::error::Class;
use crate::finding::ScanReference;
use crate::http::{Call, Client, Replay, Session};

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
    image: Option<String>,
    notes: Vec<String>,
}

impl Platform for CybeDefend {
    const ABOUT: About = About {
        id: "cybedefend",
        name: "CybeDefend",
        documentation: "https://docs.cybedefend.com",
        credentials: Accepted::OneOf(&[Form::Token { secret: "CYBEDEFEND_PAT", previous: None }]),
        credential_advice: endpoints::credential_advice,
        hosts: endpoints::hosts,
        trial_path: "/organizations",
        subjects: &[SubjectKind::Tree, SubjectKind::Image],
        settings: &["project-id", "region", "auth-url"],
        variables: &[
            ("project-id", "CYBEDEFEND_PROJECT_ID"),
            ("region", "CYBEDEFEND_REGION"),
            ("api-url", "CYBEDEFEND_API_URL"),
            ("auth-url", "CYBEDEFEND_AUTH_ENDPOINT"),
            ("branch", "CYBEDEFEND_BRANCH"),
        ],
        paths: &[],
        token_paths: &["/oidc/token"],
        timing: |_scan_type| Timing::USUAL,
        supports_cancel: false,
        has_policy: true,
    };

    async fn connect(client: Client, request: &Request) -> Result<Connection, Error> {
        sign_in::connect(client, &Endpoints::of(request)?, request).await
    }

    async fn sign_in(client: Client, request: Request) -> Result<Self, Error> {
        let endpoints = Endpoints::of(&request)?;
        let project = checked(&request)?;
        let connection = sign_in::connect(client, &endpoints, &request).await?;
        Ok(Self::over(connection, endpoints, project, request))
    }

    async fn inspect(connection: Connection, request: Request) -> Result<Inspection, Error> {
        let endpoints = Endpoints::of(&request)?;
        let project = checked(&request)?;
        Self::over(connection, endpoints, project, request).see_project().await
    }

    async fn start(&self, subject: &Subject, created: &mut dyn FnMut(&ScanReference)) -> Result<ScanReference, Error> {
        let (path, length) = match subject {
            Subject::Archive { path, length } => (path, length),
            Subject::Image(image) => return self.start_image(image, created).await,
            Subject::Target(_) | Subject::Sarif { .. } => return Err(Error::not_taken(Self::ABOUT.name, "subject")),
        };
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

    async fn policy(&self, scan: &ScanReference, patience: Patience<'_>) -> Result<PolicyAnswer, Error> {
        policy::judge(self, scan, patience).await
    }
}

/// The bases of API and identity provider.
pub(super) fn bases(hosts: &Hosts) -> Result<Vec<Url>, Error> {
    let Endpoints { api, auth, .. } =
        Endpoints::resolve(hosts.region, hosts.api_url.as_ref(), hosts.auth_url.as_ref())?;
    Ok(vec![api, auth])
}

/// The project of a request that could be carried out.
fn checked(request: &Request) -> Result<String, Error> {
    let project = project(request.project_id.as_deref())?;
    request.image.as_deref().map_or(Ok(()), check_image)?;
    Ok(project)
}

impl CybeDefend {
    fn over(connection: Connection, endpoints: Endpoints, project: String, request: Request) -> Self {
        let Connection { session, notes, .. } = connection;
        let branch = request.branch.filter(|branch| !branch.trim().is_empty());
        let Request { directory, image, .. } = request;
        Self { session, endpoints, project, branch, directory, image, notes }
    }

    /// Asks for the project, which whoever scans it has to see (contract 4 and 7).
    async fn see_project(&self) -> Result<Inspection, Error> {
        let url = self.endpoints.api(["project", &self.project])?;
        let project: wire::Project = match self.session.json(Call::get(url)).await {
            Ok(project) => project,
            Err(error) if error.status() == Some(403) => return Err(self.no_access(error, Asked::Project)),
            Err(error) => return Err(self.explain(error, Asked::Project).await),
        };
        let name = project.name.get().map(|name| format!(" `{}`", bounded(&one_line(name), 80))).unwrap_or_default();
        match project.project_id.get() {
            Some(id) if id.eq_ignore_ascii_case(&self.project) => Ok(Inspection {
                seen: format!("project{name} ({}) in {}", self.project, self.endpoints.instance()),
                warnings: Vec::new(),
            }),
            id => Err(Error::Protocol {
                message: format!(
                    "asked about project {}, CybeDefend answered about {}",
                    self.project,
                    id.map_or_else(|| "none".to_owned(), |id| format!("project {}", shown_id(id)))
                ),
            }),
        }
    }

    /// Creates a scan, which waits for its archive (contract 3.1, step 1).
    async fn ask_for_scan(&self) -> Result<(ScanReference, SignedUrl), Error> {
        let url = self.endpoints.api(["project", &self.project, "scan", "start"])?;
        let started = self.create(url, None, Asked::Start).await?;
        let scan = self.created(&started)?;
        let url = started.url.get().ok_or_else(|| self.lacking(&started, "upload address"))?;
        Ok((scan, SignedUrl::parse(url, &self.endpoints.api, self.session.client())?))
    }

    /// Creates the scan of an image, which needs no upload (contract 3.4). A scan without an id could not be watched, so an answer
    /// that leaves it out, as the generated documentation allows, is an error.
    async fn start_image(&self, image: &str, created: &mut dyn FnMut(&ScanReference)) -> Result<ScanReference, Error> {
        check_image(image)?;
        let url = self.endpoints.api(["project", &self.project, "scan", "container", "start"])?;
        let scan = self.created(&self.create(url, Some(image), Asked::StartImage).await?)?;
        created(&scan);
        Ok(scan)
    }

    /// Asks for a scan, of an image where one is named. It is asked for again only where nothing can have come of the first time: a
    /// scan costs money.
    async fn create(&self, url: Url, image: Option<&str>, asked: Asked<'_>) -> Result<wire::ScanStarted, Error> {
        let body = wire::StartScan { image_to_scan: image, branch: self.branch.as_deref(), source_type: "cli" };
        let call = Call::post_json(url, Some(&body), Replay::IfUnsent)
            .map_err(|cause| Error::Protocol { message: format!("cannot write the request for a scan: {cause}") })?;
        match self.session.json(call).await {
            Ok(started) => Ok(started),
            // Only the scan of an image begins without anything further.
            Err(error)
                if error.may_have_arrived()
                    && let Some(image) = image =>
            {
                Err(Error::lost_start(error, "CybeDefend", image))
            }
            Err(error) => Err(self.explain(error, asked).await),
        }
    }

    /// The scan that was created.
    fn created(&self, started: &wire::ScanStarted) -> Result<ScanReference, Error> {
        let id = started.scan_id.get().filter(|id| is_identifier(id));
        id.map(|id| self.reference(id)).ok_or_else(|| self.lacking(started, "scan id"))
    }

    fn lacking(&self, started: &wire::ScanStarted, what: &str) -> Error {
        let words: Vec<&str> = started.message.0.iter().filter_map(|word| word.get()).collect();
        let words = bounded(&one_line(&words.join("; ")), 300);
        let said = if words.is_empty() { String::new() } else { format!("; the platform said: {words}") };
        let said = self.session.client().redactor().clean(&said);
        Error::Protocol { message: format!("CybeDefend answered the start of a scan without a usable {what}{said}") }
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
                message: format!("{:?} is not a CybeDefend scan id", bounded(&scan.id, 80)),
                hint: "give the id that an earlier run printed or wrote to its outcome file".to_owned(),
            });
        }
        let url = self.endpoints.api(["project", &self.project, "scan", &scan.id])?;
        let status: wire::ScanStatus = match self.session.json(Call::get(url).poll()).await {
            Ok(status) => status,
            Err(error) => return Err(self.explain(error, Asked::Scan(&scan.id)).await),
        };
        match status.id.get() {
            Some(id) if !id.eq_ignore_ascii_case(&scan.id) => Err(Error::Protocol {
                message: format!("asked about scan {}, CybeDefend answered about scan {}", scan.id, shown_id(id)),
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
        message: format!("{:?} is not a CybeDefend project id", bounded(given, 80)),
        hint: "check --project-id or CYBEDEFEND_PROJECT_ID: an id is made of letters, digits, dots, hyphens and underscores".to_owned(),
    })
}

/// `--image`, in the form that the vendor's client accepts (contract 2.5).
fn check_image(image: &str) -> Result<(), Error> {
    if is_image_reference(image) {
        return Ok(());
    }
    Err(Error::Setting {
        message: format!("{:?} is not a reference to a container image", bounded(image, 80)),
        hint: "check --image: a reference such as node:18-alpine has no white space, at most 512 characters, and does not begin with a hyphen".to_owned(),
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
