//! The HTTP client against real sockets (DESIGN section 6): servers that follow a script to the byte, and a clock that only moves
//! when the client waits.

mod body;
mod deadline;
mod log;
mod login;
mod method;
mod origin;
mod pace;
mod proxy;
mod raw;
mod retry;
pub(crate) mod server;
mod stored;
pub(crate) mod tls;
mod token;
mod upload;

use std::time::Duration;

use jiff::Timestamp;
use scangate::clock::Clock;
use scangate::error::Class;
use scangate::http::{Client, Error, Options, Random, Redactor};

/// 2027-01-15T08:00:00Z.
const START: i64 = 1_800_000_000;

fn clock() -> Clock {
    Clock::simulated(Timestamp::from_second(START).unwrap_or_default())
}

/// A client on a simulated clock, whose run ends after two hours, and whose waits are drawn from a fixed seed.
fn client() -> Result<Client, Error> {
    client_with(&Options::default())
}

fn client_with(options: &Options) -> Result<Client, Error> {
    Client::new(options, clock(), Duration::from_hours(2), Redactor::default())
        .map(|client| client.with_random(Random::seeded(1)))
}

/// All that an error shows to anybody.
fn everything(error: &Error) -> String {
    format!("{error} {error:?} {:?} {:?} {:?}", error.hint(), error.detail(), error.server_message())
}

fn is(error: &Error, class: Class) -> bool {
    error.class() == class
}
