//! The one HTTP client of all platforms (DESIGN section 6). Nothing outside this folder names reqwest.

mod body;
mod call;
mod client;
mod error;
mod fault;
mod grant;
mod head;
mod origin;
mod pace;
mod random;
mod rate_limit;
pub mod redact;
mod request;
mod retry;
mod session;
mod token;
mod transport;
mod words;

pub use call::{Body, Call, Replay, Reply};
pub use client::{Client, Options};
pub use error::Error;
pub use grant::{Authorizer, Grant};
pub use origin::{SafeUrl, is_loopback, same_origin};
pub use random::Random;
pub use redact::Redactor;
pub use session::Session;
