//! Sockets on the loopback interface, and what is served on them.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::access::Access;

/// A socket that listens. It is bound before there is anything to serve, since an emulator has to know its own addresses.
pub(super) struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

impl Bound {
    /// Only ever the loopback interface; 0 is a free port.
    pub(super) async fn new(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// The origin, without a slash at the end.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Serves until `stop` turns true.
    pub(super) async fn serve(self, router: Router, mut stop: watch::Receiver<bool>) {
        let ended = async move {
            // An error means that the sender is gone, which is an end as well.
            drop(stop.wait_for(|stop| *stop).await);
        };
        // axum retries failed accepts itself and returns only after the signal.
        axum::serve(self.listener, router).with_graceful_shutdown(ended).await.unwrap_or_default();
    }
}

/// A dialect that is ready to be served: its origins, and how a client reaches them.
pub(super) struct Emulation {
    pub(super) origins: Vec<(Bound, Router)>,
    pub(super) access: Access,
}
