//! What the upstream is told of the client: X-Forwarded-For, -Proto, -Host and -Port, or Forwarded (RFC 7239), and Via
//! (RFC 9110 section 7.6.3); and what a trusted proxy before us tells us of it.

mod rfc7239;

use std::net::{IpAddr, SocketAddr};

use config::ForwardedForm;
use http::Version;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use inbound::Peer;
use model::Scheme;

use crate::marks::Marks;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
/// Our own entry in Via, with the version of the message that came.
pub fn via(version: Version) -> HeaderValue {
    // Constants: what is made of text at run time is looked through byte by byte.
    const HTTP_10: HeaderValue = HeaderValue::from_static("1.0 sandgate");
    const HTTP_11: HeaderValue = HeaderValue::from_static("1.1 sandgate");
    const HTTP_2: HeaderValue = HeaderValue::from_static("2.0 sandgate");
    match version {
        Version::HTTP_10 => HTTP_10,
        Version::HTTP_2 => HTTP_2,
        _ => HTTP_11,
    }
}

/// Whose X-Forwarded fields are believed.
pub type TrustedProxies = Vec<config::Cidr>;

/// Who sent a request, and whom we believe.
pub struct Sender<'a> {
    /// Who is at the other end of the connection.
    pub peer: &'a Peer,
    /// Whose word on others we take.
    pub trusted: &'a TrustedProxies,
    /// What it spoke.
    pub version: Version,
    /// What its connection is.
    pub scheme: Scheme,
    /// What upstreams are told.
    pub form: ForwardedForm,
}

impl Sender<'_> {
    /// Whether what it says of others is believed.
    pub fn is_trusted(&self) -> bool {
        !self.trusted.is_empty() && self.peer.is_known && self.trusts(self.peer.address.ip())
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|net| net.contains(address))
    }
}

/// What is known of the client after all.
pub struct Told {
    /// Whom a trusted proxy names as the client, if it does.
    pub client: Option<SocketAddr>,
    /// The scheme of the URI that the client asked for.
    pub scheme: Scheme,
}

/// Writes the fields.
///
/// What an untrusted client says in them is thrown away: an upstream that believes these fields believes us.
pub fn write(fields: &mut HeaderMap, sender: &Sender<'_>, marks: Marks) -> Told {
    // What is added here and by the usual filter fits without the map growing twice.
    fields.reserve(8);
    let trusted = sender.is_trusted();
    let told = if trusted { told(fields, sender) } else { Told { client: None, scheme: sender.scheme } };
    if marks.forwarded && !trusted {
        fields.remove(header::FORWARDED);
    }
    if matches!(sender.form, ForwardedForm::Rfc7239 | ForwardedForm::Both) {
        rfc7239::extend(fields, sender);
    }
    match sender.form {
        ForwardedForm::XForwarded | ForwardedForm::Both => extend(fields, sender, trusted),
        ForwardedForm::Rfc7239 | ForwardedForm::Off if !trusted => {
            for name in [FOR, PROTO, HOST, PORT] {
                fields.remove(name);
            }
        }
        ForwardedForm::Rfc7239 | ForwardedForm::Off => {}
    }
    fields.append(header::VIA, via(sender.version));
    told
}

/// What a trusted proxy says.
fn told(fields: &HeaderMap, sender: &Sender<'_>) -> Told {
    let (client, scheme) = match sender.form {
        ForwardedForm::Rfc7239 => {
            (last_stranger(rfc7239::chain(fields).into_iter(), sender), rfc7239::scheme(fields))
        }
        _ => (last_stranger(chain(fields).into_iter(), sender), scheme(fields)),
    };
    Told { client, scheme: scheme.unwrap_or(sender.scheme) }
}

/// X-Forwarded-For and its like, with what a trusted proxy says of itself kept.
fn extend(fields: &mut HeaderMap, sender: &Sender<'_>, trusted: bool) {
    let chain = if trusted { extended_chain(fields, sender) } else { None };
    fields.insert(FOR, chain.unwrap_or_else(|| sender.peer.ip.clone()));
    if !trusted || !fields.contains_key(PROTO) {
        fields.insert(PROTO, scheme_value(sender.scheme));
    }
    let host = fields.get(header::HOST).cloned();
    if !trusted || !fields.contains_key(PORT) {
        fields.insert(PORT, asked_port(host.as_ref(), sender.scheme));
    }
    if let Some(host) = host.filter(|_| !trusted || !fields.contains_key(HOST)) {
        fields.insert(HOST, host);
    }
}

fn scheme_value(scheme: Scheme) -> HeaderValue {
    const HTTP: HeaderValue = HeaderValue::from_static("http");
    const HTTPS: HeaderValue = HeaderValue::from_static("https");
    match scheme {
        Scheme::Http => HTTP,
        Scheme::Https => HTTPS,
    }
}

/// The port that the client asked for: the host's, or the one that the scheme has by default.
fn asked_port(host: Option<&HeaderValue>, scheme: Scheme) -> HeaderValue {
    let host = host.map(HeaderValue::as_bytes).unwrap_or_default();
    let port =
        host.rsplit(|byte| *byte == b':').next().filter(|port| port.len() < host.len()).and_then(number);
    match (port, scheme) {
        (Some(port), _) => HeaderValue::from(port),
        (None, Scheme::Http) => HeaderValue::from_static("80"),
        (None, Scheme::Https) => HeaderValue::from_static("443"),
    }
}

fn number(digits: &[u8]) -> Option<u16> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The chain of addresses, the peer's added.
fn extended_chain(fields: &HeaderMap, sender: &Sender<'_>) -> Option<HeaderValue> {
    let mut chain: Vec<&[u8]> = fields.get_all(FOR).iter().map(HeaderValue::as_bytes).collect();
    if chain.is_empty() {
        return None;
    }
    chain.push(sender.peer.ip.as_bytes());
    HeaderValue::from_bytes(&chain.join(&b", "[..])).ok()
}

/// Who is named in X-Forwarded-For, from the last to the first. What is no text names nobody; left out, it would let a client hide
/// what our proxy wrote behind it in the same line.
fn chain(fields: &HeaderMap) -> Vec<&str> {
    let all: Vec<&[u8]> = fields.get_all(FOR).iter().map(HeaderValue::as_bytes).collect();
    let names = all.into_iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b','));
    names.map(|name| std::str::from_utf8(name).unwrap_or_default().trim()).collect()
}

fn scheme(fields: &HeaderMap) -> Option<Scheme> {
    let told = fields.get(PROTO)?.to_str().ok()?;
    named_scheme(told.split(',').next().unwrap_or_default())
}

fn named_scheme(name: &str) -> Option<Scheme> {
    match name.trim() {
        name if name.eq_ignore_ascii_case("https") => Some(Scheme::Https),
        name if name.eq_ignore_ascii_case("http") => Some(Scheme::Http),
        _ => None,
    }
}

/// The last address in the chain that is no trusted proxy: further left anybody may have written anything.
fn last_stranger<'a>(from_the_end: impl Iterator<Item = &'a str>, sender: &Sender<'_>) -> Option<SocketAddr> {
    let mut client = None;
    for name in from_the_end {
        let address: IpAddr = name.parse().ok()?;
        client = Some(SocketAddr::new(address, 0));
        if !sender.trusts(address) {
            break;
        }
    }
    client
}
