//! `scangate doctor`: looks at all that a scan needs, in the order in which it needs it, and starts none.
//!
//! ```text
//! machine: files, settings, CI, subject, reports, certificates
//!   ─► entry (side by side): credentials, way to each host, sign-in, permission, limits
//!      every step leaves a Check ─► show ─► exit code of the worst
//! ```

mod certificates;
mod check;
mod entry;
mod machine;
mod show;
mod way;

use std::time::Duration;

use check::Checks;
use futures_util::future::join_all;

use super::flags::SettingsFlags;
use super::output::Format;
use super::{Context, scan, signals};
use crate::error::Error;
use crate::settings::{self, Files, Layers, ScanSettings, keys};

/// The deadline where none is given: a person waits for it.
const USUAL_TIMEOUT: Duration = Duration::from_mins(1);

/// Arguments of `scangate doctor`.
#[derive(clap::Args)]
#[command(
    after_help = "It takes the settings of scan, and starts none: put `doctor` in the place of `scan`. --timeout is the deadline of \
                        the checks, 60s where it is not given. A login that is refused is not tried again.\n\
                        Exit codes: that of the worst check; 0 where all pass or warn. docs/doctor.md has the checks."
)]
pub(super) struct Arguments {
    /// The form of what is printed
    #[arg(long, value_name = "text|json", default_value = "text", hide_possible_values = true)]
    format: Format,

    #[command(flatten)]
    pub(super) flags: SettingsFlags<scan::All>,
}

/// Runs the command. What is wrong is in the checks; an error is only what keeps them from being made or shown.
pub(super) async fn run(
    arguments: Arguments,
    files: Result<Files, settings::Error>,
    context: &Context,
) -> Result<u8, Error> {
    let mut checks = Checks::default();
    let requests = tokio::select! {
        requests = examine(&arguments, files, context, &mut checks) => requests,
        signal = signals::interrupted() => return Err(Error::Interrupted(signal)),
    };
    let report = checks.into_report(requests, &context.redactor);
    match arguments.format {
        Format::Json => show::json(&report, context)?,
        Format::Text => show::text(&report, context)?,
    }
    Ok(report.class.exit_code())
}

/// Makes all checks, and returns how many requests they cost.
async fn examine(
    arguments: &Arguments,
    files: Result<Files, settings::Error>,
    context: &Context,
    checks: &mut Checks,
) -> u64 {
    let Some(mut files) = machine::files(files, checks) else { return 0 };
    let given = &arguments.flags.given;
    let Some(mut policy) = machine::settings(scan::policy(&mut files, given, context), checks) else { return 0 };
    let layers = Layers::new(given, &context.environment).with_files(&files);
    let settings = ScanSettings::resolve(&layers).map_err(Error::from);
    let Some(mut settings) = machine::settings(settings, checks) else { return 0 };
    machine::understood(&settings, &mut policy, checks);
    machine::ci(&mut settings, context, checks);
    machine::subjects(&settings, checks);
    machine::reports(&settings, checks);
    if !certificates::check(&settings.http, context, checks) {
        for entry in &settings.entries {
            let mut own = Checks::of(&entry.name);
            own.skip(&["credentials", "sign-in", "permission", "limits"], "the certificates cannot be read");
            checks.extend(own);
        }
        return 0;
    }
    let timeout = layers.value(&keys::TIMEOUT).map_or(USUAL_TIMEOUT, |_| settings.run.timeout);
    let deadline = context.clock.monotonic().saturating_add(timeout);
    // Side by side, so that a slow platform takes no other's time.
    let entries = settings.entries.iter().map(|entry| entry::examine(entry, &settings.http, deadline, context));
    let mut requests = 0;
    for (own, cost) in join_all(entries).await {
        checks.extend(own);
        requests += cost;
    }
    requests
}
