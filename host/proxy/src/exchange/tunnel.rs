//! Tunnel: after a 101 the client and the endpoint speak another protocol, whose bytes are copied.
//!
//! Which protocols a client may change to is the route's. The endpoint is asked for one of them, and its 101 is believed
//! only if it names that one (RFC 9110 section 7.8). The exchange goes on until the tunnel's end: the record has its
//! duration, and the bytes of both ways.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use http::header::{self, HeaderMap, HeaderValue};
use model::{Fault, FaultKind, RequestHead};
use net::{Alarm, Continuation, Duplex, ProtocolChange, Tunnel, TunnelEnd, UpstreamStream};

use crate::exchange::answer::Rest;
use crate::generation::Route;
use crate::worker;

/// A client's wish for another protocol.
pub(crate) struct Wish {
    /// What it asks for: names, in the order of its preference.
    offers: Vec<Vec<u8>>,
    change: ProtocolChange,
}

impl Wish {
    /// The wish of a request whose fields are still as the client sent them.
    pub(crate) fn of(head: &RequestHead, change: Option<ProtocolChange>) -> Option<Wish> {
        let change = change?;
        let values = head.fields.get_all(header::UPGRADE).iter();
        let names = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        Some(Wish { offers: names.map(|name| name.trim_ascii().to_vec()).collect(), change })
    }

    /// What the endpoint is to be asked for: the first protocol of the client's that the route allows.
    pub(crate) fn granted_by(self, route: &Route, method: &Method) -> Option<Asked> {
        let allowed = |offer: &Vec<u8>| {
            route.upgrades.iter().find(|name| name.as_bytes().eq_ignore_ascii_case(offer)).cloned()
        };
        let protocol = self.offers.iter().find_map(allowed)?;
        // RFC 6455 section 4.1: the method of a handshake is GET.
        let is_possible = protocol.as_ref() != "websocket" || method == Method::GET;
        is_possible.then_some(Asked { protocol, change: self.change, idle: route.timeouts.tunnel })
    }
}

/// A protocol that the endpoint is asked for.
pub(crate) struct Asked {
    protocol: Arc<str>,
    change: ProtocolChange,
    idle: Duration,
}

impl Asked {
    /// The value of the Upgrade field, in requests and in responses.
    pub(crate) fn field(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.protocol).ok()
    }

    /// Whether a 101 with these fields is the change that was asked for.
    pub(crate) fn is_answered_by(&self, fields: &HeaderMap) -> bool {
        let mut values = fields.get_all(header::UPGRADE).iter();
        let named = values.next().map(HeaderValue::as_bytes);
        values.next().is_none()
            && named.is_some_and(|named| named.eq_ignore_ascii_case(self.protocol.as_bytes()))
    }
}

/// Both ends of a tunnel, before the client has its 101.
pub(crate) struct Opening {
    pub(crate) asked: Asked,
    pub(crate) upstream: UpstreamStream,
    pub(crate) silence: Alarm,
}

impl Opening {
    /// Writes the fields of the 101, and lets the tunnel begin behind it. The exchange goes along.
    pub(crate) fn open(self, mut rest: Rest, fields: &mut HeaderMap) {
        let Opening { asked, upstream, silence } = self;
        // RFC 9110 section 8.6: none in a 1xx.
        fields.remove(header::CONTENT_LENGTH);
        fields.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        fields.extend(asked.field().map(|field| (header::UPGRADE, field)));
        if let Some(exchange) = rest.exchange() {
            exchange.protocol = Some(Arc::clone(&asked.protocol));
            // Until the tunnel begins nobody but the client can end it.
            exchange.fault = Some(FaultKind::ClientGone.into());
        }
        let idle = asked.idle;
        let continuation: Continuation =
            Box::new(move |client| Box::pin(run(rest, client, upstream, idle, silence)));
        asked.change.grant(continuation);
    }
}

async fn run(
    mut rest: Rest,
    client: Box<dyn Duplex>,
    upstream: UpstreamStream,
    idle: Duration,
    silence: Alarm,
) {
    let _open = Open::begin();
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
struct Open;

impl Open {
    fn begin() -> Self {
        worker::with_current(|worker| worker.stats.tunnels.add(1));
        Open
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        worker::with_current(|worker| worker.stats.tunnels_over.add(1));
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
