//! A signal in the middle of a scan, and `--on-interrupt cancel`.

use std::time::Duration;

use tokio::sync::watch;

use super::driver::Driver;
use crate::clock::Clock;
use crate::error::{Error, Signal};
use crate::finding::{Ending, ScanReference};
use crate::platform::{About, Cancelled};

/// How long a cancel may take: a job that is cancelled is killed soon after its first signal.
const LIMIT: Duration = Duration::from_secs(3);

/// Tells entries that are to cancel their scans of the signal that ended the run.
pub(super) type Teller = watch::Sender<Option<Signal>>;

/// What an entry hears of it.
pub(super) type Listener = watch::Receiver<Option<Signal>>;

/// Waits for the signal.
pub(super) async fn heard(listener: &Listener) -> Signal {
    let mut listener = listener.clone();
    if let Ok(signal) = listener.wait_for(Option::is_some).await
        && let Some(signal) = *signal
    {
        return signal;
    }
    // Nobody is left to tell, so there is nothing to wait for.
    std::future::pending().await
}

/// Cancels the scan, where there is one that has not ended, and says what became of it.
pub(super) async fn cancel(
    platform: &dyn Driver,
    scan: Option<&ScanReference>,
    has_ended: bool,
    signal: Signal,
    clock: &Clock,
) -> Ending {
    let mut problem = Error::Interrupted(signal).to_problem();
    problem.hint = Some(match scan {
        None => "no scan is known to have been started".to_owned(),
        Some(_) if has_ended => "the scan had already ended at the platform".to_owned(),
        Some(_) if !platform.about().supports_cancel => not_documented(platform.about()),
        Some(scan) => match within_limit(platform, scan, clock).await {
            Some(Ok(Cancelled::Accepted)) => "the scan was cancelled at the platform".to_owned(),
            Some(Ok(Cancelled::HasEnded)) => "the scan had already ended at the platform".to_owned(),
            Some(Ok(Cancelled::NotDocumented)) => not_documented(platform.about()),
            Some(Err(error)) => {
                problem.detail = error.detail();
                format!("the scan may go on at the platform, since it could not be cancelled: {error}")
            }
            None => format!(
                "the scan may go on at the platform, which did not confirm within {} s that it was cancelled",
                LIMIT.as_secs()
            ),
        },
    });
    Ending::Short(problem)
}

fn not_documented(about: &About) -> String {
    format!("the scan goes on at the platform: {} documents no way to cancel one", about.name)
}

async fn within_limit(
    platform: &dyn Driver,
    scan: &ScanReference,
    clock: &Clock,
) -> Option<Result<Cancelled, crate::platform::Error>> {
    let cancelled = platform.cancel(scan);
    if clock.is_simulated() {
        // There no real time passes, and a limit would be over before any answer.
        return Some(cancelled.await);
    }
    tokio::select! {
        cancelled = cancelled => Some(cancelled),
        () = clock.sleep(LIMIT) => None,
    }
}
