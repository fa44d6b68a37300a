//! Writing a header, for an endpoint that is to know whose request it gets.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::v2::SIGNATURE;

/// A version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyVersion {
    /// A line of text.
    V1,
    /// Binary.
    V2,
}

/// Whose requests a connection carries, and what address they came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The client.
    pub source: SocketAddr,
    /// What it connected to.
    pub destination: SocketAddr,
}

impl ProxyVersion {
    /// The header of a connection that carries a client's requests.
    pub fn header_for(self, announced: Announcement) -> Vec<u8> {
        let [source, destination] = alike(announced);
        match self {
            ProxyVersion::V1 => line(source, destination).into_bytes(),
            ProxyVersion::V2 => binary(source, destination),
        }
    }

    /// The header of a connection of our own, such as a check of health.
    pub fn header_of_own(self) -> Vec<u8> {
        match self {
            ProxyVersion::V1 => b"PROXY UNKNOWN\r\n".to_vec(),
            ProxyVersion::V2 => [&SIGNATURE[..], &[0x20, 0x00, 0, 0]].concat(),
        }
    }
}

/// Both addresses in one family: a header has only one for them.
fn alike(announced: Announcement) -> [SocketAddr; 2] {
    let both = [announced.source, announced.destination].map(|end| (end.ip().to_canonical(), end.port()));
    let is_ipv4 = both.iter().all(|(ip, _)| ip.is_ipv4());
    both.map(|(ip, port)| if is_ipv4 { SocketAddr::new(ip, port) } else { (wide(ip), port).into() })
}

fn wide(ip: IpAddr) -> Ipv6Addr {
    match ip {
        // No address of IPv4 is as good as none of IPv6.
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv6Addr::UNSPECIFIED,
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    }
}

fn line(source: SocketAddr, destination: SocketAddr) -> String {
    let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
    let ([from, to], [from_port, to_port]) =
        ([source.ip(), destination.ip()], [source.port(), destination.port()]);
    format!("PROXY {family} {from} {to} {from_port} {to_port}\r\n")
}

fn binary(source: SocketAddr, destination: SocketAddr) -> Vec<u8> {
    let addresses = match (source.ip(), destination.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => [&from.octets()[..], &to.octets()[..]].concat(),
        (from, to) => [&wide(from).octets()[..], &wide(to).octets()[..]].concat(),
    };
    let ports = [source.port().to_be_bytes(), destination.port().to_be_bytes()].concat();
    let (family, length) = if source.is_ipv4() { (0x11, 12) } else { (0x21, 36) };
    [&SIGNATURE[..], &[0x21, family, 0, length], &addresses, &ports].concat()
}
