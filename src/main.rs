//! Parse, build the runtime, run, print the error, return the exit code.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use scangate::cli::{self, Invocation};
use scangate::error::Class;
use scangate::http::Redactor;
use scangate::settings::Environment;

fn main() -> ExitCode {
    let redactor = Redactor::default();
    cli::report_in_one_line(redactor.clone());
    // The hook has reported the panic by the time it is caught here.
    let ended = catch_unwind(AssertUnwindSafe(|| run(redactor.clone())));
    ended.unwrap_or_else(|_panic| cli::end_panicked(&redactor)).into()
}

fn run(redactor: Redactor) -> u8 {
    let invocation = match Invocation::parse(std::env::args_os(), Environment::current(), redactor) {
        Ok(invocation) => invocation,
        Err(exit_code) => return exit_code,
    };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return Class::Internal.exit_code();
    };
    let exit_code = runtime.block_on(invocation.run());
    // A thread that still waits for standard input must not keep the process.
    runtime.shutdown_background();
    exit_code
}
