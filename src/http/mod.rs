//! The one HTTP client of all platforms (DESIGN section 6). Nothing outside this folder names reqwest.

mod call;
mod client;
mod error;
mod grant;
pub mod redact;

pub use call::{Body, Call, Replay, Reply};
pub use client::{Client, Options, Session};
pub use error::Error;
pub use grant::{Authorizer, Grant};
pub use redact::Redactor;
