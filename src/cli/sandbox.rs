//! `scangate sandbox`.

use super::Context;
use crate::error::Error;

/// Arguments of `scangate sandbox`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The port on 127.0.0.1; 0 is a free one, which is shown
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,

    /// How many times as fast as a real platform its time runs
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    speed: u32,

    /// A fault that it plays, such as expiry or slow=2s; repeatable
    #[arg(long = "fault", value_name = "NAME[=VALUE]")]
    faults: Vec<String>,
}

/// Serves until a signal comes.
pub(super) fn run(arguments: &Arguments, _context: &Context) -> Result<u8, Error> {
    let Arguments { port: _, speed: _, faults: _ } = arguments;
    Err(Error::Internal("the sandbox is not part of this build".to_owned()))
}
