//! Short-lived tokens: got by a grant, refreshed or got again before they end, and dropped when the server refuses them.

use std::time::Duration;

use tokio::sync::Mutex;
use url::Url;

use super::call::{Body, Method};
use super::origin::same_origin;
use super::token::{Signer, Token};
use super::token_answer::{TokenAnswer, margin};
use super::{Call, Client, Error, Grant, Replay};
use crate::error::Class;

/// Attempts at a refresh. Few, because the token at hand still lives, and the refresh is tried again later.
const REFRESH_ATTEMPTS: u32 = 3;

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
        state.current.take_if(|token| token.serial == refused.serial);
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
            Ok(token) => Ok(state.keep(token)),
            Err(error) if error.is_retryable() => Err(error),
            Err(error) => {
                tracing::debug!(%error, "the token was refused to be refreshed");
                state.unrefreshable = true;
                self.log_in(state, client).await
            }
        }
    }

    async fn refresh(&self, url: &Url, current: &Token, serial: usize, client: &Client) -> Result<Token, Error> {
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
            return Err(Error::local(Class::Auth, message, &self.grant.remedy));
        }
        let grant = &self.grant;
        let call = Call::post_form(grant.token_url.clone(), grant.form.clone(), grant.replay).private();
        let answer = self.token_from(call, None, state.tokens, client).await;
        if !answer.as_ref().is_err_and(Error::is_unsent) {
            state.exchanges += 1;
        }
        match answer {
            Ok(token) => Ok(state.keep(token)),
            Err(error) => {
                let error = match error.status() {
                    // RFC 6749 section 5.2 refuses a grant with 400, servers before it with 401 or 403, and FastAPI a form that
                    // lacks a field with 422.
                    Some(400 | 401 | 403 | 422 | 423) => {
                        let refusal = format!("{}{}", grant.refusal, since(state.tokens));
                        error.meaning(Class::Auth, &refusal, &grant.remedy)
                    }
                    _ => error,
                };
                if grant.replay == Replay::Never && is_refusal(&error) {
                    state.refused = Some(error.clone());
                }
                Err(error)
            }
        }
    }

    async fn token_from(
        &self,
        call: Call,
        signer: Option<&Signer>,
        serial: usize,
        client: &Client,
    ) -> Result<Token, Error> {
        let (asked, url) = (client.clock().monotonic(), call.url.clone());
        // Boxed, because the call that waits for the token is itself a call.
        let answer = Box::pin(client.json_as::<TokenAnswer>(call, signer)).await?;
        let Some(secret) = answer.token() else {
            return Err(Error::protocol(&url, "answered without an access token", &self.grant.remedy));
        };
        client.redactor().learn(&secret);
        let life = answer.life(self.grant.longest_life);
        let until = |life: Duration| asked.saturating_add(life);
        let renew_at = until(life.saturating_sub(margin(life, self.grant.refresh_url.is_some())));
        Ok(Token { secret, serial, renew_at, ends_at: until(life) })
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

/// Whether the server has looked at the form and said no. Five such answers lock an account (`contracts/cyberorigen.md`
/// section 1.5).
fn is_refusal(error: &Error) -> bool {
    error.status().is_some_and(|status| (400..500).contains(&status) && !matches!(status, 408 | 425 | 429))
}

fn logins(count: u32) -> String {
    if count == 1 { "one login".to_owned() } else { format!("{count} logins") }
}
