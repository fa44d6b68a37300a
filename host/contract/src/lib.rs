//! sandgate:proxy, the contract in `wit/`: components as filters, routers, pickers and weighers.
//!
//! [`HookTable`] is what a component exports of it; what it may import is in `imports/`. To the rest of the host a plugin is a
//! [`model::Filter`], a [`model::Router`], a [`model::Balancer`] or a [`model::Weigher`], and nobody can tell it from a native one.

mod bindings;
mod describe;
mod filter;
mod hooks;
mod imports;
mod picker;
mod reply;
mod router;
mod version;
mod weigher;

pub use describe::{First, describe};
pub use filter::PluginFilter;
pub use hooks::{FilterHooks, HookTable, PickerHooks, RouterHooks, WeigherHooks};
pub use imports::FREE;
pub use picker::PluginPicker;
pub use router::PluginRouter;
pub use version::{HOOKS, PACKAGE, add_to_linker, is_hook, known, newest, spoken, version_in};
pub use weigher::PluginWeigher;
