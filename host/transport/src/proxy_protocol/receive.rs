//! Reading the header that a connection begins with.

use std::net::SocketAddr;

use tokio::io::AsyncReadExt;

use super::{Announcers, HEADER_LIMIT, HeaderCounts, HeaderResult, Malformed, Parsed, Told, parse};
use crate::patience::{GivenUp, Patience, in_time};
use crate::stream::Socket;

/// A connection after its header.
pub struct Received {
    pub told: Told,
    /// What came after the header and was read with it.
    pub ahead: Vec<u8>,
}

/// Reads the header. None: there is none that may be heeded, which was counted.
pub async fn receive(
    socket: &mut Socket,
    address: SocketAddr,
    announcers: &Announcers,
    patience: Patience<'_>,
    counts: &HeaderCounts,
) -> Option<Received> {
    if !announcers(address.ip()) {
        tracing::debug!(%address, "may not speak the PROXY protocol");
        counts.count(HeaderResult::Denied);
        return None;
    }
    let received = match in_time(read(socket), &patience).await {
        Ok(received) => received,
        Err(GivenUp::TooLate) => Err(HeaderResult::Timeout),
        Err(GivenUp::Stopped) => return None,
    };
    counts.count(match &received {
        Ok(Received { told: Told::Own, .. }) => HeaderResult::Local,
        Ok(Received { told: Told::Unknown, .. }) => HeaderResult::Unknown,
        Ok(Received { told: Told::Addresses { .. }, .. }) => HeaderResult::Proxied,
        Err(result) => *result,
    });
    if let Err(result) = &received {
        tracing::debug!(%address, result = result.name(), "no header of the PROXY protocol");
    }
    received.ok()
}

async fn read(socket: &mut Socket) -> Result<Received, HeaderResult> {
    // As long as a header may be: what else is read is the client's and goes on.
    let mut bytes = Vec::with_capacity(HEADER_LIMIT);
    loop {
        match socket.read_buf(&mut bytes).await {
            Ok(1..) => {}
            Ok(0) | Err(_) => return Err(HeaderResult::ClientGone),
        }
        match parse(&bytes) {
            Ok(Parsed::Header(told, length)) => {
                let ahead = bytes.get(length..).unwrap_or_default().to_vec();
                return Ok(Received { told, ahead });
            }
            // There is room for more: a header that would need all of it, and is not complete, is too long.
            Ok(Parsed::Incomplete) => {}
            Err(Malformed(why)) => {
                tracing::debug!(why, "what came is no header of the PROXY protocol");
                return Err(HeaderResult::Malformed);
            }
        }
    }
}
