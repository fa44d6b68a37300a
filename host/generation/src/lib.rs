//! A generation: everything that is built from one reading of the configuration, and how it is built.
//!
//! What an exchange needs is made ready here, once, so that exchanges look nothing up and decide nothing that the
//! configuration has decided. A generation is immutable; what changes is behind atomics that one generation hands to the next.

mod assemble;
mod buffering;
mod destination;
mod generation;
mod resilience;
mod sticky;

pub use assemble::assemble;
pub use buffering::Buffering;
pub use destination::{Answering, Destination, Split};
pub use generation::{Balance, Generation, Listener, Owner, Route, ServerCertificate, Timeouts, Upstream};
pub use resilience::{Fallback, Queue, Resilience, RetryPolicy, is_answered};
pub use sticky::Sticky;
