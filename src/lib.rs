//! scangate: a CI security gate. This page is the map of the code; `docs/architecture.md` has the reasons.
//!
//! ```text
//! settings ─► credentials ─► http ─► platform ─► scan ─► finding ─► gate ─► report
//!             └────── async, fallible, one platform ───┘ └─ pure, no platform ──┘
//! ```
//!
//! Data goes one way. [`platform`] turns a wire format into the model of [`finding`]; [`gate`] turns findings into a verdict and
//! one class of [`error`]; [`report`] turns all of it into bytes. What is right of the findings is pure and knows no platform.
//!
//! To follow a run, begin in [`scan`], the pipeline. To see how a run can end, read [`error`]; why it said no, [`gate`]; why a
//! request was sent again, [`http`]. Time is always a [`clock`] that was handed in.
//!
//! The library is there for the binary, its tests and benchmarks, and is no interface for others.

mod blocking;
pub mod ci;
pub mod cli;
pub mod clock;
pub mod credentials;
pub mod error;
pub mod finding;
pub mod gate;
pub mod gitignore;
pub mod http;
pub mod json;
pub mod platform;
mod regular_file;
pub mod report;
pub mod sandbox;
pub mod scan;
pub mod settings;
pub mod sorting;

pub use error::Error;
