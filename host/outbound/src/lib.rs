//! HTTP to endpoints: pools of connections, requests sent over them, probes, and where names lead.
//!
//! Everything here belongs to one worker but probes and names: nothing is locked.

mod body;
#[cfg(fuzzing)]
pub mod fuzzing;
mod http1;
mod names;
mod pool;
mod probe;
mod upstream;
mod websocket;

pub use body::UpstreamBody;
pub use names::{Found, NameError, NameQuestion, PLACES_LIMIT, Place, Resolver, ResolverSettings};
pub use pool::{Http2PoolSettings, KeepAlive, Pool, PoolSettings, Protocol, SWEEP_INTERVAL};
pub use probe::{HttpQuestion, Probe, ProbeFailure, Question};
pub use upstream::{Answer, Connections, Outgoing, SendFailure, UpstreamStream};
pub use websocket::WebSocketKey;
