//! Short-lived tokens: got by a grant, refreshed or got again before they end, and dropped when the server refuses them.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Mutex;
use url::Url;

use super::call::{Body, Method};
use super::grant::secrets_of;
use super::origin::same_origin;
use super::token::{Signer, Token};
use super::token_answer::{MARGIN, TokenAnswer, margin};
use super::{Call, Client, Error, Grant, Replay};
use crate::credentials::store::{Stored, StoredLogin};
use crate::credentials::{self, Form, Secret};
use crate::error::Class;

/// Attempts at a refresh. Few, because the token at hand still lives, and the refresh is tried again later.
const REFRESH_ATTEMPTS: u32 = 3;

/// Patience for one attempt at the tokens of a stored login: other processes wait for its lock meanwhile.
const STORED_TIMEOUT: Duration = Duration::from_secs(15);

/// The way out where a sign-in is not the one of the API.
const SAME_INSTANCE: &str =
    "check --api-url, and --auth-url or --region where the platform has them: they must be of one instance";

/// The shortest time between two renewals of one token that fail.
const SHORTEST_PAUSE: Duration = Duration::from_secs(15);

/// The tokens of one grant.
pub(super) struct Renewal {
    grant: Grant,
    /// The lock is held while a token is got, so that calls side by side get one between them, and a login is tried once.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    current: Option<Token>,
    /// The token that the server refused last.
    refused_token: Option<Secret>,
    /// Tokens that were got, by form or refresh.
    tokens: usize,
    /// Times that the form may have reached the server.
    exchanges: u32,
    /// Whether a token was refused to be refreshed: that is not tried with it again.
    unrefreshable: bool,
    /// How a login ended that is never tried again.
    refused: Option<Error>,
}

impl Renewal {
    pub(super) fn new(grant: Grant) -> Self {
        Self { grant, state: Mutex::default() }
    }

    /// A token that is good for the next request.
    pub(super) async fn token(&self, client: &Client) -> Result<Token, Error> {
        let mut state = self.state.lock().await;
        let Some(current) = state.current.clone() else { return self.log_in(&mut state, client).await };
        if client.clock().monotonic() < current.renew_at {
            return Ok(current);
        }
        let renewed = self.renew(&current, &mut state, client).await;
        let left = current.ends_at.saturating_sub(client.clock().monotonic());
        match renewed {
            // What passes is no reason to stop while the token is good. The next try comes in good time before its end.
            Err(error) if !left.is_zero() && (error.is_retryable() || self.is_spent(&state)) => {
                tracing::debug!(%error, "the token was not renewed; it is used while it lives");
                let pause = if self.is_spent(&state) { left } else { left.min(SHORTEST_PAUSE.max(left / 2)) };
                let renew_at = client.clock().monotonic().saturating_add(pause);
                let kept = Token { renew_at, ..current };
                state.current = Some(kept.clone());
                Ok(kept)
            }
            renewed => renewed,
        }
    }

    /// Whether a call that was refused with this token can have another one.
    pub(super) async fn can_replace(&self, refused: &Token) -> bool {
        let state = self.state.lock().await;
        let replaced = state.current.as_ref().is_some_and(|token| token.serial != refused.serial);
        replaced || !self.is_spent(&state)
    }

    /// Forgets a token that was refused, unless another call has renewed it already.
    pub(super) async fn discard(&self, refused: &Token) {
        let mut state = self.state.lock().await;
        if let Some(token) = state.current.take_if(|token| token.serial == refused.serial) {
            state.refused_token = Some(token.secret);
        }
    }

    /// What was done about a refused token in vain.
    pub(super) async fn account(&self, renewals: u32) -> Option<String> {
        let state = self.state.lock().await;
        match self.grant.most_exchanges {
            _ if renewals > 0 => Some("a new token was got, and refused too".to_owned()),
            Some(most) if self.is_spent(&state) => Some(format!("this run has used up its {}", logins(most))),
            _ => None,
        }
    }

    fn is_spent(&self, state: &State) -> bool {
        state.refused.is_some() || self.grant.most_exchanges.is_some_and(|most| state.exchanges >= most)
    }

    /// Trades a token near its end for another one, by refresh where there is one, else by the form.
    async fn renew(&self, current: &Token, state: &mut State, client: &Client) -> Result<Token, Error> {
        let lives = client.clock().monotonic() < current.ends_at;
        let Some(refresh_url) = self.grant.refresh_url.as_ref().filter(|_| lives && !state.unrefreshable) else {
            return self.log_in(state, client).await;
        };
        match self.refresh(refresh_url, current, state.tokens, client).await {
            Ok(tokens) => Ok(state.keep(tokens.access)),
            Err(error) if error.is_retryable() => Err(error),
            Err(error) => {
                tracing::debug!(%error, "the token was refused to be refreshed");
                state.unrefreshable = true;
                self.log_in(state, client).await
            }
        }
    }

    async fn refresh(&self, url: &Url, current: &Token, serial: usize, client: &Client) -> Result<Tokens, Error> {
        if !same_origin(url, &self.grant.token_url) {
            return Err(Error::local(
                Class::Internal,
                "a token was about to be sent to another origin to be refreshed; nothing was sent".to_owned(),
                "this is a bug in scangate; please report it",
            ));
        }
        let call = Call::new(Method::Post, url.clone(), Body::Empty, Replay::Safe).attempts(REFRESH_ATTEMPTS).private();
        self.token_from(call, Some(&Signer::bearer(current.secret.clone())), serial, client).await
    }

    /// Posts the form, if that may still be done in this run.
    async fn log_in(&self, state: &mut State, client: &Client) -> Result<Token, Error> {
        if let Some(refused) = &state.refused {
            return Err(refused.clone());
        }
        if let Some(most) = self.grant.most_exchanges.filter(|most| state.exchanges >= *most) {
            let message = format!("a new token is needed, and this run has used up its {}", logins(most));
            let remedy = if state.tokens > 0 {
                "its tokens end before the run does: use an API key, which does not end, or make the run shorter"
            } else {
                &self.grant.remedy
            };
            return Err(Error::local(Class::Auth, message, remedy));
        }
        let got = match &self.grant.stored {
            Some(stored) => self.next_of(stored, state, client).await,
            None => self.exchange(self.grant.form.clone(), state, client).await.map(|tokens| tokens.access),
        };
        match got {
            Ok(token) => Ok(state.keep(token)),
            Err(error) => {
                if self.grant.replay != Replay::Safe && is_refusal(&error) {
                    state.refused = Some(error.clone());
                }
                Err(error)
            }
        }
    }

    /// Posts a form, and tells a refusal as the grant does.
    async fn exchange(
        &self,
        form: Vec<(&'static str, Secret)>,
        state: &mut State,
        client: &Client,
    ) -> Result<Tokens, Error> {
        let grant = &self.grant;
        let mut call = Call::post_form(grant.token_url.clone(), form, grant.replay).private();
        if grant.stored.is_some() {
            call = call.timeout(STORED_TIMEOUT).attempts(REFRESH_ATTEMPTS);
        }
        let answer = self.token_from(call, None, state.tokens, client).await;
        if !answer.as_ref().is_err_and(Error::is_unsent) {
            state.exchanges += 1;
        }
        answer.map_err(|error| match error.status() {
            Some(404) => error.meaning(Class::Usage, "there is no sign-in at this address", SAME_INSTANCE),
            Some(400 | 401 | 403) if is_about_the_application(&error) => {
                let refusal = "the sign-in server does not know this application, or not for this API";
                error.meaning(Class::Auth, refusal, SAME_INSTANCE)
            }
            // RFC 6749 section 5.2 refuses a grant with 400, servers before it with 401 or 403, and FastAPI a form that
            // lacks a field with 422.
            Some(400 | 401 | 403 | 422 | 423) => {
                let refusal = format!("{}{}", grant.refusal, since(state.tokens));
                error.meaning(Class::Auth, &refusal, &grant.remedy)
            }
            _ => error,
        })
    }

    /// The next token of a stored login: the one that is stored, where that still lives, which another process may have got in the
    /// meantime; else one by the refresh token.
    async fn next_of(&self, stored: &Stored, state: &mut State, client: &Client) -> Result<Token, Error> {
        let failed = |error: credentials::Error| {
            Error::local(error.class(), error.to_string(), &error.hint().unwrap_or_default())
        };
        let lost = |what: &str| {
            Error::local(Class::Auth, format!("the login in {} {what}", stored.store.shown()), &self.grant.remedy)
        };
        let locked = stored.store.lock(client.clock(), client.redactor()).await.map_err(failed)?;
        let mut refused: Option<(Secret, Error)> = None;
        loop {
            let (asked, now) = (client.clock().monotonic(), client.clock().now());
            let Some(mut login) = locked.load().map_err(failed)? else { return Err(lost("was removed")) };
            // Its token must not go where the run's requests go.
            if login.hosts != stored.login.hosts {
                return Err(lost("was replaced by one for other hosts"));
            }
            let Form::Tokens { access, refresh } = login.form.clone() else {
                return Err(lost("was replaced by one of another kind"));
            };
            let is_refused = state.refused_token.as_ref().is_some_and(|token| token.expose() == access.expose());
            let life = left(&login, client).min(self.grant.longest_life);
            let spare = if refresh.is_some() { MARGIN } else { Duration::ZERO };
            if !is_refused && life > spare {
                let renew_at = asked.saturating_add(life.saturating_sub(margin(life, false)));
                let ends_at = asked.saturating_add(life);
                return Ok(Token { secret: access, serial: state.tokens, renew_at, ends_at });
            }
            let Some(refresh) = refresh else { return Err(lost("has ended, and there is no refresh token")) };
            // The vendor's own client takes no lock: it may have used the same refresh token, and stored the next one since.
            if let Some((_, error)) = refused.take_if(|(token, _)| token.expose() == refresh.expose()) {
                return Err(error);
            }
            let mut form = self.grant.form.clone();
            form.push(("refresh_token", refresh.clone()));
            let tokens = match self.exchange(form, state, client).await {
                Err(error) if is_refusal(&error) && refused.is_none() => {
                    refused = Some((refresh, error));
                    continue;
                }
                tokens => tokens?,
            };
            let next = tokens.refresh.unwrap_or(refresh);
            login.form = Form::Tokens { access: tokens.access.secret.clone(), refresh: Some(next) };
            login.expires = now.checked_add(tokens.life).ok();
            locked.save(&login).map_err(failed)?;
            return Ok(tokens.access);
        }
    }

    async fn token_from(
        &self,
        call: Call,
        signer: Option<&Signer>,
        serial: usize,
        client: &Client,
    ) -> Result<Tokens, Error> {
        let (asked, url) = (client.clock().monotonic(), call.url.clone());
        // Boxed, because the call that waits for the token is itself a call.
        let answer = Box::pin(client.json_as::<TokenAnswer>(call, signer)).await?;
        let refresh = answer.refresh_token();
        let Some(secret) = answer.token() else {
            return Err(Error::protocol(&url, "answered without an access token", &self.grant.remedy));
        };
        [Some(&secret), refresh.as_ref()].into_iter().flatten().for_each(|secret| client.redactor().learn(secret));
        let life = answer.life(self.grant.longest_life);
        let until = |life: Duration| asked.saturating_add(life);
        let renew_at = until(life.saturating_sub(margin(life, self.grant.refresh_url.is_some())));
        let access = Token { secret, serial, renew_at, ends_at: until(life) };
        Ok(Tokens { access, refresh, life })
    }
}

impl Grant {
    /// Posts the form once, for a login that is to be stored: its tokens, and when the access token ends.
    ///
    /// # Errors
    /// As the grant tells a refusal; or that of the request.
    pub async fn log_in(self, client: &Client) -> Result<(Form<Secret>, Option<Timestamp>), Error> {
        secrets_of(&self.form).for_each(|secret| client.redactor().learn(secret));
        let (form, now) = (self.form.clone(), client.clock().now());
        let tokens = Renewal::new(self).exchange(form, &mut State::default(), client).await?;
        let form = Form::Tokens { access: tokens.access.secret, refresh: tokens.refresh };
        Ok((form, now.checked_add(tokens.life).ok()))
    }
}

/// What an answer brings.
struct Tokens {
    access: Token,
    /// What the next token can be got with.
    refresh: Option<Secret>,
    /// How long the access token is taken to live.
    life: Duration,
}

/// How long the access token of a stored login lives. Without a word about it, one that can be replaced is.
fn left(login: &StoredLogin, client: &Client) -> Duration {
    match (login.expires, &login.form) {
        (Some(expires), _) => {
            Duration::try_from(expires.duration_since(client.clock().now())).unwrap_or(Duration::ZERO)
        }
        (None, Form::Tokens { refresh: None, .. }) => Duration::MAX,
        (None, _) => Duration::ZERO,
    }
}

impl State {
    fn keep(&mut self, token: Token) -> Token {
        self.tokens += 1;
        self.unrefreshable = false;
        self.current = Some(token.clone());
        token
    }
}

/// A refusal is another story where the same form has brought tokens before.
fn since(tokens: usize) -> &'static str {
    if tokens > 0 { ", though this run had used it before: it was revoked, or has expired" } else { "" }
}

/// Whether a refusal is of whoever asks, and says nothing of the credential: the codes of RFC 6749 section 5.2 and RFC 8707 section 2,
/// and a word of CybeDefend's (`contracts/cybedefend.md` section 1.3).
fn is_about_the_application(error: &Error) -> bool {
    const CODES: [&str; 4] = ["invalid_client", "unauthorized_client", "invalid_target", "token_exchange_not_allowed"];
    error.server_message().is_some_and(|words| CODES.iter().any(|code| words.contains(code)))
}

/// Whether the server has looked at the form and said no. Five such answers lock an account (`contracts/cyberorigen.md`
/// section 1.5).
fn is_refusal(error: &Error) -> bool {
    error.status().is_some_and(|status| (400..500).contains(&status) && !matches!(status, 408 | 425 | 429))
}

fn logins(count: u32) -> String {
    if count == 1 { "one login".to_owned() } else { format!("{count} logins") }
}
