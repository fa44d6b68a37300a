//! Addresses of listeners, and what they share with those of endpoints.

use std::net::{Ipv6Addr, SocketAddr};

use document::Spanned;

use super::Check;

/// The longest name that DNS can have (RFC 1035 section 2.3.4), in characters.
pub(super) const HOST_LIMIT: usize = 253;

/// What an address of a listener may begin with one day, or in a configuration that confuses it with an endpoint's.
const PLANNED: &[&str] = &["https", "h2c", "unix"];

impl Check<'_> {
    /// An address to listen on.
    pub(super) fn socket(&mut self, address: &Spanned<String>) -> Option<SocketAddr> {
        let text = address.value.as_str();
        if let Ok(address) = text.parse() {
            return Some(address);
        }
        if self.is_planned(address) {
            return None;
        }
        let every = text
            .strip_prefix('*')
            .unwrap_or(text)
            .strip_prefix(':')
            .filter(|port| port.parse::<u16>().is_ok());
        let help = every
            .map(|port| format!("`0.0.0.0:{port}` listens on every IPv4 address, `[::]:{port}` on IPv6 too"));
        let message = "expected an IP address and a port such as `127.0.0.1:8080`";
        self.complain(address.span, format!("{message}, found {}", document::quoted(text)), help);
        None
    }

    fn is_planned(&mut self, address: &Spanned<String>) -> bool {
        let scheme = address.value.split_once(':').map(|(scheme, _)| scheme);
        let planned = scheme.filter(|scheme| PLANNED.contains(scheme));
        if let Some(scheme) = planned {
            self.complain(address.span, document::refusal(scheme), None);
        }
        planned.is_some()
    }
}

/// Host and port of an authority, where the port may be left out.
pub(crate) fn host_and_port(authority: &str, default_port: u16) -> Option<(&str, u16)> {
    if let Some(bracketed) = authority.strip_prefix('[') {
        let (host, rest) = bracketed.split_once(']')?;
        host.parse::<Ipv6Addr>().ok()?;
        return Some((host, port(rest, default_port)?));
    }
    let end = authority.find(':').unwrap_or(authority.len());
    let (host, rest) = authority.split_at_checked(end)?;
    is_host(host).then_some((host, port(rest, default_port)?))
}

/// What follows the host: nothing, or a colon and a number.
fn port(rest: &str, default_port: u16) -> Option<u16> {
    if rest.is_empty() {
        return Some(default_port);
    }
    let digits = rest.strip_prefix(':')?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|port| plain && *port != 0)
}

/// Whether text is a name, or an IPv4 address: dotted labels of what names are made of in practice. RFC 3986 section
/// 3.2.2 allows more, no resolver does.
pub(super) fn is_host(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let label = |label: &str| !label.is_empty() && label.len() <= 63 && label.bytes().all(plain);
    text.len() <= HOST_LIMIT && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_a_host_and_perhaps_a_port() {
        assert_eq!(host_and_port("127.0.0.1:9001", 80), Some(("127.0.0.1", 9001)));
        assert_eq!(host_and_port("app.internal", 80), Some(("app.internal", 80)));
        assert_eq!(host_and_port("[::1]:8080", 80), Some(("::1", 8080)));
        assert_eq!(host_and_port("[::1]", 80), Some(("::1", 80)));
        for bad in [
            "", ":80", "a:", "a:0", "a:65536", "a:+1", "a b", "u@a", "[::1", "[a]:1", "::1", "a..b", "[::1]x",
        ] {
            assert_eq!(host_and_port(bad, 80), None, "{bad}");
        }
    }
}
