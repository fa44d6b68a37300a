//! What the targets share: input taken apart, and exchanges made of it.
//!
//! A target holds a parser to something that must be true of every input, beside that it ends without a panic: another way to the
//! same result, or a property of what comes out.

pub mod told;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use http::{HeaderMap, HeaderName, HeaderValue};
use model::{Exchange, ExchangeId, RequestHead, WorkerId};

/// The first byte says in pieces of which size the others come.
pub fn pieces(data: &[u8]) -> Option<(&[u8], impl Iterator<Item = &[u8]>)> {
    let (size, bytes) = data.split_first()?;
    Some((bytes, bytes.chunks(usize::from(*size) + 1)))
}

/// Texts between NULs; no more than wanted, empty where there are fewer.
pub fn texts<const N: usize>(data: &[u8]) -> Option<[&str; N]> {
    let mut parts = std::str::from_utf8(data).ok()?.splitn(N, '\0');
    Some(std::array::from_fn(|_| parts.next().unwrap_or_default()))
}

/// Parts between NULs.
pub fn parts<const N: usize>(data: &[u8]) -> [&[u8]; N] {
    let mut parts = data.splitn(N, |byte| *byte == 0);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

/// Fields of one name and these values, as far as they are values.
pub fn fields<'a>(name: &'static str, values: impl Iterator<Item = &'a [u8]>) -> HeaderMap {
    let values = values.filter_map(|value| HeaderValue::from_bytes(value).ok());
    values.map(|value| (HeaderName::from_static(name), value)).collect()
}

/// An exchange with this request.
pub fn exchange(request: RequestHead) -> Exchange {
    let client = SocketAddr::from((Ipv4Addr::LOCALHOST, 4711));
    Exchange::new(ExchangeId(1), WorkerId(0), client, Instant::now(), request)
}
