//! The environments of `tests/data/ci`, written from the public lists of variables of each CI, for tests.

use std::path::Path;

use crate::settings::Environment;

/// The head of the change, in all of them.
pub(super) const HEAD: &str = "89abcdef0123456789abcdef0123456789abcdef";
/// The tip of the branch that it is to be merged into.
pub(super) const BASE: &str = "0123456789abcdef0123456789abcdef01234567";
/// A merge of the two that the CI has made.
pub(super) const MERGE: &str = "fedcba9876543210fedcba9876543210fedcba98";

/// A recorded environment, with some variables set otherwise.
pub(super) fn environment(name: &str, more: &[(&str, &str)]) -> Environment {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/ci");
    let text = fs_err::read_to_string(folder.join(name).with_extension("env")).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    Environment::from_pairs(lines.map(|line| line.split_once('=').unwrap()).chain(more.iter().copied()))
}
