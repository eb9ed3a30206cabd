//! A panic is a bug, and says so in one line without a backtrace, which could hold secrets.

use std::panic;

use super::neutral;
use crate::http::Redactor;

/// Replaces the default report of a panic. What catches it decides on the exit code.
pub fn report_in_one_line(redactor: Redactor) {
    panic::set_hook(Box::new(move |info| {
        let place = info.location().map(|place| format!(" at {}:{}", place.file(), place.line())).unwrap_or_default();
        let reason = info.payload_as_str().unwrap_or("no reason given");
        let line = neutral::line(&redactor.clean(&format!("error: internal error{place}: {reason}")));
        super::output::to_stderr(&line);
        super::output::to_stderr("  hint: this is a bug in scangate; please report it with the line above");
    }));
}
