//! Runs a component as production would, for whoever writes it: in the same sandbox, with the same limits, and with no
//! proxy around it.

pub mod cost;
mod exchange;
mod spec;

pub use exchange::Asked;
pub use spec::Subject;
