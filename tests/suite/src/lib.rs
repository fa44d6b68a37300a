//! The harness of the end-to-end tests: the real `sandgate` binary between raw sockets that a test scripts.
//!
//! A test reads like the conversation it tests: an [`Origin`] that answers, a [`Sandgate`] in front of it, a
//! [`RawClient`] that speaks, and claims about what each of them saw. Everything listens on port 0 of the loopback
//! interface, so that tests run side by side, and nothing sleeps: whatever takes time is waited for as a condition
//! with a deadline.
//!
//! It is no HTTP library: it parses just enough to tell one message from the next, and keeps the bytes as they came.

mod background;
pub mod cases;
mod client;
mod command;
pub mod contract;
mod dns;
pub mod frames;
mod front;
mod guests;
mod http2;
mod http2_origin;
mod http2_stream;
mod lines;
mod message;
mod metrics;
mod origin;
pub mod origin_frames;
mod pki;
mod readme;
mod sandgate;
mod table;
mod tls;
mod wait;
mod wire;
pub mod yaml;

pub use client::{RawClient, get, make_busy};
pub use command::{BUILD_PATIENCE, Finished, binary, sandgate_command, sandgate_in};
pub use dns::{DnsServer, Failing};
pub use front::{Front, Hello, TlsSide};
pub use guests::guest;
pub use http2::{Http2Answer, Http2Client};
pub use http2_origin::{Http2Exchange, Http2Origin};
pub use http2_stream::Http2Stream;
pub use lines::{Lines, LogLine};
pub use message::{Ending, Head, Request, Response};
pub use metrics::Metrics;
pub use origin::{Connection, Origin};
pub use pki::{Authority, Identity, Pki};
pub use readme::{Block, Readme, play};
pub use sandgate::{Sandgate, Setup, Signal};
pub use table::{Case, answer_case, case, raw_case, run_cases};
pub use tls::{TlsClient, TlsOptions, TlsSetup};
pub use wait::{Gate, PATIENCE, wait_for, wait_until_steady};
pub use wire::Wire;
