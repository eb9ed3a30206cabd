//! What a server says, in its headers, of when it wants the next request.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// The shortest wait that a server's word can bring about. A zero, a negative number or a date in the past would else make a hot
/// loop of the retries.
const SHORTEST_TOLD_WAIT: Duration = Duration::from_secs(1);

/// The longest wait that is believed: the longest period in which a platform counts anything (`contracts/cyberorigen.md` section
/// 2.3). It is far beyond any run's deadline, as a spent daily quota mostly is, and the run then ends at once.
const LONGEST_TOLD_WAIT: Duration = Duration::from_hours(31 * 24);

/// Below this an `X-RateLimit-Reset` cannot be a time of this century: it counts the seconds to wait
/// (`contracts/cyberorigen.md` section 5.3).
const EARLIEST_EPOCH: f64 = 1e9;

/// From here on an epoch is not in seconds (that would be the year 5138) but in milli-, micro- or nanoseconds.
const LATEST_EPOCH: f64 = 1e11;

/// The headers of one answer that speak of time, as durations from the moment it was read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct RateLimit {
    /// `Retry-After` (RFC 9110 section 10.2.3), clamped.
    pub(super) retry_after: Option<Duration>,
    /// `X-RateLimit-Remaining`: requests left in the window.
    pub(super) remaining: Option<u32>,
    /// `X-RateLimit-Reset`: until the window ends, clamped. A moment in the past says nothing.
    pub(super) resets_in: Option<Duration>,
}

impl RateLimit {
    /// Reads the headers. Times of day are compared with the answer's own `Date` where there is one: what matters is how far off
    /// they are on the server's clock, however wrong ours (`now`) may be.
    pub(super) fn read(headers: &HeaderMap, now: Timestamp) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let now = text(DATE.as_str()).and_then(http_date).unwrap_or(now);
        Self {
            retry_after: text(RETRY_AFTER.as_str()).and_then(|value| retry_after(value, now)).map(clamp),
            remaining: text("x-ratelimit-remaining").and_then(|value| value.parse::<i64>().ok()).map(count),
            resets_in: text("x-ratelimit-reset").and_then(|value| resets_in(value, now)).map(clamp),
        }
    }

    /// How long the server wants a request that it answered with `status` to be put off; `None` where it does not say.
    pub(super) fn wait(&self, status: u16) -> Option<Duration> {
        // The window's end is sent with every answer, so it is the reason for waiting only where the limit was the reason for
        // refusing.
        self.retry_after.or_else(|| self.resets_in.filter(|_| status == 429))
    }
}

fn clamp(seconds: f64) -> Duration {
    let within = seconds.clamp(SHORTEST_TOLD_WAIT.as_secs_f64(), LONGEST_TOLD_WAIT.as_secs_f64());
    Duration::try_from_secs_f64(within).unwrap_or(LONGEST_TOLD_WAIT)
}

/// A count of requests; a debt is none.
fn count(remaining: i64) -> u32 {
    u32::try_from(remaining.max(0)).unwrap_or(u32::MAX)
}

fn number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// A time as headers have it (RFC 9110 section 5.6.7).
pub(super) fn http_date(text: &str) -> Option<Timestamp> {
    let time: SystemTime = httpdate::parse_http_date(text).ok()?;
    Timestamp::try_from(time).ok()
}

fn retry_after(text: &str, now: Timestamp) -> Option<f64> {
    number(text).or_else(|| http_date(text).map(|date| date.duration_since(now).as_secs_f64()))
}

fn resets_in(text: &str, now: Timestamp) -> Option<f64> {
    let mut reset = number(text)?;
    if reset < EARLIEST_EPOCH {
        return (reset >= 0.0).then_some(reset);
    }
    while reset >= LATEST_EPOCH {
        reset /= 1000.0;
    }
    let seconds = reset - now.as_duration().as_secs_f64();
    // One second more, because both times are cut to whole seconds.
    (seconds >= 0.0).then_some(seconds + 1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn read(pairs: &[(&'static str, &str)]) -> RateLimit {
        let headers = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect();
        RateLimit::read(&headers, Timestamp::from_second(NOW).unwrap())
    }

    fn date(second: i64) -> String {
        httpdate::fmt_http_date(Timestamp::from_second(second).unwrap().into())
    }

    const fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(read(&[("retry-after", "120")]).wait(503), Some(seconds(120)));
        assert_eq!(read(&[("retry-after", " 1.5 ")]).wait(503), Some(Duration::from_millis(1500)));
        assert_eq!(read(&[("retry-after", &date(NOW + 90))]).wait(503), Some(seconds(90)));
    }

    #[test]
    fn a_date_is_measured_on_the_servers_own_clock() {
        let skewed = read(&[("retry-after", &date(NOW + 7230)), ("date", &date(NOW + 7200))]);
        assert_eq!(skewed.wait(429), Some(seconds(30)));
        let reset = (NOW - 3600 + 40).to_string();
        let skewed = read(&[("x-ratelimit-reset", &reset), ("date", &date(NOW - 3600))]);
        assert_eq!(skewed.wait(429), Some(seconds(41)));
    }

    #[test]
    fn told_waits_are_clamped_below_and_above() {
        for low in ["0", "-5", "0.000001", &date(NOW - 500)] {
            assert_eq!(read(&[("retry-after", low)]).wait(503), Some(SHORTEST_TOLD_WAIT), "{low}");
        }
        for high in ["2678400", "99999999999999999999", &date(NOW + 10_000_000)] {
            assert_eq!(read(&[("retry-after", high)]).wait(503), Some(LONGEST_TOLD_WAIT), "{high}");
        }
    }

    #[test]
    fn words_that_are_no_time_are_no_wait() {
        for nothing in ["", "soon", "NaN", "inf", "12 s"] {
            assert_eq!(read(&[("retry-after", nothing), ("x-ratelimit-reset", nothing)]).wait(429), None, "{nothing}");
        }
    }

    #[test]
    fn a_reset_is_an_epoch_in_any_unit_or_a_number_of_seconds() {
        let epoch = NOW + 59;
        for text in [epoch.to_string(), format!("{epoch}000"), format!("{epoch}000000"), "60".to_owned()] {
            assert_eq!(read(&[("x-ratelimit-reset", &text)]).wait(429), Some(seconds(60)), "{text}");
        }
    }

    #[test]
    fn a_reset_in_the_past_says_nothing() {
        assert_eq!(read(&[("x-ratelimit-reset", &(NOW - 1).to_string())]).wait(429), None);
        assert_eq!(read(&[("x-ratelimit-reset", "-1")]).wait(429), None);
    }

    #[test]
    fn the_reset_is_a_reason_to_wait_only_where_the_limit_was_the_reason_to_refuse() {
        let limit = read(&[("x-ratelimit-reset", "600")]);
        assert_eq!((limit.wait(429), limit.wait(503)), (Some(seconds(600)), None));
        let both = read(&[("x-ratelimit-reset", "600"), ("retry-after", "7")]);
        assert_eq!(both.wait(429), Some(seconds(7)));
    }

    #[test]
    fn a_debt_of_requests_is_none_left() {
        assert_eq!(read(&[("x-ratelimit-remaining", "-3")]).remaining, Some(0));
        assert_eq!(read(&[("x-ratelimit-remaining", "12")]).remaining, Some(12));
        assert_eq!(read(&[("x-ratelimit-remaining", "many")]).remaining, None);
    }

    proptest! {
        #[test]
        fn no_header_makes_a_wait_outside_the_bounds(text in "\\PC{0,40}|-?[0-9]{1,40}(\\.[0-9]{0,9})?(e[0-9]{1,3})?") {
            let Ok(value) = HeaderValue::from_str(&text) else { return Ok(()) };
            for name in ["retry-after", "x-ratelimit-reset"] {
                let headers = [(HeaderName::from_static(name), value.clone())].into_iter().collect();
                if let Some(wait) = RateLimit::read(&headers, Timestamp::from_second(NOW).unwrap()).wait(429) {
                    prop_assert!((SHORTEST_TOLD_WAIT..=LONGEST_TOLD_WAIT).contains(&wait));
                }
            }
        }
    }
}
