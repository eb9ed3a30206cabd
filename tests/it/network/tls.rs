//! Certificates of a private authority, and client certificates.
#![expect(clippy::unwrap_used, reason = "a helper of a test may fail as loudly as the test")]

use std::path::Path;

use super::authority::{Authority, Signed};
use super::nginx::Nginx;
use crate::harness::{Ended, Scangate};
use crate::served::Served;
use crate::tool;

/// The names for which a server's certificate is good.
pub(super) const NAMES: &str = "DNS:localhost,DNS:platform.test,IP:127.0.0.1,IP:0.0.0.0";

/// What a test of this file needs: the sandbox, an authority, and nginx.
struct Parts {
    sandbox: Served,
    authority: Authority,
    nginx: std::path::PathBuf,
}

impl Parts {
    fn find() -> Option<Self> {
        let [nginx, openssl] = tool::find(["nginx", "openssl"], "no foreign server spoke TLS to the client")?;
        Some(Self { sandbox: Served::of("bestdefense", 100, &[]), authority: Authority::new(openssl), nginx })
    }

    fn serve(&self, signed: &Signed, directives: &str) -> Nginx {
        let upstream = self.sandbox.variable("SCANGATE_BESTDEFENSE_API_URL");
        Nginx::start(&self.nginx, signed, upstream, directives)
    }

    /// A scan through a server, with `flags` behind those that every such scan has.
    fn scan(&self, url: &str, flags: &[(&str, &Path)]) -> Ended {
        let always = [
            "scan",
            "--platform",
            "bestdefense",
            "--poll-interval",
            "100ms",
            "-vv",
            "--timeout",
            "30s",
            "--api-url",
            url,
        ];
        let flags = flags.iter().flat_map(|(name, path)| [(*name).to_owned(), path.display().to_string()]);
        let scan = Scangate::new(always.map(ToOwned::to_owned).into_iter().chain(flags));
        self.sandbox.told(scan).run()
    }
}

/// Fails unless the run ended with exit code 4 before the platform had a request, not to be tried again, and said so.
#[track_caller]
fn assert_untrusted(ended: &Ended, words: &str, nginx: &Nginx) {
    ended.assert_exit_code(4).assert_stderr_has("got no trusted connection").assert_stderr_has(words);
    let outcome: serde_json::Value = serde_json::from_str(&ended.file("work/scangate-outcome.json")).unwrap();
    assert_eq!(outcome["class"], "unavailable");
    assert_eq!(outcome["retryable"], false, "{outcome}");
    assert!(!nginx.requests().contains("Bearer"), "{}", nginx.requests());
}

#[test]
fn a_private_authority_is_believed_with_ca_cert_and_only_with_it() {
    let Some(parts) = Parts::find() else { return };
    let nginx = parts.serve(&parts.authority.sign("server", NAMES, 30), "");
    let ca = parts.authority.certificate();
    for host in ["localhost", "127.0.0.1"] {
        let ended = parts.scan(&nginx.url(host), &[("--ca-cert", &ca)]);
        ended.assert_exit_code(1);
        assert!(ended.has("work/scangate.sarif"));
    }
    let ended = parts.scan(&nginx.url("localhost"), &[]);
    ended.assert_exit_code(4).assert_stderr_has("--ca-cert").assert_stderr_has("UnknownIssuer");
    let stranger = parts.serve(&parts.authority.sign("other", NAMES, 30), "");
    assert_untrusted(&parts.scan(&stranger.url("localhost"), &[]), "--ca-cert", &stranger);
}

#[test]
fn a_certificate_that_has_ended_or_is_for_another_name_is_refused() {
    let Some(parts) = Parts::find() else { return };
    let ca = parts.authority.certificate();
    for (name, subjects, days, words) in
        [("ended", NAMES, -1, "xpired"), ("elsewhere", "DNS:platform.example", 30, "not valid for name")]
    {
        let nginx = parts.serve(&parts.authority.sign(name, subjects, days), "");
        assert_untrusted(&parts.scan(&nginx.url("localhost"), &[("--ca-cert", &ca)]), words, &nginx);
    }
}

#[test]
fn a_server_that_knows_only_tls_1_1_is_refused() {
    let Some(parts) = Parts::find() else { return };
    let signed = parts.authority.sign("server", NAMES, 30);
    let nginx = parts.serve(&signed, "ssl_protocols TLSv1.1; ssl_ciphers DEFAULT:@SECLEVEL=0;");
    let ended = parts.scan(&nginx.url("localhost"), &[("--ca-cert", &parts.authority.certificate())]);
    assert_untrusted(&ended, "ProtocolVersion", &nginx);
    let newer = parts.serve(&signed, "ssl_protocols TLSv1.2;");
    let ended = parts.scan(&newer.url("localhost"), &[("--ca-cert", &parts.authority.certificate())]);
    ended.assert_exit_code(1);
}

#[test]
fn a_client_certificate_is_shown_where_one_is_demanded() {
    let Some(parts) = Parts::find() else { return };
    let ca = parts.authority.certificate();
    let demand = format!("ssl_verify_client on; ssl_client_certificate {};", ca.display());
    let nginx = parts.serve(&parts.authority.sign("server", NAMES, 30), &demand);
    let client = parts.authority.sign("client", "email:ci@example.org", 30);
    let url = nginx.url("localhost");
    let (certificate, key) = (("--client-cert", client.certificate.as_path()), ("--client-key", client.key.as_path()));
    let ended = parts.scan(&url, &[("--ca-cert", &ca), certificate, key]);
    ended.assert_exit_code(1);
    // Of the key nothing is ever shown, not even a line of its base64.
    let pem = fs_err::read_to_string(&client.key).unwrap();
    pem.lines().filter(|line| !line.starts_with('-')).for_each(|line| {
        ended.assert_no_trace_of(line);
    });

    // nginx lets the handshake pass, and answers the request with a page of its own.
    let ended = parts.scan(&url, &[("--ca-cert", &ca)]);
    assert_ne!(ended.exit_code(), 1);
    ended.assert_stderr_has("answered 400").assert_stderr_has("No required SSL certificate was sent");
}

#[test]
fn an_encrypted_client_key_is_an_error_that_says_so() {
    let Some(parts) = Parts::find() else { return };
    let ca = parts.authority.certificate();
    let nginx = parts.serve(&parts.authority.sign("server", NAMES, 30), "");
    let client = parts.authority.sign("client", "email:ci@example.org", 30);
    for form in ["pkey -aes256", "ec -aes256", "pkcs8 -topk8"] {
        let key = parts.authority.encrypt(&client.key, form);
        let flags = [("--ca-cert", &*ca), ("--client-cert", &*client.certificate), ("--client-key", &*key)];
        let ended = parts.scan(&nginx.url("localhost"), &flags);
        ended.assert_exit_code(2).assert_stderr_has("the key is encrypted").assert_stderr_has("openssl pkey");
        ended.assert_no_trace_of("key-password-0123");
    }
    assert_eq!(nginx.requests(), "");
}
