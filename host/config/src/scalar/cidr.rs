//! Networks: an address and how many of its bits count (RFC 4632, RFC 4291 section 2.3).

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// A network, such as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cidr {
    network: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// Whether an address is of the network. An IPv4 address mapped into IPv6 counts as the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        masked(address.to_canonical(), self.prefix) == Some(self.network)
            && address.to_canonical().is_ipv4() == self.network.is_ipv4()
    }

    /// Whether an address is of both.
    pub fn overlaps(&self, other: &Cidr) -> bool {
        self.contains(other.network) || other.contains(self.network)
    }

    /// An address alone is a network of one. Bits past the prefix have to be zero: `10.1.2.3/8` is likelier a mistake
    /// than a way to write `10.0.0.0/8`. One of IPv4 addresses mapped into IPv6 is that of the IPv4 addresses: every address is
    /// compared as such, so that it would have none.
    fn parse(text: &str) -> Option<Self> {
        let (address, prefix) =
            text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let network: IpAddr = address.parse().ok()?;
        let prefix = match prefix {
            None => width(network),
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok()?,
            Some(_) => return None,
        };
        if masked(network, prefix)? != network {
            return None;
        }
        let canonical = network.to_canonical();
        let prefix = prefix.checked_sub(width(network) - width(canonical))?;
        Some(Cidr { network: canonical, prefix })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.prefix)
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The address with all bits past the prefix zero; `None` when the prefix is longer than the address.
fn masked(address: IpAddr, prefix: u8) -> Option<IpAddr> {
    let dropped = u32::from(width(address).checked_sub(prefix)?);
    Some(match address {
        IpAddr::V4(v4) => IpAddr::V4((v4.to_bits() & u32::MAX.checked_shl(dropped).unwrap_or(0)).into()),
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & u128::MAX.checked_shl(dropped).unwrap_or(0)).into()),
    })
}

impl<'de> Deserialize<'de> for Cidr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CidrVisitor)
    }
}

struct CidrVisitor;

impl Visitor<'_> for CidrVisitor {
    type Value = Cidr;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a network such as `10.0.0.0/8` or `fd00::/8`, all bits past the prefix zero")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Cidr, E> {
        Cidr::parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

impl JsonSchema for Cidr {
    fn schema_name() -> Cow<'static, str> {
        "Network".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9a-fA-F.:]+(/[0-9]{1,3})?$",
            "description": "A network such as `10.0.0.0/8` or `fd00::/8`.",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(network: &str, address: &str) -> bool {
        Cidr::parse(network).unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn a_network_contains_what_shares_its_prefix() {
        assert!(contains("127.0.0.0/8", "127.255.0.1"));
        assert!(!contains("127.0.0.0/8", "128.0.0.1"));
        assert!(contains("0.0.0.0/0", "203.0.113.9"));
        assert!(contains("192.0.2.7", "192.0.2.7"));
        assert!(!contains("192.0.2.7", "192.0.2.8"));
        assert!(contains("fd00::/8", "fd12::1"));
        assert!(contains("10.0.0.0/8", "::ffff:10.1.1.1"));
        assert!(!contains("::/0", "10.0.0.1"));
    }

    #[test]
    fn a_network_mapped_into_ipv6_is_the_one_of_ipv4() {
        for (mapped, plain) in [
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:192.0.2.7", "192.0.2.7/32"),
            ("::ffff:0:0/96", "0.0.0.0/0"),
        ] {
            assert_eq!(Cidr::parse(mapped), Cidr::parse(plain), "{mapped}");
        }
        assert!(contains("::ffff:10.0.0.0/104", "10.1.2.3"));
        assert!(contains("::ffff:10.0.0.0/104", "::ffff:10.1.2.3"));
    }

    #[test]
    fn networks_overlap_when_one_is_in_the_other() {
        let [wide, narrow, other] =
            ["10.0.0.0/8", "10.1.0.0/16", "10.2.0.0/16"].map(|text| Cidr::parse(text).unwrap());
        assert!(wide.overlaps(&narrow) && narrow.overlaps(&wide) && wide.overlaps(&wide));
        assert!(!narrow.overlaps(&other));
    }

    #[test]
    fn a_network_with_host_bits_is_refused() {
        for bad in
            ["10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "10.0.0", "::1/64", "::/129", "web/8"]
        {
            assert_eq!(Cidr::parse(bad), None, "{bad}");
        }
    }
}
