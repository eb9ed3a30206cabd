//! Which authorities are believed, and what else TLS needs.

use super::check::Checks;
use crate::cli::Context;
use crate::error::Error;
use crate::http::{Client, Options};
use crate::report::counted;

/// The places of the system's authorities in one file, by distribution, as curl and OpenSSL know them.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
];

/// Reads what `--ca-cert`, `--client-cert` and `--client-key` name, and says which authorities are believed. False where no client
/// can be made.
pub(super) fn check(options: &Options, context: &Context, checks: &mut Checks) -> bool {
    const CHECK: &str = "certificates";
    let now = context.clock.monotonic();
    let own = match Client::new(options, context.clock.clone(), now, context.redactor.clone()) {
        Ok(client) => client.own_roots(),
        Err(error) => {
            checks.fail(CHECK, Error::from(error).to_problem());
            return false;
        }
    };
    let named = context.environment.get("SSL_CERT_FILE");
    let read = |path: &str| fs_err::read(path).ok().map(|pem| (path.to_owned(), certificates_in(&pem)));
    let system = named.map_or_else(|| BUNDLES.into_iter().find_map(read), read);
    let own_words = match own {
        0 => String::new(),
        _ => format!(", and {} of --ca-cert", counted(own as u64, "certificate")),
    };
    match system {
        Some((path, count)) if count > 0 => {
            checks.pass(CHECK, format!("the system's are believed, {count} of them in {path}{own_words}"));
        }
        _ if own > 0 => checks.pass(CHECK, format!("those of --ca-cert are believed, {own} of them")),
        _ => {
            let next = "if a server is not trusted below, install the system's certificates (ca-certificates), or name some with \
                        --ca-cert";
            checks.warn(CHECK, "no file of the system's authorities is found where it usually is", next);
        }
    }
    if options.client_cert.is_some() {
        checks.pass(CHECK, "a client certificate is given, with its key");
    }
    true
}

fn certificates_in(pem: &[u8]) -> usize {
    let begin = b"-----BEGIN CERTIFICATE-----";
    pem.split(|byte| *byte == b'\n').filter(|line| line.starts_with(begin)).count()
}
