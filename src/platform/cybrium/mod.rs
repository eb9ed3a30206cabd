//! Cybrium: a scan of a target that the workspace has a name for, or another scanner's SARIF file, that Cybrium makes a scan of.
//! "Contract" means `contracts/cybrium.md` here, by section. Little of it is documented: what is inferred is a setting, or is read
//! tolerantly, and never passes where it is not understood.

mod endpoints;
mod findings;
mod kind;
mod listing;
mod matched;
mod page;
mod place;
mod refusal;
mod rows;
mod sarif_file;
mod scan_answer;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::Path;

use endpoints::{Endpoints, is_scan_id};
use page::Page;
use refusal::Asked;
use scan_answer::ScanAnswer;
use serde_json::{Value, json};
use url::Url;

use super::text::bounded;
use super::tolerant::Fields;
use super::{
    About, Collected, Connection, Error, Inspection, Platform, Request, ScanState, StateWord, Subject, SubjectKind,
    Timing, options,
};
use crate::blocking;
use crate::credentials::store::Hosts;
use crate::credentials::{Accepted, Form, Secret};
use crate::error::Class;
use crate::finding::{Link, ScanReference};
use crate::http::{Authorizer, Body, Call, Client, Method, Placement, Replay, Reply, Session, same_origin, words_of};
use crate::json;

/// Stands for the id of a scan that was made of an upload and that the platform does not name.
const WITHOUT_ID: &str = "(without id)";

/// How many scans of the list are looked through for one whose own address does not know it yet, in pages.
const MOST_PAGES_OF_SCANS: u32 = 5;

/// The fields of the request for a scan that settings decide.
const OWNED: [(&str, &str); 4] =
    [("target", "--target"), ("scan_type", "--scan-type"), ("branch", "--branch"), ("commit", "--commit")];

/// Of these, those that the platform may not know; null leaves them out.
const LEFT_OUT_BY_NULL: [&str; 2] = ["branch", "commit"];

/// A session with Cybrium.
pub struct Cybrium {
    session: Session,
    endpoints: Endpoints,
    states: BTreeMap<String, StateWord>,
    /// What is sent to start a scan, less its target.
    body: Value,
    options: Vec<(String, Value)>,
    directory: String,
    /// Where the key was found, for people.
    origin: String,
    /// How many keys there are.
    keys: usize,
    /// How many findings an upload has to bring.
    uploaded: Cell<Option<u64>>,
    /// How the scan ended that was made of an upload, where its answer says so.
    ended: RefCell<Option<ScanState>>,
}

/// A scan that a request made.
struct Created {
    id: Option<String>,
    /// Its page in the web application.
    page: Option<Link>,
    /// What the answer says of it, if that can be read.
    answer: Option<ScanAnswer>,
}

impl Platform for Cybrium {
    const ABOUT: About = About {
        id: "cybrium",
        name: "Cybrium",
        documentation: "https://docs.cybrium.ai",
        credentials: Accepted::OneOf(&[Form::Token {
            secret: "CYBRIUM_API_KEY",
            previous: Some("CYBRIUM_API_KEY_PREVIOUS"),
        }]),
        credential_advice: |_region| {
            "set CYBRIUM_API_KEY to an API key, which you create in Settings > API Keys of a workspace on the Pro or Enterprise plan"
                .to_owned()
        },
        hosts: |_region| &[endpoints::OF_SCANS, endpoints::OF_UPLOADS],
        trial_path: "/scans/",
        subjects: &[SubjectKind::Target("the name of a target in the workspace"), SubjectKind::Sarif],
        settings: &["scan-type", "auth-scheme", "path", "state", "option"],
        variables: &[("api-url", "CYBRIUM_API_URL")],
        paths: &endpoints::PATHS,
        token_paths: &["/agent/activate"],
        timing: |_scan_type| Timing::USUAL,
        supports_cancel: false,
        has_policy: false,
    };

    /// None is published (contract section 7.1).
    async fn connect(client: Client, request: &Request) -> Result<Connection, Error> {
        connect(client, &Endpoints::of(request)?, request)
    }

    /// Gets ready to make calls. The key itself is first used, and a wrong one refused, at the first call after this.
    async fn sign_in(client: Client, request: Request) -> Result<Self, Error> {
        let connection = connect(client, &Endpoints::of(&request)?, &request)?;
        Self::over(connection, request)
    }

    async fn inspect(connection: Connection, request: Request) -> Result<Inspection, Error> {
        let is_upload = request.sarif;
        Self::over(connection, request)?.see_scans(is_upload).await
    }

    async fn start(&self, subject: &Subject, created: &mut dyn FnMut(&ScanReference)) -> Result<ScanReference, Error> {
        let scan = match subject {
            Subject::Target(target) => self.scan_target(target).await?,
            Subject::Sarif { path, length } => self.upload(path, *length).await?,
            Subject::Archive { .. } | Subject::Image(_) => return Err(Error::not_taken(Self::ABOUT.name, "subject")),
        };
        created(&scan);
        Ok(scan)
    }

    async fn check(&self, scan: &ScanReference) -> Result<ScanState, Error> {
        if scan.id == WITHOUT_ID {
            // There is nothing to watch. Whether the findings are there is seen in their list.
            return Ok(ScanState::Done);
        }
        if !is_scan_id(&scan.id) {
            return Err(Error::Setting {
                message: format!("{:?} is not a Cybrium scan id", bounded(&scan.id, 80)),
                hint: "give the id that an earlier run printed or wrote to its outcome file".to_owned(),
            });
        }
        let answer = match self.session.json(Call::get(self.endpoints.scan(&scan.id)).poll()).await {
            Ok(fields) => ScanAnswer::of(fields),
            Err(error) if error.status() == Some(404) => {
                let Some(answer) = self.in_list(&scan.id).await? else {
                    // A file may be taken in at once, and nothing else know of a scan; its findings are counted all the same.
                    let ended = self.ended.borrow().clone();
                    return ended.ok_or_else(|| self.explain(error, Asked::Scan(&scan.id)));
                };
                answer
            }
            Err(error) => return Err(self.explain(error, Asked::Scan(&scan.id))),
        };
        if !answer.may_be(&scan.id) {
            return Err(Error::Protocol {
                message: format!("asked about scan {}, Cybrium answered about another one", scan.id),
            });
        }
        answer.state(&self.states, self.session.client().redactor())
    }

    async fn findings(&self, scan: &ScanReference) -> Result<Collected, Error> {
        findings::collect(self, scan).await
    }
}

/// Binds the keys to the origin of the API.
fn connect(client: Client, endpoints: &Endpoints, request: &Request) -> Result<Connection, Error> {
    let scheme = request.auth_scheme.clone().unwrap_or_else(|| "Bearer".to_owned());
    let authorizer = Authorizer::Keys { placement: Placement::Authorization(scheme), keys: keys(request)? };
    let session = Session::new(client, endpoints.base(), authorizer);
    Ok(Connection { session, base: endpoints.base().clone(), notes: Vec::new(), hosts: Hosts::default() })
}

/// The key, and behind it the one before, while both are good.
fn keys(request: &Request) -> Result<Vec<Secret>, Error> {
    let Form::Token { secret, previous } = &request.credential.form else {
        return Err(Error::not_taken(Cybrium::ABOUT.name, "credential"));
    };
    let previous = previous.iter().filter(|previous| previous.expose() != secret.expose());
    Ok([secret].into_iter().chain(previous).cloned().collect())
}

/// The base of the API.
pub(super) fn bases(hosts: &Hosts, is_upload: bool) -> Result<Vec<Url>, Error> {
    let endpoints = Endpoints::resolve(hosts.api_url.as_ref(), is_upload, &BTreeMap::new())?;
    Ok(vec![endpoints.base().clone()])
}

impl Cybrium {
    fn over(connection: Connection, request: Request) -> Result<Self, Error> {
        let endpoints = Endpoints::of(&request)?;
        if request.sarif && (request.scan_type.is_some() || !request.options.is_empty()) {
            return Err(Error::Setting {
                message: "--scan-type and --option are part of the request for a scan, and --sarif makes none"
                    .to_owned(),
                hint: "leave them out, or scan a target with --target".to_owned(),
            });
        }
        let keys = keys(&request)?.len();
        let (body, options) = body(request.scan_type, request.branch, request.commit, request.options);
        Ok(Self {
            session: connection.session,
            endpoints,
            states: request.states,
            body,
            options,
            directory: request.directory,
            origin: request.credential.origin,
            keys,
            uploaded: Cell::new(None),
            ended: RefCell::new(None),
        })
    }

    /// Asks for the list of scans, the one documented read (contract section 2.1). Whether a target is there, nothing tells. A key
    /// that may only upload need not see any scan (contract section 1.2).
    async fn see_scans(&self, is_upload: bool) -> Result<Inspection, Error> {
        let (seen, warning) = match self.page(Call::get(self.endpoints.scans()), Asked::Scans).await {
            Ok(_) => ("the workspace's scans".to_owned(), None),
            Err(error) => match error.status() {
                Some(status @ (402..=405)) if is_upload => {
                    let why = format!(
                        "the list of scans answers {status}, as it may to a key with the scope scan:upload alone"
                    );
                    ("no scans".to_owned(), Some(format!("{why}: whether it may upload, only an upload shows")))
                }
                _ => return Err(error),
            },
        };
        Ok(Inspection { seen, warnings: warning.into_iter().chain(self.notes()).collect() })
    }

    /// Starts the scan of a target (contract section 2.1). It is asked for again only where nothing can have come of the first time.
    async fn scan_target(&self, target: &str) -> Result<ScanReference, Error> {
        let mut body = self.body.clone();
        body["target"] = json!(target);
        options::merge(&mut body, &self.options, &OWNED)?;
        let url = self.endpoints.scans();
        let call = Call::post_json(url.clone(), Some(&body), Replay::IfUnsent)
            .map_err(|cause| Error::Protocol { message: format!("cannot write the request for a scan: {cause}") })?;
        let reply = self.session.send(call.accept_json()).await;
        let reply = reply.map_err(|error| self.explain(error, Asked::Start(target)))?;
        let Created { id, page, .. } = self.created(&reply, &url)?;
        let id = id.ok_or_else(|| Error::Protocol {
            message: "Cybrium answered the start of a scan without its id, so it cannot be watched".to_owned(),
        })?;
        Ok(ScanReference { id, url: page })
    }

    /// Has a scan made of a SARIF file (contract section 2.2).
    async fn upload(&self, path: &Path, length: u64) -> Result<ScanReference, Error> {
        let file = path.to_owned();
        let checked = blocking::start(move || sarif_file::check(&file, length)).await;
        let count =
            checked.map_err(|cause| Error::Protocol { message: format!("the SARIF file was not read: {cause}") })??;
        self.uploaded.set(Some(count));
        let name = path.file_name().map_or_else(|| "results.sarif".into(), |name| name.to_string_lossy());
        let part = Body::Multipart {
            field: "sarif".to_owned(),
            file_name: name.into_owned(),
            content_type: "application/sarif+json".to_owned(),
            path: path.to_owned(),
            length,
        };
        let url = self.endpoints.upload();
        let call = Call::new(Method::Post, url.clone(), part, Replay::IfUnsent).accept_json();
        let reply = self.session.send(call).await.map_err(|error| self.explain(error, Asked::Upload))?;
        let Created { id, page, answer } = self.created(&reply, &url)?;
        self.ended.replace(answer.and_then(|answer| answer.end(&self.states, self.session.client().redactor())));
        match id {
            Some(id) => Ok(ScanReference { id, url: page }),
            None if self.endpoints.lists_findings_of_all_scans() => {
                Ok(ScanReference { id: WITHOUT_ID.to_owned(), url: page })
            }
            None => Err(Error::Refused {
                class: Class::Protocol,
                message:
                    "Cybrium took the SARIF file and did not say which scan it made of it, so nothing can be judged"
                        .to_owned(),
                hint:
                    "to gate on all findings of the workspace instead, set --path findings= to their list, without {id}"
                        .to_owned(),
                source: None,
            }),
        }
    }

    /// What is known of a scan that a request made: by the answer, else by where it points (contract section 2.1).
    fn created(&self, reply: &Reply, asked: &Url) -> Result<Created, Error> {
        let answer: Option<ScanAnswer> = match reply.body.trim_ascii() {
            [] => None,
            body => json::from_bytes::<Fields>(body).ok().map(ScanAnswer::of),
        };
        let pointed = || id_of_location(reply.location.as_ref()?, asked);
        let id = answer.as_ref().and_then(ScanAnswer::id).or_else(pointed);
        if let Some(id) = id.as_deref().filter(|id| !is_scan_id(id)) {
            return Err(Error::Protocol {
                message: format!("Cybrium gave the scan the id {:?}, which cannot be one", bounded(id, 80)),
            });
        }
        let page = self.endpoints.page(answer.as_ref().and_then(ScanAnswer::page).as_deref());
        Ok(Created { id, page, answer })
    }

    /// A scan in the list of scans, which is documented, where its own address does not know it (contract section 3).
    async fn in_list(&self, id: &str) -> Result<Option<ScanAnswer>, Error> {
        let mut address = self.endpoints.scans();
        for _ in 0..MOST_PAGES_OF_SCANS {
            let page = match self.page(Call::get(address.clone()).poll(), Asked::Scan(id)).await {
                Ok(page) => page,
                Err(error) if error.status() == Some(401) => return Err(error),
                // The refusal of the scan's own address is what is told.
                Err(_) => return Ok(None),
            };
            let mut scans = page.rows.into_iter().map(ScanAnswer::of);
            if let Some(scan) = scans.find(|scan| scan.is(id)) {
                return Ok(Some(scan));
            }
            match page.next {
                Some(link) => address = self.session.page_link(&address, &link)?,
                None => break,
            }
        }
        Ok(None)
    }

    /// A page of a list. One that says that it failed is an error, whatever its status.
    async fn page(&self, call: Call, asked: Asked<'_>) -> Result<Page, Error> {
        let (page, headers): (Page, _) = self.session.list(call).await.map_err(|error| self.explain(error, asked))?;
        if let Some(refusal) = &page.refusal {
            let words = words_of(refusal, self.session.client().redactor()).unwrap_or_default();
            return Err(Error::Protocol {
                message: format!("Cybrium was asked {} and says that it failed: {words}", asked.words()),
            });
        }
        Ok(page.with(headers))
    }

    /// What people should know of the keys.
    fn notes(&self) -> Vec<String> {
        let was_replaced = self.session.keys_refused() > 0;
        let note = format!(
            "the key from {} was refused with 401, and the one before it was used: store the new key, or finish its rotation",
            self.origin
        );
        was_replaced.then_some(note).into_iter().collect()
    }
}

/// What is sent to start a scan, less its target, and the options that go into it. What is not set is not sent.
fn body(
    scan_type: Option<String>,
    branch: Option<String>,
    commit: Option<String>,
    options: Vec<(String, Value)>,
) -> (Value, Vec<(String, Value)>) {
    let mut body = json!({});
    for (name, value) in [("scan_type", scan_type), ("branch", branch), ("commit", commit)] {
        if let Some(value) = value.filter(|value| !value.trim().is_empty()) {
            body[name] = json!(value);
        }
    }
    let (left_out, options): (Vec<_>, Vec<_>) =
        options.into_iter().partition(|(name, value)| value.is_null() && LEFT_OUT_BY_NULL.contains(&name.as_str()));
    if let Some(fields) = body.as_object_mut() {
        fields.retain(|name, _| left_out.iter().all(|(left_out, _)| left_out != name));
    }
    (body, options)
}

/// The last part of the address of what was made, on the origin that was asked.
fn id_of_location(location: &Url, asked: &Url) -> Option<String> {
    if !same_origin(location, asked) || location.path() == asked.path() {
        return None;
    }
    let last = location.path_segments()?.rfind(|segment| !segment.is_empty())?;
    (!last.contains('%')).then(|| last.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_set_is_sent_and_null_leaves_out_what_the_platform_may_not_know() {
        let made = |scan_type: &str, options: Vec<(&str, Value)>| {
            let options = options.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            let (mut sent, options) = body(Some(scan_type.to_owned()), Some("main".to_owned()), None, options);
            options::merge(&mut sent, &options, &OWNED).map(|()| sent).map_err(|error| error.to_string())
        };
        assert_eq!(made("full", vec![]), Ok(json!({ "scan_type": "full", "branch": "main" })));
        assert_eq!(made("", vec![("branch", json!(null)), ("depth", json!(3))]), Ok(json!({ "depth": 3 })));
        assert!(made("", vec![("branch", json!("other"))]).unwrap_err().contains("--branch decides"));
        assert!(made("", vec![("target", json!(null))]).unwrap_err().contains("--target decides"));
    }

    #[test]
    fn a_location_names_a_scan_only_on_the_same_origin_and_below_what_was_asked() {
        let asked = Url::parse("https://api.cybrium.io/v1/scans/").unwrap();
        let id = |location: &str| id_of_location(&asked.join(location).unwrap(), &asked);
        assert_eq!(id("/v1/scans/77/").as_deref(), Some("77"));
        assert_eq!(id("9a1b?x=1").as_deref(), Some("9a1b"));
        for none in ["https://evil.example/v1/scans/77/", "/v1/scans/", "/", "/v1/scans/a%2Fb/"] {
            assert_eq!(id(none), None, "{none}");
        }
    }
}
