//! HTTP from clients: connections are accepted, and each request on them is handed to a [`Handler`].
//!
//! On the way of requests it alone knows hyper's server. Everything here belongs to one worker: nothing is locked, and nothing is `Send`.

mod accept;
mod date;
mod http2;
mod serve;
mod wire;

pub use accept::{AcceptStats, Closer, Listening, Manner, MannerSlot, accept_loop};
pub use guard::Limits as HeadLimits;
pub use http2::{Http2Settings, Http2Stats};
pub use serve::{Arrival, Handler, Peer, ResponseBody, ServerSettings, ServerTimeouts};
