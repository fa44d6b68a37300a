//! Something asynchronous that runs beside a test, on a thread of its own, until it is dropped.

use std::future::Future;
use std::thread;

use tokio::runtime::Builder;
use tokio::sync::oneshot;

/// A task beside the test. Dropped, it ends, and all that it has spawned.
pub(crate) struct Background(#[expect(dead_code, reason = "dropping it is the message")] oneshot::Sender<()>);

impl Background {
    /// Makes ready what is served, and serves it from then on. Returns what making ready gave.
    pub(crate) fn serve<R, S, F>(ready: R, serve: impl FnOnce(S) -> F + Send + 'static) -> (Self, S::Told)
    where
        R: Future<Output = S>,
        S: Ready + Send + 'static,
        F: Future<Output = ()>,
    {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let ready = runtime.block_on(ready);
        let told = ready.told();
        let (stop, stopped) = oneshot::channel::<()>();
        thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve(ready) => {}
                    _ = stopped => {}
                }
            });
        });
        (Background(stop), told)
    }
}

/// What is served, once it is ready: it can say where.
pub(crate) trait Ready {
    /// Where.
    type Told;
    /// Says it.
    fn told(&self) -> Self::Told;
}

impl Ready for tokio::net::TcpListener {
    type Told = std::net::SocketAddr;

    fn told(&self) -> Self::Told {
        self.local_addr().expect("a bound socket")
    }
}

impl Ready for tokio::net::UnixListener {
    type Told = ();

    fn told(&self) -> Self::Told {}
}
