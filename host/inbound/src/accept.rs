//! Accepting connections of one listening socket on one worker.

mod stats;

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::oneshot;
use transport::{
    Acceptor, Announcers, Carrier, Drain, Ends, ListeningSocket, Member, OpenDoor, Patience, ServerTls,
    Socket, Timers, Told, receive, secure,
};

use crate::serve::{Connection, Handler, ServerSettings, ServerTimeouts, serve};

pub use stats::AcceptStats;

/// How long to wait before accepting again when the process has no file descriptor left.
const PAUSE: Duration = Duration::from_millis(50);

/// What connections of a listener begin with.
#[derive(Clone, Default)]
pub struct Manner {
    /// Who may, and then has to, say whose connection it is (PROXY protocol). Where there is none, nobody does.
    pub announcers: Option<Announcers>,
    /// TLS, if it is spoken.
    pub tls: Option<Arc<ServerTls>>,
}

/// A listener's manner on one worker, as of the moment: a reload may change it.
pub type MannerSlot = Rc<RefCell<Manner>>;

/// A listening socket of a worker.
pub struct Listening {
    acceptor: Acceptor,
    manner: MannerSlot,
    closing: oneshot::Receiver<()>,
    _open: OpenDoor,
}

/// Dropped, it closes a listening socket: the connections that wait in its queue are accepted before.
pub struct Closer(#[expect(dead_code, reason = "dropping it is the message")] oneshot::Sender<()>);

impl Listening {
    /// On a socket. Connections begin as the slot says when they are accepted. The worker's end waits for it.
    pub fn new(
        socket: ListeningSocket,
        manner: MannerSlot,
        drain: &Drain,
    ) -> io::Result<(Listening, Closer)> {
        let (closer, closing) = oneshot::channel();
        let listening =
            Listening { acceptor: Acceptor::new(socket)?, manner, closing, _open: drain.open_door() };
        Ok((listening, Closer(closer)))
    }

    /// The next connection; none when the socket is to be closed.
    async fn next(&mut self) -> Option<io::Result<(Socket, Ends)>> {
        let (acceptor, closing) = (&self.acceptor, &mut self.closing);
        poll_fn(|cx| match Pin::new(&mut *closing).poll(cx) {
            Poll::Ready(_) => Poll::Ready(None),
            Poll::Pending => acceptor.poll_accept(cx).map(Some),
        })
        .await
    }
}

/// Accepts connections until the socket is closed. `settings` are those of the moment: a reload may change them.
pub async fn accept_loop<H: Handler>(
    mut listening: Listening,
    settings: Rc<Cell<ServerSettings>>,
    most: Rc<Cell<usize>>,
    handler: Rc<H>,
    timers: Timers,
    drain: Drain,
) {
    let door = Door { manner: Rc::clone(&listening.manner), settings, most, handler, timers, drain };
    while let Some(accepted) = listening.next().await {
        match accepted {
            Ok((socket, ends)) => door.admit(socket, ends),
            Err(error) => pause_if_exhausted(&error).await,
        }
    }
    // Closing resets whoever waits in the queue: a moment ago they were told that they are connected.
    let Listening { acceptor, _open, .. } = listening;
    for (socket, ends) in acceptor.into_queue() {
        door.admit(socket, ends);
    }
}

/// What connections come through.
struct Door<H> {
    manner: MannerSlot,
    settings: Rc<Cell<ServerSettings>>,
    most: Rc<Cell<usize>>,
    handler: Rc<H>,
    timers: Timers,
    drain: Drain,
}

impl<H: Handler> Door<H> {
    fn admit(&self, socket: Socket, ends: Ends) {
        if self.drain.connections() >= self.most.get() {
            // Closed at once: the client learns of it sooner than by waiting.
            tracing::debug!(address = %ends.client, "connection limit reached");
            self.handler.accept_stats().over_limit.add(1);
            return;
        }
        let (handler, timers, member) = (Rc::clone(&self.handler), self.timers.clone(), self.drain.join());
        let (settings, manner) = (self.settings.get(), self.manner.borrow().clone());
        // Boxed, as a task is moved several times before it runs, and with it all that it will ever hold.
        tokio::task::spawn_local(Box::pin(async move {
            let connection = match manner {
                Manner { announcers: None, tls: None } => Connection::plain(socket, ends, Vec::new()),
                // Boxed, so that connections that are up do not hold the space that a beginning needs.
                manner => {
                    let patience = (&timers, settings.timeouts, &member);
                    match Box::pin(begin(socket, ends, manner, patience, &*handler)).await {
                        Some(connection) => connection,
                        None => return,
                    }
                }
            };
            serve(connection, settings, handler, &timers, member).await;
        }));
    }
}

/// What comes before HTTP: a header of the PROXY protocol, and a TLS handshake.
async fn begin<H: Handler>(
    mut socket: Socket,
    mut ends: Ends,
    manner: Manner,
    (timers, timeouts, member): (&Timers, ServerTimeouts, &Member),
    handler: &H,
) -> Option<Connection> {
    let mut ahead = Vec::new();
    if let Some(announcers) = manner.announcers {
        let patience = Patience { timers, timeout: timeouts.header, member };
        let counts = &handler.accept_stats().headers;
        let received = receive(&mut socket, ends.client, &announcers, patience, counts).await?;
        match received.told {
            Told::Own => {}
            Told::Unknown => ends.is_known = false,
            Told::Addresses { source, destination } => (ends.client, ends.local) = (source, destination),
        }
        ahead = received.ahead;
    }
    let Some(tls) = manner.tls else { return Some(Connection::plain(socket, ends, ahead)) };
    let patience = Patience { timers, timeout: timeouts.tls_handshake, member };
    let carrier = Carrier::new(socket, ahead);
    let secured = secure(carrier, ends.client, &tls, patience, handler.handshakes()).await?;
    Some(Connection::secured(secured, ends))
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
