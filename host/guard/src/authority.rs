//! Authorities, as in Host and in absolute targets: a host and perhaps a port (RFC 9110 7.2, RFC 3986 3.2).
//! Users, zones and address literals of the future are no part of it.

use std::net::Ipv6Addr;

use memchr::memchr;

use super::class;

/// Whether this is a host that is not empty, perhaps with a colon and a port.
pub(super) fn is_valid(authority: &[u8]) -> bool {
    if let [b'[', literal @ ..] = authority {
        return is_bracketed(literal);
    }
    match memchr(b':', authority).and_then(|colon| authority.split_at_checked(colon)) {
        None => is_reg_name(authority),
        Some((host, port)) => is_reg_name(host) && is_port(port),
    }
}

/// An IPv6 address behind its opening bracket, and what follows it.
fn is_bracketed(literal: &[u8]) -> bool {
    let Some((address, [_, port @ ..])) = memchr(b']', literal).and_then(|end| literal.split_at_checked(end))
    else {
        return false;
    };
    let address = str::from_utf8(address).ok().and_then(|text| text.parse::<Ipv6Addr>().ok());
    address.is_some() && (port.is_empty() || is_port(port))
}

/// A registered name; an IPv4 address looks the same.
fn is_reg_name(host: &[u8]) -> bool {
    let mut bytes = host.iter();
    while let Some(&byte) = bytes.next() {
        let good = match byte {
            b'%' => is_hex(bytes.next()) && is_hex(bytes.next()),
            _ => class::is_reg_name(byte),
        };
        if !good {
            return false;
        }
    }
    !host.is_empty()
}

fn is_hex(byte: Option<&u8>) -> bool {
    byte.is_some_and(u8::is_ascii_hexdigit)
}

/// A colon and one to five digits that fit a port.
fn is_port(port: &[u8]) -> bool {
    let [b':', digits @ ..] = port else { return false };
    let all_digits = digits.iter().all(u8::is_ascii_digit);
    let value = digits
        .iter()
        .fold(0, |value: u32, digit| value.saturating_mul(10).saturating_add(u32::from(digit & 15)));
    all_digits && (1..=5).contains(&digits.len()) && value <= u32::from(u16::MAX)
}
