//! Tunnel: after a 101 the client and the endpoint speak another protocol, whose bytes are copied.
//!
//! Which protocols a client may change to is the route's. The endpoint is asked for one of them, and its 101 is believed
//! only if it names that one (RFC 9110 section 7.8). A client of HTTP/2 asks with an extended CONNECT (RFC 8441), which
//! comes as a GET with Upgrade: what the endpoint has to see beside that is made here. The exchange goes on until the tunnel's end: the record has its
//! duration, and the bytes of both ways.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use generation::Route;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode, Version};
use ledger::WorkerStats;
use model::{Exchange, Fault, FaultKind, RequestHead};
use outbound::{UpstreamStream, WebSocketKey};
use transport::{Alarm, Continuation, Duplex, ProtocolChange, Tunnel, TunnelEnd};

use crate::exchange::answer::Rest;
use crate::exchange::begin::Upload;
use crate::exchange::halt::Halted;

/// The protocol that clients of HTTP/2 may ask for as well, as HTTP/1.1 names it.
const WEBSOCKET: &str = "websocket";

/// A client's wish for another protocol. It is boxed, as what is asked of the endpoint is: few requests have one.
pub(crate) struct Wish {
    /// What it asks for: names, in the order of its preference.
    offers: Vec<Vec<u8>>,
    change: ProtocolChange,
    asked_by: AskedBy,
}

/// How a client has asked, and so what it can be answered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AskedBy {
    /// HTTP/1.1's Upgrade: the request may as well be answered as one of HTTP/1.1.
    Upgrade,
    /// HTTP/2's extended CONNECT: there is the tunnel, or an error.
    Connect,
}

impl Wish {
    /// The wish of a request whose fields are still as the client sent them.
    pub(crate) fn of(head: &RequestHead, change: Option<ProtocolChange>) -> Option<Box<Wish>> {
        let change = change?;
        let values = head.fields.get_all(header::UPGRADE).iter();
        let names = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        let asked_by = if head.version == Version::HTTP_2 { AskedBy::Connect } else { AskedBy::Upgrade };
        let offers = names.map(|name| name.trim_ascii().to_vec()).collect();
        Some(Box::new(Wish { offers, change, asked_by }))
    }

    /// What the endpoint is to be asked for: the first protocol of the client's that the route allows.
    pub(crate) fn granted_by(self, route: &Route, method: &Method) -> Option<Box<Asked>> {
        let protocol = self.allowed_by(route)?;
        // RFC 6455 section 4.1: the method of a handshake is GET.
        let is_possible = protocol.as_ref() != WEBSOCKET || method == Method::GET;
        let key = (self.asked_by == AskedBy::Connect).then(WebSocketKey::random);
        let idle = route.timeouts.tunnel;
        is_possible.then(|| Box::new(Asked { protocol, change: self.change, idle, key }))
    }

    fn allowed_by(&self, route: &Route) -> Option<Arc<str>> {
        let allowed = |offer: &Vec<u8>| {
            route.upgrades.iter().find(|name| name.as_bytes().eq_ignore_ascii_case(offer)).cloned()
        };
        self.offers.iter().find_map(allowed)
    }
}

/// Goes on unless the client wants a tunnel and nothing else, and the route allows none (RFC 9220 section 3).
pub(crate) fn check(
    route: &Route,
    upload: &Upload,
    exchange: Box<Exchange>,
) -> Result<Box<Exchange>, Box<Halted>> {
    match &upload.wish {
        Some(wish) if wish.asked_by == AskedBy::Connect && wish.allowed_by(route).is_none() => {
            let fault = Fault::new(FaultKind::UnsupportedProtocol, "the route's upgrades don't allow it");
            Err(Halted::fault(exchange, fault))
        }
        _ => Ok(exchange),
    }
}

/// A protocol that the endpoint is asked for.
pub(crate) struct Asked {
    protocol: Arc<str>,
    change: ProtocolChange,
    idle: Duration,
    /// What we prove in place of the client that WebSocket is meant. One of HTTP/1.1 does it itself.
    key: Option<WebSocketKey>,
}

impl Asked {
    /// The value of the Upgrade field, in requests and in responses.
    pub(crate) fn field(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.protocol).ok()
    }

    /// The key of the handshake, if it is ours.
    pub(crate) fn key(&self) -> Option<&WebSocketKey> {
        self.key.as_ref()
    }

    /// Whether the client would take a response with this status for what it asked, though it is not: to an extended
    /// CONNECT, every 2xx says that the tunnel is open (RFC 8441 section 4).
    pub(crate) fn is_mistaken_for(&self, status: StatusCode) -> bool {
        self.key.is_some() && status.is_success()
    }

    /// Whether a 101 with these fields is the change that was asked for.
    pub(crate) fn is_answered_by(&self, fields: &HeaderMap) -> bool {
        let mut values = fields.get_all(header::UPGRADE).iter();
        let named = values.next().map(HeaderValue::as_bytes);
        values.next().is_none()
            && named.is_some_and(|named| named.eq_ignore_ascii_case(self.protocol.as_bytes()))
            && self.key.as_ref().is_none_or(|key| key.is_answered_by(fields))
    }
}

/// Both ends of a tunnel, before the client has its 101.
pub(crate) struct Opening {
    pub(crate) asked: Box<Asked>,
    pub(crate) upstream: UpstreamStream,
    pub(crate) silence: Alarm,
    pub(crate) stats: Arc<WorkerStats>,
}

impl Opening {
    /// Writes the fields of the 101, and lets the tunnel begin behind it. The exchange goes along.
    pub(crate) fn open(self, mut rest: Rest, fields: &mut HeaderMap) {
        let Opening { asked, upstream, silence, stats } = self;
        // RFC 9110 section 8.6: none in a 1xx.
        fields.remove(header::CONTENT_LENGTH);
        fields.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        fields.extend(asked.field().map(|field| (header::UPGRADE, field)));
        if asked.key.is_some() {
            // It answers a key that the client has not seen.
            fields.remove(header::SEC_WEBSOCKET_ACCEPT);
        }
        if let Some(exchange) = rest.exchange() {
            exchange.protocol = Some(Arc::clone(&asked.protocol));
            // Until the tunnel begins nobody but the client can end it.
            exchange.fault = Some(FaultKind::ClientGone.into());
        }
        let idle = asked.idle;
        let continuation: Continuation =
            Box::new(move |client| Box::pin(run(rest, client, upstream, idle, silence, stats)));
        asked.change.grant(continuation);
    }
}

async fn run(
    mut rest: Rest,
    client: Box<dyn Duplex>,
    upstream: UpstreamStream,
    idle: Duration,
    silence: Alarm,
    stats: Arc<WorkerStats>,
) {
    let _open = Open::begin(stats);
    rest.begin_tunnel();
    let mut tunnel = Tunnel::new(client, upstream, idle, silence);
    let end = poll_fn(|cx| {
        let polled = tunnel.poll(cx);
        if let Some(exchange) = rest.exchange() {
            exchange.body_bytes = tunnel.to_client();
            exchange.sent_bytes = tunnel.to_upstream();
        }
        polled
    })
    .await;
    if let Some(exchange) = rest.exchange() {
        exchange.fault = fault_of(end);
    }
}

/// Counts a tunnel while it is open.
struct Open(Arc<WorkerStats>);

impl Open {
    fn begin(stats: Arc<WorkerStats>) -> Self {
        stats.tunnels.add(1);
        Open(stats)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.tunnels_over.add(1);
    }
}

/// How a tunnel ends is the protocol's business, and a connection that breaks is usual there. What was cut off for being
/// idle is worth a word.
fn fault_of(end: TunnelEnd) -> Option<Fault> {
    match end {
        TunnelEnd::Closed | TunnelEnd::ClientBroke | TunnelEnd::UpstreamBroke => None,
        TunnelEnd::Idle => Some(Fault::new(FaultKind::TunnelIdle, "nothing came from either side")),
    }
}
