//! Accepting connections of one listener on one worker.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use crate::drain::Drain;
use crate::serve::{Handler, ServerSettings, serve};
use crate::timers::Timers;

/// How long to wait before accepting again when the process has no file descriptor left.
const PAUSE: Duration = Duration::from_millis(50);

/// Accepts connections until it is dropped. `settings` are those of the moment: a reload may change them.
pub async fn accept_loop<H: Handler>(
    listener: TcpListener,
    settings: Rc<Cell<ServerSettings>>,
    most: Rc<Cell<usize>>,
    handler: Rc<H>,
    timers: Timers,
    drain: Drain,
) {
    loop {
        let (stream, address) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                pause_if_exhausted(&error).await;
                continue;
            }
        };
        if drain.connections() >= most.get() {
            // Closed at once: the client learns of it sooner than by waiting.
            tracing::debug!(%address, "connection limit reached");
            continue;
        }
        prepare(&stream);
        let (handler, timers, member) = (Rc::clone(&handler), timers.clone(), drain.join());
        let settings = settings.get();
        tokio::task::spawn_local(async move {
            serve(stream, address, settings, handler, &timers, member).await;
        });
    }
}

fn prepare(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
}

/// Errors of one connection (it was reset while it waited) need no pause; those of the process do.
async fn pause_if_exhausted(error: &io::Error) {
    let of_connection = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    );
    if !of_connection {
        tracing::warn!(%error, "cannot accept connections");
        tokio::time::sleep(PAUSE).await;
    }
}
