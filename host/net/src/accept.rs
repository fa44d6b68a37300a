//! Accepting connections of one listener on one worker.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::drain::{Drain, Member};
use crate::listener::{Acceptor, ListeningSocket};
use crate::serve::{Connection, Handler, ServerSettings, serve};
use crate::stream::Socket;
use crate::timers::Timers;
use crate::tls::{Patience, ServerTls, secure};

/// How long to wait before accepting again when the process has no file descriptor left.
const PAUSE: Duration = Duration::from_millis(50);

/// TLS of a listener on one worker, as of the moment: a reload may change it, or take it away.
pub type TlsSlot = Rc<RefCell<Option<Arc<ServerTls>>>>;

/// A listener on one worker.
pub struct Listening {
    acceptor: Acceptor,
    tls: TlsSlot,
}

impl Listening {
    /// On a socket, with TLS as the slot says when a connection is accepted.
    pub fn new(socket: ListeningSocket, tls: TlsSlot) -> io::Result<Listening> {
        Ok(Listening { acceptor: Acceptor::new(socket)?, tls })
    }
}

/// Accepts connections until it is dropped. `settings` are those of the moment: a reload may change them.
pub async fn accept_loop<H: Handler>(
    listening: Listening,
    settings: Rc<Cell<ServerSettings>>,
    most: Rc<Cell<usize>>,
    handler: Rc<H>,
    timers: Timers,
    drain: Drain,
) {
    loop {
        let (socket, address) = match listening.acceptor.accept().await {
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
        let (handler, timers, member) = (Rc::clone(&handler), timers.clone(), drain.join());
        let (settings, tls) = (settings.get(), listening.tls.borrow().clone());
        tokio::task::spawn_local(async move {
            let connection = match tls {
                None => Connection::plain(socket, address),
                // Boxed, so that connections that are up do not hold the space that a handshake needs.
                Some(tls) => {
                    let patience = (&timers, settings.timeouts.tls_handshake, &member);
                    match Box::pin(secured(socket, address, tls, patience, &*handler)).await {
                        Some(connection) => connection,
                        None => return,
                    }
                }
            };
            serve(connection, settings, handler, &timers, member).await;
        });
    }
}

async fn secured<H: Handler>(
    socket: Socket,
    address: SocketAddr,
    tls: Arc<ServerTls>,
    (timers, timeout, member): (&Timers, Duration, &Member),
    handler: &H,
) -> Option<Connection> {
    let patience = Patience { timers, timeout, member };
    let secured = secure(socket, address, &tls, patience, handler.handshakes()).await?;
    Some(Connection::secured(secured, address))
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
