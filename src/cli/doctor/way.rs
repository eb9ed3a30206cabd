//! The way to one server: proxy, name, connection, TLS, an answer, and the clock. One request tells of the last three.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::check::Checks;
use crate::error::{Class, Error, Problem};
use crate::http::{self, Body, Call, Certificate, Client, Method, Replay, Route, Stage, is_loopback};
use crate::scan::wait::display_duration;

/// Before its end within these days a certificate is spoken of.
const CERTIFICATE_ENDS_SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// From here on a clock is spoken of, and from here on it is wrong.
const CLOCK_IS_OFF: Duration = Duration::from_secs(30);
const CLOCK_IS_WRONG: Duration = Duration::from_mins(5);

/// The steps that can end it, in their order.
const STEPS: [&str; 5] = ["dns", "tcp", "tls", "http", "clock"];

/// Walks it as far as it leads, and says whether that was to an answer, be it a refusal: no credential is sent.
pub(super) async fn walk(client: &Client, base: &Url, checks: &mut Checks) -> bool {
    checks.server = Some(base.origin().ascii_serialization());
    let lost = steps(client, base, checks).await.err();
    if let Some((step, error)) = &lost {
        checks.fail(step, Error::from(error.clone()).to_problem());
        let behind: Vec<_> = STEPS.into_iter().skip_while(|other| other != step).skip(1).collect();
        checks.skip(&behind, &format!("the check `{step}` failed"));
    }
    checks.server = None;
    lost.is_none()
}

/// The steps. The error is the one at which the way ends, and why.
async fn steps(client: &Client, base: &Url, checks: &mut Checks) -> Result<(), (&'static str, http::Error)> {
    let route = client.route(base);
    checks.pass("proxy", proxy(&route));
    let addresses = client.resolve(&route).await.map_err(|error| ("dns", error))?;
    let mut shown: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
    shown.dedup();
    let shown = Some(shown.join(", ")).filter(|shown| *shown != route.host);
    checks.pass("dns", format!("{} is {}", route.host, shown.as_deref().unwrap_or("an address")));
    let address = client.knock(&addresses).await.map_err(|error| ("tcp", error))?;
    checks.pass("tcp", format!("{address} takes connections"));
    let call = Call::new(Method::Head, base.clone(), Body::Empty, Replay::Safe).attempts(1);
    let answer = client.send(call).await;
    let status = match answer {
        Ok(reply) => reply.status,
        Err(error) => match (error.status(), error.stage()) {
            (Some(status), _) => status,
            (None, Stage::Unconnected | Stage::Untrusted) => return Err(("tls", error)),
            (None, Stage::Unanswered | Stage::Answered) => {
                checks.skip(&["tls"], "no answer came over the connection");
                return Err(("http", error));
            }
        },
    };
    let sight = client.sight(base).unwrap_or_default();
    tls(base, sight.certificate, client.clock().now(), checks);
    http(status, checks);
    clock(sight.ahead, checks);
    Ok(())
}

fn proxy(route: &Route) -> String {
    match (&route.proxy, route.is_exception) {
        (Some(proxy), _) => {
            format!("through {proxy}, as HTTPS_PROXY or HTTP_PROXY says; the next two checks are of it")
        }
        (None, true) => "directly: NO_PROXY names the host, or it is this machine".to_owned(),
        (None, false) => "directly: no proxy is set for such addresses".to_owned(),
    }
}

fn http(status: u16, checks: &mut Checks) {
    if status >= 500 {
        let next = "if what comes below fails too, the platform or a server before it is in trouble: try again later";
        checks.warn("http", format!("it answers, with {status}"), next);
    } else {
        checks.pass("http", format!("it answers, with {status} to a request without a credential"));
    }
}

fn tls(base: &Url, certificate: Option<Certificate>, now: Timestamp, checks: &mut Checks) {
    const CHECK: &str = "tls";
    if base.scheme() != "https" {
        if is_loopback(base) {
            checks.pass(CHECK, "none: plain http, which does not leave this machine");
        } else {
            let message =
                "none: plain http shows credential and findings to everyone on the way, as --insecure-http allows";
            checks.warn(CHECK, message, "use an https address");
        }
        return;
    }
    let Some(Certificate { issuer, expires }) = certificate else {
        return checks.pass(CHECK, "the server's certificate is trusted");
    };
    let message = format!("the server's certificate is trusted, issued by {issuer}, good until {expires}");
    if expires.duration_since(now) < CERTIFICATE_ENDS_SOON {
        checks.warn(CHECK, message, "it ends soon: whoever runs the server has to renew it");
    } else {
        checks.pass(CHECK, message);
    }
}

/// Tokens end, and signed addresses are good, by the server's time.
fn clock(ahead: Option<SignedDuration>, checks: &mut Checks) {
    const CHECK: &str = "clock";
    const NEXT: &str = "set this machine's clock, best by NTP: lives of tokens and certificates, signed addresses and limits are \
                        counted by it";
    let Some(ahead) = ahead else { return checks.skip(&[CHECK], "the answer has no Date to compare with") };
    let off = ahead.unsigned_abs();
    let off_in_words = display_duration(Duration::from_secs(off.as_secs()));
    let side = if ahead.is_negative() { "behind" } else { "ahead of" };
    let message = format!("this machine's clock is {off_in_words} {side} the server's");
    if off > CLOCK_IS_WRONG {
        let (hint, detail) = (Some(NEXT.to_owned()), Vec::new());
        checks.fail(CHECK, Problem { class: Class::Usage, message, hint, detail, retryable: false });
    } else if off > CLOCK_IS_OFF {
        checks.warn(CHECK, message, NEXT);
    } else {
        checks.pass(CHECK, "this machine's clock and the server's agree, within 30 s");
    }
}

/// What the servers have told of their limits.
pub(super) fn limits(client: &Client, bases: &[Url], checks: &mut Checks) {
    const CHECK: &str = "limits";
    let told = bases.iter().filter_map(|base| client.sight(base));
    let told: Vec<_> = told.filter_map(|sight| Some((sight.remaining?, sight.limit, sight.resets_in))).collect();
    if told.is_empty() {
        checks.pass(CHECK, "the platform has told none");
    }
    for (remaining, limit, resets_in) in told {
        let limit = limit.map(|limit| format!(" of {limit}")).unwrap_or_default();
        let reset = resets_in.map(|wait| format!(", for the next {}", display_duration(wait))).unwrap_or_default();
        let message = format!("{remaining}{limit} requests are left{reset}");
        if remaining < FEW_REQUESTS {
            let next = "a scan needs more to be watched and read: wait for the next window, or ask for a wider limit";
            checks.warn(CHECK, message, next);
        } else {
            checks.pass(CHECK, message);
        }
    }
}

/// Fewer do not see a scan to its end: its start, a few looks, a page of findings, and a token.
const FEW_REQUESTS: u32 = 10;
