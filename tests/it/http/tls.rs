//! Certificates: strangers are refused, `--ca-cert` is believed, and a machine without roots can still speak to itself.
//!
//! The certificates in `tests/data/tls` were made for these tests with `openssl` and are good for a hundred years: an authority,
//! a server for `localhost` and 127.0.0.1, and a client, both signed by the authority.
#![expect(clippy::unwrap_used, reason = "a test's fixture that fails has to fail the test")]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use scangate::error::Class;
use scangate::http::{Call, Options};
use tempfile::TempDir;
use url::Url;

use super::{client_with, is};
use crate::served::in_process;

fn data(name: &str) -> Vec<u8> {
    fs_err::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls").join(name)).unwrap()
}

/// Writes a DER file of the test data as PEM.
pub(crate) fn pem(folder: &TempDir, name: &str, label: &str) -> PathBuf {
    let path = folder.path().join(name).with_extension("pem");
    let text = format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(data(name)));
    fs_err::write(&path, text).unwrap();
    path
}

/// Serves TLS, one short answer a connection, for as long as the test runs.
pub(crate) fn serve(wants_client_certificate: bool) -> Url {
    serve_at("127.0.0.1:0", wants_client_certificate)
}

fn serve_at(address: &str, wants_client_certificate: bool) -> Url {
    let provider = Arc::new(ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().unwrap();
    let builder = if wants_client_certificate {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(data("ca.der"))).unwrap();
        builder.with_client_cert_verifier(
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap(),
        )
    } else {
        builder.with_no_client_auth()
    };
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(data("server.key.der")));
    let config = Arc::new(builder.with_single_cert(vec![CertificateDer::from(data("server.der"))], key).unwrap());
    let listener = TcpListener::bind(address).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream.unwrap());
            let mut request = [0; 4096];
            if stream.read(&mut request).is_ok_and(|count| count > 0) {
                drop(stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\nsecure"));
                stream.conn.send_close_notify();
                drop(stream.flush());
            }
        }
    });
    Url::parse(&format!("https://{address}/")).unwrap()
}

fn trusting(folder: &TempDir) -> Options {
    Options { ca_cert: Some(pem(folder, "ca.der", "CERTIFICATE")), ..Options::default() }
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused_once_and_says_what_to_do() {
    let client = client_with(&Options::default()).unwrap();
    let error = client.send(Call::get(serve(false))).await.unwrap_err();
    assert!(is(&error, Class::Unavailable) && !error.is_retryable() && error.is_unsent());
    assert!(
        error.to_string().contains("got no trusted connection: invalid peer certificate: UnknownIssuer"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("--ca-cert"));
    assert_eq!(client.requests(), 1);
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_told_from_one_that_is_not_trusted() {
    let (server, _) = in_process(&[], |_| {}).await;
    let url = Url::parse(&server.cybedefend().unwrap().api_url.replace("http:", "https:")).unwrap();
    let client = client_with(&Options::default()).unwrap();
    let error = client.send(Call::get(url)).await.unwrap_err();
    assert!(is(&error, Class::Unavailable) && !error.is_retryable() && error.is_unsent());
    assert!(error.to_string().ends_with("got no connection: the server speaks no TLS there"), "{error}");
    let hint = error.hint().unwrap();
    assert!(hint.contains("scheme and port") && !hint.contains("--ca-cert"), "{hint}");
}

#[tokio::test]
async fn the_authority_of_ca_cert_is_believed_beside_the_systems() {
    let folder = TempDir::new().unwrap();
    let reply = client_with(&trusting(&folder)).unwrap().send(Call::get(serve(false))).await.unwrap();
    assert_eq!(reply.body.as_ref(), b"secure");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let folder = TempDir::new().unwrap();
    let url = serve_at("127.0.0.2:0", false);
    let error = client_with(&trusting(&folder)).unwrap().send(Call::get(url)).await.unwrap_err();
    assert!(is(&error, Class::Unavailable) && !error.is_retryable(), "{error}");
    assert!(error.to_string().contains("not valid for name"), "{error}");
}

#[tokio::test]
async fn a_server_that_wants_a_client_certificate_gets_it() {
    let folder = TempDir::new().unwrap();
    let with = Options {
        client_cert: Some(pem(&folder, "client.der", "CERTIFICATE")),
        client_key: Some(pem(&folder, "client.key.der", "PRIVATE KEY")),
        ..trusting(&folder)
    };
    let reply = client_with(&with).unwrap().send(Call::get(serve(true))).await.unwrap();
    assert_eq!(reply.body.as_ref(), b"secure");

    let error = client_with(&trusting(&folder)).unwrap().send(Call::get(serve(true))).await.unwrap_err();
    assert!(is(&error, Class::Unavailable) && !error.is_retryable(), "{error}");
    assert!(error.hint().unwrap().contains("--client-cert"));
}

#[test]
fn a_file_that_is_missing_or_holds_something_else_is_named() {
    let folder = TempDir::new().unwrap();
    let garbage = folder.path().join("garbage.pem");
    fs_err::write(&garbage, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let text = folder.path().join("notes.txt");
    fs_err::write(&text, "no certificate here").unwrap();
    let missing = folder.path().join("missing.pem");
    for path in [garbage, text, missing] {
        for options in [
            Options { ca_cert: Some(path.clone()), ..Options::default() },
            Options { client_cert: Some(path.clone()), ..Options::default() },
        ] {
            let error = client_with(&options).err().unwrap();
            assert!(is(&error, Class::Usage), "{error}");
            assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        }
    }
}

#[tokio::test]
async fn a_certificate_and_a_key_that_do_not_belong_together_are_a_mistake_of_usage() {
    let folder = TempDir::new().unwrap();
    let options = Options {
        client_cert: Some(pem(&folder, "client.der", "CERTIFICATE")),
        client_key: Some(pem(&folder, "server.key.der", "PRIVATE KEY")),
        ..trusting(&folder)
    };
    let error = client_with(&options).unwrap().send(Call::get(serve(true))).await.unwrap_err();
    assert!(is(&error, Class::Usage) && error.is_unsent(), "{error}");
}

#[test]
fn a_key_without_a_certificate_is_a_mistake_of_usage() {
    let options = Options { client_key: Some(PathBuf::from("key.pem")), ..Options::default() };
    assert!(is(&client_with(&options).err().unwrap(), Class::Usage));
}

/// Runs tests of this file again in a process to which the system shows no roots.
fn without_roots(tests: &[&str]) {
    for test in tests {
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &format!("http::tls::{test}")])
            .env("SSL_CERT_FILE", "/nonexistent/roots.pem")
            .env("SSL_CERT_DIR", "/nonexistent")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&status.stdout);
        assert!(status.status.success() && said.contains("1 passed"), "{test}: {said}");
    }
}

#[test]
fn without_any_roots_plain_http_to_loopback_and_ca_cert_still_work() {
    without_roots(&[
        "plain_http_to_loopback_needs_no_roots",
        "the_authority_of_ca_cert_is_believed_beside_the_systems",
    ]);
}

#[tokio::test]
async fn plain_http_to_loopback_needs_no_roots() {
    let server = super::server::Server::start([super::server::answer(200, "", "plain")]).await;
    let reply = client_with(&Options::default()).unwrap().send(Call::get(server.url("/"))).await.unwrap();
    assert_eq!(reply.body.as_ref(), b"plain");
}
