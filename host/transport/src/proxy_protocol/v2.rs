//! Version 2: a signature, four bytes, addresses, and further values of a type and a length each (TLVs).

use super::{HEADER_LIMIT, Malformed, Parsed, Told, address, checksum};

/// No request and no TLS record begins so.
pub(super) const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// The signature, the command, the family and the length of what follows.
const FIXED: usize = 16;
/// Two paths of 108 bytes each.
const UNIX_ADDRESSES: usize = 216;
/// The type of a checksum over the whole header.
const CRC32C: u8 = 0x03;

pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, Malformed> {
    if bytes.iter().zip(&SIGNATURE).any(|(found, expected)| found != expected) {
        return Err(Malformed("it does not begin with a header"));
    }
    let Some((_, rest)) = bytes.split_at_checked(SIGNATURE.len()) else { return Ok(Parsed::Incomplete) };
    let Some((&[command, family, high, low], rest)) = rest.split_first_chunk() else {
        return Ok(Parsed::Incomplete);
    };
    let is_own = match command {
        0x20 => true,
        0x21 => false,
        _ => return Err(Malformed("its version or command is none that is known")),
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if FIXED + length > HEADER_LIMIT {
        return Err(Malformed("it is too long"));
    }
    let Some(payload) = rest.get(..length) else { return Ok(Parsed::Incomplete) };
    let header = bytes.get(..FIXED + length).unwrap_or_default();
    let told = if is_own { Told::Own } else { told(family, payload, header)? };
    Ok(Parsed::Header(told, FIXED + length))
}

fn told(family: u8, payload: &[u8], header: &[u8]) -> Result<Told, Malformed> {
    let short = Malformed("it is shorter than its addresses");
    let (told, values) = match family {
        0x11 => ipv4(payload).ok_or(short)?,
        0x21 => ipv6(payload).ok_or(short)?,
        // Addresses of UDP are none of a connection that is TCP.
        0x12 => (Told::Unknown, payload.get(12..).ok_or(short)?),
        0x22 => (Told::Unknown, payload.get(36..).ok_or(short)?),
        0x31 | 0x32 => (Told::Unknown, payload.get(UNIX_ADDRESSES..).ok_or(short)?),
        // Without a family, nobody knows where the addresses end.
        0x00 => return Ok(Told::Unknown),
        _ => return Err(Malformed("its family or transport is none that is known")),
    };
    look_through(values, header)?;
    Ok(told)
}

fn ipv4(payload: &[u8]) -> Option<(Told, &[u8])> {
    let (source, rest) = payload.split_first_chunk::<4>()?;
    let (destination, rest) = rest.split_first_chunk::<4>()?;
    let (ports, rest) = ports(rest)?;
    let [source, destination] = [address(*source, ports.0), address(*destination, ports.1)];
    Some((Told::Addresses { source, destination }, rest))
}

fn ipv6(payload: &[u8]) -> Option<(Told, &[u8])> {
    let (source, rest) = payload.split_first_chunk::<16>()?;
    let (destination, rest) = rest.split_first_chunk::<16>()?;
    let (ports, rest) = ports(rest)?;
    let [source, destination] = [address(*source, ports.0), address(*destination, ports.1)];
    Some((Told::Addresses { source, destination }, rest))
}

fn ports(bytes: &[u8]) -> Option<((u16, u16), &[u8])> {
    let (&[a, b, c, d], rest) = bytes.split_first_chunk()?;
    Some(((u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])), rest))
}

/// Values have to fit into the header, one after another; a checksum has to be right.
fn look_through(mut values: &[u8], header: &[u8]) -> Result<(), Malformed> {
    let short = Malformed("it is shorter than one of its values");
    while !values.is_empty() {
        let (&[kind, high, low], rest) = values.split_first_chunk().ok_or(short)?;
        let length = usize::from(u16::from_be_bytes([high, low]));
        let (value, rest) = rest.split_at_checked(length).ok_or(short)?;
        if kind == CRC32C && !is_sum(value, header, header.len() - rest.len()) {
            return Err(Malformed("its checksum is wrong"));
        }
        values = rest;
    }
    Ok(())
}

/// Whether a value is the checksum of the header that it is in, with zeros in its own place; it ends before `end`.
fn is_sum(value: &[u8], header: &[u8], end: usize) -> bool {
    let Ok(sum) = <[u8; 4]>::try_from(value) else { return false };
    let before = header.get(..end.saturating_sub(sum.len())).unwrap_or_default();
    let after = header.get(end..).unwrap_or_default();
    let bytes = before.iter().chain(&[0; 4]).chain(after);
    checksum::crc32c(bytes.copied()) == u32::from_be_bytes(sum)
}
