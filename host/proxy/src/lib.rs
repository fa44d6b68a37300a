//! The proxy: what becomes of a request, and what is built from a configuration to serve it.
//!
//! Begin reading in `exchange.rs`: one function there is the whole way of a request. A [`Generation`] is everything
//! built from one reading of the configuration; each worker derives a `Local` from it. [`Server`]
//! runs the workers and puts one generation in the place of another.

mod access_log;
mod assemble;
mod buffering;
mod crew;
mod destination;
mod exchange;
mod generation;
mod health;
mod names;
mod open;
mod parts;
mod path;
mod record;
mod reload;
mod resilience;
mod rewrite;
mod route_table;
mod server;
mod stats;
mod sticky;
mod watch;
mod worker;

pub use assemble::assemble;
pub use destination::{Destination, Split};
pub use generation::{Generation, Listener, Route, ServerCertificate, Timeouts, Upstream};
pub use names::{Book, Entry, NameSettings, Names, Wanted};
pub use parts::Parts;
pub use path::{matched_path, normal_path};
pub use reload::Reloader;
pub use resilience::{Fallback, Outliers, Queue, Resilience, RetryPolicy};
pub use route_table::{Explanation, Match, Question, RouteTable};
pub use server::{Monitor, Server, StartError};
pub use stats::{Presence, WorkerStats};
pub use watch::Watch;
