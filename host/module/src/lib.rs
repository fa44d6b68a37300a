//! What core modules share, whichever contract they were built for: their memory, WASI preview 1, how they are linked, and what they
//! are told of themselves.
//!
//! Contracts of core modules are the crates `proxy_wasm` and `http_wasm`, which know nothing of each other.

mod guest_memory;
mod linking;
mod patience;
mod said;
pub mod wasi;

pub use guest_memory::{Module, Outside, Span, part, span};
pub use linking::{Linked, configuration, link, memory};
pub use patience::{Patience, START_WALL};
pub use said::{beginning, say};
