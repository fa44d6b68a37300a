//! Checks of how endpoints are spoken to: TLS and HTTP/2. Whether the files are good is seen when they are read.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use config::{Endpoint, EndpointScheme, Protocol, TlsFile, UpstreamHttp2, UpstreamTls, Verification};
use document::{Field, Span, Spanned};

use super::Check;
use super::address::is_host;
use super::server::native;

/// Connections to one endpoint, of one worker.
const CONNECTIONS: RangeInclusive<u64> = 1..=1000;
/// Streams on one connection: what each may hold for a slow client is allowed for the connection as a whole.
const STREAMS: RangeInclusive<u64> = 1..=1000;

impl Check<'_> {
    pub(super) fn protocol(
        &mut self,
        protocol: Field<raw::ProtocolName>,
        endpoints: &[Endpoint],
    ) -> Option<Protocol> {
        let protocol = match protocol {
            Field::Absent => return Some(Protocol::default()),
            Field::Broken => return None,
            Field::Given(protocol) => protocol,
        };
        let is_http2 = endpoints.iter().any(|endpoint| endpoint.scheme == EndpointScheme::H2c);
        if is_http2 && matches!(protocol.value, raw::ProtocolName::Http1) {
            let help = "leave `protocol` out, or write `http://` in place of `h2c://`".to_owned();
            self.complain(protocol.span, "an endpoint with `h2c://` does not speak `http1`", Some(help));
        }
        Some(match protocol.value {
            raw::ProtocolName::Http1 => Protocol::Http1,
            raw::ProtocolName::Http2 => Protocol::Http2,
            raw::ProtocolName::Auto => Protocol::Auto,
        })
    }

    /// There if an endpoint needs it, whether the file says something of it or not.
    pub(super) fn upstream_tls(
        &mut self,
        tls: Field<raw::UpstreamTls>,
        endpoints: &[Endpoint],
        owner: Span,
    ) -> Option<UpstreamTls> {
        let is_needed = endpoints.iter().any(|endpoint| endpoint.scheme == EndpointScheme::Https);
        let given = tls.span();
        if let Some(span) = given.filter(|_| !is_needed && !endpoints.is_empty()) {
            let message = "`tls` is for endpoints with `https://`, and there is none";
            self.complain(span, message, None);
        }
        let tls = tls.or_default();
        let server_name = self.server_name(tls.server_name);
        let verification = match tls.verify {
            Field::Given(Spanned { value: false, .. }) => Verification::Off,
            _ => Verification::Full,
        };
        let (ca_span, ca) = (tls.ca.span(), self.tls_file(tls.ca));
        if let Some(span) = ca_span.filter(|_| verification == Verification::Off) {
            self.complain(span, "`ca` means nothing with `verify: false`", None);
        }
        let identity = self.identity(tls.certificate, tls.key);
        let span = given.unwrap_or(owner);
        is_needed.then_some(UpstreamTls { server_name, ca, identity, verification, span })
    }

    fn server_name(&mut self, name: Field<String>) -> Option<String> {
        let Field::Given(name) = name else { return None };
        if !is_host(&name.value) && name.value.parse::<IpAddr>().is_err() {
            self.expected("a name such as `app.internal`, or an IP address", &name);
        }
        Some(name.value)
    }

    fn identity(&mut self, certificate: Field<String>, key: Field<String>) -> Option<(TlsFile, TlsFile)> {
        match (certificate.span(), key.span()) {
            (Some(span), None) if matches!(key, Field::Absent) => {
                self.complain(span, "`certificate` without `key`", None);
            }
            (None, Some(span)) if matches!(certificate, Field::Absent) => {
                self.complain(span, "`key` without `certificate`", None);
            }
            _ => {}
        }
        let (certificate, key) = (self.tls_file(certificate), self.tls_file(key));
        certificate.zip(key)
    }

    fn tls_file(&mut self, path: Field<String>) -> Option<TlsFile> {
        let Field::Given(path) = path else { return None };
        if path.value.is_empty() {
            self.expected("the path of a PEM file", &path);
        }
        Some(TlsFile { path: self.path_of(&path), span: path.span })
    }

    pub(super) fn upstream_http2(&mut self, http2: raw::UpstreamHttp2) -> UpstreamHttp2 {
        let default = UpstreamHttp2::default();
        let connections = self.number(http2.connections, default.connections as u64, CONNECTIONS);
        let streams = self.number(http2.streams, default.streams.into(), STREAMS);
        let interval = http2.ping_interval.span();
        UpstreamHttp2 {
            connections: native(connections),
            streams: u32::try_from(streams).unwrap_or(u32::MAX),
            ping_interval: interval.map(|_| self.time(http2.ping_interval, default.ping_timeout)),
            ping_timeout: self.time(http2.ping_timeout, default.ping_timeout),
        }
    }
}
