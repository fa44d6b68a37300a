//! What connections are made of: sockets, listeners, TLS, the PROXY protocol, tunnels, and the timers of a worker.
//!
//! The only crate that knows rustls. It knows nothing of HTTP but the names that TLS agrees on. All of it belongs to one worker: nothing
//! is locked, and no timer of the runtime is set for a request (see [`Timers`]).

mod connect;
mod drain;
#[cfg(fuzzing)]
pub mod fuzzing;
mod later;
mod listener;
mod patience;
mod proxy_protocol;
mod stream;
mod timers;
mod tls;
mod tunnel;
mod write;

pub use connect::{Offer, Target, connect};
pub use drain::{Drain, Member, OpenDoor, Stage};
pub use later::run_later;
pub use listener::{Acceptor, Ends, ListeningSocket, UnixPlace, bind};
pub use patience::Patience;
pub use proxy_protocol::{Announcement, Announcers, HeaderCounts, HeaderResult, ProxyVersion, Told, receive};
pub use stream::{ClientStream, EndpointStream, Socket, Spoken, Stream};
pub use timers::{Alarm, Expired, TICK, Timers};
pub use tls::{
    Authorities, Carrier, Certificate, CertificateChain, ClientDemand, ClientTls, ClientTlsError,
    ClientTlsFiles, ClientTlsPart, Clients, HandshakeCounts, HandshakeResult, OldestVersion, RevocationLists,
    Secured, ServerTls, TlsError, Verification, is_of_tls, secure,
};
pub use tunnel::{Continuation, Duplex, Prefixed, ProtocolChange, Tunnel, TunnelEnd};
