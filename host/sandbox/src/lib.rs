//! The sandbox: what any guest runs in, whichever contract it was built for. It knows WebAssembly, and no contract.
//!
//! An [`Engine`] lives as long as the process. What the guests of a plugin have in common is [`Shared`]; a guest is a store with a
//! [`Context`], which has the exchange at hand, the limits, and what was used of them. [`Guest`] is one made of a component;
//! contracts of core modules bring their own. What a contract has to remember with a guest is its [`GuestState`], and what it keeps
//! with the engine, such as its linker, is in [`Kept`].
//!
//! Contracts are crates of their own on top of this one.

mod before;
mod context;
mod dialect;
mod engine;
mod failure;
mod grants;
mod guest;
mod heads;
mod kept;
mod known;
mod load_error;
mod log;
mod maps;
mod meter;
mod output;
mod own;
mod reading;
mod resident;
mod shared;
mod spec;
mod start;
mod store;
mod values;
mod wasi;

pub use before::Before;
pub use context::{Context, Phase, Turns, Usage};
pub use dialect::{CONCURRENT_HANDLER, Dialect};
pub use engine::{Engine, GUESTS, MEMORY_LIMIT_MAX, Machinery, places};
pub use failure::{Failure, cut};
pub use grants::{Grant, Grants, Needs, Origin};
pub use guest::Guest;
pub use heads::{BODY_LIMIT, change_status, check_status, parse_authority, parse_method, parse_path};
pub use kept::Kept;
pub use known::Known;
pub use load_error::{LoadError, SettingsFault, trial};
pub use log::Level;
pub use meter::{Meter, Metering, metered_by_poll};
pub use own::{GuestState, Own};
pub use reading::{Reading, Seen};
pub use resident::{Call, Called, Place, Residents, Seat, call_in, call_straight_in};
pub use shared::{Blueprint, Shared, Waits};
pub use spec::{Bodies, Description, Isolation, Keep, Limits, OnFailure, PluginSpec, ProxyWasmSpec};
pub use start::{NoImage, Start};
pub use store::{HANDLES, metered, store};
pub use values::KvError;
pub use wasi::Wasi;
