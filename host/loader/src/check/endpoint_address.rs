//! Addresses of endpoints: how one is spoken to, and where it listens.

use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use config::{EndpointAddress, EndpointScheme};
use document::Spanned;

use super::Check;
use super::address::{host_and_port, is_host};

/// Schemes with their ports (RFC 9110 sections 4.2.1 and 4.2.2).
const SCHEMES: [(&str, EndpointScheme, u16); 3] = [
    ("http", EndpointScheme::Http, 80),
    ("https", EndpointScheme::Https, 443),
    ("h2c", EndpointScheme::H2c, 80),
];
/// What follows a scheme where the name is that of a service.
const SERVICE: &str = "+srv";
/// The longest path of a unix socket: what `sockaddr_un` holds, with a zero at its end.
const UNIX_PATH_LIMIT: usize = 107;

const EXAMPLES: &str = "an address such as `http://127.0.0.1:9001`, `https://app.internal`, `h2c://127.0.0.1:50051` or `unix:/run/app.sock`";

impl Check<'_> {
    /// EndpointScheme and place of an endpoint.
    pub(super) fn endpoint_address(
        &mut self,
        address: &Spanned<String>,
    ) -> Option<(EndpointScheme, EndpointAddress)> {
        if let Some(path) = address.value.strip_prefix("unix:") {
            return self.unix_path(path, address).map(|place| (EndpointScheme::Http, place));
        }
        let parts = address.value.split_once("://");
        let by_service = parts.and_then(|(scheme, name)| Some((scheme.strip_suffix(SERVICE)?, name)));
        let (scheme, authority) = by_service.or(parts).unwrap_or_default();
        let known = SCHEMES.into_iter().find(|(name, ..)| *name == scheme);
        let Some((_, scheme, default_port)) = known else {
            self.unknown_scheme(address);
            return None;
        };
        if by_service.is_some() {
            return self.service(authority, address).map(|service| (scheme, service));
        }
        if authority.contains(['/', '?', '#']) {
            self.expected("an address without a path or query", address);
            return None;
        }
        let Some((host, port)) = host_and_port(authority, default_port) else {
            self.expected(EXAMPLES, address);
            return None;
        };
        Some((scheme, EndpointAddress::Tcp { host: Arc::from(host), port }))
    }

    fn service(&mut self, name: &str, address: &Spanned<String>) -> Option<EndpointAddress> {
        let is_name = is_host(name) && name.parse::<IpAddr>().is_err();
        if !is_name {
            self.expected("a service such as `http+srv://_web._tcp.example.com`, without a port", address);
        }
        is_name.then(|| EndpointAddress::Service(Arc::from(name)))
    }

    fn unknown_scheme(&mut self, address: &Spanned<String>) {
        let wants_http2 = ["h2://", "grpcs://", "grpc://"].iter().any(|s| address.value.starts_with(s));
        let help = "HTTP/2 is `h2c://` in the clear, and `https://` with `protocol: http2` over TLS";
        self.complain(
            address.span,
            format!("expected {EXAMPLES}, found {}", document::quoted(&address.value)),
            wants_http2.then(|| help.to_owned()),
        );
    }

    fn unix_path(&mut self, path: &str, address: &Spanned<String>) -> Option<EndpointAddress> {
        if path.is_empty() || path.contains('\0') {
            self.expected("the path of a socket such as `unix:/run/app.sock`", address);
            return None;
        }
        let path = self.path_in(path, address.span);
        let length = path.as_os_str().as_bytes().len();
        if length > UNIX_PATH_LIMIT {
            let message = format!("a socket's path has at most {UNIX_PATH_LIMIT} bytes, this one {length}");
            self.complain(address.span, message, None);
            return None;
        }
        Some(EndpointAddress::Unix(path))
    }
}
