//! The way to an address, looked at step by step: which proxy is used, whether its host or the server's has an address, and whether
//! somebody listens there. Nothing is sent; the calls themselves go their own way, by the same rules.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use url::{Host, Url};

use super::origin::origin_of;
use super::transport::CONNECT;
use super::{Client, Error, Options};
use crate::error::Class;

/// Loopback is never reached through a proxy: what may go there in plain text must not leave the machine.
const NEVER_PROXIED: &str = "localhost,127.0.0.0/8,::1";

/// The proxies and who is reached without them, as the settings say.
#[derive(Default)]
pub(super) struct Routes {
    https: Option<Url>,
    http: Option<Url>,
    exceptions: String,
}

/// The first step of the way to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The proxy by its origin, without user name and password; `None` where the server itself is reached.
    pub proxy: Option<String>,
    /// Whether a proxy is configured for such addresses, and this one is an exception to it.
    pub is_exception: bool,
    /// The host that is connected to, without the brackets of IPv6.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl Routes {
    /// Those of a client. What is wrong with an address is said where the client is made.
    pub(super) fn of(options: &Options) -> Self {
        let proxy = |address: &Option<String>| proxy_url(address.as_deref()?);
        Self { https: proxy(&options.https_proxy), http: proxy(&options.http_proxy), exceptions: exceptions(options) }
    }

    fn to(&self, url: &Url) -> Route {
        let proxy = if url.scheme() == "https" { self.https.as_ref() } else { self.http.as_ref() };
        let is_exception = proxy.is_some() && is_exception(&self.exceptions, &host_of(url));
        let proxy = proxy.filter(|_| !is_exception);
        let first = proxy.unwrap_or(url);
        Route {
            proxy: proxy.map(origin_of),
            is_exception,
            host: host_of(first),
            port: first.port_or_known_default().unwrap_or_default(),
        }
    }
}

impl Client {
    /// The first step of the way that calls to an address take.
    pub fn route(&self, url: &Url) -> Route {
        self.routes().to(url)
    }

    /// The addresses of a route's host.
    ///
    /// # Errors
    /// Class `unavailable` where it has none, `timeout` where the deadline passes.
    pub async fn resolve(&self, route: &Route) -> Result<Vec<SocketAddr>, Error> {
        let host = &route.host;
        let failed = |cause: String| {
            let hint = "check the host name and the machine's name servers and, where a proxy is needed, HTTPS_PROXY and NO_PROXY";
            Error::local(Class::Unavailable, format!("no address is found for {host}: {cause}"), hint)
        };
        let found = timeout(self.patience(), lookup_host((host.as_str(), route.port))).await;
        let found = found.map_err(|_elapsed| self.late(&format!("the addresses of {host} are not known")))?;
        let addresses: Vec<SocketAddr> = found.map_err(|cause| failed(cause.to_string()))?.collect();
        if addresses.is_empty() { Err(failed("the name has none".to_owned())) } else { Ok(addresses) }
    }

    /// Connects to the first of these addresses at which somebody listens, and hangs up.
    ///
    /// # Errors
    /// As for [`Client::resolve`].
    pub async fn knock(&self, addresses: &[SocketAddr]) -> Result<SocketAddr, Error> {
        let connected = timeout(self.patience(), TcpStream::connect(addresses)).await;
        let stream = connected.map_err(|_elapsed| self.late("nobody has taken the connection"))?;
        stream.and_then(|stream| stream.peer_addr()).map_err(|cause| {
            let hint = "check address and port, firewalls in between and, behind a proxy, HTTPS_PROXY and NO_PROXY";
            Error::local(Class::Unavailable, format!("no connection is taken: {cause}"), hint)
        })
    }

    fn patience(&self) -> Duration {
        CONNECT.min(self.remaining())
    }

    fn late(&self, what: &str) -> Error {
        if self.remaining().is_zero() {
            let message = format!("{what}, and the deadline has passed");
            return Error::local(Class::Timeout, message, "allow more time with --timeout");
        }
        let message = format!("{what} within {} s", CONNECT.as_secs());
        Error::local(Class::Unavailable, message, "check the network and firewalls in between, or try again later")
    }
}

/// The address of a proxy. As with curl, one without a scheme is of an http proxy.
pub(super) fn proxy_url(address: &str) -> Option<Url> {
    let address = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
    Url::parse(&address).ok().filter(Url::has_host)
}

/// Who is reached without a proxy: whom `NO_PROXY` names, and this machine.
pub(super) fn exceptions(options: &Options) -> String {
    format!("{},{NEVER_PROXIED}", options.no_proxy.as_deref().unwrap_or_default())
}

/// Whether nobody is reached through a proxy.
pub(super) fn is_everybody(exceptions: &str) -> bool {
    exceptions.split(',').any(|exception| exception.trim() == "*")
}

fn host_of(url: &Url) -> String {
    match url.host() {
        Some(Host::Ipv6(address)) => address.to_string(),
        Some(host) => host.to_string(),
        None => String::new(),
    }
}

/// Whether `NO_PROXY` names a host: `*`, an address, a network as `10.0.0.0/8`, or a domain with all below it. These are the rules
/// of the client (hyper-util, `proxy::matcher`), which does not tell what it decides; tests/it/http/proxy.rs holds the two together.
fn is_exception(exceptions: &str, host: &str) -> bool {
    if is_everybody(exceptions) {
        return true;
    }
    let address: Option<IpAddr> = host.parse().ok();
    let mut exceptions = exceptions.split(',').map(str::trim).filter(|exception| !exception.is_empty());
    exceptions.any(|exception| match (address, network(exception)) {
        (Some(address), Some((network, bits))) => is_within(address, network, bits),
        (None, None) => {
            let domain = exception.strip_prefix('.').unwrap_or(exception).to_ascii_lowercase();
            let host = host.to_ascii_lowercase();
            host.strip_suffix(&domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        }
        _ => false,
    })
}

/// An address, or a network by its address and the bits that count.
fn network(text: &str) -> Option<(IpAddr, u32)> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().ok()?;
    let all = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Some(all), |bits| bits.parse().ok())?;
    (bits <= all).then_some((address, bits))
}

fn is_within(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    let differing = match (address, network) {
        (IpAddr::V4(one), IpAddr::V4(other)) => u128::from(one.to_bits() ^ other.to_bits()) << 96,
        (IpAddr::V6(one), IpAddr::V6(other)) => one.to_bits() ^ other.to_bits(),
        _ => return false,
    };
    differing.leading_zeros() >= bits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(no_proxy: &str) -> Routes {
        Routes::of(&Options {
            https_proxy: Some("http://me:hunter22@proxy.example:3128".to_owned()),
            no_proxy: Some(no_proxy.to_owned()),
            ..Options::default()
        })
    }

    fn goes_direct(no_proxy: &str, url: &str) -> bool {
        routes(no_proxy).to(&Url::parse(url).unwrap()).is_exception
    }

    #[test]
    fn a_proxy_is_shown_without_its_user_and_is_the_first_step() {
        let route = routes("").to(&Url::parse("https://api.example/v1").unwrap());
        let proxy = Some("http://proxy.example:3128".to_owned());
        assert_eq!(route, Route { proxy, is_exception: false, host: "proxy.example".to_owned(), port: 3128 });
        let plain = routes("").to(&Url::parse("http://api.example/v1").unwrap());
        assert_eq!((plain.proxy, plain.host.as_str(), plain.port), (None, "api.example", 80));
    }

    #[test]
    fn exceptions_are_domains_addresses_networks_and_all() {
        for (exception, url) in [
            ("example", "https://api.example"),
            (".example", "https://api.example"),
            ("x, API.example ", "https://api.example"),
            ("*", "https://api.example"),
            ("*", "https://10.1.2.3"),
            ("10.1.2.3", "https://10.1.2.3"),
            ("10.0.0.0/8", "https://10.1.2.3"),
            ("0.0.0.0/0", "https://10.1.2.3"),
            ("fd00::/8", "https://[fd12::1]:8443"),
            ("", "https://127.9.9.9"),
            ("", "https://localhost:1"),
            ("", "https://[::1]"),
        ] {
            assert!(goes_direct(exception, url), "{exception} {url}");
        }
        for (exception, url) in [
            ("pi.example", "https://api.example"),
            ("api.example.org", "https://api.example"),
            ("*.example", "https://api.example"),
            ("10.0.0.0/8", "https://11.1.2.3"),
            ("10.0.0.0/33", "https://10.1.2.3"),
            ("fd00::/8", "https://10.1.2.3"),
        ] {
            assert!(!goes_direct(exception, url), "{exception} {url}");
        }
    }
}
