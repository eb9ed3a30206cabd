//! The report, for people and for programs.

use std::io;

use serde_json::json;

use super::check::{Check, Report, Status};
use crate::cli::Context;
use crate::error::Error;
use crate::report::counted;

/// Changes with every change that a reader could trip over.
const SCHEMA: &str = "scangate/doctor/v1";

/// A line a check, below the name of what it is about.
pub(super) fn text(report: &Report, context: &Context) -> Result<(), Error> {
    let line = |text: &str| context.printer.line(text).map_err(|cause| failed(&cause));
    let mut scope = None;
    for check in &report.checks {
        let own = (&check.entry, &check.server);
        if scope.replace(own) != Some(own) {
            line(&heading(check))?;
        }
        line(&format!("  {:8} {:13} {}", check.status.as_str(), check.name, check.message))?;
        let more = check.next.iter().map(|next| format!("next: {next}")).chain(check.detail.iter().cloned());
        more.map(|more| format!("{:25}{more}", "")).try_for_each(|more| line(&more))?;
    }
    let counts = Status::ALL.map(|status| format!("{} {}", report.count(status), status.as_str()));
    let requests = counted(report.requests, "request");
    line(&format!("{}; {requests}; exit code {} ({})", counts.join(", "), report.class.exit_code(), report.class))
}

fn heading(check: &Check) -> String {
    match (&check.entry, &check.server) {
        (None, _) => "this machine".to_owned(),
        (Some(entry), None) => entry.clone(),
        (Some(entry), Some(server)) => format!("{entry}: {server}"),
    }
}

/// The same as one document.
pub(super) fn json(report: &Report, context: &Context) -> Result<(), Error> {
    let document = json!({
        "schema": SCHEMA,
        "class": report.class,
        "exit_code": report.class.exit_code(),
        "requests": report.requests,
        "checks": report.checks,
    });
    context.printer.json_document(document).map_err(|cause| failed(&cause))
}

fn failed(cause: &io::Error) -> Error {
    Error::Delivery { path: "standard output".to_owned(), cause: cause.to_string() }
}
