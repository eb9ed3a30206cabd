//! The login in a browser: authorization code with PKCE (RFC 6749 section 4.1, RFC 7636, RFC 8252), up to the code.
//!
//! ```text
//! begin ─► address for the browser ─► wait ─► code and verifier, for the token endpoint
//! listens  challenge, state            one answer with the state
//! ```
//! The answer comes over plain http on the loopback interface, where any page in the browser and any program of the machine can send
//! a request too. So nothing is believed, shown or sent on that does not carry the state. The code itself is of no use to a program
//! that sees it: without the verifier, which never leaves this process but for the token endpoint, it buys nothing.

mod listener;
mod page;
mod request;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::Secret;
use crate::clock::Clock;
use crate::error::Class;
use listener::Listener;

/// How long a person may take.
pub const PATIENCE: Duration = Duration::from_mins(5);

/// What a provider knows the program as. The redirect address is registered there letter by letter.
pub struct Registration<'a> {
    /// The authorization endpoint.
    pub endpoint: Url,
    /// The public client.
    pub client_id: &'a str,
    /// The port on which the answer comes.
    pub port: u16,
    /// The path on which it comes, from its `/` on.
    pub path: &'static str,
    /// What is asked for, in words with spaces between.
    pub scope: &'static str,
    /// The audience that the tokens are for (RFC 8707).
    pub resource: &'a str,
}

/// A login that waits for the browser.
pub struct Attempt {
    listener: Listener,
    url: Url,
    state: Secret,
    verifier: Secret,
}

/// What the browser brought.
pub struct Code {
    /// The code.
    pub code: Secret,
    /// The proof that whoever has the code also began the login.
    pub verifier: Secret,
    /// The address that the code was sent to.
    pub redirect_uri: String,
}

/// Why a browser brought no code.
#[derive(Debug)]
pub enum Error {
    /// The person, or the provider, said no.
    Denied {
        /// The provider's word for it, as it came.
        error: String,
        /// The provider's explanation, as it came.
        description: String,
    },
    /// Anything else, in words that are ours.
    Failed {
        /// How the command ends.
        class: Class,
        /// What happened.
        message: String,
        /// The way out.
        hint: String,
    },
}

impl Attempt {
    /// Listens for the answer, and makes the address that a browser has to be sent to. It holds no secret that is worth anything
    /// alone: the verifier only as its digest.
    ///
    /// # Errors
    /// [`Error::Failed`], of class `usage`, where the port is in use or the system has no randomness.
    pub async fn begin(registration: Registration<'_>) -> Result<Self, Error> {
        let Registration { endpoint: mut url, client_id, port, path, scope, resource } = registration;
        let (state, verifier) = (random()?, random()?);
        let listener = Listener::bind(port, path).await.map_err(|error| Error::Failed {
            class: Class::Usage,
            message: format!("cannot listen on 127.0.0.1:{port}, where the browser brings the login: {error}"),
            hint: "end whatever uses that port, perhaps another login, which is registered at the platform and cannot be another one; \
                   or log in with a token: `--pat -`"
                .to_owned(),
        })?;
        url.query_pairs_mut()
            .append_pair("client_id", client_id)
            .append_pair("redirect_uri", &listener.address())
            .append_pair("response_type", "code")
            .append_pair("scope", scope)
            .append_pair("state", state.expose())
            .append_pair("code_challenge", &challenge(verifier.expose()))
            .append_pair("code_challenge_method", "S256")
            // Without it there is no refresh token.
            .append_pair("prompt", "consent")
            .append_pair("resource", resource);
        Ok(Self { listener, url, state, verifier })
    }

    /// Where the browser has to be sent.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// By what the answer is known. It is a part of the address, and a secret once that was shown: whoever has it can bring an answer.
    pub fn state(&self) -> &Secret {
        &self.state
    }

    /// Waits for the answer, for five minutes at most. A request without the state is refused and changes nothing: if it ended the
    /// login, any page that is open in the browser could.
    ///
    /// # Errors
    /// [`Error::Denied`]; or [`Error::Failed`] where nobody came, or the answer holds neither a code nor an error.
    pub async fn wait(self, clock: &Clock) -> Result<Code, Error> {
        let redirect_uri = self.listener.address();
        let answer = tokio::select! {
            biased;
            answer = self.listener.answer(&self.state, clock) => answer,
            () = clock.sleep(PATIENCE) => return Err(Error::Failed {
                class: Class::Auth,
                message: format!("nobody logged in within {} minutes", PATIENCE.as_secs() / 60),
                hint: "run the command again, and open the address that it prints; or log in with a token: `--pat -`".to_owned(),
            }),
        };
        match answer {
            request::Answer { code: Some(code), error: None, .. } => {
                Ok(Code { code, verifier: self.verifier, redirect_uri })
            }
            request::Answer { error: Some(error), description, .. } => Err(Error::Denied { error, description }),
            request::Answer { code: None, error: None, .. } => Err(Error::Failed {
                class: Class::Protocol,
                message: "the browser brought neither a code nor an error back from the login".to_owned(),
                hint: "run the command again; or log in with a token: `--pat -`".to_owned(),
            }),
        }
    }
}

/// 256 random bits from the system, as text that a URL and a verifier may hold (RFC 7636 section 4.1).
fn random() -> Result<Secret, Error> {
    let mut bytes = [0; 32];
    let filled = getrandom::fill(&mut bytes).ok();
    filled.and_then(|()| Secret::new(&URL_SAFE_NO_PAD.encode(bytes))).ok_or_else(|| Error::Failed {
        class: Class::Usage,
        message: "the system has no random bytes, without which no login is safe".to_owned(),
        hint: "log in with a token: `--pat -`".to_owned(),
    })
}

/// The challenge of a verifier (RFC 7636 section 4.2).
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    async fn begin(port: u16) -> Result<Attempt, Error> {
        Attempt::begin(Registration {
            endpoint: Url::parse("https://auth.example/oidc/auth").unwrap(),
            client_id: "cli",
            port,
            path: "/callback",
            scope: "openid offline_access",
            resource: "https://api.example",
        })
        .await
    }

    fn parameter(attempt: &Attempt, name: &str) -> String {
        let found = attempt.url().query_pairs().find(|(key, _)| key == name);
        found.unwrap().1.into_owned()
    }

    async fn connect(redirect: &str) -> TcpStream {
        TcpStream::connect(("127.0.0.1", Url::parse(redirect).unwrap().port().unwrap())).await.unwrap()
    }

    /// Opens an address below the redirect address as a browser does, and gives the answer.
    async fn visit(redirect: &str, query: &str) -> String {
        visit_on(connect(redirect).await, redirect, query).await
    }

    async fn visit_on(mut connection: TcpStream, redirect: &str, query: &str) -> String {
        let port = Url::parse(redirect).unwrap().port().unwrap();
        let request = format!("GET /callback?{query} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
        // In two parts, as a slow network would bring it.
        let (first, second) = request.split_at(9);
        connection.write_all(first.as_bytes()).await.unwrap();
        tokio::task::yield_now().await;
        connection.write_all(second.as_bytes()).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn the_address_asks_for_a_code_and_holds_the_verifier_only_as_its_challenge() {
        let attempt = begin(0).await.unwrap();
        for (name, value) in [
            ("client_id", "cli"),
            ("response_type", "code"),
            ("scope", "openid offline_access"),
            ("code_challenge_method", "S256"),
            ("prompt", "consent"),
            ("resource", "https://api.example"),
        ] {
            assert_eq!(parameter(&attempt, name), value);
        }
        assert_eq!(parameter(&attempt, "code_challenge"), challenge(attempt.verifier.expose()));
        assert!(!attempt.url().as_str().contains(attempt.verifier.expose()));
        let redirect = parameter(&attempt, "redirect_uri");
        assert!(redirect.starts_with("http://localhost:") && redirect.ends_with("/callback"), "{redirect}");
    }

    #[tokio::test]
    async fn a_request_without_the_state_is_refused_and_the_login_goes_on() {
        let attempt = begin(0).await.unwrap();
        let (redirect, state) = (parameter(&attempt, "redirect_uri"), parameter(&attempt, "state"));
        let verifier = attempt.verifier.clone();
        let clock = Clock::system();
        let browser = async {
            // Connections that browsers open beforehand: one that is never used, and one that is used last.
            let (unused, early) = (connect(&redirect).await, connect(&redirect).await);
            let wrong = visit(&redirect, "code=forged&state=another").await;
            let hostile = visit(&redirect, "error=<b>x</b>&state=another").await;
            let right = visit_on(early, &redirect, &format!("code=real&state={state}")).await;
            drop(unused);
            (wrong, hostile, right)
        };
        let (code, (wrong, hostile, right)) = tokio::join!(attempt.wait(&clock), browser);
        let code = code.ok().unwrap();
        assert_eq!((code.code.expose(), code.verifier.expose()), ("real", verifier.expose()));
        assert_eq!(code.redirect_uri, redirect);
        assert!(wrong.starts_with("HTTP/1.1 400 ") && !wrong.contains("forged"), "{wrong}");
        assert!(
            hostile.starts_with("HTTP/1.1 400 ") && !hostile.contains("&#60;"),
            "nothing is shown without the state"
        );
        assert!(right.starts_with("HTTP/1.1 200 ") && !right.contains("real"), "{right}");
    }

    #[tokio::test]
    async fn a_denial_ends_the_login_with_the_providers_words() {
        let attempt = begin(0).await.unwrap();
        let (redirect, state) = (parameter(&attempt, "redirect_uri"), parameter(&attempt, "state"));
        let query = format!("error=access_denied&error_description=not+you&state={state}");
        let clock = Clock::system();
        let (ended, page) = tokio::join!(attempt.wait(&clock), visit(&redirect, &query));
        assert!(page.contains("access&#95;denied not you") || page.contains("access_denied not you"), "{page}");
        let Some(Error::Denied { error, description }) = ended.err() else { panic!("it was not denied") };
        assert_eq!((error.as_str(), description.as_str()), ("access_denied", "not you"));
    }

    #[tokio::test]
    async fn an_answer_without_code_and_error_is_an_error_of_the_protocol() {
        let attempt = begin(0).await.unwrap();
        let (redirect, state) = (parameter(&attempt, "redirect_uri"), parameter(&attempt, "state"));
        let clock = Clock::system();
        let query = format!("state={state}");
        let (ended, page) = tokio::join!(attempt.wait(&clock), visit(&redirect, &query));
        assert!(page.starts_with("HTTP/1.1 400 "), "{page}");
        assert!(matches!(ended, Err(Error::Failed { class: Class::Protocol, .. })));
    }

    #[tokio::test]
    async fn nobody_is_waited_for_longer_than_five_minutes() {
        let clock = Clock::simulated(Timestamp::UNIX_EPOCH);
        let ended = begin(0).await.unwrap().wait(&clock).await;
        assert!(matches!(ended, Err(Error::Failed { class: Class::Auth, .. })));
        assert_eq!(clock.monotonic(), Duration::from_mins(5));
    }

    #[tokio::test]
    async fn a_port_in_use_is_said_with_the_way_out() {
        let first = begin(0).await.unwrap();
        let port = Url::parse(&parameter(&first, "redirect_uri")).unwrap().port().unwrap();
        let Some(Error::Failed { class: Class::Usage, message, hint }) = begin(port).await.err() else {
            panic!("two logins listen on one port")
        };
        assert!(message.contains(&port.to_string()) && hint.contains("--pat -"), "{message} {hint}");
    }

    #[test]
    fn the_challenge_is_that_of_the_standards_own_example() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn no_two_verifiers_are_alike_and_each_has_the_length_that_the_standard_asks_for() {
        let [one, other] = [random(), random()].map(|secret| secret.unwrap().expose().to_owned());
        assert_ne!(one, other);
        assert_eq!((one.len(), other.len()), (43, 43));
    }
}
