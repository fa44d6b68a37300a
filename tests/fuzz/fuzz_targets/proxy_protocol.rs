//! The header of the PROXY protocol. It is found when its last byte has come and not before, whatever follows it; and whom it names
//! is named again when we write it for an endpoint, in either version.
#![no_main]

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use libfuzzer_sys::fuzz_target;
use transport::fuzzing::{Beginning, read_proxy_header, write_proxy_header};
use transport::{Announcement, ProxyVersion};

/// No header is longer, so that nobody waits for more.
const LONGEST: usize = 4096;

fuzz_target!(|data: &[u8]| {
    let whole = read_proxy_header(data);
    match whole {
        Beginning::Incomplete => assert!(data.len() < LONGEST),
        Beginning::Malformed => {}
        Beginning::Header(named, length) => {
            assert!(length <= data.len() && length <= LONGEST);
            assert_eq!(read_proxy_header(&data[..length]), whole);
            if let Some(named) = named {
                name_again(named);
            }
        }
    }
    let end = if let Beginning::Header(_, length) = whole { length } else { data.len().min(LONGEST) };
    let mut before = (0..end).map(|size| read_proxy_header(&data[..size]));
    // A malformed one may be known as such before all has come, and stays malformed.
    let first_verdict = before.find(|read| *read != Beginning::Incomplete);
    assert!(first_verdict.is_none_or(|verdict| verdict == Beginning::Malformed && verdict == whole));
    assert!(before.all(|read| read == Beginning::Malformed));
});

fn name_again(named: Announcement) {
    let Announcement { source, destination } = named;
    assert!([source, destination].iter().all(|end| end.ip() == end.ip().to_canonical()), "{named:?}");
    let is_mixed = source.is_ipv4() != destination.is_ipv4();
    let expected = if is_mixed {
        Announcement { source: widened(source), destination: widened(destination) }
    } else {
        named
    };
    for version in [ProxyVersion::V1, ProxyVersion::V2] {
        let header = write_proxy_header(version, named);
        let read = read_proxy_header(&header);
        assert_eq!(read, Beginning::Header(Some(expected), header.len()), "{version:?} {named:?}");
    }
}

/// Beside an IPv6 address, no address of IPv4 is none of IPv6.
fn widened(end: SocketAddr) -> SocketAddr {
    let ip = if end.ip().is_unspecified() { IpAddr::V6(Ipv6Addr::UNSPECIFIED) } else { end.ip() };
    SocketAddr::new(ip, end.port())
}
