//! Requests to end, from outside.

use crate::error::Signal;

/// Waits for SIGINT or SIGTERM. From the first poll on, neither ends the process by itself any more.
#[cfg(unix)]
pub async fn interrupted() -> Signal {
    use tokio::signal::unix::{SignalKind, signal};

    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // The system gives no handler, so the signals keep their usual effect.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => Signal::Interrupt,
        _ = terminate.recv() => Signal::Terminate,
    }
}

/// Waits for Ctrl-C. From the first poll on, it does not end the process by itself any more.
#[cfg(not(unix))]
pub async fn interrupted() -> Signal {
    match tokio::signal::ctrl_c().await {
        Ok(()) => Signal::Interrupt,
        Err(_no_handler) => std::future::pending().await,
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// The first future is polled first, so the handler stands when the signal comes.
    async fn after(signal: &str) -> Signal {
        let send = async || Command::new("kill").arg(signal).arg(std::process::id().to_string()).status();
        let (signal, sending) = tokio::join!(interrupted(), send());
        assert!(sending.unwrap().success());
        signal
    }

    #[tokio::test]
    async fn each_signal_is_told_from_the_other() {
        assert_eq!(after("-TERM").await, Signal::Terminate);
        assert_eq!(after("-INT").await, Signal::Interrupt);
    }
}
