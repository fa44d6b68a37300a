//! The sandbox: everything that knows WebAssembly, and the only crate that knows wasmtime.
//!
//! An [`Engine`] lives as long as the process. A [`Plugin`] is a component loaded with its settings and limits; it
//! lives as long as a generation. A guest is an instance of it at work; it lives for one exchange, or, where the
//! configuration says `resident`, on one worker. To the rest of the host a plugin is a [`model::Filter`], a
//! [`model::Router`] or a [`model::Balancer`], and nobody can tell it from a native one.

mod aot;
mod bindings;
mod context;
mod engine;
mod failure;
mod filter;
mod guest;
mod hooks;
mod imports;
mod inspect;
mod lane;
mod pace;
mod picker;
mod plugin;
mod reply;
mod resident;
mod router;
mod stats;
mod ticker;

pub use aot::AotCache;
pub use engine::{Engine, MEMORY_LIMIT_MAX};
pub use inspect::{Anatomy, LoadError, WorldCheck};
pub use plugin::{Description, Isolation, Limits, OnFailure, Plugin, PluginSpec};
pub use stats::{PluginStats, PluginTotals};
