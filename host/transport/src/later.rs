//! What is done on a worker's thread when what it does at present is done.

/// Runs something on this thread, later; false when the thread is past running anything.
pub fn run_later(future: impl Future<Output = ()> + 'static) -> bool {
    let is_running = tokio::runtime::Handle::try_current().is_ok();
    if is_running {
        tokio::task::spawn_local(future);
    }
    is_running
}
