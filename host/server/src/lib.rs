//! The server: who serves, with which generation, and until when.
//!
//! [`Server`] runs the workers, opens their sockets, and puts one generation in the place of another; [`Reloader`] reads the
//! configuration and has generations assembled. What becomes of a request is `proxy`'s; where its record is written is decided
//! here, as it is a worker's.

mod callout;
mod crew;
mod open;
mod record;
mod reload;
mod server;
mod worker;

pub use callout::Callouts;
pub use reload::Reloader;
pub use server::{Monitor, Server, StartError};
