//! A door for `tests/fuzz`: headers of the PROXY protocol, without a connection around them.
//!
//! Compiled for a fuzzer only, which sets `cfg(fuzzing)`.

use crate::proxy_protocol::{Announcement, Parsed, ProxyVersion, Told, parse};

/// What a connection begins with, where the PROXY protocol is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// Part of a header.
    Incomplete,
    /// No header.
    Malformed,
    /// A header of so many bytes, and whom it names.
    Header(Option<Announcement>, usize),
}

/// Reads a header of the PROXY protocol.
pub fn read_proxy_header(bytes: &[u8]) -> Beginning {
    match parse(bytes) {
        Ok(Parsed::Incomplete) => Beginning::Incomplete,
        Ok(Parsed::Header(Told::Addresses { source, destination }, length)) => {
            Beginning::Header(Some(Announcement { source, destination }), length)
        }
        Ok(Parsed::Header(Told::Own | Told::Unknown, length)) => Beginning::Header(None, length),
        Err(_) => Beginning::Malformed,
    }
}

/// Writes one.
pub fn write_proxy_header(version: ProxyVersion, announced: Announcement) -> Vec<u8> {
    version.header_for(announced)
}
