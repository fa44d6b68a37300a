//! What an exchange has on both sides: bodies of requests, interim responses, and which fields stay behind.
//!
//! It knows no protocol: a client's body comes from whatever is its [`Source`], and interim responses go to whoever writes them
//! ([`InterimWriter`]). Nothing here is locked, and nothing is `Send` but what files of bodies need (see [`collect`]).

mod body;
mod buffer;
mod hop;
mod interim;
mod progress;
mod replay;

pub use body::{Again, BodyError, ClientBody, Expectation, OutgoingBody, Piece, Source};
pub use buffer::{
    BufferRoom, BufferRule, BufferStats, Buffered, BufferedBody, Front, Gathered, ReadAhead, check_folder,
    collect, gather,
};
pub use hop::{is_hop_by_hop, strip_connection_fields, strip_response_fields};
pub use interim::{Interim, InterimSink, InterimWriter, MOST as MOST_INTERIM};
pub use progress::{Late, Patience, Progress, in_time};
pub use replay::{Replay, ReplayBody};
