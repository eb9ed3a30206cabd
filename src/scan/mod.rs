//! The pipeline: sign in, archive, start, wait, collect; then, purely, judge and report.

pub mod archive;
pub mod delivery;
pub mod observer;
pub mod git;
mod line_hash;
pub mod source;
pub mod wait;

mod entry;
