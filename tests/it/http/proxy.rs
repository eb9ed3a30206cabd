//! Which way a call takes: what [`Client::route`] says of it is what the call does.
#![expect(clippy::unwrap_used, reason = "a test's fixture that fails has to fail the test")]

use std::time::Duration;

use scangate::http::{Call, Client, Options, Redactor};
use tokio::net::TcpListener;
use url::Url;

use super::clock;

/// Calls an address that nobody has, and says whether the proxy heard of it, and whether that was foretold.
async fn goes_through_proxy(no_proxy: &str, url: &str) -> (bool, bool) {
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://me:hunter22@{}", proxy.local_addr().unwrap());
    let options = Options {
        https_proxy: Some(address.clone()),
        http_proxy: Some(address),
        no_proxy: Some(no_proxy.to_owned()),
        insecure_http: true,
        ..Options::default()
    };
    let client = Client::new(&options, clock(), Duration::from_mins(1), Redactor::default()).unwrap();
    let url = Url::parse(url).unwrap();
    let route = client.route(&url);
    assert!(!format!("{route:?}").contains("hunter22"));
    let heard = tokio::select! {
        // It hangs up at once, so that the call ends.
        connected = proxy.accept() => connected.is_ok(),
        _ended = client.send(Call::get(url).attempts(1)) => false,
    };
    (heard, route.proxy.is_some())
}

#[tokio::test]
async fn a_route_says_of_every_address_and_exception_what_the_call_does() {
    // No name server is asked for a label of 64 letters, so that a call that goes directly ends at once.
    let host = format!("{}.api.example", "x".repeat(64));
    let mut wrong = Vec::new();
    for exception in [
        "",
        "*",
        "example",
        ".example",
        "EXAMPLE",
        "pi.example",
        "*.example",
        "api.example",
        "x,  api.example ,y",
        &host,
    ] {
        for scheme in ["https", "http"] {
            let (does, says) = goes_through_proxy(exception, &format!("{scheme}://{host}/v1")).await;
            if does != says {
                wrong.push(format!("{scheme} with NO_PROXY={exception}: says {says}, does {does}"));
            }
        }
    }
    for here in ["http://127.0.0.1:1/", "http://localhost:1/", "http://[::1]:1/"] {
        assert_eq!(goes_through_proxy("", here).await, (false, false), "{here}");
    }
    assert_eq!(goes_through_proxy("", &format!("https://{host}/")).await, (true, true));
    assert!(wrong.is_empty(), "{wrong:#?}");
}
