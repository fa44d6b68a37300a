//! proxy-wasm: modules that were written for Envoy and its kin, run as filters.
//!
//! The contract is ABI 0.2.1, 0.2.0 or 0.1.0 of github.com/proxy-wasm/spec: core modules with callbacks and host functions
//! of numbers and pointers. A VM is an instance of such a module: it has a root context, and a context for each exchange.
//! A `Place` holds a VM and gives callers their turn; the VM's `state.rs` is part of its store, where the host
//! functions in `imports/` find it.
//!
//! Nothing of `sandgate:proxy` is reachable from here, and nothing of this from a component.

mod abi;
mod booking;
mod exports;
mod filter;
mod grpc;
mod guest_memory;
mod halls;
mod imports;
mod job;
mod joined;
mod outcome;
mod pairs;
mod park;
mod place;
mod prepared;
mod properties;
mod queues;
mod state;
mod stream;
mod talk;
mod timer;
mod trial;
mod vm;
mod watch;

pub use abi::Abi;
pub use filter::filter;
pub use joined::{Created, joined};
pub use prepared::{Began, Prepared};
pub use trial::{First, Tried, first, try_out};
