//! scangate: a CI security gate.

pub mod ci;
pub mod cli;
pub mod clock;
pub mod credentials;
pub mod error;
pub mod finding;
pub mod gate;
pub mod http;
pub mod platform;
pub mod report;
pub mod sandbox;
pub mod scan;
pub mod settings;

pub use error::Error;
