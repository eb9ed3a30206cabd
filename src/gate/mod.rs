//! The gate: a pure, total function of findings, the platforms' own verdicts and the gate's settings (DESIGN section 8).
//!
//! ```text
//! ScanResult… ─► judge ─► Verdict (reasons) ─┐
//!                         endings, delivery ─┴► conclude ─► Conclusion (class, exit code)
//! ```
//! It does no I/O, reads no clock and knows no platform. The two rules that it keeps, shown by property tests: a finding more
//! never turns fail into pass, and nothing but [`Class::Passed`](crate::error::Class::Passed) is a pass.

mod conclusion;
mod limits;
mod verdict;

pub use conclusion::{Conclusion, OnClass, Reaction, conclude};
pub use limits::{GateSettings, Limit, LimitError, Limits, Selector, Threshold, Unrated};
pub use verdict::{Broken, Counts, FindingReference, Reason, Share, Verdict, judge};

#[cfg(test)]
mod tests;
