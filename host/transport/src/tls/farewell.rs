//! The end of a connection whose client is still sending while it is told why it is closed.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::stream::Socket;

/// How much of what the client sends is still read.
const LINGER_BYTES: usize = 64 << 10;

/// Closes our side, and waits until the client has closed its own or sent too much: closing with bytes unread would reset
/// the connection, and the client lose what it was told (RFC 9112 section 9.6). How long, the caller decides.
pub(super) async fn part(mut socket: Socket) -> io::Result<()> {
    socket.shutdown().await?;
    let mut piece = [0; 4096];
    let mut left = LINGER_BYTES;
    loop {
        let read = socket.read(&mut piece).await?;
        left = left.saturating_sub(read);
        if read == 0 || left == 0 {
            return Ok(());
        }
    }
}
