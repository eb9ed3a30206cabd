//! The severities of the findings that the fault `many` asks for.

/// One of the severities for the finding of this number: one in a hundred is the worst, most are the least.
pub(super) fn severity<T>(number: u32, [critical, high, medium, low]: [T; 4]) -> T {
    match number % 100 {
        0 => critical,
        1..=9 => high,
        10..=39 => medium,
        _ => low,
    }
}
