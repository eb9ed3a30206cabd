//! The one HTTP client of all platforms (DESIGN section 6). Nothing outside this folder names reqwest.

mod blank;
mod body;
mod call;
mod client;
mod content;
mod error;
mod fault;
mod grant;
mod head;
mod json_path;
mod origin;
mod pace;
mod random;
mod rate_limit;
mod raw;
pub mod redact;
mod renewal;
mod request;
mod retry;
mod session;
mod token;
mod token_answer;
mod transport;
mod words;

pub use call::{Body, Call, Method, Replay, Reply};
pub use client::{Client, Options};
pub use error::Error;
pub use grant::{Authorizer, Grant, Placement};
pub use origin::{SafeUrl, is_loopback, same_origin};
pub use random::Random;
pub use redact::Redactor;
pub use session::Session;
pub use words::words_of;
