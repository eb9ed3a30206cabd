//! Whether an instance is up, which it says without a credential (contract 1.1).

use serde::Deserialize;
use url::Url;

use super::CyberOrigen;
use super::endpoints::Endpoints;
use crate::http::{Call, Client};
use crate::platform::Error;
use crate::platform::text::{bounded, one_line};
use crate::platform::tolerant::Fields;

/// What an instance says of itself. Its words are cleaned, and of one line.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Fields")]
pub struct Health {
    /// `healthy`, or another word.
    pub status: String,
    /// The version of the server, where it tells.
    pub version: Option<String>,
    /// Its own time, where it tells.
    pub timestamp: Option<String>,
}

impl Health {
    /// Whether the instance says that all is well.
    pub fn is_healthy(&self) -> bool {
        self.status.eq_ignore_ascii_case("healthy")
    }
}

impl TryFrom<Fields> for Health {
    type Error = String;

    fn try_from(fields: Fields) -> Result<Self, String> {
        let text = |name: &str| Ok(fields.text(&[name])?.map(|text| bounded(&one_line(&text), 80)));
        let status: Result<Option<String>, String> = text("status");
        Ok(Self {
            status: status?.ok_or_else(|| "`status` is missing".to_owned())?,
            version: text("version")?,
            timestamp: text("timestamp")?,
        })
    }
}

impl CyberOrigen {
    /// Asks the instance of `--api-url`, or the vendor's, how it is. No credential is sent.
    ///
    /// # Errors
    /// Whatever the request ends with, and an answer that says nothing of health.
    pub async fn health(client: &Client, api_url: Option<&Url>) -> Result<Health, Error> {
        let endpoints = Endpoints::resolve(api_url)?;
        Ok(client.json(Call::get(endpoints.health())).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_documented_word_is_healthy_and_no_word_is_no_answer() {
        let read = |json: &str| serde_json::from_str::<Health>(json);
        let health = read(r#"{"status":"healthy","version":"0.1.0","timestamp":"2025-12-21T12:00:00Z"}"#).unwrap();
        assert_eq!((health.is_healthy(), health.version.as_deref()), (true, Some("0.1.0")));
        assert!(!read(r#"{"status":"degraded"}"#).unwrap().is_healthy());
        assert!(read("{}").is_err() && read("[]").is_err() && read(r#"{"status":{"a":1}}"#).is_err());
    }
}
