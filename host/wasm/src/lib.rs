//! The sandbox: everything that knows WebAssembly, and the only crate that knows wasmtime.
//!
//! An [`Engine`] lives as long as the process. A [`Plugin`] is a component loaded with its settings and limits; it
//! lives as long as a generation. A guest is an instance of it at work; it lives for one exchange, or, where the
//! configuration says `resident`, on one worker. To the rest of the host a plugin is a [`model::Filter`], a
//! [`model::Router`], a [`model::Balancer`] or a [`model::Weigher`], and nobody can tell it from a native one.

mod aot;
mod before;
mod bindings;
mod circuit;
mod compile;
mod context;
mod contract;
mod dialect;
mod engine;
mod failure;
mod filter;
mod grants;
mod guest;
mod hooks;
mod http_wasm;
mod imports;
mod inspect;
mod lane;
mod load;
mod machine_code;
mod maps;
mod module;
mod own_metrics;
mod pace;
mod picker;
mod plugin;
mod proxy_wasm;
mod reading;
mod reply;
mod resident;
mod router;
mod schema;
mod service;
mod slice;
mod snapshot;
mod spec;
mod stats;
mod ticker;
mod weigher;

pub use aot::AotCache;
pub use compile::Compilations;
pub use contract::{Known, spoken};
pub use engine::{Engine, GUESTS, MEMORY_LIMIT_MAX};
pub use grants::{Grant, Grants, Needs, Origin};
pub use inspect::{Anatomy, Kind, LoadError, WorldCheck};
pub use load::Inspected;
pub use own_metrics::{MetricDeclaration, MetricKind, OwnMetric, OwnMetrics, Series, SeriesValue};
pub use plugin::{Plugin, Start};
pub use schema::SettingsFault;
pub use snapshot::NoImage;
pub use spec::{Bodies, Description, Isolation, Keep, Limits, OnFailure, PluginSpec, ProxyWasmSpec};
pub use stats::{CalloutResult, Hook, HookTotals, PluginTotals, Refusal};
