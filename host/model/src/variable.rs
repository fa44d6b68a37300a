//! Variables: what a template can say of an exchange.
//!
//! Each has one name, which the configuration uses and `host/docs/variables.md` explains. Values from outside the file
//! (`${env:NAME}`, `${file:PATH}`) are no variables: they are put in when the configuration is read.

mod logged;
mod user;

use std::fmt::Write;
use std::time::SystemTime;

use http::{HeaderMap, HeaderName, Version};

pub use logged::Logged;

use self::logged::LOGGED;
use self::user::basic_user;
use crate::template::Escaped;
use crate::{Exchange, check_name};

/// From when on a variable has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Before an endpoint is chosen.
    Request,
    /// Once there is a response.
    Response,
    /// Once the exchange is over.
    Log,
}

/// Something that a template can say of an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Variable {
    /// One that has no name of the user's in it.
    Fixed(Fixed),
    /// One that only the access log has.
    Logged(Logged),
    /// `request.header.NAME`: the first value of a field.
    RequestHeader(HeaderName),
    /// `request.cookie.NAME`: the value of a cookie (RFC 6265 section 4.2).
    Cookie(Box<str>),
    /// `request.query.NAME`: the first value of a query parameter, as it was sent.
    Query(Box<str>),
    /// `path.NAME`: a part of the path that the route's pattern has given a name to.
    Capture(Box<str>),
    /// `response.header.NAME`: the first value of a field.
    ResponseHeader(HeaderName),
    /// `note.NAME`: what a plugin has noted.
    Note(Box<str>),
}

/// A variable that has no name of the user's in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is its name in FIXED, and explained in host/docs/variables.md")]
pub enum Fixed {
    ClientIp,
    ClientPort,
    RequestId,
    Method,
    Scheme,
    Protocol,
    User,
    TraceId,
    Host,
    Hostname,
    Path,
    QueryString,
    Uri,
    RouteName,
    TenantName,
    UpstreamName,
    EndpointAddress,
    Status,
    Fault,
    TlsVersion,
    TlsCipher,
    TlsServerName,
    TlsClientSubject,
    TlsClientFingerprint,
    TimeIso,
    TimeUnix,
}

/// Those variables' names.
const FIXED: [(&str, Fixed); 26] = [
    ("client.ip", Fixed::ClientIp),
    ("client.port", Fixed::ClientPort),
    ("request.id", Fixed::RequestId),
    ("request.method", Fixed::Method),
    ("request.scheme", Fixed::Scheme),
    ("request.protocol", Fixed::Protocol),
    ("request.user", Fixed::User),
    ("trace.id", Fixed::TraceId),
    ("request.host", Fixed::Host),
    ("request.hostname", Fixed::Hostname),
    ("request.path", Fixed::Path),
    ("request.query", Fixed::QueryString),
    ("request.uri", Fixed::Uri),
    ("route.name", Fixed::RouteName),
    ("tenant.name", Fixed::TenantName),
    ("upstream.name", Fixed::UpstreamName),
    ("endpoint.address", Fixed::EndpointAddress),
    ("response.status", Fixed::Status),
    ("response.fault", Fixed::Fault),
    ("tls.version", Fixed::TlsVersion),
    ("tls.cipher", Fixed::TlsCipher),
    ("tls.server_name", Fixed::TlsServerName),
    ("tls.client.subject", Fixed::TlsClientSubject),
    ("tls.client.fingerprint", Fixed::TlsClientFingerprint),
    ("time.iso", Fixed::TimeIso),
    ("time.unix", Fixed::TimeUnix),
];

/// What the names begin with that end with a name of the user's.
const FAMILIES: [&str; 6] =
    ["request.header.", "request.cookie.", "request.query.", "path.", "response.header.", "note."];

/// How a variable's value is spelled, which decides how it is escaped in a URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// Parts of a URI: escapes are escapes already.
    Uri,
    /// A whole query.
    Query,
    /// A value within a query.
    Parameter,
    /// Unescaped, but for what stays escaped in a path's normal form: a percent sign is always part of an escape.
    Capture,
    /// Any text.
    Plain,
}

impl Variable {
    /// The variable of that name, if there is one.
    pub fn named(name: &str) -> Option<Self> {
        if let Some((_, fixed)) = FIXED.iter().find(|(own, _)| *own == name) {
            return Some(Variable::Fixed(*fixed));
        }
        if let Some((_, logged)) = LOGGED.iter().find(|(own, _)| *own == name) {
            return Some(Variable::Logged(*logged));
        }
        let family = FAMILIES.iter().find(|family| name.starts_with(**family))?;
        let own = name.strip_prefix(family).filter(|own| !own.is_empty())?;
        Some(match *family {
            "request.header." => Variable::RequestHeader(field(own)?),
            "request.cookie." => Variable::Cookie(own.into()),
            "request.query." => Variable::Query(own.into()),
            "path." => Variable::Capture(own.into()),
            "response.header." => Variable::ResponseHeader(field(own)?),
            _ => Variable::Note(own.into()),
        })
    }

    /// All names, those that end with a name of the user's as `request.header.NAME`.
    pub fn names() -> impl Iterator<Item = String> {
        let families = FAMILIES.iter().map(|family| format!("{family}NAME"));
        let fixed = FIXED.iter().map(|(name, _)| *name).chain(LOGGED.iter().map(|(name, _)| *name));
        fixed.map(str::to_owned).chain(families)
    }

    /// From when on it has a value.
    pub fn stage(&self) -> Stage {
        match self {
            Variable::Fixed(Fixed::UpstreamName | Fixed::EndpointAddress | Fixed::Status | Fixed::Fault)
            | Variable::ResponseHeader(_) => Stage::Response,
            Variable::Logged(_) => Stage::Log,
            _ => Stage::Request,
        }
    }

    pub(crate) fn spelling(&self) -> Spelling {
        match self {
            Variable::Fixed(Fixed::Path | Fixed::Uri) => Spelling::Uri,
            Variable::Fixed(Fixed::QueryString) => Spelling::Query,
            Variable::Query(_) => Spelling::Parameter,
            Variable::Capture(_) => Spelling::Capture,
            _ => Spelling::Plain,
        }
    }

    /// Writes its value; nothing if it has none.
    pub(crate) fn write(&self, exchange: &Exchange, out: &mut Escaped<'_>) {
        match self {
            Variable::Fixed(fixed) => fixed.write(exchange, out),
            Variable::Logged(logged) => logged.write(exchange, out),
            Variable::RequestHeader(name) => out.bytes(first(&exchange.request.fields, name)),
            Variable::ResponseHeader(name) => out.bytes(first(&exchange.response.fields, name)),
            Variable::Cookie(name) => out.bytes(cookie(&exchange.request.fields, name)),
            Variable::Query(name) => out.text(parameter(exchange, name)),
            Variable::Capture(name) => out.text(exchange.captures.named(name)),
            Variable::Note(name) => out.text(exchange.notes.find(name)),
        }
    }
}

impl Fixed {
    fn write(self, exchange: &Exchange, out: &mut Escaped<'_>) {
        match self {
            Fixed::ClientIp => out.show(exchange.client.ip().to_canonical()),
            Fixed::ClientPort if exchange.client.port() == 0 => {}
            Fixed::ClientPort => out.show(exchange.client.port()),
            Fixed::RequestId => out.show(exchange.id),
            Fixed::Method => out.text(Some(exchange.asked_method().as_str())),
            Fixed::Scheme => out.text(Some(exchange.scheme.as_str())),
            Fixed::Protocol => out.text(Some(protocol(exchange.request.version))),
            Fixed::User => out.bytes(basic_user(&exchange.request.fields).as_deref()),
            Fixed::TraceId => exchange.trace.iter().for_each(|trace| out.show(trace)),
            Fixed::Host => out.text(Some(exchange.asked_authority())),
            Fixed::Hostname => out.text(Some(without_port(exchange.asked_authority()))),
            Fixed::Path => out.text(Some(exchange.asked_uri().path())),
            Fixed::QueryString => out.text(exchange.asked_uri().query()),
            Fixed::Uri => {
                out.text(exchange.asked_uri().path_and_query().map(http::uri::PathAndQuery::as_str));
            }
            Fixed::RouteName => out.text(exchange.route.as_ref().map(|route| route.name.as_ref())),
            Fixed::TenantName => {
                out.text(exchange.tenant.as_ref().map(|visit| visit.tenant().name().as_ref()));
            }
            Fixed::UpstreamName => out.text(exchange.upstream.as_deref()),
            Fixed::EndpointAddress => out.text(exchange.endpoint.as_ref().map(|e| e.label.as_ref())),
            Fixed::Status => out.show(exchange.response.status.as_u16()),
            Fixed::Fault => out.text(exchange.fault.as_ref().map(|fault| fault.kind.name())),
            Fixed::TimeIso => out.show(humantime::format_rfc3339_seconds(SystemTime::now())),
            Fixed::TimeUnix => out.show(seconds(SystemTime::now())),
            Fixed::TlsVersion
            | Fixed::TlsCipher
            | Fixed::TlsServerName
            | Fixed::TlsClientSubject
            | Fixed::TlsClientFingerprint => out.text(self.of_tls(exchange)),
        }
    }

    fn of_tls(self, exchange: &Exchange) -> Option<&str> {
        let tls = exchange.tls.as_ref()?;
        match self {
            Fixed::TlsVersion => Some(tls.version),
            Fixed::TlsCipher => Some(tls.cipher),
            Fixed::TlsServerName => tls.server_name.as_deref(),
            Fixed::TlsClientSubject => tls.client.as_ref().map(|client| client.subject.as_ref()),
            _ => tls.client.as_ref().map(|client| client.fingerprint.as_ref()),
        }
    }
}

impl Escaped<'_> {
    fn text(&mut self, text: Option<&str>) {
        // Writing to a string can't fail.
        let _ = self.write_str(text.unwrap_or_default());
    }

    fn bytes(&mut self, bytes: Option<&[u8]>) {
        let bytes = bytes.unwrap_or_default();
        match std::str::from_utf8(bytes) {
            Ok(text) => self.text(Some(text)),
            Err(_) => self.foreign(bytes),
        }
    }

    fn show(&mut self, value: impl std::fmt::Display) {
        let _ = write!(self, "{value}");
    }
}

/// As the request line of HTTP/1 has it, and nginx's `$server_protocol`.
fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2.0",
        _ => "HTTP/1.1",
    }
}

/// A field's name. Those of the connection are gone before a template is rendered, but `host` and the like may be read.
fn field(name: &str) -> Option<HeaderName> {
    match check_name(name) {
        Ok(name) => Some(name),
        Err(crate::FieldError::Forbidden) => HeaderName::from_bytes(name.as_bytes()).ok(),
        Err(_) => None,
    }
}

fn first<'a>(fields: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    fields.get(name).map(http::HeaderValue::as_bytes)
}

fn cookie<'a>(fields: &'a HeaderMap, name: &str) -> Option<&'a [u8]> {
    let pairs =
        fields.get_all(http::header::COOKIE).iter().flat_map(|field| field.as_bytes().split(|b| *b == b';'));
    pairs.map(<[u8]>::trim_ascii).find_map(|pair| pair.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
}

fn parameter<'a>(exchange: &'a Exchange, name: &str) -> Option<&'a str> {
    let pairs = exchange.asked_uri().query().unwrap_or_default().split('&');
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .find(|(own, _)| *own == name)
        .map(|(_, value)| value)
}

/// A host without its port; an IPv6 address keeps its brackets.
fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

fn seconds(now: SystemTime) -> u64 {
    now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_to_a_variable_and_no_other_does() {
        for name in Variable::names() {
            assert!(Variable::named(&name).is_some(), "{name}");
        }
        for name in ["", "client", "client.ip.", "request.header.", "request.header.a b", "path.", "ENV"] {
            assert_eq!(Variable::named(name), None, "{name}");
        }
    }

    #[test]
    fn every_variable_is_documented() {
        let page = include_str!("../../docs/variables.md");
        for name in Variable::names() {
            assert!(page.contains(&format!("| `${{{name}}}` |")), "{name} is missing in docs/variables.md");
        }
    }

    #[test]
    fn a_host_loses_its_port_and_nothing_else() {
        for (authority, host) in [
            ("a.example", "a.example"),
            ("a.example:80", "a.example"),
            ("[::1]:80", "[::1]"),
            ("[::1]", "[::1]"),
        ] {
            assert_eq!(without_port(authority), host);
        }
    }
}
