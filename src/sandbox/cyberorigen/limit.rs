//! The budget of requests: an hour's and a day's, which every answer states (contract section 5.3).

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use jiff::Timestamp;

use super::fault::CyberOrigenFault;
use super::refusal::refuse;
use super::{Emulator, PREFIX};
use crate::sandbox::core::{after, lock};
use crate::sandbox::fault::{Faults, Kind};

/// Requests that an account may make from the first one of a window on.
struct Window {
    length: Duration,
    limit: u32,
    used: u32,
    end: Option<Timestamp>,
}

impl Window {
    fn new(length: Duration, limit: u32) -> Self {
        Self { length, limit, used: 0, end: None }
    }

    /// Begins a new window if the old one is over; when the current one ends.
    fn turn(&mut self, now: Timestamp) -> Timestamp {
        match self.end {
            Some(end) if end > now => end,
            _ => {
                self.used = 0;
                *self.end.insert(after(now, self.length))
            }
        }
    }

    fn left(&self) -> u32 {
        self.limit.saturating_sub(self.used)
    }
}

/// The two windows of one account.
struct Account {
    hour: Window,
    day: Window,
}

impl Account {
    fn new(hourly: u32, daily: u32) -> Self {
        Self { hour: Window::new(Duration::from_hours(1), hourly), day: Window::new(Duration::from_hours(24), daily) }
    }

    /// Takes `cost` requests, one or none, from both windows, if both have as many; and what is to be said of the window with less
    /// left.
    fn take(&mut self, now: Timestamp, cost: u32) -> (bool, [(&'static str, String); 3]) {
        let (hour_ends, day_ends) = (self.hour.turn(now), self.day.turn(now));
        let allowed = self.hour.left() >= cost && self.day.left() >= cost;
        self.hour.used += if allowed { cost } else { 0 };
        self.day.used += if allowed { cost } else { 0 };
        let by_day = self.day.left() < self.hour.left();
        let (window, end) = if by_day { (&self.day, day_ends) } else { (&self.hour, hour_ends) };
        let stated = [
            ("x-ratelimit-limit", window.limit.to_string()),
            ("x-ratelimit-remaining", window.left().to_string()),
            ("x-ratelimit-reset", end.as_second().to_string()),
        ];
        (allowed, stated)
    }
}

/// The budgets: the login's account is on the Startup plan. The key's is on Professional, the smallest plan that has keys.
pub(super) struct Budgets {
    login: Account,
    key: Account,
}

impl Budgets {
    pub(super) fn new(faults: &Faults) -> Self {
        let today = faults.find(|kind| match kind {
            Kind::CyberOrigen(CyberOrigenFault::DailyLimit(left)) => Some(*left),
            _ => None,
        });
        Self { login: Account::new(100, today.unwrap_or(1000)), key: Account::new(500, today.unwrap_or(5000)) }
    }
}

/// Counts a request, and refuses it when its account has none left. What is not below the API's prefix, such as its health, costs
/// none.
pub(super) async fn count(emulator: Arc<Emulator>, request: Request, next: Next) -> Response {
    let cost = u32::from(request.uri().path().starts_with(PREFIX));
    let by_key = request.headers().contains_key("x-api-key");
    let (allowed, stated) = {
        let mut budgets = lock(&emulator.budgets);
        let account = if by_key { &mut budgets.key } else { &mut budgets.login };
        account.take(emulator.core.now(), cost)
    };
    let mut response = if allowed { next.run(request).await } else { refuse(StatusCode::TOO_MANY_REQUESTS) };
    state(response.headers_mut(), &stated);
    response
}

fn state(headers: &mut HeaderMap, stated: &[(&'static str, String)]) {
    for (name, value) in stated {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(*name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_of_requests_comes_back_and_the_binding_window_is_stated() {
        let mut account = Account::new(2, 3);
        let start = Timestamp::UNIX_EPOCH;
        let remaining = |account: &mut Account, hours: i64| {
            let (allowed, stated) = account.take(start + jiff::SignedDuration::from_hours(hours), 1);
            (allowed, stated[0].1.clone(), stated[1].1.clone(), stated[2].1.clone())
        };
        let text = |allowed, limit: &str, left: &str, reset: &str| (allowed, limit.into(), left.into(), reset.into());
        assert_eq!(remaining(&mut account, 0), text(true, "2", "1", "3600"));
        assert_eq!(remaining(&mut account, 0), text(true, "2", "0", "3600"));
        assert_eq!(remaining(&mut account, 0), text(false, "2", "0", "3600"));
        let (allowed, stated) = account.take(start, 0);
        assert!(allowed && stated[1].1 == "0", "what costs nothing is let through, and says what is left");
        assert_eq!(remaining(&mut account, 1), text(true, "3", "0", "86400"));
        assert_eq!(remaining(&mut account, 2), text(false, "3", "0", "86400"));
        assert_eq!(remaining(&mut account, 24), text(true, "2", "1", "90000"));
    }
}
