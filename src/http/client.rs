//! The one loop: pace, authorise, send, read, classify; then renew, follow, wait or fail.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use url::{Origin, Url};

use super::body::{Answer, Form, Incoming};
use super::error::Effort;
use super::fault::Fault;
use super::head::Head;
use super::origin::SafeUrl;
use super::pace::Pace;
use super::raw::RawCopies;
use super::retry::{Retry, Step};
use super::route::Routes;
use super::sight::Sight;
use super::token::{Signer, Token};
use super::transport::Transports;
use super::{Call, Error, Random, Redactor, Reply, request, words};
use crate::clock::Clock;
use crate::error::Class;

/// The longest that one attempt may take, from the connection to the last byte of the answer. The slowest answer that a vendor
/// notes took 8 s (`contracts/cybedefend.md` section 7), and its own clients wait 60 s.
const ATTEMPT: Duration = Duration::from_mins(1);

/// The slowest upload that is worth waiting for, in bytes a second. A file gets this much longer than other requests.
const SLOWEST_UPLOAD: u64 = 64 << 10;

/// How the client reaches the world.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `--ca-cert`: roots in PEM, beside the system's.
    pub ca_cert: Option<PathBuf>,
    /// `--client-cert`, PEM.
    pub client_cert: Option<PathBuf>,
    /// `--client-key`, PEM.
    pub client_key: Option<PathBuf>,
    /// `--insecure-http`: plain http to more than loopback.
    pub insecure_http: bool,
    /// `HTTPS_PROXY`, from the settings' snapshot.
    pub https_proxy: Option<String>,
    /// `HTTP_PROXY`, from the settings' snapshot.
    pub http_proxy: Option<String>,
    /// `NO_PROXY`, from the settings' snapshot.
    pub no_proxy: Option<String>,
    /// `--save-raw`: a folder that does not exist yet, for redacted copies of what the platform answers.
    pub save_raw: Option<PathBuf>,
    /// Keeps what answers tell beside their content, for [`Client::sight`].
    pub keep_sights: bool,
}

/// A client without credentials. Cheap to clone; all clones share one connection pool, one count of requests and one deadline.
#[derive(Clone)]
pub struct Client {
    clock: Clock,
    deadline: Duration,
    redactor: Redactor,
    random: Random,
    shared: Arc<Shared>,
}

struct Shared {
    transports: Transports,
    paces: Mutex<HashMap<Origin, Pace>>,
    requests: AtomicU64,
    raw: Option<RawCopies>,
    routes: Routes,
    /// What was told last, by origin, where that is kept.
    sights: Option<Mutex<HashMap<Origin, Sight>>>,
}

impl Client {
    /// Makes the client of a run that must end `deadline` (on [`Clock::monotonic`]) at the latest. A file of `options` that cannot
    /// be read or holds something else is an error of class `usage` that names it; so is a folder for raw copies that exists. What
    /// a proxy's address holds as a password is taught to the redactor.
    pub fn new(options: &Options, clock: Clock, deadline: Duration, redactor: Redactor) -> Result<Self, Error> {
        let shared = Shared {
            transports: Transports::new(options, &redactor)?,
            paces: Mutex::default(),
            requests: AtomicU64::new(0),
            raw: options.save_raw.as_deref().map(RawCopies::create).transpose()?,
            routes: Routes::of(options),
            sights: options.keep_sights.then(Mutex::default),
        };
        Ok(Self { clock, deadline, redactor, random: Random::system(), shared: Arc::new(shared) })
    }

    /// The same client with its waits drawn from `random`.
    #[must_use]
    pub fn with_random(mut self, random: Random) -> Self {
        self.random = random;
        self
    }

    /// Sends a call and reads the answer whole, within the bound.
    pub async fn send(&self, call: Call) -> Result<Reply, Error> {
        taken(self.run(call, None, Form::WHOLE).await?)
    }

    /// Sends a call and decodes the answer as it streams.
    pub async fn json<T: DeserializeOwned + Send + 'static>(&self, call: Call) -> Result<T, Error> {
        self.json_as(call, None).await
    }

    pub(super) async fn json_as<T>(&self, call: Call, signer: Option<&Signer>) -> Result<T, Error>
    where
        T: DeserializeOwned + Send + 'static,
    {
        taken(self.run(call, signer, Form::json::<T>()).await?)
    }

    /// The loop. Every request of every platform goes through it.
    pub(super) async fn run(&self, mut call: Call, signer: Option<&Signer>, form: Form) -> Result<Answer, Error> {
        call.accepts_json |= form.is_json();
        let began = self.clock.monotonic();
        let mut retry = Retry::new(&call);
        loop {
            // Paced first: a token that was taken before a long wait could end during it.
            self.pace(&call).await;
            let token = match signer {
                Some(signer) => Some(signer.token(self).await.map_err(|error| error.before_call(retry.is_unsent()))?),
                None => None,
            };
            let signature = signer.zip(token.as_ref());
            let fault = match self.attempt(&call, signature, &retry, form).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            let renewals = match signature {
                Some((signer, token)) if fault.status() == Some(401) => signer.renewals_after(token).await,
                _ => 0,
            };
            match retry.after(fault, &call, renewals, self.remaining(), &self.random) {
                Step::Renew => {
                    if let Some((signer, token)) = signature {
                        signer.discard(token).await;
                    }
                }
                Step::Follow(target) => call.url = target,
                Step::Wait(duration) => {
                    tracing::debug!(url = %self.shown(&call), ?duration, "waiting before the next try");
                    self.clock.sleep(duration).await;
                }
                Step::Fail(fault) => {
                    let spent = self.clock.monotonic().saturating_sub(began);
                    let effort = Effort { retries: retry.retries(), spent };
                    let done = match signer {
                        Some(signer) if fault.status() == Some(401) => signer.account(retry.renewals()).await,
                        _ => None,
                    };
                    let error = Error::of_call(&call, &fault, effort, retry.is_unsent(), &self.redactor);
                    return Err(error.after(done.as_deref()));
                }
            }
        }
    }

    /// One request and its answer, within the time that it may take.
    async fn attempt(
        &self,
        call: &Call,
        signature: Option<(&Signer, &Token)>,
        retry: &Retry,
        form: Form,
    ) -> Result<Answer, Fault> {
        let _hold = self.clock.hold();
        let limit = self.limit(call)?;
        let pool = self.shared.transports.pool_for(call)?;
        let request =
            request::build(call, signature.map(|(signer, token)| (signer.placement(), &token.secret))).await?;
        self.shared.requests.fetch_add(1, Ordering::Relaxed);
        let began = self.clock.monotonic();
        let repeated = !retry.is_unsent();
        let mut answered = None;
        let mut copied = None;
        let exchange = async {
            let response = pool.execute(request).await.map_err(Fault::of_transport)?;
            let head = Head::read(response.status().as_u16(), response.headers(), &call.url, self.clock.now());
            self.learn_pace(call, &head);
            if let Some(sights) = &self.shared.sights {
                let tls = response.extensions().get::<reqwest::tls::TlsInfo>();
                let sight = Sight::of(&head, tls.and_then(reqwest::tls::TlsInfo::peer_certificate));
                let mut sights = sights.lock().unwrap_or_else(PoisonError::into_inner);
                let earlier = sights.remove(&call.url.origin()).unwrap_or_default();
                sights.insert(call.url.origin(), sight.or(earlier));
            }
            answered = Some(head.clone());
            let raw = self.shared.raw.as_ref().filter(|_| !call.private);
            let copy = raw.map(|raw| raw.begin(call, &head));
            copied.clone_from(&copy);
            match head.status {
                status if (200..300).contains(&status) || call.expected.contains(&status) => {
                    Incoming::new(head, response, repeated, call.accepts_json, copy).read(form).await
                }
                status @ 300..400 => Err(Fault::Redirected { status, target: head.location }),
                _ => Err(Incoming::new(head, response, repeated, call.accepts_json, copy).refusal(call.refusal).await),
            }
        };
        let outcome = match tokio::time::timeout(limit, exchange).await {
            Ok(outcome) => outcome,
            Err(_) if self.remaining().is_zero() => Err(Fault::DeadlinePassed { sent: true }),
            Err(_) => Err(Fault::TimedOut(limit)),
        };
        if let Some(copy) = copied {
            copy.write(self.redactor.clone()).await;
        }
        self.trace(call, retry.retries() + 1, began, answered.as_ref(), outcome.as_ref().err());
        outcome
    }

    /// How long one attempt may take. A socket takes real time: where the clock is simulated, what is left on it says nothing of
    /// how long to wait for an answer.
    fn limit(&self, call: &Call) -> Result<Duration, Fault> {
        let left = self.remaining();
        if left.is_zero() {
            return Err(Fault::DeadlinePassed { sent: false });
        }
        let usual = ATTEMPT + Duration::from_secs(call.body.file_length() / SLOWEST_UPLOAD);
        let limit = call.timeout.map_or(usual, |timeout| timeout.min(usual));
        Ok(if self.clock.is_simulated() { limit } else { limit.min(left) })
    }

    /// Waits until the server's rate limit has room for the call.
    async fn pace(&self, call: &Call) {
        let pace = self.paces().get(&call.url.origin()).copied().unwrap_or_default();
        let wait = pace.wait(call.poll, self.clock.monotonic(), self.remaining());
        if !wait.is_zero() {
            tracing::debug!(url = %self.shown(call), ?wait, "keeping the rate limit");
            self.clock.sleep(wait).await;
        }
    }

    fn learn_pace(&self, call: &Call, head: &Head) {
        self.paces().entry(call.url.origin()).or_default().learn(&head.rate_limit, self.clock.monotonic());
    }

    fn paces(&self) -> MutexGuard<'_, HashMap<Origin, Pace>> {
        self.shared.paces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn trace(&self, call: &Call, attempt: u32, began: Duration, head: Option<&Head>, fault: Option<&Fault>) {
        let clean = |text: &str| words::one_line(text, |line| call.conceal(&self.redactor.clean(line)));
        tracing::debug!(
            method = call.method.as_str(),
            url = %self.shown(call),
            attempt,
            status = head.map(|head| head.status),
            request_id = head.and_then(|head| head.request_id.as_deref()).map(clean),
            milliseconds = u64::try_from(self.clock.monotonic().saturating_sub(began).as_millis()).unwrap_or(u64::MAX),
            fault = fault.map(|fault| clean(&fault.to_string())),
            "request"
        );
    }

    fn shown(&self, call: &Call) -> String {
        self.redactor.clean(&SafeUrl::new(&call.url).to_string())
    }

    /// The time that governs waits and the deadline.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Takes secrets out of texts.
    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// What is left until the deadline; zero once it has passed.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_sub(self.clock.monotonic())
    }

    /// What the origin of `url` has told beside the content of its answers; `None` where it has not answered, or nothing is kept.
    pub fn sight(&self, url: &Url) -> Option<Sight> {
        let sights = self.shared.sights.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        sights.get(&url.origin()).cloned()
    }

    /// How many certificates of authorities `--ca-cert` gave.
    pub fn own_roots(&self) -> usize {
        self.shared.transports.own_roots()
    }

    pub(super) fn routes(&self) -> &Routes {
        &self.shared.routes
    }

    /// Requests sent so far, retries and token exchanges included.
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }
}

/// An answer as what its form says that it is. Only this is compiled for each type, and the loop once.
pub(super) fn taken<T: 'static>(answer: Answer) -> Result<T, Error> {
    let answer = answer.content.downcast().map_err(|_other_type| {
        let bug = "this is a bug in scangate; please report it";
        Error::local(Class::Internal, "an answer was read as something else".to_owned(), bug)
    })?;
    Ok(*answer)
}
