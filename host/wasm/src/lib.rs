//! Plugins: files with WebAssembly become filters, routers, balancers, weighers and services.
//!
//! A [`Plugin`] is a component or module loaded with its settings and limits; it lives as long as a generation. To the rest of the
//! host it is a [`model::Filter`], a [`model::Router`], a [`model::Balancer`], a [`model::Weigher`] or a [`model::Service`], and nobody
//! can tell it from a native one.
//!
//! This is the face of the crates that know WebAssembly: what guests run in is `sandbox`, and each contract has a crate of its own on
//! top of that, which knows nothing of the others. Here they come together: what a file holds is found out ([`Anatomy`]), and loaded.

mod core;
mod examine;
mod inspect;
mod linking;
mod load;
mod modules;
mod plugin;
mod recipe;
mod role;
mod schema;
mod snapshot;

pub use accounts::{
    CalloutResult, Hook, HookTotals, MetricDeclaration, MetricKind, OwnMetric, OwnMetrics, PluginTotals,
    Refusal, Series, SeriesValue,
};
pub use aot::{AotCache, Compilations};
pub use contract::spoken;
pub use examine::Inspected;
pub use inspect::{Anatomy, Kind, WorldCheck};
pub use plugin::Plugin;
pub use sandbox::{
    Bodies, Description, Engine, GUESTS, Grant, Grants, Isolation, Keep, Known, Limits, LoadError,
    MEMORY_LIMIT_MAX, Needs, NoImage, OnFailure, Origin, PluginSpec, ProxyWasmSpec, SettingsFault, Start,
};

#[cfg(test)]
mod tests;
