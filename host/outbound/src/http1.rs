//! HTTP/1.1 towards endpoints (RFC 9112): one request at a time on a connection.
//!
//! It is our own, and not hyper's, since it is on the way of nearly every request: here an exchange writes to its connection and
//! reads from it itself, so that there is no task for the connection, no channel to it, and no copy of the head. What is read is
//! parsed by httparse, and framed here: what does not say where it ends is no answer.
//!
//! A [`Call`] sends a request ([`Upload`]) and reads what comes before the final response and its head ([`HeadReader`]); a
//! [`Decoder`] reads the body. Where connections come from and go to is the pool's business.

mod call;
mod decoder;
mod head;
mod out;
mod request;
mod upload;

use std::io;

use model::FaultKind;

pub(crate) use call::Call;
pub(crate) use decoder::{Decoder, Truncated};
pub(crate) use head::{Head, HeadReader};
pub(crate) use request::{HeadChanges, declared_trailers, write_head};
pub(crate) use upload::Upload;

/// Where a body ends (RFC 9112 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// There is none.
    None,
    /// After so many bytes.
    Length(u64),
    /// With its last chunk.
    Chunked,
    /// With the connection. Only answers may.
    Close,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The connection failed.
    Connection(io::Error),
    /// The endpoint closed it.
    Closed,
    /// What the endpoint sent breaks a rule or a limit.
    Answer(&'static str),
    /// The request's body could not be read.
    Body(FaultKind),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Broken::Connection(error)
    }
}
