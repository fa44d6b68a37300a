//! Networks and authorities as the configuration has them. Who is of a network is told by its bits, however it and the address are
//! written; and an authority has the host and the port that the `http` crate sees in it.
#![no_main]

use std::net::{IpAddr, Ipv6Addr};

use config::Cidr;
use http::uri::Authority;
use libfuzzer_sys::fuzz_target;
use loader::fuzzing::authority;

/// A port that no scheme has.
const DEFAULT_PORT: u16 = 4711;

fuzz_target!(|data: &[u8]| {
    let Some([one, other, address, name]) = sandgate_fuzz::texts::<4>(data) else { return };
    let address = address.parse::<IpAddr>().ok();
    let read = |text: &str| Some((network(text)?, address_of(text)?, address));
    for (network, own, address) in [one, other].into_iter().filter_map(read) {
        hold(&network, own, address);
    }
    if let (Some(one), Some(other)) = (network(one), network(other)) {
        assert_eq!(one.overlaps(&other), other.overlaps(&one), "{one} {other}");
        let has_both = address.is_some_and(|address| one.contains(address) && other.contains(address));
        assert!(!has_both || one.overlaps(&other), "{one} {other}");
    }
    if let Some((host, port)) = authority(name, DEFAULT_PORT) {
        hold_authority(name, host, port);
    }
});

fn network(text: &str) -> Option<Cidr> {
    serde_json::from_value(text.into()).ok()
}

fn address_of(text: &str) -> Option<IpAddr> {
    text.split('/').next()?.parse().ok()
}

fn hold(read: &Cidr, own: IpAddr, address: Option<IpAddr>) {
    let written = read.to_string();
    assert_eq!(network(&written).as_ref(), Some(read));
    assert!(read.contains(own), "{read} is without {own}");
    let (_, prefix) = written.split_once('/').expect("a prefix");
    let prefix: u32 = prefix.parse().expect("a number");
    let prefix = prefix + if read.to_string().contains(':') { 0 } else { 96 };
    for address in address.into_iter().chain([own]) {
        let differs = (wide(own).to_bits() ^ wide(address).to_bits()).leading_zeros() < prefix;
        // A network of IPv6 has none of IPv4, though the bits of `::/0` say so.
        let is_other_kind = own.to_canonical().is_ipv4() != address.to_canonical().is_ipv4();
        assert_eq!(read.contains(address), !differs && !is_other_kind, "{read} {address}");
    }
}

fn wide(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}

fn hold_authority(text: &str, host: &str, port: u16) {
    let is_ipv6 = host.contains(':');
    assert!(port != 0 && (is_ipv6 || host.len() <= 253 && host.split('.').all(|label| label.len() <= 63)));
    let bare = if is_ipv6 { format!("[{host}]") } else { host.to_owned() };
    assert_eq!(authority(&format!("{bare}:{port}"), DEFAULT_PORT), Some((host, port)));
    let other = Authority::try_from(text).expect("what is one here is one elsewhere");
    assert_eq!((other.host(), other.port_u16().unwrap_or(DEFAULT_PORT)), (bare.as_str(), port), "{text:?}");
}
