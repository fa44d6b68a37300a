//! Headers that are good, bad, and not all there.

use proptest::prelude::*;

use super::{
    Announcement, HEADER_LIMIT, Malformed, Parsed, ProxyVersion, Told, checksum, parse, v2::SIGNATURE,
};

fn at(text: &str) -> std::net::SocketAddr {
    text.parse().unwrap()
}

fn of(source: &str, destination: &str) -> Told {
    Told::Addresses { source: at(source), destination: at(destination) }
}

/// A header of version 2 with a command, a family, and what follows its length.
fn binary(command: u8, family: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    [&SIGNATURE[..], &[command, family], &length, payload].concat()
}

const IPV4: [u8; 12] = [192, 0, 2, 1, 198, 51, 100, 7, 0xdc, 0x04, 0x01, 0xbb];

fn ipv4_with(values: &[u8]) -> Vec<u8> {
    binary(0x21, 0x11, &[&IPV4[..], values].concat())
}

fn is_header(bytes: &[u8], told: Told) {
    assert_eq!(parse(bytes), Ok(Parsed::Header(told, bytes.len())), "{}", bytes.escape_ascii());
    for length in 0..bytes.len() {
        assert_eq!(parse(&bytes[..length]), Ok(Parsed::Incomplete), "{length} of {}", bytes.escape_ascii());
    }
    let followed = [bytes, b"\x16\x03\x01 or GET / HTTP/1.1\r\n"].concat();
    assert_eq!(parse(&followed), Ok(Parsed::Header(told, bytes.len())));
}

fn is_malformed(bytes: &[u8]) {
    assert!(matches!(parse(bytes), Err(Malformed(_))), "{}", bytes.escape_ascii());
}

#[test]
fn lines_of_version_1_are_read() {
    let ipv4 = of("192.0.2.1:56324", "198.51.100.7:443");
    is_header(b"PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n", ipv4);
    is_header(
        b"PROXY TCP6 2001:db8::1 2001:db8::2 0 65535\r\n",
        of("[2001:db8::1]:0", "[2001:db8::2]:65535"),
    );
    is_header(b"PROXY TCP6 ::ffff:192.0.2.1 ::ffff:198.51.100.7 56324 443\r\n", ipv4);
    is_header(b"PROXY UNKNOWN\r\n", Told::Unknown);
    is_header(b"PROXY UNKNOWN whatever this may be\r\n", Told::Unknown);
    let longest = [&b"PROXY UNKNOWN "[..], &[b'f'; 91], b"\r\n"].concat();
    assert_eq!(longest.len(), 107);
    is_header(&longest, Told::Unknown);
}

#[test]
fn lines_that_break_a_rule_are_none() {
    for line in [
        "PROXY TCP4 192.0.2.1 198.51.100.7 56324\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443 1\r\n",
        "PROXY TCP4  192.0.2.1 198.51.100.7 56324 443\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443 \r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.7 56324 0443\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.7 56324 +443\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.7 56324 65536\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.7 56324 -1\r\n",
        "PROXY TCP4 192.0.2.01 198.51.100.7 56324 443\r\n",
        "PROXY TCP4 192.0.2 198.51.100.7 56324 443\r\n",
        "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
        "PROXY TCP6 192.0.2.1 198.51.100.7 1 2\r\n",
        "PROXY TCP5 192.0.2.1 198.51.100.7 1 2\r\n",
        "PROXY tcp4 192.0.2.1 198.51.100.7 1 2\r\n",
        "PROXY\tTCP4 192.0.2.1 198.51.100.7 1 2\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.7 1 2\n\r\n",
        "proxy",
        "PRI * HTTP/2.0\r\n",
        "POST / HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\n",
        "\x16\x03\x01",
    ] {
        is_malformed(line.as_bytes());
    }
    is_malformed(&[&b"PROXY UNKNOWN "[..], &[b'f'; 93]].concat());
    is_malformed(b"PROXY TCP4 192.0.2.1 \xff 1 2\r\n");
}

#[test]
fn binary_headers_are_read() {
    let ipv4 = of("192.0.2.1:56324", "198.51.100.7:443");
    is_header(&ipv4_with(&[]), ipv4);
    let ipv6 = [&[0x20, 1, 0xd, 0xb8][..], &[0; 11], &[1], &[0; 15], &[1], &[0, 1, 0, 2]].concat();
    is_header(&binary(0x21, 0x21, &ipv6), of("[2001:db8::1]:1", "[::1]:2"));
    let mapped = [&[0; 10][..], &[0xff, 0xff, 192, 0, 2, 1], &[0; 10], &[0xff, 0xff, 198, 51, 100, 7]];
    let mapped = [&mapped.concat()[..], &IPV4[8..]].concat();
    is_header(&binary(0x21, 0x21, &mapped), ipv4);
    is_header(&binary(0x20, 0x00, &[]), Told::Own);
    is_header(&binary(0x20, 0x11, &IPV4), Told::Own);
    is_header(&binary(0x20, 0x77, b"what is to be ignored"), Told::Own);
    is_header(&binary(0x21, 0x00, b"what is to be ignored"), Told::Unknown);
    is_header(&binary(0x21, 0x31, &[b'/'; 216]), Told::Unknown);
    is_header(&binary(0x21, 0x12, &IPV4), Told::Unknown);
}

#[test]
fn binary_headers_that_break_a_rule_are_none() {
    is_malformed(&binary(0x11, 0x11, &IPV4));
    is_malformed(&binary(0x22, 0x11, &IPV4));
    is_malformed(&binary(0x21, 0x13, &IPV4));
    is_malformed(&binary(0x21, 0x41, &IPV4));
    is_malformed(&binary(0x21, 0x11, &IPV4[..11]));
    is_malformed(&binary(0x21, 0x21, &[0; 35]));
    is_malformed(&binary(0x21, 0x31, &[0; 215]));
    is_malformed(b"\r\n\r\n\0\r\nQUIT\r");
    let too_long = binary(0x20, 0x00, &[0; HEADER_LIMIT - 15]);
    is_malformed(&too_long[..16]);
    is_header(&binary(0x20, 0x00, &[0; HEADER_LIMIT - 16]), Told::Own);
}

#[test]
fn values_are_skipped_if_they_fit() {
    let ipv4 = of("192.0.2.1:56324", "198.51.100.7:443");
    let authority = [&[0x02, 0, 9][..], b"localhost"].concat();
    // TLS: a client field, verify, and a version of its own inside.
    let tls = [&[0x20, 0, 15][..], &[1, 0, 0, 0, 0], &[0x21, 0, 7], b"TLSv1.3"].concat();
    is_header(&ipv4_with(&[&authority[..], &tls, &[0x04, 0, 0]].concat()), ipv4);
    is_malformed(&ipv4_with(&[0x02]));
    is_malformed(&ipv4_with(&[0x02, 0, 1]));
    is_malformed(&ipv4_with(&[&authority[..], &[0x02, 0, 10], b"localhost"].concat()));
}

#[test]
fn a_checksum_has_to_be_right() {
    let ipv4 = of("192.0.2.1:56324", "198.51.100.7:443");
    let mut header = ipv4_with(&[0x03, 0, 4, 0, 0, 0, 0, 0x04, 0, 1, 7]);
    let sum = checksum::crc32c(header.iter().copied()).to_be_bytes();
    header[31..35].copy_from_slice(&sum);
    is_header(&header, ipv4);
    header[16] ^= 1;
    is_malformed(&header);
    is_malformed(&ipv4_with(&[0x03, 0, 3, 0, 0, 0]));
}

fn told_by(version: ProxyVersion, source: &str, destination: &str) -> Told {
    let header = version.header_for(Announcement { source: at(source), destination: at(destination) });
    let Ok(Parsed::Header(told, length)) = parse(&header) else { panic!("{}", header.escape_ascii()) };
    assert_eq!(length, header.len());
    told
}

#[test]
fn what_is_written_is_as_the_protocol_has_it() {
    let announced = Announcement { source: at("192.0.2.1:56324"), destination: at("198.51.100.7:443") };
    assert_eq!(ProxyVersion::V1.header_for(announced), b"PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n");
    assert_eq!(ProxyVersion::V2.header_for(announced), ipv4_with(&[]));
    assert_eq!(parse(&ProxyVersion::V1.header_of_own()), Ok(Parsed::Header(Told::Unknown, 15)));
    assert_eq!(parse(&ProxyVersion::V2.header_of_own()), Ok(Parsed::Header(Told::Own, 16)));
}

#[test]
fn addresses_of_two_families_are_written_as_one() {
    for version in [ProxyVersion::V1, ProxyVersion::V2] {
        let (client, ours) = ("[2001:db8::1]:5", "192.0.2.1:80");
        assert_eq!(told_by(version, client, ours), of(client, ours));
        assert_eq!(told_by(version, client, "0.0.0.0:0"), of(client, "[::]:0"));
        assert_eq!(told_by(version, "[::ffff:192.0.2.9]:5", ours), of("192.0.2.9:5", ours));
    }
}

proptest! {
    #[test]
    fn whatever_comes_is_read_without_a_panic(
        beginning in prop_oneof![
            Just(Vec::new()),
            Just(b"PROXY TCP".to_vec()),
            Just([&SIGNATURE[..], &[0x21, 0x11, 0]].concat()),
            Just([&SIGNATURE[..], &[0x21, 0x21, 0]].concat()),
        ],
        rest in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let bytes = [beginning, rest].concat();
        if let Ok(Parsed::Header(_, length)) = parse(&bytes) {
            prop_assert!(length <= bytes.len());
        }
    }

    #[test]
    fn what_is_written_is_read_again(
        source in any::<std::net::SocketAddr>(),
        port in any::<u16>(),
        version in prop_oneof![Just(ProxyVersion::V1), Just(ProxyVersion::V2)],
    ) {
        let ip = source.ip().to_canonical();
        let destination = if ip.is_ipv4() { at("198.51.100.7:1") } else { at("[2001:db8::2]:1") };
        let destination = std::net::SocketAddr::new(destination.ip(), port);
        let header = version.header_for(Announcement { source, destination });
        let told = Told::Addresses { source: (ip, source.port()).into(), destination };
        prop_assert_eq!(parse(&header), Ok(Parsed::Header(told, header.len())));
    }
}
