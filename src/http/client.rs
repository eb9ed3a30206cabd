//! The one loop: authorise, pace, send, read, classify, renew or wait or fail.

use std::path::PathBuf;
use std::time::Duration;

use serde::de::DeserializeOwned;
use url::Url;

use super::{Authorizer, Call, Error, Redactor, Reply};
use crate::clock::Clock;

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
}

/// A client without credentials. Cheap to clone; all clones share one connection pool, one count of requests and one deadline.
#[derive(Clone)]
pub struct Client {
    clock: Clock,
    redactor: Redactor,
}

impl Client {
    /// Makes the client of a run that must end `deadline` (on [`Clock::monotonic`]) at the latest.
    pub fn new(_options: &Options, clock: Clock, _deadline: Duration, redactor: Redactor) -> Result<Self, Error> {
        Ok(Self { clock, redactor })
    }

    /// Sends a call and reads the answer whole, within the bound.
    pub async fn send(&self, _call: Call) -> Result<Reply, Error> {
        std::future::pending().await
    }

    /// Sends a call and decodes the answer as it streams.
    pub async fn json<T: DeserializeOwned + Send + 'static>(&self, _call: Call) -> Result<T, Error> {
        std::future::pending().await
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
        Duration::ZERO
    }

    /// Requests sent so far, retries and token exchanges included.
    pub fn requests(&self) -> u64 {
        0
    }
}

/// A client that is signed in at one origin. Its credential goes to no other.
#[derive(Clone)]
pub struct Session {
    client: Client,
}

impl Session {
    /// Binds `authorizer` to the origin of `base`. Calls to any other origin are refused before they are sent.
    pub fn new(client: Client, _base: &Url, _authorizer: Authorizer) -> Self {
        Self { client }
    }

    /// As [`Client::send`], signed in.
    pub async fn send(&self, call: Call) -> Result<Reply, Error> {
        self.client.send(call).await
    }

    /// As [`Client::json`], signed in.
    pub async fn json<T: DeserializeOwned + Send + 'static>(&self, call: Call) -> Result<T, Error> {
        self.client.json(call).await
    }

    /// The client without the credential.
    pub fn client(&self) -> &Client {
        &self.client
    }
}
