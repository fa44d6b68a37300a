//! Serving the admin address: accepts connections and bounds what each may take.
//!
//! One request a connection: a scrape comes every few seconds, so that keeping connections would save nothing, and a
//! connection that ends after its answer can't be held idle.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use server::Monitor;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use crate::pages::pages;

/// Connections at a time. One more costs the oldest its place: an honest client is done within milliseconds, so that
/// clients which hold connections can't lock out one that asks for health.
const CONNECTIONS: usize = 32;
/// How long a request's head may take.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// How long a connection may last, the reading of the answer included.
const LIFETIME: Duration = Duration::from_secs(30);
/// Bytes of a request's head, and of an answer that wait for the client to read.
const BUFFER: usize = 16 << 10;
/// Fields of a request's head.
const FIELDS: usize = 64;
/// How long to wait before accepting again when the process has no file descriptor left.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves the admin address until it is dropped; connections that are open then are closed. It ends by itself only
/// when the listener no longer listens.
pub async fn serve(listener: TcpListener, monitor: Arc<Monitor>) -> io::Result<()> {
    let pages = pages(monitor);
    let mut connections = Connections::default();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => connections.admit(stream, pages.clone()),
            Err(error) => pause_or_end(error).await?,
        }
    }
}

/// An error of one connection (it was reset while it waited) needs no pause, one of the process does, and one of the
/// listener itself is the end.
async fn pause_or_end(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset => Ok(()),
        // EINVAL: accept(2) has it for a socket that does not listen.
        io::ErrorKind::InvalidInput => Err(error),
        _ => {
            tracing::warn!(listener = "admin", %error, "cannot accept connections");
            tokio::time::sleep(PAUSE).await;
            Ok(())
        }
    }
}

/// The connections that are open.
#[derive(Default)]
struct Connections {
    /// All are ended when this is dropped.
    tasks: JoinSet<()>,
    oldest_first: VecDeque<AbortHandle>,
}

impl Connections {
    fn admit(&mut self, stream: TcpStream, pages: Router) {
        self.forget_ended();
        if self.oldest_first.len() >= CONNECTIONS
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            tracing::debug!(listener = "admin", "connection limit reached");
            oldest.abort();
        }
        self.oldest_first.push_back(self.tasks.spawn(converse(stream, pages)));
    }

    fn forget_ended(&mut self) {
        while self.tasks.try_join_next().is_some() {}
        self.oldest_first.retain(|connection| !connection.is_finished());
    }
}

/// Reads one request and answers it.
async fn converse(stream: TcpStream, pages: Router) {
    let connection = http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(BUFFER)
        .max_headers(FIELDS)
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(pages));
    match tokio::time::timeout(LIFETIME, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(listener = "admin", %error, "a connection failed"),
        Err(_) => tracing::debug!(listener = "admin", "a connection took too long"),
    }
}

#[cfg(test)]
mod tests;
