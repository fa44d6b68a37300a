//! What core modules share, whichever contract they were built for: their memory, WASI preview 1, how they are linked, and what they
//! are told of themselves.
//!
//! Contracts of core modules are [`crate::proxy_wasm`] and [`crate::http_wasm`], which know nothing of each other.

mod contract;
mod guest_memory;
pub(crate) mod image;
mod linking;
mod patience;
mod said;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod wasi;

pub(crate) use contract::Contract;
pub(crate) use guest_memory::{Module, Outside, Span, part, span};
pub(crate) use image::Lasts;
pub(crate) use linking::{Linked, configuration, link, memory, mismatch};
pub(crate) use patience::{Patience, START_WALL};
pub(crate) use said::{beginning, say};
