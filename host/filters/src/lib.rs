//! The native filters: what is done to requests and responses without a guest.
//!
//! They implement the same traits as components do, and nobody can tell them apart once a generation is assembled.

mod headers;
mod rules;

pub use headers::HeaderFilter;
pub use rules::{RuleError, Rules};
