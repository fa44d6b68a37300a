//! The PROXY protocol, versions 1 and 2: what a load balancer in front says of a connection before its first byte, and
//! what we say to an endpoint in the same way.
//!
//! The rules are those of HAProxy's `doc/proxy-protocol.txt`, read strictly: a header that breaks one is no header, and
//! nobody guesses what its sender may have meant. Of what version 2 carries beside addresses (TLVs) only the checksum is
//! looked at; the rest has to be well formed and is skipped.

mod checksum;
mod compose;
mod counts;
mod receive;
#[cfg(test)]
mod tests;
mod v1;
mod v2;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

pub use compose::{Announcement, ProxyVersion};
pub use counts::{HeaderCounts, HeaderResult};

pub use receive::receive;

/// Who may speak it, by the address of the connection's other end.
pub type Announcers = Arc<dyn Fn(IpAddr) -> bool + Send + Sync>;

/// The longest header, in bytes. Version 2 asks for 536 at least; some clouds and what is said of TLS need more.
const HEADER_LIMIT: usize = 4096;

/// What a header says of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It is the sender's own, such as a check of health.
    Own,
    /// It is somebody's whom the sender can't name, or whose address is none of IP.
    Unknown,
    /// Whose it is, and what address that connected to.
    Addresses {
        /// The client's.
        source: SocketAddr,
        /// Where it connected to.
        destination: SocketAddr,
    },
}

/// What some bytes are the beginning of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// A header that is not all there.
    Incomplete,
    /// A header of that many bytes.
    Header(Told, usize),
}

/// Bytes that are the beginning of no header: why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(&'static str);

/// Reads a header of either version.
pub(crate) fn parse(bytes: &[u8]) -> Result<Parsed, Malformed> {
    if bytes.first() == Some(&b'P') { v1::parse(bytes) } else { v2::parse(bytes) }
}

/// An address in the form in which it is compared and shown: of IPv4, where it is one written as IPv6.
fn address(ip: impl Into<IpAddr>, port: u16) -> SocketAddr {
    SocketAddr::new(ip.into().to_canonical(), port)
}
