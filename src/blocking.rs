//! Work that blocks, away from the thread that drives everything else.

use tokio::sync::oneshot;

/// Work that panicked. Where and why has been said by then.
#[derive(Debug, thiserror::Error)]
#[error("it panicked")]
pub(crate) struct Panicked;

/// Starts work at once on a thread where it may block, and gives what it returns to whoever waits for it. It is carried through even
/// if nobody does.
pub(crate) fn start<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Result<T, Panicked>> {
    let (sender, receiver) = oneshot::channel();
    // Boxed, since the runtime's part is compiled anew for each type of work.
    let work: Box<dyn FnOnce() + Send> = Box::new(move || drop(sender.send(work())));
    drop(tokio::task::spawn_blocking(work));
    async { receiver.await.map_err(|_closed| Panicked) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_work_returns_arrives_and_a_panic_is_an_error() {
        assert_eq!(start(|| 7).await.unwrap(), 7);
        assert_eq!(start(|| assert!(std::env::args().count() == 0)).await.unwrap_err().to_string(), "it panicked");
    }
}
