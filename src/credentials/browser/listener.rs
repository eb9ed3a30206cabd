//! The socket on which the browser brings the answer.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::page::{self, REFUSED};
use super::request::{self, Answer};
use crate::clock::Clock;
use crate::credentials::Secret;

/// The longest head of a request, in bytes. Browsers send the cookies of every program that has served `localhost`.
const LONGEST_HEAD: u64 = 64 << 10;

/// How long one connection may take.
const CONNECTION: Duration = Duration::from_secs(10);

/// How many connections are looked at side by side. Browsers open some that they may never use, and these must not be in the way.
const MOST_CONNECTIONS: usize = 16;

/// The pause after a connection that could not be accepted.
const PAUSE: Duration = Duration::from_millis(100);

/// A socket on 127.0.0.1, and the address by which the provider knows it.
pub(super) struct Listener {
    socket: TcpListener,
    host: String,
    path: &'static str,
}

impl Listener {
    /// Listens on a port of 127.0.0.1, and on no other interface.
    pub(super) async fn bind(port: u16, path: &'static str) -> io::Result<Self> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let host = format!("localhost:{}", socket.local_addr()?.port());
        Ok(Self { socket, host, path })
    }

    /// The redirect address.
    pub(super) fn address(&self) -> String {
        format!("http://{}{}", self.host, self.path)
    }

    /// Waits for the one request that carries the state, and answers all others with what they are.
    pub(super) async fn answer(&self, state: &Secret, clock: &Clock) -> Answer {
        let mut connections = FuturesUnordered::new();
        loop {
            tokio::select! {
                accepted = self.socket.accept(), if connections.len() < MOST_CONNECTIONS => match accepted {
                    Ok((connection, _)) => connections.push(self.serve(connection, state)),
                    Err(_) => clock.sleep(PAUSE).await,
                },
                // Every end is taken here: a pattern that did not match would leave the others unattended.
                Some(ended) = connections.next(), if !connections.is_empty() => {
                    if let Some(answer) = ended {
                        return answer;
                    }
                }
            }
        }
    }

    /// Answers one connection; the result is that with the state.
    async fn serve(&self, mut connection: TcpStream, state: &Secret) -> Option<Answer> {
        let mut answer = None;
        let exchange = async {
            let head = head(&mut connection).await.ok()?;
            if head.is_empty() {
                return None;
            }
            let response = match request::read(&head, &self.host, self.path, state) {
                Ok(read) => page::of(answer.insert(read)),
                Err(page) => {
                    if page.status == REFUSED.status {
                        tracing::warn!(
                            "a request that is not the login's own came to its address and was refused; the login goes on"
                        );
                    }
                    page.response()
                }
            };
            connection.write_all(response.as_bytes()).await.ok()?;
            connection.shutdown().await.ok()
        };
        // What was read counts, whether or not the browser waits for its page.
        tokio::time::timeout(CONNECTION, exchange).await.ok();
        answer
    }
}

/// The head of a request, up to its empty line or the bound. Nothing, where the browser did not use the connection.
async fn head(connection: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut bounded = connection.take(LONGEST_HEAD);
    while !head.windows(4).any(|bytes| bytes == b"\r\n\r\n") && bounded.read_buf(&mut head).await? > 0 {}
    Ok(head)
}
