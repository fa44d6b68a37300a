//! Connections: listeners, HTTP in, HTTP out, and the pools of connections to endpoints.
//!
//! The only crate that knows hyper, h2 and rustls. Everything here belongs to one worker: nothing is locked, nothing is `Send` but what
//! files of bodies need (see [`collect`]), and no timer of the runtime is set for a request (see [`Timers`]).

mod accept;
mod body;
mod buffer;
mod connect;
mod date;
mod drain;
#[cfg(fuzzing)]
pub mod fuzzing;
mod guard;
mod hop;
mod http1;
mod http2;
mod interim;
mod later;
mod listener;
mod names;
mod patience;
mod pool;
mod probe;
mod progress;
mod proxy_protocol;
mod replay;
mod serve;
mod stream;
mod timers;
mod tls;
mod tunnel;
mod upstream;
mod websocket;
mod wire;
mod write;

pub use accept::{AcceptStats, Closer, Listening, Manner, MannerSlot, accept_loop};
pub use body::{BodyError, ClientBody, OutgoingBody, UpstreamBody};
pub use buffer::{
    BufferRoom, BufferRule, BufferStats, Buffered, BufferedBody, Front, Gathered, ReadAhead, check_folder,
    collect, gather,
};
pub use drain::Drain;
pub use guard::Limits as HeadLimits;
pub use hop::{is_hop_by_hop, strip_connection_fields, strip_response_fields};
pub use http2::{Http2Settings, Http2Stats};
pub use interim::{Interim, InterimSink, InterimWriter};
pub use later::run_later;
pub use listener::{ListeningSocket, UnixPlace, bind};
pub use names::{Found, NameError, NameQuestion, PLACES_LIMIT, Place, Resolver, ResolverSettings};
pub use pool::{Http2PoolSettings, KeepAlive, Pool, PoolSettings, Protocol, SWEEP_INTERVAL};
pub use probe::{HttpQuestion, Probe, ProbeFailure, Question};
pub use progress::{Late, Progress, in_time};
pub use proxy_protocol::{Announcement, Announcers, HeaderCounts, HeaderResult, ProxyVersion};
pub use replay::{Replay, ReplayBody};
pub use serve::{Arrival, Handler, Outbound, Peer, ServerSettings, ServerTimeouts};
pub use timers::{Alarm, Expired, Timers};
pub use tls::{
    Authorities, Certificate, CertificateChain, ClientDemand, ClientTls, ClientTlsError, ClientTlsFiles,
    ClientTlsPart, Clients, HandshakeCounts, HandshakeResult, OldestVersion, RevocationLists, ServerTls,
    TlsError, Verification,
};
pub use tunnel::{Continuation, Duplex, ProtocolChange, Tunnel, TunnelEnd};
pub use upstream::{Answer, Connections, Outgoing, Patience, SendFailure, UpstreamStream};
pub use websocket::WebSocketKey;
