//! How the client reaches the world: certificates and proxies.

use super::layers::Layers;
use super::{Environment, Error, keys};
use crate::http::Options;

/// The client's options. A demo talks to itself only, and takes [`Options::default`].
pub(super) fn options(layers: &Layers<'_>) -> Result<Options, Error> {
    let path = |key| layers.value(key).map(|sourced| sourced.text.into());
    let environment = layers.environment();
    let options = Options {
        ca_cert: path(&keys::CA_CERT),
        client_cert: path(&keys::CLIENT_CERT),
        client_key: path(&keys::CLIENT_KEY),
        insecure_http: layers.switch(&keys::INSECURE_HTTP)?,
        https_proxy: either(environment, "https_proxy", "HTTPS_PROXY"),
        http_proxy: http_proxy(environment),
        no_proxy: either(environment, "no_proxy", "NO_PROXY"),
        save_raw: None,
        keep_sights: false,
    };
    match (&options.client_cert, &options.client_key) {
        (Some(_), None) => Err(Error::new("--client-cert needs --client-key")),
        (None, Some(_)) => Err(Error::new("--client-key needs --client-cert")),
        _ => Ok(options),
    }
}

/// As curl does: the lower-case name goes first.
fn either(environment: &Environment, lower: &str, upper: &str) -> Option<String> {
    environment.get(lower).or_else(|| environment.get(upper)).map(str::to_owned)
}

/// A CGI program finds the header `Proxy` of whoever calls it in `HTTP_PROXY` (CVE-2016-5385, "httpoxy"), so there only the
/// lower-case name is read.
fn http_proxy(environment: &Environment) -> Option<String> {
    if environment.get("REQUEST_METHOD").is_some() {
        return environment.get("http_proxy").map(str::to_owned);
    }
    either(environment, "http_proxy", "HTTP_PROXY")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Flags;

    fn read(pairs: &[(&str, &str)]) -> Result<Options, Error> {
        options(&Layers::new(&Flags::default(), &Environment::from_pairs(pairs.iter().copied())))
    }

    #[test]
    fn proxies_come_from_either_spelling_and_the_lower_case_one_goes_first() {
        let upper = [("HTTPS_PROXY", "http://upper"), ("HTTP_PROXY", "http://plain"), ("NO_PROXY", "host.example")];
        let options = read(&upper).unwrap();
        assert_eq!(options.https_proxy.as_deref(), Some("http://upper"));
        assert_eq!(options.http_proxy.as_deref(), Some("http://plain"));
        assert_eq!(options.no_proxy.as_deref(), Some("host.example"));
        let both = [("HTTPS_PROXY", "http://upper"), ("https_proxy", "http://lower")];
        assert_eq!(read(&both).unwrap().https_proxy.as_deref(), Some("http://lower"));
    }

    #[test]
    fn a_cgi_program_does_not_believe_http_proxy() {
        let pairs = [("HTTP_PROXY", "http://attacker.example"), ("REQUEST_METHOD", "GET")];
        assert_eq!(read(&pairs).unwrap().http_proxy, None);
    }

    #[test]
    fn a_client_certificate_needs_its_key() {
        assert!(read(&[("SCANGATE_CLIENT_CERT", "cert.pem")]).is_err());
        assert!(read(&[("SCANGATE_CLIENT_KEY", "key.pem")]).is_err());
        assert!(read(&[("SCANGATE_CLIENT_CERT", "cert.pem"), ("SCANGATE_CLIENT_KEY", "key.pem")]).is_ok());
    }
}
