//! Randomness as a value that is handed in, so that a test knows every wait beforehand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A source of random waits. Cheap to clone; clones of a seeded source draw from the same sequence.
#[derive(Clone)]
pub struct Random(Source);

#[derive(Clone)]
enum Source {
    System,
    Seeded(Arc<AtomicU64>),
}

impl Random {
    /// The operating system's.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// The same sequence for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Arc::new(AtomicU64::new(seed))))
    }

    /// A duration that is uniform in zero to `ceiling`.
    pub fn up_to(&self, ceiling: Duration) -> Duration {
        ceiling.mul_f64(self.fraction())
    }

    /// A number that is uniform in 0 to below 1. Where the operating system gives no random bytes it is the greatest, since the
    /// longest wait is the polite one.
    pub fn fraction(&self) -> f64 {
        // 32 bits are far finer than any timer needs, and exact in an f64.
        f64::from(self.draw()) / (f64::from(u32::MAX) + 1.0)
    }

    fn draw(&self) -> u32 {
        match &self.0 {
            Source::System => getrandom::u32().unwrap_or(u32::MAX),
            Source::Seeded(state) => split_mix(state.fetch_add(GOLDEN_GAMMA, Ordering::Relaxed)),
        }
    }
}

const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// The output function of `SplitMix64` (Steele, Lea and Flood 2014), of which the upper half is used.
fn split_mix(state: u64) -> u32 {
    let mut mixed = state.wrapping_add(GOLDEN_GAMMA);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    u32::try_from(mixed >> 32).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_stay_within_the_ceiling_and_spread_over_it() {
        let ceiling = Duration::from_secs(8);
        for random in [Random::system(), Random::seeded(7)] {
            let draws: Vec<Duration> = (0..400).map(|_| random.up_to(ceiling)).collect();
            assert!(draws.iter().all(|draw| *draw <= ceiling));
            assert!(draws.iter().any(|draw| *draw < ceiling / 4));
            assert!(draws.iter().any(|draw| *draw > ceiling * 3 / 4));
        }
    }

    #[test]
    fn a_seed_gives_one_sequence_and_another_seed_another() {
        let draw = |seed| -> Vec<Duration> {
            let random = Random::seeded(seed);
            (0..5).map(|_| random.up_to(Duration::from_secs(1))).collect()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}
