//! The program as a step of a workflow on GitHub: what it takes from the runner, and what the runner takes from it. Both streams,
//! the outputs and the summary are read by the runner's own rules.
#![expect(clippy::unwrap_used, reason = "a run that left nothing readable has failed the test")]

mod context;
mod delivery;
pub(crate) mod runner;
mod streams;
