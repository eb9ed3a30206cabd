//! A proxy that wants a user name and a password, and the exceptions from it.
#![expect(clippy::unwrap_used, reason = "a helper of a test may fail as loudly as the test")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::authority::Authority;
use super::nginx::Nginx;
use super::squid::{BEHIND, PASSWORD, Squid, USER};
use super::tls::NAMES;
use crate::harness::{Ended, Scangate};
use crate::served::Served;
use crate::tool;

/// A name of this machine that is not loopback by its form, though it leads there.
const HERE: &str = "0.0.0.0";

/// A platform behind TLS, and a proxy before it.
struct Parts {
    sandbox: Served,
    authority: Authority,
    server: Nginx,
    proxy: Squid,
}

impl Parts {
    fn start() -> Option<Self> {
        let without = "no foreign proxy was between client and server";
        let [nginx, openssl, squid, helper] = tool::find(["nginx", "openssl", "squid", "basic_ncsa_auth"], without)?;
        let sandbox = Served::of("bestdefense", 100, &[]);
        let proxy = Squid::start(&[squid, helper, openssl.clone()]);
        let authority = Authority::new(openssl);
        let upstream = sandbox.variable("SCANGATE_BESTDEFENSE_API_URL");
        let server = Nginx::start(&nginx, &authority.sign("server", NAMES, 30), upstream, "");
        Some(Self { sandbox, authority, server, proxy })
    }

    /// A call with a proxy whose credentials these are.
    fn call(&self, arguments: &[&str], url: &str, credentials: &str) -> Scangate {
        let ca = self.authority.certificate();
        let always = ["--platform", "bestdefense", "--api-url", url, "--ca-cert", ca.to_str().unwrap(), "-vv"];
        let call = self.sandbox.told(Scangate::new(arguments.iter().chain(&always)));
        call.env("HTTPS_PROXY", self.proxy.url(credentials))
    }

    fn scan(&self, credentials: &str) -> Ended {
        let url = self.server.url(BEHIND);
        self.call(&["scan", "--poll-interval", "100ms", "--timeout", "60s"], &url, credentials).run()
    }

    /// A call of the API, whose end does not matter.
    fn look(&self, url: &str, no_proxy: &str) -> Ended {
        let call = self.call(&["api", "GET", "/sites", "--timeout", "1s"], url, &format!("{USER}:{PASSWORD}@"));
        call.env("NO_PROXY", no_proxy).run()
    }

    fn token(&self) -> &str {
        self.sandbox.variable("BD_API_TOKEN")
    }
}

/// What a proxy is sent in place of a password.
fn sent(password: &str) -> String {
    STANDARD.encode(format!("{USER}:{password}")).trim_end_matches('=').to_owned()
}

#[test]
fn a_scan_goes_through_a_tunnel_in_which_neither_side_sees_the_others_secret() {
    let Some(parts) = Parts::start() else { return };
    let ended = parts.scan(&format!("{USER}:{PASSWORD}@"));
    ended.assert_exit_code(1).assert_no_trace_of(parts.token());
    ended.assert_no_trace_of(PASSWORD).assert_no_trace_of(&sent(PASSWORD));
    let (at_server, at_proxy) = (parts.server.requests(), parts.proxy.requests());
    assert!(at_server.contains(parts.token()), "the platform has to see its token: {at_server}");
    assert!(!at_server.contains(PASSWORD) && !at_server.contains(&sent(PASSWORD)), "{at_server}");
    assert!(at_proxy.contains(&format!("CONNECT {BEHIND}:")), "{at_proxy}");
    assert!(at_proxy.lines().all(|line| line.starts_with("CONNECT ")), "{at_proxy}");
    assert!(!at_proxy.contains(parts.token()) && !at_proxy.contains("Bearer"), "{at_proxy}");
}

#[test]
fn a_password_is_taken_percent_encoded_too_and_shown_in_neither_form() {
    let Some(parts) = Parts::start() else { return };
    let encoded = PASSWORD.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
    let ended = parts.scan(&format!("{USER}:{encoded}@"));
    ended.assert_exit_code(1);
    ended.assert_no_trace_of(PASSWORD).assert_no_trace_of(&encoded).assert_no_trace_of(&sent(PASSWORD));
}

#[test]
fn a_missing_or_wrong_password_is_told_in_one_line_and_tried_once() {
    let wrong = "wrong-secret-5d1e";
    for credentials in [String::new(), format!("{USER}:{wrong}@")] {
        let Some(parts) = Parts::start() else { return };
        let ended = parts.scan(&credentials);
        ended.assert_exit_code(2).assert_stderr_has("the proxy wants a user name and a password that it accepts (407)");
        ended.assert_stderr_has("HTTPS_PROXY").assert_no_trace_of(wrong).assert_no_trace_of(&sent(wrong));
        let outcome: Value = serde_json::from_str(&ended.file("work/scangate-outcome.json")).unwrap();
        assert_eq!((&outcome["class"], &outcome["retryable"]), (&"usage".into(), &false.into()));
        assert_eq!(parts.server.requests(), "");
        let at_proxy = parts.proxy.requests();
        assert_eq!(at_proxy.matches("CONNECT ").count(), 1, "{at_proxy}");
    }
}

#[test]
fn a_proxy_that_does_not_reach_the_host_is_said_to_be_the_reason() {
    let Some(parts) = Parts::start() else { return };
    let ended = parts.look(&format!("https://{BEHIND}:1"), "");
    ended.assert_stderr_has("the proxy gives no way to the host").assert_no_trace_of(PASSWORD);
}

#[test]
fn exceptions_are_names_domains_addresses_and_networks() {
    let Some(parts) = Parts::start() else { return };
    let requests = || parts.server.requests().lines().count();
    for (host, exception) in [
        (HERE, HERE),
        (HERE, "0.0.0.0/8"),
        (HERE, "other.test, 0.0.0.0"),
        (HERE, "*"),
        // Loopback is an exception whatever is said.
        ("127.0.0.1", ""),
        ("localhost", ""),
    ] {
        let before = requests();
        parts.look(&parts.server.url(host), exception);
        assert!(requests() > before, "{host} {exception}");
        assert_eq!(parts.proxy.requests(), "", "{host} {exception}");
    }
    let named = parts.server.url(BEHIND);
    for exception in [BEHIND, ".platform.test", "test", ".test"] {
        let said = parts.look(&named, exception).stderr();
        assert!(said.contains("found no address for the host"), "{exception}: {said}");
    }
    assert_eq!(parts.proxy.requests(), "");
    for exception in ["form.test", "other.test", "api.platform.test", "10.0.0.0/8", "127.0.0.0/8"] {
        let before = parts.proxy.requests().len();
        parts.look(&named, exception);
        assert!(parts.proxy.requests().len() > before, "{exception}");
    }
}
