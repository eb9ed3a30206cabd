//! The cases. Each is a function of a platform's row, and leaves what it saw with the judge.

pub(super) mod access;
pub(super) mod answer;
pub(super) mod doctor;
pub(super) mod scan;
pub(super) mod text;
pub(super) mod transport;
pub(super) mod verdict;
