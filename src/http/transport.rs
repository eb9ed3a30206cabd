//! Connections: TLS roots, client certificates, proxies, and which requests may share a connection.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::{Certificate, ClientBuilder, Identity, NoProxy, Proxy};
use rustls::RootCertStore;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use url::Url;

use super::call::{Call, Replay};
use super::client::Options;
use super::error::Error;
use super::fault::{Fault, root_cause};
use super::origin::is_loopback;
use super::redact::Redactor;
use super::route::{exceptions, is_everybody, proxy_url};
use crate::credentials::Secret;
use crate::error::Class;

/// To get from a name to a connection, TLS included, before giving it up.
pub(super) const CONNECT: Duration = Duration::from_secs(10);

/// Who is asking, as `scangate/1.2.3`.
const USER_AGENT: &str = concat!("scangate/", env!("CARGO_PKG_VERSION"));

/// The connection pools of one run.
///
/// They are made when first needed, because reading the system's roots takes milliseconds, and because a machine without any must
/// still be able to speak plain http to itself: reqwest refuses to build a client without roots, whatever the scheme.
pub(super) struct Transports {
    roots: Vec<Certificate>,
    identity: Option<Identity>,
    proxies: Vec<Proxy>,
    insecure_http: bool,
    keeps_certificates: bool,
    plain: OnceLock<Pool>,
    plain_once: OnceLock<Pool>,
    secure: OnceLock<Pool>,
    secure_once: OnceLock<Pool>,
}

#[expect(clippy::disallowed_types, reason = "src/http is the place that may name it")]
type Pool = reqwest::Client;

impl Transports {
    /// Reads the files that `options` names, and checks the proxies.
    pub(super) fn new(options: &Options, redactor: &Redactor) -> Result<Self, Error> {
        Ok(Self {
            roots: options.ca_cert.as_deref().map(roots).transpose()?.unwrap_or_default(),
            identity: identity(options.client_cert.as_deref(), options.client_key.as_deref())?,
            proxies: proxies(options, redactor)?,
            insecure_http: options.insecure_http,
            keeps_certificates: options.keep_sights,
            plain: OnceLock::new(),
            plain_once: OnceLock::new(),
            secure: OnceLock::new(),
            secure_once: OnceLock::new(),
        })
    }

    /// How many certificates of authorities were given.
    pub(super) fn own_roots(&self) -> usize {
        self.roots.len()
    }

    /// The pool for a call, if the call may be sent at all.
    ///
    /// A request on a kept connection that the server closes at that moment is lost, and nobody can tell whether it was read. What
    /// must not be repeated blindly therefore gets a connection of its own.
    pub(super) fn pool_for(&self, call: &Call) -> Result<&Pool, Fault> {
        self.admit(&call.url)?;
        let secure = call.url.scheme() == "https" || !(self.proxies.is_empty() || is_loopback(&call.url));
        let reuse = call.replay == Replay::Safe;
        let pool = match (secure, reuse) {
            (true, true) => &self.secure,
            (true, false) => &self.secure_once,
            (false, true) => &self.plain,
            (false, false) => &self.plain_once,
        };
        if let Some(pool) = pool.get() {
            return Ok(pool);
        }
        let made = self.builder(secure, reuse).build().map_err(|error| unbuildable(&error))?;
        Ok(pool.get_or_init(|| made))
    }

    /// Refuses addresses to which a request would betray its secrets.
    fn admit(&self, url: &Url) -> Result<(), Fault> {
        let (problem, hint) = match url.scheme() {
            _ if !url.username().is_empty() || url.password().is_some() => (
                "the address holds a user name or a password",
                "take it out of the address and use the platform's credential",
            ),
            "https" => return Ok(()),
            "http" if self.insecure_http || is_loopback(url) => return Ok(()),
            "http" => (
                "plain http shows the credential and the findings to everyone on the way",
                "use an https address, or allow it with --insecure-http",
            ),
            _ => ("the address is neither https nor http", "use an https address"),
        };
        Err(Fault::Local { class: Class::Usage, problem: problem.to_owned(), hint })
    }

    fn builder(&self, secure: bool, reuse: bool) -> ClientBuilder {
        install_ring();
        let builder = ClientBuilder::new()
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT)
            .http1_only()
            .gzip(true)
            // The loop in client.rs decides on redirects and retries, and the settings' snapshot on proxies: not the library, and
            // not the environment behind everyone's back.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .tls_info(self.keeps_certificates)
            .no_proxy();
        let builder = if reuse { builder } else { builder.pool_max_idle_per_host(0) };
        let builder = if secure { builder.tls_certs_merge(self.roots.clone()) } else { builder.tls_certs_only([]) };
        let builder = self.proxies.iter().cloned().fold(builder, ClientBuilder::proxy);
        match &self.identity {
            Some(identity) if secure => builder.identity(identity.clone()),
            _ => builder,
        }
    }
}

/// Makes ring the process's provider of cryptography. rustls has none built in here, and panics where none is installed.
fn install_ring() {
    if CryptoProvider::get_default().is_none() {
        // It fails only where another thread was quicker, and then ring is installed just the same.
        drop(ring::default_provider().install_default());
    }
}

fn unbuildable(error: &reqwest::Error) -> Fault {
    Fault::Local {
        class: Class::Usage,
        problem: format!("TLS cannot be set up: {}", root_cause(error)),
        hint: "install the system's certificates (ca-certificates), or name them with SSL_CERT_FILE or --ca-cert; and check \
               that --client-cert and --client-key belong together",
    }
}

fn usage(message: String, hint: &str) -> Error {
    Error::local(Class::Usage, message, hint)
}

fn read(flag: &str, path: &Path) -> Result<Vec<u8>, Error> {
    fs_err::read(path).map_err(|cause| usage(format!("{flag}: {cause}"), "check the path and that it can be read"))
}

/// The certificates of a PEM file, each one tried as a root, so that a bad file is named now and not at the first request.
fn roots(path: &Path) -> Result<Vec<Certificate>, Error> {
    let invalid = |problem: String| {
        usage(
            format!("--ca-cert: {}: {problem}", path.display()),
            "give certificates in PEM, from BEGIN to END CERTIFICATE",
        )
    };
    let pem = read("--ca-cert", path)?;
    let mut tried = RootCertStore::empty();
    let mut roots = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|cause| invalid(format!("not valid PEM: {cause}")))?;
        roots.push(Certificate::from_der(&certificate).map_err(|cause| invalid(cause.to_string()))?);
        tried.add(certificate).map_err(|cause| invalid(format!("not a certificate: {cause}")))?;
    }
    if roots.is_empty() {
        return Err(invalid("holds no certificate".to_owned()));
    }
    Ok(roots)
}

/// The certificate and the key, which may be in one file.
fn identity(certificate: Option<&Path>, key: Option<&Path>) -> Result<Option<Identity>, Error> {
    let Some(path) = certificate else {
        return match key {
            Some(_) => Err(usage("--client-key is given without --client-cert".to_owned(), "give both")),
            None => Ok(None),
        };
    };
    let mut pem = read("--client-cert", path)?;
    if let Some(key) = key {
        pem.push(b'\n');
        pem.extend(read("--client-key", key)?);
    }
    let is_encrypted = |label: &str| pem.windows(label.len()).any(|window| window == label.as_bytes());
    if is_encrypted("-----BEGIN ENCRYPTED PRIVATE KEY-----") || is_encrypted("\nProc-Type: 4,ENCRYPTED") {
        let path = key.unwrap_or(path);
        return Err(usage(
            format!(
                "--client-key: {}: the key is encrypted, and there is nobody to ask for its password",
                path.display()
            ),
            "decrypt it with `openssl pkey -in KEY -out FILE`, and give that file, readable for this user alone",
        ));
    }
    Identity::from_pem(&pem).map(Some).map_err(|error| {
        usage(
            format!("--client-cert: {}: {}", path.display(), root_cause(&error)),
            "give the certificate with --client-cert and its unencrypted key with --client-key, both in PEM",
        )
    })
}

fn proxies(options: &Options, redactor: &Redactor) -> Result<Vec<Proxy>, Error> {
    let exceptions = exceptions(options);
    // The library takes the star for all names, and not for addresses.
    let none_is_proxied = is_everybody(&exceptions);
    let exceptions = NoProxy::from_string(&exceptions);
    let proxy = |variable: &str, address: &Option<String>, make: fn(Url) -> reqwest::Result<Proxy>| {
        let Some(address) = address else { return Ok(None) };
        // The address may hold a password, so no message repeats it.
        let parsed = proxy_url(address);
        if let Some(address) = &parsed {
            learn_password(address, redactor);
        }
        let parsed = parsed.and_then(|address| make(address).ok());
        let proxy = parsed.ok_or_else(|| {
            usage(
                format!("{variable} is not the address of a proxy"),
                "write it as http://host:port, or leave it empty",
            )
        })?;
        Ok((!none_is_proxied).then(|| proxy.no_proxy(exceptions.clone())))
    };
    let https = proxy("HTTPS_PROXY", &options.https_proxy, Proxy::https)?;
    let http = proxy("HTTP_PROXY", &options.http_proxy, Proxy::http)?;
    Ok(https.into_iter().chain(http).collect())
}

/// Teaches the redactor the password of a proxy's address, as it stands there, as it is meant, and as it is sent: with the user's
/// name, in base64 (RFC 7617).
fn learn_password(address: &Url, redactor: &Redactor) {
    let Some(password) = address.password() else { return };
    let (user, plain) = (percent_decoded(address.username()), percent_decoded(password));
    for secret in [password, &plain, &format!("{user}:{plain}")] {
        if let Some(secret) = Secret::new(secret) {
            redactor.learn(&secret);
        }
    }
}

fn percent_decoded(text: &str) -> String {
    let value = text.replace('+', "%2B").replace('&', "%26");
    url::form_urlencoded::parse(format!("={value}").as_bytes()).map(|(_, value)| value.into_owned()).collect()
}
