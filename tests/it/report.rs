//! The reports, as bytes: what each says in every way a run can end, what it never says, and what readers accept.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod annotations;
mod documentation;
mod json;
mod markdown;
mod outcome;
mod sample;
mod sarif;
mod several;
mod table;
