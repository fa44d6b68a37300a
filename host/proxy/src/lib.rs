//! The proxy: what becomes of a request, and what is built from a configuration to serve it.
//!
//! Begin reading in `exchange.rs`: one function there is the whole way of a request. A [`Generation`] is everything
//! built from one reading of the configuration; each worker derives a `Local` from it. [`Server`]
//! runs the workers and puts one generation in the place of another.

mod assemble;
mod buffering;
mod crew;
mod destination;
mod exchange;
mod generation;
mod open;
mod record;
mod reload;
mod resilience;
mod server;
mod sticky;
mod worker;

pub use assemble::assemble;
pub use destination::{Destination, Split};
pub use generation::{Generation, Listener, Route, ServerCertificate, Timeouts, Upstream};
pub use reload::Reloader;
pub use resilience::{Fallback, Queue, Resilience, RetryPolicy};
pub use server::{Monitor, Server, StartError};
