//! A client that is signed in at one origin.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use url::Url;

use super::body::{Answer, Form};
use super::client::taken;
use super::origin::{origin_of, same_origin};
use super::token::Signer;
use super::{Authorizer, Call, Client, Error, ListHeaders, Reply};
use crate::error::Class;

/// A client that is signed in at one origin. Its credential goes to no other.
#[derive(Clone)]
pub struct Session {
    client: Client,
    base: Url,
    signer: Arc<Signer>,
}

impl Session {
    /// Binds `authorizer` to the origin of `base`, and teaches its secrets to the client's redactor. Calls to any other origin are refused before they are sent.
    pub fn new(client: Client, base: &Url, authorizer: Authorizer) -> Self {
        let signer = Arc::new(Signer::new(authorizer, client.redactor()));
        Self { client, base: base.clone(), signer }
    }

    /// As [`Client::send`], signed in.
    pub async fn send(&self, call: Call) -> Result<Reply, Error> {
        taken(self.run(call, Form::WHOLE).await?)
    }

    /// As [`Client::json`], signed in.
    pub async fn json<T: DeserializeOwned + Send + 'static>(&self, call: Call) -> Result<T, Error> {
        taken(self.run(call, Form::json::<T>()).await?)
    }

    /// As [`Session::json`], with what the headers say of a list in the answer.
    pub async fn list<T: DeserializeOwned + Send + 'static>(&self, call: Call) -> Result<(T, ListHeaders), Error> {
        let answer = self.run(call, Form::json::<T>()).await?;
        let list = answer.list.clone();
        Ok((taken(answer)?, list))
    }

    async fn run(&self, call: Call, form: Form) -> Result<Answer, Error> {
        self.check(&call)?;
        self.client.run(call, Some(&self.signer), form).await
    }

    /// Gets what the next call would be signed with, and says whether that is a token for which a credential was exchanged; a key is
    /// sent as it is, so that nothing has shown yet whether it is good.
    ///
    /// # Errors
    /// As for a call that has to get a token first.
    pub async fn authenticate(&self) -> Result<bool, Error> {
        self.signer.token(&self.client).await?;
        Ok(self.signer.exchanges())
    }

    /// The URL of a page link, which may be relative to the page it was found on. A link to another origin would carry the
    /// credential there, or bring in findings from there, and is an error of class `protocol`; so is one with a user name.
    pub fn page_link(&self, page: &Url, link: &str) -> Result<Url, Error> {
        let is_own = |target: &Url| {
            same_origin(target, &self.base) && target.username().is_empty() && target.password().is_none()
        };
        let target = page.join(link).ok().filter(is_own);
        target.ok_or_else(|| {
            Error::protocol(
                page,
                "links to a next page that is not on the same origin",
                "nothing was sent to the other origin",
            )
        })
    }

    /// How many of [`Authorizer::Keys`] the server has refused, so that they are used no more.
    pub fn keys_refused(&self) -> usize {
        self.signer.keys_refused()
    }

    /// The client without the credential.
    pub fn client(&self) -> &Client {
        &self.client
    }

    fn check(&self, call: &Call) -> Result<(), Error> {
        if same_origin(&call.url, &self.base) {
            return Ok(());
        }
        let (from, to) = (origin_of(&self.base), origin_of(&call.url));
        Err(Error::local(
            Class::Internal,
            format!("the credential for {from} was about to be sent to {to}; nothing was sent"),
            "this is a bug in scangate; please report it",
        ))
    }
}
