//! Three listeners on the loopback interface, and how they end.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::cybedefend::{self, Emulator, Origins};
use super::entropy::Entropy;
use super::options::SandboxOptions;
use crate::credentials::Secret;

/// How long [`Server::shutdown`] waits for requests that are being answered.
const GRACE: Duration = Duration::from_secs(2);

/// A running sandbox. It ends when it is dropped, when [`Server::shutdown`] is called, or after its idle time.
pub struct Server {
    emulator: Arc<Emulator>,
    urls: Urls,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

struct Urls {
    api: String,
    auth: String,
    storage: String,
}

impl Server {
    /// Listens on three ports of 127.0.0.1 and serves on the current runtime.
    ///
    /// The error is the operating system's: a port that is taken, or no random source.
    pub async fn start(options: SandboxOptions) -> io::Result<Self> {
        let ports = options.ports;
        let (api, auth, storage) = (bind(ports.api).await?, bind(ports.auth).await?, bind(ports.storage).await?);
        let urls = Urls { api: api.url(), auth: auth.url(), storage: storage.url() };
        let origins = Origins { api: api.url(), auth: auth.url(), storage: storage.url() };
        let (stop, _) = watch::channel(false);
        let emulator = Arc::new(Emulator::new(options, origins, Entropy::new()?, stop.clone())?);
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(api.listener, cybedefend::api(&emulator, api.address.port()), stop.subscribe()));
        tasks.spawn(serve(auth.listener, cybedefend::auth(&emulator, auth.address.port()), stop.subscribe()));
        tasks.spawn(serve(storage.listener, cybedefend::storage(&emulator, storage.address.port()), stop.subscribe()));
        // A simulated clock moves for whoever waits on it, so that there the idle time is looked at when a request comes.
        if !emulator.clock().is_simulated() {
            tokio::spawn(end_when_idle(Arc::clone(&emulator), stop.clone()));
        }
        Ok(Self { emulator, urls, stop, tasks })
    }

    /// The API's URL, without a slash at the end.
    pub fn api_url(&self) -> &str {
        &self.urls.api
    }

    /// The identity provider's URL, without a slash at the end.
    pub fn auth_url(&self) -> &str {
        &self.urls.auth
    }

    /// The object storage's URL, without a slash at the end.
    pub fn storage_url(&self) -> &str {
        &self.urls.storage
    }

    /// The personal access token that the sandbox accepts.
    pub fn pat(&self) -> &Secret {
        self.emulator.pat()
    }

    /// The id of the one project.
    pub fn project_id(&self) -> &str {
        self.emulator.project_id()
    }

    /// Waits until the sandbox has ended by itself, after its idle time.
    pub async fn ended(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }

    /// Ends the sandbox: no new connections, and requests being answered have two seconds.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        // Whatever is not done by then is cut off by dropping the tasks.
        tokio::time::timeout(GRACE, self.ended()).await.unwrap_or_default();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

impl Bound {
    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Only ever the loopback interface.
async fn bind(port: u16) -> io::Result<Bound> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    Ok(Bound { listener, address })
}

async fn serve(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>) {
    let ended = async move {
        // An error means that the sender is gone, which is an end as well.
        drop(stop.wait_for(|stop| *stop).await);
    };
    // axum retries failed accepts itself and returns only after the signal.
    axum::serve(listener, router).with_graceful_shutdown(ended).await.unwrap_or_default();
}

async fn end_when_idle(emulator: Arc<Emulator>, stop: watch::Sender<bool>) {
    let mut stopped = stop.subscribe();
    loop {
        let left = emulator.idle_left();
        if left.is_zero() {
            stop.send_replace(true);
            return;
        }
        tokio::select! {
            () = emulator.clock().sleep(left) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}
