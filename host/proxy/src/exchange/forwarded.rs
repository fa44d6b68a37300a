//! What the upstream is told of the client: X-Forwarded-For, -Proto and -Host, and Via (RFC 9110 section 7.6.3).

use std::net::{IpAddr, SocketAddr};

use http::Version;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use net::Peer;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
/// Our own entry in Via, with the version of the message that came.
pub(crate) fn via(version: Version) -> HeaderValue {
    HeaderValue::from_static(match version {
        Version::HTTP_10 => "1.0 sandgate",
        Version::HTTP_2 => "2.0 sandgate",
        _ => "1.1 sandgate",
    })
}

/// Whose X-Forwarded fields are believed.
pub(crate) type TrustedProxies = Vec<config::Cidr>;

/// Who sent a request, and whom we believe.
pub(crate) struct Sender<'a> {
    pub(crate) peer: &'a Peer,
    pub(crate) trusted: &'a TrustedProxies,
    /// What it spoke.
    pub(crate) version: Version,
}

impl Sender<'_> {
    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|net| net.contains(address))
    }
}

/// Writes the fields; returns whom a trusted proxy names as the client, if it does.
///
/// What an untrusted client says in them is thrown away: an upstream that believes these fields believes us.
pub(crate) fn write(fields: &mut HeaderMap, sender: &Sender<'_>) -> Option<SocketAddr> {
    // What is added here and by the usual filter fits without the map growing twice.
    fields.reserve(8);
    let trusted = !sender.trusted.is_empty() && sender.trusts(sender.peer.address.ip());
    let client = if trusted { named_client(fields, sender) } else { None };
    let chain = if trusted { extended_chain(fields, sender) } else { None };
    fields.insert(FOR, chain.unwrap_or_else(|| sender.peer.ip.clone()));
    if !trusted || !fields.contains_key(PROTO) {
        fields.insert(PROTO, HeaderValue::from_static("http"));
    }
    if (!trusted || !fields.contains_key(HOST))
        && let Some(host) = fields.get(header::HOST).cloned()
    {
        fields.insert(HOST, host);
    }
    fields.append(header::VIA, via(sender.version));
    client
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

/// The last address in the chain that is no trusted proxy: further left anybody may have written anything.
fn named_client(fields: &HeaderMap, sender: &Sender<'_>) -> Option<SocketAddr> {
    let chain: Vec<&str> = fields.get_all(FOR).iter().filter_map(|value| value.to_str().ok()).collect();
    let mut client = None;
    for name in chain.iter().rev().flat_map(|part| part.rsplit(',')) {
        let address: IpAddr = name.trim().parse().ok()?;
        client = Some(SocketAddr::new(address, 0));
        if !sender.trusts(address) {
            break;
        }
    }
    client
}
