//! Which of two versions is the older one, well enough for the advisory table.

use std::cmp::Ordering;

/// Compares number by number; a missing number is 0, and a word such as `beta9` or `rc1` comes before the release.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    let (left, right) = (parts(left), parts(right));
    let length = left.len().max(right.len());
    (0..length)
        .map(|index| part(&left, index).cmp(&part(&right, index)))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn part(parts: &[i64], index: usize) -> i64 {
    parts.get(index).copied().unwrap_or_default()
}

fn parts(version: &str) -> Vec<i64> {
    let version = version.trim_start_matches(['v', '=']);
    let version = version.split('+').next().unwrap_or_default();
    version.split(['.', '-']).map(|part| part.parse().unwrap_or(-1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_as_numbers_and_pre_releases_come_first() {
        assert!(compare("4.17.9", "4.17.21").is_lt());
        assert!(compare("2.0", "2.0.0").is_eq());
        assert!(compare("v0.3.7", "0.3.8").is_lt());
        assert!(compare("2.0-beta9", "2.0").is_lt());
        assert!(compare("1.6.1", "1.6.0").is_gt());
    }
}
