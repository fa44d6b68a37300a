//! Version 1: a line of text, `PROXY TCP4 192.0.2.1 198.51.100.7 56324 443` and CRLF.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use super::{Malformed, Parsed, Told, address};

const BEGINNING: &[u8] = b"PROXY ";
/// The longest line, CRLF included: two full IPv6 addresses, or whatever follows `UNKNOWN`.
const LINE_LIMIT: usize = 107;

pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, Malformed> {
    if bytes.iter().zip(BEGINNING).any(|(found, expected)| found != expected) {
        return Err(Malformed("it does not begin with a header"));
    }
    let line = bytes.get(..LINE_LIMIT).unwrap_or(bytes);
    let Some(end) = line.windows(2).position(|pair| pair == b"\r\n") else {
        let is_short = bytes.len() < LINE_LIMIT;
        return if is_short { Ok(Parsed::Incomplete) } else { Err(Malformed("the line is too long")) };
    };
    let text = line.get(BEGINNING.len()..end).and_then(|text| std::str::from_utf8(text).ok());
    let told = text.and_then(told).ok_or(Malformed("the line is not as version 1 has it"))?;
    Ok(Parsed::Header(told, end + 2))
}

fn told(text: &str) -> Option<Told> {
    let (family, rest) = text.split_once(' ').unwrap_or((text, ""));
    match family {
        // Whatever follows: it is to be ignored.
        "UNKNOWN" => Some(Told::Unknown),
        "TCP4" => addresses::<Ipv4Addr>(rest),
        "TCP6" => addresses::<Ipv6Addr>(rest),
        _ => None,
    }
}

fn addresses<A: FromStr + Into<IpAddr>>(text: &str) -> Option<Told> {
    let mut parts = text.split(' ');
    let (source, destination) = (parts.next()?, parts.next()?);
    let (from, to) = (parts.next()?, parts.next()?);
    let source = end::<A>(source, from)?;
    let destination = end::<A>(destination, to)?;
    parts.next().is_none().then_some(Told::Addresses { source, destination })
}

fn end<A: FromStr + Into<IpAddr>>(ip: &str, port: &str) -> Option<SocketAddr> {
    Some(address(ip.parse::<A>().ok()?, decimal(port)?))
}

/// Digits without a leading zero, as another reader may take those for octal ones.
fn decimal(text: &str) -> Option<u16> {
    let is_plain = text == "0" || !text.starts_with(['0', '+']);
    text.parse().ok().filter(|_| is_plain)
}
